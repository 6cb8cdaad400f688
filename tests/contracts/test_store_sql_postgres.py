from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from ledgerkit.adapters.sql import SqlStore, create_engine
from ledgerkit.ports.store import Store
from ledgerkit.testing.contracts.store import StoreContract
from ledgerkit.testing.contracts.store.transactions import InTransaction, TransactionsContract

pytest_plugins = ("tests.plugins.postgres",)
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
    def tenant(self) -> str:
        """Return the name of a new tenant."""
        return f"tenant {next(_TENANTS)}"

    @pytest.fixture
    def store(self, engine: Engine, tenant: str) -> SqlStore:
        """Return the empty books of a new tenant."""
        return SqlStore(engine, tenant=tenant)

    @pytest.fixture
    def in_transaction(self, engine: Engine, tenant: str) -> InTransaction:
        """Return how to work in the transaction of a session."""

        def run(work: Callable[[Store], object], *, commit: bool) -> None:
            with Session(engine) as session:
                work(SqlStore(session.connection(), tenant=tenant))
                session.commit() if commit else session.rollback()

        return run


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
class TestStrictHost(TransactionsContract):
    """Promise 15 in hosts that see only what was committed when their transaction began."""

    @pytest.fixture
    def tenant(self) -> str:
        """Return the name of a new tenant."""
        return f"tenant {next(_TENANTS)}"

    @pytest.fixture
    def store(self, engine: Engine, tenant: str) -> SqlStore:
        """Return the empty books of a new tenant."""
        return SqlStore(engine, tenant=tenant)

    @pytest.fixture
    def in_transaction(self, engine: Engine, tenant: str, level: str) -> InTransaction:
        """Return how to work in the transaction of a session at *level*."""

        def run(work: Callable[[Store], object], *, commit: bool) -> None:
            with Session(engine.execution_options(isolation_level=level)) as session:
                work(SqlStore(session.connection(), tenant=tenant))
                session.commit() if commit else session.rollback()

        return run
