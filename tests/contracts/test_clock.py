"""The fake clock and the system's keep the promises of a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from ledgerkit.adapters import system_clock
from ledgerkit.adapters.system_clock import SystemClock
from ledgerkit.ports.clock import Clock
from ledgerkit.testing.contracts.clock import ClockContract
from ledgerkit.testing.fakes.clock import FakeClock


class TestFakeClock(ClockContract):
    """All promises."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Return a fake clock."""
        return FakeClock()


class TestSystemClock(ClockContract):
    """All promises."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Return the machine's clock."""
        return SystemClock()


def test_the_system_clock_stands_when_the_machine_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set back by an hour, it tells the latest instant it told until the machine catches up."""
    clock = SystemClock()
    told = clock.now()

    an_hour_back = SimpleNamespace(now=lambda tz: told.astimezone(tz) - timedelta(hours=1))
    monkeypatch.setattr(system_clock, "datetime", an_hour_back)

    assert told == clock.now()


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
