"""Working set: what a batch of changes touches, read from the books, and judged member by member.

It is a `Book` of the wallets, balances, events and originals that the batch names, with the
versions, keys and closed time around it. What it refuses, it refuses as the memory store does, in
the same order and with the same words. (spec: ledger 3)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import attrs

from ledgerkit.adapters.sql.holds import (
    StoredHold,
)
from ledgerkit.domain.changes import (
    BatchRefused,
    Changes,
    KeyReused,
    Record,
    Request,
    Stale,
    UnknownPolicy,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Book, Held
from ledgerkit.domain.ledger.holds import EXPIRED, RELEASED
from ledgerkit.schema import kind_of

FOLDING = 7_305_114_090_001
"""The advisory lock of whoever moves deltas into balances."""


# Sums of a million deltas of this size behind a balance of that size are within 64 bits.
MOST_PLAIN = 1 << 40
MOST_PLAIN_BALANCE = 1 << 60


@attrs.frozen
class IsolationTooStrict(LedgerkitError):
    """A change that must see what others just committed, in a transaction that does not."""

    isolation: str
    code: ClassVar[str] = "isolation_too_strict"

    def __str__(self) -> str:
        return (
            f"the transaction is {self.isolation}; policies, lock dates, conditions on wallets "
            f"without limits and amounts from {MOST_PLAIN} minor units on need read committed"
        )


@attrs.frozen
class Known:
    """A key that is committed."""

    commit: int
    request: Request
    at: int


@attrs.frozen
class Place:
    """Where a balance is kept: its row, and whether posting moves the row."""

    id: int
    limited: bool


@attrs.define
class WorkingSet:
    """What the members of a batch are judged against; judging them moves it on.

    Attributes:
        book: Wallets, balances, events and originals that the batch touches.
        known: Committed keys among those of the batch.
        versions: The version at which each expected record is.
        posted: The key under which each journal was posted, by journal id.
        wallet_ids: The row of each wallet that is open, by address.
        places: The row of each balance that has one, by (wallet, currency).
        reversals: How many reversals each original has, before the batch.
        holds: Holds that were placed before, by id, as they stood.
        placed: The key under which each hold was placed, by hold id.
        moved: Holds that the batch places, captures or gives back.
        ended: The member that gave back a hold, by hold id.
        large: Balances without limits that this batch makes or meets beyond what is plain.
    """

    book: Book
    known: dict[str, Known]
    versions: dict[tuple[type[Record], str], int]
    posted: dict[str, str]
    wallet_ids: dict[str, int]
    places: dict[tuple[str, str], Place]
    reversals: Mapping[str, int]
    holds: dict[str, StoredHold] = attrs.Factory(dict)
    placed: dict[str, str] = attrs.Factory(dict)
    moved: dict[str, None] = attrs.Factory(dict)
    ended: dict[str, int] = attrs.Factory(dict)
    large: frozenset[tuple[str, str]] = frozenset()

    def judge(self, many: Sequence[Changes], *, named: bool) -> list[int]:
        """Return the indices of the members that are new; the others are known already.

        Raises:
            LedgerkitError: the first member refused; as `BatchRefused` when *named*.
        """
        fresh: list[int] = []
        requests = {key: known.request for key, known in self.known.items()}
        for index, changes in enumerate(many):
            try:
                if self._take(changes, requests, index):
                    fresh.append(index)
            except LedgerkitError as error:
                if not named:
                    raise
                raise BatchRefused(index, changes.key, error) from error
        return fresh

    def _take(self, changes: Changes, requests: dict[str, Request], index: int) -> bool:
        known = requests.get(changes.key)
        if known is not None and known == changes.request:
            return False
        for (kind, id), expected in changes.expected.items():
            found = self.versions.get((kind, id), 0)
            if found != expected:
                raise Stale(kind_of(kind), id, expected, found)
        if known is not None:
            raise KeyReused(changes.key, known.differing(changes.request))
        self._set_policies(changes)
        for journal in changes.journals:
            if journal.id in self.posted:
                differing = (("journal", self.posted[journal.id], changes.key),)
                raise KeyReused(journal.id, differing)
            self._note(self.book.post(journal, at=changes.at), index)
            self.posted[journal.id] = changes.key
        self._hold(changes, index)
        for record in changes.records:
            place = type(record), record.id
            self.versions[place] = self.versions.get(place, 0) + 1
        requests[changes.key] = changes.request
        return True

    def _hold(self, changes: Changes, index: int) -> None:
        for id in changes.releases:
            self._note((self.book.release(id, at=changes.at),), index)
        for hold in changes.holds:
            if hold.id in self.placed:
                raise KeyReused(hold.id, (("hold", self.placed[hold.id], changes.key),))
            self._note(self.book.place(hold, at=changes.at), index)
            self.placed[hold.id] = changes.key
            self.moved[hold.id] = None

    def _note(self, before: tuple[Held, ...], index: int) -> None:
        for held in before:
            id = held.hold.id
            self.moved[id] = None
            if self.book.holdings.by_id[id].state in (RELEASED, EXPIRED):
                self.ended[id] = index

    def _set_policies(self, changes: Changes) -> None:
        book = self.book
        for wallet in changes.opens:
            book.open(wallet)
        for wallet in changes.policies:
            if wallet.id not in book.wallets:
                raise UnknownPolicy(wallet.id)
            book.wallets[wallet.id] = wallet
        closes = changes.closes_before
        if closes is not None and (book.closed_before is None or book.closed_before < closes):
            book.closed_before = closes
