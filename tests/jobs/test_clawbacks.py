"""Clawbacks as people ask for them, through the worker that sends reversals to a gateway double."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ledgerkit.domain import payouts
from ledgerkit.domain.access import ApproverIsRequester
from ledgerkit.domain.changes import KeyReused
from ledgerkit.domain.clawbacks import (
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    STRIPE_REVERSAL,
    UNDERPAYMENT,
    WRITTEN_OFF,
    Clawback,
    ClawbackWindowClosed,
    OverClawback,
)
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs import clawbacks as jobs
from ledgerkit.jobs.clawbacks import UnknownClawback, UnknownTransfer
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.instructions import cancel_instruction
from ledgerkit.jobs.settlement import refusal
from ledgerkit.jobs.steps import Job
from ledgerkit.testing.samples import changes, party, transfer
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.jobs.supplier_world import (
    ACCOUNT,
    all_of,
    balances,
    double,
    drift,
    only,
    paid,
    usd,
    work,
)
from tests.people import EVA, MAX

CHECKED: dict[str, Any] = {"actor": EVA, "reason": "checked the log"}
START = {"customer:stu": -6_000}


def asked(host: Host, minor: int = 3_600, **more: Any) -> Clawback:
    """Max asks for 36.00 back; the wallet does not show it yet."""
    fields: dict[str, Any] = {
        "supplier": "ina",
        "cause": "adj_1",
        "reason": "1.5 h, not 1.8 h",
        "actor": MAX,
        "on_wallet": False,
        "transfers": (only(host, Transfer).id,),
        "method": STRIPE_REVERSAL,
    }
    return run(jobs.request_clawback(usd(minor), **(fields | more)), host)


def executed(host: Host, **more: Any) -> Clawback:
    """Have a case asked for, approved and carried out."""
    case = asked(host, **more)
    run(jobs.approve_clawback(case.id, **CHECKED), host)
    return run(jobs.execute_clawback(case.id, **CHECKED), host)


def test_reversal() -> None:
    """36.00 come back: platform +36.00, gateway -36.00; the payout is partly reversed."""
    host = paid()
    case = executed(host)
    at_once = balances(host)
    work(host)

    assert "executing" == case.status
    assert {**START, "gateway:stripe": 6_000, "supplier:ina": -3_600, "platform": 3_600} == at_once
    assert {**START, "gateway:stripe": 2_400, "platform": 3_600} == balances(host)
    assert ("settled", usd(3_600), "partly_reversed", "partly_reversed", 0) == (
        only(host, Clawback).status,
        only(host, Clawback).recovered,
        only(host, Transfer).status,
        only(host, Payout).status,
        drift(host),
    )


def test_funds_gone() -> None:
    """Ina spent it: the next payouts bear it, without anybody doing anything."""
    host = paid()
    double(host).fund(usd(-5_000), account=ACCOUNT)
    executed(host)
    work(host)
    case = only(host, Clawback)

    assert ("settled", FUTURE_PAYOUT_OFFSET, True) == (case.status, case.method, case.fell_back)
    assert -3_600 == balances(host)["supplier:ina"]
    assert 0 == drift(host)


def test_window_closes_before_it_is_sent() -> None:
    """Approved in time, and the worker slept: it is not sent, and a person chooses."""
    host = paid()
    executed(host)
    host.clock.advance(timedelta(hours=72))  # type: ignore[attr-defined]
    work(host)
    case = only(host, Clawback)
    assert ("failed", usd(0)) == (case.status, case.recovered)

    with pytest.raises(ClawbackWindowClosed):
        run(jobs.execute_clawback(case.id, **CHECKED), host)
    run(jobs.choose_method(case.id, FORGIVEN, actor=MAX, reason="too late"), host)
    run(jobs.approve_clawback(case.id, **CHECKED), host)
    run(jobs.execute_clawback(case.id, **CHECKED), host)
    assert {**START, "gateway:stripe": 6_000} == balances(host)


def test_asked_again() -> None:
    """The same again is the same case; another amount is a mistake."""
    host = paid()
    case = executed(host)

    assert case == asked(host)
    assert case == run(jobs.execute_clawback(case.id, **CHECKED), host)
    with pytest.raises(KeyReused):
        asked(host, 3_500)
    with pytest.raises(KeyReused, match="side: 'overpayment' then, 'underpayment' now"):
        asked(host, side=UNDERPAYMENT)


def test_decided_again_by_the_same_person() -> None:
    """Approved, chosen and rejected a second time: nothing is stored and nothing refused."""
    host = paid()
    id = asked(host).id
    decided: tuple[Callable[[], Job[Clawback]], ...] = (
        lambda: jobs.approve_clawback(id, **CHECKED),
        lambda: jobs.choose_method(id, FORGIVEN, **CHECKED),
        lambda: jobs.reject_clawback(id, **CHECKED),
    )
    for job in decided:
        assert run(job(), host) == run(job(), host)

    assert ["proposed", "approved", "proposed", "rejected"] == [
        version.record.status for version in host.store.history(Clawback, id)
    ]
    with pytest.raises(IllegalTransition):
        run(jobs.reject_clawback(id, actor=MAX, reason="me too"), host)
    with pytest.raises(UnknownClawback):
        run(jobs.reject_clawback("clw_0", **CHECKED), host)


def test_done_by_two_at_once() -> None:
    """Whoever comes second, at any step, finds the same case and does nothing of its own."""
    transfer, id = only(paid(), Transfer).id, asked(paid(), 6_000).id

    def asking() -> Job[Clawback]:
        return jobs.request_clawback(
            usd(6_000),
            supplier="ina",
            cause="adj_1",
            reason="never flown",
            actor=MAX,
            on_wallet=False,
            transfers=(transfer,),
            method=STRIPE_REVERSAL,
        )

    def executing() -> Job[Clawback]:
        return jobs.execute_clawback(id, **CHECKED)

    for number in range(1, 6):
        host = paid()
        run(asking(), Rigged(host, {number: overtaken(asking)}))
        run(jobs.approve_clawback(id, **CHECKED), host)
        done = run(executing(), Rigged(host, {number: overtaken(executing)}))

        assert (only(host, Clawback), "executing") == (done, done.status)
        assert 1 == len(only(host, Transfer).reversals)


def test_two_cases_share_what_was_paid() -> None:
    """60.00 were paid; after 36.00, only 24.00 are left to ask for."""
    host = paid()
    asked(host)

    with pytest.raises(OverClawback, match=r"have 24\.00 USD left"):
        asked(host, 2_401, cause="adj_2")
    (left,) = run(jobs.clawback_eligibility(supplier="ina"), host)
    assert (usd(2_400), True) == (left.left, left.window_open)


def test_approval() -> None:
    """By somebody else; without it nothing is carried out."""
    host = paid()
    case = asked(host)

    with pytest.raises(ApproverIsRequester):
        run(jobs.approve_clawback(case.id, actor=MAX, reason="mine"), host)
    with pytest.raises(IllegalTransition):
        run(jobs.execute_clawback(case.id, **CHECKED), host)
    assert "rejected" == run(jobs.reject_clawback(case.id, **CHECKED), host).status


def test_check() -> None:
    """Paid back outside the gateway: the gateway's money stays as it is."""
    host = paid()
    case = asked(host, method=MANUAL_CHECK)
    run(jobs.approve_clawback(case.id, **CHECKED), host)
    run(jobs.execute_clawback(case.id, reference="check 17", **CHECKED), host)

    assert {**START, "gateway:stripe": 6_000, "platform": 3_600, "cash:bank": -3_600} == (
        balances(host)
    )
    assert 0 == drift(host)


