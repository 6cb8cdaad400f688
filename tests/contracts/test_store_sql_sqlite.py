from __future__ import annotations

from pathlib import Path

import pytest

from ledgerkit.adapters.sql import SqlStore, open_store
from ledgerkit.testing.contracts.store import StoreContract


class TestSqliteFile(StoreContract):
    """The promises of a store, kept in a file."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> SqlStore:
        """Return an empty store in a file."""
        return open_store(f"sqlite:///{tmp_path / 'books.db'}")


class TestSqliteMemory(StoreContract):
    """The promises of a store, kept in a database in memory."""

    @pytest.fixture
    def store(self) -> SqlStore:
        """Return an empty store in memory."""
        return open_store("sqlite://")
