"""Suppliers of a run: what is gathered, what waits, and what a payout says."""

from __future__ import annotations

from datetime import UTC, date, datetime

import attrs
import pytest

from ledgerkit.domain import openings, payouts, transfers
from ledgerkit.domain.billing_run import (
    TransferUnderWay,
    pay_supplier,
    plan_customers,
    plan_suppliers,
)
from ledgerkit.domain.changes import Decision, Expect, changes_of, expect, request
from ledgerkit.domain.gateways import GatewayObject
from ledgerkit.domain.money import Money
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.transfers import Transfer
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER,
    NOVEMBER_1,
    OCTOBER,
    World,
    eur,
    incentive,
    match,
    party,
    session,
)
from tests.domain.billing_run.world import payouts as paid_by

TOM, UNA = party("tom", role="supplier"), party("una", role="supplier", zone="Europe/London")


def store(world: World, decision: Decision, key: str, *expects: Expect) -> None:
    """Commit what the office decided."""
    world.store.commit(
        changes_of(
            decision,
            key=key,
            request=request("office", key=key),
            actor="office",
            reason="by hand",
            at=DECEMBER_1,
            expects=expects,
        )
    )


def owe(world: World, minor: int) -> None:
    """Open the supplier's wallet with a balance from before."""
    at = datetime(2026, 9, 1, tzinfo=UTC)
    opened = openings.open_balance("supplier:tom", Money(minor, "EUR"), at=at)
    store(world, opened, "opening")


def test_supplier_is_paid_for_all_customers() -> None:
    """One payout per supplier, over the sessions of every customer."""
    world = World(
        sessions=(session(1, 5), session(2, 6, match="m2"), session(3, 7, match="m3")),
        customers=(party("ana"), party("ben")),
        suppliers=(TOM, UNA),
        matches=(match("m1"), match("m2", customer="ben"), match("m3", supplier="una")),
    )
    found = paid_by(world.run())

    assert [("tom", 6_000), ("una", 3_000)] == [(p.supplier, p.total.minor) for p in found]
    assert {"pending"} == {p.status for p in found}


def test_lines_say_what_was_taught() -> None:
    """Each line has the session, what it was, for whom and on which day; the bonus likewise."""
    world = World(
        sessions=(session(1, 5),), incentives=(incentive(), incentive("i2", per="period"))
    )
    (payout,) = paid_by(world.run())

    assert [
        ("i2", "", "", 500, "incentive.earned"),
        ("s1", "maths / secondary / 60 min", "Leo", 3_000, "session.charged"),
        ("s1", "maths / secondary / 60 min", "Leo", 500, "session.charged"),
    ] == [(li.source, li.item, li.detail, li.amount.minor, li.kind) for li in payout.lines]


def test_line_taken_back_names_its_session() -> None:
    """A supplier sees which session was taken back, in the month in which it was."""
    world = World(sessions=(session(1, 5), session(2, 6)))
    world.run()
    world.tell(session(1, 5, approved=False), session(3, 3, month=11), session(4, 4, month=11))
    (payout,) = paid_by(world.run(DECEMBER_1, NOVEMBER))

    assert [("s1", "Leo", -3_000), ("s3", "Leo", 3_000), ("s4", "Leo", 3_000)] == sorted(
        (li.source, li.detail, li.amount.minor) for li in payout.lines
    )


def test_opening_debt_is_settled_with_earnings() -> None:
    """36.00 owed from before, 60.00 earned: paid 24.00 (spec: billing 10)."""
    world = World(sessions=(session(1, 5), session(2, 6)))
    owe(world, -3_600)

    assert [2_400] == [p.total.minor for p in paid_by(world.run())]


