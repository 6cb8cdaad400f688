"""Meter: the rule that makes one exact quantity of the events of a period.

It is the same quantity in whichever order events come, and however often. (spec: billing C-11)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

import attrs

from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.periods import Period, day_start, plain_date
from ledgerkit.domain.usage.events import UsageEvent, distinct
from ledgerkit.domain.usage.quantities import (
    Dimensions,
    Quantity,
    check_quantities,
    check_quantity,
    pick,
)

SUM = "sum"
MAX = "max"
LAST = "last"
UNIQUE_COUNT = "unique_count"
TIME_WEIGHTED = "time_weighted"
AGGREGATIONS = (SUM, MAX, LAST, UNIQUE_COUNT, TIME_WEIGHTED)
LEVELS = frozenset({MAX, LAST, TIME_WEIGHTED})  # of how much is in use, not of how much was used

MISSING = "missing"
UNCHANGED = "unchanged"
_TICK = timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class Meter:
    """How events are counted.

    Attributes:
        name: What events call it.
        aggregation: `sum`; or of levels `max`, `last` or `time_weighted`, the mean over time; or
            `unique_count`, how many different values the dimension *counts* has.
        by: The names of the dimensions that are kept apart, such as those that prices differ by.
        counts: The dimension that `unique_count` counts, such as `user`; else empty.
        silence: What a period without an event means. `missing`: it was not measured, and only its
            own events count. `unchanged`: nothing happened; levels last until the next event, and
            sums and counts are zero.
        unit: What a quantity is in, such as `GB`, for readers.
        category: Where customers find it, such as `storage`.
    """

    name: str
    aggregation: str
    by: tuple[str, ...] = ()
    counts: str = ""
    silence: str = MISSING
    unit: str = ""
    category: str = ""

    def __attrs_post_init__(self) -> None:
        name_of("meter", self.name)
        if self.aggregation not in AGGREGATIONS:
            msg = f"a meter aggregates by {', '.join(AGGREGATIONS)} (got {self.aggregation!r})"
            raise ValueError(msg)
        if self.silence not in (MISSING, UNCHANGED):
            msg = f"silence of meter {self.name!r} means missing or unchanged, not {self.silence!r}"
            raise ValueError(msg)
        if type(self.by) is not tuple:
            msg = f"meter {self.name!r} is kept apart by a tuple of names (got {self.by!r})"
            raise TypeError(msg)
        if list(self.by) != sorted({name_of("dimension", name) for name in self.by}):
            msg = f"the dimensions of meter {self.name!r} are sorted, each once (got {self.by})"
            raise ValueError(msg)
        if (self.aggregation == UNIQUE_COUNT) != bool(self.counts):
            msg = (
                f"meter {self.name!r}: `counts` goes with unique_count, only (got {self.counts!r})"
            )
            raise ValueError(msg)
        for field in ("unit", "category"):
            if type(getattr(self, field)) is not str:
                msg = f"{field} of meter {self.name!r} must be text"
                raise TypeError(msg)

    @property
    def holds(self) -> bool:
        """Whether a level lasts into the next period."""
        return self.aggregation in LEVELS and self.silence == UNCHANGED


@attrs.frozen(kw_only=True)
class Reading:
    """What a meter says of one customer in one period.

    Attributes:
        customer: The id of the party.
        meter: The name of the meter.
        aggregation: How it counted.
        period: The local days that it counted.
        zone: The IANA zone they are local to.
        quantities: How much, by the dimensions kept apart; exact.
        events: How many events of the period were counted.
    """

    customer: str
    meter: str
    aggregation: str
    period: Period
    zone: str
    quantities: tuple[Quantity, ...]
    events: int

    def __attrs_post_init__(self) -> None:
        name_of("usage customer", self.customer)
        check_quantities("the quantities of a reading", self.quantities)
        if type(self.events) is not int or self.events < 0:
            msg = f"a reading counts a whole number of events from 0 (got {self.events!r})"
            raise ValueError(msg)


@attrs.frozen
class _Span:
    """From the first instant of a period up to, not including, its end."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, period: Period, zone: str) -> _Span:
        return cls(day_start(period.start, zone), day_start(period.end, zone))


