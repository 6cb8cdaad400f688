"""Quantity: an exact number of whatever a meter counts, with the dimensions it is kept apart by.

Dimensions are what prices differ by, such as the size and use of a cluster. (seed 001)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of, pairs_of

Dimensions: TypeAlias = tuple[tuple[str, str], ...]  # (name, value), sorted by name, each once
_MOST = 10**100  # far beyond any usage; digits without end are an attack or a mistake


def dimensions(**values: str) -> Dimensions:
    """Return *values* as dimensions.

    >>> dimensions(use="production", size="medium")
    (('size', 'medium'), ('use', 'production'))
    """
    return check_dimensions(tuple(sorted(values.items())))


def check_dimensions(value: object) -> Dimensions:
    """Return *value* if it is dimensions; raises `TypeError` or `ValueError`."""
    pairs = pairs_of("dimensions", value)
    names = [name_of("dimension", name) for name, _ in pairs]
    if names != sorted(set(names)):
        msg = f"dimensions are sorted by name, each once (got {names})"
        raise ValueError(msg)
    return pairs


def check_quantity(field: str, value: object) -> Fraction:
    """Return *value* if it is exact and of at most 100 digits; raises `TypeError`, `ValueError`."""
    if type(value) is not Fraction:
        msg = f"{field} must be a Fraction (got {value!r}); money.exact makes one of a Decimal"
        raise TypeError(msg)
    if abs(value.numerator) >= _MOST or value.denominator >= _MOST:
        msg = f"{field} has more than 100 digits; that is no usage"
        raise ValueError(msg)
    return value


def pick(have: Dimensions, names: tuple[str, ...], *, of: str) -> Dimensions:
    """Return the dimensions called *names*; raises `MissingDimension`, which names the event *of*.

    >>> pick(dimensions(size="medium", user="zoe"), ("size",), of="e-1")
    (('size', 'medium'),)
    """
    known = dict(have)
    for name in names:
        if name not in known:
            raise MissingDimension(of, name)
    return tuple((name, known[name]) for name in names)


@attrs.frozen
class Quantity:
    """How much, exactly: *value* of what has these *dimensions*; below zero where less was used."""

    dimensions: Dimensions
    value: Fraction

    def __attrs_post_init__(self) -> None:
        check_dimensions(self.dimensions)
        if type(self.value) is not Fraction:
            msg = f"a quantity must be a Fraction (got {self.value!r})"
            raise TypeError(msg)


def check_quantities(field: str, value: object) -> tuple[Quantity, ...]:
    """Return *value* if it is a tuple of quantities, sorted; raises `TypeError`, `ValueError`."""
    if type(value) is not tuple or not all(type(each) is Quantity for each in value):
        msg = f"{field} must be a tuple of Quantity (got {value!r})"
        raise TypeError(msg)
    told = [each.dimensions for each in value]
    if told != sorted(set(told)):
        msg = f"{field} are sorted by dimensions, each once (got {told})"
        raise ValueError(msg)
    return value


def total(quantities: Iterable[Quantity]) -> Fraction:
    """Return the sum over all dimensions.

    >>> total((Quantity((("size", "l"),), Fraction(2)), Quantity((("size", "s"),), Fraction(3))))
    Fraction(5, 1)
    """
    return sum((each.value for each in quantities), Fraction(0))


def added(*many: Iterable[Quantity]) -> tuple[Quantity, ...]:
    """Return the sums by dimensions; what adds up to zero stays, as zero."""
    sums = defaultdict[Dimensions, Fraction](Fraction)
    for quantities in many:
        for each in quantities:
            sums[each.dimensions] += each.value
    return tuple(Quantity(of, sums[of]) for of in sorted(sums))


def differences(after: Iterable[Quantity], before: Iterable[Quantity]) -> tuple[Quantity, ...]:
    """Return by how much *after* differs from *before*; what is not told is zero.

    >>> five, six = Quantity((), Fraction(5)), Quantity((), Fraction(6))
    >>> differences([six], [five])
    (Quantity(dimensions=(), value=Fraction(1, 1)),)
    >>> differences([five], [five])
    ()
    """
    after, before = tuple(after), tuple(before)
    if after == before:  # as most usage is when it is looked at again
        return ()
    less = (Quantity(each.dimensions, -each.value) for each in before)
    return tuple(each for each in added(after, less) if each.value)


@attrs.frozen
class MissingDimension(LedgerkitError):
    """An event does not say what its meter is kept apart by, or counts."""

    event: str
    dimension: str
    code: ClassVar[str] = "missing_dimension"

    def __str__(self) -> str:
        return f"usage event {self.event!r} has no {self.dimension!r}, which its meter needs"
