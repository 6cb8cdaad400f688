"""Incentives per period: extra pay of a match, earned once in each period of the billing cycle.

The first approved session of the incentive's days earns it, whatever days the run bills, and it
is taken back when none is approved any more. (seed 000; spec: billing 10, C-21)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import attrs

from ledgerkit.domain.billing_run.bookings import Bookings, bookings_of
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, reverse
from ledgerkit.domain.periods import Period
from ledgerkit.domain.sessions import APPROVED, Session, undone
from ledgerkit.domain.splits import PER_PERIOD, Incentive


def period_event(incentive: Incentive, period: Period, turn: int = 1) -> Event:
    """Return the fact that *incentive* was earned in *period*, for the *turn*-th time.

    It is earned again only after it was taken back.
    """
    return Event("incentive", incentive.id, f"{period}:{turn}" if turn > 1 else str(period))


def journal_id(incentive: Incentive, period: Period, turn: int) -> str:
    """Return the id of the journal that posts *incentive* for *period* in its *turn*."""
    return derive("jrn", "incentive", incentive.id, str(period), str(turn), on=period.start)


@attrs.frozen(kw_only=True)
class Earning:
    """The sessions that may earn an incentive in one period, by start.

    Attributes:
        incentive: The incentive.
        period: A whole period of the billing cycle.
        sessions: All sessions of its match and days, of whatever status.
        turns: As often as it may have been earned, and once more.
    """

    incentive: Incentive
    period: Period
    sessions: tuple[Session, ...]
    turns: int

    @property
    def kept(self) -> bool:
        """Whether an approved session speaks for it."""
        return any(session.status == APPROVED for session in self.sessions)

    def events(self) -> Iterator[Event]:
        """Yield the facts that tell whether it is posted now."""
        for turn in range(1, self.turns + 1):
            event = period_event(self.incentive, self.period, turn)
            yield from (event, undone(event))


def earnings(
    facts: Facts,
    customer: CustomerFacts,
    *,
    before: date | None = None,
    bookings: Bookings | None = None,
) -> Iterator[Earning]:
    """Yield what matches of *customer* may earn per period, by incentive and period.

    With *before*, only in periods that begin before that day.
    """
    wanted = [i for m in customer.matches for i in facts.incentives_of(m.id) if i.per == PER_PERIOD]
    if not wanted:
        return
    known = bookings_of(customer) if bookings is None else bookings
    for incentive in sorted(wanted, key=lambda i: i.id):
        periods: dict[Period, list[Session]] = {}
        for session in customer.sessions:
            on = known.day(session, customer.party.zone)
            if session.match == incentive.match and incentive.holds(on):
                periods.setdefault(facts.cycle.containing(on), []).append(session)
        for period in sorted(periods):
            if before is None or period.start < before:
                yield Earning(
                    incentive=incentive,
                    period=period,
                    sessions=tuple(sorted(periods[period], key=lambda s: (s.starts_at, s.id))),
                    turns=known.returns + 2,
                )


def pay_period_incentives(desk: Desk, sessions: Sequence[Session]) -> None:
    """Post each incentive that one of *sessions* earned and that is not posted, take back others.

    *sessions* are those in the scope of the run.
    """
    billed = {session.id for session in sessions}
    found = earnings(desk.facts, desk.customer, before=desk.period.end, bookings=desk.bookings)
    for earning in found:
        turn, posted = _standing(earning, desk.customer.posted)
        first = next((s for s in earning.sessions if s.id in billed), None)
        if not posted and first is not None:
            _post(desk, earning, first, turn)
        elif posted and not earning.kept and not _may_be_kept(desk, earning.period):
            _take_back(desk, earning, turn)


def _standing(earning: Earning, posted: frozenset[Event]) -> tuple[int, bool]:
    """Return the turn that is posted now, or that is next, and which of the two it is."""
    turn = 1
    while undone(period_event(earning.incentive, earning.period, turn)) in posted:
        turn += 1
    return turn, period_event(earning.incentive, earning.period, turn) in posted


def _may_be_kept(desk: Desk, period: Period) -> bool:
    """Return whether a session of *period* is booked that the facts do not tell of.

    It may have earned the incentive, and what nobody tells of is not un-approved.
    """
    told = {session.id for session in desk.customer.sessions}
    return any(on in period and id not in told for id, on in desk.bookings.live.items())


def _post(desk: Desk, earning: Earning, first: Session, turn: int) -> None:
    incentive = earning.incentive
    payee = f"supplier:{desk.match_of(first).supplier}"
    journal = Journal(
        id=journal_id(incentive, earning.period, turn),
        kind="incentive.earned",
        entries=(Entry(payee, incentive.amount), Entry("platform", -incentive.amount)),
        effective_at=first.starts_at,
        event=period_event(incentive, earning.period, turn),
    )
    desk.post(journal, on=desk.day(first))


def _take_back(desk: Desk, earning: Earning, turn: int) -> None:
    earned = desk.journal(journal_id(earning.incentive, earning.period, turn))
    reversal = reverse(
        earned, id=derive("jrn", "reversal", earned.id, on=earning.period.start), at=desk.as_of
    )
    event = undone(period_event(earning.incentive, earning.period, turn))
    desk.post(attrs.evolve(reversal, event=event))


def incentive_events(
    facts: Facts, customer: CustomerFacts, before: date | None = None
) -> frozenset[Event]:
    """Return the facts that tell which incentives per period of *customer* are posted."""
    found = earnings(facts, customer, before=before)
    return frozenset(event for earning in found for event in earning.events())


def incentive_journals(
    facts: Facts, customer: CustomerFacts, before: date | None = None
) -> frozenset[str]:
    """Return the ids of the journals of incentives per period that may have to be taken back."""
    return frozenset(
        journal_id(earning.incentive, earning.period, turn)
        for earning in earnings(facts, customer, before=before)
        if not earning.kept
        for turn in range(1, earning.turns + 1)
    )
