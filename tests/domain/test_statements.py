"""Statements: the month, billing records, package ledgers, histories, and the freeze."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from itertools import groupby, pairwise
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.billing_run import BillingCycle, bill, close
from ledgerkit.domain.changes import Series, Version
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Balance, Entry, Journal, Posted, belated, reverse, trial_balance
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import Package, Threshold
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.domain.splits import PER_PERIOD
from ledgerkit.domain.statements import (
    HIDDEN,
    BillingRecord,
    CurrencyTotal,
    MonthSummary,
    PackageLedger,
    PartyTotal,
    billing_records,
    earners_of,
    freeze,
    history_rows,
    month_summary,
    not_approved,
    of_period,
    package_ledgers,
    trial_balance_after,
)
from tests.domain.billing_run.test_laws import AUTUMN, worlds
from tests.domain.billing_run.world import (
    DECEMBER_1,
    MONTHLY,
    NOVEMBER,
    NOVEMBER_1,
    OCTOBER,
    World,
    eur,
    incentive,
    match,
    money,
    package,
    party,
    session,
    unapproved,
)

TWELVE = tuple(session(n, n) for n in range(1, 13))


def posted(world: World) -> tuple[Posted, ...]:
    """Return every journal of *world*."""
    return world.store.journals(limit=10_000).items


def summary_of(world: World, period: Period = OCTOBER) -> MonthSummary:
    """Return what *period* amounts to in the books of *world*."""
    journals = of_period(posted(world), period, zone="Europe/Madrid")
    return month_summary(journals, packages=world.all(Package))


def amounts(view: Any) -> dict[str, int]:
    """Return every amount of *view* that is not 0, in minor units, by field."""
    fields = {field.name: getattr(view, field.name) for field in attrs.fields(type(view))}
    return {name: v.minor for name, v in fields.items() if isinstance(v, Money) and v.minor}


def journal(
    kind: str,
    *legs: tuple[str, int],
    at: datetime = datetime(2026, 10, 5, tzinfo=UTC),
    currency: str = "EUR",
) -> Journal:
    """Return a journal of *kind*; legs on units are sessions."""
    entries = tuple(
        Entry(w, Money(n, "SESSION" if w.startswith(("package:", "units:")) else currency))
        for w, n in legs
    )
    return Journal(id=f"jrn_{kind}", kind=kind, entries=entries, effective_at=at)


# ---- the month -------------------------------------------------------------------------------
def test_month_of_a_package_and_two_sessions() -> None:
    """10-pack for 450.00, 12 sessions at 50.00: revenue 10 x 45.00 + 100.00. (spec: C-13)"""
    world = World(sessions=TWELVE).buy(package())
    world.run()
    total = CurrencyTotal(
        currency="EUR",
        sessions=12,
        covered=10,
        charged=eur("100"),
        redeemed=eur("450"),
        breakage=eur("0"),
        revenue=eur("550"),
        payouts=eur("360"),
        incentives=eur("0"),
        margin=eur("190"),
        packages_sold=eur("0"),
    )

    assert (total,) == summary_of(world).currencies


def test_month_of_each_parent_and_tutor() -> None:
    """A covered session counts for the parent whose package it is, at no charge. (seed 000)"""
    world = World(
        sessions=(*TWELVE, session(20, 3, match="m2"), session(21, 4, match="m3")),
        customers=(party("ana"), party("ben")),
        suppliers=(party("tom", role="supplier"), party("una", role="supplier")),
        matches=(match("m1"), match("m2", customer="ben"), match("m3", supplier="una")),
        incentives=(incentive(amount="5", valid_from=date(2026, 10, 11)),),
    ).buy(package())
    world.run()
    summary = summary_of(world)

    assert (
        PartyTotal(
            party="ana",
            currency="EUR",
            sessions=13,
            covered=10,
            amount=eur("150"),
            incentives=eur("0"),
        ),
        PartyTotal(
            party="ben",
            currency="EUR",
            sessions=1,
            covered=0,
            amount=eur("50"),
            incentives=eur("0"),
        ),
    ) == summary.customers
    assert [("tom", 13, 9, 40_000, 1_000), ("una", 1, 1, 3_000, 0)] == [
        (t.party, t.sessions, t.covered, t.amount.minor, t.incentives.minor)
        for t in summary.suppliers
        if isinstance(t.amount, Money)
        if isinstance(t.incentives, Money)
    ]


def test_month_to_date_is_the_same_function() -> None:
    """What a preview says of the month so far, the books say once it is billed. (seed 000)"""
    so_far = datetime(2026, 10, 7, tzinfo=UTC)
    world = World(sessions=TWELVE).buy(package(4, "180"))
    planned = [j for changes in world.plan(so_far).changes for j in changes.journals]
    preview = month_summary(planned, packages=world.all(Package))
    world.run(so_far)

    assert {"redeemed": 18_000, "charged": 10_000} == {
        name: amounts(preview.currencies[0])[name] for name in ("redeemed", "charged")
    }
    assert preview == summary_of(world)
    assert preview == summary_of(world, Period(date(2026, 10, 1), date(2026, 10, 7)))


def test_incentives_are_earnings_of_their_own() -> None:
    """4 sessions at 30.00 with 20.00 for the period: 140.00, of which 20.00 incentives. (C-21)"""
    world = World(sessions=TWELVE[:4], incentives=(incentive(amount="20", per=PER_PERIOD),))
    world.run()
    (total,), (tom,) = summary_of(world).currencies, summary_of(world).suppliers

    assert {"charged": 20_000, "revenue": 20_000, "payouts": 14_000, "incentives": 2_000} == {
        name: n for name, n in amounts(total).items() if name != "margin"
    }
    assert {"amount": 14_000, "incentives": 2_000} == amounts(tom)


def test_what_is_taken_back_counts_against_it() -> None:
    """An un-approved session leaves the month that takes it back with one session less."""
    world = World(sessions=TWELVE[:4])
    world.run()
    world.tell(unapproved(TWELVE[3]))
    world.run(datetime(2026, 11, 3, tzinfo=UTC))
    (october,), (november,) = (
        summary_of(world).currencies,
        summary_of(world, NOVEMBER).currencies,
    )

    assert (4, 20_000) == (october.sessions, amounts(october)["charged"])
    assert (-1, -5_000, -3_000) == (
        november.sessions,
        amounts(november)["charged"],
        amounts(november)["payouts"],
    )


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (
            {"packages_sold": 45_000},
            journal("package.bought", ("customer:ana", -45_000), ("liability:packages", 45_000)),
        ),
        (
            {"breakage": 9_000, "revenue": 9_000, "margin": 9_000},
            journal("package.expired", ("liability:packages", -9_000), ("platform", 9_000)),
        ),
        (
            {"charged": 7_000, "revenue": 7_000, "margin": 7_000},
            journal("invoice.charged", ("customer:ana", -7_000), ("platform", 7_000)),
        ),
        (
            {"charged": -500, "revenue": -500, "margin": -500},
            journal("credit_note.issued", ("customer:ana", 500), ("platform", -500)),
        ),
        (
            {"charged": -1_000, "revenue": -1_000, "margin": -1_000},
            journal("invoice.discounted", ("customer:ana", 1_000), ("platform", -1_000)),
        ),
        (
            {"charged": -2_100, "revenue": -2_100, "margin": -2_100},
            journal("invoice.taxed", ("liability:tax:vat", 2_100), ("platform", -2_100)),
        ),
        (
            {"charged": -3_000, "revenue": -3_000, "margin": -3_000},
            journal(
                "credit_note.issued",
                ("liability:tax:vat", -600),
                ("customer:ana", 3_600),
                ("platform", -3_000),
            ),
        ),
        ({}, journal("payout.paid", ("supplier:tom", -3_000), ("cash:bank", 3_000))),
        (
            {},
            journal("balance.opened", ("supplier:tom", 4), ("customer:ana", -3), ("opening", -1)),
        ),
        ({}, journal("package.brought_in", ("equity:opening", -9), ("liability:packages", 9))),
        ({}, journal("invoice.taxed", ("customer:ana", -21), ("liability:tax:vat", 21))),
        ({}, journal("session.covered", ("package:p1", -1), ("units:redeemed", 1))),
    ],
    ids=lambda value: (
        f"{value.kind} {value.entries[0].wallet}" if isinstance(value, Journal) else ""
    ),
)
def test_what_a_journal_amounts_to(expected: dict[str, int], given: Journal) -> None:
    """Charges, redemptions, breakage and earnings count; payments, openings and taxes do not."""
    totals = month_summary([given], packages=()).currencies

    assert expected == (amounts(totals[0]) if totals else {})


def test_free_sessions_of_a_package_are_counted() -> None:
    """A session covered for nothing and paid nothing has units only, and is a session still."""
    covered = journal("session.covered", ("package:p1", -1), ("units:redeemed", 1))
    summary = month_summary([covered], packages=[package(1, "0")])

    assert [("EUR", 1, 1)] == [(t.currency, t.sessions, t.covered) for t in summary.currencies]
    assert [("ana", 1, 1)] == [(t.party, t.sessions, t.covered) for t in summary.customers]


def test_owners_of_equipment_are_told_apart() -> None:
    """100.00 charged, 60.00 for Tom and 25.00 for Olga, who owns the plane: 15.00 are left."""
    entries = (
        Entry("customer:ana", Money(-100_00, "USD")),
        Entry("supplier:tom", Money(60_00, "USD")),
        Entry("owner:olga", Money(25_00, "USD")),
        Entry("platform", Money(15_00, "USD")),
    )
    flown = Journal(
        id="j",
        kind="completion.charged",
        entries=entries,
        effective_at=datetime(2026, 10, 5, tzinfo=UTC),
    )

    summary = month_summary([flown], packages=())

    assert [("tom", Money(60_00, "USD"))] == [(t.party, t.amount) for t in summary.suppliers]
    assert [("olga", Money(25_00, "USD"))] == [(t.party, t.amount) for t in summary.owners]
    assert [(Money(85_00, "USD"), Money(15_00, "USD"))] == [
        (total.payouts, total.margin) for total in summary.currencies
    ]


def test_months_in_two_currencies() -> None:
    """Each currency has a total of its own, and so has a tutor who earns in both."""
    world = World(
        sessions=(session(1, 1), session(2, 2, match="m2")),
        matches=(match("m1"), match("m2", currency="GBP")),
        catalog=attrs.evolve(
            World().catalog,
            prices=(
                *World().catalog.prices,
                attrs.evolve(
                    World().catalog.prices[0], charge=money("40", "GBP"), pay=money("25", "GBP")
                ),
            ),
        ),
    )
    world.run()
    summary = summary_of(world)

    assert [("EUR", 5_000), ("GBP", 4_000)] == [
        (total.currency, amounts(total)["revenue"]) for total in summary.currencies
    ]
    assert [("tom", "EUR", 3_000), ("tom", "GBP", 2_500)] == [
        (total.party, total.currency, amounts(total)["amount"]) for total in summary.suppliers
    ]


# ---- which journals are of a period ----------------------------------------------------------
@pytest.mark.parametrize(
    ("expected", "at"),
    [
        (False, datetime(2026, 9, 30, 21, 59, tzinfo=UTC)),
        (True, datetime(2026, 9, 30, 22, 0, tzinfo=UTC)),
        (True, datetime(2026, 10, 31, 22, 59, tzinfo=UTC)),
        (False, datetime(2026, 10, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_journal_is_of_its_local_day(expected: bool, at: datetime) -> None:
    """October in Madrid begins at 22:00 UTC of 30 September and ends an hour later in winter."""
    sold = journal("sold", ("a", -1), ("b", 1), at=at)

    assert expected == bool(of_period([sold], OCTOBER, zone="Europe/Madrid"))


@pytest.mark.parametrize(
    ("expected", "period"),
    [
        (True, OCTOBER),
        (False, NOVEMBER),
        (True, Period(date(2026, 10, 1), date(2026, 10, 15))),
        (True, Period(date(2026, 10, 1), date(2027, 1, 1))),
        (False, Period(date(2026, 11, 1), date(2027, 1, 1))),
    ],
)
def test_a_late_journal_is_of_the_period_it_names(expected: bool, period: Period) -> None:
    """One of October that was booked in November counts where October begins. (spec: ledger 6)"""
    late = belated(journal("sold", ("a", -1), ("b", 1)), period=OCTOBER, at=NOVEMBER_1)

    assert expected == bool(of_period([late], period, zone="Europe/Madrid"))


@given(worlds(), st.sets(st.integers(1, 121)))
def test_periods_that_tile_time_tile_the_books(world: World, cuts: set[int]) -> None:
    """Cut anywhere, each journal is of exactly one period."""
    world.run(DECEMBER_1, AUTUMN)
    first, last = date(2026, 8, 1).toordinal(), date(2027, 1, 1).toordinal()
    days = [first, *(first + n for n in sorted(cuts)), last]
    periods = [Period(date.fromordinal(a), date.fromordinal(b)) for a, b in pairwise(days)]
    found = [j.id for period in periods for j in of_period(posted(world), period, zone="UTC")]

    assert Counter(p.journal.id for p in posted(world)) == Counter(found)


# ---- laws of the month -----------------------------------------------------------------------
@given(worlds())
def test_summaries_add_up(world: World) -> None:
    """Customers make up what was charged, suppliers the payouts, and the rest is the margin."""
    world.run(DECEMBER_1, AUTUMN)
    journals = [p.journal for p in posted(world)]
    summary = month_summary(journals, packages=world.all(Package))
    customers, suppliers = Counter[str](), Counter[str]()
    for total in summary.customers:
        customers[total.currency] += amounts(total).get("amount", 0)
    for total in summary.suppliers:
        suppliers[total.currency] += amounts(total).get("amount", 0)
        assert amounts(total).get("incentives", 0) <= amounts(total).get("amount", 0)
    for of_currency in summary.currencies:
        sums, currency = Counter(amounts(of_currency)), of_currency.currency
        assert customers[currency] == sums["charged"]
        assert suppliers[currency] == sums["payouts"]
        assert sums["charged"] + sums["redeemed"] + sums["breakage"] == sums["revenue"]
        assert world.held("platform", currency) == sums["margin"]
        assert sums["revenue"] - sums["payouts"] == sums["margin"]


@given(worlds())
def test_sessions_are_counted_once_for_each_side(world: World) -> None:
    """Every session counted has a customer; one without pay has no supplier in its journal."""
    world.run(DECEMBER_1, AUTUMN)
    summary = month_summary([p.journal for p in posted(world)], packages=world.all(Package))

    assert sum(t.covered for t in summary.currencies) == sum(t.covered for t in summary.customers)
    assert sum(t.covered for t in summary.customers) == sum(
        len(p.redemptions) for p in world.all(Package)
    )


@given(worlds())
def test_what_is_reversed_amounts_to_nothing(world: World) -> None:
    """Journals and their reversals together have no sessions and no amounts."""
    world.run(DECEMBER_1, AUTUMN)
    journals = [p.journal for p in posted(world)]
    undone = [reverse(j, id=f"{j.id}_r", at=DECEMBER_1) for j in journals]
    summary = month_summary([*journals, *undone], packages=world.all(Package))
    totals: list[CurrencyTotal | PartyTotal] = [*summary.currencies, *summary.customers]
    totals += summary.suppliers

    assert [(0, 0, {})] * len(totals) == [(t.sessions, t.covered, amounts(t)) for t in totals]


# ---- trial balance ---------------------------------------------------------------------------
def test_trial_balance_after() -> None:
    """What is planned stands on both sides as if it were posted."""
    balances = {("customer:ana", "EUR"): Balance(-50), ("platform", "EUR"): Balance(50)}
    planned = journal("sold", ("customer:ana", 50), ("platform", -20), ("supplier:tom", -30))

    assert trial_balance(
        {("customer:ana", "EUR"): 0, ("platform", "EUR"): 30, ("supplier:tom", "EUR"): -30}
    ) == trial_balance_after(balances, [planned])


@given(worlds())
def test_trial_balance_of_a_preview_is_that_of_the_run(world: World) -> None:
    """The sides of a preview are those of the books after the run. (law 8)"""
    before = world.store.balances()
    planned = [j for changes in world.run().changes for j in changes.journals]

    assert trial_balance(world.balances()) == tuple(
        side for side in trial_balance_after(before, planned) if side.credits
    )


# ---- billing records -------------------------------------------------------------------------
def billed_twice() -> World:
    """Return a world with invoices, a credit note and payouts of October and November."""
    ben = party("ben")
    world = World(
        sessions=(
            *TWELVE[:4],
            session(5, 7, month=11),
            session(7, 8, month=11),
            session(6, 9, match="m2"),
        ),
        customers=(party("ana"), ben),
        matches=(match("m1"), match("m2", customer="ben")),
    )
    world.run()
    world.tell(unapproved(TWELVE[0]))
    world.run(DECEMBER_1, NOVEMBER)
    return world


def records(world: World, **wanted: Any) -> list[tuple[str, str | None, str, int]]:
    """Return (kind, number, party, total) of the billing records that are *wanted*."""
    found = billing_records(
        invoices=world.all(Invoice),
        credit_notes=world.all(CreditNote),
        payouts=world.all(Payout),
        **wanted,
    )
    return [(r.kind, r.number, r.party, amounts(r)["total"]) for r in found]


def test_records_stand_by_date() -> None:
    """All documents of both sides; a payout is dated by the first day of its period. (seed 000)"""
    assert [
        ("payout", [None]),
        ("invoice", ["INV-2026-00001", "INV-2026-00002"]),
        ("payout", [None]),
        ("credit_note", ["CN-2026-00001"]),
        ("invoice", ["INV-2026-00003"]),
    ] == [
        (kind, sorted(str(r[1]) for r in of_kind) if kind == "invoice" else [r[1] for r in of_kind])
        for kind, of_kind in groupby(records(billed_twice()), key=lambda r: r[0])
    ]


def test_records_of_one_party() -> None:
    """Parents and tutors are filtered alike. (seed 000)"""
    world = billed_twice()

    assert [("invoice", "INV-2026-00002", "ben", 5_000)] == records(world, party="ben")
    assert {"tom"} == {r[2] for r in records(world, party="tom")}
    assert [] == records(world, party="nobody")


def test_records_of_one_customer_or_supplier() -> None:
    """A tutor has payouts and the invoices and notes of lessons that paid them. (seed 000)"""
    una = party("una", role="supplier")
    world = World(
        sessions=(*TWELVE[:4], session(6, 9, match="m2"), session(7, 10, match="m3")),
        customers=(party("ana"), party("ben")),
        suppliers=(party("tom", role="supplier"), una),
        matches=(match("m1"), match("m2", customer="ben"), match("m3", supplier="una")),
    )
    world.run()
    world.tell(unapproved(TWELVE[0]))
    world.run(DECEMBER_1, NOVEMBER)
    earners = earners_of(p.journal for p in posted(world))

    def of(**wanted: Any) -> set[tuple[str, str]]:
        return {(r[0], r[2]) for r in records(world, earners=earners, **wanted)}

    assert {("invoice", "ana"), ("payout", "una")} == of(supplier="una")
    assert {("invoice", "ana"), ("credit_note", "ana"), ("invoice", "ben"), ("payout", "tom")} == (
        of(supplier="tom")
    )
    assert {("invoice", "ana"), ("credit_note", "ana")} == of(customer="ana")
    assert {("invoice", "ben")} == of(customer="ben", supplier="tom")
    assert set() == of(customer="ben", supplier="una")
    assert {("payout", "tom"), ("payout", "una")} == of(status="pending")


def test_whose_lessons_they_were_is_read_from_the_books() -> None:
    """Without the journals, or the invoice of a credit note, nobody could say. (seed 000)"""
    world = billed_twice()
    earners = earners_of(p.journal for p in posted(world))

    assert {frozenset({"tom"})} == set(earners.values())
    assert {} == earners_of([journal("invoice.charged", ("customer:ana", -5), ("platform", 5))])
    assert {"payout"} == {
        r.kind for r in billing_records(payouts=world.all(Payout), supplier="tom")
    }
    with pytest.raises(ValueError, match=r"in its journals; pass earners \(for 'tom'\)"):
        records(world, supplier="tom")
    with pytest.raises(ValueError, match="what a credit note gives back is in its invoice"):
        billing_records(credit_notes=world.all(CreditNote), supplier="tom", earners=earners)


def test_records_of_a_range_of_dates() -> None:
    """*since* is the first day, *until* the first one after it. (seed 000; spec: billing 0.2)"""
    world = billed_twice()
    first, then = date(2026, 11, 1), date(2026, 12, 1)

    assert ["INV-2026-00001", "INV-2026-00002"] == [
        r[1] for r in records(world, since=first, until=then) if r[0] == "invoice"
    ]
    assert {"CN-2026-00001", "INV-2026-00003"} == {r[1] for r in records(world, since=then) if r[1]}
    assert ["payout"] == [r[0] for r in records(world, until=first)]


def test_a_record_without_a_date_is_in_no_range() -> None:
    """A draft is listed first, and left out once a range of dates is asked for."""
    world = billed_twice()
    draft = attrs.evolve(
        world.all(Invoice)[0], id="inv_draft", status="draft", issued_on=None, due_on=None
    )

    assert ["inv_draft"] == [r.id for r in billing_records(invoices=[draft])]
    assert () == billing_records(invoices=[draft], since=date.min)
    assert () == billing_records(invoices=[draft], until=date.max)


# ---- package ledgers and histories -----------------------------------------------------------
def test_package_ledgers() -> None:
    """Purchased, redeemed and remaining of each package, with the value that is left. (seed 000)"""
    world = World(sessions=TWELVE[:9]).buy(
        package(), package(5, "225", id="p2", purchased_on=date(2026, 9, 2))
    )
    world.run()
    first = PackageLedger(
        package="p1",
        customer="ana",
        purchased=10,
        redeemed=9,
        expired=0,
        returned=0,
        remaining=1,
        expires_on=None,
        deferred=eur("45"),
        low=True,
    )
    ledgers = package_ledgers(reversed(world.all(Package)))

    assert first == ledgers[0]
    assert [("p1", 9, 1, True), ("p2", 0, 5, False)] == [
        (each.package, each.redeemed, each.remaining, each.low) for each in ledgers
    ]


@pytest.mark.parametrize(("left", "low"), [(3, False), (2, False), (1, True), (0, True)])
def test_low_is_strictly_below_a_fifth(left: int, low: bool) -> None:
    """10 units: 2 left are not low, 1 left is. (spec: billing 5)"""
    world = World(sessions=TWELVE[: 10 - left]).buy(package())
    world.run()

    assert [low] == [each.low for each in package_ledgers(world.all(Package))]


def test_another_threshold() -> None:
    """A host that asks for half is told at 4 of 10."""
    world = World(sessions=TWELVE[:6]).buy(package())
    world.run()

    assert package_ledgers(world.all(Package), threshold=Threshold(50))[0].low
    assert not package_ledgers(world.all(Package))[0].low


def test_an_expired_package_is_never_low() -> None:
    """What expired is listed and does not alert. (spec: billing 5)"""
    world = World(sessions=TWELVE[:9]).buy(package(expires_on=date(2026, 10, 20)))
    world.run()
    (ledger,) = package_ledgers(world.all(Package))

    assert (9, 1, 0, False) == (ledger.redeemed, ledger.expired, ledger.remaining, ledger.low)
    assert eur("0") == ledger.deferred


@given(worlds())
def test_purchased_is_redeemed_expired_and_remaining(world: World) -> None:
    """The units of a package always add up. (spec: billing 13.7)"""
    world.run(DECEMBER_1, AUTUMN)

    for ledger in package_ledgers(world.all(Package)):
        assert ledger.purchased == ledger.redeemed + ledger.expired + ledger.remaining


def test_history_of_a_billing_cycle() -> None:
    """Who moved it where, why and when. (seed 000: billing cycles)"""
    store = World().store
    store.commit(bill(None, kind=MONTHLY.kind, period=OCTOBER, zone="Europe/Madrid", at=NOVEMBER_1))
    (read,) = store.find(BillingCycle).items
    closing = close(read, zone="UTC", at=DECEMBER_1, actor="maria", reason="books are done")
    store.commit(closing)
    rows = history_rows(store.history(BillingCycle, read.record.id))

    assert [
        (1, "billed", "billing run", "billed", NOVEMBER_1),
        (2, "closed", "maria", "books are done", DECEMBER_1),
    ] == [(row.version, row.status, row.actor, row.reason, row.at) for row in rows]
    assert {read.record.id} == {row.id for row in rows}


def test_only_what_has_a_status_has_such_a_history() -> None:
    """A party has none, and saying so is better than inventing one."""
    version = Version(party("ana"), 1, "k", "maria", "moved", NOVEMBER_1)

    with pytest.raises(AttributeError, match="status"):
        history_rows([version])


# ---- freeze ----------------------------------------------------------------------------------
def shown(value: object) -> list[Money]:
    """Return every amount anywhere in *value*."""
    if isinstance(value, Money):
        return [value]
    if isinstance(value, tuple):
        return [amount for each in value for amount in shown(each)]
    kind: type[Any] = type(value)
    if attrs.has(kind):
        return shown(tuple(getattr(value, f.name) for f in attrs.fields(kind)))
    return []


def test_freeze_hides_every_amount_of_every_view() -> None:
    """Nothing that is money is left, and everything else is as it was. (seed 000)"""
    world = World(sessions=TWELVE).buy(package())
    world.run()
    views = (
        summary_of(world),
        *package_ledgers(world.all(Package)),
        *billing_records(invoices=world.all(Invoice), payouts=world.all(Payout)),
        *history_rows(world.store.history(Payout, world.all(Payout)[0].id)),
    )
    frozen = freeze(views)
    month = frozen[0]

    assert 15 == len(shown(views))
    assert [] == shown(frozen)
    assert isinstance(month, MonthSummary)
    assert (12, 10) == (month.currencies[0].sessions, month.currencies[0].covered)
    assert [type(view) for view in views] == [type(view) for view in frozen]


def test_a_hidden_amount_is_a_dash() -> None:
    """It is a value of its own, so that nobody adds it up by mistake."""
    record = BillingRecord(
        kind="payout",
        id="pay_1",
        number=None,
        party="tom",
        on=OCTOBER.start,
        period=OCTOBER,
        status="pending",
        total=eur("30"),
    )

    assert attrs.evolve(record, total=HIDDEN) == freeze(record)
    assert "—" == str(freeze(record).total)
    assert freeze(record) == freeze(freeze(record))


@pytest.mark.parametrize(
    "other",
    [
        eur("1"),
        trial_balance({("a", "EUR"): 5, ("b", "EUR"): -5}),
        [PartyTotal],
        Series("INV"),
        None,
    ],
    ids=lambda other: type(other).__name__,
)
def test_freeze_takes_views_only(other: object) -> None:
    """Of anything else it does not know where the amounts are, so it refuses."""
    with pytest.raises(TypeError, match="only views and tuples of them can be frozen"):
        freeze(other)


def test_freeze_stores_nothing() -> None:
    """The books show the same before and after."""
    world = World(sessions=TWELVE)
    world.run()
    before = summary_of(world)
    freeze(before)

    assert before == summary_of(world)
    assert 60_000 == amounts(before.currencies[0])["charged"]


def test_sessions_that_wait() -> None:
    """Of October, two were held and not approved and one was cancelled; September is not asked."""
    sessions = (
        session(1, 1),
        session(2, 2, approved=False),
        session(3, 3, approved=False),
        attrs.evolve(session(4, 4, approved=False), status="cancelled"),
        session(5, 5, month=9, approved=False),
    )

    assert (("cancelled", 1), ("held", 2)) == not_approved(
        sessions, Period.month(2026, 10), zone="Europe/Madrid"
    )
