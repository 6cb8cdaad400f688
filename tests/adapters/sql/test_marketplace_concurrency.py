"""A marketplace on PostgreSQL: eight processes overdraw nothing, double nothing and lose nothing.

They share the books and one gateway double, which they call over a socket. All of them do the same
work in an order of their own: what is to happen once is tried eight times. (spec: reliability A1,
A2, A14, B1, B2, B6)
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from multiprocessing.connection import Client, Connection, Listener
from threading import Thread
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.sql import SqlStore, create_engine
from ledgerkit.domain import connected_accounts, transfers
from ledgerkit.domain.changes import Stale
from ledgerkit.domain.completions import Completed, Completion, Work, quantities_of
from ledgerkit.domain.credit_limits import Override, override_id
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import Notification
from ledgerkit.domain.instructions import DONE, Instruction, Sending
from ledgerkit.domain.ledger import Entry, Hold, Journal, Wallet, capture
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.payments import Payment, notes_for
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateCard, RateKey
from ledgerkit.domain.reconciliation import CLEAN
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.webhooks import WebhookEvent
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.credit_limits import set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.overrides import approve_override, ask_override, use_override
from ledgerkit.jobs.payments import request_refund
from ledgerkit.jobs.reconciliation import reconcile_gateway
from ledgerkit.jobs.sending import send_instructions
from ledgerkit.jobs.settlement import refusal, settlement
from ledgerkit.jobs.verification import verify
from ledgerkit.jobs.webhooks import retry_parked, take
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway, Fault
from ledgerkit.testing.samples import NOON, changes, hour
from tests.people import MARIA, PEDRO, biller
from tests.processes import PROCESSES

pytest_plugins = ("tests.plugins.postgres",)
pytestmark = [pytest.mark.postgres, pytest.mark.slow]
WRITERS, FLIGHTS, OVERRIDES, PAGES = 8, 24, 3, 6
LIMIT, CHARGED, EARNED, HELD = 600_00, 75_00, 60_00, 40_00
TRUSTING = Sending(absent_up_to=(Money(10_000_000, "USD"),))


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


KEY = b"the double"


# ---- a gateway for all processes -------------------------------------------------------------
class Far:
    """The double as another process calls it."""

    def __init__(self, port: int) -> None:
        self._line = Client(("127.0.0.1", port), authkey=KEY)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._call, name)

    def _call(self, name: str, *args: Any, **fields: Any) -> Any:
        self._line.send((name, args, fields))
        return self._line.recv()


class Calls:
    """Lets other processes call *gateway* until it is closed.

    Attributes:
        port: Where they call.
    """

    def __init__(self, gateway: FakeGateway) -> None:
        self._gateway = gateway
        self._listener = Listener(("127.0.0.1", 0), authkey=KEY)
        _, port = self._listener.address
        self.port = int(port)
        self._open = True
        self._thread = Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            line = self._listener.accept()
            if not self._open:
                line.close()
                return
            Thread(target=self._answer, args=(line,)).start()

    def _answer(self, line: Connection) -> None:
        with line, suppress(EOFError):
            while True:
                name, args, fields = line.recv()
                line.send(getattr(self._gateway, name)(*args, **fields))

    def close(self) -> None:
        """Let nobody call any more."""
        self._open = False
        Client(("127.0.0.1", self.port), authkey=KEY).close()
        self._thread.join()
        self._listener.close()


@attrs.frozen
class Place:
    """Where the books and the gateway are."""

    url: str
    port: int

    @contextmanager
    def host(self, gateway: Any = None) -> Generator[Host]:
        """Open a host there; the double is called over a socket unless it is given."""
        if gateway is None:
            gateway = Far(self.port)
        engine = create_engine(self.url, pool_size=2)
        yield Host(store=SqlStore(engine), clock=FakeClock(), gateways={"stripe": gateway})
        engine.dispose()


class Double(FakeGateway):
    """The double, with its clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        super().__init__(self.clock)


@pytest.fixture
def gateway() -> Double:
    """Return a double with one account, 10,000.00 and some calls that will go wrong."""
    gateway = Double()
    gateway.open_account(supplier="tom", email="t@example.org", country="US", key="tom")
    gateway.world.onboard("acct_1")
    gateway.fund(usd(10_000_00))
    gateway.script(
        *(3 * [None, Fault.TIMEOUT_AFTER, Fault.RATE_LIMITED, Fault.ERROR_DONE, None, Fault.ERROR])
    )
    return gateway


