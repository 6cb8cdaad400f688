"""Posting: letting a journal into the books, or refusing it with every reason at once.

The checks run in one documented order, so that a refusal does not depend on the store: currency
and size, time, event, existence, currencies and status of wallets, reversal, conditions, and last
the money itself. (spec: ledger 3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import (
    Condition,
    Event,
    Journal,
    OverReversal,
    excess_of,
    net_of,
    reversible,
)
from ledgerkit.domain.ledger.wallets import CLOSED, FROZEN, Balance, Wallet
from ledgerkit.domain.money import ISO, Money, Units

INT64 = 2**63 - 1
_ROOM = 2**55  # 128 legs of this size still fit into 64 bits


class PostingRefused(LedgerkitError):
    """Base of every reason for which the books refuse a journal that is itself well formed."""


@attrs.frozen
class UnknownCurrencies(PostingRefused):
    """Legs in currencies that the books do not know."""

    journal: str
    currencies: tuple[str, ...]
    code: ClassVar[str] = "unknown_currency"

    def __str__(self) -> str:
        unknown = ", ".join(self.currencies)
        return f"journal {self.journal!r} uses {unknown}, not in the books' units; register them"


@attrs.frozen
class Overflow(PostingRefused):
    """An amount or a sum beyond 64 bits."""

    journal: str
    wallets: tuple[str, ...]
    code: ClassVar[str] = "overflow"

    def __str__(self) -> str:
        where = ", ".join(self.wallets)
        return f"journal {self.journal!r} takes {where} beyond {INT64} minor units, the most held"


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
    code: ClassVar[str] = "unknown_wallet"

    def __str__(self) -> str:
        unknown = ", ".join(self.wallets)
        return f"journal {self.journal!r} posts to {unknown}, not opened; open them first"


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
    code: ClassVar[str] = "currency_mismatch"

    def __str__(self) -> str:
        legs = ", ".join(f"{currency} to {wallet}" for wallet, currency in self.legs)
        return f"journal {self.journal!r} posts {legs}, which holds other currencies only"


@attrs.frozen
class WalletFrozen(PostingRefused):
    """Legs on wallets that may not move for now."""

    journal: str
    wallets: tuple[str, ...]
    code: ClassVar[str] = "wallet_frozen"

    def __str__(self) -> str:
        return f"journal {self.journal!r} posts to {', '.join(self.wallets)}: frozen; thaw it first"


@attrs.frozen
class WalletClosed(PostingRefused):
    """Legs on wallets that may not move any more."""

    journal: str
    wallets: tuple[str, ...]
    code: ClassVar[str] = "wallet_closed"

    def __str__(self) -> str:
        return f"journal {self.journal!r} posts to {', '.join(self.wallets)}: closed; use another"


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
class ConditionFailed(PostingRefused):
    """A required bound does not hold."""

    journal: str
    failed: tuple[tuple[Condition, int], ...]
    code: ClassVar[str] = "condition_failed"

    def __str__(self) -> str:
        return "; ".join(
            f"journal {self.journal!r} requires {_bounds(condition)} on {condition.wallet}, "
            f"where {available} is available"
            for condition, available in self.failed
        )


def _bounds(condition: Condition) -> str:
    low, high = condition.at_least, condition.at_most
    parts = (
        f"at least {low.minor} {low.currency}" if low is not None else "",
        f"at most {high.minor} {high.currency}" if high is not None else "",
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


@attrs.frozen
class InsufficientFunds(PostingRefused):
    """Wallets would fall below their floor."""

    journal: str
    shortages: tuple[Shortage, ...]
    code: ClassVar[str] = "insufficient_funds"

    def __str__(self) -> str:
        return f"journal {self.journal!r} is not covered: " + "; ".join(
            f"{s.wallet} has {s.available} {s.currency} available ({s.held} held, floor {s.floor})"
            f" and {s.needed} is needed: short by {s.short_by}, {s.raised_by} may lower the floor"
            for s in self.shortages
        )


@attrs.frozen
class Excess:
    """By how much one wallet would rise above its ceiling, in minor units of *currency*."""

    wallet: str
    currency: str
    balance: int
    held_in: int
    ceiling: int
    over_by: int


@attrs.frozen
class CeilingExceeded(PostingRefused):
    """Wallets would rise above their ceiling."""

    journal: str
    excesses: tuple[Excess, ...]
    code: ClassVar[str] = "ceiling_exceeded"

    def __str__(self) -> str:
        return f"journal {self.journal!r} is too much: " + "; ".join(
            f"{e.wallet} holds {e.balance} {e.currency} ({e.held_in} more on hold) and may hold "
            f"{e.ceiling}: over by {e.over_by}"
            for e in self.excesses
        )


class Book:
    """The part of the books that posting looks at, in memory.

    It is a working set: a store gives it what a batch touches, a preview folds planned journals
    into it, and the memory store keeps everything in one. Amounts are minor units by
    (wallet, currency).

    Attributes:
        units: The currencies and units that may be posted.
        wallets: Policies by address.
        balances: Balances by (wallet, currency); absent means zero.
        journals: Posted journals that may be reversed, by id.
        reversals: The reversals of each posted journal, by the id of the original.
        events: The id of the journal that booked an event.
        closed_before: Journals effective before this instant are refused; None: no lock.
    """

    __slots__ = (
        "balances",
        "closed_before",
        "events",
        "held",
        "journals",
        "reversals",
        "units",
        "wallets",
    )

    def __init__(
        self,
        units: Units = ISO,
        *,
        wallets: Iterable[Wallet] = (),
        balances: Mapping[tuple[str, str], Balance] | None = None,
        closed_before: datetime | None = None,
    ) -> None:
        self.units = units
        self.wallets = {wallet.id: wallet for wallet in wallets}
        self.balances: dict[tuple[str, str], int] = {}
        self.held: dict[tuple[str, str], tuple[int, int]] = {}
        for key, balance in (balances or {}).items():
            self.balances[key] = balance.posted
            if balance.held_out or balance.held_in:
                self.held[key] = balance.held_out, balance.held_in
        self.journals: dict[str, Journal] = {}
        self.reversals: dict[str, list[Journal]] = {}
        self.events: dict[Event, str] = {}
        self.closed_before = closed_before

    def balance(self, wallet: str, currency: str) -> Balance:
        """Return what *wallet* holds in *currency* now."""
        held_out, held_in = self.held.get((wallet, currency), (0, 0))
        return Balance(self.balances.get((wallet, currency), 0), held_out, held_in)

    def open(self, wallet: Wallet) -> bool:
        """Open *wallet* and return True; one that is open already stays as it is: False."""
        if wallet.id in self.wallets:
            return False
        self.wallets[wallet.id] = wallet
        return True

    def post(self, journal: Journal, *, at: datetime) -> None:
        """Check *journal*, recorded *at*, and let it into the balances, or leave them as they were.

        Raises:
            PostingRefused: one of its kinds, by the order of the module's docstring.
        """
        self.check(journal, at=at)
        self.apply(journal)

    def apply(self, journal: Journal) -> None:
        """Let in *journal*, which was checked."""
        balances = self.balances
        for entry in journal.entries:
            amount = entry.amount
            key = entry.wallet, amount.currency
            balances[key] = balances.get(key, 0) + amount.minor
        self.journals[journal.id] = journal
        if journal.event is not None:
            self.events[journal.event] = journal.id
        if journal.reverses is not None:
            self.reversals.setdefault(journal.reverses, []).append(journal)

    def undo(self, journal: Journal) -> None:
        """Take out *journal*, the last one let in, as if it had never been posted.

        Only for a batch that fails half way and for previews; the books themselves reverse.
        """
        for entry in journal.entries:
            key = entry.wallet, entry.amount.currency
            self.balances[key] -= entry.amount.minor
        del self.journals[journal.id]
        if journal.event is not None:
            del self.events[journal.event]
        if journal.reverses is not None:
            self.reversals[journal.reverses].pop()

    def check(self, journal: Journal, *, at: datetime) -> None:
        """Raise the first kind of refusal that applies to *journal*, naming all its offenders."""
        self._check_sizes(journal)
        self._check_time(journal, at)
        if journal.event is not None and journal.event in self.events:
            raise EventAlreadyPosted(journal.id, journal.event, self.events[journal.event])
        wallets = self.wallets
        simple = True
        for entry in journal.entries:
            wallet = wallets.get(entry.wallet)
            if wallet is None or not wallet.unrestricted:
                simple = False
                break
        if simple and journal.reverses is None and not journal.requires:
            return  # nothing but open wallets without limits: most of a hot path
        self._check_existence(journal)
        self._check_wallets(journal)
        self._check_reversal(journal)
        self._check_conditions(journal)
        self._check_money(journal)

    def _check_sizes(self, journal: Journal) -> None:
        exponents = self.units.exponents
        unknown = {e.amount.currency for e in journal.entries} - exponents.keys()
        if unknown:
            raise UnknownCurrencies(journal.id, tuple(sorted(unknown)))
        balances = self.balances
        for entry in journal.entries:
            minor = entry.amount.minor
            # Below half of the range no two legs can add up to an overflow; exact only above.
            held = balances.get((entry.wallet, entry.amount.currency), 0)
            if abs(minor) > _ROOM or abs(held) > _ROOM:
                self._check_overflow(journal)
                return

    def _check_overflow(self, journal: Journal) -> None:
        over = [e.wallet for e in journal.entries if abs(e.amount.minor) > INT64]
        for key, net in net_of(journal.entries).items():
            if abs(self.balances.get(key, 0) + net) > INT64:
                over.append(key[0])
        if over:
            raise Overflow(journal.id, tuple(dict.fromkeys(over)))

    def _check_time(self, journal: Journal, at: datetime) -> None:
        if self.closed_before is not None and journal.effective_at < self.closed_before:
            raise PeriodClosed(journal.id, journal.effective_at, self.closed_before)
        if journal.effective_at > at:
            raise EffectiveInFuture(journal.id, journal.effective_at, at)

    def _check_existence(self, journal: Journal) -> None:
        named = [e.wallet for e in journal.entries] + [c.wallet for c in journal.requires]
        unknown = tuple(dict.fromkeys(wallet for wallet in named if wallet not in self.wallets))
        if unknown:
            raise UnknownWallet(journal.id, unknown)
        if journal.reverses is not None and journal.reverses not in self.journals:
            raise JournalNotFound(journal.id, journal.reverses)

    def _check_wallets(self, journal: Journal) -> None:
        legs = dict.fromkeys((e.wallet, e.amount.currency) for e in journal.entries)
        wrong = []
        for wallet, currency in legs:
            allowed = self.wallets[wallet].currencies
            if allowed is not None and currency not in allowed:
                wrong.append((wallet, currency))
        if wrong:
            raise WalletCurrencyMismatch(journal.id, tuple(wrong))
        names = dict.fromkeys(wallet for wallet, _ in legs)
        for status, refusal in ((FROZEN, WalletFrozen), (CLOSED, WalletClosed)):
            stopped = tuple(name for name in names if self.wallets[name].status == status)
            if stopped:
                raise refusal(journal.id, stopped)

    def _check_reversal(self, journal: Journal) -> None:
        if journal.reverses is None:
            return
        original = self.journals[journal.reverses]
        if original.reverses is not None:
            raise OverReversal(original.id, (), is_reversal=True)
        earlier = self.reversals.get(original.id, [])
        if earlier and not reversible(original, earlier):
            raise AlreadyReversed(journal.id, original.id, tuple(r.id for r in earlier))
        if excess := excess_of(journal, original, earlier):
            raise OverReversal(original.id, excess)

    def _check_conditions(self, journal: Journal) -> None:
        failed = []
        for condition in journal.requires:
            for bound, sign in ((condition.at_least, 1), (condition.at_most, -1)):
                if bound is None:
                    continue
                available = self.balance(condition.wallet, bound.currency).available
                if (available - bound.minor) * sign < 0:
                    failed.append((condition, available))
        if failed:
            raise ConditionFailed(journal.id, tuple(failed))

    def _check_money(self, journal: Journal) -> None:
        if journal.forced_by is not None:
            return
        shortages, excesses = [], []
        # The net effect per wallet counts: money may pass through an empty wallet.
        for (name, currency), net in net_of(journal.entries).items():
            limit = self.wallets[name].limit(currency)
            balance = self.balance(name, currency)
            if net < 0 and limit.floor is not None:
                short = limit.floor - (balance.available + net)
                if short > 0:
                    shortages.append(
                        Shortage(
                            name,
                            currency,
                            -net,
                            balance.available,
                            limit.floor,
                            balance.held_out,
                            short,
                            limit.raised_by,
                        )
                    )
            elif net > 0 and limit.ceiling is not None:
                over = balance.posted + balance.held_in + net - limit.ceiling
                if over > 0:
                    excesses.append(
                        Excess(
                            name, currency, balance.posted, balance.held_in, limit.ceiling, over
                        )
                    )
        if shortages:
            raise InsufficientFunds(journal.id, tuple(shortages))
        if excesses:
            raise CeilingExceeded(journal.id, tuple(excesses))


def post_many(book: Book, journals: Iterable[Journal], *, at: datetime) -> int:
    """Post *journals* in order, all or none, and return how many.

    Raises:
        PostingRefused: of the first journal refused; the book is as it was.
    """
    posted: list[Journal] = []
    try:
        for journal in journals:
            book.post(journal, at=at)
            posted.append(journal)
    except LedgerkitError:
        for journal in reversed(posted):
            book.undo(journal)
        raise
    return len(posted)
