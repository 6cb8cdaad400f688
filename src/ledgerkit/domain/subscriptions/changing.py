"""Changes of items: upgrade, downgrade, quantity, adding and removing, at once or later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Exact, exact
from ledgerkit.domain.periods import Cycle, DatesOutOfOrder
from ledgerkit.domain.subscriptions.decisions import Changed
from ledgerkit.domain.subscriptions.lives import AlreadyEnds
from ledgerkit.domain.subscriptions.phases import (
    Moved,
    NetOf,
    billed_to,
    cut,
    given_back,
    new_phase,
    next_number,
)
from ledgerkit.domain.subscriptions.records import (
    SUBSCRIPTION,
    Item,
    Phase,
    Settlement,
    Subscription,
    is_live,
    service_day,
)


class When(Enum):
    """When something takes effect."""

    AT_ONCE = "at_once"
    AT_PERIOD_END = "at_period_end"


class Direction(Enum):
    """Whether a change costs more or less per day."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@attrs.frozen
class ChangePolicy:
    """When changes take effect, by direction, and when their lines are billed. (spec: billing 3)

    Attributes:
        upgrade: For what costs as much or more.
        downgrade: For what costs less.
        lines: With `AT_PERIOD_END`, the lines of all changes in a period are billed together when
            it ends, instead of one document for each change.
    """

    upgrade: When = When.AT_ONCE
    downgrade: When = When.AT_PERIOD_END
    lines: When = When.AT_ONCE

    def effective(self, direction: Direction) -> When:
        """Return when a change in *direction* takes effect."""
        return self.upgrade if direction is Direction.UPGRADE else self.downgrade


CHANGES = ChangePolicy()
AT_ONCE = ChangePolicy(downgrade=When.AT_ONCE)


def change(
    subscription: Subscription,
    new: Iterable[Item] = (),
    *,
    remove: Iterable[str] = (),
    on: date,
    effective: date | None = None,
    policy: ChangePolicy = CHANGES,
    direction: Direction | None = None,
    settlement: Settlement = Settlement.CREDIT,
    billed: NetOf | None = None,
) -> Changed:
    """Put *new* items into *subscription*, each in the place of the one with its id, if any.

    Decided *on* a local day; it takes effect by *policy* for its *direction*, which is told from
    the price per day unless it is given, or on the day *effective*, which may be past. What was
    billed from then on is given back, the rest of the new items' periods is charged; a later change
    replaces one that has not begun. Not committed, it is the preview of itself. *billed* are the
    lines as they were billed, where discounts made them differ, by part of the charge.
    (spec: billing 3)

    Raises:
        IllegalTransition: it is paused, suspended or cancelled.
        UnknownItem: an id to remove is not there.
        DatesOutOfOrder: *effective* is before its start.
        AlreadyEnds: it is over by then.
        ValueError: an item is named twice, or is in another currency.
    """
    SUBSCRIPTION.after(subscription.status, "change")
    wanted = _wanted(new, remove)
    turn = direction or direction_of(
        subscription.items(on=on),
        _after(subscription.items(on=on), wanted),
        cycle=subscription.cycle,
        on=on,
    )
    when = policy.effective(turn)
    first, now, given = next_number(subscription), subscription, list[Charge]()
    for id, item in wanted.items():
        day = effective or _effective(subscription, id, on, when)
        _check_day(subscription, day)
        now, back = _replace(now, id, item, day, billed or {})
        given += back
    now, charged = billed_to(now, on, only=range(first, next_number(now)))
    lines = (*given, *charged)
    if policy.lines is When.AT_ONCE or not lines:
        return Changed(subscription=now, charges=lines, settlement=settlement)
    due_on = subscription.cycle.containing(on).end
    later = tuple(attrs.evolve(line, due_on=due_on) for line in lines)
    waiting = attrs.evolve(now, waiting=(*now.waiting, *later))
    return Changed(subscription=waiting, later=later, settlement=settlement)


