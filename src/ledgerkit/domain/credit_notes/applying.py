"""Applying: where an approved note goes. First to what is open, the rest to the customer.

What was paid goes back as credit of the customer or as a refund, and no more than was paid; what
was not paid is simply not owed any more. (spec: billing 0.6, 7; users' row 18)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects, Series
from ledgerkit.domain.credit_notes.approving import (
    CREDIT_NOTES,
    Credited,
    approved,
    postings,
    submit,
)
from ledgerkit.domain.credit_notes.records import (
    APPLIED,
    APPROVED,
    CREDIT_NOTE,
    Applied,
    CreditLine,
    CreditNote,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import ISSUED, PAID, VOID, Invoice, open_amount, settled
from ledgerkit.domain.ledger import Journal, reverse
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, sum_of

DEBT, CREDIT, REFUND = "debt", "credit", "refund"


def credited_of(notes: Iterable[CreditNote], currency: str) -> Money:
    """Return what applied *notes* of an invoice took off its debt or had refunded.

    It is the `credited` of `invoices.open_amount`: a refund lowers what was paid, so that what it
    gave back does not fall due again. What became credit of the customer is not in it. (spec: 7)
    """
    parts = [
        part
        for note in notes
        if note.status == APPLIED and note.applied is not None
        for part in (note.applied.to_open, note.applied.to_refund)
    ]
    return sum_of(parts, currency)


def refundable(potential: Money, *, paid: Money, given: Money) -> Money:
    """Return what of *potential* may be given back of what was *paid* and not *given* back yet.

    >>> refundable(Money(300, "EUR"), paid=Money(200, "EUR"), given=Money(50, "EUR"))
    Money(minor=150, currency='EUR')
    """
    return max(min(potential, paid - given), Money.zero(potential.currency))


@attrs.frozen
class NotOpen(LedgerkitError):
    """A debt to be cancelled that is not open any more."""

    note: str
    open: Money
    asked: Money
    code: ClassVar[str] = "not_open"

    def __str__(self) -> str:
        return (
            f"credit note {self.note!r} would cancel {self.asked} of debt, and {self.open} is "
            "open; give the rest as credit or refund"
        )


@attrs.frozen
class NotPaid(LedgerkitError):
    """Money to be given back that was never paid."""

    note: str
    paid: Money
    asked: Money
    code: ClassVar[str] = "not_paid"

    def __str__(self) -> str:
        return (
            f"credit note {self.note!r} would give back {self.asked}, and {self.paid} was paid "
            "and not given back; take it off the debt"
        )


@attrs.frozen
class CreditApplied:
    """A note as applied, where it went, and its invoice with the status that follows."""

    note: CreditNote
    invoice: Invoice
    applied: Applied

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.note, self.invoice))


def apply(
    note: CreditNote,
    *,
    invoice: Invoice,
    paid: Money,
    notes: Iterable[CreditNote],
    rest: str = CREDIT,
    whole_to: str | None = None,
) -> CreditApplied:
    """Apply an approved *note* of *invoice*, of which *paid* is what payments brought so far.

    It takes off what is open first; the *rest* becomes `credit` of the customer or a `refund`, to
    be paid by the host. *whole_to* names the only place it may go to: `debt`, `credit` or
    `refund`. *notes* are all notes of the invoice. (spec: billing 7)

    Raises:
        IllegalTransition: it is not approved, or applied already.
        NotOpen: more than is open would go to the debt alone.
        NotPaid: more than was paid would go back.
        ValueError: *invoice* is another one, or a place is none of these.
    """
    status = CREDIT_NOTE.after(note.status, "apply")
    if note.invoice != invoice.id or {rest} - {CREDIT, REFUND} or _nowhere(whole_to):
        msg = (
            f"credit note {note.id!r} of invoice {note.invoice!r} goes to debt, credit or refund "
            f"there (got {invoice.id!r}, {whole_to or rest!r})"
        )
        raise ValueError(msg)
    others = [n for n in notes if n.invoice == invoice.id and n.id != note.id]
    applied = _applied(note, invoice, paid, others=others, rest=rest, whole_to=whole_to)
    done = attrs.evolve(note, status=status, applied=applied)
    by_then = credited_of([*others, done], note.currency)
    return CreditApplied(done, settled(invoice, paid=paid, credited=by_then), applied)


def _nowhere(place: str | None) -> bool:
    return place is not None and place not in (DEBT, CREDIT, REFUND)


def _applied(
    note: CreditNote,
    invoice: Invoice,
    paid: Money,
    *,
    others: Sequence[CreditNote],
    rest: str,
    whole_to: str | None,
) -> Applied:
    before = credited_of(others, note.currency)
    left = open_amount(invoice, paid=paid, credited=before)
    nothing = Money.zero(note.currency)
    to_open = nothing if whole_to in (CREDIT, REFUND) else min(note.total, left)
    back = note.total - to_open
    if whole_to == DEBT and back.minor:
        raise NotOpen(note.id, left, note.total)
    # What notes had refunded and nobody paid out yet is still in what was paid.
    waiting = max(paid + before - invoice.total, nothing)
    as_credit = sum_of((n.applied.to_credit for n in others if n.applied), note.currency)
    given = waiting + as_credit
    if refundable(back, paid=paid, given=given) < back:
        raise NotPaid(note.id, refundable(paid, paid=paid, given=given), back)
    refunds = (whole_to or rest) == REFUND
    return Applied(
        to_open=to_open,
        to_credit=nothing if refunds else back,
        to_refund=back if refunds else nothing,
    )


def issue(
    note: CreditNote,
    *,
    on: date,
    at: datetime,
    invoice: Invoice | None = None,
    earlier: Iterable[CreditNote] = (),
    others: Iterable[Invoice] = (),
    undoes: Mapping[str, Journal] | None = None,
    paid: Money | None = None,
    series: Series = CREDIT_NOTES,
) -> Credited:
    """Approve and apply a draft in one decision, without a second pair of eyes: what a job does.

    See `approve` and `apply`; *paid* is nothing unless given, so that the note takes off debt
    first. The status of the invoice follows; one that says that something was paid keeps it where
    nobody tells what, unless nothing is left to pay. A note without an invoice becomes credit of
    the customer.

    Raises:
        IllegalTransition: it is no draft.
        OverCredited, InvoiceOverCredited, UnknownLine: since it was drafted others took what was
            left.
        ValueError: *invoice* is another one, or a journal in *undoes* charged something else than
            the line.
    """
    earlier = tuple(earlier)
    done = approved(
        submit(note).note,
        on=on,
        at=at,
        invoice=invoice,
        earlier=earlier,
        others=others,
        undoes=undoes,
        series=series,
    )
    nothing = Money.zero(note.currency)
    if invoice is None:
        to_credit = Applied(to_open=nothing, to_credit=done.note.total, to_refund=nothing)
        return attrs.evolve(done, note=attrs.evolve(done.note, status=APPLIED, applied=to_credit))
    applied = apply(
        done.note, invoice=invoice, paid=nothing if paid is None else paid, notes=earlier
    )
    moved = applied.invoice
    untold = paid is None and invoice.status != ISSUED and moved.status != PAID
    if untold or moved == invoice:
        return attrs.evolve(done, note=applied.note)
    return attrs.evolve(done, note=applied.note, invoice=moved)


def imported(
    reference: str,
    *,
    customer: str,
    currency: str,
    lines: tuple[CreditLine, ...],
    reason: str,
    on: date,
    at: datetime,
    series: Series = CREDIT_NOTES,
) -> Credited:
    """Issue the note that is numbered *reference* elsewhere and does not say of which invoice.

    The platform bears it: customer +x, platform -x. It draws a number of ours and keeps the other
    one as its reference. (spec: billing 5a, 7)

    Raises:
        ValueError: no lines, one in another currency or not above zero, or one that names a line
            of an invoice.
    """
    if named := [line.id for line in lines if line.line is not None]:
        msg = f"note {reference!r} has no invoice, but {', '.join(named)} name a line of one"
        raise ValueError(msg)
    if below := [line.id for line in lines if line.amount.minor <= 0]:
        msg = f"note {reference!r} gives back, but {', '.join(below)} would not"
        raise ValueError(msg)
    note = CreditNote(
        id=derive("crn", "imported", customer, name_of("credit note reference", reference), on=on),
        customer=customer,
        currency=currency,
        invoice=None,
        lines=lines,
        reason=reason,
        reference=reference,
    )
    return issue(note, on=on, at=at, series=series)


@attrs.frozen
class CreditSpent(LedgerkitError):
    """A note that gave the customer money, or undid a charge, cannot be void."""

    note: str
    reason: str
    code: ClassVar[str] = "credit_spent"

    def __str__(self) -> str:
        return f"credit note {self.note!r} {self.reason}; charge the customer anew instead"


@attrs.frozen
class CreditVoided:
    """A note as void, the journals that take it back, and its invoice, if that moved with it."""

    note: CreditNote
    journals: tuple[Journal, ...] = ()
    invoice: Invoice | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        moved = () if self.invoice is None else (self.invoice,)
        return Effects(journals=self.journals, records=(self.note, *moved))


def void(
    note: CreditNote,
    *,
    on: date,
    at: datetime,
    invoice: Invoice | None = None,
    paid: Money | None = None,
    notes: Iterable[CreditNote] = (),
    others: Iterable[Invoice] = (),
) -> CreditVoided:
    """Take *note* back, on a day: before it is approved it simply ends, afterwards it is reversed.

    An applied note can be void if it took off open debt alone; then *invoice*, with what was
    *paid* and all its *notes*, is open again. *others* are the invoices of the customer: one that
    replaces the credited one stands in the way. It keeps its number. (spec: billing 7)

    Raises:
        CreditSpent: it became credit or a refund, undid a charge, documents a correction, or its
            invoice was replaced.
        IllegalTransition: it is rejected or void already.
        ValueError: *invoice* is another one, or it or *paid* is missing where the note was applied.
    """
    voided = attrs.evolve(note, status=CREDIT_NOTE.after(note.status, "void"))
    if note.status not in (APPROVED, APPLIED):
        return CreditVoided(voided)
    if note.applied is not None and note.applied.to_open != note.total:
        raise CreditSpent(note.id, "became credit or a refund of the customer")
    if any(line.undoes is not None for line in note.lines):
        raise CreditSpent(note.id, "undid the charge itself")
    if any(line.given is not None for line in note.lines):
        raise CreditSpent(note.id, "documents what a correction gave back")
    for other in others:
        if other.corrects == note.invoice and other.status != VOID:
            raise CreditSpent(note.id, f"made room for invoice {other.id!r}")
    journals = tuple(
        reverse(journal, id=derive("jrn", "void", journal.id, on=on), at=at)
        for journal in postings(note, at=at)
    )
    if note.status == APPROVED:
        return CreditVoided(voided, journals)
    if invoice is None or invoice.id != note.invoice or paid is None:
        msg = (
            f"credit note {note.id!r} was applied to invoice {note.invoice!r}; give that one, and "
            "what was paid of it"
        )
        raise ValueError(msg)
    left = credited_of((n for n in notes if n.id != note.id), note.currency)
    return CreditVoided(voided, journals, settled(invoice, paid=paid, credited=left))
