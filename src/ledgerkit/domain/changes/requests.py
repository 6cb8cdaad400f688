"""Requests: what was asked, as it is compared when its key comes again.

The same key with the same request is the same decision, and is answered as the first time; with
another request it is a mistake, and every differing field is named. (spec: ledger 3, billing 0.8)
"""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.ledger.journals import name_of, pairs_of


@attrs.frozen
class Request:
    """What was asked: verb, arguments and business dates; never clock, actor or versions.

    The same key with the same request is the same decision; with another it is a mistake.

    Attributes:
        verb: What to do, such as `invoice.issue`; no argument is called `verb`.
        arguments: With what, as (field, text) pairs sorted by field, each field once.
    """

    verb: str
    arguments: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("request verb", self.verb)
        pairs_of("request arguments", self.arguments)
        fields = [field for field, _ in self.arguments]
        if fields != sorted(set(fields)) or "verb" in fields:
            msg = f"request fields are sorted, each once, and none is 'verb' (got {fields})"
            raise ValueError(msg)

    def differing(self, other: Request) -> tuple[tuple[str, str | None, str | None], ...]:
        """Return (field, mine, the other's) for each field that differs."""
        mine, theirs = dict(self.arguments), dict(other.arguments)
        mine["verb"], theirs["verb"] = self.verb, other.verb
        return tuple(
            (field, mine.get(field), theirs.get(field))
            for field in sorted(mine.keys() | theirs.keys())
            if mine.get(field) != theirs.get(field)
        )


def request(verb: str, **arguments: str | int | date | None) -> Request:
    """Return the request to *verb* with *arguments* as text; None leaves one out.

    >>> request("invoice.issue", invoice="inv_1", on=date(2026, 11, 1)).arguments
    (('invoice', 'inv_1'), ('on', '2026-11-01'))
    """
    for field, value in arguments.items():
        if value is not None and type(value) not in (str, int, date):
            msg = f"request field {field!r} must be text, a whole number or a date (got {value!r})"
            raise TypeError(msg)
    return Request(
        verb, tuple((f, str(arguments[f])) for f in sorted(arguments) if arguments[f] is not None)
    )
