"""Connection: how the store reaches its database, alone or inside a host's transaction.

On its own it begins, commits and tries again when the database asks for that; on a host's
connection it works inside a savepoint and leaves commit and rollback to the host.
(spec: reliability 5.6, B8, B9)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import RLock
from typing import Any, ClassVar, TypeVar

import attrs
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from ledgerkit.domain.errors import LedgerkitError

T = TypeVar("T")

ATTEMPTS = 20
_BUSY_MILLISECONDS = 5000
_WRITING = "ledgerkit_writing"
_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
# PostgreSQL: serialization failure, deadlock. SQLite: busy, locked.
_CONFLICT_STATES = frozenset({"40001", "40P01"})
_CONFLICT_CODES = frozenset({5, 6})


@attrs.frozen
class ConflictRetry(LedgerkitError):
    """The database gave way to another transaction; nothing was stored."""

    reason: str
    attempts: int
    code: ClassVar[str] = "conflict_retry"

    def __str__(self) -> str:
        return (
            f"another transaction was in the way ({self.reason}) after {self.attempts} attempt(s); "
            "roll back and run the whole transaction again"
        )


@attrs.frozen
class DatabaseTooOld(LedgerkitError):
    """The database lacks what the books are kept safe with."""

    found: str
    needed: str
    code: ClassVar[str] = "database_too_old"

    def __str__(self) -> str:
        return f"the database is {self.found}; {self.needed} or newer is needed"


def create_engine(url: str | URL, **options: Any) -> Engine:
    """Return an engine for *url* that a store can own.

    SQLite gets write-ahead logging, full durability, foreign keys and real transactions on each
    of its connections. PostgreSQL uses psycopg unless the URL names a driver.

    Raises:
        DatabaseTooOld: SQLite without STRICT tables.
        ValueError: neither SQLite nor PostgreSQL, or a driver that does not wait for its answers.
    """
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    backend = parsed.get_backend_name()
    if backend in ("postgresql", "sqlite") and parsed.get_dialect().is_async:
        msg = f"a store needs a blocking driver (got {parsed.drivername!r}); lend it a connection"
        raise ValueError(msg)
    if backend == "postgresql":
        engine = sa.create_engine(parsed, **options)
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    if backend != "sqlite":
        msg = f"books are kept in SQLite or PostgreSQL (got {backend!r})"
        raise ValueError(msg)
    if parsed.database in (None, "", ":memory:"):
        options.setdefault("poolclass", StaticPool)
        options.setdefault("connect_args", {"check_same_thread": False})
    engine = sa.create_engine(parsed, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def shown_url(url: str | URL) -> str:
    """Return *url* as it may be shown and logged: without its password.

    >>> shown_url("postgresql://ana:secret@db/books")
    'postgresql://ana:***@db/books'
    """
    return make_url(url).render_as_string(hide_password=True)


def _prepare_postgres(connection: Any, _: object) -> None:
    # Arrays of one item look cheaper to plan for each time than to plan for once; for statements
    # that take a fraction of a millisecond, planning is most of what they cost.
    cursor = connection.cursor()
    cursor.execute("SET plan_cache_mode = force_generic_plan")
    cursor.close()
    connection.commit()


def _prepare_sqlite(connection: Any, _: object) -> None:
    import sqlite3

    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise DatabaseTooOld(f"SQLite {sqlite3.sqlite_version}", "SQLite 3.37.0")
    # The driver's own BEGIN comes before writes only, which leaves reads outside the transaction.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else REPLACE deletes rows unseen by the triggers
        # Entries of many wallets are written all over their index: with room for its pages, and
        # without copying them into the file after each commit, posting doubles its speed.
        "cache_size=-32768",
        "wal_autocheckpoint=8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # On the driver's own connection: through SQLAlchemy it costs more than a small commit.
    writing = connection.get_execution_options().get(_WRITING, False)
    statement = "BEGIN IMMEDIATE" if writing else "BEGIN"
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.loaded_dbapi.Error
    try:
        driver.execute(statement)
    except errors as error:
        dialect = connection.dialect
        raise DBAPIError.instance(statement, None, error, errors, dialect=dialect) from error


class Own:
    """A link of the store's own: each write is a transaction, tried again on conflicts."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect: str = engine.dialect.name
        self.url: str = str(engine.url)
        options: dict[str, Any] = {_WRITING: True}
        if self.dialect == "postgresql":  # whatever the host's default, this needs no retries
            options["isolation_level"] = "READ COMMITTED"
        self._writing = engine.execution_options(**options)
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        # One shared connection (a database in memory) can be in one transaction at a time.
        self._alone = RLock() if isinstance(engine.pool, StaticPool) else None

    def close(self) -> None:
        """Close the connections of the engine."""
        self.engine.dispose()

    @property
    def speaks_at_once(self) -> bool:
        """Whether one statement can be a transaction that sees what was committed before it."""
        dialect = self.engine.dialect
        return dialect.driver == "psycopg" and dialect.default_isolation_level == "READ COMMITTED"

    @contextmanager
    def read(self) -> Generator[Connection, None, None]:
        """Lend a connection inside a transaction that ends without storing anything."""
        with _held(self._alone), self.engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* returns, committed; raises `ConflictRetry` after many attempts."""
        return self._again(lambda: self._transaction(work))

    def at_once(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* returns, which is one statement that commits by itself."""
        return self._again(lambda: self._statement(work))

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        with _held(self._alone), self._writing.begin() as connection:
            return work(connection)

    def _statement(self, work: Callable[[Connection], T]) -> T:
        with self._single.connect() as connection:
            return work(connection)

    def _again(self, attempt_it: Callable[[], T]) -> T:
        attempt = 1
        while True:
            try:
                return attempt_it()
            except DBAPIError as error:
                reason = conflict(error)
                if reason is None:
                    raise
                if attempt == ATTEMPTS:
                    raise ConflictRetry(reason, attempt) from error
            time.sleep(min(attempt, 10) / 1000)
            attempt += 1


