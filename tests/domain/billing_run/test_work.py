"""Completed work gets onto invoices: once, as it was charged, with what corrections moved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import credit_notes
from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import CreditNote, CreditSpent, Given, creditable
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.invoices import ISSUED, PAID, PARTIALLY_PAID, Invoice, by_hand, line
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.rate_cards import CHARGE, PAY, RateCard
from ledgerkit.domain.rentals import Bundled, BundleShare, Leased, ThirdParty
from ledgerkit.domain.tax import Tax
from ledgerkit.domain.write_offs import write_off_invoice
from tests.domain.billing_run.school import (
    BOTH,
    CARD,
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    TAXED,
    TENTH,
    at,
    charged,
    correct,
    documented,
    fly,
    pay,
    school,
)
from tests.domain.billing_run.world import World, invoices, notes, session, settled
from tests.domain.flight_school import PLANE, hourly, rate, rental, usd
from tests.domain.test_verification import problems

FLIGHT = {"flight": Fraction(3, 2)}
NOV, DEC, JAN = at(11), at(12), datetime(2027, 1, 1, 6, tzinfo=UTC)


def sound(world: World) -> World:
    """Return *world*, of which nothing is wrong and documents say what was charged."""
    assert [] == problems(world)
    assert charged(world) == documented(world)
    return world


def only(world: World) -> Invoice:
    """Return the only invoice."""
    (invoice,) = world.all(Invoice)
    return invoice


# ---- what is billed ------------------------------------------------------------------------------
def test_a_flight_stands_on_the_invoice_as_it_was_charged() -> None:
    """1.5 h x 200.00 = 300.00, 0.5 h x 80.00 = 40.00, 10 % of tax 34.00: 374.00.

    The flight is not posted again: of 340.00 owed, the run adds the tax alone.
    """
    world = fly(school())
    assert -340_00 == world.held("customer:ana", "USD")

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    (journal,) = (done.journal for done in world.all(Completion))
    assert [
        ("flight", "Tom Hill", Fraction(3, 2), Fraction(200_00), 300_00, journal, "flight"),
        ("ground", "Tom Hill", Fraction(1, 2), Fraction(80_00), 40_00, journal, "flight"),
    ] == [
        (li.item, li.detail, li.quantity, li.unit_price, li.amount.minor, li.journal, li.kind)
        for li in invoice.lines
    ]
    assert (34_00, 374_00) == (invoice.tax.minor, invoice.total.minor)
    assert -374_00 == world.held("customer:ana", "USD")
    sound(world)


def test_a_run_repeated_finds_nothing() -> None:
    """The flight stands on one invoice, whichever period is run."""
    world = fly(school())
    world.run(NOV, OCTOBER)

    assert () == world.run(NOV, OCTOBER).changes
    assert () == world.run(DEC, NOVEMBER).changes


def test_work_of_later_days_waits() -> None:
    """A flight of 31 October in the evening, where it was 1 November in Madrid, is of October."""
    world = fly(school(), completed_at=datetime(2026, 11, 1, 2, tzinfo=UTC))
    fly(world, id="f-2", completed_at=datetime(2026, 11, 1, 12, tzinfo=UTC))

    (october,) = invoices(world.run(at(11, 2), OCTOBER))
    (november,) = invoices(world.run(DEC, NOVEMBER))

    assert ({"f-1"}, {"f-2"}) == (
        {line.source for line in october.lines},
        {line.source for line in november.lines},
    )


def test_work_told_late_is_on_the_next_invoice() -> None:
    """October is billed when a second flight of October is told: November's invoice has it."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    fly(world, id="f-2")

    (invoice,) = invoices(world.run(DEC, NOVEMBER))

    assert ({"f-2"}, NOVEMBER) == ({line.source for line in invoice.lines}, invoice.period)
    sound(world)


