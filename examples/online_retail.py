"""A retailer's year: every document of an online shop, brought into books that balance.

    python examples/online_retail.py [PATH] [--store URL]

Without PATH it takes three weeks that come with this example (data/online_retail, see the
attribution there); the whole year is `online_retail.csv.xz`, the Online Retail data set of the UCI
Machine Learning Repository. Books are kept in SQLite, in a file named after PATH, unless `--store`
says where. Needs `pip install ledgerkit[sql]`.

Each document becomes an invoice, a credit note (`C...`) or a write-off (`A...`); whatever has no
price is listed and not invoiced. Numbers are ours, without gaps; the retailer's own is kept as the
reference. Stop it at any time and run it again: what is in the books already is not stored twice.
At the end the books are compared with the source, to the last digit.
"""

from __future__ import annotations

import argparse
import csv
import lzma
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import attrs

from ledgerkit.adapters.sql import open_store
from ledgerkit.domain import credit_notes, invoices, write_offs
from ledgerkit.domain.changes import Changes, changes_of, request
from ledgerkit.domain.credit_notes import Credited, CreditLine
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Issued
from ledgerkit.domain.ledger import Posted, trial_balance
from ledgerkit.domain.money import Money, Rate, sum_of
from ledgerkit.domain.parties import CUSTOMER, Party
from ledgerkit.domain.write_offs import WrittenOff
from ledgerkit.ports.store import Store

WEEKS = Path(__file__).parent / "data" / "online_retail" / "weeks.csv.xz"
CURRENCY = "GBP"
ZONE = "Europe/London"  # the source has local times without a zone
CASH = "cash"  # the customer of whoever left no name, one in each country
BATCH = 500  # documents to a transaction

INVOICES, CREDIT_NOTES, WRITE_OFFS = "invoices", "credit notes", "write-offs"
ZERO_VALUE, LEFT_OUT = "zero value", "left out"
KINDS = {  # the kinds of journals that these documents post
    "invoice.charged": INVOICES,
    "credit_note.issued": CREDIT_NOTES,
    "debt.written_off": WRITE_OFFS,
}


# ---- the source ------------------------------------------------------------------------------
@attrs.frozen(kw_only=True, slots=False)
class Row:
    """One row of the source: *quantity* of an article at *price* a piece, in exact pence."""

    document: str
    article: str
    description: str
    quantity: int
    price: Rate
    time: str
    customer: str
    country: str

    @cached_property
    def value(self) -> Fraction:
        """Quantity x price in pence, exact."""
        return self.price.exact(self.quantity)

    @cached_property
    def amount(self) -> Money:
        """The value in whole pence, rounded once, half up."""
        return self.price.times(self.quantity)


@attrs.frozen(slots=False)
class Document:
    """All rows of one number, of one customer, in the order of the source."""

    number: str
    rows: tuple[Row, ...]

    @property
    def at(self) -> datetime:
        """When it was written, an instant."""
        return datetime.fromisoformat(self.rows[0].time).replace(tzinfo=ZoneInfo(ZONE))

    @property
    def on(self) -> date:
        """The local day on which it was written."""
        return date.fromisoformat(self.rows[0].time[:10])

    @property
    def country(self) -> str:
        """The customer's country, as the source calls it."""
        return self.rows[0].country

    @property
    def account(self) -> str:
        """The id of the customer; a few buy from two countries and have an account in each."""
        return f"{self.rows[0].customer or CASH}@{self.country.lower().replace(' ', '-')}"

    @cached_property
    def total(self) -> Money:
        """What the customer owes for it, or is owed (minus): the sum of the rounded rows."""
        return sum_of((row.amount for row in self.rows), CURRENCY)

    @property
    def sort(self) -> str:
        """What it becomes here. Apart from bad debts its sign decides, not its name."""
        if all(row.value == 0 for row in self.rows):
            return ZERO_VALUE
        if self.number.startswith("A"):
            return WRITE_OFFS if self.total.minor else LEFT_OUT
        if self.total.minor >= 0:
            return INVOICES
        # A credit note gives back and charges nothing; one that does both is for people to split.
        return LEFT_OUT if any(row.amount.minor > 0 for row in self.rows) else CREDIT_NOTES


