"""Contracts in a run: subscriptions, rate plans and enrolments beside sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs
import pytest

from ledgerkit.domain import credit_notes, subscriptions
from ledgerkit.domain.billing_run import PriceListMissing, bill_customer, readings_wanted
from ledgerkit.domain.changes import Changes, Expect, changes_of, request
from ledgerkit.domain.credit_notes import CreditNote, creditable
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant, Settlement, buy, give, revoke
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.late_joiners import enrol
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import AnniversaryCycle, CalendarCycle, FixedDaysCycle, Period
from ledgerkit.domain.pricing import Flat, ListPrice, PerUnit, PriceKey, PriceList, Tariff
from ledgerkit.domain.rate_plans import PlanItem, RatePlan
from ledgerkit.domain.subscriptions import Item, Subscription, create
from ledgerkit.domain.tax import Tax, TaxRate
from ledgerkit.domain.usage import SUM, Meter, Snapshot, UsageEvent
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER,
    NOVEMBER_1,
    OCTOBER,
    POLICY,
    World,
    eur,
    invoices,
    messages,
    money,
    notes,
    session,
    unapproved,
)

OCTOBER_1 = date(2026, 10, 1)
STUDIO = Item(id="studio", name="Studio", price=Rate(Fraction(3100), "EUR"))
STORAGE = Meter(name="storage", aggregation=SUM)
PRICES = PriceList(
    "cloud",
    "EUR",
    (
        ListPrice(
            PriceKey.of("platform fee"),
            Tariff(model=Flat(eur("10")), included=None),
            date(2026, 1, 1),
        ),
        ListPrice(
            PriceKey.of("storage"),
            Tariff(model=PerUnit(Rate(Fraction(10), "EUR")), included=0),
            date(2026, 1, 1),
        ),
    ),
)
VAT = Tax(id="vat", code="es-iva", rates=(TaxRate(Fraction(1, 5), date(2020, 1, 1)),))


def subscription(*items: Item, started_on: date = OCTOBER_1, id: str = "sub-1") -> Subscription:
    """Return Ana's subscription, billed in advance by the month unless its items say otherwise."""
    return create(
        items or (STUDIO,),
        id=id,
        customer="ana",
        currency="EUR",
        zone="Europe/Madrid",
        cycle=CalendarCycle(),
        started_on=started_on,
    ).subscription


def rate_plan(*, started_on: date = OCTOBER_1, days: int | None = None) -> RatePlan:
    """Return Ana's rate plan: a fee of 10.00 and storage at 0.10."""
    return RatePlan(
        id="plan-1",
        customer="ana",
        currency="EUR",
        zone="Europe/Madrid",
        price_list="cloud",
        cycle=CalendarCycle() if days is None else FixedDaysCycle(started_on, days),
        items=(PlanItem(item="platform fee"), PlanItem(item="storage", meter=STORAGE)),
        started_on=started_on,
    )