def test_sessions_in_another_currency_are_on_another_invoice() -> None:
    """A lesson of 50.00 EUR and a flight of 374.00 USD; corrected, only the flight has more."""
    world = fly(school(sessions=(session(1, 5),)))

    assert [50_00, 374_00] == [each.total.minor for each in invoices(world.run(NOV, OCTOBER))]
    correct(world, {**BOTH, "flight": Decimal("1.8")}, day=at(11, 5))
    assert [66_00] == [each.total.minor for each in invoices(world.run(DEC, NOVEMBER))]


def test_a_draft_documents_nothing() -> None:
    """Somebody drafted the flight by hand; as long as that is not issued, the run bills it."""
    world = fly(school(), FLIGHT)
    (journal,) = (done.journal for done in world.all(Completion))
    told = line("f-1", item="flight", on=date(2026, 10, 5), price=hourly("300"), journal=journal)
    world.agree(by_hand("1", customer="ana", lines=[told], on=date(2026, 10, 6)))

    assert [330_00] == [each.total.minor for each in invoices(world.run(NOV, OCTOBER))]
    assert [] == problems(world)


def test_equipment_is_named() -> None:
    """A plane of somebody else at 120.00 and 5 %: two lines, and who flew in what beside each."""
    plane = rental(ThirdParty(rate=hourly("120"), fee=Fraction(1, 20), owner="olga"))
    world = fly(school(), {"flight": 1}, equipment=PLANE, rental=plane)

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    assert [
        ("flight", 200_00),
        (PLANE, 120_00),
        (f"{PLANE} convenience fee", 6_00),
    ] == [(line.item, line.amount.minor) for line in invoice.lines]
    assert {f"Tom Hill · {PLANE}"} == {line.detail for line in invoice.lines}
    sound(world)


def test_solo_work_names_the_equipment_alone() -> None:
    """Nobody taught: 1.5 h of a plane at 120.00 are 180.00."""
    plane = rental(Leased(rate=hourly("120"), cost=hourly("90"), owner="olga"))
    world = fly(school(), FLIGHT, supplier=None, equipment=PLANE, rental=plane)

    (billed,) = invoices(world.run(NOV, OCTOBER))[0].lines

    assert (PLANE, PLANE, 180_00) == (billed.item, billed.detail, billed.amount.minor)


def test_a_bundle_is_billed_share_by_share() -> None:
    """100.01 an hour in three equal shares: 33.34, 33.34 and 33.33, by the largest remainder.

    Of what is called ground there is an hour at 80.00 as well: what has one name is one thing.
    """
    names = ("plane", "ground", "fuel")
    shares = tuple(BundleShare(name, Fraction(1), "platform") for name in names)
    bundle = Bundled(rate=hourly("100.01"), shares=shares, includes=("flight",))
    told = {"flight": 1, "ground": 1}
    world = fly(school(), told, equipment=PLANE, rental=rental(bundle))

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    billed = [(line.item, line.amount.minor) for line in invoice.lines]
    assert [("ground", 113_34), ("plane", 33_34), ("fuel", 33_33)] == billed
    sound(world)


def test_what_is_free_is_listed_and_what_was_not_done_is_not() -> None:
    """An hour on the ground at 0.00 stands there with 0.00; no hour is no line."""
    free = RateCard("school", "USD", (*CARD.rates[:2], rate(CHARGE, "ground", "0"), CARD.rates[3]))
    world = fly(school(), {**FLIGHT, "ground": 1}, card=free)
    fly(world, {**FLIGHT, "ground": 0}, id="f-2")

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    assert [("f-1", 300_00), ("f-1", 0), ("f-2", 300_00)] == [
        (line.source, line.amount.minor) for line in invoice.lines
    ]
    assert () == world.run(NOV, OCTOBER).changes
    sound(world)


def test_what_came_to_nothing_is_on_no_invoice() -> None:
    """No hour was flown, so nothing was posted; corrected to an hour it is billed."""
    world = fly(school(), {"flight": 0})
    assert () == world.run(NOV, OCTOBER).changes

    correct(world, {"flight": 1}, day=at(11, 5))

    assert [220_00] == [each.total.minor for each in invoices(world.run(DEC, NOVEMBER))]
    sound(world)


