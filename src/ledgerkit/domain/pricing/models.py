"""Model: a rule that says what a quantity costs; a closed set of frozen records.

Each tells its currency, and the components that a quantity is made of. Prices of one unit are
exact rates, below a cent too. (seed 001; spec: billing 4)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.money import Money, Rate, Rounding, exact
from ledgerkit.domain.pricing.components import ONE, Component
from ledgerkit.domain.pricing.tiers import (
    Tier,
    check_price,
    currency_of,
    one_currency,
    packages,
)


@attrs.frozen
class Flat:
    """One amount, whatever the quantity."""

    amount: Money
    kind: ClassVar[str] = "flat"

    def __attrs_post_init__(self) -> None:
        check_price("the amount", self.amount, kind=Money)

    @property
    def currency(self) -> str:
        """The currency of its price."""
        return self.amount.currency

    def components(self, _: Fraction) -> tuple[Component, ...]:
        """Return the amount, once."""
        return (Component("flat", ONE, Fraction(self.amount.minor)),)


@attrs.frozen
class PerUnit:
    """The same price for every unit, and its share for a fraction of one."""

    unit: Rate
    kind: ClassVar[str] = "per_unit"

    def __attrs_post_init__(self) -> None:
        check_price("the price of a unit", self.unit, kind=Rate)

    @property
    def currency(self) -> str:
        """The currency of its price."""
        return self.unit.currency

    def components(self, quantity: Fraction) -> tuple[Component, ...]:
        """Return the units at their price."""
        return (Component("usage", quantity, self.unit.per),)


@attrs.frozen
class Graduated:
    """Each unit at the price of the tier that it falls in; flat fees of all tiers reached.

    Where the quantity is an amount in minor units and the price of one is 1/100, a tier takes a
    percentage.
    """

    tiers: tuple[Tier, ...]
    currency: str = attrs.field(init=False, repr=False, eq=False)  # of its prices
    kind: ClassVar[str] = "graduated"

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "currency", currency_of(self.tiers))

    def components(self, quantity: Fraction) -> tuple[Component, ...]:
        """Return units and flat fee of every tier up to *quantity*; the first is always reached."""
        found: list[Component] = []
        below = Fraction(0)
        for number, tier in enumerate(self.tiers, start=1):
            if number > 1 and quantity <= below:
                break
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            found += tier.components(f"tier {number}", top - below)
            below = top
        return tuple(found)


@attrs.frozen
class Volume:
    """All units at the price of the one tier that the whole quantity is in.

    More can cost less: see `price_drops`.
    """

    tiers: tuple[Tier, ...]
    currency: str = attrs.field(init=False, repr=False, eq=False)  # of its prices
    kind: ClassVar[str] = "volume"

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "currency", currency_of(self.tiers))

    def components(self, quantity: Fraction) -> tuple[Component, ...]:
        """Return all units and the flat fee of the tier that *quantity* is in."""
        bounds = (tier.up_to for tier in self.tiers)
        passed = sum(bound is not None and bound < quantity for bound in bounds)
        return self.tiers[passed].components(f"tier {passed + 1}", quantity)


@attrs.frozen
class PackagePrice:
    """Units in packages of a *size*; one that was started is whole, or none when rounded down.

    Raises:
        TypeError, ValueError: a size that is not above 0, or a rounding but UP and DOWN.
    """

    size: Fraction = attrs.field(converter=exact)
    price: Rate
    rounding: Rounding = Rounding.UP
    kind: ClassVar[str] = "package"

    def __attrs_post_init__(self) -> None:
        check_price("the price of a package", self.price, kind=Rate)
        if self.size <= 0:
            msg = f"the size of a package must be above 0 (got {self.size})"
            raise ValueError(msg)
        if self.rounding not in {Rounding.UP, Rounding.DOWN}:
            msg = f"packages are rounded up or down (got {self.rounding!r})"
            raise ValueError(msg)

    @property
    def currency(self) -> str:
        """The currency of its price."""
        return self.price.currency

    def components(self, quantity: Fraction) -> tuple[Component, ...]:
        """Return the packages at their price."""
        count = packages(quantity, self.size, self.rounding)
        return (Component("packages", count, self.price.per),)


@attrs.frozen(kw_only=True)
class Percentage:
    """A share of the amount of every event, such as a payment; each may have a fee and bounds.

    Nothing is charged for events until *free_events* of them were seen or *free_amount* is used
    up, whichever comes first; an event that is free in part pays for the rest of it.

    Attributes:
        rate: The share: 2.9 % is 29/1000.
        currency: The currency of the amounts.
        fee: What each charged event costs beside its share.
        event_minimum: The least that a charged event costs, fee included.
        event_maximum: The most that one costs, fee included.
        free_amount: The amount that nothing is charged for.
        free_events: How many events nothing is charged for.

    Raises:
        TypeError, ValueError: a field is of another type, negative, or of another currency; the
            minimum is above the maximum.
    """

    rate: Fraction = attrs.field(converter=exact)
    currency: str
    fee: Rate | None = None
    event_minimum: Rate | None = None
    event_maximum: Rate | None = None
    free_amount: Money | None = None
    free_events: int | None = None
    kind: ClassVar[str] = "percentage"

    def __attrs_post_init__(self) -> None:
        if self.rate < 0:
            msg = f"a percentage must not be negative (got {self.rate})"
            raise ValueError(msg)
        bounds = (self.event_minimum, self.event_maximum)
        for name, price in zip(("fee", "minimum", "maximum"), (self.fee, *bounds), strict=True):
            if price is not None:
                check_price(f"the {name} of an event", price, kind=Rate)
        if self.free_amount is not None:
            check_price("the free amount", self.free_amount, kind=Money)
        free = self.free_events
        if free is not None and (type(free) is not int or free < 0):
            msg = f"free events must be a whole number from 0 (got {free!r})"
            raise ValueError(msg)
        base = Rate(Fraction(0), self.currency)
        one_currency("a percentage", base, self.fee, *bounds, self.free_amount)
        low, high = (None if bound is None else bound.per for bound in bounds)
        if low is not None and high is not None and low > high:
            msg = f"the minimum of an event is {low}, above its maximum of {high}"
            raise ValueError(msg)

    @property
    def by_event(self) -> bool:
        """Whether the amount of each event has to be known, not just their sum and number."""
        bounded = self.event_minimum is not None or self.event_maximum is not None
        free = bool(self.free_events) or (self.free_amount is not None and self.fee is not None)
        return bounded or free

    def components(self, total: Fraction, events: int) -> tuple[Component, ...]:
        """Return the share of *total*, in minor units, and the fees of so many *events*."""
        share = Component("share", total, self.rate)
        if self.fee is None:
            return (share,)
        return share, Component("fees", Fraction(events), self.fee.per)

    def components_of(self, amounts: Sequence[int]) -> tuple[Component, ...]:
        """Return what events of *amounts*, in minor units and in their order, are made of."""
        charged = self._charged(amounts)
        fee = Fraction(0) if self.fee is None else self.fee.per
        plain = [amount * self.rate + fee for amount in charged]
        low = Fraction(0) if self.event_minimum is None else self.event_minimum.per
        raised = [max(price, low) for price in plain]
        high = None if self.event_maximum is None else self.event_maximum.per
        bounded = raised if high is None else [min(price, high) for price in raised]
        more, less = sum(raised) - sum(plain), sum(bounded) - sum(raised)
        adjusted = (("event minimum", more), ("event maximum", less))
        return (
            *self.components(Fraction(sum(charged)), len(charged)),
            *(Component(name, ONE, Fraction(by)) for name, by in adjusted if by),
        )

    def _charged(self, amounts: Sequence[int]) -> list[int]:
        """Return what of each event is charged for; those that are free are left out."""
        if self.free_amount is None and self.free_events is None:
            return list(amounts)
        events = len(amounts) if self.free_events is None else self.free_events
        everything = sum(amounts) + 1  # more than that is never used up
        left = everything if self.free_amount is None else self.free_amount.minor
        charged: list[int] = []
        for number, amount in enumerate(amounts):
            free = min(amount, left) if number < events else 0
            # An event of nothing is free as long as anything is.
            if free < amount or number >= events or not left:
                charged.append(amount - free)
            left -= free
        return charged


Model: TypeAlias = Flat | PerUnit | Graduated | Volume | PackagePrice | Percentage
MODELS: tuple[type[Model], ...] = (Flat, PerUnit, Graduated, Volume, PackagePrice, Percentage)
UNMETERED = (Flat, Percentage)  # what is priced is not a quantity, so that none is included