def change_quantity(
    subscription: Subscription,
    item: str,
    quantity: Exact,
    *,
    on: date,
    effective: date | None = None,
    policy: ChangePolicy = CHANGES,
    direction: Direction | None = None,
    settlement: Settlement = Settlement.CREDIT,
    billed: NetOf | None = None,
) -> Changed:
    """Have *quantity* of *item*, an id, instead of what it is *on* a day; as `change`.

    Raises:
        UnknownItem: it is not there.
    """
    found = {each.id: each for each in subscription.items(on=on)}
    if item not in found:
        raise UnknownItem(subscription.id, item)
    return change(
        subscription,
        (attrs.evolve(found[item], quantity=exact(quantity, "quantity")),),
        on=on,
        effective=effective,
        policy=policy,
        direction=direction,
        settlement=settlement,
        billed=billed,
    )


def direction_of(
    before: Iterable[Item], after: Iterable[Item], *, cycle: Cycle, on: date
) -> Direction:
    """Return whether *after* costs less than *before*: by the price per day of whole periods.

    The periods are those that contain *on*, of an item's own cycle or else of *cycle*: a cheap year
    is no upgrade of a dear month. What is charged once does not count. (spec: billing 3)
    """

    def per_day(items: Iterable[Item]) -> Fraction:
        rates = (
            item.price.per * item.quantity * Fraction(1, (item.cycle or cycle).containing(on).days)
            for item in items
            if not item.one_time
        )
        return sum(rates, Fraction(0))

    return Direction.DOWNGRADE if per_day(after) < per_day(before) else Direction.UPGRADE


def _wanted(new: Iterable[Item], remove: Iterable[str]) -> dict[str, Item | None]:
    pairs: list[tuple[str, Item | None]] = [(item.id, item) for item in new]
    pairs += [(id, None) for id in remove]
    wanted = dict(pairs)
    if not wanted or len(wanted) < len(pairs):
        msg = f"a change names one item at least, each once (got {[id for id, _ in pairs]})"
        raise ValueError(msg)
    return wanted


def _after(items: Iterable[Item], wanted: Mapping[str, Item | None]) -> tuple[Item, ...]:
    """Return *items* as they are with the *wanted* ones in their places."""
    every = {**{item.id: item for item in items}, **wanted}
    return tuple(item for item in every.values() if item is not None)


def _effective(subscription: Subscription, id: str, on: date, when: When) -> date:
    """Return the day from which a change of the item *id*, decided *on* a day, holds."""
    if when is When.AT_ONCE:
        return on
    named = [p for p in subscription.phases if p.item.id == id]
    live = [p for p in named if is_live(p, on)]
    if not live:
        planned = [p.starts_on for p in named if on < p.starts_on]
        return min(planned, default=subscription.cycle.containing(on).end)
    if subscription.trial_until is not None and on < subscription.trial_until:
        return on  # no day of it is paid for yet
    phase, day = live[-1], service_day(live[-1], on)
    closes = phase.cycle.containing(day).end
    return max(closes, phase.billed_through or closes) + (on - day)


def _check_day(subscription: Subscription, day: date) -> None:
    if day < subscription.started_on:
        raise DatesOutOfOrder("started_on", subscription.started_on, "effective", day)
    if subscription.ends_on is not None and subscription.ends_on <= day:
        raise AlreadyEnds(subscription.id, subscription.ends_on, day)


def _replace(
    subscription: Subscription, id: str, item: Item | None, day: date, billed: NetOf
) -> Moved:
    """Return *subscription* with *item* in the place of what is called *id* from *day* on."""
    lasting = [p for p in subscription.phases if p.item.id == id and cut(p, day) != p]
    if item is None and not lasting:
        raise UnknownItem(subscription.id, id)
    if item is not None and [p.item for p in lasting] == [item] and lasting[0].starts_on <= day:
        return subscription, ()  # it is there already, and nothing else is to come
    phases, charges = list[Phase](), list[Charge]()
    for phase in subscription.phases:
        after = cut(phase, day) if phase in lasting else phase
        charges += given_back(subscription, phase, after, on=day, billed=billed)
        phases += [] if after is None else [after]
    if item is not None:
        number, cycle, end = next_number(subscription), subscription.cycle, subscription.ends_on
        phases.append(new_phase(number, item, cycle, starts_on=day, ends_on=end))
    return attrs.evolve(subscription, phases=tuple(phases)), tuple(charges)


@attrs.frozen
class UnknownItem(LedgerkitError):
    """An item is not in the subscription, or not any more."""

    code: ClassVar[str] = "unknown_item"

    subscription: str
    item: str

    def __str__(self) -> str:
        return f"subscription {self.subscription!r} has no item {self.item!r} to change or remove"
