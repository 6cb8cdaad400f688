"""Memory store: records, books and outbox of one tenant behind one lock and one write."""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock

import attrs

from ledgerkit.adapters.memory.books import MemoryBooks
from ledgerkit.adapters.memory.outbox import MemoryOutbox
from ledgerkit.adapters.memory.records import MemoryRecords
from ledgerkit.adapters.memory.undo import Undo
from ledgerkit.domain.changes import BatchRefused, Changes, Committed, KeyReused
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Book
from ledgerkit.domain.money import ISO
from ledgerkit.domain.verification import Problem

_UNITS = ISO.with_units({"SESSION": 0})


class MemoryStore(MemoryRecords, MemoryBooks, MemoryOutbox):
    """A `Store` that forgets everything when the process ends; threads may share it.

    Args:
        book: Units, wallets and lock date to begin with, copied; by default empty books in
            ISO 4217 currencies and sessions.

    Raises ValueError for a book with balances: each balance is a sum of entries, so opening
    balances are journals to commit.
    """

    def __init__(self, book: Book | None = None) -> None:
        book = Book(_UNITS) if book is None else book
        if any(book.balances.values()) or book.journals or book.holdings.by_id or book.held:
            msg = "a store begins without balances; commit opening balances as journals"
            raise ValueError(msg)
        lock = RLock()
        MemoryRecords.__init__(self, lock)
        MemoryBooks.__init__(
            self,
            lock,
            Book(book.units, wallets=book.wallets.values(), closed_before=book.closed_before),
        )
        MemoryOutbox.__init__(self, lock)
        self._commits: dict[str, tuple[Changes, Committed]] = {}

    def commit(self, changes: Changes) -> Committed:
        """Store *changes*, once."""
        with self._lock, Undo() as undo:
            return self._commit(changes, undo)

    def commit_all(self, many: Sequence[Changes]) -> tuple[Committed, ...]:
        """Store all of *many*, each once, or none of them."""
        done: list[Committed] = []
        with self._lock, Undo() as undo:
            for index, changes in enumerate(many):
                try:
                    done.append(self._commit(changes, undo))
                except LedgerkitError as error:
                    raise BatchRefused(index, changes.key, error) from error
        return tuple(done)

    def problems(self) -> tuple[Problem, ...]:
        """Return nothing: there is one place for each thing, so that no two can differ."""
        return ()

    def _commit(self, changes: Changes, undo: Undo) -> Committed:
        known = self._commits.get(changes.key)
        if known is not None and known[0].request == changes.request:
            return attrs.evolve(known[1], replayed=True)
        self._check_versions(changes)
        if known is not None:
            raise KeyReused(changes.key, known[0].request.differing(changes.request))
        self._set_policies(changes, undo)
        self._post(changes, undo)
        self._hold(changes, undo)
        numbers = self._draw(changes, undo)
        self._store(changes, numbers, undo)
        self._put(changes, undo)
        committed = Committed(changes.key, changes.at, numbers)
        self._commits[changes.key] = changes, committed
        undo.add(self._commits.__delitem__, changes.key)
        return committed
