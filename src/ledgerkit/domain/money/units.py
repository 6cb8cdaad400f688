"""Unit: a currency or another thing that is counted, with the number of its decimals.

A `Units` table says which codes there are and how an amount is written out; it is a value that
the host passes to its store and its edges, because a global registry can't serve two tenants.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar

import attrs

from ledgerkit.domain import _iso4217
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money.amounts import Money, is_code, pointed
from ledgerkit.domain.money.rounding import Exact, Rate, exact

_MOST_DECIMALS = 9
# Bounded, since int() refuses more than 4,300 digits with an error that names no amount.
_PLAIN = re.compile(r"(-?)([0-9]{1,4000})(?:\.([0-9]{1,9}))?")


def _read_only(exponents: Mapping[str, int]) -> Mapping[str, int]:
    """Return a copy that nobody else holds and nobody can change."""
    return MappingProxyType(dict(exponents))


def _as_set(exponents: Mapping[str, int]) -> frozenset[tuple[str, int]]:
    """Return what two tables are compared and hashed by: the order of codes is no difference."""
    return frozenset(exponents.items())


@attrs.frozen
class Units:
    """A table of codes and their decimals, 0 to 9; ISO 4217 codes have the decimals of ISO.

    Raises `TypeError` or `ValueError` for a malformed code, another exponent, or an ISO code
    with an exponent that is not ISO's. Source: spec: ledger 1.

    >>> units = ISO.with_units({"SESSION": 0})
    >>> units.parse("12.50", "EUR"), units.parse("3", "SESSION")
    (Money(minor=1250, currency='EUR'), Money(minor=3, currency='SESSION'))
    """

    exponents: Mapping[str, int] = attrs.field(converter=_read_only, eq=_as_set)

    def __attrs_post_init__(self) -> None:
        for code, exponent in self.exponents.items():
            _check_unit(code, exponent)

    def __reduce__(self) -> tuple[type[Units], tuple[dict[str, int]]]:
        """Pickle as a plain dict, because a read-only mapping does not."""
        return Units, (dict(self.exponents),)

    def with_units(self, units: Mapping[str, int]) -> Units:
        """Return a table that has *units*, code to exponent, as well.

        Raises `ValueError` for a code that is in the table with another exponent.
        """
        for code, exponent in units.items():
            if self.exponents.get(code, exponent) != exponent:
                msg = f"{code} has {self.exponents[code]} decimals already (got {exponent})"
                raise ValueError(msg)
        return Units({**self.exponents, **units})

    def exponent(self, code: str) -> int:
        """Return the number of decimals of *code*; raises `UnknownCurrency`."""
        found = self.exponents.get(code)
        if found is None:
            raise UnknownCurrency(code)
        return found

    def parse(self, text: str, currency: str) -> Money:
        """Return the amount that *text* writes: ASCII digits, maybe a minus and decimals.

        Raises `BadAmount` for signs, spaces, separators, exponents and more decimals than
        *currency* has, `UnknownCurrency` for one that is not in the table, `TypeError` for a
        *text* that is no str.

        >>> ISO.parse("-3", "JPY")
        Money(minor=-3, currency='JPY')
        """
        if not isinstance(text, str):
            msg = f"text must be a str (got {text!r})"
            raise TypeError(msg)
        exponent = self.exponent(currency)
        match = _PLAIN.fullmatch(text)
        if match is None or len(match[3] or "") > exponent:
            raise BadAmount(text, currency, exponent)
        minor = int(match[2] + (match[3] or "").ljust(exponent, "0"))
        return Money(-minor if match[1] else minor, currency)

    def plain(self, money: Money) -> str:
        """Return *money* with a point and all its decimals, without the code.

        Raises `UnknownCurrency`. What it returns, `parse` reads back.

        >>> ISO.plain(Money(-5, "EUR"))
        '-0.05'
        """
        return pointed(money.minor, self.exponent(money.currency))

    def decimal(self, money: Money) -> Decimal:
        """Return *money* in major units, exactly; raises `UnknownCurrency`.

        >>> ISO.decimal(Money(1250, "EUR"))
        Decimal('12.50')
        """
        return Decimal(self.plain(money))  # from text: arithmetic would round to the context

    def money(self, value: Exact, currency: str) -> Money:
        """Return *value* major units of *currency*, which must be whole minor units.

        Raises `BadAmount` for a finer value, `UnknownCurrency`, `TypeError` for a float or a
        bool, `ValueError` for NaN and infinity.

        >>> ISO.money(Decimal("12.5"), "EUR")
        Money(minor=1250, currency='EUR')
        """
        exponent = self.exponent(currency)
        minor = exact(value) * 10**exponent
        if minor.denominator != 1:
            raise BadAmount(str(value), currency, exponent)
        return Money(minor.numerator, currency)

    def rate(self, value: Exact, currency: str) -> Rate:
        """Return *value* major units of *currency* as the price of one unit, however fine.

        Raises `UnknownCurrency`, `TypeError` for a float or a bool, `ValueError` for NaN.

        >>> ISO.rate(Decimal("0.0004"), "EUR")
        Rate(per=Fraction(1, 25), currency='EUR')
        """
        return Rate(exact(value) * 10 ** self.exponent(currency), currency)


def _check_unit(code: object, exponent: object) -> None:
    """Raise unless *code* may be in a table with *exponent* decimals."""
    if type(code) is not str or not is_code(code):
        msg = f"a unit's code must be 3 to 16 of A-Z, 0-9 and _, a letter first (got {code!r})"
        raise ValueError(msg)
    if type(exponent) is not int:
        msg = f"the decimals of {code} must be an int (got {exponent!r})"
        raise TypeError(msg)
    if not 0 <= exponent <= _MOST_DECIMALS:
        msg = f"the decimals of {code} must be 0 to {_MOST_DECIMALS} (got {exponent})"
        raise ValueError(msg)
    if _iso4217.EXPONENTS.get(code, exponent) != exponent:
        msg = f"{code} has {_iso4217.EXPONENTS[code]} decimals in ISO 4217 (got {exponent})"
        raise ValueError(msg)


ISO = Units(_iso4217.EXPONENTS)
"""All current currencies of ISO 4217 with the decimals of ISO."""


@attrs.frozen
class UnknownCurrency(LedgerkitError):
    """A code is not in the table of units."""

    # Not "unknown_currency": that is a posting's refusal.
    code: ClassVar[str] = "currency_not_listed"

    currency: str

    def __str__(self) -> str:
        return f"{self.currency!r} is not in the table of units; ISO.with_units() adds it"


@attrs.frozen
class BadAmount(LedgerkitError):
    """A figure is not an amount of the currency: badly written, or finer than its decimals."""

    code: ClassVar[str] = "bad_amount"

    text: str
    currency: str
    exponent: int

    def __str__(self) -> str:
        needed = f"digits with at most {self.exponent} decimals after a point, such as"
        example = "-12." + "5" * self.exponent if self.exponent else "-12"
        return f"{self.text!r} is no amount of {self.currency}; it needs {needed} {example}"
