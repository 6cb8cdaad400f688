"""Models: what a quantity costs; figures of the specification, and laws."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import Exact, Money, Rate, Rounding
from ledgerkit.domain.pricing import (
    Flat,
    Graduated,
    Model,
    PackagePrice,
    PerUnit,
    PriceDrop,
    Tariff,
    Tier,
    Volume,
    components,
    price_drops,
    rate,
)
from tests.domain.pricing.prices import (
    AMOUNTS,
    DROPPING,
    QUANTITIES,
    RATES,
    SLABS,
    STEPS,
    models,
    per,
    tier_lists,
    usd,
)


# ---- figures ---------------------------------------------------------------------------------
def test_flat_whatever_the_quantity() -> None:
    """A platform fee of 10.00, once. (seed 001)"""
    fee = Flat(usd("10.00"))

    assert [1000, 1000, 1000] == [rate(fee, n).amount.minor for n in (0, 1, 7)]
    assert "1 x 1000 = 1000" == dict(rate(fee).trace)["flat"]
    assert 1000 == rate(fee).unit_price


def test_per_unit_below_a_cent() -> None:
    """A million calls at 0.0004 cent each are 4.00; one of them is nothing yet."""
    call = PerUnit(per("0.000004"))

    assert [400, 0] == [rate(call, n).amount.minor for n in (1_000_000, 1)]
    assert Fraction(1, 2500) == rate(call).unrounded == rate(call).unit_price


@pytest.mark.parametrize(
    ("quantity", "dollars"),
    [(0, 100), (3, 100), (5, 100), ("5.001", 150), (7, 150), (10, 150), (12, 170), (22, 235)],
)
def test_graduated_bounds_are_inclusive_and_continuous(quantity: int | str, dollars: int) -> None:
    """5 is in the tier up to 5, 5.001 in the next; every tier reached adds its flat fee."""
    assert dollars * 100 == rate(Graduated(STEPS), Decimal(quantity)).unrounded


@pytest.mark.parametrize(
    ("quantity", "dollars"), [(0, 100), (5, 100), (14, 140), (15, 150), (16, 80), (100, 500)]
)
def test_volume_is_not_monotonic(quantity: int, dollars: int) -> None:
    """15 units are 150, 16 units are 80. (billing 4)"""
    assert dollars * 100 == rate(Volume(DROPPING), quantity).amount.minor


@pytest.mark.parametrize(
    ("model", "dollars"), [(Graduated(SLABS), 950 + 100), (Volume(SLABS), 25 * 30)]
)
def test_graduated_and_volume_differ(model: Model, dollars: int) -> None:
    """25 units: 500 + 400 + 150 by slabs, 750 when all of them are in the last one."""
    assert dollars * 100 == rate(model, 25).amount.minor


@pytest.mark.parametrize(
    ("quantity", "up", "down"), [(0, 0, 0), (1, 1, 0), (100, 1, 1), (250, 3, 2), ("100.5", 2, 1)]
)
def test_packages_up_and_down(quantity: int | str, up: int, down: int) -> None:
    """A started package of 100 is whole, or none where packages are rounded down."""
    for rounding, count in ((Rounding.UP, up), (Rounding.DOWN, down)):
        price = PackagePrice(100, per("1"), rounding)
        found = rate(price, Decimal(quantity))

        assert count == found.quantity
        assert count * 100 == found.amount.minor


def test_tiers_of_packages() -> None:
    """5,325 units: 10 packages of 100, then a started fifth of 1,000 at the same price."""
    tiers = (Tier(up_to=1000, unit=per("1"), size=100), Tier(unit=per("1"), size=1000))

    assert [1000, 500] == [part.amount for part in components(Graduated(tiers), 5325)]
    assert 600 == rate(Volume(tiers), 5325).amount.minor


def test_tier_with_a_cap() -> None:
    """5 units at 1.00 with a flat fee of 10.00 are 15.00; capped at 3.00 they are that."""
    fee, cap = usd("10"), usd("3")

    assert 1500 == rate(Graduated((Tier(unit=per("1"), flat=fee),)), 5).amount.minor
    assert 300 == rate(Graduated((Tier(unit=per("1"), cap=cap),)), 5).amount.minor
    assert 300 == rate(Graduated((Tier(unit=per("1"), flat=fee, cap=cap),)), 5).amount.minor


def test_graduated_percentage() -> None:
    """1 % of the first 10.00 and 200.00, then 2 % and 300.00: 11.00 come to 500.12."""
    one, two = (Rate(Fraction(percent, 100), "USD") for percent in (1, 2))
    tiers = (Tier(up_to=1000, unit=one, flat=usd("200")), Tier(unit=two, flat=usd("300")))

    assert [20_010, 50_012] == [rate(Graduated(tiers), n).amount.minor for n in (1000, 1100)]


def test_a_line_is_explained() -> None:
    """Tier by tier, flat fees apart, then the one rounding. (billing 0.9)"""
    tiers = (Tier(up_to=5, unit=per("0.001"), flat=usd("1")), Tier(unit=per("0.005")))

    assert (
        ("rule", "graduated"),
        ("used", "8"),
        ("tier 1 usage", "5 x 1/10 = 1/2"),
        ("tier 1 flat", "1 x 100 = 100"),
        ("tier 2 usage", "3 x 1/2 = 3/2"),
        ("quantity", "8"),
        ("unrounded", "102"),
        ("rounding", "half_up"),
        ("rounded", "102"),
    ) == rate(Graduated(tiers), 8).trace


# ---- prices that drop ------------------------------------------------------------------------
def test_a_price_drop_is_told() -> None:
    """15 units are 150.00, and a little more 75.00; above 10 units, 150.00 become 100.00."""
    drops = price_drops(Volume(DROPPING))

    assert (
        PriceDrop(Fraction(10), Fraction(15_000), Fraction(10_000)),
        PriceDrop(Fraction(15), Fraction(15_000), Fraction(7_500)),
    ) == drops
    assert "15 costs 15000 minor units, and any more only 7500" == str(drops[1])


def test_a_price_drop_between_packages() -> None:
    """100 units are 10 packages for 10.00, and the next unit 3 of another size for 9.00."""
    packed = (Tier(up_to=100, unit=per("1"), size=10), Tier(unit=per("4"), size=50))

    assert () == price_drops(Volume(packed))
    assert (Fraction(100),) == tuple(
        drop.above for drop in price_drops(Volume((packed[0], Tier(unit=per("3"), size=50))))
    )
    assert (Fraction(10), Fraction(20)) == tuple(drop.above for drop in price_drops(Volume(SLABS)))


def test_other_prices_never_drop() -> None:
    """Graduated prices grow; a tariff is looked at like its model."""
    assert () == price_drops(Graduated(DROPPING)) == price_drops(Flat(usd("1")))
    assert 2 == len(price_drops(Tariff(model=Volume(DROPPING), included=0)))


@given(tier_lists(), st.fractions(0, 400, max_denominator=8), st.fractions(0, 400))
def test_without_drops_volume_is_monotonic(
    tiers: tuple[Tier, ...], one: Fraction, two: Fraction
) -> None:
    """Whatever costs less for more has a drop in between."""
    few, many = min(one, two), max(one, two)
    at, then = rate(Volume(tiers), few).unrounded, rate(Volume(tiers), many).unrounded
    drops = [drop for drop in price_drops(Volume(tiers)) if few <= drop.above < many]

    assert at <= then or drops


# ---- laws ------------------------------------------------------------------------------------
@given(tier_lists(), QUANTITIES, QUANTITIES)
def test_graduated_is_monotonic(tiers: tuple[Tier, ...], one: Exact, two: Exact) -> None:
    """More never costs less."""
    few, many = min(Fraction(one), Fraction(two)), max(Fraction(one), Fraction(two))

    assert rate(Graduated(tiers), few).unrounded <= rate(Graduated(tiers), many).unrounded


@given(tier_lists(flats=False, sizes=False), QUANTITIES, st.fractions(0, 1, max_denominator=10**6))
def test_graduated_is_continuous(tiers: tuple[Tier, ...], quantity: Exact, step: Fraction) -> None:
    """Without flat fees and packages, a step costs at most that step at the highest price."""
    highest = max(tier.unit.per for tier in tiers if tier.unit is not None)
    model = Graduated(tiers)
    more = rate(model, Fraction(quantity) + step).unrounded - rate(model, quantity).unrounded

    assert 0 <= more <= step * highest


@given(RATES, QUANTITIES)
def test_one_tier_is_per_unit(unit: Rate, quantity: Exact) -> None:
    """Graduated, volume and packages of one agree with a price per unit on whole units."""
    plain = rate(PerUnit(unit), quantity)
    tiers = (Tier(unit=unit),)

    assert plain.unrounded == rate(Graduated(tiers), quantity).unrounded
    assert plain.unrounded == rate(Volume(tiers), quantity).unrounded
    if Fraction(quantity).denominator == 1:
        assert plain.unrounded == rate(PackagePrice(1, unit), quantity).unrounded


@given(tier_lists(flats=False, sizes=False), QUANTITIES)
def test_volume_is_per_unit_inside_a_tier(tiers: tuple[Tier, ...], quantity: Exact) -> None:
    """All units have the price of the tier that they are in."""
    inside = [tier for tier in tiers if tier.up_to is None or Fraction(quantity) <= tier.up_to]
    unit = inside[0].unit
    assert unit is not None

    assert rate(PerUnit(unit), quantity).unrounded == rate(Volume(tiers), quantity).unrounded


@given(models(), QUANTITIES)
def test_components_are_the_whole(model: Model, quantity: Exact) -> None:
    """The sum of the components is the exact amount, and it is rounded once."""
    found = rate(model, quantity)
    exact = sum((part.amount for part in components(model, quantity)), Fraction(0))

    assert exact == found.unrounded
    assert 2 * abs(found.amount.minor - exact) <= 1
    if found.unit_price is not None:
        assert exact == found.quantity * found.unit_price


@given(models(), st.lists(QUANTITIES, min_size=1, max_size=5))
def test_lines_of_a_period_come_to_one_line(model: Model, steps: list[Exact]) -> None:
    """Billed in parts, a period costs what one line for all of it does."""
    used, amount = Fraction(0), 0
    for number, step in enumerate(steps):
        after = None if number == 0 else used
        used += Fraction(step)
        line = rate(model, used, after=after)
        parts = components(model, used, after=after)
        amount += line.amount.minor
        assert line.unrounded == sum(part.amount for part in parts)

    assert rate(model, used).amount.minor == amount


def test_the_next_line_of_a_period() -> None:
    """After 12 units, 10 more are 3 at 5.00 and 7 at 1.00: 22.00."""
    tiers = (
        Tier(up_to=5, unit=per("0"), flat=usd("100")),
        Tier(up_to=10, flat=usd("50")),
        Tier(up_to=15, unit=per("5")),
        Tier(unit=per("1")),
    )
    parts = components(Graduated(tiers), 22, after=12)
    line = rate(Graduated(tiers), 22, after=12)

    assert [("tier 3 usage", "3 x 500 = 1500"), ("tier 4 usage", "7 x 100 = 700")] == [
        part.said for part in parts
    ]
    assert usd("22") == line.amount
    assert 10 == line.quantity
    assert (("used", "22"), ("used before", "12")) == line.trace[1:3]


def test_a_volume_price_takes_back() -> None:
    """15 units were 150.00, the sixteenth makes it 80.00: the next line is -70.00."""
    line = rate(Volume(DROPPING), 16, after=15)

    assert usd("-70") == line.amount
    assert ("tier 3 usage", "-15 x 1000 = -15000") in line.trace


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tiers", "kind", "says"),
    [
        ((), ValueError, "the last tier must have no end"),
        ((Tier(up_to=5, unit=per("1")),), ValueError, "the last tier must have no end"),
        ((Tier(unit=per("1")), Tier(unit=per("1"))), ValueError, "only the last has no end"),
        (
            (Tier(up_to=5), Tier(up_to=5), Tier(unit=per("1"))),
            ValueError,
            r"must grow, each once, .*\(got 5, 5\)",
        ),
        ((Tier(up_to=9), Tier(up_to=5), Tier(unit=per("1"))), ValueError, r"\(got 9, 5\)"),
        ((Tier(), Tier(up_to=5), Tier(unit=per("1"))), ValueError, r"\(got no end, 5\)"),
        ((Tier(up_to=5), Tier()), ValueError, r"needs prices of one currency \(got none\)"),
        (
            (Tier(up_to=5, unit=per("1")), Tier(flat=Money(1, "EUR"))),
            ValueError,
            r"one currency \(got EUR, USD\)",
        ),
        ([Tier(unit=per("1"))], TypeError, "must be a tuple of Tier"),
        ((per("1"),), TypeError, "must be a tuple of Tier"),
    ],
)
def test_tiers_cover_every_quantity_once(tiers: Any, kind: type[Exception], says: str) -> None:
    """No hole, no overlap, growing bounds, one currency."""
    for model in (Graduated, Volume):
        with pytest.raises(kind, match=says):
            model(tiers)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"up_to": 0}, ValueError, "up_to of a tier must be above 0"),
        ({"up_to": -5}, ValueError, "up_to of a tier must be above 0"),
        ({"up_to": 5.0}, TypeError, "must be an int, a Fraction or a Decimal"),
        ({"up_to": True}, TypeError, "must be an int, a Fraction or a Decimal"),
        ({"up_to": Decimal("NaN")}, ValueError, "must be finite"),
        ({"size": 0}, ValueError, "size of a tier must be above 0"),
        ({"unit": Rate(Fraction(-1), "USD")}, ValueError, "unit price of a tier must not be neg"),
        ({"unit": usd("1")}, TypeError, "unit price of a tier must be Rate"),
        ({"flat": Money(-1, "USD")}, ValueError, "flat fee of a tier must not be negative"),
        ({"flat": per("1")}, TypeError, "flat fee of a tier must be Money"),
        ({"cap": Money(-1, "USD")}, ValueError, "cap of a tier must not be negative"),
        ({"cap": 5}, TypeError, "cap of a tier must be Money"),
    ],
)
def test_tiers_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Exact numbers above zero, and prices that are not negative."""
    with pytest.raises(kind, match=says):
        Tier(**fields)


