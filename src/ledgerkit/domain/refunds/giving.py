"""Giving back: refunds through a gateway, by hand, as credit or set off against other invoices.

Open and done refunds together never exceed what came in: each of them is noted on the payment, and
the payment's version guards the sum. A gateway's refund made elsewhere is recorded as it is told.
(spec: billing 0.6, 5a, 7; reliability A10, A14)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain import gateways
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import GatewayObject, RefundOrder, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import Instructed, instruct
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, address, cash_of, reverse
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.payments import (
    CASH,
    PAYMENT,
    Assignment,
    MoneyOut,
    Payment,
    Receivable,
    allocate,
    merged,
    opened_by,
    settled_by,
    trimmed,
    with_out,
)
from ledgerkit.domain.refunds.records import (
    CREDITED,
    DONE,
    FAILED,
    OFFSET,
    PENDING,
    REFUND,
    Refund,
)

REFUNDED_KIND = "payment.refunded"


@attrs.frozen
class OverRefunded(LedgerkitError):
    """More would go back of a payment than is left of it."""

    payment: str
    captured: Money
    refundable: Money
    asked: Money
    code: ClassVar[str] = "over_refunded"

    def __str__(self) -> str:
        return (
            f"payment {self.payment!r} of {self.captured.minor} {self.captured.currency} has "
            f"{self.refundable.minor} left to give back; {self.asked.minor} was asked for"
        )


@attrs.frozen
class NotAtGateway(LedgerkitError):
    """A payment that no gateway can refund: it took none of it."""

    payment: str
    method: str
    code: ClassVar[str] = "not_at_gateway"

    def __str__(self) -> str:
        return (
            f"payment {self.payment!r} came in through {self.method}; give it back by hand, or "
            "void it"
        )


@attrs.frozen
class NotPaidBy(LedgerkitError):
    """A payment pays less of an invoice than is to be taken off it; open refunds count."""

    payment: str
    invoice: str
    paid: Money
    asked: Money
    code: ClassVar[str] = "not_paid_by"

    def __str__(self) -> str:
        return (
            f"payment {self.payment!r} pays {self.paid.minor} {self.paid.currency} of invoice "
            f"{self.invoice!r}; {self.asked.minor} cannot be taken off it"
        )


@attrs.frozen(kw_only=True)
class RefundRequested:
    """A refund that is asked for, its payment, and the instruction for the gateway."""

    refund: Refund
    payment: Payment
    instructed: Instructed

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.refund, self.payment)) + self.instructed.effects


@attrs.frozen(kw_only=True)
class RefundChanged:
    """A refund after a verb, its payment, what it posts, and the invoices that moved with it.

    Attributes:
        refund: As it is now.
        payment: As it is now.
        journals: What moved money.
        invoices: With the status that follows.
        messages: What people are alerted of.
    """

    refund: Refund
    payment: Payment
    journals: tuple[Journal, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=self.journals,
            opens=opened_by(self.journals),
            records=(self.refund, self.payment, *self.invoices),
            messages=self.messages,
        )


def _check_bound(payment: Payment, amount: Money) -> None:
    if not payment.is_taken:
        PAYMENT.after(payment.status, "refund")
    if amount > payment.refundable:
        raise OverRefunded(payment.id, payment.amount, payment.refundable, amount)


def _check_invoice(payment: Payment, invoice: str | None, amount: Money) -> None:
    if invoice is None:
        return
    waiting = (out.reserved for out in payment.outs if out.invoice == invoice)
    free = payment.pays(invoice) - sum_of(waiting, amount.currency)
    if amount > free:
        raise NotPaidBy(payment.id, invoice, free, amount)


def _new(payment: Payment, amount: Money, *, key: str, reason: str, on: date) -> Refund:
    return Refund(
        id=refunded_as(payment.id, key),
        payment=payment.id,
        customer=payment.customer,
        amount=amount,
        method=payment.method,
        asked_on=on,
        reason=reason,
    )


def refunded_as(payment: str, key: str) -> str:
    """Return the id of the refund of *payment* that is asked for under *key*."""
    return derive("rfd", payment, name_of("key of a refund", key))


def request(
    payment: Payment,
    amount: Money,
    *,
    key: str,
    reason: str,
    on: date,
    at: datetime,
    invoice: str | None = None,
    note: str | None = None,
) -> RefundRequested:
    """Ask the gateway to give *amount* of *payment* back, once per *key*; it is reserved now.

    It is taken from the *invoice* named, else from what pays none, then from those assigned last.
    With a credit *note* that has its rest refunded the debt stays closed; without, it opens again:
    the money is gone and the charge is not. (spec: billing 7)

    Raises:
        OverRefunded: done, open and this refund would be more than came in.
        NotPaidBy: it pays less of *invoice*.
        NotAtGateway: no gateway took it.
        IllegalTransition: it did not come in, or is void.
    """
    _check_bound(payment, amount)
    _check_invoice(payment, invoice, amount)
    if payment.gateway is None or payment.object is None:
        raise NotAtGateway(payment.id, payment.method)
    refund = attrs.evolve(
        _new(payment, amount, key=key, reason=reason, on=on), invoice=invoice, note=note
    )
    instructed = instruct(
        RefundOrder(amount=amount, charge=payment.object),
        gateway=payment.gateway,
        subject=refund.id,
        party=payment.customer,
        at=at,
    )
    return RefundRequested(
        refund=refund, payment=with_out(payment, refund.id, _out(refund)), instructed=instructed
    )


def of_object(told: GatewayObject, *, gateway: str, payment: Payment, on: date) -> Refund:
    """Return the refund *told*, made elsewhere such as in the gateway's dashboard, as pending."""
    return Refund(
        id=derive("rfd", link_id(gateway, told.id)),
        payment=payment.id,
        customer=payment.customer,
        amount=told.amount,
        method=f"gateway:{gateway}",
        object=told.id,
        asked_on=on,
        reason=told.reason,
    )


