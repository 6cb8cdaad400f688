"""Incentives in a run: per session and per period, from a day on and never before it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from ledgerkit.domain.billing_run import (
    bill_customer,
    events_wanted,
    journals_wanted,
    period_event,
)
from ledgerkit.domain.billing_run.desk import JournalNotRead
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.periods import FixedDaysCycle, Period
from ledgerkit.domain.splits import PER_PERIOD
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER,
    NOVEMBER_1,
    OCTOBER,
    PRICE,
    SEPTEMBER,
    World,
    eur,
    incentive,
    match,
    money,
    party,
    payouts,
    session,
)

MONTHLY = incentive(amount="20", per=PER_PERIOD)


def four(**more: Any) -> World:
    """Return a world of 4 sessions, on 5, 12, 19 and 26 October."""
    return World(sessions=tuple(session(n, 7 * n - 2) for n in range(1, 5)), **more)


# ---- figures of the specification ------------------------------------------------------------
def test_bonus_for_the_last_two_sessions() -> None:
    """Rate 30.00, 4 sessions, 5.00 bonus valid for the last two -> 130.00 (billing C-21)."""
    world = four(incentives=(incentive(amount="5", valid_from=date(2026, 10, 19)),))

    assert [13_000] == [p.total.minor for p in payouts(world.run())]


def test_incentive_per_period() -> None:
    """Rate 30.00, 4 sessions, 20.00 per period -> 140.00 (billing C-21)."""
    world = four(incentives=(MONTHLY,))

    assert [14_000] == [p.total.minor for p in payouts(world.run())]
    assert (14_000, 6_000) == (world.held("supplier:tom"), world.held("platform"))


def test_incentive_of_a_past_month_is_not_paid() -> None:
    """Set in November, it says nothing about October."""
    later = (
        incentive(valid_from=date(2026, 11, 1)),
        attrs.evolve(MONTHLY, valid_from=date(2026, 11, 1)),
    )
    world = four(incentives=later)

    assert [12_000] == [p.total.minor for p in payouts(world.run())]


# ---- per session -----------------------------------------------------------------------------
def test_incentives_add_up() -> None:
    """Two incentives of a match are both paid, as one leg beside the rate."""
    world = four(incentives=(incentive(amount="5"), incentive("i2", amount="2.50")))
    world.run()
    lines = world.entries("supplier:tom")

    assert [3_000, 750] * 4 == [line.amount.minor for line in lines]


def test_incentive_of_another_match() -> None:
    """It is for the match it names."""
    world = four(matches=(match("m1"), match("m2")), incentives=(incentive(match="m2"),))

    assert [12_000] == [p.total.minor for p in payouts(world.run())]


def test_incentive_in_another_currency_is_no_bonus() -> None:
    """Pounds cannot be added to a session in euros: the customer is skipped, with the reason."""
    world = four(incentives=(incentive(),))
    world.incentives = (attrs.evolve(world.incentives[0], amount=money("5", "GBP")),)
    plan = world.plan()

    assert [("ana", "mixed_currencies")] == [(s.subject, s.code) for s in plan.skipped]


# ---- per period ------------------------------------------------------------------------------
def test_period_incentive_is_paid_once() -> None:
    """A supplement in the same month does not pay it again."""
    world = four(incentives=(MONTHLY,))
    world.run()
    world.tell(session(9, 9))

    assert [3_000] == [p.total.minor for p in payouts(world.run())]


def test_period_incentive_needs_an_approved_session_of_its_days() -> None:
    """Valid from the 27th, with the last session on the 26th: not earned."""
    world = four(incentives=(attrs.evolve(MONTHLY, valid_from=date(2026, 10, 27)),))

    assert [12_000] == [p.total.minor for p in payouts(world.run())]


def test_period_incentive_is_for_a_period_of_the_cycle() -> None:
    """Two runs over halves of October pay it once; a run over two months pays two."""
    halves = four(incentives=(MONTHLY,))
    halves.run(NOVEMBER_1, Period(OCTOBER.start, date(2026, 10, 16)))
    halves.run(NOVEMBER_1, Period(date(2026, 10, 16), OCTOBER.end))
    both = four(incentives=(MONTHLY,)).tell(session(9, 3, month=11))
    both.run(DECEMBER_1, Period(OCTOBER.start, NOVEMBER.end))

    assert (14_000, 19_000) == (halves.held("supplier:tom"), both.held("supplier:tom"))


def test_periods_are_paid_oldest_first() -> None:
    """In whatever order sessions are told of, the plan is the same."""
    sessions = (session(1, 5, month=9), session(2, 5), session(3, 6))
    plans = [
        World(sessions=told, incentives=(MONTHLY,)).plan()
        for told in (sessions, sessions[::-1], (sessions[1], sessions[0], sessions[2]))
    ]

    assert plans[0] == plans[1] == plans[2]


def test_period_of_another_cycle() -> None:
    """With periods of 30 days from 1 September: 5-30 October and the 31st are two periods."""
    world = four(incentives=(MONTHLY,), cycle=FixedDaysCycle(date(2026, 9, 1), 30))
    world.tell(session(9, 31))
    world.run(NOVEMBER_1, Period(date(2026, 10, 1), date(2026, 11, 1)))

    assert 5 * 3_000 + 2 * 2_000 == world.held("supplier:tom")


def test_period_incentive_of_a_session_approved_late() -> None:
    """October's only session is billed in November's run: October's incentive is paid then."""
    late = session(1, 31, approved_on=datetime(2026, 11, 3, tzinfo=UTC))
    world = World(sessions=(late,), incentives=(MONTHLY,))
    world.run()
    world.run(DECEMBER_1, NOVEMBER)
    events = [p.journal.event for p in world.store.journals().items]

    assert 5_000 == world.held("supplier:tom")
    assert Event("incentive", "i1", "2026-10-01/2026-11-01") in events


