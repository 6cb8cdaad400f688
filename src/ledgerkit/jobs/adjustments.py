"""Adjustments: correct what was done in a completion, approve or reject that; or only see it.

Who may do so is checked first: see `ledgerkit.domain.access`. (seed 002; spec: billing 11)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import attrs

from ledgerkit.domain.access import (
    BILLING_APPROVE,
    BILLING_READ,
    BILLING_WRITE,
    Actor,
    require,
)
from ledgerkit.domain.adjustments import (
    APPLIED,
    FOUR_EYES_ABOVE_50,
    REJECTED,
    Adjusted,
    Adjustment,
    Approval,
    adjust,
    adjustment_id,
    apply,
    approve,
    reject,
)
from ledgerkit.domain.changes import Expect, Request, Versioned, changes_of, expect, request
from ledgerkit.domain.completions import Completion, WorkQuantity, written
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.jobs import steps
from ledgerkit.jobs.completion_facts import posted, read_card
from ledgerkit.jobs.completions import Beside, check_asked, nothing_beside
from ledgerkit.jobs.rounds import until_stored


@attrs.frozen
class UnknownCompletion(LedgerkitError):
    """A completion that is not stored."""

    completion: str
    code: ClassVar[str] = "unknown_completion"

    def __str__(self) -> str:
        return f"no completion {self.completion!r} is stored; complete the work first"


@attrs.frozen
class UnknownAdjustment(LedgerkitError):
    """An adjustment that is not stored."""

    adjustment: str
    code: ClassVar[str] = "unknown_adjustment"

    def __str__(self) -> str:
        return f"no adjustment {self.adjustment!r} is stored; ask for it first"


async def preview_adjustment(
    completion: str,
    quantities: tuple[WorkQuantity, ...],
    *,
    key: str,
    actor: Actor,
    reason: str,
    approval: Approval = FOUR_EYES_ABOVE_50,
    forced_by: str | None = None,
) -> Adjusted:
    """Return what `adjust_completion` would decide, and store nothing; raises as it does.

    Raises:
        AccessDenied: *actor* may not read all of billing.
    """
    require(actor, BILLING_READ)
    read = await _read_completion(completion)
    decide = partial(
        adjust,
        quantities=quantities,
        key=key,
        by=actor.real_id,
        reason=reason,
        approval=approval,
        forced_by=forced_by,
    )
    adjusted, _ = await _adjusted(read, decide)
    return adjusted


async def adjust_completion(
    completion: str,
    quantities: tuple[WorkQuantity, ...],
    *,
    key: str,
    actor: Actor,
    reason: str,
    approval: Approval = FOUR_EYES_ABOVE_50,
    forced_by: str | None = None,
    beside: Beside[Adjusted] = nothing_beside,
) -> Adjusted:
    """Tell *quantities* of a stored *completion* anew: applied at once, or pending approval.

    *key* names the request; asked again, nothing is stored and the adjustment is returned as it
    stands by now. What *beside* decides is stored in the same commit.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownCompletion: it is not stored.
        KeyReused: other quantities were asked for under *key*.
        NothingToAdjust: it has these quantities.
        NoRate, NotCounted, SupplierNeeded: see `complete`.
        Stale: others adjusted it again and again meanwhile.
        LedgerkitError: the books refuse it.
    """
    require(actor, BILLING_WRITE)
    decide = partial(
        adjust,
        quantities=quantities,
        key=key,
        by=actor.real_id,
        reason=reason,
        approval=approval,
        forced_by=forced_by,
    )
    asked = request("completion.adjust", completion=completion, quantities=written(quantities))
    once = partial(_adjust_once, completion, key, asked, decide, beside)
    return await until_stored(partial(once, signature=actor.signature))


async def _adjust_once(
    completion: str,
    key: str,
    asked: Request,
    decide: Callable[..., Adjusted],
    beside: Beside[Adjusted],
    *,
    signature: str,
) -> Adjusted:
    read = await _read_completion(completion)
    id = adjustment_id(read.record, key)
    known = await steps.load(Adjustment, id)
    if known is not None:
        after = written(known.record.after)
        then = request(asked.verb, completion=completion, quantities=after)
        check_asked(_key(id, "ask"), then, asked)
        return await _as_stored(known.record)
    adjusted, expects = await _adjusted(read, decide)
    changes = changes_of(
        adjusted,
        *beside(adjusted),
        key=_key(id, "ask"),
        request=asked,
        actor=signature,
        reason=adjusted.adjustment.reason,
        at=adjusted.adjustment.requested_at,
        expects=expects,
    )
    replayed = (await steps.commit(changes)).replayed
    return await _as_stored((await _read_adjustment(id)).record) if replayed else adjusted


async def _adjusted(
    read: Versioned[Completion], decide: Callable[..., Adjusted]
) -> tuple[Adjusted, tuple[Expect, ...]]:
    rates = await read_card(read.record.card)
    adjusted = decide(read.record, card=rates.record, at=await steps.now())
    return adjusted, (expect(read), expect(rates))


async def approve_adjustment(
    id: str,
    *,
    actor: Actor,
    reason: str,
    approval: Approval = FOUR_EYES_ABOVE_50,
    forced_by: str | None = None,
    beside: Beside[Adjusted] = nothing_beside,
) -> Adjusted:
    """Approve an adjustment that waits and apply it, in one commit; *actor* is who approves.

    Asked again by the same person, nothing is stored and the adjustment returned.

    Raises:
        AccessDenied: *actor* may not approve in billing.
        UnknownAdjustment: it is not stored.
        IllegalTransition: it does not wait for approval.
        ApproverIsRequester: who really acts asked for it.
        Superseded: its completion was adjusted since; ask anew, and reject this one.
        Stale: others came first, again and again.
        LedgerkitError: the books refuse it.
    """
    require(actor, BILLING_APPROVE)
    once = partial(_approve_once, id, approval, forced_by, beside)
    return await until_stored(partial(once, actor=actor, reason=reason))


async def _approve_once(
    id: str,
    approval: Approval,
    forced_by: str | None,
    beside: Beside[Adjusted],
    *,
    actor: Actor,
    reason: str,
) -> Adjusted:
    named = await _read_adjustment(id)
    completion = await _read_completion(named.record.completion)
    # Read after its completion: else it would seem superseded by itself, applied in between.
    read = await _read_adjustment(id)
    if (read.record.status, read.record.approved_by) == (APPLIED, actor.real_id):
        return await _as_stored(read.record)
    at = await steps.now()
    approved = approve(read.record, completion.record, by=actor.real_id, approval=approval)
    applied = apply(
        approved.adjustment, completion.record, at=at, approval=approval, forced_by=forced_by
    )
    changes = changes_of(
        applied,
        *beside(applied),
        key=_key(id, "approve"),
        request=request("adjustment.approve", adjustment=id, by=actor.real_id),
        actor=actor.signature,
        reason=reason,
        at=at,
        expects=(expect(read), expect(completion)),
    )
    replayed = (await steps.commit(changes)).replayed
    return await _as_stored((await _read_adjustment(id)).record) if replayed else applied


async def reject_adjustment(id: str, *, actor: Actor, reason: str) -> Adjusted:
    """Turn down an adjustment that waits; *actor* and *reason* stand in its history.

    Where it was turned down already, nothing is stored and it is returned.

    Raises:
        AccessDenied: *actor* may not approve in billing.
        UnknownAdjustment: it is not stored.
        IllegalTransition: it does not wait for approval.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_APPROVE)
    return await until_stored(partial(_reject_once, id, actor.signature, reason))


