"""Tariffs: allowance, bounds of the line, and what nothing costs."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import Exact, Money, Rate
from ledgerkit.domain.pricing import (
    Flat,
    Graduated,
    Model,
    NegativeQuantity,
    PackagePrice,
    Percentage,
    PerUnit,
    Tariff,
    Tier,
    Volume,
    components,
    rate,
    unbilled,
)
from tests.domain.pricing.prices import DROPPING, QUANTITIES, STEPS, models, per, usd

STORAGE = Tariff(model=PerUnit(per("0.10")), included=100)


# ---- allowance -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("used", "cents"), [("105.04", 50), ("105.05", 51), ("105", 50), ("100", 0), ("0", 0)]
)
def test_overage(used: str, cents: int) -> None:
    """5.04 GB over the limit at 0.10 are 0.50, 5.05 GB are 0.51. (billing C-12)"""
    found = rate(STORAGE, Decimal(used))

    assert cents == found.amount.minor
    assert max(Fraction(used) - 100, 0) == found.quantity
    assert (("used", str(Fraction(used))), ("included", "100")) == found.trace[1:3]


def test_packages_after_free_units() -> None:
    """121 used, of which 10 or 200 are free: 12 packages of 10, or none."""
    model = PackagePrice(10, per("100"))

    assert [1200, 0] == [
        rate(Tariff(model=model, included=free), 121).amount.minor // 100 for free in (10, 200)
    ]


def test_an_allowance_has_to_be_said() -> None:
    """0 or more where units are priced, nothing where none are. (billing C-12)"""
    with pytest.raises(TypeError, match="included"):
        Tariff(model=PerUnit(per("1")))  # type: ignore[call-arg]
    for included in (None, -1):
        with pytest.raises(ValueError, match=r"say how many units are included, 0 or more \(got"):
            Tariff(model=PerUnit(per("1")), included=included)
    with pytest.raises(ValueError, match="a flat price includes no units"):
        Tariff(model=Flat(usd("1")), included=0)
    with pytest.raises(ValueError, match="a percentage price includes no units"):
        Tariff(model=Percentage(rate=Fraction(1, 100), currency="USD"), included=5)


# ---- zero ------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [Graduated(STEPS), Volume(DROPPING)])
def test_flat_fee_at_zero(model: Model) -> None:
    """Nothing used: the flat fee of tier 1 is due, unless the tariff says otherwise."""
    on, off = (Tariff(model=model, included=0, flat_at_zero=flag) for flag in (True, False))

    assert [10_000, 0] == [rate(tariff, 0).amount.minor for tariff in (on, off)]
    assert [10_000, 10_000] == [rate(tariff, 1).amount.minor for tariff in (on, off)]
    assert () == components(off, 0)


def test_flat_amount_at_zero() -> None:
    """The same goes for a flat amount, and for a quantity that is all included."""
    unused = Tariff(model=Flat(usd("10")), included=None, flat_at_zero=False)
    covered = Tariff(model=Graduated(STEPS), included=5, flat_at_zero=False)

    assert [0, 1000] == [rate(unused, n).amount.minor for n in (0, 1)]
    assert [0, 10_000] == [rate(covered, n).amount.minor for n in (5, 6)]


# ---- bounds of the line ----------------------------------------------------------------------
def test_maximum() -> None:
    """7 units by volume are 150.00, and 125.00 is the most: 25.00 are taken off."""
    tariff = Tariff(model=Volume(DROPPING), included=0, maximum=usd("125"))

    assert [15_000, -2_500] == [part.amount for part in components(tariff, 7)]
    assert (usd("125"), None) == (rate(tariff, 7).amount, rate(tariff, 7).unit_price)
    assert ("maximum", "1 x -2500 = -2500") in rate(tariff, 7).trace


def test_minimum_with_no_usage() -> None:
    """No package is used, and 100.00 is the least."""
    tariff = Tariff(model=PackagePrice(10, per("15")), included=0, minimum=usd("100"))

    assert usd("100") == rate(tariff, 0).amount
    assert ("minimum", "1 x 10000 = 10000") in rate(tariff, 0).trace


def test_minimum_is_due_with_the_last_line() -> None:
    """100.00 were billed during the period; its last line brings it to 1,000.00 with 900.00."""
    tariff = Tariff(model=Graduated(STEPS), included=0, minimum=usd("1000"))
    first = rate(tariff, 2, final=False)
    last = rate(tariff, 2, after=2)

    assert (usd("100"), usd("900")) == (first.amount, last.amount)
    assert [("minimum", "1 x 90000 = 90000")] == [p.said for p in components(tariff, 2, after=2)]


def test_maximum_over_several_lines() -> None:
    """160.00 were billed of at most 170.00: the 22.00 of the next line come to 10.00."""
    tiers = (*STEPS[:2], Tier(up_to=15, unit=per("5")), Tier(unit=per("1")))
    tariff = Tariff(model=Graduated(tiers), included=0, maximum=usd("170"))

    assert usd("160") == rate(tariff, 12, final=False).amount
    assert usd("10") == rate(tariff, 22, after=12, final=False).amount


def test_a_maximum_that_was_reached_takes_off_what_comes() -> None:
    """12 units at 1.00 were cut by 2.00 to 10.00; 3 more are cut by 3.00, all of them."""
    tariff = Tariff(model=PerUnit(per("1")), included=0, maximum=usd("10"))
    parts = components(tariff, 15, after=12, final=False)

    assert [300, -300] == [part.amount for part in parts]
    assert ("maximum", "1 x -300 = -300") == parts[-1].said
    assert usd("0") == rate(tariff, 15, after=12, final=False).amount


def test_late_usage_is_billed_as_a_difference() -> None:
    """5 packages less 1 billed are 4, and 2 less 1 are 1; less used than billed gives back."""
    block = PackagePrice(100, per("1"))

    assert [400, 100] == [unbilled(rate(block, n), usd("1")).amount.minor for n in (401, 199)]
    back = unbilled(rate(block, 50), usd("3"))
    assert (usd("-2"), Fraction(-200)) == (back.amount, back.unrounded)
    assert back.unit_price is None
    assert ("billed before", "300") == back.trace[-1]


# ---- laws ------------------------------------------------------------------------------------
@given(models(), QUANTITIES, st.fractions(0, 100, max_denominator=4))
def test_an_allowance_moves_the_quantity(model: Model, used: Exact, free: Fraction) -> None:
    """What is above the allowance costs what it would without one."""
    tariff = Tariff(model=model, included=free)

    assert rate(model, used).unrounded == rate(tariff, Fraction(used) + free).unrounded


@given(
    models(),
    QUANTITIES,
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_a_line_stays_within_its_bounds(model: Model, used: Exact, one: int, two: int) -> None:
    """Never below the minimum, never above the maximum, and untouched between them."""
    low, high = (Money(minor, "USD") for minor in sorted((one, two)))
    found = rate(Tariff(model=model, included=0, minimum=low, maximum=high), used)
    plain = rate(model, used)

    assert low <= found.amount <= high
    if low.minor <= plain.unrounded <= high.minor:
        assert plain.amount == found.amount


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize("quantity", [-1, Fraction(-1, 1000)])
def test_negative_quantity(quantity: Exact) -> None:
    """Less than nothing has no price, now or before."""
    with pytest.raises(NegativeQuantity, match="has no price; zero or more is needed"):
        rate(STORAGE, quantity)
    with pytest.raises(NegativeQuantity):
        rate(STORAGE, 5, after=quantity)


@pytest.mark.parametrize("quantity", [1.5, True, "5", None])
def test_inexact_quantity(quantity: Any) -> None:
    """Floats, flags and text are no quantities."""
    with pytest.raises(TypeError, match="must be an int, a Fraction or a Decimal"):
        rate(STORAGE, quantity)


def test_absurd_quantity() -> None:
    """Any size is exact."""
    assert 10 * (10**40 - 100) == rate(STORAGE, 10**40).amount.minor


TERMS: dict[str, Any] = {"model": PerUnit(per("1")), "included": 0}


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"model": per("1")}, TypeError, "a tariff needs a model"),
        ({"model": None}, TypeError, "a tariff needs a model"),
        ({"included": 0.5}, TypeError, "must be an int, a Fraction or a Decimal"),
        ({"minimum": Money(-1, "USD")}, ValueError, "minimum of a line must not be negative"),
        ({"maximum": per("1")}, TypeError, "maximum of a line must be Money"),
        ({"minimum": Money(1, "EUR")}, ValueError, r"a tariff needs .* \(got EUR, USD\)"),
        ({"minimum": usd("2"), "maximum": usd("1")}, ValueError, "above its maximum of 1.00 USD"),
        ({"flat_at_zero": 1}, TypeError, "flat_at_zero must be true or false"),
    ],
)
def test_tariffs_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """A model, an allowance, and bounds in its currency."""
    with pytest.raises(kind, match=says):
        Tariff(**{**TERMS, **fields})


@pytest.mark.parametrize("price", [Rate(Fraction(1), "USD"), None, 5])
def test_a_price_is_a_model_or_a_tariff(price: Any) -> None:
    """Nothing else can be rated."""
    with pytest.raises(TypeError, match="a price is a model or a Tariff"):
        rate(price, 1)
