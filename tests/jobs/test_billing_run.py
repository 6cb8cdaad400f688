"""Billing run: a month from the host's facts to documents, run again, raced and interrupted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerkit.adapters.csv_folder import read_folder
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.billing_run import BillingCycle, Month, begin, bill, close, cycle_id
from ledgerkit.domain.changes import Changes, Committed, changes_of, expect, request
from ledgerkit.domain.ledger import Limit, Wallet, period_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.packages import Package, redeem
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import FixedDaysCycle
from ledgerkit.domain.statements import MonthSummary
from ledgerkit.jobs.billing_run import (
    Asked,
    RunReport,
    month_to_date,
    preview_month,
    run_due,
    run_month,
)
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.verification import verify
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import changes, transfer
from ledgerkit.testing.simulator import (
    Fate,
    Killed,
    Rigged,
    crash_everywhere,
    interleave,
    killed_after,
    killed_before,
)
from tests.domain.billing_run.test_laws import AUTUMN, worlds
from tests.domain.billing_run.world import (
    DECEMBER_1,
    MATHS,
    MONTHLY,
    NOVEMBER,
    NOVEMBER_1,
    OCTOBER,
    OWNER,
    World,
    eur,
    package,
    session,
)
from tests.jobs.small_month import (
    ANA,
    ASKED,
    MONTH,
    NOVEMBER_3,
    Interrupted,
    asked,
    at,
    billed_host,
    corrected,
    kept,
    new_host,
    outcome,
    shown,
)

TUTORING = Path(__file__).parents[2] / "examples" / "data" / "tutoring"


def month_of(world: World) -> Month:
    """Return what the host of *world* knows."""
    return Month(
        business=OWNER,
        parties=(*world.customers, *world.suppliers),
        catalog=world.catalog,
        packages=tuple(world.store.history(Package, p.id)[0].record for p in world.all(Package)),
        matches=world.matches,
        incentives=world.incentives,
        sessions=world.sessions,
    )


def same(preview: RunReport, report: RunReport) -> None:
    """Assert that a preview says what the run did, numbers and documents apart."""
    drafts = tuple(attrs.evolve(invoice, number=None) for invoice in report.invoices)
    notes = tuple(attrs.evolve(note, number=None) for note in report.credit_notes)

    assert preview == attrs.evolve(report, invoices=drafts, credit_notes=notes, documents=())


def totals(report: RunReport) -> list[tuple[str | None, str, int]]:
    """Return (number, customer, total) of the invoices of *report*."""
    return [(i.number, i.customer, i.total.minor) for i in report.invoices]


def held(host: Host, wallet: str, currency: str = "EUR") -> int:
    """Return what *wallet* holds."""
    return host.store.balance(wallet, currency).posted


def sound(host: Host) -> None:
    """Assert that verification finds nothing."""
    assert () == run(verify(), host).problems


# ---- a month ---------------------------------------------------------------------------------
def test_a_month() -> None:
    """Takeovers, invoices and payouts of a month, with its summary.

    Ana: 3 of 4 sessions covered; Ben: 1 of 2; 30.00 a session and 3 x 5.00 on top for Tom.
    """
    host = new_host()
    report = run(run_month(ASKED), host)
    (total,) = report.summary.currencies

    assert [
        ("INV-2026-00001", "ana", 13_500),
        ("INV-2026-00002", "ana", 5_000),
        ("INV-2026-00003", "ben", 5_000),
    ] == totals(report)
    assert [("tom", eur("135")), ("una", eur("72"))] == [
        (payout.supplier, payout.total) for payout in report.payouts
    ]
    assert (6, 4, eur("100"), eur("180"), eur("280"), eur("195"), eur("15"), eur("85")) == (
        total.sessions,
        total.covered,
        total.charged,
        total.redeemed,
        total.revenue,
        total.payouts,
        total.incentives,
        total.margin,
    )
    assert (-22_300, -20_200, 13_500, 7_200) == tuple(
        held(host, wallet)
        for wallet in ("customer:ana", "customer:ben", "supplier:tom", "supplier:una")
    )
    assert [("p1", 0, True), ("p2", 0, True)] == [
        (each.package, each.remaining, each.low) for each in report.packages
    ]
    assert () == report.skipped
    assert 10 == report.committed
    sound(host)


def test_run_again_nothing_is_new() -> None:
    """A second run stores nothing and says so. (spec: billing 6)"""
    host = billed_host()
    before = shown(host)
    report = run(run_month(ASKED), host)

    assert (0, (), (), (), ()) == (
        report.committed,
        report.invoices,
        report.payouts,
        report.documents,
        report.summary.currencies,
    )
    assert before == shown(host)


def test_corrections_are_documents_of_their_own() -> None:
    """One un-approved: a credit note of 50.00; one approved late: 50.00 more. (spec: C-14)"""
    host = billed_host()
    report = run(run_month(corrected()), host)
    (note,), (invoice,) = report.credit_notes, report.invoices

    assert ("CN-2026-00001", "ana", eur("50")) == (note.number, note.customer, note.total)
    assert ("INV-2026-00004", "ben", 1) == (invoice.number, invoice.customer, invoice.part)
    assert [("una", 1, eur("30"))] == [(p.supplier, p.part, p.total) for p in report.payouts]
    assert [("p1", 1, 1), ("p2", 0, 0)] == [
        (each.package, each.remaining, each.returned) for each in report.packages
    ]
    assert (-17_300, -25_200) == (held(host, "customer:ana"), held(host, "customer:ben"))
    sound(host)


def test_what_was_taken_back_lowers_the_next_payout() -> None:
    """Tom gave back 65.00 of October; November pays what is left of its 60.00 and more."""
    host = billed_host()
    run(run_month(corrected()), host)
    sessions = (*corrected().month.sessions, *(session(n, n, month=11) for n in (11, 12, 13)))
    november = attrs.evolve(asked(sessions=sessions), period=NOVEMBER)
    at(host, DECEMBER_1)
    report = run(run_month(november), host)

    # s4 and s6 gave back 35.00 each; three sessions of 35.00, the first by the unit returned.
    assert [("tom", eur("35"))] == [(p.supplier, p.total) for p in report.payouts]
    sound(host)


def test_who_cannot_be_billed_is_named() -> None:
    """A session without a price leaves out its customer, and nobody else. (spec: billing 6)"""
    host = new_host()
    music = attrs.evolve(MONTH.matches[1], key=attrs.evolve(MATHS, service_line="music"))
    report = run(run_month(asked(matches=(MONTH.matches[0], music))), host)

    assert [("ben", "no_price")] == [(each.subject, each.code) for each in report.skipped]
    assert {"ana"} == {invoice.customer for invoice in report.invoices}
    sound(host)
    run(run_month(ASKED), host)
    assert -20_200 == held(host, "customer:ben")


def test_whom_nobody_told_of_is_named() -> None:
    """A session of an unknown match is not lost without a word."""
    report = run(run_month(asked(matches=MONTH.matches[:1])), new_host())

    assert [("m2", "unknown_match")] == [(each.subject, each.code) for each in report.skipped]


def limited(floor: int) -> Host:
    """Return a host on which Ana's wallet has a floor."""
    host = new_host()
    wallet = Wallet("customer:ana", (Limit("EUR", floor=floor),))
    host.store.commit(changes("limit", at=NOVEMBER_1, opens=(wallet,)))
    return host