@lru_cache(maxsize=4096)
def price_of(pounds: str) -> Rate:
    """Return the price that is written *pounds*."""
    return Rate(Fraction(pounds) * 100, CURRENCY)


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of the CSV file at *path*, unpacked on the way if it ends in `.xz`."""
    with _opened(path) as file:
        for row in csv.DictReader(file):
            yield Row(
                document=row["InvoiceNo"],
                article=row["StockCode"],
                description=row["Description"].strip(),
                quantity=int(row["Quantity"]),
                price=price_of(row["UnitPrice"]),
                time=row["InvoiceDate"],
                customer=row["CustomerID"].removesuffix(".0"),
                country=row["Country"],
            )


def _opened(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def documents(rows: Iterable[Row]) -> Iterator[Document]:
    """Yield the documents of *rows*, which are in the order of time, a day in memory at once.

    Rows of one document need not follow each other: two tills may have written at once.
    """
    for _, day in groupby(rows, key=lambda row: row.time[:10]):
        found: dict[str, list[Row]] = {}
        for row in day:
            found.setdefault(row.document, []).append(row)
        yield from (Document(number, tuple(rows)) for number, rows in found.items())


# ---- decisions -------------------------------------------------------------------------------
def issued(document: Document) -> Issued:
    """Return *document* as an invoice, due at once: the source names no terms."""
    lines = tuple(
        invoices.line(
            f"{document.number}/{n}",
            item=row.description or row.article,
            detail=row.article,
            on=document.on,
            price=row.price,
            quantity=row.quantity,
        )
        for n, row in enumerate(document.rows, 1)
    )
    draft = Invoice(
        id=derive("inv", "online_retail", document.number, on=document.on),
        customer=document.account,
        currency=CURRENCY,
        lines=lines,
        reference=document.number,
    )
    return invoices.issue(draft, on=document.on, due_on=document.on, at=document.at)


def credited(document: Document) -> Credited:
    """Return *document* as a credit note; the source does not say of which invoice."""
    lines = tuple(
        CreditLine(
            id=derive("crl", document.number, str(n), on=document.on),
            line=None,
            source=f"{document.number}/{n}",
            item=row.description or row.article,
            detail=row.article,
            on=document.on,
            amount=-row.amount,
        )
        for n, row in enumerate(document.rows, 1)
        if row.amount.minor
    )
    return credit_notes.imported(
        document.number,
        customer=document.account,
        currency=CURRENCY,
        lines=lines,
        reason="returned or cancelled",
        on=document.on,
        at=document.at,
    )


def written_off(document: Document) -> WrittenOff:
    """Return *document* as a debt given up: minus in the source, plus for the customer."""
    return write_offs.write_off(
        document.account,
        -document.total,
        reference=document.number,
        reason=document.rows[0].description or "bad debt",
        on=document.on,
        at=document.at,
    )


DECIDE = {INVOICES: issued, CREDIT_NOTES: credited, WRITE_OFFS: written_off}


def to_book(document: Document, *, at: datetime) -> Changes:
    """Return what to store for *document*, once; the same number with other rows is refused."""
    return changes_of(
        DECIDE[document.sort](document),
        key=f"online_retail/document/{document.number}",
        request=request(
            "online_retail.bring_in",
            document=document.number,
            rows=len(document.rows),
            value=pounds(sum((row.value for row in document.rows), Fraction(0)), 3),
        ),
        actor="online_retail",
        reason="brought in from the retailer's records",
        at=at,
    )


def to_know(document: Document, *, at: datetime) -> Changes:
    """Return the customer of *document* as a party to store, once."""
    name = document.rows[0].customer
    party = Party(
        id=document.account,
        role=CUSTOMER,
        name=f"Customer {name}" if name else f"Customers without a name, {document.country}",
        currency=CURRENCY,
        address=(document.country,),
        locale="en_GB",
        zone=ZONE,
    )
    return Changes(
        key=f"online_retail/customer/{party.id}",
        request=request("online_retail.know", customer=party.id),
        actor="online_retail",
        reason="first document of this customer",
        at=at,
        records=(party,),
    )


# ---- bringing in -----------------------------------------------------------------------------
@attrs.frozen
class RoundedLine:
    """A row whose exact *value* in pence became a whole number by adding *rounding*."""

    document: str
    place: int
    row: Row

    @property
    def rounding(self) -> Fraction:
        """What rounding added, in pence."""
        return self.row.amount.minor - self.row.value


@attrs.define
class Tally:
    """What was found in the source, and how much of it the books did not have yet.

    Attributes:
        rows: How many rows.
        value: The sum of quantity x price over all of them, in pence, exact.
        sorts: How many documents became what.
        new: How many documents were stored now.
        roundings: The rows whose value is no whole number of pence.
        apart: By sort, the documents that are not in the books.
        misnamed: Credit notes that are not named `C...`, and what is named so and is none.
    """

    rows: int = 0
    value: Fraction = Fraction(0)
    sorts: Counter[str] = attrs.field(factory=Counter)
    new: int = 0
    roundings: list[RoundedLine] = attrs.field(factory=list)
    apart: defaultdict[str, list[Document]] = attrs.field(factory=lambda: defaultdict(list))
    misnamed: list[str] = attrs.field(factory=list)

    def add(self, document: Document) -> None:
        """Count *document*."""
        sort = document.sort
        self.sorts[sort] += 1
        self.rows += len(document.rows)
        self.value += sum((row.value for row in document.rows), Fraction(0))
        if sort not in DECIDE:
            self.apart[sort].append(document)
            return
        if document.number.startswith("C") != (sort == CREDIT_NOTES):
            self.misnamed.append(document.number)
        for n, row in enumerate(document.rows, 1):
            if row.value.denominator != 1:
                self.roundings.append(RoundedLine(document.number, n, row))


def bring_in(rows: Iterable[Row], store: Store, *, at: datetime) -> Tally:
    """Commit every document of *rows* to *store*, recorded *at*, in batches of `BATCH`.

    Raises:
        BatchRefused: a number that is in the books already, with other rows.
    """
    tally = Tally()
    known: set[str] = set()
    found = documents(rows)
    while batch := tuple(islice(found, BATCH)):
        many: list[Changes] = []
        for document in batch:
            tally.add(document)
            if document.sort not in DECIDE:
                continue
            if document.account not in known:
                known.add(document.account)
                many.append(to_know(document, at=at))
            many.append(to_book(document, at=at))
        done = store.commit_all(many)
        tally.new += sum(
            not each.replayed and each.key.startswith("online_retail/document/") for each in done
        )
        show_progress(tally)
    return tally


def show_progress(tally: Tally) -> None:
    """Say on a terminal how far the import is."""
    if sys.stderr.isatty():
        print(f"\r{tally.sorts.total():,} documents", end="\r", file=sys.stderr, flush=True)


# ---- reports: what the books say -------------------------------------------------------------
def pounds(pence: Fraction | int, places: int = 2) -> str:
    """Return *pence* as pounds with a comma at the thousands and *places* decimals."""
    exact = Fraction(pence) / 100
    return f"{Decimal(exact.numerator) / exact.denominator:,.{places}f}"


def table(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield *rows* as lines of columns: a width below zero aligns left, above it right."""
    for row in rows:
        cells = (
            cell.rjust(width) if width > 0 else cell.ljust(-width)
            for cell, width in zip(row, widths, strict=True)
        )
        yield "  " + "  ".join(cells).rstrip()


