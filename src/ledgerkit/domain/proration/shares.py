"""Share: how much of a whole period a part of it is, counted in days or in seconds.

The whole is always the aligned period that contains the part, never the month or a period made up
from the start: 14 to 28 February with anchor day 31 is 14 of 28 days. (spec: billing 3)
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.periods import DatesOutOfOrder, Period, day_start, instant, plain_date

_SECONDS_A_DAY = 86_400
_DAYS_A_MONTH = 30


class Basis(Enum):
    """What a part and its whole are counted in."""

    ACTUAL_DAYS = "actual_days"
    FIXED_30 = "fixed_30"  # in one month real days; 30 - d1 + d2 across the end of a month
    SECONDS = "seconds"  # a day of 23 hours is shorter than the others


@attrs.frozen(kw_only=True)
class Share:
    """*n* of *of* days or seconds: the factor that a price is prorated by.

    Attributes:
        start: Where the part starts: a local date, or an instant where seconds of a day count.
        end: The first date or instant after it.
        n: What the part counts.
        of: What the whole counts, 1 or more.
        basis: What is counted.

    Raises:
        TypeError: a count is no int.
        ValueError: *n* is not between 0 and *of*, or *of* is below 1.
    """

    start: date
    end: date
    n: int
    of: int
    basis: Basis = Basis.ACTUAL_DAYS

    def __attrs_post_init__(self) -> None:
        if type(self.n) is not int or type(self.of) is not int:
            msg = f"a share counts whole days or seconds (got {self.n!r} of {self.of!r})"
            raise TypeError(msg)
        if self.of < 1 or not 0 <= self.n <= self.of:
            msg = f"a share is 0 to all of a whole of 1 or more (got {self.n} of {self.of})"
            raise ValueError(msg)

    @property
    def ratio(self) -> Fraction:
        """The share as an exact ratio, 0 to 1."""
        return Fraction(self.n, self.of)

    @property
    def trace(self) -> tuple[tuple[str, str], ...]:
        """How it was counted, as (name, text) pairs; the factor is not reduced. (spec: billing 0.9)

        >>> march = Period.month(2024, 3)
        >>> share(date(2024, 3, 15), march.end, march).trace[-1]
        ('factor', '17/31')
        """
        return (
            ("basis", self.basis.value),
            ("from", self.start.isoformat()),
            ("until", self.end.isoformat()),
            ("factor", str(self)),
        )

    def __str__(self) -> str:
        return f"{self.n}/{self.of}"


def share(
    start: date,
    end: date,
    whole: Period,
    *,
    basis: Basis = Basis.ACTUAL_DAYS,
    zone: str | None = None,
) -> Share:
    """Return the share of *whole* from *start* up to, not including, *end*.

    Without a day between them it is 0, never all of it. Parts of a whole add up to it in every
    basis. *zone* says when days start, which only seconds ask for.

    Raises:
        DatesOutOfOrder: *end* is before *start*.
        NotInPeriod: one of them lies outside of *whole*.
        ZoneNeeded: seconds are counted, and no zone is given.
        UnknownZone, TypeError: *zone* is none, *start* or *end* is no date.

    >>> str(share(date(2026, 2, 14), date(2026, 2, 28), Period.parse("2026-01-31/2026-02-28")))
    '14/28'
    """
    plain_date("start", start)
    plain_date("end", end)
    if end < start:
        raise DatesOutOfOrder("start", start, "end", end)
    if start < whole.start or whole.end < end:
        raise NotInPeriod(start, end, whole)
    if basis is Basis.SECONDS:
        if zone is None:
            raise ZoneNeeded(whole)
        return share_of_time(day_start(start, zone), day_start(end, zone), whole, zone=zone)
    n, of = _days(start, end, basis), _days(whole.start, whole.end, basis)
    if of == 0:  # the 31st alone is no day of a month of thirty: all of it, or nothing
        n, of = int(start < end), 1
    return Share(start=start, end=end, n=n, of=of, basis=basis)


def share_of_time(start: datetime, end: datetime, whole: Period, *, zone: str) -> Share:
    """Return the share in seconds of *whole*, local dates of *zone*, between two instants.

    Parts of a second are left out at both ends, so that neighbours still add up.

    Raises:
        DatesOutOfOrder, NotInPeriod, UnknownZone: as `share`.
        ValueError: an instant is not aware of its zone.
    """
    first, last = _second(start), _second(end)
    opens, closes = _second(day_start(whole.start, zone)), _second(day_start(whole.end, zone))
    if last < first:
        raise DatesOutOfOrder("start", start, "end", end)
    if first < opens or closes < last:
        raise NotInPeriod(start, end, whole)
    return Share(
        start=instant(start),
        end=instant(end),
        n=last - first,
        of=closes - opens,
        basis=Basis.SECONDS,
    )


def _days(start: date, end: date, basis: Basis) -> int:
    """Return the days from *start* up to *end*; of a month of thirty, if they are fixed."""
    if basis is Basis.ACTUAL_DAYS:
        return (end - start).days
    months = 12 * (end.year - start.year) + end.month - start.month
    return _DAYS_A_MONTH * months + end.day - start.day


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _second(at: datetime) -> int:
    """Return the whole seconds since 1970 at the instant *at*."""
    passed = instant(at) - _EPOCH
    return passed.days * _SECONDS_A_DAY + passed.seconds


@attrs.frozen
class NotInPeriod(LedgerkitError):
    """A part lies outside of the period that it should be a part of."""

    code: ClassVar[str] = "not_in_period"

    start: date
    end: date
    whole: Period

    def __str__(self) -> str:
        part = f"{self.start} to {self.end}"
        return f"{part} is no part of {self.whole}; give the whole period that contains it"


@attrs.frozen
class ZoneNeeded(LedgerkitError):
    """Seconds were to be counted between local dates, and no zone says when these start."""

    code: ClassVar[str] = "zone_needed"

    whole: Period

    def __str__(self) -> str:
        return f"{self.whole} has no seconds without a time zone; name the customer's"
