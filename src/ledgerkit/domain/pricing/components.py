"""Component: one priced element of a line, such as the units of a tier or its flat fee.

A line is the sum of its components, exact until the line is rounded; they are its explanation, and
may be shown as lines of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import attrs

ONE = Fraction(1)


@attrs.frozen
class Component:
    """So many of something at one price.

    Attributes:
        name: What it is, such as `tier 2 usage`.
        quantity: How many; exact.
        unit_price: Minor units for one; exact, and below zero for what is taken off.
    """

    name: str
    quantity: Fraction
    unit_price: Fraction

    @property
    def amount(self) -> Fraction:
        """What it comes to, in minor units; exact."""
        return self.quantity * self.unit_price

    @property
    def said(self) -> tuple[str, str]:
        """Its pair in a trace."""
        return self.name, f"{self.quantity} x {self.unit_price} = {self.amount}"


def sum_of_components(components: Iterable[Component]) -> Fraction:
    """Return what *components* come to together, in minor units; exact."""
    return sum((component.amount for component in components), Fraction(0))


def added(now: Iterable[Component], before: Iterable[Component]) -> tuple[Component, ...]:
    """Return what came to the components *before* to make those of *now*, each by its name.

    What *now* has less of is there below zero, so that the result is always the difference.
    """
    left = {component.name: component for component in before}
    found: list[Component] = []
    for component in now:
        known = left.pop(component.name, None)
        if known is None:
            found.append(component)
        elif known.unit_price == component.unit_price:
            more = component.quantity - known.quantity
            found.append(attrs.evolve(component, quantity=more))
        else:
            found.append(Component(component.name, ONE, component.amount - known.amount))
    found += (attrs.evolve(gone, quantity=-gone.quantity) for gone in left.values())
    return tuple(component for component in found if component.quantity)
