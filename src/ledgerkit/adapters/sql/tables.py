"""Table: where each part of the books is kept, in SQLite and PostgreSQL alike.

Ids inside are whole numbers; amounts are minor units and instants are microseconds since 1970 in
UTC, both as 64-bit integers; text is compared byte by byte. What only grows is guarded by triggers
(`triggers`), and views named like the terms show all of it to people (`views`).

Entries do not refer to journals by a foreign key, which costs three times in bulk; their id holds
the journal's, and whoever verifies the books checks it. (design: performance; spec: ledger 9)
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

# An entry's id is the journal's times 4096 plus its line, so that one number says where it stands.
LINE_BITS = 12
MOST_LEGS = 1 << LINE_BITS
# SQLite: a journal's id is the tenant's times 2**36 plus its sequence.
SEQUENCE_BITS = 36

metadata: sa.MetaData = sa.MetaData()
"""The tables of every database."""

postgres: sa.MetaData = sa.MetaData()
"""What PostgreSQL has besides, because its writers do not wait for each other."""

_big = BigInteger().with_variant(Integer(), "sqlite")
_text = Text().with_variant(Text(collation="C"), "postgresql")
_STRICT: dict[str, Any] = {"sqlite_strict": True}
_BY_KEY: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}


def _key(name: str, type: Any = Integer) -> Column[Any]:
    return Column(name, type, primary_key=True, autoincrement=False)


def _needed(name: str, type: Any = _text, **options: Any) -> Column[Any]:
    return Column(name, type, nullable=False, **options)


def _maybe(name: str, type: Any = _text) -> Column[Any]:
    return Column(name, type, nullable=True)


tenants: Table[Any] = Table(
    "ledgerkit_tenants",
    metadata,
    _key("id"),
    _needed("name", unique=True),
    # Grows with each change of a policy, so that a decision on an older one is noticed.
    _needed("epoch", _big, server_default=sa.text("0")),
    _maybe("closed_before", _big),
    **_STRICT,
)

# For views only: how many decimals a unit has. Code takes that from a `Units` table.
units: Table[Any] = Table(
    "ledgerkit_units",
    metadata,
    _key("code", _text),
    _needed("exponent", Integer),
    _needed("scale", _big),
    **_BY_KEY,
)

commits: Table[Any] = Table(
    "ledgerkit_commits",
    metadata,
    _key("id", _big),
    _needed("tenant", Integer),
    _needed("key"),
    _needed("request"),
    _needed("actor"),
    _needed("reason"),
    _needed("at", _big),
    Index("ledgerkit_commits_key", "tenant", "key", unique=True),
    **_STRICT,
)

wallets: Table[Any] = Table(
    "ledgerkit_wallets",
    metadata,
    _key("id", Integer),
    _needed("tenant", Integer),
    _needed("address"),
    _needed("policy"),
    Index("ledgerkit_wallets_address", "tenant", "address", unique=True),
    **_STRICT,
)

policies: Table[Any] = Table(
    "ledgerkit_policies",
    metadata,
    _key("wallet"),
    _key("version"),
    _needed("commit_id", _big),
    _needed("policy"),
    **_BY_KEY,
)

closings: Table[Any] = Table(
    "ledgerkit_closings",
    metadata,
    _key("commit_id", _big),
    _needed("tenant", Integer),
    _needed("closed_before", _big),
    **_STRICT,
)

balances: Table[Any] = Table(
    "ledgerkit_balances",
    metadata,
    _key("id", Integer),
    _needed("wallet", Integer),
    _needed("currency"),
    _needed("posted", _big, server_default=sa.text("0")),
    # 1: the row moves with each entry, as those with limits and very large ones do;
    # 0: PostgreSQL adds up deltas behind it.
    _needed("limited", Integer, server_default=sa.text("0")),
    _maybe("floor", _big),
    _maybe("ceiling", _big),
    # What open holds may take and bring, where the row is limited; else it is looked up.
    _needed("held_out", _big, server_default=sa.text("0")),
    _needed("held_in", _big, server_default=sa.text("0")),
    CheckConstraint(
        "posted >= -9223372036854775807 AND held_out >= 0 AND held_in >= 0",
        name="ledgerkit_balances_range",
    ),
    Index("ledgerkit_balances_wallet", "wallet", "currency", unique=True),
    **_STRICT,
)

journals: Table[Any] = Table(
    "ledgerkit_journals",
    metadata,
    _key("id", _big),
    _needed("tenant", Integer),
    _needed("name"),
    _needed("kind"),
    _needed("commit_id", _big),
    _needed("effective_at", _big),
    _needed("recorded_at", _big),
    _maybe("event_type"),
    _maybe("event_id"),
    _maybe("event_part"),
    _maybe("reverses", _big),
    _maybe("reversal", Integer),
    _maybe("captures", _big),
    _maybe("forced_by"),
    _maybe("requires"),
    _maybe("metadata"),
    Index("ledgerkit_journals_name", "tenant", "name", unique=True),
    Index(
        "ledgerkit_journals_event",
        "tenant",
        "event_type",
        "event_id",
        "event_part",
        unique=True,
        sqlite_where=sa.text("event_type IS NOT NULL"),
        postgresql_where=sa.text("event_type IS NOT NULL"),
    ),
    Index(
        "ledgerkit_journals_reverses",
        "reverses",
        "reversal",
        unique=True,
        sqlite_where=sa.text("reverses IS NOT NULL"),
        postgresql_where=sa.text("reverses IS NOT NULL"),
    ),
    Index(
        "ledgerkit_journals_captures",
        "captures",
        sqlite_where=sa.text("captures IS NOT NULL"),
        postgresql_where=sa.text("captures IS NOT NULL"),
    ),
    **_STRICT,
)

entries: Table[Any] = Table(
    "ledgerkit_entries",
    metadata,
    _key("id", _big),
    _needed("balance", Integer),
    _needed("amount", _big),
    CheckConstraint("amount <> 0", name="ledgerkit_entries_moves"),
    # Without the id: SQLite ends each index with it, and PostgreSQL keeps equal keys once.
    Index("ledgerkit_entries_balance", "balance"),
    **_STRICT,
)

# A hold as it was placed; what became of it are the journals that capture it and its end.
holds: Table[Any] = Table(
    "ledgerkit_holds",
    metadata,
    _key("id", _big),
    _needed("tenant", Integer),
    _needed("name"),
    _needed("kind"),
    _needed("commit_id", _big),
    _needed("placed_at", _big),
    _maybe("expires_at", _big),
    _maybe("event_type"),
    _maybe("event_id"),
    _maybe("event_part"),
    _needed("multi", Integer),
    _maybe("forced_by"),
    _maybe("requires"),
    _maybe("metadata"),
    Index("ledgerkit_holds_name", "tenant", "name", unique=True),
    **_STRICT,
)

hold_legs: Table[Any] = Table(
    "ledgerkit_hold_legs",
    metadata,
    _key("hold", _big),
    _key("line"),
    _needed("balance", Integer),
    _needed("amount", _big),
    CheckConstraint("amount <> 0", name="ledgerkit_hold_legs_moves"),
    Index("ledgerkit_hold_legs_balance", "balance"),
    **_BY_KEY,
)

# A hold that was given back: released, or expired when somebody needed what it held.
hold_ends: Table[Any] = Table(
    "ledgerkit_hold_ends",
    metadata,
    _key("hold", _big),
    _needed("commit_id", _big),
    _needed("expired", Integer),
    **_STRICT,
)

# What open holds have left, by balance and direction; a hold without any is over.
held: Table[Any] = Table(
    "ledgerkit_held",
    metadata,
    _key("hold", _big),
    _key("balance"),
    _key("incoming"),
    _needed("amount", _big),
    _maybe("expires_at", _big),
    CheckConstraint("amount > 0", name="ledgerkit_held_some"),
    Index("ledgerkit_held_balance", "balance", "expires_at"),
    **_BY_KEY,
)

records: Table[Any] = Table(
    "ledgerkit_records",
    metadata,
    _key("tenant"),
    _key("kind", _text),
    _key("id", _text),
    _needed("version", Integer),
    _maybe("party"),
    _maybe("status"),
    _maybe("on_date"),
    _maybe("number"),
    Index("ledgerkit_records_party", "tenant", "kind", "party", "id"),
    Index("ledgerkit_records_status", "tenant", "kind", "status", "id"),
    Index("ledgerkit_records_date", "tenant", "kind", "on_date"),
    **_BY_KEY,
)

versions: Table[Any] = Table(
    "ledgerkit_record_versions",
    metadata,
    _key("tenant"),
    _key("kind", _text),
    _key("id", _text),
    _key("version"),
    _needed("commit_id", _big),
    _needed("document"),
    **_STRICT,
)

counters: Table[Any] = Table(
    "ledgerkit_counters",
    metadata,
    _key("tenant"),
    _key("name", _text),
    _needed("last", _big),
    **_BY_KEY,
)

numbers: Table[Any] = Table(
    "ledgerkit_numbers",
    metadata,
    _key("tenant"),
    _key("counter", _text),
    _key("n", _big),
    _needed("text"),
    _needed("record"),
    _needed("commit_id", _big),
    _needed("place", Integer),
    Index("ledgerkit_numbers_commit", "commit_id"),
    **_BY_KEY,
)

messages: Table[Any] = Table(
    "ledgerkit_messages",
    metadata,
    Column("id", _big, primary_key=True, autoincrement=True),
    _needed("tenant", Integer),
    _needed("name"),
    _needed("topic"),
    _needed("recipient"),
    _needed("body"),
    _needed("commit_id", _big),
    _needed("free_at", _big),
    _needed("token", Integer, server_default=sa.text("0")),
    _maybe("outcome"),
    Index("ledgerkit_messages_name", "tenant", "name", unique=True),
    Index(
        "ledgerkit_messages_waiting",
        "tenant",
        "id",
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    ),
    **_STRICT,
)

# Ids come from sequences, since max(id) + 1 is not known to be free among several writers.
for _table in (commits, wallets, balances, journals, holds):
    sa.Sequence(f"{_table.name}_ids", metadata=postgres, start=1)

# What posting adds to balances without limits: their rows are not touched, so that everybody can
# post to the platform's wallet at once. Folding moves deltas into the rows.
deltas: Table[Any] = Table(
    "ledgerkit_deltas",
    postgres,
    _needed("balance", Integer),
    _needed("amount", BigInteger),
    Index("ledgerkit_deltas_balance", "balance"),
)

# Journals in recording order, numbered when somebody looks: a counter in the posting transaction
# would make everybody wait, and ids have gaps and are committed out of order.
places: Table[Any] = Table(
    "ledgerkit_places",
    postgres,
    _key("tenant"),
    _key("sequence", BigInteger),
    _needed("journal", BigInteger),
    Index("ledgerkit_places_journal", "journal", unique=True),
)

# Journals that have no place yet.
unplaced: Table[Any] = Table(
    "ledgerkit_unplaced",
    postgres,
    _key("tenant"),
    _key("journal", BigInteger),
)
