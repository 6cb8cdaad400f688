"""Small hosts on which the jobs that control money begin, and what must come out of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from ledgerkit.domain.alerts import Alert, Observation
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.credit_limits import AutoCharge, CreditLimit, override_id
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.reconciliation import Reconciliation
from ledgerkit.jobs.alerts import observe
from ledgerkit.jobs.credit_limits import set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.overrides import approve_override, ask_override
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import NOON, changes, hour, transfer
from tests.jobs.gateway_double import Stripe
from tests.people import MARIA, PEDRO

LOW = Observation(kind="reserve", subject="stripe", severity="warning")
BOOKING = override_id("ana", "booking-7")
JOURNAL = transfer("booking-7", "customer:ana", "till", 1_000, currency="USD")


def control_host(store: Store) -> Host:
    """Return a host whose gateway made what nobody booked; ana owes 400.00 of 500.00."""
    clock = FakeClock()
    stripe = Stripe(clock)
    stripe.do("charge", "pi_1", 10_000, metadata=(("party", "customer:bo"),))
    stripe.do("transfer", "tr_1", 6_000, metadata=(("party", "supplier:tom"),))
    stripe.available -= 1_200
    host = Host(store=store, clock=clock, gateways={"stripe": stripe})
    owed = transfer("owed", "customer:ana", "till", 40_000, currency="USD")
    opens = Wallet("customer:ana"), Wallet("till")
    store.commit(changes("begin", opens=opens, journals=(owed,)))
    limit = Money(50_000, "USD")
    run(
        set_credit_limit("ana", limit, actor=MARIA, reason="agreed", key="0", charge_at="warning"),
        host,
    )
    return host


def asked_host(store: Store) -> Host:
    """Return one where an override waits for approval, and an alert for somebody."""
    host = control_host(store)
    run(
        ask_override(
            "ana",
            Money(1_000, "USD"),
            reference="booking-7",
            reason="pays on Friday",
            expires_at=hour(24),
            actor=MARIA,
        ),
        host,
    )
    run(observe(LOW, actor="reserve check"), host)
    return host


def approved_host(store: Store) -> Host:
    """Return one where the override is approved."""
    host = asked_host(store)
    run(approve_override(BOOKING, actor=PEDRO, reason="known for years"), host)
    return host


def control_outcome(host: Host) -> object:
    """Return the books without the instants at which somebody looked."""
    snapshot = books(host.store)
    assert () == broken_laws(snapshot)
    journals = [(p.sequence, p.journal, p.changes) for p in snapshot.journals]
    records = [
        [(_timeless(v.record), v.key, v.actor, v.reason) for v in history]
        for history in snapshot.records
    ]
    return snapshot.wallets, snapshot.balances, journals, records


def _timeless(record: Any) -> Any:
    if isinstance(record, Reconciliation):
        return attrs.evolve(record, at=NOON, sequence=0)  # how far it read depends on when
    if isinstance(record, Alert):
        seen = None if record.acknowledged_at is None else NOON
        return attrs.evolve(record, opened_at=NOON, acknowledged_at=seen)
    return record


@attrs.frozen
class Ordered:
    """An order to charge: a message to whoever carries it out."""

    message: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(messages=(self.message,))


async def order(charge: AutoCharge, at: datetime) -> Ordered:
    """Order a charge by a message."""
    return Ordered(Message(charge.key, "charge", charge.customer))


async def nothing_under_way(limit: CreditLimit) -> Money:
    """Tell that nothing was ordered."""
    return Money.zero(limit.currency)
