"""Mirror: a copy of a SQLite database, kept equal by the driver alone.

It finds out which rows a commit of the store wrote, and writes the same rows to equal tables with
`executemany`, in one transaction of the same durability. That is the least a store could cost, and
what ours is measured against.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import attrs

Row: TypeAlias = tuple[Any, ...]
Statement: TypeAlias = tuple[str, list[Row]]
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


@attrs.frozen(kw_only=True)
class _Table:
    # *grows*: rows are never changed, and numbered in the order in which they came.
    name: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    grows: bool


class Mirror:
    """A copy beside the books at *path*, made when nobody is writing."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_suffix(".mirror")
        self._books = _connect(path)
        self._books.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(path, self.path)
        self._copy = _connect(self.path)
        self._books.execute("ATTACH ? AS copy", (str(self.path),))
        self._tables = _tables(self._books)

    def prepare(self) -> list[Statement]:
        """Return the statements that would bring the copy up to the books."""
        statements: list[Statement] = []
        self._books.execute("BEGIN")
        for table in self._tables:
            statements += self._grown(table) if table.grows else self._changed(table)
        self._books.execute("COMMIT")
        return statements

    def write(self, statements: Sequence[Statement]) -> None:
        """Write *statements* to the copy in one transaction."""
        self._copy.execute("BEGIN IMMEDIATE")
        for sql, rows in statements:
            self._copy.executemany(sql, rows)
        self._copy.execute("COMMIT")

    def differences(self) -> list[str]:
        """Return the tables in which the copy is not equal to the books."""
        return [
            table.name
            for table in self._tables
            if self._books.execute(
                f"SELECT count(*) FROM (SELECT * FROM main.{table.name} "  # noqa: S608
                f"EXCEPT SELECT * FROM copy.{table.name})"
            ).fetchone()[0]
            or self._count("main", table) != self._count("copy", table)
        ]

    def close(self) -> None:
        """Let go of both files."""
        self._books.close()
        self._copy.close()

    def _count(self, schema: str, table: _Table) -> int:
        counted = self._books.execute(f"SELECT count(*) FROM {schema}.{table.name}")  # noqa: S608
        return int(counted.fetchone()[0])

    def _grown(self, table: _Table) -> list[Statement]:
        rows = self._books.execute(
            f"SELECT * FROM main.{table.name} WHERE rowid > "  # noqa: S608
            f"(SELECT coalesce(max(rowid), 0) FROM copy.{table.name}) ORDER BY rowid"
        ).fetchall()
        return [(_insert(table), rows)] if rows else []

    def _changed(self, table: _Table) -> list[Statement]:
        keys = " AND ".join(f"c.{key} = m.{key}" for key in table.keys)
        others = [column for column in table.columns if column not in table.keys]
        differ = " OR ".join(f"m.{column} IS NOT c.{column}" for column in others) or "0"
        rows = self._books.execute(
            f"SELECT m.*, c.* FROM main.{table.name} m "  # noqa: S608
            f"LEFT JOIN copy.{table.name} c ON {keys} WHERE c.{table.keys[0]} IS NULL OR {differ}"
        ).fetchall()
        width = len(table.columns)
        found = [(row[:width], row[width:]) for row in rows]
        place = table.columns.index(table.keys[0])
        added = [new for new, old in found if old[place] is None]
        moved = [(new, old) for new, old in found if old[place] is not None]
        statements: list[Statement] = [(_insert(table), added)] if added else []
        return statements + ([_update(table, moved)] if moved else [])


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _tables(connection: sqlite3.Connection) -> list[_Table]:
    rows = connection.execute(
        "SELECT l.name, l.wr, EXISTS (SELECT 1 FROM sqlite_master t WHERE t.type = 'trigger' "
        "AND t.tbl_name = l.name AND t.sql LIKE '%BEFORE UPDATE%') FROM pragma_table_list l "
        "WHERE l.schema = 'main' AND l.type = 'table' AND l.name LIKE 'ledgerkit!_%' ESCAPE '!'"
    ).fetchall()
    tables = []
    for name, without_rowid, only_grows in rows:
        columns = connection.execute(f"PRAGMA main.table_info({name})").fetchall()
        keys = sorted((column[5], column[1]) for column in columns if column[5])
        if keys:
            tables.append(
                _Table(
                    name=name,
                    columns=tuple(column[1] for column in columns),
                    keys=tuple(key for _, key in keys),
                    grows=bool(only_grows) and not without_rowid,
                )
            )
    return tables


def _insert(table: _Table) -> str:
    return f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608


def _update(table: _Table, moved: Sequence[tuple[Row, Row]]) -> Statement:
    """Return the statement that sets the columns in which new rows differ from old ones."""
    places = [
        place
        for place in range(len(table.columns))
        if any(new[place] != old[place] for new, old in moved)
    ]
    sets = ", ".join(f"{table.columns[place]} = ?" for place in places)
    keys = " AND ".join(f"{key} = ?" for key in table.keys)
    key_places = [table.columns.index(key) for key in table.keys]
    rows = [tuple(new[place] for place in (*places, *key_places)) for new, _ in moved]
    return f"UPDATE {table.name} SET {sets} WHERE {keys}", rows  # noqa: S608
