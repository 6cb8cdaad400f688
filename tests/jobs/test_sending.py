"""Sending: one effect for each instruction, at the gateway and in the books, whatever happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.circuit_breakers import OPEN, GatewayBreaker, Tripping
from ledgerkit.domain.gateways import Outcome
from ledgerkit.domain.instructions import Instruction, MayHaveHappened, Sending
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.jobs import steps
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host, PortMissing
from ledgerkit.jobs.instructions import (
    UnknownInstruction,
    attention_queue,
    cancel_instruction,
    look_up_instruction,
    resolve_instruction,
    retry_instruction,
)
from ledgerkit.jobs.sending import SendingReport
from ledgerkit.testing.books import books
from ledgerkit.testing.fakes.gateway import DECLINED, SLOW, Fault
from ledgerkit.testing.samples import NOON
from ledgerkit.testing.simulator import Killed, Rigged, interleave, killed_before, slowed
from tests.jobs.sending_world import (
    DAY,
    HOUR,
    ORDERS,
    STRIPE,
    TRUSTING,
    charge,
    clock,
    double,
    eur,
    host_with,
    ids_of,
    instruction,
    outcome,
    parked_host,
    refuse,
    settle,
    transfer,
    work,
    worker,
)
from tests.people import OLGA

MINUTE = timedelta(minutes=1)
(ONE,) = ids_of(charge())
BY_HAND: dict[str, Any] = {"key": "k-1", "actor": OLGA, "note": "seen at the gateway"}


def status(host: Host, id: str = ONE) -> str:
    """Return the status of an instruction."""
    return instruction(host, id).status


def balance(host: Host, wallet: str) -> int:
    """Return what a wallet holds, in cents."""
    return host.store.balance(wallet, "EUR").posted


def alerts(host: Host) -> list[str]:
    """Return the topics of the alerts that wait to be delivered."""
    found = host.store.claim("alert", at=clock(host).now(), lease=HOUR)
    return sorted(each.message.topic for each in found)


# ---- good days -------------------------------------------------------------------------------
def test_a_charge_a_transfer_and_a_decline() -> None:
    """50.00 charged less 1.75, 30.00 transferred, and nothing of what was declined."""
    host = host_with(*ORDERS)
    report = run(worker(), host)

    assert set(ids_of(*ORDERS)) == set(report.sent) == set(report.settled)
    assert ["done", "done", "refused"] == [status(host, id) for id in ids_of(*ORDERS)]
    assert (5000, -3000, -175) == tuple(
        balance(host, wallet) for wallet in ("customer:p-1", "supplier:p-2", "platform")
    )
    assert -4825 + 3000 == balance(host, "gateway:stripe")
    assert SendingReport() == run(worker(), host)


def test_what_is_pending_is_asked_for_until_it_is_done() -> None:
    """Nothing is booked before; the answer of the poll is."""
    host = host_with(charge(method=SLOW))
    (id,) = ids_of(charge(method=SLOW))
    first = run(worker(), host)
    work(host, hours=3)
    double(host).world.finish("ch_1")
    work(host, hours=12)

    assert [("pending", NOON + 5 * MINUTE)] == [(p.reason, p.until) for p in first.put_off]
    assert ("done", 5000) == (status(host, id), balance(host, "customer:p-1"))
    assert 1 == len(double(host).calls)


def test_what_fails_after_it_was_pending_is_refused() -> None:
    """A debit that bounced."""
    host = host_with(charge(method=SLOW))
    run(worker(), host)
    double(host).world.fail("ch_1", "debit_not_authorized")
    work(host, hours=1)

    assert ("refused", "debit_not_authorized") == (status(host), instruction(host, ONE).code)
    assert 0 == balance(host, "customer:p-1")


def test_a_webhook_that_settled_it_first() -> None:
    """The worker learns from its commit that it is late, and books nothing twice (A2)."""
    host = host_with(charge())
    rigged = Rigged(host)

    async def webhook() -> None:
        (told,) = double(host).made_of(ONE)
        settlement = await settle(told, gateway=STRIPE, at=NOON)
        await steps.commit(
            changes_of(
                settlement,
                key="webhook/stripe/evt_1",
                request=request("webhook", event="evt_1"),
                actor="webhooks",
                reason="charge.created",
                at=NOON,
                expects=settlement.expects,
            )
        )

    def first(step: Any, of: Host) -> Any:
        run(webhook(), of)
        return step.call(of)

    names = Rigged(host_with(charge()))
    run(worker(), names)
    after_the_call = names.names.index("send_order") + 2
    rigged.fates = {after_the_call: first}
    report = run(worker(), rigged)

    assert ((ONE,), "done") == (report.settled, status(host))
    assert 1 == len(host.store.journals().items)


# ---- bad days --------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", Fault)
def test_each_fault_ends_in_one_effect(fault: Fault) -> None:
    """Within three days: sent again, looked up, or sent anew when it was surely absent."""
    host = host_with(charge())
    double(host).script(fault)
    work(host, hours=72)

    assert ("done", 5000) == (status(host), balance(host, "customer:p-1"))
    assert 1 == len(double(host).made_of(ONE))


def test_an_error_that_is_carried_out_much_later_is_found() -> None:
    """A 500, an effect 23 hours later: absence does not count before a day is over (A7)."""
    host = host_with(charge())
    double(host).later = 23 * HOUR
    double(host).script(Fault.ERROR_LATER)
    work(host, hours=72)

    assert 1 == len(double(host).made_of(ONE))
    assert ("done", 1) == (status(host), instruction(host, ONE).generation)


def test_absence_believed_too_early_would_charge_twice() -> None:
    """The planted bug that the day of waiting is for (A7): without it the double counts two."""
    hasty = attrs.evolve(TRUSTING, absent_after=MINUTE, same_key_for=MINUTE)
    host = host_with(charge())
    double(host).later = 23 * HOUR
    double(host).script(Fault.ERROR_LATER)
    work(host, hours=72, job=lambda: worker(hasty))

    assert 2 == len(double(host).made_of(ONE))


def test_a_key_sent_again_after_a_day_would_charge_twice() -> None:
    """The planted bug that the 23 hours are for (A6): the gateway has forgotten the key."""
    stubborn = attrs.evolve(TRUSTING, same_key_for=3 * DAY, look_ups=(9 * DAY,), longest_wait=DAY)

    assert (2, 1) == (made_after_a_day(stubborn), made_after_a_day(TRUSTING))


def made_after_a_day(policy: Sending) -> int:
    """Lose an answer, let workers stop for a day, and return how often it was carried out."""
    host = host_with(charge())
    double(host).script(Fault.TIMEOUT_AFTER)
    run(worker(policy), host)
    clock(host).advance(25 * HOUR)
    work(host, hours=48, job=lambda: worker(policy))
    return len(double(host).made_of(ONE))


def test_a_worker_that_slept_through_its_lease_sends_nothing() -> None:
    """It decided to send, slept a day, and the step refuses at the wire (A9)."""
    host = host_with(charge())
    names = Rigged(host_with(charge()))
    run(worker(), names)
    call = names.names.index("send_order") + 1
    report = run(worker(), Rigged(host, {call: slowed(DAY)}))

    assert () == report.sent
    assert [] == double(host).calls
    assert "waiting" == status(host)
    assert "send_deadline" == instruction(host, ONE).code
    work(host, hours=1)
    assert ("done", 1) == (status(host), len(double(host).made_of(ONE)))


def test_a_worker_that_slept_while_another_one_sent_sends_nothing() -> None:
    """The order was declared absent and sent anew meanwhile; the old key never goes out (A9)."""
    host = host_with(charge())
    names = Rigged(host_with(charge()))
    run(worker(), names)
    call = names.names.index("send_order") + 1

    def overslept(step: Any, of: Host) -> Any:
        clock(of).advance(HOUR)
        work(of, hours=72)
        return step.call(of)

    run(worker(), Rigged(host, {call: overslept}))

    assert 1 == len(double(host).made_of(ONE))
    assert "done" == status(host)


def test_an_outage_of_twelve_hours_is_survived_with_few_calls() -> None:
    """Twenty orders: the breaker opens, is tried twice an hour, and all is done after (A18)."""
    orders = [charge(100 + n) for n in range(20)]
    host = host_with(*orders)
    double(host).down(until=NOON + 12 * HOUR)
    reports = work(host, hours=11, every=MINUTE)
    calls = sum(len(report.sent) for report in reports)
    breaker = host.store.load(GatewayBreaker, STRIPE)
    after = work(host, hours=3, every=MINUTE)

    assert breaker is not None
    assert OPEN == breaker.record.status
    assert 20 <= calls <= 60
    assert {"done"} == {status(host, id) for id in ids_of(*orders)}
    assert None is after[-1].closed_until
    assert ["alert.gateway_down"] == alerts(host)
    assert 20 == len(double(host).world.objects)


def test_a_breaker_that_has_cooled_down_is_tried_with_one_order() -> None:
    """The others are left to the next run, also if it went well."""
    host = host_with(charge(100), charge(200))
    double(host).script(Fault.WRONG_KEY)
    run(worker(), host)
    clock(host).advance(HOUR)
    tried, after = run(worker(), host), run(worker(), host)

    assert (1, 1) == (len(tried.sent), len(after.sent))


def test_a_look_up_that_nobody_answers_is_made_once_a_run() -> None:
    """It tells nothing, so the order waits; the breaker hears of it once."""
    host = host_with(charge())
    double(host).script(Fault.TIMEOUT_AFTER)
    run(worker(), host)
    run(look_up_instruction(ONE, **BY_HAND), host)
    double(host).down(until=NOON + HOUR)
    report = run(worker(), host)
    breaker = host.store.load(GatewayBreaker, STRIPE)

    assert breaker is not None
    assert 2 == breaker.record.troubles  # the time-out, and this
    assert ["no progress"] == [each.reason for each in report.put_off]


def test_a_wrong_key_stops_the_worker_at_once() -> None:
    """One call, an alert, and nothing more until it is tried again (gateways 1.3)."""
    host = host_with(*ORDERS)
    double(host).script(Fault.WRONG_KEY)
    report = run(worker(), host)

    assert 1 == len(report.sent)
    assert NOON + 30 * MINUTE == report.closed_until
    assert ["alert.gateway_halted"] == alerts(host)
    assert SendingReport(closed_until=NOON + 30 * MINUTE) == run(worker(), host)
    work(host, hours=2)
    assert ["done", "done", "refused"] == [status(host, id) for id in ids_of(*ORDERS)]


def test_a_breaker_that_opens_in_a_batch_stops_the_rest() -> None:
    """What was claimed is put off until it is tried again."""
    orders = [charge(100 + n) for n in range(4)]
    host = host_with(*orders)
    double(host).down(until=NOON + HOUR)
    report = run(worker(tripping=Tripping(troubles=2)), host)

    assert 2 == len(report.sent)
    assert 2 == sum(each.until == NOON + MINUTE for each in report.put_off)


def test_a_dead_trial_does_not_stop_the_gateway_for_ever() -> None:
    """The worker that was to try died; another one tries later."""
    host = host_with(charge())
    double(host).script(Fault.WRONG_KEY)
    run(worker(), host)
    clock(host).advance(30 * MINUTE)
    names = Rigged(host, {})
    names.fates = {n: _killed_at("send_order") for n in range(1, 99)}
    with pytest.raises(Killed):
        run(worker(), names)
    work(host, hours=2)

    assert "done" == status(host)


def _killed_at(name: str) -> Any:
    def fate(step: Any, host: Host) -> Any:
        return killed_before(step, host) if step.name == name else step.call(host)

    return fate


def test_one_that_cannot_be_decided_holds_up_no_other() -> None:
    """A settlement that raises is put off with its reason."""

    async def strange(told: Any, *, gateway: str, at: datetime) -> Any:
        if told.kind == "charge":
            msg = "no such customer"
            raise LookupError(msg)
        return await settle(told, gateway=gateway, at=at)

    host = host_with(charge(), transfer())
    first, second = ids_of(charge(), transfer())
    report = run(worker(book=strange), host)

    assert (second,) == report.settled
    assert [(first, "LookupError: no such customer")] == [
        (each.instruction, each.reason) for each in report.put_off
    ]
    work(host, hours=2)
    assert ("done", 1) == (status(host, first), len(double(host).made_of(first)))


def test_what_concerns_something_unknown_waits() -> None:
    """A settlement that is parked stores nothing, and is decided again later."""
    seen: list[str] = []

    async def early(told: Any, *, gateway: str, at: datetime) -> Any:
        seen.append(told.id)
        settlement = await settle(told, gateway=gateway, at=at)
        if len(seen) > 1:
            return settlement
        return attrs.evolve(settlement, effects=type(settlement.effects)(), parked=True)

    host = host_with(charge())
    report = run(worker(book=early), host)
    work(host, hours=2, job=lambda: worker(book=early))

    assert () == report.settled
    assert ["ch_1", "ch_1"] == seen
    assert ("done", 1) == (status(host), len(double(host).made_of(ONE)))


def test_a_gateway_that_raises_has_done_who_knows_what() -> None:
    """It breaks its promise; the instruction is in doubt, and its text is not stored."""

    class Broken:
        def __init__(self, gateway: Any) -> None:
            self.gateway = gateway

        def send(self, order: Any, *, key: str, instruction: str) -> Outcome:
            self.gateway.send(order, key=key, instruction=instruction)
            msg = "sk_live_secret"
            raise RuntimeError(msg)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.gateway, name)

    host = host_with(charge())
    broken: Any = Broken(double(host))
    run(worker(), attrs.evolve(host, gateways={STRIPE: broken}))

    assert ("unknown", "raised", "RuntimeError") == (
        status(host),
        instruction(host, ONE).code,
        instruction(host, ONE).detail,
    )
    assert "sk_live" not in repr(books(host.store))
    work(host, hours=2)
    assert ("done", 1) == (status(host), len(double(host).made_of(ONE)))


def test_a_window_that_closed_refuses_what_was_never_sent() -> None:
    """A host that was down for three days reverses nothing (A16)."""
    host = host_with(charge(), send_before=NOON + 72 * HOUR)
    clock(host).advance(72 * HOUR)
    run(worker(), host)

    assert ("refused", "window_closed") == (status(host), instruction(host, ONE).code)
    assert [] == double(host).calls


def test_what_is_too_old_waits_for_a_person() -> None:
    """A week of silence is no reason to send."""
    host = host_with(charge())
    clock(host).advance(7 * DAY)
    report = run(worker(), host)
    (waiting,) = run(attention_queue(), host)

    assert ((ONE,), "too_old", 7 * DAY) == (report.settled, waiting.reason, waiting.age)
    assert ["alert.needs_attention"] == alerts(host)
    assert [] == double(host).calls


def test_a_bug_is_parked() -> None:
    """An account that is not there: 404 (gateways 1.3)."""
    order = attrs.evolve(transfer(), account="acct_9")
    host = host_with(order)
    run(worker(), host)
    (waiting,) = run(attention_queue(), host)

    assert ("resource_missing", False) == (waiting.reason, waiting.doubtful)


def test_what_it_needs() -> None:
    """A gateway by that name, and a lease that outlasts a call."""
    host = host_with(charge())
    with pytest.raises(PortMissing, match="needs a gateway 'stripe'"):
        run(worker(), attrs.evolve(host, gateways={}))
    with pytest.raises(ValueError, match="lease must be longer than a call may take"):
        run(worker(lease=timedelta(seconds=260)), host)


def test_a_batch_leaves_to_the_next_lease_what_has_no_time() -> None:
    """Each call takes four minutes; after the third less than a call's budget of 260 s is left."""
    orders = [charge(100 + n) for n in range(5)]
    host = host_with(*orders)
    slow = Rigged(host)
    slow.fates = {n: _slow_send(4 * MINUTE) for n in range(1, 200)}
    first = run(worker(), slow)
    work(host, hours=1)

    assert (3, 3) == (len(first.sent), len(first.settled))
    assert {"done"} == {status(host, id) for id in ids_of(*orders)}
    assert 5 == len(double(host).world.objects)


