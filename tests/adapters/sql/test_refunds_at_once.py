"""Refunds asked for by eight processes at once on PostgreSQL: never more back than came in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from threading import Barrier  # what one of multiprocessing's managers stands in for

import pytest

from ledgerkit.adapters.sql import SqlStore, create_engine
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.refunds import OverRefunded, Refund
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payments import request_refund
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import NOON
from tests.jobs.gateway_world import charge, deliver, eur, event, owing, refund, statuses, wallets
from tests.people import biller
from tests.processes import PROCESSES

pytest_plugins = ("tests.plugins.postgres",)
pytestmark = pytest.mark.postgres
WRITERS = 8


@contextmanager
def opened(url: str) -> Generator[Host]:
    """Open the books at *url* for a while."""
    engine = create_engine(url)
    yield Host(store=SqlStore(engine), clock=FakeClock(NOON))
    engine.dispose()


@pytest.fixture
def host(fresh_postgres_url: str) -> Iterator[Host]:
    """Return a host whose customer owes 50.00 and 70.00."""
    with opened(fresh_postgres_url) as host:
        owing(5_000, 7_000, store=host.store)
        yield host


def ask(url: str, payment: str, key: str, together: Barrier) -> str:
    """Ask for a refund of 50.00 at the same moment as all others; return what became of it."""
    wanted = request_refund(payment, eur(5_000), key=key, actor=biller(key), reason="fell out")
    with opened(url) as host:
        host.store.load(Payment, payment)  # connected, before all begin
        together.wait(timeout=60)
        try:
            run(wanted, host)
        except OverRefunded:
            return "refused"
        return "asked"


def take_all(url: str, backwards: bool) -> None:
    """Take the same events as everybody, in one's own order."""
    states = [charge(), refund("done", 7_000), charge("done", fee=eur(300))]
    events = [event(f"e{n}", state) for n, state in enumerate(states)]
    with opened(url) as host:
        deliver(host, *(reversed(events) if backwards else events))


def test_two_refunds_at_once_are_within_the_payment(host: Host, fresh_postgres_url: str) -> None:
    """120.00 came in; of eight refunds of 50.00 two are asked for, the others are refused."""
    deliver(host, event("e1", charge()))
    (paid,) = host.store.find(Payment).items
    with (
        PROCESSES.Manager() as shared,
        ProcessPoolExecutor(WRITERS, mp_context=PROCESSES) as pool,
    ):
        together = shared.Barrier(WRITERS)
        asked = [
            pool.submit(ask, fresh_postgres_url, paid.record.id, f"r-{n}", together)
            for n in range(WRITERS)
        ]
        said = Counter(each.result() for each in asked)
    kept = host.store.load(Payment, paid.record.id)
    assert kept is not None

    assert {"asked": 2, "refused": 6} == said
    assert (2, 2) == (len(host.store.find(Refund).items), len(host.store.find(Instruction).items))
    assert (eur(2_000), 2) == (kept.record.refundable, len(kept.record.outs))


def test_events_taken_by_eight_at_once_have_one_effect(host: Host, fresh_postgres_url: str) -> None:
    """A1 to A3: all take the same events, half of them backwards."""
    with ProcessPoolExecutor(WRITERS, mp_context=PROCESSES) as pool:
        list(pool.map(take_all, [fresh_postgres_url] * WRITERS, [False, True] * 4))

    assert {"customer:c-1": 5_000, "gateway:stripe": -4_700, "platform": -300} == wallets(host)
    assert ("paid", "issued") == statuses(host, "i-1", "i-2")
    assert 3 == len(host.store.journals().items)
