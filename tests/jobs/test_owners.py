"""Owners of equipment: generated, sent, clawed back, printed and seen as what suppliers earn is."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import attrs
import pytest

from ledgerkit.documents.builders import Letterhead
from ledgerkit.domain.access import Actor, visible
from ledgerkit.domain.billing_run import Month, PeriodNotBegun, Policy
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.clawbacks import STRIPE_REVERSAL, Clawback
from ledgerkit.domain.money import ISO, Money
from ledgerkit.domain.parties import OWNER, SUPPLIER, Party
from ledgerkit.domain.payouts import InstantFee, Payout, PayoutTerm
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs.billing_run import Asked, preview_month, run_month
from ledgerkit.jobs.clawbacks import (
    UnknownTransfer,
    approve_clawback,
    clawback_eligibility,
    execute_clawback,
    request_clawback,
)
from ledgerkit.jobs.documents import print_documents
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payout_settings import set_instant
from ledgerkit.jobs.payouts import PayoutsGenerated, generate_payouts, preview_payouts
from ledgerkit.jobs.verification import verify
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.documents import MemoryDocuments
from ledgerkit.testing.fakes.renderer import PlainTextRenderer
from ledgerkit.testing.samples import NOON, changes
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.jobs.owner_world import OLGA, SCHOOL, TOM, TOMS_PLANE, fly, school
from tests.jobs.supplier_world import OCTOBER, all_of, balances, drift, only, send, usd, work
from tests.people import EVA, MAX

CHECKED: dict[str, Any] = {"actor": EVA, "reason": "checked"}


def generated(host: Host, *parties: Party) -> PayoutsGenerated:
    """Generate the payouts of October."""
    return run(generate_payouts(parties or (TOM, OLGA), period=OCTOBER), host)


def told(report: PayoutsGenerated) -> list[tuple[str, int, str]]:
    """Return whose wallet each payout pays, how much, and its status."""
    return [(each.wallet, each.total.minor, each.status) for each in report.payouts]


BOTH = [("supplier:tom", 6_000, "pending"), ("owner:olga", 2_500, "pending")]


# ---- generating ------------------------------------------------------------------------------
def test_payouts_without_a_month_of_sessions() -> None:
    """145.00 charged: instructor 60.00, owner 25.00, school 60.00; both are paid. (seed 002)"""
    host = school()
    fly(host)

    assert {
        "customer:ana": -14_500,
        "supplier:tom": 6_000,
        "owner:olga": 2_500,
        "platform": 6_000,
    } == balances(host)
    report = generated(host)
    assert (BOTH, ()) == (told(report), report.skipped)


def test_a_preview_is_what_is_generated() -> None:
    """The same payouts, and nothing is stored before."""
    host = school()
    fly(host)
    rigged = Rigged(host)
    preview = run(preview_payouts((TOM, OLGA), period=OCTOBER), rigged)
    assert "commit" not in rigged.names

    assert preview == generated(host)
    assert PayoutsGenerated() == run(preview_payouts((TOM, OLGA), period=OCTOBER), host)


def test_generated_again() -> None:
    """Nothing is new until more is earned: 25.00 of another flight are a supplement."""
    host = school()
    fly(host)
    generated(host)
    assert PayoutsGenerated() == generated(host)
    fly(host, "f-2")

    (more,) = generated(host, OLGA).payouts
    assert (2_500, 1) == (more.total.minor, more.part)


def test_each_payee_is_committed_alone() -> None:
    """One decision each, in the name of who asked."""
    host = school()
    fly(host)
    run(generate_payouts((TOM, OLGA), period=OCTOBER, actor="maria"), host)
    histories = [host.store.history(Payout, each.id) for each in all_of(host, Payout)]

    assert 2 == len({version.key for history in histories for version in history})
    assert {"maria"} == {version.actor for history in histories for version in history}


@pytest.mark.parametrize("before", range(12))
def test_two_who_generate_at_once(before: int) -> None:
    """Whoever comes second, at whatever step, finds it done: each entry is in one payout."""
    host = school()
    fly(host)
    other = overtaken(lambda: generate_payouts((OLGA, TOM), period=OCTOBER))
    run(generate_payouts((TOM, OLGA), period=OCTOBER), Rigged(host, {before: other}))

    assert {("supplier:tom", 6_000), ("owner:olga", 2_500)} == {
        (each.wallet, each.total.minor) for each in all_of(host, Payout)
    }
    assert 2 == len(all_of(host, Payout))
    assert () == run(verify(), host).problems


def test_who_has_a_transfer_under_way_is_left_out() -> None:
    """Tom is being paid for the flight, so not again; Olga, whom that is not for, is paid."""
    host = school()
    fly(host, transfer_through="stripe")
    report = generated(host)

    assert BOTH[1:] == told(report)
    (left_out,) = report.skipped
    assert ("tom", "transfer_under_way") == (left_out.subject, left_out.code)


def test_a_transfer_holds_up_only_its_own_role() -> None:
    """Tom's plane is paid while Tom the instructor is being paid by a transfer."""
    host = school(owner="tom")
    fly(host, transfer_through="stripe")
    report = generated(host, TOM, TOMS_PLANE)

    assert [("owner:tom", 2_500, "pending")] == told(report)
    assert ["tom"] == [each.subject for each in report.skipped]


