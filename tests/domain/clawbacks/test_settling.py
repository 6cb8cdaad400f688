"""The five ways to settle a case, with the journals of the specification, and what may go wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import clawbacks, transfers
from ledgerkit.domain.clawbacks import (
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    METHODS,
    STRIPE_REVERSAL,
    UNDERPAYMENT,
    WRITTEN_OFF,
    CheckReferenceNeeded,
    ClawbackWindowClosed,
    Window,
)
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.transfers import OverReversed, settle_reversal
from tests.domain.clawbacks.cases import (
    approved,
    came_back,
    followed,
    proposed,
    refused,
    reversing,
)
from tests.domain.told import AT, CREATED, done, legs, told, usd

SHOWN = {"on_wallet": True}  # an adjustment or refund took the supplier's share back already


# ---- five methods ----------------------------------------------------------------------------
def test_future_payout_offset() -> None:
    """Instructor -36.00, platform +36.00; the next payout pays 60.00 - 36.00 (spec: billing 10)."""
    settled = clawbacks.execute(approved(), at=AT)

    assert {"supplier:ina": -3_600, "platform": 3_600} == legs(settled.journals)
    assert ["clawback.owed"] == [journal.kind for journal in settled.journals]
    assert ("settled", True) == (settled.clawback.status, settled.clawback.on_wallet)
    assert {"supplier:ina", "platform"} == {wallet.id for wallet in settled.effects.opens}


def test_what_the_wallet_shows_is_not_booked_twice() -> None:
    """The adjustment took 36.00 back: the next payout bears it without a journal."""
    settled = clawbacks.execute(approved(**SHOWN), at=AT)

    assert ("settled", ()) == (settled.clawback.status, settled.journals)


def test_stripe_reversal() -> None:
    """The same leg at once; on confirmation gateway -36.00, instructor +36.00."""
    executed, transfer = reversing()
    (asked,) = executed.asked
    back = settle_reversal(
        transfer, told("reversal", minor=3_600, instruction=transfer.reversals[0].id), at=AT
    )
    case = followed(executed.clawback, [back.transfer])

    assert {"supplier:ina": -3_600, "platform": 3_600} == legs(executed.journals)
    assert {"gateway:stripe": -3_600, "supplier:ina": 3_600} == legs(back.journals)
    assert CREATED + timedelta(hours=72) == asked.instructed.instruction.send_before
    assert ["executing", "settled"] == [executed.clawback.status, case.status]
    assert (usd(3_600), usd(0)) == (case.recovered, case.rest)
    assert {executed.clawback, transfer} <= set(executed.effects.records)


def test_manual_check_for_an_underpayment() -> None:
    """The adjustment earned 36.00 more, paid by check: instructor -36.00, cash:bank +36.00."""
    case = approved(side=UNDERPAYMENT, method=MANUAL_CHECK, **SHOWN)
    settled = clawbacks.execute(case, reference="check 17", at=AT)

    assert {"supplier:ina": -3_600, "cash:bank": 3_600} == legs(settled.journals)
    assert "check 17" == settled.clawback.reference
    assert ("reference", "check 17") in settled.journals[0].metadata


def test_manual_check_for_an_overpayment() -> None:
    """The instructor pays 36.00 back outside the gateway: the wallet is even again."""
    case = approved(method=MANUAL_CHECK, **SHOWN)
    settled = clawbacks.execute(case, reference="SEPA 9", cash="cash:other", at=AT)

    assert {"supplier:ina": 3_600, "cash:other": -3_600} == legs(settled.journals)


def test_underpayment_with_the_next_payout() -> None:
    """What nobody booked yet goes on the wallet, and is paid with the rest."""
    settled = clawbacks.execute(approved(side=UNDERPAYMENT), at=AT)

    assert {"supplier:ina": 3_600, "platform": -3_600} == legs(settled.journals)


@pytest.mark.parametrize(("method", "bearer"), [(FORGIVEN, "platform"), (WRITTEN_OFF, "writeoff")])
def test_given_up(method: str, bearer: str) -> None:
    """Forgiven: platform -36.00, instructor +36.00; written off: `writeoff` instead."""
    settled = clawbacks.execute(approved(method=method, **SHOWN), at=AT)

    assert {bearer: -3_600, "supplier:ina": 3_600} == legs(settled.journals)
    assert ("approved_by", "eva") in settled.journals[0].metadata


@pytest.mark.parametrize(
    ("method", "expected"),
    [(FORGIVEN, {}), (WRITTEN_OFF, {"platform": 3_600, "writeoff": -3_600})],
)
def test_given_up_before_it_was_booked(method: str, expected: dict[str, int]) -> None:
    """Both are booked, that it was owed and that it was given up; the supplier is even."""
    settled = clawbacks.execute(approved(method=method), at=AT)

    assert (2, expected) == (len(settled.journals), legs(settled.journals))


@pytest.mark.parametrize("reference", ["", "  "])
def test_check_needs_a_reference(reference: str) -> None:
    """A payment outside the gateway is documented."""
    with pytest.raises(CheckReferenceNeeded, match="needs a reference of the payment"):
        clawbacks.execute(approved(method=MANUAL_CHECK), reference=reference, at=AT)


@pytest.mark.parametrize("cash", ["gateway:stripe", "platform", "cash:", "cash", None])
def test_check_moves_cash(cash: Any) -> None:
    """Another wallet would leave the gateway's money short of what it reports (billing 10)."""
    with pytest.raises((TypeError, ValueError), match=r"needs a wallet cash:\.\.\."):
        clawbacks.execute(approved(method=MANUAL_CHECK), reference="17", cash=cash, at=AT)


