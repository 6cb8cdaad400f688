"""Exports: a diff of shadow mode as CSV, one row for each line of either side.

No locale is in them: a spreadsheet and a program read the same. (spec: billing 12)
"""

from __future__ import annotations

from ledgerkit.adapters.exports.cells import days, table, text
from ledgerkit.domain.money import Money, Units
from ledgerkit.domain.shadow import Compared, Diff

DIFF_COLUMNS = (
    "result",
    "role",
    "party",
    "currency",
    "document",
    "source",
    "part",
    "item",
    "period_start",
    "period_end",
    "a",
    "b",
    "difference",
)


def diff_csv(diff: Diff, *, units: Units) -> str:
    """Return every line of *diff* as CSV with a header row, party by party.

    The result is `match`, `difference`, `only_in_a` or `only_in_b`; an amount that a side does
    not have is empty.
    """
    result = {
        line.key: name
        for name, lines in (
            ("match", diff.matches),
            ("difference", diff.differences),
            ("only_in_a", diff.only_in_a),
            ("only_in_b", diff.only_in_b),
        )
        for line in lines
    }
    return table(DIFF_COLUMNS, (_row(line, result[line.key], units) for line in diff.lines))


def _row(line: Compared, result: str, units: Units) -> tuple[str, ...]:
    key = line.key
    return (
        result,
        key.role,
        text(key.party),
        key.currency,
        key.document,
        text(key.source),
        text(key.part),
        text(key.item),
        *days(key.period),
        _plain(line.a, units),
        _plain(line.b, units),
        units.plain(line.difference),
    )


def _plain(amount: Money | None, units: Units) -> str:
    return "" if amount is None else units.plain(amount)
