"""Refusals: why the books do not take a journal that is itself well formed.

Each kind has a class of its own and names every offender, not only the first; `posting` raises
them, in one documented order. (spec: ledger 3)
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import Condition, Entry, Event
from ledgerkit.domain.ledger.wallets import INT64
from ledgerkit.domain.money import Money


class PostingRefused(LedgerkitError):
    """Base of every reason for which the books refuse a journal that is itself well formed.

    What a hold may be refused for as well says so by its `noun`: `journal` then is the hold's id.
    """


@attrs.frozen
class JournalAlreadyPosted(PostingRefused):
    """A journal of this id is in the books."""

    journal: str
    code: ClassVar[str] = "journal_already_posted"

    def __str__(self) -> str:
        return f"journal {self.journal!r} is posted already; replay its commit or derive a new id"


@attrs.frozen
class UnknownCurrencies(PostingRefused):
    """Legs in currencies that the books do not know."""

    journal: str
    currencies: tuple[str, ...]
    noun: str = "journal"
    code: ClassVar[str] = "unknown_currency"

    def __str__(self) -> str:
        unknown = ", ".join(self.currencies)
        return (
            f"{self.noun} {self.journal!r} uses {unknown}, not in the books' units; register them"
        )


@attrs.frozen
class Overflow(PostingRefused):
    """An amount or a sum beyond 64 bits."""

    journal: str
    wallets: tuple[str, ...]
    noun: str = "journal"
    code: ClassVar[str] = "overflow"

    def __str__(self) -> str:
        where = ", ".join(self.wallets)
        return (
            f"{self.noun} {self.journal!r} takes {where} beyond {INT64} minor units, the most held"
        )


@attrs.frozen
class PeriodClosed(PostingRefused):
    """The journal would count in a time whose books are closed."""

    journal: str
    effective_at: datetime
    closed_before: datetime
    code: ClassVar[str] = "period_closed"

    def __str__(self) -> str:
        return (
            f"journal {self.journal!r} counts from {self.effective_at.isoformat()}, but the books "
            f"are closed before {self.closed_before.isoformat()}; post it now and name the period"
        )


@attrs.frozen
class EffectiveInFuture(PostingRefused):
    """The journal would count later than it is recorded."""

    journal: str
    effective_at: datetime
    at: datetime
    code: ClassVar[str] = "effective_in_future"

    def __str__(self) -> str:
        return (
            f"journal {self.journal!r} counts from {self.effective_at.isoformat()}, after "
            f"{self.at.isoformat()} when it is recorded; post it when its time has come"
        )


@attrs.frozen
class EventAlreadyPosted(PostingRefused):
    """Another journal has booked the same fact."""

    journal: str
    event: Event
    posted_as: str
    code: ClassVar[str] = "event_already_posted"

    def __str__(self) -> str:
        return (
            f"{self.event} is booked by journal {self.posted_as!r} and {self.journal!r} would book "
            "it again; give a new part if it is charged anew"
        )


@attrs.frozen
class UnknownWallet(PostingRefused):
    """Legs on wallets that were never opened."""

    journal: str
    wallets: tuple[str, ...]
    noun: str = "journal"
    code: ClassVar[str] = "unknown_wallet"

    def __str__(self) -> str:
        unknown = ", ".join(self.wallets)
        return f"{self.noun} {self.journal!r} posts to {unknown}, not opened; open them first"


@attrs.frozen
class JournalNotFound(PostingRefused):
    """The journal to reverse is not in the books."""

    journal: str
    reverses: str
    code: ClassVar[str] = "journal_not_found"

    def __str__(self) -> str:
        return f"journal {self.journal!r} reverses {self.reverses!r}, which was never posted"


@attrs.frozen
class WalletCurrencyMismatch(PostingRefused):
    """Legs in currencies that their wallets do not take."""

    journal: str
    legs: tuple[tuple[str, str], ...]
    noun: str = "journal"
    code: ClassVar[str] = "currency_mismatch"

    def __str__(self) -> str:
        legs = ", ".join(f"{currency} to {wallet}" for wallet, currency in self.legs)
        return f"{self.noun} {self.journal!r} posts {legs}, which holds other currencies only"


@attrs.frozen
class WalletFrozen(PostingRefused):
    """Legs on wallets that may not move for now."""

    journal: str
    wallets: tuple[str, ...]
    noun: str = "journal"
    code: ClassVar[str] = "wallet_frozen"

    def __str__(self) -> str:
        frozen = ", ".join(self.wallets)
        return f"{self.noun} {self.journal!r} posts to {frozen}: frozen; thaw it first"


@attrs.frozen
class WalletClosed(PostingRefused):
    """Legs on wallets that may not move any more."""

    journal: str
    wallets: tuple[str, ...]
    noun: str = "journal"
    code: ClassVar[str] = "wallet_closed"

    def __str__(self) -> str:
        return (
            f"{self.noun} {self.journal!r} posts to {', '.join(self.wallets)}: closed; use another"
        )


@attrs.frozen
class AlreadyReversed(PostingRefused):
    """Nothing of the original is left to take back."""

    journal: str
    reverses: str
    by: tuple[str, ...]
    code: ClassVar[str] = "already_reversed"

    def __str__(self) -> str:
        return f"journal {self.reverses!r} is reversed in full by {', '.join(self.by)}"


@attrs.frozen
class OverReversal(PostingRefused):
    """A reversal takes back more than the original moved, or what it never moved."""

    journal: str
    excess: tuple[Entry, ...]
    is_reversal: bool = False
    code: ClassVar[str] = "over_reversal"

    def __str__(self) -> str:
        if self.is_reversal:
            return f"journal {self.journal!r} is itself a reversal; post the original event anew"
        legs = ", ".join(f"{e.amount} on {e.wallet}" for e in self.excess)
        return f"journal {self.journal!r} has no {legs} left to reverse; name legs that are open"


@attrs.frozen
class ConditionFailed(PostingRefused):
    """A required bound does not hold."""

    journal: str
    failed: tuple[tuple[Condition, Money], ...]
    noun: str = "journal"
    code: ClassVar[str] = "condition_failed"

    def __str__(self) -> str:
        return "; ".join(
            f"{self.noun} {self.journal!r} requires {_bounds(condition)} on {condition.wallet}, "
            f"where {available} is available"
            for condition, available in self.failed
        )


def _bounds(condition: Condition) -> str:
    low, high = condition.at_least, condition.at_most
    parts = (
        f"at least {low}" if low is not None else "",
        f"at most {high}" if high is not None else "",
    )
    return " and ".join(part for part in parts if part)


@attrs.frozen
class Shortage:
    """What one wallet lacks, in minor units of *currency*.

    Attributes:
        needed: What the journal takes from it.
        available: What it has, less what is held.
        floor: How low it may go.
        held: What is held for others.
        short_by: How much is missing.
        raised_by: The permission that may lower the floor.
    """

    wallet: str
    currency: str
    needed: int
    available: int
    floor: int
    held: int
    short_by: int
    raised_by: str

    def __str__(self) -> str:
        money = partial(Money, currency=self.currency)
        return (
            f"{self.wallet} has {money(self.available)} available ({money(self.held)} held, floor "
            f"{money(self.floor)}) and {money(self.needed)} is needed: short by "
            f"{money(self.short_by)}, {self.raised_by} may lower the floor"
        )


@attrs.frozen
class InsufficientFunds(PostingRefused):
    """Wallets would fall below their floor."""

    journal: str
    shortages: tuple[Shortage, ...]
    noun: str = "journal"
    code: ClassVar[str] = "insufficient_funds"

    def __str__(self) -> str:
        shortages = "; ".join(str(shortage) for shortage in self.shortages)
        return f"{self.noun} {self.journal!r} is not covered: {shortages}"


@attrs.frozen
class Excess:
    """By how much one wallet would rise above its ceiling, in minor units of *currency*."""

    wallet: str
    currency: str
    balance: int
    held_in: int
    ceiling: int
    over_by: int

    def __str__(self) -> str:
        money = partial(Money, currency=self.currency)
        return (
            f"{self.wallet} holds {money(self.balance)} ({money(self.held_in)} more on hold) and "
            f"may hold {money(self.ceiling)}: over by {money(self.over_by)}"
        )


@attrs.frozen
class CeilingExceeded(PostingRefused):
    """Wallets would rise above their ceiling."""

    journal: str
    excesses: tuple[Excess, ...]
    noun: str = "journal"
    code: ClassVar[str] = "ceiling_exceeded"

    def __str__(self) -> str:
        excesses = "; ".join(str(excess) for excess in self.excesses)
        return f"{self.noun} {self.journal!r} is too much: {excesses}"