def _slow_send(by: timedelta) -> Any:
    def fate(step: Any, host: Host) -> Any:
        answer = step.call(host)
        if step.name == "send_order":
            clock(host).advance(by)
        return answer

    return fate


# ---- many workers ----------------------------------------------------------------------------
@given(st.lists(st.integers(0, 9), max_size=60), st.lists(st.sampled_from(Fault), max_size=4))
def test_workers_in_any_order(order: list[int], faults: list[Fault]) -> None:
    """Three workers, whatever goes wrong: each order has one effect."""
    orders = [charge(100), transfer(200), charge(300, DECLINED), charge(400)]
    host = host_with(*orders)
    double(host).script(*faults)
    interleave([worker(limit=n) for n in (1, 2, 3)], host, order)
    work(host, hours=100)

    outcome(host)
    assert ["done", "done", "refused", "done"] == [status(host, id) for id in ids_of(*orders)]


@given(
    st.lists(st.sampled_from([*Fault, None]), max_size=12),
    st.lists(st.sampled_from([1, 7, 60, 300, 23 * 60 - 1, 23 * 60, 24 * 60]), max_size=12),
    st.integers(1, 24),
)
def test_any_faults_at_any_times(faults: list[Fault | None], waits: list[int], later: int) -> None:
    """Biased to land at the ends of keys and of doubts: nothing is carried out twice (A5 to A7)."""
    host = host_with(charge())
    double(host).later = later * HOUR - MINUTE
    double(host).script(*faults)
    for wait in waits:
        run(worker(), host)
        clock(host).advance(wait * MINUTE)
    work(host, hours=24 * 3)

    made = len(double(host).made_of(ONE))
    assert 1 >= made
    assert (made == 1) >= (status(host) == "done")