def used(id: str, day: date, quantity: str) -> UsageEvent:
    """Return so much storage, used at noon of a day."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return UsageEvent(id=id, customer="ana", meter="storage", at=at, quantity=Fraction(quantity))


def at(month: int, day: int) -> datetime:
    """Return six in the morning."""
    return datetime(2026, month, day, 6, tzinfo=UTC)


def lines(invoice: Invoice) -> list[tuple[str, int]]:
    """Return (item, amount) of every line."""
    return [(line.item, line.amount.minor) for line in invoice.lines]


# ---- one invoice for all that is due with the period ---------------------------------------------
def test_all_that_is_due_with_the_period_is_on_one_invoice() -> None:
    """A session of 50.00, October in arrears and November in advance: one invoice (row 25)."""
    world = World(sessions=(session(1, 5),)).agree(
        subscription(started_on=date(2026, 11, 1)), rate_plan(), PRICES
    )
    world.usage.add(used("e1", date(2026, 10, 7), "505/10"))

    (invoice,) = invoices(world.run())

    assert [
        ("maths / secondary / 60 min", 5000),
        ("platform fee", 1000),
        ("storage", 505),
        ("Studio", 3100),
    ] == sorted(lines(invoice), key=lambda line: ("m", "p", "s", "S").index(line[0][0]))
    assert (OCTOBER, 9605) == (invoice.period, invoice.total.minor)
    assert -9605 == world.held("customer:ana")


def test_run_again_bills_nothing() -> None:
    """What has a line is not charged again, whoever asks (row 2)."""
    world = World(sessions=(session(1, 5),)).agree(subscription(), rate_plan(), PRICES)
    world.usage.add(used("e1", date(2026, 10, 7), "10"))
    world.run()

    assert () == world.plan().changes


def test_days_of_their_own_have_invoices_of_their_own() -> None:
    """In advance from 1 October: that day's invoice, and one for 1 November with the period."""
    world = World().agree(subscription())

    first, second = invoices(world.run())

    assert [("contracts", None), ("calendar", OCTOBER)] == [
        (each.cycle, each.period) for each in (first, second)
    ]
    assert [3100, 3100] == [first.total.minor, second.total.minor]


def test_thirty_days_drift_against_months() -> None:
    """C-1: from 1 January, the run of 1 April bills the two periods closed since 1 March."""
    world = World(opened_on=date(2026, 1, 1), cycle=CalendarCycle()).agree(
        rate_plan(started_on=date(2026, 1, 1), days=30), PRICES
    )
    for n, day in enumerate((date(2026, 1, 9), date(2026, 2, 9), date(2026, 3, 9))):
        world.usage.add(used(f"e{n}", day, "1"))
    billed = [
        len(invoices(world.run(at(month, 1), Period.month(2026, month - 1))))
        for month in (2, 3, 4, 5, 6)
    ]

    assert [1, 0, 2] == billed[:3]


def test_late_joiner_is_one_invoice_of_a_line_per_cycle() -> None:
    """Joining on 15 March: 150.00 on the day, in three lines; the next cycle on its own day."""
    enrolled = enrol(
        customer="ana",
        student="Leo",
        class_id="m101",
        class_name="Matemáticas 101",
        class_start=date(2026, 1, 1),
        zone="Europe/Madrid",
        cycle=FixedDaysCycle(date(2026, 1, 1), 30),
        price=eur("50"),
        at=at(3, 15),
    ).enrolment
    world = World(opened_on=date(2026, 1, 1)).agree(enrolled)

    (joined,) = invoices(world.run(at(3, 20), Period.month(2026, 3)))
    (following,) = invoices(world.run(at(4, 1), Period.month(2026, 3)))

    assert [("Matemáticas 101", 5000)] * 3 == lines(joined)
    assert [("Matemáticas 101", 5000)] == lines(following)


# ---- who cannot be billed ------------------------------------------------------------------------
def test_missing_usage_is_told_and_holds_up_nothing_else() -> None:
    """The plan waits, the session is billed; a second period without usage is not guessed."""
    world = World(sessions=(session(1, 5),)).agree(rate_plan(), PRICES)

    plan = world.run()

    assert [5000] == [invoice.total.minor for invoice in invoices(plan)]
    assert ["usage_missing"] == [each.code for each in plan.skipped]


def test_estimate_then_truth() -> None:
    """November is estimated by October; what it was is charged as a difference with December."""
    world = World().agree(rate_plan(), PRICES)
    world.usage.add(used("e1", date(2026, 10, 7), "100"))
    world.run()
    estimated = world.run(DECEMBER_1, NOVEMBER)
    world.usage.add(used("e2", date(2026, 11, 7), "130"), used("e3", date(2026, 12, 7), "1"))
    (after,) = invoices(world.run(datetime(2027, 1, 1, 6, tzinfo=UTC), Period.month(2026, 12)))

    assert [2000] == [invoice.total.minor for invoice in invoices(estimated)]
    assert [300, 1000, 10] == [line.amount.minor for line in after.lines]
    assert {"counted"} == {snapshot.status for snapshot in world.all(Snapshot)}


