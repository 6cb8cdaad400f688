"""What `online_retail.py` prints: receivables, trial balance and reconciliation, as plain text.

Everything is read from the books, except what the source holds; amounts are pounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

import attrs

from examples.retail_source import (
    CASH,
    CREDIT_NOTE,
    CURRENCY,
    INVOICE,
    LEFT_OUT,
    WRITE_OFF,
    ZERO_VALUE,
    Document,
    RoundedRow,
    Tally,
)
from ledgerkit.domain.ledger import Balance, Posted, trial_balance
from ledgerkit.domain.parties import CUSTOMER, Party
from ledgerkit.ports.store import Store

KINDS = {  # the journals that the documents post
    "invoice.charged": INVOICE,
    "credit_note.issued": CREDIT_NOTE,
    "debt.written_off": WRITE_OFF,
}
ALL = "all"


def pounds(pence: Fraction | int, places: int = 2) -> str:
    """Return *pence* as pounds, with commas at the thousands and *places* decimals.

    >>> pounds(Fraction(123456789, 10), 3)
    '123,456.789'
    """
    exact = Fraction(pence) / 100
    return f"{Decimal(exact.numerator) / exact.denominator:,.{places}f}"


def table(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield *rows* as lines; a width below zero aligns its column left, one above it right.

    >>> list(table([("a", "1.50"), ("total", "11.50")], (-6, 8)))
    ['  a           1.50', '  total      11.50']
    """
    for row in rows:
        cells = (
            cell.rjust(width) if width > 0 else cell.ljust(-width)
            for cell, width in zip(row, widths, strict=True)
        )
        yield f"  {'  '.join(cells)}".rstrip()


# ---- documents -------------------------------------------------------------------------------
def document_lines(tally: Tally, store: Store) -> Iterator[str]:
    """Yield how many documents became what, under which numbers."""
    remarks = {
        INVOICE: _numbered(store, "INV"),
        CREDIT_NOTE: _numbered(store, "CN"),
        WRITE_OFF: ", ".join(tally.written_off),
        ZERO_VALUE: "not invoiced, see below",
        LEFT_OUT: "see below" if tally.left_out else "everything else is in the books",
    }
    misnamed = ", ".join(tally.misnamed) or "no C... charges, and nothing else gives back"
    rows = [(sort, f"{tally.sorts[sort]:,}", remark) for sort, remark in remarks.items()]
    rows.append((ALL, f"{tally.sorts.total():,}", f"of {tally.rows:,} rows"))
    rows.append(("misnamed", f"{len(tally.misnamed):,}", misnamed))
    yield "Documents"
    yield from table(rows, (-12, 8, -40))


def _numbered(store: Store, series: str) -> str:
    drawn = store.numbers(series)
    if not drawn:
        return ""
    missing = drawn[-1].n - drawn[0].n + 1 - len(drawn)
    return f"{drawn[0].text} to {drawn[-1].text}, {missing or 'none'} missing"


def apart_lines(title: str, found: Sequence[Document], most: int | None = None) -> Iterator[str]:
    """Yield the first *most* of the documents *found* (None: all), with what they moved."""
    rows = [("document", "day", "pounds", "pieces", "article")]
    rows += [
        (
            document.number,
            document.on.isoformat(),
            pounds(document.value, 3),
            f"{row.quantity:,}",
            f"{row.article} {row.description}",
        )
        for document in found[:most]
        for row in document.rows
    ]
    yield f"{title}: {len(found):,}"
    yield from table(rows, (-8, -10, 10, 8, -40))
    if most is not None and len(found) > most:
        yield f"  ... and {len(found) - most:,} more; --all lists them"


# ---- balances --------------------------------------------------------------------------------
def country_lines(store: Store) -> Iterator[str]:
    """Yield what customers owe in each country, the most first; without a name: cash customers."""
    held = store.balances(CUSTOMER)
    customers, named, cash = Counter[str](), Counter[str](), Counter[str]()
    for party in _customers(store):
        owed = -held.get((party.wallet, CURRENCY), Balance()).posted
        for country in (party.address[0], ALL):
            if party.id.startswith(f"{CASH}@"):
                cash[country] += owed
            else:
                customers[country] += 1
                named[country] += owed
    both = {country: named[country] + cash[country] for country in {*named, *cash}}
    rows = [("", "customers", "they owe", "without a name", "together")]
    rows += [
        (c, f"{customers[c]:,}", pounds(named[c]), pounds(cash[c]), pounds(both[c]))
        for c in sorted(both, key=lambda country: (country == ALL, -both[country], country))
    ]
    yield "Receivables by country, in pounds"
    yield from table(rows, (-20, 9, 14, 14, 14))


