"""Cell: the text of one column of one row, and the values that it can stand for.

Readers are strict: ISO dates, plain decimals, ASCII digits; whatever could be meant in two ways is
refused. A reader gives the value or raises `ValueError` with what is needed instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import attrs
from babel import localedata

from ledgerkit.adapters.csv_folder.tables import Row, RowProblem, shortened
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money, Units
from ledgerkit.domain.periods import local_date

T = TypeVar("T")

_INT64 = 2**63 - 1
_MAX_TEXT = 200
_MAX_CELL = 4000
_MAX_LINES = 10
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
# Without leading zeros: equal numbers are equal text, so that duplicate keys are found.
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_PLAIN = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,9})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([0-9-]{10})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(Z|[+-][0-9]{2}:[0-9]{2})?")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_[A-Z]{2})?")
_YEARS = range(1970, 2200)


def id_text(text: str) -> str:
    """Return *text* if it can be an id, which becomes part of wallet addresses and file names."""
    if not _ID.fullmatch(text):
        msg = "an id is 1 to 64 of A-Z a-z 0-9 . _ @ + - and begins with a letter or a digit"
        raise ValueError(msg)
    return text


def plain_text(text: str) -> str:
    """Return *text* if it is one line of printable characters; what it says does not matter."""
    if len(text) > _MAX_TEXT:
        msg = f"is {len(text)} characters long; at most {_MAX_TEXT} are needed"
        raise ValueError(msg)
    if not text.isprintable():
        hidden = next(letter for letter in text if not letter.isprintable())
        msg = f"has the character U+{ord(hidden):04X}; one line of printable text is needed"
        raise ValueError(msg)
    return text


def lines_of_text(text: str) -> tuple[str, ...]:
    """Return the lines of *text*, which end at a line break or at `|`; empty ones are left out."""
    lines = [line.strip() for line in re.split(r"\r\n|[\r\n|]", text)]
    found = tuple(plain_text(line) for line in lines if line)
    if len(found) > _MAX_LINES:
        msg = f"has {len(found)} lines; at most {_MAX_LINES} are needed"
        raise ValueError(msg)
    return found


def email(text: str) -> str:
    """Return *text* if it looks like a mail address."""
    if not _EMAIL.fullmatch(plain_text(text)):
        msg = "a mail address such as ana@example.com is needed"
        raise ValueError(msg)
    return text


def locale(text: str) -> str:
    """Return *text* if documents can be written in it."""
    if not _LOCALE.fullmatch(text) or not localedata.exists(text):
        msg = "a known locale is needed, such as es or en_GB"
        raise ValueError(msg)
    return text


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of *choices*."""

    def read(text: str) -> str:
        if text not in choices:
            msg = f"use {', '.join(choices)}"
            raise ValueError(msg)
        return text

    return read


def yes_or_no(text: str) -> bool:
    """Return whether *text* says yes."""
    return one_of("yes", "no")(text) == "yes"


