from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledgerkit.adapters.sql import SqlStore
from ledgerkit.ports.store import Store
from ledgerkit.testing.contracts.store import StoreContract
from ledgerkit.testing.contracts.store.transactions import InTransaction
from tests.migrated import migrated


class TestSqliteFile(StoreContract):
    """The promises of a store, kept in a file."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """Return where the books are kept."""
        return f"sqlite:///{tmp_path / 'books.db'}"

    @pytest.fixture
    def store(self, url: str) -> Iterator[SqlStore]:
        """Return an empty store in a file."""
        engine = migrated(url)
        yield SqlStore(engine)
        engine.dispose()

    @pytest.fixture
    def in_transaction(self, url: str) -> InTransaction:
        """Return how to work in the transaction of a session that knows nothing of ledgerkit."""

        def run(work: Callable[[Store], object], *, commit: bool) -> None:
            engine = sa.create_engine(url)
            with Session(engine) as session:
                work(SqlStore(session.connection()))
                session.commit() if commit else session.rollback()
            engine.dispose()

        return run


class TestSqliteMemory(StoreContract):
    """The promises of a store, kept in a database in memory."""

    @pytest.fixture
    def store(self) -> Iterator[SqlStore]:
        """Return an empty store in memory."""
        engine = migrated()
        yield SqlStore(engine)
        engine.dispose()
