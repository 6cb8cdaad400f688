"""Billing cycles: which periods are open, billed or closed, as records with a history."""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.changes import Changes, Expect, Versioned, request
from ledgerkit.domain.ids import derive
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.periods import Period, day_start

OPEN, BILLED, CLOSED = "open", "billed", "closed"
BILLING_CYCLE = Lifecycle(
    "billing_cycle",
    OPEN,
    {
        (OPEN, "bill"): BILLED,
        (BILLED, "bill"): BILLED,  # a run over a billed cycle is a supplement
        (BILLED, "close"): CLOSED,
    },
)


@attrs.frozen(kw_only=True)
class BillingCycle:
    """One period of a billing cycle.

    Attributes:
        id: Derived from kind and period.
        kind: The kind of cycle, such as `calendar`.
        period: Its days.
        status: `open`, `billed` or `closed`.
        runs: How many runs billed something in it.
    """

    id: str
    kind: str
    period: Period
    status: str = OPEN
    runs: int = 0


def cycle_id(kind: str, period: Period) -> str:
    """Return the id of the billing cycle of *kind* over *period*."""
    return derive("cyc", kind, str(period), on=period.start)


def bill(
    read: Versioned[BillingCycle] | None, *, kind: str, period: Period, at: datetime
) -> Changes:
    """Mark the cycle as billed once more; *read* is its record, None if it was never billed.

    Raises:
        IllegalTransition: it is closed.
    """
    before = BillingCycle(id=cycle_id(kind, period), kind=kind, period=period)
    if read is not None:
        before = read.record
    after = attrs.evolve(
        before, status=BILLING_CYCLE.after(before.status, "bill"), runs=before.runs + 1
    )
    return _changes(after, read, verb="bill", at=at, actor="billing run", reason="billed")


def close(
    read: Versioned[BillingCycle], *, zone: str, at: datetime, actor: str, reason: str
) -> Changes:
    """Close the cycle and, with it, the books for everything before the end of its period.

    Raises:
        IllegalTransition: it is not billed.
    """
    after = attrs.evolve(read.record, status=BILLING_CYCLE.after(read.record.status, "close"))
    changes = _changes(after, read, verb="close", at=at, actor=actor, reason=reason)
    return attrs.evolve(changes, closes_before=day_start(after.period.end, zone))


def _changes(
    after: BillingCycle,
    read: Versioned[BillingCycle] | None,
    *,
    verb: str,
    at: datetime,
    actor: str,
    reason: str,
) -> Changes:
    version = 0 if read is None else read.version
    return Changes(
        key=f"billing_cycle/{after.id}/{version + 1}",
        request=request(f"billing_cycle.{verb}", cycle=after.id, runs=after.runs),
        actor=actor,
        reason=reason,
        at=at,
        records=(after,),
        expects=(Expect(BillingCycle, after.id, version),),
    )
