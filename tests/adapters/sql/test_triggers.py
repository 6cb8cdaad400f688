from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.adapters.sql.triggers import APPEND_ONLY
from ledgerkit.domain.changes import Draw, Series
from ledgerkit.domain.ledger import Wallet
from ledgerkit.testing.books import books
from ledgerkit.testing.samples import OCTOBER, changes, hold, hour, invoice, transfer

pytest_plugins = ("tests.plugins.postgres",)


def fill(engine: Engine) -> SqlStore:
    """Return a store with at least one row in each table that only grows."""
    store = SqlStore(engine)
    store.commit(
        changes(
            "k-1",
            opens=(Wallet("a"), Wallet("b")),
            journals=(transfer("j-1", "a", "b", 5),),
            records=(invoice("i-1"),),
            draws=(Draw("i-1", Series("INV"), OCTOBER),),
        )
    )
    store.commit(changes("k-2", at=hour(1), closes_before=hour(0)))
    store.commit(changes("k-3", holds=(hold("h", "a", "b", 5),)))
    store.commit(changes("k-4", releases=("h",)))
    return store


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Engine]:
    """Return migrated books in a file."""
    engine = create_engine(f"sqlite:///{tmp_path / 'books.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def grown(fresh_postgres_url: str) -> Iterator[Engine]:
    """Return migrated books on a server."""
    engine = create_engine(fresh_postgres_url)
    yield engine
    engine.dispose()


_COLUMNS = {"ledgerkit_entries": "balance", "ledgerkit_hold_legs": "balance"}


@pytest.mark.parametrize("kind", ["lite", pytest.param("grown", marks=pytest.mark.postgres)])
def test_what_is_in_the_books_cannot_be_changed(kind: str, request: pytest.FixtureRequest) -> None:
    """Plain SQL by whoever it may be: no row is updated or deleted, the books stay as they are."""
    engine: Engine = request.getfixturevalue(kind)
    store = fill(engine)
    before = books(store)
    statements = [
        statement
        for table in APPEND_ONLY
        for statement in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET {_COLUMNS.get(table, 'commit_id')} = 99"
            if "commits" not in table
            else f"UPDATE {table} SET actor = 'mallory'",
        )
    ]
    if kind == "grown":
        statements += [f"TRUNCATE {table}" for table in APPEND_ONLY]

    for statement in statements:
        with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
            connection.execute(sa.text(statement))

    assert before == books(store)


def test_replacing_is_deleting(lite: Engine) -> None:
    """SQLite's REPLACE does not get around the triggers."""
    fill(lite)
    sql = "REPLACE INTO ledgerkit_entries SELECT id, balance, amount * 2 FROM ledgerkit_entries"

    with pytest.raises(DBAPIError, match="only grows"), lite.begin() as connection:
        connection.execute(sa.text(sql))


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("INSERT INTO ledgerkit_entries VALUES (409600, 1, 5)", "are off by 5 EUR"),
        ("INSERT INTO ledgerkit_entries VALUES (409600, 1, 5), (413696, 1, -5)", "are off by"),
        ("INSERT INTO ledgerkit_entries VALUES (409600, 77, 5), (409601, 77, -5)", "are off by"),
        ("INSERT INTO ledgerkit_entries VALUES (409600, 1, 0)", "ledgerkit_entries_moves"),
        (
            "INSERT INTO ledgerkit_journals VALUES (100, 0, 'j', 'made.up', 1, 0, 0)",
            "has no entries",
        ),
    ],
)
def test_what_does_not_balance_is_refused(grown: Engine, statement: str, refusal: str) -> None:
    """PostgreSQL lets in no entries that do not sum to zero, and no journal without entries."""
    fill(grown)

    with pytest.raises(DBAPIError, match=refusal), grown.begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.postgres
def test_what_balances_is_let_in(grown: Engine) -> None:
    """The refusals above are not for the form of the statement."""
    fill(grown)
    sql = "INSERT INTO ledgerkit_entries VALUES (409600, 1, 5), (409601, 2, -5)"

    with grown.begin() as connection:
        assert 2 == connection.execute(sa.text(sql)).rowcount


def test_strict_tables_take_no_fractions(lite: Engine) -> None:
    """SQLite would turn a sum beyond 64 bits into a fraction; STRICT tables refuse it."""
    sql = "UPDATE ledgerkit_balances SET posted = 9223372036854775807 + 5"
    fill(lite)

    with pytest.raises(DBAPIError, match="cannot store REAL"), lite.begin() as connection:
        connection.execute(sa.text(sql))
