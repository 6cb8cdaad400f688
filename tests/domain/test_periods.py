"""Periods: instants, dates in a zone and the half-open spans between dates."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.periods import (
    AnniversaryCycle,
    BadPeriod,
    Period,
    UnknownZone,
    day_start,
    days_between,
    instant,
    local_date,
    plain_date,
)

MADRID = ZoneInfo("Europe/Madrid")
DATES = st.dates(date(1970, 1, 1), date(2070, 12, 31))


def day(text: str) -> date:
    """Return the date that *text* writes."""
    return date.fromisoformat(text)


def days(*texts: str) -> list[date]:
    """Return the dates that *texts* write."""
    return [day(text) for text in texts]


# ---- instants and dates ------------------------------------------------------------------------
def test_instant() -> None:
    """12:00 in Madrid on 2026-03-28 is 11:00 in UTC; an instant in UTC is itself."""
    noon = datetime(2026, 3, 28, 12, tzinfo=MADRID)

    assert datetime(2026, 3, 28, 11, tzinfo=UTC) == instant(noon)
    assert UTC is instant(noon).tzinfo is instant(noon.replace(tzinfo=ZoneInfo("UTC"))).tzinfo
    assert noon == instant(instant(noon))


def test_instant_refuses() -> None:
    """A datetime without a zone is no instant, and a date is none either."""
    with pytest.raises(ValueError, match="in no year from 1 to 9999 in UTC"):
        instant(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))))
    with pytest.raises(ValueError, match="2026-03-28T12:00:00 has no time zone"):
        instant(datetime(2026, 3, 28, 12))  # noqa: DTZ001 - what must be refused
    with pytest.raises(TypeError, match=r"an instant must be a datetime \(got datetime\.date"):
        instant(day("2026-03-28"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ("2026-03-31T22:30", "Europe/Madrid", "2026-04-01"),
        ("2026-03-31T22:30", "UTC", "2026-03-31"),
        ("2022-03-01T00:00", "America/New_York", "2022-02-28"),
        ("2026-01-01T00:00", "Pacific/Kiritimati", "2026-01-01"),
        ("2025-12-31T10:00", "Pacific/Kiritimati", "2026-01-01"),
    ],
)
def test_local_date(at: str, zone: str, expected: str) -> None:
    """2026-04-01 00:30 in Madrid is the 1st of April there (spec: billing 2, C-6)."""
    assert day(expected) == local_date(datetime.fromisoformat(at).replace(tzinfo=UTC), zone)


@pytest.mark.parametrize("zone", ["Madrid", "", "Europe", "../etc/passwd", "localtime", "x\0y"])
def test_unknown_zone(zone: str) -> None:
    """A zone that is not in the database, or is the machine's own, is refused by name."""
    with pytest.raises(UnknownZone) as caught:
        local_date(datetime(2026, 1, 1, tzinfo=UTC), zone)

    assert f"{zone!r} is no time zone; use an IANA name such as Europe/Madrid" == str(caught.value)


def test_zone_is_a_name() -> None:
    """A record stores the name of a zone, not its rules."""
    with pytest.raises(TypeError, match="zone must be the IANA name of a time zone"):
        local_date(datetime(2026, 1, 1, tzinfo=UTC), MADRID)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "zone", "expected"),
    [
        ("2024-07-15T12:30", "2024-07-16T08:15", "UTC", 1),
        ("2024-05-01T08:00", "2024-05-01T17:00", "UTC", 0),
        ("2024-05-02T08:00", "2024-05-01T17:00", "UTC", -1),
        ("2026-03-28T23:00", "2026-03-29T22:00", "Europe/Madrid", 1),  # a day of 23 hours
        ("2025-10-25T22:00", "2025-10-26T22:59", "Europe/Madrid", 0),  # a day of 25 hours
        ("2025-12-31T23:00", "2026-03-31T22:30", "Europe/Madrid", 90),
    ],
)
def test_days_between(first: str, second: str, zone: str, expected: int) -> None:
    """Days are local dates; 2026-01-01 to 2026-04-01 00:30 in Madrid are 90 (billing C-6)."""
    start, end = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (first, second))

    assert expected == days_between(start, end, zone)


@pytest.mark.parametrize(
    ("on", "zone", "expected"),
    [
        ("2022-02-01", "UTC", "2022-02-01T00:00"),
        ("2022-01-01", "America/New_York", "2022-01-01T05:00"),
        ("2026-04-01", "Europe/Madrid", "2026-03-31T22:00"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00"),  # clocks skipped midnight
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00"),  # the hour before came twice
    ],
)
def test_day_start(on: str, zone: str, expected: str) -> None:
    """A date starts at its midnight, or when clocks skip it."""
    assert datetime.fromisoformat(expected).replace(tzinfo=UTC) == day_start(day(on), zone)


@given(DATES, st.sampled_from(["UTC", "Europe/Madrid", "America/Sao_Paulo", "Asia/Kathmandu"]))
def test_day_start_is_the_first_instant(on: date, zone: str) -> None:
    """From its start on an instant is of that date, and just before it is not yet."""
    start = day_start(on, zone)

    assert on == local_date(start, zone)
    assert on > local_date(start - timedelta(microseconds=1), zone)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-720, 720))