def test_customers_who_are_not_told_of_are_named() -> None:
    """Ana has flown and is not among the parties: nothing is billed, and the run says so."""
    world = fly(school(customers=()))

    plan = world.plan(NOV, OCTOBER)

    assert ([], ["contracts_of_stranger"]) == (invoices(plan), [s.code for s in plan.skipped])
    assert "come to 340.00 USD before discounts and tax (flight, ground)" in plan.skipped[0].reason


# ---- corrections ---------------------------------------------------------------------------------
def test_corrected_before_it_is_invoiced() -> None:
    """1.8 h instead of 1.5: one line of 360.00, charged in the end by the correction."""
    world = correct(fly(school(), FLIGHT), {"flight": Decimal("1.8")}, day=at(10, 7))

    (billed,) = invoices(world.run(NOV, OCTOBER))[0].lines

    assert (Fraction(9, 5), 360_00) == (billed.quantity, billed.amount.minor)
    sound(world)


def test_corrected_upwards_after_it_was_invoiced() -> None:
    """1.5 -> 1.8 h: 0.3 h x 200.00 = 60.00 and 6.00 of tax on the next invoice."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    correct(world, {**BOTH, "flight": Decimal("1.8")}, day=at(11, 5))

    (invoice,) = invoices(world.run(DEC, NOVEMBER))

    (line,) = invoice.lines
    assert ("flight", Fraction(3, 10), Fraction(200_00), 60_00) == (
        line.item,
        line.quantity,
        line.unit_price,
        line.amount.minor,
    )
    assert (66_00, -374_00 - 66_00) == (invoice.total.minor, world.held("customer:ana", "USD"))
    assert () == world.run(JAN, DECEMBER).changes
    sound(world)


def test_a_correction_in_the_billed_period_is_on_a_supplement() -> None:
    """The period is run again: the line stands on the invoice that adds to the first one."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    first = only(world)
    correct(world, {**BOTH, "flight": Decimal("1.8")}, day=at(11, 5))

    (invoice,) = invoices(world.run(at(11, 6), OCTOBER))

    assert (1, first.id, 66_00) == (invoice.part, invoice.supplements, invoice.total.minor)


def test_corrected_downwards_after_it_was_invoiced() -> None:
    """1.5 -> 1.3 h: a note of 40.00 and 4.00 of tax, of which the correction gave back 40.00."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    correct(world, {**BOTH, "flight": Decimal("1.3")}, day=at(11, 5))
    assert -334_00 == world.held("customer:ana", "USD")

    (note,) = notes(world.run(DEC, NOVEMBER))

    (journal,) = (each.journal for each in world.all(Adjustment))
    assert [Given(str(journal), usd("40"))] == [line.given for line in note.lines]
    assert (40_00, 44_00) == (note.net.minor, note.total.minor)
    assert "work corrected" == note.reason
    assert -330_00 == world.held("customer:ana", "USD")
    assert () == world.run(JAN, DECEMBER).changes
    sound(world)


def test_what_goes_back_is_set_off_where_it_fits() -> None:
    """Another flight of 300.00 less the 40.00: 260.00 and 26.00 of tax, and no note."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    correct(world, {**BOTH, "flight": Decimal("1.3")}, day=at(11, 5))
    fly(world, FLIGHT, id="f-2", completed_at=at(11, 6))

    plan = world.run(DEC, NOVEMBER)

    (invoice,) = invoices(plan)
    assert ([], 286_00) == (notes(plan), invoice.total.minor)
    assert [(Fraction(-1, 5), -40_00), (Fraction(3, 2), 300_00)] == [
        (line.quantity, line.amount.minor) for line in invoice.lines
    ]
    assert -374_00 - 286_00 == world.held("customer:ana", "USD")
    sound(world)


