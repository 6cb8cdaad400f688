"""Tariff: a model with what is included, and the least and the most that a line comes to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import attrs

from ledgerkit.domain.money import Money
from ledgerkit.domain.pricing.components import ONE, Component, sum_of_components
from ledgerkit.domain.pricing.models import MODELS, UNMETERED, Model
from ledgerkit.domain.pricing.tiers import check_price, one_currency, optional_exact


# Rates are looked up by it, and its hash takes all tiers in.
@attrs.frozen(kw_only=True, cache_hash=True)
class Tariff:
    """The terms of a price.

    Attributes:
        model: The rule.
        included: How many units cost nothing; only what is above them is priced. It has to be
            said, if only as 0, since a forgotten allowance charges too much; None is for flat
            amounts and percentages, which have none. (spec: billing C-12)
        minimum: The least that the line of a period comes to, used or not.
        maximum: The most that it comes to.
        flat_at_zero: Whether flat fees are due when there is nothing to price.

    Raises:
        TypeError, ValueError: a field is of another type, negative, or of another currency; the
            allowance is missing; the minimum is above the maximum.
    """

    model: Model
    included: Fraction | None = attrs.field(converter=optional_exact)
    minimum: Money | None = None
    maximum: Money | None = None
    flat_at_zero: bool = True

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.model, MODELS):
            msg = f"a tariff needs a model (got {self.model!r})"
            raise TypeError(msg)
        if type(self.flat_at_zero) is not bool:
            msg = f"flat_at_zero must be true or false (got {self.flat_at_zero!r})"
            raise TypeError(msg)
        for name, bound in (("minimum", self.minimum), ("maximum", self.maximum)):
            if bound is not None:
                check_price(f"the {name} of a line", bound, kind=Money)
        base = Money(0, self.model.currency)
        one_currency("a tariff", base, self.minimum, self.maximum)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            msg = f"the minimum of a line is {self.minimum}, above its maximum of {self.maximum}"
            raise ValueError(msg)
        self._check_allowance()

    def _check_allowance(self) -> None:
        if isinstance(self.model, UNMETERED):
            if self.included is not None:
                msg = f"a {self.model.kind} price includes no units (got {self.included})"
                raise ValueError(msg)
        elif self.included is None or self.included < 0:
            msg = f"say how many units are included, 0 or more (got {self.included})"
            raise ValueError(msg)

    @property
    def currency(self) -> str:
        """The currency of its prices."""
        return self.model.currency

    def billable(self, quantity: Fraction) -> Fraction:
        """Return what is left of *quantity* to be priced: what is above the allowance."""
        return max(quantity - (self.included or 0), Fraction(0))

    def bounded(self, parts: tuple[Component, ...], *, final: bool) -> tuple[Component, ...]:
        """Return *parts* with what lifts them to the minimum, if it is due, or caps them."""
        return tuple(self._bounded(parts, final=final))

    def _bounded(self, parts: tuple[Component, ...], *, final: bool) -> Iterator[Component]:
        yield from parts
        least = self.minimum if final else None
        if least is None and self.maximum is None:
            return
        amount = sum_of_components(parts)
        if self.maximum is not None and amount > self.maximum.minor:
            yield Component("maximum", ONE, self.maximum.minor - amount)
        elif least is not None and amount < least.minor:
            yield Component("minimum", ONE, least.minor - amount)
