"""Laws of the billing run, on worlds of any shape. (spec: billing 13)"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.billing_run import Facts, Policy, plan_billing_run
from ledgerkit.domain.catalog import Catalog, Price
from ledgerkit.domain.changes import Plan
from ledgerkit.domain.credit_notes import CreditNote, credited
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import AGGREGATE, PER_PACKAGE, SESSION, Package
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.domain.sessions import APPROVED, CANCELLED, HELD, Match, Session
from ledgerkit.domain.splits import PER_PERIOD, PER_SESSION, Incentive
from tests.domain.billing_run.world import (
    DECEMBER_1,
    MATHS,
    MUSIC,
    NOVEMBER_1,
    OCTOBER,
    World,
    party,
    unapproved,
)

AUTUMN = Period(date(2026, 9, 1), date(2026, 12, 1))
CUSTOMERS = {"ana": "Europe/Madrid", "ben": "America/New_York", "cho": "Asia/Seoul"}
SUPPLIERS = {"tom": "Europe/Madrid", "una": "Europe/London"}
CURRENCIES = ("EUR", "GBP")
KEYS = (MATHS, MUSIC)
CENTS = st.sampled_from([0, 1, 999, 3000, 5000])


def _prices(draw: st.DrawFn) -> Catalog:
    """Draw prices for every key and currency, with a change on 15 October."""
    prices = [
        Price(
            key=key,
            charge=Money(draw(CENTS), currency),
            pay=Money(draw(CENTS), currency),
            valid_from=since,
        )
        for key in KEYS
        for currency in CURRENCIES
        for since in (date(2026, 1, 1), date(2026, 10, 15))
    ]
    return Catalog("catalog", tuple(prices))


def _matches(draw: st.DrawFn) -> tuple[Match, ...]:
    found = []
    for n in range(draw(st.integers(1, 4))):
        currency, pay = draw(st.sampled_from(CURRENCIES)), draw(st.none() | CENTS)
        found.append(
            Match(
                id=f"m{n}",
                customer=draw(st.sampled_from(sorted(CUSTOMERS))),
                student=f"Student {n}",
                supplier=draw(st.sampled_from(sorted(SUPPLIERS))),
                key=draw(st.sampled_from(KEYS)),
                currency=currency,
                pay=None if pay is None else Money(pay, currency),
            )
        )
    return tuple(found)


def _sessions(draw: st.DrawFn, matches: tuple[Match, ...]) -> tuple[Session, ...]:
    found = []
    for n in range(draw(st.integers(0, 12))):
        hours = draw(st.integers(0, 90 * 24 - 1))
        starts_at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=hours)
        status = draw(st.sampled_from([APPROVED, APPROVED, APPROVED, HELD, CANCELLED]))
        later = timedelta(hours=draw(st.sampled_from([1, 8, 100, 800])))
        found.append(
            Session(
                id=f"s{n}",
                match=draw(st.sampled_from(matches)).id,
                starts_at=starts_at,
                status=status,
                approved_at=starts_at + later if status == APPROVED else None,
                key=draw(st.none() | st.sampled_from(KEYS)),
            )
        )
    return tuple(found)


def _packages(draw: st.DrawFn) -> tuple[Package, ...]:
    found = []
    for n in range(draw(st.integers(0, 3))):
        bought = date(2026, 8, 25) + timedelta(days=draw(st.integers(0, 60)))
        days = draw(st.none() | st.integers(1, 60))
        found.append(
            Package(
                id=f"p{n}",
                customer=draw(st.sampled_from(sorted(CUSTOMERS))),
                covers=draw(st.sampled_from([KEYS, (MATHS,), (MUSIC,)])),
                units=draw(st.integers(1, 5)),
                price=Money(draw(CENTS), draw(st.sampled_from(CURRENCIES))),
                purchased_on=bought,
                expires_on=None if days is None else bought + timedelta(days=days),
                priority=draw(st.integers(0, 1)),
                promotional=draw(st.booleans()),
            )
        )
    return tuple(found)


def _incentives(draw: st.DrawFn, matches: tuple[Match, ...]) -> tuple[Incentive, ...]:
    return tuple(
        Incentive(
            id=f"i{n}",
            match=(match := draw(st.sampled_from(matches))).id,
            amount=Money(draw(st.sampled_from([1, 500])), match.currency),
            per=draw(st.sampled_from([PER_SESSION, PER_PERIOD])),
            valid_from=date(2026, 9, 1) + timedelta(days=draw(st.integers(0, 60))),
            valid_until=draw(st.sampled_from([None, date(2026, 11, 10)])),
        )
        for n in range(draw(st.integers(0, 3)))
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return a world of three customers in three zones, two tutors and two currencies."""
    matches = _matches(draw)
    world = World(
        sessions=_sessions(draw, matches),
        incentives=_incentives(draw, matches),
        catalog=_prices(draw),
        customers=tuple(party(id, zone=zone) for id, zone in CUSTOMERS.items()),
        suppliers=tuple(party(id, role="supplier", zone=zone) for id, zone in SUPPLIERS.items()),
        matches=matches,
        opened_on=date(2026, 8, 1),
        policy=Policy(terms_days=14, alerts=draw(st.sampled_from([PER_PACKAGE, AGGREGATE]))),
    )
    return world.buy(*_packages(draw))


