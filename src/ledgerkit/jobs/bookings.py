"""Bookings: reserve what planned work will cost, within the customer's credit limit; or cancel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TypeAlias

import attrs

from ledgerkit.domain.bookings import (
    Booked,
    BookingPreview,
    BookingRefused,
    WorkCompleted,
    book,
    let_pass,
    next_times,
)
from ledgerkit.domain.changes import Expect, Request, changes_of, expect, request
from ledgerkit.domain.completions import Completion, Work, request_of
from ledgerkit.domain.credit_limits import Check, CreditLimit, check, limit_id
from ledgerkit.domain.ledger import AsOf, Balance, Event, Held, InsufficientFunds, address
from ledgerkit.jobs import steps
from ledgerkit.jobs.completion_facts import bookings_of, read_terms
from ledgerkit.jobs.completions import give_back_booking
from ledgerkit.jobs.overrides import read_override
from ledgerkit.jobs.rounds import until_stored

Balances: TypeAlias = Mapping[tuple[str, str], Balance]


async def preview_booking(work: Work, *, card: str, expires_at: datetime) -> BookingPreview:
    """Return what booking *work* by the rate card *card* would hold, and whether it may be.

    Nothing is stored, and the check explains itself, also where the limit is exceeded.

    Raises: as `book_work` does where *work* cannot be priced.
    """
    booked, _ = await _booked(work, card, expires_at, times=0)
    at = await steps.now()
    return BookingPreview(
        booked, _checked(booked, await _limit(booked), await _balances(work, at=at))
    )


async def book_work(
    work: Work,
    *,
    card: str,
    expires_at: datetime,
    actor: str,
    reason: str,
    override: str | None = None,
) -> Booked:
    """Reserve what *work* will come to by the rate card *card*, until the instant *expires_at*.

    The customer's credit limit is checked first, holds counted, so that a refusal explains itself;
    the floor of the wallet decides, so two bookings at once cannot both count on the same money:
    whoever comes second is checked again, and told. Asked again, nothing more is held. Work whose
    booking was cancelled or expired is booked anew.

    *override* is the id of one that lets it pass the limit, and that it uses up; the completion
    that captures what is held needs no other.

    Raises:
        BookingRefused: it would take the customer beyond the credit limit.
        WorkCompleted: it is done, and charged.
        UnknownOverride, IllegalTransition, OverrideExpired, OverrideForOther, OverrideExceeded:
            *override* lets nothing pass.
        KeyReused: other work is booked under this id.
        InsufficientFunds: a wallet has less room than the credit limit says.
        UnknownRateCard: *card* is not stored.
        NoRate, NoRental, NotCounted, SupplierNeeded, CurrencyMismatch: see `complete`.
        Stale: rates changed again and again meanwhile.
    """
    once = partial(_book_once, work, card, expires_at, override, actor=actor, reason=reason)
    try:
        return await until_stored(once)
    except InsufficientFunds:
        return await until_stored(once)  # another one came first: now the check says so


async def _book_once(
    work: Work,
    card: str,
    expires_at: datetime,
    override: str | None,
    *,
    actor: str,
    reason: str,
) -> Booked:
    at = await steps.now()
    balances = await _balances(work, at=at)
    # Read after the balances: held in between, this very booking would count against itself.
    earlier = await bookings_of(work.event)
    times = next_times(earlier, at=at)
    booked, read = await _booked(work, card, expires_at, times=times)
    if await steps.load(Completion, work.id) is not None:
        raise WorkCompleted(work.id)
    hold = booked.hold
    if hold is None:
        return booked
    if times < len(earlier):
        pass  # it is held already, and counts in what the check would see
    elif override is not None:
        leave = await read_override(override)
        if leave.record.journal != hold.id:  # else another worker did this since
            booked = let_pass(booked, leave.record, at=at)
            read = (*read, expect(leave))
    else:
        checked = _checked(booked, await _limit(booked), balances)
        if not checked.allowed:
            raise BookingRefused(work.id, checked)
    committed = await steps.commit(
        changes_of(
            booked,
            key=f"booking/{hold.id}",
            request=_request(work, card, expires_at),
            actor=actor,
            reason=reason,
            at=at,
            # Completed meanwhile, it would be charged and held.
            expects=(*read, Expect(Completion, work.id, 0)),
        )
    )
    if committed.replayed:  # it is held as it was priced then
        held = await steps.hold(hold.id)
        return attrs.evolve(booked, hold=hold if held is None else held.hold)
    return booked


def _request(work: Work, card: str, expires_at: datetime) -> Request:
    asked = dict(request_of(work, card=card).arguments)
    return request("work.book", **asked, expires_at=expires_at.isoformat())


async def _booked(
    work: Work, card: str, expires_at: datetime, *, times: int
) -> tuple[Booked, tuple[Expect, ...]]:
    rates, rental, read = await read_terms(work, card)
    return book(work, card=rates, rental=rental, expires_at=expires_at, times=times), read


async def _balances(work: Work, *, at: datetime) -> Balances:
    return await steps.balances(address("customer", work.customer), AsOf(live_at=at))


async def _limit(booked: Booked) -> CreditLimit | None:
    completion = booked.completion
    read = await steps.load(CreditLimit, limit_id(completion.customer, completion.currency))
    return None if read is None else read.record


def _checked(booked: Booked, limit: CreditLimit | None, balances: Balances) -> Check:
    """Return whether *limit* allows what is *booked* with *balances* before it."""
    completion = booked.completion
    wallet = address("customer", completion.customer)
    return check(
        limit,
        balances.get((wallet, completion.currency), Balance()),
        completion.charge,
        customer=completion.customer,
    )


async def cancel_booking(work: str, *, type: str, actor: str, reason: str) -> Held | None:
    """Give back what the booking of *work*, of that *type*, holds; return it as it was, if any.

    One that was cancelled, expired or used holds nothing any more, and nothing happens.
    """
    return await give_back_booking(Event(type, work), actor=actor, reason=reason)
