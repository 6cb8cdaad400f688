"""Many processes hold, capture, release and spend the money of one wallet on PostgreSQL."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from ledgerkit.adapters.sql import ConflictRetry, SqlStore, create_engine
from ledgerkit.adapters.sql.connect import conflict
from ledgerkit.domain.changes import Changes
from ledgerkit.domain.ledger import (
    Balance,
    HoldCaptured,
    HoldExpired,
    HoldReleased,
    InsufficientFunds,
    Limit,
    Wallet,
    capture,
)
from ledgerkit.domain.ledger.holds import CAPTURED, EXPIRED, OPEN, RELEASED
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.samples import NOON, changes, hold, hour, transfer
from tests.adapters.sql.writers import WRITERS, at_once
from tests.processes import PROCESSES

pytest_plugins = ("tests.plugins.postgres",)
pytestmark = pytest.mark.postgres


def book(url: str, writer: int) -> Counter[str]:
    """Book 60 times: hold 7.00 of the purse, then capture it or a part, give it back or leave it.

    Now and then spend without holding. Return what was done how often.
    """
    chance, said = random.Random(str(writer)), Counter[str]()
    engine = create_engine(url)
    store = SqlStore(engine)
    for n in range(60):
        key, at = f"{writer}/{n}", NOON + timedelta(minutes=n)
        target = chance.choice(["shop", "jar"])
        try:
            if chance.random() < 0.3:
                spent = transfer(f"{key}/s", "purse", target, 300, at=at)
                store.commit(changes(f"{key}/s", at=at, journals=(spent,)))
                continue
            until = at + timedelta(minutes=5)
            booked = hold(f"{key}/h", "purse", target, 700, multi=True, expires_at=until)
            store.commit(changes(f"{key}/h", at=at, holds=(booked,)))
        except InsufficientFunds:
            said["short"] += 1
            continue
        held = store.hold(f"{key}/h")
        assert held is not None
        choice = chance.choice(["whole", "part", "last part", "release", "leave"])
        part = transfer("p", "purse", target, 500).entries if "part" in choice else None
        taken = (capture(held, id=f"{key}/c", at=at, part=part),)
        back = (held.hold.id,) if choice in ("last part", "release") else ()
        journals = () if choice == "release" else taken
        try:
            if choice != "leave":
                store.commit(changes(f"{key}/c", at=at, journals=journals, releases=back))
        except HoldExpired:  # to a writer whose clock is ahead of this one
            choice = "late"
        said[choice] += 1
    engine.dispose()
    return said


@pytest.fixture
def url(fresh_postgres_url: str) -> str:
    """Return where the books are: a purse of 500.00 that may not go below zero."""
    engine = create_engine(fresh_postgres_url)
    opens = (
        Wallet("bank"),
        Wallet("shop"),
        Wallet("purse", (Limit("EUR", 0),)),
        Wallet("jar", (Limit("EUR", ceiling=10**9),)),
    )
    fill = transfer("fill", "bank", "purse", 50_000)
    SqlStore(engine).commit(changes("fill", opens=opens, journals=(fill,)))
    engine.dispose()
    return fresh_postgres_url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Return these books for many connections."""
    engine = create_engine(url, pool_size=WRITERS + 2)
    yield engine
    engine.dispose()


def check_books(engine: Engine) -> None:
    """Every law of the books holds, and what balances keep is what open holds have left."""
    store = SqlStore(engine)
    assert () == broken_laws(books(store))
    assert () == store.problems()
    assert 0 <= store.balance("purse", "EUR").available


def test_eight_processes_overdraw_nothing(url: str, engine: Engine) -> None:
    """500.00 are fought for by 480 bookings of 7.00 or 3.00: sums hold, nobody gets too much."""
    with ProcessPoolExecutor(WRITERS, mp_context=PROCESSES) as pool:
        writers = [pool.submit(book, url, n) for n in range(WRITERS)]
        said = sum((each.result(timeout=240) for each in writers), Counter[str]())
    states = Counter(held.state for held in SqlStore(engine).holds(limit=10_000).items)

    check_books(engine)
    assert said["short"] > 0
    assert states[CAPTURED] == said["whole"]
    assert states[RELEASED] == said["last part"] + said["release"]
    assert states[OPEN] + states[EXPIRED] == said["part"] + said["leave"] + said["late"]
    assert states[EXPIRED] > 0


