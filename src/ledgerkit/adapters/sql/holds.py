"""Hold: what was placed, what is left of it and what became of it, as rows.

What was placed is never edited; what is left is kept beside it, so that posting and balances need
not look at holds that are over. (spec: ledger 4)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from ledgerkit.adapters.sql.database import Database, exact
from ledgerkit.adapters.sql.reading import below
from ledgerkit.adapters.sql.rows import conditions_of, micros, moment, pairs_of
from ledgerkit.domain.ledger import Entry, Event, Held, Hold
from ledgerkit.domain.ledger.holds import CAPTURED, EXPIRED, OPEN, RELEASED, merged
from ledgerkit.domain.money import Money


@attrs.frozen
class StoredHold:
    """A hold in the tables.

    Attributes:
        id: Its row.
        held: How it stands.
        changes: The key of the commit that placed it.
    """

    id: int
    held: Held
    changes: str


_HOLDS = """
SELECT h.id, h.name, h.kind, h.placed_at, h.expires_at, h.event_type, h.event_id, h.event_part,
       h.multi, h.forced_by, h.requires, h.metadata, c.key, n.expired
FROM {source} JOIN ledgerkit_commits c ON c.id = h.commit_id
LEFT JOIN ledgerkit_hold_ends n ON n.hold = h.id
"""

_IN_STATE = {
    OPEN: "EXISTS (SELECT 1 FROM ledgerkit_held m WHERE m.hold = h.id)",
    CAPTURED: "n.hold IS NULL AND NOT EXISTS (SELECT 1 FROM ledgerkit_held m WHERE m.hold = h.id)",
    RELEASED: "n.expired = 0",
    EXPIRED: "n.expired = 1",
}


def holds_named(db: Database, tenant: int, names: Collection[str]) -> dict[str, StoredHold]:
    """Return the holds with one of *names*."""
    if not names:
        return {}
    source = f"{db.each('text', names)} CROSS JOIN ledgerkit_holds h"
    where = "WHERE h.name = k.value AND h.tenant = ?"
    rows = db.rows(_HOLDS.format(source=source) + where, db.listed(names), tenant)
    return {each.held.hold.id: each for each in _stored(db, rows)}


def holds_of(db: Database, ids: Collection[int]) -> list[StoredHold]:
    """Return the holds in the rows *ids*."""
    if not ids:
        return []
    source = f"{db.each('bigint', ids)} CROSS JOIN ledgerkit_holds h"
    where = "WHERE h.id = k.value ORDER BY h.id"
    return _stored(db, db.rows(_HOLDS.format(source=source) + where, db.listed(ids)))


def holds_after(
    db: Database, tenant: int, prefix: str, *, state: str | None, after: str | None, limit: int
) -> list[Held]:
    """Return at most *limit* holds after the id *after*, by id.

    They have a leg at or below the address *prefix*, and are in *state* if it is given.
    """
    conditions, values = ["h.tenant = ?"], list[object]([tenant])
    if after is not None:
        conditions.append("h.name > ?")
        values.append(after)
    if prefix:
        address, parts = below("w.address", prefix)
        conditions.append(
            "EXISTS (SELECT 1 FROM ledgerkit_hold_legs l "  # noqa: S608
            "JOIN ledgerkit_balances b ON b.id = l.balance "
            f"JOIN ledgerkit_wallets w ON w.id = b.wallet WHERE l.hold = h.id AND {address})"
        )
        values += parts
    if state is not None:
        conditions.append(_IN_STATE[state])
    where = f"WHERE {' AND '.join(conditions)} ORDER BY h.name LIMIT ?"
    rows = db.rows(_HOLDS.format(source="ledgerkit_holds h") + where, *values, limit)
    return [each.held for each in _stored(db, rows)]


def _stored(db: Database, rows: Sequence[Any]) -> list[StoredHold]:
    ids = [row[0] for row in rows]
    legs, left, captures = _legs(db, ids), _left(db, ids), _captures(db, ids)
    return [_hold(row, legs[row[0]], left.get(row[0]), captures.get(row[0], ())) for row in rows]


def _legs(db: Database, holds: Collection[int]) -> Mapping[int, list[Entry]]:
    found: dict[int, list[Entry]] = {hold: [] for hold in holds}
    for hold, wallet, currency, amount in _each(
        db,
        holds,
        "l.hold, w.address, b.currency, l.amount",
        "ledgerkit_hold_legs l JOIN ledgerkit_balances b ON b.id = l.balance "
        "JOIN ledgerkit_wallets w ON w.id = b.wallet WHERE l.hold = k.value",
        "l.hold, l.line",
    ):
        found[hold].append(Entry(wallet, Money(amount, currency)))
    return found


def _left(db: Database, holds: Collection[int]) -> Mapping[int, Mapping[Entry, int]]:
    """Return what is left of each side of holds that are open, by a leg of 1 on that side."""
    found: dict[int, dict[Entry, int]] = {}
    for hold, wallet, currency, incoming, amount in _each(
        db,
        holds,
        "m.hold, w.address, b.currency, m.incoming, m.amount",
        "ledgerkit_held m JOIN ledgerkit_balances b ON b.id = m.balance "
        "JOIN ledgerkit_wallets w ON w.id = b.wallet WHERE m.hold = k.value",
        "m.hold",
    ):
        side = Entry(wallet, Money(1 if incoming else -1, currency))
        found.setdefault(hold, {})[side] = amount
    return found


def _captures(db: Database, holds: Collection[int]) -> Mapping[int, Sequence[str]]:
    found: dict[int, list[str]] = {}
    for hold, name in _each(
        db,
        holds,
        "j.captures, j.name",
        "ledgerkit_journals j WHERE j.captures = k.value",
        "j.id",
    ):
        found.setdefault(hold, []).append(name)
    return found


def _each(
    db: Database, holds: Collection[int], columns: str, source: str, order: str
) -> Iterable[Any]:
    if not holds:
        return ()
    return db.rows(
        f"SELECT {columns} FROM {db.each('bigint', holds)} CROSS JOIN {source} ORDER BY {order}",  # noqa: S608
        db.listed(holds),
    )


def _hold(
    row: Any, legs: list[Entry], left: Mapping[Entry, int] | None, captures: Sequence[str]
) -> StoredHold:
    id, name, kind, placed, expires, type, fact, part, multi, *rest = row
    forced_by, requires, metadata, key, expired = rest
    hold = Hold(
        id=name,
        kind=kind,
        entries=tuple(legs),
        expires_at=None if expires is None else moment(expires),
        event=None if type is None else Event(type, fact, part),
        multi=bool(multi),
        requires=conditions_of(requires),
        forced_by=forced_by,
        metadata=pairs_of(metadata),
    )
    state = CAPTURED if expired is None else EXPIRED if expired else RELEASED
    held = Held(
        hold=hold,
        placed_at=moment(placed),
        state=state if left is None else OPEN,
        remaining=() if left is None else _remaining(hold, left),
        captures=tuple(captures),
    )
    return StoredHold(id, held, key)


def _remaining(hold: Hold, left: Mapping[Entry, int]) -> tuple[Entry, ...]:
    remaining = []
    for leg in merged(hold.entries):
        sign = 1 if leg.amount.minor > 0 else -1
        amount = left.get(Entry(leg.wallet, Money(sign, leg.amount.currency)), 0)
        if amount:
            remaining.append(Entry(leg.wallet, Money(sign * amount, leg.amount.currency)))
    return tuple(remaining)


# ---- for a batch that is judged


def hold_ids(db: Database, tenant: int, names: Collection[str]) -> set[int]:
    """Return the rows of the holds with one of *names*."""
    if not names:
        return set()
    rows = db.rows(
        f"SELECT h.id FROM {db.each('text', names)} CROSS JOIN ledgerkit_holds h "  # noqa: S608
        "WHERE h.name = k.value AND h.tenant = ?",
        db.listed(names),
        tenant,
    )
    return {row[0] for row in rows}


def expired_on(
    db: Database,
    wallets: Collection[int],
    *,
    summed: Collection[int],
    cleared: Collection[int],
    until: datetime,
) -> set[int]:
    """Return the holds that have expired *until* an instant and still hold.

    They hold on balances of *wallets* that have limits, on any of those that are *summed*, or take
    from any of those that are *cleared*.
    """
    found: set[int] = set()
    for ids, only in (
        (wallets, "b.limited = 1"),
        (summed, "b.limited = 0"),
        (cleared, "m.incoming = 0"),
    ):
        if ids:
            rows = db.rows(
                f"SELECT m.hold FROM {db.each('integer', ids)} "  # noqa: S608
                "CROSS JOIN ledgerkit_balances b JOIN ledgerkit_held m ON m.balance = b.id "
                f"WHERE b.wallet = k.value AND m.expires_at <= ? AND {only}",
                db.listed(sorted(ids)),
                micros(until),
            )
            found.update(row[0] for row in rows)
    return found


def lock_holds(db: Database, ids: Collection[int]) -> list[StoredHold]:
    """Return the holds in the rows *ids*; in PostgreSQL nobody else moves them until the end.

    Whoever locks holds and balances locks holds first, both in the order of their ids.
    """
    if db.postgres and ids:
        db.run(
            f"SELECT m.hold FROM {db.each('bigint', ids)} CROSS JOIN ledgerkit_held m "  # noqa: S608
            "WHERE m.hold = k.value ORDER BY m.hold, m.balance, m.incoming FOR UPDATE OF m",
            db.listed(sorted(ids)),
        )
    return holds_of(db, sorted(ids))


def held_on(db: Database, wallets: Collection[int]) -> dict[tuple[int, str], tuple[int, int]]:
    """Return what is held out and in by (wallet, currency), on balances without limits."""
    found: dict[tuple[int, str], tuple[int, int]] = {}
    if not wallets:
        return found
    for wallet, currency, incoming, high, low in db.rows(
        f"SELECT b.wallet, b.currency, m.incoming, {db.total('m.amount')} "  # noqa: S608
        f"FROM {db.each('integer', wallets)} CROSS JOIN ledgerkit_balances b "
        "JOIN ledgerkit_held m ON m.balance = b.id WHERE b.wallet = k.value AND b.limited = 0 "
        "GROUP BY b.wallet, b.currency, m.incoming",
        db.listed(sorted(wallets)),
    ):
        out, into = found.get((wallet, currency), (0, 0))
        amount = exact(high, low)
        found[wallet, currency] = (out, amount) if incoming else (amount, into)
    return found
