"""A retailer's year: every document of an online shop, brought into books that balance.

    python examples/online_retail.py [PATH] [--store URL] [--all]

Without PATH it takes three weeks that come with it (data/online_retail, see the attribution there);
the whole year is `online_retail.csv.xz`, the data set Online Retail of the UCI Machine Learning
Repository. The books are kept in SQLite, in a file with the name of PATH in the current folder,
unless `--store` says where. Needs `pip install ledgerkit[sql]`.

Each document becomes an invoice, a credit note (`C...`) or a write-off (`A...`); one without any
price is listed and not invoiced. The numbers are ours and have no gaps; the retailer's own is the
reference. Stop it at any time and run it again: nothing is stored twice. It ends by comparing the
books with the source, to the last digit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

if not __package__:  # run by its path, not with -m: the folder above is not searched yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.books import open_books
from examples.retail_reports import (
    apart_lines,
    country_lines,
    document_lines,
    pounds,
    reconcile,
    reconciliation_lines,
    trial_balance_lines,
)
from examples.retail_source import (
    BOOKED,
    CREDIT_NOTE,
    CURRENCY,
    INVOICE,
    WRITE_OFF,
    ZONE,
    Document,
    Row,
    Tally,
    documents,
    read,
)
from ledgerkit.domain import credit_notes, invoices, write_offs
from ledgerkit.domain.changes import Changes, Decision, changes_of, request
from ledgerkit.domain.credit_notes import Credited, CreditLine
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Issued
from ledgerkit.domain.parties import CUSTOMER, Party
from ledgerkit.domain.write_offs import WrittenOff
from ledgerkit.ports.store import Store

WEEKS = Path(__file__).parent / "data" / "online_retail" / "weeks.csv.xz"
ACTOR = "online_retail"
BATCH = 500  # documents to a transaction
FEW = 5  # zero-value documents that are shown, unless all are asked for


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
        id=derive("inv", ACTOR, document.number, on=document.on),
        customer=document.customer,
        currency=CURRENCY,
        lines=lines,
        reference=document.number,
    )
    return invoices.issue(draft, on=document.on, due_on=document.on, at=document.at)


def credited(document: Document) -> Credited:
    """Return *document* as a credit note; the source does not say of which invoice."""
    lines = tuple(
        CreditLine(
            id=derive("crl", ACTOR, document.number, str(n), on=document.on),
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
        customer=document.customer,
        currency=CURRENCY,
        lines=lines,
        reason="returned or cancelled",
        on=document.on,
        at=document.at,
    )


def written_off(document: Document) -> WrittenOff:
    """Return *document* as a debt given up, or brought back where the source has a plus."""
    return write_offs.write_off(
        document.customer,
        -document.total,
        reference=document.number,
        reason=document.rows[0].description or "bad debt",
        on=document.on,
        at=document.at,
    )


DECIDE: Mapping[str, Callable[[Document], Decision]] = {
    INVOICE: issued,
    CREDIT_NOTE: credited,
    WRITE_OFF: written_off,
}


def bring_in(document: Document, *, at: datetime) -> Changes:
    """Return what to store for *document*, once; its number with other rows will be refused."""
    return changes_of(
        DECIDE[document.sort](document),
        key=f"online_retail/document/{document.number}",
        request=request(
            "online_retail.bring_in",
            document=document.number,
            rows=len(document.rows),
            value=pounds(document.value, 3),
        ),
        actor=ACTOR,
        reason="brought in from the retailer's records",
        at=at,
    )


def get_to_know(document: Document, *, at: datetime) -> Changes:
    """Return what to store of the customer of *document*, once."""
    name = document.rows[0].customer
    party = Party(
        id=document.customer,
        role=CUSTOMER,
        name=f"Customer {name}" if name else f"Cash customers, {document.country}",
        currency=CURRENCY,
        address=(document.country,),
        locale="en_GB",
        zone=ZONE,
    )
    return Changes(
        key=f"online_retail/customer/{party.id}",
        request=request("online_retail.get_to_know", customer=party.id),
        actor=ACTOR,
        reason="first document of this customer",
        at=at,
        records=(party,),
    )


# ---- the import ------------------------------------------------------------------------------
def bring_in_all(rows: Iterable[Row], store: Store, *, at: datetime) -> Tally:
    """Commit every document of *rows* to *store*, recorded *at*, many to a transaction.

    Documents that *store* has already are counted and not stored again.

    Raises:
        BatchRefused: a document has other rows than the one of this number in *store*.
    """
    tally = Tally()
    known: set[str] = set()
    found = documents(rows)
    while batch := tuple(islice(found, BATCH)):
        people: list[Changes] = []
        papers: list[Changes] = []
        for document in batch:
            tally.add(document)
            if document.sort not in BOOKED:
                continue
            if document.customer not in known:
                known.add(document.customer)
                people.append(get_to_know(document, at=at))
            papers.append(bring_in(document, at=at))
        done = store.commit_all((*people, *papers))
        tally.new += sum(not each.replayed for each in done[len(people) :])
        _show(tally)
    return tally


def _show(tally: Tally) -> None:
    if sys.stderr.isatty():
        print(f"{tally.sorts.total():,} documents", end="\r", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the source in and print what the books say; return 0 if both come to the same."""
    parser = argparse.ArgumentParser(description="Bring a retailer's documents into books.")
    parser.add_argument("path", nargs="?", type=Path, default=WEEKS, help="CSV file, also as .xz")
    parser.add_argument("--store", help="where to keep the books (default: sqlite:///<name>.db)")
    parser.add_argument("--all", action="store_true", help="list every zero-value document")
    given = parser.parse_args(arguments)
    if not given.path.is_file():
        parser.error(f"there is no file {given.path}")
    url = given.store or f"sqlite:///{given.path.name.partition('.')[0]}.db"
    try:
        with open_books(url) as store:
            tally = bring_in_all(read(given.path), store, at=datetime.now(UTC))
            known = tally.booked - tally.new
            print(f"{given.path.name} is in {url}: {tally.new:,} documents new, {known:,} known")
            return show(tally, store, most=None if given.all else FEW)
    except LedgerkitError as error:
        print(error, file=sys.stderr)
        return 1


def show(tally: Tally, store: Store, *, most: int | None) -> int:
    """Print all reports on *tally* and *store*; return 0 if they come to the same, else 1."""
    found = reconcile(tally, store)
    reports = [document_lines(tally, store)]
    reports.append(apart_lines("Zero-value documents", tally.zero_value, most))
    if tally.left_out:
        reports.append(apart_lines("Documents left out", tally.left_out))
    reports += [country_lines(store), trial_balance_lines(store), reconciliation_lines(found)]
    for report in reports:
        print("", *report, sep="\n")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