def test_a_hold_is_settled_once(engine: Engine) -> None:
    """Eight writers capture and release the same holds, also between wallets without limits."""
    store = SqlStore(engine)
    holds = [hold(f"h-{n}", ("purse", "bank")[n % 2], "shop", 7) for n in range(12)]
    store.commit(changes("holds", holds=tuple(holds)))
    placed = [store.hold(each.id) for each in holds]

    def work(writer: int) -> list[str]:
        mine, settled = SqlStore(engine), []
        for n in random.Random(writer).sample(range(12), 12):
            held = placed[n]
            assert held is not None
            key = f"{writer}/{n}"
            journals = (capture(held, id=key, at=NOON),) if writer % 2 else ()
            releases = () if writer % 2 else (held.hold.id,)
            try:
                mine.commit(changes(key, journals=journals, releases=releases))
            except (HoldCaptured, HoldReleased):
                continue
            settled.append(held.hold.id)
        return settled

    settled = sorted(id for each in at_once(work) for id in each)

    assert sorted(each.id for each in holds) == settled
    assert {CAPTURED, RELEASED} >= {held.state for held in store.holds().items}
    assert [] == [key for key, held in store.balances().items() if held.held_out or held.held_in]
    check_books(engine)


def test_a_multi_hold_gives_no_more_than_it_has(engine: Engine) -> None:
    """Eight writers capture 1.00 of one hold of 20.00 for as long as they can."""
    store = SqlStore(engine)
    store.commit(changes("h", holds=(hold("h", "purse", "shop", 2000, multi=True),)))
    held = store.hold("h")
    assert held is not None
    part = transfer("part", "purse", "shop", 100).entries

    def work(writer: int) -> int:
        mine, done = SqlStore(engine), 0
        for n in range(5):
            taken = capture(held, id=f"{writer}/{n}", at=NOON, part=part)
            try:
                mine.commit(changes(taken.id, journals=(taken,)))
                done += 1
            except HoldCaptured:
                break
        return done

    assert 20 == sum(at_once(work))
    assert Balance(48_000) == store.balance("purse", "EUR")
    check_books(engine)


def test_what_has_expired_is_given_to_one(engine: Engine) -> None:
    """All is held and has expired; of eight who need half of it each, two get it."""
    store = SqlStore(engine)
    over = [hold(f"h-{n}", "purse", "jar", 10_000, expires_at=hour(1)) for n in range(5)]
    store.commit(changes("holds", holds=tuple(over)))

    def work(writer: int) -> bool:
        spent = transfer(f"s-{writer}", "purse", "shop", 25_000, at=hour(1))
        try:
            SqlStore(engine).commit(changes(spent.id, at=hour(1), journals=(spent,)))
        except InsufficientFunds:
            return False
        return True

    assert 2 == sum(at_once(work))
    assert {EXPIRED} == {held.state for held in store.holds().items}
    assert Balance(0) == store.balance("purse", "EUR")
    assert Balance(0) == store.balance("jar", "EUR")
    check_books(engine)


def test_limits_come_while_others_hold(engine: Engine) -> None:
    """A wallet in use gets a floor: what was held counts, and from then on the floor holds."""
    store = SqlStore(engine)

    def work(writer: int) -> int:
        mine, limited_at = SqlStore(engine), 0
        for n in range(12):
            try:
                if writer == 0 and n == 2:
                    limited = Wallet("bank", (Limit("EUR", -51_000),))
                    mine.commit(changes("limit", policies=(limited,)))
                    limited_at = mine.balance("bank", "EUR").available
                booked = hold(f"{writer}/{n}", "bank", "shop", 100)
                mine.commit(changes(booked.id, holds=(booked,)))
            except InsufficientFunds:
                continue
        return limited_at

    limited_at = sum(at_once(work))
    available = store.balance("bank", "EUR").available

    assert available == (min(-51000, limited_at))
    check_books(engine)


def test_holds_inside_host_transactions(engine: Engine) -> None:
    """Floors hold at each isolation level; stricter hosts are asked to run again."""

    def work(writer: int) -> Counter[str]:
        level = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"][writer % 3]
        host = engine.execution_options(isolation_level=level)
        done = Counter[str]()
        for n in range(12):
            id = f"{writer}/{n}"
            booked = hold(id, "purse", "shop", 700)
            done.update(_in_host(host, changes(id, holds=(booked,))))
            held = SqlStore(engine).hold(id)
            if n % 2 and held is not None:
                taken = capture(held, id=f"{id}/c", at=NOON)
                done.update(_in_host(host, changes(taken.id, journals=(taken,))))
        return done

    done = sum(at_once(work), Counter[str]())
    states = Counter(held.state for held in SqlStore(engine).holds(limit=1000).items)

    assert 50_000 // 700 == sum(states.values())
    assert {"stored", "insufficient_funds"} == done.keys()
    check_books(engine)


def _in_host(host: Engine, wanted: Changes) -> list[str]:
    for _ in range(300):
        try:
            with host.begin() as connection:
                SqlStore(connection).commit(wanted)
        except ConflictRetry:
            continue
        except DBAPIError as error:  # the host's own COMMIT, or a read
            assert conflict(error) is not None
            continue
        except InsufficientFunds as error:
            return [error.code]
        return ["stored"]
    return ["given up"]
