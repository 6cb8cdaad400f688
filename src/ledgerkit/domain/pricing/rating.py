"""Rating: what a quantity, or a list of events, comes to by a model or a tariff.

Exact until the one rounding of the line; the trace says how it came about. (spec: billing 0, 4)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import (
    CurrencyMismatch,
    Exact,
    Money,
    NegativeAmount,
    Rounding,
    exact,
    sum_of,
)
from ledgerkit.domain.pricing.components import Component, added, sum_of_components
from ledgerkit.domain.pricing.models import (
    MODELS,
    UNMETERED,
    Model,
    Percentage,
    Volume,
)
from ledgerkit.domain.pricing.rated import Rated, rated
from ledgerkit.domain.pricing.tariffs import Tariff

Price: TypeAlias = Model | Tariff


def components(
    price: Price, quantity: Exact = 1, *, after: Exact | None = None, final: bool = True
) -> tuple[Component, ...]:
    """Return what the line for *quantity* is made of; arguments and errors are those of `rate`.

    >>> from ledgerkit.domain.money import ISO
    >>> from ledgerkit.domain.pricing import Graduated, Tier
    >>> tiers = Tier(up_to=5, flat=ISO.parse("2.00", "EUR")), Tier(unit=ISO.rate(1, "EUR"))
    >>> [(part.name, int(part.amount)) for part in components(Graduated(tiers), 7)]
    [('tier 1 flat', 200), ('tier 2 usage', 200)]
    """
    tariff = _tariff(price)
    parts = tariff.bounded(_priced(tariff, quantity), final=final)
    if after is None:
        return parts
    return added(parts, tariff.bounded(_priced(tariff, after), final=False))


def rate(
    price: Price,
    quantity: Exact = 1,
    *,
    after: Exact | None = None,
    final: bool = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> Rated:
    """Return what *quantity* comes to, rounded once.

    Args:
        price: A model, or a tariff with its allowance and bounds.
        quantity: How many were used in the period so far, in units and fractions of them.
        after: How many of them earlier lines of the period have charged already; None: there was
            no earlier line. All lines of a period come to what one line would.
        final: Whether the period ends with this line: then the minimum of the tariff is due.
        rounding: How the exact amount becomes whole minor units.

    Returns:
        The amount. Its quantity is what was priced, without the allowance; its unit price is None
        where there is more than one.

    Raises:
        NegativeQuantity: a quantity is below zero.
        TypeError: a quantity is not exact, or *price* is a percentage: `rate_events` takes those.

    >>> from ledgerkit.domain.money import ISO
    >>> from ledgerkit.domain.pricing import PerUnit, Tariff
    >>> storage = Tariff(model=PerUnit(ISO.rate(Fraction("0.10"), "EUR")), included=100)
    >>> rate(storage, Fraction("105.05")).amount
    Money(minor=51, currency='EUR')
    """
    tariff = _tariff(price)
    parts = components(tariff, quantity, after=after, final=final)
    trace = [("rule", tariff.model.kind), ("used", str(exact(quantity)))]
    counted, before = tariff.billable(exact(quantity)), Fraction(0)
    if tariff.included:
        trace.append(("included", str(tariff.included)))
    if after is not None:
        trace.append(("used before", str(exact(after))))
        counted -= tariff.billable(exact(after))
        before = sum_of_components(components(tariff, after, final=False))
    only = parts[0] if len(parts) == 1 else None
    return rated(
        sum_of_components(parts),
        tariff.currency,
        quantity=counted if only is None else only.quantity,
        unit_price=None if only is None else only.unit_price,
        trace=(*trace, *(part.said for part in parts)),
        rounding=rounding,
        after=before,
    )


def rate_events(
    price: Percentage | Tariff,
    amounts: Sequence[Money],
    *,
    final: bool = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> Rated:
    """Return what events of these *amounts* come to by a percentage, in the order they happened.

    Raises:
        CurrencyMismatch: an amount is in another currency than the percentage.
        NegativeAmount: an amount is below zero.
        TypeError: the price is no percentage.

    >>> fee = Percentage(rate=Fraction("0.029"), currency="EUR", free_events=1)
    >>> rate_events(fee, [Money(5_000, "EUR"), Money(10_000, "EUR")]).amount
    Money(minor=290, currency='EUR')
    """
    tariff, percentage = _percentage(price)
    _ = sum_of(amounts, percentage.currency)
    minors = [_not_negative(amount).minor for amount in amounts]
    parts = percentage.components_of(minors)
    return _of_events(tariff, parts, len(minors), final=final, rounding=rounding)


def rate_turnover(
    price: Percentage | Tariff,
    total: Money,
    *,
    events: int = 1,
    final: bool = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> Rated:
    """Return what so many *events* come to by a percentage, of which only the *total* is known.

    Raises:
        EventsNeeded: the percentage has bounds or an allowance that depend on each event.
        CurrencyMismatch: *total* is in another currency than the percentage.
        NegativeAmount: *total* is below zero.
        NegativeQuantity: the number of events is.
        TypeError: the price is no percentage.
    """
    tariff, percentage = _percentage(price)
    if percentage.by_event:
        raise EventsNeeded(events)
    if total.currency != percentage.currency:
        raise CurrencyMismatch(Money(0, percentage.currency), total)
    free = 0 if percentage.free_amount is None else percentage.free_amount.minor
    charged = max(_not_negative(total).minor - free, 0)
    count = int(_not_below_zero(events))
    parts = percentage.components(Fraction(charged), count)
    return _of_events(tariff, parts, count, final=final, rounding=rounding)


def unbilled(now: Rated, billed: Money) -> Rated:
    """Return what is left of what something comes to *now*, after *billed* for it before.

    So a period is billed anew when usage came late: recompute all of it and bill the difference,
    which is below zero where less was used than billed. (spec: billing 6)

    Raises:
        CurrencyMismatch: *billed* is in another currency.

    >>> from ledgerkit.domain.money import Rate
    >>> from ledgerkit.domain.pricing import PackagePrice
    >>> blocks = PackagePrice(100, Rate.of(Money(100, "USD")))
    >>> unbilled(rate(blocks, 401), Money(100, "USD")).amount
    Money(minor=400, currency='USD')
    """
    return attrs.evolve(
        now,
        amount=now.amount - billed,
        unrounded=now.unrounded - billed.minor,
        unit_price=None,
        trace=(*now.trace, ("billed before", str(billed.minor))),
    )


@attrs.frozen
class PriceDrop:
    """A place where more costs less; no error, since volume prices may mean it.

    Attributes:
        above: The bound: any more than that is cheaper.
        at: What the bound itself comes to, in minor units; exact.
        then: What the least quantity above it comes to.
    """

    above: Fraction
    at: Fraction
    then: Fraction

    def __str__(self) -> str:
        return f"{self.above} costs {self.at} minor units, and any more only {self.then}"


def price_drops(price: Price) -> tuple[PriceDrop, ...]:
    """Return every bound above which more units cost less; only volume prices have them.

    Source: spec: billing 4; 15 units cost 150, 16 units cost 80.
    """
    model = price.model if isinstance(price, Tariff) else price
    if not isinstance(model, Volume):
        return ()
    found: list[PriceDrop] = []
    for tier, following in zip(model.tiers, model.tiers[1:], strict=False):
        bound = Fraction(0) if tier.up_to is None else tier.up_to  # the last one has no follower
        at, then = sum_of_components(model.components(bound)), following.just_above(bound)
        if then < at:
            found.append(PriceDrop(bound, at, then))
    return tuple(found)


def _of_events(
    tariff: Tariff, parts: tuple[Component, ...], count: int, *, final: bool, rounding: Rounding
) -> Rated:
    parts = tariff.bounded(parts, final=final)
    return rated(
        sum_of_components(parts),
        tariff.currency,
        quantity=Fraction(count),
        trace=(("rule", tariff.model.kind), *(part.said for part in parts)),
        rounding=rounding,
    )


def _tariff(price: Price) -> Tariff:
    if isinstance(price, Tariff):
        return price
    if not isinstance(price, MODELS):
        msg = f"a price is a model or a Tariff (got {price!r})"
        raise TypeError(msg)
    return Tariff(model=price, included=None if isinstance(price, UNMETERED) else 0)


def _percentage(price: Percentage | Tariff) -> tuple[Tariff, Percentage]:
    tariff = _tariff(price)
    if not isinstance(tariff.model, Percentage):
        msg = f"events are rated by a percentage (got {tariff.model!r})"
        raise TypeError(msg)
    return tariff, tariff.model


def _priced(tariff: Tariff, quantity: Exact) -> tuple[Component, ...]:
    """Return the components that the model of *tariff* prices, allowance and zero observed."""
    model = tariff.model
    if isinstance(model, Percentage):
        msg = "a percentage is rated by events or turnover, not by a quantity"
        raise TypeError(msg)
    counted = tariff.billable(_not_below_zero(quantity))
    if not counted and not tariff.flat_at_zero:
        return ()
    return model.components(counted)


def _not_below_zero(quantity: Exact) -> Fraction:
    number = exact(quantity, "quantity")
    if number < 0:
        raise NegativeQuantity(number)
    return number


def _not_negative(amount: Money) -> Money:
    if amount.minor < 0:
        raise NegativeAmount(amount)
    return amount


@attrs.frozen
class NegativeQuantity(LedgerkitError):
    """Less than nothing was to be priced."""

    quantity: Fraction
    code: ClassVar[str] = "negative_quantity"

    def __str__(self) -> str:
        return f"a quantity of {self.quantity} has no price; zero or more is needed"


@attrs.frozen
class EventsNeeded(LedgerkitError):
    """A percentage looks at each event, and only their sum was given."""

    events: int
    code: ClassVar[str] = "events_needed"

    def __str__(self) -> str:
        return (
            f"the total of {self.events} event(s) is not enough: bounds and free events need the "
            "amount of each, see rate_events"
        )
