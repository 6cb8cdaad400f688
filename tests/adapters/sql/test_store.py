from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ledgerkit.adapters.sql import SqlStore, TooManyLegs, create_engine, migrate, open_store
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.folding import FOLD_EVERY
from ledgerkit.adapters.system_clock import SystemClock
from ledgerkit.domain.changes import Changes, Draw, Series
from ledgerkit.domain.ledger import (
    AsOf,
    Entry,
    InsufficientFunds,
    Journal,
    Limit,
    Overflow,
    Wallet,
    WalletFrozen,
)
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.parties import Party
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.verification import verify
from ledgerkit.testing.books import books
from ledgerkit.testing.samples import NOON, OCTOBER, changes, hour, invoice, transfer

pytest_plugins = ("tests.plugins.postgres",)
INT64 = 2**63 - 1


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Return migrated, empty books."""
    url = f"sqlite:///{tmp_path / 'books.db'}"
    if request.param == "postgres":
        url = str(request.getfixturevalue("fresh_postgres_url"))
    engine = create_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()


def everything(tenant: str) -> Changes:
    """Return the same changes for every tenant, but for the amount."""
    return changes(
        "k-1",
        opens=(Wallet("a", (Limit("EUR", -1000),)), Wallet("b")),
        journals=(transfer("j-1", "a", "b", len(tenant)),),
        records=(invoice("i-1"), Party(id="p-1", role="customer", name=tenant, currency="EUR")),
        draws=(Draw("i-1", Series("INV"), OCTOBER),),
        messages=(Message("m-1", "notice", tenant),),
    )


def test_tenants_do_not_see_each_other(engine: Engine) -> None:
    """The same keys, ids and numbers in three books, and each has its own."""
    names = ["one", "three", "o'ne \N{SNOWMAN}"]
    stores = {name: SqlStore(engine, tenant=name) for name in names}
    for name, store in stores.items():
        assert not store.commit(everything(name)).replayed
    before = {name: books(store) for name, store in stores.items()}
    stores["three"].commit(changes("k-2", journals=(transfer("j-2", "a", "b", 100),)))

    for name, store in stores.items():
        assert len(name) == store.balance("b", "EUR").posted - 100 * (name == "three")
        assert [1, 2][: 1 + (name == "three")] == [p.sequence for p in store.journals().items]
        assert ("INV-00001",) == tuple(number.text for number in store.numbers())
        assert name == store.claim("notice", at=NOON, lease=hour(1) - NOON)[0].message.recipient
        assert name == "three" or before[name] == books(store)
    nobody = SqlStore(engine, tenant="nobody")
    assert () == nobody.wallets()
    assert () == nobody.journals().items
    assert {} == nobody.balances()
    assert nobody.load(Party, "p-1") is None


def many_legs(count: int) -> Journal:
    """Return a journal of *count* legs on two wallets."""
    legs = [Entry("a", Money(-1, "EUR")), Entry("b", Money(1, "EUR"))] * (count // 2)
    return Journal(id=f"j-{count}", kind="test", entries=tuple(legs), effective_at=NOON)


def test_journals_of_many_legs(engine: Engine) -> None:
    """4,096 legs have a number each; more are refused by a sentence, and nothing is stored."""
    store = SqlStore(engine)
    store.commit(changes("o", opens=(Wallet("a"), Wallet("b"))))
    store.commit(changes("k-1", journals=(many_legs(4096), transfer("j", "a", "b", 1))))

    assert 2049 == store.balance("b", "EUR").posted
    posted = store.journal("j-4096")
    assert posted is not None
    assert many_legs(4096) == posted.journal
    with pytest.raises(TooManyLegs, match="has 4098 legs and this store numbers 4096"):
        store.commit(changes("k-2", journals=(many_legs(4098),)))
    assert 2049 == store.balance("b", "EUR").posted


@pytest.mark.parametrize("limits", [(), (Limit("EUR", -INT64),)])
def test_64_bits_are_the_most(engine: Engine, limits: tuple[Limit, ...]) -> None:
    """Sums go to the last unit of 64 bits and not beyond, in any order of reading them."""
    store = SqlStore(engine)
    store.commit(changes("o", opens=(Wallet("a", limits), Wallet("b"))))
    half = INT64 // 2
    for n, minor in enumerate([half, half, 1]):
        store.commit(
            changes(
                f"k-{n}",
                at=hour(n),
                journals=(transfer(f"j-{n}", "a", "b", minor, at=hour(-n)),),
            )
        )
    with pytest.raises(Overflow):
        store.commit(changes("k-9", at=hour(9), journals=(transfer("j-9", "a", "b", 1),)))
    store.commit(changes("k-8", at=hour(9), journals=(transfer("j-8", "b", "a", INT64),)))

    assert (0, 0) == (store.balance("a", "EUR").posted, store.balance("b", "EUR").posted)
    assert INT64 == store.balance("b", "EUR", AsOf(recorded_at=hour(3))).posted
    assert 0 == store.balance("b", "EUR", AsOf(effective_at=hour(9))).posted
    assert INT64 == store.entries("b").items[2].running.minor


def test_a_page_does_not_read_what_follows_it(tmp_path: Path) -> None:
    """A journal that cannot be read is named by its own number, and by no other."""
    engine = create_engine(f"sqlite:///{tmp_path / 'torn.db'}")
    migrate(engine)
    store = SqlStore(engine)
    legs = tuple(transfer(f"j-{n}", "a", "b", 5) for n in range(1, 4))
    store.commit(changes("k", opens=(Wallet("a"), Wallet("b")), journals=legs))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER ledgerkit_entries_update"))
        connection.execute(sa.text("UPDATE ledgerkit_entries SET amount = 6 WHERE id = 3 << 12"))

    page = store.journals(after=1, limit=1)
    broken = run(verify(), Host(store=store, clock=SystemClock())).problems

    assert (["j-2"], 2) == ([posted.journal.id for posted in page.items], page.next)
    unread = [problem.subject for problem in broken if problem.code == "unbalanced"]
    assert ["journal number 3"] == unread
    engine.dispose()


def test_another_store_changes_a_policy(engine: Engine) -> None:
    """What a store remembers of wallets ends with the next policy, whoever set it."""
    first, second = SqlStore(engine), SqlStore(engine)
    first.commit(changes("o", opens=(Wallet("a"), Wallet("b"))))
    for n in range(3):
        first.commit(changes(f"k-{n}", journals=(transfer(f"j-{n}", "a", "b", 5),)))
    second.commit(changes("freeze", policies=(Wallet("b", status="frozen"),)))

    with pytest.raises(WalletFrozen):
        first.commit(changes("k-3", journals=(transfer("j-3", "a", "b", 5),)))
    second.commit(changes("limit", policies=(Wallet("b"), Wallet("a", (Limit("EUR", -20),)))))
    first.commit(changes("k-4", journals=(transfer("j-4", "a", "b", 5),)))
    with pytest.raises(InsufficientFunds):
        first.commit(changes("k-5", journals=(transfer("j-5", "a", "b", 5),)))
    second.commit(changes("free", policies=(Wallet("a"),)))
    first.commit(changes("k-6", journals=(transfer("j-6", "a", "b", 5),)))

    assert -25 == first.balance("a", "EUR").posted
    assert Wallet("a") == second.wallet("a")


def test_a_rolled_back_host_teaches_nothing(engine: Engine) -> None:
    """Rows that a host took back are not remembered, for their ids name something else later."""
    store = SqlStore(engine)
    store.commit(changes("o", opens=(Wallet("a"),)))
    with engine.connect() as connection:
        inside = SqlStore(connection)
        for n in range(2):
            inside.commit(
                changes(f"k-{n}", opens=(Wallet("b"),), journals=(transfer(f"j-{n}", "a", "b", 5),))
            )
        connection.rollback()
    store.commit(changes("c", opens=(Wallet("c"),), journals=(transfer("j-c", "a", "c", 7),)))
    store.commit(changes("b", opens=(Wallet("b"),), journals=(transfer("j-b", "a", "b", 5),)))

    assert {("a", "EUR"): -12, ("b", "EUR"): 5, ("c", "EUR"): 7} == {
        key: held.posted for key, held in store.balances().items()
    }


def test_threads_share_a_store(engine: Engine) -> None:
    """One store for all threads of a process."""
    store = SqlStore(engine)
    store.commit(changes("o", opens=(Wallet("a", (Limit("EUR", -200),)), Wallet("b"))))

    def work(thread: int) -> int:
        done = 0
        for n in range(10):
            key = f"{thread}/{n}"
            try:
                store.commit(changes(key, journals=(transfer(key, "a", "b", 5),)))
                done += 1
            except InsufficientFunds:
                continue
        return done

    with ThreadPoolExecutor(6) as pool:
        assert 40 == sum(pool.map(work, range(6)))
    assert -200 == store.balance("a", "EUR").posted


def test_few_statements_for_a_commit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its wallets are known, a journal costs one statement in PostgreSQL, seven in SQLite."""
    store = SqlStore(engine)
    store.commit(changes("o", opens=(Wallet("a", (Limit("EUR", -99),)), Wallet("b"))))
    for n in range(2):
        store.commit(changes(f"k-{n}", journals=(transfer(f"j-{n}", "a", "b", 5),)))
    seen: list[str] = []
    for name in ("_run", "run_many"):
        monkeypatch.setattr(Database, name, watched(getattr(Database, name), seen))
    store.commit(changes("k-9", journals=(transfer("j-9", "a", "b", 5),)))

    assert (1 if engine.dialect.name == "postgresql" else 7) == len(seen)


