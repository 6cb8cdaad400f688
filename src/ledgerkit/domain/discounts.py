"""Discounts: what coupons take off a document before tax, and how it is spread over its lines.

Percentages come first and compound, then fixed amounts; together they take off the subtotal at
most. Whatever the order in which coupons are named, the sum is the same. (spec: billing 7)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.money import Money, Rounding, allocate, apportion, round_exact, sum_of
from ledgerkit.domain.periods import plain_date

_NOTHING = Fraction(0)
_NO_USES: Mapping[str, int] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Coupon:
    """A percentage or a fixed amount off.

    Attributes:
        id: Unique among coupons; what people type, such as `SUMMER10`.
        name: What it is called on documents, if that is not its id.
        percent: The share it takes off, above 0 and at most 1: 10 % is 1/10; or None.
        amount: What it takes off, above zero, in the only currency it is good for; or None.
        kinds: The kinds of lines it is for, or none: for all.
        valid_from: Its first day, or None.
        valid_until: The first day after it, or None.
        times: How many documents it may stand on, or None for any number.

    Raises:
        TypeError, ValueError: not one of *percent* and *amount* is given, or a field cannot be.
    """

    id: str
    name: str = ""
    percent: Fraction | None = None
    amount: Money | None = None
    kinds: frozenset[str] = frozenset()
    valid_from: date | None = None
    valid_until: date | None = None
    times: int | None = None

    def __attrs_post_init__(self) -> None:
        name_of("coupon id", self.id)
        text_of("coupon name", self.name)
        if (self.percent is None) == (self.amount is None):
            msg = f"coupon {self.id!r} needs a percent or an amount, one of them"
            raise ValueError(msg)
        self._check_value()
        if type(self.kinds) is not frozenset or not all(type(kind) is str for kind in self.kinds):
            msg = f"coupon {self.id!r} is for a frozenset of kinds (got {self.kinds!r})"
            raise TypeError(msg)
        for field in ("valid_from", "valid_until"):
            if getattr(self, field) is not None:
                plain_date(field, getattr(self, field))
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            msg = f"coupon {self.id!r} ends {self.valid_until}; it starts {self.valid_from}"
            raise ValueError(msg)
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            msg = f"coupon {self.id!r} is good for a whole number of times from 1 ({self.times!r})"
            raise ValueError(msg)

    def _check_value(self) -> None:
        if self.percent is not None:
            if type(self.percent) is not Fraction:
                msg = f"the percent of {self.id!r} must be a Fraction (got {self.percent!r})"
                raise TypeError(msg)
            if not 0 < self.percent <= 1:
                msg = f"coupon {self.id!r} takes off {self.percent}; 10 % is Fraction(1, 10)"
                raise ValueError(msg)
        elif type(self.amount) is not Money:
            msg = f"the amount of {self.id!r} must be Money (got {self.amount!r})"
            raise TypeError(msg)
        elif self.amount.minor <= 0:
            msg = f"coupon {self.id!r} takes off more than 0 (got {self.amount})"
            raise ValueError(msg)

    def is_for(self, kind: str) -> bool:
        """Return whether it takes something off lines of *kind*."""
        return not self.kinds or kind in self.kinds


@attrs.frozen
class CouponNotValid(LedgerkitError):
    """A coupon on a day that is none of its days."""

    coupon: str
    on: date
    valid_from: date | None
    valid_until: date | None
    code: ClassVar[str] = "coupon_not_valid"

    def __str__(self) -> str:
        begins = "" if self.valid_from is None else f" from {self.valid_from}"
        ends = "" if self.valid_until is None else f" until before {self.valid_until}"
        return f"coupon {self.coupon!r} is good{begins}{ends}; it is {self.on}"


@attrs.frozen
class CouponUsedUp(LedgerkitError):
    """A coupon that stood on as many documents as it may."""

    coupon: str
    times: int
    code: ClassVar[str] = "coupon_used_up"

    def __str__(self) -> str:
        return f"coupon {self.coupon!r} is good for {self.times} document(s), and stood on them"


def check(coupon: Coupon, *, on: date, uses: Mapping[str, int] = _NO_USES) -> None:
    """Raise unless *coupon* may be used *on* a day; *uses* counts documents by coupon.

    Raises:
        CouponNotValid, CouponUsedUp.
    """
    if (refusal := _refusal(coupon, on, uses)) is not None:
        raise refusal


def usable(
    coupons: Iterable[Coupon], *, on: date, uses: Mapping[str, int] = _NO_USES
) -> tuple[Coupon, ...]:
    """Return those of *coupons* that may be used *on* a day; the others are over."""
    return tuple(coupon for coupon in coupons if _refusal(coupon, on, uses) is None)


def _refusal(coupon: Coupon, on: date, uses: Mapping[str, int]) -> LedgerkitError | None:
    plain_date("on", on)
    begins, ends = coupon.valid_from or on, coupon.valid_until
    if on < begins or (ends is not None and on >= ends):
        return CouponNotValid(coupon.id, on, coupon.valid_from, ends)
    if coupon.times is not None and uses.get(coupon.id, 0) >= coupon.times:
        return CouponUsedUp(coupon.id, coupon.times)
    return None


@attrs.frozen
class Discount:
    """What one coupon took off a document.

    Attributes:
        coupon: Its id.
        name: What it is called on documents.
        amount: What it took off, above zero.
        percent: The share it takes off, or None for a fixed amount.
    """

    coupon: str
    name: str
    amount: Money
    percent: Fraction | None = None

    def __attrs_post_init__(self) -> None:
        name_of("coupon", self.coupon)
        if type(self.amount) is not Money:
            msg = f"the discount of {self.coupon!r} must be Money (got {self.amount!r})"
            raise TypeError(msg)


@attrs.frozen
class Discounted:
    """What is taken off each line, in their order, and what each coupon took of it."""

    lines: tuple[Money, ...]
    discounts: tuple[Discount, ...]


def apply(
    lines: Sequence[tuple[str, Money]],
    coupons: Iterable[Coupon],
    *,
    on: date,
    uses: Mapping[str, int] = _NO_USES,
) -> Discounted:
    """Return what *coupons* take off *lines*, each a kind and an amount in one currency.

    *on* is the date of the document, and *uses* tells on how many others each coupon stands. A
    line below zero gives back what was charged with its discount already, so nothing is taken off
    it, and coupons take off no more than the subtotal. A coupon with nothing left to take off is
    not used. (spec: billing 7)

    Raises:
        CouponNotValid, CouponUsedUp: a coupon may not be used.
        CurrencyMismatch: an amount is in another currency.
        ValueError: there are no lines, or a coupon is named twice.

    >>> fifty = Coupon(id="FIFTY", amount=Money(50_00, "EUR"))
    >>> ten = Coupon(id="TEN", percent=Fraction(1, 10))
    >>> apply([("usage", Money(100_00, "EUR"))], [fifty, ten], on=date(2026, 10, 1)).lines
    (Money(minor=6000, currency='EUR'),)
    """
    coupons = tuple(coupons)
    if not lines or len({coupon.id for coupon in coupons}) < len(coupons):
        msg = "a discount needs lines, and each coupon once"
        raise ValueError(msg)
    for coupon in coupons:
        check(coupon, on=on, uses=uses)
    currency = lines[0][1].currency
    subtotal = sum_of((amount for _, amount in lines), currency)
    bench = _Bench(
        kinds=[kind for kind, _ in lines],
        left=[max(0, amount.minor) for _, amount in lines],
        room=Money(max(0, subtotal.minor), currency),
    )
    bench.take_shares([coupon for coupon in coupons if coupon.percent is not None])
    for coupon in coupons:
        if coupon.amount is not None:
            bench.take(coupon, coupon.amount)
    return Discounted(
        tuple(
            Money(max(0, amount.minor) - left, currency)
            for (_, amount), left in zip(lines, bench.left, strict=True)
        ),
        tuple(bench.discounts),
    )


@attrs.define
class _Bench:
    """Where discounts are worked out: what is left of each line, and of the subtotal."""

    kinds: list[str]
    left: list[int]
    room: Money
    discounts: list[Discount] = attrs.Factory(list)

    def take_shares(self, coupons: Iterable[Coupon]) -> None:
        """Take percentages off what is left: exact one after the other, rounded together."""
        exact = [Fraction(minor) for minor in self.left]
        taken, room = 0, self.room.minor
        for coupon in coupons:
            share = coupon.percent or _NOTHING
            exact = [
                value - value * share if coupon.is_for(kind) else value
                for kind, value in zip(self.kinds, exact, strict=True)
            ]
            off = sum(self.left) - sum(exact, _NOTHING)
            total = min(round_exact(off, Rounding.HALF_UP), room)
            self._note(coupon, total - taken)
            taken = total
        off_lines = [minor - value for minor, value in zip(self.left, exact, strict=True)]
        if sum(off_lines) > room:  # lines that give back leave less than the others would allow
            whole = sum(off_lines)
            off_lines = [value * room * Fraction(1, whole) for value in off_lines]
        self._lower(apportion(taken, off_lines))

    def take(self, coupon: Coupon, amount: Money) -> None:
        """Take a fixed *amount* off what is left, or as much of it as there is."""
        open_to = [
            minor if coupon.is_for(kind) else 0
            for kind, minor in zip(self.kinds, self.left, strict=True)
        ]
        taken = min(amount, self.room, Money(sum(open_to), self.room.currency))
        if taken.minor:
            self._note(coupon, taken.minor)
            self._lower([share.minor for share in allocate(taken, open_to)])

    def _note(self, coupon: Coupon, minor: int) -> None:
        if minor:
            name, amount = coupon.name or coupon.id, Money(minor, self.room.currency)
            self.discounts.append(Discount(coupon.id, name, amount, coupon.percent))

    def _lower(self, off: Sequence[int]) -> None:
        self.left = [minor - share for minor, share in zip(self.left, off, strict=True)]
        self.room -= Money(sum(off), self.room.currency)
