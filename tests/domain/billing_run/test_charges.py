"""Charges: which sessions a run bills, at which price, on which day and to whom."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from ledgerkit.domain.billing_run import Policy, plan_billing_run
from ledgerkit.domain.catalog import Catalog, CatalogKey, Price
from ledgerkit.domain.changes import Changes
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Event, Limit, Wallet, period_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import FixedDaysCycle, Period
from ledgerkit.domain.sessions import CANCELLED, booking_id
from ledgerkit.testing.samples import changes
from tests.domain.billing_run.world import (
    DECEMBER_1,
    MATHS,
    MUSIC,
    NOVEMBER,
    NOVEMBER_1,
    OCTOBER,
    PRICE,
    World,
    eur,
    incentive,
    invoices,
    match,
    money,
    package,
    party,
    payouts,
    session,
)


def priced(*prices: Price) -> Catalog:
    """Return the catalog with more prices."""
    return Catalog("catalog", (PRICE, *prices))


def price(
    charge: str,
    pay: str,
    *,
    currency: str = "EUR",
    key: CatalogKey = MATHS,
    valid_from: date = date(2026, 1, 1),
) -> Price:
    """Return a price, for maths unless told."""
    return Price(
        key=key, charge=money(charge, currency), pay=money(pay, currency), valid_from=valid_from
    )


# ---- what is billed --------------------------------------------------------------------------
def test_four_sessions() -> None:
    """4 sessions at 50.00: invoice 200.00, supplier 120.00, platform 80.00."""
    world = World(sessions=tuple(session(n, n) for n in range(1, 5)))
    plan = world.run()

    assert [20_000] == [invoice.total.minor for invoice in invoices(plan)]
    assert [12_000] == [payout.total.minor for payout in payouts(plan)]
    assert {
        ("customer:ana", "EUR"): -20_000,
        ("supplier:tom", "EUR"): 12_000,
        ("platform", "EUR"): 8_000,
    } == world.balances()


def test_each_session_is_a_journal_and_a_line() -> None:
    """The journal claims the session, the line names the journal."""
    world = World(sessions=(session(1, 5),))
    (invoice,) = invoices(world.run())
    (line,) = invoice.lines
    posted = world.store.journal(booking_id("s1", "", date(2026, 10, 5)))

    assert posted is not None
    assert (posted.journal.id, "s1", date(2026, 10, 5), eur("50")) == (
        line.journal,
        line.source,
        line.on,
        line.amount,
    )
    assert (Event("session", "s1"), "session.charged", datetime(2026, 10, 5, 12, tzinfo=UTC)) == (
        posted.journal.event,
        posted.journal.kind,
        posted.journal.effective_at,
    )
    assert ("maths / secondary / 60 min", "Leo · Tom Hill") == (line.item, line.detail)
    assert ("rule", "per session") == line.trace[0]


def test_invoice_is_dated_where_the_business_is() -> None:
    """Issued on the day of the run in the zone of the business, due after the terms."""
    world = World(sessions=(session(1, 5),), policy=Policy(terms_days=30))
    (invoice,) = invoices(world.run(datetime(2026, 11, 1, 23, 30, tzinfo=UTC)))

    assert (date(2026, 11, 2), date(2026, 12, 2), OCTOBER, "calendar", 0) == (
        invoice.issued_on,
        invoice.due_on,
        invoice.period,
        invoice.cycle,
        invoice.part,
    )


@pytest.mark.parametrize(
    "told",
    [
        session(1, 5, approved=False),
        attrs.evolve(session(1, 5, approved=False), status=CANCELLED),
        session(1, 1, month=11, hour=7),
        session(1, 5, approved_on=datetime(2026, 11, 1, 6, 1, tzinfo=UTC)),
        session(1, 5, month=8),
    ],
    ids=["held", "cancelled", "later than the run", "approved later", "before the books"],
)
def test_only_approved_sessions_are_billed(told: Any) -> None:
    """Approved, held and approved before the run, and not settled before these books."""
    assert () == World(sessions=(told,)).plan().changes


def test_session_of_this_instant_is_billed() -> None:
    """What began and was approved when the run was made is in it."""
    at = datetime(2026, 10, 31, 12, tzinfo=UTC)
    world = World(sessions=(session(1, 31, approved_on=at),), policy=Policy(terms_days=0))
    (invoice,) = invoices(world.run(at))

    assert (5_000, invoice.issued_on) == (invoice.total.minor, invoice.due_on)


def test_session_before_the_books_approved_since() -> None:
    """Held in August, approved in September, when these books were open: billed."""
    late = session(1, 30, month=8, approved_on=datetime(2026, 9, 1, 9, tzinfo=UTC))

    assert [5_000] == [i.total.minor for i in invoices(World(sessions=(late,)).plan())]


def test_earlier_sessions_are_billed_late() -> None:
    """A session of October approved in November is on November's invoice."""
    late = session(1, 31, approved_on=datetime(2026, 11, 3, tzinfo=UTC))
    world = World(sessions=(late,))
    world.run()
    (invoice,) = invoices(world.run(DECEMBER_1, NOVEMBER))

    assert (NOVEMBER, date(2026, 10, 31)) == (invoice.period, invoice.lines[0].on)


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("Europe/Madrid", datetime(2026, 10, 31, 22, 59, tzinfo=UTC), 31),
        ("Europe/Madrid", datetime(2026, 10, 31, 23, 0, tzinfo=UTC), None),
        ("Europe/London", datetime(2026, 10, 31, 23, 59, tzinfo=UTC), 31),
        ("America/New_York", datetime(2026, 11, 1, 3, 59, tzinfo=UTC), 31),
        ("America/New_York", datetime(2026, 11, 1, 4, 0, tzinfo=UTC), None),
        # The clocks go back at 01:00 UTC on 25 October: 00:30 and 01:30 are both 02:30 there.
        ("Europe/Madrid", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 25),
        ("Europe/Madrid", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 25),
        ("Europe/Madrid", datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25),
        ("Asia/Seoul", datetime(2026, 9, 30, 15, 0, tzinfo=UTC), 1),
    ],
)
def test_days_are_the_customer_s(zone: str, at: datetime, expected: int | None) -> None:
    """A session belongs to the period of its local day, whatever the clocks do."""
    told = attrs.evolve(session(1, 5), starts_at=at, approved_at=at)
    world = World(sessions=(told,), customers=(party("ana", zone=zone),))
    days = [line.on.day for invoice in invoices(world.plan()) for line in invoice.lines]

    assert ([] if expected is None else [expected]) == days


