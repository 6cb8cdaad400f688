"""Clawbacks: what people ask for, approve and carry out; a worker sends what that instructs.

Who may do so is checked first: see `ledgerkit.domain.access`. (seed 002: approval queue, execute
clawback, settle adjustment; spec: billing 10, 11)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import attrs

from ledgerkit.domain import clawbacks
from ledgerkit.domain.access import BILLING_APPROVE, BILLING_WRITE, Actor, require
from ledgerkit.domain.changes import (
    Decision,
    Effects,
    KeyReused,
    Request,
    Versioned,
    changes_of,
    expect,
    request,
)
from ledgerkit.domain.clawbacks import (
    EXECUTING,
    FUTURE_PAYOUT_OFFSET,
    OVERPAYMENT,
    SETTLED,
    WINDOW,
    Clawback,
    ClawbackChanged,
    Eligibility,
    Window,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import SUPPLIER
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs import steps
from ledgerkit.jobs.rounds import until_stored

T = TypeVar("T")


@attrs.frozen
class UnknownClawback(LedgerkitError):
    """A clawback that is not stored."""

    clawback: str
    code: ClassVar[str] = "unknown_clawback"

    def __str__(self) -> str:
        return f"no clawback {self.clawback!r} is stored; propose it first"


@attrs.frozen
class UnknownTransfer(LedgerkitError):
    """A transfer that is not stored, or is another payee's."""

    transfer: str
    supplier: str
    role: str = SUPPLIER
    code: ClassVar[str] = "unknown_transfer"

    def __str__(self) -> str:
        return f"{self.role} {self.supplier!r} has no transfer {self.transfer!r}"


async def request_clawback(
    amount: Money,
    *,
    supplier: str,
    cause: str,
    reason: str,
    actor: Actor,
    on_wallet: bool,
    transfers: tuple[str, ...] = (),
    method: str = FUTURE_PAYOUT_OFFSET,
    side: str = OVERPAYMENT,
    part: str = "",
    role: str = SUPPLIER,
) -> Clawback:
    """Propose to claw *amount* back from *supplier*, once per *cause* and *part*.

    *transfers* are the ids of those that paid it in that *role*; see `clawbacks.propose`.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownTransfer, OverClawback: they did not pay it, or not that much that is left.
        KeyReused: another amount, or the other side, was asked for.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)
    id = clawbacks.clawback_id(supplier, cause, amount.currency, part, role=role)

    async def decide() -> Clawback:
        read = [await _transfer(each, supplier, role) for each in transfers]
        before = await steps.find_all(Clawback, party=supplier)
        known = await steps.load(Clawback, id)  # last, else it could count among the others
        if known is not None:
            return _same(known.record, amount, side)
        decided = clawbacks.propose(
            amount,
            supplier=supplier,
            cause=cause,
            reason=reason,
            by=actor.real_id,
            at=await steps.now(),
            on_wallet=on_wallet,
            method=method,
            side=side,
            transfers=[version.record for version in read],
            earlier=[version.record for version in before],
            part=part,
            role=role,
        )
        await _commit(
            _Beside(decided, tuple(version.record for version in read)),
            key=f"clawback/{id}/propose",
            asked=_about(id, amount, side),
            actor=actor.signature,
            reason=reason,
            at=decided.clawback.opened_at,
            bases=tuple(read),
        )
        return decided.clawback

    return await until_stored(decide)


def _same(known: Clawback, amount: Money, side: str) -> Clawback:
    # Method and wallet move with the case, so that only what it is about tells requests apart.
    then, now = _about(known.id, known.amount, known.side), _about(known.id, amount, side)
    differing = then.differing(now)
    if differing:
        raise KeyReused(known.id, differing)
    return known


def _about(id: str, amount: Money, side: str) -> Request:
    return request("clawback.propose", clawback=id, amount=amount.minor, side=side)


async def approve_clawback(
    clawback: str, *, actor: Actor, reason: str, four_eyes: bool = True
) -> Clawback:
    """Approve a case; with *four_eyes* neither who proposed it nor who chose its method may.

    Asked again by the same person, and nothing befell the case since, nothing is stored.

    Raises:
        AccessDenied: *actor* may not approve in billing.
        UnknownClawback: it is not stored.
        ApproverIsRequester: who really acts proposed it or chose its method.
        IllegalTransition: it does not wait for approval.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_APPROVE)

    def move(case: Clawback) -> ClawbackChanged:
        return clawbacks.approve(case, by=actor.real_id, four_eyes=four_eyes)

    return await _move(clawback, "approve", move, actor=actor, reason=reason)


