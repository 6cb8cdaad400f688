"""Usage source contract: the promises of `ledgerkit.ports.usage_source`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TypeAlias

import pytest

from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import (
    AGGREGATIONS,
    LAST,
    LEVELS,
    MISSING,
    SUM,
    TIME_WEIGHTED,
    UNCHANGED,
    UNIQUE_COUNT,
    Dimensions,
    EventConflict,
    Meter,
    MissingDimension,
    Reading,
    UsageEvent,
    dimensions,
    readings,
)
from ledgerkit.ports.usage_source import UsageSource

Source: TypeAlias = Callable[[Sequence[UsageEvent]], UsageSource]

SEPTEMBER = Period(date(2026, 9, 1), date(2026, 10, 1))
START = datetime(2026, 9, 1, tzinfo=UTC)
ZONE = "UTC"
SMALL = dimensions(size="small", user="zoe")
LARGE = dimensions(size="large", user="tom")


def used(
    id: str,
    quantity: str | int = 1,
    *,
    day: int = 0,
    customer: str = "c-1",
    of: Dimensions = SMALL,
    meter: str = "clusters",
) -> UsageEvent:
    """Return an event *day* days after the start of September."""
    return UsageEvent(
        id=id,
        customer=customer,
        meter=meter,
        at=START + timedelta(days=day),
        quantity=Fraction(quantity),
        dimensions=of,
    )


def meter(aggregation: str = SUM, *, by: tuple[str, ...] = (), silence: str = MISSING) -> Meter:
    """Return a meter of clusters, or of their users."""
    counts = "user" if aggregation == UNIQUE_COUNT else ""
    return Meter(name="clusters", aggregation=aggregation, by=by, counts=counts, silence=silence)


# Quantities that no float has, levels from before, other meters and other periods.
EVENTS = (
    used("e-0", 7, day=-3),
    used("e-1", 2),
    used("e-2", 5, day=10),
    used("e-3", "0.000000000000001", day=12, of=LARGE),
    used("e-4", "0.1", day=12, of=LARGE, customer="c-2"),
    used("e-5", "0.2", day=12, of=SMALL, customer="c-2"),
    used("e-6", "-0.3", day=29, of=dimensions(size="small", user="tom"), customer="c-2"),
    used("e-7", "12345678901234567890.123456789", day=5, customer="c-3"),
    used("e-8", "0.000000000000000000000000000001", day=6, customer="c-3"),
    used("e-9", 3, day=-9, customer="c-4", of=LARGE),
    used("f-1", 9, meter="storage"),
    used("f-2", 9, day=30),
)


class UsageSourceContract:
    """Every promise of a usage source; a subclass overrides `source`."""

    @pytest.fixture
    def source(self) -> Source:
        """Return what makes a usage source of some events, whose dimensions are size and user."""
        msg = "override the fixture `source` to make a usage source of some events"
        raise NotImplementedError(msg)

    @pytest.mark.parametrize("silence", [MISSING, UNCHANGED])
    @pytest.mark.parametrize("by", [(), ("size",), ("size", "user")], ids=str)
    @pytest.mark.parametrize("aggregation", AGGREGATIONS)
    def test_1_readings_are_those_of_the_domain(
        self, source: Source, aggregation: str, by: tuple[str, ...], silence: str
    ) -> None:
        """To the last digit, for every aggregation, by whichever dimensions."""
        counted = meter(aggregation, by=by, silence=silence)

        assert readings(counted, EVENTS, period=SEPTEMBER, zone=ZONE) == source(EVENTS).totals(
            counted, period=SEPTEMBER, zone=ZONE
        )

    def test_1_no_float_is_added(self, source: Source) -> None:
        """0.1 + 0.2 - 0.3 is nothing, and a sum of 51 digits has all of them."""
        found = source(EVENTS).totals(meter(), period=SEPTEMBER, zone=ZONE)
        sums = {r.customer: r.quantities[0].value for r in found}

        assert 0 == sums["c-2"]
        assert Fraction("12345678901234567890.123456789000000000000000000001") == sums["c-3"]

    def test_1_large_whole_numbers_do_not_wrap(self, source: Source) -> None:
        """Sums beyond 64 bits are right."""
        events = [used(f"e-{n}", 2**62, day=n) for n in range(4)]

        assert 2**64 == _value(source(events).totals(meter(), period=SEPTEMBER, zone=ZONE))

    @pytest.mark.parametrize(
        ("aggregation", "expected"), [(LAST, 5), ("max", 5), (TIME_WEIGHTED, 4), (SUM, 7)]
    )
    def test_1_clusters_of_the_specification(
        self, source: Source, aggregation: str, expected: int
    ) -> None:
        """2 for 10 days and 5 for 20: last 5, peak 5, time-weighted 4. (spec: billing C-11)"""
        found = source([used("e-1", 2), used("e-2", 5, day=10)])

        assert expected == _value(found.totals(meter(aggregation), period=SEPTEMBER, zone=ZONE))

    def test_2_an_event_twice_counts_once(self, source: Source) -> None:
        """Deliveries are repeated, and the sum stays."""
        events = [used("e-1", "1.5"), used("e-2", "1.5"), used("e-1", "1.5")]
        (found,) = source(events).totals(meter(), period=SEPTEMBER, zone=ZONE)

        assert (Fraction(3), 2) == (found.quantities[0].value, found.events)

    def test_2_two_events_of_one_id_are_an_error(self, source: Source) -> None:
        """The id and what differs are told, also where the other one is on another day."""
        for other in (used("e-1", 2), used("e-1", day=40), used("e-1", customer="c-2")):
            with pytest.raises(EventConflict) as caught:
                source([used("e-1"), used("e-3"), other]).totals(
                    meter(), period=SEPTEMBER, zone=ZONE
                )
            assert "e-1" == caught.value.event
            assert 1 == len(caught.value.differing)

    def test_3_a_period_is_half_open(self, source: Source) -> None:
        """The first instant is in it, the first one after it is not."""
        events = [used("e-1"), used("e-2", 10, day=30), used("e-3", 100, day=-1)]

        assert 1 == _value(source(events).totals(meter(), period=SEPTEMBER, zone=ZONE))

    def test_3_days_are_local(self, source: Source) -> None:
        """22:00 UTC on 31 August is in Madrid's September; on 30 September it is not."""
        events = [
            UsageEvent(
                id=f"e-{day}",
                customer="c-1",
                meter="clusters",
                at=datetime(2026, 8, 31, 22, tzinfo=UTC) + timedelta(days=day),
            )
            for day in (0, 30)
        ]
        for zone, expected in (("Europe/Madrid", "e-0"), ("UTC", "e-30")):
            late = next(event for event in events if event.id == expected)
            found = source(events).totals(meter(), period=SEPTEMBER, zone=zone)
            alone = source([late]).totals(meter(), period=SEPTEMBER, zone=zone)
            assert [1] == [reading.events for reading in found]
            assert alone == found

    def test_3_late_events_are_in_the_next_answer(self, source: Source) -> None:
        """What a period comes to is asked anew; nothing is remembered."""
        late = [used("e-1", 2), used("late", "0.5", day=1)]
        before = source(late[:1]).totals(meter(), period=SEPTEMBER, zone=ZONE)
        after = source(late).totals(meter(), period=SEPTEMBER, zone=ZONE)

        assert Fraction(1, 2) == _value(after) - _value(before)

    @pytest.mark.parametrize("aggregation", AGGREGATIONS)
    def test_4_nothing_measured_is_not_zero(self, source: Source, aggregation: str) -> None:
        """Who has no event in the period is left out; where levels last, they are told."""
        events = [used("e-1", 7, day=-3), used("e-2", 3, day=-9)]
        silent = source(events).totals(meter(aggregation), period=SEPTEMBER, zone=ZONE)
        lasting = source(events).totals(
            meter(aggregation, silence=UNCHANGED), period=SEPTEMBER, zone=ZONE
        )

        assert () == silent
        assert ([7] if aggregation in LEVELS else []) == [
            each.value for reading in lasting for each in reading.quantities
        ]

    def test_4_no_events_are_no_readings(self, source: Source) -> None:
        """An empty source has nothing to tell."""
        assert () == source([]).totals(meter(), period=SEPTEMBER, zone=ZONE)

    def test_5_customers_who_are_asked_for(self, source: Source) -> None:
        """In order; nobody else is told of, and nobody is made up."""
        usage = source(EVENTS)
        everyone = usage.totals(meter(), period=SEPTEMBER, zone=ZONE)
        some = usage.totals(meter(), period=SEPTEMBER, zone=ZONE, customers={"c-3", "c-1", "c-9"})

        assert ["c-1", "c-2", "c-3"] == [each.customer for each in everyone]
        assert tuple(each for each in everyone if each.customer != "c-2") == some
        assert () == usage.totals(meter(), period=SEPTEMBER, zone=ZONE, customers=())

    @pytest.mark.parametrize("aggregation", [SUM, LAST, UNIQUE_COUNT])
    def test_6_a_missing_dimension_is_an_error(self, source: Source, aggregation: str) -> None:
        """The event and the dimension are told; what the meter does not need may be missing."""
        events = [used("e-1"), used("e-2", day=1, of=dimensions(color="red"))]
        counted = meter(aggregation, by=("size",))

        with pytest.raises(MissingDimension) as caught:
            source(events).totals(counted, period=SEPTEMBER, zone=ZONE)

        assert ("e-2", "size") == (caught.value.event, caught.value.dimension)
        plain = source(events).totals(meter(), period=SEPTEMBER, zone=ZONE)
        assert len(events) == _value(plain)


def _value(found: tuple[Reading, ...]) -> Fraction:
    ((quantity,),) = (reading.quantities for reading in found)
    return quantity.value
