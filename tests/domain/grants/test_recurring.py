"""Recurring: credit for each period, prorated where a period is not whole."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

from ledgerkit.domain.grants import Schedule, prorated, recurrences
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    BadPeriod,
    CalendarCycle,
    DatesOutOfOrder,
    FixedDaysCycle,
    Period,
)
from tests.domain.grants.credit import eur, tokens

JANUARY = date(2026, 1, 1)
CYCLES = CalendarCycle(), AnniversaryCycle(date(2024, 1, 31)), FixedDaysCycle(JANUARY)


def monthly(**more: Any) -> Schedule:
    """Return 310 tokens for each month from 1 January."""
    fields: dict[str, Any] = {
        "id": "s1",
        "customer": "ana",
        "amount": tokens(310),
        "cycle": CalendarCycle(),
        "start": JANUARY,
    }
    return Schedule(**(fields | more))


# ---- proration -------------------------------------------------------------------------------
def whole(n: int) -> Money:
    """Return whole credits, of eight decimals."""
    return Money(n * 10**8, "CREDIT")


@pytest.mark.parametrize(
    ("n", "share", "expected"),
    [
        (100, Fraction(12, 31), 3_870_967_742),  # 20 January: 38.70967742
        (100, Fraction(1), 10_000_000_000),
        (100, Fraction(1, 2), 5_000_000_000),
        (100, Fraction(0), 0),
        (1, Fraction(30, 31 * 86_400), 1_120),  # 30 seconds of January: 0.0000112
    ],
)
def test_credit_is_prorated_exactly(n: int, share: Fraction, expected: int) -> None:
    """A share of a period gets its share of the credit, rounded once, half up."""
    assert Money(expected, "CREDIT") == prorated(whole(n), share).amount


def test_a_tiny_stub_is_not_zero() -> None:
    """Credit of zero cannot be granted: what would round to nothing is rounded up."""
    tiny = prorated(tokens(1), Fraction(30, 31 * 86_400))

    assert tokens(1) == tiny.amount
    assert Fraction(30, 31 * 86_400) == tiny.unrounded
    assert ("rounding", "up") in tiny.trace
    assert ("rounding", "half_up") in prorated(tokens(10), Fraction(1, 2)).trace
    assert tokens(0) == prorated(tokens(1), Fraction(0)).amount


@law(st.integers(1, 10**12), st.fractions(0, 1))
def test_a_share_is_never_more_than_a_unit_off(n: int, share: Fraction) -> None:
    """Half a unit, or all of one for a stub that would be lost; never more than the whole."""
    part = prorated(tokens(n), share)

    assert abs(part.amount.minor - part.unrounded) <= Fraction(1, 2) or part.amount == tokens(1)
    assert (part.amount.minor == 0) == (share == 0)
    assert part.amount.minor <= n


@pytest.mark.parametrize(
    ("share", "error"),
    [(Fraction(-1, 2), ValueError), (Fraction(3, 2), ValueError), (0.5, TypeError), (1, TypeError)],
)
def test_a_share_is_part_of_a_whole(share: Any, error: type[Exception]) -> None:
    """From 0 to 1, and exact."""
    with pytest.raises(error, match="share"):
        prorated(tokens(1), share)


# ---- schedules -------------------------------------------------------------------------------
def test_a_grant_for_each_period() -> None:
    """Wherever the last run stopped, all come, oldest first, each for its own period."""
    grants = recurrences(monthly(), as_of=date(2026, 3, 1))

    assert [
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2026, 2, 1), date(2026, 3, 1)),
        (date(2026, 3, 1), date(2026, 4, 1)),
    ] == [(grant.granted_on, grant.expires_on) for grant in grants]
    assert [tokens(310)] * 3 == [grant.amount for grant in grants]
    assert () == recurrences(
        monthly(), as_of=date(2026, 3, 31), granted=[grant.id for grant in grants]
    )


def test_a_first_and_a_last_period_are_prorated() -> None:
    """From 12 January to 11 February: 20/31 of 310, and 10/28 of 310."""
    schedule = monthly(start=date(2026, 1, 12), end=date(2026, 2, 11), price=eur(3_100))
    first, last = recurrences(schedule, as_of=date(2026, 6, 1))

    assert (tokens(200), eur(2_000)) == (first.amount, first.price)
    assert (tokens(111), eur(1_107)) == (last.amount, last.price)
    assert (date(2026, 1, 12), date(2026, 2, 11)) == (first.granted_on, last.expires_on)


def test_days_are_a_cycle_too() -> None:
    """100 each day: a grant a day, each for that day only."""
    daily = monthly(cycle=FixedDaysCycle(JANUARY, 1), amount=tokens(100))

    assert [date(2026, 1, 1), date(2026, 1, 2)] == [
        grant.granted_on for grant in recurrences(daily, as_of=date(2026, 1, 2))
    ]


def test_grants_take_what_the_schedule_says() -> None:
    """Customer, kinds and priority."""
    grant = monthly(covers=("usage",), priority=3, price=eur(500)).grant(Period.month(2026, 5))

    assert ("ana", ("usage",), 3, eur(500)) == (
        grant.customer,
        grant.covers,
        grant.priority,
        grant.price,
    )


def test_nothing_recurs_before_the_start() -> None:
    """A run before the start is a mistake of dates."""
    with pytest.raises(DatesOutOfOrder):
        recurrences(monthly(), as_of=date(2025, 12, 31))


def test_only_periods_of_the_cycle() -> None:
    """Half a month is none of a monthly cycle, and one before the start has no day in it."""
    with pytest.raises(ValueError, match="is no period of the cycle of schedule 's1'"):
        monthly().grant(Period(JANUARY, date(2026, 1, 15)))
    with pytest.raises(BadPeriod):
        monthly().grant(Period.month(2025, 12))


@law(
    st.sampled_from(CYCLES),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.lists(st.dates(date(2027, 1, 1), date(2028, 1, 1)), min_size=1, max_size=4).map(sorted),
)
def test_runs_split_anyhow_grant_the_same(cycle: Any, start: date, runs: list[date]) -> None:
    """Many runs or one: the same grants, whose days leave no gap; laws 2 and 3."""
    schedule = monthly(cycle=cycle, start=start)
    known: list[Any] = []
    for as_of in runs:
        known += recurrences(schedule, as_of=as_of, granted=[grant.id for grant in known])

    assert tuple(known) == recurrences(schedule, as_of=runs[-1])
    assert [grant.expires_on for grant in known[:-1]] == [grant.granted_on for grant in known[1:]]
    assert start == known[0].granted_on


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"id": ""}, ValueError, "schedule id"),
        ({"cycle": "monthly"}, TypeError, "needs a Cycle"),
        ({"start": "2026-01-01"}, TypeError, "start must be a date"),
        ({"end": "2026-01-01"}, TypeError, "end must be a date"),
        ({"end": JANUARY}, ValueError, "ends on 2026-01-01, not after"),
        ({"amount": tokens(0)}, ValueError, "must be above 0"),
        ({"price": tokens(5)}, ValueError, "is paid for in money"),
    ],
)
def test_schedule_is_valid_from_birth(
    fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A schedule whose grants cannot be is refused where it is made."""
    with pytest.raises(error, match=message):
        monthly(**fields)
