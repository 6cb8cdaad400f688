"""Amending: what a decision about a subscription charges and gives back at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs
import pytest

from ledgerkit.domain.billing_run import Amended, CustomerNotTold, amend, billed_of
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant, buy
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import CalendarCycle, Period
from ledgerkit.domain.subscriptions import (
    AT_ONCE,
    ChangePolicy,
    Decided,
    Item,
    NetOf,
    Settlement,
    Subscription,
    When,
    cancel,
    change,
    create,
    pause,
    resume,
    suspend,
)
from ledgerkit.domain.tax import Tax, TaxRate
from tests.domain.billing_run.world import PARENT, POLICY, World, eur, party

MARCH, APRIL = Period.month(2024, 3), Period.month(2024, 4)
VAT = Tax(id="vat", code="vat", rates=(TaxRate(Fraction(1, 5), date(2020, 1, 1)),))
TAXED = attrs.evolve(POLICY, taxes={"": (VAT,)})


def plan(cents: int, quantity: int = 1) -> Item:
    """Return the plan at a price a month."""
    price = Rate(Fraction(cents), "EUR")
    return Item(id="plan", name="Plan", price=price, quantity=Fraction(quantity))


def at(month: int, day: int) -> datetime:
    """Return noon of a day of 2024."""
    return datetime(2024, month, day, 12, tzinfo=UTC)


def begun(item: Item, *, world: World | None = None) -> World:
    """Return a world in which March of *item* was billed on its first day."""
    world = attrs.evolve(
        world or World(), opened_on=date(2024, 3, 1), customers=(party("abe"), PARENT)
    )
    made = create(
        [item],
        id="sub-1",
        customer="ana",
        currency="EUR",
        zone="Europe/Madrid",
        cycle=CalendarCycle(),
        started_on=date(2024, 3, 1),
    )
    world.agree(made.subscription)
    world.run(at(3, 1), MARCH)
    return world


def held(world: World) -> tuple[Subscription, NetOf]:
    """Return the subscription and what its lines came to."""
    (now,) = world.all(Subscription)
    return now, billed_of(now.id, world.all(Invoice))


def amended(world: World, decided: Decided, on: datetime, key: str = "k") -> Amended:
    """Return what is decided, and leave it at that."""
    return amend(
        world.facts(),
        decided,
        policy=world.policy,
        as_of=on,
        key=key,
        actor="maria",
        reason="asked by phone",
    )


def with_credit(world: World, amount: str) -> World:
    """Sell Ana prepaid credit on 1 March."""
    credit = Grant(
        id="g-1",
        customer="ana",
        amount=eur(amount),
        price=eur(amount),
        granted_on=date(2024, 3, 1),
    )
    bought = changes_of(
        buy(credit, at=at(3, 1)),
        key="credit",
        request=request("grant.buy"),
        actor="maria",
        reason="bought",
        at=at(3, 1),
    )
    world.commit([bought])
    return world


def upgraded(world: World, item: Item) -> Decided:
    """Decide that there is *item* instead, from 15 March on."""
    now, billed = held(world)
    return change(now, [item], on=date(2024, 3, 15), policy=AT_ONCE, billed=billed)


def nets(amended: Amended) -> list[list[int]]:
    """Return the amounts of the lines of each invoice."""
    return [[line.amount.minor for line in each.lines] for each in amended.invoices]


# ---- what is charged -----------------------------------------------------------------------------
def test_an_upgrade_is_billed_at_once() -> None:
    """10 -> 20 on the 15th: -5.48 and +10.97 on an invoice of 5.49. (spec: billing 3)"""
    world = begun(plan(1000))
    found = amended(world, upgraded(world, plan(2000)), at(3, 15))

    assert [[-548, 1097]] == nets(found)
    assert (eur("5.49"), eur("0"), eur("5.49"), eur("0")) == (
        found.total,
        found.credit_applied,
        found.due,
        found.given_back,
    )


def test_a_preview_is_what_is_stored() -> None:
    """Nothing happens by deciding; committed, it is in the books, and no run charges it again."""
    world = begun(plan(1000))
    before = world.balances()
    found = amended(world, upgraded(world, plan(2000)), at(3, 15))
    assert before == world.balances()
    world.commit([found.changes])

    assert found == amended(begun(plan(1000)), upgraded(begun(plan(1000)), plan(2000)), at(3, 15))
    assert -1000 - 549 == world.held("customer:ana")
    assert () == world.plan(at(3, 31), MARCH).changes
    (april,) = [i for i in world.run(at(4, 1), MARCH).changes[0].records if isinstance(i, Invoice)]
    assert [2000] == [line.amount.minor for line in april.lines]


def test_who_decided_and_why_is_on_record() -> None:
    """Every change of status is audited. (seed 004)"""
    world = begun(plan(1000))
    now, _ = held(world)
    found = amended(world, suspend(now, on=date(2024, 3, 15)), at(3, 15))
    world.commit([found.changes])
    last = world.store.history(Subscription, "sub-1")[-1]

    assert ("suspended", "maria", "asked by phone") == (last.record.status, last.actor, last.reason)
    assert "subscription/sub-1/k" == last.key
    assert ["notice.suspension_changed"] == [m.topic for m in found.changes.messages]


def test_a_downgrade_at_once_is_a_note_and_an_invoice() -> None:
    """2 x 50 -> 1 x 30: 54.84 back and 16.45 charged, -38.39 together. (spec: billing 3)"""
    world = begun(plan(5000, 2))
    found = amended(world, upgraded(world, plan(3000)), at(3, 15))

    assert [[1645]] == nets(found)
    assert (eur("16.45"), eur("54.84")) == (found.total, found.given_back)


def test_what_waits_for_the_end_of_the_period() -> None:
    """Lines of all changes of a period together: the next run bills 5.49."""
    world = begun(plan(1000))
    now, billed = held(world)
    later = ChangePolicy(lines=When.AT_PERIOD_END)
    decided = change(now, [plan(2000)], on=date(2024, 3, 15), policy=later, billed=billed)
    found = amended(world, decided, at(3, 15))
    world.commit([found.changes])

    assert ((), eur("5.49"), eur("0")) == (found.invoices, found.later, found.total)
    world.run(at(4, 1), MARCH)
    assert -1000 - 549 - 2000 == world.held("customer:ana")


def test_an_end_is_credited_with_its_tax() -> None:
    """16 unused days of 31.00 for March: 16.00, with 20 % 19.20. (spec: billing 3)"""
    world = begun(plan(3100), world=World(policy=TAXED))
    now, billed = held(world)
    decided = cancel(now, end=date(2024, 3, 16), on=date(2024, 3, 15), billed=billed)
    found = amended(world, decided, at(3, 15))
    world.commit([found.changes])

    assert (eur("0"), eur("19.20")) == (found.total, found.given_back)
    assert (-3720 + 1920, 620 - 320) == (
        world.held("customer:ana"),
        world.held("liability:tax:vat"),
    )
    assert [320] == [note.tax.minor for note in world.all(CreditNote)]


def test_a_pause_and_its_end() -> None:
    """249.95: 233.82 back for 29 of 31 days, 224.96 for 27 of 30. (spec: billing 3)"""
    world = begun(plan(24_995))
    now, billed = held(world)
    paused = amended(world, pause(now, on=date(2024, 3, 3), billed=billed), at(3, 3), key="pause")
    world.commit([paused.changes])
    now, _ = held(world)
    resumed = amended(world, resume(now, on=date(2024, 4, 4)), at(4, 4), key="resume")
    world.commit([resumed.changes])

    assert (eur("233.82"), eur("224.96")) == (paused.given_back, resumed.total)
    assert -24_995 + 886 == world.held("customer:ana")


def test_coupons_come_first() -> None:
    """10 % off what is new; what is given back was discounted when it was billed."""
    tenth = Coupon(id="TEN", percent=Fraction(1, 10))
    world = begun(plan(3100), world=World(coupons=(tenth,)))
    found = amended(world, upgraded(world, plan(6200)), at(3, 15))

    # 27.90 x 17/31 = 15.30 back; 62.00 x 17/31 = 34.00 charged, less 3.40.
    assert [[-1530, 3400]] == nets(found)
    assert eur("15.30") == found.total


def test_total_credit_and_what_is_left() -> None:
    """293.70, of which prepaid credit pays 200.00: 93.70 are due. (users-ask 7)"""
    world = begun(plan(1000))
    with_credit(world, "200")
    now, _ = held(world)
    setup = Item(id="setup", name="Set-up", price=Rate(Fraction(29_370), "EUR"), one_time=True)
    decided = change(now, [setup], on=date(2024, 3, 15))
    found = amended(world, decided, at(3, 15))

    assert (eur("293.70"), eur("200"), eur("93.70")) == (
        found.total,
        found.credit_applied,
        found.due,
    )


def test_what_credit_paid_comes_back_to_it() -> None:
    """31.00 was paid from credit; an end gives 16.00 of it back there, and nothing is due."""
    world = begun(plan(3100), world=with_credit(World(), "50"))
    now, billed = held(world)
    decided = cancel(now, end=date(2024, 3, 16), on=date(2024, 3, 15), billed=billed)
    found = amended(world, decided, at(3, 15))
    world.commit([found.changes])

    assert (eur("0"), eur("0"), eur("16")) == (found.due, found.credit_applied, found.given_back)
    assert [eur("35")] == [grant.remaining for grant in world.all(Grant)]


# ---- what becomes of less than nothing -----------------------------------------------------------
def test_what_is_forfeited_is_not_credited() -> None:
    """An end that gives nothing back, because it was agreed so."""
    world = begun(plan(3100))
    now, billed = held(world)
    decided = cancel(
        now,
        end=date(2024, 3, 16),
        on=date(2024, 3, 16),
        settlement=Settlement.FORFEIT,
        billed=billed,
    )
    found = amended(world, decided, at(3, 16))

    assert ((), (), "cancelled") == (found.invoices, found.credit_notes, found.subscription.status)
    assert eur("-16") == decided.total


@pytest.mark.parametrize("settlement", Settlement)
def test_which_settlement_was_chosen_is_kept(settlement: Settlement) -> None:
    """It is never silent: who pays refunds reads it in the request. (spec: billing 3)"""
    world = begun(plan(3100))
    now, billed = held(world)
    day = date(2024, 3, 16)
    decided = cancel(now, end=day, on=day, settlement=settlement, billed=billed)
    found = amended(world, decided, at(3, 16))

    assert settlement.value == dict(found.changes.request.arguments)["settlement"]


def test_a_change_is_not_forfeited_in_part() -> None:
    """What is new would be charged and never paid for, or paid for twice."""
    world = begun(plan(5000, 2))
    decided = attrs.evolve(upgraded(world, plan(3000)), settlement=Settlement.FORFEIT)

    with pytest.raises(ValueError, match=r"the 38\.39 EUR that 'sub-1' gives back"):
        amended(world, decided, at(3, 15))


def test_a_customer_whom_nobody_told_of() -> None:
    """There is nobody to bill, and the sentence says whom to add."""
    world = begun(plan(1000))
    decided = upgraded(world, plan(2000))
    world.customers = ()

    with pytest.raises(CustomerNotTold, match="is of 'ana', whom nobody told of"):
        amended(world, decided, at(3, 15))


def test_what_is_given_back_settles_the_invoice() -> None:
    """31.00, of which credit paid 20.00; a pause gives 20.00 back, 9.00 of them to the credit."""
    world = begun(plan(3100), world=with_credit(World(), "20"))
    now, billed = held(world)
    decided = pause(now, on=date(2024, 3, 12), billed=billed)
    asked = amended(world, decided, at(3, 12))
    world.commit([asked.changes])

    assert ((), [2000]) == (asked.invoices, [note.total.minor for note in asked.credit_notes])
    assert ["paid"] == [invoice.status for invoice in world.all(Invoice)]
    assert [900] == [credit.remaining.minor for credit in world.all(Grant)]
