"""Rounding: the one step from an exact figure to whole minor units, named where it happens.

A rate is an exact price of one unit, in minor units or fractions of them. Quantities and ratios
stay exact until the line; each line is rounded once (spec: billing 0.1).
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

import attrs

from ledgerkit.domain.money.amounts import Money, is_code

Exact: TypeAlias = int | Fraction | Decimal


class Rounding(Enum):
    """How an exact figure becomes a whole one; halves go away from zero unless said otherwise."""

    HALF_UP = "half_up"  # half away from zero
    HALF_EVEN = "half_even"
    DOWN = "down"  # to zero
    UP = "up"  # away from zero
    FLOOR = "floor"
    CEILING = "ceiling"


def exact(value: Exact, name: str = "value") -> Fraction:
    """Return *value* as the fraction it exactly is; *name* is what a refusal calls it.

    Raises `TypeError` for a float, a bool or another type, `ValueError` for NaN and infinity.

    >>> exact(Decimal("0.1"))
    Fraction(1, 10)
    """
    if type(value) is Fraction:
        return value
    if type(value) is int:
        return Fraction(value)
    if not isinstance(value, Decimal):
        msg = f"{name} must be an int, a Fraction or a Decimal (got {value!r})"
        raise TypeError(msg)
    if not value.is_finite():
        msg = f"{name} must be finite (got {value})"
        raise ValueError(msg)
    return Fraction(value)


def round_exact(value: Exact, rounding: Rounding) -> int:
    """Return *value* as a whole number; an already whole one is not touched.

    Raises `TypeError` for a value that is not exact.

    >>> round_exact(Fraction(-5, 2), Rounding.HALF_UP), round_exact(Fraction(5, 2), Rounding.DOWN)
    (-3, 2)
    """
    ratio = exact(value)
    floor, rest = divmod(ratio.numerator, ratio.denominator)
    if rest == 0 or rounding is Rounding.FLOOR:
        return floor
    if rounding is Rounding.CEILING:
        return floor + 1
    negative = floor < 0
    if rounding is Rounding.DOWN:
        return floor + negative
    if rounding is Rounding.UP:
        return floor + (not negative)
    twice = 2 * rest
    if twice != ratio.denominator:
        return floor + (twice > ratio.denominator)
    return floor + (floor % 2 if rounding is Rounding.HALF_EVEN else not negative)


@attrs.frozen
class Rate:
    """The exact price of one unit: *per* minor units of *currency*, whole or not.

    Raises `TypeError` for a *per* that is no Fraction, `ValueError` for a malformed currency.

    >>> Rate(Fraction("1062.5"), "USD").times(Decimal("4.4556"))
    Money(minor=4734, currency='USD')
    """

    per: Fraction
    currency: str

    def __attrs_post_init__(self) -> None:
        if type(self.per) is not Fraction:
            msg = f"per must be a Fraction of minor units (got {self.per!r})"
            raise TypeError(msg)
        if type(self.currency) is not str or not is_code(self.currency):
            msg = f"currency must be 3 to 16 of A-Z, 0-9 and _ (got {self.currency!r})"
            raise ValueError(msg)

    @classmethod
    def of(cls, money: Money) -> Rate:
        """Return the rate of *money* for one unit."""
        return cls(Fraction(money.minor), money.currency)

    def exact(self, quantity: Exact) -> Fraction:
        """Return the price of *quantity* units in minor units, not rounded.

        Raises `TypeError` for a quantity that is not exact.
        """
        return self.per * exact(quantity, "quantity")

    def times(self, quantity: Exact, rounding: Rounding = Rounding.HALF_UP) -> Money:
        """Return the price of *quantity* units, rounded once.

        Raises `TypeError` for a quantity that is not exact.
        """
        return Money(round_exact(self.exact(quantity), rounding), self.currency)
