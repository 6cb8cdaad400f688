"""Commitments: what is missing to what was promised, apart from the usage."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import CurrencyMismatch, Money, Rate, Rounding, round_exact
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import Commitment, PerUnit, Rated, apply_commitment, rate, true_up
from tests.domain.pricing.prices import RATES, per, usd


def usage(dollars: str) -> Rated:
    """Return usage of so many dollars."""
    return rate(PerUnit(per(dollars)))


# ---- minimum of a period ---------------------------------------------------------------------
def test_prorated_minimum() -> None:
    """100.00 for 25 of 28 days are 89.29; 70.00 over several lines leave 19.29."""
    part = Period.parse("2023-02-01/2023-02-26").share_of(Period.month(2023, 2))
    missing = true_up(usd("70.00"), usd("100.00"), share=part)

    assert missing is not None
    assert (usd("19.29"), Fraction(13_500, 7)) == (missing.amount, missing.unrounded)
    assert (("rule", "minimum"), ("minimum", "10000"), ("factor", "25/28")) == missing.trace[:3]


@pytest.mark.parametrize(
    ("billed", "minimum", "cents"),
    [("130", "10000", 987_000), ("100", "100", None), ("200", "100", None), ("0", "0", None)],
)
def test_minimum_of_a_period(billed: str, minimum: str, cents: int | None) -> None:
    """The gap is charged, and nothing where there is none."""
    missing = true_up(usd(billed), usd(minimum))

    assert cents == (None if missing is None else missing.amount.minor)


@given(
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.fractions(0, 1, max_denominator=400),
    st.sampled_from(Rounding),
)
def test_minimum_is_reached_exactly(
    billed: int, minimum: int, share: Fraction, rounding: Rounding
) -> None:
    """Billed and true-up come to the minimum of the share, rounded once, or to what was billed."""
    missing = true_up(Money(billed, "USD"), Money(minimum, "USD"), share=share, rounding=rounding)
    extra = 0 if missing is None else missing.amount.minor

    assert max(billed, round_exact(minimum * share, rounding)) == billed + extra


# ---- windows ---------------------------------------------------------------------------------
def test_windowed_commitment() -> None:
    """10.00 a window, twice the price above it: 4.00 become 10.00 and 16.00 become 22.00."""
    found = apply_commitment([usage("4"), usage("16")], Commitment(usd("10"), Fraction(2)))

    assert [1000, 2200] == [window.total for window in found.windows]
    assert [2000, 600, 600] == [line.amount.minor for line in found.lines]
    assert usd("32") == found.total
    assert found.true_up is not None
    assert ("rule", "true-up") == found.true_up.trace[0]


def test_windows_without_true_up() -> None:
    """Only usage above the commitment costs more: 4.00 stay 4.00."""
    terms = Commitment(usd("10"), Fraction(2), true_up=False)
    found = apply_commitment([usage("4"), usage("16")], terms)

    assert [400, 2200] == [window.total for window in found.windows]
    assert found.true_up is None
    assert usd("26") == found.total


def test_usage_is_kept_apart() -> None:
    """At the plain price and in its own line; there is no other where the promise was kept."""
    found = apply_commitment([usage("10")], Commitment(usd("10")))

    assert (usd("10"), Fraction(1)) == (found.usage.amount, found.usage.quantity)
    assert (found.usage,) == found.lines


def test_part_of_a_window() -> None:
    """Half a window promises half."""
    found = apply_commitment([usage("4")], Commitment(usd("10")), share=Fraction(1, 2))

    assert [500] == [window.total for window in found.windows]


@given(
    st.lists(RATES, min_size=1, max_size=5),
    st.integers(0, 1000),
    st.fractions(1, 3, max_denominator=8),
)
def test_lines_come_to_the_windows(charges: list[Rate], promised: int, overage: Fraction) -> None:
    """All lines together are the exact sum of the windows, rounded once; none is below promise."""
    windows = [rate(PerUnit(charge)) for charge in charges]
    found = apply_commitment(windows, Commitment(Money(promised, "USD"), overage))
    exact = sum(window.total for window in found.windows)

    assert round_exact(Fraction(exact), Rounding.HALF_UP) == found.total.minor
    assert all(window.total >= promised for window in found.windows)
    assert sum(charge.per for charge in charges) == found.usage.unrounded


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize("share", [Fraction(-1, 2), 2])
def test_share_of_a_period(share: Any) -> None:
    """From none of it to all of it."""
    with pytest.raises(ValueError, match="the share of a period must be from 0 to 1"):
        true_up(usd("1"), usd("2"), share=share)
    with pytest.raises(ValueError, match="the share of a period must be from 0 to 1"):
        apply_commitment([usage("1")], Commitment(usd("2")), share=share)


def test_commitments_do_not_mix_currencies() -> None:
    """Nor do they apply to nothing."""
    euros = Commitment(Money(1, "EUR"))
    with pytest.raises(CurrencyMismatch):
        true_up(usd("1"), Money(2, "EUR"))
    with pytest.raises(CurrencyMismatch):
        apply_commitment([usage("1")], euros)
    with pytest.raises(ValueError, match="a commitment needs a window at least"):
        apply_commitment([], euros)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ((per("1"),), TypeError, "a commitment must be Money"),
        ((Money(-1, "USD"),), ValueError, "a commitment must not be negative"),
        ((usd("1"), Fraction(1, 2)), ValueError, "overage factor of a commitment must be 1 or"),
        ((usd("1"), 1.5), TypeError, "must be an int, a Fraction or a Decimal"),
        ((usd("1"), 2, 1), TypeError, "true_up must be true or false"),
    ],
)
def test_commitments_are_checked(fields: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    """An amount, an exact factor of 1 or more, and a flag."""
    with pytest.raises(kind, match=says):
        Commitment(*fields)