def test_price_list_that_is_not_there() -> None:
    """The customer is skipped, and the sentence names the list."""
    world = World(sessions=(session(1, 5),)).agree(rate_plan())
    facts = world.facts()

    plan = world.plan()

    assert ["price_list_missing"] == [each.code for each in plan.skipped]
    assert () == plan.changes
    with pytest.raises(PriceListMissing, match="priced by 'cloud'"):
        bill_customer(facts, facts.customers[0], policy=POLICY, period=OCTOBER, as_of=NOVEMBER_1)


# ---- discounts, taxes ----------------------------------------------------------------------------
def test_coupons_and_taxes() -> None:
    """10 % off 31.00, then 20 % tax on 27.90: 33.48; dollars do not count in euros."""
    world = World(
        policy=attrs.evolve(POLICY, taxes={"": (VAT,)}),
        coupons=(
            Coupon(id="DOLLAR", amount=money("5", "USD")),
            Coupon(id="TEN", percent=Fraction(1, 10), times=1),
        ),
    ).agree(subscription(started_on=date(2026, 11, 1)))

    (first,) = invoices(world.run())
    (second,) = invoices(world.run(DECEMBER_1, NOVEMBER))

    assert (310, 558, 3348) == (first.discount.minor, first.tax.minor, first.total.minor)
    assert (0, 3720) == (second.discount.minor, second.total.minor)
    assert -3348 - 3720 == world.held("customer:ana")
    assert 558 + 620 == world.held("liability:tax:es-iva")


def test_taxes_of_the_customer_come_first() -> None:
    """None for a customer of another country, whatever the policy says."""
    world = World(policy=attrs.evolve(POLICY, taxes={"": (VAT,)})).agree(
        subscription(started_on=date(2026, 11, 1))
    )
    facts = world.facts()
    abroad = attrs.evolve(facts.customers[0], taxes={"": ()})
    billed = bill_customer(
        facts, abroad, policy=world.policy, period=OCTOBER, as_of=NOVEMBER_1
    ).changes

    assert billed is not None
    assert [3100] == [r.total.minor for r in billed.records if isinstance(r, Invoice)]


# ---- prepaid credit ------------------------------------------------------------------------------
def grant(amount: str, *, id: str = "g-1", expires_on: date | None = None) -> Grant:
    """Return credit that Ana bought on 1 September."""
    return Grant(
        id=id,
        customer="ana",
        amount=eur(amount),
        price=eur(amount),
        granted_on=date(2026, 9, 1),
        expires_on=expires_on,
    )


def with_credit(world: World, *credit: Grant) -> World:
    """Sell *credit*, or give what has no price."""
    for each in credit:
        make = give if each.promotional else buy
        bought = make(each, at=datetime(2026, 9, 1, tzinfo=UTC))
        world.store.commit(
            changes_of(
                bought,
                key=f"credit/{each.id}",
                request=request("grant.buy", grant=each.id),
                actor="parent",
                reason="bought",
                at=datetime(2026, 9, 1, tzinfo=UTC),
            )
        )
    return world


def revocation(held: Grant) -> Changes:
    """Return what takes away the rest of a grant that was stored and drawn once."""
    return attrs.evolve(
        changes_of(
            revoke(held, at=at(11, 2)),
            key=f"revoke/{held.id}",
            request=request("grant.revoke", grant=held.id),
            actor="billing",
            reason="never paid",
            at=at(11, 2),
        ),
        expects=(Expect(Grant, held.id, 2),),
    )


