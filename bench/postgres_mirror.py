"""Mirror: a copy of a PostgreSQL database, kept equal by the driver alone.

It finds out which rows a commit of the store wrote, and writes the same rows to equal tables, with
one `unnest` for each table, in one transaction. That is the least a store could cost in bulk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs
import psycopg
from psycopg import sql

Row: TypeAlias = tuple[Any, ...]
Statement: TypeAlias = tuple[sql.Composed, list[list[Any]]]


@attrs.frozen(kw_only=True)
class _Table:
    name: str
    columns: tuple[tuple[str, str], ...]  # name and type
    keys: tuple[str, ...]


class Mirror:
    """A database *copy* beside the *books*, equal to them when it is made; both are URLs."""

    def __init__(self, books: str, copy: str) -> None:
        self._books = psycopg.connect(books, autocommit=True)
        self._copy = psycopg.connect(copy, autocommit=True)
        self._tables = _tables(self._books)
        self._seen = self._transaction()

    def prepare(self) -> list[Statement]:
        """Return the statements that write what was written to the books since the last call."""
        statements: list[Statement] = []
        for table in self._tables:
            rows = self._books.execute(
                sql.SQL("SELECT {} FROM {} WHERE xmin::text::bigint > %s").format(
                    _listed(name for name, _ in table.columns), sql.Identifier(table.name)
                ),
                (self._seen,),
            ).fetchall()
            if not table.keys and self._was_emptied(table, len(rows)):
                statements.append((_delete(table), []))
            if rows:
                statements += self._statements(table, rows)
        self._seen = self._transaction()
        return statements

    def write(self, statements: Sequence[Statement]) -> None:
        """Write *statements* to the copy in one transaction."""
        with self._copy.transaction():
            for statement, arrays in statements:
                self._copy.execute(statement, arrays)

    def differences(self) -> list[str]:
        """Return the tables that do not have as many rows here as there."""
        return [
            table.name
            for table in self._tables
            if _count(self._books, table.name) != _count(self._copy, table.name)
        ]

    def close(self) -> None:
        """Let go of both databases."""
        self._books.close()
        self._copy.close()

    def _transaction(self) -> int:
        """Return a number between those of transactions before and after."""
        row = self._books.execute("SELECT pg_current_xact_id()::text::bigint % 4294967296")
        return int(_only(row.fetchone()))

    def _was_emptied(self, table: _Table, added: int) -> bool:
        # Folding takes all deltas away; what stands there now came after it.
        return _count(self._books, table.name) != _count(self._copy, table.name) + added

    def _statements(self, table: _Table, rows: Sequence[Row]) -> list[Statement]:
        places = [n for n, (name, _) in enumerate(table.columns) if name in table.keys]
        known: set[Row] = set()
        if table.keys:
            found = self._copy.execute(
                sql.SQL(
                    "SELECT {keys} FROM {table} JOIN unnest({arrays}) k({keys}) USING ({keys})"
                ).format(
                    keys=_listed(table.columns[n][0] for n in places),
                    table=sql.Identifier(table.name),
                    arrays=_arrays(table.columns[n][1] for n in places),
                ),
                [[row[n] for row in rows] for n in places],
            )
            known = set(found.fetchall())
        is_known = [tuple(row[n] for n in places) in known for row in rows]
        added = [row for row, old in zip(rows, is_known, strict=True) if not old]
        moved = [row for row, old in zip(rows, is_known, strict=True) if old]
        statements = [(_insert(table), _turned(added))] if added else []
        return statements + ([(_update(table), _turned(moved))] if moved else [])


def _tables(connection: psycopg.Connection[Any]) -> list[_Table]:
    rows = connection.execute(
        "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum), "
        "array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum), "
        "array_agg(a.attname::text) FILTER (WHERE a.attnum = ANY(i.indkey)) "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
        "AND NOT a.attisdropped "
        "LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary "
        "WHERE c.relkind = 'r' AND c.relname LIKE 'ledgerkit\\_%%' "
        # Entries first: journals are refused whose entries are not there.
        "GROUP BY c.relname ORDER BY c.relname <> 'ledgerkit_entries', c.relname"
    ).fetchall()
    return [
        _Table(name=name, columns=tuple(zip(names, types, strict=True)), keys=tuple(keys or ()))
        for name, names, types, keys in rows
    ]


def _insert(table: _Table) -> sql.Composed:
    return sql.SQL("INSERT INTO {} ({}) SELECT * FROM unnest({})").format(
        sql.Identifier(table.name),
        _listed(name for name, _ in table.columns),
        _arrays(type for _, type in table.columns),
    )


def _delete(table: _Table) -> sql.Composed:
    return sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name))


def _update(table: _Table) -> sql.Composed:
    names = [name for name, _ in table.columns]
    return sql.SQL("UPDATE {} AS t SET {} FROM unnest({}) AS m({}) WHERE {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(
            sql.SQL("{0} = m.{0}").format(sql.Identifier(name))
            for name in names
            if name not in table.keys
        ),
        _arrays(type for _, type in table.columns),
        _listed(names),
        sql.SQL(" AND ").join(
            sql.SQL("t.{0} = m.{0}").format(sql.Identifier(key)) for key in table.keys
        ),
    )


def _listed(names: Any) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _arrays(types: Any) -> sql.Composed:
    # The names of types come from the catalog.
    return sql.SQL(", ").join(sql.SQL("%s::" + type + "[]") for type in types)


def _turned(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    counted = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    return int(_only(counted.fetchone()))


def _only(row: Row | None) -> Any:
    return None if row is None else row[0]
