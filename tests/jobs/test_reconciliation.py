"""Reconciliation as a job: what was missed is booked once, and drift opens an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.alerts import Alert
from ledgerkit.domain.changes import Changes, Committed, Stale
from ledgerkit.domain.gateways import GatewayObject, Movement, TransferOrder
from ledgerkit.domain.instructions import Instruction, instruct
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import notes_for
from ledgerkit.domain.reconciliation import Reconciliation, Tolerance
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host, PortMissing
from ledgerkit.jobs.reconciliation import ReconciliationReport, reconcile_gateway
from ledgerkit.jobs.settlement import Settlement
from ledgerkit.jobs.webhooks import take
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway
from ledgerkit.testing.samples import NOON, changes, transfer
from ledgerkit.testing.simulator import Rigged
from tests.jobs.gateway_double import Stripe, settlement
from tests.jobs.sending_world import settle as follow_it

DAY = timedelta(days=1)
ANA: dict[str, Any] = {"metadata": (("party", "customer:ana"),)}
TOM: dict[str, Any] = {"metadata": (("party", "supplier:tom"),)}


class World:
    """Books, a gateway and a clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stripe = Stripe(self.clock)
        self.store = MemoryStore()
        self.host = Host(store=self.store, clock=self.clock, gateways={"stripe": self.stripe})

    def reconcile(self, **given: Any) -> ReconciliationReport:
        """Reconcile for the day it is."""
        on = self.clock.now().date()
        return run(reconcile_gateway("stripe", on=on, settle=settlement, **given), self.host)

    def held(self) -> int:
        """Return what the books say that the gateway holds."""
        return -self.store.balance("gateway:stripe", "USD").posted


def test_a_lost_webhook_is_booked_within_a_day() -> None:
    """Each object once, whatever page it is on; the second run finds nothing. (reliability A12)"""
    world = World()
    world.stripe.do("charge", "pi_1", 10_000, fee=Money(320, "USD"), **ANA)
    world.stripe.do("transfer", "tr_1", 6_000, **TOM)
    world.stripe.do("charge", "pi_2", 500, **ANA)
    world.clock.advance(DAY)
    first = world.reconcile()
    again = world.reconcile()

    assert ("pi_1", "tr_1", "pi_2") == first.recovered
    assert () == again.recovered
    assert [("clean", Money(0, "USD"))] == [(r.status, r.drift) for r in first.reconciliations]
    assert 9_680 - 6_000 + 500 == world.stripe.available == world.held()
    keys = {posted.changes for posted in world.store.journals().items}
    assert "reconciliation/stripe/tr_1/done" in keys


def test_what_ends_weeks_later_is_no_drift() -> None:
    """A dispute is won when the gateway does not list it any more; it was known before."""
    clock = FakeClock()
    gateway = FakeGateway(clock)
    host = Host(store=MemoryStore(), clock=clock, gateways={"stripe": gateway})
    told = gateway.world.capture(
        Money(10_000, "USD"), metadata=tuple(notes_for("ana").items())
    ).object
    assert told is not None
    opened = gateway.world.dispute(told.id)
    found = []
    for day in range(16):
        clock.advance(DAY)
        if day == 14:
            gateway.world.win(opened.id)
        for event in gateway.deliveries():
            run(take(event), host)
        report = run(reconcile_gateway("stripe", on=clock.now().date()), host)
        found += [(r.status, r.items) for r in report.reconciliations]

    assert [("clean", ())] * 16 == found
    assert 10_000 - 320 - 1_500 == -host.store.balance("gateway:stripe", "USD").posted


def test_every_look_is_on_record() -> None:
    """One record a day, a version for each look that found something else."""
    world = World()
    world.stripe.do("charge", "pi_1", 10_000, **ANA)
    [stored] = world.reconcile().reconciliations
    world.reconcile()
    world.stripe.do("charge", "pi_2", 500, **ANA)
    world.reconcile()
    world.clock.advance(DAY)
    world.reconcile()
    versions = world.store.history(Reconciliation, stored.id)

    assert [Money(10_000, "USD"), Money(10_500, "USD")] == [v.record.booked for v in versions]
    assert [date(2026, 10, 1), date(2026, 10, 2)] == sorted(
        v.record.on for v in world.store.find(Reconciliation, party="stripe").items
    )


