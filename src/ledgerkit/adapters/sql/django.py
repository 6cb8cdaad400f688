"""Django: the store inside `transaction.atomic()`, on the connection that Django has open.

    with transaction.atomic(), django_connection(transaction.get_connection()) as connection:
        SqlStore(connection).commit(changes)

What Django rolls back is gone from the books, and what it commits stays.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

_DIALECTS = {"sqlite": "sqlite+pysqlite://", "postgresql": "postgresql+psycopg://"}


@contextmanager
def django_connection(django: Any) -> Generator[Connection, None, None]:
    """Lend Django's database connection, `connections["default"]`, to a store.

    Django goes on owning it: nothing here begins, commits, rolls back or closes it.

    Raises:
        ValueError: the database is neither SQLite nor PostgreSQL, or Django is not inside
            `atomic()`, where it would commit each statement by itself.
    """
    url = _DIALECTS.get(django.vendor)
    if url is None:
        msg = f"books are kept in SQLite or PostgreSQL (got {django.vendor!r})"
        raise ValueError(msg)
    if not django.in_atomic_block:
        msg = "a store works inside transaction.atomic(), and there is none open"
        raise ValueError(msg)
    django.ensure_connection()
    engine = sa.create_engine(
        url, creator=lambda: django.connection, poolclass=StaticPool, pool_reset_on_return=None
    )
    dialect: Any = engine.dialect
    dialect.do_commit = dialect.do_rollback = dialect.do_close = _leave_to_django
    with engine.connect() as connection:
        yield connection


_leave_to_django: Callable[[object], None] = lambda _: None  # noqa: E731
