"""Reading: journals, wallets, balances and statements as they stand in the tables.

A balance is the sum of entries within bounds that are inclusive; every read here that gives one
reads it in one statement, so that nobody sees half a commit. (spec: ledger 6, 10)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import attrs

from ledgerkit.adapters.sql.database import Database, exact
from ledgerkit.adapters.sql.rows import conditions_of, micros, moment, pairs_of, wallet_of
from ledgerkit.adapters.sql.tables import LINE_BITS, MOST_LEGS, SEQUENCE_BITS
from ledgerkit.domain.ledger import (
    AsOf,
    Balance,
    Entry,
    Event,
    Journal,
    Posted,
    Wallet,
)
from ledgerkit.domain.money import Money

READ_COMMITTED = "read committed"
_TENANT = "(SELECT id FROM ledgerkit_tenants WHERE name = ?)"
_SEQUENCE = (1 << SEQUENCE_BITS) - 1


@attrs.frozen
class Tenant:
    """Whose books they are, and what changes rarely about them.

    Attributes:
        id: The number inside.
        epoch: Grows with each change of a policy.
        closed_before: Journals effective before are refused; microseconds, or None.
        isolation: How much the transaction sees of others, as PostgreSQL names it.
    """

    id: int
    epoch: int
    closed_before: int | None
    isolation: str = READ_COMMITTED


def whole(field: str, value: object, *, least: int) -> None:
    """Raise ValueError unless *value* is a whole number from *least*. (spec: ledger 10)"""
    if type(value) is not int or value < least:
        msg = f"{field} must be a whole number from {least} (got {value!r})"
        raise ValueError(msg)


def tenant_of(db: Database, name: str) -> Tenant | None:
    """Return the tenant *name*, or None before its first commit."""
    columns = "id, epoch, closed_before"
    if db.postgres:
        columns += ", current_setting('transaction_isolation')"
    row = db.row(f"SELECT {columns} FROM ledgerkit_tenants WHERE name = ?", name)  # noqa: S608
    return None if row is None else Tenant(*row)


def hold_epoch(db: Database, tenant: Tenant) -> None:
    """Fail if a policy has changed since the snapshot that a strict transaction works on.

    It is blind to what changes meanwhile; holding the row is not. (spec: reliability 5.1)
    """
    if db.postgres and tenant.isolation != READ_COMMITTED:
        db.row("SELECT epoch FROM ledgerkit_tenants WHERE id = ? FOR SHARE", tenant.id)


def tenant_id(db: Database, name: str) -> int:
    """Return the number of the tenant *name*, or -1 before its first commit."""
    found = tenant_of(db, name)
    return -1 if found is None else found.id


def below(column: str, prefix: str) -> tuple[str, tuple[str, ...]]:
    """Return the condition that the address in *column* is *prefix* or below it, with values."""
    if not prefix:
        return "1 = 1", ()
    # ';' follows ':', so the range holds exactly what starts with the prefix and a colon.
    return (
        f"({column} = ? OR ({column} >= ? AND {column} < ?))",
        (prefix, f"{prefix}:", f"{prefix};"),
    )


def wallet_at(db: Database, tenant: str, address: str) -> Wallet | None:
    """Return the newest policy of the wallet at *address*, or None."""
    row = db.row(
        f"SELECT policy FROM ledgerkit_wallets WHERE tenant = {_TENANT} AND address = ?",  # noqa: S608
        tenant,
        address,
    )
    return None if row is None else wallet_of(row[0])


def wallets_like(db: Database, tenant: str, prefix: str) -> tuple[Wallet, ...]:
    """Return the wallets at and below the address *prefix*, by address."""
    condition, values = below("address", prefix)
    rows = db.rows(
        f"SELECT policy FROM ledgerkit_wallets WHERE tenant = {_TENANT} AND {condition} "  # noqa: S608
        "ORDER BY address",
        tenant,
        *values,
    )
    return tuple(wallet_of(policy) for (policy,) in rows)


# ---- journals

_JOURNALS = """
SELECT j.id, {sequence}, j.name, j.kind, j.effective_at, j.recorded_at, c.key, j.event_type,
       j.event_id, j.event_part, o.name, h.name, j.forced_by, j.requires, j.metadata
