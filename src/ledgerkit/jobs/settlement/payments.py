"""Settling charges: what came in, from whom and what for."""

from __future__ import annotations

from datetime import datetime

from ledgerkit.domain import payments
from ledgerkit.domain.changes import Versioned
from ledgerkit.domain.gateways import DONE, GatewayObject, Outcome
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.payments import CUSTOMER_NOTE, PLATFORM_PAYS, FeePolicy, Payment
from ledgerkit.jobs import steps
from ledgerkit.jobs.settlement.reading import (
    PARKED,
    Settlement,
    Whose,
    day_of,
    read_account,
    refused,
    settled,
    whose,
)


async def settle_charge(
    told: GatewayObject, *, gateway: str, at: datetime, fees: FeePolicy = PLATFORM_PAYS
) -> Settlement:
    """Return what the charge *told* does: to the payment that ordered it, or to a new one.

    A charge that we did not order is a payment of the customer whom its metadata name, such as one
    on the gateway's own page; one that names nobody is parked.
    """
    owner = await whose(told, gateway=gateway)
    found = await _payment(told, owner, gateway=gateway)
    if found is None:
        return PARKED
    payment, read = found
    account = await read_account(payment.customer)
    decided = payments.follow(
        payment, told, owed=account.owed, on=day_of(told, account), at=at, fees=fees
    )
    invoices = () if decided is None else account.read(decided.invoices)
    return settled(decided, told, owner, payment.id, read, *invoices, at=at)


async def _payment(
    told: GatewayObject, owner: Whose, *, gateway: str
) -> tuple[Payment, Versioned[Payment] | None] | None:
    """Return the payment that *told* is, and as what it is stored, if it is; None: unknown."""
    read = None if owner.record is None else await steps.load(Payment, owner.record)
    if read is None:
        customer, invoices = told.noted(CUSTOMER_NOTE), payments.invoices_noted(told)
    elif _is_second(read.record, told):
        customer, invoices = read.record.customer, ()
    else:
        return read.record, read
    if not customer:
        return None
    fresh = payments.of_object(told, gateway=gateway, customer=customer, invoices=invoices)
    stored = await steps.load(Payment, fresh.id)
    return (fresh, None) if stored is None else (stored.record, stored)


def _is_second(payment: Payment, told: GatewayObject) -> bool:
    """Whether *payment* came in by another charge, and *told* is money on top: credit."""
    return payment.is_taken and payment.object != told.id and told.status == DONE


async def refuse_charge(instruction: Instruction, outcome: Outcome, *, at: datetime) -> Settlement:
    """Return what a refused order to charge does: the payment fails; what came in stays."""
    read = await steps.load(Payment, instruction.subject)
    decided = None if read is None else payments.refused(read.record, reason=outcome.code)
    return await refused(instruction, outcome, decided, read, at=at)
