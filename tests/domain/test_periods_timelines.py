"""Timelines: the version of a thing that is in effect on a day."""

from __future__ import annotations

from datetime import date, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.periods import Timeline


@attrs.frozen
class Version:
    """A version of something."""

    valid_from: date


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 20))
FIRST, TENTH = Version(date(2026, 1, 1)), Version(date(2026, 1, 10))


def test_the_version_of_a_day() -> None:
    """The newest one that has begun, in any order of listing; none before the first."""
    timeline = Timeline.of([("a", TENTH), ("b", FIRST), ("a", FIRST)])

    assert (FIRST, TENTH) == timeline.versions("a")
    assert (FIRST, TENTH) == (
        timeline.on("a", date(2026, 1, 9)),
        timeline.on("a", date(2026, 1, 10)),
    )
    assert None is timeline.on("a", date(2025, 12, 31))
    assert (None, ()) == (timeline.on("c", date(2026, 1, 9)), timeline.versions("c"))


@pytest.mark.parametrize(
    ("key", "on", "expected"),
    [
        ("a", date(2026, 1, 5), date(2026, 1, 11)),
        ("a", date(2026, 1, 11), date(2026, 1, 11)),
        ("a", date(2026, 2, 1), date(2026, 2, 1)),
        ("c", date(2025, 2, 1), date(2025, 2, 1)),
    ],
)
def test_earliest_change(key: str, on: date, expected: date) -> None:
    """The day of the decision, but after the newest version."""
    timeline = Timeline.of([("a", FIRST), ("a", TENTH)])

    assert expected == timeline.earliest_change(key, on=on)


def test_one_version_a_day() -> None:
    """Two versions of a key on one day contradict each other; the message names the key."""
    with pytest.raises(ValueError, match="two versions of the rate of a begin on 2026-01-01"):
        Timeline.of([("a", FIRST), ("a", FIRST)], named=lambda key: f"the rate of {key}")


@given(st.lists(DAYS, unique=True), DAYS)
def test_a_change_never_moves_a_day_that_has_passed(days: list[date], on: date) -> None:
    """Whatever begins at the earliest day of a change leaves all days before it as they were."""
    before = Timeline.of([("a", Version(day)) for day in days])
    change = Version(before.earliest_change("a", on=on))
    after = Timeline.of([("a", version) for version in (*before.versions("a"), change)])
    passed = [date(2025, 12, 31) + timedelta(days=n) for n in range(60)]

    assert change == after.on("a", change.valid_from)
    assert all(
        before.on("a", day) == after.on("a", day) for day in passed if day < change.valid_from
    )
