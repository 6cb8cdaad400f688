"""Found: what the rows of one file have become, record by record, and what was left out.

A row that cannot be used is left out with at least one problem that says why, and whatever names
it is left out with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast

import attrs

from ledgerkit.adapters.csv_folder.cells import Cells
from ledgerkit.adapters.csv_folder.tables import RowProblem, Table

T = TypeVar("T")

_SHOWN = 3


@attrs.frozen
class Found(Generic[T]):
    """What the rows of a file have become.

    Attributes:
        table: The rows.
        records: The records, by the text of their key columns.
        left_out: The lines of the rows with a problem, by the same.
        undecided: Rows that nothing can be said about, as they name records of an unreadable file.
        problems: What is wrong with the file and with each row.
    """

    table: Table
    records: dict[tuple[str, ...], T]
    left_out: dict[tuple[str, ...], int]
    undecided: frozenset[tuple[str, ...]]
    problems: tuple[RowProblem, ...]

    @property
    def all(self) -> tuple[T, ...]:
        """Return the records in the order of the file."""
        return tuple(self.records.values())

    def leaves_out(self, id: str) -> bool:
        """Return whether the row with *id* is left out, and so is all that names it."""
        return bool(id) and (id,) in self.left_out

    def named_in(self, cells: Cells, column: str) -> T:
        """Return the record whose id stands in *column*, or note why there is none."""
        id = cells.need(column, str)
        key, file = (id,), self.table.layout.file
        if key in self.records:
            return self.records[key]
        if self.leaves_out(id):
            cells.refuse(column, f"is left out, see {file} line {self.left_out[key]}")
        elif key in self.undecided or not self.table.whole:
            cells.sound = False  # the problem of the file says it once, for all
        elif id:
            cells.refuse(column, f"is not in {file}")
        return cast("T", None)  # not used: the row is not sound


def find(table: Table, build: Callable[[Cells], T | None]) -> Found[T]:
    """Return what *build* makes of each row of *table*; it gives None for what it can't use.

    Rows whose key is on several lines are left out, all of them: nobody knows which one is right.
    """
    lines: dict[tuple[str, ...], list[int]] = {}
    for row in table.rows:
        key = tuple(row.cells.get(column, "") for column in table.layout.key)
        lines.setdefault(key, []).append(row.line)
    records: dict[tuple[str, ...], T] = {}
    left_out: dict[tuple[str, ...], int] = {}
    undecided: set[tuple[str, ...]] = set()
    problems = list(table.problems)
    for row in table.rows:
        cells = Cells(row)
        key = tuple(row.cells.get(column, "") for column in table.layout.key)
        record = None
        if row.ragged:
            _note_ragged(cells, table)
        else:
            _note_twice(cells, table, lines[key])
            record = build(cells)
        if record is not None and cells.sound:
            records[key] = record
        elif cells.problems:
            left_out.setdefault(key, row.line)
        else:
            undecided.add(key)
        problems += cells.problems
    return Found(table, records, left_out, frozenset(undecided), tuple(problems))


def _note_ragged(cells: Cells, table: Table) -> None:
    """Note a row with too many or too few cells: none of them can be trusted to be in its place."""
    cells.refuse("", cells.row.ragged)
    if table.layout.decides:
        cells.bind()


def _note_twice(cells: Cells, table: Table, lines: list[int]) -> None:
    """Note a row whose key is on other *lines* too; an empty key is another problem."""
    columns = table.layout.key
    if len(lines) == 1 or not all(cells.text(column) for column in columns):
        return
    line = cells.row.line
    others = [str(other) for other in lines[: _SHOWN + 1] if other != line][:_SHOWN]
    left = len(lines) - 1 - len(others)
    shown = ", ".join(others) + (f" and {left} more" if left else "")
    reason = f"is on line {line} and on line {shown}; once is needed"
    if len(columns) == 1:
        cells.refuse(columns[0], reason)
    else:
        cells.refuse("", f"the same {', '.join(columns)} {reason}")
