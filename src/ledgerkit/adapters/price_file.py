"""Price file: a price list written by people, in TOML, with amounts in major units.

Every price names its model and what that needs; what is unknown, missing or doubtful is refused
with the entry and the field. The page `docs/how-to/set-prices.md` shows all models.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import ISO, Money, Rate, Rounding, Units
from ledgerkit.domain.pricing import (
    Flat,
    Graduated,
    ListPrice,
    Model,
    PackagePrice,
    Percentage,
    PerUnit,
    PriceKey,
    PriceList,
    Tariff,
    Tier,
    Volume,
)

T = TypeVar("T")

_ROUNDINGS = {"up": Rounding.UP, "down": Rounding.DOWN}
_REFUSALS = (TypeError, ValueError, LedgerkitError)
_MOST_DIGITS = 30


@attrs.frozen
class PricesRefused(LedgerkitError):
    """A file of prices that cannot be used.

    Attributes:
        path: The file.
        problems: What is wrong with it, all that was found.
    """

    path: str
    problems: tuple[str, ...]
    code: ClassVar[str] = "prices_refused"

    def __str__(self) -> str:
        return f"{self.path!r} is no price list: {'; '.join(self.problems)}"


def read_prices(path: Path | str, *, units: Units = ISO) -> PriceList:
    """Return the price list in the TOML file *path*; its currency is one of *units*.

    Raises:
        PricesRefused: there is no such file, or something in it is wrong.
    """
    try:
        table = tomllib.loads(Path(path).read_text("utf-8"), parse_float=Decimal)
        fields = _Fields(table, units)
        id, currency = fields.need("id", str), fields.need("currency", str)
        entries = fields.tables("prices")
        fields.done()
        units.exponent(currency)
        return PriceList(id, currency, _prices(str(path), entries, units, currency))
    except PricesRefused:
        raise
    except (OSError, RecursionError, *_REFUSALS) as error:
        raise PricesRefused(str(path), (str(error),)) from error


def _prices(
    path: str, entries: Iterable[dict[str, Any]], units: Units, currency: str
) -> tuple[ListPrice, ...]:
    prices: list[ListPrice] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            prices.append(_price(_Fields(entry, units, currency)))
        except _REFUSALS as error:
            problems.append(f"price {number} ({entry.get('item', 'no item')}): {error}")
    if problems:
        raise PricesRefused(path, tuple(problems))
    return tuple(prices)


class _Fields:
    """The fields of one table, each read once; `done` refuses those that nobody asked for."""

    def __init__(
        self, table: Mapping[str, Any], units: Units, currency: str = "", within: str = ""
    ) -> None:
        self._left, self._units, self.currency = dict(table), units, currency
        self._within = within  # where the table stands in its entry, for messages

    def take(self, name: str, kind: type[T], *kinds: type[Any]) -> T | None:
        value = self._left.pop(name, None)
        # An exact type: true is an int, and a time of day is a date, to isinstance.
        if value is None or type(value) in {kind, *kinds}:
            return cast("T | None", value)
        words = " or ".join(each.__name__.lower() for each in (kind, *kinds))
        msg = f"{self._within}{name} must be {words} (got {value!r})"
        raise TypeError(msg)

    def need(self, name: str, kind: type[T], *kinds: type[Any]) -> T:
        return self.needed(name, lambda each: self.take(each, kind, *kinds))

    def number(self, name: str) -> Decimal | None:
        value = self.take(name, Decimal, int)
        # Before it is made exact: 1e999999999 would count for ever.
        if value is not None and abs(Decimal(value).adjusted()) > _MOST_DIGITS:
            msg = f"{self._within}{name} must have at most {_MOST_DIGITS} digits (got {value})"
            raise ValueError(msg)
        return value

    def money(self, name: str) -> Money | None:
        value = self.number(name)
        return None if value is None else self._units.money(value, self.currency)

    def rate(self, name: str) -> Rate | None:
        value = self.number(name)
        return None if value is None else self._units.rate(value, self.currency)

    def needed(self, name: str, read: Callable[[str], T | None]) -> T:
        value = read(name)
        if value is None:
            msg = f"{self._within}{name} is missing"
            raise ValueError(msg)
        return value

    def texts(self, name: str) -> Mapping[str, str]:
        found = self.take(name, dict) or {}
        fields = _Fields(found, self._units, within=f"{name}.")
        return {key: fields.need(key, str) for key in found}

    def tables(self, name: str) -> list[dict[str, Any]]:
        found = self.need(name, list)
        if not all(type(each) is dict for each in found):
            msg = f"{self._within}{name} must be tables (got {found!r})"
            raise TypeError(msg)
        return found

    def each(self, name: str) -> Iterable[_Fields]:
        for number, table in enumerate(self.tables(name), start=1):
            yield _Fields(table, self._units, self.currency, f"{name} {number} ")

    def done(self) -> None:
        if self._left:
            msg = f"{self._within}{', '.join(sorted(self._left))} is not known here"
            raise ValueError(msg)


def _price(fields: _Fields) -> ListPrice:
    key = PriceKey.of(fields.need("item", str), fields.texts("dimensions"))
    since = fields.need("valid_from", date)
    kind = fields.need("model", str)
    if kind not in _MODELS:
        msg = f"model must be one of {', '.join(_MODELS)} (got {kind!r})"
        raise ValueError(msg)
    zero = fields.take("flat_at_zero", bool)
    tariff = Tariff(
        model=_MODELS[kind](fields),
        included=fields.number("included"),
        minimum=fields.money("minimum"),
        maximum=fields.money("maximum"),
        flat_at_zero=True if zero is None else zero,
    )
    fields.done()
    return ListPrice(key, tariff, since)


def _flat(fields: _Fields) -> Flat:
    return Flat(fields.needed("amount", fields.money))


def _per_unit(fields: _Fields) -> PerUnit:
    return PerUnit(fields.needed("unit", fields.rate))


def _tiers(fields: _Fields) -> tuple[Tier, ...]:
    return tuple(_tier(tier) for tier in fields.each("tiers"))


def _tier(fields: _Fields) -> Tier:
    tier = Tier(
        up_to=fields.number("up_to"),
        unit=fields.rate("unit"),
        flat=fields.money("flat"),
        size=fields.number("size"),
        cap=fields.money("cap"),
    )
    fields.done()
    return tier


def _package(fields: _Fields) -> PackagePrice:
    rounding = fields.take("rounding", str) or "up"
    if rounding not in _ROUNDINGS:
        msg = f"rounding must be up or down (got {rounding!r})"
        raise ValueError(msg)
    size = fields.needed("size", fields.number)
    return PackagePrice(size, fields.needed("price", fields.rate), _ROUNDINGS[rounding])


def _percentage(fields: _Fields) -> Percentage:
    return Percentage(
        rate=Fraction(fields.needed("percent", fields.number)) / 100,
        currency=fields.currency,
        fee=fields.rate("fee"),
        event_minimum=fields.rate("event_minimum"),
        event_maximum=fields.rate("event_maximum"),
        free_amount=fields.money("free_amount"),
        free_events=fields.take("free_events", int),
    )


_MODELS: Mapping[str, Callable[[_Fields], Model]] = {
    Flat.kind: _flat,
    PerUnit.kind: _per_unit,
    Graduated.kind: lambda fields: Graduated(_tiers(fields)),
    Volume.kind: lambda fields: Volume(_tiers(fields)),
    PackagePrice.kind: _package,
    Percentage.kind: _percentage,
}
