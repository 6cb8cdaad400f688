"""Given back: what contracts take back of what they charged, and on which documents it stands.

Credit goes by what was billed, not by prices: no more than is left of the lines that charged it,
after discounts and with the taxes that prices include. (spec: billing 0.6, 3)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

from ledgerkit.domain import credit_notes
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.credit_notes import EFFECTIVE, CreditNote
from ledgerkit.domain.invoices import ISSUED, PAID, PARTIALLY_PAID, Invoice, Line
from ledgerkit.domain.money import Money, complement, sum_of
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.rate_plans import NetOf, first_part

_OWED = (ISSUED, PARTIALLY_PAID, PAID)


def billed_lines(desk: Desk, source: str) -> Mapping[str, Money]:
    """Return what the lines of *source* came to after discounts, by their part."""
    return {line.part: line.discounted for _, line in _lines(desk) if line.source == source}


def left_of_usage(desk: Desk) -> NetOf:
    """Return what is left of all that was billed for usage, by snapshot and first part."""
    snapshots = {read.record.id for read in desk.customer.contracts.snapshots}
    return {
        (line.source, first_part(line.part)): _left(desk, line.source, first_part(line.part))
        for _, line in _lines(desk)
        if line.source in snapshots
    }


def capped(desk: Desk, charge: Charge) -> Charge | None:
    """Return *charge*, giving back no more than is left of what it gives back of; None: nothing.

    What was charged in this run has no line yet, and is as it was decided.
    """
    amount, part = charge.rated.amount, charge.gives_back
    if part is None or not any(_lines_of(desk, charge.source, part)):
        return charge
    others = (c for c in desk.charges if (c.source, c.gives_back) == (charge.source, part))
    left = _left(desk, charge.source, part)
    left += sum_of((other.rated.amount for other in others), amount.currency)
    if -amount <= left:
        return charge
    if left.minor <= 0:
        return None
    trace = (*charge.rated.trace, ("left to give back", str(left.minor)))
    return attrs.evolve(charge, rated=attrs.evolve(charge.rated, amount=-left, trace=trace))


def credit(desk: Desk, lines: Sequence[Line]) -> list[Line]:
    """Credit what gives back among *lines* to the invoices that charged it; return the others.

    Where several lines charged it, the last one goes back first.
    """
    parts = {c.line_id: c.gives_back for c in desk.charges if c.gives_back is not None}
    asked: dict[str, dict[str, Money]] = {}
    for line in lines:
        if line.id not in parts:
            continue
        back = -line.amount
        charged = [*_lines_of(desk, line.source, parts[line.id])]
        for invoice, one in reversed(charged):
            of = asked.setdefault(invoice.id, {})
            before = of.get(one.id, Money.zero(back.currency))
            taken = min(back, one.discounted - _given(desk, one) - before)
            if invoice.status in _OWED and taken.minor > 0:
                of[one.id] = before + taken
                back -= taken
    for invoice in _invoices(desk):
        if asked.get(invoice.id):
            _credit(desk, invoice, asked[invoice.id])
    return [line for line in lines if line.id not in parts]


def _credit(desk: Desk, invoice: Invoice, asked: Mapping[str, Money]) -> None:
    earlier = [note for note in _notes(desk) if note.invoice == invoice.id]
    before_tax = {
        line.id: _before_tax(desk, line, asked[line.id])
        for line in invoice.lines
        if line.id in asked
    }
    note = credit_notes.draft(invoice, before_tax, earlier=earlier, reason="contract changed")
    desk.documents.append(
        credit_notes.issue(
            note,
            on=local_date(desk.as_of, desk.facts.business.zone),
            at=desk.as_of,
            invoice=invoice,
            earlier=earlier,
            series=desk.policy.credit_notes,
        )
    )


def _before_tax(desk: Desk, line: Line, amount: Money) -> Money:
    """Return *amount* of *line* without the taxes in it; the last of it is all that is left."""
    left = line.discounted - _given(desk, line) - amount
    kept = complement(line.net, Fraction(left.minor, line.discounted.minor)).kept
    given = credit_notes.credited(_notes(desk)).get(line.id, 0)
    return line.net - kept - Money(given, amount.currency)


# ---- what there is -------------------------------------------------------------------------------
def _invoices(desk: Desk) -> tuple[Invoice, ...]:
    return (*desk.customer.invoices, *desk.issued)


def _notes(desk: Desk) -> tuple[CreditNote, ...]:
    return (*desk.customer.credit_notes, *desk.credited)


def _lines(desk: Desk) -> Iterator[tuple[Invoice, Line]]:
    return ((invoice, line) for invoice in _invoices(desk) for line in invoice.lines)


def _lines_of(desk: Desk, source: str, part: str) -> Iterator[tuple[Invoice, Line]]:
    """Yield the lines of *part* of *source*, and of what was added to it or given back since."""
    for invoice, line in _lines(desk):
        if line.source == source and (line.part == part or line.part.startswith(f"{part}/")):
            yield invoice, line


def _left(desk: Desk, source: str, part: str) -> Money:
    """Return what is left of what *part* of *source* charged; nothing of what nobody owes."""
    lines = [*_lines_of(desk, source, part)]
    owed = (
        line.discounted - _given(desk, line) for invoice, line in lines if invoice.status in _OWED
    )
    return sum_of(owed, lines[0][0].currency)


def _given(desk: Desk, line: Line) -> Money:
    """Return what notes gave back of *line*, with the taxes that prices include."""
    back = (
        amount
        for note in _notes(desk)
        if note.status in EFFECTIVE
        for one in note.lines
        if one.line == line.id
        for amount in (one.amount, *(tax.amount for tax in one.taxes if tax.inclusive))
    )
    return sum_of(back, line.amount.currency)