# ---- prices ----------------------------------------------------------------------------------
def test_price_changes_within_the_month() -> None:
    """50.00 until 14 October, 60.00 from the 15th; the supplier's rate likewise."""
    risen = price("60", "36", valid_from=date(2026, 10, 15))
    world = World(sessions=(session(1, 14), session(2, 15)), catalog=priced(risen))
    (invoice,) = invoices(world.run())

    assert [5_000, 6_000] == [line.amount.minor for line in invoice.lines]
    assert 6_600 == world.held("supplier:tom")


@pytest.mark.parametrize(("pay", "platform"), [("35", 1_500), ("0", 5_000), ("60", -1_000)])
def test_match_pays_another_rate(pay: str, platform: int) -> None:
    """A match may pay its supplier more, nothing, or more than the session brings in."""
    world = World(sessions=(session(1, 5),), matches=(match("m1", pay=eur(pay)),))
    world.run()

    assert (-5_000, int(pay) * 100, platform) == (
        world.held("customer:ana"),
        world.held("supplier:tom"),
        world.held("platform"),
    )


def test_session_of_another_kind() -> None:
    """A session that says what was taught is priced by that, not by its match."""
    music = price("20", "10", key=MUSIC)
    world = World(sessions=(session(1, 5, key=MUSIC), session(2, 6)), catalog=priced(music))
    (invoice,) = invoices(world.run())

    assert ["music / primary / 45 min", "maths / secondary / 60 min"] == [
        line.item for line in invoice.lines
    ]
    assert 7_000 == invoice.total.minor


