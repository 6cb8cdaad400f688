"""Meters: one exact quantity of many events, whatever their order. (spec: billing C-11)"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import Period, day_start
from ledgerkit.domain.usage import (
    AGGREGATIONS,
    LAST,
    LEVELS,
    MAX,
    MISSING,
    SUM,
    TIME_WEIGHTED,
    UNCHANGED,
    UNIQUE_COUNT,
    EventConflict,
    Meter,
    MissingDimension,
    Quantity,
    UsageEvent,
    aggregate,
    dimensions,
    month_to_date,
    readings,
)
from tests.domain.usage.world import (
    EVENTS,
    LARGE,
    SEPTEMBER,
    START,
    meter,
    plain,
    reading,
    used,
)

CLUSTERS = (used("e-1", 2), used("e-2", 5, day=10))
CENT = Rate(Fraction(4000), "USD")


def counted(
    aggregation: str, events: Iterable[UsageEvent], *, carried: Fraction | None = None
) -> Fraction:
    """Return what a meter makes of *events* of September, UTC."""
    return aggregate(meter(aggregation), events, period=SEPTEMBER, zone="UTC", carried=carried)


# ---- the figures of the specification --------------------------------------------------------
@pytest.mark.parametrize(
    ("aggregation", "quantity", "cents"),
    [(LAST, 5, 20000), (MAX, 5, 20000), (TIME_WEIGHTED, 4, 16000)],
)
def test_2_clusters_10_days_and_5_for_20(aggregation: str, quantity: int, cents: int) -> None:
    """At 40.00: end of period 200.00, peak 200.00, time-weighted 160.00. (spec: billing C-11)"""
    found = counted(aggregation, CLUSTERS)

    assert quantity == found
    assert Money(cents, "USD") == CENT.times(found)


def test_sum_and_unique_count() -> None:
    """Twice a tenth and a fifth are exactly half; three events are of two users."""
    events = [used("a", "0.1"), used("b", "0.2", day=1), used("c", "0.2", day=2, of=LARGE)]

    assert Fraction(1, 2) == counted(SUM, events)
    assert 2 == counted(UNIQUE_COUNT, events)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_no_events_are_zero(aggregation: str) -> None:
    """Of nothing there is nothing; whether that is the truth is for `readings` to tell."""
    assert 0 == counted(aggregation, [])


@pytest.mark.parametrize(
    ("aggregation", "expected"), [(LAST, 2), (MAX, 7), (TIME_WEIGHTED, Fraction(11, 3))]
)
def test_level_from_before_counts_until_the_first_event(
    aggregation: str, expected: Fraction
) -> None:
    """7 for 10 days, then 2 for 20: the peak is what was carried."""
    assert expected == counted(aggregation, [used("e", 2, day=10)], carried=Fraction(7))


@pytest.mark.parametrize("aggregation", sorted(LEVELS))
def test_level_from_before_ends_with_an_event_at_the_start(aggregation: str) -> None:
    """It was in use for no time at all, so it is no peak either."""
    assert 2 == counted(aggregation, [used("e", 2)], carried=Fraction(7))


@pytest.mark.parametrize("aggregation", sorted(LEVELS))
def test_level_from_before_lasts(aggregation: str) -> None:
    """Without an event it is the level of all days."""
    assert 7 == counted(aggregation, [], carried=Fraction(7))


def test_only_levels_carry_on() -> None:
    """A sum starts at nothing, and so does a count; a level is exact."""
    for aggregation in (SUM, UNIQUE_COUNT):
        with pytest.raises(ValueError, match="only levels carry on"):
            counted(aggregation, [], carried=Fraction(1))
    with pytest.raises(TypeError):
        counted(LAST, [], carried=1.5)  # type: ignore[arg-type]  # the point


def test_last_of_one_instant_has_the_highest_id() -> None:
    """So that the order in which they come does not decide."""
    events = [used("e-2", 9), used("e-1", 4)]

    assert 9 == counted(LAST, events) == counted(LAST, reversed(events))


def test_other_meters_and_other_days_do_not_count() -> None:
    """The first instant of the period does, the first one after it does not."""
    events = [used("a"), used("b", 10, day=30), used("c", 10, day=-1), used("d", 10, name="gb")]

    assert 1 == counted(SUM, events)


def test_days_are_local() -> None:
    """In Madrid September began at 22:00 UTC on 31 August and ended so on the 30th."""
    before = used("a", 1, day=-1, seconds=22 * 3600)
    after = used("b", 10, day=29, seconds=22 * 3600)
    for zone, expected in (("Europe/Madrid", 1), ("UTC", 10)):
        assert expected == aggregate(meter(), [before, after], period=SEPTEMBER, zone=zone)


def test_a_day_of_25_hours_weighs_25() -> None:
    """On the day clocks go back 24 of 25 hours in use are 24/25. (spec: billing 0.3)"""
    madrid = ZoneInfo("Europe/Madrid")
    day = Period(date(2026, 10, 25), date(2026, 10, 26))
    on = UsageEvent(
        id="on", customer="c-1", meter="clusters", at=day_start(day.start, "Europe/Madrid")
    )
    off = attrs.evolve(
        on, id="off", at=datetime(2026, 10, 25, 23, tzinfo=madrid), quantity=Fraction(0)
    )
    found = aggregate(meter(TIME_WEIGHTED), [on, off], period=day, zone="Europe/Madrid")

    assert Fraction(24, 25) == found


# ---- laws ------------------------------------------------------------------------------------
@given(EVENTS, st.sampled_from(AGGREGATIONS), st.randoms(use_true_random=False))
def test_order_and_duplicates_do_not_matter(
    events: list[UsageEvent], aggregation: str, chance: Any
) -> None:
    """Any shuffle of any events, some of them twice, is the same quantity and the same readings."""
    again = [*events, *(event for event in events if chance.random() < 0.5)]
    chance.shuffle(again)
    rule = meter(aggregation, by=("size",), silence=UNCHANGED)

    assert counted(aggregation, events) == counted(aggregation, again)
    assert readings(rule, events, period=SEPTEMBER, zone="UTC") == readings(
        rule, again, period=SEPTEMBER, zone="UTC"
    )


@given(EVENTS, st.integers(1, 29))
def test_parts_of_a_period_sum_up(events: list[UsageEvent], days: int) -> None:
    """Split at any day, the sums of both parts are the sum of the whole."""
    middle = SEPTEMBER.start + timedelta(days)
    parts = (Period(SEPTEMBER.start, middle), Period(middle, SEPTEMBER.end))
    sums = (aggregate(meter(), events, period=part, zone="UTC") for part in parts)

    assert counted(SUM, events) == sum(sums, Fraction(0))


@given(EVENTS, st.integers(1, 29))
def test_levels_go_on_across_parts(events: list[UsageEvent], days: int) -> None:
    """Weighted by their days, time-weighted parts are the whole, and the last is the last."""
    middle = SEPTEMBER.start + timedelta(days)
    parts = (Period(SEPTEMBER.start, middle), Period(middle, SEPTEMBER.end))

    def told(aggregation: str, part: Period) -> dict[str, Fraction]:
        rule = meter(aggregation, silence=UNCHANGED)
        found = readings(rule, events, period=part, zone="UTC")
        return {r.customer: r.quantities[0].value if r.quantities else Fraction(0) for r in found}

    first, second, whole = (told(TIME_WEIGHTED, part) for part in (*parts, SEPTEMBER))
    assert {c: mean * 30 for c, mean in whole.items()} == {
        c: first.get(c, 0) * days + second[c] * (30 - days) for c in whole
    }
    assert told(LAST, SEPTEMBER) == told(LAST, parts[1])


@given(
    st.lists(
        st.tuples(st.integers(-50, 250), st.integers(-9, 9)), max_size=6, unique_by=lambda x: x[0]
    )
)
@settings(max_examples=15)
def test_time_weighted_equals_brute_force_by_seconds(changes: list[tuple[int, int]]) -> None:
    """The level of each second of a day, over all of its seconds."""
    step = 864  # seconds, so that a day has 100 of them
    day = Period(SEPTEMBER.start, SEPTEMBER.start + timedelta(1))
    events = [used(f"e{n}", level, seconds=n * step) for n, level in changes]
    levels = {n * step: level for n, level in changes}
    level = area = 0
    for second in range(-50 * step, 86_400):
        level = levels.get(second, level)
        area += level if second >= 0 else 0

    rule = meter(TIME_WEIGHTED, silence=UNCHANGED)
    found = readings(rule, events, period=day, zone="UTC")
    means = [each.value for told in found for each in told.quantities]
    assert [Fraction(area, 86_400)] == (means or [Fraction(0)])


@given(EVENTS, st.sampled_from(AGGREGATIONS))
def test_a_reading_is_what_is_aggregated(events: list[UsageEvent], aggregation: str) -> None:
    """Customer by customer, dimension by dimension, the reading is the aggregate of these alone."""
    for told in readings(meter(aggregation, by=("size",)), events, period=SEPTEMBER, zone="UTC"):
        for each in told.quantities:
            alone = [
                event
                for event in events
                if event.customer == told.customer and set(each.dimensions) <= set(event.dimensions)
            ]
            assert each.value == counted(aggregation, alone)


# ---- readings --------------------------------------------------------------------------------
def test_readings_keep_customers_and_dimensions_apart() -> None:
    """By customer, and for each by what prices differ by."""
    events = [
        used("a", 3, of=LARGE),
        used("b", 2, day=1),
        used("c", "0.5", day=2),
        used("d", 9, customer="b-7"),
        used("e", 9, day=40, customer="a-1"),
    ]
    found = readings(meter(by=("size",)), events, period=SEPTEMBER, zone="UTC")

    large, small = dimensions(size="large"), dimensions(size="small")
    assert [
        ("b-7", (Quantity(small, Fraction(9)),), 1),
        ("c-1", (Quantity(large, Fraction(3)), Quantity(small, Fraction(5, 2))), 3),
    ] == [(told.customer, told.quantities, told.events) for told in found]
    assert {("clusters", SUM, SEPTEMBER, "UTC")} == {
        (told.meter, told.aggregation, told.period, told.zone) for told in found
    }


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_what_was_not_measured_is_left_out(aggregation: str) -> None:
    """Events before the period are no measure of it."""
    rule = meter(aggregation)

    assert () == readings(rule, [used("a", 7, day=-3)], period=SEPTEMBER, zone="UTC")


@pytest.mark.parametrize("aggregation", sorted(LEVELS))
def test_levels_last_where_silence_means_unchanged(aggregation: str) -> None:
    """Seven clusters of August are seven of September, and of no event; three were switched off."""
    rule = meter(aggregation, by=("size",), silence=UNCHANGED)
    events = [
        used("a", 7, day=-3),
        used("b", 3, day=-9, of=LARGE),
        used("c", 0, day=-8, of=LARGE),
    ]
    (found,) = readings(rule, events, period=SEPTEMBER, zone="UTC")

    assert (Quantity(dimensions(size="small"), Fraction(7)),) == found.quantities
    assert 0 == found.events


def test_a_level_switched_off_is_told_in_its_period() -> None:
    """What was in use in the period is told, zero at its end or not."""
    rule = meter(LAST, silence=UNCHANGED)
    (found,) = readings(rule, [used("a", 3), used("b", 0, day=9)], period=SEPTEMBER, zone="UTC")

    assert plain(0) == found.quantities


def test_sums_do_not_last() -> None:
    """What was used in August is not used again."""
    rule = meter(SUM, silence=UNCHANGED)

    assert () == readings(rule, [used("a", 7, day=-3)], period=SEPTEMBER, zone="UTC")


def test_an_event_without_a_needed_dimension_is_refused() -> None:
    """Kept apart by it, or counted by it; an event of another meter needs none."""
    bare = used("e-1", of=())
    for rule in (meter(by=("size",)), meter(UNIQUE_COUNT)):
        with pytest.raises(MissingDimension):
            readings(rule, [bare], period=SEPTEMBER, zone="UTC")
    other = [used("e-1", of=(), name="storage")]
    assert () == readings(meter(by=("size",)), other, period=SEPTEMBER, zone="UTC")


def test_a_conflict_anywhere_is_refused() -> None:
    """Also on a day that does not count: whose id it is decides what counts."""
    with pytest.raises(EventConflict):
        readings(meter(), [used("e-1"), used("e-1", day=40)], period=SEPTEMBER, zone="UTC")


# ---- month to date ---------------------------------------------------------------------------
def test_month_to_date_is_what_passed() -> None:
    """Days before *as_of* count, it does not; later than the period's end is the period."""
    events = [used("a", 1), used("b", 10, day=14), used("c", 100, day=29), used("d", 1000, day=31)]
    sums = {
        on: [
            each.quantities[0].value
            for each in month_to_date(meter(), events, period=SEPTEMBER, zone="UTC", as_of=on)
        ]
        for on in (
            date(2026, 8, 31),
            date(2026, 9, 1),
            date(2026, 9, 2),
            date(2026, 9, 15),
            date(2026, 9, 16),
            date(2026, 10, 1),
            date(2026, 11, 5),
        )
    }

    assert [[], [], [1], [1], [11], [111], [111]] == list(sums.values())


