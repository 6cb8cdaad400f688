"""From Stripe to the books: what workers send, what webhooks tell, and what a listing finds missed.

The SDK is the real one and each webhook is signed; only the server is a double.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.stripe import StripeWebhooks
from ledgerkit.domain import connected_accounts, payment_methods, payouts
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.changes import Record
from ledgerkit.domain.clawbacks import STRIPE_REVERSAL, Clawback
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.gateways import PayoutOrder, RefundOrder
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.refunds import Refund
from ledgerkit.jobs.clawbacks import approve_clawback, execute_clawback, request_clawback
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payments import charge_invoice, request_refund
from ledgerkit.jobs.payouts import send_payouts
from ledgerkit.jobs.reconciliation import ReconciliationReport, reconcile_gateway
from ledgerkit.jobs.sending import send_instructions
from ledgerkit.jobs.settlement import refusal, settlement
from ledgerkit.jobs.webhooks import Taken, receive
from ledgerkit.ports.secret import Secret
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.gateway import Fault
from ledgerkit.testing.samples import NOON, changes, transfer
from tests.adapters.stripe.rendering import signed
from tests.adapters.stripe.world import World, eur
from tests.jobs.gateway_world import owing, wallets
from tests.jobs.supplier_world import enough
from tests.people import EVA, MAX, OLGA

R = TypeVar("R", bound=Record)
DAY = timedelta(days=1)
SECRET = "whsec_books_0123456789"


class School:
    """Ana owes 100.00 and has a card at Stripe; Ina earned 60.00 and has an account there."""

    def __init__(self) -> None:
        self.world = World()
        owed = owing(10_000)
        self.host = Host(
            store=owed.store,
            clock=self.world.clock,
            gateways={"stripe": self.world.stripe},
            webhooks={"stripe": StripeWebhooks(Secret(SECRET), live=False)},
        )
        self._earn()
        holder = payment_methods.register("c-1", self.world.customer, gateway="stripe")
        account = connected_accounts.connect("ina", self.world.account, gateway="stripe")
        self.host.store.commit(
            changes("known", records=(*holder.effects.records, *account.effects.records))
        )
        self._save_card()
        self.deliver()

    def _earn(self) -> None:
        journal = transfer("jrn_1", "customer:c-1", "supplier:ina", 6_000)
        line = PayoutLine(
            journal="jrn_1",
            line=1,
            kind="test.moved",
            source="flight-1",
            on=date(2026, 10, 1),
            amount=eur(6_000),
        )
        preview = payouts.preview("ina", (line,), currency="EUR", period=Period.month(2026, 10))
        pending = payouts.generate(preview)
        opens = tuple(Wallet(entry.wallet) for entry in journal.entries)
        records = pending.effects.records
        self.host.store.commit(changes("earn", journals=(journal,), opens=opens, records=records))

    def _save_card(self) -> None:
        url = self.world.stripe.save_method(
            customer=self.world.customer,
            success_url="https://x.example/saved",
            cancel_url="https://x.example/not",
            key="card",
        )
        self.world.api.gateway.save(url)

    def deliver(self, *, backwards: bool = False) -> tuple[Taken, ...]:
        """Let Stripe send every event so far, signed now, the newest first if *backwards*."""
        at = self.world.clock.now()
        events = self.world.api.events()
        sent = [signed(each, SECRET, at) for each in (events[::-1] if backwards else events)]
        return tuple(run(receive("stripe", body, headers), self.host) for body, headers in sent)

    def work(self, *faults: Fault | None) -> None:
        """Let a worker send what is due; *faults* befall its calls."""
        self.world.wire.script(*faults)
        run(send_instructions("stripe", settle=settlement, refuse=refusal), self.host)

    def reconcile(self) -> ReconciliationReport:
        """Reconcile for the day it is."""
        on = self.world.clock.now().date()
        job = reconcile_gateway("stripe", on=on, settle=settlement, since=NOON - DAY)
        return run(job, self.host)

    def drift(self) -> int:
        """Return what Stripe holds beyond what the books say; the books hold, too."""
        assert () == broken_laws(books(self.host.store))
        booked = self.host.store.balance("gateway:stripe", "EUR").posted
        return self.world.stripe.balance().total("EUR").minor + booked

    def only(self, kind: type[R]) -> R:
        """Return the only record of *kind*."""
        (one,) = self.host.store.find(kind).items
        return one.record

    def statuses(self) -> tuple[str, ...]:
        """Return how the invoice, its payment and refund, the payout and the clawback stand."""
        kinds: tuple[type[Any], ...] = (Invoice, Payment, Refund, Payout, Clawback)
        return tuple(self.only(kind).status for kind in kinds)

    # ---- a month -----------------------------------------------------------------------------
    def charge(self) -> None:
        """Ask for what Ana owes."""
        job = charge_invoice("i-1", gateway="stripe", attempt=1, actor="olga", reason="due")
        run(job, self.host)

    def pay(self) -> None:
        """Ask for Ina to be paid."""
        report = run(send_payouts(gateway="stripe", reserve=enough), self.host)
        assert () == report.skipped

    def claw_back(self) -> None:
        """Ask for 20.00 of what Ina got."""
        job = request_clawback(
            eur(2_000),
            supplier="ina",
            cause="adj-1",
            reason="a shorter flight",
            actor=MAX,
            on_wallet=False,
            transfers=(self.only(Payout).transfer or "",),
            method=STRIPE_REVERSAL,
        )
        case = run(job, self.host)
        run(approve_clawback(case.id, actor=EVA, reason="checked"), self.host)
        run(execute_clawback(case.id, actor=EVA, reason="checked"), self.host)

    def give_back(self) -> None:
        """Ask for 25.00 to be given back to Ana."""
        payment = self.only(Payment).id
        job = request_refund(payment, eur(2_500), key="t 1", actor=OLGA, reason="moved away")
        run(job, self.host)

    def month(self, *faults: Fault, told: bool = False) -> None:
        """Let all of that happen, two days after each other, each call with *faults*.

        *told* says that webhooks come in between.
        """
        for ask in (self.charge, self.pay, self.claw_back, self.give_back):
            ask()
            self.work(*faults)
            if told:
                self.deliver()
            self.world.clock.advance(2 * DAY)


@pytest.fixture
def school() -> School:
    """Return a school of its own."""
    return School()


# 100.00 came in for 3.20, 60.00 went out and 20.00 of it came back, 25.00 were given back.
HELD = {
    "customer:c-1": 10_000 - 2_500 - 6_000,
    "gateway:stripe": -(10_000 - 320 - 6_000 + 2_000 - 2_500),
    "platform": 2_000 - 320,
}
ENDS = ("partially_paid", "partly_refunded", "done", "partly_reversed", "settled")


def test_what_workers_send_is_booked(school: School) -> None:
    """A charge, a transfer, a reversal and a refund, by the answers alone."""
    school.month()

    assert HELD == wallets(school.host)
    assert ENDS == school.statuses()
    assert 0 == school.drift()


def test_what_is_booked_is_not_booked_again(school: School) -> None:
    """By webhooks that tell the same, twice and in any order, nor by what is listed."""
    school.month()
    journals = len(books(school.host.store).journals)
    school.deliver(backwards=True)
    again = school.deliver()
    report = school.reconcile()

    assert all(taken.replayed for taken in again)
    assert ((), (), ()) == (report.recovered, report.parked, report.skipped)
    assert [("clean", eur(0))] == [(r.status, r.drift) for r in report.reconciliations]
    assert (HELD, journals) == (wallets(school.host), len(books(school.host.store).journals))


def test_webhooks_settle_what_was_not_answered(school: School) -> None:
    """Each answer is lost; events say what happened, and lists what the charge cost."""
    school.month(Fault.TIMEOUT_AFTER, told=True)
    before = wallets(school.host)
    report = school.reconcile()

    assert 0 == before["platform"] - 2_000
    assert ("pi_1",) == report.recovered
    assert (HELD, ENDS) == (wallets(school.host), school.statuses())
    assert [("clean", eur(0))] == [(r.status, r.drift) for r in report.reconciliations]


def test_what_was_not_answered_is_sent_again_under_its_key(school: School) -> None:
    """Without a webhook the worker finds out by itself, and nothing happens twice."""
    school.charge()
    school.work(Fault.TIMEOUT_AFTER)
    unknown = school.only(Instruction).status
    school.world.clock.advance(timedelta(hours=1))
    school.work()

    assert ("unknown", "done") == (unknown, school.only(Instruction).status)
    assert "paid" == school.only(Invoice).status
    assert 1 == len(school.world.api.gateway.made_of(school.only(Instruction).id))
    assert 0 == school.drift()


@given(
    faults=st.lists(st.sampled_from([None, *Fault]), max_size=5),
    told=st.sets(st.integers(min_value=0, max_value=5)),
)
def test_whatever_goes_wrong_money_moves_once(faults: list[Fault | None], told: set[int]) -> None:
    """At most one charge, booked if Stripe made it: by an answer, an event, or a look two days on.

    Calls are lost, refused or answered with a server's error that is done, not done, or done six
    hours later; webhooks come after some of them.
    """
    school = School()
    school.charge()
    school.world.wire.script(*faults)
    for hour in range(6):
        school.work()
        if hour in told:
            school.deliver()
        school.world.clock.advance(timedelta(hours=1))
    school.world.clock.advance(2 * DAY)
    school.work()
    report = school.reconcile()
    made = len(school.world.api.gateway.made_of(school.only(Instruction).id))

    assert ("paid" if made else "issued") == school.only(Invoice).status
    assert made in (0, 1)
    assert [("clean", eur(0))] * made == [(r.status, r.drift) for r in report.reconciliations]


@pytest.mark.parametrize("fee_too", [False, True])
def test_a_dispute_is_booked_from_its_events(school: School, *, fee_too: bool) -> None:
    """Withdrawn with a fee of 15.00 and given back, with or without it."""
    school.charge()
    school.work()
    dispute = school.world.api.world.dispute("ch_1")
    school.deliver()
    withdrawn = (wallets(school.host), school.only(Dispute).status, school.drift())
    school.world.api.world.win(dispute.id, fee_too=fee_too)
    school.deliver(backwards=True)

    assert (-6_000, "open", 0) == (withdrawn[0]["customer:c-1"], *withdrawn[1:])
    assert ("won", 0) == (school.only(Dispute).status, school.drift())
    assert 10_000 - 6_000 == wallets(school.host)["customer:c-1"]
    assert -320 - (0 if fee_too else 1_500) == wallets(school.host)["platform"]


def test_what_was_made_at_stripe_itself_is_found(school: School) -> None:
    """Events are lost: of a refund of the dashboard, of a dispute that is won, of a bank payout."""
    school.charge()
    school.work()
    school.world.api.world.carry_out(RefundOrder(amount=eur(1_000), charge="ch_1"), None)
    dispute = school.world.api.world.dispute("ch_1", amount=eur(4_000))
    school.world.clock.advance(DAY)
    school.world.api.world.win(dispute.id, fee_too=True)
    school.world.api.gateway.fund(eur(500), account=school.world.account)
    school.world.done(PayoutOrder(amount=eur(500), account=school.world.account))
    report = school.reconcile()

    assert {"re_1", "dp_1", "po_1"} == set(report.recovered)
    assert "won" == school.only(Dispute).status
    assert -320 == wallets(school.host)["platform"]
    assert "pending" == school.only(BankPayout).status
    assert [("clean", eur(0))] == [(r.status, r.drift) for r in report.reconciliations]