# ---- by hand ---------------------------------------------------------------------------------
def test_a_person_confirms_that_it_is_absent() -> None:
    """Above the amount that is believed it waits; then it is sent under a fresh key, once."""
    host = host_with(charge())
    double(host).script(Fault.ERROR)
    work(host, hours=72, job=lambda: worker(Sending()))
    (waiting,) = run(attention_queue(), host)
    run(retry_instruction(ONE, **BY_HAND), host)
    work(host, hours=1, job=lambda: worker(Sending()))

    assert ("absent", True) == (waiting.reason, waiting.doubtful)
    assert ("done", 2) == (status(host), instruction(host, ONE).generation)
    assert 1 == len(double(host).made_of(ONE))
    (decided,) = [v for v in host.store.history(Instruction, ONE) if v.actor == "olga"]
    assert "seen at the gateway" == decided.reason


def test_a_person_has_it_looked_up() -> None:
    """A worker is woken and finds what was made."""
    host = host_with(charge())
    double(host).script(Fault.TIMEOUT_AFTER)
    run(worker(), host)
    run(look_up_instruction(ONE, **BY_HAND), host)
    run(worker(), host)

    assert ("done", 1) == (status(host), len(double(host).calls))


def test_a_person_resolves_it() -> None:
    """As done with the gateway's id, or as refused; the books follow."""
    done, refused = parked_host(MemoryStore()), parked_host(MemoryStore())
    run(resolve_instruction(ONE, made="ch_77", settle=settle, refuse=refuse, **BY_HAND), done)
    run(resolve_instruction(ONE, made=None, settle=settle, refuse=refuse, **BY_HAND), refused)

    assert ("done", "ch_77") == (status(done), instruction(done, ONE).object)
    assert (5000, 0) == (balance(done, "customer:p-1"), balance(refused, "customer:p-1"))
    assert ("refused", "by_hand") == (status(refused), instruction(refused, ONE).code)


