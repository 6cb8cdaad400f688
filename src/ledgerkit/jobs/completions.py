"""Completions: charge work when it is done, once; or only see what that would post."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar, TypeAlias, TypeVar

import attrs

from ledgerkit.domain.changes import (
    Decision,
    Expect,
    KeyReused,
    Request,
    Stale,
    Version,
    Versioned,
    changes_of,
    expect,
)
from ledgerkit.domain.completions import (
    Completed,
    Completion,
    Work,
    belate,
    complete,
    request_of,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Journal, PeriodClosed
from ledgerkit.domain.periods import CalendarCycle, Cycle
from ledgerkit.domain.rate_cards import RateCard
from ledgerkit.domain.rentals import Rental
from ledgerkit.jobs import steps
from ledgerkit.jobs.billing_run import ROUNDS
from ledgerkit.jobs.steps import Job

T = TypeVar("T")
Beside: TypeAlias = Callable[[T], Sequence[Decision]]
"""Returns what is stored in the same commit, such as the transfer to the supplier's account."""

MONTHS = CalendarCycle()


def nothing_beside(_: object) -> tuple[Decision, ...]:
    """Return no further decisions."""
    return ()


@attrs.frozen
class UnknownRateCard(LedgerkitError):
    """A rate card that is not stored."""

    card: str
    code: ClassVar[str] = "unknown_rate_card"

    def __str__(self) -> str:
        return f"no rate card {self.card!r} is stored; store it first"


async def preview_completion(work: Work, *, card: str, forced_by: str | None = None) -> Completed:
    """Return what completing *work* by the rate card *card* would post, and store nothing.

    Raises: as `complete_work` does.
    """
    completed, _ = await _completed(work, card, forced_by)
    return completed


async def complete_work(
    work: Work,
    *,
    card: str,
    actor: str,
    reason: str,
    forced_by: str | None = None,
    cycle: Cycle = MONTHS,
    beside: Beside[Completed] = nothing_beside,
) -> Completed:
    """Charge *work* by the rate card *card* and the rental of its equipment, once.

    The id of the work is the key: asked again, nothing is stored and what was stored is returned,
    as it was before any adjustment. What *beside* decides is stored in the same commit. (seed 002:
    the three-way split and the transfer to the instructor are one event)

    Where the books are closed for its time already, it counts from now and names its period of
    *cycle*; that alone is not seen in a preview.

    Raises:
        UnknownRateCard: *card* is not stored.
        KeyReused: other work was completed under this id.
        NoRate, NoRental, NotCounted, SupplierNeeded, CurrencyMismatch: see `complete`.
        Stale: rates changed again and again meanwhile.
        LedgerkitError: the books refuse it, such as beyond the customer's credit limit.
    """
    once = partial(_complete_once, work, card, forced_by, beside, actor=actor, reason=reason)
    try:
        return await until_stored(once)
    except PeriodClosed:
        return await until_stored(partial(once, late=cycle))


async def _complete_once(
    work: Work,
    card: str,
    forced_by: str | None,
    beside: Beside[Completed],
    *,
    actor: str,
    reason: str,
    late: Cycle | None = None,
) -> Completed:
    key, asked = f"completion/{work.id}", request_of(work, card=card)
    known = await steps.history(Completion, work.id)
    if known:
        check_asked(key, request_of(known[0].record, card=known[0].record.card), asked)
        return await _first_of(known)
    completed, read = await _completed(work, card, forced_by)
    at = await steps.now()
    if late is not None:
        completed = belate(completed, period=late.containing(completed.completion.on), at=at)
    changes = changes_of(
        completed,
        *beside(completed),
        key=key,
        request=asked,
        actor=actor,
        reason=reason,
        at=at,
        expects=read,
    )
    if (await steps.commit(changes)).replayed:  # another worker did it, perhaps at other rates
        return await _first_of(await steps.history(Completion, work.id))
    return completed


async def _completed(
    work: Work, card: str, forced_by: str | None
) -> tuple[Completed, tuple[Expect, ...]]:
    rates = await read_card(card)
    rental = None if work.equipment is None else await steps.load(Rental, work.equipment)
    completed = complete(
        work,
        card=rates.record,
        rental=None if rental is None else rental.record,
        forced_by=forced_by,
    )
    return completed, (expect(rates), *(() if rental is None else (expect(rental),)))


async def _first_of(versions: Sequence[Version[Completion]]) -> Completed:
    """Return a completion as it was stored first."""
    first = versions[0].record
    return Completed(first, await posted(first.journal))


async def until_stored(decide: Callable[[], Job[T]]) -> T:
    """Return what *decide* stored, decided again where its base moved."""
    for _ in range(1, ROUNDS):
        with suppress(Stale):
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


def check_asked(key: str, then: Request, asked: Request) -> None:
    """Raise `KeyReused` unless what is *asked* under *key* was asked *then*."""
    differing = then.differing(asked)
    if differing:
        raise KeyReused(key, differing)
