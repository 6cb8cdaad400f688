"""Settling transfers, what comes back of them, and bank payouts; with the payouts and clawbacks.

A transfer and its reversals are one record, so that every fact of its life is decided on the same
base. (spec: billing 10; reliability A2, A3, A16)
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from ledgerkit.domain import bank_payouts, clawbacks, payouts, transfers
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.changes import Decision, Effects, Versioned
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.gateways import GatewayLink, GatewayObject, Outcome, link_id
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.transfers import PAID_OUT, Transfer, TransferSettled
from ledgerkit.jobs import steps
from ledgerkit.jobs.settlement.reading import PARKED, Settlement, Whose, refused, settled, whose


@attrs.frozen
class _Together:
    """What is decided about a transfer and about all that depends on it, and what that was read."""

    decisions: tuple[Decision, ...]
    bases: tuple[Versioned[Any], ...] = ()

    @property
    def effects(self) -> Effects:
        effects = Effects()
        for each in self.decisions:
            effects += each.effects
        return effects


async def settle_transfer(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
    """Return what the transfer *told* does; one that nobody here asked for is parked."""
    owner = await whose(told, gateway=gateway)
    read = None if owner.record is None else await steps.load(Transfer, owner.record)
    if read is None:
        return PARKED
    moved = transfers.settle(await _paying(read.record), told, at=at)
    owner = await _with_instruction(owner, read.record.instruction)
    together = await _together(moved, read.record, at=at)
    return _settled(together, moved, told, owner, read, at=at)


async def settle_reversal(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
    """Return what the reversal *told* does; it is parked until its transfer is done."""
    owner = await whose(told, gateway=gateway)
    record = owner.record
    if record is None and told.parent is not None:
        link = await steps.load(GatewayLink, link_id(gateway, told.parent))
        record = None if link is None else link.record.record
    read = None if record is None else await steps.load(Transfer, record)
    if read is None or read.record.status not in PAID_OUT:
        return PARKED
    moved = transfers.settle_reversal(read.record, told, at=at)
    ours = (r.id for r in moved.transfer.reversals if r.object == told.id and r.asked_for)
    owner = await _with_instruction(owner, next(ours, None))
    together = await _together(moved, read.record, at=at)
    return _settled(together, moved, told, owner, read, at=at)


async def settle_payout(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
    """Return what the bank payout *told* does: books only what leaves our own balance."""
    owner = await whose(told, gateway=gateway)
    id = bank_payouts.payout_id(gateway, told.id)
    read = await steps.load(BankPayout, id)
    account = await steps.load(ConnectedAccount, link_id(gateway, told.account or "none"))
    moved = bank_payouts.settle(
        None if read is None else read.record,
        told,
        gateway=gateway,
        supplier=None if account is None else account.record.supplier,
        at=at,
    )
    return settled(moved if moved.moved else None, told, owner, id, read, at=at)


async def refuse_payout(instruction: Instruction, outcome: Outcome, *, at: datetime) -> Settlement:
    """Return what a refused bank payout does: one that the gateway made and that failed is kept.

    Else what is told later of the time before it failed would be the first that is known of it.
    """
    if outcome.object is None:
        return await refused(instruction, outcome, None, at=at)
    told = attrs.evolve(outcome.object, instruction=instruction.id)
    return await settle_payout(told, gateway=instruction.gateway, at=at)


async def refuse_transfer(
    instruction: Instruction, outcome: Outcome, *, at: datetime
) -> Settlement:
    """Return what a refused transfer does: it failed, and so did the payout that it pays."""
    read = await steps.load(Transfer, instruction.subject)
    if read is None:
        return await refused(instruction, outcome, None, at=at)
    moved = transfers.refuse(read.record, code=outcome.code)
    together = await _together(moved, read.record, at=at)
    return await refused(instruction, outcome, together, read, *together.bases, at=at)


async def refuse_reversal(
    instruction: Instruction, outcome: Outcome, *, at: datetime
) -> Settlement:
    """Return what a refused reversal does: the next payouts bear its clawback, or it fails."""
    read = await steps.load(Transfer, instruction.subject)
    if read is None:
        return await refused(instruction, outcome, None, at=at)
    moved = transfers.refuse_reversal(read.record, instruction=instruction.id, code=outcome.code)
    together = await _together(moved, read.record, at=at)
    return await refused(instruction, outcome, together, read, *together.bases, at=at)


def _settled(
    together: _Together,
    moved: TransferSettled,
    told: GatewayObject,
    owner: Whose,
    read: Versioned[Transfer],
    *,
    at: datetime,
) -> Settlement:
    decision = together if moved.moved else None
    return settled(decision, told, owner, read.record.id, read, *together.bases, at=at)


async def _with_instruction(owner: Whose, instruction: str | None) -> Whose:
    """Return *owner* with the instruction that its object was made of, also where it tells none."""
    if owner.instruction is not None or instruction is None:
        return owner
    return attrs.evolve(owner, instruction=await steps.load(Instruction, instruction))


async def _together(moved: TransferSettled, before: Transfer, *, at: datetime) -> _Together:
    """Return *moved* with what follows from it: the payout, an instant payout, the clawbacks."""
    if not moved.moved:
        return _Together(())
    transfer = moved.transfer
    together = _Together((moved,))
    if transfer.of_payout:
        together = await _with_payout(together, transfer)
    if transfer.at_once and transfer.status in PAID_OUT and before.status not in PAID_OUT:
        asked = bank_payouts.ask(
            transfer.amount,
            account=transfer.account,
            gateway=transfer.gateway,
            subject=transfer.id,
            party=transfer.supplier,
            at=at,
            at_once=True,
        )
        together = attrs.evolve(together, decisions=(*together.decisions, asked))
    for id in dict.fromkeys(r.asked_for for r in transfer.reversals if r.asked_for):
        together = await _with_clawback(together, transfer, id)
    return together


async def _paying(transfer: Transfer) -> Transfer:
    """Return *transfer* as its payout, which may have another one by now, leaves it."""
    read = await steps.load(Payout, transfer.pays) if transfer.of_payout else None
    return transfer if read is None else payouts.settled_with(read.record, transfer)


async def _with_payout(together: _Together, transfer: Transfer) -> _Together:
    read = await steps.load(Payout, transfer.pays)
    changed = None if read is None else payouts.follow(read.record, transfer)
    if read is None or changed is None:
        return together
    return _Together((*together.decisions, changed), (*together.bases, read))


async def _with_clawback(together: _Together, transfer: Transfer, id: str) -> _Together:
    read = await steps.load(Clawback, id)
    if read is None:  # asked for by something else
        return together
    ids = [share.transfer for share in read.record.shares if share.transfer != transfer.id]
    others = [other for each in ids if (other := await steps.load(Transfer, each)) is not None]
    # The others too: two that are told at once would each take the other to be on its way.
    bases = (*together.bases, *others)
    changed = clawbacks.follow(read.record, [transfer, *(other.record for other in others)])
    if changed is None:
        return _Together(together.decisions, bases)
    return _Together((*together.decisions, changed), (*bases, read))
