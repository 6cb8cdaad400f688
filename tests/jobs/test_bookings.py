"""Bookings as jobs: checked against the limit, held once, cancelled, used by the completion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.bookings import Booked, BookingRefused, WorkCompleted
from ledgerkit.domain.changes import Changes, Expect, KeyReused, request
from ledgerkit.domain.completions import Completed, Work
from ledgerkit.domain.credit_limits import Override, OverrideForOther
from ledgerkit.domain.ledger import InsufficientFunds, Limit, Wallet
from ledgerkit.domain.ledger.holds import CAPTURED, OPEN, RELEASED
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.rate_cards import CHARGE, RateCard
from ledgerkit.jobs.bookings import book_work, cancel_booking, preview_booking
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.credit_limits import set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.overrides import (
    UnknownOverride,
    approve_override,
    ask_override,
    use_override,
)
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import transfer
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.domain.flight_school import CARD, FOUR_LEGS_RENTAL, NOON, flight, rate, usd
from tests.people import MARIA, PEDRO

pytest_plugins = ("tests.plugins.sqlite",)
EXPIRES = NOON + timedelta(days=1)


@pytest.fixture
def host(empty_books: Store) -> Host:
    """Return a flight school where Ana may owe 500.00."""
    return school(empty_books)


def school(store: Store) -> Host:
    """Return a host on *store* with a rate card and a limit of 500.00."""
    host = Host(store=store, clock=FakeClock(NOON))
    opening = Changes(
        key="open",
        request=request("open"),
        actor="olga",
        reason="opening",
        at=NOON,
        records=(CARD, FOUR_LEGS_RENTAL),
    )
    store.commit(opening)
    limit = set_credit_limit("ana", usd("500.00"), actor=MARIA, reason="knows us", key="1")
    run(limit, host)
    return host


def booking(id: str = "f-1", quantity: Any = Fraction(3, 2), **fields: Any) -> Job[Booked]:
    """Return the job that books 1.5 hours, 300.00."""
    asked: dict[str, Any] = {
        "card": "school",
        "expires_at": EXPIRES,
        "actor": "desk",
        "reason": "booked",
    }
    return book_work(flight(quantity, id=id), **(asked | fields))


def completing(work: Work) -> Job[Completed]:
    """Return the job that charges *work*."""
    return complete_work(work, card="school", actor="desk", reason="flown")


def held_out(host: Host) -> int:
    """Return what is held of Ana's wallet, in cents."""
    return host.store.balance("customer:ana", "USD").held_out


def owed(host: Host) -> int:
    """Return what Ana's wallet has, in cents."""
    return host.store.balance("customer:ana", "USD").posted


def test_the_second_booking_explains_why_not(host: Host) -> None:
    """300.00 of 500.00 are held; 300.00 more is 600.00, and nothing is stored of it."""
    run(booking("f-1"), host)
    with pytest.raises(BookingRefused) as refused:
        run(booking("f-2"), host)

    assert (
        "'f-2' is not booked: 300.00 USD more takes ana to an exposure of 600.00 USD of "
        "a limit of 500.00 USD (exceeded), so it is blocked; 200.00 USD is available"
    ) == str(refused.value)
    assert 30_000 == held_out(host)


def test_a_booking_is_not_in_its_own_way() -> None:
    """Two workers book the same 300.00 of 500.00 at once: it is held once, and nobody refused."""
    for number in range(1, 8):
        host = school(MemoryStore())
        done = run(booking(), Rigged(host, {number: overtaken(booking)}))

        assert done.hold is not None
        assert 30_000 == held_out(host)


def test_asked_again_nothing_more_is_held(host: Host) -> None:
    """The same work is the same booking; other work under its id is a mistake."""
    first, again = run(booking(), host), run(booking(), host)

    assert first == again
    assert 30_000 == held_out(host)
    with pytest.raises(KeyReused):
        run(booking(quantity=Fraction(1)), host)


def test_a_preview_is_what_is_booked_and_stores_nothing(host: Host) -> None:
    """The check is made, the hold is not; one beyond the limit is explained, not refused."""
    seen = run(preview_booking(flight(Fraction(3, 2)), card="school", expires_at=EXPIRES), host)

    assert 0 == held_out(host)
    assert run(booking(), host) == seen.booked
    assert (True, usd("500.00")) == (seen.check.allowed, seen.check.available)
    second = preview_booking(flight(Fraction(3, 2), id="f-2"), card="school", expires_at=EXPIRES)
    with pytest.raises(BookingRefused) as refused:
        run(booking("f-2"), host)
    assert refused.value.check == run(second, host).check


