"""Payments as people and schedulers start them: once per key, and never more back than came in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import (
    Changes,
    Committed,
    Effects,
    KeyReused,
    Stale,
    Versioned,
    expect,
)
from ledgerkit.domain.credit_limits import CreditLimit, limit_id
from ledgerkit.domain.gateways import ChargeOrder, Outcome, PayoutOrder, RefundOrder
from ledgerkit.domain.instructions import SENT, Instruction, instruct
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.payment_methods import register
from ledgerkit.domain.payments import (
    NothingToCharge,
    Payment,
    PaymentInDispute,
    PaymentPending,
    ThroughGateway,
)
from ledgerkit.domain.refunds import OverRefunded, Refund
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payments import (
    NoPaymentMethod,
    UnknownInvoice,
    UnknownPayment,
    charge_invoice,
    record_payment,
    request_refund,
    under_way,
    void_payment,
)
from ledgerkit.jobs.settlement import refusal
from ledgerkit.jobs.steps import Job
from ledgerkit.testing.samples import NOON
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.jobs.gateway_world import (
    charge,
    deliver,
    dispute,
    eur,
    event,
    movement,
    on_page,
    owing,
    refund,
    statuses,
    store_all,
    wallets,
    with_card,
)
from tests.people import OLGA

T = TypeVar("T")
ON = date(2026, 10, 1)


def record(host: Host, minor: int, key: str = "k-1", **more: Any) -> Payment:
    """Record a payment by hand."""
    fields: dict[str, Any] = {"key": key, "on": ON, "actor": OLGA, "reason": "bank statement"}
    return run(record_payment("c-1", eur(minor), **(fields | more)), host)


def void(host: Host, payment: str, reason: str = "entered twice") -> Payment:
    """Void a payment."""
    return run(void_payment(payment, actor=OLGA, reason=reason), host)


def give_back(host: Host, payment: str, minor: int, key: str = "r-1", **more: Any) -> Refund:
    """Ask for a refund."""
    fields: dict[str, Any] = {"key": key, "actor": OLGA, "reason": "fell out"}
    return run(request_refund(payment, eur(minor), **(fields | more)), host)


def charging(host: Host, invoice: str = "i-1", attempt: int = 1) -> Payment:
    """Charge an invoice to the method saved."""
    return run(
        charge_invoice(invoice, gateway="stripe", attempt=attempt, actor="cron", reason="due"), host
    )


# ---- by hand ---------------------------------------------------------------------------------
def test_a_payment_by_hand_settles_what_is_due_first() -> None:
    """130.00 pays 50.00 and 70.00, and 10.00 are left; the history says who and why."""
    host = owing(5_000, 7_000)
    done = record(host, 13_000)
    (row,) = host.store.history(Payment, done.id)

    assert ("paid", "paid") == statuses(host, "i-1", "i-2")
    assert eur(1_000) == done.credit
    assert ("olga", "bank statement") == (row.actor, row.reason)
    assert {"cash:bank": -13_000, "customer:c-1": 13_000} == wallets(host)


def test_a_key_records_one_payment() -> None:
    """Asked again it is the same payment; another amount under the key is refused by name."""
    host = owing(5_000)
    once, again = record(host, 5_000), record(host, 5_000)
    with pytest.raises(KeyReused, match=r"amount: '5000' then, '4000' now"):
        record(host, 4_000)

    assert once == again
    assert -5_000 == wallets(host)["cash:bank"]
    assert once.id != record(host, 1, "k-2").id


def test_two_part_payments_see_each_other() -> None:
    """30.00 and 70.00 of 100.00 pay it, and voiding one opens it again in part."""
    host = owing(10_000)
    first = record(host, 3_000)
    record(host, 7_000, "k-2")
    before = statuses(host, "i-1")
    undone = void(host, first.id)

    assert ("paid",) == before
    assert ("voided", "entered twice") == (undone.status, undone.reason)
    assert ("partially_paid",) == statuses(host, "i-1")


def test_void_leaves_the_books_as_they_were() -> None:
    """The wallets hold what they did before, a row more says why, and a second void is nothing."""
    host = owing(5_000)
    before = wallets(host)
    done = record(host, 5_000)
    void(host, done.id)
    again = void(host, done.id, "once more")

    assert before == wallets(host)
    assert ("issued",) == statuses(host, "i-1")
    assert ("voided", "entered twice") == (again.status, again.reason)
    assert 2 == len(host.store.history(Payment, done.id))
    assert 2 == len(host.store.journals().items)


def test_what_cannot_be_void() -> None:
    """A gateway's payment is refunded instead; an unknown one is named."""
    host, payment = on_page()
    with pytest.raises(ThroughGateway):
        void(host, payment)
    with pytest.raises(UnknownPayment, match="no payment 'pmt_0' is stored"):
        void(host, "pmt_0")


