"""Price list: what items cost, by any dimensions, from which day on.

A change adds a version instead of overwriting one. A price that is missing is an error that names
the key, never zero. (seed 001, seed 002; spec: billing 4, C-10)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import ClassVar

import attrs

from ledgerkit.domain.catalog import PriceInPast
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of, pairs_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import Timeline, plain_date
from ledgerkit.domain.pricing.rating import PriceDrop, price_drops
from ledgerkit.domain.pricing.tariffs import Tariff

_NONE: Mapping[str, str] = MappingProxyType({})


@attrs.frozen
class PriceKey:
    """What is priced: an item, and what else its price depends on.

    Attributes:
        item: Such as `cluster`.
        dimensions: (name, value) pairs sorted by name, such as size and use; none or many.

    Raises:
        TypeError, ValueError: a name is none, or the pairs are not sorted, each name once.

    >>> str(PriceKey.of("cluster", {"use": "production", "size": "large"}))
    'cluster (size=large, use=production)'
    """

    item: str
    dimensions: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("item", self.item)
        pairs_of("dimensions", self.dimensions)
        for name, value in self.dimensions:
            name_of("dimension", name)
            name_of(f"the {name} of {self.item!r}", value)
        names = [name for name, _ in self.dimensions]
        if names != sorted(set(names)):
            msg = f"dimensions of {self.item!r} must be sorted, each once (got {', '.join(names)})"
            raise ValueError(msg)

    @classmethod
    def of(cls, item: str, dimensions: Mapping[str, str] = _NONE) -> PriceKey:
        """Return the key of *item* with *dimensions* in any order."""
        return cls(item, tuple(sorted(dimensions.items())))

    def __str__(self) -> str:
        pairs = ", ".join(f"{name}={value}" for name, value in self.dimensions)
        return f"{self.item} ({pairs})" if pairs else self.item


@attrs.frozen
class ListPrice:
    """One version of a price.

    Attributes:
        key: What it prices.
        tariff: What that costs.
        valid_from: The first local day on which it holds, until a later version.
    """

    key: PriceKey
    tariff: Tariff
    valid_from: date

    def __attrs_post_init__(self) -> None:
        if type(self.key) is not PriceKey or type(self.tariff) is not Tariff:
            msg = f"a price needs a PriceKey and a Tariff (got {self.key!r}, {self.tariff!r})"
            raise TypeError(msg)
        plain_date("valid_from", self.valid_from)


@attrs.frozen
class NoListedPrice(LedgerkitError):
    """A price list has no price for a key on a day. (spec: billing C-10)"""

    key: PriceKey
    price_list: str
    on: date
    code: ClassVar[str] = "no_listed_price"

    def __str__(self) -> str:
        return (
            f"no price for {self.key} on {self.on}; add one to the price list {self.price_list!r}"
        )


@attrs.frozen
class PriceList:
    """All versions of all prices of one currency.

    Raises:
        TypeError: *prices* is no tuple of ListPrice.
        ValueError: two versions of one price begin on one day, or one is in another currency.
    """

    id: str
    currency: str
    prices: tuple[ListPrice, ...] = ()
    _timeline: Timeline[PriceKey, ListPrice] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        name_of("price list id", self.id)
        Money.zero(self.currency)  # refuses what is no currency
        if type(self.prices) is not tuple or not all(type(p) is ListPrice for p in self.prices):
            msg = f"prices must be a tuple of ListPrice (got {type(self.prices).__name__})"
            raise TypeError(msg)
        for price in self.prices:
            if price.tariff.currency != self.currency:
                msg = f"the price of {price.key} is in {price.tariff.currency}, not {self.currency}"
                raise ValueError(msg)
        timeline = Timeline.of(
            ((price.key, price) for price in self.prices),
            named=lambda key: f"the price for {key}",
        )
        object.__setattr__(self, "_timeline", timeline)  # frozen, and derived from the prices

    def price_on(self, item: str, dimensions: Mapping[str, str] = _NONE, *, on: date) -> ListPrice:
        """Return the version for *item* and exactly these *dimensions* on the local day *on*.

        Raises:
            NoListedPrice: there is none; never a price of zero, and never that of fewer dimensions.
        """
        key = PriceKey.of(item, dimensions)
        price = self._timeline.on(key, on)
        if price is None:
            raise NoListedPrice(key, self.id, on)
        return price

    def versions(self, key: PriceKey) -> tuple[ListPrice, ...]:
        """Return every version of a price, oldest first."""
        return self._timeline.versions(key)

    def earliest_change(self, key: PriceKey, *, on: date) -> date:
        """Return the first day on which a price decided *on* a day may begin."""
        return self._timeline.earliest_change(key, on=on)

    def price_drops(self) -> tuple[tuple[ListPrice, PriceDrop], ...]:
        """Return every place in it where more costs less, to be looked at by a person."""
        return tuple((price, drop) for price in self.prices for drop in price_drops(price.tariff))


@attrs.frozen
class ListPriceChanged:
    """The list after a change, with the version before (None: a new key) and the new one."""

    price_list: PriceList
    old: ListPrice | None
    new: ListPrice

    @property
    def effects(self) -> Effects:
        """What to store: the list as a new version, beside who, when and why."""
        return Effects(records=(self.price_list,))


def change_price(price_list: PriceList, price: ListPrice, *, on: date) -> ListPriceChanged:
    """Add *price* as a new version; decided *on* a day, it may begin that day at the earliest.

    Who changed it, when and why stands in the history of the list. (seed 002)

    Raises:
        PriceInPast: it begins before *on*, or not after the newest version of its key.
    """
    earliest = price_list.earliest_change(price.key, on=on)
    if price.valid_from < earliest:
        raise PriceInPast(price.key, price.valid_from, earliest)
    old = (None, *price_list.versions(price.key))[-1]
    after = attrs.evolve(price_list, prices=(*price_list.prices, price))
    return ListPriceChanged(after, old, price)
