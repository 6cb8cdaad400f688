"""Asking: a gateway is told to take what a customer owes, who is away.

Payment and instruction are one decision, and each attempt has a key of its own. (spec: billing 8)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import ChargeOrder
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import Instructed, instruct
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments.assigning import Receivable
from ledgerkit.domain.payments.records import DISPUTED, GATEWAY, PENDING, Payment


@attrs.frozen
class PaymentPending(LedgerkitError):
    """An invoice is being paid already; charging it now could take the money twice."""

    invoice: str
    payment: str
    code: ClassVar[str] = "payment_pending"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} is being paid by {self.payment!r}; charge it once that "
            "payment has failed"
        )


@attrs.frozen
class PaymentInDispute(LedgerkitError):
    """An invoice was paid by what the customer's bank asked back; won, it is paid again."""

    invoice: str
    payment: str
    taken: Money
    code: ClassVar[str] = "payment_in_dispute"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} was paid by {self.payment!r}, of which a dispute took "
            f"{self.taken}; charge it once that is decided"
        )


@attrs.frozen
class NothingToCharge(LedgerkitError):
    """An invoice of which nothing is open."""

    invoice: str
    status: str
    code: ClassVar[str] = "nothing_to_charge"

    def __str__(self) -> str:
        return f"invoice {self.invoice!r} is {self.status}; a charge needs more than 0 to be open"


@attrs.frozen(kw_only=True)
class ChargeRequested:
    """A payment that is asked for, and the instruction that has the gateway take it.

    Attributes:
        payment: As it is asked for.
        instructed: The order.
        invoices: The invoice it is for, stored anew: of two charges at once the second sees the
            first.
    """

    payment: Payment
    instructed: Instructed
    invoices: tuple[Invoice, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.payment, *self.invoices)) + self.instructed.effects


def request(
    customer: str,
    amount: Money,
    *,
    key: str,
    gateway: str,
    holder: str,
    at: datetime,
    method: str = "",
    invoices: tuple[str, ...] = (),
) -> ChargeRequested:
    """Ask *gateway* to take *amount* of *customer*, who is away, once per *key*.

    *holder* is the gateway's id of the customer and *method* that of the payment method. Payment
    and instruction are one decision: nothing is sent that is not in the books. (spec: billing 8)
    """
    payment = Payment(
        id=derive("pmt", "asked", customer, name_of("key of a payment", key)),
        customer=customer,
        amount=amount,
        method=f"{GATEWAY}:{gateway}",
        invoices=invoices,
    )
    instructed = instruct(
        ChargeOrder(amount=amount, customer=holder, method=method),
        gateway=gateway,
        subject=payment.id,
        party=customer,
        at=at,
    )
    return ChargeRequested(payment=payment, instructed=instructed)


def charge(
    owed: Receivable,
    *,
    attempt: int,
    gateway: str,
    holder: str,
    at: datetime,
    method: str = "",
    payments: Iterable[Payment] = (),
) -> ChargeRequested:
    """Ask *gateway* to take what is open of an invoice; once per (invoice, attempt number).

    *payments* are those of the customer: while one of them is on its way, or in dispute, none is
    asked for. (spec: billing 8)

    Raises:
        PaymentPending: a payment for the invoice is pending.
        NothingToCharge: nothing is open.
        PaymentInDispute: an open dispute took what paid it.
        ValueError: *attempt* is no whole number from 1 on.
    """
    invoice, payments = owed.invoice, tuple(payments)
    if type(attempt) is not int or attempt < 1:
        msg = f"attempts count from 1 (got {attempt!r})"
        raise ValueError(msg)
    for payment in payments:
        if payment.status == PENDING and invoice.id in payment.invoices:
            raise PaymentPending(invoice.id, payment.id)
    if owed.open.minor == 0:
        raise NothingToCharge(invoice.id, invoice.status)
    for payment in payments:
        paid = invoice.id in {each.invoice for each in payment.assignments}
        if paid and payment.status == DISPUTED and payment.awaited.minor:
            raise PaymentInDispute(invoice.id, payment.id, payment.awaited)
    requested = request(
        invoice.customer,
        owed.open,
        key=charge_key(invoice.id, attempt),
        gateway=gateway,
        holder=holder,
        at=at,
        method=method,
        invoices=(invoice.id,),
    )
    return attrs.evolve(requested, invoices=(invoice,))


def charge_key(invoice: str, attempt: int) -> str:
    """Return the key of an attempt to charge *invoice*, whose payment is `charged_as`."""
    return f"{invoice}/{attempt}"


def charged_as(customer: str, key: str) -> str:
    """Return the id of the payment that `request` makes under *key*."""
    return derive("pmt", "asked", customer, key)
