"""Asking: a refund is asked of the gateway, within what came in and what is left of it.

Open and done refunds together never exceed what came in: each of them is noted on the payment, and
the payment's version guards the sum. (spec: billing 7; reliability A14)
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import RefundOrder
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import Instructed, instruct
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import PAYMENT, Payment, with_out
from ledgerkit.domain.refunds.records import Refund, out_of


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
            f"payment {self.payment!r} of {self.captured} has {self.refundable} left to give "
            f"back; {self.asked} was asked for"
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
            f"payment {self.payment!r} pays {self.paid} of invoice {self.invoice!r}; "
            f"{self.asked} cannot be taken off it"
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


def check_bound(payment: Payment, amount: Money) -> None:
    """Raise unless so much of *payment* can still be given back."""
    if not payment.is_taken:
        PAYMENT.after(payment.status, "refund")
    if amount > payment.refundable:
        raise OverRefunded(payment.id, payment.amount, payment.refundable, amount)


def check_invoice(payment: Payment, invoice: str | None, amount: Money) -> None:
    """Raise unless *payment* pays so much of *invoice*, if one is named."""
    if invoice is None:
        return
    free = payment.pays(invoice) - payment.awaiting_back_of(invoice)
    if amount > free:
        raise NotPaidBy(payment.id, invoice, free, amount)


def new_refund(payment: Payment, amount: Money, *, key: str, reason: str, on: date) -> Refund:
    """Return the refund that is asked for under *key*."""
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
    check_bound(payment, amount)
    check_invoice(payment, invoice, amount)
    if payment.gateway is None or payment.object is None:
        raise NotAtGateway(payment.id, payment.method)
    refund = attrs.evolve(
        new_refund(payment, amount, key=key, reason=reason, on=on), invoice=invoice, note=note
    )
    instructed = instruct(
        RefundOrder(amount=amount, charge=payment.object),
        gateway=payment.gateway,
        subject=refund.id,
        party=payment.customer,
        at=at,
    )
    return RefundRequested(
        refund=refund, payment=with_out(payment, refund.id, out_of(refund)), instructed=instructed
    )
