"""Payments: what a person or a scheduler starts: charge an invoice, record, void, give back.

Each request has a key and is decided once; asked again it returns what came of it. The books tell
who did it and why. Of a person is asked first whether they may: see `ledgerkit.domain.access`.
(spec: billing 2, 7, 8, 11; reliability A14)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar, TypeVar

import attrs

from ledgerkit.domain import payments, refunds
from ledgerkit.domain.access import BILLING_WRITE, Actor, Resource, owners_of, require
from ledgerkit.domain.changes import (
    Decision,
    KeyReused,
    Request,
    Versioned,
    changes_of,
    expect,
)
from ledgerkit.domain.changes import request as asked
from ledgerkit.domain.credit_limits import AutoCharge, CreditLimit
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_methods import PaymentMethod
from ledgerkit.domain.payments import (
    DISPUTED,
    PENDING,
    ChargeRequested,
    Payment,
    charge_key,
    charged_as,
    recorded_as,
)
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.refunds import Refund, refunded_as
from ledgerkit.jobs import steps
from ledgerkit.jobs.rounds import PAYMENT_ROUNDS, until_stored
from ledgerkit.jobs.settlement import read_account
from ledgerkit.jobs.steps import Job

T = TypeVar("T")


@attrs.frozen
class UnknownInvoice(LedgerkitError):
    """An invoice that is not stored."""

    invoice: str
    code: ClassVar[str] = "unknown_invoice"

    def __str__(self) -> str:
        return f"no invoice {self.invoice!r} is stored; issue it first"


@attrs.frozen
class UnknownPayment(LedgerkitError):
    """A payment that is not stored."""

    payment: str
    code: ClassVar[str] = "unknown_payment"

    def __str__(self) -> str:
        return f"no payment {self.payment!r} is stored; record it first"


@attrs.frozen
class NoPaymentMethod(LedgerkitError):
    """A customer who cannot be charged while away."""

    customer: str
    gateway: str
    code: ClassVar[str] = "no_payment_method"

    def __str__(self) -> str:
        return (
            f"customer {self.customer!r} has saved no payment method at {self.gateway!r}; ask for "
            "one, or send a link to pay"
        )


async def charge_invoice(
    invoice: str, *, gateway: str, attempt: int, actor: str, reason: str
) -> Payment:
    """Ask *gateway* to charge what is open of *invoice* to the method saved there.

    The key is (invoice, attempt number). The money moves when a worker has sent the instruction
    that is stored with the payment. (spec: billing 8)

    Raises:
        UnknownInvoice: it is not stored.
        NoPaymentMethod: the customer saved none at *gateway*.
        PaymentPending: a payment for it is on its way.
        PaymentInDispute: an open dispute took what paid it.
        NothingToCharge: nothing of it is open.
        Stale: others came first, again and again.
    """
    return await until_stored(
        lambda: _charge(invoice, gateway=gateway, attempt=attempt, actor=actor, reason=reason),
        rounds=PAYMENT_ROUNDS,
    )


async def _charge(id: str, *, gateway: str, attempt: int, actor: str, reason: str) -> Payment:
    read = await steps.load(Invoice, id)
    if read is None:
        raise UnknownInvoice(id)
    customer = read.record.customer
    account = await read_account(customer)
    # Read after the account: ordered in between, this very charge would seem to be in the way.
    done = await steps.load(Payment, charged_as(customer, charge_key(id, attempt)))
    if done is not None:
        return done.record
    saved = await _method_of(customer, gateway)
    decided = payments.charge(
        next(each for each in account.owed if each.invoice.id == id),
        attempt=attempt,
        gateway=gateway,
        holder=saved.holder,
        method=saved.method,
        at=await steps.now(),
        payments=account.payments,
    )
    await _commit(
        decided,
        key=f"charge/{charge_key(id, attempt)}",
        request=asked("payment.charge", invoice=id, attempt=attempt, gateway=gateway),
        actor=actor,
        reason=reason,
        bases=account.read(decided.invoices),
    )
    return decided.payment


async def _method_of(customer: str, gateway: str) -> PaymentMethod:
    for version in await steps.find_all(PaymentMethod, party=customer):
        if version.record.gateway == gateway and version.record.method:
            return version.record
    raise NoPaymentMethod(customer, gateway)


def charge_through(gateway: str) -> Callable[[AutoCharge, datetime], Job[ChargeRequested]]:
    """Return how automatic charges are ordered: through *gateway*, to the method saved there.

    Whoever saved none is left out by the run, with `NoPaymentMethod`. See `run_auto_charges`.
    """

    async def order(charge: AutoCharge, at: datetime) -> ChargeRequested:
        saved = await _method_of(charge.customer, gateway)
        return payments.request(
            charge.customer,
            charge.amount,
            key=charge.key,
            gateway=gateway,
            holder=saved.holder,
            method=saved.method,
            at=at,
        )

    return order


async def under_way(limit: CreditLimit) -> Money:
    """Return what may still come in from the customer of *limit*, in its currency.

    That is what was asked for, and what open disputes took: won, it comes back.
    """
    found = [
        read.record.awaited
        for status in (PENDING, DISPUTED)
        for read in await steps.find_all(Payment, party=limit.customer, status=status)
    ]
    return sum_of([each for each in found if each.currency == limit.currency], limit.currency)


async def record_payment(
    customer: str,
    amount: Money,
    *,
    key: str,
    on: date,
    actor: Actor,
    reason: str,
    cash: str = "cash:bank",
    invoices: tuple[str, ...] = (),
    reference: str = "",
) -> Payment:
    """Record *amount* that *customer* paid by hand on a local day, once per *key*.

    It settles the *invoices* named, else those due first; the rest is credit. (seed 004)

    Raises:
        AccessDenied: *actor* may not write billing.
        KeyReused: another payment was recorded under *key*.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)

    async def decide() -> Payment:
        account = await read_account(customer)
        known = await steps.load(Payment, recorded_as(customer, key))
        decided = payments.record_manual(
            customer,
            amount,
            key=key,
            owed=account.owed,
            on=on,
            at=await steps.now(),
            cash=cash,
            invoices=invoices,
            reference=reference,
        )
        await _commit(
            decided,
            key=f"payment/{customer}/{key}",
            request=asked(
                "payment.record",
                customer=customer,
                amount=amount.minor,
                currency=amount.currency,
                on=on,
                cash=cash,
                invoices=" ".join(invoices),
                reference=reference,
            ),
            actor=actor.signature,
            reason=reason,
            # What is known is decided on, so that the commit replays it or names what differs.
            bases=(*(() if known is None else (known,)), *account.read(decided.invoices)),
        )
        return decided.payment if known is None else known.record

    return await until_stored(decide, rounds=PAYMENT_ROUNDS)


