"""Wanted: what of the ledger a run looks at beside records, so that a host reads no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from ledgerkit.domain.billing_run.bookings import charges, reversal_of, settled_lines
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts
from ledgerkit.domain.billing_run.incentives import incentive_events, incentive_journals
from ledgerkit.domain.billing_run.settling import opening_events_of
from ledgerkit.domain.billing_run.work import absorbed_events
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.domain.rate_plans import RatePlan, periods_due
from ledgerkit.domain.sessions import APPROVED
from ledgerkit.domain.usage import Meter, Snapshot

LATE_PERIODS = 3
"""Of how many billed periods a run looks whether usage came late."""


@attrs.frozen
class ReadingWanted:
    """What a run asks a usage source: one meter in one period, for some customers."""

    meter: Meter
    period: Period
    zone: str
    customers: tuple[str, ...]


def journals_wanted(
    customer: CustomerFacts, facts: Facts | None = None, period: Period | None = None
) -> frozenset[str]:
    """Return the ids of journals that a run may undo: of billed sessions not approved any more.

    And those that absorbed what a correction gave back or opened its wallet, of which *customer*
    tells that they are posted: ask for `events_wanted` first. With *facts* also those of incentives
    per period, in periods that begin before the end of *period*, or in all.
    """
    gone = {session.id for session in customer.sessions if session.status != APPROVED}
    charged = {line.journal for _, line in charges(customer) if line.source in gone}
    earned = frozenset[str]()
    if facts is not None:
        earned = incentive_journals(facts, customer, None if period is None else period.end)
    told = {**absorbed_events(customer), **opening_events_of(customer)}
    told_of = {id for event, id in told.items() if event in customer.posted}
    return frozenset(id for id in charged if id is not None) | earned | told_of


def events_wanted(
    facts: Facts, customer: CustomerFacts, period: Period | None = None
) -> frozenset[Event]:
    """Return the events of which a run asks whether they are posted.

    They tell which charges were undone, what of corrections was absorbed, what a customer who paid
    brought along, and which incentives per period are earned, in periods that begin before the end
    of *period*, or in all.
    """
    reversals = frozenset(reversal_of(line) for line in settled_lines(customer))
    reversals |= absorbed_events(customer).keys() | opening_events_of(customer).keys()
    return reversals | incentive_events(facts, customer, None if period is None else period.end)


def readings_wanted(
    plans: Iterable[RatePlan],
    snapshots: Iterable[Snapshot],
    *,
    period: Period,
    as_of: datetime,
    late: int = LATE_PERIODS,
) -> tuple[ReadingWanted, ...]:
    """Return which readings a run of *period* needs for *plans*, each meter and period once.

    Those of the periods to bill, and of the last billed ones, *late* of each meter: events may
    have come late, and an estimate is waiting for the truth. (spec: billing 6)
    """
    by_meter: dict[tuple[str, str], list[Snapshot]] = {}
    for snapshot in snapshots:
        by_meter.setdefault((snapshot.customer, snapshot.meter), []).append(snapshot)
    asked: dict[tuple[Meter, Period, str], list[str]] = {}
    for plan in plans:
        on = min(local_date(as_of, plan.zone), period.end)
        for meter in plan.meters:
            billed = by_meter.get((plan.customer, meter.name), [])
            billed.sort(key=lambda each: each.period)
            days = [(each, plan.zone) for each in periods_due(plan, on=on)]
            days += [(each.period, each.zone) for each in billed[-late:]]
            for one, zone in days:
                asked.setdefault((meter, one, zone), []).append(plan.customer)
    wanted = (
        ReadingWanted(meter, days, zone, tuple(sorted(set(customers))))
        for (meter, days, zone), customers in asked.items()
    )
    return tuple(sorted(wanted, key=lambda each: (each.meter.name, each.period, each.zone)))