def test_credit_pays_what_it_can() -> None:
    """20.00 of credit pay part of 31.00; the run does not draw twice."""
    world = with_credit(World(), grant("20")).agree(subscription(started_on=date(2026, 11, 1)))
    before = world.held("customer:ana")
    world.run()

    assert -3100 + 2000 == world.held("customer:ana") - before
    assert ["depleted"] == [each.status for each in world.all(Grant)]
    assert () == world.plan().changes


def test_credit_pays_no_more_than_is_owed() -> None:
    """31.00 of which a pause in the same run gives 20.67 back: 10.33 are drawn of 100.00."""
    begun = subscription(started_on=date(2026, 11, 1))
    paused = subscriptions.pause(begun, on=date(2026, 11, 1), start=date(2026, 11, 11))
    world = with_credit(World(), grant("100")).agree(paused.subscription)
    world.run(DECEMBER_1, NOVEMBER)

    assert [1033] == [each.drawn.minor for each in world.all(Grant)]
    assert -10_000 == world.held("customer:ana")


def test_what_is_credited_goes_back_to_the_credit_that_paid() -> None:
    """A gift paid 20.00 of a session that was none: it is a gift again, and no money of Ana's."""
    gift = attrs.evolve(grant("20", expires_on=date(2026, 11, 1)), price=None)
    world = with_credit(World(sessions=(session(1, 5),)), gift)
    world.run()
    world.tell(unapproved(session(1, 5)))
    plan = world.run(DECEMBER_1, NOVEMBER)

    assert [5000] == [note.total.minor for note in notes(plan)]
    assert [(0, 2000, "expired")] == [
        (each.drawn.minor - each.returned.minor, each.expired.minor, each.status)
        for each in world.all(Grant)
    ]
    assert {} == world.balances()


def test_credit_that_expired_or_was_revoked_since() -> None:
    """What was drawn of 70.00 comes back and expires with the rest; of a revoked grant it stays."""
    for revoked, expected in ((False, (0, 7000, 0)), (True, (5000, 0, 2000))):
        credit = grant("70", expires_on=None if revoked else date(2026, 11, 1))
        world = with_credit(World(sessions=(session(1, 5),)), credit)
        world.run()
        if revoked:
            (drawn,) = world.all(Grant)
            world.store.commit(revocation(drawn))
        world.tell(unapproved(session(1, 5)))
        world.run(DECEMBER_1, NOVEMBER)

        (after,) = world.all(Grant)
        used = after.drawn.minor - after.returned.minor
        assert expected == (used, after.expired.minor, after.revoked.minor)
        assert () == world.plan(DECEMBER_1, NOVEMBER).changes


def test_what_is_credited_in_part_goes_back_in_part() -> None:
    """A pause gives 20.67 of 31.00 back, of which credit had paid 20.00: 9.67 of it go back."""
    world = World(sessions=(session(1, 5, month=9),)).agree(
        subscription(started_on=date(2026, 11, 1))
    )
    with_credit(world, grant("70"), grant("1", id="g-2", expires_on=date(2026, 9, 2)))
    world.run(at(10, 1), Period.month(2026, 9))  # of this session nothing comes back
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11)).subscription
    world.agree(paused)
    world.run(DECEMBER_1, NOVEMBER)

    used, unused = world.all(Grant)
    assert (7000, 967) == (used.drawn.minor, used.returned.minor)
    assert (0, 100) == (unused.drawn.minor, unused.expired.minor)
    assert -7000 - 100 == world.held("customer:ana")


def test_credit_expires_after_all_usage_is_billed() -> None:
    """Credit until 1 November pays October; what is left is forfeited in the same run."""
    world = with_credit(World(sessions=(session(1, 5),)), grant("70", expires_on=date(2026, 11, 1)))
    world.run()

    assert ["expired"] == [each.status for each in world.all(Grant)]
    assert [2000] == [each.expired.minor for each in world.all(Grant)]


def test_credit_waits_for_usage_that_is_not_billed() -> None:
    """As long as October's usage is missing, credit of October does not expire (row 12)."""
    world = with_credit(World(), grant("70", expires_on=date(2026, 11, 1))).agree(
        rate_plan(), PRICES
    )
    world.run()

    assert ["active"] == [each.status for each in world.all(Grant)]


