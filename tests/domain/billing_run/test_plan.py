"""Plan: periods that are due, who is left out, previews, and runs that were stopped half way."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from ledgerkit.domain.billing_run import (
    Facts,
    Policy,
    due_periods,
    plan_billing_run,
    plan_customers,
)
from ledgerkit.domain.changes import Changes, KeyReused, Stale
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import FixedDaysCycle, Period
from tests.domain.billing_run.world import (
    CATALOG,
    DECEMBER_1,
    MUSIC,
    NOVEMBER_1,
    OCTOBER,
    OWNER,
    POLICY,
    SEPTEMBER,
    World,
    invoices,
    match,
    package,
    party,
    payouts,
    session,
)

THREE = (party("ana"), party("ben"), party("cho"))


def families() -> World:
    """Return three customers with a session each."""
    return World(
        sessions=tuple(session(n, n, match=f"m{n}") for n in range(1, 4)),
        customers=THREE,
        matches=tuple(match(f"m{n}", customer=c.id) for n, c in enumerate(THREE, 1)),
    )


def subjects(changes: tuple[Changes, ...]) -> list[str]:
    """Return whom each change is about."""
    asked = [dict(one.request.arguments) for one in changes]
    return [one.get("customer", one.get("supplier", "")) for one in asked]


# ---- shape -----------------------------------------------------------------------------------
def test_customers_come_before_suppliers() -> None:
    """One `Changes` per customer, then one per supplier, each with a key of its own."""
    plan = families().plan()

    assert ["ana", "ben", "cho", "tom"] == subjects(plan.changes)
    assert 4 == len({one.key for one in plan.changes})
    assert {"billing_run"} == {one.request.verb for one in plan.changes}
    assert {"billing run"} == {one.actor for one in plan.changes}


def test_request_names_the_period() -> None:
    """What was asked is the party and the period; never the clock."""
    world = families()
    first, later = world.plan(), world.plan(DECEMBER_1)

    assert [one.request for one in first.changes] == [one.request for one in later.changes]
    assert ("period_start", "2026-10-01") in first.changes[0].request.arguments


def test_as_of_may_be_in_any_zone() -> None:
    """An instant is the same everywhere."""
    world = families()

    assert world.plan() == world.plan(NOVEMBER_1.astimezone(ZoneInfo("Asia/Tokyo")))


def test_naive_instant_is_refused() -> None:
    """Without a zone nobody knows when it is."""
    with pytest.raises(ValueError, match="has no time zone"):
        World().plan(datetime(2026, 11, 1))  # noqa: DTZ001 - that is the point


# ---- periods that are due --------------------------------------------------------------------
def due(as_of: datetime, **more: Any) -> list[str]:
    """Return the periods that are due."""
    facts = attrs.evolve(
        Facts(
            business=OWNER,
            catalog=CATALOG,
            customers=(),
            cycle=FixedDaysCycle(date(2026, 1, 1), 30),
            opened_on=date(2026, 1, 1),
        ),
        **more,
    )
    return [str(period.end) for period in due_periods(facts, as_of=as_of)]


def day(month: int, day: int) -> datetime:
    """Return noon of a day."""
    return datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "through", "expected"),
    [
        (day(2, 1), None, ["2026-01-31"]),
        (day(3, 1), date(2026, 1, 31), []),
        (day(4, 1), date(2026, 1, 31), ["2026-03-02", "2026-04-01"]),
        (day(5, 1), date(2026, 4, 1), ["2026-05-01"]),
        (day(6, 1), date(2026, 5, 1), ["2026-05-31"]),
    ],
)
def test_periods_of_30_days_billed_on_the_first(
    on: datetime, through: date | None, expected: list[str]
) -> None:
    """Run 02-01 bills 1, 03-01 bills 0, 04-01 bills 2, 05-01 and 06-01 bill 1 (billing C-1)."""
    assert expected == due(on, billed_through=through)


def test_several_periods_have_an_invoice_each() -> None:
    """Nobody ran September: both months are billed, oldest first, one invoice each."""
    world = World(sessions=(session(1, 5, month=9), session(2, 5)))
    plan = world.run(NOVEMBER_1, None)

    assert [(SEPTEMBER, 5_000), (OCTOBER, 5_000)] == [
        (i.period, i.total.minor) for i in invoices(plan)
    ]
    assert [SEPTEMBER, OCTOBER] == [p.period for p in payouts(plan)]
    assert ["INV-2026-00001", "INV-2026-00002"] == [n.text for n in world.store.numbers()]


def test_package_goes_on_from_period_to_period() -> None:
    """One plan over two months uses the units of a package once."""
    world = World(
        sessions=(session(1, 5, month=9), session(2, 5), session(3, 6)), opened_on=date(2026, 9, 1)
    ).buy(package(2, "90"))
    plan = world.run(NOVEMBER_1, None)

    assert [[0], [0, 5_000]] == [[li.amount.minor for li in i.lines] for i in invoices(plan)]
    assert 0 == world.all(Package)[0].remaining


def test_first_period_is_partial() -> None:
    """Books opened on 15 October bill from there."""
    world = World(sessions=(session(1, 14), session(2, 15)), opened_on=date(2026, 10, 15))
    (invoice,) = invoices(world.run(NOVEMBER_1, None))

    assert (Period(date(2026, 10, 15), OCTOBER.end), ["s2"]) == (
        invoice.period,
        [li.source for li in invoice.lines],
    )


def test_nothing_is_due() -> None:
    """The month is not over."""
    world = World(sessions=(session(1, 5),), opened_on=date(2026, 10, 1))

    assert ((), ()) == attrs.astuple(world.plan(day(10, 20), None))


# ---- who is left out -------------------------------------------------------------------------
def test_failure_of_one_stops_nobody() -> None:
    """Ben has a session without a price: billed are the others, and the report says why."""
    world = families()
    world.tell(session(9, 9, match="m2", key=MUSIC))
    plan = world.run()

    assert ["ana", "cho", "tom"] == subjects(plan.changes)
    assert [("ben", "no_price")] == [(s.subject, s.code) for s in plan.skipped]
    assert 6_000 == world.held("supplier:tom")


def test_skipped_customer_is_named_for_each_period() -> None:
    """In a plan over two periods it is left out of both."""
    world = World(sessions=(session(1, 5, month=9, key=MUSIC),))

    assert ["ana", "ana"] == [s.subject for s in world.plan(NOVEMBER_1, None).skipped]


# ---- previews and stops ----------------------------------------------------------------------
def test_preview_stores_nothing() -> None:
    """A plan that nobody commits leaves no trace."""
    world = families()
    world.plan()

    assert ({}, (), ()) == (world.balances(), world.store.numbers(), world.all(Invoice))


def test_preview_has_no_numbers() -> None:
    """Numbers are drawn by the commit."""
    assert [None] * 3 == [invoice.number for invoice in invoices(families().plan())]


@pytest.mark.parametrize("moment", range(5))
def test_killed_between_commits(moment: int) -> None:
    """Stopped after any commit and run again: every customer once, numbers without a gap."""
    world = families()
    world.commit(world.plan().changes[:moment])
    world.run()

    assert [("ana", 5_000), ("ben", 5_000), ("cho", 5_000)] == sorted(
        (i.customer, i.total.minor) for i in world.all(Invoice)
    )
    assert [1, 2, 3] == [n.n for n in world.store.numbers()]
    assert 9_000 == sum(p.total.minor for p in world.all(Payout)) == world.held("supplier:tom")


def test_plan_committed_twice_is_replayed() -> None:
    """The same plan again stores nothing."""
    world = families()
    plan = world.run()

    assert all(world.store.commit(one).replayed for one in plan.changes)


def test_race_of_two_runs() -> None:
    """Two plans from one base that differ: the second one is refused, decides again and goes on."""
    world = families()
    slow = world.plan()
    world.tell(session(9, 9))
    world.run()

    with pytest.raises((Stale, KeyReused)):
        world.store.commit(slow.changes[0])
    assert 3 * 5_000 + 5_000 == -sum(world.held(f"customer:{c.id}") for c in THREE)
    assert () == world.plan().changes


def test_customers_alone() -> None:
    """The first half of a run plans no payouts."""
    world = families()
    plan = plan_customers(world.facts(), policy=POLICY, as_of=NOVEMBER_1, period=OCTOBER)

    assert ["ana", "ben", "cho"] == subjects(plan.changes)


def test_facts_of_nobody() -> None:
    """An empty business has an empty plan."""
    facts = attrs.evolve(World().facts(), customers=(), suppliers=())

    assert ((), ()) == attrs.astuple(
        plan_billing_run(facts, policy=POLICY, as_of=NOVEMBER_1, period=OCTOBER)
    )


# ---- policy ----------------------------------------------------------------------------------
def test_payment_terms_have_no_default() -> None:
    """No source gives a number of days, so each business says its own (spec: billing 6)."""
    with pytest.raises(TypeError, match="terms_days"):
        Policy()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"terms_days": -1}, "payment terms are whole days from 0"),
        ({"terms_days": True}, "payment terms are whole days from 0"),
        ({"terms_days": 1.5}, "payment terms are whole days from 0"),
        ({"alerts": "none"}, "alerts are per package or aggregate"),
    ],
)
def test_policy_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """Terms have no default, and alerts two modes."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(POLICY, **fields)