async def reject_clawback(clawback: str, *, actor: Actor, reason: str) -> Clawback:
    """Turn a case down; asked again as `approve_clawback` is.

    Raises:
        AccessDenied: *actor* may not approve in billing.
        UnknownClawback: it is not stored.
        IllegalTransition: it does not wait for approval.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_APPROVE)
    return await _move(clawback, "reject", clawbacks.reject, actor=actor, reason=reason)


async def choose_method(clawback: str, method: str, *, actor: Actor, reason: str) -> Clawback:
    """Propose another *method* for a case that is not carried out, or could not be.

    Asked again by the same person, and nothing befell the case since, nothing is stored.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownClawback: it is not stored.
        IllegalTransition: it is being carried out, or is over.
        ValueError: the method does not fit the case.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)

    def move(case: Clawback) -> ClawbackChanged:
        return clawbacks.choose(case, method, by=actor.real_id)

    return await _move(clawback, f"choose_{method}", move, actor=actor, reason=reason)


async def execute_clawback(
    clawback: str,
    *,
    actor: Actor,
    reason: str,
    window: Window = WINDOW,
    reference: str = "",
    cash: str = "cash:bank",
) -> Clawback:
    """Carry an approved case out by its method; one that is carried out already is returned.

    A reversal is sent by a worker, before its window closes or not at all.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownClawback: it is not stored.
        ClawbackWindowClosed, CheckReferenceNeeded, OverReversed: see `clawbacks.execute`.
        IllegalTransition: it is not approved.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)

    async def decide() -> Clawback:
        named = (await _read(clawback)).record
        moved = [
            await _transfer(share.transfer, named.supplier, named.role) for share in named.shares
        ]
        # Read after the transfers: carried out in between, nothing would seem left of them.
        read = await _read(clawback)
        case = read.record
        if case.status in (EXECUTING, SETTLED):
            return case
        at = await steps.now()
        executed = clawbacks.execute(
            case,
            at=at,
            transfers=[version.record for version in moved],
            window=window,
            reference=reference,
            cash=cash,
        )
        await _commit(
            executed,
            key=f"clawback/{clawback}/execute/{read.version}",
            asked=request("clawback.execute", clawback=clawback, method=case.method),
            actor=actor.signature,
            reason=reason,
            at=at,
            bases=(read, *moved),
        )
        return executed.clawback

    return await until_stored(decide)


async def clawback_eligibility(
    *, supplier: str, window: Window = WINDOW, role: str = SUPPLIER
) -> tuple[Eligibility, ...]:
    """Return what can be clawed back now of each transfer to *supplier* in *role*, and how."""
    at = await steps.now()
    moved = await steps.find_all(Transfer, party=supplier)
    cases = [version.record for version in await steps.find_all(Clawback, party=supplier)]
    return tuple(
        clawbacks.eligibility(version.record, at=at, window=window, earlier=cases)
        for version in moved
        if version.record.role == role
    )


# ---- reading, deciding and committing --------------------------------------------------------
@attrs.frozen
class _Beside:
    """A case, and its transfers, stored anew: else two cases at once could exceed them."""

    decision: Decision
    records: tuple[Transfer, ...]

    @property
    def effects(self) -> Effects:
        return self.decision.effects + Effects(records=self.records)


async def _read(id: str) -> Versioned[Clawback]:
    read = await steps.load(Clawback, id)
    if read is None:
        raise UnknownClawback(id)
    return read


async def _transfer(id: str, supplier: str, role: str) -> Versioned[Transfer]:
    read = await steps.load(Transfer, id)
    if read is None or (read.record.supplier, read.record.role) != (supplier, role):
        raise UnknownTransfer(id, supplier, role)
    return read


async def _move(
    id: str,
    verb: str,
    move: Callable[[Clawback], ClawbackChanged],
    *,
    actor: Actor,
    reason: str,
) -> Clawback:
    async def decide() -> Clawback:
        versions = await steps.history(Clawback, id)
        if not versions:
            raise UnknownClawback(id)
        last = versions[-1]
        if last.key.startswith(f"clawback/{id}/{verb}/") and last.actor == actor.signature:
            return last.record
        changed = move(last.record)
        await _commit(
            changed,
            key=f"clawback/{id}/{verb}/{last.version}",
            asked=request(f"clawback.{verb}", clawback=id),
            actor=actor.signature,
            reason=reason,
            at=await steps.now(),
            bases=(Versioned(last.record, last.version),),
        )
        return changed.clawback

    return await until_stored(decide)


async def _commit(
    decision: Decision,
    *,
    key: str,
    asked: Request,
    actor: str,
    reason: str,
    at: datetime,
    bases: tuple[Versioned[Any], ...],
) -> None:
    await steps.commit(
        changes_of(
            decision,
            key=key,
            request=asked,
            actor=actor,
            reason=reason,
            at=at,
            expects=tuple(expect(each) for each in bases),
        )
    )
