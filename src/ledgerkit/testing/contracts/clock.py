"""Clock contract: the promises of `ledgerkit.ports.clock`."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from ledgerkit.ports.clock import Clock


class ClockContract:
    """Every promise of a clock; a subclass overrides the fixture `clock`."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Return the clock to be proven."""
        msg = "override the fixture `clock` to return the clock to be proven"
        raise NotImplementedError(msg)

    def test_1_now_is_an_aware_instant_in_utc(self, clock: Clock) -> None:
        """A naive instant, or one in another zone, would be read differently elsewhere."""
        assert timedelta(0) == clock.now().utcoffset()

    def test_2_now_does_not_go_back(self, clock: Clock) -> None:
        """What is asked later is not earlier."""
        told = [clock.now() for _ in range(1000)]

        assert [] == [pair for pair in pairwise(told) if pair[1] < pair[0]]
