"""Instant: a moment, the same everywhere, kept in UTC; a local date is what it is called somewhere.

Cycles, due dates and documents count in local dates. One becomes the other here, once, with a
zone that the caller names: no rule depends on the zone of a machine (spec: billing 0.3).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.periods.spans import plain_date


def instant(value: datetime) -> datetime:
    """Return the moment *value* in UTC.

    Raises `ValueError` for a datetime without a zone or one that UTC puts outside of the years 1 to
    9999, `TypeError` for anything else.

    >>> from datetime import timedelta, timezone
    >>> instant(datetime(2026, 3, 28, 12, tzinfo=timezone(timedelta(hours=1)))).isoformat()
    '2026-03-28T11:00:00+00:00'
    """
    if not isinstance(value, datetime):
        msg = f"an instant must be a datetime (got {value!r})"
        raise TypeError(msg)
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        msg = f"{value.isoformat()} has no time zone; pass an aware datetime"
        raise ValueError(msg)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        msg = f"{value.isoformat()} is in no year from 1 to 9999 in UTC"
        raise ValueError(msg) from None


def local_date(at: datetime, zone: str) -> date:
    """Return the date in *zone*, an IANA name, when it is *at*.

    Raises `UnknownZone`, `TypeError` for a zone that is no str, and what `instant` raises.

    >>> local_date(datetime(2026, 3, 31, 22, 30, tzinfo=UTC), "Europe/Madrid")
    datetime.date(2026, 4, 1)
    """
    return instant(at).astimezone(_zone(zone)).date()


def days_between(first: datetime, second: datetime, zone: str) -> int:
    """Return how many local midnights lie between two instants, negative when *second* is earlier.

    Hours don't count, so days of 23 and 25 hours are days. Raises what `local_date` raises.

    >>> late, early = datetime(2024, 7, 15, 23, tzinfo=UTC), datetime(2024, 7, 16, 1, tzinfo=UTC)
    >>> days_between(late, early, "UTC"), days_between(late, early, "Europe/Madrid")
    (1, 0)
    """
    return (local_date(second, zone) - local_date(first, zone)).days


def day_start(on: date, zone: str) -> datetime:
    """Return the first instant, in UTC, of the date *on* in *zone*; its last is before the next.

    Where clocks skip midnight, the day starts at the skip. Raises `UnknownZone`, and `TypeError`
    unless *on* is a date.

    >>> day_start(date(2022, 2, 1), "America/New_York").isoformat()
    '2022-02-01T05:00:00+00:00'
    """
    plain_date("on", on)
    return datetime.combine(on, time.min, tzinfo=_zone(zone)).astimezone(UTC)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    """Return the rules of the zone *name*; the standard cache keeps eight only."""
    if not isinstance(name, str):
        msg = f"zone must be the IANA name of a time zone (got {name!r})"
        raise TypeError(msg)
    if name == "localtime":  # in many databases, and means another zone on every machine
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    # Not only KeyError: a path is a ValueError and a folder of zones, "Europe", an OSError.
    except (KeyError, ValueError, OSError):
        raise UnknownZone(name) from None


@attrs.frozen
class UnknownZone(LedgerkitError):
    """A time zone is not in the database of zones."""

    code: ClassVar[str] = "unknown_zone"

    zone: str

    def __str__(self) -> str:
        return f"{self.zone!r} is no time zone; use an IANA name such as Europe/Madrid"
