"""Disputed payouts: what became pending after the dispute was told is not paid by itself either."""

from __future__ import annotations

from typing import Any

import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.access import AccessDenied, Actor
from ledgerkit.domain.billing_run import Month, Policy
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.gateways import GatewayObject, Movement, Notification
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payments import notes_for
from ledgerkit.domain.payouts import Payout
from ledgerkit.jobs.billing_run import Asked, run_month
from ledgerkit.jobs.disputed_payouts import PayoutDisputed
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payouts import generate_payouts, pay_by_hand, release, send_payouts
from ledgerkit.jobs.webhooks import take
from ledgerkit.ports.store import Store
from ledgerkit.testing.samples import NOON
from ledgerkit.testing.simulator import Rigged, crash_everywhere, overtaken
from tests.jobs.owner_world import OLGA, SCHOOL, TOM, flown, fly
from tests.jobs.supplier_world import OCTOBER, all_of, balances, enough, send, usd, work
from tests.people import EVA

pytest_plugins = ("tests.plugins.sqlite",)

ANA = Party(id="ana", role="customer", name="Ana", currency="USD")
MONTH = Month(business=SCHOOL, parties=(ANA,), catalog=Catalog("none"))
WHOLE = 145_00


def news(kind: str, status: str, **more: Any) -> Notification:
    """Return an event that tells of the charge, or of a dispute of it."""
    id = {"charge": "pi_1", "dispute": "dp_1"}[kind]
    told = GatewayObject(kind=kind, id=id, status=status, amount=usd(WHOLE), created=NOON, **more)
    return Notification(
        gateway="stripe",
        id=f"evt {id} {status}",
        type="t",
        created=NOON,
        told=(told,),
        text="{}",
    )


def disputed(status: str) -> Notification:
    """Return the news that the dispute is in *status*."""
    taken = Movement(id="txn_1", amount=usd(-WHOLE), fee=usd(0), at=NOON)
    back = Movement(id="txn_2", amount=usd(WHOLE), fee=usd(0), at=NOON)
    moved = {"open": (), "lost": (taken,), "won": (taken, back)}[status]
    return news("dispute", status, parent="pi_1", movements=moved)


def tell(host: Host, *statuses: str) -> None:
    """Tell of the dispute."""
    for status in statuses:
        run(take(disputed(status)), host)


def paid_for(store: Store) -> Host:
    """Return a host that owes Tom 60.00 and Olga 25.00, in no payout yet; Ana paid by card."""
    host = flown(store)
    run(run_month(Asked(month=MONTH, period=OCTOBER, policy=Policy(terms_days=14))), host)
    (invoice,) = all_of(host, Invoice)
    run(take(news("charge", "done", metadata=tuple(notes_for("ana", (invoice.id,)).items()))), host)
    return host


def generate(host: Host) -> None:
    """Generate the payouts of October."""
    run(generate_payouts((TOM, OLGA), period=OCTOBER), host)


def statuses(host: Host) -> dict[str, str]:
    """Return the status of each payout, by its wallet."""
    return {each.wallet: each.status for each in all_of(host, Payout)}


BOTH = {"supplier:tom", "owner:olga"}
HELD = dict.fromkeys(BOTH, "on_hold")


@pytest.mark.parametrize("life", [("open",), ("open", "lost"), ("lost",)])
def test_what_is_generated_after_the_dispute_is_not_sent(
    empty_books: Store, life: tuple[str, ...]
) -> None:
    """Both go on hold and the run says why; what is not disputed is sent. (spec: billing 10)"""
    host = paid_for(empty_books)
    tell(host, *life)
    generate(host)
    report = send(host)

    assert ((), HELD) == (report.sent, statuses(host))
    assert ["payout_disputed"] * 2 == [each.code for each in report.skipped]
    (dispute,) = all_of(host, Dispute)
    assert {each.id for each in all_of(host, Payout)} == {*dispute.held}
    held = balances(host)
    assert (60_00, 25_00) == (held["supplier:tom"], held["owner:olga"])
    fly(host, "f-2")
    generate(host)
    assert 2 == len(send(host).sent)


def test_won_they_go_on(empty_books: Store) -> None:
    """The dispute released what it held, whenever that was generated."""
    host = paid_for(empty_books)
    tell(host, "open")
    generate(host)
    send(host)
    tell(host, "won")

    assert dict.fromkeys(BOTH, "pending") == statuses(host)
    assert 2 == len(send(host).sent)
    work(host)
    assert dict.fromkeys(BOTH, "paid") == statuses(host)


def test_held_once(empty_books: Store) -> None:
    """What a person released is paid, and the dispute does not hold it again."""
    host = paid_for(empty_books)
    tell(host, "lost")
    generate(host)
    send(host)
    for payout in all_of(host, Payout):
        run(release(payout.id, note="the school bears it", actor=EVA), host)

    assert ((), 2) == ((report := send(host)).skipped, len(report.sent))


def test_not_by_hand_either(empty_books: Store) -> None:
    """Whoever pays by hand is told, once; who may not pay learns nothing and holds nothing."""
    host = paid_for(empty_books)
    tell(host, "lost")
    generate(host)
    ours = next(each for each in all_of(host, Payout) if each.supplier == "tom")
    with pytest.raises(AccessDenied):
        run(pay_by_hand(ours.id, reference="r", actor=Actor(id="bo"), reason="x"), host)
    assert "pending" == statuses(host)["supplier:tom"]
    with pytest.raises(PayoutDisputed, match="pays what dispute"):
        run(pay_by_hand(ours.id, reference="r", actor=EVA, reason="x"), host)
    assert "on_hold" == statuses(host)["supplier:tom"]
    run(release(ours.id, note="the school bears it", actor=EVA), host)

    assert "paid" == run(pay_by_hand(ours.id, reference="r", actor=EVA, reason="x"), host).status
    assert "paid" == run(pay_by_hand(ours.id, reference="r", actor=EVA, reason="x"), host).status


def test_a_run_that_ends_at_any_step() -> None:
    """Run again it holds both, once: the payouts and the disputes that say so."""

    def begin() -> Host:
        host = paid_for(MemoryStore())
        tell(host, "lost")
        generate(host)
        return host

    def outcome(host: Host) -> object:
        (dispute,) = all_of(host, Dispute)
        return statuses(host), dispute.held, balances(host)

    crash_everywhere(begin, lambda: send_payouts(gateway="stripe", reserve=enough), outcome)


@pytest.mark.parametrize("status", ["open", "lost", "won"])
def test_news_at_any_step_of_a_run(status: str) -> None:
    """Told again while a run sends: held if it is open or lost, sent or to be sent if it is won."""
    for before in range(40):
        host = paid_for(MemoryStore())
        tell(host, "open")
        generate(host)
        fate = overtaken(lambda: take(disputed(status)))
        job = send_payouts(gateway="stripe", reserve=enough)
        run(job, Rigged(host, {before: fate}))
        work(host)
        run(take(disputed(status)), host)

        shown = statuses(host)
        if status == "won":
            assert {*shown.values()} <= {"paid", "pending"}
        else:
            assert HELD == shown
        assert () == all_of(host, Clawback)
        balances(host)