@given(EVENTS, st.sampled_from(AGGREGATIONS), st.integers(0, 40))
def test_month_to_date_at_the_end_is_what_is_billed(
    events: list[UsageEvent], aggregation: str, days: int
) -> None:
    """From the end of the period on, the estimate is the reading that a run bills."""
    rule = meter(aggregation, silence=UNCHANGED)
    found = month_to_date(
        rule, events, period=SEPTEMBER, zone="UTC", as_of=SEPTEMBER.end + timedelta(days)
    )

    assert readings(rule, events, period=SEPTEMBER, zone="UTC") == found


def test_month_to_date_takes_a_date() -> None:
    """An instant names no local day."""
    with pytest.raises(TypeError):
        month_to_date(meter(), [], period=SEPTEMBER, zone="UTC", as_of=START)


# ---- refusals --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": ""}, ValueError),
        ({"aggregation": "mean"}, ValueError),
        ({"silence": "zero"}, ValueError),
        ({"by": ["size"]}, TypeError),
        ({"by": ("use", "size")}, ValueError),
        ({"by": ("size", "size")}, ValueError),
        ({"by": (7,)}, TypeError),
        ({"counts": "user"}, ValueError),
        ({"aggregation": UNIQUE_COUNT}, ValueError),
        ({"unit": None}, TypeError),
        ({"category": 7}, TypeError),
    ],
)
def test_meters_that_cannot_count_are_refused(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    """A unique count needs what to count, and no other meter has that."""
    with pytest.raises(error):
        attrs.evolve(Meter(name="clusters", aggregation=SUM), **fields)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"customer": ""}, ValueError),
        ({"quantities": [Quantity((), Fraction(1))]}, TypeError),
        ({"quantities": (Fraction(1),)}, TypeError),
        ({"quantities": plain(1, 2)}, ValueError),
        ({"events": -1}, ValueError),
        ({"events": True}, ValueError),
    ],
)
def test_readings_that_make_no_sense_are_refused(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    """Quantities come once for each set of dimensions."""
    with pytest.raises(error):
        attrs.evolve(reading(1), **fields)


def test_meters_hold_levels_only_where_silence_says_so() -> None:
    """By default a period without an event was not measured."""
    held = {
        (aggregation, silence)
        for aggregation in AGGREGATIONS
        for silence in (MISSING, UNCHANGED)
        if meter(aggregation, silence=silence).holds
    }

    assert {(each, UNCHANGED) for each in LEVELS} == held
    assert MISSING == Meter(name="clusters", aggregation=SUM).silence