@pytest.fixture
def place(fresh_postgres_url: str, gateway: Double) -> Iterator[Place]:
    """Return where a marketplace begins: rates, limits, overrides and six payments."""
    calls = Calls(gateway)
    place = Place(fresh_postgres_url, calls.port)
    with place.host(gateway) as host:
        _open(host)
    for n in range(PAGES):
        url = gateway.checkout(
            customer="cus_dora",
            lines=(("Lessons", usd(100_00)),),
            metadata=notes_for("dora"),
            success_url="https://example.org/s",
            cancel_url="https://example.org/c",
            key=f"page-{n}",
        )
        gateway.pay(url)
    yield place
    calls.close()


def _open(host: Host) -> None:
    since = date(2026, 1, 1)
    rates = tuple(
        CardRate(RateKey(side=side, kind="flight"), Rate(Fraction(cents), "USD"), since)
        for side, cents in ((CHARGE, CHARGED), (PAY, EARNED))
    )
    gateway: Any = host.gateways["stripe"]
    linked = connected_accounts.connect("tom", "acct_1", gateway="stripe").account
    ready = connected_accounts.follow(
        linked, gateway.account_status("acct_1"), gateway="stripe", as_of=NOON
    )
    assert ready is not None
    fund = Entry("gateway:stripe", usd(-10_000_00)), Entry("cash:bank", usd(10_000_00))
    host.store.commit(
        changes(
            "open",
            opens=(Wallet("gateway:stripe"), Wallet("cash:bank"), Wallet("platform")),
            journals=(Journal(id="fund", kind="funded", entries=fund, effective_at=NOON),),
            records=(RateCard("school", "USD", rates), *ready.effects.records),
        )
    )
    for customer in ("ana", "ben", "cleo"):
        limit = usd(0 if customer == "cleo" else LIMIT)
        run(set_credit_limit(customer, limit, actor=MARIA, reason="agreed", key="1"), host)
    for n in range(OVERRIDES):
        asking = ask_override(
            "cleo",
            usd(50_00),
            reference=f"o-{n}",
            reason="pays on Friday",
            expires_at=hour(90),
            actor=MARIA,
        )
        override = run(asking, host)
        run(approve_override(override.id, actor=PEDRO, reason="known"), host)


# ---- what each process does ------------------------------------------------------------------
def fly(host: Host, n: int) -> None:
    """Charge a flight of Ana or Ben; one in three is paid at once."""
    work = Work(
        id=f"f-{n}",
        type="flight",
        customer=("ana", "ben")[n % 2],
        supplier="tom",
        equipment=None,
        quantities=quantities_of({"flight": Fraction(1)}),
        completed_at=NOON,
        zone="UTC",
    )
    paid = transfers.enqueue(
        usd(EARNED), supplier="tom", account="acct_1", gateway="stripe", pays=work.id, at=NOON
    )

    def beside(_: Completed) -> tuple[Any, ...]:
        return () if n % 3 else (paid,)

    run(complete_work(work, card="school", actor="desk", reason="flown", beside=beside), host)


def book(host: Host, writer: int, n: int) -> None:
    """Hold 40.00 of Ana or Ben, and charge them or give them back."""
    id, customer = f"h-{writer}-{n}", ("ana", "ben")[n % 2]
    legs = Entry(f"customer:{customer}", usd(-HELD)), Entry("platform", usd(HELD))
    reserved = Hold(id=id, kind="flight.charged", entries=legs, expires_at=hour(90))
    host.store.commit(changes(id, holds=(reserved,)))
    held = host.store.hold(id)
    assert held is not None
    if (writer + n) % 3:
        host.store.commit(changes(f"{id}/back", releases=(id,)))
    else:
        taken = capture(held, id=f"c-{writer}-{n}", at=NOON)
        host.store.commit(changes(f"{id}/taken", journals=(taken,)))


def let_pass(host: Host, n: int) -> None:
    """Use an override for the one journal that it is for."""
    legs = Entry("customer:cleo", usd(-50_00)), Entry("platform", usd(50_00))
    journal = Journal(id=f"o-{n}", kind="flight.charged", entries=legs, effective_at=NOON)
    run(use_override(override_id("cleo", f"o-{n}"), journal, actor=MARIA, reason="o"), host)


def give_back(host: Host, writer: int, n: int, events: tuple[Notification, ...]) -> None:
    """Ask for 40.00 of a payment of 100.00 back, once all are known."""
    for event in events:
        run(take(event), host)
    payments = sorted(v.record.id for v in host.store.find(Payment).items)
    asked = request_refund(
        payments[n], usd(40_00), key=f"{writer}", actor=biller(f"o-{writer}"), reason="fell out"
    )
    run(asked, host)