def test_customers_are_not_paid() -> None:
    """Among the parties of a host they are passed over; a period to come is refused."""
    host = school()
    fly(host)
    customer = Party(id="ana", role="customer", name="Ana", currency="USD")

    assert () == generated(host, customer, SCHOOL).payouts
    with pytest.raises(PeriodNotBegun):
        run(generate_payouts((OLGA,), period=Period.month(2026, 11)), host)


def test_a_month_pays_its_owners() -> None:
    """A billing run is the same: its preview, its payouts, and nothing when it is run again."""
    host = school()
    fly(host)
    month = Month(business=SCHOOL, parties=(TOM, OLGA), catalog=Catalog("none"))
    asked = Asked(month=month, period=OCTOBER, policy=Policy(terms_days=14))
    preview = run(preview_month(asked), host)
    done = run(run_month(asked), host)

    assert preview.payouts == done.payouts
    assert BOTH == [(p.wallet, p.total.minor, p.status) for p in done.payouts]
    assert () == run(run_month(asked), host).payouts == generated(host).payouts


# ---- paying ----------------------------------------------------------------------------------
def test_an_owner_is_paid_through_the_gateway() -> None:
    """Owner -25.00, gateway +25.00, once the transfer is done; the gateway agrees."""
    host = school()
    fly(host)
    generated(host, OLGA)
    report = send(host, suppliers=["olga"])
    work(host)

    assert () == report.skipped
    assert ("paid", "done", OWNER) == (
        only(host, Payout).status,
        only(host, Transfer).status,
        only(host, Transfer).role,
    )
    assert {
        "customer:ana": -14_500,
        "supplier:tom": 6_000,
        "gateway:stripe": 2_500,
        "platform": 6_000,
    } == balances(host)
    assert (0, (), ()) == (
        drift(host),
        run(verify(), host).problems,
        broken_laws(books(host.store)),
    )


def test_an_owner_is_paid_at_once() -> None:
    """1 % of 25.00, 0.50 at least, is kept of it: 24.50 go on to the bank."""
    host = school()
    fly(host)
    fee = InstantFee(percent=Fraction(1, 100), minimum=Money(50, "USD"))
    term = PayoutTerm("USD", date(2026, 9, 1), fee)
    run(set_instant(term, supplier="olga", actor=EVA, reason="asked for it"), host)
    generated(host, OLGA)
    send(host)
    work(host)

    assert ("paid", usd(50), usd(2_450)) == (
        only(host, Payout).status,
        only(host, Payout).fee,
        only(host, Transfer).amount,
    )
    assert "owner:olga" not in balances(host)
    assert () == run(verify(), host).problems


