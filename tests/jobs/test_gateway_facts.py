"""What a gateway did has happened: the books follow it past floors, and past what came too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledgerkit.domain.changes import expect
from ledgerkit.domain.gateways import REFUSED, Outcome
from ledgerkit.domain.instructions import Instruction, answered, sent
from ledgerkit.domain.ledger import Event, Limit, Wallet
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.refunds import FAILED, Refund
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payments import request_refund
from ledgerkit.jobs.settlement import refusal
from ledgerkit.testing.samples import NOON, changes
from tests.jobs.gateway_world import (
    charge,
    deliver,
    dispute,
    eur,
    event,
    movement,
    owing,
    refund,
    store_all,
    wallets,
)
from tests.people import OLGA


def paid(*, floor: int | None = None) -> Host:
    """Return a host whose customer paid 120.00; below *floor* nothing may be taken from now on."""
    host = owing(5_000, 7_000)
    deliver(host, event("e1", charge("done")))
    if floor is not None:
        prepaid = Wallet("customer:c-1", (Limit("EUR", floor),))
        host.store.commit(changes("floor", policies=(prepaid,)))
    return host


def asked(host: Host) -> tuple[Refund, Instruction]:
    """Return a refund of 50.00 that was asked for and sent, with its instruction."""
    (payment,) = host.store.find(Payment).items
    wanted = request_refund(payment.record.id, eur(5_000), key="r", actor=OLGA, reason="fell out")
    asked_for = run(wanted, host)
    (read,) = host.store.find(Instruction).items
    moved = sent(read.record, at=NOON)
    store_all(host, "sent", moved, expects=[expect(read)])
    return asked_for, moved.instruction


def status_of(host: Host, kind: type[Any]) -> str:
    """Return the status of the only record of *kind*."""
    (read,) = host.store.find(kind).items
    return str(read.record.status)


def test_a_refund_that_was_made_is_booked_below_the_floor() -> None:
    """Nothing of the 120.00 may be taken by us, and the gateway gave 50.00 back."""
    host = paid(floor=12_000)
    (taken,) = deliver(host, event("e2", refund("done", 5_000)))

    assert "handled" == taken.event.status
    assert 7_000 == wallets(host)["customer:c-1"]
    assert ["stripe:re_1"] == forced_by(host)


def forced_by(host: Host) -> list[str]:
    """Return who forced journals."""
    journals = [p.journal for p in host.store.journals().items]
    return [j.forced_by for j in journals if j.forced_by is not None]


def test_a_dispute_takes_what_is_not_there() -> None:
    """A17: what the bank withdrew is gone, whatever the customer may owe."""
    host = paid(floor=0)
    withdrawn = dispute("open", movements=(movement("m1", -12_000, 1_500),))
    won = dispute("won", movements=(movement("m1", -12_000, 1_500), movement("m2", 12_000)))
    statuses = [t.event.status for t in deliver(host, event("e2", withdrawn), event("e3", won))]

    assert ["handled", "handled"] == statuses
    assert ["stripe:dp_1"] == forced_by(host)


def test_what_came_back_is_booked_under_the_object_that_failed() -> None:
    """A refund that failed after it was done adds up to nothing under its object."""
    host = paid()
    deliver(host, event("e2", refund("done")), event("e3", refund("failed")))
    events = [p.journal.event for p in host.store.journals().items]

    assert [Event("gateway.refund", "stripe:re_1", part) for part in ("", FAILED)] == [
        each for each in events if each is not None and each.type == "gateway.refund"
    ]
    assert 12_000 == wallets(host)["customer:c-1"]


def test_an_object_that_failed_stays_failed() -> None:
    """A3: told in the wrong order, the order is refused and nobody is alarmed."""
    host = paid()
    _, instruction = asked(host)
    states = [refund(status, instruction=instruction.id) for status in ("failed", "done")]
    deliver(host, *(event(f"f{n}", state) for n, state in enumerate(states)))

    assert ("failed", "refused") == (status_of(host, Refund), status_of(host, Instruction))
    assert () == host.store.claim("alert.late_outcome", at=NOON, lease=timedelta(hours=1))


def test_the_answer_that_an_object_failed_names_it() -> None:
    """A look-up finds what was done and failed since; that it was done, told late, is old news."""
    host = paid()
    _, instruction = asked(host)
    failed = refund("failed", instruction=instruction.id, reason="account_closed")
    outcome = Outcome(status=REFUSED, object=failed, code="account_closed")
    decided = run(refusal(instruction, outcome, at=NOON), host)
    host.store.commit(changes("answer", records=decided.effects.records, expects=decided.expects))
    deliver(host, event("late", refund("done", instruction=instruction.id)))
    (kept,) = host.store.find(Refund).items

    assert ("re_1", FAILED) == (kept.record.object, kept.record.status)
    assert REFUSED == status_of(host, Instruction)
    assert 12_000 == wallets(host)["customer:c-1"]
    assert REFUSED == answered(instruction, outcome, at=NOON).instruction.status


def test_a_second_object_of_one_order_is_a_refund_of_its_own() -> None:
    """The gateway forgot the key and gave 50.00 back twice: both went, and people are told."""
    host = paid()
    refund_asked, ordered = asked(host)
    for n, id in enumerate(("re_1", "re_2"), start=2):
        deliver(host, event(f"e{n}", refund("done", id=id, instruction=ordered.id)))
    found = {read.record.object: read.record for read in host.store.find(Refund).items}

    assert {"re_1", "re_2"} == set(found)
    assert refund_asked.id == found["re_1"].id != found["re_2"].id
    assert {"customer:c-1": 2_000, "gateway:stripe": -2_000} == wallets(host)
    assert "done" == status_of(host, Instruction)
    assert 1 == len(host.store.claim("alert.doubled_order", at=NOON, lease=timedelta(hours=1)))
