"""Bank payouts: a machine of their own; only those of our own balance are booked."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import attrs
import pytest

from ledgerkit.domain import bank_payouts
from ledgerkit.domain.bank_payouts import (
    BANK_PAYOUT,
    BankPayout,
    BankPayoutDiffers,
    BankPayoutSettled,
)
from ledgerkit.domain.gateways import GatewayObject, PayoutOrder
from ledgerkit.domain.ledger import Event, Journal
from tests.domain.told import AT, CREATED, legs, told, usd

OF_INA: dict[str, Any] = {"account": "acct_ina"}
LEFT: dict[str, Any] = {"metadata": (("status", "in_transit"),)}


def settled(
    *facts: GatewayObject, supplier: str | None = None
) -> tuple[BankPayoutSettled, list[Journal]]:
    """Hear *facts* one after the other."""
    last: BankPayoutSettled | None = None
    journals: list[Journal] = []
    for fact in facts:
        before = None if last is None else last.payout
        last = bank_payouts.settle(before, fact, gateway="stripe", at=AT, supplier=supplier)
        journals += last.effects.journals
    assert last is not None
    return last, journals


def test_states() -> None:
    """Pending -> in_transit -> paid | failed | canceled; paid -> failed (spec: gateways 1.4)."""
    assert {
        ("pending", "in_transit"),
        ("pending", "paid"),
        ("pending", "failed"),
        ("pending", "canceled"),
        ("in_transit", "paid"),
        ("in_transit", "failed"),
        ("in_transit", "canceled"),
        ("paid", "failed"),
    } == {(status, to) for (status, _), to in BANK_PAYOUT.table.items()}


def test_payout_of_a_supplier_is_not_booked() -> None:
    """The transfer moved the money; this tells when the bank has it."""
    last, journals = settled(
        told("payout", "pending", **OF_INA),
        told("payout", "pending", **OF_INA, **LEFT),
        told("payout", **OF_INA),
        supplier="ina",
    )

    assert ("paid", "ina", CREATED, False) == (
        last.payout.status,
        last.payout.supplier,
        last.payout.created_at,
        last.payout.is_ours,
    )
    assert [] == journals


@pytest.mark.parametrize(
    ("fact", "status"),
    [
        (told("payout", "pending"), "pending"),
        (told("payout", "pending", **LEFT), "in_transit"),
        (told("payout", "failed", reason="account_closed"), "failed"),
        (told("payout", "failed", metadata=(("status", "canceled"),)), "canceled"),
        (told("payout", metadata=(("status", "canceled"),)), "paid"),
    ],
)
def test_first_heard_in_any_state(fact: GatewayObject, status: str) -> None:
    """The record begins where the gateway is."""
    last, _ = settled(fact)

    assert (status, fact.reason) == (last.payout.status, last.payout.reason)
    assert (last.payout,) == last.effects.records


def test_our_own_payout() -> None:
    """100.00 leave the gateway for the bank, which takes 0.25: its fee is a leg of its own."""
    _, journals = settled(told("payout", minor=10_000, fee=usd(25)))

    assert {"gateway:stripe": 10_025, "cash:bank": -10_000, "platform": -25} == legs(journals)
    assert Event("gateway.payout", "stripe:po_1") == journals[0].event


def test_paid_that_fails() -> None:
    """Paid -> failed: the journal is mirrored, and somebody is told (spec: reliability A10)."""
    last, journals = settled(told("payout"), told("payout", "failed", reason="no_account"))

    assert ({}, 2) == (legs(journals), len(journals))
    assert journals[0].id == journals[1].reverses
    assert ["alert.late_outcome"] == [message.topic for message in last.effects.messages]


def test_failed_before_it_was_paid() -> None:
    """Nothing was booked, so nothing is taken back."""
    last, journals = settled(told("payout", "pending"), told("payout", "failed"))

    assert ("failed", [], ()) == (last.payout.status, journals, last.alert)


@pytest.mark.parametrize("status", ["pending", "done"])
def test_older_and_equal_states_store_nothing(status: str) -> None:
    """Paid stays paid."""
    last, journals = settled(told("payout"), told("payout", status))

    assert (False, (), 1) == (last.moved, last.effects.records, len(journals))


def test_every_order_is_the_same_books() -> None:
    """All orders of created, left, paid and failed end alike."""
    life = [
        told("payout", "pending"),
        told("payout", "pending", **LEFT),
        told("payout"),
        told("payout", "failed"),
    ]

    assert {("failed", ())} == {
        (last.payout.status, tuple(legs(journals).items()))
        for last, journals in (settled(*order) for order in permutations(life))
    }


def test_asking_for_one() -> None:
    """An instant payout of a connected account's balance."""
    asked = bank_payouts.ask(
        usd(5_940),
        account="acct_ina",
        gateway="stripe",
        subject="trf_1",
        party="ina",
        at=AT,
        at_once=True,
    )

    assert PayoutOrder(amount=usd(5_940), account="acct_ina", instant=True) == (
        asked.instructed.instruction.order
    )
    assert (asked.instructed.instruction,) == asked.effects.records


def test_fee_that_is_known_with_the_end() -> None:
    """Pending without one, paid for 0.25; what is taken back later is what was booked."""
    first, _ = settled(told("payout", "pending", 10_000))
    paid = bank_payouts.settle(
        first.payout, told("payout", minor=10_000, fee=usd(25)), gateway="stripe", at=AT
    )
    failed = bank_payouts.settle(
        paid.payout, told("payout", "failed", 10_000), gateway="stripe", at=AT
    )

    assert {"gateway:stripe": 10_025, "cash:bank": -10_000, "platform": -25} == legs(paid.journals)
    assert {} == legs((*paid.journals, *failed.journals))


@pytest.mark.parametrize("minor", [9_999, 10_001])
def test_another_amount_is_not_booked(minor: int) -> None:
    """100.00 left for the bank; the end is told over another amount, so a person looks."""
    first, _ = settled(told("payout", "pending", 10_000))

    with pytest.raises(BankPayoutDiffers, match=r"is over 100\.00 USD; the gateway tells"):
        bank_payouts.settle(first.payout, told("payout", minor=minor), gateway="stripe", at=AT)


@pytest.mark.parametrize("wrong", [told(), told("payout", id="po_2")], ids=["kind", "object"])
def test_another_object(wrong: GatewayObject) -> None:
    """What is no payout, or another one, is refused."""
    first, _ = settled(told("payout"))

    with pytest.raises(ValueError, match="is not the bank payout"):
        bank_payouts.settle(first.payout, wrong, gateway="stripe", at=AT)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"object": ""}, "bank payout object"),
        ({"amount": usd(0)}, "Money above 0"),
        ({"status": "lost"}, "has no status 'lost'"),
        ({"supplier": " "}, "supplier or instruction of a bank payout"),
        ({"fee": usd(-1)}, "fee of bank payout"),
    ],
)
def test_bank_payout_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """A bank payout that cannot be is refused where it is made."""
    one: BankPayout = settled(told("payout"))[0].payout

    with pytest.raises(ValueError, match=message):
        attrs.evolve(one, **fields)
