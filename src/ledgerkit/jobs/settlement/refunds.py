"""Settling refunds: ours, and those that somebody made in the gateway's dashboard."""

from __future__ import annotations

from datetime import datetime

from ledgerkit.domain import refunds
from ledgerkit.domain.gateways import GatewayObject, Outcome
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.refunds import Refund
from ledgerkit.jobs import steps
from ledgerkit.jobs.settlement.reading import (
    PARKED,
    Settlement,
    day_of,
    payment_of,
    read_account,
    refused,
    settled,
    whose,
)


async def settle_refund(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
    """Return what the refund *told* does; it is parked until its payment came in."""
    owner = await whose(told, gateway=gateway)
    read = None if owner.record is None else await steps.load(Refund, owner.record)
    if read is not None and read.record.object not in (None, told.id):
        read = None  # the gateway made a second one of the order: a refund of its own
    if read is None:
        paid = await payment_of(told, gateway=gateway)
    else:
        paid = await steps.load(Payment, read.record.payment)
    if paid is None:
        return PARKED
    account = await read_account(paid.record.customer)
    fresh = refunds.of_object(told, gateway=gateway, payment=paid.record, on=day_of(told, account))
    if read is None:
        read = await steps.load(Refund, fresh.id)
    refund = fresh if read is None else read.record
    decided = refunds.follow(refund, told, payment=paid.record, owed=account.owed, at=at)
    invoices = () if decided is None else account.read(decided.invoices)
    return settled(decided, told, owner, refund.id, read, paid, *invoices, at=at)


async def refuse_refund(instruction: Instruction, outcome: Outcome, *, at: datetime) -> Settlement:
    """Return what a refused order to refund does: the refund fails and its money is free again."""
    read = await steps.load(Refund, instruction.subject)
    if read is None:
        return await refused(instruction, outcome, None, at=at)
    paid = await steps.load(Payment, read.record.payment)
    if paid is None:
        return await refused(instruction, outcome, None, at=at)
    account = await read_account(read.record.customer)
    decided = refunds.refused(
        read.record,
        payment=paid.record,
        reason=outcome.code,
        owed=account.owed,
        at=at,
        told=outcome.object,
    )
    return await refused(instruction, outcome, decided, read, paid, at=at)
