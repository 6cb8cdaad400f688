"""What a run credits, and what credit pays for, moves the status of invoices."""

from __future__ import annotations

from datetime import date

import attrs
import pytest

from ledgerkit.domain import payments, subscriptions
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Effects, Stale, changes_of, request
from ledgerkit.domain.credit_notes import CreditNote, credited_of
from ledgerkit.domain.grants import Grant, paid_for
from ledgerkit.domain.invoices import (
    ISSUED,
    PAID,
    PARTIALLY_PAID,
    Invoice,
    is_overdue,
    open_amount,
)
from ledgerkit.domain.money import Money
from tests.domain.billing_run.test_contracts import grant, subscription, with_credit
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER,
    NOVEMBER_1,
    PRICE,
    World,
    eur,
    invoices,
    notes,
    package,
    session,
    settled,
    unapproved,
)

LONG_AFTER = date(2027, 3, 1)
ONE, TWO = session(1, 5), session(2, 6)


def only(world: World) -> Invoice:
    """Return the only invoice of *world*."""
    (invoice,) = world.all(Invoice)
    return invoice


def left(world: World, invoice: Invoice) -> Money:
    """Return what is open of *invoice*."""
    paid = paid_for(world.all(Grant), (line.id for line in invoice.lines), invoice.currency)
    mine = (note for note in world.all(CreditNote) if note.invoice == invoice.id)
    return open_amount(invoice, paid=paid, credited=credited_of(mine, invoice.currency))


# ---- what is credited ----------------------------------------------------------------------------
def test_credited_in_full_is_paid() -> None:
    """Both sessions of 50.00 are un-approved: nothing is open, so it is never overdue."""
    world = World(sessions=(ONE, TWO))
    world.run()
    assert is_overdue(only(world), on=LONG_AFTER)
    world.tell(unapproved(ONE), unapproved(TWO))

    plan = world.run(DECEMBER_1, NOVEMBER)
    invoice = only(world)

    assert (PAID, "INV-2026-00001", eur("0")) == (
        invoice.status,
        invoice.number,
        left(world, invoice),
    )
    assert not is_overdue(invoice, on=LONG_AFTER)
    assert ([], [invoice]) == (invoices(plan), settled(plan))


def test_credited_in_part_is_still_open() -> None:
    """One of two is un-approved: a note of 50.00, and 50.00 is open as before. (C-14)"""
    world = World(sessions=(ONE, TWO))
    world.run()
    before = only(world)
    world.tell(unapproved(ONE))

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert (before, eur("50")) == (only(world), left(world, only(world)))
    assert ([], [5000]) == (settled(plan), [note.total.minor for note in notes(plan)])
    assert is_overdue(only(world), on=LONG_AFTER)


def test_credited_in_parts_is_paid_with_the_last() -> None:
    """One session after the other is un-approved; an approval that comes late is a supplement."""
    world = World(sessions=(ONE, TWO))
    world.run()
    first = only(world)
    for told in (unapproved(ONE), unapproved(TWO), ONE):
        world.tell(told)
        world.run(DECEMBER_1)
    (invoice, supplement) = sorted(world.all(Invoice), key=lambda each: each.part)

    assert (first.id, PAID) == (invoice.id, invoice.status)
    assert (1, ISSUED, eur("50")) == (supplement.part, supplement.status, left(world, supplement))


def test_second_run_stores_nothing() -> None:
    """What was settled is settled."""
    world = World(sessions=(ONE, TWO))
    world.run()
    world.tell(unapproved(ONE), unapproved(TWO))
    world.run(DECEMBER_1, NOVEMBER)

    assert () == world.plan(DECEMBER_1, NOVEMBER).changes
    assert [1, 2] == [v.version for v in world.store.history(Invoice, only(world).id)]


def test_preview_is_the_commit() -> None:
    """The status stands in the plan as it is stored."""
    world = World(sessions=(ONE, TWO))
    world.run()
    world.tell(unapproved(ONE), unapproved(TWO))
    preview = world.plan(DECEMBER_1, NOVEMBER)

    assert preview == world.run_in_halves(DECEMBER_1, NOVEMBER)
    assert settled(preview) == [only(world)]


def test_two_runs_at_once() -> None:
    """The note of who comes second is there already: it is refused and decides again."""
    world = World(sessions=(ONE, TWO))
    world.run()
    world.tell(unapproved(ONE))
    (of_one,) = world.plan(DECEMBER_1, NOVEMBER).changes
    world.tell(unapproved(TWO))
    (of_both,) = world.plan(DECEMBER_1, NOVEMBER).changes
    world.commit([of_both])

    with pytest.raises(Stale, match=r"credit_note 'crn_.*' is at version 1"):
        world.commit([of_one])
    assert [(PAID, 10_000)] == [(i.status, i.total.minor) for i in world.all(Invoice)]
    assert 0 == world.held("customer:ana")