def send(host: Host) -> None:
    """Send three instructions."""
    job = send_instructions("stripe", settle=settlement, refuse=refusal, policy=TRUSTING, limit=3)
    run(job, host)


def take_one(host: Host, event: Notification) -> None:
    """Take a webhook."""
    run(take(event), host)


def work(place: Place, writer: int, events: tuple[Notification, ...]) -> Counter[str]:
    """Do everything in an order of one's own; return what was refused, by code."""
    does: list[Callable[[Host], None]] = [partial(fly, n=n) for n in range(FLIGHTS)]
    does += [partial(book, writer=writer, n=n) for n in range(6)]
    does += [partial(let_pass, n=n) for n in range(OVERRIDES)]
    does += [partial(give_back, writer=writer, n=n, events=events) for n in range(PAGES)]
    does += [partial(take_one, event=event) for event in events]
    does += [send] * 10
    random.Random(writer).shuffle(does)
    with place.host() as host:
        return sum((done(host, do, writer) for do in does), Counter[str]())


def done(host: Host, do: Callable[[Host], None], writer: int) -> Counter[str]:
    """Do one thing, again where others came first; return the code of its refusal."""
    assert isinstance(host.clock, FakeClock)
    host.clock.advance(timedelta(seconds=writer))  # clocks differ
    for _ in range(20):
        try:
            do(host)
        except Stale:
            continue
        except LedgerkitError as error:
            return Counter([error.code])
        return Counter()
    return Counter(["stale"])


# ---- the end ---------------------------------------------------------------------------------
def finish(host: Host, gateway: Double) -> None:
    """Let workers go on for three days, and take what webhooks were told since."""
    clocks: Any = host.clock, gateway.clock
    for _ in range(72):
        for clock in clocks:
            clock.advance(timedelta(hours=1))
        run(send_instructions("stripe", settle=settlement, refuse=refusal, policy=TRUSTING), host)
    for event in gateway.world.events:
        run(take(event), host)
    run(retry_parked(), host)


def test_eight_processes_do_the_same_work(place: Place, gateway: Double) -> None:
    """Each flight, override, event and order has one effect, within limits and payments."""
    events = tuple(gateway.world.events)
    with ProcessPoolExecutor(WRITERS, mp_context=PROCESSES) as pool:
        doing = [pool.submit(work, place, n, events) for n in range(WRITERS)]
        said = sum((each.result() for each in doing), Counter[str]())
    with place.host(gateway) as host:
        finish(host, gateway)
        check(host, gateway, said)


def check(host: Host, gateway: Double, said: Counter[str]) -> None:
    """See that nothing is overdrawn, doubled or lost."""
    store = host.store

    def all_of(kind: type[Any]) -> list[Any]:
        return [version.record for version in store.find(kind, limit=10_000).items]

    # Nothing is overdrawn, though more was wanted than there is.
    assert said["insufficient_funds"] > 0
    assert all(-LIMIT <= store.balance(f"customer:{c}", "USD").available for c in ("ana", "ben"))
    # Nothing is doubled and nothing lost.
    shown = books(store)
    assert () == broken_laws(shown)
    assert () == run(verify(), host).problems
    kinds = Counter(p.journal.kind for p in shown.journals)
    flown = {c.id for c in all_of(Completion)}
    captured = len([h for h in shown.holds if h.state == "captured"])
    assert (len(flown), captured + OVERRIDES) == (
        kinds["completion.charged"],
        kinds["flight.charged"],
    )
    assert -CHARGED * len(flown) - HELD * captured == sum(
        store.balance(f"customer:{c}", "USD").posted for c in ("ana", "ben")
    )
    assert -50_00 * OVERRIDES == store.balance("customer:cleo", "USD").posted
    assert {"used"} == {override.status for override in all_of(Override)}
    assert PAGES == len(all_of(Payment))
    assert len(gateway.world.events) == len(all_of(WebhookEvent))
    # Of eight refunds of 40.00 two fit into each 100.00.
    assert {2} == set(Counter(refund.payment for refund in all_of(Refund)).values())
    assert (100_00 - 80_00) * PAGES == store.balance("customer:dora", "USD").posted
    # Each instruction has one effect, and both sides agree to the cent.
    orders = all_of(Instruction)
    assert {DONE} == {each.status for each in orders}
    assert {1} == {len(gateway.made_of(each.id)) for each in orders}
    assert 2 * PAGES + len([f for f in flown if int(f[2:]) % 3 == 0]) == len(orders)
    report = run(
        reconcile_gateway("stripe", on=date(2026, 10, 5), settle=settlement, since=NOON), host
    )
    assert [(CLEAN, ())] == [(each.status, each.items) for each in report.reconciliations]
