"""Overrides: asked for by one person, approved by another, and used up by one posting.

Who may do so is checked first: see `ledgerkit.domain.access`. (spec: reliability B2, 6.2)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import ClassVar

import attrs

from ledgerkit.domain.access import BILLING_APPROVE, BILLING_WRITE, Actor, require
from ledgerkit.domain.changes import Versioned, changes_of, expect, request
from ledgerkit.domain.credit_limits import (
    Override,
    OverrideChanged,
    approve,
    override_id,
    reject,
    request_override,
    revoke,
    use,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Journal, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.jobs import steps


@attrs.frozen
class UnknownOverride(LedgerkitError):
    """An override that is not stored."""

    override: str
    code: ClassVar[str] = "unknown_override"

    def __str__(self) -> str:
        return f"no override {self.override!r} is stored; ask for it first"


async def ask_override(
    customer: str,
    amount: Money,
    *,
    reference: str,
    reason: str,
    expires_at: datetime,
    actor: Actor,
) -> Override:
    """Ask for leave to charge *customer* up to *amount* once, for *reference*, beyond the limit.

    Asked again in the same words, the first one stands.

    Raises:
        AccessDenied: *actor* may not write billing.
        KeyReused: something else was asked for *reference*.
    """
    require(actor, BILLING_WRITE)
    at = await steps.now()
    done = request_override(
        customer,
        amount,
        reference=reference,
        reason=reason,
        by=actor.real_id,
        expires_at=expires_at,
        at=at,
    )
    id = override_id(customer, reference)
    read = await steps.load(Override, id)
    await steps.commit(
        changes_of(
            done,
            key=f"override/{id}/request",
            request=request(
                "override.request",
                customer=customer,
                minor=amount.minor,
                currency=amount.currency,
                reference=reference,
                reason=reason,
                expires_at=done.override.expires_at.isoformat(),
            ),
            actor=actor.signature,
            reason=reason,
            at=at,
            expects=() if read is None else (expect(read),),
        )
    )
    return done.override if read is None else read.record


async def approve_override(
    id: str, *, actor: Actor, reason: str, four_eyes: bool = True
) -> Override:
    """Approve the override *id*; with *four_eyes* by somebody else than who asked for it.

    Like turning down and taking back it is done once: asked again, the override is returned as it
    is now.

    Raises:
        AccessDenied: *actor* may not approve in billing.
        UnknownOverride, IllegalTransition, ApproverIsRequester, OverrideExpired, Stale.
    """
    require(actor, BILLING_APPROVE)
    at = await steps.now()
    decide = partial(approve, by=actor.real_id, at=at, four_eyes=four_eyes)
    return await _decided(id, "approve", decide, actor=actor, reason=reason)


async def reject_override(id: str, *, actor: Actor, reason: str) -> Override:
    """Turn down the override *id*.

    Raises:
        AccessDenied: *actor* may not approve in billing.
        UnknownOverride, IllegalTransition, Stale.
    """
    require(actor, BILLING_APPROVE)
    return await _decided(id, "reject", reject, actor=actor, reason=reason)


async def revoke_override(id: str, *, actor: Actor, reason: str) -> Override:
    """Take back the approval of the override *id*, which nobody used.

    Raises:
        AccessDenied: *actor* may not approve in billing.
        UnknownOverride, IllegalTransition, Stale.
    """
    require(actor, BILLING_APPROVE)
    return await _decided(id, "revoke", revoke, actor=actor, reason=reason)


async def use_override(
    id: str, journal: Journal, *, actor: Actor, reason: str, opens: tuple[Wallet, ...] = ()
) -> Journal:
    """Post *journal* beyond the limit by the override *id*, which is used up in the same commit.

    Of several postings at once exactly one passes. Returns the journal as it was posted; asked
    again with a journal of the same id, nothing more is posted.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownOverride, IllegalTransition, OverrideExpired, OverrideForOther, OverrideExceeded: it
            lets nothing pass.
        Stale: another posting used it meanwhile.
        PostingRefused: the books refuse the journal for another reason.
    """
    require(actor, BILLING_WRITE)
    read = await read_override(id)
    if read.record.journal == journal.id:
        posted = await steps.journal(journal.id)
        if posted is not None:
            return posted.journal
    at = await steps.now()
    used = use(read.record, journal, at=at)
    await steps.commit(
        attrs.evolve(
            changes_of(
                used,
                key=f"override/{id}/use/{journal.id}",
                request=request("override.use", override=id, journal=journal.id),
                actor=actor.signature,
                reason=reason,
                at=at,
                expects=(expect(read),),
            ),
            opens=opens,
        )
    )
    return used.journal


async def _decided(
    id: str,
    verb: str,
    decide: Callable[[Override], OverrideChanged],
    *,
    actor: Actor,
    reason: str,
) -> Override:
    read = await read_override(id)
    key = f"override/{id}/{verb}"
    if key in {version.key for version in await steps.history(Override, id)}:
        return read.record
    done = decide(read.record)
    await steps.commit(
        changes_of(
            done,
            key=key,
            request=request(f"override.{verb}", override=id),
            actor=actor.signature,
            reason=reason,
            at=await steps.now(),
            expects=(expect(read),),
        )
    )
    return done.override


async def read_override(id: str) -> Versioned[Override]:
    """Read the override *id*; raises `UnknownOverride`."""
    read = await steps.load(Override, id)
    if read is None:
        raise UnknownOverride(id)
    return read
