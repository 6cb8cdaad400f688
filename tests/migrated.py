"""Migrated, empty books in SQLite for tests that need a database of their own.

Making tables takes long, so they are made once, and each test has a copy.
"""

from __future__ import annotations

from contextlib import closing
from functools import cache
from typing import Any

from sqlalchemy.engine import Engine

from ledgerkit.adapters.sql import create_engine, migrate


@cache
def _migrated() -> Engine:
    engine = create_engine("sqlite://")
    migrate(engine)
    return engine


def migrated(url: str = "sqlite://") -> Engine:
    """Return an engine on migrated, empty books at *url*, where nothing has been."""
    engine = create_engine(url)
    with closing(_migrated().raw_connection()) as made, closing(engine.raw_connection()) as copy:
        source: Any = made.driver_connection
        source.backup(copy.driver_connection)
    return engine
