"""Billing cycles: open, billed, billed again, closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.billing_run import (
    BILLING_CYCLE,
    BillingCycle,
    PeriodNotBegun,
    bill,
    check_begun,
    close,
    closed_before,
    cycle_id,
    periods_due,
)
from ledgerkit.domain.changes import Stale, Versioned
from ledgerkit.domain.ledger import PeriodClosed
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.periods import CalendarCycle, FixedDaysCycle, Period
from ledgerkit.testing.samples import changes, transfer
from tests.domain.billing_run.world import DECEMBER_1, NOVEMBER, NOVEMBER_1, OCTOBER, SEPTEMBER

MADRID = "Europe/Madrid"


def billed(store: MemoryStore, period: Period = OCTOBER) -> Versioned[BillingCycle]:
    """Bill a period once more; return its cycle."""
    id = cycle_id("calendar", period)
    read = store.load(BillingCycle, id)
    store.commit(bill(read, kind="calendar", period=period, zone=MADRID, at=NOVEMBER_1))
    after = store.load(BillingCycle, id)
    assert after is not None
    return after


def test_cycle_states() -> None:
    """Open -> billed -> billed again -> closed."""
    assert {
        ("open", "bill"): "billed",
        ("open", "bill_part"): "open",
        ("billed", "bill"): "billed",
        ("billed", "close"): "closed",
    } == BILLING_CYCLE.table


def test_each_run_is_counted() -> None:
    """The history of a cycle has a version per run."""
    store = MemoryStore()
    first, second = billed(store), billed(store)

    assert ("billed", 1, 1) == (first.record.status, first.record.runs, first.version)
    assert ("billed", 2, 2) == (second.record.status, second.record.runs, second.version)
    assert ["billing run"] * 2 == [
        v.actor for v in store.history(BillingCycle, cycle_id("calendar", OCTOBER))
    ]


def test_two_runs_at_once() -> None:
    """The second of two runs that saw the same cycle looks again."""
    store = MemoryStore()
    read = billed(store)
    mine = bill(read, kind="calendar", period=OCTOBER, zone=MADRID, at=NOVEMBER_1)
    billed(store)

    with pytest.raises(Stale):
        store.commit(attrs.evolve(mine, key="another run"))


def test_a_period_that_is_not_over_stays_open() -> None:
    """Billed on 10 October, October is due again on 1 November: its rest was still to come."""
    store = MemoryStore()
    on_the_way = datetime(2026, 10, 10, 12, tzinfo=UTC)
    store.commit(bill(None, kind="calendar", period=OCTOBER, zone=MADRID, at=on_the_way))
    read = store.load(BillingCycle, cycle_id("calendar", OCTOBER))
    assert read is not None

    assert ("open", 1) == (read.record.status, read.record.runs)
    assert (OCTOBER,) == periods_due(
        CalendarCycle(), [read.record], first=OCTOBER, zone=MADRID, as_of=NOVEMBER_1
    )


def test_closing_closes_the_books() -> None:
    """October closes at 23:00 UTC on the 31st in Madrid; what counts before is refused."""
    store = MemoryStore()
    closing = close(billed(store), zone=MADRID, at=DECEMBER_1, actor="olga", reason="done")
    store.commit(closing)
    late = transfer("t", "a", "platform", 1, at=datetime(2026, 10, 31, 22, 59, tzinfo=UTC))

    assert datetime(2026, 10, 31, 23, tzinfo=UTC) == closing.closes_before
    assert ("olga", "done") == (closing.actor, closing.reason)
    with pytest.raises(PeriodClosed):
        store.commit(changes("late", journals=(late,), at=DECEMBER_1))


def test_open_cycle_is_not_closed() -> None:
    """A period is billed before it is closed."""
    cycle = BillingCycle(id="cyc_1", kind="calendar", period=OCTOBER)

    with pytest.raises(IllegalTransition, match="billing_cycle is open; close needs billed"):
        close(Versioned(cycle, 1), zone=MADRID, at=DECEMBER_1, actor="olga", reason="done")


def test_closed_cycle_is_not_billed() -> None:
    """What comes late is billed with a later period."""
    store = MemoryStore()
    read = billed(store)
    store.commit(close(read, zone=MADRID, at=DECEMBER_1, actor="olga", reason="done"))

    with pytest.raises(IllegalTransition, match="billing_cycle is closed; bill needs"):
        billed(store)


def cycle(period: Period, status: str, kind: str = "calendar") -> BillingCycle:
    """Return the record of a cycle."""
    return BillingCycle(id=cycle_id(kind, period), kind=kind, period=period, status=status)


def test_books_are_closed_to_the_end_of_the_last_closed_cycle() -> None:
    """September and October are closed: everything before November in Madrid."""
    cycles = [
        cycle(OCTOBER, "closed"),
        cycle(SEPTEMBER, "closed"),
        cycle(Period.month(2026, 11), "billed"),
    ]

    assert datetime(2026, 10, 31, 23, tzinfo=UTC) == closed_before(cycles, zone=MADRID)
    assert closed_before(cycles[2:], zone=MADRID) is None


def test_periods_due_are_those_no_run_has_billed() -> None:
    """September is billed, October only begun, and November is not over."""
    cycles = [cycle(SEPTEMBER, "billed"), cycle(OCTOBER, "open")]
    due = periods_due(
        CalendarCycle(),
        cycles,
        first=Period.month(2026, 8),
        zone=MADRID,
        as_of=datetime(2026, 11, 20, tzinfo=UTC),
    )

    assert (Period.month(2026, 8), OCTOBER) == due


def test_cycles_of_another_kind_bill_nothing_here() -> None:
    """Periods of 30 days that were billed are no calendar months."""
    thirty = FixedDaysCycle(date(2026, 10, 1), 31)
    due = periods_due(
        thirty, [cycle(OCTOBER, "billed")], first=OCTOBER, zone=MADRID, as_of=DECEMBER_1
    )

    assert OCTOBER in due


def test_nothing_is_due_before_the_first_period() -> None:
    """A business that begins next month has nothing to bill."""
    due = periods_due(
        CalendarCycle(), [], first=Period.month(2026, 12), zone=MADRID, as_of=DECEMBER_1
    )

    assert () == due


def test_cycle_ids() -> None:
    """Kind and period make a cycle."""
    ids = {
        cycle_id("calendar", OCTOBER),
        cycle_id("calendar", SEPTEMBER),
        cycle_id("fixed_days", OCTOBER),
    }

    assert 3 == len(ids)


def test_a_period_that_lies_ahead_is_not_billed() -> None:
    """November begins in Madrid an hour before it does in UTC; a minute earlier it is ahead."""
    begins = datetime(2026, 10, 31, 23, tzinfo=UTC)
    check_begun(NOVEMBER, zone="Europe/Madrid", at=begins)

    with pytest.raises(PeriodNotBegun, match="begins on 2026-11-01 and it is 2026-10-31"):
        check_begun(NOVEMBER, zone="Europe/Madrid", at=begins - timedelta(minutes=1))