# ---- the window ------------------------------------------------------------------------------
@pytest.mark.parametrize("method", [m for m in METHODS if m != STRIPE_REVERSAL])
def test_other_methods_stay_after_the_window(method: str) -> None:
    """After 72 hours all but the reversal."""
    case = approved(method=method, transfers=[done()])
    late = clawbacks.execute(case, at=CREATED + timedelta(days=30), reference="R")

    assert "settled" == late.clawback.status


def test_reversal_after_the_window() -> None:
    """At 72 hours it is closed, whenever it was approved."""
    case = approved(transfers=[done()], method=STRIPE_REVERSAL)
    at = CREATED + timedelta(hours=72)

    with pytest.raises(ClawbackWindowClosed, match="before 2026-03-04T10:00:00"):
        clawbacks.execute(case, transfers=[done()], at=at)
    in_time = clawbacks.execute(case, transfers=[done()], at=at - timedelta(seconds=1))
    assert "executing" == in_time.clawback.status
    longer = clawbacks.execute(case, transfers=[done()], at=at, window=Window(73))
    assert at + timedelta(hours=1) == longer.asked[0].instructed.instruction.send_before


# ---- funds gone ------------------------------------------------------------------------------
def test_funds_gone_falls_back() -> None:
    """The account has spent it: the next payouts bear it, and the case says so (gateways 0)."""
    executed, transfer = reversing()
    after = clawbacks.follow(executed.clawback, [refused(transfer)])
    assert after is not None

    assert ("settled", FUTURE_PAYOUT_OFFSET, True) == (
        after.clawback.status,
        after.clawback.method,
        after.clawback.fell_back,
    )
    # The leg was booked at once, so that nothing is left to book.
    assert ((), ["alert.clawback_fell_back"]) == (
        after.effects.journals,
        [message.topic for message in after.effects.messages],
    )


def test_refused_for_another_reason() -> None:
    """It failed; a person has it sent anew, or chooses another method."""
    executed, transfer = reversing()
    left = refused(transfer, code="window_closed")
    failed = followed(executed.clawback, [left])
    again = clawbacks.execute(failed, transfers=[left], at=AT)

    assert ["failed", "executing"] == [failed.status, again.clawback.status]
    assert () == again.journals  # the wallet shows it already
    chosen = clawbacks.choose(failed, FORGIVEN, by="max").clawback
    forgiven = clawbacks.execute(clawbacks.approve(chosen, by="eva").clawback, at=AT)
    assert {"platform": -3_600, "supplier:ina": 3_600} == legs(forgiven.journals)


