"""Wallets: where money is held or owed, each under a readable address and a policy.

A wallet's balance is the sum of its entries: what its owner has (plus) or owes (minus). Its
policy says how far it may go down or up, and whether it may move at all. (spec: ledger 1, 2)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import Entry, name_of
from ledgerkit.domain.money import is_code

OPEN = "open"
FROZEN = "frozen"
CLOSED = "closed"
STATUSES = (OPEN, FROZEN, CLOSED)

INT64 = 2**63 - 1
"""The largest amount, limit or balance in minor units, and with a minus the lowest."""

_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*(:[A-Za-z0-9._@+-]+)*")
_MAX_ADDRESS = 200


@attrs.frozen
class BadAddress(LedgerkitError):
    """A wallet address that cannot be used."""

    address: str
    code: ClassVar[str] = "bad_address"

    def __str__(self) -> str:
        return (
            f"{self.address!r} is no wallet address; use segments of letters, digits and . _ @ + - "
            f"joined by ':', {_MAX_ADDRESS} characters at most, like 'customer:c-104'"
        )


def address(*segments: str) -> str:
    """Return the address made of *segments*, such as `customer:c-104`; raises `BadAddress`.

    A segment with a colon in it is refused: it would name another wallet, or one below it.

    >>> address("customer", "c-104")
    'customer:c-104'
    """
    joined = ":".join(segments)
    if any(":" in segment for segment in segments) or not _is_address(joined):
        raise BadAddress(joined)
    return joined


def cash_of(field: str, wallet: object) -> str:
    """Return *wallet* if it is one of cash, `cash:<name>`: money that no gateway holds.

    Raises:
        TypeError: it is not text.
        ValueError: it is another wallet; *field* says what needs cash.

    >>> cash_of("what is paid by hand", "cash:bank")
    'cash:bank'
    """
    if not isinstance(wallet, str):
        msg = f"{field} needs a wallet cash:... (got {wallet!r})"
        raise TypeError(msg)
    if not wallet.startswith("cash:") or not _is_address(wallet):
        msg = f"{field} needs a wallet cash:... (got {wallet!r})"
        raise ValueError(msg)
    return wallet


def _is_address(text: str) -> bool:
    return len(text) <= _MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None


@attrs.frozen
class Limit:
    """How far a wallet may go in one currency, in minor units.

    Attributes:
        currency: The currency or unit it limits.
        floor: The lowest available balance allowed: 0 for prepaid, -limit on credit, None for
            no floor. It looks only at journals in which the wallet loses money.
        ceiling: The highest balance allowed, incoming holds counted, or None.
        raised_by: The permission that may change it, named in refusals.

    Raises:
        TypeError, ValueError: a bound is no whole number or beyond 64 bits, the floor is above
            the ceiling, or the currency is no code.
    """

    currency: str
    floor: int | None = None
    ceiling: int | None = attrs.field(default=None, kw_only=True)
    raised_by: str = attrs.field(default="billing.approve", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if type(self.currency) is not str or not is_code(self.currency):
            msg = f"a limit needs the code of a currency or unit (got {self.currency!r})"
            raise ValueError(msg)
        for bound in (self.floor, self.ceiling):
            if bound is not None and type(bound) is not int:
                msg = f"limits are whole minor units or None (got {bound!r})"
                raise TypeError(msg)
            if bound is not None and abs(bound) > INT64:
                msg = f"limits are within {INT64} minor units, the most held (got {bound})"
                raise ValueError(msg)
        name_of("raised_by", self.raised_by)
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            msg = f"floor {self.floor} is above ceiling {self.ceiling}"
            raise ValueError(msg)


@attrs.frozen
class Wallet:
    """A wallet and its policy.

    Attributes:
        id: Its address: segments joined by colons, `customer:c-104`, `liability:tax:es-vat`.
        limits: At most one `Limit` a currency. A wallet without any is never locked to post:
            declare a hot wallet by giving it no limits.
        currencies: The only currencies it may hold, or None for any.
        status: `open`, `frozen` (no entries for now) or `closed` (no entries ever).
        unrestricted: Whether any entry may post to it without a look at its balance.

    Raises:
        BadAddress: *id* is not an address.
        TypeError, ValueError: a field is of another type, a currency is limited twice, or the
            status is none of the three.

    >>> Wallet("customer:c-104", (Limit("EUR", floor=-50_000),)).limit("EUR").floor
    -50000
    """

    id: str
    limits: tuple[Limit, ...] = ()
    currencies: frozenset[str] | None = attrs.field(default=None, kw_only=True)
    status: str = attrs.field(default=OPEN, kw_only=True)
    # Worked out once, since every posting asks it of every wallet.
    unrestricted: bool = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if type(self.id) is not str:
            msg = f"a wallet address must be text (got {self.id!r})"
            raise TypeError(msg)
        if not _is_address(self.id):
            raise BadAddress(self.id)
        if type(self.limits) is not tuple or any(type(each) is not Limit for each in self.limits):
            msg = f"limits must be a tuple of Limit (got {self.limits!r})"
            raise TypeError(msg)
        if self.currencies is not None and type(self.currencies) is not frozenset:
            msg = f"currencies must be a frozenset of codes or None (got {self.currencies!r})"
            raise TypeError(msg)
        for code in self.currencies or ():
            if type(code) is not str or not is_code(code):
                msg = f"wallet {self.id!r} may hold {code!r}, which is no code of a currency"
                raise ValueError(msg)
        if len({limit.currency for limit in self.limits}) < len(self.limits):
            msg = f"wallet {self.id!r} has two limits in one currency; give one each"
            raise ValueError(msg)
        if self.status not in STATUSES:
            msg = f"wallet status must be open, frozen or closed (got {self.status!r})"
            raise ValueError(msg)
        free = self.status == OPEN and not self.limits and self.currencies is None
        object.__setattr__(self, "unrestricted", free)

    def limit(self, currency: str) -> Limit:
        """Return the limit in *currency*; one without bounds if none was set."""
        for limit in self.limits:
            if limit.currency == currency:
                return limit
        return Limit(currency)

    def bounds(self, currency: str) -> bool:
        """Return whether it has a floor or a ceiling in *currency*."""
        limit = self.limit(currency)
        return limit.floor is not None or limit.ceiling is not None


def wallets_of(entries: Iterable[Entry]) -> tuple[Wallet, ...]:
    """Return the wallets that *entries* post to, each once, to be opened if they are not."""
    return tuple(Wallet(id) for id in dict.fromkeys(entry.wallet for entry in entries))


@attrs.frozen
class Balance:
    """What a wallet holds in one currency, in minor units.

    Attributes:
        posted: The sum of its entries.
        held_out: What holds may still take from it; not available.
        held_in: What holds may still bring to it; never counted as money, but it counts
            against a ceiling.

    Raises:
        TypeError, ValueError: a number is not whole, or less than nothing is held.
    """

    posted: int = 0
    held_out: int = 0
    held_in: int = 0

    def __attrs_post_init__(self) -> None:
        numbers = self.posted, self.held_out, self.held_in
        if not type(self.posted) is type(self.held_out) is type(self.held_in) is int:
            msg = f"a balance is in whole minor units (got {numbers!r})"
            raise TypeError(msg)
        if self.held_out < 0 or self.held_in < 0:
            msg = f"what is held is 0 or more (got {numbers!r})"
            raise ValueError(msg)

    @property
    def available(self) -> int:
        """What may leave: posted less what is held for somebody else."""
        return self.posted - self.held_out
