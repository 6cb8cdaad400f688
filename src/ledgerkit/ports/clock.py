"""Clock: the one place where a host says what time it is."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time.

    1. `now` is an aware instant in UTC.
    2. It does not go back from one call to the next.
    """

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...
