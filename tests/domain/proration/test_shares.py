"""Shares: how much of its whole a part is, in days, months of thirty or seconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    DatesOutOfOrder,
    FixedDaysCycle,
    Period,
    UnknownZone,
)
from ledgerkit.domain.proration import (
    Basis,
    NotInPeriod,
    Share,
    ZoneNeeded,
    share,
    share_of_time,
)

FIXED_30, SECONDS = Basis.FIXED_30, Basis.SECONDS
DATES = st.dates(date(1970, 1, 1), date(2070, 12, 31))
CYCLES: st.SearchStrategy[Cycle] = (
    st.builds(CalendarCycle, st.sampled_from([1, 3, 12]))
    | st.builds(
        AnniversaryCycle, DATES, st.sampled_from([1, 3, 12]), st.none() | st.integers(1, 31)
    )
    | st.builds(FixedDaysCycle, DATES, st.integers(1, 90))
)
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))


def day(text: str) -> date:
    """Return the date that *text* writes."""
    return date.fromisoformat(text)


def of(part: str, whole: str, basis: Basis = Basis.ACTUAL_DAYS, zone: str | None = None) -> str:
    """Return the share of *part* in *whole*, periods as text, as text."""
    span = Period.parse(part)
    return str(share(span.start, span.end, Period.parse(whole), basis=basis, zone=zone))


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ("2024-03-15/2024-04-01", "2024-03", "17/31"),
        ("2026-04-16/2026-05-01", "2026-04", "15/30"),
        ("2026-02-14/2026-02-28", "2026-01-31/2026-02-28", "14/28"),
        ("2024-05-20/2024-06-21", "2024-04-01/2024-07-01", "32/91"),
        ("2025-01-01/2025-01-31", "2025-01-01/2026-01-01", "30/365"),
        ("2023-09-28/2024-06-29", "2023-06-29/2024-06-29", "275/366"),
        ("2012-02-01/2012-02-15", "2012-02", "14/29"),
        ("2026-10", "2026-10", "31/31"),
    ],
)
def test_actual_days(part: str, whole: str, expected: str) -> None:
    """By default real days count, over the aligned period that contains them (billing 3)."""
    assert expected == of(part, whole)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ("2023-05-15/2023-05-23", "2023-05-15/2023-06-15", "8/30"),
        ("2023-05-23/2023-06-15", "2023-05-15/2023-06-15", "22/30"),
        ("2023-02-23/2023-03-15", "2023-02-15/2023-03-15", "22/30"),
        ("2026-02", "2026-02", "30/30"),
        ("2026-02", "2026-01-01/2026-04-01", "30/90"),
        ("2026-12-16/2027-01-01", "2026-12", "15/30"),
        ("2026-05-31/2026-06-01", "2026-05", "0/30"),
        # A day by itself that no month of thirty has is a whole all the same.
        ("2026-05-31/2026-06-01", "2026-05-31/2026-06-01", "1/1"),
    ],
)
def test_fixed_30(part: str, whole: str, expected: str) -> None:
    """In one month real days, across its end 30 - d1 + d2, whatever the month (billing 3)."""
    assert expected == of(part, whole, FIXED_30)


def test_seconds() -> None:
    """The day on which clocks go forward in Madrid has 23 hours, and weighs less."""
    march = "2026-03"

    assert "82800/2674800" == of("2026-03-29/2026-03-30", march, SECONDS, "Europe/Madrid")
    assert "86400/2678400" == of("2026-03-29/2026-03-30", march, SECONDS, "UTC")


def test_seconds_between_instants() -> None:
    """A change at three in the afternoon leaves nine hours of the day; neighbours add up."""
    whole = Period.parse("2026-10-10/2026-10-11")
    opens, noon = datetime(2026, 10, 10, tzinfo=UTC), datetime(2026, 10, 10, 15, tzinfo=UTC)
    late = noon + timedelta(microseconds=999_999)
    before = share_of_time(opens, late, whole, zone="UTC")
    after = share_of_time(late, opens + timedelta(days=1), whole, zone="UTC")

    assert Fraction(15, 24) == before.ratio
    assert Fraction(9, 24) == after.ratio
    assert ("until", "2026-10-10T15:00:00.999999+00:00") in before.trace


def test_a_part_without_a_day_is_nothing() -> None:
    """[2025-01-15, 2025-01-15) of January is 0, not all of it, in every basis."""
    january, on = Period.month(2025, 1), day("2025-01-15")
    single = Period.parse("2026-05-31/2026-06-01")

    for basis in Basis:
        assert 0 == share(on, on, january, basis=basis, zone="UTC").ratio
    assert 0 == share(single.end, single.end, single, basis=FIXED_30).ratio


def test_trace() -> None:
    """The trace has basis, dates and the factor as it was counted, not reduced (billing 0.9)."""
    april = Period.month(2026, 4)

    assert (
        ("basis", "actual_days"),
        ("from", "2026-04-16"),
        ("until", "2026-05-01"),
        ("factor", "15/30"),
    ) == share(day("2026-04-16"), april.end, april).trace


def test_refusals() -> None:
    """A part runs forward, inside of its whole, and seconds are those of a zone."""
    october, on = Period.month(2026, 10), day("2026-10-16")
    midnight = datetime(2026, 10, 1, tzinfo=UTC)
    second = timedelta(seconds=1)

    with pytest.raises(DatesOutOfOrder, match="end is 2026-10-15; it must not be before start"):
        share(on, day("2026-10-15"), october)
    expected = "2026-10-16 to 2026-11-02 is no part of 2026-10-01/2026-11-01; give the whole period"
    with pytest.raises(NotInPeriod, match=expected):
        share(on, day("2026-11-02"), october)
    with pytest.raises(NotInPeriod, match="2026-09-30 to 2026-10-16"):
        share(day("2026-09-30"), on, october)
    with pytest.raises(ZoneNeeded, match="has no seconds without a time zone; name the customer's"):
        share(on, october.end, october, basis=SECONDS)
    with pytest.raises(UnknownZone):
        share(on, october.end, october, basis=SECONDS, zone="Madrid")
    with pytest.raises(NotInPeriod):
        share_of_time(midnight - second, midnight, october, zone="UTC")
    with pytest.raises(NotInPeriod):
        share_of_time(midnight, datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC), october, zone="UTC")
    with pytest.raises(DatesOutOfOrder):
        share_of_time(midnight + second, midnight, october, zone="UTC")
    with pytest.raises(ValueError, match="no time zone"):
        share_of_time(datetime(2026, 10, 2), midnight, october, zone="UTC")  # noqa: DTZ001
    with pytest.raises(TypeError, match="start must be a date"):
        share(midnight, on, october)
    with pytest.raises(TypeError, match="end must be a date"):
        share(on, cast("Any", "2026-10-20"), october)


@pytest.mark.parametrize(("n", "whole"), [(-1, 31), (32, 31), (0, 0)])
def test_shares_refuse_a_count(n: int, whole: int) -> None:
    """A share is nothing to all of something."""
    on = day("2026-10-01")

    with pytest.raises(ValueError, match=f"got {n} of {whole}"):
        Share(start=on, end=on, n=n, of=whole)


@pytest.mark.parametrize(("n", "whole"), [(True, 31), (1, cast("Any", 31.0))])
def test_shares_refuse_a_type(n: int, whole: int) -> None:
    """Counts are ints, and True is no count."""
    on = day("2026-10-01")

    with pytest.raises(TypeError, match="whole days or seconds"):
        Share(start=on, end=on, n=n, of=whole)


# ---- laws ----------------------------------------------------------------------------------------
@given(CYCLES, DATES, st.data(), st.sampled_from(Basis), ZONES)
def test_parts_of_a_whole_add_up_to_it(
    cycle: Cycle, on: date, data: st.DataObject, basis: Basis, zone: str
) -> None:
    """Cut anywhere, over a hundred years and in every zone, the parts are the whole."""
    whole = cycle.containing(on)
    cuts = sorted(data.draw(st.lists(st.dates(whole.start, whole.end), max_size=4)))
    bounds = [whole.start, *cuts, whole.end]
    parts = [
        share(start, end, whole, basis=basis, zone=zone).ratio for start, end in pairwise(bounds)
    ]

    assert 1 == sum(parts)


@given(CYCLES, DATES, st.data(), ZONES)
def test_days_do_not_depend_on_a_zone(
    cycle: Cycle, on: date, data: st.DataObject, zone: str
) -> None:
    """Days are days, whichever zone they are days of."""
    whole = cycle.containing(on)
    start = data.draw(st.dates(whole.start, whole.end))

    for basis in (Basis.ACTUAL_DAYS, FIXED_30):
        here = share(start, whole.end, whole, basis=basis, zone=zone)
        assert share(start, whole.end, whole, basis=basis) == here