def test_instant_keeps_the_moment(at: datetime, minutes: int) -> None:
    """Whatever offset a moment is written with, it is the same moment and the same date."""
    at = min(max(at, datetime(2, 1, 1, tzinfo=UTC)), datetime(9998, 1, 1, tzinfo=UTC))
    moved = at.astimezone(timezone(timedelta(minutes=minutes)))

    assert at == instant(moved)
    assert 0 == days_between(at, moved, "Europe/Madrid")


# ---- spans -------------------------------------------------------------------------------------
def test_period_is_half_open() -> None:
    """October holds the 1st and the 31st, and neither 30 September nor 1 November."""
    october = Period.month(2026, 10)
    asked = days("2026-09-30", "2026-10-01", "2026-10-31", "2026-11-01")

    assert [False, True, True, False] == [on in october for on in asked]
    assert [False, True, True, False] == [october.contains(on) for on in asked]
    assert (31, day("2026-10-31")) == (october.days, october.last)


def test_period_as_text() -> None:
    """A period is written by month, or with its start and its exclusive end."""
    assert "2026-10-01/2026-11-01" == str(Period.parse("2026-10"))
    assert Period.month(2026, 12) == Period.parse("2026-12-01/2027-01-01")


@pytest.mark.parametrize(
    "text",
    ["2026", "2026-13", "2026-1", "20261001/20261101", "2026-10-01", "2026-02-30/2026-03-01"],
)
def test_period_refuses_text(text: str) -> None:
    """Other text, or a date that does not exist, is refused."""
    with pytest.raises(ValueError, match=r"a period is written|month must be|day is out of range"):
        Period.parse(text)


@pytest.mark.parametrize("end", ["2026-10-01", "2026-09-30"])
def test_period_ends_after_it_starts(end: str) -> None:
    """No period is empty or runs backwards."""
    with pytest.raises(BadPeriod) as caught:
        Period(day("2026-10-01"), day(end))

    assert f"a period from 2026-10-01 ends {end}; the end must be a later date" == str(caught.value)


def test_period_takes_dates() -> None:
    """A datetime has no zone to pick the day in."""
    midnight: Any = datetime(2026, 10, 1, tzinfo=UTC)

    with pytest.raises(TypeError, match=r"start must be a date \(got datetime\.datetime"):
        Period(midnight, day("2026-11-01"))
    with pytest.raises(TypeError, match="end must be a date"):
        Period(day("2026-09-01"), midnight)
    with pytest.raises(TypeError, match="on must be a date"):
        plain_date("on", "2026-10-01")


def test_periods_overlap() -> None:
    """Neighbours share no day; one day in common is enough."""
    october, november = Period.month(2026, 10), Period.month(2026, 11)
    night = Period.parse("2026-10-31/2026-11-02")

    assert not october.overlaps(november)
    assert not november.overlaps(october)
    assert night.overlaps(october)
    assert november.overlaps(night)


def test_share_of() -> None:
    """With anchor 31, 14 to 28 February is 14 of 28 days; 32 of 91 of a quarter (billing 3)."""
    part = Period.parse("2026-02-14/2026-02-28")
    whole = AnniversaryCycle(day("2026-01-31")).containing(part.start)
    quarter = Period.parse("2024-01-01/2024-04-01")

    assert Fraction(14, 28) == part.share_of(whole)
    assert 1 == whole.share_of(whole)
    assert Fraction(32, 91) == Period.parse("2024-02-29/2024-04-01").share_of(quarter)


@pytest.mark.parametrize("part", ["2026-09-30/2026-10-02", "2026-10-31/2026-11-02"])
def test_share_of_refuses(part: str) -> None:
    """A part that sticks out is a share of something else."""
    with pytest.raises(ValueError, match=f"{part} is no part of 2026-10-01/2026-11-01"):
        Period.parse(part).share_of(Period.month(2026, 10))


@given(DATES, st.integers(1, 1000), DATES, st.integers(1, 1000))
def test_periods_overlap_where_they_share_days(
    start: date, length: int, other: date, others: int
) -> None:
    """Two periods overlap exactly when some date is in both, and sort by start."""
    first = Period(start, start + timedelta(length))
    second = Period(other, other + timedelta(others))
    both = max(start, other)

    assert first.overlaps(second) == (both in first and both in second)
    assert first.overlaps(second) == second.overlaps(first)
    assert first == Period.parse(str(first))
    assert start == min(first, Period(start, first.end + timedelta(1))).start


def test_text_of_a_period_is_ascii_digits() -> None:
    """Digits of other scripts are no dates."""
    assert not re.search(r"[^0-9/-]", str(Period.month(2026, 10)))
    with pytest.raises(ValueError, match="a period is written"):
        Period.parse("\u0662\u0660\u0662\u0666-10")
