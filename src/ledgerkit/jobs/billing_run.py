"""Billing run: read the facts, let the domain decide, commit each decision, print the documents.

Killed anywhere and run again, it goes on where it stopped: what was committed is found, and what
was decided twice has the same key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import TypeVar

import attrs

from ledgerkit.documents.builders import Letterhead
from ledgerkit.domain.billing_run import (
    BILLING_CYCLE,
    CLOSED,
    BillingCycle,
    CustomerFacts,
    Facts,
    Month,
    Policy,
    SupplierFacts,
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
)
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import (
    Changes,
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
from ledgerkit.domain.ledger import Journal, TrialBalance, trial_balance
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
    package_ledgers,
    trial_balance_after,
)
from ledgerkit.jobs import steps
from ledgerkit.jobs.documents import print_documents

R = TypeVar("R", bound=Record)
ROUNDS = 5  # how often a decision whose base moved is made again before it is reported


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
    """Decide a month without storing anything: the summary a run would end with."""
    at = await steps.now()
    await _refuse_closed(asked)
    taken, opened_on = await _takeover(asked, at)
    facts = await _facts(asked, opened_on, _new(Package, taken.changes))
    plan = plan_billing_run(facts, policy=asked.policy, as_of=at, period=asked.period)
    changes = (*taken.changes, *plan.changes)
    sides = trial_balance_after(await steps.balances(), _journals(changes))
    held = {v.record.id: v.record for v in await steps.find_all(Package)}
    held.update((p.id, p) for p in _new(Package, changes))
    return _report(asked, changes, (*taken.skipped, *plan.skipped), held.values(), sides)


async def run_month(asked: Asked) -> RunReport:
    """Bill a month: take over what is new, bill customers, pay suppliers, print documents.

    Each decision is committed alone; one that the books refuse is reported and stops nobody.
    Run again, it finds nothing new, and says so.

    Raises:
        IllegalTransition: the period's billing cycle is closed.
    """
    at = await steps.now()
    await _refuse_closed(asked)
    taken, opened_on = await _takeover(asked, at)
    done, left_out = await _commit_each(taken.changes)
    # Who could not be taken over is not billed: a package that is not there would cover nothing.
    asked = _without(asked, {s.subject for s in left_out})
    left_out = (*taken.skipped, *left_out)
    for _ in range(ROUNDS):
        facts = await _facts(asked, opened_on)
        plan = plan_customers(facts, policy=asked.policy, as_of=at, period=asked.period)
        billed, refused = await _commit_each(plan.changes)
        done = (*done, *billed)
        if not any(s.code == Stale.code for s in refused):
            break
    left_out = (*left_out, *plan.skipped, *refused)
    facts = await _facts(asked, opened_on)
    paid, refused = await _commit_each(plan_suppliers(facts, as_of=at, period=asked.period))
    done, left_out = (*done, *paid), (*left_out, *refused)
    await _mark_billed(asked, at, anything=bool(done))
    printed = () if asked.head is None else await print_documents(asked.head, asked.period, at)
    held = [v.record for v in await steps.find_all(Package)]
    balances = await steps.balances()
    report = _report(asked, done, left_out, held, trial_balance(balances))
    return attrs.evolve(report, documents=printed)


async def _takeover(asked: Asked, at: datetime) -> tuple[Plan, date]:
    kinds: tuple[type[Record], ...] = (Party, Catalog, Match, Incentive, Package, Invoice)
    known: list[Versioned[Record]] = []
    for kind in kinds:
        known += await steps.find_all(kind)
    opened_on = await _opened_on(asked)
    booked = await steps.posted_events(opening_events(asked.month))
    plan = take_over(
        asked.month,
        known,
        opened_on=opened_on,
        policy=asked.policy,
        at=at,
        booked=booked.values(),
    )
    return plan, opened_on


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


async def _refuse_closed(asked: Asked) -> None:
    read = await steps.load(BillingCycle, cycle_id(asked.cycle.kind, asked.period))
    if read is not None:
        BILLING_CYCLE.after(read.record.status, "bill")


async def _closed_before(asked: Asked) -> datetime | None:
    closed = await steps.find_all(BillingCycle, status=CLOSED)
    return closed_before([v.record for v in closed], zone=asked.month.business.zone)


async def _opened_on(asked: Asked) -> date:
    """Return the first day of the books: the start of the first period ever billed."""
    cycles = await steps.find_all(BillingCycle)
    return min((asked.period.start, *(v.record.period.start for v in cycles)))


async def _facts(asked: Asked, opened_on: date, planned: Iterable[Package] = ()) -> Facts:
    month = asked.month
    stored = await steps.find_all(Package)
    packages = (*stored, *(Versioned(package, 1) for package in planned))
    invoices = [v.record for v in await steps.find_all(Invoice)]
    notes = [v.record for v in await steps.find_all(CreditNote)]
    payouts = [v.record for v in await steps.find_all(Payout)]
    suppliers = [
        SupplierFacts(
            party=party,
            entries=await steps.entries(party.wallet),
            payouts=tuple(p for p in payouts if p.supplier == party.id),
        )
        for party in month.parties
        if party.role == SUPPLIER
    ]
    facts = Facts(
        business=month.business,
        catalog=month.catalog,
        customers=tuple(
            CustomerFacts(
                party=party,
                matches=tuple(m for m in month.matches if m.customer == party.id),
                sessions=(),
                packages=tuple(v for v in packages if v.record.customer == party.id),
                invoices=tuple(i for i in invoices if i.customer == party.id),
                credit_notes=tuple(n for n in notes if n.customer == party.id),
            )
            for party in month.parties
            if party.role == CUSTOMER
        ),
        suppliers=tuple(suppliers),
        incentives=month.incentives,
        cycle=asked.cycle,
        opened_on=opened_on,
        closed_before=await _closed_before(asked),
    )
    customers = [await _ledger_facts(facts, c, asked) for c in facts.customers]
    return attrs.evolve(facts, customers=tuple(customers))


async def _ledger_facts(facts: Facts, customer: CustomerFacts, asked: Asked) -> CustomerFacts:
    matches = {match.id for match in customer.matches}
    customer = attrs.evolve(
        customer, sessions=tuple(s for s in asked.month.sessions if s.match in matches)
    )
    journals = {}
    for id in sorted(journals_wanted(customer)):
        posted = await steps.journal(id)
        if posted is not None:
            journals[id] = posted.journal
    events = events_wanted(facts, customer, asked.period)
    booked = await steps.posted_events(events) if events else {}
    return attrs.evolve(customer, journals=journals, posted=frozenset(booked))


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
        if read is not None and not anything:
            return
        try:
            await steps.commit(bill(read, kind=asked.cycle.kind, period=asked.period, at=at))
        except Stale:
            continue
        return


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
