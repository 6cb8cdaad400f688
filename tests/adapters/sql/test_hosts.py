"""Promise 15 in the frameworks that hosts use: their transaction is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import django
import pytest
import sqlalchemy as sa
from django import conf, db
from django.db import transaction
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.adapters.sql.django import django_connection
from ledgerkit.domain.changes import KeyReused, request
from ledgerkit.domain.ledger import Wallet
from ledgerkit.testing.books import Snapshot, books
from ledgerkit.testing.samples import changes, transfer

pytest_plugins = ("tests.plugins.postgres",)

SALE = changes("sale", opens=(Wallet("a"), Wallet("b")), journals=(transfer("j-1", "a", "b", 5),))
OTHER = changes("sale", verb="another", journals=(transfer("j-2", "a", "b", 7),))
AFTER = changes("after", journals=(transfer("j-3", "a", "b", 11),))

Work: TypeAlias = Callable[[Connection], None]


class Run(Protocol):
    """Runs work inside a transaction of a host, and ends it."""

    def __call__(self, work: Work, *, commit: bool) -> None:
        """Call *work* with the host's connection, then commit or roll back."""
        ...


class RollBack(Exception):
    """What a host raises to roll back."""


def work(connection: Connection) -> None:
    """Sell, sell again under the same key, ask for something else under it, and go on."""
    store = SqlStore(connection)
    assert not store.commit(SALE).replayed
    assert store.commit(SALE).replayed
    with pytest.raises(KeyReused):
        store.commit(OTHER)
    store.commit(AFTER)
    assert 16 == store.balance("b", "EUR").posted
    assert 2 == len(store.journals().items)


@contextmanager
def disposing(engine: Engine) -> Generator[Engine]:
    """Lend *engine* and close its connections at the end."""
    try:
        yield engine
    finally:
        engine.dispose()


def in_session(url: str) -> Run:
    """Run in the transaction of an SQLAlchemy session that knows nothing of ledgerkit."""

    def run(work: Work, *, commit: bool) -> None:
        engine = sa.create_engine(url)
        with disposing(engine), Session(engine) as session:
            work(session.connection())
            session.commit() if commit else session.rollback()

    return run


def in_async_session(url: str) -> Run:
    """Run in the transaction of an asynchronous session."""

    async def main(work: Work, *, commit: bool) -> None:
        engine = create_async_engine(url)
        try:
            async with AsyncSession(engine) as session:
                await (await session.connection()).run_sync(work)
                await (session.commit() if commit else session.rollback())
        finally:
            await engine.dispose()

    def run(work: Work, *, commit: bool) -> None:
        asyncio.run(main(work, commit=commit))

    return run


def in_django(alias: str) -> Run:
    """Run inside Django's atomic(), on the connection that Django has open."""

    def run(work: Work, *, commit: bool) -> None:
        with suppress(RollBack), transaction.atomic(using=alias):  # pyright: ignore[reportGeneralTypeIssues]
            with db.connections[alias].cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS host (n integer)")
                cursor.execute("INSERT INTO host VALUES (1)")
            with django_connection(db.connections[alias]) as connection:
                work(connection)
            if not commit:
                raise RollBack
        db.connections[alias].close()

    return run


def configure_django(name: str, options: dict[str, Any]) -> None:
    """Make Django know the database *name*."""
    if not conf.settings.configured:
        conf.settings.configure(DATABASES={"default": {}}, USE_TZ=True, SECRET_KEY="test")
        django.setup()
    known = db.connections.configure_settings({"default": {}, name: options})
    databases: Any = db.connections.databases  # a cached property, to the type checkers
    databases[name] = known[name]


def kept(engine: Engine) -> Snapshot:
    """Return what the books show to a store of its own."""
    return books(SqlStore(engine))


def check(engine: Engine, run: Run) -> None:
    """Roll back and see nothing, commit and see everything."""
    before = kept(engine)
    run(work, commit=False)
    assert before == kept(engine)
    run(work, commit=True)
    assert ["j-1", "j-3"] == [posted.journal.id for posted in kept(engine).journals]
    assert SqlStore(engine).commit(SALE).replayed


@pytest.fixture
def file(tmp_path: Path) -> Generator[tuple[Engine, Path]]:
    """Return books in a file."""
    path = tmp_path / "books.db"
    engine = create_engine(f"sqlite:///{path}")
    migrate(engine)
    yield engine, path
    engine.dispose()


def test_sqlite_session(file: tuple[Engine, Path]) -> None:
    """A session on SQLite, whose driver begins no transaction before the first write."""
    engine, path = file
    check(engine, in_session(f"sqlite:///{path}"))


def test_sqlite_async_session(file: tuple[Engine, Path]) -> None:
    """An asynchronous session on aiosqlite."""
    engine, path = file
    check(engine, in_async_session(f"sqlite+aiosqlite:///{path}"))


def test_sqlite_django(file: tuple[Engine, Path]) -> None:
    """Django's atomic() on SQLite."""
    engine, path = file
    configure_django("lite", {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})
    check(engine, in_django("lite"))


@pytest.fixture
def grown(fresh_postgres_url: str) -> Generator[tuple[Engine, sa.URL]]:
    """Return books on a server."""
    with disposing(create_engine(fresh_postgres_url)) as engine:
        yield engine, sa.make_url(fresh_postgres_url)


def driven(url: sa.URL, driver: str) -> str:
    """Return *url* for *driver*, which finds the server's socket in its own way."""
    return url.set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)


@pytest.mark.postgres
def test_postgres_session(grown: tuple[Engine, sa.URL]) -> None:
    """A session on psycopg."""
    engine, url = grown
    check(engine, in_session(driven(url, "psycopg")))


@pytest.mark.postgres
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_postgres_async_session(grown: tuple[Engine, sa.URL], driver: str) -> None:
    """An asynchronous session on psycopg and on asyncpg."""
    engine, url = grown
    check(engine, in_async_session(driven(url, driver)))


@pytest.mark.postgres
def test_postgres_django(grown: tuple[Engine, sa.URL]) -> None:
    """Django's atomic() on PostgreSQL."""
    engine, url = grown
    configure_django(
        "grown",
        {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.database,
            "USER": url.username,
            "PASSWORD": url.password or "",
            "HOST": url.query.get("host", url.host or ""),
            "PORT": str(url.port or ""),
        },
    )
    check(engine, in_django("grown"))


def test_django_outside_of_atomic_is_refused(file: tuple[Engine, Path]) -> None:
    """Where Django commits each statement, a store cannot keep its promises."""
    configure_django("bare", {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file[1])})
    with pytest.raises(ValueError, match="atomic"), django_connection(db.connections["bare"]):
        pass
    db.connections["bare"].close()


def test_request_is_what_makes_a_replay() -> None:
    """The duplicate of these tests is one: the same key, the same request."""
    assert request("test", key="sale") == SALE.request
