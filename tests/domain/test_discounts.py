"""Discounts: percentages first, then fixed amounts, never more than there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.discounts import (
    Coupon,
    CouponNotValid,
    CouponUsedUp,
    Discount,
    apply,
    check,
    usable,
)
from ledgerkit.domain.money import CurrencyMismatch, Money

ON = date(2026, 10, 31)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def percent(of_hundred: int | Fraction, **fields: Any) -> Coupon:
    """Return a coupon of so many percent."""
    share = Fraction(of_hundred) * Fraction(1, 100)
    given: dict[str, Any] = {"id": f"P{of_hundred}", "percent": share} | fields
    return Coupon(**given)


def fixed(minor: int, **fields: Any) -> Coupon:
    """Return a coupon of so many cents."""
    given: dict[str, Any] = {"id": f"F{minor}", "amount": eur(minor)} | fields
    return Coupon(**given)


def off(amounts: Sequence[int], *coupons: Coupon, kinds: str = "") -> list[int]:
    """Return the cents taken off each of *amounts*; *kinds* are one letter for each, or none."""
    lines = [(kinds[n : n + 1], eur(minor)) for n, minor in enumerate(amounts)]
    return [share.minor for share in apply(lines, coupons, on=ON).lines]


# ---- how much --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("expected", "coupons"),
    [
        (32_50, [percent(10), percent(25)]),
        (32_50, [percent(25), percent(10)]),
        (60_00, [percent(10), fixed(50_00)]),
        (60_00, [fixed(50_00), percent(10)]),
        (100_00, [fixed(80_00), fixed(50_00)]),
        (100_00, [percent(100), fixed(50_00)]),
        (0, []),
    ],
    ids=["compound", "commute", "fixed", "fixed first", "capped", "nothing left", "none"],
)
def test_percentages_compound_then_fixed(expected: int, coupons: list[Coupon]) -> None:
    """100.00: 10 % and 25 % take 32.50, 10 % and 50.00 take 60.00, never more (spec: billing 7)."""
    assert [expected] == off([100_00], *coupons)


def test_spread_by_largest_remainder() -> None:
    """1.00 over 3.33, 3.33 and 3.34 leaves 3.00 each (spec: billing 7)."""
    assert [33, 33, 34] == off([333, 333, 334], fixed(100))


def test_spread_in_proportion() -> None:
    """10.00 over 100, 50, 30 and 20 is 5.00, 2.50, 1.50 and 1.00 (spec: billing 7)."""
    assert [5_00, 2_50, 1_50, 1_00] == off([100_00, 50_00, 30_00, 20_00], fixed(10_00))


def test_percentages_round_once() -> None:
    """A third of 0.01, three times, is 0.01 off together, and not three times nothing."""
    assert [1, 0, 0] == off([1, 1, 1], percent(Fraction(100, 3)))


def test_each_coupon_has_its_part() -> None:
    """10.00 and 22.50 of 100.00; a coupon that finds nothing left is not used."""
    coupons = [percent(10, name="Autumn"), percent(25), fixed(67_50), fixed(1)]
    found = apply([("", eur(100_00))], coupons, on=ON)

    assert (
        Discount("P10", "Autumn", eur(10_00), Fraction(1, 10)),
        Discount("P25", "P25", eur(22_50), Fraction(1, 4)),
        Discount("F6750", "F6750", eur(67_50)),
    ) == found.discounts


def test_a_coupon_for_some_kinds() -> None:
    """It takes nothing off other lines, and no more than its own come to."""
    only = frozenset({"u"})

    assert [0, 5_00] == off([100_00, 50_00], percent(10, kinds=only), kinds="su")
    assert [0, 50_00] == off([100_00, 50_00], fixed(80_00, kinds=only), kinds="su")
    assert [0, 0] == off([100_00, 50_00], fixed(80_00, kinds=only), kinds="ss")


def test_credits_are_not_discounted() -> None:
    """A line below zero gives back what was charged with its discount; the subtotal caps."""
    assert [10_00, 0] == off([100_00, -80_00], percent(10))
    assert [20_00, 0] == off([100_00, -80_00], percent(50))
    assert [14_00, 6_00, 0] == off([70_00, 30_00, -80_00], percent(50))
    assert [20_00, 0] == off([100_00, -80_00], fixed(50_00))
    assert [0, 0] == off([80_00, -100_00], percent(50), fixed(1))


# ---- whether ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("on", "allowed"),
    [
        (date(2026, 9, 30), False),
        (date(2026, 10, 1), True),
        (date(2026, 10, 31), True),
        (date(2026, 11, 1), False),
    ],
)
def test_limited_in_time(on: date, allowed: bool) -> None:
    """Good from its first day to the last one before its end."""
    coupon = percent(10, valid_from=date(2026, 10, 1), valid_until=date(2026, 11, 1))

    assert allowed == (usable([coupon], on=on) == (coupon,))


def test_limited_in_number() -> None:
    """Good for two documents: a third one is refused by name."""
    coupon = percent(10, times=2)

    assert (coupon,) == usable([coupon], on=ON, uses={"P10": 1, "other": 9})
    with pytest.raises(CouponUsedUp, match=r"coupon 'P10' is good for 2 document\(s\)"):
        apply([("", eur(1))], [coupon], on=ON, uses={"P10": 2})


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({"valid_from": date(2026, 11, 1)}, "coupon 'P10' is good from 2026-11-01; it is"),
        ({"valid_until": date(2026, 10, 31)}, "is good until before 2026-10-31; it is 2026-10-31"),
    ],
)
def test_a_day_out_of_time_is_named(days: dict[str, date], sentence: str) -> None:
    """The refusal says when the coupon is good, and what day it is."""
    with pytest.raises(CouponNotValid, match=sentence):
        check(percent(10, **days), on=ON)


def test_day_is_no_instant() -> None:
    """Whether a coupon is good is asked of a local day."""
    with pytest.raises(TypeError, match="on must be a date"):
        check(Coupon(id="TEN", percent=Fraction(1, 10)), on=datetime(2026, 1, 1, tzinfo=UTC))


def test_another_currency_is_refused() -> None:
    """A fixed amount is good in its own currency, and so are the lines."""
    with pytest.raises(CurrencyMismatch):
        apply([("", Money(1_00, "GBP"))], [fixed(1_00)], on=ON)
    with pytest.raises(CurrencyMismatch):
        apply([("", eur(1)), ("", Money(1, "GBP"))], [], on=ON)


@pytest.mark.parametrize(
    ("lines", "coupons"), [([], [percent(10)]), ([("", eur(1))], [percent(10), percent(10)])]
)
def test_nothing_to_take_from_or_twice(
    lines: list[tuple[str, Money]], coupons: list[Coupon]
) -> None:
    """A discount needs lines, and a coupon is named once."""
    with pytest.raises(ValueError, match="needs lines, and each coupon once"):
        apply(lines, coupons, on=ON)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"id": ""}, ValueError),
        ({"name": 1}, TypeError),
        ({"percent": None}, ValueError),
        ({"amount": eur(1)}, ValueError),
        ({"percent": 0.1}, TypeError),
        ({"percent": 10}, TypeError),
        ({"percent": Fraction(10)}, ValueError),
        ({"percent": Fraction(0)}, ValueError),
        ({"percent": None, "amount": 100}, TypeError),
        ({"percent": None, "amount": eur(0)}, ValueError),
        ({"kinds": {"usage"}}, TypeError),
        ({"kinds": frozenset({1})}, TypeError),
        ({"valid_from": datetime(2026, 10, 1)}, TypeError),  # noqa: DTZ001 - it is refused
        ({"valid_from": ON, "valid_until": ON}, ValueError),
        ({"times": 0}, ValueError),
        ({"times": True}, ValueError),
    ],
)
def test_coupon_is_valid_from_birth(fields: dict[str, Any], error: type[Exception]) -> None:
    """A coupon that cannot be is refused where it is made."""
    with pytest.raises(error):
        percent(10, **fields)


@pytest.mark.parametrize("fields", [{"coupon": ""}, {"amount": 1}])
def test_discount_is_valid_from_birth(fields: dict[str, Any]) -> None:
    """What a coupon took off names it, in Money."""
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(Discount("a", "a", eur(1)), **fields)


# ---- laws ------------------------------------------------------------------------------------
KINDS = [frozenset[str](), frozenset({"a"}), frozenset({"a", "b"})]
COUPONS = st.lists(
    st.one_of(
        st.builds(lambda p, kinds: (p, None, kinds), st.fractions(0, 1), st.sampled_from(KINDS)),
        st.builds(lambda n, kinds: (None, n, kinds), st.integers(1, 20_00), st.sampled_from(KINDS)),
    ).filter(lambda coupon: coupon[0] != 0),
    max_size=4,
).map(
    lambda drawn: [
        Coupon(id=f"c{n}", percent=p, amount=None if minor is None else eur(minor), kinds=kinds)
        for n, (p, minor, kinds) in enumerate(drawn)
    ]
)
LINES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-5_00, 50_00).map(eur)), min_size=1, max_size=6
)


@given(LINES, COUPONS)
def test_what_is_taken_off_is_there(lines: list[tuple[str, Money]], coupons: list[Coupon]) -> None:
    """Lines and coupons add up to the same; no line and no document goes below zero by it."""
    found = apply(lines, coupons, on=ON)
    taken = sum(share.minor for share in found.lines)

    assert taken == sum(each.amount.minor for each in found.discounts)
    assert taken <= max(0, sum(amount.minor for _, amount in lines))
    for (_, amount), share in zip(lines, found.lines, strict=True):
        assert 0 <= share.minor <= max(0, amount.minor)


@given(LINES, COUPONS, st.randoms())
def test_percentages_take_the_same_in_any_order(
    lines: list[tuple[str, Money]], coupons: list[Coupon], chance: Any
) -> None:
    """Percentages compound, so their order does not matter to any line."""
    shares = [coupon for coupon in coupons if coupon.percent is not None]
    mixed = chance.sample(shares, len(shares))

    assert apply(lines, shares, on=ON).lines == apply(lines, mixed, on=ON).lines
