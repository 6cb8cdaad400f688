"""Journals: events in money, told as signed entries on wallets.

A journal records one business event; in every currency its entries sum to zero, so money moves
and is never made or lost. It is never edited: see `corrections`. (spec: ledger 1, 2, 3)
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant

_MAX_NAME = 255
_MAX_TEXT = 4000


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
    if not _is_name(value):
        msg = f"{field} must be 1 to {_MAX_NAME} printable characters, not padded (got {value!r})"
        raise ValueError(msg)
    return value


def _is_name(text: str) -> bool:
    # The plain space is the only printable white space, so two characters tell of padding.
    return 0 < len(text) <= _MAX_NAME and text.isprintable() and text[0] != " " and text[-1] != " "


_is_kind = lru_cache(maxsize=1024)(_is_name)  # the kinds of journals are few


def text_of(field: str, value: object) -> str:
    r"""Return *value* if people can read it: 4,000 characters at most, newlines the only controls.

    Unlike a name it may hold what scripts and typography need, such as no-break spaces and joiners.

    Raises:
        TypeError: *value* is not text.
        ValueError: it is too long, or holds control characters or halves of surrogate pairs.

    >>> text_of("note", "Reversed.\nSee the call of 3 November.")
    'Reversed.\nSee the call of 3 November.'
    """
    if not isinstance(value, str):
        msg = f"{field} must be text (got {value!r})"
        raise TypeError(msg)
    if len(value) > _MAX_TEXT or not (value.isprintable() or all(map(_is_readable, value))):
        msg = f"{field} must be at most {_MAX_TEXT} characters, no control ones (got {value!r})"
        raise ValueError(msg)
    return value


def _is_readable(character: str) -> bool:
    return character == "\n" or unicodedata.category(character) not in {"Cc", "Cs"}


def pairs_of(field: str, value: object) -> tuple[tuple[str, str], ...]:
    """Return *value* if it is a tuple of (text, text) pairs; raises `TypeError`."""
    if type(value) is not tuple or not all(
        type(pair) is tuple and len(pair) == 2 and type(pair[0]) is type(pair[1]) is str  # noqa: PLR2004
        for pair in value
    ):
        msg = f"{field} must be a tuple of (name, text) pairs (got {value!r})"
        raise TypeError(msg)
    return value


@attrs.frozen(init=False)
class Entry:
    """One leg of a journal.

    Attributes:
        wallet: The address of the wallet, such as `customer:c-1`.
        amount: Minor units of one currency: plus arrives on the wallet, minus leaves it.
    """

    wallet: str
    amount: Money

    # Written by hand: entries are built by the million, and setting the slots costs a third less.
    def __init__(self, wallet: str, amount: Money) -> None:
        if type(wallet) is not str or type(amount) is not Money:
            msg = f"an entry needs a wallet (text) and a Money (got {wallet!r}, {amount!r})"
            raise TypeError(msg)
        _set_wallet(self, wallet)
        _set_amount(self, amount)

    def __neg__(self) -> Entry:
        return Entry(self.wallet, -self.amount)


_slots: Mapping[str, Any] = vars(Entry)
_set_wallet, _set_amount = _slots["wallet"].__set__, _slots["amount"].__set__


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
        if type(self.type) is not str or not _is_kind(self.type):
            name_of("event type", self.type)
        if type(self.id) is not str or not _is_name(self.id):
            name_of("event id", self.id)
        if self.part != "":
            name_of("event part", self.part)

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
        for bound in (self.at_least, self.at_most):
            if bound is not None and type(bound) is not Money:
                msg = f"a bound on {self.wallet!r} must be a Money or None (got {bound!r})"
                raise TypeError(msg)


@attrs.frozen
class TooFewLegs(LedgerkitError):
    """A journal needs two legs at least."""

    journal: str
    legs: int
    noun: str = "journal"
    code: ClassVar[str] = "too_few_legs"

    def __str__(self) -> str:
        return f"{self.noun} {self.journal!r} has {self.legs} leg(s); it needs two or more"


@attrs.frozen
class ZeroAmount(LedgerkitError):
    """Legs that move nothing."""

    journal: str
    wallets: tuple[str, ...]
    noun: str = "journal"
    code: ClassVar[str] = "zero_amount"

    def __str__(self) -> str:
        legs = ", ".join(self.wallets)
        return f"{self.noun} {self.journal!r} moves 0 on {legs}; leave such legs out"


@attrs.frozen
class Unbalanced(LedgerkitError):
    """A journal would make or lose money."""

    journal: str
    residuals: tuple[Money, ...]
    noun: str = "journal"
    code: ClassVar[str] = "unbalanced"

    def __str__(self) -> str:
        off = ", ".join(str(residual) for residual in self.residuals)
        return f"{self.noun} {self.journal!r} is off by {off}; each currency must sum to zero"


@attrs.frozen
class SelfCancelling(LedgerkitError):
    """A journal in which every wallet gives back what it takes."""

    journal: str
    wallets: tuple[str, ...]
    noun: str = "journal"
    code: ClassVar[str] = "self_cancelling"

    def __str__(self) -> str:
        legs = ", ".join(self.wallets)
        return (
            f"{self.noun} {self.journal!r} nets to zero on every wallet ({legs}); it moves nothing"
        )


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
        captures: The id of the hold whose money it moves, wholly or in part, or None.
        requires: Bounds that must hold when it is posted.
        forced_by: Who allowed it to pass below a floor, or None.
        metadata: What a reader may want to know, as (name, text) pairs, each name once.

    Raises:
        TypeError, ValueError: a field is of another type, or is text that cannot stand there.
        TooFewLegs, ZeroAmount, Unbalanced, SelfCancelling: in this order.
    """

    id: str
    kind: str
    entries: tuple[Entry, ...]
    effective_at: datetime = attrs.field(converter=instant)
    event: Event | None = None
    reverses: str | None = None
    captures: str | None = None
    requires: tuple[Condition, ...] = ()
    forced_by: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    # Checked on construction, so that no unbalanced journal can exist anywhere.
    def __attrs_post_init__(self) -> None:
        if type(self.id) is not str or not _is_name(self.id):
            name_of("journal id", self.id)
        if type(self.kind) is not str or not _is_kind(self.kind):
            name_of("journal kind", self.kind)
        if self.event is not None and type(self.event) is not Event:
            msg = f"event must be an Event or None (got {self.event!r})"
            raise TypeError(msg)
        if self.reverses is not None:
            name_of("reverses", self.reverses)
        if self.captures is not None:
            name_of("captures", self.captures)
            if self.reverses is not None:
                msg = f"a journal captures a hold or reverses a journal, not both (got {self.id!r})"
                raise ValueError(msg)
        if self.forced_by is not None:
            name_of("forced_by", self.forced_by)
        if self.requires != () or self.metadata != ():
            check_additions(self.requires, self.metadata)
        check_legs(self.id, self.entries)


