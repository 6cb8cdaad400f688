"""Laws of a run that bills contracts beside sessions, on worlds of any shape. (spec: billing 13)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import subscriptions
from ledgerkit.domain.billing_run import Facts, Policy, plan_billing_run
from ledgerkit.domain.changes import Changes, Plan, Record, changes_of, request
from ledgerkit.domain.credit_notes import CreditNote, credited, credited_of
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant, buy, give, paid_for
from ledgerkit.domain.invoices import Invoice, settled
from ledgerkit.domain.late_joiners import CatchUpPolicy, Enrolment
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    FixedDaysCycle,
    Period,
    Timing,
)
from ledgerkit.domain.pricing import (
    Flat,
    Graduated,
    ListPrice,
    Model,
    PerUnit,
    PriceKey,
    PriceList,
    Tariff,
    Tier,
    Volume,
)
from ledgerkit.domain.rate_plans import PlanItem, RatePlan
from ledgerkit.domain.sessions import Session
from ledgerkit.domain.subscriptions import Item, PausePolicy, Subscription
from ledgerkit.domain.tax import DOCUMENT, LINE, RATE, Tax, TaxRate, TaxRounding
from ledgerkit.domain.usage import LAST, SUM, TIME_WEIGHTED, UNCHANGED, Meter, UsageEvent
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.verification import verify
from ledgerkit.testing.fakes.clock import FakeClock
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER_1,
    World,
    eur,
    match,
    party,
    session,
    unapproved,
)

AUTUMN = Period(date(2026, 9, 1), date(2026, 12, 1))
AUGUST_1 = date(2026, 8, 1)
PARTIES = (party("ana"), party("ben", zone="America/New_York"))
CUSTOMERS = tuple(each.id for each in PARTIES)
MATCHES = tuple(match(f"m-{name}", customer=name) for name in CUSTOMERS)
ZONES = st.sampled_from(["Europe/Madrid", "America/New_York", "Asia/Seoul", "UTC"])
DAYS = st.integers(0, 121).map(lambda n: AUGUST_1 + timedelta(days=n))  # of the books
CENTS = st.sampled_from([0, 1, 5, 999, 3100, 10_000])


# ---- what is agreed ------------------------------------------------------------------------------
def _rate(minor: str) -> Rate:
    return Rate(Fraction(minor), "EUR")


_TIERS = Tier(up_to=10, unit=_rate("100/3"), flat=eur("2")), Tier(unit=_rate("1/7"))
_MODELS: dict[str, Model] = {
    "fee": Flat(eur("10")),
    "storage": PerUnit(_rate("1/2")),
    "calls": Graduated(_TIERS),
    "seats": Volume(_TIERS),
}
PRICES = PriceList(
    "cloud",
    "EUR",
    (
        *(
            ListPrice(
                PriceKey.of(item),
                Tariff(model=model, included=None if item == "fee" else 3),
                date(2026, 1, 1),
            )
            for item, model in _MODELS.items()
        ),
        ListPrice(
            PriceKey.of("storage"),
            Tariff(model=PerUnit(_rate("9/4")), included=0, minimum=eur("0.05")),
            date(2026, 10, 15),
        ),
        # Of which a large one has no price.
        ListPrice(
            PriceKey.of("cluster", {"size": "small"}),
            Tariff(model=PerUnit(_rate("4000")), included=0),
            date(2026, 1, 1),
        ),
    ),
)
METERS = {
    "storage": Meter(name="storage", aggregation=SUM),
    "calls": Meter(name="calls", aggregation=SUM, silence=UNCHANGED),
    "seats": Meter(name="seats", aggregation=LAST, silence=UNCHANGED),
    "cluster": Meter(name="cluster", aggregation=TIME_WEIGHTED, by=("size",), silence=UNCHANGED),
}
CYCLES = st.one_of(
    st.just(CalendarCycle()),
    st.builds(AnniversaryCycle, DAYS),
    st.builds(FixedDaysCycle, DAYS, st.sampled_from([7, 30])),
)


@st.composite
def items(draw: st.DrawFn, id: str) -> Item:
    """Return something to subscribe to."""
    return Item(
        id=id,
        name=id,
        price=Rate(draw(st.fractions(0, 5000, max_denominator=4)), "EUR"),
        quantity=Fraction(draw(st.integers(1, 3))),
        timing=draw(st.sampled_from(Timing)),
        cycle=draw(st.none() | CYCLES),
        one_time=draw(st.sampled_from([False, False, True])),
        kind=draw(st.sampled_from(["subscription", "usage"])),
    )


@st.composite
def subscribed(draw: st.DrawFn, id: str, *, pauses: bool) -> Subscription:
    """Return a subscription that may have a trial and an end, and a planned pause of *pauses*."""
    starts = draw(DAYS)
    trial = draw(st.none() | st.integers(1, 40))
    made = subscriptions.create(
        [draw(items(f"item-{n}")) for n in range(draw(st.integers(1, 3)))],
        id=id,
        customer=draw(st.sampled_from(CUSTOMERS)),
        currency="EUR",
        zone=draw(ZONES),
        cycle=draw(CYCLES),
        started_on=starts,
        trial_until=None if trial is None else starts + timedelta(days=trial),
    ).subscription
    length = draw(st.none() | st.integers(41, 90))
    if length is not None:
        end = starts + timedelta(days=length)
        made = subscriptions.cancel(made, end=end, on=starts).subscription
    if pauses and trial is None:
        first = starts + timedelta(days=draw(st.integers(1, 40)))
        made = subscriptions.pause(
            made,
            on=starts,
            start=first,
            until=first + timedelta(days=draw(st.integers(1, 40))),
            policy=draw(st.sampled_from(PausePolicy)),
        ).subscription
    return made


@st.composite
def metered(draw: st.DrawFn, customer: str) -> RatePlan:
    """Return a rate plan of *customer* with any items of the price list."""
    starts, ends = draw(DAYS), draw(st.none() | st.integers(1, 90))
    of = draw(st.lists(st.sampled_from(["fee", *METERS]), min_size=1, unique=True))
    return RatePlan(
        id=f"plan-{customer}",
        customer=customer,
        currency="EUR",
        zone=draw(ZONES),
        price_list=PRICES.id,
        cycle=draw(CYCLES),
        items=tuple(PlanItem(item=item, meter=METERS.get(item)) for item in of),
        started_on=starts,
        ends_on=None if ends is None else starts + timedelta(days=ends),
    )


@st.composite
def enrolled(draw: st.DrawFn, id: str) -> Enrolment:
    """Return a student in a class that starts before or after it joins."""
    cycle: Cycle | None = draw(st.none() | CYCLES)
    whole = (CatchUpPolicy.ALL_FULL, CatchUpPolicy.CURRENT_ONLY)
    return Enrolment(
        id=id,
        customer=draw(st.sampled_from(CUSTOMERS)),
        student=f"Student {id}",
        class_id="maths",
        class_name="Maths",
        class_start=draw(DAYS),
        enrolled_on=draw(DAYS),
        zone=draw(ZONES),
        cycle=cycle,
        price=Money(draw(CENTS), "EUR"),
        policy=draw(st.sampled_from(whole if cycle is None else tuple(CatchUpPolicy))),
        bill_early=draw(st.booleans()),
    )


@st.composite
def events(draw: st.DrawFn, n: int) -> UsageEvent:
    """Return something that was used."""
    meter = draw(st.sampled_from(sorted(METERS)))
    hours = timedelta(hours=draw(st.integers(0, 121 * 24)))
    size = draw(st.sampled_from(["small", "small", "small", "large"]))
    return UsageEvent(
        id=f"use-{n}",
        customer=draw(st.sampled_from(CUSTOMERS)),
        meter=meter,
        at=datetime(2026, 8, 1, tzinfo=UTC) + hours,
        quantity=draw(st.fractions(0, 40, max_denominator=3)),
        dimensions=(("size", size),) if METERS[meter].by else (),
    )


@st.composite
def credit(draw: st.DrawFn, id: str) -> Grant:
    """Return credit that was bought, or given."""
    amount = Money(draw(st.sampled_from([1, 700, 20_000])), "EUR")
    since, days = draw(DAYS), draw(st.none() | st.integers(1, 60))
    return Grant(
        id=id,
        customer=draw(st.sampled_from(CUSTOMERS)),
        amount=amount,
        price=draw(st.sampled_from([amount, None])),
        granted_on=since,
        expires_on=None if days is None else since + timedelta(days=days),
        covers=draw(st.sampled_from([(), ("usage",)])),
    )


COUPONS = (
    Coupon(id="TENTH", percent=Fraction(1, 10)),
    Coupon(id="USAGE", percent=Fraction(1), kinds=frozenset({"usage"}), times=2),
    Coupon(id="FIVE", amount=eur("5"), valid_until=date(2026, 11, 10)),
    Coupon(id="DOLLAR", amount=Money(100, "USD")),
)
VAT = Tax(id="vat", code="vat", rates=(TaxRate(Fraction(21, 100), date(2020, 1, 1)),))
LOCAL = Tax(
    id="local",
    code="local",
    rates=(
        TaxRate(Fraction(1, 40), date(2020, 1, 1)),
        TaxRate(Fraction(3, 100), date(2026, 10, 1)),
    ),
)
INSIDE = attrs.evolve(VAT, id="inside", inclusive=True)
TAXES = st.sampled_from(
    [None, {"": (VAT, LOCAL)}, {"": (INSIDE,)}, {"": (VAT,), "usage": (), "session": (INSIDE,)}]
)


# ---- what a run looks at -------------------------------------------------------------------------
@attrs.frozen(kw_only=True)
class Given:
    """What is agreed, was used and was paid for, of which any number of worlds is made."""

    contracts: tuple[Record, ...]
    sessions: tuple[Session, ...]
    used: tuple[UsageEvent, ...]
    grants: tuple[Grant, ...]
    coupons: tuple[Coupon, ...]
    policy: Policy

    def world(self) -> World:
        """Return a world in which nothing of it is billed."""
        world = World(
            sessions=self.sessions,
            customers=PARTIES,
            matches=MATCHES,
            opened_on=AUGUST_1,
            policy=self.policy,
            coupons=self.coupons,
        ).agree(PRICES, *self.contracts)
        world.usage.add(*self.used)
        at = datetime(2026, 8, 1, tzinfo=UTC)
        for grant in self.grants:
            granted = give(grant, at=at) if grant.promotional else buy(grant, at=at)
            asked = request("grant", grant=grant.id)
            world.commit(
                [
                    changes_of(
                        granted,
                        key=f"grant/{grant.id}",
                        request=asked,
                        actor="parent",
                        reason="granted",
                        at=at,
                    )
                ]
            )
        return world


@st.composite
def givens(draw: st.DrawFn, *, coupons: bool = True, pauses: bool = False, most: int = 2) -> Given:
    """Return contracts of two customers, a few sessions, usage, coupons, taxes and credit."""

    def some(strategy: Any, most: int) -> list[Any]:
        return [draw(strategy(n)) for n in range(draw(st.integers(0, most)))]

    plans = [draw(metered(name)) for name in CUSTOMERS if draw(st.booleans())]
    sessions = [
        session(n, day.day, month=day.month, match=draw(st.sampled_from(MATCHES)).id)
        for n, day in enumerate(draw(st.lists(DAYS, max_size=3)))
    ]
    level = draw(st.sampled_from([LINE, RATE, DOCUMENT]))
    return Given(
        contracts=(
            *some(lambda n: subscribed(f"sub-{n}", pauses=pauses), most),
            *plans,
            *some(lambda n: enrolled(f"enr-{n}"), most),
        ),
        sessions=tuple(sessions),
        used=tuple(some(events, 6)),
        grants=tuple(some(lambda n: credit(f"g-{n}"), 2)),
        coupons=tuple(draw(st.sets(st.sampled_from(COUPONS)))) if coupons else (),
        policy=Policy(terms_days=14, taxes=draw(TAXES), tax_rounding=TaxRounding(level)),
    )


# ---- what holds in any books ---------------------------------------------------------------------
def sound(world: World) -> None:
    """Assert that the books verify, and that documents and wallets say the same."""
    host = Host(store=world.store, clock=FakeClock(DECEMBER_1))
    assert () == run(verify(), host).problems
    balances = world.balances()
    assert all(side.difference == 0 for side in trial_balance(balances))
    owed = Counter[str]()
    for invoice in world.all(Invoice):
        owed[f"customer:{invoice.customer}"] += invoice.total.minor
    for note in world.all(CreditNote):
        owed[f"customer:{note.customer}"] -= note.total.minor
    for grant in world.all(Grant):
        owed[f"customer:{grant.customer}"] += grant.paid.minor
        owed[f"customer:{grant.customer}"] -= grant.drawn.minor - grant.returned.minor
        assert grant.remaining.minor == balances.get((grant.wallet, "EUR"), 0) >= 0
    for wallet, minor in owed.items():
        assert -minor == balances.get((wallet, "EUR"), 0)
    credits_stay_below(world)
    statuses_follow(world)


def credits_stay_below(world: World) -> None:
    """Assert that no line is credited beyond what it charged, and credit pays what is owed."""
    notes = world.all(CreditNote)
    given = credited(notes)
    back = Counter[str | None]()
    for note in notes:
        back[note.invoice] += note.total.minor
    grants = world.all(Grant)
    for invoice in world.all(Invoice):
        drawn = sum(g.drawn_for(line.id).minor for g in grants for line in invoice.lines)
        assert 0 <= drawn <= invoice.total.minor - back[invoice.id]
        for line in invoice.lines:
            assert 0 <= given.get(line.id, 0) <= max(line.net.minor, 0)


def statuses_follow(world: World) -> None:
    """Assert that each invoice has the status of what credit paid and notes took off."""
    notes, held = world.all(CreditNote), world.all(Grant)
    for invoice in world.all(Invoice):
        paid = paid_for(held, (line.id for line in invoice.lines), invoice.currency)
        off = credited_of((n for n in notes if n.invoice == invoice.id), invoice.currency)
        assert settled(invoice, paid=paid, credited=off) == invoice
        assert invoice.number is not None


def billed_lines(world: World) -> Counter[tuple[str, str, date, int]]:
    """Return what each line bills: its source, part, day and amount."""
    return Counter(
        (line.source, line.part, line.on, line.amount.minor)
        for invoice in world.all(Invoice)
        for line in invoice.lines
    )


def billed_by_source(world: World) -> dict[str, int]:
    """Return what each contract or session came to, credits taken off."""
    sums, sources = Counter[str](), dict[str, str]()
    for invoice in world.all(Invoice):
        for line in invoice.lines:
            sums[line.source] += line.amount.minor
            sources[line.id] = line.source
    for note in world.all(CreditNote):
        for back in note.lines:
            sums[sources[back.line or ""]] -= back.amount.minor
    return {source: minor for source, minor in sums.items() if minor}


def run_split(world: World, cuts: list[int]) -> None:
    """Bill the autumn in periods that end on any days."""
    days = sorted({AUTUMN.start + timedelta(days=n) for n in cuts} | {AUTUMN.end})
    for start, end in zip([AUTUMN.start, *days], days, strict=False):
        world.run(DECEMBER_1, Period(start, end))


CUTS = st.lists(st.integers(1, 90), max_size=3)


@given(givens())
def test_run_repeated_is_empty(given: Given) -> None:
    """A second run over the same facts plans nothing, and the books verify. (law 2)"""
    world = given.world()
    first = world.run(DECEMBER_1, AUTUMN)

    sound(world)
    assert Plan((), first.skipped) == world.plan(DECEMBER_1, AUTUMN)


@given(givens(), CUTS)
def test_runs_split_anywhere_bill_the_same_lines(given: Given, cuts: list[int]) -> None:
    """Runs that end on any dates bill what one long run bills, line by line. (law 2)"""
    once, often = given.world(), given.world()
    once.run(DECEMBER_1, AUTUMN)
    run_split(often, cuts)

    sound(often)
    assert billed_lines(once) == billed_lines(often)


@given(givens(coupons=False, pauses=True), CUTS)
def test_what_is_given_back_is_the_same_however_runs_are_split(
    given: Given, cuts: list[int]
) -> None:
    """A pause comes to the same as a line below zero and as a credit note. (law 2)"""
    once, often = given.world(), given.world()
    plan = once.run(DECEMBER_1, AUTUMN)
    run_split(often, cuts)

    sound(once)
    sound(often)
    assert [] == [each for each in plan.skipped if each.code == "negative_invoice"]
    assert billed_by_source(once) == billed_by_source(often)


@given(givens(pauses=True))
def test_preview_is_the_commit(given: Given) -> None:
    """What a preview plans is what a run commits, reading the books again half way. (law 8)"""
    world = given.world()
    preview = world.plan(DECEMBER_1, AUTUMN)

    assert preview == world.run_in_halves(DECEMBER_1, AUTUMN)


def without_numbers(many: Iterable[Changes]) -> list[Changes]:
    """Return decisions without what commits drew: a plan of several periods cannot know it."""

    def plain(record: Record) -> Record:
        return attrs.evolve(record, number=None) if isinstance(record, Invoice) else record

    return [attrs.evolve(one, records=tuple(map(plain, one.records))) for one in many]


@given(givens(pauses=True))
def test_all_due_periods_at_once(given: Given) -> None:
    """Without a period the plan is that of a run for each period that is due, oldest first."""
    once, often = given.world(), given.world()
    plan = once.run(DECEMBER_1, None)
    runs = [often.run_in_halves(DECEMBER_1, Period.month(2026, month)) for month in (8, 9, 10, 11)]

    sound(once)
    decided = tuple(changes for run in runs for changes in run.changes)
    assert without_numbers(plan.changes) == without_numbers(decided)
    assert once.balances() == often.balances()


@given(givens(pauses=True), st.sampled_from(["UTC", "Pacific/Apia", "Pacific/Honolulu"]))
def test_change_of_zone_moves_nothing_billed(given: Given, zone: str) -> None:
    """Customers who move are not billed again for what was billed. (law 12)"""
    world = given.world()
    world.run(DECEMBER_1, AUTUMN)
    before = billed_lines(world)
    world.customers = tuple(attrs.evolve(each, zone=zone) for each in world.customers)
    world.run(DECEMBER_1, AUTUMN)

    sound(world)
    assert before == billed_lines(world)


@given(givens(pauses=True), ZONES | st.sampled_from(["Pacific/Apia", "Pacific/Honolulu"]))
def test_change_of_zone_of_contracts_changes_nothing_billed(given: Given, zone: str) -> None:
    """Subscriptions, rate plans and students that move: what was billed stays, as it was. (law 12)

    In another zone another day may have come, so that more is due.
    """
    world = given.world()
    world.run(DECEMBER_1, AUTUMN)
    before, back = billed_lines(world), world.all(CreditNote)
    kinds: tuple[type[Any], ...] = (Subscription, RatePlan, Enrolment)
    world.agree(*(attrs.evolve(each, zone=zone) for kind in kinds for each in world.all(kind)))
    world.run(DECEMBER_1, AUTUMN)

    sound(world)
    assert before <= billed_lines(world)
    assert back == world.all(CreditNote)


@given(givens(pauses=True), st.randoms(use_true_random=False))
def test_order_of_facts_does_not_matter(given: Given, chance: Any) -> None:
    """Facts in any order give the same plan, byte for byte, also where much is billed before."""
    world = given.world()
    world.run(NOVEMBER_1, Period(AUTUMN.start, date(2026, 11, 1)))
    world.tell(*(unapproved(each) for each in world.sessions if chance.random() < 0.3))
    facts = world.facts()

    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(items, len(items)))

    def shuffled(record: Any, *fields: str) -> Any:
        return attrs.evolve(record, **{name: mixed(getattr(record, name)) for name in fields})

    def planned(facts: Facts) -> Plan:
        return plan_billing_run(facts, policy=world.policy, as_of=DECEMBER_1, period=AUTUMN)

    contracts = ("subscriptions", "rate_plans", "enrolments", "snapshots", "readings")
    other = shuffled(
        attrs.evolve(
            facts,
            customers=tuple(
                shuffled(
                    attrs.evolve(c, contracts=shuffled(c.contracts, *contracts)),
                    *("sessions", "packages", "invoices", "credit_notes", "grants"),
                )
                for c in facts.customers
            ),
        ),
        "customers",
        "suppliers",
    )
    assert repr(planned(facts)) == repr(planned(other))


@given(givens(pauses=True), st.lists(events(99), max_size=3), CUTS)
def test_late_usage_is_a_difference(given: Given, late: list[UsageEvent], cuts: list[int]) -> None:
    """Whatever comes after it was billed, books verify and a run repeated is empty. (law 2)"""
    world = given.world()
    run_split(world, cuts)
    for n, event in enumerate(late):
        world.usage.add(attrs.evolve(event, id=f"late-{n}"))
        world.run(DECEMBER_1, AUTUMN)
        sound(world)

    assert () == world.plan(DECEMBER_1, AUTUMN).changes
