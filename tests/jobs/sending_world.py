"""A small world of sending: a host with a double for a gateway, and what its objects do to books.

The settlement here is as simple as can be: a charge or transfer that is done is posted once under
the event of its object, and the instruction follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import gateways
from ledgerkit.domain.changes import Effects, expect
from ledgerkit.domain.gateways import (
    CHARGE,
    ChargeOrder,
    GatewayObject,
    Order,
    Outcome,
    TransferOrder,
    link_id,
)
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import (
    Instruction,
    Sending,
    answered,
    follow,
    instruct,
    park,
    sent,
)
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.jobs import steps
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.sending import SendingReport, send_instructions
from ledgerkit.jobs.settlement import Settle, Settlement
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import DECLINED, FakeGateway
from ledgerkit.testing.fakes.gateway.faults import TIMEOUT
from ledgerkit.testing.samples import NOON, changes

STRIPE = "stripe"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TRUSTING = Sending(absent_up_to=(Money(1_000_000, "EUR"),))


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def charge(minor: int = 5000, method: str = "") -> ChargeOrder:
    """Return the order to charge a customer."""
    return ChargeOrder(amount=eur(minor), customer="cus_ana", method=method)


def transfer(minor: int = 3000, source: str = "") -> TransferOrder:
    """Return the order to pay a supplier."""
    return TransferOrder(amount=eur(minor), account="acct_1", source=source)


# ---- settlement ------------------------------------------------------------------------------
async def settle(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
    """Book *told* under the event of its object, and let its instruction follow it."""
    read = await steps.load(Instruction, told.instruction or "none")
    if read is None:
        return Settlement(parked=True)
    moved = follow(read.record, told, at=at)
    if moved is None:
        return Settlement(expects=(expect(read),))
    event = Event(f"gateway.{told.kind}", link_id(gateway, told.id))
    booked = await steps.posted_events([event])
    effects = moved.effects
    if told.status == gateways.DONE and event not in booked:
        effects += booking(told, event, gateway, read.record.party, at)
    return Settlement(effects=effects, expects=(expect(read),))


def booking(told: GatewayObject, event: Event, gateway: str, party: str, at: datetime) -> Effects:
    """Return the journal of what was done, and its wallets."""
    role, sign = ("customer", 1) if told.kind == CHARGE else ("supplier", -1)
    entries = [
        Entry(f"{role}:{party}", told.amount * sign),
        Entry(f"gateway:{gateway}", told.amount * -sign),
    ]
    if told.fee is not None and told.fee.minor:
        entries += [Entry("platform", -told.fee), Entry(f"gateway:{gateway}", told.fee)]
    journal = Journal(
        id=derive("jrn", "in", event.id),
        kind=f"{told.kind}.done",
        entries=tuple(entries),
        effective_at=at,
        event=event,
    )
    return Effects(journals=(journal,), opens=tuple(Wallet(entry.wallet) for entry in entries))


async def refuse(instruction: Instruction, outcome: Outcome, *, at: datetime) -> Settlement:
    """Let the instruction be refused; nothing else depends on it here."""
    read = await steps.load(Instruction, instruction.id)
    assert read is not None
    return Settlement(
        effects=answered(read.record, outcome, at=at).effects, expects=(expect(read),)
    )


# ---- hosts and workers -----------------------------------------------------------------------
def host_with(*orders: Order, store: Store | None = None, **fields: Any) -> Host:
    """Return a host whose store holds an instruction for each of *orders*; see `ids_of`."""
    clock = FakeClock()
    gateway = FakeGateway(clock)
    gateway.open_account(supplier="tom", email="tom@example.org", country="ES", key="tom")
    gateway.world.onboard("acct_1")
    gateway.fund(eur(100_000))
    store = MemoryStore() if store is None else store
    for number, order in enumerate(orders, start=1):
        asked = instruct(
            order, gateway=STRIPE, subject=f"s-{number}", party=f"p-{number}", at=NOON, **fields
        )
        effects = asked.effects
        store.commit(changes(f"ask {number}", records=effects.records, messages=effects.messages))
    return Host(store=store, clock=clock, gateways={STRIPE: gateway})


def ids_of(*orders: Order) -> tuple[str, ...]:
    """Return the ids that `host_with` gives the instructions of *orders*."""
    return tuple(
        instruct(order, gateway=STRIPE, subject=f"s-{n}", party=f"p-{n}", at=NOON).instruction.id
        for n, order in enumerate(orders, start=1)
    )


def worker(
    policy: Sending = TRUSTING, *, book: Settle = settle, **options: Any
) -> Job[SendingReport]:
    """Return a run of a worker."""
    return send_instructions(STRIPE, settle=book, refuse=refuse, policy=policy, **options)


def double(host: Host) -> FakeGateway:
    """Return the double of *host*."""
    gateway = host.gateways[STRIPE]
    assert isinstance(gateway, FakeGateway)
    return gateway


def clock(host: Host) -> FakeClock:
    """Return the clock of *host*."""
    assert isinstance(host.clock, FakeClock)
    return host.clock


def instruction(host: Host, id: str) -> Instruction:
    """Return the newest state of the instruction *id*."""
    read = host.store.load(Instruction, id)
    assert read is not None
    return read.record


def work(
    host: Host,
    *,
    hours: int = 0,
    every: timedelta = HOUR,
    job: Callable[[], Job[SendingReport]] = worker,
) -> list[SendingReport]:
    """Run a worker now and *every* so often for so many *hours*; return its reports."""
    reports = [run(job(), host)]
    end = host.clock.now() + hours * HOUR
    while host.clock.now() < end:
        clock(host).advance(every)
        reports.append(run(job(), host))
    return reports


def outcome(host: Host) -> object:
    """Return what must come out the same: balances, where instructions end, and the effects."""
    shown = books(host.store)
    assert () == broken_laws(shown)
    ends = [
        (each.record.id, each.record.status, bool(each.record.object), each.record.generation)
        for each in host.store.find(Instruction).items
    ]
    made = [(id, len(double(host).made_of(id))) for id, *_ in ends]
    assert [] == [id for id, times in made if times > 1]
    return shown.balances, len(shown.journals), ends, made


def days_later(host: Host) -> None:
    """Let two days pass with a worker about every hour; the gateway works again."""
    work(host, hours=48)


# ---- for the table of crashes ----------------------------------------------------------------
ORDERS = (charge(), transfer(), charge(method=DECLINED))


def asked_host(store: Store) -> Host:
    """Return a host that is asked for a charge, a transfer and a charge that is declined."""
    return host_with(*ORDERS, store=store)


def parked_host(store: Store) -> Host:
    """Return a host whose first order was lost and looked up in vain, and is with a person."""
    host = host_with(charge(), store=store)
    (id,) = ids_of(charge())
    read = store.load(Instruction, id)
    assert read is not None
    lost = answered(sent(read.record, at=NOON).instruction, TIMEOUT, at=NOON).instruction
    looked = attrs.evolve(lost, looked_up_at=NOON + DAY)
    parked = park(looked, "absent").instruction
    store.commit(changes("park", records=(parked,), expects=(expect(read),)))
    clock(host).advance(DAY)
    return host