def test_what_was_set_off_is_not_left() -> None:
    """1.5 -> 1.3 h set off from another flight, then -> 1.2 h: 20.00 more go back, not 60.00."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    correct(world, {**BOTH, "flight": Decimal("1.3")}, day=at(11, 5))
    fly(world, FLIGHT, id="f-2", completed_at=at(11, 6))
    world.run(DEC, NOVEMBER)
    assert () == world.run(JAN, DECEMBER).changes
    correct(world, {**BOTH, "flight": Decimal("1.2")}, day=at(12, 5))

    (note,) = notes(world.run(JAN, DECEMBER))

    assert 20_00 == note.net.minor
    sound(world)


def test_what_an_invoice_over_nothing_cannot_give_back() -> None:
    """An invoice of -300.00, 80.00, 20.00 and 200.00 takes back 80.00 of what it gave back.

    So the note of 80.00 comes to nothing, and the invoice that charged the 300.00 gives back 80.00
    and the 40.00 that it charged itself.
    """
    world = fly(fly(school()), id="f-2")
    world.run(NOV, OCTOBER)
    correct(world, {"flight": 0, "ground": Fraction(3, 2)}, day=at(11, 5))
    correct(world, {"flight": Fraction(8, 5), "ground": 3}, id="f-2", day=at(11, 5))
    (over_nothing,) = invoices(world.run(DEC, NOVEMBER))
    correct(world, {"flight": 0, "ground": 0}, day=at(12, 5))

    made = notes(world.run(JAN, DECEMBER))
    back = {note.invoice: note.net.minor for note in made}

    assert {"work corrected"} == {note.reason for note in made}
    assert 0 == over_nothing.total.minor
    assert [0, 120_00] == sorted(back.values())
    assert 0 == back[over_nothing.id]
    assert () == world.run(JAN, DECEMBER).changes
    sound(world)


def test_the_newest_line_gives_back_first() -> None:
    """1.5 -> 1.8 -> 1.4 h: 60.00 of the supplement and 20.00 of the first invoice go back."""
    world = fly(school(), FLIGHT)
    world.run(NOV, OCTOBER)
    correct(world, {"flight": Decimal("1.8")}, day=at(11, 5))
    world.run(DEC, NOVEMBER)
    correct(world, {"flight": Decimal("1.4")}, day=at(12, 5))

    back = notes(world.run(JAN, DECEMBER))

    assert [20_00, 60_00] == sorted(note.net.minor for note in back)
    sound(world)


def test_more_after_less() -> None:
    """1.5 -> 1.3 -> 1.6 h: a note of 40.00, then a line of 0.3 h, 60.00."""
    world = fly(school(), FLIGHT)
    world.run(NOV, OCTOBER)
    correct(world, {"flight": Decimal("1.3")}, day=at(11, 5))
    world.run(DEC, NOVEMBER)
    correct(world, {"flight": Decimal("1.6")}, day=at(12, 5))

    (billed,) = invoices(world.run(JAN, DECEMBER))[0].lines

    assert (Fraction(3, 10), 60_00) == (billed.quantity, billed.amount.minor)
    sound(world)


def test_more_of_one_thing_and_less_of_another() -> None:
    """0.3 h more of flight, and no ground: 60.00 less 40.00, 20.00 and 2.00 of tax."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    correct(world, {"flight": Decimal("1.8")}, day=at(11, 5))

    (invoice,) = invoices(world.run(DEC, NOVEMBER))

    assert [("flight", 60_00), ("ground", -40_00)] == [
        (line.item, line.amount.minor) for line in invoice.lines
    ]
    assert 22_00 == invoice.total.minor
    sound(world)


def test_a_correction_without_money_documents_nothing() -> None:
    """A kind that was not done is told as 0 h: nothing moves, so there is no document."""
    world = fly(school(), FLIGHT)
    world.run(NOV, OCTOBER)
    correct(world, {**FLIGHT, "ground": 0}, day=at(11, 5))

    assert () == world.run(DEC, NOVEMBER).changes
    sound(world)


def test_thirds_of_hours_are_rounded_once() -> None:
    """A third of 100.00 is 33.33, two thirds are 66.67: the second invoice has 33.34."""
    card = RateCard("school", "USD", (rate(CHARGE, "flight", "100"), rate(PAY, "flight", "0")))
    world = fly(school(), {"flight": Fraction(1, 3)}, card=card)
    world.run(NOV, OCTOBER)
    correct(world, {"flight": Fraction(2, 3)}, card=card, day=at(11, 5))

    (billed,) = invoices(world.run(DEC, NOVEMBER))[0].lines

    assert (Fraction(1, 3), 33_34) == (billed.quantity, billed.amount.minor)
    sound(world)


