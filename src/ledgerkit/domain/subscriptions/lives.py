"""Lives: how a subscription begins, how its trial ends, and how it is cancelled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

import attrs

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.periods import Cycle, DatesOutOfOrder, plain_date
from ledgerkit.domain.proration import Basis
from ledgerkit.domain.subscriptions.decisions import Cancelled, Created, TrialEnded
from ledgerkit.domain.subscriptions.phases import Moved, NetOf, cut, given_back, new_phase
from ledgerkit.domain.subscriptions.records import (
    ACTIVE,
    SUBSCRIPTION,
    TRIALING,
    Item,
    PausePolicy,
    Settlement,
    Subscription,
)


def create(
    items: Iterable[Item],
    *,
    id: str,
    customer: str,
    currency: str,
    zone: str,
    cycle: Cycle,
    started_on: date,
    trial_until: date | None = None,
    basis: Basis = Basis.ACTUAL_DAYS,
) -> Created:
    """Begin a subscription to *items*, free until the local day *trial_until* if one is given.

    Nothing is charged by it: the first `bill` does, prorated to the end of the period of *cycle*
    that it starts in. What is charged once is no part of the trial.

    Raises:
        DatesOutOfOrder: the trial ends before it starts.
        ValueError: there is no item, one is there twice or in another currency, or the trial has
            no day.
        TypeError: a day is no date.
        UnknownZone: *zone* is none.
    """
    plain_date("started_on", started_on)
    listed = tuple(items)
    if not listed or len({item.id for item in listed}) < len(listed):
        msg = f"subscription {id!r} needs one item at least, each once (got {listed})"
        raise ValueError(msg)
    if trial_until is not None:
        plain_date("trial_until", trial_until)
        if trial_until <= started_on:
            msg = f"the trial of subscription {id!r} ends {trial_until}, not after {started_on}"
            raise ValueError(msg)
    phases = (
        new_phase(n, item, cycle, starts_on=started_on) for n, item in enumerate(listed, start=1)
    )
    subscription = Subscription(
        id=id,
        customer=customer,
        currency=currency,
        zone=zone,
        cycle=cycle,
        started_on=started_on,
        trial_until=trial_until,
        phases=tuple(phases),
        basis=basis,
        status=ACTIVE if trial_until is None else TRIALING,
    )
    return Created(subscription=subscription)


def end_trial(subscription: Subscription, *, on: date) -> TrialEnded:
    """End the trial with the local day *on*, the first one that is charged; `bill` charges it.

    A trial that lasts as long as was agreed ends by itself, with the first `bill` after it.

    Raises:
        IllegalTransition: it is not in trial.
        DatesOutOfOrder: *on* is before its start, or after the end that was agreed.
        TypeError: *on* is no date.
    """
    plain_date("on", on)
    status = SUBSCRIPTION.after(subscription.status, "begin")
    agreed = subscription.trial_until or on
    if on < subscription.started_on:
        raise DatesOutOfOrder("started_on", subscription.started_on, "on", on)
    if agreed < on:
        raise DatesOutOfOrder("on", on, "trial_until", agreed)
    return TrialEnded(subscription=attrs.evolve(subscription, status=status, trial_until=on))


def cancel(
    subscription: Subscription,
    *,
    end: date,
    on: date,
    settlement: Settlement = Settlement.CREDIT,
    billed: NetOf | None = None,
) -> Cancelled:
    """End *subscription* with the local day *end*, the first one without service and unbilled.

    What was billed from then on is given back; before, arrears are still billed by `bill`. *end*
    may be past, today or to come; in the last case its status changes with the first `bill` from
    then on. *billed* are the lines as they were billed, where discounts made them differ, by part
    of the charge. (spec: billing 3)

    Raises:
        IllegalTransition: it is cancelled already.
        DatesOutOfOrder: *end* is before its start.
        AlreadyEnds: it ends before *end*.
        StillPaused: it is extended by the pause it is in, and *end* is yet to come.
        TypeError: a day is no date.
    """
    plain_date("end", end)
    plain_date("on", on)
    SUBSCRIPTION.after(subscription.status, "cancel")
    if end < subscription.started_on:
        raise DatesOutOfOrder("started_on", subscription.started_on, "end", end)
    if subscription.ends_on is not None and subscription.ends_on < end:
        raise AlreadyEnds(subscription.id, subscription.ends_on, end)
    last, since = end, extended_since(subscription)
    if since is not None:
        if on < end:
            raise StillPaused(subscription.id, since, end)
        last = min(end, since)
    after, charges = cut_all(subscription, last, billed or {})
    ending = attrs.evolve(after, ends_on=end)
    if end <= on:
        ending, waited = over(ending)
        charges += waited
    return Cancelled(subscription=ending, charges=charges, settlement=settlement)


def cut_all(subscription: Subscription, end: date, billed: NetOf) -> Moved:
    """Return *subscription* without what comes from the local day *end* on, which it gives back."""
    phases, charges = [], list[Charge]()
    for phase in subscription.phases:
        after = cut(phase, end)
        charges += given_back(subscription, phase, after, on=end, billed=billed)
        phases.append(after)
    planned = subscription.planned
    return attrs.evolve(
        subscription,
        phases=tuple(phase for phase in phases if phase is not None),
        held=tuple(p for p in (cut(phase, end) for phase in subscription.held) if p is not None),
        planned=None if planned is not None and end <= planned.start else planned,
    ), tuple(charges)


def over(subscription: Subscription) -> Moved:
    """Return *subscription* as cancelled, and the charges that waited for the end of a period."""
    return attrs.evolve(
        subscription,
        status=SUBSCRIPTION.after(subscription.status, "cancel"),
        planned=None,
        stopped=None,
        held=(),
        waiting=(),
    ), subscription.waiting


def extended_since(subscription: Subscription) -> date | None:
    """Return the start of a pause that extends it, since when none of its days pass, or None."""
    stopped = subscription.stopped
    return None if stopped is None or stopped.policy is not PausePolicy.EXTEND else stopped.start


@attrs.frozen
class AlreadyEnds(LedgerkitError):
    """Something is asked for a day on which the subscription is over."""

    code: ClassVar[str] = "already_ends"

    subscription: str
    ends_on: date
    asked: date

    def __str__(self) -> str:
        return (
            f"subscription {self.subscription!r} ends on {self.ends_on}; {self.asked} was asked, "
            "an earlier day is needed, or another subscription"
        )


@attrs.frozen
class StillPaused(LedgerkitError):
    """A day to come was named for a subscription whose days do not pass at the moment."""

    code: ClassVar[str] = "still_paused"

    subscription: str
    start: date
    asked: date

    def __str__(self) -> str:
        return (
            f"subscription {self.subscription!r} is extended by its pause since {self.start}; end "
            f"it today, or resume it before {self.asked}"
        )
