"""Capturing: what a gateway says of a charge is booked: it came in, for a fee, or it failed.

It is booked under names derived from the gateway's own id of the charge, so that the answer to a
call, a webhook and a listing book it once. (spec: billing 5a, 7; reliability A2, A3, A10)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import attrs

from ledgerkit.domain import gateways
from ledgerkit.domain.gateways import GatewayObject, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, address
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments.assigning import Receivable, allocate, settled_by
from ledgerkit.domain.payments.records import (
    PAYMENT,
    PENDING,
    PLATFORM_PAYS,
    FeePolicy,
    Payment,
    PaymentChanged,
)
from ledgerkit.domain.periods import plain_date

CAPTURED_KIND, FEE_KIND = "payment.captured", "payment.fee_charged"


def capture(
    payment: Payment,
    told: GatewayObject,
    *,
    owed: Iterable[Receivable],
    on: date,
    at: datetime,
    fees: FeePolicy = PLATFORM_PAYS,
) -> PaymentChanged:
    """Book that the charge *told* came in: gateway -x, customer +x, and its fee if that is known.

    The amount is what the gateway says. It counts from *at*, when we learn of it, since the books
    of the day it was made may be closed; *on* is the local day it came in. What it is for is paid
    as far as it is *owed* by then; the rest is credit. (spec: billing 5a, 7)

    Raises:
        IllegalTransition: it came in already.
    """
    plain_date("on", on)
    status = PAYMENT.after(payment.status, "capture")
    owed = tuple(owed)
    after = attrs.evolve(
        payment,
        amount=told.amount,
        status=status,
        object=told.id,
        fee=told.fee,
        received_on=on,
        assignments=allocate(told.amount, owed, named=payment.invoices),
        reason="",
    )
    journals = (booked(after, at=at), *_fee(after, told.fee, fees=fees, at=at))
    return PaymentChanged(
        payment=after, journals=journals, invoices=settled_by(payment, after, owed)
    )


def fail(payment: Payment, *, reason: str, told: GatewayObject | None = None) -> PaymentChanged:
    """Record that a pending *payment* did not come in, and the gateway's code why.

    Raises:
        IllegalTransition: it is not pending.
    """
    status = PAYMENT.after(payment.status, "fail")
    return PaymentChanged(
        payment=attrs.evolve(
            payment,
            status=status,
            reason=reason,
            object=payment.object if told is None else told.id,
        )
    )


def refused(payment: Payment, *, reason: str) -> PaymentChanged | None:
    """Fail *payment*, the order for which the gateway refused; None if that is no news.

    What came in meanwhile stays in. (spec: reliability A2, A10)
    """
    return fail(payment, reason=reason) if payment.status == PENDING else None


def follow(
    payment: Payment,
    told: GatewayObject,
    *,
    owed: Iterable[Receivable],
    on: date,
    at: datetime,
    fees: FeePolicy = PLATFORM_PAYS,
) -> PaymentChanged | None:
    """Move *payment* to the state that the gateway tells of its charge; None if that is no news.

    In whatever order and however often it is told, the end is the same: what came in stays in,
    and a failure counts only until then; a fee is booked once it is known. (spec: reliability A3)
    """
    if told.status == gateways.DONE and not payment.is_taken:
        return capture(payment, told, owed=owed, on=on, at=at, fees=fees)
    if payment.object not in (None, told.id):
        return None
    if told.status == gateways.DONE and payment.fee is None and told.fee is not None:
        after = attrs.evolve(payment, fee=told.fee)
        return PaymentChanged(payment=after, journals=_fee(after, told.fee, fees=fees, at=at))
    if told.status == gateways.FAILED and payment.status == PENDING:
        return fail(payment, reason=told.reason, told=told)
    if payment.object is None:
        return PaymentChanged(payment=attrs.evolve(payment, object=told.id))
    return None


def booked(payment: Payment, *, at: datetime) -> Journal:
    """Return the journal that books that *payment* came in."""
    if payment.gateway is not None and payment.object is not None:
        link = link_id(payment.gateway, payment.object)
        id, event = derive("jrn", "in", link), Event("gateway.charge", link)
    else:
        id, event = derive("jrn", "payment", payment.id), Event("payment", payment.id)
    return Journal(
        id=id,
        kind=CAPTURED_KIND,
        entries=(
            Entry(payment.method, -payment.amount),
            Entry(address("customer", payment.customer), payment.amount),
        ),
        effective_at=at,
        event=event,
        metadata=(("reference", payment.reference),) if payment.reference else (),
    )


def _fee(
    payment: Payment, fee: Money | None, *, fees: FeePolicy, at: datetime
) -> tuple[Journal, ...]:
    """Return the journal of the gateway's *fee*, if it takes any: its bearer -f, gateway +f."""
    if fee is None or fee.minor == 0:
        return ()
    link = link_id(str(payment.gateway), str(payment.object))
    return (
        Journal(
            id=derive("jrn", "in", link, "fee"),
            kind=FEE_KIND,
            entries=(Entry(fees.wallet(payment.customer), -fee), Entry(payment.method, fee)),
            effective_at=at,
            event=Event("gateway.charge", link, "fee"),
        ),
    )
