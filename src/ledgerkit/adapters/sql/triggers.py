"""Trigger: what the database refuses by itself, whoever writes to it.

What is in the books is never edited or deleted, in either database. (spec: ledger 5, 9)
"""

from __future__ import annotations

from sqlalchemy.engine import Connection

APPEND_ONLY = (
    "ledgerkit_commits",
    "ledgerkit_policies",
    "ledgerkit_closings",
    "ledgerkit_journals",
    "ledgerkit_entries",
    "ledgerkit_record_versions",
    "ledgerkit_numbers",
)
"""The tables that only grow."""


def create_triggers(connection: Connection) -> None:
    """Create the triggers of a new schema."""
    if connection.dialect.name == "sqlite":
        for statement in _sqlite():
            connection.exec_driver_sql(statement)


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, '{table} only grows: post a correction instead of {verb}'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    ]