def test_credit_only() -> None:
    """Where credit is all that may pay, who has too little is not billed."""
    world = with_credit(
        World(policy=attrs.evolve(POLICY, settlement=Settlement.CREDIT_ONLY)), grant("20")
    ).agree(subscription(started_on=date(2026, 11, 1)))

    plan = world.run()

    assert ["uncovered"] == [each.code for each in plan.skipped]
    assert () == plan.changes


def test_little_credit_left_is_told_once() -> None:
    """40.00 less 31.00 is below 10.00: told by the run that draws it, and by no other."""
    world = with_credit(
        World(policy=attrs.evolve(POLICY, low_credit=(eur("10"), money("10", "USD")))), grant("40")
    ).agree(subscription(started_on=date(2026, 11, 1)))

    (low,) = messages(world.run())

    assert ("notice.low_credit", "ana") == (low.topic, low.recipient)
    assert ("remaining_minor", "900") in low.body
    assert [] == messages(world.plan())


def test_credit_that_expires_soon_is_told_once() -> None:
    """Fourteen days before, by a run that bills nothing; later runs say nothing of it."""
    world = with_credit(World(), grant("40", expires_on=date(2026, 11, 20)))

    assert [] == messages(world.run(at(11, 5), NOVEMBER))
    (soon,) = messages(world.run(at(11, 6), NOVEMBER))
    assert ("notice.credit_expiring", ("remaining_minor", "4000")) == (soon.topic, soon.body[1])
    assert () == world.plan(at(11, 6), NOVEMBER).changes
    assert () == world.plan(at(11, 19), NOVEMBER).changes
    assert [date(2026, 11, 20)] == [each.told for each in world.all(Grant)]


def test_who_wants_no_notice_of_expiry() -> None:
    """Told never, where the policy says so."""
    world = with_credit(
        World(policy=attrs.evolve(POLICY, expiring_days=None)),
        grant("40", expires_on=date(2026, 11, 20)),
    )

    assert () == world.plan(at(11, 6), NOVEMBER).changes


# ---- what is given back --------------------------------------------------------------------------
def test_more_given_back_than_charged_is_a_credit_note() -> None:
    """A planned pause from 11 November gives 20 of 30 days back: 20.67 on a credit note."""
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11)).subscription
    world.agree(paused)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert [] == invoices(plan)
    assert [2067] == [note.total.minor for note in notes(plan)]
    assert -3100 + 2067 == world.held("customer:ana")
    assert () == world.plan(DECEMBER_1, NOVEMBER).changes
    assert ["applied"] == [note.status for note in world.all(CreditNote)]


def test_less_given_back_than_charged_stays_on_the_invoice() -> None:
    """20 of 30 days of seats are due that day, 33.33: less 20.67 given back, 12.66."""
    seats = attrs.evolve(STUDIO, id="seats", name="Seats", price=Rate(Fraction(5000), "EUR"))
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11)).subscription
    world.agree(paused, subscription(seats, started_on=date(2026, 11, 11), id="sub-2"))

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert [1266, 5000] == sorted(invoice.total.minor for invoice in invoices(plan))
    assert [] == notes(plan)


def test_a_difference_below_zero_is_credited_to_what_was_billed_too_much() -> None:
    """November was billed at 90.00 by estimate and came to 0.10: 89.90 on a credit note."""
    world = World().agree(attrs.evolve(rate_plan(), ends_on=date(2026, 12, 1)), PRICES)
    world.usage.add(used("e1", date(2026, 10, 7), "900"))
    world.run()
    world.run(DECEMBER_1, NOVEMBER)
    world.usage.add(used("e2", date(2026, 11, 7), "1"))

    plan = world.run(datetime(2027, 1, 1, 6, tzinfo=UTC), Period.month(2026, 12))

    assert ([], [8990]) == (invoices(plan), [note.total.minor for note in notes(plan)])
    assert () == world.plan(datetime(2027, 1, 1, 6, tzinfo=UTC), Period.month(2026, 12)).changes