def test_drift_opens_an_alert_and_resolves_it() -> None:
    """A fee that nobody lists: 12.00 are an alert, 5.00 a notice, none is gone."""
    world = World()
    world.stripe.do("charge", "pi_1", 10_000, **ANA)
    world.stripe.available -= 1_200
    bad = world.reconcile(tell="office")
    world.stripe.available += 700
    better = world.reconcile(tell="office")
    world.stripe.available += 500
    good = world.reconcile(tell="office")

    assert [("alert", "critical"), ("notice", "notice")] == [
        (found.reconciliations[0].status, found.alerts[0].severity) for found in (bad, better)
    ]
    assert ("clean", ()) == (good.reconciliations[0].status, good.alerts)
    assert ["open", "open", "resolved"] == [
        v.record.status for v in world.store.history(Alert, bad.alerts[0].id)
    ]
    told = world.store.claim("notice", at=NOON, lease=DAY)
    assert [("notice.alert.drift", "office")] == [
        (claimed.message.topic, claimed.message.recipient) for claimed in told
    ]


def test_tolerance_is_by_currency() -> None:
    """A host may want none."""
    world = World()
    world.stripe.available = 1
    found = world.reconcile(tolerances={"USD": Tolerance(minor=0)})

    assert "alert" == found.reconciliations[0].status


def test_what_nobody_knows_yet_is_parked_and_listed() -> None:
    """A payment without a word of whose it is explains the difference until it is too old."""
    world = World()
    world.stripe.do("charge", "pi_1", 700)
    first = last = world.reconcile()
    for _ in range(8):
        world.clock.advance(DAY)
        last = world.reconcile()

    assert (("pi_1",), "clean") == (first.parked, first.reconciliations[0].status)
    assert ["stripe:pi_1"] == [item.id for item in first.reconciliations[0].items]
    # Listed for all of the week that it was open, so it is known to be the same one.
    assert [("stripe:pi_1", True)] == [
        (item.id, item.overdue) for item in last.reconciliations[0].items
    ]
    assert ("notice", Money(700, "USD")) == (
        last.reconciliations[0].status,
        last.reconciliations[0].drift,
    )


def test_instructions_that_went_out_are_listed() -> None:
    """One that nobody knows the end of."""
    world = World()
    order = TransferOrder(amount=Money(6_000, "USD"), account="acct_1")
    made = instruct(order, gateway="stripe", subject="pay_1", party="tom", at=NOON).instruction
    lost = attrs.evolve(made, status="unknown", first_sent_at=NOON, last_sent_at=NOON)
    world.store.commit(changes("i", records=(lost,)))
    world.stripe.do("charge", "pi_1", 100, **ANA)
    [found] = world.reconcile().reconciliations

    assert [("sent", made.id, "clean")] == [
        (item.reason, item.id, found.status) for item in found.items
    ]


def test_what_is_still_on_its_way_is_not_recovered() -> None:
    """A transfer that is known to be pending is heard of again; done, it is booked."""
    world = World()
    order = TransferOrder(amount=Money(6_000, "USD"), account="acct_1")
    made = instruct(order, gateway="stripe", subject="pay_1", party="tom", at=NOON).instruction
    pending = attrs.evolve(
        made, status="pending", object="tr_1", first_sent_at=NOON, last_sent_at=NOON
    )
    world.store.commit(changes("i", records=(pending,)))
    told = world.stripe.do("transfer", "tr_1", 6_000, status="pending", instruction=made.id)
    job = partial(reconcile_gateway, "stripe", on=date(2026, 10, 1), settle=follow_it)
    waiting = run(job(), world.host)
    world.stripe.made = [attrs.evolve(told, status="done")]
    done = run(job(), world.host)

    assert 2 <= len(world.store.history(Instruction, made.id))
    assert [(), ("tr_1",)] == [waiting.recovered, done.recovered]


def test_an_entry_that_is_not_listed() -> None:
    """From the second time on: a charge that the gateway never made explains what is missing."""
    world = World()
    ghost = attrs.evolve(transfer("jrn", "gateway:stripe", "customer:ana", 900, currency="USD"))
    opens = Wallet("gateway:stripe"), Wallet("customer:ana")
    world.store.commit(changes("o", opens=opens))
    world.reconcile()
    world.clock.advance(DAY)
    made = GatewayObject(
        kind="charge",
        id="pi_9",
        status="done",
        amount=Money(900, "USD"),
        created=world.clock.now(),
        **ANA,
    )
    settled = run(settlement(made, gateway="stripe", at=NOON), world.host)
    world.store.commit(changes("ghost", at=world.clock.now(), journals=settled.effects.journals))
    [found] = world.reconcile().reconciliations

    assert ghost.entries == settled.effects.journals[0].entries
    assert [("unlisted", Money(-900, "USD"))] == [(i.reason, i.amount) for i in found.items]
    assert "clean" == found.status


def test_who_cannot_be_booked_holds_up_nobody() -> None:
    """It is reported with the reason, and listed as in flight."""
    world = World()
    world.store.commit(changes("o", opens=(Wallet("customer:ana", status="closed"),)))
    world.stripe.do("charge", "pi_1", 700, **ANA)
    world.stripe.do("charge", "pi_2", 800, metadata=(("party", "customer:bo"),))
    found = world.reconcile()

    assert [("pi_1", "wallet_closed")] == [(s.subject, s.code) for s in found.skipped]
    assert ("pi_2",) == found.recovered
    assert [("stripe:pi_1", "clean")] == [
        (item.id, r.status) for r in found.reconciliations for item in r.items
    ]


