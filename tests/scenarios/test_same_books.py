"""Stores that take the same commands give the same answers and keep the same books."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from typing import TypeAlias

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.ports.store import Store
from ledgerkit.testing.machine import Stores, books_machine

pytest_plugins = ("tests.plugins.postgres",)

Maker: TypeAlias = Callable[[], Store]
TENANTS = count(1)


def run_on(makers: Mapping[str, Maker], *, examples: int, steps: int) -> None:
    """Run the machine on one new store of each maker for each example."""

    def make_stores() -> Stores:
        return {name: make() for name, make in makers.items()}

    run_state_machine_as_test(
        books_machine(make_stores),
        settings=settings(max_examples=examples, stateful_step_count=steps),
    )


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    """Return where stores leave what must be closed after the test."""
    with ExitStack() as stack:
        yield stack


def tenants(url: str, ending: ExitStack) -> Maker:
    """Return what makes empty books in the database at *url*, a tenant for each."""
    engine = create_engine(url)
    ending.callback(engine.dispose)
    migrate(engine)
    return lambda: SqlStore(engine, tenant=f"tenant {next(TENANTS)}")


def test_two_memory_stores() -> None:
    """A store depends on what it was told, and on nothing else."""
    run_on({"one": MemoryStore, "two": MemoryStore}, examples=30, steps=30)


@pytest.mark.slow
@pytest.mark.postgres
def test_every_store(ending: ExitStack, postgres_url: str) -> None:
    """Memory, SQLite and PostgreSQL at once; one more store is one more line."""
    makers = {
        "memory": MemoryStore,
        "sqlite": tenants("sqlite://", ending),
        "postgres": tenants(postgres_url, ending),
    }
    run_on(makers, examples=25, steps=30)
