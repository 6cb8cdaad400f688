"""The fake clock keeps the promises of a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ledgerkit.ports.clock import Clock
from ledgerkit.testing.contracts.clock import ClockContract
from ledgerkit.testing.fakes.clock import FakeClock


class TestFakeClock(ClockContract):
    """All promises."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Return a fake clock."""
        return FakeClock()


def test_a_fake_clock_is_set() -> None:
    """It stands at the instant it was given, in UTC, until it is set or moved."""
    clock = FakeClock(datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    started = clock.now()
    clock.set(datetime(2026, 3, 1, 6, tzinfo=UTC))
    clock.advance(timedelta(minutes=1))

    assert datetime(2026, 3, 1, tzinfo=UTC) == started
    assert datetime(2026, 3, 1, 6, 1, tzinfo=UTC) == clock.now()


def test_a_fake_clock_does_not_go_back() -> None:
    """Neither by setting nor by moving."""
    clock = FakeClock()
    started = clock.now()

    with pytest.raises(ValueError, match="does not go back"):
        clock.set(started - timedelta(seconds=1))
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(timedelta(seconds=-1))
    assert started == clock.now()
