"""Billing facts: what a billing run looks at, of the books and of what the host knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import TypeVar

import attrs

from ledgerkit.domain.adjustments import APPLIED, Adjustment
from ledgerkit.domain.billing_run import (
    CLOSED,
    BillingCycle,
    Contracts,
    CustomerFacts,
    Facts,
    Month,
    Stranger,
    SupplierFacts,
    closed_before,
    events_wanted,
    journals_wanted,
    readings_wanted,
    strangers_of,
    with_planned,
)
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Changes, Record, Versioned
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.late_joiners import Enrolment
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import CUSTOMER, PAYEES, Party
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Cycle, Period, local_date
from ledgerkit.domain.pricing import PriceList
from ledgerkit.domain.rate_plans import RatePlan
from ledgerkit.domain.sessions import Match
from ledgerkit.domain.splits import Incentive
from ledgerkit.domain.subscriptions import Subscription
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.usage import Reading, Snapshot
from ledgerkit.jobs import steps

R = TypeVar("R", bound=Record)
T = TypeVar("T")
# What a takeover compares the host's facts with.
_KINDS: tuple[type[Record], ...] = (Party, Catalog, Match, Incentive, Package, Invoice)


async def known_records() -> tuple[Versioned[Record], ...]:
    """Read the records that the host's facts may be known as already."""
    known: list[Versioned[Record]] = []
    for kind in _KINDS:
        known += await steps.find_all(kind)
    return tuple(known)


async def books_opened_on(period: Period) -> date:
    """Return the first day of the books: the start of the first period ever begun."""
    cycles = await steps.find_all(BillingCycle)
    return min((period.start, *(v.record.period.start for v in cycles)))


async def books_closed_before(zone: str) -> datetime | None:
    """Return the instant before which the books are closed, or None."""
    closed = await steps.find_all(BillingCycle, status=CLOSED)
    return closed_before([v.record for v in closed], zone=zone)


async def packages_after(changes: Iterable[Changes]) -> tuple[Package, ...]:
    """Return all packages as they are once *changes* are stored."""
    held = {v.record.id: v.record for v in await steps.find_all(Package)}
    held.update((package.id, package) for package in newest_of(Package, changes))
    return tuple(held.values())


async def read_facts(
    month: Month,
    period: Period,
    *,
    cycle: Cycle,
    opened_on: date,
    at: datetime,
    planned: tuple[Changes, ...] = (),
) -> Facts:
    """Read what a run of *period* looks at, as it would be once *planned* takeovers are stored.

    Raises:
        PortMissing: a customer has a rate plan with meters, and the host no usage source.
    """
    facts = Facts(
        business=month.business,
        catalog=month.catalog,
        customers=await _customers(month, planned),
        suppliers=with_planned(await read_payees(month.parties), planned),
        incentives=month.incentives,
        cycle=cycle,
        opened_on=opened_on,
        closed_before=await books_closed_before(month.business.zone),
        price_lists={v.record.id: v.record for v in await steps.find_all(PriceList)},
    )
    facts = await _with_contracts(facts, month, period, at=at)
    customers = [await _ledger_facts(facts, c, period, planned) for c in facts.customers]
    return attrs.evolve(facts, customers=tuple(customers))


async def read_customer(
    month: Month, subscription: Versioned[Subscription], *, cycle: Cycle, at: datetime
) -> Facts:
    """Read what a decision about *subscription* looks at: the documents and credit of its customer.

    The customer is among the facts if *month* tells of it.
    """
    id = subscription.record.customer
    invoices = await steps.find_all(Invoice, party=id)
    notes = await steps.find_all(CreditNote, party=id)
    payments = await steps.find_all(Payment, party=id)
    grants = await steps.find_all(Grant, party=id)
    told = (party for party in month.parties if (party.role, party.id) == (CUSTOMER, id))
    return Facts(
        business=month.business,
        catalog=month.catalog,
        customers=tuple(
            CustomerFacts(
                party=party,
                matches=(),
                sessions=(),
                invoices=invoices,
                credit_notes=tuple(v.record for v in notes),
                payments=payments,
                contracts=Contracts(subscriptions=(subscription,)),
                grants=grants,
                coupons=month.coupons.get(id, ()),
                taxes=month.taxes.get(id),
            )
            for party in told
        ),
        cycle=cycle,
        opened_on=local_date(at, month.business.zone),
    )


async def _customers(month: Month, planned: tuple[Changes, ...]) -> tuple[CustomerFacts, ...]:
    """Read what is known of customers, and what *planned* takeovers sell and bring in."""
    held = *(await steps.find_all(Package)), *_as_new(Package, planned)
    packages = _grouped(held, lambda v: v.record.customer)
    issued = *(await steps.find_all(Invoice)), *_as_new(Invoice, planned)
    invoices = _grouped(issued, lambda v: v.record.customer)
    notes = _grouped(await steps.find_all(CreditNote), lambda v: v.record.customer)
    payments = _grouped(await steps.find_all(Payment), lambda v: v.record.customer)
    matches = _grouped(month.matches, lambda match: match.customer)
    sessions = _grouped(month.sessions, lambda session: session.match)
    return tuple(
        CustomerFacts(
            party=party,
            matches=matches[party.id],
            sessions=tuple(s for match in matches[party.id] for s in sessions[match.id]),
            packages=packages[party.id],
            invoices=invoices[party.id],
            credit_notes=tuple(v.record for v in notes[party.id]),
            payments=payments[party.id],
            coupons=month.coupons.get(party.id, ()),
            taxes=month.taxes.get(party.id),
        )
        for party in month.parties
        if party.role == CUSTOMER
    )


