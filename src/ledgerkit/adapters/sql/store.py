"""SQL store: the books of one tenant in SQLite or PostgreSQL.

Given an engine it owns its transactions; given a connection it takes part in the host's, and then
never commits and never rolls back. (spec: ledger, reliability B and C)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy.engine import URL, Connection, Engine

from ledgerkit.adapters.sql import checking, finding, holds, outbox, reading, statements
from ledgerkit.adapters.sql.commit import Committer
from ledgerkit.adapters.sql.connect import create_engine, link_to
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.migrate import UNITS, check_schema, migrate
from ledgerkit.domain.changes import Changes, Committed, Number, Record, Version, Versioned
from ledgerkit.domain.ledger import (
    NOW,
    AsOf,
    Balance,
    Cursor,
    EntryLine,
    Event,
    Held,
    Page,
    Posted,
    Wallet,
    known_state,
)
from ledgerkit.domain.money import Units
from ledgerkit.domain.outbox import Claimed
from ledgerkit.domain.periods import instant
from ledgerkit.domain.verification import Problem

R = TypeVar("R", bound=Record)
_NOTHING = Balance()


class SqlStore:
    """A `Store` in an SQL database.

    Args:
        bind: An engine, on which the store has transactions of its own, or a connection, whose
            transaction it joins.
        tenant: Whose books; nothing of another tenant is ever seen.
        units: The currencies and units that may be posted.

    Raises:
        SchemaTooNew, SchemaTooOld: the database is not migrated to what this code writes.
    """

    def __init__(
        self, bind: Engine | Connection, *, tenant: str = "default", units: Units = UNITS
    ) -> None:
        self._link = link_to(bind)
        self._tenant = tenant
        with self._link.read() as connection:
            check_schema(connection)
        self._committer = Committer(self._link, tenant, units)

    def close(self) -> None:
        """Close the connections of an engine that was given; a host's connection stays open."""
        self._link.close()

    # ---- records

    def load(self, kind: type[R], id: str) -> Versioned[R] | None:
        """Return the newest version of record *id*, or None."""
        with self._link.read() as connection:
            return finding.load(Database(connection), self._tenant, kind, id)

    def find(
        self,
        kind: type[R],
        *,
        party: str | None = None,
        status: str | None = None,
        since: date | None = None,
        until: date | None = None,
        after: str | None = None,
        limit: int = 500,
    ) -> Page[Versioned[R]]:
        """Return records of *kind* by id, those after the id *after*, at most *limit*."""
        reading.whole("limit", limit, least=1)
        bounds = (
            ("r.party = ?", party),
            ("r.status = ?", status),
            ("r.on_date >= ?", None if since is None else since.isoformat()),
            ("r.on_date < ?", None if until is None else until.isoformat()),
            ("r.id > ?", after),
        )
        with self._link.read() as connection:
            found = finding.find(Database(connection), self._tenant, kind, bounds, limit + 1)
        more = len(found) > limit
        page = found[:limit]
        return Page(tuple(page), page[-1].record.id if page and more else None)

    def history(self, kind: type[R], id: str) -> tuple[Version[R], ...]:
        """Return every version of record *id*, oldest first; none if it was never stored."""
        with self._link.read() as connection:
            return finding.history(Database(connection), self._tenant, kind, id)

    # ---- books

    def wallet(self, id: str) -> Wallet | None:
        """Return the newest policy of wallet *id*, or None if it was never opened."""
        with self._link.read() as connection:
            return reading.wallet_at(Database(connection), self._tenant, id)

    def wallets(self, prefix: str = "") -> tuple[Wallet, ...]:
        """Return wallets whose address is *prefix* or below it, by address."""
        with self._link.read() as connection:
            return reading.wallets_like(Database(connection), self._tenant, prefix)

    def balance(self, wallet: str, currency: str, as_of: AsOf = NOW) -> Balance:
        """Return what *wallet* holds in *currency*."""
        with self._link.read() as connection:
            found = reading.balances(Database(connection), self._tenant, wallet, as_of, currency)
        return found.get((wallet, currency), _NOTHING)

    def balances(self, prefix: str = "", as_of: AsOf = NOW) -> Mapping[tuple[str, str], Balance]:
        """Return balances by (wallet, currency) at and below *prefix*, zeros left out."""
        with self._link.read() as connection:
            return reading.balances(Database(connection), self._tenant, prefix, as_of)

    def entries(
        self,
        wallet: str,
        *,
        by_effect: bool = False,
        after: Cursor | None = None,
        limit: int = 500,
    ) -> Page[EntryLine]:
        """Return lines of the statement of *wallet* after the cursor, at most *limit*.

        Raises ValueError for a cursor by effect that no statement gave out.
        """
        reading.whole("limit", limit, least=1)
        self._committer.number()
        with self._link.read() as connection:
            db = Database(connection)
            lines = statements.lines_after(
                db,
                reading.tenant_id(db, self._tenant),
                wallet,
                by_effect=by_effect,
                after=after,
                limit=limit + 1,
            )
        page = tuple(lines[:limit])
        return Page(page, page[-1].cursor if page and len(lines) > limit else None)

    def last_entry(self, wallet: str) -> Cursor | None:
        """Return the place of the newest line of the statement of *wallet*, or None."""
        self._committer.number()
        with self._link.read() as connection:
            db = Database(connection)
            return statements.last_place(db, reading.tenant_id(db, self._tenant), wallet)

    def journals(self, *, after: int = 0, limit: int = 500) -> Page[Posted]:
        """Return journals with a sequence above *after*, at most *limit*."""
        reading.whole("after", after, least=0)
        reading.whole("limit", limit, least=1)
        self._committer.number()
        with self._link.read() as connection:
            db = Database(connection)
            tenant = reading.tenant_id(db, self._tenant)
            page, more = reading.journals_after(db, tenant, after, limit)
        return Page(tuple(page), page[-1].sequence if more else None)

    def journal(self, id: str) -> Posted | None:
        """Return the posted journal *id*, or None."""
        self._committer.number()
        with self._link.read() as connection:
            db = Database(connection)
            found = reading.journals_named(db, reading.tenant_id(db, self._tenant), (id,))
        return found[0] if found else None

    def posted_events(self, events: Collection[Event]) -> Mapping[Event, str]:
        """Return the id of the journal that booked each of *events* that is booked."""
        with self._link.read() as connection:
            db = Database(connection)
            return reading.events_booked(db, reading.tenant_id(db, self._tenant), events)

    # ---- holds

    def hold(self, id: str) -> Held | None:
        """Return the hold *id* as it stands, or None if it was never placed."""
        with self._link.read() as connection:
            db = Database(connection)
            found = holds.holds_named(db, reading.tenant_id(db, self._tenant), (id,))
        return found[id].held if found else None

    def holds(
        self,
        prefix: str = "",
        *,
        state: str | None = None,
        after: str | None = None,
        limit: int = 500,
    ) -> Page[Held]:
        """Return holds by id, those after the id *after*, at most *limit*."""
        reading.whole("limit", limit, least=1)
        known_state(state)
        with self._link.read() as connection:
            db = Database(connection)
            found = holds.holds_after(
                db,
                reading.tenant_id(db, self._tenant),
                prefix,
                state=state,
                after=after,
                limit=limit + 1,
            )
        page = tuple(found[:limit])
        return Page(page, page[-1].hold.id if len(found) > limit else None)

    # ---- commits

    def commit(self, changes: Changes) -> Committed:
        """Store *changes*, once; raises what the port promises, and `ConflictRetry`."""
        return self._committer.commit((changes,), named=False)[0]

    def commit_all(self, many: Sequence[Changes]) -> tuple[Committed, ...]:
        """Store all of *many*, each once, or none of them."""
        return self._committer.commit(many, named=True)

    def fold(self) -> None:
        """Add up what was posted to wallets without limits, so that reading them stays fast.

        The store does so by itself now and then; a host that only ever lends its own transactions
        may let a scheduler call it. SQLite has nothing to fold.
        """
        self._committer.fold()

    def numbers(self, counter: str | None = None) -> tuple[Number, ...]:
        """Return the numbers drawn, by counter and number."""
        with self._link.read() as connection:
            return finding.numbers(Database(connection), self._tenant, counter)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is broken in the tables; the domain checks what they mean."""
        self._committer.number()
        with self._link.read() as connection:
            db = Database(connection)
            return tuple(checking.problems(db, reading.tenant_id(db, self._tenant)))

    # ---- outbox

    def claim(
        self, topic: str, *, at: datetime, lease: timedelta, limit: int = 100
    ) -> tuple[Claimed, ...]:
        """Claim waiting messages whose topic is *topic* or below it, oldest first."""
        reading.whole("limit", limit, least=1)
        if lease <= timedelta():
            msg = f"a lease lasts a while (got {lease!r})"
            raise ValueError(msg)
        start = instant(at)
        return self._link.write(
            lambda connection: outbox.claim(
                Database(connection),
                self._tenant,
                topic,
                at=start,
                until=start + lease,
                limit=limit,
            )
        )

    def settle(
        self,
        message: str,
        *,
        token: int,
        outcome: str,
        at: datetime,
        retry_at: datetime | None = None,
    ) -> None:
        """Settle the claim *token* on *message* as `done`, `refused` or `waiting`."""
        free_at = instant(at if retry_at is None else retry_at)
        self._link.write(
            lambda connection: outbox.settle(
                Database(connection),
                self._tenant,
                message,
                token=token,
                outcome=outcome,
                free_at=free_at,
            )
        )


def open_store(url: str | URL, *, tenant: str = "default", units: Units = UNITS) -> SqlStore:
    """Return a store at *url*, its tables created or brought up to date.

    `sqlite:///books.db` keeps the books in a file, `sqlite://` in memory,
    `postgresql://host/name` on a server.

    Raises:
        SchemaTooNew: the books were migrated by a newer version of this library.
    """
    engine = create_engine(url)
    migrate(engine, units=units)
    return SqlStore(engine, tenant=tenant, units=units)
