"""Amount: a whole number of minor units of one currency.

The currency is an ISO 4217 code or a unit of the host's, such as a prepaid session. How many
decimals a unit of the host's has is known to its `Units` table only, and no sum needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import ClassVar

import attrs

from ledgerkit.domain import _iso4217
from ledgerkit.domain.errors import LedgerkitError

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,15}")


@attrs.frozen
class Money:
    """A whole number of minor units (cents) of one currency; spec: billing 0.1.

    Any size of int is an amount; what a store can hold is checked where it is posted. Amounts of
    one currency add, subtract and compare, and multiply by an int; two currencies raise
    `CurrencyMismatch`. Raises `TypeError` or `ValueError` for another number or code.

    >>> Money(1250, "EUR") + Money(-250, "EUR")
    Money(minor=1000, currency='EUR')
    >>> Money(1250, "EUR") * 3
    Money(minor=3750, currency='EUR')
    """

    minor: int
    currency: str

    # One check written by hand: amounts are built by the million, and validators cost ten times it.
    def __attrs_post_init__(self) -> None:
        if type(self.minor) is int and type(self.currency) is str and is_code(self.currency):
            return
        _refuse(self.minor, self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in *currency*."""
        return cls(0, currency)

    def __add__(self, other: Money) -> Money:
        """Return the sum; another currency raises `CurrencyMismatch`."""
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise CurrencyMismatch(self, other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference; another currency raises `CurrencyMismatch`."""
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise CurrencyMismatch(self, other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        """Return the amount with the other sign."""
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        """Return the amount without its sign."""
        return Money(abs(self.minor), self.currency)

    def __mul__(self, times: int) -> Money:
        """Return *times* the amount; anything but an int raises `TypeError`."""
        if type(times) is not int:
            msg = f"money multiplies by an int (got {times!r}); a Rate takes exact quantities"
            raise TypeError(msg)
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        """Tell whether this is less than *other*, of the same currency."""
        return self.minor < _minor_like(self, other)

    def __le__(self, other: Money) -> bool:
        """Tell whether this is at most *other*, of the same currency."""
        return self.minor <= _minor_like(self, other)

    def __gt__(self, other: Money) -> bool:
        """Tell whether this is more than *other*, of the same currency."""
        return self.minor > _minor_like(self, other)

    def __ge__(self, other: Money) -> bool:
        """Tell whether this is at least *other*, of the same currency."""
        return self.minor >= _minor_like(self, other)

    def __bool__(self) -> bool:
        """Raise `TypeError`: whether "if amount" asks for zero or for None can't be seen."""
        msg = f"an amount is neither true nor false (got {self}); compare its .minor with 0"
        raise TypeError(msg)

    def __str__(self) -> str:
        """Return the amount for error messages, as people write it.

        No `Units` table gives an ISO 4217 code other decimals than ISO does; those of a unit of
        the host's are not known here, so its amounts are said in minor units. Neither is stored.

        >>> str(Money(5001, "USD")), str(Money(500, "JPY")), str(Money(10, "SESSION"))
        ('50.01 USD', '500 JPY', '10 minor SESSION')
        """
        exponent = _iso4217.EXPONENTS.get(self.currency)
        if exponent is None:
            return f"{self.minor} minor {self.currency}"
        return f"{pointed(self.minor, exponent)} {self.currency}"


def sum_of(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum of *amounts*, zero of *currency* for none.

    Raises `CurrencyMismatch` at the first amount in another currency.

    >>> sum_of([Money(667, "EUR"), Money(333, "EUR")], "EUR")
    Money(minor=1000, currency='EUR')
    """
    minor = 0
    for amount in amounts:
        if amount.currency != currency:
            raise CurrencyMismatch(Money(minor, currency), amount)
        minor += amount.minor
    return Money(minor, currency)


def pointed(minor: int, exponent: int) -> str:
    """Return *minor* units in major ones: a point before the last *exponent* digits, ASCII only.

    >>> pointed(-5, 2), pointed(1234, 3), pointed(7, 0)
    ('-0.05', '1.234', '7')
    """
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    sign = "-" if minor < 0 else ""
    if exponent == 0:
        return sign + digits
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


@lru_cache(maxsize=4096)
def is_code(currency: str) -> bool:
    """Tell whether *currency* is written as a code: three to sixteen of A-Z, 0-9 and _.

    Source: spec: ledger 1. Which codes exist is a question to a `Units` table.
    """
    return _CODE.fullmatch(currency) is not None


def _minor_like(amount: Money, other: Money) -> int:
    """Return the minor units of *other*, which must be money of the same currency."""
    if type(other) is not Money:
        msg = f"money compares with money (got {other!r})"
        raise TypeError(msg)
    if other.currency != amount.currency:
        raise CurrencyMismatch(amount, other)
    return other.minor


def _refuse(minor: object, currency: object) -> None:
    """Say what is wrong with the fields of an amount."""
    if type(minor) is not int:  # bool is an int to isinstance, and True is no money
        msg = f"minor must be an int, whole minor units (got {minor!r})"
        raise TypeError(msg)
    if type(currency) is not str:
        msg = f"currency must be a str (got {currency!r})"
        raise TypeError(msg)
    msg = f"currency must be 3 to 16 of A-Z, 0-9 and _, a letter first (got {currency!r})"
    raise ValueError(msg)


@attrs.frozen
class CurrencyMismatch(LedgerkitError):
    """Amounts of different currencies were combined or compared."""

    # Not "currency_mismatch": that is a posting's refusal, of a wallet that does not take it.
    code: ClassVar[str] = "mixed_currencies"

    left: Money
    right: Money

    def __str__(self) -> str:
        return f"{self.left} does not combine with {self.right}; convert one of them first"