def test_one_id_in_both_roles() -> None:
    """Tom teaches in his own plane: two payouts, two transfers, to one account."""
    host = school(owner="tom")
    fly(host)
    both = generated(host, TOM, TOMS_PLANE)
    send(host)
    work(host)
    sent = all_of(host, Transfer)

    assert [("supplier:tom", 6_000), ("owner:tom", 2_500)] == [t[:2] for t in told(both)]
    assert {"paid"} == {each.status for each in all_of(host, Payout)}
    assert (2, 1) == (len({t.id for t in sent}), len({t.account for t in sent}))
    assert {"customer:ana": -14_500, "gateway:stripe": 8_500, "platform": 6_000} == balances(host)
    assert (0, ()) == (drift(host), run(verify(), host).problems)


# ---- clawing back ----------------------------------------------------------------------------
def test_an_owner_is_clawed_back() -> None:
    """10.00 of 25.00 were too much: reversed at the gateway, and the platform's again."""
    host = school()
    fly(host)
    generated(host, OLGA)
    send(host)
    work(host)
    paid = only(host, Transfer)
    request: dict[str, Any] = {
        "cause": "adj-1",
        "reason": "0.6 h, not 1.0 h",
        "actor": MAX,
        "on_wallet": False,
        "transfers": (paid.id,),
        "method": STRIPE_REVERSAL,
    }
    with pytest.raises(UnknownTransfer, match="supplier 'olga' has no transfer"):
        run(request_clawback(usd(1_000), supplier="olga", **request), host)
    case = run(request_clawback(usd(1_000), supplier="olga", role=OWNER, **request), host)
    run(approve_clawback(case.id, **CHECKED), host)
    run(execute_clawback(case.id, **CHECKED), host)
    work(host)

    assert ("settled", usd(1_000)) == (only(host, Clawback).status, only(host, Clawback).recovered)
    assert "partly_reversed" == only(host, Payout).status
    assert (7_000, 1_500) == (balances(host)["platform"], balances(host)["gateway:stripe"])
    assert "owner:olga" not in balances(host)
    (left,) = run(clawback_eligibility(supplier="olga", role=OWNER), host)
    assert (usd(1_500), ()) == (left.left, run(clawback_eligibility(supplier="olga"), host))
    assert (0, ()) == (drift(host), run(verify(), host).problems)


# ---- reading ---------------------------------------------------------------------------------
def test_an_owner_sees_its_own() -> None:
    """Its payouts and wallet, and nobody else's. (seed 002: row level security)"""
    host = school()
    fly(host)
    generated(host)
    olga = Actor(id="olga", roles=frozenset({OWNER}), party="olga")
    wallets = [wallet for page in ("supplier", "owner") for wallet in host.store.wallets(page)]

    assert ["owner:olga"] == [each.wallet for each in visible(olga, all_of(host, Payout))]
    assert ["owner:olga"] == [wallet.id for wallet in visible(olga, wallets)]
    assert () == visible(olga, [fly(host).completion])


def test_statements_of_one_id_in_both_roles() -> None:
    """Two files: an owner's is in a folder of its own."""
    host = school(owner="tom")
    host.store.commit(changes("tom", records=(TOM,)))
    host = attrs.evolve(host, renderer=PlainTextRenderer(), documents=MemoryDocuments())
    fly(host)
    generated(host, TOM, TOMS_PLANE)
    head = Letterhead(business=SCHOOL, units=ISO)
    printed = run(print_documents(head, NOON), host)

    assert () == printed.skipped
    assert {"payouts/2026-10/tom-USD.pdf", "payouts/2026-10/owner/tom-USD.pdf"} == {*printed.keys}


def test_verification_finds_a_wrong_owner_payout() -> None:
    """A payout of 25.00 said to be of the wallet of a supplier: the entries are not there."""
    host = school()
    fly(host)
    payout = run(preview_payouts((OLGA,), period=OCTOBER), host).payouts[0]
    host.store.commit(changes("wrong", records=(attrs.evolve(payout, role=SUPPLIER),)))

    assert ["payout_differs"] == [problem.code for problem in run(verify(), host).problems]
