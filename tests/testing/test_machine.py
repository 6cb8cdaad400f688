"""The machine passes stores that agree and finds those that answer or keep books differently."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Changes, Committed
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import (
    NOW,
    AsOf,
    Balance,
    Cursor,
    EntryLine,
    Event,
    Limit,
    Page,
    Wallet,
)
from ledgerkit.domain.outbox import Claimed
from ledgerkit.testing.machine import BooksMachine, books_machine
from ledgerkit.testing.samples import changes, transfer
from ledgerkit.testing.samples import changes as changes_of


class Limitless(MemoryStore):
    """Forgets the limits of wallets."""

    def commit(self, changes: Changes) -> Committed:
        """Commit *changes*, wrongly."""
        free = tuple(attrs.evolve(each, limits=()) for each in changes.opens)
        set_to = tuple(attrs.evolve(each, limits=()) for each in changes.policies)
        return super().commit(attrs.evolve(changes, opens=free, policies=set_to))


class Halfway(MemoryStore):
    """Keeps policies of a refused commit and loses a number over it."""

    def commit(self, changes: Changes) -> Committed:
        """Commit *changes*, wrongly."""
        try:
            return super().commit(changes)
        except LedgerkitError:
            for wallet in changes.policies:
                self._book.wallets[wallet.id] = wallet
            self._counters["INV"] = self._counters.get("INV", 0) + 1
            raise


class Repeating(MemoryStore):
    """Repeats a line at the start of a page."""

    def entries(
        self,
        wallet: str,
        *,
        by_effect: bool = False,
        after: Cursor | None = None,
        limit: int = 500,
    ) -> Page[EntryLine]:
        """Return a page, wrongly."""
        before = None if after is None else Cursor(after.sequence, after.line - 1)
        if after is not None and after.line == 0:
            before = after
        return super().entries(wallet, by_effect=by_effect, after=before, limit=limit)


class Shortsighted(MemoryStore):
    """Forgets the later bound of balances."""

    def balances(self, prefix: str = "", as_of: AsOf = NOW) -> Mapping[tuple[str, str], Balance]:
        """Return balances, wrongly."""
        return super().balances(prefix, attrs.evolve(as_of, effective_at=None))


class Jealous(MemoryStore):
    """Gives out messages for longer than it was asked."""

    def claim(
        self, topic: str, *, at: datetime, lease: timedelta, limit: int = 100
    ) -> tuple[Claimed, ...]:
        """Claim messages, wrongly."""
        return super().claim(topic, at=at, lease=2 * lease, limit=limit)


class Partless(MemoryStore):
    """Takes every part of an event for the first one."""

    def posted_events(self, events: Collection[Event]) -> Mapping[Event, str]:
        """Return what is booked, wrongly."""
        found = super().posted_events([attrs.evolve(each, part="") for each in events])
        return {
            each: found[key] for each in events if (key := attrs.evolve(each, part="")) in found
        }


class Littering(MemoryStore):
    """Leaves a record that nobody decided beside those of a commit."""

    def commit(self, changes: Changes) -> Committed:
        """Commit *changes*, wrongly."""
        done = super().commit(changes)
        if self.load(Catalog, "stray") is None:
            super().commit(changes_of("stray", records=(Catalog("stray"),)))
        return done


QUICK = settings(
    max_examples=200, stateful_step_count=30, phases=[Phase.generate], derandomize=True
)


@pytest.mark.parametrize(
    "wrong", [Limitless, Halfway, Repeating, Shortsighted, Jealous, Partless, Littering]
)
def test_a_store_that_differs_is_found(wrong: type[MemoryStore]) -> None:
    """Whatever is wrong with the other store, some command shows it."""
    machine = books_machine(lambda: {"right": MemoryStore(), "wrong": wrong()})

    with pytest.raises((AssertionError, ExceptionGroup), match=r"wrong|distinct failures"):
        run_state_machine_as_test(machine, settings=QUICK)


def test_a_store_that_breaks_a_law_is_found() -> None:
    """Even if all stores agree, what they agree on must be sound."""

    class Generous(MemoryStore):
        def balances(self, *args: Any, **kwargs: Any) -> Mapping[tuple[str, str], Balance]:
            return {key: Balance(b.posted + 1) for key, b in super().balances(*args).items()}

    machine = books_machine(lambda: {"one": Generous(), "two": Generous()})

    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(machine, settings=QUICK)


def test_a_crossed_floor_is_found() -> None:
    """A wallet below its floor that no journal was forced to is named."""
    store = MemoryStore()
    machine = books_machine(lambda: {"one": store})()
    store.commit(
        changes("k-1", opens=(Wallet("a"), Wallet("b")), journals=(transfer("j-1", "a", "b", 5),))
    )
    machine.same_books()
    # As if the floor had been there all along, and been forgotten.
    store.commit(
        changes(
            "k-2",
            policies=(Wallet("a", (Limit("EUR", 0),)),),
            journals=(transfer("j-2", "b", "a", 1),),
        )
    )
    machine.same_books()
    store._book.wallets["a"] = Wallet("a")
    store.commit(changes("k-3", journals=(transfer("j-3", "a", "b", 9),)))
    store._book.wallets["a"] = Wallet("a", (Limit("EUR", 0),))

    with pytest.raises(AssertionError, match="a has -13 available"):
        machine.same_books()


def test_a_machine_needs_stores() -> None:
    """The class by itself does not know which stores to compare."""
    with pytest.raises(NotImplementedError, match="books_machine"):
        BooksMachine()
