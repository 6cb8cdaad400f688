from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from ledgerkit.adapters.sql import ConflictRetry, SqlStore, create_engine, migrate, open_store
from ledgerkit.adapters.sql.connect import ATTEMPTS, Joined, Own, conflict
from ledgerkit.adapters.sql.database import Database, exact, marked
from ledgerkit.domain.ledger import InsufficientFunds, Limit, Wallet
from ledgerkit.testing.samples import changes, transfer
from tests.processes import PROCESSES


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return migrated, empty books in a file."""
    engine = create_engine(f"sqlite:///{tmp_path / 'books.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


def test_every_connection_is_safe(engine: Engine) -> None:
    """What SQLite forgets with a connection is set on each one of the pool."""
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            said = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 5000,
            } == said


@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "postgresql+asyncpg"])
def test_a_driver_that_does_not_wait_is_refused(driver: str) -> None:
    """A store of its own is blocking; a host's async connection is lent to it."""
    with pytest.raises(ValueError, match="needs a blocking driver"):
        create_engine(f"{driver}://user:secret@host/books")


def test_writers_take_the_lock_before_they_read(engine: Engine) -> None:
    """Else two writers would read the same balance and one would be refused half way."""
    with engine.connect() as holder:
        holder.exec_driver_sql("PRAGMA busy_timeout=0")
        began = []

        def work(connection: Connection) -> None:
            with pytest.raises(OperationalError, match="locked"):
                holder.exec_driver_sql("DELETE FROM ledgerkit_counters")
            began.append(True)

        Own(engine).write(work)
    assert [True] == began


def serialization_failure() -> DBAPIError:
    """Return the error of PostgreSQL that asks to run the transaction again."""
    return OperationalError("SELECT 1", None, psycopg.errors.SerializationFailure("again"))


def test_conflicts_are_tried_again(engine: Engine) -> None:
    """Two conflicts and then success: the work is stored once, and nobody hears of it."""
    tried = []

    def work(connection: Connection) -> int:
        tried.append(True)
        Database(connection).run("INSERT INTO ledgerkit_counters VALUES (1, 'c', 1)")
        if len(tried) < 3:
            raise serialization_failure()
        return 5

    assert 5 == Own(engine).write(work)
    assert 3 == len(tried)


def test_conflicts_are_not_tried_for_ever(engine: Engine) -> None:
    """After many attempts the host is asked to run again later."""
    tried = []

    def work(connection: Connection) -> None:
        tried.append(True)
        raise serialization_failure()

    with pytest.raises(ConflictRetry, match=f"40001.*{ATTEMPTS} attempt"):
        Own(engine).write(work)
    assert ATTEMPTS == len(tried)


def test_hosts_try_again_themselves(engine: Engine) -> None:
    """Inside a host's transaction a conflict is told at once; only the host can run it again."""
    tried = []

    def work(connection: Connection) -> None:
        tried.append(True)
        raise serialization_failure()

    with engine.connect() as connection, pytest.raises(ConflictRetry, match="1 attempt"):
        Joined(connection).write(work)
    assert [True] == tried


def test_other_errors_are_not_conflicts(engine: Engine) -> None:
    """A broken statement stays what it is."""
    with engine.connect() as connection, pytest.raises(OperationalError) as caught:
        Database(connection).run("SELECT nonsense")
    assert conflict(caught.value) is None


def test_parameters_in_the_style_of_each_driver() -> None:
    """One text for sqlite3, psycopg and asyncpg."""
    sql = "SELECT ? WHERE a LIKE 'x%' AND b = ?"

    assert sql == marked(sql, "qmark")
    assert "SELECT %s WHERE a LIKE 'x%%' AND b = %s" == marked(sql, "pyformat")
    assert "SELECT $1 WHERE a LIKE 'x%' AND b = $2" == marked(sql, "numeric_dollar")
    with pytest.raises(ValueError, match="named"):
        marked(sql, "named")


def test_sums_pass_64_bits_on_their_way(engine: Engine) -> None:
    """Halves are summed, since SQLite fails where a sum is too large for a moment."""
    most = 2**63 - 1
    amounts = [most, most, -most, -most, 7, -(2**40)]
    with engine.connect() as connection:
        db = Database(connection)
        column = "UNION ALL SELECT ".join(f"{amount} " for amount in amounts)
        row = db.row(f"SELECT {db.total('n')} FROM (SELECT {column.replace(' ', ' AS n ', 1)})")
    assert sum(amounts) == exact(*row)


def spend(url: str, writer: int) -> int:
    """Spend 7.00 from the purse as often as it goes, 15 times at most; return how often."""
    done = 0
    with closing(open_store(url)) as store:
        for n in range(15):
            try:
                key = f"{writer}/{n}"
                store.commit(changes(key, journals=(transfer(key, "purse", "shop", 700),)))
                done += 1
            except InsufficientFunds:
                continue
    return done


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Four processes spend from one purse in a file: 100.00 pay for 14 purchases of 7.00."""
    url = f"sqlite:///{tmp_path / 'books.db'}"
    store = open_store(url)
    opens = Wallet("bank"), Wallet("shop"), Wallet("purse", (Limit("EUR", 0),))
    store.commit(changes("f", opens=opens, journals=(transfer("f", "bank", "purse", 10_000),)))
    with PROCESSES.Pool(4) as pool:
        bought = sum(pool.starmap(spend, [(url, writer) for writer in range(4)]))

    assert 14 == bought
    assert 200 == store.balance("purse", "EUR").posted
    assert 15 == len(store.journals().items)
    store.close()


def test_a_database_in_memory_is_shared_by_threads() -> None:
    """All connections of one engine see the same books."""
    engine = create_engine("sqlite://")
    migrate(engine)
    SqlStore(engine).commit(changes("o", opens=(Wallet("a"),)))

    assert (Wallet("a"),) == SqlStore(engine).wallets()
    with engine.connect() as connection:
        assert 1 == connection.execute(sa.text("SELECT count(*) FROM wallet")).scalar_one()
    engine.dispose()
