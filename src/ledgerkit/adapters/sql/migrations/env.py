"""Runs the scripts beside it on the connection that `migrate` was given."""

from __future__ import annotations

from alembic import context

from ledgerkit.adapters.sql.migrate import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    # The caller's transaction is used as it is: never begun, never committed here.
    transactional_ddl=False,
)
context.run_migrations()
