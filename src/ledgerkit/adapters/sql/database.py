"""Database: one open connection, spoken to in the SQL of SQLite and PostgreSQL.

Statements are written with `?` and go to the driver as they are, which in bulk costs what the
driver costs. Where the two differ, the difference has a method here.
(design: architecture, Storage)
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Integer, Table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

Row: TypeAlias = Sequence[Any]

FEW = 16
"""So many values are looked up one by one, and not by reading a table."""

_DIRECT = frozenset({"pysqlite", "psycopg"})  # drivers that block, and are called as they are


class Database:
    """A connection with the few things that a store does on it.

    Args:
        connection: Inside a transaction, which this class never ends.
    """

    __slots__ = ("_arrays_as_text", "_cursor", "_direct", "_style", "connection", "postgres")

    def __init__(self, connection: Connection) -> None:
        self.connection: Connection = connection
        self.postgres: bool = connection.dialect.name == "postgresql"
        self._style = connection.dialect.paramstyle
        self._direct = connection.dialect.driver in _DIRECT and not connection.dialect.is_async
        self._arrays_as_text = connection.dialect.driver == "psycopg"
        self._cursor: Any = None

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Return the rows that *sql* gives for *values*."""
        return list(self._run(sql, values).fetchall())

    def row(self, sql: str, *values: object) -> Any:
        """Return the first row that *sql* gives for *values*, or None."""
        found = self._run(sql, values).fetchall()
        return found[0] if found else None

    def run(self, sql: str, *values: object) -> int:
        """Return how many rows *sql* changed."""
        return int(self._run(sql, values).rowcount)

    def run_many(self, sql: str, rows: Iterable[Row]) -> int:
        """Return how many rows *sql* changed, run for each of *rows*."""
        if isinstance(rows, list) and not rows:
            return 0
        statement = marked(sql, self._style)
        if not self._direct:
            listed = list(rows)
            return self.connection.exec_driver_sql(statement, listed).rowcount if listed else 0
        try:
            cursor = self._open()
            cursor.executemany(statement, rows)
        except self._errors as error:
            raise self._told(statement, error) from error
        return max(0, int(cursor.rowcount))

    def _run(self, sql: str, values: Sequence[object]) -> Any:
        statement = marked(sql, self._style)
        if not self._direct:
            return self.connection.exec_driver_sql(statement, tuple(values))
        try:
            cursor = self._open()
            cursor.execute(statement, values)
        except self._errors as error:
            raise self._told(statement, error) from error
        return cursor

    def _open(self) -> Any:
        # A call through SQLAlchemy costs 19 times one on the driver's own cursor.
        if self._cursor is None:
            if not self.connection.in_transaction():
                self.connection.begin()
            driver: Any = self.connection.connection.driver_connection
            self._cursor = driver.cursor()
        return self._cursor

    @property
    def _errors(self) -> Any:
        return self.connection.dialect.loaded_dbapi.Error

    def _told(self, statement: str, error: Exception) -> Exception:
        connection = self.connection
        dialect, driver = connection.dialect, connection.connection.driver_connection
        if dialect.is_disconnect(error, driver, self._cursor):  # type: ignore[arg-type]
            connection.invalidate(error)
        return DBAPIError.instance(statement, None, error, self._errors, dialect=dialect)

    def insert(self, table: Table, columns: str, rows: Iterable[Row], *, tail: str = "") -> int:
        """Return how many of *rows* were inserted into the *columns* (by spaces) of *table*."""
        if not self.postgres:
            return self.run_many(f"{_insert_values(table, columns)} {tail}", rows)
        arrays = self.arrays(rows)
        return self.run(f"{_insert_arrays(table, columns)} {tail}", *arrays) if arrays else 0

    def arrays(self, rows: Iterable[Row], width: int = 0) -> list[object]:
        """Return the columns of *rows* as arguments for arrays, *width* empty ones for no rows."""
        columns = list(zip(*rows, strict=True)) or [()] * width
        return [self._array(column) for column in columns]

    def _array(self, values: Iterable[object]) -> object:
        # psycopg would tell the server types by the largest number in each array, and have every
        # mixture of them planned anew. As text, an array has one type.
        return _array_text(values) if self._arrays_as_text else list(values)

    def each(self, type: str, values: Collection[object]) -> str:
        """Return a FROM item `k` with one column `value`, a row for each of *values*.

        What `listed` makes of *values* is its argument.
        """
        if not self.postgres:
            return "json_each(?) AS k"
        rows = f"unnest(CAST(? AS {type}[])) AS k(value)"
        if len(values) > FEW:
            return rows
        # The planner takes any array for a long one, and would read whole tables for it.
        return f"(SELECT value FROM {rows} LIMIT {FEW}) AS k"  # noqa: S608

    def listed(self, values: Collection[str] | Collection[int]) -> object:
        """Return *values* as the argument of `each`."""
        return self._array(values) if self.postgres else json.dumps(list(values))

    def total(self, column: str) -> str:
        """Return two columns whose parts `exact` puts together to the sum of *column*.

        SQLite fails on a sum whose order passes 64 bits on the way, so halves are summed there.
        """
        if self.postgres:
            return f"0, coalesce(sum({column}), 0)"
        return f"coalesce(sum({column} >> 32), 0), coalesce(sum({column} & 4294967295), 0)"

    def held(self, balance: str) -> str:
        """Return the column of what the row *balance*, an alias, holds now."""
        if not self.postgres:
            return f"{balance}.posted"
        return (
            f"{balance}.posted + coalesce((SELECT sum(d.amount) FROM ledgerkit_deltas d "  # noqa: S608
            f"WHERE d.balance = {balance}.id), 0)"
        )

    def next_ids(self, table: Table, count: int) -> list[int]:
        """Return *count* unused ids of *table*, growing."""
        if self.postgres:
            sequence = f"{table.name}_ids"
            rows = self.rows(f"SELECT nextval('{sequence}') FROM generate_series(1, ?)", count)  # noqa: S608
            return [int(row[0]) for row in rows]
        last = int(self.row(f"SELECT coalesce(max(id), 0) FROM {table.name}")[0])  # noqa: S608
        return list(range(last + 1, last + 1 + count))