def _customers(store: Store) -> Iterator[Party]:
    after: str | None = None
    while True:
        page = store.find(Party, status=CUSTOMER, after=after)
        yield from (found.record for found in page.items)
        if not isinstance(page.next, str):
            return
        after = page.next


def trial_balance_lines(store: Store) -> Iterator[str]:
    """Yield what all wallets hold on two sides, which are equal or money was made or lost."""
    balances = store.balances()
    wallets, debit, credit = Counter[str](), Counter[str](), Counter[str]()
    for (wallet, _), balance in balances.items():
        group = wallet.partition(":")[0]
        wallets[group] += 1
        (debit if balance.posted < 0 else credit)[group] += abs(balance.posted)
    rows = [("", "wallets", "debit", "credit")]
    rows += [
        (group, f"{wallets[group]:,}", pounds(debit[group]), pounds(credit[group]))
        for group in sorted(wallets)
    ]
    for sides in trial_balance(balances):
        rows += [
            (ALL, f"{len(balances):,}", pounds(sides.debits), pounds(sides.credits)),
            ("difference", "", "", pounds(sides.difference)),
        ]
    yield "Trial balance, in pounds, of wallets that are not at zero"
    yield from table(rows, (-20, 9, 16, 16))


# ---- reconciliation --------------------------------------------------------------------------
@attrs.frozen(kw_only=True)
class Reconciliation:
    """The source against the books, in pence.

    Attributes:
        source: The sum of quantity x price over the rows.
        posted: By kind of document, what customers owe by its journals.
        receivables: What the wallets of the customers say they owe.
        rounded: The rows that are no whole number of pence.
        left_out: The value of the documents that are not in the books.
    """

    source: Fraction
    posted: dict[str, int]
    receivables: int
    rounded: tuple[RoundedRow, ...]
    left_out: Fraction

    @property
    def rebuilt(self) -> Fraction:
        """The source's total by the books: roundings taken back, what is left out added."""
        roundings = sum((each.row.rounding for each in self.rounded), Fraction(0))
        return self.receivables - roundings + self.left_out

    @property
    def holds(self) -> bool:
        """Whether journals and wallets agree and give the source's total, to the last digit."""
        return self.receivables == sum(self.posted.values()) and self.source == self.rebuilt


def reconcile(tally: Tally, store: Store) -> Reconciliation:
    """Return the source, as counted in *tally*, against the journals and wallets of *store*."""
    posted = dict.fromkeys(KINDS.values(), 0)
    for journal in (each.journal for each in _journals(store)):
        if journal.kind in KINDS:
            legs = (e.amount.minor for e in journal.entries if e.wallet.startswith("customer:"))
            posted[KINDS[journal.kind]] -= sum(legs)
    return Reconciliation(
        source=tally.value,
        posted=posted,
        receivables=-sum(balance.posted for balance in store.balances(CUSTOMER).values()),
        rounded=tuple(tally.rounded),
        left_out=sum((document.value for document in tally.left_out), Fraction(0)),
    )


def _journals(store: Store) -> Iterator[Posted]:
    after = 0
    while True:
        page = store.journals(after=after)
        yield from page.items
        if not isinstance(page.next, int):
            return
        after = page.next


def reconciliation_lines(found: Reconciliation) -> Iterator[str]:
    """Yield the way from the books to the source's total, each rounding by name."""
    roundings = sorted((each.row.rounding for each in found.rounded), key=abs)
    rows = [(f"{sort}s, by their journals", pounds(n, 3)) for sort, n in found.posted.items()]
    rows.append(("what customers owe, by their wallets", pounds(found.receivables, 3)))
    rows += [_rounding_taken_back(each) for each in found.rounded]
    if found.left_out:
        rows.append(("documents left out", pounds(found.left_out, 3)))
    rows += [
        ("total of the source, by the books", pounds(found.rebuilt, 3)),
        ("total of the source, quantity x price", pounds(found.source, 3)),
        ("difference", pounds(found.source - found.rebuilt, 3)),
    ]
    yield "Reconciliation, in pounds"
    yield from table(rows, (-68, 14))
    largest = f", the largest {pounds(abs(roundings[-1]), 3)}" if roundings else ""
    total = pounds(sum(roundings, Fraction(0)), 3)
    yield f"  Line roundings: {len(roundings)}, together {total}{largest}"
    if found.holds:
        yield f"  Reconciled: {pounds(found.rebuilt, 3)}, to the last digit."
    else:
        yield "  NOT RECONCILED: the books lack documents of this source, or hold others as well."


def _rounding_taken_back(rounded: RoundedRow) -> tuple[str, str]:
    row = rounded.row
    name = f"rounding of {row.document}, line {rounded.place}, taken back"
    booked = (
        f"{row.quantity:,} x {pounds(row.price.per, 3)} is booked as {pounds(row.amount.minor)}"
    )
    return f"{name}: {booked}", pounds(-row.rounding, 3)
