"""Events, meters and readings of the tests of usage: a host of clusters, in September 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import (
    LAST,
    MISSING,
    SUM,
    UNIQUE_COUNT,
    Dimensions,
    Meter,
    Quantity,
    Reading,
    Snapshot,
    UsageEvent,
    dimensions,
    take,
)

SEPTEMBER = Period(date(2026, 9, 1), date(2026, 10, 1))
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
START = datetime(2026, 9, 1, tzinfo=UTC)
SMALL = dimensions(size="small", user="zoe")
LARGE = dimensions(size="large", user="tom")


def meter(
    aggregation: str = SUM,
    *,
    name: str = "clusters",
    by: tuple[str, ...] = (),
    silence: str = MISSING,
    category: str = "",
    unit: str = "",
) -> Meter:
    """Return a meter."""
    return Meter(
        name=name,
        aggregation=aggregation,
        by=by,
        counts="user" if aggregation == UNIQUE_COUNT else "",
        silence=silence,
        category=category,
        unit=unit,
    )


def used(
    id: str,
    quantity: str | int = 1,
    *,
    day: int = 0,
    seconds: int = 0,
    customer: str = "c-1",
    of: Dimensions = SMALL,
    name: str = "clusters",
) -> UsageEvent:
    """Return an event so long after the start of September, UTC."""
    return UsageEvent(
        id=id,
        customer=customer,
        meter=name,
        at=START + timedelta(days=day, seconds=seconds),
        quantity=Fraction(quantity),
        dimensions=of,
    )


def plain(*values: str | int) -> tuple[Quantity, ...]:
    """Return one quantity without dimensions, or none."""
    return tuple(Quantity((), Fraction(value)) for value in values)


def reading(
    value: str | int, *, events: int = 1, period: Period = SEPTEMBER, aggregation: str = LAST
) -> Reading:
    """Return what the meter of clusters says of c-1."""
    return Reading(
        customer="c-1",
        meter="clusters",
        aggregation=aggregation,
        period=period,
        zone="UTC",
        quantities=plain(value),
        events=events,
    )


def snapshot(
    value: str | int | None, *, period: Period = SEPTEMBER, previous: Snapshot | None = None
) -> Snapshot:
    """Return the snapshot of *value*, or of nothing measured after *previous*."""
    return take(
        meter(LAST),
        None if value is None else reading(value, period=period),
        customer="c-1",
        period=period,
        zone="UTC",
        previous=previous,
    ).snapshot


QUANTITIES = st.fractions(-100, 100, max_denominator=1000)
EVENTS = st.lists(
    st.builds(
        used,
        st.integers(0, 10**6).map(str),
        QUANTITIES.map(str),
        day=st.integers(-3, 32),
        seconds=st.sampled_from([0, 1, 3600, 86_399]),
        customer=st.sampled_from(["c-1", "c-2"]),
        of=st.sampled_from([SMALL, LARGE]),
    ),
    max_size=12,
    unique_by=lambda event: event.id,
)