def report_documents(tally: Tally, store: Store) -> Iterator[str]:
    """Yield how many documents became what, and between which numbers."""
    yield "Documents"
    rows = [
        (sort, f"{tally.sorts[sort]:,}", numbered(store, series))
        for sort, series in ((INVOICES, "INV"), (CREDIT_NOTES, "CN"))
    ]
    rows += [
        (WRITE_OFFS, f"{tally.sorts[WRITE_OFFS]:,}", "no numbers of their own"),
        (ZERO_VALUE, f"{tally.sorts[ZERO_VALUE]:,}", "not invoiced, see below"),
    ]
    if tally.sorts[LEFT_OUT]:
        rows.append((LEFT_OUT, f"{tally.sorts[LEFT_OUT]:,}", "not in the books, see below"))
    rows.append(("all", f"{tally.sorts.total():,}", f"of {tally.rows:,} rows"))
    yield from table(rows, (-12, 8, -50))
    names = ", ".join(tally.misnamed) or "none"
    yield f"  Documents whose sign is not that of their name: {names}"


def numbered(store: Store, series: str) -> str:
    """Return the first and last number of *series*, and whether one is missing between."""
    drawn = store.numbers(series)
    if not drawn:
        return "no numbers"
    missing = drawn[-1].n - drawn[0].n + 1 - len(drawn)
    return f"{drawn[0].text} to {drawn[-1].text}, {missing or 'none'} missing"