# ---- discounts, taxes in the price, credits by hand ----------------------------------------------
def test_a_coupon_is_taken_off_what_goes_back() -> None:
    """300.00 less 10 %: of 0.2 h go back 36.00 and 3.60; the correction gave back 40.00."""
    world = fly(school(coupons=(Coupon(id="TEN", percent=Fraction(1, 10)),)), FLIGHT)
    world.run(NOV, OCTOBER)
    correct(world, {"flight": Decimal("1.3")}, day=at(11, 5))

    (note,) = notes(world.run(DEC, NOVEMBER))

    assert (36_00, 39_60) == (note.net.minor, note.total.minor)
    assert -297_00 + 39_60 == world.held("customer:ana", "USD")
    sound(world)


def test_tax_in_the_price_goes_back_with_it() -> None:
    """300.00 with 27.27 of tax: of 40.00 are 36.36 before tax, and the wallet moved already."""
    inside: Tax = attrs.evolve(TENTH, inclusive=True)
    world = fly(school(policy=attrs.evolve(TAXED, taxes={"": (inside,)})), FLIGHT)
    world.run(NOV, OCTOBER)
    correct(world, {"flight": Decimal("1.3")}, day=at(11, 5))

    (note,) = notes(world.run(DEC, NOVEMBER))

    assert (36_36, 40_00, -260_00) == (
        note.net.minor,
        note.total.minor,
        world.held("customer:ana", "USD"),
    )
    sound(world)


def credited_by_hand(world: World, minor: int | None = None) -> World:
    """Credit the only invoice as a person does: in full, or so much of its first line."""
    invoice = only(world)
    asked = creditable(invoice, world.all(CreditNote))
    if minor is not None:
        asked = {invoice.lines[0].id: attrs.evolve(usd("0"), minor=minor)}
    note = credit_notes.draft(invoice, asked, earlier=world.all(CreditNote), reason="kindness")
    issued = credit_notes.issue(note, on=date(2026, 11, 2), at=at(11, 2), invoice=invoice)
    world.store.commit(
        changes_of(
            issued,
            key="kind",
            request=request("credit", invoice=invoice.id),
            actor="maria",
            reason="kindness",
            at=at(11, 2),
            expects=world.expects(Invoice),
        )
    )
    return world