def watched(method: Callable[..., Any], seen: list[str]) -> Callable[..., Any]:
    """Return *method*, noting the statements that it runs."""

    def run(self: Database, sql: str, *values: Any) -> Any:
        seen.append(sql)
        return method(self, sql, *values)

    return run


@pytest.mark.postgres
def test_deltas_are_folded(fresh_postgres_url: str) -> None:
    """Behind a balance without limits there is never much to add up, and it is always exact."""
    engine = create_engine(fresh_postgres_url)
    store = SqlStore(engine)
    store.commit(changes("o", opens=(Wallet("a"), Wallet("b"))))
    deltas = []
    for n in range(5):
        size = FOLD_EVERY // 2
        many = [
            changes(f"{n}/{m}", journals=(transfer(f"{n}/{m}", "a", "b", 1),)) for m in range(size)
        ]
        store.commit_all(many)
        assert (n + 1) * size == store.balance("b", "EUR").posted
        with engine.connect() as connection:
            sql = sa.text("SELECT count(*) FROM ledgerkit_deltas")
            deltas.append(connection.execute(sql).scalar_one())
    store.fold()
    with engine.connect() as connection:
        posted = connection.execute(sa.text("SELECT max(posted) FROM ledgerkit_balances"))
        assert 5 * FOLD_EVERY // 2 == posted.scalar_one()
    assert max(deltas) <= 4
    engine.dispose()


def test_open_store_keeps_its_books(tmp_path: Path) -> None:
    """Opened again, a file holds what it held."""
    url = f"sqlite:///{tmp_path / 'books.db'}"
    with closing(open_store(url)) as store:
        store.commit(everything("one"))
    with closing(open_store(url)) as again:
        assert again.commit(everything("one")).replayed
        assert 3 == again.balance("b", "EUR").posted


def test_a_store_needs_a_connection() -> None:
    """Anything else is refused by name."""
    with pytest.raises(TypeError, match="Engine or Connection"):
        SqlStore("sqlite://")  # type: ignore[arg-type]