# ---- what credit pays ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("credit", "status", "open_"), [("70", PAID, "0"), ("20", PARTIALLY_PAID, "30")]
)
def test_credit_pays_at_birth(credit: str, status: str, open_: str) -> None:
    """50.00 and credit of 70.00 or 20.00: one version, with the status of what is left to pay."""
    world = with_credit(World(sessions=(ONE,)), grant(credit))
    world.run()
    invoice = only(world)

    assert (status, eur(open_)) == (invoice.status, left(world, invoice))
    assert 1 == len(world.store.history(Invoice, invoice.id))


def test_credit_that_comes_back_with_a_note() -> None:
    """What credit paid and a note takes off is settled by the note: it stays paid."""
    world = with_credit(World(sessions=(ONE,)), grant("70"))
    world.run()
    world.tell(unapproved(ONE))

    plan = world.run(DECEMBER_1, NOVEMBER)

    assert (PAID, []) == (only(world).status, settled(plan))
    assert [7000] == [each.remaining.minor for each in world.all(Grant)]


def test_partially_paid_is_issued_again() -> None:
    """Credit paid the first of two sessions; it comes back with that one, the other is owed."""
    world = with_credit(World(sessions=(ONE, TWO)), grant("50"))
    world.run()
    assert PARTIALLY_PAID == only(world).status
    world.tell(unapproved(ONE))
    world.run(DECEMBER_1, NOVEMBER)

    assert (ISSUED, eur("50")) == (only(world).status, left(world, only(world)))


def test_nothing_to_pay_is_paid() -> None:
    """A package covers it, or it is free: 0.00 is not open. (spec: billing 5a)"""
    covered = World(sessions=(ONE,)).buy(package())
    covered.run()
    free = World(sessions=(ONE,), catalog=Catalog("c", (attrs.evolve(PRICE, charge=eur("0")),)))
    free.run()

    assert [PAID, PAID] == [only(covered).status, only(free).status]


# ---- what others know ----------------------------------------------------------------------------
@attrs.frozen
class By:
    """What a host decided about an invoice."""

    invoice: Invoice

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.invoice,))


def moved_by_host(world: World, status: str) -> None:
    """Store the only invoice in *status*, as a host that keeps payments of its own does."""
    world.store.commit(
        changes_of(
            By(attrs.evolve(only(world), status=status)),
            key=f"host/{status}",
            request=request("payment", status=status),
            actor="office",
            reason="paid at the bank",
            at=NOVEMBER_1,
            expects=world.expects(Invoice),
        )
    )


def test_payment_while_a_run_decides() -> None:
    """The run read the invoice before it was paid: its decision is refused."""
    world = World(sessions=(ONE, TWO))
    world.run()
    world.tell(unapproved(ONE), unapproved(TWO))
    (decided,) = world.plan(DECEMBER_1, NOVEMBER).changes
    moved_by_host(world, PAID)

    with pytest.raises(Stale, match=f"invoice '{only(world).id}' is at version 2"):
        world.commit([decided])


@pytest.mark.parametrize("status", [PAID, PARTIALLY_PAID])
def test_payments_that_nobody_tells_of_count(status: str) -> None:
    """One of two sessions is credited: what the host says of the rest stays as it said."""
    world = World(sessions=(ONE, TWO))
    world.run()
    moved_by_host(world, status)
    world.tell(unapproved(ONE))

    assert [] == settled(world.run(DECEMBER_1, NOVEMBER))
    world.tell(unapproved(TWO))
    world.run(DECEMBER_1, NOVEMBER)
    assert PAID == only(world).status


def test_payments_of_the_books_count() -> None:
    """40.00 of 100.00 came in; the run credits 50.00, then the rest: paid, and not before."""
    world = World(sessions=(ONE, TWO))
    world.run()
    paid_by_hand = payments.record_manual(
        only(world).customer,
        eur("40"),
        key="k-1",
        owed=payments.receivables(world.all(Invoice), (), (), ()),
        on=date(2026, 11, 2),
        at=NOVEMBER_1,
    )
    world.store.commit(
        changes_of(
            paid_by_hand,
            key="payment",
            request=request("payment.record"),
            actor="office",
            reason="cash",
            at=NOVEMBER_1,
            expects=world.expects(Invoice),
        )
    )
    seen = [only(world).status]
    for told in (unapproved(ONE), unapproved(TWO)):
        world.tell(told)
        world.run(DECEMBER_1, NOVEMBER)
        seen.append(only(world).status)

    assert [PARTIALLY_PAID, PARTIALLY_PAID, PAID] == seen


# ---- several periods at once --------------------------------------------------------------------
def test_plan_of_two_periods_keeps_numbers() -> None:
    """31.00 of which credit pays 20.00; the next period's run gives 20.67 back: all is paid.

    The second decision was made before the first drew its number, and does not lose it.
    """
    begun = subscription(started_on=date(2026, 11, 1))
    asked = subscriptions.pause(begun, on=date(2026, 10, 20), start=date(2026, 11, 11))
    world = with_credit(World(), grant("20")).agree(asked.subscription)

    world.run(DECEMBER_1, None)
    history = world.store.history(Invoice, only(world).id)

    assert [PARTIALLY_PAID, PAID] == [each.record.status for each in history]
    assert ["INV-2026-00001"] * 2 == [each.record.number for each in history]
    assert () == world.plan(DECEMBER_1, NOVEMBER).changes