def test_period_incentive_counts_when_it_was_earned() -> None:
    """It takes effect with the first session that earned it."""
    world = four(incentives=(MONTHLY,))
    world.run()
    (line,) = (li for li in world.entries("supplier:tom") if li.kind == "incentive.earned")

    assert datetime(2026, 10, 5, 12, tzinfo=UTC) == line.effective_at


# ---- taken back ------------------------------------------------------------------------------
def test_period_incentive_stays_while_a_session_speaks_for_it() -> None:
    """Three of four sessions taken back: one is enough."""
    world = four(incentives=(MONTHLY,))
    world.run()
    world.tell(*(session(n, 7 * n - 2, approved=False) for n in range(1, 4)))
    world.run()

    assert 3_000 + 2_000 == world.held("supplier:tom")


def test_period_incentive_is_taken_back_with_its_last_session() -> None:
    """No session is approved any more: nothing was earned."""
    world = four(incentives=(MONTHLY,))
    world.run()
    world.tell(*(session(n, 7 * n - 2, approved=False) for n in range(1, 5)))
    world.run()

    assert {} == world.balances()
    assert () == world.plan().changes


def test_period_incentive_is_earned_anew() -> None:
    """Approved, taken back, approved: paid, taken back, paid again, each once."""
    world = World(sessions=(session(1, 5),), incentives=(MONTHLY,))
    for approved in (True, False, True, False, True, True):
        world.tell(session(1, 5, approved=approved))
        world.run()

    assert 5_000 == world.held("supplier:tom")


def test_incentive_that_changed_is_taken_back_as_it_was() -> None:
    """Its amount was 20.00 when it was earned; what the match would pay now does not matter."""
    world = World(sessions=(session(1, 5),), incentives=(MONTHLY,))
    world.run()
    world.incentives = (attrs.evolve(MONTHLY, amount=eur("25")),)
    world.matches = (match("m1", supplier="una"),)
    world.tell(session(1, 5, approved=False))
    world.run()

    assert {} == world.balances()


def test_incentive_that_ended_since_is_kept() -> None:
    """Ending it before the session does not take back what was earned; never retroactive."""
    world = four(incentives=(MONTHLY,))
    world.run()
    world.incentives = (attrs.evolve(MONTHLY, valid_until=date(2026, 10, 2)),)

    assert () == world.plan().changes


def test_period_incentive_survives_facts_of_one_session() -> None:
    """Facts that tell of one un-approved session alone do not say that no other speaks for it."""
    world = four(incentives=(MONTHLY,))
    world.run()
    world.sessions = (session(1, 5, approved=False),)
    world.run()

    assert 3 * 3_000 + 2_000 == world.held("supplier:tom")


def test_period_incentive_without_a_trace_of_its_session() -> None:
    """A free and unpaid session leaves no journal, and still earns and loses the incentive."""
    free = Catalog("c", (attrs.evolve(PRICE, charge=eur("0"), pay=eur("0")),))
    world = World(sessions=(session(1, 5),), incentives=(MONTHLY,), catalog=free)
    held = []
    for approved in (True, False, True):
        world.tell(session(1, 5, approved=approved))
        world.run()
        held.append(world.held("supplier:tom"))

    assert [2_000, 0, 2_000] == held


def test_journal_of_an_incentive_that_was_not_read() -> None:
    """Taking back needs the journal that posted it."""
    world = World(sessions=(session(1, 5),), incentives=(MONTHLY,))
    world.run()
    world.tell(session(1, 5, approved=False))
    facts = world.facts()
    customer = facts.customers[0]
    charged = {id: customer.journals[id] for id in journals_wanted(customer)}

    with pytest.raises(JournalNotRead):
        bill_customer(
            facts,
            attrs.evolve(customer, journals=charged),
            policy=world.policy,
            period=OCTOBER,
            as_of=NOVEMBER_1,
        )


# ---- what has to be read ---------------------------------------------------------------------
def test_events_wanted_until_a_period() -> None:
    """A run over September asks nothing about incentives of October."""
    world = four(incentives=(MONTHLY,))
    facts = world.facts()
    customer = facts.customers[0]
    wanted = events_wanted(facts, customer, OCTOBER)

    assert frozenset() == events_wanted(facts, customer, SEPTEMBER)
    assert period_event(MONTHLY, OCTOBER) in wanted
    assert wanted == events_wanted(facts, customer)


def test_journals_wanted_until_a_period() -> None:
    """Nor does it read journals of October's incentives."""
    world = World(sessions=(session(1, 5, approved=False),), incentives=(MONTHLY,))
    facts = world.facts()
    customer = facts.customers[0]

    assert frozenset() == journals_wanted(customer, facts, SEPTEMBER)
    assert frozenset() == journals_wanted(customer)
    assert (
        frozenset() != journals_wanted(customer, facts, OCTOBER) == journals_wanted(customer, facts)
    )


def test_customers_without_incentives_ask_nothing() -> None:
    """A customer whose matches have none reads nothing for them."""
    world = four(incentives=(MONTHLY,), customers=(party("ana"), party("ben")))
    facts = world.facts()

    assert frozenset() == events_wanted(facts, facts.customers[1])


def test_turns_of_an_incentive_are_told_apart() -> None:
    """The first one is the period alone; each one after it was taken back has its number."""
    assert ["incentive:i1:2026-10-01/2026-11-01", "incentive:i1:2026-10-01/2026-11-01:2"] == [
        str(period_event(MONTHLY, OCTOBER, turn)) for turn in (1, 2)
    ]
