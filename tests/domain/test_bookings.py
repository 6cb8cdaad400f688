"""Bookings: what planned work would come to is held, and used when the work is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.bookings import (
    BookingRefused,
    WorkCompleted,
    book,
    booking_id,
    let_pass,
    next_times,
    redeem,
)
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.completions import Completed, complete
from ledgerkit.domain.credit_limits import approve, check, request_override
from ledgerkit.domain.ledger import Balance, Event, Held, Journal
from ledgerkit.domain.ledger.holds import RELEASED, placed
from tests.domain.flight_school import CARD, NOON, amounts, flight, usd

EXPIRES = datetime(2026, 10, 6, tzinfo=UTC)


def held(quantity: Fraction = Fraction(3, 2)) -> Held:
    """Return the hold of a booking of 1.5 hours, 300.00."""
    hold = book(flight(quantity), card=CARD, expires_at=EXPIRES).hold
    assert hold is not None
    return placed(hold, at=NOON)


def done(quantity: Fraction = Fraction(3, 2), **fields: str) -> Completed:
    """Return what was flown in the end."""
    return complete(flight(quantity, **fields), card=CARD)


def journal_of(completed: Completed) -> Journal:
    """Return the journal of what was charged."""
    assert completed.journal is not None
    return completed.journal


def test_a_booking_holds_what_the_flight_would_come_to() -> None:
    """1.5 hours at 200.00, of which 120.00 an hour are the instructor's: every leg is held."""
    booked = book(flight(Fraction(3, 2)), card=CARD, expires_at=EXPIRES)

    assert booked.hold is not None
    assert {
        "customer:ana": "-300.00",
        "supplier:tom": "+180.00",
        "platform": "+120.00",
    } == amounts(booked.hold.entries)
    assert (EXPIRES, booking_id(Event("flight", "f-1"), 0)) == (
        booked.hold.expires_at,
        booked.hold.id,
    )
    assert (booked.hold,) == booked.effects.holds
    assert {"customer:ana", "supplier:tom", "platform"} == {w.id for w in booked.effects.opens}


def test_an_override_lets_a_booking_pass() -> None:
    """The hold names it, and it is used up with it; what is free needs none."""
    asked = request_override(
        "ana", usd("300"), reference="f-1", reason="known", by="maria", expires_at=EXPIRES, at=NOON
    )
    override = approve(asked.override, by="pedro", at=NOON).override
    booked = book(flight(Fraction(3, 2)), card=CARD, expires_at=EXPIRES)
    free = book(flight(Fraction(0)), card=CARD, expires_at=EXPIRES)
    passed = let_pass(booked, override, at=NOON)

    assert passed.hold is not None
    assert passed.override is not None
    assert (override.id, passed.hold.id) == (passed.hold.forced_by, passed.override.journal)
    assert ((passed.override,), (passed.hold,)) == (passed.effects.records, passed.effects.holds)
    assert free == let_pass(free, override, at=NOON)


def test_what_is_free_holds_nothing() -> None:
    """No leg, no hold."""
    booked = book(flight(Fraction(0)), card=CARD, expires_at=EXPIRES)

    assert booked.hold is None
    assert Effects() == booked.effects


def test_less_than_was_booked_captures_part() -> None:
    """1.0 of 1.5 hours: the journal captures 200.00 of 300.00, and the rest is given back."""
    redeemed = redeem(done(Fraction(1)), held(), at=NOON)

    assert held().hold.id == journal_of(redeemed.completed).captures
    assert redeemed.releases is None
    assert () == held().captured(journal_of(redeemed.completed)).remaining


def test_more_than_was_booked_is_charged_plainly() -> None:
    """1.8 of 1.5 hours: one journal charges all of it, once the hold is released."""
    redeemed = redeem(done(Fraction(9, 5)), held(), at=NOON)

    assert done(Fraction(9, 5)) == redeemed.completed
    assert held().hold.id == redeemed.releases


def test_another_instructor_than_was_booked_is_charged_plainly() -> None:
    """The hold reserves money for somebody else."""
    redeemed = redeem(done(supplier="eva"), held(), at=NOON)

    assert (None, held().hold.id) == (journal_of(redeemed.completed).captures, redeemed.releases)


def test_what_turned_out_free_releases_the_booking() -> None:
    """Nothing was flown."""
    redeemed = redeem(done(Fraction(0)), held(), at=NOON)

    assert (None, held().hold.id) == (redeemed.completed.journal, redeemed.releases)


def test_a_booking_that_is_over_is_not_used() -> None:
    """None, one that was cancelled, and one that expired, at its last instant already."""
    cancelled = attrs.evolve(held(), state=RELEASED, remaining=())
    late = EXPIRES - timedelta(microseconds=1)

    assert done() == redeem(done(), None, at=NOON).completed
    assert done() == redeem(done(), cancelled, at=NOON).completed
    assert done() == redeem(done(), held(), at=EXPIRES).completed
    assert done() != redeem(done(), held(), at=late).completed


def test_work_is_booked_anew_under_another_id() -> None:
    """One that is open stays the one; after it was cancelled or expired another one is made."""
    cancelled = attrs.evolve(held(), state=RELEASED, remaining=())

    assert [0, 0, 1, 1, 2] == [
        next_times([], at=NOON),
        next_times([held()], at=NOON),
        next_times([cancelled], at=NOON),
        next_times([held()], at=EXPIRES),
        next_times([cancelled, cancelled], at=NOON),
    ]
    assert booking_id(Event("flight", "f-1"), 0) != booking_id(Event("flight", "f-1"), 1)


def test_a_refusal_says_why() -> None:
    """The sentence of the check, with the figures."""
    refused = BookingRefused("f-1", check(None, Balance(), usd("300.00"), customer="ana"))

    assert (
        "'f-1' is not booked: 300.00 USD more takes ana to an exposure of 300.00 USD; "
        "no limit is set, so it is allowed"
    ) == str(refused)
    assert "'f-1' is completed and charged; adjust it, or book other work" == str(
        WorkCompleted("f-1")
    )


@given(st.fractions(0, 9), st.fractions(0, 9))
def test_what_was_done_is_charged_in_full_whatever_was_booked(
    planned: Fraction, flown: Fraction
) -> None:
    """The completion is the same; the hold is captured, released, or was not there."""
    hold = book(flight(planned), card=CARD, expires_at=EXPIRES).hold
    booked = None if hold is None else placed(hold, at=NOON)
    redeemed = redeem(done(flown), booked, at=NOON)
    journal = redeemed.completed.journal

    assert done(flown).completion == redeemed.completed.completion
    assert done(flown).journal == (journal and attrs.evolve(journal, captures=None))
    captured = journal is not None and journal.captures is not None
    assert (booked is not None) == (captured or redeemed.releases is not None)
    assert not captured or flown <= planned
