"""Verification of clawbacks and of payouts to banks: sound books pass, and each edit is named."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ledgerkit.domain import bank_payouts, clawbacks
from ledgerkit.domain.bank_payouts import PAID, BankPayout
from ledgerkit.domain.clawbacks import (
    APPROVED,
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    SETTLED,
    UNDERPAYMENT,
    WRITTEN_OFF,
    Clawback,
)
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.verification import (
    bank_payout_problems,
    clawback_problems,
    recovered_problems,
)
from tests.domain.clawbacks.cases import approved, came_back, followed, reversing
from tests.domain.test_verification_documents import books
from tests.domain.told import AT, told, usd


def settled(method: str, **more: Any) -> tuple[Clawback, tuple[Journal, ...]]:
    """Return a case of 36.00 that was settled by *method*, and its journals."""
    done = clawbacks.execute(approved(method=method, **more), at=AT, reference="check 17")
    return done.clawback, done.journals


def codes(case: Clawback, *posted: Journal) -> list[str]:
    """Return what is wrong with a case against *posted* journals."""
    return [problem.code for problem in clawback_problems([case], books(*posted))]


@pytest.mark.parametrize("method", [FUTURE_PAYOUT_OFFSET, MANUAL_CHECK, FORGIVEN, WRITTEN_OFF])
@pytest.mark.parametrize("on_wallet", [True, False])
def test_sound_clawbacks(method: str, *, on_wallet: bool) -> None:
    """Whichever way it is settled, and whether the wallet showed it before."""
    case, posted = settled(method, on_wallet=on_wallet)

    assert SETTLED == case.status
    assert [] == codes(case, *posted)


def test_sound_clawbacks_of_other_kinds() -> None:
    """What we owe is paid out; what was not settled or is reversed moved nothing."""
    owed, posted = settled(MANUAL_CHECK, side=UNDERPAYMENT)
    late = attrs.evolve(owed, recovered=usd(100))  # a reversal came back after the check

    assert [] == codes(owed, *posted) == codes(late, *posted)
    assert [] == codes(approved()) == codes(reversing()[0].clawback)


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": usd(3_599)},
        {"method": FUTURE_PAYOUT_OFFSET},
        {"status": APPROVED},
        {"supplier": "una"},
        {"side": UNDERPAYMENT},
    ],
    ids=range(5),
)
def test_a_clawback_that_was_edited(fields: dict[str, Any]) -> None:
    """Amount, method, status, supplier and side are those that were booked."""
    case, posted = settled(MANUAL_CHECK)

    assert ["clawback_differs"] == codes(attrs.evolve(case, **fields), *posted)


def test_a_clawback_that_was_lost() -> None:
    """The sentence tells what is missing."""
    case, _ = settled(FORGIVEN)
    (problem,) = clawback_problems([case], books())

    assert f"clawback {case.id} is settled by forgiven, given_up are 0, not 3600" == problem.reason


def test_what_reversals_brought_back() -> None:
    """A case tells the sum of its reversals that are done, of all of its transfers."""
    executed, on_its_way = reversing()
    back = came_back(on_its_way)
    case = followed(executed.clawback, [back])

    assert () == recovered_problems([executed.clawback], [on_its_way])
    assert () == recovered_problems([case], [back])
    for told_of, stored in (
        (attrs.evolve(case, recovered=usd(3_500)), [back]),
        (case, [on_its_way]),
        (case, []),
        (executed.clawback, [back]),
    ):
        (problem,) = recovered_problems([told_of], stored)
        assert ("recovered_differs", case.id) == (problem.code, problem.subject)


def arrived(**more: Any) -> tuple[BankPayout, tuple[Journal, ...]]:
    """Return 60.00 that arrived at our bank."""
    done = bank_payouts.settle(None, told("payout", **more), gateway="stripe", at=AT)
    return done.payout, done.journals


def found(payout: BankPayout, *posted: Journal) -> list[str]:
    """Return what is wrong with a payout to a bank against *posted* journals."""
    return [problem.code for problem in bank_payout_problems([payout], books(*posted))]


@pytest.mark.parametrize("fee", [None, usd(25), Money(25, "EUR")], ids=str)
def test_sound_bank_payouts(fee: Money | None) -> None:
    """Ours are booked, whatever the fee; those of a supplier's account are not."""
    ours, posted = arrived(fee=fee)
    theirs, nothing = arrived(id="po_2", account="acct_ina", fee=fee)

    assert (PAID, PAID, ()) == (ours.status, theirs.status, nothing)
    assert [] == found(ours, *posted) == found(theirs)


@pytest.mark.parametrize(
    "fields", [{"amount": usd(1)}, {"fee": usd(1)}, {"status": "failed"}, {"account": "acct_ina"}]
)
def test_a_bank_payout_that_was_edited(fields: dict[str, Any]) -> None:
    """Amount, fee, status and whose it is are those that were booked."""
    payout, posted = arrived()

    assert ["bank_payout_differs"] == found(attrs.evolve(payout, **fields), *posted)


def test_a_bank_payout_that_was_lost() -> None:
    """The sentence tells what is missing."""
    payout, _ = arrived()
    (problem,) = bank_payout_problems([payout], books())

    assert (
        f"bank payout {payout.id} is paid: 6000 USD should have left gateway:stripe, 0 did"
        == problem.reason
    )