def test_who_could_not_be_taken_over_is_not_billed() -> None:
    """Ana may owe 100.00, so her package for 135.00 is refused; without it she would be charged."""
    host = limited(-10_000)
    report = run(run_month(ASKED), host)

    assert [("ana", "insufficient_funds")] == [(s.subject, s.code) for s in report.skipped]
    assert [("INV-2026-00001", "ben", 5_000)] == totals(report)
    assert {"una"} == {payout.supplier for payout in report.payouts}
    assert -3_800 == held(host, "customer:ana")
    sound(host)


def test_who_would_owe_too_much_is_named_and_billed_later() -> None:
    """With a limit of 180.00 the package is sold, and the month waits until something is paid."""
    host = limited(-18_000)
    report = run(run_month(ASKED), host)
    assert [("ana", "insufficient_funds")] == [(s.subject, s.code) for s in report.skipped]
    assert {13_500, 5_000} == {total for _, _, total in totals(report)}

    pay(host, "ana", "50")
    again = run(run_month(ASKED), host)
    assert [("INV-2026-00003", "ana", 5_000)] == totals(again)
    assert ["tom"] == [payout.supplier for payout in again.payouts]
    sound(host)


def pay(host: Host, customer: str, major: str) -> None:
    """Let a customer pay."""
    paid = transfer(f"pay-{customer}", "cash:bank", f"customer:{customer}", eur(major).minor)
    opens = (Wallet("cash:bank"),)
    host.store.commit(changes("pay", journals=(paid,), opens=opens, at=NOVEMBER_1))