async def void_payment(
    payment: str,
    *,
    actor: Actor,
    reason: str,
    owners: Callable[[Payment], frozenset[str]] = owners_of,
) -> Payment:
    """Take a payment back that was recorded by hand; its invoices are open again.

    *owners* tells whose the payment is, where a host knows more, such as the academy of a class:
    its owner may void it. A second time nothing happens. (seed 003; spec: billing 2)

    Raises:
        AccessDenied: *actor* may not write billing, or only that of others.
        UnknownPayment: it is not stored.
        ThroughGateway: a gateway took it; refund it.
        IllegalTransition: it is refunded.
        Stale: others came first, again and again.
    """

    async def decide() -> Payment:
        named = await steps.load(Payment, payment)
        whose = frozenset[str]() if named is None else owners(named.record)
        require(actor, BILLING_WRITE, Resource(f"payment {payment}", whose))
        account = await read_account((await _read(payment)).record.customer)
        # Read after the account: voided in between, its invoices would seem to miss it.
        read = await _read(payment)
        decided = payments.void(read.record, owed=account.owed, reason=reason, at=await steps.now())
        if decided.changed:
            await _commit(
                decided,
                key=f"payment/{payment}/void",
                request=asked("payment.void", payment=payment),
                actor=actor.signature,
                reason=reason,
                bases=(read, *account.read(decided.invoices)),
            )
        return decided.payment

    return await until_stored(decide, rounds=PAYMENT_ROUNDS)


async def request_refund(
    payment: str,
    amount: Money,
    *,
    key: str,
    actor: Actor,
    reason: str,
    invoice: str | None = None,
    note: str | None = None,
) -> Refund:
    """Ask the gateway to give *amount* of *payment* back, once per *key*.

    Of two requests at once that would give back more than came in, one is refused. (spec:
    reliability A14)

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownPayment: it is not stored.
        OverRefunded: less is left of it.
        NotPaidBy: it pays less of *invoice*.
        NotAtGateway: it was recorded by hand.
        KeyReused: another amount, invoice or note was asked for under *key*.
        IllegalTransition: it did not come in.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)

    async def decide() -> Refund:
        read = await _read(payment)
        # Read after the payment: stored in between, this very refund would be left out of it.
        done = await steps.load(Refund, refunded_as(payment, key))
        if done is not None:
            known = done.record
            then = _refund_asked(payment, known.amount, known.invoice, known.note)
            differing = then.differing(_refund_asked(payment, amount, invoice, note))
            if differing:
                raise KeyReused(key, differing)
            return known
        customer = await steps.load(Party, read.record.customer)
        at = await steps.now()
        decided = refunds.request(
            read.record,
            amount,
            key=key,
            reason=reason,
            on=local_date(at, "UTC" if customer is None else customer.record.zone),
            at=at,
            invoice=invoice,
            note=note,
        )
        await _commit(
            decided,
            key=f"refund/{payment}/{key}",
            request=_refund_asked(payment, amount, invoice, note),
            actor=actor.signature,
            reason=reason,
            bases=(read,),
        )
        return decided.refund

    return await until_stored(decide, rounds=PAYMENT_ROUNDS)


def _refund_asked(payment: str, amount: Money, invoice: str | None, note: str | None) -> Request:
    return asked(
        "refund.request",
        payment=payment,
        amount=amount.minor,
        currency=amount.currency,
        invoice=invoice,
        note=note,
    )


async def _read(payment: str) -> Versioned[Payment]:
    read = await steps.load(Payment, payment)
    if read is None:
        raise UnknownPayment(payment)
    return read


async def _commit(
    decision: Decision,
    *,
    key: str,
    request: Request,
    actor: str,
    reason: str,
    bases: tuple[Versioned[Any], ...],
) -> None:
    await steps.commit(
        changes_of(
            decision,
            key=key,
            request=request,
            actor=actor,
            reason=reason,
            at=await steps.now(),
            expects=tuple(expect(each) for each in bases),
        )
    )
