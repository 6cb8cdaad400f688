"""Empty books in memory and in SQLite, for `pytest_plugins` of tests that must pass on both.

Making tables takes long, so one database serves a module, with a tenant for each test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore
from ledgerkit.ports.store import Store
from tests.migrated import migrated

TENANTS = count()


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Callable[[], Store]]:
    """Return what makes empty books in one SQLite database, a tenant for each."""
    with ExitStack() as ending:
        engine = migrated()
        ending.callback(engine.dispose)
        yield lambda: SqlStore(engine, tenant=f"tenant {next(TENANTS)}")


@pytest.fixture(params=["memory", "sqlite"])
def empty_books(request: Any, sqlite: Callable[[], Store]) -> Store:
    """Return empty books, once of each kind."""
    return MemoryStore() if request.param == "memory" else sqlite()