# ---- previews --------------------------------------------------------------------------------
def test_a_preview_is_what_the_run_does() -> None:
    """Summary, payouts, package ledgers, trial balance and all: law 8, openings included."""
    host = new_host()
    preview = run(preview_month(ASKED), host)

    same(preview, run(run_month(ASKED), host))


def test_a_preview_of_corrections() -> None:
    """What a second run would do is previewed alike."""
    host = billed_host()
    preview = run(preview_month(corrected()), host)

    same(preview, run(run_month(corrected()), host))


def test_a_preview_stores_nothing() -> None:
    """It performs no commit, and leaves books and documents as they were."""
    host = Rigged(billed_host())
    before = outcome(host.host)
    run(preview_month(corrected()), host)

    assert before == outcome(host.host)
    assert set() == {"commit", "commit_all", "put_document"} & set(host.names)


def test_the_tutoring_month() -> None:
    """The example's month: 714 sessions, one customer without a price, no difference anywhere."""
    facts = read_folder(TUTORING).facts
    assert facts is not None
    wanted = attrs.evolve(ASKED, month=facts, head=None)
    host = new_host()
    preview = run(preview_month(wanted), host)
    report = run(run_month(wanted), host)
    same(preview, report)

    assert 714 == sum(total.sessions for total in report.summary.currencies)
    assert [("fam-ybarra", "no_price")] == [(s.subject, s.code) for s in report.skipped]
    assert [0, 0, 0] == [side.difference for side in report.trial_balance]
    assert 0 == run(run_month(wanted), host).committed
    sound(host)


@given(worlds())
@settings(max_examples=25)
def test_previews_of_any_month(world: World) -> None:
    """In any world a preview is what the run does, and a second run does nothing. (laws 2, 8)"""
    wanted = attrs.evolve(ASKED, month=month_of(world), period=AUTUMN, head=None)
    host = new_host()
    at(host, DECEMBER_1)
    preview = run(preview_month(wanted), host)

    same(preview, run(run_month(wanted), host))
    assert 0 == run(run_month(wanted), host).committed
    sound(host)


# ---- month to date ---------------------------------------------------------------------------
def to_date(host: Host, wanted: Asked = ASKED) -> MonthSummary:
    """Return what the month amounts to so far."""
    return run(month_to_date(wanted), host)


def test_month_to_date() -> None:
    """On the 7th at noon, six sessions are held and five approved. (seed 000)"""
    host = attrs.evolve(new_host(), clock=FakeClock(datetime(2026, 10, 7, 12, 30, tzinfo=UTC)))
    (total,) = to_date(host).currencies
    told = asked(sessions=(*MONTH.sessions, session(20, 2)))

    assert (4, 3, eur("185"), eur("135")) == (
        total.sessions,
        total.covered,
        total.revenue,
        total.packages_sold,
    )
    assert 5 == to_date(host, told).currencies[0].sessions


