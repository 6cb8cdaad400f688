from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy.engine import Engine

from ledgerkit.adapters.sql import SqlStore, create_engine
from ledgerkit.testing.contracts.store import StoreContract

pytestmark = pytest.mark.postgres
_TENANTS = count(1)


@pytest.fixture(scope="module")
def engine(postgres_url: str) -> Iterator[Engine]:
    """Return an engine on a database of this module."""
    engine = create_engine(postgres_url)
    yield engine
    engine.dispose()


class TestPostgres(StoreContract):
    """The promises of a store, kept on a server, where each test has a tenant of its own."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlStore:
        """Return the empty books of a new tenant."""
        return SqlStore(engine, tenant=f"tenant {next(_TENANTS)}")
