"""What `focus_billing.py` prints: roundings, invoices, credits, reconciliation, trial balance.

Amounts are dollars. Documents and balances are read from the books.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import attrs

from examples.focus_source import SORTS, USAGE, Record, by_account, total
from examples.retail_reports import pounds as dollars
from examples.retail_reports import table
from ledgerkit.domain import invoices
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.parties import CUSTOMER
from ledgerkit.ports.store import Store

PLACES = 11  # the decimals of the source
EXACT = 18  # and those of what it rounded
FEW = 5  # roundings that are shown, unless all are asked for


@attrs.frozen
class Line:
    """A line of an invoice, of one sort of records.

    Attributes:
        sort: What the records are billed as.
        line: The line.
        rounded: What the source's own rounding of each record added to it, in exact cents.
    """

    sort: str
    line: invoices.Line
    rounded: Fraction


Lines = Sequence[tuple[str, Line]]  # (account, line)


def record_lines(records: Sequence[Record]) -> Iterator[str]:
    """Yield how many records are billed as what."""
    rows = [("", "records", "dollars")]
    for sort in SORTS:
        group = [record for record in records if record.sort == sort]
        rows.append((sort, f"{len(group):,}", dollars(total(group) * 100, PLACES)))
    rows.append(("all", f"{len(records):,}", dollars(total(records) * 100, PLACES)))
    yield "Records"
    yield from table(rows, (-12, 8, 18))


def rounding_lines(records: Sequence[Record], lines: Lines) -> Iterator[str]:
    """Yield what rounding each record would have done, and what rounding each line does."""
    cost = total(records) * 100
    rows = [("", "rounded", "comes to", "is off by")]
    for name, n, cents in (
        ("each record by itself", len(records), sum(record.cents for record in records)),
        ("each line, as billed", len(lines), sum(each.line.amount.minor for _, each in lines)),
    ):
        rows.append((name, f"{n:,}", dollars(cents), dollars(cents - cost, PLACES)))
    yield "Rounding"
    yield from table(rows, (-24, 8, 10, 18))
    lost = [record for record in records if record.cost and not record.cents]
    yield (
        f"  {len(lost)} of {len(records):,} records are below half a cent and would be billed as "
        f"0.00; together they cost {dollars(total(lost) * 100, PLACES)}."
    )


def document_lines(store: Store) -> Iterator[str]:
    """Yield the invoices and credit notes, as they are in the books."""
    rows = [("number", "account", "lines", "dollars")]
    for invoice in (found.record for found in store.find(Invoice).items):
        cents = invoice.total.minor
        rows.append(
            (f"{invoice.number}", invoice.customer, f"{len(invoice.lines)}", dollars(cents))
        )
    for note in (found.record for found in store.find(CreditNote).items):
        cents = -note.total.minor
        rows.append((f"{note.number}", note.customer, f"{len(note.lines)}", dollars(cents)))
    yield "Documents"
    yield from table([rows[0], *sorted(rows[1:])], (-16, -16, 6, 10))


def named_lines(lines: Lines) -> Iterator[str]:
    """Yield every credit and adjustment by its name, and what commitments covered."""
    rows = [("account", "exact", "billed", "what for")]
    rows += [
        (account, dollars(each.line.exact, PLACES), dollars(each.line.amount.minor), each.line.item)
        for account, each in lines
        if each.sort != USAGE
    ]
    yield f"Credits, adjustments and what a commitment covered: {len(rows) - 1}"
    yield from table(rows, (-14, 15, 7, -90))


# ---- reconciliation --------------------------------------------------------------------------
@attrs.frozen(kw_only=True)
class Reconciliation:
    """The source against the books, in exact cents.

    Attributes:
        source: What the records cost.
        owed: What the wallets of the accounts say they owe.
        ours: By account, what rounding its lines added.
        theirs: By account, what the source's rounding of each record added.
    """

    source: Fraction
    owed: int
    ours: dict[str, Fraction]
    theirs: dict[str, Fraction]

    @property
    def rebuilt(self) -> Fraction:
        """The source's total by the books: our roundings taken back, its own added."""
        nothing = Fraction(0)
        return self.owed - sum(self.ours.values(), nothing) + sum(self.theirs.values(), nothing)

    @property
    def holds(self) -> bool:
        """Whether both come to the same, to the last digit."""
        return self.source == self.rebuilt