def test_month_to_date_counts_what_is_posted_and_what_is_not() -> None:
    """Billed on the 6th, asked on the 9th: both parts are in it, and each once."""
    host = new_host()
    host = attrs.evolve(host, clock=FakeClock(datetime(2026, 10, 6, 6, tzinfo=UTC)))
    run(run_month(ASKED), host)
    later = attrs.evolve(host, clock=FakeClock(datetime(2026, 10, 9, 6, tzinfo=UTC)))

    assert 3 == to_date(host).currencies[0].sessions
    assert 6 == to_date(later).currencies[0].sessions
    assert to_date(later) == to_date(attrs.evolve(new_host(), clock=later.clock))


@given(worlds(), st.dates(date(2026, 9, 2), date(2026, 11, 30)))
@settings(max_examples=25)
def test_month_to_date_does_not_depend_on_runs(world: World, day: date) -> None:
    """Whether the month was billed already or not, it amounts to the same."""
    wanted = attrs.evolve(ASKED, month=month_of(world), period=AUTUMN, head=None)
    host = attrs.evolve(
        new_host(), clock=FakeClock(datetime(day.year, day.month, day.day, tzinfo=UTC))
    )
    before = to_date(host, wanted)
    run(run_month(wanted), host)

    assert before == to_date(host, wanted)


# ---- billing cycles --------------------------------------------------------------------------
def cycle_of(host: Host) -> list[tuple[str, int]]:
    """Return (status, runs) of each version of October's billing cycle."""
    versions = host.store.history(BillingCycle, cycle_id(MONTHLY.kind, OCTOBER))
    return [(version.record.status, version.record.runs) for version in versions]


def test_runs_are_on_record() -> None:
    """Begun and billed once, billed again by a run that corrects, not by one that does nothing."""
    host = billed_host()
    run(run_month(ASKED), host)
    assert [("open", 0), ("billed", 1)] == cycle_of(host)

    run(run_month(corrected()), host)
    assert [("open", 0), ("billed", 1), ("billed", 2)] == cycle_of(host)


def test_a_month_without_anything_is_billed() -> None:
    """Nothing was to be done, and that was done."""
    host = new_host()
    empty = attrs.evolve(asked(sessions=(), packages=(), opening_balances=(), open_invoices=()))
    report = run(run_month(empty), host)

    assert ((), (), ()) == (report.invoices, report.payouts, report.skipped)
    assert [("open", 0), ("billed", 1)] == cycle_of(host)


def test_a_run_that_was_killed_is_finished_by_the_next_month() -> None:
    """Killed before anybody was billed; November alone bills October's sessions as well."""
    host = new_host()
    rigged = Rigged(host)
    run(run_month(ASKED), rigged)
    _, second, *_ = (n for n, name in enumerate(rigged.names, 1) if name == "commit")
    host = new_host()
    with pytest.raises(Killed, match="commit"):
        run(run_month(ASKED), Rigged(host, {second: killed_before}))
    assert [("open", 0)] == cycle_of(host)

    at(host, DECEMBER_1)
    run(run_month(attrs.evolve(ASKED, period=NOVEMBER)), host)
    assert (-22_300, -20_200) == (held(host, "customer:ana"), held(host, "customer:ben"))
    sound(host)


def closed_host() -> Host:
    """Return a host that billed October and closed it."""
    host = billed_host()
    read = host.store.load(BillingCycle, cycle_id(MONTHLY.kind, OCTOBER))
    assert read is not None
    host.store.commit(
        close(read, zone=OWNER.zone, at=NOVEMBER_3, actor="maria", reason="books are done")
    )
    return host


def test_a_closed_month_is_not_billed() -> None:
    """Neither run nor preview goes on, and nothing is stored. (spec: ledger 6)"""
    host = closed_host()
    before = shown(host)
    for job in (run_month, preview_month):
        with pytest.raises(IllegalTransition, match="closed"):
            run(job(corrected()), host)

    assert before == shown(host)