def report_apart(tally: Tally, sort: str, most: int | None) -> Iterator[str]:
    """Yield the documents of *sort*, *most* of them or all, with what they moved."""
    found = tally.apart[sort]
    yield f"Documents of {sort} ({len(found):,})" if sort == ZERO_VALUE else f"Left out ({len(found):,})"
    rows = (
        (
            document.number,
            document.on.isoformat(),
            pounds(sum((row.value for row in document.rows), Fraction(0)), 3),
            f"{document.rows[0].quantity:,}",
            f"{document.rows[0].article} {document.rows[0].description}",
        )
        for document in found[:most]
    )
    yield from table(rows, (-8, -10, 10, 8, -50))
    if most is not None and len(found) > most:
        yield f"  ... and {len(found) - most:,} more; --all lists them"


def report_countries(store: Store) -> Iterator[str]:
    """Yield what customers owe, by country, those without a name apart."""
    held = store.balances("customer")
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for party in parties(store):
        owed = -held[party.wallet, CURRENCY].posted if (party.wallet, CURRENCY) in held else 0
        cash = party.id.startswith(f"{CASH}@")
        for country in (party.address[0], "all"):
            sums[country]["cash" if cash else "named"] += owed
            sums[country]["customers"] += not cash
            sums[country]["total"] += owed
    yield "Receivables by country, in pounds"
    order = sorted(sums, key=lambda country: (country == "all", -sums[country]["total"], country))
    rows = [("", "customers", "they owe", "without a name", "together")]
    rows += [
        (c, f"{s['customers']:,}", pounds(s["named"]), pounds(s["cash"]), pounds(s["total"]))
        for c, s in ((c, sums[c]) for c in order)
    ]
    yield from table(rows, (-20, 9, 14, 14, 14))


def parties(store: Store) -> Iterator[Party]:
    """Yield every customer in the books."""
    after: Any = None
    while True:
        page = store.find(Party, status=CUSTOMER, after=after)
        yield from (found.record for found in page.items)
        if page.next is None:
            return
        after = page.next


def report_trial_balance(store: Store) -> Iterator[str]:
    """Yield what all wallets hold on two sides, which are equal or money was made or lost."""
    balances = store.balances()
    sides: dict[str, list[int]] = {}
    for (wallet, _), balance in balances.items():
        side = sides.setdefault(wallet.partition(":")[0], [0, 0, 0])
        side[balance.posted > 0] += abs(balance.posted)
        side[2] += 1
    yield "Trial balance, in pounds"
    rows = [("", "wallets", "debit", "credit")]
    rows += [(w, f"{n:,}", pounds(d), pounds(c)) for w, (d, c, n) in sorted(sides.items())]
    for total in trial_balance(balances):
        rows.append(("all", f"{len(balances):,}", pounds(total.debits), pounds(total.credits)))
        rows.append(("difference", "", "", pounds(total.difference)))
    yield from table(rows, (-20, 9, 16, 16))


def journals(store: Store) -> Iterator[Posted]:
    """Yield every journal in the books, in recording order."""
    after: Any = 0
    while after is not None:
        page = store.journals(after=after)
        yield from page.items
        after = page.next


