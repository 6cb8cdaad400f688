"""Plan: the decision of a whole billing run, in one pass and without storing anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import attrs

from ledgerkit.domain.billing_run import strangers
from ledgerkit.domain.billing_run.customers import bill_customer
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts, Policy
from ledgerkit.domain.billing_run.suppliers import labels_of, plan_payouts, with_planned
from ledgerkit.domain.changes import Changes, Plan, Record, Skipped, Versioned, skipped
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period, instant, local_date
from ledgerkit.domain.rate_plans import RatePlan
from ledgerkit.domain.subscriptions import Subscription
from ledgerkit.domain.usage import Snapshot

R = TypeVar("R", bound=Record)


def due_periods(facts: Facts, *, as_of: datetime) -> tuple[Period, ...]:
    """Return every closed period that no run has billed, oldest first. (spec: billing C-1)"""
    today = local_date(as_of, facts.business.zone)
    return facts.cycle.due(today, start=facts.opened_on, billed_through=facts.billed_through)


def plan_billing_run(
    facts: Facts, *, policy: Policy, as_of: datetime, period: Period | None = None
) -> Plan:
    """Decide what every customer owes and every payee is paid, as known *as_of*.

    One invoice per customer and currency, one payout per payee and currency, approved sessions
    only; without a *period*, for whatever is due. One `Changes` per customer, then one per
    payee, each to be committed alone; planned journals are folded in, so that the payouts are
    those a run would make. A customer that cannot be billed is skipped and stops nobody; so is one
    whom contracts name, of whom something is due and who is not among the parties.

    The same facts give the same plan, and facts read after it was committed give an empty one.
    (spec: billing 6)
    """
    as_of = instant(as_of)
    periods = due_periods(facts, as_of=as_of) if period is None else (period,)
    changes: list[Changes] = []
    left_out: list[Skipped] = []
    for one in periods:
        billed = plan_customers(facts, policy=policy, as_of=as_of, period=one)
        facts = attrs.evolve(facts, suppliers=with_planned(facts.suppliers, billed.changes))
        paid = plan_suppliers(facts, as_of=as_of, period=one)
        if one is not periods[-1]:
            facts = _after_payouts(_after(facts, billed.changes), paid.changes)
        changes += (*billed.changes, *paid.changes)
        left_out += (*billed.skipped, *paid.skipped)
    return Plan(tuple(changes), tuple(left_out))


def plan_customers(facts: Facts, *, policy: Policy, as_of: datetime, period: Period) -> Plan:
    """Decide what every customer owes for *period*; the first half of a run."""
    changes: list[Changes] = []
    left_out: list[Skipped] = []
    for customer in sorted(facts.customers, key=lambda c: c.party.id):
        try:
            billed = bill_customer(facts, customer, policy=policy, period=period, as_of=as_of)
        except LedgerkitError as error:
            left_out.append(skipped(customer.party.id, error))
            continue
        left_out += billed.skipped
        if billed.changes is not None:
            changes.append(billed.changes)
    for stranger in sorted(facts.strangers, key=lambda s: s.id):
        left_out += strangers.left_out(facts, stranger, policy=policy, period=period, as_of=as_of)
    return Plan(tuple(changes), tuple(left_out))


def plan_suppliers(facts: Facts, *, as_of: datetime, period: Period) -> Plan:
    """Decide what every payee is paid for *period*; the second half of a run."""
    labels = labels_of(facts)
    return plan_payouts(
        facts.suppliers, period=period, as_of=as_of, actor="billing run", labels=labels
    )


def _after(facts: Facts, planned: Iterable[Changes]) -> Facts:
    """Return *facts* of customers as they would be once *planned* is committed."""
    by_customer: dict[str, list[Changes]] = {}
    for changes in planned:
        by_customer.setdefault(dict(changes.request.arguments)["customer"], []).append(changes)
    customers = tuple(_customer_after(c, by_customer.get(c.party.id, ())) for c in facts.customers)
    return attrs.evolve(facts, customers=customers)


def _customer_after(facts: CustomerFacts, planned: Iterable[Changes]) -> CustomerFacts:
    for changes in planned:
        held, records = facts.contracts, changes.records
        facts = attrs.evolve(
            facts,
            packages=_moved(Package, facts.packages, records),
            contracts=attrs.evolve(
                held,
                subscriptions=_moved(Subscription, held.subscriptions, records),
                rate_plans=_moved(RatePlan, held.rate_plans, records),
                snapshots=_moved(Snapshot, held.snapshots, records),
            ),
            grants=_moved(Grant, facts.grants, records),
            invoices=_moved(Invoice, facts.invoices, records),
            payments=_moved(Payment, facts.payments, records),
            journals={**facts.journals, **{j.id: j for j in changes.journals}},
            credit_notes=(
                *facts.credit_notes,
                *(r for r in changes.records if isinstance(r, CreditNote)),
            ),
            posted=facts.posted | {j.event for j in changes.journals if j.event is not None},
        )
    return facts


def _moved(
    kind: type[R], read: tuple[Versioned[R], ...], records: Iterable[Record]
) -> tuple[Versioned[R], ...]:
    """Return *read* as it would be read once *records* are stored, new ones included."""
    newest = {record.id: record for record in records if isinstance(record, kind)}
    known = {v.record.id for v in read}
    return (
        *(
            Versioned(newest[v.record.id], v.version + 1) if v.record.id in newest else v
            for v in read
        ),
        *(Versioned(record, 1) for id, record in newest.items() if id not in known),
    )


def _after_payouts(facts: Facts, planned: Iterable[Changes]) -> Facts:
    paid: dict[tuple[str, str], list[Payout]] = {}
    records = (record for changes in planned for record in changes.records)
    for payout in (record for record in records if isinstance(record, Payout)):
        paid.setdefault((payout.role, payout.supplier), []).append(payout)
    return attrs.evolve(
        facts,
        suppliers=tuple(
            attrs.evolve(s, payouts=(*s.payouts, *paid.get((s.party.role, s.party.id), ())))
            for s in facts.suppliers
        ),
    )