def test_what_is_held_is_returned_whatever_the_rates_became(host: Host) -> None:
    """An hour costs more by now: asked again, the booking is the one that was made."""
    first = run(booking(), host)
    dearer = rate(CHARGE, "flight", "250", NOON.date())
    change = Changes(
        key="dearer",
        request=request("dearer"),
        actor="olga",
        reason="fuel",
        at=NOON,
        records=(attrs.evolve(CARD, rates=(*CARD.rates, dearer)),),
        expects=(Expect(RateCard, "school", 1),),
    )
    host.store.commit(change)

    assert usd("375.00") == run(booking(), host).completion.charge
    assert first.hold == run(booking(), host).hold


def test_what_is_done_is_not_booked(host: Host) -> None:
    """It is charged: a hold would take the money a second time."""
    run(completing(flight(Fraction(3, 2))), host)
    with pytest.raises(WorkCompleted, match="'f-1' is completed and charged"):
        run(booking(), host)

    assert (-30_000, 0) == (owed(host), held_out(host))


def test_what_is_done_meanwhile_is_not_booked() -> None:
    """Before any step of the booking somebody completes the work."""
    clean = Rigged(school(MemoryStore()))
    run(booking(), clean)
    for number in range(1, len(clean.names) + 1):
        host = school(MemoryStore())
        other = overtaken(lambda: completing(flight(Fraction(3, 2))))
        # Where the limit is not enough for both, the check may say so first.
        with pytest.raises((WorkCompleted, BookingRefused)):
            run(booking(), Rigged(host, {number: other}))

        assert (-30_000, 0) == (owed(host), held_out(host))


@pytest.mark.parametrize(
    ("flown", "charged"), [(Fraction(1), 20_000), (Fraction(2), 40_000), (Fraction(0), 0)]
)
def test_completed_while_it_is_cancelled(flown: Fraction, charged: int) -> None:
    """Before any step: the charge stands, nothing stays held, and nobody is refused."""
    clean = school(MemoryStore())
    run(booking(), clean)
    rigged = Rigged(clean)
    cancel = {"type": "flight", "actor": "desk", "reason": "bad weather"}
    run(cancel_booking("f-1", **cancel), rigged)
    for number in range(1, len(rigged.names) + 1):
        host = school(MemoryStore())
        run(booking(), host)
        other = overtaken(lambda: completing(flight(flown)))
        given_back = run(cancel_booking("f-1", **cancel), Rigged(host, {number: other}))

        assert (None, -charged, 0) == (given_back, owed(host), held_out(host))


def test_booked_in_the_moment_in_which_it_is_completed() -> None:
    """Before any step of a completion it is booked: captured or given back, it holds nothing.

    Once it is completed it cannot be booked.
    """
    work = flight(Fraction(1, 2))
    clean = Rigged(school(MemoryStore()))
    run(completing(work), clean)
    committed = clean.names.index("commit") + 1
    for number in range(1, len(clean.names) + 1):
        host = school(MemoryStore())
        rigged = Rigged(host, {number: overtaken(booking)})
        if number <= committed:
            run(completing(work), rigged)
        else:
            with pytest.raises(WorkCompleted):
                run(completing(work), rigged)

        assert (-10_000, 0) == (owed(host), held_out(host))
        assert () == broken_laws(books(host.store))


def test_whoever_books_second_is_told_the_numbers() -> None:
    """Before any step of one booking another one takes the room."""
    clean = Rigged(school(MemoryStore()))
    run(booking(), clean)
    for number in range(1, len(clean.names) + 1):
        host = school(MemoryStore())
        with pytest.raises(BookingRefused, match=r"200\.00 USD is available"):
            run(booking(), Rigged(host, {number: overtaken(lambda: booking("f-2"))}))

        assert 30_000 == held_out(host)


def test_a_floor_that_is_narrower_than_the_limit() -> None:
    """The check lets it pass and the books do not: theirs is the last word."""
    host = school(MemoryStore())
    change = Changes(
        key="narrow",
        request=request("narrow"),
        actor="olga",
        reason="by hand",
        at=NOON,
        policies=(Wallet("customer:ana", (Limit("USD", floor=-100),)),),
    )
    host.store.commit(change)
    with pytest.raises(InsufficientFunds, match=r"short by 299\.00 USD"):
        run(booking(), host)


@pytest.mark.parametrize(
    ("flown", "charged", "state"),
    [
        (Fraction(3, 2), 30_000, CAPTURED),
        (Fraction(1), 20_000, CAPTURED),
        (Fraction(9, 5), 36_000, RELEASED),
        (Fraction(5, 2), 50_000, RELEASED),
    ],
)
def test_a_completion_uses_its_booking(
    host: Host, flown: Fraction, charged: int, state: str
) -> None:
    """As booked, less, more, and up to the whole limit, which the hold is part of."""
    hold = run(booking(), host).hold
    assert hold is not None
    done, again = (run(completing(flight(flown)), host) for _ in range(2))
    kept = host.store.hold(hold.id)

    assert done == again
    assert kept is not None
    assert (-charged, 0, state) == (owed(host), held_out(host), kept.state)


