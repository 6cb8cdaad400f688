"""SQL: the store in SQLite, the embedded default, and in PostgreSQL, its grown-up engine.

`open_store(url)` serves scripts; `SqlStore(session.connection())` takes part in a host's
transaction; `migrate(connection)` brings the tables up to date. Needs `pip install
ledgerkit[sql]`, for PostgreSQL `ledgerkit[postgres]`.
"""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError as DatabaseError

from ledgerkit.adapters.sql.connect import (
    ConflictRetry,
    DatabaseTooOld,
    create_engine,
    shown_url,
)
from ledgerkit.adapters.sql.legs import TooManyLegs
from ledgerkit.adapters.sql.migrate import SchemaTooNew, SchemaTooOld, migrate
from ledgerkit.adapters.sql.store import SqlStore, open_store
from ledgerkit.adapters.sql.tables import metadata

__all__ = [
    "ConflictRetry",
    "DatabaseError",
    "DatabaseTooOld",
    "SchemaTooNew",
    "SchemaTooOld",
    "SqlStore",
    "TooManyLegs",
    "create_engine",
    "metadata",
    "migrate",
    "open_store",
    "shown_url",
]
