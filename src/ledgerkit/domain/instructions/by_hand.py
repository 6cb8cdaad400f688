"""By hand: what a person decides about an instruction, and the queue of those that need one.

Nothing here weakens the rules of sending: a fresh key is taken only when the order is surely
absent, and only what surely did not happen is cancelled. (spec: reliability A5, A7, A18)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

import attrs

from ledgerkit.domain import gateways
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import (
    GatewayObject,
    Outcome,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.instructions.answers import WITHDRAWN, Moved, is_surely_absent, renewed
from ledgerkit.domain.instructions.records import (
    ATTENTION,
    INSTRUCTION,
    PENDING,
    UNKNOWN,
    Instruction,
    wake,
)
from ledgerkit.domain.instructions.sending import Sending
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money

BY_HAND = "by_hand"
_RESOLVED_FROM = (UNKNOWN, PENDING, ATTENTION)


@attrs.frozen
class MayHaveHappened(LedgerkitError):
    """An order that may have had an effect cannot be cancelled."""

    instruction: str
    status: str
    attempts: int
    code: ClassVar[str] = "may_have_happened"

    def __str__(self) -> str:
        return (
            f"instruction {self.instruction!r} is {self.status} and was sent {self.attempts} "
            "times; look it up and resolve it, only what surely did not happen is cancelled"
        )


@attrs.frozen
class NeverSent(LedgerkitError):
    """An order that was never sent cannot be looked up."""

    instruction: str
    status: str
    code: ClassVar[str] = "never_sent"

    def __str__(self) -> str:
        return (
            f"instruction {self.instruction!r} is {self.status} and was never sent; retry or "
            "cancel it, there is nothing to look up"
        )


def retry(instruction: Instruction, *, at: datetime, policy: Sending) -> Moved:
    """Set *instruction* going again: under a fresh key if it is surely absent, else the same.

    In doubt it is looked up first. A worker is woken.

    Raises:
        IllegalTransition: it is over, or waits already.
    """
    if not is_surely_absent(instruction, policy=policy):
        return look_up(instruction, at=at)
    return _woken(renewed(instruction), at)


def look_up(instruction: Instruction, *, at: datetime) -> Moved:
    """Have a worker ask the gateway at once what it made of *instruction*.

    Raises:
        IllegalTransition: it is over, or waits to be sent.
        NeverSent: it was never sent under its key.
    """
    status = INSTRUCTION.after(instruction.status, "look_up")
    if instruction.last_sent_at is None and instruction.object is None:
        raise NeverSent(instruction.id, instruction.status)
    if instruction.object is not None:
        status = PENDING  # the gateway has it
    return _woken(attrs.evolve(instruction, status=status, doubtful=status == UNKNOWN), at)


def _woken(instruction: Instruction, at: datetime) -> Moved:
    woken = attrs.evolve(instruction, wakings=instruction.wakings + 1, woken_at=at)
    return Moved(instruction=woken, messages=(wake(woken),))


def cancel(instruction: Instruction) -> Outcome:
    """Return the outcome that ends *instruction* before anything happened; settle it as a refusal.

    Raises:
        IllegalTransition: it is over, or is being sent.
        MayHaveHappened: a send of it is in doubt, or the gateway made something.
    """
    INSTRUCTION.after(instruction.status, "cancel")
    if instruction.doubtful or instruction.object is not None:
        raise MayHaveHappened(instruction.id, instruction.status, instruction.attempts)
    return Outcome(status=gateways.REFUSED, code=WITHDRAWN)


def resolve_refused(instruction: Instruction, *, note: str) -> Outcome:
    """Return the outcome that a person found out: nothing came of it; settle it as a refusal.

    Raises:
        IllegalTransition: it is neither in doubt nor pending, nor needs attention.
    """
    _resolvable(instruction)
    return Outcome(
        status=gateways.REFUSED, code=BY_HAND, detail=name_of("note of a resolution", note)
    )


def resolve_done(instruction: Instruction, *, made: str, at: datetime) -> GatewayObject:
    """Return the object that a person found at the gateway, as it is settled.

    *made* is the gateway's id of it.

    Raises:
        IllegalTransition: it is neither in doubt nor pending, nor needs attention.
    """
    _resolvable(instruction)
    order = instruction.order
    parent, account = None, ""
    if isinstance(order, RefundOrder):
        parent = order.charge
    elif isinstance(order, ReversalOrder):
        parent = order.transfer
    elif isinstance(order, TransferOrder | PayoutOrder):
        account = order.account
    return GatewayObject(
        kind=order.kind,
        id=made,
        status=gateways.DONE,
        amount=order.amount,
        created=at,
        parent=parent,
        account=account,
        instruction=instruction.id,
    )


def _resolvable(instruction: Instruction) -> None:
    if instruction.status not in _RESOLVED_FROM:
        raise IllegalTransition(INSTRUCTION.name, instruction.status, "resolve", _RESOLVED_FROM)


@attrs.frozen(kw_only=True)
class Attention:
    """An instruction that waits for a person.

    Attributes:
        instruction: Its id.
        gateway: The name of the gateway.
        subject: The record of ours that it carries out.
        party: The customer or supplier.
        amount: How much is at stake.
        reason: Why, as a code of ours or the gateway's.
        detail: A sentence of it, or "".
        age: How long ago it was asked for.
        doubtful: Whether something may have happened at the gateway.
    """

    instruction: str
    gateway: str
    subject: str
    party: str
    amount: Money
    reason: str
    detail: str
    age: timedelta
    doubtful: bool


def needs_attention(instructions: Iterable[Instruction], *, at: datetime) -> tuple[Attention, ...]:
    """Return the queue of those that wait for a person, the oldest first."""
    queue = [each for each in instructions if each.status == ATTENTION]
    return tuple(
        Attention(
            instruction=each.id,
            gateway=each.gateway,
            subject=each.subject,
            party=each.party,
            amount=each.order.amount,
            reason=each.code,
            detail=each.detail,
            age=at - each.asked_at,
            doubtful=each.doubtful or each.object is not None,
        )
        for each in sorted(queue, key=lambda each: (each.asked_at, each.id))
    )
