"""Loading: what a batch of changes touches, read from the tables, and locked where it must stay.

PostgreSQL's writers do not wait for each other, so they lock what they judge: first holds, then
balances with limits, both in the order of their ids, so that two batches never wait for each other
in a circle. (spec: ledger 3, reliability B1)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.holds import (
    StoredHold,
    expired_on,
    held_on,
    hold_ids,
    lock_holds,
)
from ledgerkit.adapters.sql.reading import (
    READ_COMMITTED,
    Tenant,
    events_booked,
    journals_named,
    reversals_of,
)
from ledgerkit.adapters.sql.rows import moment, request_of, wallet_of
from ledgerkit.adapters.sql.working import (
    FOLDING,
    MOST_PLAIN,
    MOST_PLAIN_BALANCE,
    IsolationTooStrict,
    Known,
    Place,
    WorkingSet,
)
from ledgerkit.domain.changes import Changes, Record
from ledgerkit.domain.ledger import Book, Hold, Journal
from ledgerkit.domain.money import Units
from ledgerkit.schema import kind_of


def load_working_set(
    db: Database, tenant: Tenant, units: Units, many: Sequence[Changes]
) -> WorkingSet:
    """Return what *many* touch, as it stands; in PostgreSQL it is locked where that is needed."""
    journals = [journal for changes in many for journal in changes.journals]
    originals = {j.reverses for j in journals if j.reverses is not None}
    closed = tenant.closed_before
    book = Book(units, closed_before=None if closed is None else moment(closed))
    names = {journal.id for journal in journals}
    posted = {
        each.journal.id: each for each in journals_named(db, tenant.id, sorted(names | originals))
    }
    for name in originals & posted.keys():
        book.journals[name] = posted[name].journal
    if originals:
        for reversal in reversals_of(db, tenant.id, sorted(originals)):
            book.reversals.setdefault(str(reversal.journal.reverses), []).append(reversal.journal)
    postings: list[Journal | Hold] = [*journals]
    postings += [hold for changes in many for hold in changes.holds]
    events = {posting.event for posting in postings if posting.event is not None}
    book.events = events_booked(db, tenant.id, events)
    wallet_ids = _wallets(db, tenant, _addresses(many, postings), book)
    large: frozenset[tuple[str, str]] = frozenset()
    if db.postgres:
        places = _balances(db, wallet_ids, book)
        large = _large(journals, places, book)
        if large or _judged_unlimited(postings, places):
            lock_posting(db, tenant)
    holds = _holds(db, tenant, many, wallet_ids)
    held_wallets = {e.wallet for each in holds.values() for e in each.held.hold.entries}
    wallet_ids.update(_wallets(db, tenant, held_wallets - wallet_ids.keys(), book))
    places = _balances(db, wallet_ids, book, held=True)
    _know_holds(db, many, wallet_ids, holds, book)
    versions = _versions(db, tenant.id, many)
    return WorkingSet(
        book=book,
        # Last: whoever committed a key while this waited for a lock is seen.
        known=known_keys(db, tenant.id, [changes.key for changes in many]),
        versions=versions,
        posted={name: each.changes for name, each in posted.items()},
        wallet_ids=wallet_ids,
        places=places,
        reversals={name: len(book.reversals.get(name, ())) for name in originals},
        holds=holds,
        placed={name: each.changes for name, each in holds.items()},
        large=large,
    )


def _addresses(many: Iterable[Changes], postings: Iterable[Journal | Hold]) -> set[str]:
    addresses: set[str] = set()
    for changes in many:
        addresses.update(wallet.id for wallet in changes.opens)
        addresses.update(wallet.id for wallet in changes.policies)
    for posting in postings:
        addresses.update(entry.wallet for entry in posting.entries)
        addresses.update(condition.wallet for condition in posting.requires)
    return addresses


def _judged(many: Iterable[Changes]) -> tuple[set[str], set[str]]:
    """Return wallets that are judged though they may have no limits.

    The first are those of which it matters what is held: conditions look at them, or they get
    limits. Of the second, which holds take from, expired holds are cleared away.
    """
    summed, cleared = set[str](), set[str]()
    for changes in many:
        summed.update(wallet.id for wallet in changes.policies)
        for journal in changes.journals:
            summed.update(condition.wallet for condition in journal.requires)
        for hold in changes.holds:
            summed.update(condition.wallet for condition in hold.requires)
            cleared.update(entry.wallet for entry in hold.entries if entry.amount.minor < 0)
    return summed, cleared


def _holds(
    db: Database, tenant: Tenant, many: Sequence[Changes], wallet_ids: Mapping[str, int]
) -> dict[str, StoredHold]:
    names = {hold.id for changes in many for hold in changes.holds}
    names.update(id for changes in many for id in changes.releases)
    names.update(j.captures for c in many for j in c.journals if j.captures is not None)
    summed, cleared = _judged(many)
    ids = hold_ids(db, tenant.id, names)
    ids |= expired_on(
        db,
        wallet_ids.values(),
        summed={wallet_ids[name] for name in summed if name in wallet_ids},
        cleared={wallet_ids[name] for name in cleared if name in wallet_ids},
        until=max(changes.at for changes in many),
    )
    return {each.held.hold.id: each for each in lock_holds(db, ids)}


def _know_holds(
    db: Database,
    many: Sequence[Changes],
    wallet_ids: Mapping[str, int],
    holds: Mapping[str, StoredHold],
    book: Book,
) -> None:
    for each in holds.values():
        book.holdings.know(each.held)
    summed, _ = _judged(many)
    addresses = {wallet_ids[name]: name for name in summed if name in wallet_ids}
    for (wallet, currency), amounts in held_on(db, addresses).items():
        book.held[addresses[wallet], currency] = amounts


def lock_posting(db: Database, tenant: Tenant) -> None:
    """Wait until nobody else is posting, and let nobody else post until the transaction ends.

    SQLite has one writer anyway.

    Raises:
        IsolationTooStrict: the transaction could not see what it waited for.
    """
    if not db.postgres:
        return
    if tenant.isolation != READ_COMMITTED:
        raise IsolationTooStrict(tenant.isolation)
    db.run("SELECT pg_advisory_xact_lock(?)", FOLDING)
    db.run("LOCK TABLE ledgerkit_journals IN SHARE ROW EXCLUSIVE MODE")


def _large(
    journals: Iterable[Journal], places: dict[tuple[str, str], Place], book: Book
) -> frozenset[tuple[str, str]]:
    keys = {
        (entry.wallet, entry.amount.currency)
        for journal in journals
        for entry in journal.entries
        if abs(entry.amount.minor) >= MOST_PLAIN
    }
    keys.update(key for key in places if abs(book.balances[key]) >= MOST_PLAIN_BALANCE)
    return frozenset(key for key in keys if key not in places or not places[key].limited)


def _judged_unlimited(
    postings: Iterable[Journal | Hold], places: dict[tuple[str, str], Place]
) -> bool:
    # A balance without limits moves while others post, so a bound on it holds only if they stop.
    keys = {
        (condition.wallet, bound.currency)
        for posting in postings
        for condition in posting.requires
        for bound in (condition.at_least, condition.at_most)
        if bound is not None
    }
    return any(key not in places or not places[key].limited for key in keys)


def known_keys(db: Database, tenant: int, keys: Sequence[str]) -> dict[str, Known]:
    """Return those of *keys* that are committed."""
    rows = db.rows(
        f"SELECT c.key, c.id, c.request, c.at FROM {db.each('text', keys)} "  # noqa: S608
        "CROSS JOIN ledgerkit_commits c WHERE c.key = k.value AND c.tenant = ?",
        db.listed(keys),
        tenant,
    )
    return {key: Known(id, request_of(request), at) for key, id, request, at in rows}


def _versions(
    db: Database, tenant: int, many: Iterable[Changes]
) -> dict[tuple[type[Record], str], int]:
    wanted: dict[type[Record], set[str]] = {}
    written: set[tuple[type[Record], str]] = set()
    for changes in many:
        written.update((type(record), record.id) for record in changes.records)
        for kind, id in changes.expected:
            wanted.setdefault(kind, set()).add(id)
    if db.postgres:
        for kind in sorted(wanted, key=kind_of):
            only_read = sorted(id for id in wanted[kind] if (kind, id) not in written)
            if only_read:
                _hold_versions(db, tenant, kind_of(kind), only_read)
    return {
        (kind, id): version
        for kind, ids in wanted.items()
        for id, version in db.rows(
            f"SELECT r.id, r.version FROM {db.each('text', ids)} "  # noqa: S608
            "CROSS JOIN ledgerkit_records r "
            "WHERE r.id = k.value AND r.kind = ? AND r.tenant = ?",
            db.listed(sorted(ids)),
            kind_of(kind),
            tenant,
        )
    }


def _hold_versions(db: Database, tenant: int, kind: str, ids: Sequence[str]) -> None:
    # What is only read must stay as it is until the commit. A record that must not exist has no
    # row to hold, so it gets one at version 0, which no reader sees.
    db.run(
        "INSERT INTO ledgerkit_records (tenant, kind, id, version) "  # noqa: S608
        f"SELECT ?, ?, k.value, 0 FROM {db.each('text', ids)} ON CONFLICT DO NOTHING",
        tenant,
        kind,
        db.listed(ids),
    )
    db.run(
        f"SELECT r.version FROM {db.each('text', ids)} CROSS JOIN ledgerkit_records r "  # noqa: S608
        "WHERE r.id = k.value AND r.kind = ? AND r.tenant = ? ORDER BY r.id FOR SHARE OF r",
        db.listed(ids),
        kind,
        tenant,
    )


def _wallets(
    db: Database, tenant: Tenant, addresses: Collection[str], book: Book
) -> dict[str, int]:
    if not addresses:
        return {}
    rows = db.rows(
        f"SELECT w.address, w.id, w.policy FROM {db.each('text', addresses)} "  # noqa: S608
        "CROSS JOIN ledgerkit_wallets w WHERE w.address = k.value AND w.tenant = ?",
        db.listed(sorted(addresses)),
        tenant.id,
    )
    for address, _, policy in rows:
        book.wallets[address] = wallet_of(policy)
    return {address: id for address, id, _ in rows}


def _balances(
    db: Database, wallet_ids: dict[str, int], book: Book, *, held: bool = False
) -> dict[tuple[str, str], Place]:
    addresses = {id: address for address, id in wallet_ids.items()}
    ids = db.listed(sorted(addresses))
    if db.postgres and held:
        # In the order of ids, so that two batches wait for each other and never deadlock.
        db.run(
            f"SELECT b.id FROM {db.each('integer', addresses)} CROSS JOIN ledgerkit_balances b "  # noqa: S608
            "WHERE b.wallet = k.value AND b.limited = 1 ORDER BY b.id FOR UPDATE OF b",
            ids,
        )
    places = {}
    for wallet, currency, id, limited, out, into, posted in db.rows(
        "SELECT b.wallet, b.currency, b.id, b.limited, b.held_out, b.held_in, "  # noqa: S608
        f"{db.held('b')} "
        f"FROM {db.each('integer', addresses)} CROSS JOIN ledgerkit_balances b "
        "WHERE b.wallet = k.value",
        ids,
    ):
        key = addresses[wallet], currency
        places[key] = Place(id, bool(limited))
        book.balances[key] = int(posted)
        if held and (out or into):
            book.held[key] = out, into
    return places
