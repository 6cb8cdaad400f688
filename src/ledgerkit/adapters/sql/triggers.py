"""Trigger: what the database refuses by itself, whoever writes to it.

What is in the books is never edited or deleted, in either database. PostgreSQL also refuses
entries that do not sum to zero per journal and currency, and journals without entries that do:
each statement must be whole, which costs one aggregate a statement where a check at commit would
cost one a row. SQLite has no triggers that see a whole statement. (spec: ledger 5, 9)
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ledgerkit.adapters.sql.whole import FUNCTION

APPEND_ONLY = (
    "ledgerkit_commits",
    "ledgerkit_policies",
    "ledgerkit_closings",
    "ledgerkit_journals",
    "ledgerkit_entries",
    "ledgerkit_holds",
    "ledgerkit_hold_legs",
    "ledgerkit_hold_ends",
    "ledgerkit_record_versions",
    "ledgerkit_numbers",
)
"""The tables that only grow."""


def create_triggers(connection: Connection) -> None:
    """Create the triggers of a new schema."""
    statements = _postgres() if connection.dialect.name == "postgresql" else _sqlite()
    for statement in statements:
        connection.execute(sa.text(statement))


def missing_triggers(connection: Connection) -> list[str]:
    """Return the names of triggers that are not there or are switched off."""
    if connection.dialect.name == "postgresql":
        wanted, found = _postgres(), "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
    else:
        wanted, found = _sqlite(), "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    names = [words[2] for words in map(str.split, wanted) if words[1] == "TRIGGER"]
    return sorted(set(names).difference(connection.execute(sa.text(found)).scalars()))


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, '{table} only grows: post a correction instead of {verb}'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    ]


_GROWS = """
CREATE FUNCTION ledgerkit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% only grows: post a correction instead of %', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$
"""

# A plan is made once for a session, perhaps for a batch of thousands, and then used for single
# journals; joins would read whole tables for them, so each row looks up what it needs.
_ENTRIES = """
CREATE FUNCTION ledgerkit_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE off record;
BEGIN
  SELECT e.journal, e.currency, sum(e.amount) AS amount INTO off
    FROM (
      SELECT n.id >> 12 AS journal, n.amount,
        (SELECT b.currency FROM ledgerkit_balances b WHERE b.id = n.balance) AS currency
      FROM added n OFFSET 0
    ) e
    GROUP BY 1, 2 HAVING sum(e.amount) <> 0 OR e.currency IS NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entries of journal % are off by % %', off.journal, off.amount, off.currency
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

_JOURNALS = """
CREATE FUNCTION ledgerkit_journals_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE alone bigint;
BEGIN
  SELECT j.id INTO alone FROM added j
    WHERE (SELECT e.id FROM ledgerkit_entries e WHERE e.id = j.id * 4096) IS NULL
      OR (SELECT e.id FROM ledgerkit_entries e WHERE e.id = j.id * 4096 + 1) IS NULL
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'journal % has no entries; write them first, two or more', alone
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""


def _postgres() -> list[str]:
    grows = [
        f"CREATE TRIGGER {table}_grows BEFORE {verbs} ON {table} FOR EACH {each} "
        "EXECUTE FUNCTION ledgerkit_only_grows()"
        for table in APPEND_ONLY
        for verbs, each in (("UPDATE OR DELETE", "ROW"),)
    ]
    kept = [
        f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
        "EXECUTE FUNCTION ledgerkit_only_grows()"
        for table in APPEND_ONLY
    ]
    balanced = [
        f"CREATE TRIGGER ledgerkit_{name}_balance AFTER INSERT ON ledgerkit_{name} "
        "REFERENCING NEW TABLE AS added FOR EACH STATEMENT "
        f"EXECUTE FUNCTION ledgerkit_{name}_balance()"
        for name in ("entries", "journals")
    ]
    return [FUNCTION, _GROWS, _ENTRIES, _JOURNALS, *grows, *kept, *balanced]
