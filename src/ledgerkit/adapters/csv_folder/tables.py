"""Table: one CSV file of a folder as rows of text, each with the line it begins on.

What is wrong with a file as a whole (not UTF-8, no such column, a quote that never ends) is found
here; what its cells mean is not known here. The format is docs/reference/csv-folder.md.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 500_000
_SHOWN = 60


@attrs.frozen
class RowProblem:
    """Something in a file that cannot be used, where it is and what is needed instead.

    Attributes:
        file: The file's name, such as `sessions.csv`.
        line: The line of the file on which the row begins, from 1; 0 for the file as a whole.
        column: The column's name, empty when the row or the file as a whole is meant.
        value: What the cell says, shortened.
        reason: What is wrong with it and what is needed, in English.
        skippable: Whether it is known what depends on the row, so that all of that, and only
            that, can be left out. Where it is not, there are no facts without it.
    """

    file: str
    line: int
    column: str
    value: str
    reason: str
    skippable: bool = True

    def __str__(self) -> str:
        place = f"{self.file} line {self.line}" if self.line else self.file
        # repr: a cell may hold line breaks or terminal codes, and a problem is one line.
        name = self.column if self.column.isprintable() else repr(self.column)
        column = f", {name}" if name else ""
        value = f" {self.value!r}" if self.value else ""
        return f"{place}{column}{value}: {self.reason}"


def shortened(text: str) -> str:
    """Return *text*, or its beginning and its length if it is long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


@attrs.frozen
class Layout:
    """What a file looks like.

    Attributes:
        file: Its name.
        key: The columns that no two of its rows may share.
        required: The columns that it must have.
        optional: The columns that it may have.
        needed: Whether a folder must have the file.
        decides: Whether its rows change what sessions cost or earn.
    """

    file: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    needed: bool = True
    decides: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns it can have."""
        return self.required + self.optional


@attrs.frozen
class Row:
    """The cells of one row by column, trimmed and NFC; an absent column has none.

    *ragged* tells that it has more or fewer cells than the header, so no cell can be trusted.
    """

    file: str
    line: int
    cells: Mapping[str, str]
    ragged: str = ""


@attrs.frozen
class Table:
    """The rows of a file, and what is wrong with the file; *whole* unless a part is unreadable."""

    layout: Layout
    rows: tuple[Row, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    @property
    def whole(self) -> bool:
        """Return whether every row of the file is in `rows`."""
        return not self.problems


def read_table(folder: Path, layout: Layout) -> Table:
    """Return the file of *layout* in *folder*; raises nothing, what is wrong is in `problems`."""
    path = folder / layout.file
    try:
        if not path.exists() and not layout.needed:
            return Table(layout)
        if not path.is_file():  # a directory, or a pipe that would never end
            return _unreadable(layout, 0, "", "no such file; one is needed")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return _unreadable(layout, 0, "", f"cannot be read: {error.strerror or error}")
    if len(content) > MAX_BYTES:
        return _unreadable(layout, 0, "", f"has more than {MAX_BYTES} bytes; split the work")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = f"\\x{content[error.start]:02x}"
        return _unreadable(layout, line, value, "is no UTF-8; save the file as UTF-8")
    return _parse(text, layout)


def _unreadable(layout: Layout, line: int, value: str, reason: str) -> Table:
    """Return a table without rows that says why."""
    problem = RowProblem(layout.file, line, "", value, reason, skippable=False)
    return Table(layout, problems=(problem,))


def _parse(text: str, layout: Layout) -> Table:
    """Return the rows of *text*, up to the first place where quoting goes wrong."""
    records = _records(text)
    rows: list[Row] = []
    line = 1
    try:
        line, header = next(records, (1, []))
        if not header:
            return _unreadable(layout, 1, "", "is empty; its first row must name the columns")
        problems = _check_header(layout, line, header)
        if problems:
            return Table(layout, problems=problems)
        for line, cells in records:
            if len(rows) == MAX_ROWS:
                reason = f"has more than {MAX_ROWS} rows; split the work"
                return attrs.evolve(_unreadable(layout, line, "", reason), rows=tuple(rows))
            rows.append(_row(layout.file, line, header, cells))
    except _BadQuoting as error:
        broken = _unreadable(layout, error.line, "", error.reason)
        return attrs.evolve(broken, rows=tuple(rows))
    return Table(layout, tuple(rows))


def _row(file: str, line: int, header: list[str], cells: list[str]) -> Row:
    """Return the row that *cells* make under *header*."""
    ragged = ""
    if len(cells) != len(header):
        ragged = f"has {len(cells)} cells; the header has {len(header)}"
    return Row(file, line, dict(zip(header, cells, strict=False)), ragged)


@attrs.frozen
class _BadQuoting(Exception):
    """The csv module gave up on a row, and where the next one begins nobody can tell."""

    line: int
    reason: str


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line it begins on, trimmed cells) of each row of *text* that is not blank."""
    # newline="" keeps line ends as they are, and a lone CR, LF and CRLF each end a line.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"cannot be read from here on, {error}; check the quotes"
            raise _BadQuoting(line, reason) from None
        trimmed = [unicodedata.normalize("NFC", cell.strip(" \t")) for cell in cells]
        if any(trimmed):  # spreadsheets leave rows of commas behind
            yield line, trimmed


def _check_header(layout: Layout, line: int, header: list[str]) -> tuple[RowProblem, ...]:
    """Return a problem for each column that is unknown, missing or there twice."""
    known = ", ".join(layout.columns)
    found = [
        (column, f"unknown column; known are {known}")
        for column in dict.fromkeys(header)
        if column not in layout.columns
    ]
    found += [
        (column, f"the column is there {header.count(column)} times; once is needed")
        for column in dict.fromkeys(header)
        if header.count(column) > 1 and column in layout.columns
    ]
    found += [
        (column, "the column is missing") for column in layout.required if column not in header
    ]
    return tuple(
        RowProblem(layout.file, line, shortened(column), "", reason, skippable=False)
        for column, reason in found
    )
