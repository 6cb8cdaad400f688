"""Reading: balances, statements and the trial balance, as of either time axis.

Both axes are kept: `effective_at`, when a journal counts, and `recorded_at`, when the books
learned of it. All reads here share one definition: a balance is the sum of the entries inside
bounds that are inclusive at both ends. (spec: ledger 6, 10)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import accumulate
from typing import Generic, TypeVar

import attrs

from ledgerkit.domain.ledger.journals import Event, Journal
from ledgerkit.domain.ledger.wallets import Balance
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant

T_co = TypeVar("T_co", covariant=True)


@attrs.frozen(order=True)
class Cursor:
    """A place in a statement: after entry *line* of the journal recorded as number *sequence*."""

    sequence: int
    line: int


@attrs.frozen
class Page(Generic[T_co]):
    """Some of many items.

    Attributes:
        items: What was asked for, in order.
        next: What to pass as `after` for the items that follow; None when these were the last.
    """

    items: tuple[T_co, ...]
    next: Cursor | str | int | None = None


@attrs.frozen(kw_only=True)
class Posted:
    """A journal in the books.

    Attributes:
        journal: What was posted.
        sequence: Its number in recording order, from 1.
        recorded_at: The UTC instant of the commit that posted it.
        changes: The key of that commit.
    """

    journal: Journal
    sequence: int
    recorded_at: datetime = attrs.field(converter=instant)
    changes: str


@attrs.frozen(kw_only=True)
class EntryLine:
    """One line of a wallet's statement.

    Attributes:
        journal: The id of the journal.
        sequence: The journal's number in recording order.
        line: The entry's number within the journal, from 0.
        kind: The journal's kind.
        event: The outside fact it booked, or None.
        wallet: The wallet.
        amount: What arrived (plus) or left (minus).
        running: The wallet's balance in that currency after this line, in the asked order.
        effective_at: When it counts.
        recorded_at: When it was recorded.
    """

    journal: str
    sequence: int
    line: int
    kind: str
    event: Event | None
    wallet: str
    amount: Money
    running: Money
    effective_at: datetime
    recorded_at: datetime

    @property
    def cursor(self) -> Cursor:
        """The place of this line in the statement."""
        return Cursor(self.sequence, self.line)


@attrs.frozen(kw_only=True)
class AsOf:
    """Bounds in time, inclusive; None does not bound.

    Attributes:
        effective_at: Only what counts at or before this instant.
        effective_from: Only what counts at or after this instant.
        recorded_at: Only what was recorded at or before this instant.
        live_at: Holds that have not expired at this instant are held, and no others; without it
            every open hold is. It stands alone: within the other bounds nothing is held.

    Raises:
        ValueError: *live_at* does not stand alone.
    """

    effective_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    effective_from: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    recorded_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    live_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )

    def __attrs_post_init__(self) -> None:
        if self.live_at is not None and self.is_bounded:
            msg = "live_at tells of holds, which are not known within bounds; give it alone"
            raise ValueError(msg)

    @property
    def is_bounded(self) -> bool:
        """Whether only some of the entries are asked for."""
        return any((self.effective_at, self.effective_from, self.recorded_at))

    def covers(self, posted: Posted) -> bool:
        """Return whether *posted* lies inside the bounds."""
        effective = posted.journal.effective_at
        return (
            (self.effective_at is None or effective <= self.effective_at)
            and (self.effective_from is None or effective >= self.effective_from)
            and (self.recorded_at is None or posted.recorded_at <= self.recorded_at)
        )


NOW = AsOf()


def balances_of(journals: Iterable[Posted], as_of: AsOf = NOW) -> dict[tuple[str, str], int]:
    """Return the sum of entries by (wallet, currency) in minor units, of *journals* in *as_of*."""
    sums: dict[tuple[str, str], int] = {}
    for posted in journals:
        if as_of.covers(posted):
            for entry in posted.journal.entries:
                key = entry.wallet, entry.amount.currency
                sums[key] = sums.get(key, 0) + entry.amount.minor
    return sums


def statement(
    journals: Iterable[Posted], wallet: str, *, by_effect: bool = False
) -> tuple[EntryLine, ...]:
    """Return the lines of *wallet* with running balances per currency.

    They stand in recording order, or *by_effect* in the order in which they count; what counts at
    one instant stays in recording order.
    """
    ordered = sorted(
        journals,
        key=lambda p: (p.journal.effective_at, p.sequence) if by_effect else p.sequence,
    )
    running: dict[str, int] = {}
    lines: list[EntryLine] = []
    for posted in ordered:
        for number, entry in enumerate(posted.journal.entries):
            if entry.wallet != wallet:
                continue
            currency = entry.amount.currency
            running[currency] = running.get(currency, 0) + entry.amount.minor
            lines.append(line_of(posted, number, Money(running[currency], currency)))
    return tuple(lines)


def line_of(posted: Posted, number: int, running: Money) -> EntryLine:
    """Return entry *number* of *posted* as a statement line with its *running* balance."""
    journal, entry = posted.journal, posted.journal.entries[number]
    return EntryLine(
        journal=journal.id,
        sequence=posted.sequence,
        line=number,
        kind=journal.kind,
        event=journal.event,
        wallet=entry.wallet,
        amount=entry.amount,
        running=running,
        effective_at=journal.effective_at,
        recorded_at=posted.recorded_at,
    )


def lowest_balance(
    journals: Iterable[Posted], wallet: str, currency: str, *, since: datetime
) -> Money:
    """Return the lowest that *wallet* holds in *currency* at any instant from *since* on.

    Posting checks a back-dated journal against the current balance only; what it takes at *since*
    would at no time have been missing if this, less that, is not below the floor. (spec: ledger 6)
    """
    since = instant(since)
    moves: dict[datetime, int] = {since: 0}
    for posted in journals:
        at = max(posted.journal.effective_at, since)
        for entry in posted.journal.entries:
            if entry.wallet == wallet and entry.amount.currency == currency:
                moves[at] = moves.get(at, 0) + entry.amount.minor
    return Money(min(accumulate(moves[at] for at in sorted(moves))), currency)


@attrs.frozen
class TrialBalance:
    """All balances of one currency on two sides that must be equal.

    Attributes:
        currency: The currency or unit.
        debits: The sum of all negative balances, as a positive number of minor units.
        credits: The sum of all positive balances.
    """

    currency: str
    debits: int
    credits: int

    @property
    def difference(self) -> int:
        """Credits less debits: 0, or money was made or lost."""
        return self.credits - self.debits


def trial_balance(
    balances: Mapping[tuple[str, str], Balance | int],
) -> tuple[TrialBalance, ...]:
    """Return the two sides of each currency in *balances*, by currency.

    >>> trial_balance({("a", "EUR"): -50, ("b", "EUR"): 30, ("c", "EUR"): 20})
    (TrialBalance(currency='EUR', debits=50, credits=50),)
    """
    sides: dict[str, list[int]] = {}
    for (_, currency), balance in balances.items():
        held = balance if isinstance(balance, int) else balance.posted
        side = sides.setdefault(currency, [0, 0])
        side[held > 0] += abs(held)
    return tuple(TrialBalance(c, side[0], side[1]) for c, side in sorted(sides.items()))