def whole_number(least: int, most: int = 999_999_999) -> Callable[[str], int]:
    """Return a reader of a whole number from *least* to *most*, without leading zeros."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            msg = f"a whole number from {least} to {most} is needed, in digits 0 to 9"
            raise ValueError(msg)
        return int(text)

    return read


def iso_date(text: str) -> date:
    """Return the date that *text* writes as YYYY-MM-DD."""
    if not _DATE.fullmatch(text):
        msg = "a date is written YYYY-MM-DD, such as 2026-10-31"
        raise ValueError(msg)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        msg = "there is no such day"
        raise ValueError(msg) from None
    if found.year not in _YEARS:
        msg = f"the year is from {_YEARS.start} to {_YEARS.stop - 1}"
        raise ValueError(msg)
    return found


def zone_name(text: str) -> str:
    """Return *text* if it is the IANA name of a time zone."""
    if not _ZONE.fullmatch(text):
        msg = "the IANA name of a time zone is needed, such as Europe/Madrid"
        raise ValueError(msg)
    local_date(datetime.fromtimestamp(0, UTC), text)  # raises UnknownZone
    return text


def instant_in(zone: str | None) -> Callable[[str], datetime]:
    """Return a reader of instants: with an offset, or without one and local to *zone*.

    *zone* may be empty, and then an offset is needed; an offset beside a zone is refused, since
    only one of them can be right. With None, an unreadable zone, only the shape is checked.
    """

    def read(text: str) -> datetime:
        match = _TIME.fullmatch(text)
        if match is None:
            msg = "a time is written YYYY-MM-DDTHH:MM, with seconds or an offset if needed"
            raise ValueError(msg)
        iso_date(match[1])
        try:
            found = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ''}")
        except ValueError:
            msg = "there is no such time"
            raise ValueError(msg) from None
        if zone is None:
            return found.replace(tzinfo=UTC)
        if found.tzinfo is None:
            return _placed(found, zone)
        if zone:
            msg = f"has an offset and the zone {zone}; leave one of them empty"
            raise ValueError(msg)
        return found.astimezone(UTC)

    return read


def _placed(local: datetime, zone: str) -> datetime:
    """Return the instant at which clocks in *zone* show *local*, if there is exactly one."""
    if not zone:
        msg = "has no offset, and the row no zone; write +02:00 or fill the column zone"
        raise ValueError(msg)
    first = local.replace(tzinfo=ZoneInfo(zone), fold=0)
    if first.utcoffset() != first.replace(fold=1).utcoffset():
        back = first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None)
        what = "happens twice" if back == local else "never happens"
        msg = f"{what} in {zone}, where clocks change; write it with an offset"
        raise ValueError(msg)
    return first.astimezone(UTC)


def currency_of(units: Units) -> Callable[[str], str]:
    """Return a reader of a currency in *units*."""

    def read(text: str) -> str:
        if not _CODE.fullmatch(text):
            msg = "the code of a currency is needed, such as EUR"
            raise ValueError(msg)
        if text not in units.exponents:
            msg = "is no known currency"
            raise ValueError(msg)
        return text

    return read


def amount_in(
    currency: str | None, units: Units, *, negative: bool = False
) -> Callable[[str], Money]:
    """Return a reader of plain decimals in *currency*; where that is unknown, of their shape."""

    def read(text: str) -> Money:
        if not _PLAIN.fullmatch(text):
            msg = "an amount is written 1234.50, in digits 0 to 9, without signs or separators"
            raise ValueError(msg)
        if text.startswith("-") and not negative:
            msg = "must not be negative"
            raise ValueError(msg)
        found = units.parse(text, currency) if currency is not None else Money(0, "XXX")
        if abs(found.minor) > _INT64:
            msg = f"is more than {_INT64} minor units, the most that a ledger can hold"
            raise ValueError(msg)
        return found

    return read


@attrs.define
class Cells:
    """One row while it is read: gives values by column and notes what is wrong.

    After a problem `need` and `maybe` return a stand-in that must not be used: build a record
    only while `sound`.
    """

    row: Row
    problems: list[RowProblem] = attrs.field(factory=list)
    sound: bool = True

    def text(self, column: str) -> str:
        """Return what stands in *column*, empty if nothing does or there is no such column."""
        return self.row.cells.get(column, "")

    def need(self, column: str, read: Callable[[str], T]) -> T:
        """Return the value of *column*, which must not be empty."""
        return cast("T", self._read(column, read, needed=True))

    def maybe(self, column: str, read: Callable[[str], T]) -> T | None:
        """Return the value of *column*, None if it is empty or absent."""
        return self._read(column, read, needed=False)

    def _read(self, column: str, read: Callable[[str], T], *, needed: bool) -> T | None:
        text = self.text(column)
        if len(text) > _MAX_CELL:
            self.refuse(column, f"at most {_MAX_CELL} characters are read")
            return None
        if not text:
            if needed:
                self.refuse(column, "must not be empty")
            return None
        try:
            return read(text)
        except (ValueError, LedgerkitError) as error:
            self.refuse(column, str(error))
            return None

    def refuse(self, column: str, reason: str) -> None:
        """Note that the row can't be used, because of *column* (empty: as a whole)."""
        self.sound = False
        value = shortened(self.text(column))
        self.problems.append(RowProblem(self.row.file, self.row.line, column, value, reason))

    def bind(self) -> None:
        """Make the row's problems unskippable: what depends on the row can't be told."""
        self.problems[:] = [attrs.evolve(p, skippable=False) for p in self.problems]