def reconcile(records: Sequence[Record], lines: Lines, store: Store) -> Reconciliation:
    """Return *records* against the wallets of *store*, with every rounding of *lines*."""
    ours, theirs = (defaultdict[str, Fraction](Fraction) for _ in range(2))
    for account, each in lines:
        ours[account] += each.line.rounding
        theirs[account] += each.rounded
    return Reconciliation(
        source=total(records) * 100,
        owed=-sum(balance.posted for balance in store.balances(CUSTOMER).values()),
        ours=dict(ours),
        theirs=dict(theirs),
    )


def reconciliation_lines(found: Reconciliation, lines: Lines, *, every: bool) -> Iterator[str]:
    """Yield the way from the books to the source's total, each rounding by its name."""
    rows = [("what accounts owe, by their wallets", dollars(found.owed, EXACT))]
    rows += [
        (f"rounding of the lines of {account}, taken back", dollars(-cents, EXACT))
        for account, cents in found.ours.items()
    ]
    rows += [
        (f"rounding of the records of {account} by the source", dollars(cents, EXACT))
        for account, cents in found.theirs.items()
    ]
    rows += [
        ("total of the source, by the books", dollars(found.rebuilt, EXACT)),
        ("total of the source, by its records", dollars(found.source, EXACT)),
        ("difference", dollars(found.source - found.rebuilt, EXACT)),
    ]
    yield "Reconciliation, in dollars"
    yield from table(rows, (-60, 24))
    yield from _each_rounding(lines, every=every)
    if found.holds:
        yield f"  Reconciled: {dollars(found.rebuilt, PLACES)}, to the last digit."
    else:
        yield "  NOT RECONCILED: the books lack records of this source, or hold others as well."


def _each_rounding(lines: Lines, *, every: bool) -> Iterator[str]:
    rounded = sorted(
        ((account, each.line) for account, each in lines if each.line.rounding),
        key=lambda found: (-abs(found[1].rounding), found[1].id),
    )
    shown = rounded if every else rounded[:FEW]
    yield f"  Lines that are rounded: {len(rounded)}, the most:"
    yield from table(
        [
            (
                account,
                dollars(line.exact, EXACT),
                dollars(line.amount.minor),
                dollars(line.rounding, EXACT),
                line.detail,
            )
            for account, line in shown
        ],
        (-14, 22, 7, 22, -60),
    )
    if len(shown) < len(rounded):
        yield f"  ... and {len(rounded) - len(shown)} more; --all lists them"


def trial_balance_lines(store: Store) -> Iterator[str]:
    """Yield what all wallets hold on two sides, which are equal or money was made or lost."""
    rows = [(wallet, dollars(balance.posted)) for (wallet, _), balance in store.balances().items()]
    for sides in trial_balance(store.balances()):
        rows.append(("debits", dollars(sides.debits)))
        rows.append(("credits", dollars(sides.credits)))
        rows.append(("difference", dollars(sides.difference)))
    yield "Trial balance, in dollars"
    yield from table(rows, (-32, 10))


def category_lines(records: Iterable[Record]) -> Iterator[str]:
    """Yield what each account used, by the category of the service."""
    rows = [("account", "category", "records", "dollars")]
    for account, group in by_account(records).items():
        for service in sorted({record.service for record in group}):
            used = [record for record in group if record.service == service]
            rows.append((account, service, f"{len(used)}", dollars(total(used) * 100, PLACES)))
    yield "Cost by category"
    yield from table(rows, (-14, -28, 8, 18))


def show(records: Sequence[Record], lines: Lines, store: Store, *, every: bool) -> int:
    """Print all reports; return 0 if source and books come to the same, else 1."""
    found = reconcile(records, lines, store)
    for report in (
        record_lines(records),
        rounding_lines(records, lines),
        category_lines(records),
        named_lines(lines),
        document_lines(store),
        trial_balance_lines(store),
        reconciliation_lines(found, lines, every=every),
    ):
        print("", *report, sep="\n")
    return 0 if found.holds else 1
