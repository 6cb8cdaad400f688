"""Fees: charged by their share, given back by what is left of what was billed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import CurrencyMismatch, Money, Rate, Rounding
from ledgerkit.domain.periods import AnniversaryCycle, CalendarCycle, Period
from ledgerkit.domain.pricing import Rated
from ledgerkit.domain.proration import (
    Basis,
    Fee,
    charge,
    creditable,
    first_unbilled_day,
    give_back,
    in_full,
    prorate,
    share,
    unused,
)

DATES = st.dates(date(1970, 1, 1), date(2070, 12, 31))
DAY_BASES = st.sampled_from([Basis.ACTUAL_DAYS, Basis.FIXED_30])


def day(text: str) -> date:
    """Return the date that *text* writes."""
    return date.fromisoformat(text)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def rate(minor: int | str) -> Rate:
    """Return the price of *minor* cents."""
    return Rate(Fraction(minor), "EUR")


def fee(price: int | str, period: str, **more: Any) -> Fee:
    """Return a fee of *price* cents for *period*."""
    return Fee(key="plan", price=rate(price), period=Period.parse(period), **more)


def cents(amount: Rated | None) -> int | None:
    """Return the minor units of what was rated."""
    return None if amount is None else amount.amount.minor


@pytest.mark.parametrize(
    ("price", "part", "whole", "basis", "expected"),
    [
        (91000, "2024-05-20/2024-06-21", "2024-04-01/2024-07-01", Basis.ACTUAL_DAYS, 32000),
        (365000, "2025-01-01/2025-01-31", "2025-01-01/2026-01-01", Basis.ACTUAL_DAYS, 30000),
        (3000, "2026-04-16/2026-05-01", "2026-04", Basis.ACTUAL_DAYS, 1500),
        (2500, "2024-03-15/2024-04-01", "2024-03", Basis.ACTUAL_DAYS, 1371),
        (1995, "2023-05-15/2023-05-23", "2023-05-15/2023-06-15", Basis.FIXED_30, 532),
        (1995, "2023-05-23/2023-06-15", "2023-05-15/2023-06-15", Basis.FIXED_30, 1463),
        (24995, "2012-04-05/2012-05-02", "2012-04-02/2012-05-02", Basis.ACTUAL_DAYS, 22496),
        (12000, "2024-01-01/2024-02-01", "2024-01-01/2024-02-01", Basis.ACTUAL_DAYS, 12000),
    ],
)
def test_prorate(price: int, part: str, whole: str, basis: Basis, expected: int) -> None:
    """A part comes to its share of the whole, rounded once; spec: billing 3."""
    span = Period.parse(part)
    used = share(span.start, span.end, Period.parse(whole), basis=basis)

    assert eur(expected) == prorate(rate(price), used).amount


def test_prorate_traces() -> None:
    """The line explains itself: rule, days, factor, price, quantity, exact and rounded amount."""
    march = Period.month(2024, 3)
    rated = prorate(rate("1000"), share(day("2024-03-15"), march.end, march), quantity=10)

    assert Fraction(170_000, 31) == rated.unrounded
    assert (
        ("rule", "share of the period"),
        ("basis", "actual_days"),
        ("from", "2024-03-15"),
        ("until", "2024-04-01"),
        ("factor", "17/31"),
        ("unit_price", "1000"),
        ("quantity", "10"),
        ("unrounded", "170000/31"),
        ("rounding", "half_up"),
        ("rounded", "5484"),
    ) == rated.trace


def test_prorate_is_exact_before_it_rounds() -> None:
    """A price below a cent and a quantity of decimals stay exact; the rounding may be another."""
    april = Period.month(2026, 4)
    half = share(day("2026-04-16"), april.end, april)

    assert eur(1) == prorate(rate("1/10"), half, quantity=Decimal("12.5")).amount
    assert eur(0) == prorate(rate("1/10"), half, quantity=19, rounding=Rounding.DOWN).amount
    assert (
        Money(323, "JPY")
        == prorate(
            Rate(Fraction(1000), "JPY"),
            share(day("2026-03-22"), day("2026-04-01"), Period.month(2026, 3)),
        ).amount
    )
    with pytest.raises(TypeError, match="quantity must be"):
        prorate(rate(1), half, quantity=cast("Any", 1.5))


def test_unused_is_the_complement() -> None:
    """5 cents, half used: 3 are kept and 2 given back, not 3 (spec: billing 0.5)."""
    two_days = Period.parse("2026-10-01/2026-10-03")
    rated = unused(eur(5), share(day("2026-10-02"), two_days.end, two_days))

    assert eur(-2) == rated.amount
    assert Fraction(-5, 2) == rated.unrounded
    assert (
        ("rule", "unused share of what was billed"),
        ("basis", "actual_days"),
        ("from", "2026-10-02"),
        ("until", "2026-10-03"),
        ("factor", "1/2"),
        ("billed", "5"),
        ("kept", "3"),
        ("already_credited", "0"),
        ("after", "5"),
        ("quantity", "1"),
        ("unrounded", "-5/2"),
        ("rounding", "half_up"),
        ("rounded", "-2"),
    ) == rated.trace


def test_unused_gives_back_what_was_not_given_back_yet() -> None:
    """What was credited is not credited again, and never more than that."""
    october = Period.month(2026, 10)
    rest = share(day("2026-10-16"), october.end, october)

    assert eur(-600) == unused(eur(3100), rest, already=eur(1000)).amount
    assert eur(0) == unused(eur(3100), rest, already=eur(1700)).amount
    assert 0 == unused(eur(3100), rest, already=eur(1700)).unrounded
    with pytest.raises(CurrencyMismatch):
        unused(eur(3100), rest, already=Money(1, "USD"))


@pytest.mark.parametrize(
    ("billed", "part", "since", "basis", "expected"),
    [
        (3100, "2026-10", "2026-10-16", Basis.ACTUAL_DAYS, -1600),
        (3100, "2026-10", "2026-10-15", Basis.ACTUAL_DAYS, -1700),
        (24995, "2012-03-02/2012-04-02", "2012-03-04", Basis.ACTUAL_DAYS, -23382),
        (532, "2023-05-15/2023-05-23", "2023-05-15", Basis.FIXED_30, -532),
        (1000, "2023-08-29/2023-09-29", "2023-09-28", Basis.ACTUAL_DAYS, -32),
        (1000, "2011-07-20/2011-08-20", "2011-07-31", Basis.ACTUAL_DAYS, -645),
        (3100, "2026-10", "2026-11-01", Basis.ACTUAL_DAYS, None),
        (3100, "2026-10", "2026-09-01", Basis.ACTUAL_DAYS, -3100),
    ],
)
def test_give_back(billed: int, part: str, since: str, basis: Basis, expected: int | None) -> None:
    """The unused part of a line is given back, from the first unbilled day (billing 3)."""
    assert expected == cents(give_back(fee(billed, part), since=day(since), basis=basis))


def test_credits_are_based_on_what_was_billed() -> None:
    """31.00 that a discount made 24.80 gives back 12.80, not 16.00 (spec: billing 0.6)."""
    sold = fee(3100, "2026-10", billed=eur(2480))

    assert -1280 == cents(give_back(sold, since=day("2026-10-16")))


def test_giving_back_earlier_gives_back_the_difference() -> None:
    """From the 16th, then from the 11th on: 16.00 and 5.00 more; a later day gives nothing."""
    sold = fee(3100, "2026-10")

    def again(since: str, before: str) -> int | None:
        return cents(give_back(sold, since=day(since), already_since=day(before)))

    assert -500 == again("2026-10-11", "2026-10-16")
    assert -1600 == again("2026-10-16", "2027-01-01")
    assert again("2026-10-20", "2026-10-16") is None
    assert again("2026-10-16", "2026-10-16") is None


def test_what_is_charged_once_is_never_prorated() -> None:
    """2 x 500.00 on the last days of a period are 1000.00, and are not given back."""
    setup = fee(50000, "2025-01-01/2025-01-31", quantity=Fraction(2), one_time=True)

    assert 100_000 == cents(charge(setup, since=day("2025-01-23")))
    assert (("rule", "once"), ("unit_price", "50000")) == in_full(setup).trace[:2]
    assert give_back(setup, since=day("2025-01-02")) is None


def test_charge() -> None:
    """What is left of the period is charged: all of it before it starts, nothing after its end."""
    plan = fee(3100, "2026-10")

    assert 1600 == cents(charge(plan, since=day("2026-10-16")))
    assert 3100 == cents(charge(plan, since=day("2026-09-16"))) == in_full(plan).amount.minor
    assert charge(plan, since=day("2026-11-01")) is None
    assert (
        30000
        == in_full(
            fee(365_000, "2025-01-01/2025-01-31", whole=Period.parse("2025-01-01/2026-01-01"))
        ).amount.minor
    )


@pytest.mark.parametrize(
    ("potential", "of", "already", "expected"),
    [
        (300, 200, 50, 150),
        (100, 200, 180, 20),
        (-1, 200, 0, 0),
        (100, 200, 50, 100),
        (100, 200, 200, 0),
        (100, 200, 250, 0),
        (100, 0, 0, 0),
    ],
)
def test_creditable(potential: int, of: int, already: int, expected: int) -> None:
    """Never more than is left of what was paid, never below zero; spec: billing 0.6."""
    assert eur(expected) == creditable(eur(potential), of=eur(of), already=eur(already))


def test_creditable_is_of_one_currency() -> None:
    """Euros are no credit of dollars."""
    with pytest.raises(CurrencyMismatch):
        creditable(eur(1), of=Money(1, "USD"), already=eur(0))


def test_first_unbilled_day() -> None:
    """Cancelled on the 15th: unbilled from then, or from the 16th if the day is billed."""
    on = day("2026-10-15")

    assert on == first_unbilled_day(on)
    assert day("2026-10-16") == first_unbilled_day(on, bill_the_day=True)
    with pytest.raises(TypeError, match="on must be a date"):
        first_unbilled_day(cast("Any", "2026-10-15"))


def test_cancelling_with_tax() -> None:
    """31.00 for October, 20 % tax: ended on the 16th, 16.00 and 3.20 of tax, 19.20, go back."""
    credit = give_back(fee(3100, "2026-10"), since=day("2026-10-16"))

    assert credit is not None
    assert eur(-1920) == credit.amount + Rate.of(credit.amount).times(Fraction(20, 100))


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": Rate(Fraction(-1), "EUR")},
        {"quantity": Fraction(-1)},
        {"whole": Period.month(2026, 11)},
        {"whole": Period.parse("2026-10-02/2026-12-01")},
        {"key": ""},
    ],
)
def test_fees_refuse_a_value(wrong: dict[str, Any]) -> None:
    """Prices and quantities are not negative, and a period is part of its whole."""
    with pytest.raises(ValueError, match="fee"):
        attrs.evolve(fee(3100, "2026-10"), **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": eur(1)},
        {"price": 1.5},
        {"quantity": 1},
        {"quantity": True},
        {"period": "2026-10"},
        {"billed": 100},
        {"key": 7},
    ],
)
def test_fees_refuse_a_type(wrong: dict[str, Any]) -> None:
    """A price is a Rate, a quantity a Fraction, what was billed is Money."""
    with pytest.raises(TypeError, match="fee"):
        attrs.evolve(fee(3100, "2026-10"), **wrong)


# ---- laws ----------------------------------------------------------------------------------------
@given(
    st.fractions(0, 10**7, max_denominator=1000),
    DATES,
    st.sampled_from([CalendarCycle(), CalendarCycle(3), AnniversaryCycle(date(2024, 1, 31))]),
    st.data(),
    DAY_BASES,
)
def test_kept_and_credited_are_what_was_billed(
    price: Fraction,
    on: date,
    cycle: CalendarCycle | AnniversaryCycle,
    data: st.DataObject,
    basis: Basis,
) -> None:
    """Given back in any number of steps, never more than was billed, and all of it at the end."""
    whole = cycle.containing(on)
    start = data.draw(st.dates(whole.start, whole.last))
    sold = Fee(key="x", price=Rate(price, "EUR"), period=Period(start, whole.end), whole=whole)
    billed = in_full(sold, basis=basis).amount
    ends = sorted(data.draw(st.lists(st.dates(start, whole.end), max_size=4)), reverse=True)
    credited, before = eur(0), whole.end
    for end in ends:
        back = give_back(sold, since=end, already_since=before, basis=basis)
        if back is not None:
            assert back.amount.minor <= 0
            credited -= back.amount
        once = give_back(sold, since=end, basis=basis)
        assert credited == (eur(0) if once is None else -once.amount)
        before = end
    rest = give_back(sold, since=start, already_since=before, basis=basis)

    assert billed == credited + (eur(0) if rest is None else -rest.amount)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_creditable_never_exceeds(potential: int, of: int, already: int) -> None:
    """Credits never exceed what they are a credit of."""
    credit = creditable(eur(potential), of=eur(of), already=eur(already)).minor

    assert 0 <= credit <= potential
    assert credit + already <= max(of, already)
