"""Booking: work that is planned, and its charge, which is reserved until the work is done.

What the work would come to is held, leg by leg, so that two bookings cannot both count on the same
money; the completion captures as much as was done, and the rest is given back. (spec: billing 9,
ledger 4)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.completions import Completed, Completion, Work, complete
from ledgerkit.domain.credit_limits import Check, Override, use_to_hold
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Event, Held, Hold, wallets_of
from ledgerkit.domain.ledger.holds import OPEN
from ledgerkit.domain.rate_cards import RateCard
from ledgerkit.domain.rentals import Rental


@attrs.frozen
class BookingRefused(LedgerkitError):
    """A booking that the customer's credit limit does not allow."""

    work: str
    check: Check
    code: ClassVar[str] = "booking_refused"

    def __str__(self) -> str:
        return f"{self.work!r} is not booked: {self.check.sentence}"


@attrs.frozen
class WorkCompleted(LedgerkitError):
    """Work to be booked that is done: it is charged, and nothing of it is left to reserve."""

    work: str
    code: ClassVar[str] = "work_completed"

    def __str__(self) -> str:
        return f"{self.work!r} is completed and charged; adjust it, or book other work"


@attrs.frozen
class Booked:
    """Work as it would be charged, and the hold that reserves that; None where it is free.

    Attributes:
        completion: What is reserved, and for whom.
        hold: What reserves it, or None.
        override: What lets it pass the credit limit, used up by it, or None.
    """

    completion: Completion
    hold: Hold | None
    override: Override | None = None

    @property
    def effects(self) -> Effects:
        """What to store; a booking is no record: the hold is all there is of it."""
        if self.hold is None:
            return Effects()
        return Effects(
            opens=wallets_of(self.hold.entries),
            records=() if self.override is None else (self.override,),
            holds=(self.hold,),
        )


@attrs.frozen
class BookingPreview:
    """What a booking would hold, and whether the customer's credit limit allows it."""

    booked: Booked
    check: Check


@attrs.frozen
class Redeemed:
    """A completion that used its booking.

    Attributes:
        completed: The completion; its journal captures the hold if that covers it.
        releases: The id of the hold to release before the charge, where more was done than was
            held, or something else; None: there is nothing to release.
    """

    completed: Completed
    releases: str | None = None


def next_times(earlier: Sequence[Held], *, at: datetime) -> int:
    """Return how often work was booked before the booking to make at *at*, *earlier* ones given.

    One that is still open is the one to make: asked again, it is the same.
    """
    is_open = bool(earlier) and earlier[-1].state_at(at) == OPEN
    return len(earlier) - int(is_open)


def booking_id(event: Event, times: int) -> str:
    """Return the id of the hold that books *event* after it was booked so many *times* before."""
    return derive("hld", "booking", event.type, event.id, str(times))


def book(
    work: Work,
    *,
    card: RateCard,
    rental: Rental | None = None,
    expires_at: datetime,
    times: int = 0,
) -> Booked:
    """Reserve what *work* would come to, until the instant *expires_at*; it is charged when done.

    It is priced as `complete` prices it, at the rates of its local day. *times* is how often it was
    booked before, where a booking was cancelled or expired and it is booked anew.

    Raises: as `complete` does.

    >>> from datetime import UTC, date, datetime
    >>> from fractions import Fraction
    >>> from ledgerkit.domain.completions import WorkQuantity
    >>> from ledgerkit.domain.money import Rate
    >>> from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateKey
    >>> def rate(side, minor):
    ...     key = RateKey(side=side, kind="flight")
    ...     return CardRate(key, Rate(Fraction(minor), "USD"), date(2026, 1, 1))
    >>> card = RateCard("school", "USD", (rate(CHARGE, 10_000), rate(PAY, 6_000)))
    >>> flight = Work(
    ...     id="f-1", type="flight", customer="ana", supplier="tom", zone="UTC",
    ...     quantities=(WorkQuantity("flight", Fraction(1)),),
    ...     completed_at=datetime(2026, 10, 5, 12, tzinfo=UTC))
    >>> booked = book(flight, card=card, expires_at=datetime(2026, 10, 6, tzinfo=UTC))
    >>> [(leg.wallet, leg.amount.minor) for leg in booked.hold.entries]
    [('customer:ana', -10000), ('supplier:tom', 6000), ('platform', 4000)]
    """
    planned = complete(work, card=card, rental=rental)
    if planned.journal is None:
        return Booked(planned.completion, None)
    return Booked(
        planned.completion,
        Hold(
            id=booking_id(work.event, times),
            kind=planned.journal.kind,
            entries=planned.journal.entries,
            expires_at=expires_at,
        ),
    )


def let_pass(booked: Booked, override: Override, *, at: datetime) -> Booked:
    """Let what is *booked* pass the customer's credit limit by *override*, which it uses up.

    Raises: as `credit_limits.use_to_hold` does.
    """
    if booked.hold is None:
        return booked
    held = use_to_hold(override, booked.hold, work=booked.completion.id, at=at)
    return attrs.evolve(booked, hold=held.hold, override=held.override)


def redeem(completed: Completed, held: Held | None, *, at: datetime) -> Redeemed:
    """Let *completed* use what its booking *held*, if that is open at *at*.

    A journal that fits in the hold captures it, and what is left of it is given back by that. One
    that does not, because more was done or somebody else did it, is charged as if nothing had been
    booked, once the hold is released: part of a hold and a plain rest would be two charges.
    """
    if held is None or held.state_at(at) != OPEN:
        return Redeemed(completed)
    if completed.journal is None or held.excess_of(completed.journal):
        return Redeemed(completed, held.hold.id)
    capturing = attrs.evolve(completed.journal, captures=held.hold.id)
    return Redeemed(attrs.evolve(completed, journal=capturing))
