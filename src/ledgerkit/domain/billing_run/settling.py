"""Settling in a run: invoices that it credits, or that are paid already, get the status of that.

An invoice that the run issues is born with it; one of before gets a new version. What prepaid
credit pays counts as paid, and what customers paid before they were billed pays what is due first.
(spec: billing 5a, 7)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import attrs

from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.facts import CustomerFacts
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.credit_notes import APPLIED, Credited
from ledgerkit.domain.invoices import ISSUED, PAID, PARTIALLY_PAID, Invoice, Issued, settled
from ledgerkit.domain.ledger import Event, net_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.openings import opened_as, opening_id
from ledgerkit.domain.payments import Payment, Receivable, assign, freed, receivables


def use_payments(desk: Desk) -> None:
    """Let what is left over of the customer's payments pay what is open, oldest and due first.

    That is what came in before anything was invoiced, and what paid an invoice that was credited
    since. A debt that was brought in without an invoice is older than both: what pays that one pays
    nothing else. It moves no money. (spec: billing 7, ledger 10)
    """
    taken = [payment for payment in desk.payments.values() if payment.is_taken]
    over = _over(desk) if taken else {}
    debts = {currency: _debt_brought(desk, currency) for currency in _currencies(taken)}
    for payment in sorted(taken, key=lambda p: (str(p.received_on), p.id)):
        if payment.credit.minor or any(each.invoice in over for each in payment.assignments):
            left, debt = freed(payment, over), debts[payment.amount.currency]
            used = assign(left, owed=_open(desk), less=debt)
            debts[debt.currency] = debt - min(debt, left.usable)
            if used.changed:
                desk.payments[payment.id] = used.payment
                over = _over(desk)


def opening_events_of(customer: CustomerFacts) -> Mapping[Event, str]:
    """Return the facts that *customer*, who paid, brought a balance along, and their journals.

    Which of them are posted, the ledger says.
    """
    wallet = customer.party.wallet
    paid = _currencies(read.record for read in customer.payments)
    return {opened_as(wallet, each): opening_id(wallet, each) for each in paid}


def _currencies(payments: Iterable[Payment]) -> frozenset[str]:
    return frozenset(payment.amount.currency for payment in payments)


def _debt_brought(desk: Desk, currency: str) -> Money:
    """Return what the customer owed when the books began, beside open invoices."""
    wallet = desk.customer.party.wallet
    opened = desk.customer.journals.get(opening_id(wallet, currency))
    minor = 0 if opened is None else net_of(opened.entries).get((wallet, currency), 0)
    return Money(max(-minor, 0), currency)


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
        used = [part for payment in desk.payments.values() for part in payment.assigned]
        parts = [part.amount for part in used if part.invoice == invoice.id]
        before = sum_of(parts, invoice.currency) if parts else None
        return attrs.evolve(document, invoice=attrs.evolve(invoice, paid_before=before))
    return attrs.evolve(document, invoice=None)


def _settled(desk: Desk, invoice: Invoice) -> Invoice:
    """Return *invoice* with the status that follows from what is known.

    Who keeps payments outside of these books moved it by them, and tells nobody how much they were:
    an invoice of which more was paid than is known keeps its status, until nothing is left to pay.
    """
    held = (read.record for read in desk.customer.grants)
    (then,) = receivables((invoice,), _before(desk), desk.customer.credit_notes, held)
    (owed,) = _now(desk, (invoice,))
    now = _by(owed)
    return now if _by(then) == invoice or now.status == PAID else invoice


def _by(owed: Receivable) -> Invoice:
    """Return the invoice with the status that follows."""
    return settled(owed.invoice, paid=owed.paid, credited=owed.credited)


def _before(desk: Desk) -> Iterator[Payment]:
    return (read.record for read in desk.customer.payments)


def _over(desk: Desk) -> Mapping[str, Money]:
    """Return what was paid of each invoice beyond what notes left of it.

    So it is where something was credited since, or where a payment of which the bank had asked the
    money back turned out good after another one had come in. What a note has refunded is on its way
    to the customer, and what it left as credit is told by the wallet; neither is over.
    """
    off = Counter[str | None]()
    for note in desk.notes:
        if note.status == APPLIED and note.applied is not None:
            off[note.invoice] += note.applied.to_open.minor
    found = {}
    for each in _now(desk, desk.invoices):
        over = each.paid.minor + off[each.invoice.id] - each.invoice.total.minor
        if over > 0:
            found[each.invoice.id] = Money(over, each.invoice.currency)
    return found


def _open(desk: Desk) -> tuple[Receivable, ...]:
    """Return the invoices that are not paid, as far as anybody knows."""
    return _now(desk, (i for i in desk.invoices if i.status in (ISSUED, PARTIALLY_PAID)))


def _now(desk: Desk, invoices: Iterable[Invoice]) -> tuple[Receivable, ...]:
    return receivables(invoices, desk.payments.values(), desk.notes, desk.grants.values())