@attrs.frozen
class Reconciliation:
    """The source against the books, everything in pence.

    Attributes:
        source: The sum of quantity x price over the rows.
        posted: By kind of document, what customers owe more (or less) by it in the journals.
        receivables: What the customers' wallets hold, turned to what they owe.
        left_out: The value of documents that are not in the books.
        roundings: What rounding added to each row that is no whole number of pence.
    """

    source: Fraction
    posted: dict[str, int]
    receivables: int
    left_out: Fraction
    roundings: tuple[RoundedLine, ...]

    @property
    def rebuilt(self) -> Fraction:
        """The source's total as the books give it: roundings taken out, what is left out added."""
        rounded = sum((each.rounding for each in self.roundings), Fraction(0))
        return sum(self.posted.values()) - rounded + self.left_out

    @property
    def reconciled(self) -> bool:
        """Whether the books give the source's total, to the last digit."""
        return self.source == self.rebuilt and self.receivables == sum(self.posted.values())


def reconcile(tally: Tally, store: Store) -> Reconciliation:
    """Return the source, as counted in *tally*, against the journals and wallets of *store*."""
    posted = dict.fromkeys(KINDS.values(), 0)
    for each in journals(store):
        legs = [e for e in each.journal.entries if e.wallet.startswith("customer:")]
        posted[KINDS[each.journal.kind]] -= sum(leg.amount.minor for leg in legs)
    return Reconciliation(
        tally.value,
        posted,
        -sum(balance.posted for balance in store.balances("customer").values()),
        sum((row.value for each in tally.apart[LEFT_OUT] for row in each.rows), Fraction(0)),
        tuple(tally.roundings),
    )


def report_reconciliation(found: Reconciliation) -> Iterator[str]:
    """Yield the path from the source's total to the books and back, in pounds."""
    roundings = sorted(found.roundings, key=lambda each: -abs(each.rounding))
    rows = [("Source: quantity x price of all rows", pounds(found.source, 3)), ("", "")]
    rows += [(f"Books: {sort}", pounds(minor, 3)) for sort, minor in found.posted.items()]
    rows.append(("Books: what customers owe", pounds(found.receivables, 3)))
    rows += [
        (
            f"less rounding of {each.document} line {each.place}, {each.row.quantity:,} x "
            f"{pounds(each.row.price.per, 3)}",
            pounds(-each.rounding, 3),
        )
        for each in roundings
    ]
    if found.left_out:
        rows.append(("plus documents left out", pounds(found.left_out, 3)))
    rows.append(("The source's total, from the books", pounds(found.rebuilt, 3)))
    rows.append(("Difference", pounds(found.source - found.rebuilt, 3)))
    yield "Reconciliation, in pounds"
    yield from table(rows, (-52, 16))
    largest = pounds(abs(roundings[0].rounding), 3) if roundings else "0.000"
    yield f"  Line roundings: {len(roundings)}, the largest {largest}"
    if found.reconciled:
        yield f"  Reconciled: {pounds(found.rebuilt, 3)} to the last digit."
    else:
        yield "  NOT reconciled: the books hold documents that this source has not, or lack some."


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the source in, print what the books say; return 0 if they reconcile with it."""
    parser = argparse.ArgumentParser(description="Bring a retailer's documents into the books.")
    parser.add_argument("path", nargs="?", type=Path, default=WEEKS, help="CSV file, may be .xz")
    parser.add_argument("--store", help="URL of the books (default: sqlite:///<PATH's name>.db)")
    parser.add_argument("--all", action="store_true", help="list every zero-value document")
    given = parser.parse_args(arguments)
    url = given.store or f"sqlite:///{given.path.name.partition('.')[0]}.db"
    store = open_store(url)
    tally = bring_in(read(given.path), store, at=datetime.now(UTC))
    most = None if given.all else 5
    reconciliation = reconcile(tally, store)
    booked = sum(tally.sorts[sort] for sort in DECIDE)
    print(f"{given.path.name}, brought into {url}: {tally.new:,} documents are new there,")
    print(f"{booked - tally.new:,} were there already.")
    for part in (
        report_documents(tally, store),
        report_apart(tally, ZERO_VALUE, most),
        report_apart(tally, LEFT_OUT, None) if tally.apart[LEFT_OUT] else (),
        report_countries(store),
        report_trial_balance(store),
        report_reconciliation(reconciliation),
    ):
        print("", *part, sep="\n")
    return 0 if reconciliation.reconciled else 1


if __name__ == "__main__":
    sys.exit(main())
