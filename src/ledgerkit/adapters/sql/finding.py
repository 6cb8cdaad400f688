"""Finding: records by id, by index and with their history, and the numbers drawn for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.rows import moment
from ledgerkit.domain.changes import Number, Record, Version, Versioned
from ledgerkit.schema import kind_of
from ledgerkit.schema import load as read

R = TypeVar("R", bound=Record)

_TENANT = "(SELECT id FROM ledgerkit_tenants WHERE name = ?)"
_NEWEST = f"""
SELECT v.document, r.version FROM ledgerkit_records r
JOIN ledgerkit_record_versions v
  ON v.tenant = r.tenant AND v.kind = r.kind AND v.id = r.id AND v.version = r.version
WHERE r.tenant = {_TENANT} AND r.kind = ?
"""  # noqa: S608
_HISTORY = f"""
SELECT v.document, v.version, c.key, c.actor, c.reason, c.at FROM ledgerkit_record_versions v
JOIN ledgerkit_commits c ON c.id = v.commit_id
WHERE v.tenant = {_TENANT} AND v.kind = ? AND v.id = ? ORDER BY v.version
"""  # noqa: S608
_NUMBERS = f"SELECT counter, n, text, record FROM ledgerkit_numbers WHERE tenant = {_TENANT}"  # noqa: S608


def load(db: Database, tenant: str, kind: type[R], id: str) -> Versioned[R] | None:
    """Return the newest version of record *id*, or None."""
    row = db.row(f"{_NEWEST} AND r.id = ?", tenant, kind_of(kind), id)
    return None if row is None else Versioned(read(kind, row[0]), row[1])


def find(
    db: Database,
    tenant: str,
    kind: type[R],
    bounds: Iterable[tuple[str, str | None]],
    limit: int,
) -> list[Versioned[R]]:
    """Return at most *limit* records of *kind* by id, inside *bounds*: (condition, value)."""
    set_bounds = [(condition, value) for condition, value in bounds if value is not None]
    conditions = "".join(f" AND {condition}" for condition, _ in set_bounds)
    rows = db.rows(
        f"{_NEWEST}{conditions} ORDER BY r.id LIMIT ?",
        tenant,
        kind_of(kind),
        *(value for _, value in set_bounds),
        limit,
    )
    return [Versioned(read(kind, document), version) for document, version in rows]


def history(db: Database, tenant: str, kind: type[R], id: str) -> tuple[Version[R], ...]:
    """Return every version of record *id*, oldest first."""
    return tuple(
        Version(read(kind, document), version, key, actor, reason, moment(at))
        for document, version, key, actor, reason, at in db.rows(
            _HISTORY, tenant, kind_of(kind), id
        )
    )


def numbers(db: Database, tenant: str, counter: str | None) -> tuple[Number, ...]:
    """Return the numbers drawn of *counter*, or all, by counter and number."""
    if counter is None:
        rows = db.rows(f"{_NUMBERS} ORDER BY counter, n", tenant)
    else:
        rows = db.rows(f"{_NUMBERS} AND counter = ? ORDER BY n", tenant, counter)
    return tuple(Number(*row) for row in rows)
