"""Payout runs: what may be sent is sent once, by a worker, and booked when the gateway did it."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest

from ledgerkit.domain import payouts
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.gateways import GatewayObject
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.payouts import InstantFee, Payout, PayoutSetting, PayoutTerm, ReferenceNeeded
from ledgerkit.domain.periods import Period
from ledgerkit.domain.reserves import ReservePolicy
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs import payouts as jobs
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.instructions import cancel_instruction
from ledgerkit.jobs.payout_settings import set_instant
from ledgerkit.jobs.payouts import UnknownPayout
from ledgerkit.jobs.reserves import check_reserve
from ledgerkit.jobs.settlement import refusal, settlement
from ledgerkit.jobs.steps import Job
from ledgerkit.testing.fakes.gateway import Fault
from ledgerkit.testing.samples import NOON, changes, party
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.jobs.supplier_world import (
    ACCOUNT,
    Checked,
    all_of,
    balances,
    double,
    drift,
    only,
    send,
    usd,
    work,
    world,
)
from tests.people import EVA


def tell(host: Host, told: GatewayObject, key: str) -> bool:
    """Commit what *told* does, as a webhook would; return whether it was parked."""
    decided = run(settlement(told, gateway="stripe", at=host.clock.now()), host)
    effects = decided.effects
    if not decided.parked and effects.records:
        host.store.commit(
            changes(
                key,
                at=host.clock.now(),
                journals=effects.journals,
                opens=effects.opens,
                records=effects.records,
                messages=effects.messages,
                expects=decided.expects,
            )
        )
    return decided.parked


# ---- the run ---------------------------------------------------------------------------------
def test_payout_is_sent_and_booked() -> None:
    """Supplier -60.00, gateway +60.00 when the transfer is done; the gateway agrees."""
    host = world()
    report = send(host)
    before = balances(host)
    work(host)

    assert (["in_transit"], ()) == ([p.status for p in report.sent], report.skipped)
    assert {"customer:stu": -6_000, "supplier:ina": 6_000} == before
    assert {"customer:stu": -6_000, "gateway:stripe": 6_000} == balances(host)
    assert ("paid", "done", "done", 0) == (
        only(host, Payout).status,
        only(host, Transfer).status,
        only(host, Instruction).status,
        drift(host),
    )
    assert only(host, Transfer).object == only(host, Payout).reference


def test_run_again_sends_nothing_twice() -> None:
    """What is in transit or paid is not pending."""
    host = world()
    send(host)
    again = send(host)
    work(host)
    after = send(host)

    assert ((), (), (), 1) == (again.sent, again.skipped, after.sent, len(double(host).calls))


def test_only_those_asked_for() -> None:
    """A run for some suppliers leaves the others alone."""
    assert () == send(world(), suppliers=["tom"]).sent
    assert 1 == len(send(world(), suppliers=["ina"]).sent)


def test_account_that_is_not_ready() -> None:
    """Payouts are not enabled: skipped, with what is still asked (spec: gateways 1.4)."""
    (left_out,) = send(world(ready=False)).skipped

    assert ("ina", "account_not_ready") == (left_out.subject, left_out.code)
    assert "payouts are not enabled; still asked: external_account" in left_out.reason


def test_supplier_without_an_account() -> None:
    """Nobody connected one at this gateway."""
    (left_out,) = send(world(), gateway="paystack").skipped

    assert "payee 'ina' has no account at 'paystack'; connect one first" == left_out.reason


def test_reserve_blocks_transfers() -> None:
    """What the run sends together is proposed; what would be too much is refused, in words."""
    host = world(3_000, 3_000, 3_000)
    proposed: list[Money] = []

    async def reserve(amount: Money) -> Checked:
        proposed.append(amount)
        return Checked(amount > usd(7_000), "too little is held: critical")

    report = send(host, reserve=reserve)

    assert [usd(3_000), usd(6_000), usd(9_000)] == proposed
    assert (2, ["transfers_blocked"]) == (len(report.sent), [s.code for s in report.skipped])
    assert report.skipped[0].reason.endswith("is not sent: too little is held: critical")


def test_the_reserve_is_asked_of_the_gateway() -> None:
    """It holds 1,000.00 of 1,000.00: 300.00 may go, and 600.00 would leave less than half."""
    policy = ReservePolicy(usd(100_000))
    report = send(
        world(30_000, 30_000),
        reserve=lambda total: check_reserve(["stripe"], policy, proposed_transfer=total),
    )

    assert ([usd(30_000)], ["transfers_blocked"]) == (
        [payout.total for payout in report.sent],
        [left_out.code for left_out in report.skipped],
    )
    assert report.skipped[0].reason.endswith(
        "1000.00 USD is held of a minimum of 1000.00 USD: healthy, and critical once "
        "600.00 USD is paid; transfers wait"
    )


def test_time_out_pays_once() -> None:
    """Unknown is not failed: sent again under the same key, paid once (spec: reliability A5)."""
    host = world()
    double(host).script(Fault.TIMEOUT_AFTER)
    send(host)
    work(host)
    assert "in_transit" == only(host, Payout).status
    host.clock.advance(timedelta(hours=2))  # type: ignore[attr-defined]
    work(host)

    assert ("paid", 1) == (
        only(host, Payout).status,
        len(double(host).made_of(only(host, Instruction).id)),
    )
    assert 1 == len(set(double(host).calls))
    assert 0 == drift(host)


def test_refused_payout_is_sent_anew() -> None:
    """Our balance did not cover it: failed; topped up and retried it is another attempt."""
    host = world(200_000)
    send(host)
    work(host)
    failed = only(host, Payout)
    double(host).fund(usd(150_000))
    run(jobs.retry(failed.id, note="topped up", actor=EVA), host)
    send(host)
    work(host)

    assert ("failed", "paid", 2) == (
        failed.status,
        only(host, Payout).status,
        only(host, Payout).attempt,
    )
    assert {"customer:stu": -200_000, "gateway:stripe": 200_000} == balances(host)


def test_payout_that_two_attempts_paid() -> None:
    """The refused one was done after all: 60.00 too much, which the next payout bears (A10)."""
    host = world()
    double(host).fund(usd(-99_000))
    send(host)
    work(host)
    double(host).fund(usd(99_000))
    refused = only(host, Transfer)
    run(jobs.retry(only(host, Payout).id, note="topped up", actor=EVA), host)
    send(host)
    late = GatewayObject(
        kind="transfer",
        id="tr_late",
        status="done",
        amount=usd(6_000),
        created=NOON,
        instruction=refused.instruction,
    )
    tell(host, late, "late")
    work(host)
    entries = host.store.entries("supplier:ina").items
    claimed = {(line.journal, line.line) for line in only(host, Payout).lines}
    due = payouts.gather(
        party("ina"), entries, claimed=claimed, period=Period.month(2026, 11), labels={}
    )

    assert "paid" == only(host, Payout).status
    assert -6_000 == balances(host)["supplier:ina"]
    assert [("transfer.done", usd(-6_000))] == [(line.kind, line.amount) for line in due]


def test_a_cancelled_payout_fails_and_is_sent_anew() -> None:
    """Nothing had been sent: transfer and payout failed; retried it goes under another key."""
    host = world()
    send(host)
    first = only(host, Instruction)
    run(cancel_instruction(first.id, refuse=refusal, key="k", actor=EVA, note="wrong"), host)
    assert ("failed", "failed") == (only(host, Transfer).status, only(host, Payout).status)
    run(jobs.retry(only(host, Payout).id, note="right after all", actor=EVA), host)
    send(host)
    work(host)

    assert 2 == len({each.key for each in all_of(host, Instruction)})
    assert {"customer:stu": -6_000, "gateway:stripe": 6_000} == balances(host)
    assert ("paid", 0) == (only(host, Payout).status, drift(host))


# ---- instant ---------------------------------------------------------------------------------
ONE_PERCENT = InstantFee(percent=Fraction(1, 100), minimum=usd(50))


def test_instant_payout() -> None:
    """60.00 at 1 %: 59.40 arrive and go on to the bank at once; 0.60 are ours."""
    host = world()
    term = PayoutTerm("USD", date(2026, 10, 1), ONE_PERCENT)
    run(set_instant(term, supplier="ina", actor=EVA, reason="asked for it"), host)
    send(host)
    work(host)
    work(host)

    assert {"customer:stu": -6_000, "gateway:stripe": 5_940, "platform": 60} == balances(host)
    payout = only(host, BankPayout)
    assert ("pending", usd(5_940), "ina") == (payout.status, payout.amount, payout.supplier)
    double(host).world.finish(payout.object)
    tell(host, double(host).world.objects[payout.object], "webhook")
    assert "paid" == only(host, BankPayout).status
    assert 0 == drift(host)


def test_instant_payout_that_is_found_failed() -> None:
    """Found failed a day after the time-out: that it was paid before then is told too late."""
    host = world()
    term = PayoutTerm("USD", date(2026, 10, 1), ONE_PERCENT)
    run(set_instant(term, supplier="ina", actor=EVA, reason="asked for it"), host)
    send(host)
    work(host)
    double(host).script(Fault.TIMEOUT_AFTER)
    work(host)
    (made,) = (o for o in double(host).world.objects.values() if o.kind == "payout")
    paid = double(host).world.finish(made.id)
    double(host).world.fail(made.id, "account_closed")
    host.clock.advance(timedelta(hours=25))  # type: ignore[attr-defined]
    work(host)
    assert ("failed", "account_closed") == (
        only(host, BankPayout).status,
        only(host, BankPayout).reason,
    )
    tell(host, paid, "webhook")

    assert "failed" == only(host, BankPayout).status
    assert {"done", "refused"} == {each.status for each in all_of(host, Instruction)}
    (out,) = (each for each in all_of(host, Instruction) if each.order.kind == "payout")
    assert (made.id, "refused") == (out.object, out.status)


def test_a_run_without_instant_payouts() -> None:
    """The setting stays, this run does not use it."""
    host = world()
    term = PayoutTerm("USD", date(2026, 10, 1), ONE_PERCENT)
    run(set_instant(term, supplier="ina", actor=EVA, reason="asked for it"), host)
    send(host, instant=False)

    assert (None, False) == (only(host, Payout).fee, only(host, Transfer).at_once)


def test_setting_is_stored_once_and_keeps_its_terms() -> None:
    """The same again stores nothing; another term is a version, with who and why."""
    host = world()
    for term in (
        PayoutTerm("USD", date(2026, 10, 1), ONE_PERCENT),
        PayoutTerm("USD", date(2026, 10, 1), ONE_PERCENT),
        PayoutTerm("USD", date(2026, 11, 1), None),
    ):
        run(set_instant(term, supplier="ina", actor=EVA, reason="asked for it"), host)
    versions = host.store.history(PayoutSetting, only(host, PayoutSetting).id)

    assert [(1, "eva"), (2, "eva")] == [(len(v.record.terms), v.actor) for v in versions]


# ---- by hand ---------------------------------------------------------------------------------
def test_paying_by_hand() -> None:
    """Under a reference, once; what the bank sends back fails, and can be paid again."""
    host = world()
    id = only(host, Payout).id
    by: dict[str, Any] = {"actor": EVA, "reason": "paid by the bank"}
    run(jobs.pay_by_hand(id, reference="R-1", **by), host)
    again = run(jobs.pay_by_hand(id, reference="R-1", **by), host)
    assert ("paid", {"customer:stu": -6_000, "cash:bank": 6_000}) == (again.status, balances(host))

    run(jobs.bounce_by_hand(id, note="account closed", actor=EVA), host)
    assert {"customer:stu": -6_000, "supplier:ina": 6_000} == balances(host)
    run(jobs.retry(id, note="new account", actor=EVA), host)
    run(jobs.pay_by_hand(id, reference="R-2", **by), host)
    assert {"customer:stu": -6_000, "cash:bank": 6_000} == balances(host)


def test_by_hand_asked_again() -> None:
    """Nothing is stored twice and nothing refused, until something else befell the payout."""
    host = world()
    id = only(host, Payout).id
    noted: dict[str, Any] = {"note": "asked by phone", "actor": EVA}
    for verb in (jobs.hold, jobs.release):
        assert run(verb(id, **noted), host) == run(verb(id, **noted), host)
    run(jobs.pay_by_hand(id, reference="R-1", actor=EVA, reason="paid"), host)
    for verb in (jobs.bounce_by_hand, jobs.retry):
        assert run(verb(id, **noted), host) == run(verb(id, **noted), host)

    assert 6 == len(host.store.history(Payout, id))
    with pytest.raises(IllegalTransition):
        run(jobs.retry(id, note="by another", actor=EVA), host)
    with pytest.raises(UnknownPayout):
        run(jobs.retry("pay_x", **noted), host)
    again = run(jobs.hold(id, **noted), host)
    assert ("on_hold", 7) == (again.status, len(host.store.history(Payout, id)))


def test_paid_by_two_at_once() -> None:
    """Whoever comes second, at any step, finds it paid under the same reference."""
    id = only(world(), Payout).id

    def job() -> Job[Payout]:
        return jobs.pay_by_hand(id, reference="R-1", actor=EVA, reason="paid")

    for number in (1, 2, 3):
        host = world()

        assert "paid" == run(job(), Rigged(host, {number: overtaken(job)})).status
        assert {"customer:stu": -6_000, "cash:bank": 6_000} == balances(host)


def test_refusals_by_hand() -> None:
    """A reference is needed; unknown payouts and those of a gateway are refused."""
    host = world()
    id = only(host, Payout).id

    with pytest.raises(ReferenceNeeded):
        run(jobs.pay_by_hand(id, reference="", actor=EVA, reason="x"), host)
    with pytest.raises(UnknownPayout, match="no payout 'pay_x' is stored"):
        run(jobs.hold("pay_x", note="x", actor=EVA), host)
    send(host)
    work(host)
    with pytest.raises(ValueError, match="was not paid by hand"):
        run(jobs.bounce_by_hand(id, note="x", actor=EVA), host)


def test_held_payout_is_not_sent() -> None:
    """Held for a dispute, released when it is won (spec: billing 10)."""
    host = world()
    id = only(host, Payout).id
    run(jobs.hold(id, note="disputed", actor=EVA), host)
    assert () == send(host).sent

    run(jobs.release(id, note="won", actor=EVA), host)
    assert 1 == len(send(host).sent)
    with pytest.raises(IllegalTransition, match="payout is in_transit"):
        run(jobs.hold(id, note="too late", actor=EVA), host)


# ---- what the gateway tells ------------------------------------------------------------------
def life() -> tuple[Host, list[GatewayObject]]:
    """Return a host whose transfer was sent and not answered, and what becomes of it there."""
    host = world()
    send(host)
    instruction = only(host, Instruction)
    made = double(host).world.carry_out(instruction.order, instruction.id).object
    assert made is not None
    more: dict[str, Any] = {"created": NOON, "parent": made.id}
    return host, [
        made,
        GatewayObject(kind="reversal", id="trr_1", status="done", amount=usd(3_600), **more),
        GatewayObject(kind="reversal", id="trr_2", status="done", amount=usd(2_400), **more),
        GatewayObject(
            kind="payout",
            id="po_1",
            status="done",
            amount=usd(2_000),
            created=NOON,
            account=ACCOUNT,
        ),
        GatewayObject(
            kind="payout",
            id="po_1",
            status="failed",
            amount=usd(2_000),
            created=NOON,
            account=ACCOUNT,
        ),
    ]


@pytest.mark.parametrize("order", list(permutations(range(5))), ids=str)
def test_every_order_is_the_same_books(order: tuple[int, ...]) -> None:
    """Answered, reversed in two parts, payout paid and failed: each twice, in any order."""
    host, facts = life()
    waiting = [facts[n] for n in order for _ in range(2)]
    for turn in range(len(waiting)):
        parked = [fact for n, fact in enumerate(waiting) if tell(host, fact, f"{turn} {n}")]
        waiting = parked
        if not waiting:
            break
    work(host)  # the worker finds it done

    assert [] == waiting
    assert {"customer:stu": -6_000, "supplier:ina": 6_000} == balances(host)
    assert ("reversed", "reversed", "failed", "done") == (
        only(host, Transfer).status,
        only(host, Payout).status,
        only(host, BankPayout).status,
        only(host, Instruction).status,
    )
    assert 4 == len(host.store.journals().items)
    assert [] == double(host).calls


def test_transfer_that_nobody_here_made_is_parked() -> None:
    """Made by hand in the dashboard: kept, and tried again later."""
    host = world()
    foreign = GatewayObject(
        kind="transfer", id="tr_x", status="done", amount=usd(1), created=NOON, account=ACCOUNT
    )

    assert tell(host, foreign, "webhook")


def test_payout_of_our_own_balance() -> None:
    """100.00 to our bank: gateway +100.00, cash -100.00."""
    host = world()
    ours = GatewayObject(kind="payout", id="po_9", status="done", amount=usd(10_000), created=NOON)
    tell(host, ours, "webhook")

    assert (10_000, -10_000) == (balances(host)["gateway:stripe"], balances(host)["cash:bank"])


def test_last_transfers_are_listed() -> None:
    """Every payout sent has a transfer of its own."""
    host = world(6_000, 3_000)
    send(host)
    work(host)

    assert {p.transfer for p in all_of(host, Payout)} == {t.id for t in all_of(host, Transfer)}
    assert {payouts.PAID} == {p.status for p in all_of(host, Payout)}
