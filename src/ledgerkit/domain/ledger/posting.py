"""Posting: letting a journal into the books, or refusing it with every reason at once.

Nearly every journal is plain and passes in one go; `standing` judges the others, and holds.
(spec: ledger 3, 4)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ledgerkit.domain.ledger.holds import (
    EXPIRED,
    RELEASED,
    Held,
    Hold,
    HoldNotFound,
    placed,
    sides_of,
)
from ledgerkit.domain.ledger.journals import Entry, Event, Journal
from ledgerkit.domain.ledger.room import lacking
from ledgerkit.domain.ledger.standing import Standing
from ledgerkit.domain.ledger.wallets import OPEN, Wallet
from ledgerkit.domain.periods import instant

_LOW, _HIGH = -(2**60), 2**60  # far enough from 64 bits to tell without adding up
_NOTHING_HELD = 0, 0


class Book(Standing):
    """The part of the books that posting looks at, in memory.

    It is a working set: a store gives it what a batch touches, a preview folds planned journals
    into it, and the memory store keeps everything in one. Amounts are minor units by
    (wallet, currency).
    """

    __slots__ = ()

    def post(self, journal: Journal, *, at: datetime) -> tuple[Held, ...]:
        """Check *journal*, recorded *at*, and let it into the balances, or leave them as they were.

        Returns the holds that it changed, as they were before, for `undo`: the one it captures,
        and those that had expired and kept what it needs.

        Raises:
            PostingRefused: one of its kinds, by the order of `standing`.
        """
        at = instant(at)
        if _let_in(self, journal, at):
            return ()
        return _judge(self, journal, at)

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
        if journal.captures is not None:
            self.holdings.put(self.holdings.by_id[journal.captures].captured(journal))

    def undo(self, journal: Journal, before: tuple[Held, ...] = ()) -> None:
        """Take out *journal*, the last one let in, as if it had never been posted.

        *before* are the holds as `post` returned them. Only for a batch that fails half way and for
        previews; the books themselves reverse.
        """
        _take_out(self.balances, journal.entries)
        del self.journals[journal.id]
        if journal.event is not None:
            del self.events[journal.event]
        if journal.reverses is not None:
            self.reversals[journal.reverses].pop()
        self.restore(before)

    def place(self, hold: Hold, *, at: datetime) -> tuple[Held, ...]:
        """Check *hold* as a journal is checked, and reserve its legs, or leave all as it was.

        On the way, expired holds that take from the same wallets are given back.
        Returns those holds as they were before; `holdings.take` and `restore` undo it.

        Raises:
            PostingRefused: one of its kinds, by the order of `standing`.
        """
        at = instant(at)
        self.check_hold(hold, at=at)
        before = _make_room(self, hold, at)
        self.holdings.put(placed(hold, at=at))
        return before

    def release(self, id: str, *, at: datetime) -> Held:
        """Give back all that is left of the hold *id*; also on frozen and closed wallets.

        Returns it as it was before; `restore` undoes it.

        Raises:
            HoldNotFound, HoldExpired, HoldCaptured, HoldReleased: in this order.
        """
        held = self.holdings.by_id.get(id)
        if held is None:
            raise HoldNotFound(id)
        held.check(at=at)
        self.holdings.put(held.ended(RELEASED))
        return held

    def restore(self, before: Iterable[Held]) -> None:
        """Let the holds of *before* be what they were."""
        for held in before:
            self.holdings.put(held)


def _judge(book: Book, journal: Journal, at: datetime) -> tuple[Held, ...]:
    book.check(journal, at=at)
    if journal.captures is None:
        before = _make_room(book, journal, at)
    else:
        before = (book.holdings.by_id[journal.captures],)
    book.apply(journal)
    return before


def _make_room(book: Book, posting: Journal | Hold, at: datetime) -> tuple[Held, ...]:
    """End the expired holds whose room *posting*, which was checked, needs; return them."""
    holdings = book.holdings
    if not holdings.by_id:
        return ()
    shortages, excesses = lacking(posting, book.wallets, book.balance)
    sides = [(each.wallet, each.currency, False) for each in shortages]
    sides += [(each.wallet, each.currency, True) for each in excesses]
    if isinstance(posting, Hold):
        # Whoever holds money of a wallet clears away what is over, so that it never piles up.
        sides += [side for side in sides_of(posting.entries) if not side[2]]
    gone = holdings.expired(sides, at=at)
    for held in gone:
        holdings.put(held.ended(EXPIRED))
    return gone


def post_many(book: Book, journals: Iterable[Journal], *, at: datetime) -> int:
    """Post *journals* in order, all or none, and return how many.

    Raises:
        PostingRefused: of the first journal refused; the book is as it was.
    """
    at = instant(at)
    posted: list[Journal] = []
    changed: dict[str, tuple[Held, ...]] = {}
    try:
        for journal in journals:
            if not _let_in(book, journal, at) and (before := _judge(book, journal, at)):
                changed[journal.id] = before
            posted.append(journal)
    except BaseException:
        for journal in reversed(posted):
            book.undo(journal, changed.get(journal.id, ()))
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
        or journal.captures is not None
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
    held = book.holdings.amounts
    held_out, held_in = held.get(key, _NOTHING_HELD) if held else _NOTHING_HELD
    limit = wallet.limit(key[1])
    if minor < 0:
        return limit.floor is None or after - held_out >= limit.floor
    return limit.ceiling is None or after + held_in <= limit.ceiling


def _take_out(balances: dict[tuple[str, str], int], entries: Iterable[Entry]) -> None:
    for entry in entries:
        balances[entry.wallet, entry.amount.currency] -= entry.amount.minor