# ---- refunds ---------------------------------------------------------------------------------
def test_a_refund_is_asked_for_once_per_key() -> None:
    """Refund and instruction are stored together; the key with another amount is refused."""
    host, payment = on_page()
    one = give_back(host, payment, 5_000)
    again = give_back(host, payment, 5_000)
    with pytest.raises(KeyReused, match="amount"):
        give_back(host, payment, 4_000)
    with pytest.raises(KeyReused, match="invoice: None then, 'i-1' now"):
        give_back(host, payment, 5_000, invoice="i-1")
    with pytest.raises(KeyReused, match="note: None then, 'cn-1' now"):
        give_back(host, payment, 5_000, note="cn-1")
    with pytest.raises(OverRefunded):
        give_back(host, payment, 7_001, "r-2")
    with pytest.raises(UnknownPayment):
        give_back(host, "pmt_0", 1)
    (ordered,) = (read.record for read in host.store.find(Instruction).items)

    assert one == again
    assert (RefundOrder(amount=eur(5_000), charge="pi_1"), one.id, date(2026, 10, 1)) == (
        ordered.order,
        ordered.subject,
        one.asked_on,
    )
    assert 12_000 == wallets(host)["customer:c-1"]


def test_a_refused_refund_frees_its_money() -> None:
    """The instruction and the refund are over, and the whole payment can be given back again."""
    host, payment = on_page()
    one = give_back(host, payment, 12_000)
    (ordered,) = (read.record for read in host.store.find(Instruction).items)
    settle(host, ordered, "expired")
    failed = host.store.load(Refund, one.id)
    assert failed is not None

    assert ("failed", "expired") == (failed.record.status, failed.record.reason)
    assert "pending" == give_back(host, payment, 12_000, "r-2").status


def settle(host: Host, ordered: Instruction, code: str) -> None:
    """Let the gateway refuse *ordered* after it was sent."""

    class Sent:
        effects = Effects(
            records=(attrs.evolve(ordered, status=SENT, first_sent_at=NOON, last_sent_at=NOON),)
        )

    store_all(host, f"sent/{ordered.id}", Sent(), expects=[expect(Versioned(ordered, 1))])
    done = run(refusal(ordered, Outcome(status="refused", code=code), at=NOON), host)
    if done.effects != Effects():
        store_all(host, f"refused/{ordered.id}", done, expects=done.expects)
    again = run(refusal(ordered, Outcome(status="refused", code=code), at=NOON), host)
    assert Effects() == again.effects


# ---- charging --------------------------------------------------------------------------------
def test_an_invoice_is_charged_once_per_attempt() -> None:
    """The order goes to the method saved; while it is on its way no second one is made."""
    host = with_card(5_000)
    one, again = charging(host), charging(host)
    with pytest.raises(PaymentPending):
        charging(host, attempt=2)
    (ordered,) = (read.record for read in host.store.find(Instruction).items)

    assert one == again
    assert ("pending", eur(5_000), ("i-1",)) == (one.status, one.amount, one.invoices)
    assert ChargeOrder(amount=eur(5_000), customer="cus_1", method="pm_1") == ordered.order


def test_a_refused_charge_fails_its_payment() -> None:
    """Then the next attempt is another payment, under another key."""
    host = with_card(5_000)
    one = charging(host)
    (ordered,) = (read.record for read in host.store.find(Instruction).items)
    settle(host, ordered, "card_declined")
    two = charging(host, attempt=2)
    failed = host.store.load(Payment, one.id)
    assert failed is not None

    assert ("failed", "card_declined") == (failed.record.status, failed.record.reason)
    assert one.id != two.id


def test_what_came_in_is_not_refused() -> None:
    """A webhook told that it came in; a refusal that arrives later changes nothing."""
    host = with_card(5_000)
    one = charging(host)
    (ordered,) = (read.record for read in host.store.find(Instruction).items)
    deliver(host, event("e1", charge("done", 5_000, instruction=ordered.id, metadata=())))
    done = run(refusal(ordered, Outcome(status="refused", code="late"), at=NOON), host)
    paid = host.store.load(Payment, one.id)
    assert paid is not None

    assert () == done.effects.records
    assert "captured" == paid.record.status