def copy_of(world: World) -> World:
    """Return a world with the same facts and packages, and nothing billed."""
    fresh = attrs.evolve(world, store=World().store)
    bought = [world.store.history(Package, p.id)[0].record for p in world.all(Package)]
    return fresh.buy(*bought)


def line_facts(world: World) -> dict[str, tuple[Any, ...]]:
    """Return what each line bills; `left` in its trace is what its run left."""
    lines = (line for invoice in world.all(Invoice) for line in invoice.lines)
    return {line.id: _facts_of(line) for line in lines}


def _facts_of(line: Line) -> tuple[Any, ...]:
    trace = tuple(pair for pair in line.trace if pair[0] != "left")
    return line.amount, line.unit_price, line.package, line.journal, line.on, trace


def journal_ids(world: World) -> Counter[str]:
    """Return the ids of all posted journals."""
    return Counter(p.journal.id for p in world.store.journals(limit=10_000).items)


def sound(world: World) -> None:
    """Assert what holds in any books: sums, floors, units, numbers and credits."""
    balances = world.balances()
    assert all(side.difference == 0 for side in trial_balance(balances))
    for package in world.all(Package):
        assert package.units == package.used + package.forfeited + package.remaining
        assert package.remaining == balances.get((package.wallet, SESSION), 0) >= 0
    deferred = Counter[tuple[str, str]]()
    for package in world.all(Package):
        deferred["liability:packages", package.price.currency] += package.deferred.minor
    assert {k: v for k, v in deferred.items() if v} == {
        k: v for k, v in balances.items() if k[0] == "liability:packages"
    }
    for counter in {number.counter for number in world.store.numbers()}:
        drawn = [number.n for number in world.store.numbers(counter)]
        assert list(range(1, len(drawn) + 1)) == drawn
    given = credited(world.all(CreditNote))
    for invoice in world.all(Invoice):
        for line in invoice.lines:
            assert given.get(line.id, 0) <= line.amount.minor
    claims = [(li.journal, li.line) for payout in world.all(Payout) for li in payout.lines]
    assert len(set(claims)) == len(claims)


def booked_once(world: World) -> None:
    """Assert that each approved session of the autumn is booked, and each booked one approved."""
    sums = Counter[str]()
    for posted in world.store.journals(limit=10_000).items:
        event = posted.journal.event
        if event is not None and event.type == "session" and "credited" not in event.part:
            sums[event.id] += -1 if event.part.startswith("undone:") else 1
    free = {
        line.source
        for invoice in world.all(Invoice)
        for line in invoice.lines
        if line.journal is None
    }
    wanted = {
        s.id for s in world.sessions if s.approved_at is not None and s.approved_at <= DECEMBER_1
    }
    assert wanted - free == {id for id, n in sums.items() if n == 1}
    assert set(sums.values()) <= {0, 1}


@given(worlds())
def test_run_repeated_is_empty(world: World) -> None:
    """A second run over the same facts plans nothing, and the books are sound. (law 2)"""
    world.run(DECEMBER_1, AUTUMN)

    sound(world)
    booked_once(world)
    assert Plan(()) == world.plan(DECEMBER_1, AUTUMN)


@given(worlds(), st.lists(st.integers(1, 90), max_size=3))
def test_runs_split_anywhere_bill_the_same_lines(world: World, cuts: list[int]) -> None:
    """Runs that end on any dates bill what one long run bills, line by line. (law 2)"""
    other = copy_of(world)
    world.run(DECEMBER_1, AUTUMN)
    days = sorted({AUTUMN.start + timedelta(days=n) for n in cuts} | {AUTUMN.end})
    for start, end in zip([AUTUMN.start, *days], days, strict=False):
        other.run(DECEMBER_1, Period(start, end))

    sound(other)
    assert line_facts(world) == line_facts(other)
    assert journal_ids(world) == journal_ids(other)
    assert world.balances() == other.balances()


@given(worlds())
def test_preview_is_the_commit(world: World) -> None:
    """What a preview plans is what a run commits, reading the books again half way. (law 8)"""
    preview = world.plan()

    assert preview == world.run_in_halves()


