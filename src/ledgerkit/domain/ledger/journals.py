"""Journals: events in money, told as signed entries on wallets.

A journal records one business event; in every currency its entries sum to zero, so money moves
and is never made or lost. It is never edited: a wrong one is undone by its reversal or put right
by a journal of the difference. (spec: ledger 1, 2, 5)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant

_MAX_NAME = 255


def name_of(field: str, value: object) -> str:
    """Return *value* if it can name a thing: text of 1 to 255 printable characters, not padded.

    Raises:
        TypeError: *value* is not text.
        ValueError: it is empty, too long, padded, or holds control characters.

    >>> name_of("wallet", "customer:c-1")
    'customer:c-1'
    """
    if not isinstance(value, str):
        msg = f"{field} must be text (got {value!r})"
        raise TypeError(msg)
    if not 0 < len(value) <= _MAX_NAME or not value.isprintable() or value != value.strip():
        msg = f"{field} must be 1 to {_MAX_NAME} printable characters, not padded (got {value!r})"
        raise ValueError(msg)
    return value


@attrs.frozen
class Entry:
    """One leg of a journal.

    Attributes:
        wallet: The address of the wallet, such as `customer:c-1`.
        amount: Minor units of one currency: plus arrives on the wallet, minus leaves it.
    """

    wallet: str
    amount: Money

    def __attrs_post_init__(self) -> None:
        if type(self.wallet) is not str or type(self.amount) is not Money:
            msg = (
                f"an entry needs a wallet (text) and a Money (got {self.wallet!r}, {self.amount!r})"
            )
            raise TypeError(msg)

    def __neg__(self) -> Entry:
        return Entry(self.wallet, -self.amount)


@attrs.frozen
class Event:
    """The outside fact a journal books: at most one posted journal may claim it.

    Attributes:
        type: The kind of fact, such as `session` or `flight`.
        id: Which one.
        part: What of it, when it is booked in several journals; charging a reversed event anew
            takes a new part. (spec: ledger 3)
    """

    type: str
    id: str
    part: str = ""

    def __attrs_post_init__(self) -> None:
        name_of("event type", self.type)
        name_of("event id", self.id)
        if type(self.part) is not str:
            msg = f"event part must be text (got {self.part!r})"
            raise TypeError(msg)

    def __str__(self) -> str:
        return ":".join(part for part in (self.type, self.id, self.part) if part)


@attrs.frozen
class Condition:
    """A bound on a wallet's available balance that must hold for the posting to happen.

    It is judged in the same write, before the journal's own entries count. (spec: ledger 3)

    Attributes:
        wallet: The wallet to look at.
        at_least: The lowest available balance allowed, or None.
        at_most: The highest available balance allowed, or None.
    """

    wallet: str
    at_least: Money | None = None
    at_most: Money | None = None

    def __attrs_post_init__(self) -> None:
        name_of("wallet", self.wallet)
        if self.at_least is None and self.at_most is None:
            msg = f"the condition on {self.wallet!r} needs at_least, at_most or both"
            raise ValueError(msg)


@attrs.frozen
class TooFewLegs(LedgerkitError):
    """A journal needs two legs at least."""

    journal: str
    legs: int
    code: ClassVar[str] = "too_few_legs"

    def __str__(self) -> str:
        return f"journal {self.journal!r} has {self.legs} leg(s); it needs two or more"


@attrs.frozen
class ZeroAmount(LedgerkitError):
    """A leg that moves nothing."""

    journal: str
    wallets: tuple[str, ...]
    code: ClassVar[str] = "zero_amount"

    def __str__(self) -> str:
        legs = ", ".join(self.wallets)
        return f"journal {self.journal!r} moves 0 on {legs}; leave such legs out"


@attrs.frozen
class Unbalanced(LedgerkitError):
    """A journal would make or lose money."""

    journal: str
    residuals: tuple[Money, ...]
    code: ClassVar[str] = "unbalanced"

    def __str__(self) -> str:
        off = ", ".join(f"{r.minor:+d} {r.currency} minor units" for r in self.residuals)
        return f"journal {self.journal!r} is off by {off}; each currency must sum to zero"


@attrs.frozen
class SelfCancelling(LedgerkitError):
    """A journal in which every wallet gives back what it takes."""

    journal: str
    wallets: tuple[str, ...]
    code: ClassVar[str] = "self_cancelling"

    def __str__(self) -> str:
        legs = ", ".join(self.wallets)
        return f"journal {self.journal!r} nets to zero on every wallet ({legs}); it moves nothing"


@attrs.frozen
class OverReversal(LedgerkitError):
    """A reversal takes back more than the original moved, or what it never moved."""

    journal: str
    excess: tuple[Entry, ...]
    is_reversal: bool = False
    code: ClassVar[str] = "over_reversal"

    def __str__(self) -> str:
        if self.is_reversal:
            return f"journal {self.journal!r} is itself a reversal; post the original event anew"
        legs = ", ".join(
            f"{e.amount.minor:+d} {e.amount.currency} on {e.wallet}" for e in self.excess
        )
        return f"journal {self.journal!r} has no {legs} left to reverse; name legs that are open"


@attrs.frozen(kw_only=True)
class Journal:
    """One balanced, permanent event.

    Attributes:
        id: Derived from what the journal books, so that a repeated decision has the same id.
        kind: What happened, a past participle: `session.charged`, `package.bought`.
        entries: Two or more legs; per currency they sum to zero and none is zero.
        effective_at: The UTC instant at which it counts; not after it is recorded.
        event: The outside fact it claims, or None.
        reverses: The id of the journal it undoes, wholly or in part, or None.
        requires: Bounds that must hold when it is posted.
        forced_by: Who allowed it to pass below a floor, or None.
        metadata: What a reader may want to know, as (name, text) pairs.

    Raises:
        TooFewLegs, ZeroAmount, Unbalanced, SelfCancelling: in this order.
    """

    id: str
    kind: str
    entries: tuple[Entry, ...]
    effective_at: datetime = attrs.field(converter=instant)
    event: Event | None = None
    reverses: str | None = None
    requires: tuple[Condition, ...] = ()
    forced_by: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    # Checked on construction, so that no unbalanced journal can exist anywhere.
    def __attrs_post_init__(self) -> None:
        entries = self.entries
        if type(entries) is not tuple:
            msg = f"entries must be a tuple of Entry (got {type(entries).__name__})"
            raise TypeError(msg)
        if not self.id or type(self.id) is not str:
            name_of("journal id", self.id)
        if len(entries) < 2:  # noqa: PLR2004 - one leg cannot balance
            raise TooFewLegs(self.id, len(entries))
        self._check_sums(entries)

    def _check_sums(self, entries: tuple[Entry, ...]) -> None:
        first = entries[0].amount.currency
        total = 0
        mixed = False
        for entry in entries:
            amount = entry.amount
            if amount.minor == 0:
                zero = tuple(e.wallet for e in entries if e.amount.minor == 0)
                raise ZeroAmount(self.id, zero)
            if amount.currency is not first and amount.currency != first:
                mixed = True
            total += amount.minor
        if mixed or total != 0:
            # A journal in one currency that sums to zero is done here: most are.
            sums = Counter[str]()
            for entry in entries:
                sums[entry.amount.currency] += entry.amount.minor
            off = tuple(Money(s, currency) for currency, s in sorted(sums.items()) if s != 0)
            if off:
                raise Unbalanced(self.id, off)
        if len({entry.wallet for entry in entries}) < len(entries) and not any(
            net_of(entries).values()
        ):
            raise SelfCancelling(self.id, tuple(sorted({e.wallet for e in entries})))


def net_of(entries: Iterable[Entry]) -> Mapping[tuple[str, str], int]:
    """Return what *entries* do to each (wallet, currency) together, in minor units."""
    net = Counter[tuple[str, str]]()
    for entry in entries:
        net[entry.wallet, entry.amount.currency] += entry.amount.minor
    return net


def _open_legs(original: Journal, reversals: Iterable[Journal]) -> Counter[tuple[str, str, bool]]:
    # Legs are told apart by wallet, currency and direction: a wallet that money passes through
    # (in and out in one journal) must be able to give back both.
    left = Counter[tuple[str, str, bool]]()
    for entry in original.entries:
        left[entry.wallet, entry.amount.currency, entry.amount.minor > 0] += abs(entry.amount.minor)
    for reversal in reversals:
        for entry in reversal.entries:
            left[entry.wallet, entry.amount.currency, entry.amount.minor < 0] -= abs(
                entry.amount.minor
            )
    return left


def reversible(original: Journal, reversals: Iterable[Journal] = ()) -> tuple[Entry, ...]:
    """Return the legs of *original* that *reversals* have not taken back yet, in its own signs."""
    left = _open_legs(original, reversals)
    return tuple(
        Entry(wallet, Money(minor if plus else -minor, currency))
        for (wallet, currency, plus), minor in left.items()
        if minor > 0
    )


def excess_of(
    reversal: Journal, original: Journal, earlier: Iterable[Journal]
) -> tuple[Entry, ...]:
    """Return the legs of *reversal* beyond what *original* still has to give back.

    They come merged by wallet, currency and direction; empty means that the reversal fits.
    """
    left = _open_legs(original, (*earlier, reversal))
    return tuple(
        Entry(wallet, Money(minor if plus else -minor, currency))
        for (wallet, currency, plus), minor in left.items()
        if minor < 0
    )


def reverse(
    journal: Journal,
    *,
    id: str,
    at: datetime,
    part: tuple[Entry, ...] | None = None,
    forced_by: str | None = None,
) -> Journal:
    """Return the journal that undoes *journal*, or *part* of its legs, effective *at*.

    *part* lists legs of the original in the original's signs; amounts may be smaller. The sum of
    all reversals is checked again when it is posted. (spec: ledger 5)

    Raises:
        OverReversal: *journal* is a reversal itself, or *part* is not a part of it.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    >>> legs = Entry("customer:c", Money(-50, "EUR")), Entry("platform", Money(50, "EUR"))
    >>> sold = Journal(id="jrn_1", kind="sold", entries=legs, effective_at=noon)
    >>> reverse(sold, id="jrn_2", at=noon).entries[0].amount
    Money(minor=50, currency='EUR')
    """
    if journal.reverses is not None:
        raise OverReversal(journal.id, (), is_reversal=True)
    undone = Journal(
        id=id,
        kind=f"{journal.kind}.reversed",
        entries=tuple(-entry for entry in (journal.entries if part is None else part)),
        effective_at=at,
        reverses=journal.id,
        forced_by=forced_by,
    )
    if excess := excess_of(undone, journal, ()):
        raise OverReversal(journal.id, excess)
    return undone


def difference(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the legs that turn what *before* did into what *after* does.

    A correction posts them as one small journal and leaves the original as it stands; no legs
    means there is nothing to correct. (spec: ledger 5; seed 002: 1.5 h -> 1.8 h)

    >>> difference([Entry("a", Money(-5, "EUR"))], [Entry("a", Money(-7, "EUR"))])
    (Entry(wallet='a', amount=Money(minor=-2, currency='EUR')),)
    """
    net = Counter(net_of(after))
    net.subtract(net_of(before))
    return tuple(
        Entry(wallet, Money(minor, currency)) for (wallet, currency), minor in net.items() if minor
    )
