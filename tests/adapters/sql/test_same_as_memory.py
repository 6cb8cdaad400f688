from __future__ import annotations

from itertools import count

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.engine import Engine

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.testing.machine import Stores, books_machine

pytest_plugins = ("tests.plugins.postgres",)
_TENANTS = count(1)
_SHORT = settings(max_examples=12, stateful_step_count=15, deadline=None)


def tenant_of(engine: Engine) -> SqlStore:
    """Return the empty books of a new tenant."""
    return SqlStore(engine, tenant=f"tenant {next(_TENANTS)}")


def test_sqlite_answers_like_memory() -> None:
    """Random commands: the same answers, the same refusals, the same books."""
    engine = create_engine("sqlite://")
    migrate(engine)

    def stores() -> Stores:
        return {"memory": MemoryStore(), "sqlite": tenant_of(engine)}

    run_state_machine_as_test(books_machine(stores), settings=_SHORT)
    engine.dispose()


@pytest.mark.postgres
def test_postgres_answers_like_memory(postgres_url: str) -> None:
    """Random commands: the same answers, the same refusals, the same books."""
    engine = create_engine(postgres_url)

    def stores() -> Stores:
        return {"memory": MemoryStore(), "postgres": tenant_of(engine)}

    run_state_machine_as_test(books_machine(stores), settings=_SHORT)
    engine.dispose()
