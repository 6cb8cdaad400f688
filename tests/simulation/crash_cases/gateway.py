"""Jobs that deal with gateways: instructions sent, events taken, payments asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from ledgerkit.domain.credit_limits import CreditLimit, limit_id
from ledgerkit.domain.gateways import Notification
from ledgerkit.domain.payments import Payment, recorded_as
from ledgerkit.jobs import payments, webhooks
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.instructions import (
    attention_queue,
    cancel_instruction,
    look_up_instruction,
    resolve_instruction,
    retry_instruction,
)
from ledgerkit.jobs.settlement import settlement
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.samples import NOON, OCTOBER
from tests.jobs import gateway_world as gateway
from tests.jobs import sending_world as sending
from tests.jobs.gateway_world import eur, event
from tests.people import OLGA
from tests.simulation.crash_cases.cases import Case, shown

# ---- instructions ----------------------------------------------------------------------------
(PARKED,) = sending.ids_of(sending.charge())
BY_HAND: dict[str, Any] = {"key": "k-1", "actor": "olga", "note": "the bank was asked"}
INSTRUCTIONS = {
    "send instructions": Case(
        sending.worker, sending.asked_host, sending.outcome, sending.days_later
    ),
    "the queue of a person": Case(attention_queue, sending.parked_host, sending.outcome),
    "retry an instruction": Case(
        lambda: retry_instruction(PARKED, **BY_HAND), sending.parked_host, sending.outcome
    ),
    "look an instruction up": Case(
        lambda: look_up_instruction(PARKED, **BY_HAND), sending.parked_host, sending.outcome
    ),
    "resolve an instruction": Case(
        lambda: resolve_instruction(
            PARKED, made="ch_9", settle=sending.settle, refuse=sending.refuse, **BY_HAND
        ),
        sending.parked_host,
        sending.outcome,
    ),
    "cancel an instruction": Case(
        lambda: cancel_instruction(PARKED, refuse=sending.refuse, **BY_HAND),
        lambda store: sending.host_with(sending.charge(), store=store),
        sending.outcome,
    ),
}

# ---- events ----------------------------------------------------------------------------------
PAID = event("e1", gateway.charge(), gateway.dispute())
RETURNED = event("e2", gateway.refund("done"))


class Reader:
    """Reads whatever comes as the event of a charge that is disputed at once."""

    def read(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> Notification:
        """Return that event."""
        return PAID


def listening(store: Store) -> Host:
    """Return a host to which a gateway tells of a customer who owes two invoices."""
    return attrs.evolve(gateway.owing(5_000, 7_000, store=store), webhooks={"stripe": Reader()})


def early(store: Store) -> Host:
    """Return one that heard of a refund before its charge."""
    host = listening(store)
    gateway.deliver(host, RETURNED)
    return host


def settled(store: Store) -> Host:
    """Return one that then learned of the charge without an event."""
    host = early(store)
    decided = run(settlement(gateway.charge(), gateway="stripe", at=NOON), host)
    gateway.store_all(host, "found", decided, expects=decided.expects)
    return host


EVENTS = {
    "receive an event": Case(lambda: webhooks.receive("stripe", b"", {}), listening, shown),
    "take an event": Case(lambda: webhooks.take(PAID), early, shown),
    "retry what is parked": Case(webhooks.retry_parked, settled, shown),
}

# ---- payments --------------------------------------------------------------------------------
SEEN: dict[str, Any] = {"actor": OLGA, "reason": "bank statement"}
BY_TRANSFER = recorded_as("c-1", "k-1")
ON_PAGE = gateway.on_page()[1]
LIMIT = CreditLimit(id=limit_id("c-1", "EUR"), customer="c-1", amount=eur(50_000))


def owing(store: Store) -> Host:
    """Return a host whose customer owes 120.00 and has saved a card."""
    return gateway.with_card(5_000, 7_000, store=store)


def charging() -> Job[Payment]:
    """Return the job that charges an invoice."""
    return payments.charge_invoice("i-1", gateway="stripe", attempt=1, actor="cron", reason="due")


def recording() -> Job[Payment]:
    """Return the job that records a payment by hand."""
    return payments.record_payment("c-1", eur(6_000), key="k-1", on=OCTOBER, **SEEN)


def charged(store: Store) -> Host:
    """Return one where a charge is on its way."""
    host = owing(store)
    run(charging(), host)
    return host


def recorded(store: Store) -> Host:
    """Return one where a payment was recorded."""
    host = owing(store)
    run(recording(), host)
    return host


PAYMENTS = {
    "charge an invoice": Case(charging, owing, shown),
    "record a payment": Case(recording, owing, shown),
    "void a payment": Case(lambda: payments.void_payment(BY_TRANSFER, **SEEN), recorded, shown),
    "ask a refund": Case(
        lambda: payments.request_refund(ON_PAGE, eur(12_000), key="r-1", **SEEN),
        lambda store: gateway.on_page(store=store)[0],
        shown,
    ),
    "what is under way": Case(lambda: payments.under_way(LIMIT), charged, shown),
}
GATEWAY = {**INSTRUCTIONS, **EVENTS, **PAYMENTS}
