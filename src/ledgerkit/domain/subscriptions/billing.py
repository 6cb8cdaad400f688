"""Billing: what is due of a subscription, and which ones are about to renew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TypeAlias

import attrs

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import plain_date
from ledgerkit.domain.subscriptions.decisions import Billed
from ledgerkit.domain.subscriptions.lives import extended_since, over
from ledgerkit.domain.subscriptions.phases import Moved, NetOf, billed_to, next_due
from ledgerkit.domain.subscriptions.records import (
    CANCELLED,
    PAUSED,
    SUBSCRIPTION,
    TRIALING,
    Subscription,
)
from ledgerkit.domain.subscriptions.stops import begin_pause, end_pause

_DAY = timedelta(days=1)
_Step: TypeAlias = tuple[date, Callable[[Subscription, date], Moved]]


def bill(subscription: Subscription, *, on: date, billed: NetOf | None = None) -> Billed:
    """Bill all of *subscription* that is due on the local day *on*, and bring it up to that day.

    One charge for each item and period, from the item's own billed-through mark on; a trial or a
    pause begins or ends, and the subscription does, when its day has come, as if there had been a
    run every day. So a run repeated bills nothing, and runs on any days bill what one run on the
    last of them does. *billed* are lines as they were billed, where discounts made them differ, for
    a pause that was planned. (spec: billing 1, 3, 6, 13)

    >>> from fractions import Fraction
    >>> from ledgerkit.domain.money import Rate
    >>> from ledgerkit.domain.periods import CalendarCycle
    >>> from ledgerkit.domain.subscriptions import Item, create
    >>> plan = Item(id="plan", name="Studio", price=Rate(Fraction(3100), "EUR"))
    >>> begun = create([plan], id="sub-1", customer="c-1", currency="EUR", zone="Europe/Madrid",
    ...     cycle=CalendarCycle(), started_on=date(2026, 10, 16)).subscription
    >>> run = bill(begun, on=date(2026, 11, 1))
    >>> [(str(charge.period), charge.rated.amount.minor) for charge in run.charges]
    [('2026-10-16/2026-11-01', 1600), ('2026-11-01/2026-12-01', 3100)]
    >>> bill(run.subscription, on=date(2026, 11, 30)).charges
    ()
    """
    plain_date("on", on)
    now, charges = subscription, list[Charge]()
    while (step := _next_step(now, billed or {})) is not None and step[0] <= on:
        day, take = step
        now, due = billed_to(now, day - _DAY)
        now, made = take(now, day)
        charges += (*due, *made)
    now, due = billed_to(now, on)
    return Billed(subscription=now, charges=(*charges, *due), before=subscription)


@attrs.frozen(kw_only=True)
class Renewal:
    """What a run will bill of a subscription next.

    Attributes:
        subscription: As it is.
        on: The first local day on which a run would bill it.
        charges: What that run would bill.
    """

    subscription: Subscription
    on: date
    charges: tuple[Charge, ...]

    @property
    def amount(self) -> Money:
        """What they come to, before discounts and tax."""
        amounts = (charge.rated.amount for charge in self.charges)
        return sum_of(amounts, self.subscription.currency)


def renewals(subscriptions: Iterable[Subscription], *, on: date, days: int) -> tuple[Renewal, ...]:
    """Return which of *subscriptions* renew within *days* from the local day *on*, soonest first.

    A subscription is there once, with what the run of its day would bill: the same function says
    so. Where a run is overdue, that day is *on*. (spec: billing 6)

    Raises:
        TypeError, ValueError: *days* is no whole number above 0.
    """
    if type(days) is not int:
        msg = f"days must be an int (got {days!r})"
        raise TypeError(msg)
    if days < 1:
        msg = f"days must be 1 or more (got {days})"
        raise ValueError(msg)
    found = (_renewal(subscription, on=on, days=days) for subscription in subscriptions)
    return tuple(
        sorted(
            (renewal for renewal in found if renewal is not None),
            key=lambda renewal: (renewal.on, renewal.subscription.id),
        )
    )


def _renewal(subscription: Subscription, *, on: date, days: int) -> Renewal | None:
    """Return what the next run that bills something would bill, if that is within *days*."""
    now = subscription
    while (due := _next_due(now)) is not None and (due - on).days < days:
        day = max(on, due)
        run = bill(now, on=day)
        if run.charges:
            return Renewal(subscription=subscription, on=day, charges=run.charges)
        now = run.subscription  # a trial began to be paid, or a pause to end, and no more
    return None


def _next_due(subscription: Subscription) -> date | None:
    """Return the first day on which a run may find something to bill, or None."""
    days = [next_due(subscription, phase) for phase in subscription.phases]
    step = _next_step(subscription, {})
    days += [] if step is None else [step[0]]
    return min((day for day in days if day is not None), default=None)


# ---- what happens on its day ---------------------------------------------------------------------
def _next_step(subscription: Subscription, billed: NetOf) -> _Step | None:
    """Return what happens to *subscription* next by itself, and when, or None."""
    steps: list[_Step] = []
    if subscription.status == TRIALING and subscription.trial_until is not None:
        steps.append((subscription.trial_until, _begin))
    if subscription.waiting:
        steps.append((min(charge.due_on for charge in subscription.waiting), _released))
    stopped, planned = subscription.stopped, subscription.planned
    if subscription.status == PAUSED and stopped is not None and stopped.until is not None:
        steps.append((stopped.until, lambda now, day: (end_pause(now, day), ())))
    if planned is not None:
        steps.append((planned.start, lambda now, _: begin_pause(now, planned, billed)))
    if (
        subscription.ends_on is not None
        and subscription.status != CANCELLED
        and extended_since(subscription) is None
    ):
        steps.append((subscription.ends_on, lambda now, _: over(now)))
    return min(steps, key=lambda step: step[0], default=None)


def _begin(subscription: Subscription, _: date) -> Moved:
    status = SUBSCRIPTION.after(subscription.status, "begin")
    return attrs.evolve(subscription, status=status), ()


def _released(subscription: Subscription, day: date) -> Moved:
    due = tuple(charge for charge in subscription.waiting if charge.due_on == day)
    rest = tuple(charge for charge in subscription.waiting if charge.due_on != day)
    return attrs.evolve(subscription, waiting=rest), due