def test_a_difference_gives_back_what_was_billed_after_its_coupon() -> None:
    """Half of 90.00 was billed, so 89.90 less is 44.95 back, however much else is due."""
    world = World(coupons=(Coupon(id="HALF", percent=Fraction(1, 2)),)).agree(
        rate_plan(), PRICES, subscription(started_on=date(2026, 11, 1))
    )
    world.usage.add(*(used(f"e{month}", date(2026, month, 7), "900") for month in (10, 12)))
    world.run()
    world.run(DECEMBER_1, NOVEMBER)
    world.usage.add(used("e11", date(2026, 11, 7), "1"))

    plan = world.run(datetime(2027, 1, 1, 6, tzinfo=UTC), Period.month(2026, 12))

    assert [4495] == [note.total.minor for note in notes(plan)]
    assert [1000, 9000, 3100] == [line.amount.minor for line in invoices(plan)[0].lines]


def test_two_pauses_of_one_day_are_credited_to_the_invoice_of_the_same_run() -> None:
    """Two subscriptions billed, paused and credited in one run: the invoice has two notes."""
    world = World()
    for n, day in enumerate((11, 21)):
        begun = subscription(started_on=date(2026, 11, 1), id=f"sub-{n}")
        paused = subscriptions.pause(begun, on=date(2026, 11, 1), start=date(2026, 11, day))
        world.agree(paused.subscription)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert [6200] == [invoice.total.minor for invoice in invoices(plan)]
    assert [2067, 1033] == [note.total.minor for note in notes(plan)]
    assert -6200 + 3100 == world.held("customer:ana")


def test_a_pause_in_the_run_that_bills_gives_back_after_the_coupon() -> None:
    """31.00 at half price: 15.50 billed, and 20 of 30 days of that are 10.33."""
    begun = subscription(started_on=date(2026, 11, 1))
    paused = subscriptions.pause(begun, on=date(2026, 11, 1), start=date(2026, 11, 11))
    world = World(coupons=(Coupon(id="HALF", percent=Fraction(1, 2)),)).agree(paused.subscription)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert ([1550], [1033]) == (
        [invoice.total.minor for invoice in invoices(plan)],
        [note.total.minor for note in notes(plan)],
    )


def test_nothing_is_given_back_twice() -> None:
    """What was credited by hand already is not credited again by a pause."""
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    (billed,) = world.all(Invoice)
    note = credit_notes.draft(billed, creditable(billed, ()), earlier=(), reason="goodwill")
    credited = credit_notes.issue(note, on=date(2026, 11, 2), at=at(11, 2), invoice=billed)
    world.store.commit(
        changes_of(
            credited,
            key="goodwill",
            request=request("credit_note.issue", invoice=billed.id),
            actor="billing",
            reason="goodwill",
            at=at(11, 2),
            expects=world.expects(Invoice),
        )
    )
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11)).subscription
    world.agree(paused)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert ([], []) == (invoices(plan), notes(plan))
    assert 0 == world.held("customer:ana")


def test_prices_with_tax_give_back_their_tax() -> None:
    """31.00 with its tax: 20 of 30 days give back 20.67, on an invoice and as a note alike."""
    inclusive = attrs.evolve(VAT, inclusive=True)
    seats = attrs.evolve(STUDIO, id="seats", name="Seats", price=Rate(Fraction(5000), "EUR"))
    held = []
    for others in ((), (subscription(seats, started_on=date(2026, 11, 11), id="sub-2"),)):
        begun = subscription(started_on=date(2026, 11, 1))
        paused = subscriptions.pause(begun, on=date(2026, 11, 1), start=date(2026, 11, 11))
        world = World(policy=attrs.evolve(POLICY, taxes={"": (inclusive,)}))
        world.agree(paused.subscription, *others)
        world.run(DECEMBER_1, NOVEMBER)
        held.append(world.held("customer:ana"))

    assert [-3100 + 2067, -3100 + 2067 - 3333 - 5000] == held


