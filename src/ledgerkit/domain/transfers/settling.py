"""Settling: what a gateway tells of a transfer, in any order and any number of times.

(spec: gateways 1.4, reliability A2, A3, A10)
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import REVERSAL, GatewayObject
from ledgerkit.domain.gateways import TRANSFER as TRANSFER_KIND
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Journal, wallets_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.transfers.journals import kept, payment, returned, taken_back
from ledgerkit.domain.transfers.records import (
    DONE,
    FAILED,
    PAID_OUT,
    PENDING,
    RANKS,
    TRANSFER,
    Reversal,
    Transfer,
)

LATE_OUTCOME = "alert.late_outcome"


@attrs.frozen
class TransferDiffers(LedgerkitError):
    """A gateway tells of a transfer or its reversal what cannot be of ours."""

    transfer: str
    ours: Money
    told: Money
    code: ClassVar[str] = "transfer_differs"

    def __str__(self) -> str:
        return (
            f"transfer {self.transfer!r} is over {self.ours}; the gateway tells {self.told} of it"
        )


@attrs.frozen(kw_only=True)
class TransferSettled:
    """A transfer after what a gateway told of it.

    Attributes:
        transfer: As it is now.
        journals: What is booked for it; none where nothing moved.
        alert: Whom to tell, if what was done failed after all and no instruction of ours tells it.
        moved: Whether anything is new: what was told before, or is older, stores nothing.
    """

    transfer: Transfer
    journals: tuple[Journal, ...] = ()
    alert: tuple[Message, ...] = ()
    moved: bool = True

    @property
    def effects(self) -> Effects:
        """What to store; nothing if nothing is new."""
        if not self.moved:
            return Effects()
        entries = (entry for journal in self.journals for entry in journal.entries)
        return Effects(
            journals=self.journals,
            opens=wallets_of(entries),
            records=(self.transfer,),
            messages=self.alert,
        )


def settle(transfer: Transfer, told: GatewayObject, *, at: datetime) -> TransferSettled:
    """Take in what the gateway tells of *transfer*: payee -x, gateway +x, once it is done.

    A state counts if it is newer: pending, done, failed. What the gateway says failed stays failed;
    what we took for failed since a call was refused is done if the gateway says so later. A fee
    withheld from the payee and one that the gateway took are legs of their own.

    Raises:
        TransferDiffers: *told* is over another amount.
    """
    ours = told.kind == TRANSFER_KIND and transfer.object in (None, told.id)
    if not ours or told.amount != transfer.amount:
        raise TransferDiffers(transfer.id, transfer.amount, told.amount)
    first, known = transfer.object is None, DONE if transfer.status in PAID_OUT else transfer.status
    if not first and RANKS[told.status] <= RANKS[known]:
        return TransferSettled(transfer=transfer, moved=False)
    # What is booked with its fee is taken back with that fee.
    fee = transfer.fee if told.fee is None or known == DONE else told.fee
    seen = attrs.evolve(transfer, object=told.id, created_at=told.created, fee=fee)
    after, journals = (seen, ()) if told.status == known else _moved(seen, told, at=at)
    return TransferSettled(transfer=after, journals=journals)


_EVENTS = {PENDING: "reopen", DONE: "complete", FAILED: "fail"}


def _moved(
    transfer: Transfer, told: GatewayObject, *, at: datetime
) -> tuple[Transfer, tuple[Journal, ...]]:
    status = TRANSFER.after(transfer.status, _EVENTS[told.status])
    after = attrs.evolve(transfer, status=status, code=told.reason)
    if status == DONE:
        return after, (payment(after, at=at),)
    return after, (returned(after, at=at),) if transfer.status == DONE else ()


def refuse(transfer: Transfer, *, code: str) -> TransferSettled:
    """Take in that the gateway refused to send *transfer*: it failed, nothing moved.

    What the gateway told of the transfer itself counts for more, and stays.
    """
    if transfer.status != PENDING or transfer.object is not None:
        return TransferSettled(transfer=transfer, moved=False)
    status = TRANSFER.after(transfer.status, "fail")
    return TransferSettled(transfer=attrs.evolve(transfer, status=status, code=code))


def settle_reversal(transfer: Transfer, told: GatewayObject, *, at: datetime) -> TransferSettled:
    """Take in what the gateway tells of a reversal of *transfer*: gateway -x, supplier +x.

    One that nobody here asked for counts as well: the money did come back.

    Raises:
        TransferDiffers: *told* is over another amount than was asked, or more comes back than was
            paid.
        IllegalTransition: the transfer is not done; settle that first.
    """
    if told.kind != REVERSAL or told.amount.currency != transfer.amount.currency:
        raise TransferDiffers(transfer.id, transfer.amount, told.amount)
    transfer, before, recognised = _reversal(transfer, told)
    if before.amount != told.amount:
        raise TransferDiffers(transfer.id, before.amount, told.amount)
    first = before.object is None
    if not first and RANKS[told.status] <= RANKS[before.status]:
        return TransferSettled(transfer=transfer, moved=recognised)
    late = before.asked_for == "" and before.status == DONE  # else the instruction tells it
    now = attrs.evolve(before, object=told.id, status=told.status, code=told.reason)
    after = _with(transfer, now)
    journals: tuple[Journal, ...] = ()
    if told.status == DONE:
        journals = (taken_back(transfer, now, at=at),)
    elif told.status == FAILED and before.status == DONE:
        journals = (kept(transfer, now, at=at),)
    return TransferSettled(
        transfer=after,
        journals=journals,
        alert=_alert(transfer, told) if late else (),
    )


def refuse_reversal(transfer: Transfer, *, instruction: str, code: str) -> TransferSettled:
    """Take in that the gateway refused the reversal that *instruction* asked for."""
    asked = next((r for r in transfer.reversals if r.id == instruction), None)
    if asked is None or asked.status != PENDING or asked.object is not None:
        return TransferSettled(transfer=transfer, moved=False)
    refused = attrs.evolve(asked, status=FAILED, code=code)
    return TransferSettled(transfer=_with(transfer, refused))


def _reversal(transfer: Transfer, told: GatewayObject) -> tuple[Transfer, Reversal, bool]:
    """Return the reversal that *told* is; and whether only now it proves to be one we asked for.

    The gateway may tell of it before it tells that it carries our instruction.
    """
    same = next((r for r in transfer.reversals if r.object == told.id), None)
    waiting = (r for r in transfer.reversals if r.object is None and r.id == told.instruction)
    asked = next(waiting, None)
    if asked is None or same is None:
        new = Reversal(id=told.id, amount=told.amount)
        return transfer, asked or same or new, False
    known = attrs.evolve(asked, object=same.object, status=same.status, code=same.code)
    others = tuple(r for r in transfer.reversals if r is not same)
    reversals = tuple(known if r is asked else r for r in others)
    return attrs.evolve(transfer, reversals=reversals), known, True


def _with(transfer: Transfer, reversal: Reversal) -> Transfer:
    """Return *transfer* with *reversal* in its place, and the status that follows."""
    others = transfer.reversals
    if any(r.id == reversal.id for r in others):
        reversals = tuple(reversal if r.id == reversal.id else r for r in others)
    else:
        reversals = (*others, reversal)
    before = transfer.reversed
    done = [r.amount for r in reversals if r.status == DONE]
    total = sum_of(done, transfer.amount.currency)
    if total > transfer.amount:
        raise TransferDiffers(transfer.id, transfer.amount, total)
    status = transfer.status
    if total > before:
        whole = total == transfer.amount
        status = TRANSFER.after(status, "reverse" if whole else "reverse_part")
    elif total < before:
        status = TRANSFER.after(status, "restore_part" if total.minor else "restore")
    return attrs.evolve(transfer, reversals=reversals, status=status)


def _alert(transfer: Transfer, told: GatewayObject) -> tuple[Message, ...]:
    facts = (("transfer", transfer.id), ("object", told.id), ("now", told.status))
    id = derive("msg", LATE_OUTCOME, transfer.gateway, told.id, told.status)
    return (Message(id, LATE_OUTCOME, transfer.gateway, facts),)