def follow(
    refund: Refund,
    told: GatewayObject,
    *,
    payment: Payment,
    owed: Iterable[Receivable],
    at: datetime,
) -> RefundChanged | None:
    """Move *refund* to the state that the gateway tells of it, or return None if it is no news.

    An object that failed stays failed, also after it was done: the bank sent the money back. What
    *we* gave up without an object can still turn out done. So the order of news does not matter.
    (spec: reliability A3, A10)

    Raises:
        IllegalTransition: the payment did not come in.
    """
    if told.status == gateways.DONE and refund.status != DONE and not _is_final(refund, told):
        return complete(refund, payment=payment, told=told, owed=owed, at=at)
    if told.status == gateways.FAILED and refund.object in (None, told.id):
        if refund.status != FAILED:
            return fail(refund, payment=payment, reason=told.reason, owed=owed, at=at, told=told)
        if refund.object is None:
            return RefundChanged(refund=attrs.evolve(refund, object=told.id), payment=payment)
    noted = refund.object == told.id and refund.id in {out.record for out in payment.outs}
    if told.status == gateways.PENDING and refund.status == PENDING and not noted:
        known = attrs.evolve(refund, object=told.id)
        return RefundChanged(refund=known, payment=with_out(payment, refund.id, _out(known)))
    return None


def _is_final(refund: Refund, told: GatewayObject) -> bool:
    return refund.status == FAILED and refund.object == told.id


def complete(
    refund: Refund,
    *,
    payment: Payment,
    told: GatewayObject,
    owed: Iterable[Receivable],
    at: datetime,
) -> RefundChanged:
    """Book that the gateway gave *refund* back: customer -x, gateway +x; x is what it says.

    Raises:
        IllegalTransition: it is done already, or the payment did not come in.
    """
    status = REFUND.after(refund.status, "complete")
    after = attrs.evolve(refund, status=status, object=told.id, amount=told.amount)
    return _moved(after, payment, (_journal(after, at=at),), owed)


def fail(
    refund: Refund,
    *,
    payment: Payment,
    reason: str,
    owed: Iterable[Receivable],
    at: datetime,
    told: GatewayObject | None = None,
) -> RefundChanged:
    """Record that *refund* did not reach the customer; if it was booked, that is taken back.

    People are alerted in that case: the customer still waits for the money.

    Raises:
        IllegalTransition: it has failed already.
    """
    status = REFUND.after(refund.status, "fail")
    after = attrs.evolve(
        refund,
        status=status,
        object=refund.object if told is None else told.id,
        reason=reason or refund.reason,
    )
    if refund.status == PENDING:
        return _moved(after, payment, (), owed)
    posted, event = _journal(refund, at=at), _booked_as(refund)[1]
    back = attrs.evolve(
        reverse(posted, id=derive("jrn", "back", posted.id), at=at),
        event=attrs.evolve(
            event, part=FAILED
        ),  # of the same object, so that both add up to nothing
    )
    alert = Message(
        derive("msg", "refund_failed", refund.id),
        "alert.refund_failed",
        refund.customer,
        (
            ("refund", refund.id),
            ("payment", refund.payment),
            ("amount", str(refund.amount.minor)),
            ("currency", refund.amount.currency),
            ("reason", after.reason),
        ),
    )
    return attrs.evolve(_moved(after, payment, (back,), owed), messages=(alert,))


def refused(
    refund: Refund,
    *,
    payment: Payment,
    reason: str,
    owed: Iterable[Receivable],
    at: datetime,
    told: GatewayObject | None = None,
) -> RefundChanged | None:
    """Fail *refund*, the order for which the gateway refused; None if that is no news.

    *told* is the object that failed, if one was made: whatever comes late of it is old news.
    """
    if refund.status != PENDING:
        return None
    return fail(refund, payment=payment, reason=reason, owed=owed, at=at, told=told)


