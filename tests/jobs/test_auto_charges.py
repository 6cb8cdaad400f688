"""Automatic charges from end to end: the band, the saved method, the worker, the books."""

from __future__ import annotations

from fractions import Fraction

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.gateways import SavedMethod
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.payment_methods import follow, register
from ledgerkit.jobs.credit_limits import AutoCharged, run_auto_charges, set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payments import charge_through
from ledgerkit.jobs.sending import send_instructions
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import DECLINED, FakeGateway, Fees
from ledgerkit.testing.samples import NOON, changes, party, transfer
from tests.jobs.gateway_world import store_all
from tests.people import MARIA

LIMIT, SPENT = Money(50_000, "EUR"), Money(45_000, "EUR")


def owing(*, saved: str | None) -> Host:
    """Return a host whose customer ana owes 450.00 of 500.00 and is charged from 80 % on."""
    clock = FakeClock(NOON)
    gateway = FakeGateway(clock, fees=Fees(charge_share=Fraction(0), charge_fixed=0))
    host = Host(store=MemoryStore(), clock=clock, gateways={"stripe": gateway})
    host.store.commit(changes("people", records=(party("ana"),)))
    limit = set_credit_limit(
        "ana", LIMIT, actor=MARIA, reason="knows us", key="1", charge_at="warning"
    )
    run(limit, host)
    if saved is not None:
        told = SavedMethod(customer="cus_ana", method=saved, label="visa 4242")
        known = register("ana", "cus_ana", gateway="stripe").method
        kept = follow(known, told, gateway="stripe")
        assert kept is not None
        store_all(host, "method", kept)
    spent = transfer("jrn_flown", "customer:ana", "platform", 45_000)
    host.store.commit(changes("flown", journals=(spent,), opens=(Wallet("platform"),)))
    return host


def charge(host: Host) -> AutoCharged:
    """Run the automatic charges through the gateway."""
    return run(run_auto_charges(order=charge_through("stripe")), host)


def test_a_customer_at_the_band_is_charged_once_and_owes_nothing() -> None:
    """450.00 of 500.00; while the charge is under way nobody is charged again."""
    host = owing(saved="pm_card")
    first, again = charge(host), charge(host)
    sent = run(send_instructions("stripe"), host)
    after = charge(host)

    assert [SPENT] == [each.amount for each in first.ordered]
    assert AutoCharged() == again == after
    assert 1 == len(sent.settled)
    assert 0 == host.store.balance("customer:ana", "EUR").posted
    assert -45_000 == host.store.balance("gateway:stripe", "EUR").posted
    assert SPENT == host.gateways["stripe"].balance().total("EUR")


def test_a_declined_card_leaves_the_debt() -> None:
    """The payment failed, the floor stays; nobody is charged twice for one position."""
    host = owing(saved=DECLINED)
    charge(host)
    run(send_instructions("stripe"), host)

    assert -45_000 == host.store.balance("customer:ana", "EUR").posted
    assert AutoCharged() == charge(host)


def test_who_saved_no_method_is_left_out() -> None:
    """The run says so and goes on."""
    left_out = charge(owing(saved=None)).skipped

    assert [("ana", "no_payment_method")] == [(each.subject, each.code) for each in left_out]