def test_a_gateway_that_moves_is_asked_again() -> None:
    """A balance and a listing are two calls; what happens in between is no drift. (users-ask 24)"""
    world = World()
    world.stripe.do("charge", "pi_1", 10_000, **ANA)
    calm = Rigged(world.host)
    run(reconcile_gateway("stripe", on=date(2026, 10, 1), settle=settlement), calm)
    world.stripe.moves = [0, -100, 100]
    moving = Rigged(world.host)
    found = run(reconcile_gateway("stripe", on=date(2026, 10, 1), settle=settlement), moving)

    assert 2 == calm.names.count("gateway_balance")
    assert 4 == moving.names.count("gateway_balance")
    assert "clean" == found.reconciliations[0].status


def test_a_gateway_that_never_rests() -> None:
    """After three looks what it said last is taken."""
    world = World()
    world.stripe.do("charge", "pi_1", 10_000, **ANA)
    world.stripe.moves = [1, 1, 1, 1, 1, 1]
    found = world.reconcile()

    assert ("notice", ("pi_1",)) == (found.reconciliations[0].status, found.recovered)


def test_the_first_one_may_look_further_back() -> None:
    """By default three days; a host that takes over says how far."""
    world = World()
    world.stripe.do("charge", "pi_1", 10_000, **ANA)
    world.clock.advance(10 * DAY)

    assert () == world.reconcile().recovered
    assert ("pi_1",) == world.reconcile(since=NOON).recovered


def test_after_weeks_it_goes_on_where_it_ended() -> None:
    """Nothing that was made meanwhile is left out."""
    world = World()
    world.stripe.do("charge", "pi_1", 100, **ANA)
    world.reconcile()
    world.clock.advance(5 * DAY)
    world.stripe.do("charge", "pi_2", 200, **ANA)
    world.clock.advance(60 * DAY)

    assert ("pi_2",) == world.reconcile().recovered
    assert 300 == world.held()


@attrs.define
class Overtaken(MemoryStore):
    """A store in which somebody else is first, so many times."""

    times: int = 0

    def __attrs_pre_init__(self) -> None:
        MemoryStore.__init__(self)

    def commit(self, changes: Changes) -> Committed:
        """Refuse reconciliations as stale while there are times left."""
        if changes.key.startswith("reconciliation/") and self.times:
            self.times -= 1
            raise Stale("reconciliation", "rec_1", 0, 1)
        return super().commit(changes)


@pytest.mark.parametrize(("times", "stale"), [(4, False), (9, True)])
def test_others_were_first(times: int, stale: bool) -> None:
    """It decides again, and gives up after five rounds: an object is skipped, then the record."""
    world = World()
    store = Overtaken(times=times)
    world.host = attrs.evolve(world.host, store=store)
    world.stripe.do("charge", "pi_1", 100, **ANA)
    if stale:
        world.store = store
        found = world.reconcile()
        assert [("pi_1", "stale")] == [(s.subject, s.code) for s in found.skipped]
        store.times = 10
        world.clock.advance(DAY)
        with pytest.raises(Stale):
            world.reconcile()
    else:
        assert ("pi_1",) == world.reconcile().recovered


def test_a_dispute_is_booked_movement_by_movement() -> None:
    """It stays open while money is withdrawn and comes back: each has a key of its own."""
    world = World()
    keys: list[str] = []

    async def disputing(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
        moved = attrs.evolve(
            told, status="done", kind="charge", id=f"m{len(told.movements)}", movements=()
        )
        return await settlement(moved, gateway=gateway, at=at)

    def reconcile() -> None:
        job = reconcile_gateway("stripe", on=date(2026, 10, 1), settle=disputing)
        keys.extend(run(job, world.host).recovered)

    dispute: Mapping[str, Any] = {"status": "open", "movements": ()}
    made = world.stripe.do("dispute", "dp_1", 500, **dispute, **ANA)
    reconcile()
    moves = Movement(id="x", amount=Money(-500, "USD"), fee=Money(0, "USD"), at=NOON)
    world.stripe.made = [attrs.evolve(made, movements=(moves,))]
    reconcile()

    assert ["dp_1", "dp_1"] == keys


def test_a_gateway_is_needed() -> None:
    """The host has to have one of that name."""
    host = Host(store=MemoryStore(), clock=FakeClock(datetime(2026, 10, 1, tzinfo=UTC)))
    with pytest.raises(PortMissing, match="gateway 'stripe'"):
        run(reconcile_gateway("stripe", on=date(2026, 10, 1), settle=settlement), host)
