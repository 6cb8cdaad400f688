"""Strangers: what contracts come to of whom nobody told is said, and nobody is billed for it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs

from ledgerkit.domain.billing_run import strangers_of
from ledgerkit.domain.changes import Plan
from ledgerkit.domain.late_joiners import enrol
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import FixedDaysCycle
from ledgerkit.domain.subscriptions import Subscription, cancel, pause
from tests.domain.billing_run.test_contracts import (
    PRICES,
    STUDIO,
    VAT,
    rate_plan,
    subscription,
    used,
)
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER,
    NOVEMBER_1,
    PARENT,
    POLICY,
    World,
    eur,
    invoices,
    money,
    party,
    session,
)

NOVEMBER_FIRST = date(2026, 11, 1)


def reports(plan: Plan) -> list[tuple[str, str, str]]:
    """Return (subject, code, sentence) of who was left out."""
    return [(s.subject, s.code, s.reason) for s in plan.skipped]


def nobody() -> World:
    """Return a month of which nobody told any customer."""
    return World(customers=())


def test_a_subscription_of_a_stranger_is_named() -> None:
    """November in advance, 31.00: the sentence says whose, of what, how much, and what to do."""
    plan = nobody().agree(subscription(started_on=NOVEMBER_FIRST)).plan()

    assert () == plan.changes
    sentence = (
        "contracts and work of customer 'ana', who is not among the parties, come to 31.00 EUR "
        "before discounts and tax (Studio); add the customer"
    )
    assert [("ana", "contracts_of_stranger", sentence)] == reports(plan)


def test_all_contracts_of_a_stranger_are_in_one_sentence() -> None:
    """Studio 31.00, fee 10.00 with storage 5.05, and 80.00 dollars of a class."""
    joined = enrol(
        customer="ana",
        student="Leo",
        class_id="m101",
        class_name="Maths 101",
        class_start=date(2026, 10, 1),
        zone="Europe/Madrid",
        cycle=FixedDaysCycle(date(2026, 10, 1), 90),
        price=money("80", "USD"),
        at=datetime(2026, 9, 15, 8, tzinfo=UTC),
    ).enrolment
    world = nobody().agree(subscription(started_on=NOVEMBER_FIRST), rate_plan(), PRICES, joined)
    world.usage.add(used("e1", date(2026, 10, 7), "505/10"))
    world.policy = attrs.evolve(POLICY, taxes={"": (VAT,)})
    ((_, _, sentence),) = reports(world.plan())

    assert "come to 46.05 EUR and 80.00 USD before discounts and tax" in sentence
    assert "(Maths 101, Studio, platform fee, storage)" in sentence


def test_once_told_a_stranger_is_billed() -> None:
    """What the run said is what it bills when the customer is added; then it says nothing more."""
    world = nobody().agree(subscription(started_on=NOVEMBER_FIRST))
    assert ["ana"] == [each.subject for each in world.run().skipped]
    world.customers = (PARENT,)
    told = world.run()
    world.customers = ()

    assert ([eur("31")], ()) == ([invoice.total for invoice in invoices(told)], told.skipped)
    assert Plan(()) == world.plan()


def test_a_stranger_of_whom_nothing_is_due_is_not_named() -> None:
    """It begins later, was over before anything fell due, or costs nothing."""
    ahead = subscription(started_on=date(2027, 1, 1))
    ended = cancel(subscription(id="sub-2"), end=date(2026, 10, 1), on=date(2026, 10, 1))

    free = subscription(attrs.evolve(STUDIO, price=Rate(Fraction(0), "EUR")), id="sub-3")

    assert Plan(()) == nobody().agree(ahead, ended.subscription, free).plan()


def test_what_a_stranger_has_back_is_named() -> None:
    """November was billed at 31.00, and a pause begins on the 16th: half of it, as a note."""
    world = World().agree(subscription(started_on=NOVEMBER_FIRST))
    world.run()
    (read,) = world.read(Subscription)
    paused = pause(read.record, on=date(2026, 11, 10), start=date(2026, 11, 16))
    world.agree(paused.subscription)
    world.customers = ()
    ((_, _, sentence),) = reports(world.plan(DECEMBER_1, NOVEMBER))

    assert "come to -15.50 EUR before discounts and tax (Studio)" in sentence


def test_why_nobody_can_tell_what_is_due() -> None:
    """Without a price list, or without what was used, that is what has to be mended first."""
    assert [("ana", "price_list_missing")] == [
        (s.subject, s.code) for s in nobody().agree(rate_plan()).plan().skipped
    ]
    assert [("ana", "usage_missing")] == [
        (s.subject, s.code) for s in nobody().agree(rate_plan(), PRICES).plan().skipped
    ]


def test_strangers_stop_nobody() -> None:
    """Ben's session is billed, and a supplier called like the customer is no customer."""
    world = World(sessions=(session(1, 5),)).agree(
        attrs.evolve(subscription(started_on=NOVEMBER_FIRST), customer="tom")
    )
    plan = world.plan(NOVEMBER_1)

    assert [eur("50")] == [invoice.total for invoice in invoices(plan)]
    assert ["tom"] == [each.subject for each in plan.skipped]


def test_who_is_a_stranger() -> None:
    """Whom contracts name, each once, less the customers among the parties."""
    parties = (party("ana"), party("tom", role="supplier"))

    assert ("tom", "zoe") == strangers_of(["zoe", "ana", "tom", "zoe"], parties)
