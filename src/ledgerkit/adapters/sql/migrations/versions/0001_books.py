"""Books: the first schema."""

from __future__ import annotations

from alembic import op

from ledgerkit.adapters.sql.tables import metadata, postgres
from ledgerkit.adapters.sql.triggers import create_triggers

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    metadata.create_all(op.get_bind())
    if op.get_bind().dialect.name == "postgresql":
        postgres.create_all(op.get_bind())
    create_triggers(op.get_bind())
