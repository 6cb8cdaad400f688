"""Filing: numbers, records and messages, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.batch import Moved, Writing
from ledgerkit.adapters.sql.rows import micros, pairs_text
from ledgerkit.domain.changes import Number
from ledgerkit.schema import dump, index_of, kind_of


def draw_numbers(writing: Writing) -> Mapping[int, Sequence[Number]]:
    """Return the numbers drawn by commit, in the order of the draws; counters advance by them."""
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


# A row at version 0 stands for a record that somebody made sure does not exist.
_OVER_NOTHING = (
    "ON CONFLICT (tenant, kind, id) DO UPDATE SET version = excluded.version, "
    "party = excluded.party, status = excluded.status, on_date = excluded.on_date, "
    "number = excluded.number WHERE ledgerkit_records.version = 0"
)


def write_records(writing: Writing, numbers: Mapping[int, Sequence[Number]]) -> None:
    """Write new versions of records, with the *numbers* drawn for them by commit.

    Raises:
        Moved: one is not at the version that was expected.
    """
    tenant = writing.tenant.id
    newest: dict[tuple[str, str], tuple[object, ...]] = {}
    first: dict[tuple[str, str], int] = {}
    versions = []
    kept = _numbers_kept(writing)
    for changes, commit in writing.members:
        if not changes.records:
            continue
        texts = {number.record: number.text for number in numbers.get(commit, ())}
        expected = changes.expected
        for record in changes.records:
            stored = record
            kind = kind_of(type(record))
            key = kind, record.id
            drawn = texts.get(record.id)
            if drawn is None and index_of(record).number is None:
                drawn = kept.get(key)
            if drawn is not None:
                stored = attrs.evolve(cast("Any", record), number=drawn)
            version = expected[type(record), record.id] + 1
            first.setdefault(key, version)
            index = index_of(stored)
            kept[key] = index.number
            on = None if index.on is None else index.on.isoformat()
            newest[key] = (
                tenant,
                kind,
                record.id,
                version,
                index.party,
                index.status,
                on,
                index.number,
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


def _numbers_kept(writing: Writing) -> dict[tuple[str, str], str | None]:
    """Return the numbers of stored records of which a new version names none, by kind and id."""
    unnamed: dict[str, set[str]] = {}
    for changes in writing.changes:
        expected = changes.expected
        for record in changes.records:
            if getattr(record, "number", "") is None and expected[type(record), record.id]:
                unnamed.setdefault(kind_of(type(record)), set()).add(record.id)
    return {
        (kind, id): number
        for kind, ids in unnamed.items()
        for id, number in writing.db.rows(
            f"SELECT r.id, r.number FROM {writing.db.each('text', ids)} "  # noqa: S608
            "CROSS JOIN ledgerkit_records r "
            "WHERE r.id = k.value AND r.kind = ? AND r.tenant = ?",
            writing.db.listed(sorted(ids)),
            kind,
            writing.tenant.id,
        )
    }


def write_messages(writing: Writing) -> None:
    """Write messages to be delivered; one whose id is known is told already."""
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
    if not rows:
        return
    writing.db.insert(
        tables.messages,
        "tenant name topic recipient body commit_id free_at",
        rows,
        tail="ON CONFLICT DO NOTHING",
    )
