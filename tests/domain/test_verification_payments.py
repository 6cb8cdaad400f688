"""Verification of payments, refunds and disputes: sound books pass, and each edit is named."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import disputes, payments, refunds
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.gateways import GatewayObject, Movement
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import CAPTURED, PENDING, FeePolicy, MoneyOut, Payment
from ledgerkit.domain.refunds import CREDITED, DONE, Refund
from ledgerkit.domain.verification import Problem, payment_problems
from tests.domain.test_disputes import AT, ON, eur
from tests.domain.test_verification_documents import books

Books = tuple[Payment, Refund, Dispute, tuple[Journal, ...]]


def told(kind: str, id: str, minor: int, status: str = "done", **more: Any) -> GatewayObject:
    """Return the state of an object of the charge."""
    fields: dict[str, Any] = {"created": AT, "parent": None if kind == "charge" else "pi_1"}
    return GatewayObject(kind=kind, id=id, status=status, amount=eur(minor), **(fields | more))


def paid_back(fees: FeePolicy = payments.PLATFORM_PAYS, fee: str = "EUR") -> Books:
    """Return 120.00 that came in for a fee of 2.00; 50.00 were refunded, 40.00 are in dispute."""
    pending = Payment(id="pmt_1", customer="c-1", amount=eur(12_000), method="gateway:stripe")
    charge = told("charge", "pi_1", 12_000, fee=eur(200))
    came = payments.capture(pending, charge, owed=[], on=ON, at=AT, fees=fees)
    asked = refunds.request(came.payment, eur(5_000), key="r", reason="late", on=ON, at=AT)
    gone = refunds.complete(
        asked.refund, payment=asked.payment, told=told("refund", "re_1", 5_000), owed=[], at=AT
    )
    out = Movement(id="txn_1", amount=eur(-4_000), fee=Money(1_500, fee), at=AT)
    said = told("dispute", "dp_1", 4_000, status="open", movements=(out,))
    opened = disputes.of_object(said, gateway="stripe", payment=gone.payment, on=ON)
    lost = disputes.follow(
        opened, said, payment=gone.payment, owed=[], at=AT, is_new=True, fees=fees
    )
    assert lost is not None
    posted = (*came.journals, *gone.journals, *lost.journals)
    return lost.payment, gone.refund, lost.dispute, posted


def found(world: Books, **edited: dict[str, Any]) -> list[str]:
    """Return what is wrong once fields of its payment, refund or dispute are *edited*."""
    *records, posted = world
    told: dict[str, Any] = dict(zip(("payment", "refund", "dispute"), records, strict=True))
    for what, fields in edited.items():
        told[what] = attrs.evolve(told[what], **fields)
    return [problem.code for problem in problems(*told.values(), posted=posted)]


def problems(
    payment: Payment, refund: Refund, dispute: Dispute, *, posted: tuple[Journal, ...]
) -> tuple[Problem, ...]:
    """Return what is wrong with them against *posted* journals."""
    return payment_problems([payment], [refund], [dispute], books(*posted))


@pytest.mark.parametrize("bearer", ["platform", "customer"])
@pytest.mark.parametrize("fee", ["EUR", "USD"])
def test_sound_payments(bearer: str, fee: str) -> None:
    """Whoever bears the fees, and in whatever currency the bank takes its own."""
    assert [] == found(paid_back(FeePolicy(bearer), fee))


@pytest.mark.parametrize(
    ("expected", "edited"),
    [
        (["capture_differs"] * 2, {"payment": {"amount": eur(12_001)}}),
        (["capture_differs"], {"payment": {"customer": "c-2"}}),
        (["capture_differs"] * 2 + ["fee_differs"], {"payment": {"object": "pi_2"}}),
        (["fee_differs"], {"payment": {"fee": eur(199)}}),
        (["capture_differs"] * 2 + ["over_refunded"], {"payment": {"status": PENDING}}),
        (["fee_differs"], {"payment": {"fee": None}}),
        (["out_differs"] * 2, {"payment": {"outs": (), "status": CAPTURED}}),
        (["refund_differs"] * 2 + ["out_differs"], {"refund": {"amount": eur(4_999)}}),
        (["refund_differs"] * 2 + ["out_differs"], {"refund": {"status": PENDING}}),
        (["refund_differs"] * 2 + ["out_differs"], {"refund": {"outcome": CREDITED}}),
        (["refund_differs"], {"refund": {"customer": "c-2"}}),
        (["refund_differs"] * 2, {"refund": {"method": "cash:bank"}}),
        (["dispute_differs"], {"dispute": {"customer": "c-2"}}),
        (["dispute_differs"] * 2, {"dispute": {"object": "dp_2"}}),
        (["out_differs"], {"dispute": {"movements": ()}}),
    ],
    ids=range(15),
)
def test_what_was_edited_is_named(expected: list[str], edited: dict[str, dict[str, Any]]) -> None:
    """One field of one record is edited behind the store's back. (spec: reliability C5)"""
    assert expected == found(paid_back(), **edited)


