"""By hand: a payment that a person records, such as from a bank statement, and takes back as void.

It is captured at once, and void is the exact inverse of that. (seeds 003, 004; spec: billing 2, 7)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import cash_of, reverse
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments.assigning import Receivable, allocate, settled_by
from ledgerkit.domain.payments.capturing import booked
from ledgerkit.domain.payments.records import PAYMENT, VOIDED, Payment, PaymentChanged
from ledgerkit.domain.periods import plain_date


@attrs.frozen
class ThroughGateway(LedgerkitError):
    """A payment that a gateway took; only it can give the money back."""

    payment: str
    method: str
    code: ClassVar[str] = "through_gateway"

    def __str__(self) -> str:
        return (
            f"payment {self.payment!r} came through {self.method}; refund it, only payments "
            "recorded by hand can be void"
        )


def record_manual(
    customer: str,
    amount: Money,
    *,
    key: str,
    owed: Iterable[Receivable],
    on: date,
    at: datetime,
    cash: str = "cash:bank",
    invoices: tuple[str, ...] = (),
    reference: str = "",
) -> PaymentChanged:
    """Record *amount* that came in by hand on a day, once per *key*: cash -x, customer +x.

    It is captured at once and goes to the *invoices* named, else to those due first. (seed 004)

    Raises:
        ValueError: *amount* is not above zero, or *cash* is no `cash:...` wallet.
    """
    cash_of("what comes in by hand", cash)
    plain_date("on", on)
    owed = tuple(owed)
    asked = Payment(
        id=recorded_as(customer, key),
        customer=customer,
        amount=amount,
        method=cash,
        invoices=invoices,
        received_on=on,
        reference=reference,
    )
    after = attrs.evolve(
        asked,
        status=PAYMENT.after(asked.status, "capture"),
        assignments=allocate(amount, owed, named=invoices),
    )
    return PaymentChanged(
        payment=after,
        journals=(booked(after, at=at),),
        invoices=settled_by(asked, after, owed),
    )


def recorded_as(customer: str, key: str) -> str:
    """Return the id of the payment that `record_manual` makes under *key*."""
    return derive("pmt", "manual", customer, name_of("key of a payment", key))


def void(
    payment: Payment, *, owed: Iterable[Receivable], reason: str, at: datetime
) -> PaymentChanged:
    """Take a payment back that was recorded by hand: the exact inverse journal, dated *at*.

    That is what 'delete' means here: the payment stays and says why, its invoices are open again,
    and the wallets hold what they did before. A second time nothing happens. (seed 003; spec:
    billing 2, gateways 7)

    Raises:
        ThroughGateway: a gateway took it.
        IllegalTransition: it is pending, failed, refunded or disputed.
        ValueError: no reason is given.
    """
    if payment.status == VOIDED:
        return PaymentChanged(payment=payment, changed=False)
    if payment.gateway is not None:
        raise ThroughGateway(payment.id, payment.method)
    status = PAYMENT.after(payment.status, "void")
    after = attrs.evolve(payment, status=status, reason=name_of("reason to void", reason))
    posted = booked(payment, at=at)
    undone = reverse(posted, id=derive("jrn", "void", posted.id), at=at)
    return PaymentChanged(
        payment=after, journals=(undone,), invoices=settled_by(payment, after, owed)
    )