def test_debt_waits_for_later_earnings() -> None:
    """100.00 owed from before: no payout in October, and 20.00 in November, over both months."""
    world = World(sessions=tuple(session(n, n) for n in range(1, 3)))
    owe(world, -10_000)
    assert [] == paid_by(world.run())
    world.tell(*(session(n, n, month=11) for n in range(3, 5)))
    (payout,) = paid_by(world.run(DECEMBER_1, NOVEMBER))

    assert (2_000, 5, NOVEMBER) == (payout.total.minor, len(payout.lines), payout.period)


def test_debt_in_one_currency_does_not_stop_the_other() -> None:
    """A balance is per currency: euros are owed, pounds are paid."""
    world = World(
        sessions=(session(1, 5, match="m2"),),
        matches=(match("m1"), match("m2", currency="GBP")),
    )
    world.catalog = attrs.evolve(
        world.catalog,
        prices=(
            attrs.evolve(
                world.catalog.prices[0], charge=Money(4_000, "GBP"), pay=Money(2_500, "GBP")
            ),
        ),
    )
    owe(world, -5_000)

    assert [("GBP", 2_500)] == [(p.currency, p.total.minor) for p in paid_by(world.run())]


def test_failed_payout_keeps_its_entries() -> None:
    """What a failed payout holds is paid by its retry, never by another payout."""
    world = World(sessions=(session(1, 5),))
    world.run()
    (read,) = world.read(Payout)
    store(world, payouts.fail(read.record, note="account closed"), "fail", expect(read))
    world.tell(session(2, 3, month=11))
    (next_one,) = paid_by(world.run(DECEMBER_1, NOVEMBER))

    assert ["s2"] == [li.source for li in next_one.lines]


def test_paid_payout_leaves_the_wallet_empty() -> None:
    """Paid, the wallet is at zero and the payment itself is no earning."""
    world = World(sessions=(session(1, 5),))
    world.run()
    (read,) = world.read(Payout)
    store(world, payouts.pay(read.record, reference="R", at=DECEMBER_1), "pay", expect(read))

    assert (0, 3_000) == (world.held("supplier:tom"), world.held("cash:bank"))
    assert () == world.plan(DECEMBER_1, NOVEMBER).changes


def test_supplement_is_another_part() -> None:
    """A late session of October is in October's second payout."""
    world = World(sessions=(session(1, 5),))
    world.run()
    world.tell(session(2, 6))
    (second,) = paid_by(world.run())

    assert (1, OCTOBER, 3_000) == (second.part, second.period, second.total.minor)


def test_parts_count_by_currency_and_period() -> None:
    """Pounds of October and euros of November are no first parts of October's euros."""
    world = World(
        sessions=(session(1, 5, match="m2"),),
        matches=(match("m1"), match("m2", currency="GBP")),
    )
    rate = world.catalog.prices[0]
    pounds = attrs.evolve(rate, charge=Money(4_000, "GBP"), pay=Money(2_500, "GBP"))
    world.catalog = attrs.evolve(world.catalog, prices=(rate, pounds))
    world.run()
    world.tell(session(2, 3, month=11))
    world.run(DECEMBER_1, NOVEMBER)
    world.tell(session(3, 6))
    world.run(DECEMBER_1, OCTOBER)

    assert [(OCTOBER, "EUR", 0), (OCTOBER, "GBP", 0), (NOVEMBER, "EUR", 0)] == sorted(
        ((p.period, p.currency, p.part) for p in world.all(Payout)),
        key=lambda found: (found[0], found[1]),
    )


def test_days_are_the_supplier_s_own() -> None:
    """23:30 UTC on 31 October: October for a customer in London, November for Madrid's tutor."""
    world = World(
        sessions=(session(1, 31, hour=23),),
        customers=(party("ana", zone="Europe/London"),),
        suppliers=(TOM,),
    )
    plan = world.run()
    later = world.run(DECEMBER_1, NOVEMBER)

    assert [] == paid_by(plan)
    assert [date(2026, 11, 1)] == [li.on for p in paid_by(later) for li in p.lines]