class Joined:
    """A link inside a host's transaction: a savepoint for each write, never a commit."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect: str = connection.dialect.name
        self.url: str = str(connection.engine.url)

    def close(self) -> None:
        """Leave the host's connection open."""

    @contextmanager
    def read(self) -> Generator[Connection, None, None]:
        """Lend the host's connection as it is."""
        yield self.connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* returns; raises `ConflictRetry` if the host must run again."""
        try:
            begin_really(self.connection)
            with self.connection.begin_nested():
                return work(self.connection)
        except DBAPIError as error:
            reason = conflict(error)
            if reason is None:
                raise
            raise ConflictRetry(reason, 1) from error


def begin_really(connection: Connection) -> None:
    """Make sure that the host's transaction on *connection* has begun in the database, too.

    Python's SQLite driver begins at the first write only, so an early savepoint would be the
    outermost transaction, and releasing it would commit behind the host's back.
    """
    if connection.dialect.name != "sqlite":
        return
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def link_to(bind: Engine | Connection) -> Own | Joined:
    """Return the link for *bind*: an engine is the store's own, a connection is a host's."""
    if isinstance(bind, Engine):
        return Own(bind)
    if isinstance(bind, Connection):
        return Joined(bind)
    msg = f"a store needs an SQLAlchemy Engine or Connection (got {bind!r})"
    raise TypeError(msg)


def conflict(error: DBAPIError) -> str | None:
    """Return why the database asks to run the transaction again, or None if it does not."""
    state = sqlstate(error)
    if state in _CONFLICT_STATES:
        return f"SQLSTATE {state}"
    original: Any = error.orig
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _CONFLICT_CODES:
        return str(getattr(original, "sqlite_errorname", code))
    return None


def sqlstate(error: DBAPIError) -> str | None:
    """Return the SQLSTATE of *error*, or None where the driver gives none."""
    original: Any = error.orig
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return None if state is None else str(state)


@contextmanager
def _held(lock: RLock | None) -> Generator[None, None, None]:
    if lock is None:
        yield
        return
    with lock:
        yield