def test_what_is_late_is_billed_with_the_next_month() -> None:
    """Sessions, packages and corrections of a closed October take effect in November's run."""
    host = closed_host()
    late = package(2, "90", id="p3", customer="ben", purchased_on=date(2026, 10, 20))
    month = attrs.evolve(corrected().month, packages=(*MONTH.packages, late))
    at(host, DECEMBER_1)
    report = run(run_month(attrs.evolve(ASKED, month=month, period=NOVEMBER)), host)
    journals = host.store.journals(limit=500).items
    posted = [p.journal for p in journals if p.recorded_at == DECEMBER_1]

    assert () == report.skipped
    assert {DECEMBER_1} == {journal.effective_at for journal in posted}
    assert {"package.bought", "session.charged"} <= {
        journal.kind for journal in posted if period_of(journal) == OCTOBER
    }
    sound(host)


def test_due_periods_are_run_oldest_first() -> None:
    """Asked on 1 December from October on, October and November are billed; then nothing."""
    host = new_host()
    at(host, DECEMBER_1)
    reports = run(run_due(ASKED), host)

    assert [OCTOBER, NOVEMBER] == [report.period for report in reports]
    assert [3, 0] == [len(report.invoices) for report in reports]
    assert () == run(run_due(ASKED), host)


def test_other_cycles() -> None:
    """A business that bills every 30 days: its payouts have documents of their own."""
    cycle = FixedDaysCycle(date(2026, 10, 1), 3)
    wanted = attrs.evolve(ASKED, cycle=cycle, period=cycle.period(0))
    host = new_host()
    reports = run(run_due(wanted), host)

    assert 10 == len(reports)
    assert [
        "payouts/2026-10-01_2026-10-03/tom-EUR.pdf",
        "payouts/2026-10-01_2026-10-03/una-EUR.pdf",
        "payouts/2026-10-04_2026-10-06/tom-EUR.pdf",
        "payouts/2026-10-07_2026-10-09/una-EUR.pdf",
    ] == [key for key in kept(host) if key.startswith("payouts")]
    assert () == tuple(skip for report in reports for skip in report.skipped)
    sound(host)


# ---- races -----------------------------------------------------------------------------------
def use_a_unit(store: MemoryStore) -> object:
    """Let somebody redeem a unit of Ana's package for a session of their own."""
    read = store.load(Package, "p1")
    assert read is not None
    redeemed = redeem(
        read.record,
        "elsewhere",
        key=MATHS,
        on=date(2026, 10, 2),
        supplier="tom",
        pay=eur("30"),
        at=NOVEMBER_1,
    )
    used = changes_of(
        redeemed,
        key="approve/elsewhere",
        request=request("approve", session="elsewhere"),
        actor="app",
        reason="approved",
        at=NOVEMBER_1,
    )
    return store.commit(attrs.evolve(used, expects=(expect(read),)))


def test_a_package_that_moves_meanwhile() -> None:
    """A unit is used between reading and billing: decided again, one session more is charged."""
    host = new_host(Interrupted("billing_run/ana", use_a_unit))
    report = run(run_month(ASKED), host)

    assert () == report.skipped
    assert {("ana", 13_500), ("ana", 10_000), ("ben", 5_000)} == {t[1:] for t in totals(report)}
    assert 0 == held(host, "package:p1", "SESSION")
    sound(host)


def test_a_party_that_moves_meanwhile() -> None:
    """Another worker tells of Ana first, by another name: the takeover is decided again."""

    def renamed(store: MemoryStore) -> object:
        ana = attrs.evolve(ANA, name="Ana María")
        return run(run_month(asked(parties=(ana, *MONTH.parties[1:]))), new_host(store))

    host = new_host(Interrupted("takeover/rec", renamed))
    report = run(run_month(ASKED), host)
    names = [version.record.name for version in host.store.history(Party, "ana")]

    assert ["Ana María", "Ana"] == names
    assert () == report.skipped
    assert 1 == report.committed
    sound(host)