def test_session_of_an_unknown_match_has_no_label() -> None:
    """It stops no supplier."""
    world = World(sessions=(session(1, 5),))
    world.run()
    facts = world.facts()
    strange = attrs.evolve(facts.customers[0], matches=())
    fresh = attrs.evolve(facts.suppliers[0], payouts=())
    blind = attrs.evolve(facts, customers=(strange,), suppliers=(fresh,))
    (changes,) = plan_suppliers(blind, as_of=NOVEMBER_1, period=OCTOBER).changes
    (payout,) = (r for r in changes.records if isinstance(r, Payout))

    assert [("s1", "", "")] == [(li.source, li.item, li.detail) for li in payout.lines]


def test_nothing_owed_is_no_change() -> None:
    """A supplier without entries is not written to."""
    facts = World().facts()

    assert pay_supplier(facts.suppliers[0], period=OCTOBER, as_of=NOVEMBER_1, labels={}) is None


def test_payout_stays_with_what_it_holds() -> None:
    """Earnings are 30.00 whatever the price rises to afterwards."""
    world = World(sessions=(session(1, 5),))
    world.run()
    world.catalog = attrs.evolve(
        world.catalog, prices=(attrs.evolve(world.catalog.prices[0], pay=eur("99")),)
    )

    assert () == world.plan().changes
    assert [eur("30")] == [p.total for p in world.all(Payout)]


# ---- transfers of single work ---------------------------------------------------------------
def billed() -> World:
    """Return a world where Tom earned 30.00 with each of two sessions."""
    world = World(sessions=(session(1, 5), session(2, 6)))
    plan = plan_customers(world.facts(), policy=world.policy, as_of=NOVEMBER_1, period=OCTOBER)
    world.commit(plan.changes)
    return world


def asked(world: World) -> Transfer:
    """Store that 30.00 of the first session are transferred to Tom's account; return it."""
    made = transfers.enqueue(
        eur("30"), supplier="tom", account="acct_1", gateway="stripe", pays="s1", at=NOVEMBER_1
    )
    store(world, made, "asked")
    return made.transfer


def told(status: str) -> GatewayObject:
    """Return what Stripe says of the transfer."""
    return GatewayObject(
        kind="transfer", id="tr_1", status=status, amount=eur("30"), created=NOVEMBER_1
    )


def test_what_a_transfer_may_pay_is_in_no_payout() -> None:
    """While it is under way Tom is left out, and why is told; done, the other session is owed."""
    world = billed()
    transfer = asked(world)
    left_out = plan_suppliers(world.facts(), as_of=NOVEMBER_1, period=OCTOBER)
    done = transfers.settle(transfer, told("done"), at=NOVEMBER_1)
    half = attrs.evolve(
        world.facts().suppliers[0], transfers=(done.transfer,)
    )  # booked since the entries were read
    store(world, done, "done", Expect(Transfer, transfer.id, 1))
    (changes,) = plan_suppliers(world.facts(), as_of=NOVEMBER_1, period=OCTOBER).changes
    (payout,) = (r for r in changes.records if isinstance(r, Payout))

    assert ((), [("tom", "transfer_under_way")]) == (
        left_out.changes,
        [(each.subject, each.code) for each in left_out.skipped],
    )
    assert transfer.id in left_out.skipped[0].reason
    with pytest.raises(TransferUnderWay):
        pay_supplier(half, period=OCTOBER, as_of=NOVEMBER_1, labels={})
    assert eur("30") == payout.total


def test_a_transfer_that_failed_leaves_it_to_the_payout() -> None:
    """Both sessions are paid."""
    world = billed()
    refused = transfers.refuse(asked(world), code="insufficient_funds")
    store(world, refused, "refused", Expect(Transfer, refused.transfer.id, 1))
    (changes,) = plan_suppliers(world.facts(), as_of=NOVEMBER_1, period=OCTOBER).changes
    (payout,) = (r for r in changes.records if isinstance(r, Payout))

    assert eur("60") == payout.total