@pytest.mark.parametrize(
    ("build", "kind", "says"),
    [
        (lambda: Flat(per("1")), TypeError, "the amount must be Money"),  # type: ignore[arg-type]
        (lambda: Flat(Money(-1, "USD")), ValueError, "the amount must not be negative"),
        (lambda: PerUnit(None), TypeError, "must be Rate"),  # type: ignore[arg-type]
        (lambda: PerUnit(Rate(Fraction(-1, 9), "USD")), ValueError, "must not be negative"),
        (lambda: PackagePrice(0, per("1")), ValueError, "size of a package must be above 0"),
        (lambda: PackagePrice(1.5, per("1")), TypeError, "must be an int"),  # type: ignore[arg-type]
        (lambda: PackagePrice(10, usd("1")), TypeError, "package must be Rate"),  # type: ignore[arg-type]
        (
            lambda: PackagePrice(10, per("1"), Rounding.HALF_UP),
            ValueError,
            "packages are rounded up or down",
        ),
    ],
)
def test_models_are_checked(build: Any, kind: type[Exception], says: str) -> None:
    """Prices are rates or money, and packages hold something."""
    with pytest.raises(kind, match=says):
        build()


@given(AMOUNTS, RATES)
def test_models_know_their_currency(amount: Money, unit: Rate) -> None:
    """It is that of their prices, so that a list can check it."""
    tier = Tier(flat=amount)

    assert {"USD"} == {
        model.currency
        for model in (
            Flat(amount),
            PerUnit(unit),
            PackagePrice(5, unit),
            Graduated((tier,)),
            Volume((tier,)),
        )
    }