def test_late_success_after_failure() -> None:
    """The reversal was done after all: settled, and the wallet is even by itself."""
    executed, transfer = reversing()
    left = refused(transfer, code="timeout")
    failed = followed(executed.clawback, [left])

    assert ("settled", usd(3_600)) == (
        followed(failed, [came_back(left)]).status,
        followed(failed, [came_back(left)]).recovered,
    )


def test_late_success_after_falling_back() -> None:
    """The next payouts bore it and the money came back too: the wallet owes it to the supplier."""
    executed, transfer = reversing()
    left = refused(transfer)
    fell = followed(executed.clawback, [left])
    late = followed(fell, [came_back(left)])

    assert ("settled", True, usd(3_600)) == (late.status, late.fell_back, late.recovered)


def test_reversal_that_fails_after_it_was_done() -> None:
    """The wallet shows it again, so the next payouts bear it."""
    executed, transfer = reversing()
    back = came_back(transfer)
    case = followed(executed.clawback, [back])
    failed = followed(case, [came_back(back, status="failed")])

    assert ("settled", FUTURE_PAYOUT_OFFSET, usd(0)) == (
        failed.status,
        failed.method,
        failed.recovered,
    )


def test_several_transfers() -> None:
    """One comes back, of the other the money is gone: the rest falls back."""
    one, two = done(), done(pays="flight-2", object="tr_2")
    case = approved(7_000, transfers=[one, two], method=STRIPE_REVERSAL)
    executed = clawbacks.execute(case, transfers=[one, two], at=AT)
    first, second = (asked.transfer for asked in executed.asked)
    first = came_back(first, 6_000)
    half = followed(executed.clawback, [first, second])
    fell = followed(half, [first, refused(second)])

    assert ("executing", usd(6_000)) == (half.status, half.recovered)
    assert ("settled", True, usd(1_000)) == (fell.status, fell.fell_back, fell.rest)
    assert clawbacks.follow(fell, [first, refused(second)]) is None


def test_only_what_is_missing_is_asked_again() -> None:
    """Of two transfers one came back; executed again, only the other is asked for."""
    one, two = done(), done(pays="flight-2", object="tr_2")
    case = approved(7_000, transfers=[one, two], method=STRIPE_REVERSAL)
    executed = clawbacks.execute(case, transfers=[one, two], at=AT)
    first, second = (asked.transfer for asked in executed.asked)
    first, second = came_back(first, 6_000), refused(second, code="window_closed")
    failed = followed(executed.clawback, [first, second])
    again = clawbacks.execute(failed, transfers=[first, second], at=AT)

    assert [second.id] == [asked.transfer.id for asked in again.asked]
    assert usd(1_000) == again.asked[0].instructed.instruction.order.amount


def test_all_came_back_before_it_was_given_up() -> None:
    """Another method was chosen, then the reversal was done after all: nothing is left to do."""
    executed, transfer = reversing()
    left = refused(transfer, code="x")
    chosen = clawbacks.choose(followed(executed.clawback, [left]), FORGIVEN, by="max").clawback
    late = followed(chosen, [came_back(left)])
    settled = clawbacks.execute(clawbacks.approve(late, by="eva").clawback, at=AT)

    assert ("proposed", usd(3_600)) == (late.status, late.recovered)
    assert ("settled", ()) == (settled.clawback.status, settled.journals)


def test_nothing_new_changes_nothing() -> None:
    """While the reversal is on its way, and for transfers of others."""
    executed, transfer = reversing()

    assert clawbacks.follow(executed.clawback, [transfer]) is None
    case = followed(executed.clawback, [came_back(transfer)])
    assert clawbacks.follow(case, [came_back(transfer)]) is None
    assert clawbacks.follow(proposed(), [done()]) is None