def test_credited_in_full_it_is_not_billed_again() -> None:
    """A note over 374.00: Ana owes nothing, and what was flown was documented once."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    credited_by_hand(world)

    assert (0, PAID) == (world.held("customer:ana", "USD"), only(world).status)
    assert () == world.run(DEC, NOVEMBER).changes
    assert [] == problems(world)


def test_corrected_after_it_was_credited_in_full() -> None:
    """She had all of it back: what the correction gave back on top is taken for the platform."""
    world = fly(school(), FLIGHT)
    world.run(NOV, OCTOBER)
    credited_by_hand(world)
    correct(world, {"flight": Decimal("1.3")}, day=at(11, 5))
    assert 40_00 == world.held("customer:ana", "USD")

    plan = world.run(DEC, NOVEMBER)

    assert ([], [], 0) == (invoices(plan), notes(plan), world.held("customer:ana", "USD"))
    assert () == world.run(JAN, DECEMBER).changes
    correct(world, {"flight": Decimal("1.4")}, day=at(12, 5))  # 20.00 more than was absorbed
    assert [22_00] == [each.total.minor for each in invoices(world.run(JAN, DECEMBER))]
    assert -22_00 == world.held("customer:ana", "USD")
    assert [] == problems(world)


def test_corrected_after_most_of_it_was_credited() -> None:
    """280.00 of 300.00 went back by hand: 20.00 are left to credit, though 40.00 were given."""
    world = fly(school(), FLIGHT)
    world.run(NOV, OCTOBER)
    credited_by_hand(world, 280_00)
    correct(world, {"flight": Decimal("1.3")}, day=at(11, 5))

    (note,) = notes(world.run(DEC, NOVEMBER))

    assert (20_00, 22_00, 0) == (
        note.net.minor,
        note.total.minor,
        world.held("customer:ana", "USD"),
    )
    sound(world)


def test_what_was_free_by_a_coupon_gives_nothing_back() -> None:
    """All of it was taken off, so the 40.00 of the correction are not hers."""
    world = fly(school(coupons=(Coupon(id="ALL", percent=Fraction(1)),)), FLIGHT)
    world.run(NOV, OCTOBER)
    correct(world, {"flight": Decimal("1.3")}, day=at(11, 5))

    assert [] == notes(world.run(DEC, NOVEMBER))
    assert 0 == world.held("customer:ana", "USD")
    assert [] == problems(world)


def test_what_was_written_off_gives_nothing_back() -> None:
    """Nobody pays the 330.00 any more, so the 40.00 of the correction are not hers either."""
    world = fly(school(), FLIGHT)
    world.run(NOV, OCTOBER)
    given_up = write_off_invoice(
        only(world),
        paid=usd("0"),
        credited=usd("0"),
        reference="gone",
        reason="gone",
        on=date(2026, 11, 3),
        at=at(11, 3),
    )
    world.store.commit(
        changes_of(
            given_up,
            key="gone",
            request=request("gone"),
            actor="maria",
            reason="gone",
            at=at(11, 3),
            expects=world.expects(Invoice),
        )
    )
    correct(world, {"flight": Decimal("1.3")}, day=at(11, 5))
    world.run(DEC, NOVEMBER)

    assert 0 == world.held("customer:ana", "USD")
    assert () == world.run(JAN, DECEMBER).changes
    assert [] == problems(world)


def test_a_note_of_a_correction_stays() -> None:
    """Void, it would say that the hours were flown after all; a correction says that."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    correct(world, {**BOTH, "flight": Decimal("1.3")}, day=at(11, 5))
    (note,) = notes(world.run(DEC, NOVEMBER))

    with pytest.raises(CreditSpent, match="documents what a correction gave back"):
        credit_notes.void(note, on=date(2026, 12, 2), at=DEC)


# ---- paid already --------------------------------------------------------------------------------
def test_paid_before_it_was_invoiced() -> None:
    """500.00 in advance: the invoice of 374.00 is paid, and 126.00 are left for the next one."""
    world = fly(pay(school(), "500", day=at(10, 2)))

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    (payment,) = world.all(Payment)
    assert (PAID, 126_00) == (invoice.status, payment.credit.minor)
    assert usd("374") == invoice.paid_before
    assert () == world.run(NOV, OCTOBER).changes
    fly(world, id="f-2", completed_at=at(11, 6))
    (second,) = invoices(world.run(DEC, NOVEMBER))
    (payment,) = world.all(Payment)
    assert (PARTIALLY_PAID, usd("126")) == (second.status, second.paid_before)
    assert (126_00, 0) == (
        payment.pays(second.id).minor,
        payment.credit.minor,
    )


def test_paid_without_the_tax() -> None:
    """The card was charged the 340.00 that the flight came to: 34.00 of tax are open."""
    world = pay(fly(school()), "340", day=at(10, 6))

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    (payment,) = world.all(Payment)
    assert (PARTIALLY_PAID, 340_00) == (invoice.status, payment.pays(invoice.id).minor)
    assert usd("340") == invoice.paid_before


def test_older_payments_are_used_first() -> None:
    """100.00 and 300.00 are left over: the invoice takes all of the first, and 274.00."""
    world = fly(pay(pay(school(), "100", day=at(10, 2)), "300", day=at(10, 3)))

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    assert [100_00, 274_00] == sorted(p.pays(invoice.id).minor for p in world.all(Payment))
    assert PAID == invoice.status