def test_a_payout_that_is_made_meanwhile() -> None:
    """Another worker paid Tom for more than this one knew of: nothing is paid twice."""

    def paid(store: MemoryStore) -> object:
        host = new_host(store)
        return run(run_month(asked(sessions=(*MONTH.sessions, session(20, 20)))), host)

    host = new_host(Interrupted("billing_run/tom", paid))
    report = run(run_month(ASKED), host)

    assert () == report.skipped
    assert ["una"] == [payout.supplier for payout in report.payouts] or not report.payouts
    assert 17_000 == sum(v.record.total.minor for v in host.store.find(Payout, party="tom").items)
    sound(host)


def test_who_always_loses_is_named() -> None:
    """After five rounds a decision that is stale each time is reported, not tried for ever."""

    class Restless(MemoryStore):
        """A store in which Ana's package moves before each of her bills."""

        def commit(self, changes: Changes) -> Committed:
            read = self.load(Package, "p1")
            if changes.key.startswith("billing_run/ana") and read is not None:
                priority = attrs.evolve(read.record, priority=read.record.priority + 1)
                moved = attrs.evolve(
                    begin(MONTHLY, NOVEMBER, at=NOVEMBER_1),
                    key=f"move/{read.version}",
                    records=(priority,),
                    expects=(expect(read),),
                )
                super().commit(moved)
            return super().commit(changes)

    rigged = Rigged(new_host(Restless()))
    report = run(run_month(ASKED), rigged)

    assert [("ana", "stale")] == [(each.subject, each.code) for each in report.skipped]
    assert [("INV-2026-00002", "ben", 5_000)] == totals(report)[1:]


def test_a_cycle_that_is_billed_meanwhile() -> None:
    """Two runs bill at once, so the cycle was billed twice."""
    cycle = cycle_id(MONTHLY.kind, OCTOBER)

    def marked(store: MemoryStore) -> object:
        read = store.load(BillingCycle, cycle)
        return store.commit(
            attrs.evolve(
                bill(read, kind=MONTHLY.kind, period=OCTOBER, zone="Europe/Madrid", at=NOVEMBER_1),
                key="other run",
            )
        )

    host = new_host(Interrupted(f"billing_cycle/{cycle}/2", marked))
    run(run_month(ASKED), host)

    assert [("open", 0), ("billed", 1), ("billed", 2)] == cycle_of(host)


@given(st.lists(st.integers(0, 3), max_size=150))
@settings(max_examples=12)
def test_any_order_of_two_runs(order: list[int]) -> None:
    """A run and a correcting one in step with each other: all is billed once, as last told."""
    host = at(new_host(), NOVEMBER_3)
    interleave([run_month(ASKED), run_month(corrected())], host, order)
    report = run(run_month(corrected()), host)

    assert () == report.skipped
    assert (-17_300, -25_200) == (held(host, "customer:ana"), held(host, "customer:ben"))
    sound(host)


@given(st.lists(st.integers(0, 5), min_size=200, max_size=200))
@settings(max_examples=12)
def test_any_order_of_two_periods(order: list[int]) -> None:
    """Runs of October and November at once: no entry of a supplier is in two payouts."""
    host = at(new_host(), DECEMBER_1)
    november = attrs.evolve(ASKED, period=NOVEMBER)
    interleave([run_month(ASKED), run_month(november)], host, order)

    assert () == run(verify(), host).problems


# ---- crashes, of which tests/simulation has more --------------------------------------------
@pytest.mark.parametrize("fate", [killed_before, killed_after], ids=["before", "after"])
def test_correct_again_after(fate: Fate) -> None:
    """Killed around any step of a run that corrects, and run again: the books of one clean run."""
    steps = crash_everywhere(billed_host, lambda: run_month(corrected()), outcome, fates=[fate])

    assert 50 < steps


def test_a_killed_run_is_counted_once() -> None:
    """However a first run is killed, the cycle was begun once and billed once."""
    steps = crash_everywhere(new_host, lambda: run_month(ASKED), cycle_of)

    assert 50 < steps
