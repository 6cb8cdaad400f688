"""Commit: the one write, judged on what the books hold and written in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import attrs
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.batch import HoldMoves, Moved, Writing
from ledgerkit.adapters.sql.connect import ATTEMPTS, ConflictRetry, Joined, Own, sqlstate
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.folding import due, fold, fold_if_free, place_journals
from ledgerkit.adapters.sql.loading import known_keys, load_working_set, lock_posting
from ledgerkit.adapters.sql.quick import Batch, Memory, NotPlain, write_at_once, write_quickly
from ledgerkit.adapters.sql.reading import Tenant, hold_epoch, tenant_id, tenant_of
from ledgerkit.adapters.sql.rows import moment
from ledgerkit.adapters.sql.whole import MOVED_STATE
from ledgerkit.adapters.sql.working import Known, WorkingSet
from ledgerkit.adapters.sql.writing import write
from ledgerkit.domain.changes import Changes, Committed, Number
from ledgerkit.domain.money import Units

_MOST_AT_ONCE = 100
_OUT_OF_RANGE = "22003"
_READ_ONLY = "25006"


class Committer:
    """Commits batches to the books of one tenant.

    Args:
        link: The way to the database.
        tenant: Whose books.
        units: What may be posted.
    """

    def __init__(self, link: Own | Joined, tenant: str, units: Units) -> None:
        self._link = link
        self._tenant = tenant
        self._units = units
        self._memory = Memory()
        self._sure = False

    def commit(self, many: Sequence[Changes], *, named: bool) -> tuple[Committed, ...]:
        """Return what each of *many* did, having stored all of them or none.

        Raises:
            LedgerkitError: what the port promises; as `BatchRefused` when *named*.
            ConflictRetry: other transactions were in the way, again and again.
        """
        if not many:
            return ()
        done = self._commit(many, named=named)
        self._fold_sometimes(many)
        return done

    def _commit(self, many: Sequence[Changes], *, named: bool) -> tuple[Committed, ...]:
        try:
            return self._quickly(many)
        except (NotPlain, Moved, IntegrityError):
            pass
        except DBAPIError as error:
            if sqlstate(error) != _OUT_OF_RANGE:
                raise
        moved: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._link.write(
                    lambda connection: self._careful(connection, many, named=named)
                )
            except Moved as error:
                moved = error
            except IntegrityError as error:
                # A writer of SQLite is alone: what is in its way now will be there again.
                if self._link.dialect != "postgresql":
                    raise
                moved = error
        reason = "what the batch is judged on keeps moving"
        raise ConflictRetry(reason, ATTEMPTS) from moved

    def _quickly(self, many: Sequence[Changes]) -> tuple[Committed, ...]:
        if isinstance(self._link, Joined):
            return self._link.write(lambda connection: self._plainly(connection, many))[1]
        if self._link.speaks_at_once and len(many) <= _MOST_AT_ONCE:
            try:
                batch, done = self._at_once(self._link, many)
            except NotPlain:
                batch, done = self._link.write(lambda connection: self._plainly(connection, many))
        else:
            batch, done = self._link.write(lambda connection: self._plainly(connection, many))
        self._memory = batch.learned()
        self._sure = True
        return done

    def _plainly(
        self, connection: Connection, many: Sequence[Changes]
    ) -> tuple[Batch, tuple[Committed, ...]]:
        return write_quickly(Database(connection), self._tenant, self._units, self._memory, many)

    def _at_once(self, link: Own, many: Sequence[Changes]) -> tuple[Batch, tuple[Committed, ...]]:
        try:
            return link.at_once(
                lambda connection: write_at_once(
                    Database(connection),
                    self._tenant,
                    self._units,
                    self._memory,
                    many,
                    sure=self._sure,
                )
            )
        except DBAPIError as error:
            if sqlstate(error) != MOVED_STATE:
                raise
            # Perhaps it was the policies: look at their epoch before the next one.
            self._sure = False
            raise Moved from error

    def fold(self) -> None:
        """Move what was posted to wallets without limits into their balances."""
        if self._link.dialect == "postgresql":
            self._link.write(lambda connection: fold(Database(connection)))

    def _fold_sometimes(self, many: Sequence[Changes]) -> None:
        if self._link.dialect != "postgresql":
            return
        if not due(self._link.url, sum(len(changes.journals) for changes in many)):
            return
        # What was committed is committed; somebody else will fold.
        with suppress(DBAPIError, ConflictRetry):
            self._link.write(lambda connection: fold_if_free(Database(connection)))

    def number(self) -> None:
        """Give newly posted journals their place in recording order, where that is not done yet."""
        if self._link.dialect != "postgresql":
            return
        with self._link.read() as connection:
            db = Database(connection)
            tenant = tenant_id(db, self._tenant)
            sql = "SELECT 1 FROM ledgerkit_unplaced WHERE tenant = ? LIMIT 1"
            if db.row(sql, tenant) is None:
                return
        try:
            self._link.write(lambda connection: place_journals(Database(connection), tenant))
        except IntegrityError as error:
            reason = "journals got their places meanwhile"
            raise ConflictRetry(reason, 1) from error
        except DBAPIError as error:
            if sqlstate(error) != _READ_ONLY:
                raise
            # A host that may not write reads what has its place.

    def _careful(
        self, connection: Connection, many: Sequence[Changes], *, named: bool
    ) -> tuple[Committed, ...]:
        db = Database(connection)
        tenant = tenant_of(db, self._tenant) or _new_tenant(db, self._tenant)
        known = known_keys(db, tenant.id, [changes.key for changes in many])
        if all(c.key in known and known[c.key].request == c.request for c in many):
            return _answers(db, many, {}, known)
        alone = any(changes.policies or changes.closes_before for changes in many)
        if alone:
            lock_posting(db, tenant)
            tenant = tenant_of(db, self._tenant) or tenant
        else:
            hold_epoch(db, tenant)
        working = load_working_set(db, tenant, self._units, many)
        fresh = working.judge(many, named=named)
        ids = db.next_ids(tables.commits, len(fresh)) if fresh else []
        commits = dict(zip(fresh, ids, strict=True))
        writing = Writing(
            db=db,
            tenant=tenant,
            changes=[many[i] for i in fresh],
            commits=ids,
            wallet_ids=working.wallet_ids,
            places=working.places,
            reversals=working.reversals,
            large=working.large,
            alone=alone or bool(working.large),
            missing=[
                key
                for i in fresh
                for entries in (
                    *(journal.entries for journal in many[i].journals),
                    *(hold.entries for hold in many[i].holds),
                )
                for key in ((e.wallet, e.amount.currency) for e in entries)
                if key not in working.places
            ],
            holds=_hold_moves(db, working, commits),
        )
        done = dict(zip(fresh, write(writing, working.book.wallets), strict=True))
        return _answers(db, many, done, working.known)


def _hold_moves(db: Database, working: WorkingSet, commits: Mapping[int, int]) -> HoldMoves | None:
    """Return what the batch does to holds; *commits* are the ids of its new members."""
    if not working.moved:
        return None
    new = [name for name in working.moved if name not in working.holds]
    ids = {name: working.holds[name].id for name in working.moved if name in working.holds}
    ids.update(zip(new, db.next_ids(tables.holds, len(new)), strict=True))
    return HoldMoves(
        ids=ids,
        before={name: working.holds[name].held for name in ids.keys() - set(new)},
        after={name: working.book.holdings.by_id[name] for name in working.moved},
        ends={name: commits[index] for name, index in working.ended.items()},
    )


def _answers(
    db: Database,
    many: Sequence[Changes],
    done: Mapping[int, Committed],
    known: Mapping[str, Known],
) -> tuple[Committed, ...]:
    """Return what each of *many* did: what was *done* now, and else what it did the first time."""
    first = {many[i].key: committed for i, committed in done.items()}
    earlier = {c.key: known[c.key] for c in many if c.key not in first}
    drawn: dict[int, list[Number]] = {}
    if earlier:
        for commit, *number in db.rows(
            "SELECT n.commit_id, n.counter, n.n, n.text, n.record "  # noqa: S608
            f"FROM {db.each('bigint', earlier)} CROSS JOIN ledgerkit_numbers n "
            "WHERE n.commit_id = k.value ORDER BY n.commit_id, n.place",
            db.listed([each.commit for each in earlier.values()]),
        ):
            drawn.setdefault(commit, []).append(Number(*number))
    for key, each in earlier.items():
        numbers = tuple(drawn.get(each.commit, ()))
        first[key] = Committed(key, moment(each.at), numbers, replayed=True)
    return tuple(
        done[i] if i in done else attrs.evolve(first[changes.key], replayed=True)
        for i, changes in enumerate(many)
    )


def _new_tenant(db: Database, name: str) -> Tenant:
    added = db.run(
        "INSERT INTO ledgerkit_tenants (id, name) "
        "SELECT coalesce(max(id) + 1, 0), ? FROM ledgerkit_tenants WHERE 1 = 1 "
        "ON CONFLICT DO NOTHING",
        name,
    )
    tenant = tenant_of(db, name)
    if added == 0 or tenant is None:
        raise Moved
    return tenant
