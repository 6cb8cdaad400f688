"""Books: the first schema."""

from __future__ import annotations

from typing import Any, TypeAlias

import sqlalchemy as sa
from alembic import op

from ledgerkit.adapters.sql.triggers import create_triggers

revision = "0001"
down_revision = None

Indexes: TypeAlias = tuple[tuple[str, str, str, bool, str | None], ...]

# A column: name, type and what is special: part of the key, numbered by the database, unique,
# may be absent, its default. Frozen: later schemas are later scripts.
TABLES = {
    "tenants": "id int key, name text unique, epoch big =0, closed_before big null",
    "units": "code text key, exponent int, scale big",
    "commits": "id big key, tenant int, key text, request text, actor text, reason text, at big",
    "wallets": "id int key, tenant int, address text, policy text",
    "policies": "wallet int key, version int key, commit_id big, policy text",
    "closings": "commit_id big key, tenant int, closed_before big",
    "balances": (
        "id int key, wallet int, currency text, posted big =0, limited int =0, "
        "floor big null, ceiling big null, held_out big =0, held_in big =0"
    ),
    "journals": (
        "id big key, tenant int, name text, kind text, commit_id big, effective_at big, "
        "recorded_at big, event_type text null, event_id text null, event_part text null, "
        "reverses big null, reversal int null, captures big null, forced_by text null, "
        "requires text null, metadata text null"
    ),
    "entries": "id big key, balance int, amount big",
    "holds": (
        "id big key, tenant int, name text, kind text, commit_id big, placed_at big, "
        "expires_at big null, event_type text null, event_id text null, event_part text null, "
        "multi int, forced_by text null, requires text null, metadata text null"
    ),
    "hold_legs": "hold big key, line int key, balance int, amount big",
    "hold_ends": "hold big key, commit_id big, expired int",
    "held": "hold big key, balance int key, incoming int key, amount big, expires_at big null",
    "records": (
        "tenant int key, kind text key, id text key, version int, party text null, "
        "status text null, on_date text null, number text null"
    ),
    "record_versions": (
        "tenant int key, kind text key, id text key, version int key, commit_id big, document text"
    ),
    "counters": "tenant int key, name text key, last big",
    "numbers": (
        "tenant int key, counter text key, n big key, text text, record text, commit_id big, "
        "place int"
    ),
    "messages": (
        "id big auto, tenant int, name text, topic text, recipient text, body text, "
        "commit_id big, free_at big, token int =0, outcome text null"
    ),
}
POSTGRES_TABLES = {
    "deltas": "balance int, amount big",
    "places": "tenant int key, sequence big key, journal big",
    "unplaced": "tenant int key, journal big key",
}
BY_KEY = {
    "units",
    "policies",
    "hold_legs",
    "held",
    "records",
    "counters",
    "numbers",
}  # SQLite: WITHOUT ROWID
# An index: table, name, columns, a condition; unique where it is named so.
INDEXES: Indexes = (
    ("commits", "key", "tenant key", True, None),
    ("wallets", "address", "tenant address", True, None),
    ("balances", "wallet", "wallet currency", True, None),
    ("journals", "event", "tenant event_type event_id event_part", True, "event_type IS NOT NULL"),
    ("journals", "name", "tenant name", True, None),
    ("journals", "reverses", "reverses reversal", True, "reverses IS NOT NULL"),
    ("journals", "captures", "captures", False, "captures IS NOT NULL"),
    ("entries", "balance", "balance", False, None),
    ("holds", "name", "tenant name", True, None),
    ("hold_legs", "balance", "balance", False, None),
    ("held", "balance", "balance expires_at", False, None),
    ("records", "date", "tenant kind on_date", False, None),
    ("records", "party", "tenant kind party id", False, None),
    ("records", "status", "tenant kind status id", False, None),
    ("numbers", "commit", "commit_id", False, None),
    ("messages", "name", "tenant name", True, None),
    ("messages", "waiting", "tenant id", False, "outcome IS NULL"),
)
POSTGRES_INDEXES: Indexes = (
    ("deltas", "balance", "balance", False, None),
    ("places", "journal", "journal", True, None),
)
CHECKS = {
    "entries": ("moves", "amount <> 0"),
    "balances": ("range", "posted >= -9223372036854775807 AND held_out >= 0 AND held_in >= 0"),
    "hold_legs": ("moves", "amount <> 0"),
    "held": ("some", "amount > 0"),
}
SEQUENCES = ("commits", "wallets", "balances", "journals", "holds")


def upgrade() -> None:
    """Create tables, indexes and triggers."""
    postgres = op.get_bind().dialect.name == "postgresql"
    tables, indexes = dict(TABLES), INDEXES
    if postgres:
        tables, indexes = {**TABLES, **POSTGRES_TABLES}, INDEXES + POSTGRES_INDEXES
        for name in SEQUENCES:
            op.execute(f"CREATE SEQUENCE ledgerkit_{name}_ids")
    for name, columns in tables.items():
        parts: list[Any] = [_column(spec) for spec in columns.split(", ")]
        if name in CHECKS:
            check, condition = CHECKS[name]
            parts.append(sa.CheckConstraint(condition, name=f"ledgerkit_{name}_{check}"))
        options = {"sqlite_strict": True, "sqlite_with_rowid": name not in BY_KEY}
        op.create_table(f"ledgerkit_{name}", *parts, **options)
    for table, name, names, unique, only in indexes:
        where = None if only is None else sa.text(only)
        op.create_index(
            f"ledgerkit_{table}_{name}",
            f"ledgerkit_{table}",
            names.split(),
            unique=unique,
            sqlite_where=where,
            postgresql_where=where,
        )
    create_triggers(op.get_bind())


def _column(spec: str) -> sa.Column[Any]:
    name, type, *rest = spec.split()
    types: dict[str, Any] = {
        "int": sa.Integer(),
        "big": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        "text": sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
    }
    return sa.Column(
        name,
        types[type],
        primary_key="key" in rest or "auto" in rest,
        autoincrement="auto" in rest,
        nullable="null" in rest,
        unique="unique" in rest or None,
        server_default=sa.text("0") if "=0" in rest else None,
    )