async def _reject_once(id: str, signature: str, reason: str) -> Adjusted:
    read = await _read_adjustment(id)
    if read.record.status == REJECTED:
        return Adjusted(read.record)
    rejected = reject(read.record)
    await steps.commit(
        changes_of(
            rejected,
            key=_key(id, "reject"),
            request=request("adjustment.reject", adjustment=id),
            actor=signature,
            reason=reason,
            at=await steps.now(),
            expects=(expect(read),),
        )
    )
    return rejected


async def _read_completion(id: str) -> Versioned[Completion]:
    read = await steps.load(Completion, id)
    if read is None:
        raise UnknownCompletion(id)
    return read


async def _read_adjustment(id: str) -> Versioned[Adjustment]:
    read = await steps.load(Adjustment, id)
    if read is None:
        raise UnknownAdjustment(id)
    return read


async def _as_stored(adjustment: Adjustment) -> Adjusted:
    """Return *adjustment* with the completion as it left it, if it was applied."""
    if adjustment.status != APPLIED:
        return Adjusted(adjustment)
    versions = await steps.history(Completion, adjustment.completion)
    made = next(v.record for v in versions if v.record.part > adjustment.base)
    return Adjusted(adjustment, made, await posted(adjustment.journal))


def _key(adjustment: str, verb: str) -> str:
    return f"adjustment/{adjustment}/{verb}"
