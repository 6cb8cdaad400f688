"""Writing: what a judged batch adds to the tables, in few statements.

Rows are collected member by member and written table by table. Balances move by guarded updates
in the order of their ids; numbers are drawn when all else is in, so that the counter is held for
the shortest time; records follow, since a number stands in its record. (spec: ledger 3, billing 7)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.batch import Moved, Writing
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.filing import draw_numbers, write_messages, write_records
from ledgerkit.adapters.sql.holding import write_holds
from ledgerkit.adapters.sql.legs import BalanceMoves
from ledgerkit.adapters.sql.opening import write_wallets
from ledgerkit.adapters.sql.rows import (
    Instants,
    conditions_text,
    event_columns,
    pairs_text,
    request_text,
)
from ledgerkit.adapters.sql.tables import SEQUENCE_BITS
from ledgerkit.domain.changes import Committed
from ledgerkit.domain.ledger import Wallet


def write(writing: Writing, wallets: Mapping[str, Wallet]) -> tuple[Committed, ...]:
    """Return what was committed, having written all members; *wallets* are their last policies.

    Raises:
        Moved: another transaction came in between.
        TooManyLegs: a journal of more legs than have a number.
    """
    _write_commits(writing)
    write_wallets(writing, wallets)
    posted = _write_journals(writing)
    if write_holds(writing) or posted:
        _check_epoch(writing)
    numbers = draw_numbers(writing)
    write_records(writing, numbers)
    write_messages(writing)
    return tuple(
        Committed(changes.key, changes.at, tuple(numbers.get(commit, ())))
        for changes, commit in writing.members
    )


def _write_commits(writing: Writing) -> None:
    tenant, at = writing.tenant.id, Instants()
    written = writing.db.insert(
        tables.commits,
        "id tenant key request actor reason at",
        (
            (id, tenant, c.key, request_text(c.request), c.actor, c.reason, at.micros(c.at))
            for c, id in writing.members
        ),
        tail="ON CONFLICT DO NOTHING",
    )
    if written != len(writing.commits):
        raise Moved


_JOURNAL_COLUMNS = (
    "id tenant name kind commit_id effective_at recorded_at event_type event_id event_part "
    "reverses reversal captures forced_by requires metadata"
)


def _write_journals(writing: Writing) -> bool:
    count = sum([len(changes.journals) for changes in writing.changes])
    if count == 0:
        return False
    db, tenant = writing.db, writing.tenant.id
    ids = journal_ids(db, tenant, count)
    originals = _Originals(writing)
    moves = BalanceMoves(writing.places, guarded=writing.holds is None)
    journals = (journal for changes in writing.changes for journal in changes.journals)
    # Rows are made as they are written, since many that wait would keep the collector busy.
    # Entries first: PostgreSQL refuses a journal whose entries are not there.
    entries = moves.entries(zip(ids, journals, strict=True))
    db.insert(tables.entries, "id balance amount", entries)
    db.insert(tables.journals, _JOURNAL_COLUMNS, _journal_rows(writing, ids, originals))
    if db.postgres:
        db.insert(tables.unplaced, "tenant journal", [(tenant, id) for id in ids])
    if not moves.write(db):
        raise Moved
    return True


def _check_epoch(writing: Writing) -> None:
    if writing.db.postgres and not writing.alone:
        sql = "SELECT epoch FROM ledgerkit_tenants WHERE id = ?"
        if writing.db.row(sql, writing.tenant.id)[0] != writing.tenant.epoch:
            raise Moved


def _journal_rows(
    writing: Writing, ids: Sequence[int], originals: _Originals
) -> Iterator[tuple[object, ...]]:
    tenant = writing.tenant.id
    effective, recorded = Instants(), Instants()
    upcoming = iter(ids)
    hold_ids = {} if writing.holds is None else writing.holds.ids
    for changes, commit in writing.members:
        for journal in changes.journals:
            id = next(upcoming)
            type, fact, part = event_columns(journal.event)
            original, reversal = originals.place(journal.reverses)
            originals.ids[journal.id] = id
            yield (
                id,
                tenant,
                journal.id,
                journal.kind,
                commit,
                effective.micros(journal.effective_at),
                recorded.micros(changes.at),
                type,
                fact,
                part,
                original,
                reversal,
                None if journal.captures is None else hold_ids[journal.captures],
                journal.forced_by,
                conditions_text(journal.requires),
                pairs_text(journal.metadata),
            )


def journal_ids(db: Database, tenant: int, count: int) -> Sequence[int]:
    """Return ids for *count* new journals, in recording order."""
    if db.postgres:
        return db.next_ids(tables.journals, count)
    first = tenant << SEQUENCE_BITS
    last = db.row(
        "SELECT max(id) FROM ledgerkit_journals WHERE id >= ? AND id < ?",
        first,
        first + (1 << SEQUENCE_BITS),
    )[0]
    start = (first if last is None else last) + 1
    return range(start, start + count)


class _Originals:
    # Which row each original is, and the number of its next reversal. The number is counted from
    # what the batch was judged on: who else reversed it meanwhile took it, and the index says so.
    def __init__(self, writing: Writing) -> None:
        self.ids: dict[str, int] = {}
        self._last = dict(writing.reversals)
        names = sorted(writing.reversals)
        if not names:
            return
        db = writing.db
        for name, id in db.rows(
            f"SELECT j.name, j.id FROM {db.each('text', names)} "  # noqa: S608
            "CROSS JOIN ledgerkit_journals j WHERE j.name = k.value AND j.tenant = ?",
            db.listed(names),
            writing.tenant.id,
        ):
            self.ids[name] = id

    def place(self, name: str | None) -> tuple[int | None, int | None]:
        if name is None:
            return None, None
        self._last[name] = self._last.get(name, 0) + 1
        return self.ids[name], self._last[name]
