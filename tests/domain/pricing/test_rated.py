"""Rated: what something comes to, rounded once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import Money, Rounding, round_exact
from ledgerkit.domain.pricing import Rated, rated

ONE = Fraction(1)
EXACT = st.fractions(-1000, 1000, max_denominator=100)


def test_one_rounding_is_named() -> None:
    """2.5 minor units are 3, or 2 where halves go to the even one; the trace says which."""
    half = Fraction(5, 2)
    up = rated(half, "EUR", quantity=ONE)
    even = rated(half, "EUR", quantity=ONE, rounding=Rounding.HALF_EVEN)

    assert (3, 2) == (up.amount.minor, even.amount.minor)
    assert half == up.unrounded == even.unrounded
    assert (("unrounded", "5/2"), ("rounding", "half_even"), ("rounded", "2")) == even.trace[-3:]


@given(st.lists(EXACT, min_size=1), st.sampled_from(Rounding))
def test_lines_one_after_the_other_come_to_one(parts: list[Fraction], rounding: Rounding) -> None:
    """However a sum is cut into lines, they come to what one line would."""
    before = Fraction(0)
    total = 0
    for part in parts:
        line = rated(part, "EUR", quantity=ONE, rounding=rounding, after=before)
        assert part == line.unrounded
        total += line.amount.minor
        before += part

    assert round_exact(before, rounding) == total


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("amount", 5, "must be Money"),
        ("unrounded", 5, "must be Fractions"),
        ("quantity", 1.0, "must be Fractions"),
        ("quantity", True, "must be Fractions"),
        ("unit_price", 5, "must be Fractions"),
        ("trace", [("rule", "x")], "trace must be a tuple"),
    ],
)
def test_fields_are_checked(field: str, value: Any, says: str) -> None:
    """Exact figures are fractions, and the amount is money."""
    fields: dict[str, Any] = {"amount": Money(5, "EUR"), "unrounded": ONE, "quantity": ONE}
    with pytest.raises(TypeError, match=says):
        Rated(**{**fields, field: value})
