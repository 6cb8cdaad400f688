"""Rounds: a decision is made anew where what it was based on moved before it was stored."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from ledgerkit.domain.changes import Stale
from ledgerkit.domain.ledger import HoldCaptured, HoldExpired, HoldReleased
from ledgerkit.jobs.steps import Job

T = TypeVar("T")
# How often a decision whose base moved is made again before it is reported. Of as many as decide on
# one base at once, one goes on each time, so that all do if they are no more than this.
ROUNDS = 5
# At one payment there may be many: a worker for each event of it, beside the people who refund it.
PAYMENT_ROUNDS = 20


async def until_stored(decide: Callable[[], Job[T]], *, rounds: int = ROUNDS) -> T:
    """Return what *decide* stored, decided again where its base moved, a booking included."""
    for _ in range(1, rounds):
        with suppress(Stale, HoldCaptured, HoldReleased, HoldExpired):
            return await decide()
    return await decide()
