"""Span: a `Period`, the days from its start up to, not including, its end.

Half-open, so that one period ends where the next one starts and a change on a date belongs to the
new one; what is inclusive elsewhere is converted where it comes in (spec: billing 0.2).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_SPAN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})/([0-9]{4}-[0-9]{2}-[0-9]{2})")
_DECEMBER = 12


@attrs.frozen(order=True)
class Period:
    """The local dates from *start* up to, not including, *end*; never empty.

    Periods sort by start, then by end. Raises `BadPeriod` unless start is before end, `TypeError`
    for anything but plain dates.

    >>> october = Period.month(2026, 10)
    >>> str(october), october.days, date(2026, 11, 1) in october
    ('2026-10-01/2026-11-01', 31, False)
    """

    start: date
    end: date

    def __attrs_post_init__(self) -> None:
        plain_date("start", self.start)
        plain_date("end", self.end)
        if self.start >= self.end:
            raise BadPeriod(self.start, self.end)

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        """Return the calendar month; raises `ValueError` unless *month* is 1 to 12."""
        start = date(year, month, 1)
        return cls(start, date(year + month // _DECEMBER, month % _DECEMBER + 1, 1))

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the period that *text* writes: "2026-10", or start/end as `str` gives them.

        Raises `ValueError` for other text and dates that don't exist, `BadPeriod` for an end that
        is not after the start.

        >>> Period.parse("2026-10") == Period.parse("2026-10-01/2026-11-01")
        True
        """
        if month := _MONTH.fullmatch(text):
            return cls.month(int(month[1]), int(month[2]))
        if span := _SPAN.fullmatch(text):
            return cls(date.fromisoformat(span[1]), date.fromisoformat(span[2]))
        msg = f"a period is written 2026-10 or 2026-10-01/2026-11-01 (got {text!r})"
        raise ValueError(msg)

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day inside, for readers: 31 October for a period that ends on 1 November."""
        return self.end - timedelta(days=1)

    def contains(self, on: date) -> bool:
        """Tell whether *on* is one of the days; so does `on in period`."""
        return self.start <= on < self.end

    __contains__ = contains

    def overlaps(self, other: Period) -> bool:
        """Tell whether the two share a day."""
        return self.start < other.end and other.start < self.end

    def share_of(self, whole: Period) -> Fraction:
        """Return the days of this period per day of *whole*, exactly: the factor to prorate by.

        Raises `ValueError` unless *whole* holds all of it. Source: spec: billing 3.

        >>> Period.parse("2017-05-01/2017-05-10").share_of(Period.parse("2016-05-10/2017-05-10"))
        Fraction(9, 365)
        """
        if self.start < whole.start or whole.end < self.end:
            msg = f"{self} is no part of {whole}; give the whole period that contains it"
            raise ValueError(msg)
        return Fraction(self.days, whole.days)

    def __str__(self) -> str:
        """Return start and exclusive end, ISO dates with a slash between; `parse` reads it."""
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


def plain_date(name: str, value: object) -> None:
    """Raise `TypeError` unless *value*, called *name*, is a date and no datetime."""
    if type(value) is not date:  # a datetime is a date to isinstance, and has no zone to pick a day
        msg = f"{name} must be a date (got {value!r})"
        raise TypeError(msg)


@attrs.frozen
class BadPeriod(LedgerkitError):
    """A period would be empty or run backwards."""

    code: ClassVar[str] = "bad_period"

    start: date
    end: date

    def __str__(self) -> str:
        return f"a period from {self.start} ends {self.end}; the end must be a later date"
