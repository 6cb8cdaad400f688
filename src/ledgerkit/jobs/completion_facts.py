"""Completion facts: what jobs about work look at in the books, and when they decide again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import ClassVar, TypeVar

import attrs

from ledgerkit.domain.bookings import booking_id
from ledgerkit.domain.changes import Stale, Versioned
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import (
    Event,
    Held,
    HoldCaptured,
    HoldExpired,
    HoldReleased,
    Journal,
)
from ledgerkit.domain.rate_cards import RateCard
from ledgerkit.jobs import steps
from ledgerkit.jobs.billing_run import ROUNDS
from ledgerkit.jobs.steps import Job

T = TypeVar("T")


@attrs.frozen
class UnknownRateCard(LedgerkitError):
    """A rate card that is not stored."""

    card: str
    code: ClassVar[str] = "unknown_rate_card"

    def __str__(self) -> str:
        return f"no rate card {self.card!r} is stored; store it first"


async def until_stored(decide: Callable[[], Job[T]]) -> T:
    """Return what *decide* stored, decided again where its base moved, a booking included."""
    for _ in range(1, ROUNDS):
        with suppress(Stale, HoldCaptured, HoldReleased, HoldExpired):
            return await decide()
    return await decide()


async def read_card(id: str) -> Versioned[RateCard]:
    """Read the rate card *id*; raises `UnknownRateCard`."""
    read = await steps.load(RateCard, id)
    if read is None:
        raise UnknownRateCard(id)
    return read


async def posted(id: str | None) -> Journal | None:
    """Read the journal *id*; None: nothing was posted."""
    found = None if id is None else await steps.journal(id)
    return None if found is None else found.journal


async def bookings_of(event: Event) -> tuple[Held, ...]:
    """Read the holds that book *event*, or did, the oldest first."""
    found: list[Held] = []
    for times in count():
        held = await steps.hold(booking_id(event, times))
        if held is None:
            break
        found.append(held)
    return tuple(found)
