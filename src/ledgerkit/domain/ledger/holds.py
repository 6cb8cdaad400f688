"""Holds: money set aside for a journal that may come, until it comes or the time is over.

A hold reserves every leg of a journal. Capturing it posts a journal of those legs, or of part of
them, and gives the rest back; releasing it gives all back. When it expires is decided by the
instant of whoever asks, so nothing has to run at that time. (spec: ledger 4)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.ledger.journals import (
    Condition,
    Entry,
    Event,
    Journal,
    check_additions,
    check_legs,
    name_of,
)
from ledgerkit.domain.ledger.refusals import PostingRefused
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant

OPEN = "open"
CAPTURED = "captured"
RELEASED = "released"
EXPIRED = "expired"
STATES = (OPEN, CAPTURED, RELEASED, EXPIRED)

Side: TypeAlias = tuple[str, str, bool]
"""Where a leg stands: wallet, currency and whether it arrives there."""


@attrs.frozen(kw_only=True)
class Hold:
    """A journal that is reserved and may be posted later.

    What it may take from a wallet is not available there any more; what it may bring is no money
    yet, but counts against a ceiling. Each leg counts by itself, also where money would only pass
    through a wallet, since a part of the legs may be captured.

    Attributes:
        id: Derived from what it is for, so that a repeated decision has the same id.
        kind: The kind of the journal that captures it, a past participle: `session.charged`.
        entries: Two or more legs; per currency they sum to zero and none is zero.
        expires_at: The UTC instant from which on it holds nothing, that instant included; None:
            it holds until it is captured or released.
        event: The outside fact that it is for, and that its capture claims, or None.
        multi: Whether it may be captured several times: what a capture leaves stays held. Else the
            first capture gives the rest back.
        requires: Bounds that must hold when it is placed.
        forced_by: Who allowed it to reserve what is not there, or None.
        metadata: What a reader may want to know, as (name, text) pairs, each name once.

    Raises:
        TypeError, ValueError: a field is of another type, or is text that cannot stand there.
        TooFewLegs, ZeroAmount, Unbalanced, SelfCancelling: in this order.
    """

    id: str
    kind: str
    entries: tuple[Entry, ...]
    expires_at: datetime | None = attrs.field(converter=attrs.converters.optional(instant))
    event: Event | None = None
    multi: bool = False
    requires: tuple[Condition, ...] = ()
    forced_by: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("hold id", self.id)
        name_of("hold kind", self.kind)
        if self.event is not None and type(self.event) is not Event:
            msg = f"event must be an Event or None (got {self.event!r})"
            raise TypeError(msg)
        if type(self.multi) is not bool:
            msg = f"multi must be True or False (got {self.multi!r})"
            raise TypeError(msg)
        if self.forced_by is not None:
            name_of("forced_by", self.forced_by)
        check_additions(self.requires, self.metadata)
        check_legs(self.id, self.entries, "hold")


@attrs.frozen
class HoldAlreadyPlaced(PostingRefused):
    """A hold of this id is in the books."""

    hold: str
    code: ClassVar[str] = "hold_already_placed"

    def __str__(self) -> str:
        return f"hold {self.hold!r} is placed already; replay its commit or derive a new id"


@attrs.frozen
class HoldNotFound(PostingRefused):
    """The hold to capture or release is not in the books."""

    hold: str
    code: ClassVar[str] = "hold_not_found"

    def __str__(self) -> str:
        return f"hold {self.hold!r} was never placed; check its id"


@attrs.frozen
class HoldExpired(PostingRefused):
    """The hold holds nothing any more, since its time is over."""

    hold: str
    expires_at: datetime
    at: datetime
    code: ClassVar[str] = "hold_expired"

    def __str__(self) -> str:
        return (
            f"hold {self.hold!r} expired at {self.expires_at.isoformat()} and was asked for at "
            f"{self.at.isoformat()}; place a new one"
        )


@attrs.frozen
class HoldCaptured(PostingRefused):
    """The hold was captured, and nothing of it is left."""

    hold: str
    by: tuple[str, ...]
    code: ClassVar[str] = "hold_captured"

    def __str__(self) -> str:
        return f"hold {self.hold!r} is captured by {', '.join(self.by)}; nothing of it is left"


@attrs.frozen
class HoldReleased(PostingRefused):
    """The hold was given back."""

    hold: str
    code: ClassVar[str] = "hold_released"

    def __str__(self) -> str:
        return f"hold {self.hold!r} is released; place a new one"


@attrs.frozen
class CaptureExceedsHold(PostingRefused):
    """A capture takes more than is left of the hold, or what it never held."""

    journal: str
    hold: str
    excess: tuple[Entry, ...]
    code: ClassVar[str] = "capture_exceeds_hold"

    def __str__(self) -> str:
        legs = ", ".join(f"{e.amount} on {e.wallet}" for e in self.excess)
        return (
            f"journal {self.journal!r} takes {legs} more than hold {self.hold!r} has left; capture "
            "what is left and post the difference"
        )


@attrs.frozen(kw_only=True)
class Held:
    """A hold in the books, and what became of it.

    Attributes:
        hold: What was placed.
        placed_at: The UTC instant of the commit that placed it.
        state: `open`, `captured` (nothing is left, or the rest was given back), `released`, or
            `expired`: its time was over and what it held was given back to somebody who needed
            it. See `state_at` for one whose time is over unnoticed.
        remaining: What captures may still take, merged by wallet, currency and direction; nothing
            unless it is open.
        captures: The ids of the journals that captured it, in the order of posting.
    """

    hold: Hold
    placed_at: datetime = attrs.field(converter=instant)
    state: str = OPEN
    remaining: tuple[Entry, ...]
    captures: tuple[str, ...] = ()

    def state_at(self, at: datetime) -> str:
        """Return the state as it is *at* an instant: an open hold is `expired` from its end on."""
        over = self.hold.expires_at is not None and self.hold.expires_at <= instant(at)
        return EXPIRED if self.state == OPEN and over else self.state

    def amounts(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Return what it may take from and bring to each (wallet, currency), in minor units."""
        return amounts_of(self.remaining)

    def check(self, *, at: datetime) -> None:
        """Raise unless it is open *at* an instant.

        Raises:
            HoldExpired, HoldCaptured, HoldReleased: what became of it.
        """
        state = self.state_at(at)
        if state == EXPIRED and self.hold.expires_at is not None:
            raise HoldExpired(self.hold.id, self.hold.expires_at, instant(at))
        if state == CAPTURED:
            raise HoldCaptured(self.hold.id, self.captures)
        if state == RELEASED:
            raise HoldReleased(self.hold.id)

    def excess_of(self, journal: Journal) -> tuple[Entry, ...]:
        """Return the legs of *journal* beyond what remains, merged as they do; none: it fits."""
        left = _sums(self.remaining)
        left.subtract(_sums(journal.entries))
        return tuple(_leg(side, -minor) for side, minor in left.items() if minor < 0)

    def captured(self, journal: Journal) -> Held:
        """Return this hold after *journal* captured it."""
        taken = _sums(journal.entries)
        left = tuple(
            _leg(side, minor - taken[side])
            for side, minor in _sums(self.remaining).items()
            if minor > taken[side]
        )
        rest = left if self.hold.multi else ()
        return attrs.evolve(
            self,
            state=OPEN if rest else CAPTURED,
            remaining=rest,
            captures=(*self.captures, journal.id),
        )

    def ended(self, state: str) -> Held:
        """Return this hold after all that remained was given back: `released` or `expired`."""
        return attrs.evolve(self, state=state, remaining=())


