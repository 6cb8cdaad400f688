"""Store contract: the promises of `ledgerkit.ports.store`, each a test of the same number."""

from __future__ import annotations

import pytest

from ledgerkit.ports.store import Store
from ledgerkit.testing.contracts.store.books import BooksContract
from ledgerkit.testing.contracts.store.checks import ChecksContract
from ledgerkit.testing.contracts.store.commits import CommitsContract
from ledgerkit.testing.contracts.store.holds import HoldsContract
from ledgerkit.testing.contracts.store.outbox import OutboxContract
from ledgerkit.testing.contracts.store.posting import PostingContract
from ledgerkit.testing.contracts.store.records import RecordsContract
from ledgerkit.testing.contracts.store.transactions import TransactionsContract

__all__ = ["StoreContract"]


class StoreContract(
    RecordsContract,
    BooksContract,
    PostingContract,
    CommitsContract,
    TransactionsContract,
    OutboxContract,
    ChecksContract,
    HoldsContract,
):
    """Every promise of a store; a subclass says which store by overriding the fixture `store`.

    A store that can join a transaction of its host overrides `in_transaction` as well.
    """

    @pytest.fixture
    def store(self) -> Store:
        """Return an empty store that knows the currencies of ISO 4217 and SESSION (exponent 0)."""
        msg = "override the fixture `store` to return the store to be proven, empty"
        raise NotImplementedError(msg)
