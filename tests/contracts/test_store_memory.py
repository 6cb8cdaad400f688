"""The memory store keeps every promise of a store."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.memory.undo import Undo
from ledgerkit.domain.changes import Changes
from ledgerkit.domain.ledger import Balance, Book, Cursor, Limit, Wallet
from ledgerkit.domain.money import ISO
from ledgerkit.ports.store import Store
from ledgerkit.testing.contracts.store import StoreContract
from ledgerkit.testing.samples import changes, transfer


class TestMemoryStore(StoreContract):
    """All promises but 15: there is no host transaction in memory."""

    @pytest.fixture
    def store(self) -> Store:
        """Return an empty memory store."""
        return MemoryStore()


def test_a_book_is_where_a_store_begins() -> None:
    """Units, wallets and lock date are copied, so that two stores can begin alike."""
    book = Book(ISO.with_units({"CREDIT": 6}), wallets=(Wallet("a"), Wallet("b")))
    first, second = MemoryStore(book), MemoryStore(book)
    first.commit(
        changes(
            "k-1", opens=(Wallet("c"),), journals=(transfer("j", "a", "b", 5, currency="CREDIT"),)
        )
    )

    assert Balance(5) == first.balance("b", "CREDIT")
    assert Balance(0) == second.balance("b", "CREDIT")
    assert (Wallet("a"), Wallet("b")) == second.wallets()


def test_a_book_with_balances_is_refused() -> None:
    """A balance that is no sum of entries would break every statement."""
    held = Book(balances={("a", "EUR"): Balance(5)})

    with pytest.raises(ValueError, match="opening balances as journals"):
        MemoryStore(held)


def test_nobody_sees_half_a_commit() -> None:
    """While one thread commits, others wait: for reading, for committing and for claiming."""
    waiting: list[Future[Any]] = []

    class Watched(MemoryStore):
        def _put(self, changes: Changes, undo: Undo) -> None:
            """Store messages, after the others have tried in vain to get in between."""
            waiting.append(threads.submit(self.wallets))
            waiting.append(threads.submit(self.balances))
            waiting.append(threads.submit(self.journals))
            waiting.append(threads.submit(self.commit_all, []))
            assert set() == wait(waiting, timeout=0.1).done
            super()._put(changes, undo)

    with ThreadPoolExecutor(5) as threads:
        Watched().commit(changes("k-1", opens=(Wallet("a"),)))

    assert (Wallet("a"),) == waiting[0].result()


def test_a_cursor_of_no_statement_is_refused() -> None:
    """By effect, a cursor must be a place in the books."""
    store = MemoryStore(Book(wallets=(Wallet("a"), Wallet("b", (Limit("EUR", 0),)))))
    store.commit(changes("k-1", journals=(transfer("j-1", "a", "b", 5),)))

    assert () == store.entries("a", after=Cursor(9, 0)).items
    with pytest.raises(ValueError, match="no place in a statement"):
        store.entries("a", by_effect=True, after=Cursor(9, 0))
