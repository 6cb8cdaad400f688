"""Credit limits in stores: what a check allows passes, and an override lets one posting pass."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from threading import Barrier  # what one of multiprocessing's managers stands in for

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore, open_store
from ledgerkit.domain.changes import Stale
from ledgerkit.domain.credit_limits import LimitSet, Override, OverrideExceeded
from ledgerkit.domain.ledger import Event, InsufficientFunds, Wallet
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.jobs.credit_limits import check_booking, set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.overrides import approve_override, ask_override, use_override
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import changes, hour, transfer
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.migrated import migrated
from tests.people import MARIA, PEDRO
from tests.processes import PROCESSES

pytest_plugins = ("tests.plugins.postgres",)
WRITERS, RACES = 8, 10


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


@contextmanager
def stores() -> Generator[tuple[Store, Store]]:
    """Return an empty store of each kind that needs no server."""
    engine = migrated()
    try:
        yield MemoryStore(), SqlStore(engine)
    finally:
        engine.dispose()


def opened(store: Store, *, limit: int, held: int = 0) -> Host:
    """Return a host whose customer ana holds so much and may owe up to *limit*."""
    host = Host(store=store, clock=FakeClock())
    start = transfer("start", "till", "customer:ana", held) if held else None
    store.commit(
        changes(
            "open",
            opens=(Wallet("customer:ana"), Wallet("till")),
            journals=() if start is None else (start,),
        )
    )
    run(set_credit_limit("ana", eur(limit), actor=MARIA, reason="agreed", key="1"), host)
    return host


def granted(host: Host, minor: int, *, reference: str = "booking-7") -> str:
    """Have an override of *minor* approved; return its id."""
    asked = ask_override(
        "ana",
        eur(minor),
        reference=reference,
        reason="pays on Friday",
        expires_at=hour(24),
        actor=MARIA,
    )
    id = run(asked, host).id
    run(approve_override(id, actor=PEDRO, reason="known for years"), host)
    return id


@settings(max_examples=15)
@given(st.integers(-700, 700), st.integers(0, 700), st.integers(1, 1_400))
def test_allowed_is_what_the_store_lets_pass(held: int, limit: int, proposed: int) -> None:
    """The limit is the floor, so a check says what the posting will meet; in both stores."""
    with stores() as both:
        for store in both:
            host = opened(store, limit=limit, held=held)
            found = run(check_booking("ana", eur(proposed), actor=MARIA), host)
            spent = transfer("spent", "customer:ana", "till", proposed)
            try:
                store.commit(changes("spend", journals=(spent,)))
            except InsufficientFunds:
                assert not found.allowed
            else:
                assert found.allowed


def race(store: Store) -> None:
    """Set a limit in euros and, before any of its five steps, one in dollars: both floors hold.

    The customer has no limit before, or one in a third currency.
    """
    host = Host(store=store, clock=FakeClock())

    def limit(customer: str, currency: str) -> Job[LimitSet]:
        amount = Money(700, currency)
        return set_credit_limit(customer, amount, actor=MARIA, reason="agreed", key=currency)

    for moment in range(1, 6):
        for customer in (f"new-{moment}", f"known-{moment}"):
            if customer.startswith("known"):
                run(limit(customer, "JPY"), host)
            other = overtaken(partial(limit, customer, "USD"))
            run(limit(customer, "EUR"), Rigged(host, {moment: other}))
            wallet = store.wallet(f"customer:{customer}") or Wallet("none")

            assert {"EUR": -700, "USD": -700} == {
                each.currency: each.floor for each in wallet.limits if each.currency != "JPY"
            }
            assert customer.startswith("new") or wallet.limit("JPY").floor == -700


def test_limits_in_two_currencies_at_once() -> None:
    """One policy holds both floors, and none is lost, in both stores. (B2)"""
    with stores() as both:
        for store in both:
            race(store)


@pytest.mark.postgres
def test_limits_in_two_currencies_at_once_in_postgres(fresh_postgres_url: str) -> None:
    """The same, and of four threads with a currency each all floors hold in the end. (B2)"""
    with closing(open_store(fresh_postgres_url)) as store:
        race(store)
        host = Host(store=store, clock=FakeClock())
        codes = [f"C0{n}" for n in range(4)]

        def limit(code: str) -> None:
            job = set_credit_limit("bo", Money(5, code), actor=MARIA, reason="agreed", key=code)
            run(job, host)

        with ThreadPoolExecutor(len(codes)) as pool:
            list(pool.map(limit, codes))
        wallet = store.wallet("customer:bo") or Wallet("none")

        assert codes == sorted(each.currency for each in wallet.limits)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 15_000), min_size=1, max_size=6))
def test_an_override_lets_exactly_one_posting_pass(amounts: list[int]) -> None:
    """The first one that fits, in both stores; nothing else moves the wallet."""
    with stores() as both:
        for store in both:
            host = opened(store, limit=0)
            id = granted(host, 12_000)
            for n, minor in enumerate(amounts):
                journal = transfer(
                    f"jrn_{n}", "customer:ana", "platform", minor, event=Event("b", "booking-7")
                )
                try:
                    run(
                        use_override(
                            id, journal, actor=MARIA, reason="x", opens=(Wallet("platform"),)
                        ),
                        host,
                    )
                except (OverrideExceeded, IllegalTransition):
                    continue
            fitting = [minor for minor in amounts if minor <= 12_000]

            assert -sum(fitting[:1]) == store.balance("customer:ana", "EUR").posted


def use(url: str, ids: list[str], writer: int, together: Barrier) -> list[str]:
    """Try to post by each of *ids* at the same moment as all others; return those that passed."""
    passed: list[str] = []
    with closing(open_store(url)) as store:
        host = Host(store=store, clock=FakeClock())
        for n, id in enumerate(ids):
            event = Event("b", f"booking-{n}")
            journal = transfer(f"jrn_{writer}_{n}", "customer:ana", "till", 1_000, event=event)
            together.wait(timeout=60)
            try:
                run(use_override(id, journal, actor=MARIA, reason="x"), host)
                passed.append(id)
            except (IllegalTransition, Stale, InsufficientFunds):
                continue
    return passed


@pytest.mark.postgres
def test_an_override_lets_one_of_eight_processes_pass(fresh_postgres_url: str) -> None:
    """However many try at once, one journal names each, and the customer owes 10.00 of it. (B2)"""
    with closing(open_store(fresh_postgres_url)) as store, PROCESSES.Manager() as shared:
        host = opened(store, limit=0)
        ids = [granted(host, 1_000, reference=f"booking-{n}") for n in range(RACES)]
        together = shared.Barrier(WRITERS)
        with ProcessPoolExecutor(WRITERS, mp_context=PROCESSES) as pool:
            tried = [pool.submit(use, fresh_postgres_url, ids, n, together) for n in range(WRITERS)]
            passed = [id for each in tried for id in each.result()]
        read = [version.record for version in store.find(Override).items]
        forced = {p.journal.forced_by: p.journal.id for p in store.journals().items}

        assert sorted(ids) == sorted(passed)
        assert {each.id: each.journal for each in read} == forced
        assert -1_000 * RACES == store.balance("customer:ana", "EUR").posted
