"""Settling disputes: what the customer's bank took back, and the payouts that wait for it."""

from __future__ import annotations

from datetime import datetime

from ledgerkit.domain import disputes, payouts
from ledgerkit.domain.changes import Versioned
from ledgerkit.domain.disputes import LOST, OPEN, Dispute
from ledgerkit.domain.gateways import GatewayObject
from ledgerkit.domain.payments import PLATFORM_PAYS, FeePolicy, Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.jobs import steps
from ledgerkit.jobs.settlement.reading import (
    PARKED,
    Account,
    Settlement,
    day_of,
    payment_of,
    read_account,
    settled,
    whose,
)


async def settle_dispute(
    told: GatewayObject, *, gateway: str, at: datetime, fees: FeePolicy = PLATFORM_PAYS
) -> Settlement:
    """Return what the dispute *told* does; it is parked until its payment came in."""
    owner = await whose(told, gateway=gateway)
    read = None if owner.record is None else await steps.load(Dispute, owner.record)
    if read is None:
        paid = await payment_of(told, gateway=gateway)
    else:
        paid = await steps.load(Payment, read.record.payment)
    if paid is None:
        return PARKED
    account = await read_account(paid.record.customer)
    if read is None:
        dispute = disputes.of_object(
            told, gateway=gateway, payment=paid.record, on=day_of(told, account)
        )
        earned = await _related(paid.record, account)
    else:
        dispute = read.record
        earned = await _held(dispute)
    others = [
        version.record
        for status in (OPEN, LOST)
        for version in await steps.find_all(Dispute, status=status)
    ]
    decided = disputes.follow(
        dispute,
        told,
        payment=paid.record,
        owed=account.owed,
        at=at,
        is_new=read is None,
        earned=[version.record for version in earned],
        others=others,
        fees=fees,
    )
    if decided is None:
        return settled(None, told, owner, dispute.id, read, paid, at=at)
    written = {payout.id for payout in decided.payouts}
    bases = [version for version in earned if version.record.id in written]
    invoices = account.read(decided.invoices)
    return settled(decided, told, owner, dispute.id, read, paid, *invoices, *bases, at=at)


async def _related(payment: Payment, account: Account) -> tuple[Versioned[Payout], ...]:
    """Return the unpaid payouts for what *payment* paid."""
    unpaid = [
        version
        for status in (payouts.PENDING, payouts.ON_HOLD)
        for version in await steps.find_all(Payout, status=status)
    ]
    invoices = [version.record for version in account.invoices.values()]
    found = disputes.related(payment, invoices, [version.record for version in unpaid])
    ids = {payout.id for payout in found}
    return tuple(version for version in unpaid if version.record.id in ids)


async def _held(dispute: Dispute) -> tuple[Versioned[Payout], ...]:
    """Return the payouts that are on hold for *dispute*."""
    read = [await steps.load(Payout, id) for id in dispute.held]
    return tuple(version for version in read if version is not None)