def earned(host: Host, key: str, payer: str, payee: str, minor: int) -> None:
    """Post that one earns of the other, such as by a flight or by an adjustment of it."""
    journal = transfer(f"jrn_{key}", payer, payee, minor, currency="USD")
    host.store.commit(changes(key, journals=(journal,)))


def next_payout(host: Host) -> int:
    """Return what the run of November would pay Ina, in cents."""
    claimed = {(line.journal, line.line) for line in only(host, Payout).lines}
    entries = host.store.entries("supplier:ina").items
    november = Period.month(2026, 11)
    lines = payouts.gather(party("ina"), entries, claimed=claimed, period=november, labels={})
    return sum(line.amount.minor for line in lines)


@pytest.mark.parametrize("on_wallet", [True, False], ids=["adjusted", "found"])
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (FUTURE_PAYOUT_OFFSET, 2_400),
        (STRIPE_REVERSAL, 6_000),
        (MANUAL_CHECK, 6_000),
        (FORGIVEN, 6_000),
        (WRITTEN_OFF, 6_000),
    ],
)
def test_where_each_method_leaves_the_wallet(method: str, expected: int, on_wallet: bool) -> None:
    """60.00 paid, 36.00 of it too much, 60.00 earned anew: the next payout is what is owed then.

    With the offset that is 60.00 - 36.00 = 24.00, with the others 60.00. (spec: billing 10)
    """
    host = paid()
    if on_wallet:
        earned(host, "adjusted", "supplier:ina", "customer:stu", 3_600)
    case = asked(host, method=method, on_wallet=on_wallet)
    run(jobs.approve_clawback(case.id, **CHECKED), host)
    run(jobs.execute_clawback(case.id, reference="check 17", **CHECKED), host)
    work(host)
    earned(host, "flown", "customer:stu", "supplier:ina", 6_000)

    assert "settled" == only(host, Clawback).status
    assert (expected, expected, 0) == (
        balances(host)["supplier:ina"],
        next_payout(host),
        drift(host),
    )


def test_a_cancelled_reversal_leaves_the_case_to_a_person() -> None:
    """Its instruction is taken back before it was sent: the case failed, nothing came back."""
    host = paid()
    executed(host)
    (reversal,) = [i for i in all_of(host, Instruction) if i.order.kind == "reversal"]
    run(
        cancel_instruction(reversal.id, refuse=refusal, key="k", actor=EVA, note="not this way"),
        host,
    )
    work(host)

    assert ("failed", usd(0)) == (only(host, Clawback).status, only(host, Clawback).recovered)
    assert (-3_600, 0) == (balances(host)["supplier:ina"], drift(host))


def test_unknown() -> None:
    """Cases and transfers must be stored, and be the supplier's."""
    host = paid()

    with pytest.raises(UnknownClawback, match="no clawback 'clw_x' is stored"):
        run(jobs.approve_clawback("clw_x", **CHECKED), host)
    with pytest.raises(UnknownTransfer, match="supplier 'ina' has no transfer 'trf_x'"):
        asked(host, transfers=("trf_x",))
    with pytest.raises(UnknownTransfer, match="supplier 'tom' has no transfer"):
        asked(host, supplier="tom")