def test_free_session_is_paid_all_the_same() -> None:
    """A session for 0.00 has a line and a number, and the platform pays the supplier."""
    world = World(sessions=(session(1, 5),), catalog=Catalog("c", (price("0", "30"),)))
    world.run()

    assert [("INV-2026-00001", 0)] == world.totals(Invoice)
    assert (0, 3_000, -3_000) == (
        world.held("customer:ana"),
        world.held("supplier:tom"),
        world.held("platform"),
    )


def test_free_and_unpaid_session_is_only_listed() -> None:
    """Nothing moves, so there is no journal; the line stands once."""
    world = World(sessions=(session(1, 5),), catalog=Catalog("c", (price("0", "0"),)))
    world.run()

    assert {} == world.balances()
    assert [None] == [line.journal for line in world.all(Invoice)[0].lines]
    assert () == world.plan().changes


def test_currencies_have_invoices_of_their_own() -> None:
    """Sessions in euros and pounds: two invoices, two payouts, numbered by currency."""
    world = World(
        sessions=(session(1, 6), session(2, 5, match="m2")),
        matches=(match("m1"), match("m2", currency="GBP")),
        catalog=priced(price("40", "25", currency="GBP")),
    )
    plan = world.run()

    assert [("EUR", 5_000), ("GBP", 4_000)] == [(i.currency, i.total.minor) for i in invoices(plan)]
    assert [("EUR", 3_000), ("GBP", 2_500)] == [(p.currency, p.total.minor) for p in payouts(plan)]
    assert 2 == len({i.id for i in invoices(plan)})


def test_key_of_an_invoice() -> None:
    """Customer, kind of cycle and period make its id, whatever is on it. (spec: billing 6)"""
    world = World(sessions=(session(1, 5),))
    ben = attrs.evolve(world, customers=(party("ben"),), matches=(match("m1", customer="ben"),))
    days = attrs.evolve(world, cycle=FixedDaysCycle(OCTOBER.start, 31))
    later = Period(date(2026, 10, 2), OCTOBER.end)
    (first,) = invoices(world.plan())
    plans = (world.plan(), ben.plan(), days.plan(), world.plan(period=later))

    assert 4 == len({invoice.id for plan in plans for invoice in invoices(plan)})
    assert [first.id] == [i.id for i in invoices(world.tell(session(2, 6)).plan())]


def test_longer_period_with_the_same_start_supplements() -> None:
    """Periods that start on the same day count as parts of one. (spec: billing 6)"""
    world = World(sessions=(session(1, 5), session(2, 20)))
    (first,) = invoices(world.run(period=Period(OCTOBER.start, date(2026, 10, 15))))
    (second,) = invoices(world.run())

    assert [(0, None), (1, first.id)] == [(i.part, i.supplements) for i in (first, second)]
    assert [first.total, second.total] == [eur("50"), eur("50")]


# ---- who cannot be billed --------------------------------------------------------------------
def test_customer_without_a_price_is_skipped() -> None:
    """Nothing of that customer is billed, the others are, and the next run catches up."""
    world = World(
        sessions=(session(1, 5), session(2, 6, key=MUSIC), session(3, 7, match="m2")),
        customers=(party("ana"), party("ben")),
        matches=(match("m1"), match("m2", customer="ben")),
    )
    plan = world.run()

    assert [("ana", "no_price")] == [(s.subject, s.code) for s in plan.skipped]
    assert "no price for music / primary / 45 min in EUR on 2026-10-06" in plan.skipped[0].reason
    assert ["ben"] == [i.customer for i in invoices(plan)]
    world.catalog = priced(price("20", "10", key=MUSIC))
    assert [("ana", 7_000)] == [(i.customer, i.total.minor) for i in invoices(world.run())]


def test_covered_session_needs_no_price() -> None:
    """With a package that pays and a match that says what the supplier earns."""
    world = World(sessions=(session(1, 5, key=MUSIC),), matches=(match("m1", pay=eur("12")),)).buy(
        package(covers=(MUSIC,))
    )
    world.run()

    assert (1_200, 3_300) == (world.held("supplier:tom"), world.held("platform"))


