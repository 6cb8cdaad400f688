"""Giving back in a run: what contracts charge below zero, set off on an invoice or credited.

It stands on the invoice of its day as long as that comes to something; else it is a credit note
over the lines that charged it, since an invoice owes nobody money. (spec: billing 0.6, 3, 6)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

from ledgerkit.domain import credit_notes
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.charges import Charge, PostedCharge
from ledgerkit.domain.credit_notes import Given, credited, given_elsewhere
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import ISSUED, PAID, PARTIALLY_PAID, Invoice, Line
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.money import Money, Rounding, round_exact, sum_of
from ledgerkit.domain.periods import local_date

# Of the credit notes; documents translate them.
REASON = "contract changed"
WORK_REASON = "work corrected"

_OWED = (ISSUED, PARTIALLY_PAID, PAID)


def set_off(
    desk: Desk, charges: Sequence[Charge], others: Iterable[Line] = (), *, below: bool = False
) -> list[Charge]:
    """Return those of *charges* that stand on one invoice with *others*; credit what cannot.

    If they come to less than zero, or with their taxes would, *below* it, whatever gives back is
    credited.
    """
    amounts = [line.amount for line in others] + [charge.rated.amount for charge in charges]
    below = below or (bool(amounts) and sum_of(amounts, amounts[0].currency).minor < 0)
    kept: list[Charge] = []
    asked: dict[str, dict[str, Money]] = {}
    posted: dict[str, Given] = {}
    for charge in charges:
        gives = charge.rated.amount.minor < 0
        origins = _origins(desk, charge) if gives else []
        if origins and (below or _differs(desk, charge, origins)):
            parts = tuple(_parts(desk, charge, origins, asked))
            for invoice, line, part in parts:
                of = asked.setdefault(invoice.id, {})
                of[line.id] = of.get(line.id, Money.zero(part.currency)) + part
                if isinstance(charge, PostedCharge):
                    posted[line.id] = Given(charge.journal, -charge.rated.amount)
            if isinstance(charge, PostedCharge) and not parts:
                _absorb_correction(desk, charge)
        else:
            kept.append(charge)
    ordered = {i.id: asked[i.id] for i in desk.invoices if i.id in asked} if asked else {}
    _balance(desk, ordered)
    invoices = {invoice.id: invoice for invoice in desk.invoices} if ordered else {}
    for id, of in ordered.items():
        _credit(desk, invoices[id], of, posted)
    return kept


def _differs(desk: Desk, charge: Charge, origins: Iterable[tuple[Invoice, Line]]) -> bool:
    """Return whether *charge* may give back more than is left of what was billed.

    Usage and work are rated before discounts; notes gave something back, or nobody owes the invoice
    any more.
    """
    return any(
        (_before_discounts(charge) and line.discount is not None)
        or invoice.status not in _OWED
        or line.id in credited(desk.notes_of(invoice))
        for invoice, line in origins
    )


def _before_discounts(charge: Charge) -> bool:
    return charge.gives_back is None or isinstance(charge, PostedCharge)


def _origins(desk: Desk, charge: Charge) -> list[tuple[Invoice, Line]]:
    """Return the lines that charged what *charge* gives back of, with their invoices.

    What names no part is a difference to all that was charged for the same thing so far.
    """
    return [
        (invoice, line)
        for invoice in desk.invoices
        for line in invoice.lines
        if line.source == charge.source
        and line.amount.minor > 0
        and (
            line.part == charge.gives_back
            if charge.gives_back is not None
            else (line.item, line.detail) == (charge.item, charge.detail)
        )
    ]


def _balance(desk: Desk, asked: dict[str, dict[str, Money]]) -> None:
    """Move what an invoice cannot give back to those that its own lines gave back of.

    A line that took something off it came from another invoice: it is taken back, and that other
    one is credited instead, so that no note exceeds its invoice. Each invoice stands in *asked*
    before those that it was moved to, since only then is so much left of them.
    """
    invoices = {invoice.id: invoice for invoice in desk.invoices} if asked else {}
    waiting = list(asked)
    while waiting:
        invoice = invoices[waiting.pop()]
        of = asked[invoice.id]
        while over := credit_notes.excess(invoice, of, earlier=desk.notes_of(invoice)).minor:
            moved = _moved(desk, invoice, of, over)
            if moved is None:
                break  # drafting says so, and the customer is skipped
            to, line, part = moved
            there = asked.pop(to.id, {})
            there[line.id] = there.get(line.id, Money.zero(part.currency)) + part
            asked[to.id] = there
            waiting.append(to.id)


def _moved(
    desk: Desk, invoice: Invoice, of: dict[str, Money], over: int
) -> tuple[Invoice, Line, Money] | None:
    """Take back so much of a line of *invoice* that gave back of another, and return that one."""
    given = credited(desk.notes_of(invoice))
    for line in invoice.lines:
        now = of.get(line.id, Money.zero(invoice.currency))
        left = -line.net.minor + given.get(line.id, 0) + now.minor
        if line.gives_back is None or left <= 0:
            continue
        for other in desk.invoices:
            origin = _origin(other, line)
            if origin is not None and other.id != invoice.id and other.status in _OWED:
                exact = Fraction(over * line.net.minor, line.gross.minor)
                part = Money(min(left, round_exact(exact, Rounding.UP)), invoice.currency)
                of[line.id] = now - part
                return other, origin, part
    return None


def _origin(invoice: Invoice, back: Line) -> Line | None:
    """Return the line of *invoice* that *back* gives back of, or None."""
    named = (
        line
        for line in invoice.lines
        if (line.source, line.part) == (back.source, back.gives_back) and line.net.minor > 0
    )
    return next(named, None)


def _parts(
    desk: Desk,
    charge: Charge,
    origins: Iterable[tuple[Invoice, Line]],
    asked: Mapping[str, Mapping[str, Money]],
) -> Iterator[tuple[Invoice, Line, Money]]:
    """Yield what each of *origins* is credited before tax for *charge*, of what is left of it.

    What was discounted or holds its tax is given back by the same share of its net.
    """
    left = -charge.rated.amount.minor
    for invoice, line in (each for each in origins if each[0].status in _OWED):
        given = credited(desk.notes_of(invoice)).get(line.id, 0)
        given += given_elsewhere(invoice, desk.invoices, desk.notes).get(line.id, 0)
        now = asked.get(invoice.id, {}).get(line.id)
        room = line.net.minor - given - (0 if now is None else now.minor)
        base = line.amount.minor if _before_discounts(charge) else line.discounted.minor
        share = Fraction(line.net.minor, base) if base else Fraction(0)
        part = min(room, round_exact(left * share, Rounding.HALF_UP))
        if part > 0:
            yield invoice, line, Money(part, invoice.currency)
            left -= round_exact(
                Fraction(part * share.denominator, share.numerator), Rounding.HALF_UP
            )


def _credit(
    desk: Desk, invoice: Invoice, asked: Mapping[str, Money], posted: Mapping[str, Given]
) -> None:
    earlier, others = desk.notes, desk.invoices
    done = {read.record.id for read in desk.customer.completions}
    of_work = done.issuperset(line.source for line in invoice.lines if line.id in asked)
    note = credit_notes.draft(
        invoice,
        asked,
        earlier=earlier,
        others=others,
        given=posted,
        reason=WORK_REASON if of_work else REASON,
    )
    desk.documents.append(
        credit_notes.issue(
            note,
            on=local_date(desk.as_of, desk.facts.business.zone),
            at=desk.as_of,
            invoice=invoice,
            earlier=earlier,
            others=others,
            series=desk.policy.credit_notes,
        )
    )


# ---- what the customer has already ---------------------------------------------------------------
def absorbed_as(kind: str, source: str, part: str) -> Event:
    """Return the fact that the customer had already what *part* of *source* gives back."""
    return Event(kind, source, f"credited:{part}")


def absorbing(kind: str, source: str, part: str, *, on: date) -> str:
    """Return the id of the journal that books it."""
    return derive("jrn", "credit_absorbed", kind, source, part, on=on)


def absorb(desk: Desk, amount: Money, *, id: str, event: Event) -> None:
    """Take *amount* from the customer, who has it twice, for the platform, which bore it first."""
    payer = desk.customer.party.wallet
    desk.post(
        Journal(
            id=id,
            kind="credit_note.issued.reversed",
            entries=(Entry(payer, -amount), Entry("platform", amount)),
            effective_at=desk.as_of,
            event=event,
        )
    )


def _absorb_correction(desk: Desk, charge: PostedCharge) -> None:
    """Absorb what *charge* gave back of a line of which nothing is left.

    It was free by a coupon, or credited by hand, or written off.
    """
    name = charge.kind, charge.source, charge.part
    absorb(
        desk,
        -charge.rated.amount,
        id=absorbing(*name, on=charge.on),
        event=absorbed_as(*name),
    )
