"""Posting: letting a journal into the books, or refusing it with every reason at once.

The checks run in one documented order, so that a refusal does not depend on the store: the
journal's id, currency and size, time, event, existence, currencies and status of wallets,
reversal, conditions, and last the money itself. (spec: ledger 3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ledgerkit.domain.ledger.corrections import excess_of, reversible
from ledgerkit.domain.ledger.journals import Entry, Event, Journal, net_of
from ledgerkit.domain.ledger.refusals import (
    AlreadyReversed,
    CeilingExceeded,
    ConditionFailed,
    EffectiveInFuture,
    EventAlreadyPosted,
    Excess,
    InsufficientFunds,
    JournalAlreadyPosted,
    JournalNotFound,
    Overflow,
    OverReversal,
    PeriodClosed,
    Shortage,
    UnknownCurrencies,
    UnknownWallet,
    WalletClosed,
    WalletCurrencyMismatch,
    WalletFrozen,
)
from ledgerkit.domain.ledger.wallets import CLOSED, FROZEN, INT64, OPEN, Balance, Limit, Wallet
from ledgerkit.domain.money import ISO, Units
from ledgerkit.domain.periods import instant

_LOW, _HIGH = -(2**60), 2**60  # far enough from 64 bits to tell without adding up
_NOTHING_HELD = 0, 0


class Book:
    """The part of the books that posting looks at, in memory.

    It is a working set: a store gives it what a batch touches, a preview folds planned journals
    into it, and the memory store keeps everything in one. Amounts are minor units by
    (wallet, currency).

    Attributes:
        units: The currencies and units that may be posted.
        wallets: Policies by address.
        balances: Balances by (wallet, currency); absent means zero.
        held: What holds may take from and bring to (wallet, currency), where there are any.
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
        self.units: Units = units
        self.wallets: dict[str, Wallet] = {wallet.id: wallet for wallet in wallets}
        self.balances: dict[tuple[str, str], int] = {}
        self.held: dict[tuple[str, str], tuple[int, int]] = {}
        for key, balance in (balances or {}).items():
            self.balances[key] = balance.posted
            if balance.held_out or balance.held_in:
                self.held[key] = balance.held_out, balance.held_in
        self.journals: dict[str, Journal] = {}
        self.reversals: dict[str, list[Journal]] = {}
        self.events: dict[Event, str] = {}
        self.closed_before: datetime | None = (
            None if closed_before is None else instant(closed_before)
        )

    def balance(self, wallet: str, currency: str) -> Balance:
        """Return what *wallet* holds in *currency* now."""
        held_out, held_in = self.held.get((wallet, currency), _NOTHING_HELD)
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
        at = instant(at)
        if not _let_in(self, journal, at):
            self.check(journal, at=at)
            self.apply(journal)

    def apply(self, journal: Journal) -> None:
        """Let in *journal*, which was checked."""
        balances = self.balances
        for entry in journal.entries:
            key = entry.wallet, entry.amount.currency
            balances[key] = balances.get(key, 0) + entry.amount.minor
        self.journals[journal.id] = journal
        if journal.event is not None:
            self.events[journal.event] = journal.id
        if journal.reverses is not None:
            self.reversals.setdefault(journal.reverses, []).append(journal)

    def undo(self, journal: Journal) -> None:
        """Take out *journal*, the last one let in, as if it had never been posted.

        Only for a batch that fails half way and for previews; the books themselves reverse.
        """
        _take_out(self.balances, journal.entries)
        del self.journals[journal.id]
        if journal.event is not None:
            del self.events[journal.event]
        if journal.reverses is not None:
            self.reversals[journal.reverses].pop()

    def check(self, journal: Journal, *, at: datetime) -> None:
        """Raise the first kind of refusal that applies to *journal*, naming all its offenders."""
        if journal.id in self.journals:
            raise JournalAlreadyPosted(journal.id)
        self._check_sizes(journal)
        self._check_time(journal, instant(at))
        if journal.event is not None and journal.event in self.events:
            raise EventAlreadyPosted(journal.id, journal.event, self.events[journal.event])
        self._check_existence(journal)
        self._check_wallets(journal)
        self._check_reversal(journal)
        self._check_conditions(journal)
        self._check_money(journal)

    def _check_sizes(self, journal: Journal) -> None:
        unknown = {e.amount.currency for e in journal.entries} - self.units.exponents.keys()
        if unknown:
            raise UnknownCurrencies(journal.id, tuple(sorted(unknown)))
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
        if not reversible(original, earlier):
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
        # The net effect per wallet counts: money may pass through an empty wallet.
        shortages, excesses = [], []
        for (name, currency), net in net_of(journal.entries).items():
            limit = self.wallets[name].limit(currency)
            balance = self.balance(name, currency)
            if net < 0 and limit.floor is not None and journal.forced_by is None:
                shortages.append(_shortage(name, -net, balance, limit, limit.floor))
            elif net > 0 and limit.ceiling is not None:
                excesses.append(_excess(name, net, balance, limit, limit.ceiling))
        if short := tuple(shortage for shortage in shortages if shortage.short_by > 0):
            raise InsufficientFunds(journal.id, short)
        if over := tuple(excess for excess in excesses if excess.over_by > 0):
            raise CeilingExceeded(journal.id, over)


