"""Stops: pauses, which the customer asks for, and suspensions, which unpaid debts lead to."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import cast

import attrs

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.periods import DatesOutOfOrder, Period, first_boundary
from ledgerkit.domain.subscriptions.decisions import (
    Paused,
    Reactivated,
    Resumed,
    Suspended,
    suspension_changed,
)
from ledgerkit.domain.subscriptions.lives import AlreadyEnds
from ledgerkit.domain.subscriptions.phases import (
    Moved,
    NetOf,
    billed_to,
    given_back,
    next_number,
    reanchored,
    split,
)
from ledgerkit.domain.subscriptions.records import (
    SUBSCRIPTION,
    Pause,
    PausePolicy,
    Phase,
    Settlement,
    Subscription,
    service_day,
)


class Reactivation(Enum):
    """What becomes of the days of a suspension. (spec: billing 8)"""

    PRORATED = "prorated"  # not billed: a new period begins, charged up to the end of the cycle's
    CONTINUE = "continue"  # billed, as if it had not been suspended


def pause(
    subscription: Subscription,
    *,
    on: date,
    start: date | None = None,
    until: date | None = None,
    policy: PausePolicy = PausePolicy.CREDIT,
    settlement: Settlement = Settlement.CREDIT,
    billed: NetOf | None = None,
) -> Paused:
    """Pause *subscription* from the local day *start* up to, not including, *until*.

    *start* is *on* if it is not given; a past one is made up for, one to come is kept and begins
    with the first `bill` from then on. So does service at *until*; without one, `resume` ends the
    pause. What becomes of paid days says *policy*; days of a pause are never billed in arrears.
    *billed* are the lines as they were billed, where discounts made them differ. (spec: billing 3)

    Raises:
        IllegalTransition: it is not active.
        DatesOutOfOrder: *start* is before its start.
        BadPeriod: *until* is not after *start*.
        AlreadyEnds: it is over by then.
    """
    SUBSCRIPTION.after(subscription.status, "pause")
    asked = Pause(on if start is None else start, until, policy)
    if asked.start < subscription.started_on:
        raise DatesOutOfOrder("started_on", subscription.started_on, "start", asked.start)
    if subscription.ends_on is not None and subscription.ends_on <= asked.start:
        raise AlreadyEnds(subscription.id, subscription.ends_on, asked.start)
    if on < asked.start:
        planned = attrs.evolve(subscription, planned=asked)
        return Paused(subscription=planned, settlement=settlement)
    paused, charges = begin_pause(subscription, asked, billed or {})
    return Paused(subscription=paused, charges=charges, settlement=settlement)


def resume(subscription: Subscription, *, on: date, start: date | None = None) -> Resumed:
    """Go on after a pause with the local day *start*, which is *on* if it is not given.

    What is due by then is charged: after a pause by *credit*, the rest of the period. A day to come
    is kept, and service begins with the first `bill` from then on. (spec: billing 3)

    Raises:
        IllegalTransition: it is not paused.
        DatesOutOfOrder: *start* is before the pause.
    """
    SUBSCRIPTION.after(subscription.status, "resume")
    stopped = cast("Pause", subscription.stopped)  # a paused one has it
    back = on if start is None else start
    if back < stopped.start:
        raise DatesOutOfOrder("the pause", stopped.start, "start", back)
    if on < back:
        waits = attrs.evolve(stopped, until=back)
        return Resumed(subscription=attrs.evolve(subscription, stopped=waits))
    held = {phase.number for phase in subscription.held}
    resumed, charges = billed_to(end_pause(subscription, back), on, only=held)
    return Resumed(subscription=resumed, charges=charges)


def suspend(
    subscription: Subscription, *, on: date, bill_while_suspended: bool = False
) -> Suspended:
    """Suspend *subscription* from the local day *on*, until `reactivate`.

    What is billed stays billed; no new period is, unless *bill_while_suspended*. A pause that was
    planned is forgotten. (spec: billing 8)

    Raises:
        IllegalTransition: it is not active.
    """
    status = SUBSCRIPTION.after(subscription.status, "suspend")
    counted = attrs.evolve(subscription, suspensions=subscription.suspensions + 1)
    if bill_while_suspended:
        suspended = attrs.evolve(counted, planned=None, status=status)
    else:
        suspended, _ = _stop(counted, status, Pause(on, None, PausePolicy.FREEZE), {})
    return Suspended(subscription=suspended, notice=suspension_changed(suspended, on=on))


def reactivate(
    subscription: Subscription, *, on: date, policy: Reactivation = Reactivation.PRORATED
) -> Reactivated:
    """Go on after a suspension with the local day *on*; what is due by then is charged.

    Whether the overdue balance is settled is for the caller to know. (spec: billing 8)

    Raises:
        IllegalTransition: it is not suspended.
        DatesOutOfOrder: *on* is before the suspension.
    """
    status = SUBSCRIPTION.after(subscription.status, "reactivate")
    stopped = subscription.stopped
    if stopped is not None and on < stopped.start:
        raise DatesOutOfOrder("the suspension", stopped.start, "on", on)
    held = subscription.held
    back = held if policy is Reactivation.CONTINUE else _from(held, on)
    active = attrs.evolve(
        subscription, status=status, stopped=None, held=(), phases=(*subscription.phases, *back)
    )
    active, charges = billed_to(active, on, only={phase.number for phase in back})
    notice = suspension_changed(active, on=on)
    return Reactivated(subscription=active, charges=charges, notice=notice)


# ---- how days stop, and go on -------------------------------------------------------------------
def begin_pause(subscription: Subscription, asked: Pause, billed: NetOf) -> Moved:
    """Return *subscription* paused as *asked*, and what it gives back of paid days."""
    status = SUBSCRIPTION.after(subscription.status, "pause")
    return _stop(subscription, status, asked, billed)


def _stop(subscription: Subscription, status: str, asked: Pause, billed: NetOf) -> Moved:
    """Return *subscription* in *status*, with what comes after the start of a pause held back."""
    number, keep = next_number(subscription), asked.policy is not PausePolicy.CREDIT
    phases, held, charges = list[Phase](), list[Phase](), list[Charge]()
    for phase in subscription.phases:
        first, later = split(phase, asked.start, keep_paid=keep, number=number + len(held))
        charges += given_back(subscription, phase, first, on=asked.start, billed=billed)
        phases += [] if first is None else [first]
        held += [] if later is None else [later]
    return attrs.evolve(
        subscription,
        status=status,
        planned=None,
        stopped=asked,
        phases=tuple(phases),
        held=tuple(held),
    ), tuple(charges)


def end_pause(subscription: Subscription, back: date) -> Subscription:
    """Return *subscription* active again from the local day *back* on."""
    status = SUBSCRIPTION.after(subscription.status, "resume")
    active = attrs.evolve(subscription, status=status, stopped=None, held=())
    stopped = subscription.stopped
    if stopped is None or stopped.policy is not PausePolicy.EXTEND:
        return attrs.evolve(active, phases=(*active.phases, *_from(subscription.held, back)))
    if back == stopped.start:
        return attrs.evolve(active, phases=(*active.phases, *subscription.held))
    return _extended(active, subscription.held, Period(stopped.start, back))


def _from(held: tuple[Phase, ...], back: date) -> tuple[Phase, ...]:
    """Return what is left of *held* phases from the local day *back* on."""
    moved = (
        attrs.evolve(phase, starts_on=max(phase.starts_on, back))
        for phase in held
        if (phase.ends_on is None or back < phase.ends_on)
    )
    return tuple(moved)


def _extended(active: Subscription, held: tuple[Phase, ...], gap: Period) -> Subscription:
    """Return *active* with all that is paid for or held later by the days of *gap*.

    Cycles get a boundary where the period that the pause fell into now ends; those of calendar
    months stay, and what is left of such a month is prorated.
    """
    days = gap.end - gap.start

    def moved(on: date | None) -> date | None:
        return None if on is None else on + days

    paid = (
        attrs.evolve(phase, gaps=(*phase.gaps, gap)) if _outlasts(phase, gap.start) else phase
        for phase in active.phases
    )
    later = (
        attrs.evolve(
            phase,
            starts_on=phase.starts_on + days,
            ends_on=moved(phase.ends_on),
            cycle=reanchored(phase.cycle, first_boundary(phase.cycle, phase.starts_on) + days),
        )
        for phase in held
    )
    return attrs.evolve(
        active,
        ends_on=moved(active.ends_on),
        cycle=reanchored(active.cycle, first_boundary(active.cycle, gap.start) + days),
        phases=(*paid, *later),
    )


def _outlasts(phase: Phase, on: date) -> bool:
    """Return whether days of *phase* are left that were paid for, from the local day *on* on."""
    return phase.ends_on is not None and service_day(phase, on) < phase.ends_on
