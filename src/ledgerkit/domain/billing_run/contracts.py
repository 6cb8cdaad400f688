"""Contracts in a run: what subscriptions, rate plans and enrolments charge by now.

Each tells all that is due; what has a line already is not billed again. What falls due when the
period ends stands on the invoice of the run, everything else on one of its own day.
(spec: billing 3, 6, C-1)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import ClassVar

import attrs

from ledgerkit.domain import late_joiners, rate_plans, subscriptions
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.invoicing import issue_days
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.rate_plans import RatePlan
from ledgerkit.domain.subscriptions import Subscription

_DAY = timedelta(days=1)


@attrs.frozen
class PriceListMissing(LedgerkitError):
    """A rate plan names a price list that is not among the facts."""

    plan: str
    price_list: str
    code: ClassVar[str] = "price_list_missing"

    def __str__(self) -> str:
        return (
            f"rate plan {self.plan!r} is priced by {self.price_list!r}, which nobody told of; "
            "store that price list"
        )


def charge_contracts(desk: Desk) -> None:
    """Charge what contracts come to until the end of the period, or today before that.

    What was due on other days is invoiced, day by day; what is due when the period ends is put on
    the desk.
    """
    billed = {line.id for read in desk.customer.invoices for line in read.record.lines}

    def take(charges: Iterable[Charge]) -> None:
        desk.charges += (charge for charge in charges if charge.line_id not in billed)

    take((*_metered(desk), *_enrolled(desk)))
    now = {read.record.id: read.record for read in desk.customer.contracts.subscriptions}
    # A pause gives back of what was billed, after discounts; so all before it is invoiced first.
    for day in _pauses(desk, now.values()):
        take(_subscribed(desk, now, before=day))
        issue_days(desk, before=day)
    take(_subscribed(desk, now))
    issue_days(desk)
    for read in desk.customer.contracts.subscriptions:
        if now[read.record.id] != read.record:
            desk.moved += (now[read.record.id],)


def billed_until(desk: Desk, zone: str) -> date:
    """Return the local day of the run in *zone*, but not after the end of the period."""
    return min(local_date(desk.as_of, zone), desk.period.end)


def _pauses(desk: Desk, subscriptions: Iterable[Subscription]) -> list[date]:
    """Return the days on which planned pauses begin by now."""
    planned = ((each.planned, billed_until(desk, each.zone)) for each in subscriptions)
    return sorted({p.start for p, until in planned if p is not None and p.start <= until})


def _subscribed(
    desk: Desk, now: dict[str, Subscription], *, before: date = date.max
) -> Iterator[Charge]:
    """Bill the subscriptions *now*, each up to its day of the run, or up to the one *before* that.

    They are left in *now* as they are then.
    """
    for each in tuple(now.values()):
        on = min(billed_until(desk, each.zone), before - _DAY)
        billed = None if each.planned is None else billed_of(each.id, desk.invoices)
        decided = subscriptions.bill(each, on=on, billed=billed)
        now[each.id] = decided.subscription
        yield from decided.charges


def billed_of(source: str, invoices: Iterable[Invoice]) -> Mapping[str, Money]:
    """Return what the lines of *source* came to after discounts, by their part.

    It is in the terms of their prices: with the taxes that these include, as a line is that gives
    some of it back.
    """
    return {
        line.part: line.discounted
        for invoice in invoices
        for line in invoice.lines
        if line.source == source
    }


def _metered(desk: Desk) -> Iterator[Charge]:
    contracts = desk.customer.contracts
    snapshots = [read.record for read in contracts.snapshots]
    for read in contracts.rate_plans:
        plan: RatePlan = read.record
        price_list = desk.facts.price_lists.get(plan.price_list)
        if price_list is None:
            raise PriceListMissing(plan.id, plan.price_list)
        decided = rate_plans.bill(
            plan,
            on=billed_until(desk, plan.zone),
            price_list=price_list,
            readings=contracts.readings,
            snapshots=snapshots,
        )
        desk.moved += decided.effects.records
        desk.messages += decided.notices
        if decided.skipped is not None:
            desk.left_out.append(decided.skipped)
        yield from decided.charges


def _enrolled(desk: Desk) -> Iterator[Charge]:
    for read in desk.customer.contracts.enrolments:
        yield from late_joiners.charges(read.record, as_of=billed_until(desk, read.record.zone))
