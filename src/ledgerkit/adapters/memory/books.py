"""Books in memory: the posted journals, and everything that is read from them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from threading import RLock

from ledgerkit.adapters.memory.paging import whole
from ledgerkit.adapters.memory.undo import Undo
from ledgerkit.domain.changes import Changes, KeyReused, UnknownPolicy
from ledgerkit.domain.ledger import (
    NOW,
    AsOf,
    Balance,
    Book,
    Cursor,
    EntryLine,
    Event,
    Held,
    Page,
    Posted,
    Wallet,
    balances_of,
    known_state,
    statement,
)

_NOTHING = Balance()


class MemoryBooks:
    """The part of a memory store that keeps wallets and journals."""

    def __init__(self, lock: RLock, book: Book) -> None:
        self._lock = lock
        self._book = book
        self._posted: list[Posted] = []
        self._place: dict[str, int] = {}
        self._by_wallet: dict[str, list[Posted]] = {}
        self._holds: list[str] = []  # sorted
        self._placed_by: dict[str, str] = {}

    def wallet(self, id: str) -> Wallet | None:
        """Return the newest policy of wallet *id*, or None if it was never opened."""
        with self._lock:
            return self._book.wallets.get(id)

    def wallets(self, prefix: str = "") -> tuple[Wallet, ...]:
        """Return wallets whose address is *prefix* or below it, by address."""
        with self._lock:
            book = self._book.wallets
            return tuple(book[id] for id in sorted(book) if _below(id, prefix))

    def balance(self, wallet: str, currency: str, as_of: AsOf = NOW) -> Balance:
        """Return what *wallet* holds in *currency*."""
        with self._lock:
            if not as_of.is_bounded:
                return self._balance_now((wallet, currency), as_of.live_at)
            journals = self._by_wallet.get(wallet, ())
            return Balance(balances_of(journals, as_of).get((wallet, currency), 0))

    def balances(self, prefix: str = "", as_of: AsOf = NOW) -> Mapping[tuple[str, str], Balance]:
        """Return balances by (wallet, currency) at and below *prefix*, zeros left out."""
        with self._lock:
            if as_of.is_bounded:
                sums = balances_of(self._posted, as_of)
                found = {key: Balance(sums[key]) for key in sums if _below(key[0], prefix)}
            else:
                keys = self._book.balances.keys() | self._book.held.keys()
                found = {
                    key: self._balance_now(key, as_of.live_at)
                    for key in keys
                    if _below(key[0], prefix)
                }
            return {key: found[key] for key in sorted(found) if found[key] != _NOTHING}

    def _balance_now(self, key: tuple[str, str], live_at: datetime | None) -> Balance:
        balance = self._book.balance(*key)
        if live_at is None:
            return balance
        return self._book.holdings.live(balance, key, at=live_at)

    def hold(self, id: str) -> Held | None:
        """Return the hold *id* as it stands, or None if it was never placed."""
        with self._lock:
            return self._book.holdings.by_id.get(id)

    def holds(
        self,
        prefix: str = "",
        *,
        state: str | None = None,
        after: str | None = None,
        limit: int = 500,
    ) -> Page[Held]:
        """Return holds by id, those after the id *after*, at most *limit*."""
        whole("limit", limit, least=1)
        known_state(state)
        found: list[Held] = []
        with self._lock:
            for id in self._holds[0 if after is None else bisect_right(self._holds, after) :]:
                held = self._book.holdings.by_id[id]
                if not (state is None or held.state == state) or not any(
                    _below(entry.wallet, prefix) for entry in held.hold.entries
                ):
                    continue
                if len(found) == limit:
                    return Page(tuple(found), found[-1].hold.id)
                found.append(held)
        return Page(tuple(found))

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
        whole("limit", limit, least=1)
        with self._lock:
            lines = statement(self._by_wallet.get(wallet, ()), wallet, by_effect=by_effect)
            if after is not None:
                lines = tuple(line for line in lines if self._follows(line, after, by_effect))
        page = lines[:limit]
        return Page(page, page[-1].cursor if limit < len(lines) else None)

    def last_entry(self, wallet: str) -> Cursor | None:
        """Return the place of the newest line of the statement of *wallet*, or None."""
        with self._lock:
            newest = self._by_wallet.get(wallet, ())[-1:]
            lines = statement(newest, wallet)
        return lines[-1].cursor if lines else None

    def _follows(self, line: EntryLine, after: Cursor, by_effect: bool) -> bool:  # noqa: FBT001
        if not by_effect:
            return line.cursor > after
        if not 0 < after.sequence <= len(self._posted):
            msg = f"{after} is no place in a statement; pass the `next` of a page"
            raise ValueError(msg)
        since = self._posted[after.sequence - 1].journal.effective_at
        return (line.effective_at, line.cursor) > (since, after)

    def journals(self, *, after: int = 0, limit: int = 500) -> Page[Posted]:
        """Return journals with a sequence above *after*, at most *limit*."""
        whole("after", after, least=0)
        whole("limit", limit, least=1)
        with self._lock:
            page = tuple(self._posted[after : after + limit])
            more = after + limit < len(self._posted)
        return Page(page, page[-1].sequence if more else None)

    def journal(self, id: str) -> Posted | None:
        """Return the posted journal *id*, or None."""
        with self._lock:
            place = self._place.get(id)
            return None if place is None else self._posted[place]

    def posted_events(self, events: Collection[Event]) -> Mapping[Event, str]:
        """Return the id of the journal that booked each of *events* that is booked."""
        with self._lock:
            book = self._book.events
            return {event: book[event] for event in events if event in book}

    def _set_policies(self, changes: Changes, undo: Undo) -> None:
        wallets = self._book.wallets
        for wallet in changes.opens:
            if self._book.open(wallet):
                undo.add(wallets.__delitem__, wallet.id)
        for wallet in changes.policies:
            if wallet.id not in wallets:
                raise UnknownPolicy(wallet.id)
            undo.add(wallets.__setitem__, wallet.id, wallets[wallet.id])
            wallets[wallet.id] = wallet
        closed, closes = self._book.closed_before, changes.closes_before
        if closes is not None and (closed is None or closed < closes):
            undo.add(setattr, self._book, "closed_before", closed)
            self._book.closed_before = closes

    def _post(self, changes: Changes, undo: Undo) -> None:
        for journal in changes.journals:
            if journal.id in self._place:
                stored = self._posted[self._place[journal.id]]
                raise KeyReused(journal.id, (("journal", stored.changes, changes.key),))
            before = self._book.post(journal, at=changes.at)
            posted = Posted(
                journal=journal,
                sequence=len(self._posted) + 1,
                recorded_at=changes.at,
                changes=changes.key,
            )
            self._place[journal.id] = len(self._posted)
            self._posted.append(posted)
            wallets = {entry.wallet for entry in journal.entries}
            for wallet in wallets:
                self._by_wallet.setdefault(wallet, []).append(posted)
            undo.add(self._unpost, posted, wallets, before)

    def _unpost(self, posted: Posted, wallets: Iterable[str], before: tuple[Held, ...]) -> None:
        self._book.undo(posted.journal, before)
        del self._place[posted.journal.id]
        self._posted.pop()
        for wallet in wallets:
            self._by_wallet[wallet].pop()

    def _hold(self, changes: Changes, undo: Undo) -> None:
        book = self._book
        for id in changes.releases:
            undo.add(book.restore, (book.release(id, at=changes.at),))
        for hold in changes.holds:
            if hold.id in self._placed_by:
                raise KeyReused(hold.id, (("hold", self._placed_by[hold.id], changes.key),))
            undo.add(book.restore, book.place(hold, at=changes.at))
            self._placed_by[hold.id] = changes.key
            insort(self._holds, hold.id)
            undo.add(self._unplace, hold.id)

    def _unplace(self, id: str) -> None:
        self._book.holdings.take(id)
        del self._placed_by[id]
        self._holds.remove(id)


def _below(address: str, prefix: str) -> bool:
    return not prefix or address == prefix or address.startswith(prefix + ":")