def test_transfers_are_passed_along() -> None:
    """A case reverses the transfers of its shares."""
    case = approved(transfers=[done()], method=STRIPE_REVERSAL)

    with pytest.raises(ValueError, match="pass it, done"):
        clawbacks.execute(case, at=AT)


def test_executing_is_not_executed_again() -> None:
    """While it is on its way nothing else is done about it."""
    executed, transfer = reversing()

    with pytest.raises(IllegalTransition, match="clawback is executing"):
        clawbacks.execute(executed.clawback, transfers=[transfer], at=AT)


def test_transfer_that_came_back_meanwhile() -> None:
    """Approved over 36.00, and somebody took all back at the gateway: nothing is asked for."""
    case = approved(transfers=[done()], method=STRIPE_REVERSAL)
    gone = settle_reversal(done(), told("reversal"), at=AT).transfer

    with pytest.raises(OverReversed, match=r"0\.00 USD can be taken back"):
        clawbacks.execute(case, transfers=[gone], at=AT)


# ---- law -------------------------------------------------------------------------------------
STEPS = ("refuse", "gone", "done", "fail", "again", "offset", "forgive", "write_off")


@given(
    st.booleans(),
    st.integers(1, 6_000),
    st.lists(st.sampled_from(STEPS), max_size=8),
)
def test_any_story_leaves_the_wallet_as_told(on_wallet: bool, minor: int, steps: list[str]) -> None:
    """Wallet = what the case took + what reversals brought + what was given up, in any order."""
    paid = done()
    case = approved(minor, transfers=[paid], method=STRIPE_REVERSAL, on_wallet=on_wallet)
    executed = clawbacks.execute(case, transfers=[paid], at=AT)
    journals: list[Journal] = [*executed.journals]
    case, transfer = executed.clawback, executed.asked[0].transfer
    given_up = 0

    def hear(settled: transfers.TransferSettled) -> None:
        nonlocal case, transfer
        transfer = settled.transfer
        journals.extend(settled.effects.journals)
        after = clawbacks.follow(case, [transfer])
        case = case if after is None else after.clawback

    def tell(status: str) -> None:
        ours = transfer.reversals[-1]
        fact = told("reversal", status, minor=minor, instruction=ours.id, id=f"trr_{ours.id}")
        hear(settle_reversal(transfer, fact, at=AT))

    def refuse(code: str) -> None:
        ours = transfer.reversals[-1].id
        hear(transfers.refuse_reversal(transfer, instruction=ours, code=code))

    def carry_out(method: str | None) -> None:
        nonlocal case, transfer, given_up
        try:
            if method is not None:
                case = clawbacks.approve(
                    clawbacks.choose(case, method, by="max").clawback, by="eva"
                ).clawback
            rest = case.rest.minor
            done_now = clawbacks.execute(case, transfers=[transfer], at=AT)
        except IllegalTransition:
            return
        case = done_now.clawback
        journals.extend(done_now.journals)
        given_up += rest if method in (FORGIVEN, WRITTEN_OFF) else 0
        transfer = done_now.asked[0].transfer if done_now.asked else transfer

    actions: dict[str, Callable[[], Any]] = {
        "refuse": lambda: refuse("timeout"),
        "gone": lambda: refuse("insufficient_funds"),
        "done": lambda: tell("done"),
        "fail": lambda: tell("failed"),
        "again": lambda: carry_out(None),
        "offset": lambda: carry_out(FUTURE_PAYOUT_OFFSET),
        "forgive": lambda: carry_out(FORGIVEN),
        "write_off": lambda: carry_out(WRITTEN_OFF),
    }
    for step in steps:
        actions[step]()

    taken = 0 if on_wallet else minor
    assert transfer.reversed.minor + given_up - taken == legs(journals).get("supplier:ina", 0)
    assert case.recovered == transfer.reversed
    assert transfer.reversed <= attrs.evolve(transfer).amount
