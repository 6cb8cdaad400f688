"""What is left over of payments pays the next invoice, unless it is spoken for."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from ledgerkit.domain import openings
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.invoices import ISSUED, PAID, PARTIALLY_PAID, VOID, Invoice
from ledgerkit.domain.payments import MoneyOut, Payment, with_out
from tests.domain.billing_run.school import (
    BOTH,
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    at,
    charged,
    correct,
    documented,
    fly,
    pay,
    school,
)
from tests.domain.billing_run.world import World, invoices
from tests.domain.flight_school import usd

NOV, DEC = at(11), at(12)


def owing(world: World, major: str) -> World:
    """Let Ana bring a balance along, of a book before this one."""
    opened = openings.open_balance("customer:ana", usd(major), at=at(10, 1))
    told = request("told")
    world.store.commit(
        changes_of(opened, key="opening", request=told, actor="desk", reason="o", at=at(10, 1))
    )
    return world


def only_payment(world: World) -> Payment:
    """Return the only payment."""
    (payment,) = world.all(Payment)
    return payment


@pytest.mark.parametrize(
    ("brought", "paid", "left", "status"),
    [
        ("-50", "374", 50_00, PARTIALLY_PAID),
        ("-50", "424", 50_00, PAID),
        ("-400", "374", 374_00, ISSUED),
        ("50", "374", 0, PAID),
    ],
)
def test_a_debt_without_an_invoice_is_paid_first(
    brought: str, paid: str, left: int, status: str
) -> None:
    """Of 374.00 the 50.00 go that were owed before: of the invoice of 374.00 as much is open.

    Nothing of it is used by later runs either. What Ana had when the books began is no debt.
    """
    world = fly(pay(owing(school(), brought), paid, day=at(10, 2)))

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    assert (status, left) == (invoice.status, only_payment(world).credit.minor)
    assert () == world.run(DEC, NOVEMBER).changes


def test_two_payments_for_a_debt_without_an_invoice() -> None:
    """100.00, then 60.00: 120.00 were owed before, so 40.00 of the second pay the invoice."""
    world = pay(pay(owing(school(), "-120"), "100", day=at(10, 2)), "60", day=at(10, 3))
    fly(world)

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    assert {0, 40_00} == {each.pays(invoice.id).minor for each in world.all(Payment)}


@pytest.mark.parametrize("disputed", [True, False])
def test_what_is_asked_back_pays_no_invoice(disputed: bool) -> None:
    """Of 374.00 left over 100.00 are in question, or on their way back: 274.00 pay the invoice."""
    world = pay(school(), "374", day=at(10, 2))
    paid = only_payment(world)
    out = MoneyOut(record="r", moved=usd("0"), reserved=usd("100"), disputed=disputed)
    fly(world.agree(with_out(paid, "r", out)))

    (invoice,) = invoices(world.run(NOV, OCTOBER))

    assert (PARTIALLY_PAID, 274_00) == (invoice.status, only_payment(world).pays(invoice.id).minor)


def test_what_turns_out_good_after_it_was_paid_again() -> None:
    """A bank took 374.00 back, Ana paid anew, and the bank returned them: they pay what is next."""
    world = pay(fly(school()), "374", day=at(10, 6))
    world.run(NOV, OCTOBER)
    lost = MoneyOut(record="r", moved=usd("374"), reserved=usd("0"), disputed=True)
    good = only_payment(world)
    world.agree(with_out(good, "r", lost))
    pay(world, "374", day=at(11, 3))
    world.agree(good)
    fly(world, {"flight": 1}, id="f-2", completed_at=at(11, 6))

    (invoice,) = invoices(world.run(DEC, NOVEMBER))

    assert (PAID, 220_00) == (invoice.status, invoice.total.minor)
    assert [PAID, PAID] == [each.status for each in world.all(Invoice)]
    assert [154_00] == [p.credit.minor for p in world.all(Payment) if p.credit.minor]


def test_what_gave_back_of_an_invoice_that_is_void() -> None:
    """A host made the invoice void of which the next gave 40.00 back: the flight is billed anew."""
    world = fly(school())
    world.run(NOV, OCTOBER)
    (first,) = world.all(Invoice)
    correct(world, {**BOTH, "flight": Decimal("1.3")}, day=at(11, 5))
    fly(world, id="f-2", completed_at=at(11, 6))
    world.run(DEC, NOVEMBER)
    world.agree(attrs.evolve(first, status=VOID))

    (anew,) = invoices(world.run(DEC, DECEMBER))

    assert [300_00, 40_00] == [line.amount.minor for line in anew.lines]
    assert charged(world) == documented(world) - first.subtotal.minor
