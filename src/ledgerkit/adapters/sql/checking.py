"""Checking: whether the tables still say what the store wrote, for whoever verifies the books.

The domain checks what records and journals mean. Whether a row is missing, was edited or does not
agree with the others cannot be told from what they mean; it is told here. (spec: ledger 9)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledgerkit.adapters.sql import checking_holds
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.rows import moment, pairs_of, request_of, wallet_of
from ledgerkit.adapters.sql.tables import LINE_BITS
from ledgerkit.adapters.sql.triggers import missing_triggers
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.verification import Problem
from ledgerkit.schema import BY_NAME, index_of, load

UNREADABLE = (LedgerkitError, ValueError, TypeError, KeyError)
_PAGE = 1000  # documents read at once


def problems(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield what is broken in the tables of *tenant*, whose codes the functions here list."""
    yield from _versions(db, tenant)
    yield from _documents(db, tenant)
    yield from _wallets(db, tenant)
    yield from _commits(db, tenant)
    yield from _journals(db, tenant)
    yield from checking_holds.problems(db, tenant)
    yield from _counters(db, tenant)
    if missing := ", ".join(missing_triggers(db.connection)):
        reason = f"the database does not refuse what it should, by {missing}"
        yield Problem("trigger_missing", "triggers", reason)


