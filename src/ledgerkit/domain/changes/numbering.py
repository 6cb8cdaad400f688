"""Numbering: series of document numbers without gaps.

A number is drawn by the commit that issues the document, as the last thing it does, so that a
commit that fails leaves no gap; a preview has none. (spec: billing 7)
"""

from __future__ import annotations

import re
from datetime import date

import attrs

from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.periods import plain_date

_TOKEN = re.compile(r"\{(?:(series|year|month)|(n)(?::([0-9]{1,2}))?)\}")
NEVER, YEAR, MONTH = "never", "year", "month"


@attrs.frozen
class Series:
    """A sequence of document numbers without gaps, drawn by the commit.

    Attributes:
        name: Its name, such as `INV`; without a slash, which counters use to add the year.
        pattern: The text of a number; `{series}`, `{year}`, `{month}` and `{n}`, where `{n:5}`
            pads with zeros to five digits. Year and month are the document's, and decoration
            unless *reset* says otherwise. (spec: billing 7)
        reset: `never`, or at each `year` or `month`.
        start: The first number.

    >>> Series("INV", "{series}-{year}-{n:5}").text(7, on=date(2026, 11, 1))
    'INV-2026-00007'
    """

    name: str
    pattern: str = "{series}-{n:5}"
    reset: str = NEVER
    start: int = 1

    def __attrs_post_init__(self) -> None:
        name_of("series name", self.name)
        name_of("series pattern", self.pattern)
        rest = _TOKEN.sub("", self.pattern)
        if "/" in self.name:
            msg = f"a series name holds no slash, its pattern may (got {self.name!r})"
            raise ValueError(msg)
        if "{" in rest or "}" in rest or not any(t[2] for t in _TOKEN.finditer(self.pattern)):
            msg = (
                f"series pattern {self.pattern!r} must hold {{n}} or {{n:5}} and may hold "
                "{series}, {year} and {month}, and no other braces"
            )
            raise ValueError(msg)
        if self.reset not in (NEVER, YEAR, MONTH):
            msg = f"a series resets never, each year or each month (got {self.reset!r})"
            raise ValueError(msg)
        if self.reset != NEVER and "{year}" not in self.pattern:
            msg = f"series {self.name!r} resets each {self.reset}; its pattern needs {{year}}"
            raise ValueError(msg)
        if self.reset == MONTH and "{month}" not in self.pattern:
            msg = f"series {self.name!r} resets each month; its pattern needs {{month}}"
            raise ValueError(msg)
        if type(self.start) is not int or self.start < 0:
            msg = f"a series starts at a whole number from 0 (got {self.start!r})"
            raise ValueError(msg)

    def counter(self, on: date) -> str:
        """Return the name of the count that a number drawn *on* belongs to."""
        year, month = (f"{on:%Y}", f"{on:%Y-%m}")
        return {NEVER: self.name, YEAR: f"{self.name}/{year}", MONTH: f"{self.name}/{month}"}[
            self.reset
        ]

    def text(self, n: int, *, on: date) -> str:
        """Return number *n* as it stands on a document dated *on*."""
        values = {"series": self.name, "year": f"{on:%Y}", "month": f"{on:%m}"}

        def fill(token: re.Match[str]) -> str:
            return values[token[1]] if token[1] else str(n).zfill(int(token[3] or 0))

        return _TOKEN.sub(fill, self.pattern)


@attrs.frozen
class Draw:
    """The wish for a number: commit fills `number` of the new *record* from *series*."""

    record: str
    series: Series
    on: date

    def __attrs_post_init__(self) -> None:
        name_of("record to number", self.record)
        plain_date("on", self.on)


@attrs.frozen
class Number:
    """A number drawn: the *n*-th of *counter*, given to *record* as *text*."""

    counter: str
    n: int
    text: str
    record: str
