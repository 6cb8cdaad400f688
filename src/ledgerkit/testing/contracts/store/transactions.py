"""Transactions contract: promise 15 of a store, for stores that join a host's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from ledgerkit.domain.changes import Changes, Draw, Series
from ledgerkit.domain.ledger import InsufficientFunds, Limit, Wallet
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books
from ledgerkit.testing.samples import OCTOBER, changes, invoice, transfer


class InTransaction(Protocol):
    """Runs *work* on a store inside a transaction of the host, then ends the transaction.

    The store given to *work* keeps the same books as the fixture `store`.
    """

    def __call__(self, work: Callable[[Store], object], *, commit: bool) -> None:
        """Call *work*, then commit the host's transaction or roll it back."""
        ...


class TransactionsContract:
    """Inside a host's transaction a commit neither commits nor rolls it back."""

    @pytest.fixture
    def in_transaction(self) -> InTransaction:
        """Return how to work inside a host's transaction; by default the tests are skipped."""
        pytest.skip("this store joins no transaction of a host")

    def test_15_a_rolled_back_transaction_leaves_nothing(
        self, store: Store, in_transaction: InTransaction
    ) -> None:
        """What was committed inside is gone with the host's transaction, and can be done again."""
        before = books(store)
        seen: list[object] = []

        def work(inside: Store) -> None:
            inside.commit(_sale())
            seen.append(inside.balance("b", "EUR").posted)

        in_transaction(work, commit=False)

        assert [5] == seen
        assert before == books(store)
        assert not store.commit(_sale()).replayed

    def test_15_a_committed_transaction_keeps_everything(
        self, store: Store, in_transaction: InTransaction
    ) -> None:
        """What was committed inside is there once the host has committed."""
        in_transaction(lambda inside: inside.commit(_sale()), commit=True)

        assert store.commit(_sale()).replayed
        assert ("INV-1",) == tuple(number.text for number in store.numbers())

    def test_15_a_refusal_leaves_the_transaction_usable(
        self, store: Store, in_transaction: InTransaction
    ) -> None:
        """Only the refused commit is undone; what stands around it in the transaction stays."""

        def work(inside: Store) -> None:
            inside.commit(_sale())
            with pytest.raises(InsufficientFunds):
                inside.commit(changes("k-2", journals=(transfer("j-2", "poor", "b", 1),)))
            inside.commit(changes("k-3", journals=(transfer("j-3", "a", "poor", 1),)))

        in_transaction(work, commit=True)

        assert ["j-1", "j-3"] == [posted.journal.id for posted in store.journals().items]


def _sale() -> Changes:
    return changes(
        "k-1",
        opens=(Wallet("a"), Wallet("b"), Wallet("poor", (Limit("EUR", 0),))),
        journals=(transfer("j-1", "a", "b", 5),),
        records=(invoice("i-1"),),
        draws=(Draw("i-1", Series("INV", "{series}-{n}"), OCTOBER),),
    )
