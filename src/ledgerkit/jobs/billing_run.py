"""Billing run: read the facts, let the domain decide, commit each decision, print the documents.

Killed anywhere and run again, it goes on where it stopped: what was committed is found, and what
was decided twice has the same key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from functools import partial

import attrs

from ledgerkit.documents.builders import Letterhead
from ledgerkit.domain.billing_run import (
    BILLING_CYCLE,
    OPEN,
    BillingCycle,
    Facts,
    Month,
    Policy,
    begin,
    bill,
    check_begun,
    cycle_id,
    is_over,
    opening_events,
    periods_due,
    plan_billing_run,
    plan_customers,
    plan_suppliers,
    take_over,
)
from ledgerkit.domain.changes import Changes, Plan, Skipped, Stale, Versioned
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Journal, TrialBalance, trial_balance
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import CalendarCycle, Cycle, Period, local_date
from ledgerkit.domain.statements import (
    MonthSummary,
    PackageLedger,
    month_summary,
    of_period,
    package_ledgers,
    trial_balance_after,
)
from ledgerkit.jobs import steps
from ledgerkit.jobs.billing_facts import (
    books_closed_before,
    books_opened_on,
    issued_in,
    journals_of,
    known_records,
    newest_of,
    packages_after,
    read_facts,
    without_work,
)
from ledgerkit.jobs.documents import Printed, print_documents
from ledgerkit.jobs.plans import carry_out
from ledgerkit.jobs.rounds import ROUNDS


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
    await _unless_closed(asked, await steps.now())
    plan = await decide_month(asked)
    sides = trial_balance_after(await steps.balances(), journals_of(plan.changes))
    packages = await packages_after(plan.changes)
    return _report(asked, plan.changes, plan.skipped, packages, sides)


async def month_to_date(asked: Asked) -> MonthSummary:
    """Return what the period amounts to so far: what is posted of it, and what a run would add.

    (seed 000: month-to-date summary; spec: billing 5)
    """
    zone = asked.month.business.zone
    changes = (await decide_month(asked)).changes
    journals: list[Journal] = []
    seen = 0
    while page := await steps.journals(after=seen):
        journals += of_period(page, asked.period, zone=zone)
        seen = page[-1].sequence
    journals += of_period(journals_of(changes), asked.period, zone=zone)
    return month_summary(journals, packages=await packages_after(changes))


async def run_month(asked: Asked) -> RunReport:
    """Bill a month: take over what is new, bill customers, pay suppliers and owners, print.

    Each decision is committed alone; one that the books refuse is reported and stops nobody.
    Run again, it finds nothing new, and says so.

    Raises:
        IllegalTransition: the period's billing cycle is closed.
        PeriodNotBegun: it lies ahead.
    """
    at = await steps.now()
    if await _unless_closed(asked, at) is None:
        await steps.commit(begin(asked.cycle, asked.period, at=at))
    opened_on = await books_opened_on(asked.period)
    taken = await carry_out(partial(_taking_over, asked, opened_on, at))
    # Who could not be taken over is not billed: a package that is not there would cover nothing.
    refused = frozenset(s.subject for s in taken.refused)
    billed = await carry_out(partial(_billing, asked, opened_on, at, refused))
    paid = await carry_out(partial(_paying, asked, opened_on, at))
    done = (*taken.done, *billed.done, *paid.done)
    printed = Printed() if asked.head is None else await print_documents(asked.head, at)
    # Last: a run killed before this is run again by whoever bills what is due.
    await _mark_billed(asked, at, anything=bool(done))
    left_out = (*taken.left_out, *billed.left_out, *paid.left_out, *printed.skipped)
    balances = trial_balance(await steps.balances())
    report = _report(asked, done, left_out, await packages_after(()), balances)
    return attrs.evolve(report, documents=printed.keys)


async def run_due(asked: Asked) -> tuple[RunReport, ...]:
    """Bill every closed period that no run has billed, oldest first, and what is due since.

    *asked* names the first period of the books; who runs this daily bills each period once, on
    the first day after it, and contracts with other days on those. Of the period that lasts, only
    contracts are billed. (spec: billing C-1)
    """
    at, zone = await steps.now(), asked.month.business.zone
    cycles = [v.record for v in await steps.find_all(BillingCycle)]
    periods = periods_due(asked.cycle, cycles, first=asked.period, zone=zone, as_of=at)
    reports = [await run_month(attrs.evolve(asked, period=one)) for one in periods]
    current = asked.cycle.containing(local_date(at, zone))
    if asked.period.start <= current.start:
        report = await _run_contracts(attrs.evolve(asked, period=current), at)
        reports += [report] if report.committed or report.skipped else []
    return tuple(reports)


async def _run_contracts(asked: Asked, at: datetime) -> RunReport:
    """Bill what contracts charge in a period that lasts; sessions and work wait for its end."""
    await _unless_closed(asked, at)
    opened_on = await books_opened_on(asked.period)
    # A session that nobody tells of stays as it is.
    waiting = attrs.evolve(asked, month=attrs.evolve(asked.month, sessions=()))
    billed = await carry_out(partial(_billing, waiting, opened_on, at, work=False))
    printed = Printed() if asked.head is None else await print_documents(asked.head, at)
    balances = trial_balance(await steps.balances())
    left_out = (*billed.left_out, *printed.skipped)
    report = _report(asked, billed.done, left_out, await packages_after(()), balances)
    return attrs.evolve(report, documents=printed.keys)


# ---- deciding --------------------------------------------------------------------------------
async def decide_month(asked: Asked) -> Plan:
    """Decide all that a run would commit, each decision on top of those before it."""
    at = await steps.now()
    opened_on = await books_opened_on(asked.period)
    taken = await _taking_over(asked, opened_on, at)
    facts = await _facts(asked, opened_on, at, taken.changes)
    plan = plan_billing_run(facts, policy=asked.policy, as_of=at, period=asked.period)
    return Plan((*taken.changes, *plan.changes), (*taken.skipped, *plan.skipped))


async def _taking_over(asked: Asked, opened_on: date, at: datetime) -> Plan:
    booked = await steps.posted_events(opening_events(asked.month))
    return take_over(
        asked.month,
        await known_records(),
        opened_on=opened_on,
        policy=asked.policy,
        at=at,
        booked=booked.values(),
        closed_before=await books_closed_before(asked.month.business.zone),
        cycle=asked.cycle,
    )


async def _billing(
    asked: Asked,
    opened_on: date,
    at: datetime,
    without: Collection[str] = (),
    *,
    work: bool = True,
) -> Plan:
    facts = await _facts(asked, opened_on, at)
    told = tuple(c for c in facts.customers if c.party.id not in without)
    facts = attrs.evolve(facts, customers=told)
    if not work:
        facts = without_work(facts)
    return plan_customers(facts, policy=asked.policy, as_of=at, period=asked.period)


async def _paying(asked: Asked, opened_on: date, at: datetime) -> Plan:
    facts = await _facts(asked, opened_on, at)
    return plan_suppliers(facts, as_of=at, period=asked.period)


async def _facts(
    asked: Asked, opened_on: date, at: datetime, planned: tuple[Changes, ...] = ()
) -> Facts:
    return await read_facts(
        asked.month, asked.period, cycle=asked.cycle, opened_on=opened_on, at=at, planned=planned
    )


async def _unless_closed(asked: Asked, at: datetime) -> Versioned[BillingCycle] | None:
    check_begun(asked.period, zone=asked.month.business.zone, at=at)
    read = await steps.load(BillingCycle, cycle_id(asked.cycle.kind, asked.period))
    if read is not None:
        BILLING_CYCLE.after(read.record.status, "bill")
    return read


async def _mark_billed(asked: Asked, at: datetime, *, anything: bool) -> None:
    id = cycle_id(asked.cycle.kind, asked.period)
    for _ in range(ROUNDS):
        read = await steps.load(BillingCycle, id)
        zone, period = asked.month.business.zone, asked.period
        settled = read is not None and read.record.status != OPEN
        if not anything and (settled or not is_over(period, zone=zone, at=at)):
            return
        try:
            changes = bill(read, kind=asked.cycle.kind, period=period, zone=zone, at=at)
            await steps.commit(changes)
        except Stale:
            continue
        return


# ---- reporting -------------------------------------------------------------------------------
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
        invoices=issued_in(stored),
        credit_notes=newest_of(CreditNote, stored),
        payouts=newest_of(Payout, stored),
        summary=month_summary(journals_of(stored), packages=held),
        packages=package_ledgers(held, threshold=asked.policy.threshold),
        skipped=tuple(dict.fromkeys(left_out)),
        trial_balance=balance,
    )
