"""Cell: what stands in one place of a CSV, for programs and spreadsheets to read the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime

from ledgerkit.domain.money import Money, Units
from ledgerkit.domain.periods import Period

# A cell that begins like a formula would be run by a spreadsheet. (OWASP: CSV injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text(value: str | None) -> str:
    """Return *value* as a cell that no spreadsheet runs, empty for None."""
    if value is None:
        return ""
    return f"'{value}" if value.startswith(_FORMULA) else value


def day(on: date | None) -> str:
    """Return *on* as an ISO date, empty for None."""
    return "" if on is None else on.isoformat()


def moment(at: datetime | None) -> str:
    """Return *at* as an ISO instant in UTC, empty for None."""
    return "" if at is None else at.isoformat()


def money(amount: Money | None, units: Units) -> str:
    """Return *amount* as a plain decimal, empty for None."""
    return "" if amount is None else units.plain(amount)


def days(period: Period | None) -> tuple[str, str]:
    """Return the first day of *period* and the day after its last, empty for None."""
    return ("", "") if period is None else (day(period.start), day(period.end))


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return *rows* below a header of *columns*."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)  # ends rows as RFC 4180 says, and quotes cells with line breaks
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
