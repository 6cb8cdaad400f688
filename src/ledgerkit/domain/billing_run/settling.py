"""Settling in a run: invoices that it credits, or that are paid already, get the status of that.

An invoice that the run issues is born with it; one of before gets a new version. What prepaid
credit pays counts as paid, and what customers paid before they were billed pays what is due first.
(spec: billing 5a, 7)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from ledgerkit.domain import grants
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.credit_notes import APPLIED, Credited, CreditNote, credited_of
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import ISSUED, PAID, PARTIALLY_PAID, Invoice, Issued, settled
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.payments import Payment, Receivable, assign, freed


def use_payments(desk: Desk) -> None:
    """Let what is left over of the customer's payments pay what is open, oldest and due first.

    That is what came in before anything was invoiced, and what paid an invoice that was credited
    since. It moves no money. (spec: billing 7, ledger 10)
    """
    over = _over(desk)
    taken = (payment for payment in desk.payments.values() if payment.is_taken)
    for payment in sorted(taken, key=lambda p: (str(p.received_on), p.id)):
        if payment.credit.minor or any(each.invoice in over for each in payment.assignments):
            used = assign(freed(payment, over), owed=_open(desk))
            if used.changed:
                desk.payments[payment.id] = used.payment
                over = _over(desk)


def settle_invoices(desk: Desk) -> None:
    """Move the invoices of which this run changed what is open.

    Payments and credit pay for what is open, and credit comes back only with what the run credits,
    so these are all.
    """
    credited = {note.invoice for note in desk.credited}
    paid = set(_paid_otherwise(desk))
    for read in desk.customer.invoices:
        if read.record.id in paid:
            # Stored even where its status stays, so that no other payment overlooks this one.
            desk.done.append(Effects(records=(_settled(desk, read.record),)))
        elif read.record.id in credited:
            now = _settled(desk, read.record)
            desk.moved += () if now == read.record else (now,)
    desk.documents = [_moved(desk, each) for each in desk.documents]


def _paid_otherwise(desk: Desk) -> Iterator[str]:
    """Yield the invoices of which payments pay more or less than before, by id."""
    for before in _before(desk):
        now = desk.payments[before.id]
        if now != before:
            for each in now.assignments:
                if before.pays(each.invoice) != now.pays(each.invoice):
                    yield each.invoice


def _moved(desk: Desk, document: Issued | Credited) -> Issued | Credited:
    """Return *document* with its invoice as this run leaves it, and says what was paid before.

    A note leaves its invoice to the run.
    """
    if isinstance(document, Issued):
        invoice = _settled(desk, document.invoice)
        paid = _paid(desk.payments.values(), invoice)
        before = paid if paid.minor else None
        return attrs.evolve(document, invoice=attrs.evolve(invoice, paid_before=before))
    return attrs.evolve(document, invoice=None)


def _settled(desk: Desk, invoice: Invoice) -> Invoice:
    """Return *invoice* with the status that follows from what is known.

    Who keeps payments outside of these books moved it by them, and tells nobody how much they were:
    an invoice of which more was paid than is known keeps its status, until nothing is left to pay.
    """
    held = (read.record for read in desk.customer.grants)
    before = _by(_receivable(invoice, _before(desk), held, desk.customer.credit_notes))
    now = _by(_now(desk, invoice))
    return now if before == invoice or now.status == PAID else invoice


def _by(owed: Receivable) -> Invoice:
    """Return the invoice with the status that follows."""
    return settled(owed.invoice, paid=owed.paid, credited=owed.credited)


def _before(desk: Desk) -> Iterator[Payment]:
    return (read.record for read in desk.customer.payments)


def _over(desk: Desk) -> Mapping[str, Money]:
    """Return what was paid of each invoice beyond what notes left of it.

    What a note has refunded is on its way to the customer, and what it left as credit is told by
    the wallet; neither is over.
    """
    found: dict[str, Money] = {}
    for note in desk.notes:
        if note.status == APPLIED and note.applied is not None and note.invoice is not None:
            before = found.get(note.invoice, Money.zero(note.currency))
            found[note.invoice] = before + note.applied.to_open
    owed = {invoice.id: _now(desk, invoice) for invoice in desk.invoices if invoice.id in found}
    over = {id: found[id] + one.paid - one.invoice.total for id, one in owed.items()}
    return {id: amount for id, amount in over.items() if amount.minor > 0}


def _open(desk: Desk) -> tuple[Receivable, ...]:
    """Return the invoices that are not paid, as far as anybody knows."""
    waiting = (invoice for invoice in desk.invoices if invoice.status in (ISSUED, PARTIALLY_PAID))
    return tuple(_now(desk, invoice) for invoice in waiting)


def _now(desk: Desk, invoice: Invoice) -> Receivable:
    return _receivable(invoice, desk.payments.values(), desk.grants.values(), desk.notes)


def _receivable(
    invoice: Invoice,
    payments: Iterable[Payment],
    held: Iterable[Grant],
    notes: Iterable[CreditNote],
) -> Receivable:
    """Return *invoice* with what *payments* and credit paid, and *notes* credited of it."""
    drawn = grants.paid_for(held, (line.id for line in invoice.lines), invoice.currency)
    off = credited_of((n for n in notes if n.invoice == invoice.id), invoice.currency)
    return Receivable(invoice=invoice, paid=drawn + _paid(payments, invoice), credited=off)


def _paid(payments: Iterable[Payment], invoice: Invoice) -> Money:
    return sum_of(
        (
            payment.pays(invoice.id)
            for payment in payments
            if payment.amount.currency == invoice.currency
        ),
        invoice.currency,
    )
