"""Writing: what a judged batch adds to the tables, in few statements.

Rows are collected member by member and written table by table. Balances move by guarded updates
in the order of their ids; numbers are drawn when all else is in, so that the counter is held for
the shortest time; records follow, since a number stands in its record. (spec: ledger 3, billing 7)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.batch import Moved, Writing
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.filing import draw_numbers, write_messages, write_records
from ledgerkit.adapters.sql.legs import BalanceMoves, TooManyLegs
from ledgerkit.adapters.sql.opening import write_wallets
from ledgerkit.adapters.sql.rows import Instants, conditions_text, pairs_text, request_text
from ledgerkit.adapters.sql.tables import LINE_BITS, MOST_LEGS, SEQUENCE_BITS
from ledgerkit.domain.changes import Committed
from ledgerkit.domain.ledger import Event, Wallet


def write(writing: Writing, wallets: Mapping[str, Wallet]) -> tuple[Committed, ...]:
    """Return what was committed, having written all members; *wallets* are their last policies.

    Raises:
        Moved: another transaction came in between.
        TooManyLegs: a journal of more legs than have a number.
    """
    _write_commits(writing)
    write_wallets(writing, wallets)
    _write_journals(writing)
    numbers = draw_numbers(writing)
    write_records(writing, numbers)
    write_messages(writing)
    return tuple(
        Committed(changes.key, changes.at, tuple(numbers.get(commit, ())))
        for changes, commit in writing.members
    )


def _write_commits(writing: Writing) -> None:
    tenant = writing.tenant.id
    instants = Instants()
    rows = [
        (id, tenant, c.key, request_text(c.request), c.actor, c.reason, instants.micros(c.at))
        for c, id in writing.members
    ]
    columns = "id tenant key request actor reason at"
    tail = "ON CONFLICT DO NOTHING"
    if len(rows) != writing.db.insert(tables.commits, columns, rows, tail=tail):
        raise Moved


_JOURNAL_COLUMNS = (
    "id tenant name kind commit_id effective_at recorded_at event_type event_id event_part "
    "reverses reversal forced_by requires metadata"
)


def _write_journals(writing: Writing) -> None:
    journals = [(j, c, commit) for c, commit in writing.members for j in c.journals]
    if not journals:
        return
    db, tenant, places = writing.db, writing.tenant.id, writing.places
    originals = _Originals(writing, sorted({j.reverses for j, *_ in journals if j.reverses}))
    moves = BalanceMoves(places)
    effective, recorded = Instants(), Instants()
    rows: list[tuple[object, ...]] = []
    entries: list[tuple[int, int, int]] = []
    for id, (journal, changes, commit) in zip(
        journal_ids(db, tenant, len(journals)), journals, strict=True
    ):
        if len(journal.entries) > MOST_LEGS:
            raise TooManyLegs(journal.id, len(journal.entries), MOST_LEGS)
        type, fact, part = event_columns(journal.event)
        original, reversal = originals.place(journal.reverses)
        rows.append(
            (
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
                journal.forced_by,
                conditions_text(journal.requires),
                pairs_text(journal.metadata),
            )
        )
        originals.ids[journal.id] = id
        moves.add(journal, id << LINE_BITS, entries)
    # Entries first: PostgreSQL refuses a journal whose entries are not there.
    db.insert(tables.entries, "id balance amount", entries)
    db.insert(tables.journals, _JOURNAL_COLUMNS, rows)
    if db.postgres:
        db.insert(tables.unplaced, "tenant journal", [row[1::-1] for row in rows])
    if not moves.write(db):
        raise Moved
    if db.postgres and not writing.alone:
        epoch = db.row("SELECT epoch FROM ledgerkit_tenants WHERE id = ?", tenant)[0]
        if epoch != writing.tenant.epoch:
            raise Moved


def event_columns(event: Event | None) -> tuple[str | None, str | None, str | None]:
    """Return type, id and part of *event*, or nothing."""
    return (None, None, None) if event is None else (event.type, event.id, event.part)


def journal_ids(db: Database, tenant: int, count: int) -> list[int]:
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
    return list(range(start, start + count))


class _Originals:
    # Which row each original is, and the number of its next reversal. The number is counted from
    # what the batch was judged on: who else reversed it meanwhile took it, and the index says so.
    def __init__(self, writing: Writing, names: Sequence[str]) -> None:
        self.ids: dict[str, int] = {}
        self._last = dict(writing.reversals)
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