@given(worlds())
def test_all_due_periods_at_once(world: World) -> None:
    """Without a period the plan is that of a run for each period that is due, oldest first."""
    other = copy_of(world)
    plan = world.run(DECEMBER_1, None)
    runs = [other.run_in_halves(DECEMBER_1, Period.month(2026, month)) for month in (8, 9, 10, 11)]

    assert plan.changes == tuple(changes for run in runs for changes in run.changes)
    assert line_facts(world) == line_facts(other)


@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_facts_does_not_matter(world: World, chance: Any) -> None:
    """Facts in any order give the same plan, byte for byte, also after corrections."""
    world.run()
    world.tell(*(unapproved(s) for s in world.sessions if chance.random() < 0.3))
    facts = world.facts()

    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(items, len(items)))

    def shuffled(facts: Facts) -> Facts:
        return attrs.evolve(
            facts,
            incentives=mixed(facts.incentives),
            suppliers=mixed(
                tuple(
                    attrs.evolve(s, entries=mixed(s.entries), payouts=mixed(s.payouts))
                    for s in facts.suppliers
                )
            ),
            customers=mixed(
                tuple(
                    attrs.evolve(
                        c,
                        matches=mixed(c.matches),
                        sessions=mixed(c.sessions),
                        packages=mixed(c.packages),
                        invoices=mixed(c.invoices),
                        credit_notes=mixed(c.credit_notes),
                    )
                    for c in facts.customers
                )
            ),
        )

    def planned(facts: Facts) -> Plan:
        return plan_billing_run(facts, policy=world.policy, as_of=DECEMBER_1, period=None)

    assert repr(planned(facts)) == repr(planned(shuffled(facts)))


@given(worlds(), st.integers(0, 5))
def test_run_killed_between_commits_goes_on(world: World, moment: int) -> None:
    """Killed after any commit and run again, the books are those of one run. (spec: C2)"""
    other = copy_of(world)
    world.run(DECEMBER_1, AUTUMN)
    other.commit(other.plan(DECEMBER_1, AUTUMN).changes[:moment])
    other.run(DECEMBER_1, AUTUMN)

    sound(other)
    assert line_facts(world) == line_facts(other)
    assert world.balances() == other.balances()


@given(worlds(), st.lists(st.sets(st.integers(0, 11)), min_size=1, max_size=4))
def test_corrections_in_any_order(world: World, rounds: list[set[int]]) -> None:
    """However often sessions are un-approved and approved again, each is booked as it stands."""
    at = NOVEMBER_1
    for changed in rounds:
        for n, told in enumerate(world.sessions):
            if n in changed and told.status == APPROVED:
                world.tell(unapproved(told))
            elif n in changed:
                world.tell(attrs.evolve(told, status=APPROVED, approved_at=at))
        world.run(at, OCTOBER)
        sound(world)
        assert () == world.plan(at, OCTOBER).changes
        at += timedelta(days=3)
    world.run(DECEMBER_1, AUTUMN)

    sound(world)
    booked_once(world)


@given(worlds())
def test_unapproving_everything_leaves_only_packages(world: World) -> None:
    """With every approval taken back, wallets hold what was paid for packages, and breakage."""
    world.run()
    world.run(DECEMBER_1, AUTUMN)
    world.tell(*(unapproved(s) for s in world.sessions if s.status == APPROVED))
    world.run(DECEMBER_1, AUTUMN)

    expected = Counter[tuple[str, str]]()
    for package in world.all(Package):
        price, expired = package.price, package.status == "expired"
        expected[f"customer:{package.customer}", price.currency] -= price.minor
        expected["platform" if expired else "liability:packages", price.currency] += price.minor
        expected["units:issued", SESSION] -= package.units
        expected["units:expired" if expired else package.wallet, SESSION] += package.units
    sound(world)
    assert {key: minor for key, minor in expected.items() if minor} == world.balances()
    totals = Counter[str]()
    for invoice in world.all(Invoice):
        totals[invoice.currency] += invoice.total.minor
    for note in world.all(CreditNote):
        totals[note.currency] -= note.total.minor
    assert not any(totals.values())


@given(worlds(), st.sampled_from(sorted(CUSTOMERS)), st.sampled_from(["UTC", "Pacific/Apia"]))
def test_change_of_zone_moves_nothing_billed(world: World, who: str, zone: str) -> None:
    """A customer who moves is not billed again, and pays no less. (law 12)"""
    world.run(DECEMBER_1, AUTUMN)
    world.customers = tuple(
        attrs.evolve(c, zone=zone) if c.id == who else c for c in world.customers
    )
    plan = world.plan(DECEMBER_1, AUTUMN)

    assert [] == [
        record
        for changes in plan.changes
        for record in changes.records
        if not isinstance(record, Package)
    ]
