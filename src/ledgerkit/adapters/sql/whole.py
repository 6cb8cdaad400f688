"""Whole: a plain batch of journals as one statement, for PostgreSQL.

Each statement costs a round trip, and a transaction two more; one statement that commits by itself
costs one, and holds its locks for no longer than it runs. It draws the ids, writes commits,
journals and entries, moves limited balances in the order of their ids, appends deltas for the
others, and fails whole if a key is known, an event is booked, a bound would break or the policies
have moved. (design: performance 3; spec: reliability B1)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledgerkit.adapters.sql.database import FEW, Database
from ledgerkit.adapters.sql.legs import BalanceMoves
from ledgerkit.adapters.sql.reading import Tenant
from ledgerkit.adapters.sql.rows import event_columns, micros, pairs_text, request_text
from ledgerkit.adapters.sql.tables import MOST_LEGS
from ledgerkit.adapters.sql.working import Place
from ledgerkit.domain.changes import Changes, Committed

MOVED_STATE = "LK001"
"""The SQLSTATE of a statement that something stood against."""

FUNCTION = f"""
CREATE FUNCTION ledgerkit_require(holds boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF holds IS NOT TRUE THEN
    RAISE EXCEPTION 'what the batch was decided on has moved' USING ERRCODE = '{MOVED_STATE}';
  END IF;
  RETURN true;
END $$
"""

_STATEMENT = """
WITH cs AS MATERIALIZED (
  SELECT nextval('ledgerkit_commits_ids') AS id, u.*
  FROM unnest(CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]),
    CAST(? AS bigint[])) WITH ORDINALITY AS u(key, request, actor, reason, at, nth)
), c AS (
  INSERT INTO ledgerkit_commits (id, tenant, key, request, actor, reason, at)
  SELECT cs.id, t.id, cs.key, cs.request, cs.actor, cs.reason, cs.at
  FROM cs CROSS JOIN ledgerkit_tenants t WHERE t.id = ? AND t.epoch = ? ORDER BY cs.nth
  RETURNING 1
), js AS MATERIALIZED (
  SELECT nextval('ledgerkit_journals_ids') AS id, u.*
  FROM unnest(CAST(? AS bigint[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS bigint[]),
    CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]),
    CAST(? AS text[])) WITH ORDINALITY AS u(commit_nth, name, kind, effective_at, event_type,
    event_id, event_part, forced_by, metadata, nth)
), e AS (
  INSERT INTO ledgerkit_entries (id, balance, amount)
  SELECT js.id * 4096 + u.line, u.balance, u.amount
  FROM unnest(CAST(? AS bigint[]), CAST(? AS integer[]), CAST(? AS integer[]),
    CAST(? AS bigint[])) AS u(nth, line, balance, amount) JOIN js ON js.nth = u.nth
), j AS (
  INSERT INTO ledgerkit_journals (id, tenant, name, kind, commit_id, effective_at, recorded_at,
    event_type, event_id, event_part, forced_by, metadata)
  SELECT js.id, CAST(? AS integer), js.name, js.kind, cs.id, js.effective_at, cs.at,
    js.event_type, js.event_id, js.event_part, js.forced_by, js.metadata
  FROM js JOIN cs ON cs.nth = js.commit_nth ORDER BY js.nth
), p AS (
  INSERT INTO ledgerkit_unplaced (tenant, journal) SELECT CAST(? AS integer), id FROM js
), d AS (
  INSERT INTO ledgerkit_deltas (balance, amount)
  SELECT * FROM unnest(CAST(? AS integer[]), CAST(? AS bigint[]))
), m AS (
  UPDATE ledgerkit_balances b SET posted = b.posted + m.net FROM (
    SELECT b.id, u.net, u.low, u.high
    FROM (SELECT * FROM unnest(CAST(? AS integer[]), CAST(? AS bigint[]), CAST(? AS bigint[]),
      CAST(? AS bigint[])) AS u(id, net, low, high) LIMIT {most}) AS u
    JOIN ledgerkit_balances b ON b.id = u.id ORDER BY b.id FOR UPDATE OF b
  ) m WHERE b.id = m.id AND b.limited = 1
    AND (m.low IS NULL OR b.floor IS NULL OR b.posted + m.low - b.held_out >= b.floor)
    AND (m.high IS NULL OR b.ceiling IS NULL OR b.posted + m.high + b.held_in <= b.ceiling)
  RETURNING 1
)
SELECT ledgerkit_require(
  (SELECT count(*) FROM c) = ? AND (SELECT count(*) FROM m) = ?)
"""
_FOR_FEW = _STATEMENT.format(most=FEW)
_FOR_MANY = _STATEMENT.format(most="ALL")


def is_whole(many: Sequence[Changes]) -> bool:
    """Return whether *many*, plain otherwise, hold nothing but journals."""
    return all(
        changes.journals
        and not (changes.records or changes.draws or changes.messages or changes.expects)
        for changes in many
    )


def write_whole(
    db: Database,
    tenant: Tenant,
    places: Mapping[tuple[str, str], Place],
    many: Sequence[Changes],
) -> tuple[Committed, ...]:
    """Return what was committed, having written *many* on balances at *places*.

    Raises:
        DBAPIError: with the state `MOVED_STATE`, or what a constraint refused.
        TooManyLegs: a journal of more legs than have a number.
    """
    moves = BalanceMoves(places)
    commits: list[tuple[object, ...]] = []
    journals: list[tuple[object, ...]] = []
    for changes in many:
        commits.append(
            (
                changes.key,
                request_text(changes.request),
                changes.actor,
                changes.reason,
                micros(changes.at),
            )
        )
        for journal in changes.journals:
            type, fact, part = event_columns(journal.event)
            at, metadata = micros(journal.effective_at), pairs_text(journal.metadata)
            row = (len(commits), journal.id, journal.kind, at, type, fact, part)
            journals.append((*row, journal.forced_by, metadata))
    entries = list(moves.entries(enumerate((j for c in many for j in c.journals), 1)))
    deltas, guarded = moves.parts()
    db.row(
        _FOR_FEW if len(guarded) <= FEW else _FOR_MANY,
        *db.arrays(commits),
        tenant.id,
        tenant.epoch,
        *db.arrays(journals),
        *db.arrays((id // MOST_LEGS, id % MOST_LEGS, *leg) for id, *leg in entries),
        tenant.id,
        tenant.id,
        *db.arrays(deltas, 2),
        *db.arrays(guarded, 4),
        len(commits),
        len(guarded),
    )
    return tuple(Committed(changes.key, changes.at) for changes in many)
