"""Completion facts: what jobs about work look at in the books."""

from __future__ import annotations

from itertools import count
from typing import ClassVar

import attrs

from ledgerkit.domain.bookings import booking_id
from ledgerkit.domain.changes import Expect, Versioned, expect
from ledgerkit.domain.completions import Work
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Event, Held, Journal
from ledgerkit.domain.rate_cards import RateCard
from ledgerkit.domain.rentals import Rental
from ledgerkit.jobs import steps


@attrs.frozen
class UnknownRateCard(LedgerkitError):
    """A rate card that is not stored."""

    card: str
    code: ClassVar[str] = "unknown_rate_card"

    def __str__(self) -> str:
        return f"no rate card {self.card!r} is stored; store it first"


async def read_card(id: str) -> Versioned[RateCard]:
    """Read the rate card *id*; raises `UnknownRateCard`."""
    read = await steps.load(RateCard, id)
    if read is None:
        raise UnknownRateCard(id)
    return read


async def read_terms(work: Work, card: str) -> tuple[RateCard, Rental | None, tuple[Expect, ...]]:
    """Read what *work* is priced by: the rate card *card* and the rental of its equipment.

    Last come the versions that were read. Raises `UnknownRateCard`.
    """
    rates = await read_card(card)
    rental = None if work.equipment is None else await steps.load(Rental, work.equipment)
    if rental is None:
        return rates.record, None, (expect(rates),)
    return rates.record, rental.record, (expect(rates), expect(rental))


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