def known_state(state: str | None) -> None:
    """Raise `ValueError` unless *state* is one that a hold can be in, or None for any."""
    if state is not None and state not in STATES:
        msg = f"a hold is {', '.join(STATES)} (got {state!r})"
        raise ValueError(msg)


def placed(hold: Hold, *, at: datetime) -> Held:
    """Return *hold* as it stands in the books when it was placed *at* an instant."""
    return Held(hold=hold, placed_at=at, remaining=merged(hold.entries))


def merged(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return *entries* with one leg for each wallet, currency and direction, in their order."""
    return tuple(_leg(side, minor) for side, minor in _sums(entries).items())


def sides_of(entries: Iterable[Entry]) -> tuple[Side, ...]:
    """Return where *entries* stand, each side once."""
    return tuple(_sums(entries))


def amounts_of(entries: Iterable[Entry]) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Return what *entries* take from and bring to each (wallet, currency), leg by leg."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for (wallet, currency, arrives), minor in _sums(entries).items():
        out, into = found.get((wallet, currency), (0, 0))
        found[wallet, currency] = (out, into + minor) if arrives else (out + minor, into)
    return found


def capture(
    held: Held,
    *,
    id: str,
    at: datetime,
    part: tuple[Entry, ...] | None = None,
    event: Event | None = None,
    metadata: tuple[tuple[str, str], ...] = (),
) -> Journal:
    """Return the journal that captures what is left of *held*, or *part* of its legs.

    *part* lists legs of the hold with the same or smaller amounts; they balance, as in every
    journal. The journal claims the event of the hold, or *event*: several captures of one hold
    need an event for each. Whether the hold is open and has that much left is checked where the
    journal is posted, so that a refusal is the same whoever built it. To give back the rest of a
    `multi` hold with its last capture, name it in `Changes.releases` too. (spec: ledger 3, 4)

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    >>> legs = Entry("customer:c", Money(-50, "EUR")), Entry("platform", Money(50, "EUR"))
    >>> booked = Hold(id="hold_1", kind="session.charged", entries=legs, expires_at=None)
    >>> capture(placed(booked, at=noon), id="jrn_1", at=noon).captures
    'hold_1'
    """
    hold = held.hold
    # Legs as they were reserved, unless some of them are gone; nothing is left of a hold that was
    # settled, and the books are to say that.
    untouched = not held.captures or not held.remaining
    whole = hold.entries if untouched else held.remaining
    return Journal(
        id=id,
        kind=hold.kind,
        entries=whole if part is None else part,
        effective_at=at,
        event=hold.event if event is None else event,
        captures=hold.id,
        metadata=(*hold.metadata, *metadata),
    )


def _sums(entries: Iterable[Entry]) -> Counter[Side]:
    sums = Counter[Side]()
    for entry in entries:
        minor = entry.amount.minor
        sums[entry.wallet, entry.amount.currency, minor > 0] += abs(minor)
    return sums


def _leg(side: Side, minor: int) -> Entry:
    wallet, currency, arrives = side
    return Entry(wallet, Money(minor if arrives else -minor, currency))