def _versions(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield records and versions that do not belong together: `versions_differ`."""
    for kind, id, version, newest, count in db.rows(
        "SELECT v.kind, v.id, coalesce(r.version, 0), v.newest, v.n FROM "
        "(SELECT kind, id, max(version) AS newest, count(*) AS n FROM ledgerkit_record_versions "
        "WHERE tenant = ? GROUP BY kind, id) v LEFT JOIN ledgerkit_records r "
        "ON r.tenant = ? AND r.kind = v.kind AND r.id = v.id "
        "WHERE r.id IS NULL OR r.version <> v.newest OR v.n <> v.newest "
        "UNION ALL "
        "SELECT r.kind, r.id, r.version, 0, 0 FROM ledgerkit_records r "
        "WHERE r.tenant = ? AND r.version > 0 AND NOT EXISTS "
        "(SELECT 1 FROM ledgerkit_record_versions v "
        "WHERE v.tenant = r.tenant AND v.kind = r.kind AND v.id = r.id)",
        tenant,
        tenant,
        tenant,
    ):
        reason = f"{kind} {id} is at version {version}; {count} are kept, the last is {newest}"
        yield Problem("versions_differ", id, reason)


def _documents(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield versions whose document cannot be read, or is of another record, or is found as one.

    Finds `record_unreadable`, `record_differs`, `index_differs`.
    """
    after: tuple[object, ...] = ("", "", 0)
    while rows := db.rows(
        "SELECT v.kind, v.id, v.version, v.document, r.version, r.party, r.status, r.on_date, "
        "r.number FROM ledgerkit_record_versions v LEFT JOIN ledgerkit_records r "
        "ON r.tenant = v.tenant AND r.kind = v.kind AND r.id = v.id AND r.version = v.version "
        "WHERE v.tenant = ? AND (v.kind, v.id, v.version) > (?, ?, ?) "
        "ORDER BY v.kind, v.id, v.version LIMIT ?",
        tenant,
        *after,
        _PAGE,
    ):
        after = tuple(rows[-1][:3])
        for row in rows:
            yield from _document(row)


def _document(row: Any) -> Iterator[Problem]:
    kind, id, version, document, newest, *found = row
    name = f"version {version} of {kind} {id}"
    try:
        record = load(BY_NAME[kind], document)
    except UNREADABLE as error:
        yield Problem("record_unreadable", id, f"{name} cannot be read: {error}")
        return
    if record.id != id:
        yield Problem("record_differs", id, f"{name} holds {record.id!r}")
    index = index_of(record)
    on = None if index.on is None else index.on.isoformat()
    told = [index.party, index.status, on, index.number]
    if newest is not None and told != found:
        yield Problem("index_differs", id, f"{name} is found by {found}, it says {told}")


def _wallets(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield wallets whose policy is not the last one set, or does not limit their balances so.

    Finds `policy_unreadable`, `policy_differs`, `limit_differs`.
    """
    readable = {}
    for id, address, policy, last in db.rows(
        "SELECT w.id, w.address, w.policy, (SELECT p.policy FROM ledgerkit_policies p "
        "WHERE p.wallet = w.id ORDER BY p.version DESC LIMIT 1) FROM ledgerkit_wallets w "
        "WHERE w.tenant = ? ORDER BY w.address",
        tenant,
    ):
        if policy != last:
            reason = f"the policy of {address} is {policy}, but {last} was set last"
            yield Problem("policy_differs", address, reason)
        try:
            readable[id] = wallet_of(policy)
        except UNREADABLE as error:
            reason = f"the policy of {address} cannot be read: {error}"
            yield Problem("policy_unreadable", address, reason)
            continue
        if readable[id].id != address:
            yield Problem("policy_differs", address, f"{address} has that of {readable[id].id}")
    for wallet, currency, floor, ceiling, limited in db.rows(
        "SELECT b.wallet, b.currency, b.floor, b.ceiling, b.limited FROM ledgerkit_balances b "
        "JOIN ledgerkit_wallets w ON w.id = b.wallet WHERE w.tenant = ? ORDER BY b.id",
        tenant,
    ):
        if wallet not in readable:
            continue
        limit = readable[wallet].limit(currency)
        needed = limit.floor is not None or limit.ceiling is not None
        # A balance without limits may be kept as if it had some, when it is very large.
        if (floor, ceiling) != (limit.floor, limit.ceiling) or (needed and not limited):
            name = f"{readable[wallet].id} {currency}"
            reason = (
                f"{name} is kept between {floor} and {ceiling}{'' if limited else ', unguarded'}; "
                f"its policy says {limit.floor} and {limit.ceiling}"
            )
            yield Problem("limit_differs", name, reason)


_OF_COMMITS = {
    "journal": "SELECT j.name, j.commit_id FROM ledgerkit_journals j WHERE j.tenant = ?",
    "record": "SELECT v.id, v.commit_id FROM ledgerkit_record_versions v WHERE v.tenant = ?",
    "number": "SELECT n.text, n.commit_id FROM ledgerkit_numbers n WHERE n.tenant = ?",
    "message": "SELECT m.name, m.commit_id FROM ledgerkit_messages m WHERE m.tenant = ?",
    "policy": (
        "SELECT w.address, p.commit_id FROM ledgerkit_policies p "
        "JOIN ledgerkit_wallets w ON w.id = p.wallet WHERE w.tenant = ?"
    ),
    "hold": "SELECT h.name, h.commit_id FROM ledgerkit_holds h WHERE h.tenant = ?",
    "end of hold": (
        "SELECT h.name, n.commit_id FROM ledgerkit_hold_ends n "
        "JOIN ledgerkit_holds h ON h.id = n.hold WHERE h.tenant = ?"
    ),
    "closing": "SELECT 'books', z.commit_id FROM ledgerkit_closings z WHERE z.tenant = ?",
}


def _commits(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield commits that cannot be read, and what was stored by one that is not there.

    Finds `commit_missing`, `commit_unreadable`, `closing_differs`.
    """
    for what, source in _OF_COMMITS.items():
        for name, commit in db.rows(
            f"SELECT s.* FROM ({source}) s WHERE NOT EXISTS (SELECT 1 FROM ledgerkit_commits c "  # noqa: S608
            "WHERE c.id = s.commit_id AND c.tenant = ?)",
            tenant,
            tenant,
        ):
            reason = f"{what} {name} was stored by commit {commit}, which is not there"
            yield Problem("commit_missing", name, reason)
    for key, request in db.rows(
        "SELECT key, request FROM ledgerkit_commits WHERE tenant = ? ORDER BY id", tenant
    ):
        try:
            request_of(request)
        except UNREADABLE as error:
            yield Problem("commit_unreadable", key, f"the request of {key!r} is no longer: {error}")
    row = db.row(
        "SELECT t.closed_before, (SELECT max(z.closed_before) FROM ledgerkit_closings z "
        "WHERE z.tenant = t.id) FROM ledgerkit_tenants t WHERE t.id = ?",
        tenant,
    )
    if row is not None and row[0] != row[1]:
        until, set_to = (None if at is None else moment(at).isoformat() for at in row)
        reason = f"the books are closed before {until}, they were closed before {set_to}"
        yield Problem("closing_differs", "books", reason)


def _journals(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield journals that do not agree with their commit, their entries or their place.

    Finds `recorded_differs`, `counts_in_future`, `journal_unreadable`, `entry_without_journal`,
    `journal_without_place`.
    """
    for name, effective, recorded, at in db.rows(
        "SELECT j.name, j.effective_at, j.recorded_at, c.at FROM ledgerkit_journals j "
        "JOIN ledgerkit_commits c ON c.id = j.commit_id "
        "WHERE j.tenant = ? AND (j.recorded_at <> c.at OR j.effective_at > j.recorded_at) "
        "ORDER BY j.id",
        tenant,
    ):
        if recorded != at:
            reason = f"journal {name} is recorded at {moment(recorded)}, its commit at {moment(at)}"
            yield Problem("recorded_differs", name, reason)
        if effective > recorded:
            reason = f"journal {name} counts from {moment(effective)}, after it was recorded"
            yield Problem("counts_in_future", name, reason)
    for name, metadata in db.rows(
        "SELECT name, metadata FROM ledgerkit_journals WHERE tenant = ? AND metadata IS NOT NULL",
        tenant,
    ):
        try:
            pairs_of(metadata)
        except UNREADABLE as error:
            reason = f"the metadata of journal {name} cannot be read: {error}"
            yield Problem("journal_unreadable", name, reason)
    for entry, address in db.rows(
        "SELECT e.id, w.address FROM ledgerkit_entries e JOIN ledgerkit_balances b "  # noqa: S608
        "ON b.id = e.balance JOIN ledgerkit_wallets w ON w.id = b.wallet "
        "WHERE w.tenant = ? AND NOT EXISTS (SELECT 1 FROM ledgerkit_journals j "
        f"WHERE j.id = e.id >> {LINE_BITS} AND j.tenant = w.tenant) ORDER BY e.id",
        tenant,
    ):
        reason = f"entry {entry} on {address} is of a journal that is not there"
        yield Problem("entry_without_journal", f"entry {entry}", reason)
    if not db.postgres:
        return
    for (name,) in db.rows(
        "SELECT j.name FROM ledgerkit_journals j WHERE j.tenant = ? AND NOT EXISTS "
        "(SELECT 1 FROM ledgerkit_places p WHERE p.journal = j.id) AND NOT EXISTS "
        "(SELECT 1 FROM ledgerkit_unplaced u WHERE u.tenant = j.tenant AND u.journal = j.id)",
        tenant,
    ):
        reason = f"journal {name} has no place in recording order and waits for none"
        yield Problem("journal_without_place", name, reason)


def _counters(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield series that would not go on behind their last number: `counter_differs`."""
    for name, last, drawn in db.rows(
        "SELECT n.counter, c.last, n.last FROM (SELECT counter, max(n) AS last "
        "FROM ledgerkit_numbers WHERE tenant = ? GROUP BY counter) n "
        "LEFT JOIN ledgerkit_counters c ON c.tenant = ? AND c.name = n.counter "
        "WHERE c.last IS NULL OR c.last <> n.last "
        "UNION ALL SELECT c.name, c.last, NULL FROM ledgerkit_counters c WHERE c.tenant = ? "
        "AND NOT EXISTS (SELECT 1 FROM ledgerkit_numbers n "
        "WHERE n.tenant = c.tenant AND n.counter = c.name)",
        tenant,
        tenant,
        tenant,
    ):
        reason = f"series {name} goes on after {last}, the last number drawn is {drawn}"
        yield Problem("counter_differs", name, reason)