def test_a_payment_that_was_lost() -> None:
    """What went back of a payment that is not there is named by it."""
    _, refund, dispute, posted = paid_back()
    (problem,) = payment_problems([], [refund], [dispute], books(*posted))

    assert ("refund_of_nothing", "pmt_1") == (problem.code, problem.subject)
    assert f"{dispute.id}, {refund.id} took of payment pmt_1, which is not there" == problem.reason


def test_journals_that_were_lost() -> None:
    """The sentence says what should have moved, and where."""
    payment, refund, dispute, _ = paid_back()
    lost = problems(payment, refund, dispute, posted=())
    codes = [problem.code for problem in lost]

    assert ["capture_differs"] * 2 + ["fee_differs"] + ["refund_differs"] * 2 == codes[:5]
    assert ["dispute_differs"] * 2 == codes[5:]
    assert (
        "payment pmt_1 is disputed: 12000 should have moved on customer:c-1, its journal moved 0"
        == lost[0].reason
    )


def test_by_hand_and_void() -> None:
    """Cash that was taken back has moved nothing: its journal and the reversal together."""
    came = payments.record_manual("c-1", eur(3_000), key="k", owed=[], on=ON, at=AT)
    void = payments.void(came.payment, owed=[], reason="wrong customer", at=AT)
    kept = books(*came.journals)
    both = books(*came.journals, *void.journals)

    assert () == payment_problems([came.payment], [], [], kept)
    assert () == payment_problems([void.payment], [], [], both)
    assert ["capture_differs"] * 2 == [
        problem.code for problem in payment_problems([void.payment], [], [], kept)
    ]


def test_more_went_back_than_came_in() -> None:
    """Refunds of a payment never come to more than it."""
    came = payments.record_manual("c-1", eur(3_000), key="k", owed=[], on=ON, at=AT)
    back = refunds.hand_back(
        came.payment, eur(3_000), key="r", reason="late", owed=[], on=ON, at=AT
    )
    again = attrs.evolve(back.refund, id="rfd_again", amount=eur(1))
    more = MoneyOut(record="rfd_again", moved=eur(1), reserved=eur(0))
    payment = attrs.evolve(back.payment, outs=(*back.payment.outs, more))
    checked = books(*came.journals, *back.journals)
    codes = [p.code for p in payment_problems([payment], [back.refund, again], [], checked)]

    assert DONE == again.status
    assert ["refund_differs"] * 2 + ["over_refunded"] == codes


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_whatever_is_given_back_holds(came_in: int, given_back: int) -> None:
    """A refund within what came in is sound, and so is what failed after it was booked."""
    back = min(came_in, given_back)
    came = payments.record_manual("c-1", eur(came_in), key="k", owed=[], on=ON, at=AT)
    gone = refunds.hand_back(came.payment, eur(back), key="r", reason="x", owed=[], on=ON, at=AT)
    failed = refunds.fail(gone.refund, payment=gone.payment, reason="bounced", owed=[], at=AT)
    posted = (*came.journals, *gone.journals)
    after = books(*posted, *failed.journals)

    assert () == payment_problems([gone.payment], [gone.refund], [], books(*posted))
    assert () == payment_problems([failed.payment], [failed.refund], [], after)
