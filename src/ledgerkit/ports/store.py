"""Store: keeps the ledger, versioned records and the outbox of one tenant.

The one write is `commit`. Everything a host reads for a decision comes with the version or the
place it was read at, so that a moved base is noticed. Calls block; drivers put them in threads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from ledgerkit.domain.changes import (
    Changes,
    Committed,
    Number,
    Record,
    Version,
    Versioned,
)
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
)
from ledgerkit.domain.outbox import Claimed
from ledgerkit.domain.verification import Problem

R = TypeVar("R", bound=Record)


class Records(Protocol):
    """Versioned records.

    1. `load` returns the newest version of a record, or None if it was never stored.
    2. `find` pages through the newest versions of a kind, by id, filtered by the index of the
       kind: party, status, and since <= date < until; the pages together hold each match once.
       Ids are ordered by code point; a limit below 1 is a ValueError here and wherever one is
       given.
    3. `history` returns all versions, oldest first, with actor, reason and instant.
    """

    def load(self, kind: type[R], id: str) -> Versioned[R] | None:
        """Return the newest version of record *id*, or None."""
        ...

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
        ...

    def history(self, kind: type[R], id: str) -> tuple[Version[R], ...]:
        """Return every version of record *id*, oldest first; none if it was never stored."""
        ...


class Books(Protocol):
    """What can be read in the ledger.

    4. `balance` and `balances` are sums of entries within `AsOf` bounds, inclusive; a wallet
       without entries is at zero.
    5. `entries` pages through a wallet's statement in recording order, or in the order in which
       entries count, with the running balance per currency; a page never splits or repeats a line.
       `last_entry` is the place of the line recorded last, read without the others.
    6. `journals` pages through all journals in recording order, numbered from 1 without gaps seen
       by a reader.
    """

    def wallet(self, id: str) -> Wallet | None:
        """Return the newest policy of wallet *id*, or None if it was never opened."""
        ...

    def wallets(self, prefix: str = "") -> tuple[Wallet, ...]:
        """Return wallets whose address is *prefix* or below it, by address; "" returns all."""
        ...

    def balance(self, wallet: str, currency: str, as_of: AsOf = NOW) -> Balance:
        """Return what *wallet* holds in *currency*."""
        ...

    def balances(self, prefix: str = "", as_of: AsOf = NOW) -> Mapping[tuple[str, str], Balance]:
        """Return balances by (wallet, currency) at and below *prefix*, zeros left out."""
        ...

    def entries(
        self,
        wallet: str,
        *,
        by_effect: bool = False,
        after: Cursor | None = None,
        limit: int = 500,
    ) -> Page[EntryLine]:
        """Return lines of the statement of *wallet* after the cursor, at most *limit*."""
        ...

    def last_entry(self, wallet: str) -> Cursor | None:
        """Return the place of the newest line of the statement of *wallet*; None: it has none."""
        ...

    def journals(self, *, after: int = 0, limit: int = 500) -> Page[Posted]:
        """Return journals with a sequence above *after*, at most *limit*."""
        ...

    def journal(self, id: str) -> Posted | None:
        """Return the posted journal *id*, or None."""
        ...

    def posted_events(self, events: Collection[Event]) -> Mapping[Event, str]:
        """Return the id of the journal that booked each of *events* that is booked."""
        ...


class Commits(Protocol):
    """The one write.

    7. `commit` stores all of the changes or nothing.
    8. A key known with the same request stores nothing and answers as the first time, replayed.
    9. Else a record that is not at the expected version is `Stale`, even for a known key.
    10. Only then is a known key with another request `KeyReused`.
    11. A journal the books refuse raises its reason (`PostingRefused`, `OverReversal`) and nothing
        is stored.
    12. Wallets in `opens` are opened if they are not; an open one keeps its policy. Policies and
        `closes_before` bind the journals of the same commit; the closed time never goes back.
    13. Numbers are drawn last, by record in the order of the draws, consecutive per counter; a
        commit that fails draws none. A record keeps its number: a later version that names none,
        as of a document that was decided on before it was drawn, has it too.
    14. `commit_all` is one atomic batch: all or none, in order; a replayed member is no failure,
        and the failing one is named by `BatchRefused`.
    15. Inside a host's transaction a commit neither commits nor rolls it back.
    """

    def commit(self, changes: Changes) -> Committed:
        """Store *changes*, once."""
        ...

    def commit_all(self, many: Sequence[Changes]) -> tuple[Committed, ...]:
        """Store all of *many*, each once, or none of them."""
        ...

    def numbers(self, counter: str | None = None) -> tuple[Number, ...]:
        """Return the numbers drawn, by counter and number."""
        ...


class Outbox(Protocol):
    """Messages waiting to be delivered.

    16. A message is claimed by one worker at a time; when its lease has ended others may claim it.
    17. Each claim has a higher token; settling with any but the newest raises `ClaimLost`.
    18. A settled message (`done` or `refused`) is never claimed again; one settled as `waiting`
        is claimed again from `retry_at` on. An id stored twice is one message.
    """

    def claim(
        self, topic: str, *, at: datetime, lease: timedelta, limit: int = 100
    ) -> tuple[Claimed, ...]:
        """Claim waiting messages of *topic* or below it, oldest first.

        `notice` takes `notice.low_package` as well.
        """
        ...

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
        ...


class Checks(Protocol):
    """What a store can tell about itself.

    19. `problems` names what is missing, edited or unreadable in what is kept, as far as a store
        alone can tell; it finds nothing where only a store wrote, and stores nothing.
    """

    def problems(self) -> tuple[Problem, ...]:
        """Return what is broken in what is kept, by whoever edited it."""
        ...


class Holds(Protocol):
    """Money that is set aside. (spec: ledger 4)

    20. `balance` and `balances` tell what open holds may still take (`held_out`) and bring
        (`held_in`). A store has no clock: it counts every hold that is open, and with
        `AsOf(live_at=...)` those that have not expired at that instant. Within bounds in time a
        balance is a sum of entries, and nothing is held.
    21. Placing a hold is checked as a journal is, by the same order of refusals; what it may take
        is not available to others, what it may bring counts against a ceiling.
    22. A journal that captures is bounded leg by leg by what is left of its hold, and needs neither
        room nor space; its wallets must be open. What it leaves is given back, unless the hold is
        `multi`.
    23. A release gives back what is left, on frozen and closed wallets too. In one commit journals
        come first, then releases, then holds.
    24. A hold has expired from its end on, that instant included, for every commit whose `at` says
        so: nobody is refused for what it holds, and it is neither captured nor released. If what
        it holds was needed, or a new hold takes from a wallet that it takes from, it is given back
        by that commit, and the hold is `expired` for every `at`; else it stays `open`: see
        `Held.state_at`.
    25. A hold is placed once: its id in another commit is `KeyReused`. It stays readable, with its
        state, what is left of it and the journals that captured it.
    26. `holds` pages through holds by id, filtered by the wallets of their legs and by state; the
        pages together hold each match once.
    """

    def hold(self, id: str) -> Held | None:
        """Return the hold *id* as it stands, or None if it was never placed."""
        ...

    def holds(
        self,
        prefix: str = "",
        *,
        state: str | None = None,
        after: str | None = None,
        limit: int = 500,
    ) -> Page[Held]:
        """Return holds with a leg at or below the address *prefix* by id, at most *limit*.

        *state* is `open`, `captured`, `released` or `expired`, as it is kept; see promise 24.
        """
        ...


class Store(Records, Books, Commits, Outbox, Checks, Holds, Protocol):
    """All that a store does for one tenant."""
