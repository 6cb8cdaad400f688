"""Settling disputes: what the customer's bank took back, and what follows for suppliers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from ledgerkit.domain import disputes, payouts
from ledgerkit.domain.changes import Versioned
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.disputes import LOST, OPEN, WON, Dispute, Earner
from ledgerkit.domain.gateways import GatewayObject
from ledgerkit.domain.parties import PAYEE_WALLETS
from ledgerkit.domain.payments import PLATFORM_PAYS, FeePolicy, Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.transfers import PENDING, Transfer
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


@attrs.frozen(kw_only=True)
class _Suppliers:
    """What was read of suppliers.

    Attributes:
        earned: The payouts to hold or to release.
        earners: What each of them earned of a payment whose dispute is lost, and was paid.
        transfers: The transfers to them.
        cases: The cases of a loss, for a dispute that is won after all.
    """

    earned: tuple[Versioned[Payout], ...] = ()
    earners: tuple[Earner, ...] = ()
    transfers: tuple[Versioned[Transfer], ...] = ()
    cases: tuple[Versioned[Clawback], ...] = ()

    def bases(self, written: Iterable[Transfer]) -> tuple[Versioned[Any], ...]:
        """Return what a decision that stores the transfers *written* is based on.

        That is what is done with payouts and cases, and also that a transfer on its way is not
        done: it would have paid what a case is over.
        """
        ids = {transfer.id for transfer in written}
        moved = (v for v in self.transfers if v.record.id in ids or v.record.status == PENDING)
        return (*self.earned, *self.cases, *moved)


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
        day = day_of(told, account)
        dispute = disputes.of_object(told, gateway=gateway, payment=paid.record, on=day)
    else:
        dispute = read.record
    others = [
        version.record
        for status in (OPEN, LOST)
        for version in await steps.find_all(Dispute, status=status)
    ]
    suppliers = await _suppliers(dispute, told, paid.record, account, is_new=read is None)
    decided = disputes.follow(
        dispute,
        told,
        payment=paid.record,
        owed=account.owed,
        at=at,
        is_new=read is None,
        earned=[version.record for version in suppliers.earned],
        others=others,
        earners=suppliers.earners,
        cases=[version.record for version in suppliers.cases],
        fees=fees,
    )
    if decided is None:
        return settled(None, told, owner, dispute.id, read, paid, at=at)
    invoices = account.read(decided.invoices)
    bases = suppliers.bases(decided.transfers)
    return settled(decided, told, owner, dispute.id, read, paid, *invoices, *bases, at=at)


async def _suppliers(
    dispute: Dispute, told: GatewayObject, payment: Payment, account: Account, *, is_new: bool
) -> _Suppliers:
    """Read what the state *told* of *dispute* concerns suppliers."""
    status = disputes.moves_to(dispute, told)
    if status == LOST:
        return await _earners(payment, account)
    if status == WON:
        held = [await steps.load(Payout, id) for id in dispute.held]
        cases = [await steps.load(Clawback, id) for id in dispute.clawbacks]
        return _Suppliers(earned=_found(held), cases=_found(cases))
    if not is_new:
        return _Suppliers()
    unpaid = [
        version
        for status in (payouts.PENDING, payouts.ON_HOLD)
        for version in await steps.find_all(Payout, status=status)
    ]
    return _Suppliers(earned=_related(payment, account, unpaid))


def _found(read: Iterable[Versioned[Any] | None]) -> tuple[Versioned[Any], ...]:
    return tuple(version for version in read if version is not None)


def _related(
    payment: Payment, account: Account, found: Iterable[Versioned[Payout]]
) -> tuple[Versioned[Payout], ...]:
    """Return those of the payouts *found* that are for what *payment* paid."""
    found = tuple(found)
    invoices = [version.record for version in account.invoices.values()]
    ours = disputes.related(payment, invoices, [version.record for version in found])
    ids = {payout.id for payout in ours}
    return tuple(version for version in found if version.record.id in ids)


# ---- a loss ----------------------------------------------------------------------------------
async def _earners(payment: Payment, account: Account) -> _Suppliers:
    """Read who earned of what *payment* paid, and what they were paid."""
    every = await steps.find_all(Payout)
    related = _related(payment, account, every)
    charged = await _charged(payment, account)
    earners: list[Earner] = []
    transfers: list[Versioned[Transfer]] = []
    for wallet in sorted({*charged, *(version.record.wallet for version in related)}):
        role, supplier = wallet.split(":")
        # Before the cases: whoever claws a transfer back stores it anew, and this is stale.
        found = await steps.find_all(Transfer, party=supplier)
        moved = [version for version in found if version.record.role == role]
        transfers += moved
        paid = [version.record for version in every if version.record.wallet == wallet]
        earners.append(await _earner(wallet, paid, [version.record for version in moved]))
    return _Suppliers(earned=related, earners=tuple(earners), transfers=tuple(transfers))


async def _charged(payment: Payment, account: Account) -> set[str]:
    """Return the wallets of payees in the journals that charged what *payment* paid."""
    paid = {each.invoice for each in payment.assignments}
    lines = [
        line
        for id in sorted(paid & set(account.invoices))
        for line in account.invoices[id].record.lines
    ]
    found: set[str] = set()
    for id in dict.fromkeys(line.journal for line in lines if line.journal is not None):
        posted = await steps.journal(id)
        wallets = () if posted is None else (e.wallet for e in posted.journal.entries)
        found |= {wallet for wallet in wallets if wallet.startswith(PAYEE_WALLETS)}
    return found


async def _earner(wallet: str, paid: list[Payout], moved: list[Transfer]) -> Earner:
    """Read the statement and the cases of *wallet*, and what journals in it reverse."""
    role, supplier = wallet.split(":")
    entries = await steps.entries(wallet)
    reversals: dict[str, str] = {}
    for id in dict.fromkeys(e.journal for e in entries if e.kind.endswith(".reversed")):
        posted = await steps.journal(id)
        if posted is not None and posted.journal.reverses is not None:
            reversals[id] = posted.journal.reverses
    cases = await steps.find_all(Clawback, party=supplier)
    return Earner(
        supplier=supplier,
        role=role,
        entries=entries,
        reversals=reversals,
        payouts=tuple(paid),
        transfers=tuple(moved),
        cases=tuple(v.record for v in cases if v.record.role == role),
    )
