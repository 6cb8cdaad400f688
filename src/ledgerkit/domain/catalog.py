"""Catalog: what a session costs the customer and earns the supplier, from which day on.

Prices are looked up by service line, level and duration; each is effective-dated, and a change
adds a price instead of overwriting one. A missing price is an error that names the key, never
zero. (seed 000, seed 002; spec: billing 4)
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import Timeline, plain_date


@attrs.frozen
class CatalogKey:
    """What prices are looked up by.

    Attributes:
        service_line: Such as `maths`.
        level: Such as `secondary`.
        minutes: The duration of a session.
    """

    service_line: str
    level: str
    minutes: int

    def __attrs_post_init__(self) -> None:
        name_of("service line", self.service_line)
        name_of("level", self.level)
        if type(self.minutes) is not int or self.minutes <= 0:
            msg = f"a session lasts a whole number of minutes above 0 (got {self.minutes!r})"
            raise ValueError(msg)

    def __str__(self) -> str:
        return f"{self.service_line} / {self.level} / {self.minutes} min"


@attrs.frozen
class PackageTier:
    """A package on offer: so many sessions for one price."""

    units: int
    price: Money

    def __attrs_post_init__(self) -> None:
        if type(self.units) is not int or type(self.price) is not Money:
            msg = f"a tier needs whole units and a Money (got {self.units!r}, {self.price!r})"
            raise TypeError(msg)
        if self.units <= 0 or self.price.minor < 0:
            msg = f"a tier needs units above 0 and a price from 0 (got {self.units}, {self.price})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Price:
    """One version of a price.

    Attributes:
        key: What it prices.
        charge: What the customer owes per session, in minor units.
        pay: What the supplier earns per session, in the same currency.
        valid_from: The first local day on which it holds, until a later version.
        tiers: Packages on offer, by growing units.
    """

    key: CatalogKey
    charge: Money
    pay: Money
    valid_from: date
    tiers: tuple[PackageTier, ...] = ()

    def __attrs_post_init__(self) -> None:
        if type(self.key) is not CatalogKey:
            msg = f"a price needs a CatalogKey (got {self.key!r})"
            raise TypeError(msg)
        if type(self.charge) is not Money or type(self.pay) is not Money:
            msg = f"charge and pay must be Money (got {self.charge!r}, {self.pay!r})"
            raise TypeError(msg)
        plain_date("valid_from", self.valid_from)
        if type(self.tiers) is not tuple:
            msg = f"tiers must be a tuple of PackageTier (got {self.tiers!r})"
            raise TypeError(msg)
        if self.charge.minor < 0 or self.pay.minor < 0:
            msg = f"the price of {self.key} must not be negative (got {self.charge}, {self.pay})"
            raise ValueError(msg)
        currencies = {self.charge.currency, self.pay.currency}
        currencies.update(tier.price.currency for tier in self.tiers)
        if len(currencies) > 1:
            msg = f"the price of {self.key} mixes currencies: {', '.join(sorted(currencies))}"
            raise ValueError(msg)
        units = [tier.units for tier in self.tiers]
        if units != sorted(set(units)):
            msg = f"the tiers of {self.key} must grow in units, each once (got {units})"
            raise ValueError(msg)

    @property
    def currency(self) -> str:
        """The currency of all its amounts."""
        return self.charge.currency

    def tier(self, units: int) -> PackageTier:
        """Return the package of *units* that is on offer.

        Raises:
            NoTier: none of that size is; never a price made up from other sizes.
        """
        for tier in self.tiers:
            if tier.units == units:
                return tier
        raise NoTier(self.key, units, tuple(tier.units for tier in self.tiers))


@attrs.frozen
class NoTier(LedgerkitError):
    """A package of a size that is not on offer."""

    key: CatalogKey
    units: int
    offered: tuple[int, ...]
    code: ClassVar[str] = "no_tier"

    def __str__(self) -> str:
        sizes = ", ".join(str(units) for units in self.offered) or "none"
        return f"no package of {self.units} for {self.key}; on offer are {sizes}"


@attrs.frozen
class NoPrice(LedgerkitError):
    """The catalog has no price for a key on a day. (spec: billing C-10)"""

    key: CatalogKey
    currency: str
    on: date
    code: ClassVar[str] = "no_price"

    def __str__(self) -> str:
        return f"no price for {self.key} in {self.currency} on {self.on}; add one to the catalog"


@attrs.frozen
class PriceInPast(LedgerkitError):
    """A new price would change days that have passed, or a version that exists."""

    key: object  # of a catalog or of a price list
    valid_from: date
    earliest: date
    code: ClassVar[str] = "price_in_past"

    def __str__(self) -> str:
        return (
            f"a price for {self.key} from {self.valid_from} would reprice the past; "
            f"the earliest day is {self.earliest}"
        )


@attrs.frozen
class Catalog:
    """All versions of all prices.

    Raises:
        TypeError: *prices* is no tuple.
        ValueError: two versions of one price begin on one day.
    """

    id: str
    prices: tuple[Price, ...] = ()
    _timeline: Timeline[tuple[CatalogKey, str], Price] = attrs.field(
        init=False, repr=False, eq=False
    )

    def __attrs_post_init__(self) -> None:
        name_of("catalog id", self.id)
        if type(self.prices) is not tuple:
            msg = f"prices must be a tuple of Price (got {type(self.prices).__name__})"
            raise TypeError(msg)
        timeline = Timeline.of(
            (((price.key, price.currency), price) for price in self.prices),
            named=lambda key: f"the price for {key[0]} in {key[1]}",
        )
        object.__setattr__(self, "_timeline", timeline)  # frozen, and derived from the prices

    def price_on(self, key: CatalogKey, currency: str, *, on: date) -> Price:
        """Return the version that holds on the local day *on*.

        Raises:
            NoPrice: there is none; never a price of zero.
        """
        price = self._timeline.on((key, currency), on)
        if price is None:
            raise NoPrice(key, currency, on)
        return price

    def versions(self, key: CatalogKey, currency: str) -> tuple[Price, ...]:
        """Return every version of a price, oldest first."""
        return self._timeline.versions((key, currency))

    def earliest_change(self, key: CatalogKey, currency: str, *, on: date) -> date:
        """Return the first day on which a price decided *on* a day may begin."""
        return self._timeline.earliest_change((key, currency), on=on)


@attrs.frozen
class PriceChanged:
    """The catalog after a change, with the version before (None: a new key) and the new one."""

    catalog: Catalog
    old: Price | None
    new: Price

    @property
    def effects(self) -> Effects:
        """What to store: the catalog as a new version, beside who, when and why."""
        return Effects(records=(self.catalog,))


def change_price(catalog: Catalog, price: Price, *, on: date) -> PriceChanged:
    """Add *price* as a new version; decided *on* a day, it may begin that day at the earliest.

    Who changed it, when and why stands in the history of the catalog record. (seed 002)

    Raises:
        PriceInPast: it begins before *on*, or not after the newest version of its key.
    """
    earliest = catalog.earliest_change(price.key, price.currency, on=on)
    if price.valid_from < earliest:
        raise PriceInPast(price.key, price.valid_from, earliest)
    old = (None, *catalog.versions(price.key, price.currency))[-1]
    return PriceChanged(Catalog(catalog.id, (*catalog.prices, price)), old, price)
