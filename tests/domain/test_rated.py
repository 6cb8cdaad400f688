"""Rated: an exact amount, rounded once, and the line of an invoice made from it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import invoices
from ledgerkit.domain.invoices import Line
from ledgerkit.domain.money import Money, Rounding
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import Rated, rated

ON = date(2026, 11, 1)
OCTOBER = Period.month(2026, 10)


def test_rated_is_rounded_once() -> None:
    """5.05 GB at 0.10 are 50.5 cents, so 0.51; the trace says how (spec: billing 4, C-12)."""
    storage = rated(
        Fraction(101, 2), "USD", quantity=Fraction(101, 20), trace=(("rule", "per unit"),)
    )

    assert Money(51, "USD") == storage.amount
    assert (
        ("rule", "per unit"),
        ("quantity", "101/20"),
        ("unrounded", "101/2"),
        ("rounding", "half_up"),
        ("rounded", "51"),
    ) == storage.trace


@given(st.fractions(), st.sampled_from(Rounding))
def test_rounding_moves_less_than_one(exact: Fraction, rounding: Rounding) -> None:
    """Whatever the rule, what is rounded is within one minor unit of what is exact."""
    result = rated(exact, "EUR", quantity=Fraction(1), rounding=rounding)

    assert abs(result.amount.minor - exact) < 1


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("amount", 51, "must be Money"),
        ("unrounded", 50.5, "must be Fractions"),
        ("quantity", 5, "must be Fractions"),
        ("unit_price", 10, "must be Fractions"),
        ("trace", [("rule", "flat")], "tuple of"),
    ],
)
def test_rated_is_exact(field: str, value: Any, named: str) -> None:
    """Floats, plain numbers and lists are refused."""
    good = rated(Fraction(50), "EUR", quantity=Fraction(5), unit_price=Fraction(10))

    with pytest.raises(TypeError, match=named):
        attrs.evolve(good, **{field: value})


def line(result: Rated) -> Line:
    """Return the line that charges *result*."""
    return invoices.rated_line(
        "sub-1",
        result,
        item="storage",
        on=ON,
        period=OCTOBER,
        kind="usage",
        detail="5 GB",
        part="2026-10",
    )


def test_line_of_a_unit_price() -> None:
    """Quantity and unit price say what it comes to, so no exact amount is kept beside them."""
    charged = line(rated(Fraction(50), "USD", quantity=Fraction(5), unit_price=Fraction(10)))

    assert (Fraction(5), Fraction(10), None) == (
        charged.quantity,
        charged.unit_price,
        charged.unrounded,
    )
    assert (Fraction(50), Fraction(0)) == (charged.exact, charged.rounding)


def test_line_without_a_single_price() -> None:
    """Tiers have no unit price; the exact amount is kept."""
    charged = line(rated(Fraction(101, 2), "USD", quantity=Fraction(5)))

    assert (None, Fraction(101, 2)) == (charged.unit_price, charged.unrounded)
    assert Fraction(1, 2) == charged.rounding
    assert (OCTOBER, "usage", "5 GB") == (charged.period, charged.kind, charged.detail)


def test_line_needs_a_price_or_an_exact_amount() -> None:
    """One of the two says what it comes to."""
    charged = line(rated(Fraction(50), "USD", quantity=Fraction(5)))

    with pytest.raises(TypeError, match="must be Fractions"):
        attrs.evolve(charged, unrounded=None)


def test_same_source_and_part_is_the_same_line() -> None:
    """What is charged again as the same part has the same id, so that it is billed once."""
    once = line(rated(Fraction(50), "USD", quantity=Fraction(5)))
    again = line(rated(Fraction(70), "USD", quantity=Fraction(7)))

    assert once.id == again.id
