"""Records in memory: every version of every record, and the numbers drawn for them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from datetime import date
from threading import RLock
from typing import Any, TypeVar, cast

import attrs

from ledgerkit.adapters.memory.paging import whole
from ledgerkit.adapters.memory.undo import Undo
from ledgerkit.domain.changes import Changes, Number, Record, Stale, Version, Versioned
from ledgerkit.domain.ledger import Page
from ledgerkit.schema import Index, index_of, kind_of

R = TypeVar("R", bound=Record)


class MemoryRecords:
    """The part of a memory store that keeps versioned records and document numbers."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._versions: dict[tuple[type[Record], str], list[Version[Any]]] = {}
        self._ids: dict[type[Record], list[str]] = {}  # sorted
        self._counters: dict[str, int] = {}
        self._numbers: list[Number] = []

    def load(self, kind: type[R], id: str) -> Versioned[R] | None:
        """Return the newest version of record *id*, or None."""
        history = self.history(kind, id)
        return Versioned(history[-1].record, len(history)) if history else None

    def find(
        self,
        kind: type[R],
        *,
        party: str | None = None,
        status: str | None = None,
        since: date | None = None,
        until: date | None = None,
        after: str | None = None,
        limit: int = 500,
    ) -> Page[Versioned[R]]:
        """Return records of *kind* by id, those after the id *after*, at most *limit*."""
        whole("limit", limit, least=1)
        kind_of(kind)
        found: list[Versioned[R]] = []
        with self._lock:
            ids = self._ids.get(kind, [])
            for id in ids[0 if after is None else bisect_right(ids, after) :]:
                versions = self._versions[kind, id]
                record = cast("R", versions[-1].record)
                if not _matches(index_of(record), party, status, since, until):
                    continue
                if len(found) == limit:
                    return Page(tuple(found), found[-1].record.id)
                found.append(Versioned(record, len(versions)))
        return Page(tuple(found))

    def history(self, kind: type[R], id: str) -> tuple[Version[R], ...]:
        """Return every version of record *id*, oldest first; none if it was never stored."""
        kind_of(kind)
        with self._lock:
            return tuple(self._versions.get((kind, id), ()))

    def numbers(self, counter: str | None = None) -> tuple[Number, ...]:
        """Return the numbers drawn, by counter and number."""
        with self._lock:
            drawn = [n for n in self._numbers if counter is None or n.counter == counter]
        return tuple(sorted(drawn, key=lambda n: (n.counter, n.n)))

    def _check_versions(self, changes: Changes) -> None:
        for (kind, id), expected in changes.expected.items():
            name = kind_of(kind)
            found = len(self._versions.get((kind, id), ()))
            if found != expected:
                raise Stale(name, id, expected, found)

    def _draw(self, changes: Changes, undo: Undo) -> tuple[Number, ...]:
        numbers = []
        for draw in changes.draws:
            counter = draw.series.counter(draw.on)
            if counter in self._counters:
                undo.add(self._counters.__setitem__, counter, self._counters[counter])
                n = self._counters[counter] + 1
            else:
                undo.add(self._counters.__delitem__, counter)
                n = draw.series.start
            self._counters[counter] = n
            numbers.append(Number(counter, n, draw.series.text(n, on=draw.on), draw.record))
        self._numbers += numbers
        undo.add(self._numbers.__delitem__, slice(len(self._numbers) - len(numbers), None))
        return tuple(numbers)

    def _store(self, changes: Changes, numbers: Iterable[Number], undo: Undo) -> None:
        texts = {number.record: number.text for number in numbers}
        for record in changes.records:
            kind, id = type(record), record.id
            versions = self._versions.setdefault((kind, id), [])
            if not versions:
                insort(self._ids.setdefault(kind, []), id)
                undo.add(self._ids[kind].remove, id)
            drawn = texts.get(id) or _kept(record, versions)
            if drawn is not None:
                record = attrs.evolve(cast("Any", record), number=drawn)  # noqa: PLW2901
            versions.append(
                Version(
                    record,
                    len(versions) + 1,
                    changes.key,
                    changes.actor,
                    changes.reason,
                    changes.at,
                )
            )
            undo.add(versions.pop)


def _kept(record: Record, versions: Sequence[Version[Any]]) -> str | None:
    """Return the number of the newest of *versions*, if *record* names none."""
    if not versions or index_of(record).number is not None:
        return None
    return index_of(versions[-1].record).number


def _matches(
    index: Index, party: str | None, status: str | None, since: date | None, until: date | None
) -> bool:
    return (
        (party is None or index.party == party)
        and (status is None or index.status == status)
        and (since is None or (index.on is not None and index.on >= since))
        and (until is None or (index.on is not None and index.on < until))
    )
