"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledgerkit.domain.periods import instant
from ledgerkit.testing.samples import NOON


class FakeClock:
    """Tells the instant it was set to; a `Clock`.

    >>> clock = FakeClock()
    >>> clock.advance(timedelta(hours=1))
    >>> clock.now().isoformat()
    '2026-10-01T13:00:00+00:00'
    """

    def __init__(self, at: datetime = NOON) -> None:
        self._at = instant(at)

    def now(self) -> datetime:
        """Return the instant it stands at, in UTC."""
        return self._at

    def set(self, at: datetime) -> None:
        """Go on to the instant *at*; raises ValueError if that would be back in time."""
        if instant(at) < self._at:
            msg = f"a clock does not go back (it is {self._at.isoformat()}, got {at.isoformat()})"
            raise ValueError(msg)
        self._at = instant(at)

    def advance(self, by: timedelta) -> None:
        """Go on *by* so much; raises ValueError if that would be back in time."""
        self.set(self._at + by)
