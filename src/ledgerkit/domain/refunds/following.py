"""Following: what the gateway says of a refund, whoever made it, is booked, or taken back.

A refund made elsewhere, such as in the gateway's dashboard, is recorded as it is told. (spec:
billing 5a; reliability A3, A10)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import attrs

from ledgerkit.domain import gateways
from ledgerkit.domain.gateways import GatewayObject, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, address, reverse
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.payments import CASH, Payment, Receivable, settled_by, with_out
from ledgerkit.domain.refunds.records import (
    DONE,
    FAILED,
    PENDING,
    REFUND,
    Refund,
    RefundChanged,
    out_of,
)

REFUNDED_KIND = "payment.refunded"


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
        return RefundChanged(refund=known, payment=with_out(payment, refund.id, out_of(known)))
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
    return moved(after, payment, (booked(after, at=at),), owed)


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
        return moved(after, payment, (), owed)
    posted, event = booked(refund, at=at), _booked_as(refund)[1]
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
    return attrs.evolve(moved(after, payment, (back,), owed), messages=(alert,))


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


def moved(
    refund: Refund, payment: Payment, journals: tuple[Journal, ...], owed: Iterable[Receivable]
) -> RefundChanged:
    """Return *refund* with its payment and the invoices that moved with it."""
    after = with_out(payment, refund.id, out_of(refund))
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


def booked(refund: Refund, *, at: datetime) -> Journal:
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