def check_additions(requires: object, metadata: object) -> None:
    """Raise `TypeError` or `ValueError` unless these are tuples of what they should hold."""
    if type(requires) is not tuple or not all(type(each) is Condition for each in requires):
        msg = f"requires must be a tuple of Condition (got {requires!r})"
        raise TypeError(msg)
    pairs = pairs_of("metadata", metadata)
    for name, text in pairs:
        text_of(f"metadata {name_of('metadata name', name)!r}", text)
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        msg = f"metadata names each thing once (got {', '.join(names)})"
        raise ValueError(msg)


def check_legs(id: str, entries: tuple[Entry, ...], noun: str = "journal") -> None:
    """Raise unless *entries*, those of the *noun* called *id*, balance and move something.

    Raises:
        TypeError: they are no tuple of entries.
        TooFewLegs, ZeroAmount, Unbalanced, SelfCancelling: in this order.
    """
    if type(entries) is not tuple or (entries and type(entries[0]) is not Entry):
        raise _no_legs(entries)
    if len(entries) < 2:  # noqa: PLR2004 - one leg cannot balance
        raise TooFewLegs(id, len(entries), noun)
    wallet, currency = entries[0].wallet, entries[0].amount.currency
    total, returns, mixed = 0, -1, False
    for entry in entries:
        if type(entry) is not Entry:
            raise _no_legs(entries)
        amount = entry.amount
        if amount.minor == 0:
            raise _zero(id, entries, noun)
        if amount.currency != currency:
            mixed = True
        if entry.wallet == wallet:
            returns += 1
        total += amount.minor
    # A journal in one currency that sums to zero is done here: most are.
    if (mixed or total != 0) and (off := _residuals(entries)):
        raise Unbalanced(id, off, noun)
    # Where every wallet gives back what it takes, the first one comes up again.
    if returns and not any(net_of(entries).values()):
        raise SelfCancelling(id, tuple(dict.fromkeys(entry.wallet for entry in entries)), noun)


def _no_legs(entries: object) -> TypeError:
    return TypeError(f"entries must be a tuple of Entry (got {entries!r})")


def _zero(id: str, entries: tuple[Entry, ...], noun: str) -> ZeroAmount | TypeError:
    if any(type(entry) is not Entry for entry in entries):
        return _no_legs(entries)
    return ZeroAmount(id, tuple(e.wallet for e in entries if e.amount.minor == 0), noun)


def _residuals(entries: tuple[Entry, ...]) -> tuple[Money, ...]:
    sums = Counter[str]()
    for entry in entries:
        sums[entry.amount.currency] += entry.amount.minor
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()) if minor)


def net_of(entries: Iterable[Entry]) -> Mapping[tuple[str, str], int]:
    """Return what *entries* do to each (wallet, currency) together, in minor units."""
    net = Counter[tuple[str, str]]()
    for entry in entries:
        net[entry.wallet, entry.amount.currency] += entry.amount.minor
    return net
