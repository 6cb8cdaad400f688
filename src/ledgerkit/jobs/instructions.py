"""Instructions by hand: what a person decides about an order that needs one, and the queue.

Each request has a key of its own and stores who decided it and why; asked again, nothing happens.
Who may do so is checked first: see `ledgerkit.domain.access`. (spec: reliability A5, A18, G4)
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, TypeAlias

import attrs

from ledgerkit.domain import instructions
from ledgerkit.domain.access import BILLING_WRITE, Actor, require
from ledgerkit.domain.changes import (
    Decision,
    Expect,
    Stale,
    Version,
    Versioned,
    changes_of,
    expect,
    request,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.instructions import ATTENTION, Attention, Instruction, Sending
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.jobs import steps
from ledgerkit.jobs.sending import SENDING, TRIES
from ledgerkit.jobs.settlement import RefuseOrder, Settle, Settlement, refusal, settlement
from ledgerkit.jobs.steps import Step

_Decided: TypeAlias = tuple["Decision | Settlement", tuple[Expect, ...]]
_Decide: TypeAlias = Callable[
    [Versioned[Instruction], datetime], Coroutine[Step[Any], Any, _Decided]
]


@attrs.frozen
class UnknownInstruction(LedgerkitError):
    """An instruction that is not stored."""

    instruction: str
    code: ClassVar[str] = "unknown_instruction"

    def __str__(self) -> str:
        return f"no instruction {self.instruction!r} is stored; take the id from the queue"


async def attention_queue(*, party: str | None = None) -> tuple[Attention, ...]:
    """Return the instructions that wait for a person, of *party* or of all, the oldest first."""
    found = await steps.find_all(Instruction, party=party, status=ATTENTION)
    return instructions.needs_attention((each.record for each in found), at=await steps.now())


async def retry_instruction(
    id: str, *, key: str, actor: Actor, note: str, policy: Sending = SENDING
) -> Instruction:
    """Set the instruction *id* going again: under a fresh key only if it is surely absent.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownInstruction: it is not stored.
        IllegalTransition: it is over, or waits already.
        Stale: others came first, again and again.
    """

    async def decide(read: Versioned[Instruction], at: datetime) -> _Decided:
        return instructions.retry(read.record, at=at, policy=policy), (expect(read),)

    return await _by_hand(id, "retry", decide, key=key, actor=actor, note=note)


async def look_up_instruction(id: str, *, key: str, actor: Actor, note: str) -> Instruction:
    """Have a worker ask the gateway at once what it made of the instruction *id*.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownInstruction: it is not stored.
        IllegalTransition: it is over, or waits to be sent.
        NeverSent: there is nothing to look up.
        Stale: others came first, again and again.
    """

    async def decide(read: Versioned[Instruction], at: datetime) -> _Decided:
        return instructions.look_up(read.record, at=at), (expect(read),)

    return await _by_hand(id, "look_up", decide, key=key, actor=actor, note=note)


async def resolve_instruction(
    id: str,
    *,
    made: str | None,
    settle: Settle = settlement,
    refuse: RefuseOrder = refusal,
    key: str,
    actor: Actor,
    note: str,
) -> Instruction:
    """Settle the instruction *id* by what a person found out at the gateway.

    *made* is the gateway's id of what was carried out; None: it came to nothing.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownInstruction: it is not stored.
        IllegalTransition: it is neither in doubt nor pending, nor needs attention.
        Stale: others came first, again and again.
    """

    async def decide(read: Versioned[Instruction], at: datetime) -> _Decided:
        if made is None:
            outcome = instructions.resolve_refused(read.record, note=note)
            settlement = await refuse(read.record, outcome, at=at)
        else:
            told = instructions.resolve_done(read.record, made=made, at=at)
            settlement = await settle(told, gateway=read.record.gateway, at=at)
        return settlement, settlement.expects

    return await _by_hand(id, "resolve", decide, key=key, actor=actor, note=note)


async def cancel_instruction(
    id: str, *, refuse: RefuseOrder = refusal, key: str, actor: Actor, note: str
) -> Instruction:
    """End the instruction *id*, of which surely nothing came; its subject learns of it.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownInstruction: it is not stored.
        IllegalTransition: it is over, or is being sent.
        MayHaveHappened: a send of it is in doubt, or the gateway made something.
        Stale: others came first, again and again.
    """

    async def decide(read: Versioned[Instruction], at: datetime) -> _Decided:
        outcome = instructions.cancel(read.record)
        settlement = await refuse(read.record, outcome, at=at)
        return settlement, settlement.expects

    return await _by_hand(id, "cancel", decide, key=key, actor=actor, note=note)


async def _by_hand(
    id: str, verb: str, decide: _Decide, *, key: str, actor: Actor, note: str
) -> Instruction:
    require(actor, BILLING_WRITE)
    again = partial(_once, id, verb, decide, key=key, actor=actor, note=note)
    for _ in range(1, TRIES):
        try:
            return await again()
        except Stale:
            continue
    return await again()


async def _once(
    id: str, verb: str, decide: _Decide, *, key: str, actor: Actor, note: str
) -> Instruction:
    full = f"instruction/{id}/{verb}/{name_of('key of a request', key)}"
    versions = await steps.history(Instruction, id)
    if (before := _stored_by(full, versions)) is not None:
        return before
    if not versions:
        raise UnknownInstruction(id)
    read = Versioned(versions[-1].record, versions[-1].version)
    at = await steps.now()
    try:
        decision, expects = await decide(read, at)
    except IllegalTransition:  # another worker may have done the same meanwhile
        if (before := _stored_by(full, await steps.history(Instruction, id))) is not None:
            return before
        raise
    await steps.commit(
        changes_of(
            decision,
            key=full,
            request=request(f"instruction.{verb}", instruction=id),
            actor=actor.signature,
            reason=note,
            at=at,
            expects=expects,
        )
    )
    stored = await steps.load(Instruction, id)
    return read.record if stored is None else stored.record


def _stored_by(key: str, versions: Iterable[Version[Instruction]]) -> Instruction | None:
    return next((version.record for version in versions if version.key == key), None)
