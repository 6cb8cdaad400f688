"""Phases: what is due of them, what they were billed, and what is left when they end early."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import date, timedelta
from typing import TypeAlias

import attrs

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    Cycle,
    FixedDaysCycle,
    Period,
    Timing,
    billable_through,
    spanning,
)
from ledgerkit.domain.pricing import Rated
from ledgerkit.domain.proration import Fee, give_back, in_full
from ledgerkit.domain.subscriptions.records import (
    Item,
    Phase,
    Subscription,
    service_day,
)

_DAY = timedelta(days=1)
NetOf: TypeAlias = Mapping[str, Money]  # part of a charge -> its line's net, after discounts
Moved: TypeAlias = tuple[Subscription, tuple[Charge, ...]]


def new_phase(
    number: int, item: Item, cycle: Cycle, *, starts_on: date, ends_on: date | None = None
) -> Phase:
    """Return the phase of *item* from a day on; *cycle* is the one of its subscription."""
    return Phase(
        number=number,
        item=item,
        cycle=item.cycle or cycle,
        starts_on=starts_on,
        ends_on=starts_on + _DAY if item.one_time else ends_on,
    )


def next_number(subscription: Subscription) -> int:
    """Return a number that no phase has."""
    return max((p.number for p in (*subscription.phases, *subscription.held)), default=0) + 1


# ---- what is due ---------------------------------------------------------------------------------
def billed_to(
    subscription: Subscription, as_of: date, *, only: Container[int] | None = None
) -> Moved:
    """Return *subscription* billed as far as it can be *as_of* a day, and what that charges.

    Each phase from its own mark on, a charge for each period: in advance the one that opens, in
    arrears closed ones, or up to an end that has come; *only* those with these numbers, if given.
    Charges come in the order in which they fall due. (spec: billing 1, 3)
    """
    phases: list[Phase] = []
    charges: list[tuple[int, Charge]] = []
    for phase in subscription.phases:
        start = _charged_from(subscription, phase)
        through, since = _due_through(phase, start, as_of), phase.billed_through or start
        if through is None or through <= since or (only is not None and phase.number not in only):
            phases.append(phase)
            continue
        phases.append(attrs.evolve(phase, billed_through=through))
        fees = _fees(phase, start, since=since, through=through)
        charges += [(phase.number, _charge(subscription, phase, fee)) for fee in fees]
    charges.sort(key=lambda found: (found[1].due_on, found[0]))
    return attrs.evolve(subscription, phases=tuple(phases)), tuple(c for _, c in charges)


def _in_arrears(item: Item) -> bool:
    return item.timing is Timing.IN_ARREARS and not item.one_time


def _charged_from(subscription: Subscription, phase: Phase) -> date:
    """Return the first day of *phase* that is charged: its days in trial are free."""
    if phase.item.one_time or subscription.trial_until is None:
        return phase.starts_on
    return max(phase.starts_on, subscription.trial_until)


def _due_through(phase: Phase, start: date, as_of: date) -> date | None:
    """Return the day up to which *phase*, charged from *start* on, can be billed, or None."""
    end, timing = phase.ends_on, phase.item.timing
    if as_of < start or (end is not None and end < start):
        return None
    if phase.item.one_time:
        return start + _DAY
    return billable_through(phase.cycle, as_of, start=start, end=end, timing=timing)


def next_due(subscription: Subscription, phase: Phase) -> date | None:
    """Return the day on which something more of *phase* is due, or None when all is billed."""
    since = phase.billed_through or _charged_from(subscription, phase)
    if phase.ends_on is not None and phase.ends_on <= since:
        return None
    if phase.item.one_time or phase.item.timing is Timing.IN_ADVANCE:
        return since
    closes = phase.cycle.containing(since).end
    return closes if phase.ends_on is None else min(closes, phase.ends_on)


def _fees(phase: Phase, start: date, *, since: date, through: date) -> Iterator[Fee]:
    """Return what *phase*, charged from *start* on, charges between two days, by period."""
    for whole in spanning(phase.cycle, Period(since, through)):
        part = Period(max(whole.start, start), min(whole.end, through))
        yield Fee(
            key=phase.item.id,
            price=phase.item.price,
            quantity=phase.item.quantity,
            period=part,
            whole=whole,
            one_time=phase.item.one_time,
        )


def _part(phase: Phase, fee: Fee) -> str:
    return f"{phase.item.id}/{phase.number}/{fee.period.start}"


def _charge(subscription: Subscription, phase: Phase, fee: Fee) -> Charge:
    late = _in_arrears(phase.item)
    return _named(
        subscription,
        phase.item,
        _part(phase, fee),
        on=fee.period.last if late else fee.period.start,
        due_on=fee.period.end if late else fee.period.start,
        period=None if fee.one_time else fee.period,
        rated=in_full(fee, basis=subscription.basis),
    )


# ---- what is given back --------------------------------------------------------------------------
def cut(phase: Phase, end: date) -> Phase | None:
    """Return *phase* as it is when it ends on the local day *end*, or None if it never began."""
    last = service_day(phase, end)
    if phase.billed_through is None and last <= phase.starts_on:
        return None
    if phase.item.one_time or (phase.ends_on is not None and phase.ends_on <= last):
        return phase
    return attrs.evolve(phase, ends_on=max(phase.starts_on, last))


def given_back(
    subscription: Subscription, before: Phase, after: Phase | None, *, on: date, billed: NetOf
) -> Iterator[Charge]:
    """Return what is given back because a phase, cut *on* a local day, ends earlier than *before*.

    For each period of it that was billed: its line less what is kept, less what was given back
    before. (spec: billing 0.5, 0.6)
    """
    start, through = _charged_from(subscription, before), before.billed_through
    if after is None or after.ends_on is None or through is None:
        return
    end, moved = max(start, after.ends_on), on - service_day(before, on)
    for fee in _fees(before, start, since=end, through=through) if end < through else ():
        part, since = _part(before, fee), max(end, fee.period.start)
        rated = give_back(
            attrs.evolve(fee, billed=billed.get(part)),
            since=since,
            already_since=before.ends_on,
            basis=subscription.basis,
        )
        if rated is not None:
            yield _named(
                subscription,
                before.item,
                f"{part}/back/{since}",
                on=on,
                due_on=on,
                period=Period(since + moved, fee.period.end + moved),
                rated=rated,
                gives_back=part,
            )


def _named(
    subscription: Subscription,
    item: Item,
    part: str,
    *,
    on: date,
    due_on: date,
    period: Period | None,
    rated: Rated,
    gives_back: str | None = None,
) -> Charge:
    return Charge(
        source=subscription.id,
        part=part,
        item=item.name,
        detail=item.detail,
        on=on,
        due_on=due_on,
        period=period,
        kind=item.kind,
        rated=rated,
        gives_back=gives_back,
    )


# ---- what waits for the end of a pause -----------------------------------------------------------
def split(
    phase: Phase, on: date, *, keep_paid: bool, number: int
) -> tuple[Phase | None, Phase | None]:
    """Return *phase* up to the local day *on*, and what comes later, numbered anew.

    None stands for nothing. With *keep_paid* the first half lasts as long as it is billed.
    """
    day = service_day(phase, on)
    paid = phase.billed_through or day
    middle = max(phase.starts_on, day, paid if keep_paid else day)
    if phase.item.one_time or (phase.ends_on is not None and phase.ends_on <= middle):
        return phase, None
    shift = on - day
    later = Phase(
        number=number,
        item=phase.item,
        cycle=phase.cycle,
        starts_on=middle + shift,
        ends_on=None if phase.ends_on is None else phase.ends_on + shift,
    )
    begun = phase.billed_through is not None or phase.starts_on < middle
    return (attrs.evolve(phase, ends_on=middle) if begun else None), later


def reanchored(cycle: Cycle, on: date) -> Cycle:
    """Return *cycle* with a boundary *on* a day; calendar months stay where they are."""
    match cycle:
        case AnniversaryCycle(months=months):
            return AnniversaryCycle(on, months)
        case FixedDaysCycle(days=days):
            return FixedDaysCycle(on, days)
        case _:
            return cycle