def _shortage(name: str, needed: int, balance: Balance, limit: Limit, floor: int) -> Shortage:
    return Shortage(
        name,
        limit.currency,
        needed,
        balance.available,
        floor,
        balance.held_out,
        floor + needed - balance.available,
        limit.raised_by,
    )


def _excess(name: str, net: int, balance: Balance, limit: Limit, ceiling: int) -> Excess:
    over = balance.posted + balance.held_in + net - ceiling
    return Excess(name, limit.currency, balance.posted, balance.held_in, ceiling, over)


def post_many(book: Book, journals: Iterable[Journal], *, at: datetime) -> int:
    """Post *journals* in order, all or none, and return how many.

    Raises:
        PostingRefused: of the first journal refused; the book is as it was.
    """
    at = instant(at)
    posted: list[Journal] = []
    try:
        for journal in journals:
            if not _let_in(book, journal, at):
                book.check(journal, at=at)
                book.apply(journal)
            posted.append(journal)
    except BaseException:
        for journal in reversed(posted):
            book.undo(journal)
        raise
    return len(posted)


def _let_in(book: Book, journal: Journal, at: datetime) -> bool:
    """Let in a plain journal in one pass and return True, or leave *book* as it was: False.

    Nearly every journal is plain. In doubt this returns False, and never lets in what `Book.check`
    would refuse: that one alone decides on refusals and explains them.
    """
    if (
        journal.effective_at > at
        or journal.reverses is not None
        or journal.requires
        or journal.id in book.journals
        or (book.closed_before is not None and journal.effective_at < book.closed_before)
    ):
        return False
    balances, wallets = book.balances, book.wallets
    known = None
    plain = True
    for entry in journal.entries:
        name, amount = entry.wallet, entry.amount
        minor, currency = amount.minor, amount.currency
        key = name, currency
        balances[key] = after = balances.get(key, 0) + minor
        wallet = wallets.get(name)
        if not (
            wallet is not None
            and _LOW < minor < _HIGH
            and _LOW < after < _HIGH
            and (currency is known or currency in book.units.exponents)
            and (wallet.unrestricted or _may(book, wallet, key, minor, after))
        ):
            plain = False
        known = currency
    if plain and journal.event is not None:
        plain = _claim(book.events, journal.event, journal.id)
    if plain:
        book.journals[journal.id] = journal
    else:
        _take_out(balances, journal.entries)
    return plain


def _claim(events: dict[Event, str], event: Event, id: str) -> bool:
    """Book *event* by the journal *id* and return True, or False if it is booked."""
    size = len(events)
    events.setdefault(event, id)  # one look-up, since hashing an event takes a while
    return size < len(events)


def _may(book: Book, wallet: Wallet, key: tuple[str, str], minor: int, after: int) -> bool:
    """Return whether *wallet* may surely stand at *after*, once *minor* more is posted to it.

    Judged leg by leg, and not by the net effect as `Book.check` does, which is stricter and never
    laxer: where a wallet ends beyond a bound that its net effect must keep, the last of its legs
    that goes towards the bound ends beyond it, too.
    """
    if wallet.status != OPEN or wallet.currencies is not None:
        return False
    held_out, held_in = book.held.get(key, _NOTHING_HELD) if book.held else _NOTHING_HELD
    limit = wallet.limit(key[1])
    if minor < 0:
        return limit.floor is None or after - held_out >= limit.floor
    return limit.ceiling is None or after + held_in <= limit.ceiling


def _take_out(balances: dict[tuple[str, str], int], entries: Iterable[Entry]) -> None:
    for entry in entries:
        balances[entry.wallet, entry.amount.currency] -= entry.amount.minor
