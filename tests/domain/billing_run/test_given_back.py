"""What a run gives back: what was billed for it, with its discounts and taxes, to whoever paid."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs
import pytest

from ledgerkit.domain import credit_notes, subscriptions
from ledgerkit.domain.billing_run import bill_customer, plan_billing_run
from ledgerkit.domain.changes import Plan, Versioned, changes_of, request
from ledgerkit.domain.credit_notes import creditable
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import VOID, Invoice
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import Period
from ledgerkit.domain.subscriptions import Item, Subscription
from ledgerkit.domain.tax import EXEMPT, Tax
from tests.domain.billing_run.test_contracts import (
    PRICES,
    STUDIO,
    VAT,
    at,
    grant,
    rate_plan,
    subscription,
    used,
    with_credit,
)
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER,
    POLICY,
    World,
    eur,
    invoices,
    notes,
    session,
    unapproved,
)

DECEMBER = Period.month(2026, 12)
JANUARY_1 = datetime(2027, 1, 1, 6, tzinfo=UTC)
SEATS = Item(id="seats", name="Seats", price=Rate(Fraction(5000), "EUR"), kind="seats")
INCLUDED = attrs.evolve(POLICY, taxes={"": (attrs.evolve(VAT, inclusive=True),)})
TENTH = Coupon(id="TEN", percent=Fraction(1, 10))


def paused(world: World) -> World:
    """Pause the only subscription of *world* from 11 November: 20 of 30 days go back."""
    (now,) = world.all(Subscription)
    asked = subscriptions.pause(now, on=date(2026, 11, 1), start=date(2026, 11, 11))
    return world.agree(asked.subscription)


# ---- taxes and discounts -------------------------------------------------------------------------
def test_tax_in_the_price_goes_back_with_it_on_an_invoice() -> None:
    """31.00 with its tax, of which 20.67 goes back, from 33.33: 12.66, taxes in all of it."""
    world = World(policy=INCLUDED).agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    paused(world).agree(subscription(SEATS, started_on=date(2026, 11, 11), id="sub-2"))

    (invoice,) = invoices(world.run(at(11, 15), NOVEMBER))

    assert [-2067, 3333] == sorted(line.amount.minor for line in invoice.lines)
    assert (1266, 211) == (invoice.total.minor, invoice.tax.minor)


def test_tax_in_the_price_goes_back_with_it_on_a_note() -> None:
    """Nothing else to charge: 17.22 and 3.45 tax, 20.67 together."""
    world = World(policy=INCLUDED).agree(subscription(started_on=date(2026, 11, 1)))
    world.run()

    (note,) = notes(paused(world).run(at(11, 15), NOVEMBER))

    assert (1722, 345, 2067) == (note.net.minor, note.tax.minor, note.total.minor)


def test_taxes_may_take_an_invoice_below_zero() -> None:
    """33.33 free of tax less 33.33 with 20 %: nothing is owed for that, so it is a note."""
    free = Tax(id="free", code="es-iva", treatment=EXEMPT, reason="education")
    policy = attrs.evolve(POLICY, taxes={"": (VAT,), "seats": (free,)})
    dear = attrs.evolve(STUDIO, price=Rate(Fraction(5000), "EUR"))
    world = World(policy=policy).agree(subscription(dear, started_on=date(2026, 11, 1)))
    world.run()
    paused(world).agree(subscription(SEATS, started_on=date(2026, 11, 11), id="sub-2"))

    plan = world.run(at(11, 15), NOVEMBER)

    assert ((), [3333]) == (plan.skipped, [each.total.minor for each in invoices(plan)])
    assert [4000] == [note.total.minor for note in notes(plan)]


def credited_by_hand(world: World, amount: str) -> World:
    """Credit so much of the only line of the only invoice, as a person does."""
    (invoice,) = world.all(Invoice)
    asked = {invoice.lines[0].id: eur(amount)}
    note = credit_notes.draft(invoice, asked, earlier=(), reason="kindness")
    issued = credit_notes.issue(note, on=date(2026, 11, 2), at=at(11, 2), invoice=invoice)
    world.store.commit(
        changes_of(
            issued,
            key="by hand",
            request=request("credit", invoice=invoice.id),
            actor="ana",
            reason="kindness",
            at=at(11, 2),
            expects=world.expects(Invoice),
        )
    )
    return world


@pytest.mark.parametrize(("by_hand", "back"), [("10", [2067]), ("20", [1100]), ("31", [])])
def test_no_more_goes_back_than_notes_left(by_hand: str, back: list[int]) -> None:
    """Of 31.00, so much was credited by hand; of the 20.67 of a pause goes back what is left."""
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()

    plan = paused(credited_by_hand(world, by_hand)).run(at(11, 15), NOVEMBER)

    assert ((), back) == (plan.skipped, [note.total.minor for note in notes(plan)])
    assert () == world.plan(at(11, 15), NOVEMBER).changes


def test_what_a_note_gave_back_is_not_set_off_again() -> None:
    """All of 31.00 was credited by hand: seats of 33.33 are billed whole beside the pause."""
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    paused(credited_by_hand(world, "31"))
    world.agree(subscription(SEATS, started_on=date(2026, 11, 11), id="sub-2"))

    plan = world.run(at(11, 15), NOVEMBER)

    assert ([3333], []) == ([each.total.minor for each in invoices(plan)], notes(plan))


def voided(read: Versioned[Invoice]) -> Versioned[Invoice]:
    """Return an invoice as somebody took it back whole."""
    return attrs.evolve(read, record=attrs.evolve(read.record, status=VOID))


def test_nothing_goes_back_of_an_invoice_that_is_void() -> None:
    """Nobody owes it any more, so a pause gives nothing back."""
    world = World().agree(subscription(started_on=date(2026, 11, 1)))
    world.run()
    paused(world)
    facts = world.facts()
    (customer,) = facts.customers
    void = attrs.evolve(customer, invoices=tuple(map(voided, customer.invoices)))

    billed = bill_customer(facts, void, policy=POLICY, period=NOVEMBER, as_of=at(11, 15))

    assert billed.changes is not None
    assert [Subscription] == [type(record) for record in billed.changes.records]


def set_off_twice(world: World) -> World:
    """Bill 31.00, then 33.33 of seats less 20.67 of it; then pause the seats: 25.00 go back."""
    world.agree(subscription(started_on=date(2026, 11, 1))).run()
    paused(world).agree(subscription(SEATS, started_on=date(2026, 11, 11), id="sub-2"))
    world.run(at(11, 15), NOVEMBER)
    (seats,) = (each for each in world.all(Subscription) if each.id == "sub-2")
    asked = subscriptions.pause(seats, on=date(2026, 11, 15), start=date(2026, 11, 16))
    return world.agree(asked.subscription)


def given(plan: Plan) -> list[tuple[int, list[int]]]:
    """Return (total, amounts of the lines) of the credit notes of *plan*."""
    return [(note.total.minor, [li.amount.minor for li in note.lines]) for note in notes(plan)]


def test_what_was_set_off_goes_back_to_where_it_came_from() -> None:
    """25.00 of an invoice of 12.66: 12.34 of what was taken off it is credited where it was billed.

    Of 31.00 and 33.33, 18.66 are kept: ten days of the studio and five of the seats.
    """
    world = set_off_twice(World())
    plan = world.run(at(11, 20), NOVEMBER)

    assert () == plan.skipped
    assert [(1266, [2500, -1234]), (1234, [1234])] == given(plan)
    assert -1866 == world.held("customer:ana")
    assert () == world.plan(at(11, 20), NOVEMBER).changes


def test_what_was_set_off_goes_back_with_its_tax() -> None:
    """The same with 20 %: 30.00 go back, 15.19 of them where they were not set off."""
    world = set_off_twice(World(policy=attrs.evolve(POLICY, taxes={"": (VAT,)})))
    plan = world.run(at(11, 20), NOVEMBER)

    assert () == plan.skipped
    assert 3000 == sum(note.total.minor for note in notes(plan))
    assert [1519, 1481] == [note.total.minor for note in notes(plan)]


def test_what_was_set_off_twice_goes_back_twice() -> None:
    """Seats took off the studio, a room took off the seats; the room ends: each gives some back."""
    world = set_off_twice(World())
    room = attrs.evolve(SEATS, id="room", name="Room", price=Rate(Fraction(6000), "EUR"))
    world.agree(subscription(room, started_on=date(2026, 11, 16), id="sub-3"))
    world.run(at(11, 16), NOVEMBER)
    (now,) = (each for each in world.all(Subscription) if each.id == "sub-3")
    ended = subscriptions.pause(now, on=date(2026, 11, 16), start=date(2026, 11, 17))
    plan = world.agree(ended.subscription).run(at(11, 20), NOVEMBER)

    assert () == plan.skipped
    assert [(500, [2800, -2300]), (1266, [2300, -1034]), (1034, [1034])] == given(plan)
    assert -(1033 + 833 + 200) == world.held("customer:ana")


def test_what_was_set_off_of_a_void_invoice_goes_nowhere() -> None:
    """Nobody owes the studio any more: who bills decides, and the sentence says what is asked."""
    world = set_off_twice(World())
    facts = world.facts()
    (customer,) = facts.customers
    void = tuple(
        voided(each) if each.record.total == eur("31") else each for each in customer.invoices
    )
    facts = attrs.evolve(facts, customers=(attrs.evolve(customer, invoices=void),))
    plan = plan_billing_run(facts, policy=POLICY, as_of=at(11, 20), period=NOVEMBER)

    assert ["invoice_over_credited"] == [each.code for each in plan.skipped]
    assert "came to 12.66 EUR and 0.00 EUR is credited; 25.00 EUR asked" in plan.skipped[0].reason


def test_a_note_by_hand_gives_back_what_a_run_left() -> None:
    """Of 31.00, 20.67 stand on the invoice of the seats: a full note is of 10.33."""
    world = set_off_twice(World())
    every = world.all(Invoice)
    (studio,) = (each for each in every if each.total == eur("31"))

    assert [eur("10.33")] == list(creditable(studio, (), others=every).values())


# ---- usage that was less than billed -------------------------------------------------------------
def test_usage_that_was_less_is_a_note_where_nothing_sets_it_off() -> None:
    """An estimate of 90.00, and 0.10 used: 89.90 go back, since an invoice owes nobody money."""
    world = World().agree(attrs.evolve(rate_plan(), ends_on=date(2026, 12, 1)), PRICES)
    world.usage.add(used("e1", date(2026, 10, 7), "900"))
    world.run()
    world.run(DECEMBER_1, NOVEMBER)
    world.usage.add(used("e2", date(2026, 11, 7), "1"))

    plan = world.run(JANUARY_1, DECEMBER)

    assert ((), []) == (plan.skipped, invoices(plan))
    assert [8990] == [note.total.minor for note in notes(plan)]
    assert -10_000 - 1000 - 10 == world.held("customer:ana")
    assert () == world.plan(JANUARY_1, DECEMBER).changes


@pytest.mark.parametrize(
    ("mistaken", "back", "left"), [("-150", [1000, 500], 0), ("-20", [200], 1300)]
)
def test_usage_that_was_less_goes_back_from_lines_that_charged_it(
    mistaken: str, back: list[int], left: int
) -> None:
    """10.00, then 5.00 for late events; then some of it was a mistake: the last goes back first."""
    world = World().agree(attrs.evolve(rate_plan(), ends_on=date(2026, 11, 1)), PRICES)
    world.usage.add(used("e1", date(2026, 10, 7), "100"))
    world.run()
    world.usage.add(used("e2", date(2026, 10, 8), "50"))
    world.run(DECEMBER_1, NOVEMBER)
    world.usage.add(used("e3", date(2026, 10, 9), mistaken))

    plan = world.run(JANUARY_1, DECEMBER)

    assert ((), back) == (plan.skipped, [note.total.minor for note in notes(plan)])
    assert -1000 - left == world.held("customer:ana")


def test_usage_that_was_less_goes_back_as_it_was_billed() -> None:
    """90.00 less 10 %, of which one in 900 is kept: 80.91 of 81.00, not 89.90."""
    world = World(coupons=(TENTH,)).agree(
        attrs.evolve(rate_plan(), ends_on=date(2026, 11, 1)), PRICES
    )
    world.usage.add(used("e1", date(2026, 10, 7), "900"))
    world.run()
    world.usage.add(used("e2", date(2026, 10, 8), "-899"))

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert ((), [8091]) == (plan.skipped, [note.total.minor for note in notes(plan)])


# ---- prepaid credit ------------------------------------------------------------------------------
def test_credit_comes_back_with_the_line_it_paid() -> None:
    """50.00 that credit paid, and a session that was none: the credit is there again."""
    world = with_credit(World(sessions=(session(1, 5),)), grant("70"))
    before = world.held("customer:ana")
    world.run()
    world.tell(unapproved(session(1, 5)))

    world.run(DECEMBER_1, NOVEMBER)

    assert [7000] == [each.remaining.minor for each in world.all(Grant)]
    assert before == world.held("customer:ana")
    assert 7000 == world.held("liability:credit:g-1")
    assert () == world.plan(DECEMBER_1, NOVEMBER).changes


def test_credit_pays_no_more_of_a_line_than_is_left_of_it() -> None:
    """20.00 of 31.00 by credit; 20.67 go back: first the 11.00 it did not pay, then 9.67 of it."""
    world = with_credit(World(), grant("20")).agree(subscription(started_on=date(2026, 11, 1)))
    before = world.held("customer:ana")
    world.run()

    paused(world).run(at(11, 15), NOVEMBER)

    assert [967] == [each.remaining.minor for each in world.all(Grant)]
    assert before == world.held("customer:ana")


def test_credit_of_several_grants_comes_back_last_one_first() -> None:
    """10.00 and then 15.00 paid of 31.00; of the 20.67 that go back 14.67 are of the second."""
    world = with_credit(
        World(), grant("10"), attrs.evolve(grant("15", id="g-2"), granted_on=date(2026, 9, 2))
    ).agree(subscription(started_on=date(2026, 11, 1)))
    world.run()

    paused(world).run(at(11, 15), NOVEMBER)

    assert {"g-1": 0, "g-2": 1467} == {g.id: g.remaining.minor for g in world.all(Grant)}


def test_credit_that_expired_since_is_forfeited_when_it_comes_back() -> None:
    """It paid in October and is of no use in December: what comes back lapses at once."""
    world = with_credit(World(sessions=(session(1, 5),)), grant("70", expires_on=date(2026, 11, 1)))
    world.run()
    world.tell(unapproved(session(1, 5)))

    world.run(DECEMBER_1, NOVEMBER)

    assert [("expired", 7000)] == [(g.status, g.expired.minor) for g in world.all(Grant)]
    assert 0 == world.held("liability:credit:g-1")


def test_credit_that_was_revoked_does_not_come_back() -> None:
    """There is no way back to it: what goes back is the customer's."""
    world = with_credit(World(sessions=(session(1, 5),)), grant("70"))
    world.run()
    (held,) = world.all(Grant)
    world.agree(attrs.evolve(held, status="revoked"))
    before = world.held("customer:ana")
    world.tell(unapproved(session(1, 5)))

    world.run(DECEMBER_1, NOVEMBER)

    assert before + 5000 == world.held("customer:ana")


def test_credit_pays_nothing_that_the_same_run_gives_back() -> None:
    """31.00 billed and 20.67 of it credited at once: 10.33 of the credit is used."""
    begun = subscription(started_on=date(2026, 11, 1))
    asked = subscriptions.pause(begun, on=date(2026, 10, 20), start=date(2026, 11, 11))
    world = with_credit(World(), grant("50")).agree(asked.subscription)
    before = world.held("customer:ana")

    world.run(DECEMBER_1, NOVEMBER)

    assert [5000 - 1033] == [each.remaining.minor for each in world.all(Grant)]
    assert before == world.held("customer:ana")