async def _with_contracts(facts: Facts, month: Month, period: Period, *, at: datetime) -> Facts:
    """Read what is charged beside sessions: contracts, what meters say, and work that is done."""
    subscriptions = _grouped(await steps.find_all(Subscription), lambda v: v.record.customer)
    plans = await steps.find_all(RatePlan)
    enrolments = _grouped(await steps.find_all(Enrolment), lambda v: v.record.customer)
    # Corrections last: what a completion shows of one, its record must show, too.
    completions = _grouped(await steps.find_all(Completion), lambda v: v.record.customer)
    corrections = _grouped(await _applied(), lambda each: each.customer)
    named = {*subscriptions, *(v.record.customer for v in plans), *enrolments, *completions}
    snapshots = await steps.find_all(Snapshot)
    grants = _grouped(await steps.find_all(Grant), lambda v: v.record.customer)
    wanted = readings_wanted(
        [v.record for v in plans], [v.record for v in snapshots], period=period, as_of=at
    )
    said: list[Reading] = []
    for each in wanted:
        said += await steps.usage(
            each.meter, period=each.period, zone=each.zone, customers=each.customers
        )
    readings = _grouped(said, lambda reading: reading.customer)
    plans_of = _grouped(plans, lambda v: v.record.customer)
    used = _grouped(snapshots, lambda v: v.record.customer)

    def contracts(id: str) -> Contracts:
        return Contracts(
            subscriptions=subscriptions[id],
            rate_plans=plans_of[id],
            enrolments=enrolments[id],
            snapshots=used[id],
            readings=readings[id],
        )

    customers = tuple(
        attrs.evolve(
            customer,
            contracts=contracts(customer.party.id),
            grants=grants[customer.party.id],
            completions=completions[customer.party.id],
            adjustments=corrections[customer.party.id],
        )
        for customer in facts.customers
    )
    strangers = [
        attrs.evolve(
            await _stranger(id, contracts(id)),
            completions=completions[id],
            adjustments=corrections[id],
        )
        for id in strangers_of(named, month.parties)
    ]
    return attrs.evolve(facts, customers=customers, strangers=tuple(strangers))


async def _stranger(id: str, contracts: Contracts) -> Stranger:
    return Stranger(
        id=id,
        contracts=contracts,
        invoices=await steps.find_all(Invoice, party=id),
        credit_notes=tuple(v.record for v in await steps.find_all(CreditNote, party=id)),
    )


async def _applied() -> tuple[Adjustment, ...]:
    return tuple(v.record for v in await steps.find_all(Adjustment, status=APPLIED))


async def read_payees(parties: Iterable[Party]) -> tuple[SupplierFacts, ...]:
    """Read what a payout looks at of those of *parties* that are paid: suppliers and owners."""
    payouts = _grouped(await steps.find_all(Payout), lambda v: v.record.wallet)
    payees = [
        SupplierFacts(
            party=party,
            entries=await steps.entries(party.wallet),
            payouts=tuple(v.record for v in payouts[party.wallet]),
            # Last: what the entries show of a transfer, its record must show, too.
            transfers=tuple(
                v.record
                for v in await steps.find_all(Transfer, party=party.id)
                if v.record.role == party.role
            ),
        )
        for party in parties
        if party.role in PAYEES
    ]
    return tuple(payees)


def _as_new(kind: type[R], planned: Iterable[Changes]) -> Iterable[Versioned[R]]:
    return (Versioned(record, 1) for record in newest_of(kind, planned))


async def _ledger_facts(
    facts: Facts, customer: CustomerFacts, period: Period, planned: tuple[Changes, ...]
) -> CustomerFacts:
    events = events_wanted(facts, customer, period)
    booked = await steps.posted_events(events) if events else {}
    ahead = {journal.id: journal for journal in journals_of(planned)}
    claimed = (journal.event for journal in ahead.values() if journal.event in events)
    customer = attrs.evolve(customer, posted=frozenset((*booked, *claimed)))
    journals = {}
    for id in sorted(journals_wanted(customer, facts, period)):
        if id in ahead:
            journals[id] = ahead[id]
        elif (posted := await steps.journal(id)) is not None:
            journals[id] = posted.journal
    return attrs.evolve(customer, journals=journals)


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> Mapping[str, tuple[T, ...]]:
    """Return *items* by *key*, in order; whoever has none has an empty tuple."""
    lists = defaultdict[str, list[T]](list)
    for item in items:
        lists[key(item)].append(item)
    return defaultdict(tuple, {name: tuple(many) for name, many in lists.items()})


def without_work(facts: Facts) -> Facts:
    """Return *facts* without the work that was done."""
    return attrs.evolve(
        facts,
        customers=tuple(attrs.evolve(c, completions=()) for c in facts.customers),
        strangers=tuple(attrs.evolve(s, completions=()) for s in facts.strangers),
    )


def issued_in(changes: Iterable[Changes]) -> tuple[Invoice, ...]:
    """Return the invoices that *changes* issue, in order, as they leave them.

    Those of which only the status moves are none: no number is drawn for them.
    """
    many = tuple(changes)
    drawn = {draw.record for one in many for draw in one.draws}
    return tuple(invoice for invoice in newest_of(Invoice, many) if invoice.id in drawn)


def journals_of(changes: Iterable[Changes]) -> Iterable[Journal]:
    """Return the journals of *changes*, in order."""
    return (journal for one in changes for journal in one.journals)


def newest_of(kind: type[R], changes: Iterable[Changes]) -> tuple[R, ...]:
    """Return the newest version of each record of *kind* in *changes*, in order."""
    newest = {r.id: r for one in changes for r in one.records if isinstance(r, kind)}
    return tuple(newest.values())
