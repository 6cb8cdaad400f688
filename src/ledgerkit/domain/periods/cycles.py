"""Cycle: the rule that cuts time into numbered periods, without gap or overlap.

Three kinds: calendar months, months from an anchor date, and a fixed number of days. Each period
is counted from the anchor: stepping from 31 January would stay on the 28th after February.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from calendar import monthrange
from datetime import date, timedelta
from enum import Enum
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.periods.spans import Period, plain_date

_EPOCH_YEAR = 1970
_MONTHS_A_YEAR = 12
_LONGEST_MONTH = 31


class Timing(Enum):
    """When a period is billed: once it has closed, or when it opens (spec: billing 3)."""

    IN_ARREARS = "in_arrears"
    IN_ADVANCE = "in_advance"


class Cycle(ABC):
    """Periods without end in either direction, numbered in order; spec: billing 1.

    A kind subclasses this with its `kind`, the `boundary` that period n starts on, and the
    `index_of` the period that contains a date; the rest follows. Dates are local ones.
    """

    __slots__ = ()

    kind: ClassVar[str]

    @abstractmethod
    def boundary(self, n: int) -> date:
        """Return the first day of period *n*, which may be negative."""

    @abstractmethod
    def index_of(self, on: date) -> int:
        """Return the number of the period that contains *on*."""

    def period(self, n: int) -> Period:
        """Return period *n*, which may be negative."""
        return Period(self.boundary(n), self.boundary(n + 1))

    def containing(self, on: date, *, start: date | None = None) -> Period:
        """Return the whole period that contains *on*, or what is left of it from *start*.

        Raises `DatesOutOfOrder` when *on* is before *start*.
        """
        whole = self.period(self.index_of(on))
        if start is None:
            return whole
        _in_order("start", start, "on", on)
        return Period(max(start, whole.start), whole.end)

    def due(
        self,
        as_of: date,
        *,
        start: date,
        end: date | None = None,
        billed_through: date | None = None,
        timing: Timing = Timing.IN_ARREARS,
    ) -> tuple[Period, ...]:
        """Return every period to bill at *as_of*, oldest first, wherever the last run stopped.

        The terms run from *start* up to, not including, *end*; all before *billed_through* is
        billed already. The first and the last period are partial where these fall inside one.
        Raises `DatesOutOfOrder` when *as_of* or *end* is before *start*. Source: billing 1, C-1.

        >>> thirty = FixedDaysCycle(date(2026, 1, 1), 30)
        >>> billed = date(2026, 1, 31)
        >>> due = thirty.due(date(2026, 4, 1), start=date(2026, 1, 1), billed_through=billed)
        >>> [str(period) for period in due]
        ['2026-01-31/2026-03-02', '2026-03-02/2026-04-01']
        """
        through = billable_through(self, as_of, start=start, end=end, timing=timing)
        since = start if billed_through is None else max(start, billed_through)
        if through is None or through <= since:
            return ()
        return tuple(
            Period(max(whole.start, since), min(whole.end, through))
            for whole in spanning(self, Period(since, through))
        )


@attrs.frozen
class CalendarCycle(Cycle):
    """Whole calendar months, from the 1st; period 0 starts on 1970-01-01.

    >>> str(CalendarCycle().containing(date(2026, 11, 23)))
    '2026-11-01/2026-12-01'
    """

    kind: ClassVar[str] = "calendar"

    months: int = 1

    def __attrs_post_init__(self) -> None:
        _at_least_one("months", self.months)

    def boundary(self, n: int) -> date:
        """Return the first day of period *n*."""
        return _day_of_month(_EPOCH_YEAR, n * self.months, 1)

    def index_of(self, on: date) -> int:
        """Return the number of the period that contains *on*; raises `TypeError` for no date."""
        plain_date("on", on)
        return _month_number(on, _EPOCH_YEAR) // self.months


@attrs.frozen
class AnniversaryCycle(Cycle):
    """Months from *anchor*, on its day or on *anchor_day*, or the last day of a shorter month.

    Period 0 starts in the month of the anchor. *anchor_day*, 1 to 31, is for terms that start on
    another day than they are billed on.

    >>> monthly = AnniversaryCycle(date(2024, 1, 31))
    >>> [monthly.boundary(n).isoformat() for n in (1, 2, 3)]
    ['2024-02-29', '2024-03-31', '2024-04-30']
    """

    kind: ClassVar[str] = "anniversary"

    anchor: date
    months: int = 1
    anchor_day: int | None = None

    def __attrs_post_init__(self) -> None:
        plain_date("anchor", self.anchor)
        _at_least_one("months", self.months)
        if self.anchor_day is not None:
            _at_least_one("anchor_day", self.anchor_day)
            if self.anchor_day > _LONGEST_MONTH:
                msg = f"anchor_day must be 1 to {_LONGEST_MONTH} (got {self.anchor_day})"
                raise ValueError(msg)

    def boundary(self, n: int) -> date:
        """Return the first day of period *n*."""
        month = self.anchor.month - 1 + n * self.months
        return _day_of_month(self.anchor.year, month, self.anchor_day or self.anchor.day)

    def index_of(self, on: date) -> int:
        """Return the number of the period that contains *on*; raises `TypeError` for no date."""
        plain_date("on", on)
        months = _month_number(on, self.anchor.year) - (self.anchor.month - 1)
        n = months // self.months
        return n if self.boundary(n) <= on else n - 1


@attrs.frozen
class FixedDaysCycle(Cycle):
    """A fixed number of days, counted from *start*; weeks are `FixedDaysCycle(start, 7)`.

    Drifts against the calendar, by design: thirty days are no month.

    >>> FixedDaysCycle(date(2016, 4, 8), 30).boundary(7).isoformat()
    '2016-11-04'
    """

    kind: ClassVar[str] = "fixed_days"

    start: date
    days: int = 30

    def __attrs_post_init__(self) -> None:
        plain_date("start", self.start)
        _at_least_one("days", self.days)

    def boundary(self, n: int) -> date:
        """Return the first day of period *n*."""
        return self.start + timedelta(days=n * self.days)

    def index_of(self, on: date) -> int:
        """Return the number of the period that contains *on*; raises `TypeError` for no date."""
        plain_date("on", on)
        return (on - self.start).days // self.days


def first_boundary(cycle: Cycle, on: date) -> date:
    """Return the first day of a period that is *on* or later.

    The first one later than *on* is `cycle.containing(on).end`.

    >>> first_boundary(AnniversaryCycle(date(2012, 3, 4), anchor_day=3), date(2012, 3, 4))
    datetime.date(2012, 4, 3)
    """
    around = cycle.containing(on)
    return on if around.start == on else around.end


def last_boundary(cycle: Cycle, on: date) -> date:
    """Return the last day that starts a period and is not later than *on*."""
    return cycle.boundary(cycle.index_of(on))


def spanning(cycle: Cycle, span: Period) -> tuple[Period, ...]:
    """Return the whole periods that share a day with *span*, oldest first.

    >>> span = Period.parse("2024-01-03/2024-02-06")
    >>> [period.start.isoformat() for period in spanning(AnniversaryCycle(date(2024, 1, 5)), span)]
    ['2023-12-05', '2024-01-05', '2024-02-05']
    """
    first, last = cycle.index_of(span.start), cycle.index_of(span.last)
    return tuple(cycle.period(n) for n in range(first, last + 1))


def elapsed(cycle: Cycle, start: date, at: date) -> int:
    """Return how many periods, a partial first one included, closed from *start* to *at*.

    A boundary closes the period before it. Raises `DatesOutOfOrder` when *at* is before *start*.

    >>> elapsed(AnniversaryCycle(date(2024, 1, 31)), date(2024, 1, 31), date(2024, 2, 29))
    1
    """
    _in_order("start", start, "at", at)
    return cycle.index_of(at) - cycle.index_of(start)


def whole_periods(cycle: Cycle, start: date, end: date) -> int:
    """Return how many whole periods lie from *start* up to *end*.

    Raises `DatesOutOfOrder` when *end* is before *start*.

    >>> whole_periods(FixedDaysCycle(date(2012, 7, 16), 30), date(2012, 7, 16), date(2012, 9, 14))
    2
    """
    _in_order("start", start, "end", end)
    first = first_boundary(cycle, start)
    return max(0, cycle.index_of(end) - cycle.index_of(first))


def billable_through(
    cycle: Cycle,
    as_of: date,
    *,
    start: date,
    end: date | None = None,
    timing: Timing = Timing.IN_ARREARS,
) -> date | None:
    """Return the date up to which terms from *start* can be billed at *as_of*.

    In arrears it is the last boundary that is neither before *start* nor after *as_of*, and *end*
    once that has come; None while there is neither. In advance it is the end of the period that
    is open at *as_of*, and *end* at the latest. Raises `DatesOutOfOrder` when *as_of* or *end* is
    before *start*: a run that would bill nothing says so. Source: spec: billing 3.

    >>> cycle = AnniversaryCycle(date(2012, 7, 16))
    >>> billable_through(cycle, date(2012, 8, 20), start=date(2012, 7, 16))
    datetime.date(2012, 8, 16)
    """
    _in_order("start", start, "as_of", as_of)
    if end is not None:
        _in_order("start", start, "end", end)
        if end <= as_of:
            return end
    around = cycle.containing(as_of)
    if timing is Timing.IN_ADVANCE:
        return around.end if end is None else min(end, around.end)
    return around.start if around.start >= start else None


def _day_of_month(year: int, month: int, day: int) -> date:
    """Return *day*, or the last one, of the month that many months after January of *year*."""
    years, month = divmod(month, _MONTHS_A_YEAR)
    _, length = monthrange(year + years, month + 1)
    return date(year + years, month + 1, min(day, length))


def _month_number(on: date, year: int) -> int:
    """Return the months from January of *year* to the month of *on*."""
    return (on.year - year) * _MONTHS_A_YEAR + on.month - 1


def _at_least_one(name: str, value: object) -> None:
    """Raise unless *value*, called *name*, is an int of 1 or more."""
    if type(value) is not int:
        msg = f"{name} must be an int (got {value!r})"
        raise TypeError(msg)
    if value < 1:
        msg = f"{name} must be 1 or more (got {value})"
        raise ValueError(msg)


def _in_order(first: str, earlier: date, second: str, later: date) -> None:
    """Raise `DatesOutOfOrder` when the date called *second* is before the one called *first*."""
    plain_date(first, earlier)
    plain_date(second, later)
    if later < earlier:
        raise DatesOutOfOrder(first, earlier, second, later)


@attrs.frozen
class DatesOutOfOrder(LedgerkitError):
    """A date lies before another one that it can't precede, such as a target before the start."""

    code: ClassVar[str] = "invalid_date_sequence"

    first: str
    earlier: date
    second: str
    later: date

    def __str__(self) -> str:
        return f"{self.second} is {self.later}; it must not be before {self.first}, {self.earlier}"
