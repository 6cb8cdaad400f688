"""Leg: what journals do to balances, put together so that each balance moves once per batch.

A floor looks at journals in which the wallet loses money, a ceiling at those in which it gains;
the lowest point after a losing journal and the highest after a gaining one stand for all of them,
so that one guarded update equals checking journal by journal. What open holds keep counts in the
same statement. (spec: ledger 3, 4, reliability B1)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import attrs

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.tables import LINE_BITS, MOST_LEGS
from ledgerkit.adapters.sql.working import Place
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Journal


@attrs.frozen
class TooManyLegs(LedgerkitError):
    """A journal of more legs than a store numbers."""

    journal: str
    legs: int
    most: int
    code: ClassVar[str] = "too_many_legs"

    def __str__(self) -> str:
        return (
            f"journal {self.journal!r} has {self.legs} legs and this store numbers {self.most}; "
            "post it as several journals"
        )


class BalanceMoves:
    """What a batch of journals does to each balance.

    Args:
        places: The row of each balance that the journals touch.
        guarded: Whether the update is to look at floors and ceilings. Where holds move too it
            cannot: the batch was judged while its rows were locked.
    """

    __slots__ = ("_guarded", "_high", "_low", "_places", "_sums")

    def __init__(self, places: Mapping[tuple[str, str], Place], *, guarded: bool = True) -> None:
        self._places = places
        self._guarded = guarded
        self._sums: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self._high: dict[int, int] = {}

    def entries(self, journals: Iterable[tuple[int, Journal]]) -> Iterator[tuple[int, int, int]]:
        """Yield (entry id, balance, amount) for *journals* with their ids, and count them.

        They stand in posting order.

        Raises:
            TooManyLegs: a journal of more legs than have a number.
        """
        places, sums = self._places, self._sums
        for journal_id, journal in journals:
            if len(journal.entries) > MOST_LEGS:
                raise TooManyLegs(journal.id, len(journal.entries), MOST_LEGS)
            limited: list[tuple[int, int]] = []
            line = journal_id << LINE_BITS
            for entry in journal.entries:
                amount = entry.amount
                place = places[entry.wallet, amount.currency]
                id, minor = place.id, amount.minor
                yield line, id, minor
                line += 1
                sums[id] = sums.get(id, 0) + minor
                if place.limited:
                    limited.append((id, minor))
            if limited and self._guarded:
                self._bound(limited, floors=journal.forced_by is None)

    def _bound(self, limited: list[tuple[int, int]], *, floors: bool) -> None:
        nets = dict(limited)
        if len(nets) < len(limited):
            nets = dict.fromkeys(nets, 0)
            for id, minor in limited:
                nets[id] += minor
        for id, net in nets.items():
            after = self._sums[id]
            if net < 0 and floors:
                self._low[id] = min(self._low.get(id, after), after)
            elif net > 0:
                self._high[id] = max(self._high.get(id, after), after)

    def write(self, db: Database) -> bool:
        """Move the balances; return False if one is not where it may move from.

        In PostgreSQL balances without limits get deltas, so that nobody waits for their rows.
        """
        if db.postgres:
            return self._write_postgres(db)
        rows = [
            (net, id, low, low, high, high)
            for id, net in sorted(self._sums.items())
            for low, high in ((self._low.get(id), self._high.get(id)),)
        ]
        return len(rows) == db.run_many(_GUARDED, rows)

    def _write_postgres(self, db: Database) -> bool:
        deltas, rows = self.parts()
        db.insert(tables.deltas, "balance amount", deltas)
        return not rows or len(rows) == db.run(_GUARDED_ARRAYS, *db.arrays(rows))

    def parts(
        self,
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int, int | None, int | None]]]:
        """Return the deltas, (balance, amount), and the guarded moves, (balance, net, low, high).

        Both stand in the order of balances.
        """
        limited = {place.id for place in self._places.values() if place.limited}
        deltas, guarded = [], []
        for id, net in sorted(self._sums.items()):
            if id in limited:
                guarded.append((id, net, self._low.get(id), self._high.get(id)))
            elif net != 0:
                deltas.append((id, net))
        return deltas, guarded


_GUARDED = (
    "UPDATE ledgerkit_balances SET posted = posted + ? WHERE id = ? "
    "AND (? IS NULL OR floor IS NULL OR posted + ? - held_out >= floor) "
    "AND (? IS NULL OR ceiling IS NULL OR posted + ? + held_in <= ceiling)"
)
_GUARDED_ARRAYS = (
    "UPDATE ledgerkit_balances b SET posted = b.posted + m.net "
    "FROM unnest(CAST(? AS integer[]), CAST(? AS bigint[]), CAST(? AS bigint[]), "
    "CAST(? AS bigint[])) AS m(id, net, low, high) WHERE b.id = m.id AND b.limited = 1 "
    "AND (m.low IS NULL OR b.floor IS NULL OR b.posted + m.low - b.held_out >= b.floor) "
    "AND (m.high IS NULL OR b.ceiling IS NULL OR b.posted + m.high + b.held_in <= b.ceiling)"
)
