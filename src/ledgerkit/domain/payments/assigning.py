"""Assigning: which invoices a payment settles, and the statuses that follow.

An assignment moves no money. A payment goes to the invoices it names, else to those due first;
what is left over is credit of the customer: the wallet is simply above zero. (spec: billing 7)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import attrs

from ledgerkit.domain import grants
from ledgerkit.domain.credit_notes import CreditNote, credited_of
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice, open_amount, settled
from ledgerkit.domain.money import Money, draw
from ledgerkit.domain.payments.records import (
    Assignment,
    Payment,
    PaymentChanged,
    total_by_invoice,
)


@attrs.frozen(kw_only=True)
class Receivable:
    """An invoice with what was paid and credited of it so far.

    Attributes:
        invoice: The invoice.
        paid: What all payments, and prepaid credit, pay of it now.
        credited: What credit notes took off its debt or had refunded.
    """

    invoice: Invoice
    paid: Money
    credited: Money

    @property
    def open(self) -> Money:
        """What is still to be paid."""
        return open_amount(self.invoice, paid=self.paid, credited=self.credited)


def receivables(
    invoices: Iterable[Invoice],
    payments: Iterable[Payment],
    notes: Iterable[CreditNote],
    held: Iterable[Grant],
) -> tuple[Receivable, ...]:
    """Return *invoices* with what was paid and credited of each.

    *payments* and the prepaid credit that the customer *held* paid, *notes* credited.
    """
    paid = total_by_invoice(tuple(payments))
    notes, held = tuple(notes), tuple(held)

    def owed(invoice: Invoice) -> Receivable:
        currency = invoice.currency
        drawn = grants.paid_for(held, (line.id for line in invoice.lines), currency)
        off = credited_of((note for note in notes if note.invoice == invoice.id), currency)
        brought = Money(paid[invoice.id, currency], currency)
        return Receivable(invoice=invoice, paid=brought + drawn, credited=off)

    return tuple(map(owed, invoices))


def allocate(
    amount: Money, owed: Iterable[Receivable], *, named: tuple[str, ...] = ()
) -> tuple[Assignment, ...]:
    """Return how *amount* is assigned to what is *owed*: to the invoices *named*, in their order.

    Without names to those due first. No invoice gets more than is open of it, those in another
    currency get nothing, and what is left over is in no assignment. (spec: billing 7)

    Raises:
        NegativeAmount: *amount* is below zero.
    """
    fitting = [each for each in owed if each.invoice.currency == amount.currency]
    if named:
        places = {id: n for n, id in enumerate(named)}
        fitting = [each for each in fitting if each.invoice.id in places]
        fitting.sort(key=lambda each: places[each.invoice.id])
    else:
        fitting.sort(key=_due_first)
    parts = draw(amount, [each.open for each in fitting]).parts
    return tuple(
        Assignment(each.invoice.id, part)
        for each, part in zip(fitting, parts, strict=True)
        if part.minor
    )


def _due_first(owed: Receivable) -> tuple[date, date, str]:
    invoice = owed.invoice
    return invoice.due_on or date.max, invoice.issued_on or date.max, invoice.id


def settled_by(before: Payment, after: Payment, owed: Iterable[Receivable]) -> tuple[Invoice, ...]:
    """Return the invoices of which *after* pays more or less than *before* did, with their status.

    Each of them is stored anew even where the status stays, so that two payments of one invoice at
    the same time cannot both overlook the other.

    Raises:
        ValueError: such an invoice is not among *owed*.
    """
    by_id = {each.invoice.id: each for each in owed}
    moved = []
    for id in dict.fromkeys(each.invoice for each in (*before.assignments, *after.assignments)):
        less, more = before.pays(id), after.pays(id)
        if less == more:
            continue
        if id not in by_id:
            msg = f"payment {after.id!r} pays invoice {id!r}; give that invoice with what was paid"
            raise ValueError(msg)
        one = by_id[id]
        paid = one.paid - less + more
        moved.append(settled(one.invoice, paid=paid, credited=one.credited))
    return tuple(moved)


def assign(
    payment: Payment,
    *,
    owed: Iterable[Receivable],
    invoices: tuple[str, ...] = (),
    less: Money | None = None,
) -> PaymentChanged:
    """Use what is left over of *payment* for *invoices*, else for those due first; moves no money.

    *less* is what of it pays a debt that stands on no invoice. (spec: ledger 10)
    """
    owed, nothing = tuple(owed), Money.zero(payment.amount.currency)
    free = payment.usable if less is None else max(payment.usable - less, nothing)
    more = allocate(free, owed, named=invoices)
    after = attrs.evolve(payment, assignments=merged(trimmed(payment), more))
    return PaymentChanged(
        payment=after, invoices=settled_by(payment, after, owed), changed=bool(more)
    )


def freed(payment: Payment, over: Mapping[str, Money]) -> Payment:
    """Return *payment* without what is *over* of the invoices it pays.

    *over* is by invoice id, in the currency of the invoice. What refunds will take of one stays.
    """
    kept = []
    for each in trimmed(payment):
        nothing = Money.zero(each.amount.currency)
        free = min(payment.pays(each.invoice), over.get(each.invoice, nothing))
        less = max(free - payment.awaiting_back_of(each.invoice), nothing)
        kept.append(Assignment(each.invoice, each.amount - less))
    return attrs.evolve(payment, assignments=tuple(kept))


def trimmed(payment: Payment) -> tuple[Assignment, ...]:
    """Return the assignments of *payment* without what it cannot pay of them any more."""
    return tuple(
        Assignment(
            each.invoice, min(wanted.amount, each.amount + payment.given_back_of(each.invoice))
        )
        for wanted, each in zip(payment.assignments, payment.assigned, strict=True)
    )


def merged(some: Iterable[Assignment], more: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """Return assignments together, one for each invoice, in their order."""
    sums: dict[str, Money] = {}
    for each in (*some, *more):
        sums[each.invoice] = each.amount + sums.get(each.invoice, Money.zero(each.amount.currency))
    return tuple(Assignment(invoice, amount) for invoice, amount in sums.items())