def exact(high: int, low: int) -> int:
    """Return the sum whose parts `Database.total` gave."""
    return (int(high) << 32) + int(low)


def _array_text(values: Iterable[object]) -> str:
    r"""Return *values* as PostgreSQL writes an array.

    >>> print(_array_text([1, None, 'a "b" \\ c']))
    {1,NULL,"a \"b\" \\ c"}
    """
    return "{" + ",".join([_item(value) for value in values]) + "}"


def _item(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=1024)
def marked(sql: str, style: str) -> str:
    """Return *sql* with its `?` written in the driver's parameter *style*."""
    if style == "qmark":
        return sql
    if style in ("format", "pyformat"):
        return sql.replace("%", "%%").replace("?", "%s")
    if style == "numeric_dollar":
        parts = sql.split("?")
        return parts[0] + "".join(f"${n}{part}" for n, part in enumerate(parts[1:], 1))
    msg = f"parameters in the style {style!r} are not spoken here"
    raise ValueError(msg)


@lru_cache(maxsize=256)
def _insert_values(table: Table, columns: str) -> str:
    names = columns.split()
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608


@lru_cache(maxsize=256)
def _insert_arrays(table: Table, columns: str) -> str:
    names = columns.split()
    arrays = ", ".join(f"CAST(? AS {_type(table, name)}[])" for name in names)
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays})"  # noqa: S608


def _type(table: Table, column: str) -> str:
    type = table.c[column].type
    if isinstance(type, BigInteger):
        return "bigint"
    return "integer" if isinstance(type, Integer) else "text"
