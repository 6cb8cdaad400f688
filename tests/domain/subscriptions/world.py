"""What tests of subscriptions have in common: short ways to make one and to read its charges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import CalendarCycle, Cycle, Timing
from ledgerkit.domain.subscriptions import Item, Subscription, bill, create

ARREARS = Timing.IN_ARREARS
MONTHLY = CalendarCycle()


def day(text: str) -> date:
    """Return the date that *text* writes."""
    return date.fromisoformat(text)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def item(price: int | str, id: str = "plan", *, of: int | str = 1, **more: Any) -> Item:
    """Return *of* an item that costs *price* cents each."""
    rate = Rate(Fraction(price), "EUR")
    return Item(id=id, name=f"article {id}", price=rate, quantity=Fraction(of), **more)


def begun(
    *items: Item, since: str = "2026-01-01", cycle: Cycle = MONTHLY, **more: Any
) -> Subscription:
    """Return a subscription to *items* since a day."""
    terms: dict[str, Any] = {"customer": "c-1", "currency": "EUR", "zone": "Europe/Madrid", **more}
    return create(items, id="sub-1", cycle=cycle, started_on=day(since), **terms).subscription


def billed(subscription: Subscription, *runs: str) -> Subscription:
    """Return *subscription* after a run on each of those days."""
    for on in runs:
        subscription = bill(subscription, on=day(on)).subscription
    return subscription


def amounts(charges: Iterable[Charge]) -> list[int]:
    """Return the cents of *charges*."""
    return [charge.rated.amount.minor for charge in charges]


def lines(charges: Iterable[Charge]) -> list[tuple[str, str, int]]:
    """Return *charges* as what of which days comes to how many cents."""
    return [
        (charge.part.partition("/")[0], str(charge.period), charge.rated.amount.minor)
        for charge in charges
    ]


def run(subscription: Subscription, on: str) -> list[tuple[str, str, int]]:
    """Return the lines that a run on a day bills."""
    return lines(bill(subscription, on=day(on)).charges)
