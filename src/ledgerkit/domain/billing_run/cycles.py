"""Billing cycles: which periods are open, billed or closed, as records with a history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Changes, Expect, Versioned, request
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.periods import Cycle, Period, day_start, local_date

OPEN, BILLED, CLOSED = "open", "billed", "closed"
BILLING_CYCLE = Lifecycle(
    "billing_cycle",
    OPEN,
    {
        (OPEN, "bill"): BILLED,
        (OPEN, "bill_part"): OPEN,  # a run before the period is over leaves the rest to come
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


def closed_before(cycles: Iterable[BillingCycle], *, zone: str) -> datetime | None:
    """Return the instant before which the books are closed: the end of the last closed cycle."""
    ends = [cycle.period.end for cycle in cycles if cycle.status == CLOSED]
    return day_start(max(ends), zone) if ends else None


def periods_due(
    cycle: Cycle,
    cycles: Iterable[BillingCycle],
    *,
    first: Period,
    zone: str,
    as_of: datetime,
) -> tuple[Period, ...]:
    """Return every closed period from *first* on that no run has billed, oldest first.

    (spec: billing C-1)
    """
    billed = {c.period for c in cycles if c.kind == cycle.kind and c.status != OPEN}
    today = local_date(as_of, zone)
    if today <= first.start:
        return ()
    return tuple(p for p in cycle.due(today, start=first.start) if p not in billed)


@attrs.frozen
class PeriodNotBegun(LedgerkitError):
    """A period to bill that lies ahead."""

    period: Period
    today: date
    code: ClassVar[str] = "period_not_begun"

    def __str__(self) -> str:
        return (
            f"{self.period} begins on {self.period.start} and it is {self.today}; bill a period "
            "that has begun"
        )


def check_begun(period: Period, *, zone: str, at: datetime) -> None:
    """Raise `PeriodNotBegun` if *period* has not begun *at* an instant, in *zone*.

    All that is not billed yet would be billed in the name of a period to come.
    """
    today = local_date(at, zone)
    if today < period.start:
        raise PeriodNotBegun(period, today)


def is_over(period: Period, *, zone: str, at: datetime) -> bool:
    """Return whether *period* has ended *at* an instant, in *zone*."""
    return local_date(at, zone) >= period.end


def bill(
    read: Versioned[BillingCycle] | None, *, kind: str, period: Period, zone: str, at: datetime
) -> Changes:
    """Mark the cycle as billed once more; *read* is its record, None if it was never billed.

    Before the period is over it stays open: what is still to come of it is due later.

    Raises:
        IllegalTransition: it is closed.
    """
    before = BillingCycle(id=cycle_id(kind, period), kind=kind, period=period)
    if read is not None:
        before = read.record
    part = before.status == OPEN and not is_over(period, zone=zone, at=at)
    status = BILLING_CYCLE.after(before.status, "bill_part" if part else "bill")
    after = attrs.evolve(before, status=status, runs=before.runs + 1)
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
