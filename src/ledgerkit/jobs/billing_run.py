"""Billing run: read the facts, let the domain decide, commit each decision, print the documents.

Killed anywhere and run again, it goes on where it stopped: what was committed is found, and what
was decided twice has the same key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from functools import partial
from typing import TypeVar

import attrs

from ledgerkit.documents.builders import Letterhead
from ledgerkit.domain.billing_run import (
    BILLING_CYCLE,
    CLOSED,
    OPEN,
    BillingCycle,
    CustomerFacts,
    Facts,
    Month,
    Policy,
    SupplierFacts,
    begin,
    bill,
    closed_before,
    cycle_id,
    events_wanted,
    journals_wanted,
    opening_events,
    periods_due,
    plan_billing_run,
    plan_customers,
    plan_suppliers,
    take_over,
    with_planned,
)
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import (
    Changes,
    KeyReused,
    Plan,
    Record,
    Skipped,
    Stale,
    Versioned,
    skipped,
)
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import EventAlreadyPosted, Journal, TrialBalance, trial_balance
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import CUSTOMER, SUPPLIER, Party
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import CalendarCycle, Cycle, Period
from ledgerkit.domain.sessions import Match
from ledgerkit.domain.splits import Incentive
from ledgerkit.domain.statements import (
    MonthSummary,
    PackageLedger,
    month_summary,
    of_period,
    package_ledgers,
    trial_balance_after,
)
from ledgerkit.jobs import steps
from ledgerkit.jobs.documents import Printed, print_documents
from ledgerkit.jobs.steps import Job

R = TypeVar("R", bound=Record)
T = TypeVar("T")
ROUNDS = 5  # how often a decision whose base moved is made again before it is reported
_OVERTAKEN = {Stale.code, KeyReused.code, EventAlreadyPosted.code}  # another run got there first


@attrs.frozen(kw_only=True)
class RunReport:
    """What a run did, or a preview would do.

    Attributes:
        period: The period billed.
        committed: How many decisions were stored; in a preview, would be.
        invoices: Invoices issued, with their numbers; a preview has none.
        credit_notes: Credit notes issued.
        payouts: Payouts generated.
        summary: What the journals of the run amount to.
        packages: All package ledgers, as they are after the run.
        skipped: Who was left out, and why.
        trial_balance: The two sides of the books, by currency.
        documents: Keys of the documents stored by this run.
    """

    period: Period
    committed: int
    invoices: tuple[Invoice, ...]
    credit_notes: tuple[CreditNote, ...]
    payouts: tuple[Payout, ...]
    summary: MonthSummary
    packages: tuple[PackageLedger, ...]
    skipped: tuple[Skipped, ...]
    trial_balance: tuple[TrialBalance, ...]
    documents: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Asked:
    """What a run is asked for.

    Attributes:
        month: The host's facts.
        period: The period to bill.
        policy: How the business bills.
        cycle: How time is cut into periods.
        head: The letterhead of documents, or None to print none.
    """

    month: Month
    period: Period
    policy: Policy
    cycle: Cycle = attrs.field(factory=CalendarCycle)
    head: Letterhead | None = None


async def preview_month(asked: Asked) -> RunReport:
    """Decide a month without storing anything: the summary a run would end with.

    Raises:
        IllegalTransition: the period's billing cycle is closed.
    """
    at = await steps.now()
    await _unless_closed(asked)
    changes, left_out = await _decide(asked, at)
    sides = trial_balance_after(await steps.balances(), _journals(changes))
    return _report(asked, changes, left_out, await _packages_after(changes), sides)


async def month_to_date(asked: Asked) -> MonthSummary:
    """Return what the period amounts to so far: what is posted of it, and what a run would add.

    (seed 000: month-to-date summary; spec: billing 5)
    """
    zone = asked.month.business.zone
    changes, _ = await _decide(asked, await steps.now())
    journals: list[Journal] = []
    seen = 0
    while page := await steps.journals(after=seen):
        journals += of_period(page, asked.period, zone=zone)
        seen = page[-1].sequence
    journals += of_period(_journals(changes), asked.period, zone=zone)
    return month_summary(journals, packages=await _packages_after(changes))


async def run_month(asked: Asked) -> RunReport:
    """Bill a month: take over what is new, bill customers, pay suppliers, print documents.

    Each decision is committed alone; one that the books refuse is reported and stops nobody.
    Run again, it finds nothing new, and says so.

    Raises:
        IllegalTransition: the period's billing cycle is closed.
    """
    at = await steps.now()
    if await _unless_closed(asked) is None:
        await steps.commit(begin(asked.cycle, asked.period, at=at))
    opened_on = await _opened_on(asked)
    taken = await _carry_out(partial(_taking_over, asked, opened_on, at))
    # Who could not be taken over is not billed: a package that is not there would cover nothing.
    asked = _without(asked, {s.subject for s in taken.refused})
    billed = await _carry_out(partial(_billing, asked, opened_on, at))
    paid = await _carry_out(partial(_paying, asked, opened_on, at))
    done = (*taken.done, *billed.done, *paid.done)
    await _mark_billed(asked, at, anything=bool(done))
    printed = Printed() if asked.head is None else await print_documents(asked.head, at)
    left_out = (*taken.left_out, *billed.left_out, *paid.left_out, *printed.skipped)
    balances = trial_balance(await steps.balances())
    report = _report(asked, done, left_out, await _packages_after(()), balances)
    return attrs.evolve(report, documents=printed.keys)


async def run_due(asked: Asked) -> tuple[RunReport, ...]:
    """Bill every closed period that no run has billed, oldest first, up to now.

    *asked* names the first period of the books; who runs this daily bills each period once, on
    the first day after it. (spec: billing C-1)
    """
    cycles = [v.record for v in await steps.find_all(BillingCycle)]
    periods = periods_due(
        asked.cycle,
        cycles,
        first=asked.period,
        zone=asked.month.business.zone,
        as_of=await steps.now(),
    )
    return tuple([await run_month(attrs.evolve(asked, period=one)) for one in periods])


# ---- deciding --------------------------------------------------------------------------------
async def _decide(asked: Asked, at: datetime) -> tuple[tuple[Changes, ...], tuple[Skipped, ...]]:
    """Decide all that a run would commit, each decision on top of those before it."""
    opened_on = await _opened_on(asked)
    taken = await _taking_over(asked, opened_on, at)
    facts = await _facts(asked, opened_on, taken.changes)
    plan = plan_billing_run(facts, policy=asked.policy, as_of=at, period=asked.period)
    return (*taken.changes, *plan.changes), (*taken.skipped, *plan.skipped)


async def _taking_over(asked: Asked, opened_on: date, at: datetime) -> Plan:
    kinds: tuple[type[Record], ...] = (Party, Catalog, Match, Incentive, Package, Invoice)
    known: list[Versioned[Record]] = []
    for kind in kinds:
        known += await steps.find_all(kind)
    booked = await steps.posted_events(opening_events(asked.month))
    return take_over(
        asked.month,
        known,
        opened_on=opened_on,
        policy=asked.policy,
        at=at,
        booked=booked.values(),
        closed_before=await _closed_before(asked),
        cycle=asked.cycle,
    )


async def _billing(asked: Asked, opened_on: date, at: datetime) -> Plan:
    facts = await _facts(asked, opened_on)
    return plan_customers(facts, policy=asked.policy, as_of=at, period=asked.period)


async def _paying(asked: Asked, opened_on: date, at: datetime) -> Plan:
    facts = await _facts(asked, opened_on)
    return Plan(plan_suppliers(facts, as_of=at, period=asked.period))


# ---- reading ---------------------------------------------------------------------------------
async def _unless_closed(asked: Asked) -> Versioned[BillingCycle] | None:
    read = await steps.load(BillingCycle, cycle_id(asked.cycle.kind, asked.period))
    if read is not None:
        BILLING_CYCLE.after(read.record.status, "bill")
    return read


async def _closed_before(asked: Asked) -> datetime | None:
    closed = await steps.find_all(BillingCycle, status=CLOSED)
    return closed_before([v.record for v in closed], zone=asked.month.business.zone)


async def _opened_on(asked: Asked) -> date:
    """Return the first day of the books: the start of the first period ever begun."""
    cycles = await steps.find_all(BillingCycle)
    return min((asked.period.start, *(v.record.period.start for v in cycles)))


async def _packages_after(changes: Iterable[Changes]) -> tuple[Package, ...]:
    """Return all packages as they are once *changes* are stored."""
    held = {v.record.id: v.record for v in await steps.find_all(Package)}
    held.update((package.id, package) for package in _new(Package, changes))
    return tuple(held.values())


async def _facts(asked: Asked, opened_on: date, planned: tuple[Changes, ...] = ()) -> Facts:
    """Read what a run looks at, as it would be once *planned* takeovers are stored."""
    facts = Facts(
        business=asked.month.business,
        catalog=asked.month.catalog,
        customers=await _customers(asked.month, _new(Package, planned)),
        suppliers=with_planned(await _suppliers(asked.month), planned),
        incentives=asked.month.incentives,
        cycle=asked.cycle,
        opened_on=opened_on,
        closed_before=await _closed_before(asked),
    )
    customers = [await _ledger_facts(facts, c, asked.period) for c in facts.customers]
    return attrs.evolve(facts, customers=tuple(customers))


async def _customers(month: Month, planned: Iterable[Package]) -> tuple[CustomerFacts, ...]:
    stored = await steps.find_all(Package)
    packages = _grouped(
        (*stored, *(Versioned(package, 1) for package in planned)), lambda v: v.record.customer
    )
    invoices = _grouped(await steps.find_all(Invoice), lambda v: v.record.customer)
    notes = _grouped(await steps.find_all(CreditNote), lambda v: v.record.customer)
    matches = _grouped(month.matches, lambda match: match.customer)
    sessions = _grouped(month.sessions, lambda session: session.match)
    return tuple(
        CustomerFacts(
            party=party,
            matches=matches[party.id],
            sessions=tuple(s for match in matches[party.id] for s in sessions[match.id]),
            packages=packages[party.id],
            invoices=tuple(v.record for v in invoices[party.id]),
            credit_notes=tuple(v.record for v in notes[party.id]),
        )
        for party in month.parties
        if party.role == CUSTOMER
    )


async def _suppliers(month: Month) -> tuple[SupplierFacts, ...]:
    payouts = _grouped(await steps.find_all(Payout), lambda v: v.record.supplier)
    suppliers = [
        SupplierFacts(
            party=party,
            entries=await steps.entries(party.wallet),
            payouts=tuple(v.record for v in payouts[party.id]),
        )
        for party in month.parties
        if party.role == SUPPLIER
    ]
    return tuple(suppliers)


async def _ledger_facts(facts: Facts, customer: CustomerFacts, period: Period) -> CustomerFacts:
    journals = {}
    for id in sorted(journals_wanted(customer, facts, period)):
        posted = await steps.journal(id)
        if posted is not None:
            journals[id] = posted.journal
    events = events_wanted(facts, customer, period)
    booked = await steps.posted_events(events) if events else {}
    return attrs.evolve(customer, journals=journals, posted=frozenset(booked))


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> Mapping[str, tuple[T, ...]]:
    """Return *items* by *key*, in order; whoever has none has an empty tuple."""
    lists = defaultdict[str, list[T]](list)
    for item in items:
        lists[key(item)].append(item)
    return defaultdict(tuple, {name: tuple(many) for name, many in lists.items()})


# ---- committing ------------------------------------------------------------------------------
@attrs.frozen
class _CarriedOut:
    """What was stored of a plan, numbers filled in, what was refused, and all who are left out."""

    done: tuple[Changes, ...]
    refused: tuple[Skipped, ...]
    left_out: tuple[Skipped, ...]


async def _carry_out(decide: Callable[[], Job[Plan]]) -> _CarriedOut:
    """Decide and commit each decision alone, and again while others got there first."""
    done: tuple[Changes, ...] = ()
    for _ in range(ROUNDS):
        plan = await decide()
        stored, refused = await _commit_each(plan.changes)
        done = (*done, *stored)
        if not any(s.code in _OVERTAKEN for s in refused):
            break
    return _CarriedOut(done, refused, (*plan.skipped, *refused))


async def _commit_each(
    many: Iterable[Changes],
) -> tuple[tuple[Changes, ...], tuple[Skipped, ...]]:
    """Commit each of *many* alone; return those stored now, numbers filled in, and the refused."""
    done, refused = [], []
    for changes in many:
        try:
            committed = await steps.commit(changes)
        except LedgerkitError as error:
            arguments = dict(changes.request.arguments)
            named = (arguments.get(field) for field in ("party", "customer", "supplier"))
            refused.append(skipped(next(filter(None, named), changes.key), error))
            continue
        if not committed.replayed:
            done.append(committed.filled(changes))
    return tuple(done), tuple(refused)


def _without(asked: Asked, parties: Collection[str]) -> Asked:
    month = asked.month
    customers = tuple(p for p in month.parties if p.role != CUSTOMER or p.id not in parties)
    return attrs.evolve(asked, month=attrs.evolve(month, parties=customers))


async def _mark_billed(asked: Asked, at: datetime, *, anything: bool) -> None:
    id = cycle_id(asked.cycle.kind, asked.period)
    for _ in range(ROUNDS):
        read = await steps.load(BillingCycle, id)
        if read is not None and read.record.status != OPEN and not anything:
            return
        try:
            await steps.commit(bill(read, kind=asked.cycle.kind, period=asked.period, at=at))
        except Stale:
            continue
        return


# ---- reporting -------------------------------------------------------------------------------
def _journals(changes: Iterable[Changes]) -> Iterable[Journal]:
    return (journal for one in changes for journal in one.journals)


def _new(kind: type[R], changes: Iterable[Changes]) -> tuple[R, ...]:
    """Return the newest version of each record of *kind* in *changes*, in order."""
    newest = {r.id: r for one in changes for r in one.records if isinstance(r, kind)}
    return tuple(newest.values())


def _report(
    asked: Asked,
    changes: Iterable[Changes],
    left_out: Iterable[Skipped],
    packages: Iterable[Package],
    balance: tuple[TrialBalance, ...],
) -> RunReport:
    stored, held = tuple(changes), tuple(packages)
    return RunReport(
        period=asked.period,
        committed=len(stored),
        invoices=tuple(i for i in _new(Invoice, stored) if i.reference is None),
        credit_notes=_new(CreditNote, stored),
        payouts=_new(Payout, stored),
        summary=month_summary(_journals(stored), packages=held),
        packages=package_ledgers(held, threshold=asked.policy.threshold),
        skipped=tuple(dict.fromkeys(left_out)),
        trial_balance=balance,
    )
