"""Writing: what a judged batch adds to the tables, in few statements.

Rows are collected member by member and written table by table. Balances move by guarded updates
in the order of their ids; numbers are drawn when all else is in, so that the counter is held for
the shortest time; records follow, since a number stands in its record. (spec: ledger 3, billing 7)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.legs import BalanceMoves, TooManyLegs
from ledgerkit.adapters.sql.reading import Tenant
from ledgerkit.adapters.sql.rows import (
    Instants,
    conditions_text,
    micros,
    pairs_text,
    policy_text,
    request_text,
)
from ledgerkit.adapters.sql.tables import LINE_BITS, MOST_LEGS, SEQUENCE_BITS
from ledgerkit.adapters.sql.working import Place
from ledgerkit.domain.changes import Changes, Committed, Number
from ledgerkit.domain.ledger import Event, Wallet
from ledgerkit.schema import dump, index_of, kind_of


class Moved(Exception):  # noqa: N818 - a signal, never seen outside
    """What the batch was judged on has moved since: judge it again."""


@attrs.frozen
class Writing:
    """What the writers of one batch share.

    Attributes:
        db: Where to.
        tenant: Whose books.
        members: The new members of the batch with the ids of their commits.
        versions: The version of each record that the batch expects, before it is written.
        wallet_ids: The row of each open wallet; new ones are added.
        places: The row of each balance; new ones are added.
        missing: Balances that the journals need and that have no row yet.
    """

    db: Database
    tenant: Tenant
    members: tuple[tuple[Changes, int], ...]
    wallet_ids: dict[str, int]
    places: dict[tuple[str, str], Place]
    missing: Sequence[tuple[str, str]] = ()


def write(writing: Writing, wallets: Mapping[str, Wallet]) -> tuple[Committed, ...]:
    """Return what was committed, having written all members; *wallets* are their last policies.

    Raises:
        Moved: another transaction came in between.
        TooManyLegs: a journal of more legs than have a number.
    """
    _write_commits(writing)
    _write_wallets(writing, wallets)
    open_balances(writing, wallets, writing.missing)
    _write_journals(writing)
    numbers = _draw(writing)
    _write_records(writing, numbers)
    _write_messages(writing)
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


# ---- wallets


def _write_wallets(writing: Writing, wallets: Mapping[str, Wallet]) -> None:
    opened: dict[str, int] = {}
    policies: list[tuple[Wallet, int]] = []
    for changes, commit in writing.members:
        if not (changes.opens or changes.policies):
            continue
        for wallet in changes.opens:
            if wallet.id not in writing.wallet_ids and wallet.id not in opened:
                opened[wallet.id] = commit
                policies.append((wallet, commit))
        policies.extend((wallet, commit) for wallet in changes.policies)
    if opened:
        _open_wallets(writing, [wallets[address] for address in opened])
    if policies:
        _write_policies(writing, policies)
    changed = {w.id for changes, _ in writing.members for w in changes.policies} - opened.keys()
    if changed:
        _change_wallets(writing, [wallets[address] for address in sorted(changed)])
    closes = [
        (commit, writing.tenant.id, micros(changes.closes_before))
        for changes, commit in writing.members
        if changes.closes_before is not None
    ]
    if closes:
        writing.db.insert(tables.closings, "commit_id tenant closed_before", closes)
    if changed or closes:
        dates = [at for *_, at in closes]
        if writing.tenant.closed_before is not None:
            dates.append(writing.tenant.closed_before)
        writing.db.run(
            "UPDATE ledgerkit_tenants SET epoch = epoch + 1, closed_before = ? WHERE id = ?",
            max(dates, default=None),
            writing.tenant.id,
        )


def _open_wallets(writing: Writing, wallets: Sequence[Wallet]) -> None:
    db, tenant = writing.db, writing.tenant.id
    ids = db.next_ids(tables.wallets, len(wallets))
    rows = [
        (id, tenant, wallet.id, policy_text(wallet))
        for id, wallet in zip(ids, wallets, strict=True)
    ]
    columns = "id tenant address policy"
    if len(rows) != db.insert(tables.wallets, columns, rows, tail="ON CONFLICT DO NOTHING"):
        raise Moved
    writing.wallet_ids.update((row[2], row[0]) for row in rows)
    limited = [(wallet.id, limit.currency) for wallet in wallets for limit in wallet.limits]
    open_balances(writing, {wallet.id: wallet for wallet in wallets}, limited)


def _write_policies(writing: Writing, policies: Sequence[tuple[Wallet, int]]) -> None:
    db = writing.db
    ids = {writing.wallet_ids[wallet.id] for wallet, _ in policies}
    last = dict(
        db.rows(
            f"SELECT p.wallet, max(p.version) FROM {db.each('integer', ids)} "  # noqa: S608
            "CROSS JOIN ledgerkit_policies p WHERE p.wallet = k.value GROUP BY p.wallet",
            db.listed(sorted(ids)),
        )
    )
    rows = []
    for wallet, commit in policies:
        id = writing.wallet_ids[wallet.id]
        last[id] = last.get(id, 0) + 1
        rows.append((id, last[id], commit, policy_text(wallet)))
    db.insert(tables.policies, "wallet version commit_id policy", rows)


def _change_wallets(writing: Writing, wallets: Sequence[Wallet]) -> None:
    db = writing.db
    db.run_many(
        "UPDATE ledgerkit_wallets SET policy = ? WHERE id = ?",
        [(policy_text(wallet), writing.wallet_ids[wallet.id]) for wallet in wallets],
    )
    by_id = {wallet.id: wallet for wallet in wallets}
    open_balances(
        writing,
        by_id,
        [(wallet.id, limit.currency) for wallet in wallets for limit in wallet.limits],
    )
    for (address, currency), place in sorted(writing.places.items(), key=lambda item: item[1].id):
        wallet = by_id.get(address)
        if wallet is None:
            continue
        limit = wallet.limit(currency)
        limited = limit.floor is not None or limit.ceiling is not None
        db.run(
            "UPDATE ledgerkit_balances SET floor = ?, ceiling = ?, limited = ? WHERE id = ?",
            limit.floor,
            limit.ceiling,
            int(limited),
            place.id,
        )
        writing.places[address, currency] = Place(place.id, limited)
        if limited and db.postgres:
            fold_balance(db, place.id)


def open_balances(
    writing: Writing, wallets: Mapping[str, Wallet], keys: Sequence[tuple[str, str]]
) -> None:
    """Give a row at zero to each (wallet, currency) of *keys* that has none.

    Raises:
        Moved: another transaction just did.
    """
    missing = sorted({key for key in keys if key not in writing.places})
    if not missing:
        return
    db = writing.db
    rows = []
    for id, (address, currency) in zip(
        db.next_ids(tables.balances, len(missing)), missing, strict=True
    ):
        limit = wallets[address].limit(currency)
        limited = limit.floor is not None or limit.ceiling is not None
        wallet = writing.wallet_ids[address]
        rows.append((id, wallet, currency, int(limited), limit.floor, limit.ceiling))
        writing.places[address, currency] = Place(id, limited)
    columns = "id wallet currency limited floor ceiling"
    if len(rows) != db.insert(tables.balances, columns, rows, tail="ON CONFLICT DO NOTHING"):
        raise Moved


def fold_balance(db: Database, balance: int) -> None:
    """Add the deltas behind *balance* to its row; PostgreSQL only."""
    db.run(
        "WITH gone AS (DELETE FROM ledgerkit_deltas WHERE balance = ? RETURNING amount) "
        "UPDATE ledgerkit_balances SET posted = posted + "
        "coalesce((SELECT sum(amount) FROM gone), 0) WHERE id = ?",
        balance,
        balance,
    )


# ---- journals


_JOURNAL_COLUMNS = (
    "id tenant name kind commit_id effective_at recorded_at event_type event_id event_part "
    "reverses reversal forced_by requires metadata"
)


def _write_journals(writing: Writing) -> None:
    journals = [(j, c, commit) for c, commit in writing.members for j in c.journals]
    if not journals:
        return
    db, tenant, places = writing.db, writing.tenant.id, writing.places
    originals = _Originals(db, tenant, [j.reverses for j, *_ in journals if j.reverses])
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
    # Which row each original is, and how many reversals it has; two at once meet in the index.
    def __init__(self, db: Database, tenant: int, names: Sequence[str]) -> None:
        self.ids: dict[str, int] = {}
        self._next: dict[int, int] = {}
        if not names:
            return
        rows = db.rows(
            "SELECT j.name, j.id, (SELECT count(*) FROM ledgerkit_journals r "  # noqa: S608
            f"WHERE r.reverses = j.id) FROM {db.each('text', names)} "
            "CROSS JOIN ledgerkit_journals j WHERE j.name = k.value AND j.tenant = ?",
            db.listed(sorted(set(names))),
            tenant,
        )
        for name, id, count in rows:
            self.ids[name] = id
            self._next[id] = count

    def place(self, name: str | None) -> tuple[int | None, int | None]:
        if name is None:
            return None, None
        original = self.ids[name]
        self._next[original] = self._next.get(original, 0) + 1
        return original, self._next[original]


# ---- numbers


def _draw(writing: Writing) -> Mapping[int, Sequence[Number]]:
    draws = [(draw, commit) for changes, commit in writing.members for draw in changes.draws]
    if not draws:
        return {}
    db, tenant = writing.db, writing.tenant.id
    counts: dict[str, int] = {}
    starts: dict[str, int] = {}
    for draw, _ in draws:
        counter = draw.series.counter(draw.on)
        counts[counter] = counts.get(counter, 0) + 1
        starts.setdefault(counter, draw.series.start)
    upcoming = {}
    for counter in sorted(counts):
        count = counts[counter]
        last = db.row(
            "INSERT INTO ledgerkit_counters (tenant, name, last) VALUES (?, ?, ?) "
            "ON CONFLICT (tenant, name) DO UPDATE SET last = ledgerkit_counters.last + ? "
            "RETURNING last",
            tenant,
            counter,
            starts[counter] + count - 1,
            count,
        )[0]
        upcoming[counter] = int(last) - count + 1
    numbers: dict[int, list[Number]] = {}
    rows = []
    for draw, commit in draws:
        counter = draw.series.counter(draw.on)
        n = upcoming[counter]
        upcoming[counter] = n + 1
        number = Number(counter, n, draw.series.text(n, on=draw.on), draw.record)
        drawn = numbers.setdefault(commit, [])
        drawn.append(number)
        rows.append((tenant, counter, n, number.text, number.record, commit, len(drawn)))
    db.insert(tables.numbers, "tenant counter n text record commit_id place", rows)
    return numbers


# ---- records and messages


# A row at version 0 stands for a record that somebody made sure does not exist.
_OVER_NOTHING = (
    "ON CONFLICT (tenant, kind, id) DO UPDATE SET version = excluded.version, "
    "party = excluded.party, status = excluded.status, on_date = excluded.on_date, "
    "number = excluded.number WHERE ledgerkit_records.version = 0"
)


def _write_records(writing: Writing, numbers: Mapping[int, Sequence[Number]]) -> None:
    tenant = writing.tenant.id
    newest: dict[tuple[str, str], tuple[object, ...]] = {}
    first: dict[tuple[str, str], int] = {}
    versions = []
    for changes, commit in writing.members:
        if not changes.records:
            continue
        texts = {number.record: number.text for number in numbers.get(commit, ())}
        expected = changes.expected
        for record in changes.records:
            stored = record
            if record.id in texts:
                stored = attrs.evolve(cast("Any", record), number=texts[record.id])
            kind = kind_of(type(record))
            key = kind, record.id
            version = expected[type(record), record.id] + 1
            first.setdefault(key, version)
            index = index_of(stored)
            on = None if index.on is None else index.on.isoformat()
            newest[key] = (
                tenant, kind, record.id, version, index.party, index.status, on, index.number
            )
            versions.append((tenant, kind, record.id, version, commit, dump(stored)))
    if not versions:
        return
    db = writing.db
    created = [row for key, row in newest.items() if first[key] == 1]
    columns = "tenant kind id version party status on_date number"
    if len(created) != db.insert(tables.records, columns, created, tail=_OVER_NOTHING):
        raise Moved
    updated = [
        (*row[3:], *row[:3], first[key] - 1) for key, row in newest.items() if first[key] > 1
    ]
    changed = db.run_many(
        "UPDATE ledgerkit_records SET version = ?, party = ?, status = ?, on_date = ?, number = ? "
        "WHERE tenant = ? AND kind = ? AND id = ? AND version = ?",
        updated,
    )
    if changed != len(updated):
        raise Moved
    db.insert(tables.versions, "tenant kind id version commit_id document", versions)


def _write_messages(writing: Writing) -> None:
    rows = [
        (
            writing.tenant.id,
            message.id,
            message.topic,
            message.recipient,
            pairs_text(message.body) or "[]",
            commit,
            micros(changes.at),
        )
        for changes, commit in writing.members
        for message in changes.messages
    ]
    writing.db.insert(
        tables.messages,
        "tenant name topic recipient body commit_id free_at",
        rows,
        tail="ON CONFLICT DO NOTHING",
    )
