"""Rates: what the items of a plan come to at the prices of its list. (spec: billing 4, 6, C-10)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

import attrs

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import (
    Percentage,
    PriceKey,
    PriceList,
    Rated,
    Tariff,
    rate,
    rated,
    unbilled,
)
from ledgerkit.domain.rate_plans.records import PlanItem, RatePlan
from ledgerkit.domain.usage import Dimensions, Meter, Quantity, Snapshot

_ZERO = Fraction(0)


@attrs.frozen(kw_only=True)
class Rates:
    """The prices of a list on the last day of a period, for a plan.

    Attributes:
        plan: Whose items are priced.
        price_list: What they cost.
        period: What is charged.
        due_on: The local day from which the charges can be billed.

    Raises:
        CurrencyMismatch: the list is in another currency than the plan.
        ValueError: it is another list.
    """

    plan: RatePlan
    price_list: PriceList
    period: Period
    due_on: date

    def __attrs_post_init__(self) -> None:
        if self.price_list.id != self.plan.price_list:
            msg = (
                f"rate plan {self.plan.id!r} is of the price list {self.plan.price_list!r} "
                f"(got {self.price_list.id!r})"
            )
            raise ValueError(msg)
        if self.price_list.currency != self.plan.currency:
            both = (Money.zero(of.currency) for of in (self.plan, self.price_list))
            raise CurrencyMismatch(*both)

    def fee(self, item: PlanItem) -> Charge:
        """Return the charge of an *item* that no meter counts."""
        amount = self._rate(item, item.dimensions, item.quantity)
        return self._charge(item, item.dimensions, amount, source=self.plan.id, part=1)

    def usage(
        self, item: PlanItem, meter: Meter, snapshot: Snapshot, before: tuple[Quantity, ...]
    ) -> Iterator[Charge]:
        """Yield what an *item* comes to by a *snapshot* as billed, less what *before* came to."""
        now = self._rated(item, meter, snapshot.billed)
        billed = self._rated(item, meter, before) if snapshot.part > 1 else {}
        for of in sorted(now.keys() | billed.keys()):
            left = _left(now.get(of), billed[of]) if of in billed else now[of]
            if left.amount.minor or of not in billed:
                left = attrs.evolve(left, trace=(*_counted(snapshot), *left.trace))
                yield self._charge(item, of, left, source=snapshot.id, part=snapshot.part)

    def _rated(
        self, item: PlanItem, meter: Meter, quantities: Iterable[Quantity]
    ) -> Mapping[Dimensions, Rated]:
        """Return what each of *quantities* comes to; nothing used is no line where it is free.

        Without dimensions nothing used is priced as well: a flat fee may be due. Of dimensions
        only those used are. (spec: billing 4)
        """
        used: dict[Dimensions, Fraction] = {}
        if not meter.by:
            used[()] = _ZERO
        used |= {each.dimensions: each.value for each in quantities if each.value}
        amounts = {of: self._rate(item, of, value) for of, value in used.items()}
        return {of: each for of, each in amounts.items() if used[of] or each.amount.minor}

    def _rate(self, item: PlanItem, of: Dimensions, quantity: Fraction) -> Rated:
        price = self.price_list.price_on(item.item, dict(of), on=self.period.last)
        if isinstance(price.tariff.model, Percentage):
            raise NotByQuantity(price.key, self.price_list.id)
        return _come_to(price.tariff, *quantity.as_integer_ratio())

    def _charge(
        self, item: PlanItem, of: Dimensions, amount: Rated, *, source: str, part: int
    ) -> Charge:
        return Charge(
            source=source,
            part=part_of(item.item, of, part),
            item=item.item,
            detail=" · ".join(value for _, value in of),
            kind=item.kind,
            on=self.period.last,
            period=self.period,
            due_on=self.due_on,
            rated=amount,
        )


# Customers of one list use the same few quantities of much of it. The quantity is a ratio of two
# whole numbers here, since the hash of a Fraction is slow.
@lru_cache(maxsize=4096)
def _come_to(tariff: Tariff, numerator: int, denominator: int) -> Rated:
    return rate(tariff, Fraction(numerator, denominator))


def part_of(item: str, of: Dimensions, n: int) -> str:
    """Return the part that charges an *item* of some dimensions for the *n*th time.

    What separates is escaped, so that no two are the same.

    >>> part_of("cluster", (("size", "medium"), ("use", "a/b")), 2)
    'cluster/size=medium/use=a%2Fb/2'
    """
    pairs = (f"{_escaped(name)}={_escaped(value)}" for name, value in of)
    return "/".join((_escaped(item), *pairs, *((str(n),) if n > 1 else ())))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F").replace("=", "%3D")


def _counted(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Return how usage was counted, for a trace."""
    counted = ("meter", snapshot.meter), ("aggregation", snapshot.aggregation)
    return (*counted, ("estimated", "yes")) if snapshot.estimated else counted


def _left(now: Rated | None, billed: Rated) -> Rated:
    """Return what is left of *now*, None for nothing used, after what was *billed*."""
    if now is None:
        now = rated(
            _ZERO,
            billed.amount.currency,
            quantity=_ZERO,
            unit_price=billed.unit_price,
            trace=(("rule", "not used"),),
        )
    same = now.unit_price if now.unit_price == billed.unit_price else None
    left = unbilled(now, billed.amount)
    return attrs.evolve(left, quantity=now.quantity - billed.quantity, unit_price=same)


@attrs.frozen
class NotByQuantity(LedgerkitError):
    """A plan charges by quantity what is priced as a percentage of amounts."""

    key: PriceKey
    price_list: str
    code: ClassVar[str] = "not_by_quantity"

    def __str__(self) -> str:
        return (
            f"{self.key} of the price list {self.price_list!r} costs a percentage of amounts; a "
            "rate plan needs a price by quantity"
        )