def test_a_note_that_is_not_applied_leaves_payments_alone() -> None:
    """374.00 paid, and a draft over all of it: nothing of the payment is over yet."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    pay(world, "374", day=at(11, 3))
    world.agree(
        credit_notes.draft(only(world), creditable(only(world), ()), earlier=(), reason="x")
    )
    fly(world, FLIGHT, id="f-2", completed_at=at(11, 6))

    (invoice,) = invoices(world.run(DEC, NOVEMBER))

    assert (ISSUED, 330_00) == (invoice.status, invoice.total.minor)


def test_what_an_invoice_does_not_need_any_more_pays_the_next() -> None:
    """374.00 paid, 44.00 credited: of the next invoice of 66.00 only 22.00 are open."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    pay(world, "374", day=at(11, 3))
    correct(world, {**BOTH, "flight": Decimal("1.3")}, day=at(11, 5))
    world.run(DEC, NOVEMBER)
    correct(world, {**BOTH, "flight": Decimal("1.6")}, day=at(12, 5))

    (invoice,) = invoices(world.run(JAN, DECEMBER))

    (payment,) = world.all(Payment)
    assert (66_00, PARTIALLY_PAID, 44_00) == (
        invoice.total.minor,
        invoice.status,
        payment.pays(invoice.id).minor,
    )
    assert {PAID, PARTIALLY_PAID} == {each.status for each in world.all(Invoice)}
    assert -22_00 == world.held("customer:ana", "USD")
    sound(world)


def test_an_invoice_of_before_is_paid_by_what_is_left() -> None:
    """26.00 were booked without the invoice: they pay part of it when the next run comes."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    pay_for_nothing(world, "26")

    plan = world.run(DEC, NOVEMBER)

    (first,) = world.all(Invoice)
    assert [(first.id, PARTIALLY_PAID)] == [(each.id, each.status) for each in settled(plan)]
    assert () == world.run(DEC, NOVEMBER).changes


def pay_for_nothing(world: World, major: str) -> None:
    """Let Ana pay when her invoice was not known yet to whoever booked it."""
    kept = world.store
    world.store = type(kept)()
    pay(world, major, day=at(11, 3))
    (payment,) = world.all(Payment)
    world.store = kept
    world.agree(payment)


def test_what_nobody_paid_is_open() -> None:
    """Nobody paid: the invoice is issued, and what Ana owes is its total."""
    world = fly(school())

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    assert (ISSUED, -invoice.total.minor) == (invoice.status, world.held("customer:ana", "USD"))


# ---- the law -------------------------------------------------------------------------------------
TENTHS = st.integers(0, 30).map(lambda n: Fraction(n, 10))
MOVES = st.lists(st.tuples(st.sampled_from(["run", "f-1", "f-2"]), TENTHS, TENTHS), max_size=8)


@given(MOVES, st.booleans(), st.booleans())
def test_documents_say_what_work_is_charged(
    moves: list[tuple[str, Fraction, Fraction]], coupon: bool, inclusive: bool
) -> None:
    """After a run, lines less notes are what completions are charged, whatever came before it.

    Nothing is posted but taxes and discounts: the wallet is what documents say is owed.
    """
    tax = attrs.evolve(TENTH, inclusive=inclusive)
    world = school(
        policy=attrs.evolve(TAXED, taxes={"": (tax,)}),
        coupons=(Coupon(id="THIRD", percent=Fraction(1, 3)),) if coupon else (),
    )
    fly(fly(world), id="f-2")
    day = 0
    for what, flown, ground in (*moves, ("run", Fraction(0), Fraction(0))):
        day += 1
        told = {"flight": flown, "ground": ground}
        if what != "run":
            (now,) = (each for each in world.all(Completion) if each.id == what)
            if now.done != told:
                correct(world, told, id=what, day=at(11, day))
            continue
        world.run(at(11, day), OCTOBER)
        assert charged(world) == documented(world)
        owed = sum(each.total.minor for each in world.all(Invoice))
        owed -= sum(each.total.minor for each in world.all(CreditNote))
        assert -owed == world.held("customer:ana", "USD")
    assert [] == problems(world)
    assert () == world.run(at(11, day + 1), OCTOBER).changes
