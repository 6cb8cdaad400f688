"""Tier: prices for quantities up to a bound; the next tier begins right above it.

Bounds are inclusive and continuous: with a tier up to 5, a quantity of 5 is in it and 5.001 is in
the next one. (spec: billing 4)
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import attrs

from ledgerkit.domain.money import Exact, Money, Rate, Rounding, exact, round_exact
from ledgerkit.domain.pricing.components import ONE, Component, sum_of_components


def optional_exact(value: Exact | None) -> Fraction | None:
    """Return *value* as the fraction it exactly is, or None; raises `TypeError`."""
    return None if value is None else exact(value)


def check_price(name: str, price: Money | Rate, *, kind: type[Money] | type[Rate]) -> None:
    """Raise unless *price*, called *name*, is a *kind* that is not negative."""
    if type(price) is not kind:
        msg = f"{name} must be {kind.__name__} (got {price!r})"
        raise TypeError(msg)
    if (price.minor if isinstance(price, Money) else price.per) < 0:
        msg = f"{name} must not be negative (got {price})"
        raise ValueError(msg)


def one_currency(what: str, *prices: Money | Rate | None) -> str:
    """Return the currency that all *prices* of *what* have, None left out.

    Raises:
        ValueError: there is no price, or they mix currencies.
    """
    currencies = sorted({price.currency for price in prices if price is not None})
    if len(currencies) != 1:
        msg = f"{what} needs prices of one currency (got {', '.join(currencies) or 'none'})"
        raise ValueError(msg)
    return currencies[0]


@attrs.frozen(kw_only=True)
class Tier:
    """The prices up to a bound. One without a price is free.

    Attributes:
        up_to: The last quantity in it; None: it has no end.
        unit: The price of one unit, or of one package where it has a *size*.
        flat: What it costs to reach it, once.
        size: Units are sold in packages of so many, a started one whole; None: by the unit.
        cap: The most it comes to, flat fee included; None: there is no such bound.

    Raises:
        TypeError, ValueError: a field is of another type, negative, or of another currency.
    """

    up_to: Fraction | None = attrs.field(default=None, converter=optional_exact)
    unit: Rate | None = None
    flat: Money | None = None
    size: Fraction | None = attrs.field(default=None, converter=optional_exact)
    cap: Money | None = None

    def __attrs_post_init__(self) -> None:
        for name, bound in (("up_to", self.up_to), ("size", self.size)):
            if bound is not None and bound <= 0:
                msg = f"{name} of a tier must be above 0 (got {bound})"
                raise ValueError(msg)
        if self.unit is not None:
            check_price("the unit price of a tier", self.unit, kind=Rate)
        for name, amount in (("the flat fee", self.flat), ("the cap", self.cap)):
            if amount is not None:
                check_price(f"{name} of a tier", amount, kind=Money)

    def components(self, name: str, quantity: Fraction) -> tuple[Component, ...]:
        """Return what *quantity* in this tier, called *name*, is made of."""
        return tuple(self._priced(name, quantity))

    def just_above(self, bound: Fraction) -> Fraction:
        """Return what the least quantity above *bound* comes to, all of it in this tier; exact."""
        if self.size is not None:
            return sum_of_components(self.components("", (bound // self.size + 1) * self.size))
        return sum_of_components(self.components("", bound))

    def _priced(self, name: str, quantity: Fraction) -> Iterator[Component]:
        found: list[Component] = []
        if self.unit is not None:
            count = quantity if self.size is None else packages(quantity, self.size)
            found.append(Component(f"{name} usage", count, self.unit.per))
        if self.flat is not None:
            found.append(Component(f"{name} flat", ONE, Fraction(self.flat.minor)))
        yield from found
        if self.cap is not None and (more := sum_of_components(found) - self.cap.minor) > 0:
            yield Component(f"{name} cap", ONE, -more)


def packages(quantity: Fraction, size: Fraction, rounding: Rounding = Rounding.UP) -> Fraction:
    """Return how many packages of *size* hold *quantity*: a started one is whole, or is none."""
    return Fraction(round_exact(Fraction(quantity, size), rounding))


def currency_of(tiers: tuple[Tier, ...]) -> str:
    """Return the one currency of the prices of *tiers*.

    Raises:
        TypeError: they are no tuple of Tier.
        ValueError: they do not cover every quantity once (there is none, bounds do not grow, the
            last one has an end), have no price, or mix currencies.
    """
    _check_bounds(tiers)
    prices = (price for tier in tiers for price in (tier.unit, tier.flat, tier.cap))
    return one_currency("a list of tiers", *prices)


def _check_bounds(tiers: tuple[Tier, ...]) -> None:
    if type(tiers) is not tuple or not all(type(tier) is Tier for tier in tiers):
        msg = f"tiers must be a tuple of Tier (got {tiers!r})"
        raise TypeError(msg)
    bounds = [tier.up_to for tier in tiers]
    if not bounds or bounds.pop() is not None:
        msg = "the last tier must have no end: what is above it would have no price"
        raise ValueError(msg)
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds) or known != sorted(set(known)):
        said = ", ".join("no end" if bound is None else str(bound) for bound in bounds)
        msg = f"bounds of tiers must grow, each once, and only the last has no end (got {said})"
        raise ValueError(msg)