@pytest.mark.parametrize("bought", [False, True])
def test_session_of_an_unknown_match(bought: bool) -> None:
    """Who it was for is not known, so its customer is skipped and stops nobody."""
    world = World(sessions=(session(1, 5), session(2, 6)))
    if bought:
        world.buy(package())
    facts = world.facts()
    strange = attrs.evolve(facts.customers[0].sessions[0], match="m9")
    customer = attrs.evolve(facts.customers[0], sessions=(strange,))
    plan = plan_billing_run(
        attrs.evolve(facts, customers=(customer,)),
        policy=world.policy,
        as_of=NOVEMBER_1,
        period=OCTOBER,
    )

    assert [("ana", "unknown_match")] == [(s.subject, s.code) for s in plan.skipped]
    assert "'s1' is of match 'm9', which nobody told of" in plan.skipped[0].reason


def test_session_told_twice() -> None:
    """Facts that contradict each other are not billed."""
    twice = *(session(n, n) for n in range(1, 6)), *(session(n, n) for n in range(2, 6))
    plan = World(sessions=twice).plan()

    assert [("ana", "sessions_repeated")] == [(s.subject, s.code) for s in plan.skipped]
    assert "told more than once: s2, s3, s4, s5; tell each once" in plan.skipped[0].reason


# ---- closed books and limits -----------------------------------------------------------------
def test_closed_books_take_late_sessions_now() -> None:
    """September is closed: its late session takes effect now and names September, not October."""
    world = World(
        sessions=(
            session(1, 20, month=9, approved_on=datetime(2026, 10, 9, tzinfo=UTC)),
            session(2, 5),
        ),
        closed_before=datetime(2026, 9, 30, 22, tzinfo=UTC),
        incentives=(incentive(per="period"),),
    )
    world.store.commit(_closing(world))
    plan = world.run()
    late = {j.kind: j for j in plan.changes[0].journals if j.effective_at == NOVEMBER_1}

    assert {"session.charged", "incentive.earned"} == set(late)
    assert {"2026-09-01/2026-10-01"} == {str(period_of(journal)) for journal in late.values()}
    assert [5_000, 5_000] == [line.amount.minor for line in invoices(plan)[0].lines]
    assert [3_000 + 500] == [p.total.minor for p in payouts(plan)]
    assert [3_500] == [p.total.minor for p in payouts(world.run(DECEMBER_1, NOVEMBER))]


def test_books_are_closed_before_an_instant() -> None:
    """A session that begins as October does is not late when September is closed."""
    midnight = datetime(2026, 9, 30, 22, tzinfo=UTC)
    told = attrs.evolve(session(1, 1), starts_at=midnight)
    world = World(sessions=(told,), closed_before=midnight)
    (journal,) = world.plan().changes[0].journals

    assert (midnight, ()) == (journal.effective_at, journal.metadata)


def _closing(world: World) -> Changes:
    """Return changes that close the books where the world says."""
    return changes("close", closes_before=world.closed_before)


def test_customer_on_credit_is_credited_first() -> None:
    """At a limit of 50.00, a session given back makes room for another one in the same run."""
    world = World(sessions=(session(1, 5),))
    limited = Wallet("customer:ana", (Limit("EUR", floor=-5_000),))
    world.store.commit(changes("limit", opens=(limited,), at=datetime(2026, 9, 1, tzinfo=UTC)))
    world.run()
    world.sessions = (session(1, 5, approved=False), session(2, 6))
    world.run()

    assert -5_000 == world.held("customer:ana")


def test_supplier_that_nobody_tells_of_is_named_by_its_id() -> None:
    """The line still says who taught; the supplier is paid once it is told of."""
    world = World(sessions=(session(1, 5),), suppliers=())
    plan = world.run()

    assert "Leo · tom" == invoices(plan)[0].lines[0].detail
    assert Money(3_000, "EUR").minor == world.held("supplier:tom")
    assert [] == payouts(plan)
