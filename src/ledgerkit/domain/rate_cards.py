"""Rate card: what a unit of a kind of work costs a customer and what it earns a supplier.

The two are independent, each from a day on: raising what is charged moves nobody's pay. Kinds such
as `flight` and `ground` are data, counted in hours or in whatever else they come in. A missing
rate is an error that names the key, never zero. (seed 002; spec: billing 4, 9, C-10)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.catalog import PriceInPast
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Exact, Money, Rate, Rounding, exact, is_code, round_exact
from ledgerkit.domain.periods import Timeline, plain_date
from ledgerkit.domain.pricing import Rated, rated

CHARGE, PAY = "charge", "pay"
SIDES = (CHARGE, PAY)


@attrs.frozen(kw_only=True)
class RateKey:
    """What rates are looked up by.

    Attributes:
        side: `charge` (what customers owe) or `pay` (what suppliers earn).
        kind: The kind of work, such as `flight`.
        customer: The only customer it is for, or None for all; a pay is for all.
        supplier: The only supplier it is for, or None for all.
    """

    side: str
    kind: str
    customer: str | None = None
    supplier: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.side not in SIDES:
            msg = f"a rate is a charge or a pay (got {self.side!r})"
            raise ValueError(msg)
        name_of("kind of work", self.kind)
        for field in ("customer", "supplier"):
            if getattr(self, field) is not None:
                name_of(f"{field} of a rate", getattr(self, field))
        if self.side == PAY and self.customer is not None:
            msg = f"what a supplier earns depends on no customer (got {self.customer!r})"
            raise ValueError(msg)

    def __str__(self) -> str:
        only = (("customer", self.customer), ("supplier", self.supplier))
        return f"{self.kind} ({', '.join((self.side, *(f'{n}={id}' for n, id in only if id)))})"


@attrs.frozen
class CardRate:
    """One version of a rate.

    Attributes:
        key: What it prices.
        rate: Minor units for one unit of the kind, exact and not below zero; None: from this day
            on the key says nothing, and what is more general holds again.
        valid_from: The first local day on which it holds, until a later version.
    """

    key: RateKey
    rate: Rate | None
    valid_from: date

    def __attrs_post_init__(self) -> None:
        if type(self.key) is not RateKey:
            msg = f"a rate of a card needs a RateKey (got {self.key!r})"
            raise TypeError(msg)
        if self.rate is not None:
            rate_of(f"the rate for {self.key}", self.rate)
        plain_date("valid_from", self.valid_from)

    def times(self, quantity: Exact) -> Rated:
        """Return what *quantity* units come to, rounded half up once.

        Raises:
            TypeError: *quantity* is not exact.
            ValueError: this version says nothing.

        >>> flight = RateKey(side=CHARGE, kind="flight")
        >>> hourly = CardRate(flight, Rate(Fraction(20_000), "USD"), date(2026, 1, 1))
        >>> hourly.times(Fraction(3, 2)).amount
        Money(minor=30000, currency='USD')
        """
        if self.rate is None:
            msg = f"{self.key} ended on {self.valid_from} and prices nothing"
            raise ValueError(msg)
        trace = ("rate", str(self.key)), ("valid_from", self.valid_from.isoformat())
        return times(self.rate, quantity, trace=trace)


def rate_of(field: str, value: object) -> Rate:
    """Return *value* if it is a rate from 0; raises `TypeError` or `ValueError`."""
    if type(value) is not Rate:
        msg = f"{field} must be a Rate (got {value!r})"
        raise TypeError(msg)
    if value.per < 0:
        msg = f"{field} must not be negative (got {value.per})"
        raise ValueError(msg)
    return value


def times(rate: Rate, quantity: Exact, *, trace: tuple[tuple[str, str], ...]) -> Rated:
    """Return *quantity* units at *rate*, rounded half up once; the trace tells the price of one."""
    of = exact(quantity, "quantity")
    return rated(
        rate.exact(of),
        rate.currency,
        quantity=of,
        unit_price=rate.per,
        trace=(*trace, ("unit_price", str(rate.per))),
    )


@attrs.frozen
class NoRate(LedgerkitError):
    """A rate card has no rate for a key on a day. (spec: billing C-10)"""

    key: RateKey
    card: str
    on: date
    code: ClassVar[str] = "no_rate"

    def __str__(self) -> str:
        return f"no rate for {self.key} on {self.on}; add one to the rate card {self.card!r}"


@attrs.frozen
class RateCard:
    """All versions of all rates, in one currency.

    Raises:
        TypeError: *rates* is no tuple of CardRate.
        ValueError: two versions of one rate begin on one day, or one is in another currency.
    """

    id: str
    currency: str
    rates: tuple[CardRate, ...] = ()
    _timeline: Timeline[RateKey, CardRate] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        name_of("rate card id", self.id)
        if type(self.currency) is not str or not is_code(self.currency):
            msg = f"rate card {self.id!r} needs the code of a currency (got {self.currency!r})"
            raise ValueError(msg)
        if type(self.rates) is not tuple or not all(type(r) is CardRate for r in self.rates):
            msg = f"rates must be a tuple of CardRate (got {self.rates!r})"
            raise TypeError(msg)
        for each in self.rates:
            if each.rate is not None and each.rate.currency != self.currency:
                msg = f"the rate for {each.key} is in {each.rate.currency}, not {self.currency}"
                raise ValueError(msg)
        timeline = Timeline.of(
            ((each.key, each) for each in self.rates), named=lambda key: f"the rate for {key}"
        )
        object.__setattr__(self, "_timeline", timeline)  # frozen, and derived from the rates

    def charge_on(self, kind: str, *, customer: str, supplier: str, on: date) -> CardRate:
        """Return what a unit of *kind* by *supplier* costs *customer* on the local day *on*.

        An agreement with the customer goes before the price of the supplier, because it is the
        customer who was promised it; one about both goes before either.

        Raises:
            NoRate: there is none; never a rate of zero.
        """
        return self._first(
            on,
            RateKey(side=CHARGE, kind=kind, customer=customer, supplier=supplier),
            RateKey(side=CHARGE, kind=kind, customer=customer),
            RateKey(side=CHARGE, kind=kind, supplier=supplier),
            RateKey(side=CHARGE, kind=kind),
        )

    def pay_on(self, kind: str, *, supplier: str, on: date) -> CardRate:
        """Return what a unit of *kind* earns *supplier* on the local day *on*.

        Raises:
            NoRate: neither the supplier nor everybody has one.
        """
        return self._first(
            on,
            RateKey(side=PAY, kind=kind, supplier=supplier),
            RateKey(side=PAY, kind=kind),
        )

    def _first(self, on: date, *keys: RateKey) -> CardRate:
        for key in keys:
            found = self._timeline.on(key, on)
            if found is not None and found.rate is not None:
                return found
        raise NoRate(keys[0], self.id, on)

    def versions(self, key: RateKey) -> tuple[CardRate, ...]:
        """Return every version of a rate, oldest first."""
        return self._timeline.versions(key)

    def earliest_change(self, key: RateKey, *, on: date) -> date:
        """Return the first day on which a rate decided *on* a day may begin."""
        return self._timeline.earliest_change(key, on=on)

    def rate_on(self, key: RateKey, *, on: date) -> CardRate | None:
        """Return the version of exactly *key* on the local day *on*; None: it says nothing."""
        found = self._timeline.on(key, on)
        return None if found is None or found.rate is None else found


@attrs.frozen
class RateChanged:
    """The card after a change, with the version before (None: a new key) and the new one."""

    card: RateCard
    old: CardRate | None
    new: CardRate

    @property
    def effects(self) -> Effects:
        """What to store: the card as a new version, beside who, when and why."""
        return Effects(records=(self.card,))


def change_rate(card: RateCard, rate: CardRate, *, on: date) -> RateChanged:
    """Add *rate* as a new version; decided *on* a day, it may begin that day at the earliest.

    Who changed it, when and why stands in the history of the card. (seed 002: rate changes)

    Raises:
        PriceInPast: it begins before *on*, or not after the newest version of its key.
    """
    earliest = card.earliest_change(rate.key, on=on)
    if rate.valid_from < earliest:
        raise PriceInPast(rate.key, rate.valid_from, earliest)
    old = (None, *card.versions(rate.key))[-1]
    return RateChanged(attrs.evolve(card, rates=(*card.rates, rate)), old, rate)


@attrs.frozen(kw_only=True)
class CurrentRate:
    """A rate in effect, with every version of its key, oldest first, later ones included."""

    rate: CardRate
    history: tuple[CardRate, ...]


def current(card: RateCard, *, on: date) -> tuple[CurrentRate, ...]:
    """Return the rates in effect on the local day *on*, by side, kind, customer and supplier.

    What a general rate leaves to an override is told beside it. (seed 002: instructor rates)
    """
    return tuple(
        CurrentRate(rate=rate, history=card.versions(rate.key)) for rate in _in_effect(card, on)
    )


def _in_effect(card: RateCard, on: date) -> Iterator[CardRate]:
    for key in sorted({rate.key for rate in card.rates}, key=_order):
        found = card.rate_on(key, on=on)
        if found is not None:
            yield found


def _order(key: RateKey) -> tuple[str, str, str, str]:
    return key.side, key.kind, key.customer or "", key.supplier or ""


@attrs.frozen(kw_only=True)
class RateStatistics:
    """What the rates of one side and kind are like.

    Attributes:
        count: How many are in effect.
        average: Their mean, exact and then rounded once; None where there is none.
        lowest: The lowest of them, rounded.
        highest: The highest of them, rounded.
        rounding: How the three were rounded.
    """

    count: int
    average: Money | None = None
    lowest: Money | None = None
    highest: Money | None = None
    rounding: Rounding = Rounding.HALF_UP


def statistics(
    card: RateCard, *, side: str, kind: str, on: date, rounding: Rounding = Rounding.HALF_UP
) -> RateStatistics:
    """Return what the rates of *kind* on *side* come to on the local day *on*.

    Each key in effect counts once, general rates and overrides alike. (seed 002: rate statistics)
    """
    found = [
        each.rate.per
        for each in _in_effect(card, on)
        if each.rate is not None and (each.key.side, each.key.kind) == (side, kind)
    ]
    if not found:
        return RateStatistics(count=0, rounding=rounding)

    def money(per: Fraction) -> Money:
        return Money(round_exact(per, rounding), card.currency)

    return RateStatistics(
        count=len(found),
        average=money(sum(found, Fraction(0)) * Fraction(1, len(found))),
        lowest=money(min(found)),
        highest=money(max(found)),
        rounding=rounding,
    )
