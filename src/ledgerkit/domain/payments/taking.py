"""Taking: how a payment is asked for and comes in, is recorded by hand, or turns out void.

What a gateway did is booked under names derived from its own id of the charge, so that the answer
to a call, a webhook and a listing book it once. (spec: billing 5a, 7, 8; reliability A2, A3, A10)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain import gateways
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import ChargeOrder, GatewayObject, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import Instructed, instruct
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet, address, cash_of, reverse
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments.assigning import Receivable, allocate, settled_by
from ledgerkit.domain.payments.records import (
    GATEWAY,
    PAYMENT,
    PENDING,
    PLATFORM_PAYS,
    VOIDED,
    Assignment,
    FeePolicy,
    Payment,
)
from ledgerkit.domain.periods import plain_date

CAPTURED_KIND, FEE_KIND = "payment.captured", "payment.fee_charged"


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
class NothingToCharge(LedgerkitError):
    """An invoice of which nothing is open."""

    invoice: str
    status: str
    code: ClassVar[str] = "nothing_to_charge"

    def __str__(self) -> str:
        return f"invoice {self.invoice!r} is {self.status}; a charge needs more than 0 to be open"


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


@attrs.frozen(kw_only=True)
class PaymentChanged:
    """A payment after a verb, what it posts, and the invoices that it settles or opens again.

    Attributes:
        payment: As it is now.
        journals: What moved money.
        invoices: With the status that follows; what is unchanged is stored too.
        changed: Whether there is anything to store.
    """

    payment: Payment
    journals: tuple[Journal, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    changed: bool = True

    @property
    def effects(self) -> Effects:
        """What to store."""
        if not self.changed:
            return Effects()
        return Effects(
            journals=self.journals,
            opens=opened_by(self.journals),
            records=(self.payment, *self.invoices),
        )


def opened_by(journals: Iterable[Journal]) -> tuple[Wallet, ...]:
    """Return the wallets that *journals* need, each once."""
    addresses = (entry.wallet for journal in journals for entry in journal.entries)
    return tuple(Wallet(address) for address in dict.fromkeys(addresses))


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

    *payments* are those of the customer: while one of them is on its way, none is asked for.
    (spec: billing 8)

    Raises:
        PaymentPending: a payment for the invoice is pending.
        NothingToCharge: nothing is open.
        ValueError: *attempt* is no whole number from 1 on.
    """
    invoice = owed.invoice
    if type(attempt) is not int or attempt < 1:
        msg = f"attempts count from 1 (got {attempt!r})"
        raise ValueError(msg)
    for payment in payments:
        if payment.status == PENDING and invoice.id in payment.invoices:
            raise PaymentPending(invoice.id, payment.id)
    if owed.open.minor == 0:
        raise NothingToCharge(invoice.id, invoice.status)
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
    journals = (_journal(after, at=at), *_fee(after, told.fee, fees=fees, at=at))
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
        journals=(_journal(after, at=at),),
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
    posted = _journal(payment, at=at)
    undone = reverse(posted, id=derive("jrn", "void", posted.id), at=at)
    return PaymentChanged(
        payment=after, journals=(undone,), invoices=settled_by(payment, after, owed)
    )


def assign(
    payment: Payment, *, owed: Iterable[Receivable], invoices: tuple[str, ...] = ()
) -> PaymentChanged:
    """Use what is left over of *payment* for *invoices*, else for those due first; moves no money.

    (spec: ledger 10)
    """
    owed = tuple(owed)
    more = allocate(payment.credit, owed, named=invoices)
    after = attrs.evolve(payment, assignments=merged(trimmed(payment), more))
    return PaymentChanged(
        payment=after, invoices=settled_by(payment, after, owed), changed=bool(more)
    )


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


def _journal(payment: Payment, *, at: datetime) -> Journal:
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


def refused(payment: Payment, *, reason: str) -> PaymentChanged | None:
    """Fail *payment*, the order for which the gateway refused; None if that is no news.

    What came in meanwhile stays in. (spec: reliability A2, A10)
    """
    return fail(payment, reason=reason) if payment.status == PENDING else None