def test_more_than_the_limit_is_refused_and_the_booking_stays(host: Host) -> None:
    """2.6 hours are 520.00: neither is the hold given back nor anything charged."""
    run(booking(), host)
    with pytest.raises(InsufficientFunds):
        run(completing(flight(Fraction(13, 5))), host)

    assert (0, 30_000) == (owed(host), held_out(host))


def test_a_cancelled_booking_gives_back_and_may_be_made_anew(host: Host) -> None:
    """Cancelling twice is cancelling once; the next booking has a hold of its own."""
    first = run(booking(), host)
    cancel = {"type": "flight", "actor": "desk", "reason": "bad weather"}
    given_back = [run(cancel_booking("f-1", **cancel), host) for _ in range(2)]
    after = held_out(host)
    second = run(booking(), host)

    assert [OPEN, None] == [held and held.state for held in given_back]
    assert 0 == after
    assert first.hold != second.hold
    assert 30_000 == held_out(host)


def approved(host: Host) -> str:
    """Return the id of an override of 400.00 for Ana that Maria asked for and Pedro approved."""
    asking = ask_override(
        "ana", usd("400"), reference="f-2", reason="known", expires_at=EXPIRES, actor=MARIA
    )
    id = run(asking, host).id
    run(approve_override(id, actor=PEDRO, reason="known for years"), host)
    return id


def test_an_override_books_beyond_the_limit_once(host: Host) -> None:
    """600.00 of 500.00 are held; it is used up, and the charge needs no other."""
    run(booking("f-1"), host)
    id = approved(host)
    with pytest.raises(UnknownOverride):
        run(booking("f-2", override="ovr_none"), host)
    booked, again = (run(booking("f-2", override=id), host) for _ in range(2))
    with pytest.raises(IllegalTransition, match="override is used"):
        run(booking("f-3", override=id), host)
    assert 60_000 == held_out(host)
    run(completing(flight(Fraction(3, 2), id="f-2")), host)

    used = host.store.load(Override, id)
    assert used is not None
    assert booked.hold is not None
    assert booked.hold == again.hold
    assert (id, "used", booked.hold.id) == (
        booked.hold.forced_by,
        used.record.status,
        used.record.journal,
    )
    assert (-30_000, 30_000) == (owed(host), held_out(host))
    assert () == broken_laws(books(host.store))


def test_an_override_is_for_the_work_that_it_names(host: Host) -> None:
    """Approved for f-2, it does not let f-3 pass, and is not used up by that."""
    run(booking("f-1"), host)
    id = approved(host)
    with pytest.raises(OverrideForOther, match="was approved for 'f-2', not for 'f-3'"):
        run(booking("f-3", override=id), host)

    assert id == run(booking("f-2", override=id), host).hold.forced_by  # type: ignore[union-attr]


def test_one_override_lets_one_of_two_postings_pass() -> None:
    """Before any step of a booking it is used to charge: both would be beyond what was allowed."""
    clean = school(MemoryStore())
    run(booking("f-1"), clean)
    id = approved(clean)
    rigged = Rigged(clean)
    run(booking("f-2", override=id), rigged)
    charged = transfer("f-2", "customer:ana", "platform", 30_000, currency="USD")
    for number in range(1, len(rigged.names) + 1):
        host = school(MemoryStore())
        run(booking("f-1"), host)
        other = overtaken(lambda: use_override(id, charged, actor=MARIA, reason="flown"))
        approved(host)
        with pytest.raises(IllegalTransition, match="override is used"):
            run(booking("f-2", override=id), Rigged(host, {number: other}))

        assert (-30_000, 30_000) == (owed(host), held_out(host))


def test_an_expired_booking_counts_no_more(host: Host) -> None:
    """A day later another flight can be booked, and the first one is charged plainly."""
    run(booking(), host)
    host.clock.set(EXPIRES)  # type: ignore[attr-defined]
    run(booking("f-2", expires_at=EXPIRES + timedelta(days=1)), host)
    run(completing(flight(Fraction(1))), host)

    assert (-20_000, 30_000) == (owed(host), held_out(host))


def test_two_bookings_at_once_do_not_count_on_the_same_money() -> None:
    """Eight threads book 300.00 each of 500.00: one passes, whatever their checks saw."""
    host = school(MemoryStore())

    def try_one(n: int) -> bool:
        try:
            run(booking(f"f-{n}"), host)
        except BookingRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        passed = list(threads.map(try_one, range(8)))

    assert (1, 30_000) == (sum(passed), held_out(host))