def aggregate(
    meter: Meter,
    events: Iterable[UsageEvent],
    *,
    period: Period,
    zone: str,
    carried: Fraction | None = None,
) -> Fraction:
    """Return what *meter* makes of *events*, all of one customer and one set of dimensions.

    Those of other meters and other days do not count; `readings` keeps customers and dimensions
    apart. Of events at one instant the one with the highest id is the last. (spec: billing C-11)

    Args:
        meter: How to count.
        events: In any order, also more than once.
        period: The local days that count.
        zone: The IANA zone they are local to.
        carried: The level at the start, from before; for meters of levels only.

    Raises:
        EventConflict, MissingDimension: an event cannot be counted.
        TypeError, ValueError: *carried* is not exact, or the meter is none of levels.
    """
    if carried is not None and meter.aggregation not in LEVELS:
        msg = f"meter {meter.name!r} is a {meter.aggregation}; only levels carry on"
        raise ValueError(msg)
    if carried is not None:
        check_quantity("the level carried", carried)
    span = _Span.of(period, zone)
    known = (event for event in distinct(events) if event.meter == meter.name)
    inside = [event for event in known if span.start <= event.at < span.end]
    return _aggregated(meter, inside, carried, span)


def _aggregated(
    meter: Meter, inside: Sequence[UsageEvent], carried: Fraction | None, span: _Span
) -> Fraction:
    """Return the quantity of events *inside* the span, which are distinct and in order."""
    if meter.aggregation == SUM:
        return sum((event.quantity for event in inside), Fraction(0))
    if meter.aggregation == UNIQUE_COUNT:
        return Fraction(len({pick(e.dimensions, (meter.counts,), of=e.id) for e in inside}))
    steps = [(event.at, event.quantity) for event in inside]
    # What was carried to an event at the very start was in use for no time at all.
    if carried is not None and (not steps or steps[0][0] > span.start):
        steps.insert(0, (span.start, carried))
    levels = [level for _, level in steps]
    if meter.aggregation == MAX:
        return max(levels, default=Fraction(0))
    if meter.aggregation == LAST:
        return levels[-1] if levels else Fraction(0)
    ends = [at for at, _ in steps[1:]] + [span.end]
    lasted = ((end - at) // _TICK for (at, _), end in zip(steps, ends, strict=False))
    area = sum((level * ticks for level, ticks in zip(levels, lasted, strict=False)), Fraction(0))
    return Fraction(area, (span.end - span.start) // _TICK)


@attrs.define
class _Use:
    """The events of one customer and one set of dimensions, in order."""

    inside: list[UsageEvent] = attrs.Factory(list)
    carried: Fraction | None = None


def readings(
    meter: Meter, events: Iterable[UsageEvent], *, period: Period, zone: str
) -> tuple[Reading, ...]:
    """Return what *meter* says of each customer in *period*, by customer.

    Customers of whom nothing was measured are left out, which is not the same as zero. Where
    levels last, events from before the period tell the level at its start. (spec: billing C-11)

    Raises:
        EventConflict, MissingDimension: an event cannot be counted.
    """
    span = _Span.of(period, zone)
    found = defaultdict[str, defaultdict[Dimensions, _Use]](lambda: defaultdict(_Use))
    for event in distinct(events):
        if event.meter != meter.name or event.at >= span.end:
            continue
        if event.at < span.start and not meter.holds:
            continue
        use = found[event.customer][pick(event.dimensions, meter.by, of=event.id)]
        if event.at < span.start:
            use.carried = event.quantity
        else:
            use.inside.append(event)
    return tuple(
        Reading(
            customer=customer,
            meter=meter.name,
            aggregation=meter.aggregation,
            period=period,
            zone=zone,
            quantities=tuple(
                Quantity(of, _aggregated(meter, use.inside, use.carried, span))
                for of, use in sorted(uses.items(), key=lambda item: item[0])
                if use.inside or use.carried
            ),
            events=sum(len(use.inside) for use in uses.values()),
        )
        for customer, uses in sorted(found.items())
    )


def month_to_date(
    meter: Meter, events: Iterable[UsageEvent], *, period: Period, zone: str, as_of: date
) -> tuple[Reading, ...]:
    """Return what *meter* says of the days of *period* before *as_of*; nothing before its start.

    It is what a run as of that day would bill, since it is the same function. (spec: billing 5)

    Raises:
        TypeError: *as_of* is no date.
        EventConflict, MissingDimension: an event cannot be counted.
    """
    plain_date("as_of", as_of)
    if as_of <= period.start:
        return ()
    passed = Period(period.start, min(as_of, period.end))
    return readings(meter, events, period=passed, zone=zone)
