from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ledgerkit.adapters.sql import (
    SchemaTooNew,
    SchemaTooOld,
    SqlStore,
    create_engine,
    migrate,
    open_store,
)
from ledgerkit.adapters.sql.migrate import REVISIONS, same_tables, schema_version
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.money import ISO
from ledgerkit.testing.samples import changes, transfer

pytest_plugins = ("tests.plugins.postgres",)


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine on an empty file."""
    engine = create_engine(f"sqlite:///{tmp_path / 'books.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def grown(bare_postgres_url: str) -> Iterator[Engine]:
    """Return an engine on an empty database of a server."""
    engine = create_engine(bare_postgres_url)
    yield engine
    engine.dispose()


ENGINES = ["lite", pytest.param("grown", marks=pytest.mark.postgres)]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return an empty database, of the kind that the test is run for."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def names(engine: Engine) -> set[str]:
    """Return the tables and views there are."""
    inspector = sa.inspect(engine)
    return {*inspector.get_table_names(), *inspector.get_view_names()}


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_the_scripts_make_the_tables_that_the_code_writes(engine: Engine) -> None:
    """Migrated twice, the database is what `tables` says, and there is one version of it."""
    migrate(engine)
    before = names(engine)
    migrate(engine)

    assert before == names(engine)
    with engine.connect() as connection:
        assert [] == same_tables(connection)
        assert REVISIONS[-1] == schema_version(connection)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_host_can_take_a_migration_back(engine: Engine) -> None:
    """On a host's connection nothing is committed, so that its rollback leaves nothing."""
    with engine.connect() as connection:
        migrate(connection)
        SqlStore(connection).commit(changes("k", opens=(Wallet("a"),)))
        connection.rollback()

    assert set() == names(engine)


def test_a_host_with_the_plain_driver_can_take_it_back(tmp_path: Path) -> None:
    """Python's SQLite driver does not begin a transaction for tables; the migration does."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'books.db'}")
    with engine.connect() as connection:
        migrate(connection)
        connection.rollback()

    assert set() == names(engine)
    engine.dispose()


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_newer_books_are_refused(engine: Engine) -> None:
    """Code that is older than the books does not start, and says what to do."""
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ledgerkit_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew, match=r"schema '9999'.*install the version of ledgerkit"):
        SqlStore(engine)
    with pytest.raises(SchemaTooNew):
        migrate(engine)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_books_without_a_schema_are_refused(engine: Engine) -> None:
    """A store does not create tables behind a host's back."""
    with pytest.raises(SchemaTooOld, match=r"no schema.*migrate"):
        SqlStore(engine)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_tables_of_the_host_stay(engine: Engine) -> None:
    """A host's table has the name of a view: the view takes another, the table is not touched."""
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE invoice (ours integer)"))
    migrate(engine)
    migrate(engine)

    assert {"invoice", "ledgerkit_invoice", "payout"} <= names(engine)
    assert ["ours"] == [column["name"] for column in sa.inspect(engine).get_columns("invoice")]


def test_an_old_view_is_replaced(lite: Engine) -> None:
    """Views follow the code: one of another version is written anew."""
    migrate(lite)
    with lite.begin() as connection:
        connection.execute(sa.text("DROP VIEW entry"))
        connection.execute(
            sa.text("CREATE VIEW entry AS /* ledgerkit view entry 0123 */ SELECT 1 AS old")
        )
    migrate(lite)

    columns = [column["name"] for column in sa.inspect(lite).get_columns("entry")]
    assert "amount_minor" in columns


def test_units_of_the_host_are_shown_with_their_decimals(tmp_path: Path) -> None:
    """A unit with six decimals is six decimals wide in the views."""
    url = f"sqlite:///{tmp_path / 'credits.db'}"
    store = open_store(url, units=ISO.with_units({"CREDIT": 6}))
    store.commit(
        changes(
            "k",
            opens=(Wallet("a"), Wallet("b")),
            journals=(transfer("j", "a", "b", 1_250_000, currency="CREDIT"),),
        )
    )
    store.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT wallet, amount FROM balance ORDER BY wallet"))
        assert [("a", "-1.250000"), ("b", "1.250000")] == [tuple(row) for row in rows]
    engine.dispose()


@pytest.mark.postgres
def test_two_that_start_together_migrate_once(bare_postgres_url: str) -> None:
    """Web workers that open the books at the same time do not stumble over each other."""
    engine = create_engine(bare_postgres_url)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [engine] * 4))
    with engine.connect() as connection:
        assert REVISIONS[-1] == schema_version(connection)
    engine.dispose()


def test_only_two_databases_are_known() -> None:
    """Another database is refused before anything is done to it."""
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        create_engine("mysql://localhost/books")