def hand_back(
    payment: Payment,
    amount: Money,
    *,
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    at: datetime,
    cash: str = "cash:bank",
    reference: str = "",
    invoice: str | None = None,
    note: str | None = None,
) -> RefundChanged:
    """Record that *amount* of *payment* was given back by hand: customer -x, cash +x.

    Raises:
        OverRefunded: done, open and this refund would be more than came in.
        NotPaidBy: it pays less of *invoice*.
        IllegalTransition: it did not come in, or is void.
        ValueError: *cash* is no `cash:...` wallet.
    """
    cash_of("what is given back by hand", cash)
    _check_bound(payment, amount)
    _check_invoice(payment, invoice, amount)
    asked = _new(payment, amount, key=key, reason=reason, on=on)
    refund = attrs.evolve(
        asked,
        status=REFUND.after(PENDING, "complete"),
        method=cash,
        reference=reference,
        invoice=invoice,
        note=note,
    )
    return _moved(refund, payment, (_journal(refund, at=at),), owed)


def keep(
    payment: Payment,
    amount: Money,
    *,
    invoice: str,
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    note: str | None = None,
) -> RefundChanged:
    """Leave *amount* that pays *invoice* with the customer as credit, instead of sending it back.

    No money moves: the payment pays less of that invoice, which is open again unless a credit
    *note* takes the debt away. (spec: billing 3)

    Raises:
        NotPaidBy: the payment pays less of *invoice*.
        OverRefunded: some of it is on its way back or in question.
    """
    return _reassigned(
        payment, amount, invoice, (), key=key, reason=reason, owed=owed, on=on, note=note
    )


def offset(
    payment: Payment,
    amount: Money,
    *,
    invoice: str,
    against: tuple[str, ...],
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    note: str | None = None,
) -> RefundChanged:
    """Let *amount* that pays *invoice* pay the invoices *against* instead; the rest is credit.

    No money moves. (spec: billing 3)

    Raises:
        NotPaidBy: the payment pays less of *invoice*.
        OverRefunded: some of it is on its way back or in question.
        ValueError: *against* names no invoice, or *invoice* itself.
    """
    if not against or invoice in against:
        msg = f"an offset needs other invoices than {invoice!r} to pay (got {against!r})"
        raise ValueError(msg)
    return _reassigned(
        payment, amount, invoice, against, key=key, reason=reason, owed=owed, on=on, note=note
    )


def _reassigned(
    payment: Payment,
    amount: Money,
    invoice: str,
    against: tuple[str, ...],
    *,
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    note: str | None,
) -> RefundChanged:
    _check_bound(payment, amount)
    _check_invoice(payment, invoice, amount)
    owed = tuple(owed)
    less = tuple(
        Assignment(each.invoice, each.amount - amount) if each.invoice == invoice else each
        for each in trimmed(payment)
    )
    more = allocate(amount, owed, named=against) if against else ()
    after = attrs.evolve(payment, assignments=merged(less, more))
    refund = attrs.evolve(
        _new(payment, amount, key=key, reason=reason, on=on),
        outcome=OFFSET if against else CREDITED,
        status=REFUND.after(PENDING, "complete"),
        invoice=invoice,
        note=note,
    )
    return RefundChanged(refund=refund, payment=after, invoices=settled_by(payment, after, owed))


def _out(refund: Refund) -> MoneyOut | None:
    """Return what *refund* takes of its payment; None: nothing, it failed."""
    if refund.status == FAILED:
        return None
    nothing = Money.zero(refund.amount.currency)
    done = refund.status == DONE
    return MoneyOut(
        record=refund.id,
        moved=refund.amount if done else nothing,
        reserved=nothing if done else refund.amount,
        invoice=refund.invoice,
    )


def _moved(
    refund: Refund, payment: Payment, journals: tuple[Journal, ...], owed: Iterable[Receivable]
) -> RefundChanged:
    after = with_out(payment, refund.id, _out(refund))
    return RefundChanged(
        refund=refund,
        payment=after,
        journals=journals,
        invoices=settled_by(payment, after, owed),
    )


def _booked_as(refund: Refund) -> tuple[str, Event]:
    """Return the id of the journal of *refund*, and the fact that it claims."""
    kind, _, gateway = refund.method.partition(":")
    if kind != CASH and refund.object is not None:
        link = link_id(gateway, refund.object)
        return derive("jrn", "in", link), Event("gateway.refund", link)
    return derive("jrn", "refund", refund.id), Event("refund", refund.id)


def _journal(refund: Refund, *, at: datetime) -> Journal:
    """Return the journal that books that *refund* was given back."""
    id, event = _booked_as(refund)
    return Journal(
        id=id,
        kind=REFUNDED_KIND,
        entries=(
            Entry(address("customer", refund.customer), -refund.amount),
            Entry(refund.method, refund.amount),
        ),
        effective_at=at,
        event=event,
    )
