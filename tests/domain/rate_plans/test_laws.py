"""Laws of rate plans: billed once, in any order, on any days, and in the end the truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import rate
from ledgerkit.domain.rate_plans import PlanItem, RatePlan, bill_period, end, to_date
from ledgerkit.domain.usage import LAST, Meter, Snapshot, UsageEvent, differences
from tests.domain.rate_plans.world import (
    CLUSTERS,
    FEE,
    FIRST,
    JANUARY,
    MEDIUM,
    PRICES,
    SECOND,
    SMALL,
    STORAGE,
    THIRD,
    newest,
    plan,
    read,
    run,
    used,
)

LEVELS = st.sampled_from([MEDIUM, SMALL])
USES = st.builds(
    lambda id, day, count, of: used(str(id), CLUSTERS, count, day=day, of=of),
    st.integers(0, 10**6),
    st.integers(0, 89),
    st.integers(0, 9),
    LEVELS,
) | st.builds(
    lambda id, day, count: used(str(id), STORAGE, count, day=day),
    st.integers(0, 10**6),
    st.integers(0, 89),
    st.fractions(0, 100, max_denominator=50).map(str),
)
EVENTS = st.lists(USES, max_size=15, unique_by=lambda event: event.id)
# Silence is no zero, so that estimates occur; the first period is always measured.
MISSED = Meter(name="clusters", aggregation=LAST, by=("size", "use"))
LAW = plan(
    FEE,
    PlanItem(item="cluster", meter=MISSED),
    PlanItem(item="storage overage", meter=STORAGE),
)
BEGUN = [used("begun", CLUSTERS, 1, of=MEDIUM)]
PERIODS = (FIRST, SECOND, THIRD)


def worth(charges: Sequence[Any]) -> dict[tuple[str, str, Period | None], int]:
    """Return what charges come to by item, detail and period; what comes to nothing is left out."""
    found: dict[tuple[str, str, Period | None], int] = {}
    for charge in charges:
        key = charge.item, charge.detail, charge.period
        found[key] = found.get(key, 0) + charge.rated.amount.minor
    return {key: amount for key, amount in found.items() if amount}


def by_day(
    known_by: Sequence[Sequence[UsageEvent]], *, days: Sequence[date]
) -> tuple[list[Any], RatePlan, tuple[Snapshot, ...]]:
    """Bill on each of *days* what is known then; return charges, plan and snapshots."""
    now, known, charges = LAW, tuple[Snapshot, ...](), list[Any]()
    for day, events in zip(days, known_by, strict=True):
        done = run(now, day, read(events, *PERIODS, meters=(MISSED, STORAGE)), known)
        charges += done.charges
        now, known = done.plan, newest(known, done.snapshots)
    return charges, now, known


@given(EVENTS)
def test_a_run_repeated_bills_nothing(events: list[UsageEvent]) -> None:
    """All that was due is billed; the same again is no change at all. (spec: billing 13)"""
    all_events = [*BEGUN, *events]
    _, now, known = by_day([all_events], days=[THIRD.end])
    readings = read(all_events, *PERIODS, meters=(MISSED, STORAGE))
    again = run(now, now.billed_through or THIRD.end, readings, known)

    assert ((), Effects()) == (again.charges, again.effects)
    for period in (p for p in PERIODS if now.billed_through and p.end <= now.billed_through):
        once_more = bill_period(now, period, price_list=PRICES, readings=readings, snapshots=known)
        assert Effects() == once_more.effects


@given(EVENTS, st.randoms(use_true_random=False))
def test_order_of_events_does_not_matter(events: list[UsageEvent], chance: Any) -> None:
    """The same charges in the same order, whatever came when, and how often."""
    again = [*BEGUN, *events, *events]
    chance.shuffle(again)

    assert by_day([[*BEGUN, *events]], days=[THIRD.end]) == by_day([again], days=[THIRD.end])


@given(EVENTS, st.sets(st.integers(1, 89)).map(sorted))
def test_runs_on_any_days_bill_the_same_lines(events: list[UsageEvent], on: list[int]) -> None:
    """Where all is known in time, runs on any days bill what one run on the last does."""
    all_events = [*BEGUN, *events]
    days = [JANUARY + timedelta(day) for day in on] + [THIRD.end]
    often, now, known = by_day([all_events] * len(days), days=days)
    once, then, same = by_day([all_events], days=[THIRD.end])

    assert (once, then, same) == (often, now, known)


@given(EVENTS, EVENTS)
def test_estimates_and_corrections_are_the_truth(
    early: list[UsageEvent], late: list[UsageEvent]
) -> None:
    """Whatever came late: by item and period all charges are what they would be if it had not."""
    late = [attrs.evolve(event, id=f"late-{event.id}") for event in late]
    some = [*BEGUN, *early]
    # Known at last is something of each period, so that none stays an estimate.
    last = [used(f"t-{n}", CLUSTERS, 1, day=30 * n + 29, of=MEDIUM) for n in range(3)]
    truth = [*some, *late, *last]
    told, _, known = by_day([some, some, truth], days=[FIRST.end, SECOND.end, THIRD.end])
    once, _, same = by_day([truth], days=[THIRD.end])

    assert worth(once) == worth(told)
    assert [(each.id, ()) for each in same] == [
        (each.id, differences(each.billed, then.billed))
        for each, then in zip(known, same, strict=True)
    ]


@given(EVENTS, st.integers(1, 30))
def test_to_date_is_what_a_run_of_that_day_bills(events: list[UsageEvent], days: int) -> None:
    """If the plan ended there: the same charges, and on the last day the bill itself."""
    as_of = JANUARY + timedelta(days)
    all_events = [*BEGUN, *events]
    passed = Period(JANUARY, as_of)
    readings = read(all_events, passed, meters=(MISSED, STORAGE))
    told = to_date(LAW, as_of=as_of, price_list=PRICES, readings=readings)
    billed = run(end(LAW, on=as_of).plan, as_of, readings)

    assert told is not None
    assert (billed.charges, billed.total) == (told.charges, told.total)


@given(st.fractions(0, 100, max_denominator=50))
def test_charges_are_what_their_quantity_is_rated_at(quantity: Fraction) -> None:
    """Told once or again: amount, unit price and reasons are those of the tariff."""
    metered = plan(PlanItem(item="storage overage", meter=STORAGE))
    readings = read([used("e", STORAGE, str(quantity))], FIRST, meters=(STORAGE,))
    tariff = PRICES.price_on("storage overage", on=FIRST.last).tariff
    told = [run(metered, FIRST.end, readings).charges for _ in range(2)]
    counted = ("meter", STORAGE.name), ("aggregation", STORAGE.aggregation)
    expected = rate(tariff, quantity)

    assert told[0] == told[1]
    assert [attrs.evolve(expected, trace=(*counted, *expected.trace))] * bool(quantity) == [
        charge.rated for charge in told[0]
    ]


@given(EVENTS)
def test_periods_that_nothing_new_is_told_of_are_left_alone(events: list[UsageEvent]) -> None:
    """A run that is told of the new period only bills what one told of all of them does."""
    _, now, known = by_day([[*BEGUN, *events]] * 2, days=[FIRST.end, SECOND.end])
    told = read([*BEGUN, *events], *PERIODS, meters=(MISSED, STORAGE))
    new = [reading for reading in told if reading.period == THIRD]

    assert run(now, THIRD.end, told, known) == run(now, THIRD.end, new, known)
