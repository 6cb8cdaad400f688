"""System clock: the time of the machine, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock


class SystemClock:
    """A `Clock` that never goes back, even when somebody sets the machine's clock back."""

    def __init__(self) -> None:
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the present instant, in UTC; at least the one told before."""
        with self._lock:
            self._latest = max(self._latest, datetime.now(UTC))
            return self._latest
