"""Contracts in a run: what subscriptions, rate plans and enrolments charge by now.

Each tells all that is due; what has a line already is not billed again. What falls due when the
period ends stands on the invoice of the run, everything else on one of its own day.
(spec: billing 3, 6, C-1)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import ClassVar

import attrs

from ledgerkit.domain import late_joiners, rate_plans, subscriptions
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.changes import Record
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.rate_plans import RatePlan


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
    """Put on the desk what contracts charge until the end of the period, or today before that."""
    billed = {line.id for invoice in desk.customer.invoices for line in invoice.lines}
    for charge in (*_subscribed(desk), *_metered(desk), *_enrolled(desk)):
        if charge.line_id not in billed:
            desk.charges.append(charge)


def billed_until(desk: Desk, zone: str) -> date:
    """Return the local day of the run in *zone*, but not after the end of the period."""
    return min(local_date(desk.as_of, zone), desk.period.end)


def _subscribed(desk: Desk) -> Iterator[Charge]:
    for read in desk.customer.contracts.subscriptions:
        before = read.record
        decided = subscriptions.bill(
            before,
            on=billed_until(desk, before.zone),
            billed=billed_of(before.id, desk.customer.invoices),
        )
        _store(desk, decided.effects.records)
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
        _store(desk, decided.effects.records)
        desk.messages += decided.notices
        if decided.skipped is not None:
            desk.left_out.append(decided.skipped)
        yield from decided.charges


def _enrolled(desk: Desk) -> Iterator[Charge]:
    for read in desk.customer.contracts.enrolments:
        yield from late_joiners.charges(read.record, as_of=billed_until(desk, read.record.zone))


def _store(desk: Desk, records: tuple[Record, ...]) -> None:
    desk.moved += records