FROM {source}
JOIN ledgerkit_commits c ON c.id = j.commit_id
LEFT JOIN ledgerkit_journals o ON o.id = j.reverses
LEFT JOIN ledgerkit_holds h ON h.id = j.captures
"""


def journals_after(db: Database, tenant: int, after: int, limit: int) -> tuple[list[Posted], bool]:
    """Return at most *limit* journals with a sequence above *after*, and whether there are more.

    They stand in recording order. What follows them is not read: it may be broken.
    """
    if db.postgres:
        source = "ledgerkit_places p JOIN ledgerkit_journals j ON j.id = p.journal"
        sql = _JOURNALS.format(sequence="p.sequence", source=source) + (
            "WHERE p.tenant = ? AND p.sequence > ? ORDER BY p.sequence LIMIT ?"
        )
        rows = db.rows(sql, tenant, after, limit + 1)
        return _posted(db, rows[:limit]), len(rows) > limit
    first = tenant << SEQUENCE_BITS
    sql = _JOURNALS.format(sequence=f"j.id & {_SEQUENCE}", source="ledgerkit_journals j") + (
        "WHERE j.id > ? AND j.id <= ? ORDER BY j.id LIMIT ?"
    )
    after = min(max(after, 0), _SEQUENCE)
    rows = db.rows(sql, first + after, first + _SEQUENCE, limit + 1)
    return _posted(db, rows[:limit]), len(rows) > limit


def journals_named(db: Database, tenant: int, names: Collection[str]) -> list[Posted]:
    """Return the journals with one of *names*; their sequence is 0 where it is not known yet."""
    return _posted(db, db.rows(_one_by_one(db, "name", "text", names), db.listed(names), tenant))


def reversals_of(db: Database, tenant: int, names: Collection[str]) -> list[Posted]:
    """Return the reversals of the journals *names*, in the order in which they were posted."""
    ids = db.rows(
        f"SELECT j.id FROM {db.each('text', names)} CROSS JOIN ledgerkit_journals j "  # noqa: S608
        "WHERE j.name = k.value AND j.tenant = ?",
        db.listed(names),
        tenant,
    )
    if not ids:
        return []
    originals = [row[0] for row in ids]
    sql = _one_by_one(db, "reverses", "bigint", originals) + " ORDER BY j.reverses, j.reversal"
    return _posted(db, db.rows(sql, db.listed(originals), tenant))


def _one_by_one(db: Database, column: str, type: str, values: Collection[object]) -> str:
    source = f"{db.each(type, values)} CROSS JOIN ledgerkit_journals j"
    sequence = f"j.id & {_SEQUENCE}"
    if db.postgres:
        sequence = "coalesce((SELECT sequence FROM ledgerkit_places p WHERE p.journal = j.id), 0)"
    return _JOURNALS.format(sequence=sequence, source=source) + (
        f"WHERE j.{column} = k.value AND j.tenant = ?"
    )


def _posted(db: Database, rows: Sequence[Any]) -> list[Posted]:
    entries = _entries_of(db, [row[0] for row in rows])
    return [_journal(row, tuple(entries[row[0]])) for row in rows]


def _entries_of(db: Database, journals: Collection[int]) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = {journal: [] for journal in journals}
    if not journals:
        return found
    of_journal = f"x.id >= k.value * {MOST_LEGS} AND x.id < k.value * {MOST_LEGS} + {MOST_LEGS}"
    legs = f"CROSS JOIN ledgerkit_entries x WHERE {of_journal}"
    if db.postgres:
        # A subquery of its own for each journal: a join on a range would read all entries.
        legs = (
            "CROSS JOIN LATERAL (SELECT x.id, x.balance, x.amount FROM ledgerkit_entries x "  # noqa: S608
            f"WHERE {of_journal} ORDER BY x.id OFFSET 0) x"
        )
    rows = db.rows(
        "SELECT e.id, w.address, e.amount, b.currency "  # noqa: S608
        f"FROM (SELECT x.id, x.balance, x.amount FROM {db.each('bigint', journals)} {legs}) e "
        "JOIN ledgerkit_balances b ON b.id = e.balance "
        "JOIN ledgerkit_wallets w ON w.id = b.wallet ORDER BY e.id",
        db.listed(journals),
    )
    for id, wallet, amount, currency in rows:
        found[id >> LINE_BITS].append(Entry(wallet, Money(amount, currency)))
    return found


def _journal(row: Any, entries: tuple[Entry, ...]) -> Posted:
    _, sequence, name, kind, effective, recorded, key, type, fact, part, reverses, *rest = row
    captures, forced_by, requires, metadata = rest
    journal = Journal(
        id=name,
        kind=kind,
        entries=entries,
        effective_at=moment(effective),
        event=None if type is None else Event(type, fact, part),
        reverses=reverses,
        captures=captures,
        requires=conditions_of(requires),
        forced_by=forced_by,
        metadata=pairs_of(metadata),
    )
    return Posted(
        journal=journal, sequence=int(sequence), recorded_at=moment(recorded), changes=key
    )


def events_booked(db: Database, tenant: int, events: Iterable[Event]) -> dict[Event, str]:
    """Return the id of the journal that booked each of *events* that is booked."""
    groups: dict[tuple[str, str], list[str]] = {}
    for event in events:
        groups.setdefault((event.type, event.part), []).append(event.id)
    return {
        Event(type, fact, part): name
        for (type, part), ids in groups.items()
        for fact, name in db.rows(
            f"SELECT j.event_id, j.name FROM {db.each('text', ids)} "  # noqa: S608
            "CROSS JOIN ledgerkit_journals j "
            "WHERE j.event_id = k.value AND j.event_type = ? AND j.event_part = ? "
            "AND j.tenant = ?",
            db.listed(ids),
            type,
            part,
            tenant,
        )
    }


# ---- balances


def balances(
    db: Database, tenant: str, prefix: str, as_of: AsOf, currency: str | None = None
) -> dict[tuple[str, str], Balance]:
    """Return the balances by (wallet, currency) within *as_of*.

    They are those at and below the address *prefix*, or with a *currency* that one balance; zeros
    are left out.
    """
    condition, values = below("w.address", prefix)
    if currency is not None:
        condition, values = "w.address = ? AND b.currency = ?", (prefix, currency)
    if not as_of.is_bounded:
        return _balances_now(db, (tenant, *values), condition, as_of)
    bounds: list[object] = [tenant, *values]
    for column, sign, at in (
        ("effective_at", "<=", as_of.effective_at),
        ("effective_at", ">=", as_of.effective_from),
        ("recorded_at", "<=", as_of.recorded_at),
    ):
        if at is not None:
            condition += f" AND j.{column} {sign} ?"
            bounds.append(micros(at))
    rows = db.rows(
        f"SELECT w.address, b.currency, {db.total('e.amount')} FROM ledgerkit_wallets w "  # noqa: S608
        "JOIN ledgerkit_balances b ON b.wallet = w.id "
        "JOIN ledgerkit_entries e ON e.balance = b.id "
        f"JOIN ledgerkit_journals j ON j.id = e.id >> {LINE_BITS} "
        f"WHERE w.tenant = {_TENANT} AND {condition} GROUP BY w.address, b.currency "
        "ORDER BY w.address, b.currency",
        *bounds,
    )
    sums = {(wallet, code): exact(high, low) for wallet, code, high, low in rows}
    return {key: Balance(posted) for key, posted in sums.items() if posted}


_POSTED = -1  # beside 0 and 1: what is held out and in


def _balances_now(
    db: Database, values: Sequence[object], condition: str, as_of: AsOf
) -> dict[tuple[str, str], Balance]:
    source = "FROM ledgerkit_wallets w JOIN ledgerkit_balances b ON b.wallet = w.id "
    within = f"WHERE w.tenant = {_TENANT} AND {condition}"
    live, moment = "", tuple[object, ...]()
    if as_of.live_at is not None:
        live = "AND (m.expires_at IS NULL OR m.expires_at > ?)"
        moment = (micros(as_of.live_at),)
    posted: dict[tuple[str, str], int] = {}
    held: dict[tuple[str, str], list[int]] = {}
    for wallet, code, what, high, low in db.rows(
        f"SELECT w.address, b.currency, {_POSTED}, 0, {db.held('b')} {source} {within} "
        f"UNION ALL SELECT w.address, b.currency, m.incoming, {db.total('m.amount')} {source} "
        f"JOIN ledgerkit_held m ON m.balance = b.id {within} {live} "
        "GROUP BY w.address, b.currency, m.incoming",
        *values,
        *values,
        *moment,
    ):
        key = wallet, code
        if what == _POSTED:
            posted[key] = exact(high, low)
        else:
            held.setdefault(key, [0, 0])[what] = exact(high, low)
    return {
        key: Balance(posted[key], *held.get(key, ()))
        for key in sorted(posted)
        if posted[key] or key in held
    }