# ---- several periods at once ---------------------------------------------------------------------
def test_two_periods_in_one_plan_are_billed_as_one_after_the_other() -> None:
    """Two months that no run billed come out as two runs would have billed them."""

    def world() -> World:
        made = World(sessions=(session(1, 5), session(2, 6, month=11)), opened_on=OCTOBER_1).agree(
            subscription(), rate_plan(), PRICES
        )
        made.usage.add(used("e1", date(2026, 10, 7), "10"), used("e2", date(2026, 11, 7), "20"))
        return with_credit(made, grant("20"))

    once, twice = world(), world()
    once.commit(once.plan(DECEMBER_1, None).changes)
    twice.run(DECEMBER_1, OCTOBER)
    twice.run(DECEMBER_1, NOVEMBER)

    assert twice.balances() == once.balances()
    assert twice.totals(Invoice) == once.totals(Invoice)


def test_more_given_back_than_charged_on_a_day_of_its_own() -> None:
    """The pause from 11 November, billed on the 15th, is credited that day."""
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11)).subscription
    world.agree(paused)

    plan = world.run(at(11, 15), NOVEMBER)

    assert ([], [2067]) == (invoices(plan), [note.total.minor for note in notes(plan)])


def test_more_given_back_than_charged_when_the_period_ends() -> None:
    """A quarter paid in advance, paused on the day the month ends: 62 of 92 days go back."""
    quarterly = attrs.evolve(STUDIO, cycle=AnniversaryCycle(date(2026, 11, 1), 3))
    world = World().agree(subscription(quarterly, started_on=date(2026, 11, 1)))
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 12, 1)).subscription
    world.agree(paused)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert ([], [2089]) == (invoices(plan), [note.total.minor for note in notes(plan)])


def test_credit_pays_no_more_than_the_invoice_comes_to() -> None:
    """33.33 less 20.67 given back: 12.66 of 80.00 are drawn that day, 50.00 for December."""
    seats = attrs.evolve(STUDIO, id="seats", name="Seats", price=Rate(Fraction(5000), "EUR"))
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11)).subscription
    world.agree(paused, subscription(seats, started_on=date(2026, 11, 11), id="sub-2"))
    with_credit(world, grant("80"))

    world.run(DECEMBER_1, NOVEMBER)

    assert [8000 - 1266 - 5000] == [each.remaining.minor for each in world.all(Grant)]
    assert -3100 - 8000 == world.held("customer:ana")


def test_what_is_given_back_lowers_lines_of_its_kind_first() -> None:
    """Credit for seats pays all 33.33 of them, since the studio of 20.67 is what was given back."""
    seats = Item(id="seats", name="Seats", price=Rate(Fraction(5000), "EUR"), kind="seats")
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11)).subscription
    moved = subscription(seats, STUDIO, started_on=date(2026, 11, 11), id="sub-2")
    world.agree(paused, attrs.evolve(moved, ends_on=date(2026, 12, 1)))
    with_credit(world, attrs.evolve(grant("40"), covers=("seats",)))

    world.run(at(11, 15), NOVEMBER)

    assert [4000 - 3333] == [each.remaining.minor for each in world.all(Grant)]


def test_two_credit_notes_of_one_invoice() -> None:
    """Two subscriptions on one invoice, paused on different days: each day has its own note."""
    world = World().agree(
        subscription(started_on=date(2026, 11, 1)),
        subscription(started_on=date(2026, 11, 1), id="sub-2"),
    )
    world.run()
    for found, day in zip(world.all(Subscription), (11, 21), strict=True):
        asked = date(2026, 11, day)
        paused = subscriptions.pause(found, on=date(2026, 11, 1), start=asked)
        world.agree(paused.subscription)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert [2067, 1033] == [note.total.minor for note in notes(plan)]
    assert -6200 + 3100 == world.held("customer:ana")