def test_a_person_cancels_what_was_not_sent() -> None:
    """The worker finds nothing to do; what is in doubt is not cancelled."""
    host, doubtful = host_with(charge()), parked_host(MemoryStore())
    run(cancel_instruction(ONE, refuse=refuse, **BY_HAND), host)
    report = run(worker(), host)

    assert (("cancelled"), (ONE,), []) == (status(host), report.settled, double(host).calls)
    with pytest.raises(MayHaveHappened):
        run(cancel_instruction(ONE, refuse=refuse, **BY_HAND), doubtful)


def test_asked_again_nothing_happens() -> None:
    """The same key is the same request; another one is refused by the table."""
    host = host_with(charge())
    first = run(cancel_instruction(ONE, refuse=refuse, **BY_HAND), host)

    assert first == run(cancel_instruction(ONE, refuse=refuse, **BY_HAND), host)
    with pytest.raises(IllegalTransition, match="instruction is cancelled"):
        run(cancel_instruction(ONE, refuse=refuse, **{**BY_HAND, "key": "k-2"}), host)
    with pytest.raises(ValueError, match="key of a request"):
        run(cancel_instruction(ONE, refuse=refuse, **{**BY_HAND, "key": ""}), host)
    with pytest.raises(UnknownInstruction, match="no instruction 'ins_9'"):
        run(retry_instruction("ins_9", **BY_HAND), host)


# ---- what gateways hold ----------------------------------------------------------------------
def test_balance_and_objects_are_steps() -> None:
    """Reconciliation reads them; a gateway that is missing is named."""
    host = host_with(charge())
    run(worker(), host)

    async def read() -> tuple[Any, Any]:
        held = await steps.gateway_balance(STRIPE)
        return held, await steps.gateway_objects(STRIPE, since=NOON)

    held, page = run(read(), host)

    assert eur(100_000 + 4825) == held.total("EUR")
    assert ["ch_1"] == [each.id for each in page.items]
    with pytest.raises(PortMissing, match="gateway 'paystack'"):
        run(_balance("paystack"), host)


async def _balance(name: str) -> Any:
    return await steps.gateway_balance(name)
