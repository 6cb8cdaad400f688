"""Completions: charge work when it is done, once; or only see what that would post."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias, TypeVar

from ledgerkit.domain.bookings import redeem
from ledgerkit.domain.changes import (
    BatchRefused,
    Changes,
    Committed,
    Decision,
    Expect,
    KeyReused,
    Request,
    Version,
    changes_of,
    request,
)
from ledgerkit.domain.completions import (
    Completed,
    Completion,
    Work,
    belate,
    complete,
    request_of,
    transfer,
)
from ledgerkit.domain.ledger import Event, Held, PeriodClosed
from ledgerkit.domain.ledger.holds import OPEN
from ledgerkit.domain.periods import CalendarCycle, Cycle
from ledgerkit.jobs import steps
from ledgerkit.jobs.account_facts import AccountNotReady, NoAccount, ready_account
from ledgerkit.jobs.completion_facts import bookings_of, posted, read_terms
from ledgerkit.jobs.rounds import until_stored

T = TypeVar("T")
Beside: TypeAlias = Callable[[T], Sequence[Decision]]
"""Returns what is stored in the same commit, such as the transfer to the supplier's account."""

MONTHS = CalendarCycle()


def nothing_beside(_: object) -> tuple[Decision, ...]:
    """Return no further decisions."""
    return ()


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
    transfer_through: str | None = None,
    beside: Beside[Completed] = nothing_beside,
) -> Completed:
    """Charge *work* by the rate card *card* and the rental of its equipment, once.

    The id of the work is the key: asked again, nothing is stored and what was stored is returned,
    as it was before any adjustment. Its booking is captured, if it has one that covers it; else the
    booking is released and all is charged, in one step (see `bookings.redeem`). A booking that is
    placed at the same moment is released right after.

    *transfer_through* names the gateway that moves what the supplier earned to the account there,
    enqueued in the same commit. Without an account that may be paid the work is charged all the
    same, and the supplier is paid with the next payout. What *beside* decides is stored in the same
    commit, too. (seed 002: the three-way split and the transfer to the instructor are one event)

    Where the books are closed for its time already, it counts from now and names its period of
    *cycle*; that alone is not seen in a preview.

    Raises:
        UnknownRateCard: *card* is not stored.
        KeyReused: other work was completed under this id.
        NoRate, NoRental, NotCounted, SupplierNeeded, CurrencyMismatch: see `complete`.
        Stale: rates changed again and again meanwhile.
        LedgerkitError: the books refuse it, such as beyond the customer's credit limit.
    """
    once = partial(
        _complete_once, work, card, forced_by, transfer_through, beside, actor=actor, reason=reason
    )
    try:
        completed = await until_stored(once)
    except PeriodClosed:
        completed = await until_stored(partial(once, late=cycle))
    # One may have been placed after the bookings were read. None comes later: to book expects that
    # the work is not completed.
    await give_back_booking(work.event, actor=actor, reason=reason)
    return completed


async def _complete_once(
    work: Work,
    card: str,
    forced_by: str | None,
    transfer_through: str | None,
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
    bookings = await bookings_of(work.event)
    redeemed = redeem(completed, bookings[-1] if bookings else None, at=at)
    completed = redeemed.completed
    transferred = await _transferred(completed, transfer_through, at=at)
    changes = changes_of(
        completed,
        *transferred,
        *beside(completed),
        key=key,
        request=asked,
        actor=actor,
        reason=reason,
        at=at,
        expects=read,
    )
    if redeemed.releases is None:
        committed = await steps.commit(changes)
    else:
        given_back = releasing(redeemed.releases, actor=actor, reason=reason, at=at)
        committed = await _both(given_back, changes)
    if committed.replayed:  # another worker did it, perhaps at other rates
        return await _first_of(await steps.history(Completion, work.id))
    return completed


async def _transferred(
    completed: Completed, gateway: str | None, *, at: datetime
) -> tuple[Decision, ...]:
    """Return the transfer of what the supplier earned, if there is an account to move it to."""
    supplier = completed.completion.supplier
    if gateway is None or supplier is None:
        return ()
    try:
        to = await ready_account(supplier, gateway)
    except (NoAccount, AccountNotReady):
        return ()
    made = transfer(completed, account=to.account, gateway=gateway, at=at)
    return () if made is None else (made,)


async def _both(given_back: Changes, changes: Changes) -> Committed:
    """Commit both or neither, in this order, and return what the second did."""
    try:
        _, committed = await steps.commit_all([given_back, changes])
    except BatchRefused as refused:
        raise refused.cause from None
    return committed


async def give_back_booking(event: Event, *, actor: str, reason: str) -> Held | None:
    """Release what the booking of the work of *event* holds; return it as it was, if it was open.

    Raises:
        Stale: others came first, again and again.
    """

    async def decide() -> Held | None:
        at = await steps.now()
        earlier = await bookings_of(event)
        if not earlier or earlier[-1].state_at(at) != OPEN:
            return None
        held = earlier[-1]
        given_back = releasing(held.hold.id, actor=actor, reason=reason, at=at)
        committed = await steps.commit(given_back)
        return None if committed.replayed else held  # replayed: somebody else gave it back first

    return await until_stored(decide)


def releasing(hold: str, *, actor: str, reason: str, at: datetime) -> Changes:
    """Return the changes that give back the hold *hold* of a booking."""
    return Changes(
        key=f"{hold}/release",
        request=request("booking.release", hold=hold),
        actor=actor,
        reason=reason,
        at=at,
        releases=(hold,),
    )


async def _completed(
    work: Work, card: str, forced_by: str | None
) -> tuple[Completed, tuple[Expect, ...]]:
    rates, rental, read = await read_terms(work, card)
    return complete(work, card=rates, rental=rental, forced_by=forced_by), read


async def _first_of(versions: Sequence[Version[Completion]]) -> Completed:
    """Return a completion as it was stored first."""
    first = versions[0].record
    return Completed(first, await posted(first.journal))


def check_asked(key: str, then: Request, asked: Request) -> None:
    """Raise `KeyReused` unless what is *asked* under *key* was asked *then*."""
    differing = then.differing(asked)
    if differing:
        raise KeyReused(key, differing)