def test_refusals_without_a_subject_move_the_instruction_alone() -> None:
    """An order of another kind, or for a record that is not stored, is refused for itself."""
    host = owing(5_000)
    for order in (
        PayoutOrder(amount=eur(1), account="acct_1"),
        ChargeOrder(amount=eur(1), customer="cus_1"),
        RefundOrder(amount=eur(1), charge="pi_1"),
    ):
        asked = instruct(order, gateway="stripe", subject=f"x-{order.kind}", party="c-1", at=NOON)
        store_all(host, f"asked/{order.kind}", asked)
        settle(host, asked.instruction, "no")

    assert ["refused"] * 3 == [r.record.status for r in host.store.find(Instruction).items]


def test_what_cannot_be_charged() -> None:
    """No such invoice, no method, nothing open: each is said by name."""
    host = owing(5_000)
    with pytest.raises(UnknownInvoice, match="no invoice 'i-7' is stored"):
        charging(host, "i-7")
    with pytest.raises(NoPaymentMethod, match="has saved no payment method at 'stripe'"):
        charging(host)
    store_all(host, "m", register("c-1", "cus_1", gateway="stripe"))
    with pytest.raises(NoPaymentMethod):
        charging(host)
    paid = with_card(5_000)
    record(paid, 5_000)
    with pytest.raises(NothingToCharge):
        charging(paid)


def test_what_is_in_dispute_is_not_asked_for_again() -> None:
    """An open dispute took 120.00, so both invoices are open; lost, they can be charged."""
    host = with_card(5_000, 7_000)
    limit = CreditLimit(id=limit_id("c-1", "EUR"), customer="c-1", amount=eur(50_000))
    deliver(host, event("e1", charge()))
    paid = run(under_way(limit), host)
    took = (movement("m-1", -12_000, fee=1_500),)
    deliver(host, event("e2", dispute(movements=took)))
    with pytest.raises(PaymentInDispute):
        charging(host)
    disputed = run(under_way(limit), host)
    deliver(host, event("e3", dispute("lost", movements=took)))

    assert ("issued", "issued") == statuses(host, "i-1", "i-2")
    assert [eur(0), eur(12_000), eur(0)] == [paid, disputed, run(under_way(limit), host)]
    assert eur(5_000) == charging(host).amount


# ---- racing ----------------------------------------------------------------------------------
class Racing(MemoryStore):
    """A store where somebody else is a moment faster, so many times."""

    losses = 0

    def commit(self, changes: Changes) -> Committed:
        """Store *changes*, unless others came first."""
        if self.losses:
            self.losses -= 1
            raise Stale("Invoice", "i-1", 1, 2)
        return super().commit(changes)


def test_who_comes_second_decides_again() -> None:
    """Stale is decided again; for ever it is not."""
    store = Racing()
    host = owing(5_000, store=store)
    store.losses = 19
    done = record(host, 5_000)
    store.losses = 20
    with pytest.raises(Stale):
        void(host, done.id)

    assert ("paid",) == statuses(host, "i-1")
    assert "voided" == void(host, done.id).status
    with pytest.raises(IllegalTransition):
        give_back(host, done.id, 1)


def test_a_refund_told_as_done_lowers_what_is_paid() -> None:
    """Asked for, done at the gateway, told by a webhook: the second invoice is open again."""
    host, payment = on_page()
    give_back(host, payment, 7_000)
    (ordered,) = (read.record for read in host.store.find(Instruction).items)
    deliver(host, event("e2", refund("done", 7_000, instruction=ordered.id)))

    assert ("paid", "issued") == statuses(host, "i-1", "i-2")
    assert {"customer:c-1": 5_000, "gateway:stripe": -5_000} == wallets(host)


@pytest.mark.parametrize("number", range(1, 9))
def test_whoever_comes_second_gets_what_the_first_asked_for(number: int) -> None:
    """A charge, a void and a refund of all that came in, each by two workers at once."""

    def twice(host: Host, job: Callable[[], Job[T]]) -> T:
        return run(job(), Rigged(host, {number: overtaken(job)}))

    who: dict[str, Any] = {"actor": OLGA, "reason": "due"}
    host = with_card(5_000)
    twice(
        host,
        lambda: charge_invoice("i-1", gateway="stripe", attempt=1, actor="cron", reason="due"),
    )
    assert 1 == len(host.store.find(Payment).items) == len(host.store.find(Instruction).items)

    host = owing(5_000)
    done = record(host, 5_000)
    assert "voided" == twice(host, lambda: void_payment(done.id, **who)).status
    assert 2 == len(host.store.history(Payment, done.id))

    host, payment = on_page()
    twice(host, lambda: request_refund(payment, eur(12_000), key="r-1", **who))
    assert 1 == len(host.store.find(Refund).items)