def test_charged_and_given_back_in_one_run() -> None:
    """No run since October: 31.00 of 1 November is billed, and 20.67 of it credited, at once."""
    begun = subscription(started_on=date(2026, 11, 1))
    paused = subscriptions.pause(begun, on=date(2026, 10, 20), start=date(2026, 11, 11))
    world = World().agree(paused.subscription)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert ([3100], [2067]) == (
        [invoice.total.minor for invoice in invoices(plan)],
        [note.total.minor for note in notes(plan)],
    )
    assert ((), -1033) == (plan.skipped, world.held("customer:ana"))


def test_given_back_on_the_day_the_period_ends() -> None:
    """A year of 3650.00 from 1 November, paused from 1 December: 335 of 365 days are credited."""
    year = Item(
        id="year",
        name="Year",
        price=Rate(Fraction(365_000), "EUR"),
        cycle=AnniversaryCycle(date(2026, 11, 1), 12),
    )
    world = World().agree(subscription(year, started_on=date(2026, 11, 1)))
    world.run()
    (now,) = world.all(Subscription)
    paused = subscriptions.pause(now, on=date(2026, 11, 5), start=date(2026, 12, 1))
    world.agree(paused.subscription)

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert ([], [335_000]) == (invoices(plan), [note.total.minor for note in notes(plan)])


def test_prices_with_tax_in_them_are_given_back_with_it() -> None:
    """12.00 with 20 % in it: 6.00 back on a note, 4.00 on an invoice of other things."""
    vat = attrs.evolve(VAT, inclusive=True)
    plain = Item(id="plain", name="Plain", price=Rate(Fraction(1200), "EUR"))
    world = World(policy=attrs.evolve(POLICY, taxes={"": (vat,)})).agree(
        subscription(plain, started_on=date(2026, 11, 1)),
        subscription(plain, started_on=date(2026, 11, 1), id="sub-2"),
    )
    world.run()
    for found, day in zip(world.all(Subscription), (16, 21), strict=True):
        asked = date(2026, 11, day)
        paused = subscriptions.pause(found, on=date(2026, 11, 1), start=asked)
        world.agree(paused.subscription)
    dear = Item(id="dear", name="Dear", price=Rate(Fraction(3600), "EUR"))
    world.agree(subscription(dear, started_on=date(2026, 11, 21), id="sub-3"))

    plan = world.run(at(11, 25), NOVEMBER)

    assert [(600, 100)] == [(note.total.minor, note.tax.minor) for note in notes(plan)]
    assert [(1200 - 400, 200 - 67)] == [(i.total.minor, i.tax.minor) for i in invoices(plan)]


# ---- what has to be read -------------------------------------------------------------------------
def test_readings_wanted() -> None:
    """Periods to bill, and the last ones billed, each once for all customers who ask for it."""
    eve = attrs.evolve(rate_plan(started_on=date(2026, 9, 1)), id="plan-2", customer="eve")
    world = World(opened_on=date(2026, 9, 1)).agree(
        attrs.evolve(rate_plan(), started_on=date(2026, 8, 1)), PRICES
    )
    world.usage.add(*(used(f"e{month}", date(2026, month, 7), "1") for month in (8, 9, 10)))
    world.run(at(11, 1))
    (plan,) = world.all(RatePlan)

    wanted = readings_wanted(
        [plan, eve], world.all(Snapshot), period=NOVEMBER, as_of=DECEMBER_1, late=2
    )

    assert [
        (Period.month(2026, 9), ("ana", "eve")),
        (OCTOBER, ("ana", "eve")),
        (NOVEMBER, ("ana", "eve")),
    ] == [(each.period, each.customers) for each in wanted]
