"""Holds: what is set aside, what captures leave of it, and when it is over. (spec: ledger 4)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Changes, Effects, changes_of, request
from ledgerkit.domain.ledger import (
    AsOf,
    Balance,
    Book,
    CaptureExceedsHold,
    CeilingExceeded,
    Condition,
    ConditionFailed,
    Entry,
    Event,
    EventAlreadyPosted,
    Held,
    Hold,
    HoldAlreadyPlaced,
    HoldCaptured,
    HoldExpired,
    HoldNotFound,
    HoldReleased,
    InsufficientFunds,
    Journal,
    Limit,
    Overflow,
    PostingRefused,
    SelfCancelling,
    TooFewLegs,
    Unbalanced,
    UnknownCurrencies,
    UnknownWallet,
    Wallet,
    WalletClosed,
    WalletCurrencyMismatch,
    WalletFrozen,
    ZeroAmount,
    capture,
    known_state,
    post_many,
)
from ledgerkit.domain.ledger.holds import CAPTURED, EXPIRED, OPEN, RELEASED, placed
from ledgerkit.domain.ledger.wallets import INT64
from ledgerkit.domain.money import ISO, Money
from ledgerkit.testing import strategies as of

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
FLIGHT = Event("flight", "123")
ENDS = "2026-10-01T13:00:00+00:00"


def hour(n: int) -> datetime:
    """Return the instant *n* hours after noon."""
    return NOON + timedelta(hours=n)


def legs(*pairs: tuple[str, int]) -> tuple[Entry, ...]:
    """Return entries of (wallet, cents)."""
    return tuple(Entry(wallet, Money(minor, "USD")) for wallet, minor in pairs)


def hold(*pairs: tuple[str, int], id: str = "h", **fields: Any) -> Hold:
    """Return a hold of (wallet, cents); it does not expire unless *fields* say so."""
    given_: dict[str, Any] = {"kind": "flight.charged", "entries": legs(*pairs), "expires_at": None}
    return Hold(id=id, **{**given_, **fields})


def journal(*pairs: tuple[str, int], id: str = "j", **fields: Any) -> Journal:
    """Return a journal of (wallet, cents) at noon."""
    return Journal(id=id, kind="moved", entries=legs(*pairs), effective_at=NOON, **fields)


def book(*wallets: Wallet, **posted: int) -> Book:
    """Return a book with *wallets* and with those that are named, which have so much."""
    known = {wallet.id for wallet in wallets}
    others = [Wallet(id) for id in posted if id not in known]
    balances = {(id, "USD"): Balance(minor) for id, minor in posted.items()}
    return Book(wallets=[*wallets, *others], balances=balances)


# The flight of seed 002: the student pays 100.00, 60.00 for the instructor, 40.00 for the platform.
TRIP = hold(("student", -10_000), ("instructor", 6000), ("platform", 4000))
STUDENT = Wallet("student", (Limit("USD", 0),))


def school(posted: int = 15_000) -> Book:
    """Return the books of a flight school whose student has *posted* cents and no credit."""
    return book(STUDENT, student=posted, instructor=0, platform=0)


def held_of(books: Book, id: str = "h") -> Held:
    """Return a hold as it stands."""
    return books.holdings.by_id[id]


# ---- a hold by itself ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"id": ""}, ValueError, "hold id"),
        ({"kind": " x"}, ValueError, "hold kind"),
        ({"event": "flight"}, TypeError, "event must be"),
        ({"multi": 1}, TypeError, "multi must be True or False"),
        ({"forced_by": ""}, ValueError, "forced_by"),
        ({"requires": [1]}, TypeError, "requires"),
        ({"metadata": (("a", "b"), ("a", "c"))}, ValueError, "each thing once"),
        ({"expires_at": datetime(2026, 1, 1)}, ValueError, "no time zone"),  # noqa: DTZ001
        ({"entries": [1]}, TypeError, "tuple of Entry"),
        ({"entries": legs(("a", 1))}, TooFewLegs, "hold 'h' has 1 leg"),
        ({"entries": legs(("a", 0), ("b", 0))}, ZeroAmount, "hold 'h' moves 0"),
        ({"entries": legs(("a", -1), ("b", 2))}, Unbalanced, r"hold 'h' is off by 0.01 USD"),
        ({"entries": legs(("a", -1), ("a", 1))}, SelfCancelling, "hold 'h' nets to zero"),
    ],
)
def test_a_hold_is_checked_like_a_journal(
    fields: dict[str, Any], error: type[Exception], says: str
) -> None:
    """None exists that no journal could capture."""
    with pytest.raises(error, match=says):
        hold(("a", -1), ("b", 1), **fields)


def test_what_it_keeps_of_each_wallet() -> None:
    """Leg by leg: what would pass through a wallet is kept, and no money yet."""
    through = placed(hold(("a", -9), ("b", 5), ("a", 2), ("b", 2)), at=NOON)

    assert {("a", "USD"): (9, 2), ("b", "USD"): (0, 7)} == through.amounts()
    assert legs(("a", -9), ("b", 7), ("a", 2)) == through.remaining


def test_its_end_is_not_part_of_it() -> None:
    """A hold of an hour from noon holds at 12:59:59 and not at 13:00:00."""
    hours = placed(attrs.evolve(TRIP, expires_at=hour(1)), at=NOON)

    assert [OPEN, EXPIRED, EXPIRED] == [
        hours.state_at(at) for at in (hour(1) - timedelta(seconds=1), hour(1), hour(9))
    ]
    assert OPEN == placed(TRIP, at=NOON).state_at(hour(10**6))
    assert RELEASED == hours.ended(RELEASED).state_at(hour(9))


def test_states_that_there_are() -> None:
    """Anything else is a mistake of the caller."""
    known_state(None)
    known_state(CAPTURED)
    with pytest.raises(ValueError, match="a hold is open, captured, released, expired"):
        known_state("settled")


# ---- capturing -------------------------------------------------------------------------------
def test_a_capture_has_the_legs_as_they_were_reserved() -> None:
    """Also two on one wallet; with the event of the hold and what it says, and more."""
    trip = hold(
        ("student", -100),
        ("instructor", 60),
        ("instructor", 40),
        event=FLIGHT,
        metadata=(("tail", "N512DS"),),
    )
    journal = capture(placed(trip, at=NOON), id="j", at=hour(2), metadata=(("hobbs", "1.5"),))

    assert (
        Journal(
            id="j",
            kind="flight.charged",
            entries=trip.entries,
            effective_at=hour(2),
            event=FLIGHT,
            captures="h",
            metadata=(("tail", "N512DS"), ("hobbs", "1.5")),
        )
        == journal
    )


def test_a_later_capture_has_what_is_left() -> None:
    """And an event of its own, since the first capture claimed that of the hold."""
    held = placed(attrs.evolve(TRIP, multi=True, event=FLIGHT), at=NOON)
    part = legs(("student", -50), ("instructor", 50))
    first = capture(held, id="j-1", at=NOON, part=part)
    left = held.captured(first)
    again = attrs.evolve(FLIGHT, part="2")
    last = capture(left, id="j-2", at=NOON, event=again)

    assert (part, FLIGHT) == (first.entries, first.event)
    assert legs(("student", -9950), ("instructor", 5950), ("platform", 4000)) == left.remaining
    assert (OPEN, ("j-1",)) == (left.state, left.captures)
    assert (left.remaining, again) == (last.entries, last.event)
    assert (CAPTURED, (), ("j-1", "j-2")) == attrs.astuple(
        left.captured(last), filter=lambda a, _: a.name in ("state", "remaining", "captures")
    )


def test_a_hold_that_is_settled_is_captured_in_vain() -> None:
    """The journal can be built; the books say why it is not posted."""
    held = placed(TRIP, at=NOON).ended(RELEASED)

    assert TRIP.entries == capture(held, id="j", at=NOON).entries


def test_a_journal_captures_or_reverses() -> None:
    """Not both; and a capture names its hold."""
    with pytest.raises(ValueError, match="not both"):
        journal(("a", -1), ("b", 1), captures="h", reverses="j")
    with pytest.raises(ValueError, match="captures"):
        journal(("a", -1), ("b", 1), captures="")


# ---- in the books ----------------------------------------------------------------------------
def test_a_booked_flight_is_reserved_and_flown() -> None:
    """150.00 prepaid, 100.00 reserved: 50.00 are available; the capture moves what was reserved."""
    books = school()
    books.place(TRIP, at=NOON)

    assert Balance(15_000, 10_000, 0) == books.balance("student", "USD")
    assert Balance(0, 0, 6000) == books.balance("instructor", "USD")
    with pytest.raises(InsufficientFunds) as caught:
        books.place(hold(("student", -5001), ("platform", 5001), id="h-2"), at=NOON)
    assert (5000, 10_000, 1) == attrs.astuple(
        caught.value.shortages[0],
        filter=lambda a, _: a.name in ("available", "held", "short_by"),
    )
    books.post(capture(held_of(books), id="j", at=NOON), at=NOON)
    assert Balance(5000) == books.balance("student", "USD")
    assert Balance(6000) == books.balance("instructor", "USD")
    assert {} == books.held


def test_a_shorter_flight_gives_the_rest_back() -> None:
    """80.00 of 100.00 are captured, 20.00 are available again."""
    books = school()
    books.place(TRIP, at=NOON)
    flown = legs(("student", -8000), ("instructor", 4800), ("platform", 3200))
    books.post(capture(held_of(books), id="j", at=NOON, part=flown), at=NOON)

    assert Balance(7000) == books.balance("student", "USD")
    assert (CAPTURED, ()) == (held_of(books).state, held_of(books).remaining)


@pytest.mark.parametrize(
    ("part", "excess"),
    [
        ((("student", -10_001), ("platform", 10_001)), (("student", -1), ("platform", 6001))),
        ((("student", -1), ("elsewhere", 1)), (("elsewhere", 1),)),
        ((("student", 1), ("platform", -1)), (("student", 1), ("platform", -1))),
    ],
)
def test_a_capture_is_bounded_leg_by_leg(
    part: tuple[tuple[str, int], ...], excess: tuple[tuple[str, int], ...]
) -> None:
    """By wallet, currency and direction; the excess is named."""
    books = school()
    books.open(Wallet("elsewhere"))
    books.place(TRIP, at=NOON)
    over = capture(held_of(books), id="j", at=NOON, part=legs(*part))

    with pytest.raises(CaptureExceedsHold, match="more than hold 'h' has left") as caught:
        books.post(over, at=NOON)
    assert legs(*excess) == caught.value.excess


@pytest.mark.parametrize(
    ("settle", "error", "says"),
    [
        (
            lambda b: b.post(capture(held_of(b), id="j-1", at=NOON), at=NOON),
            HoldCaptured,
            "hold 'h' is captured by j-1; nothing of it is left",
        ),
        (lambda b: b.release("h", at=NOON), HoldReleased, "hold 'h' is released; place a new one"),
        (
            lambda _: None,
            HoldExpired,
            f"hold 'h' expired at {ENDS} and was asked for at {ENDS}; place a new one",
        ),
    ],
)
def test_a_hold_is_settled_once(
    settle: Callable[[Book], object], error: type[PostingRefused], says: str
) -> None:
    """What became of it first stays, also when its time is over since."""
    books = school()
    books.place(attrs.evolve(TRIP, expires_at=hour(1)), at=NOON)
    settle(books)
    late = capture(held_of(books), id="j", at=hour(1))

    with pytest.raises(error) as posted:
        books.post(late, at=hour(1))
    with pytest.raises(error) as released:
        books.release("h", at=hour(1))
    assert says == str(posted.value) == str(released.value)


def test_a_hold_that_was_never_placed() -> None:
    """It can be neither captured nor released."""
    with pytest.raises(HoldNotFound, match="hold 'h' was never placed; check its id"):
        school().post(capture(placed(TRIP, at=NOON), id="j", at=NOON), at=NOON)
    with pytest.raises(HoldNotFound):
        school().release("h", at=NOON)


@pytest.mark.parametrize(
    ("wallet", "fields", "error"),
    [
        ({}, {"id": "taken"}, HoldAlreadyPlaced),
        (
            {},
            {"entries": (Entry("a", Money(-1, "XXA")), Entry("b", Money(1, "XXA")))},
            UnknownCurrencies,
        ),
        ({}, {"entries": legs(("a", -INT64 - 1), ("b", INT64 + 1))}, Overflow),
        (
            {"limits": (Limit("USD", -INT64),)},
            {"entries": legs(("a", -INT64), ("b", INT64))},
            Overflow,
        ),
        (
            {"limits": (Limit("USD", ceiling=INT64),)},
            {"entries": legs(("b", -INT64), ("a", INT64))},
            Overflow,
        ),
        ({"status": "frozen"}, {"event": FLIGHT}, EventAlreadyPosted),
        ({"status": "frozen"}, {"entries": legs(("a", -1), ("who", 1))}, UnknownWallet),
        ({"status": "frozen"}, {"requires": (Condition("who", Money(0, "USD")),)}, UnknownWallet),
        ({"status": "frozen", "currencies": frozenset({"EUR"})}, {}, WalletCurrencyMismatch),
        ({"status": "frozen"}, {"expires_at": NOON}, WalletFrozen),
        ({"status": "closed"}, {"expires_at": NOON}, WalletClosed),
        ({}, {"expires_at": NOON, "requires": (Condition("a", Money(99, "USD")),)}, HoldExpired),
        (
            {"limits": (Limit("USD", 0),)},
            {"requires": (Condition("a", Money(99, "USD")),)},
            ConditionFailed,
        ),
        ({"limits": (Limit("USD", 0),)}, {"entries": legs(("a", -9), ("b", 9))}, InsufficientFunds),
        (
            {"limits": (Limit("USD", ceiling=1),)},
            {"entries": legs(("a", 9), ("b", -9))},
            CeilingExceeded,
        ),
    ],
)
def test_why_a_hold_is_not_placed(
    wallet: dict[str, Any], fields: dict[str, Any], error: type[PostingRefused]
) -> None:
    """In the order in which a journal is checked."""
    books = book(Wallet("a", **wallet), Wallet("b"), Wallet("c"), Wallet("d"))
    books.place(hold(("c", -1), ("d", 1), id="taken"), at=NOON)
    for n, pair in enumerate((("a", "b"), ("b", "a"))):
        if "limits" in wallet and error is Overflow:
            books.place(hold((pair[0], -1), (pair[1], 1), id=f"one {n}"), at=NOON)
    books.events[FLIGHT] = "j-0"

    with pytest.raises(error):
        books.place(hold(("a", -1), ("b", 1), **fields), at=NOON)
    assert "h" not in books.holdings.by_id


def test_a_hold_is_placed_once() -> None:
    """Until the placing is undone, for a batch that fails half way."""
    books = school()
    over = hold(("student", -1), ("platform", 1), id="over", expires_at=hour(1))
    books.place(over, at=NOON)
    before = dict(books.holdings.by_id), dict(books.held)
    changed = books.place(TRIP, at=hour(1))

    with pytest.raises(HoldAlreadyPlaced, match="hold 'h' is placed already; replay its commit"):
        books.place(TRIP, at=hour(1))
    books.holdings.take("h")
    books.restore(changed)
    assert before == (books.holdings.by_id, books.held)


def test_somebody_may_reserve_what_is_not_there() -> None:
    """Below the floor goes whoever may; the capture then needs nobody."""
    books = school(0)
    books.place(attrs.evolve(TRIP, forced_by="chief"), at=NOON)
    books.post(capture(held_of(books), id="j", at=NOON), at=NOON)

    assert Balance(-10_000) == books.balance("student", "USD")


def test_a_release_works_on_closed_wallets() -> None:
    """A capture does not."""
    books = school()
    books.place(TRIP, at=NOON)
    books.wallets["platform"] = Wallet("platform", status="closed")

    with pytest.raises(WalletClosed):
        books.post(capture(held_of(books), id="j", at=NOON), at=NOON)
    books.release("h", at=NOON)
    assert Balance(15_000) == books.balance("student", "USD")


# ---- expiry ----------------------------------------------------------------------------------
def test_nobody_is_refused_for_what_has_expired() -> None:
    """Who needs the room has it, and the hold is over for whoever comes with an earlier instant."""
    books = school()
    books.place(attrs.evolve(TRIP, expires_at=hour(1)), at=NOON)
    before = books.post(journal(("student", -15_000), ("platform", 15_000)), at=hour(1))

    assert Balance(0) == books.balance("student", "USD")
    assert (EXPIRED,) == (held_of(books).state,)
    assert (OPEN,) == tuple(each.state for each in before)
    with pytest.raises(HoldExpired):
        books.release("h", at=NOON)


def test_what_has_expired_takes_no_space() -> None:
    """Nor is anybody refused for it at a ceiling."""
    books = book(Wallet("jar", (Limit("USD", ceiling=100),)), bank=0)
    books.place(hold(("bank", -100), ("jar", 100), expires_at=hour(1)), at=NOON)
    with pytest.raises(CeilingExceeded):
        books.post(journal(("bank", -1), ("jar", 1)), at=NOON)
    books.post(journal(("bank", -100), ("jar", 100)), at=hour(1))

    assert Balance(100) == books.balance("jar", "USD")


def test_a_condition_does_not_count_what_has_expired() -> None:
    """It looks at what is available at its instant, and ends nothing."""
    books = school()
    books.place(attrs.evolve(TRIP, expires_at=hour(1)), at=NOON)
    covered = (Condition("student", at_least=Money(15_000, "USD")),)
    top_up = journal(("platform", -1), ("student", 1), requires=covered)
    with pytest.raises(ConditionFailed):
        books.post(top_up, at=NOON)
    books.post(top_up, at=hour(1))

    assert OPEN == held_of(books).state
    assert Balance(15_001, 10_000) == books.balance("student", "USD")


def test_a_new_hold_clears_away_what_is_over() -> None:
    """Of the wallets that it takes from; others stay as they are."""
    books = school(99_999)
    for n, ends in enumerate((hour(1), hour(2), hour(1))):
        pair = ("student", "platform") if n < 2 else ("platform", "student")
        short = hold((pair[0], -1), (pair[1], 1), id=f"h-{n}", expires_at=ends)
        books.place(short, at=NOON)
    books.place(TRIP, at=hour(1))

    assert [EXPIRED, OPEN, OPEN, OPEN] == [held.state for held in books.holdings.by_id.values()]
    assert 10_001 == books.balance("student", "USD").held_out


def test_a_batch_that_fails_gives_everything_back() -> None:
    """Captures, holds that had expired, and what they moved."""
    books = school()
    over = hold(("student", -4000), ("platform", 4000), id="over", expires_at=hour(1))
    books.place(over, at=NOON)
    books.place(TRIP, at=NOON)
    before = dict(books.holdings.by_id), dict(books.held), dict(books.balances)
    many = [
        journal(("student", -5000), ("platform", 5000), id="j-1"),
        capture(held_of(books), id="j-2", at=NOON),
        journal(("student", -1), ("platform", 1), id="j-3"),
    ]

    with pytest.raises(InsufficientFunds):
        post_many(books, many, at=hour(1))
    assert before == (books.holdings.by_id, books.held, books.balances)
    assert 2 == post_many(books, many[:2], at=hour(1))
    assert (EXPIRED, CAPTURED) == (held_of(books, "over").state, held_of(books).state)


# ---- changes ---------------------------------------------------------------------------------
def test_effects_add_up() -> None:
    """What several verbs want held and given back goes into one commit."""
    other = attrs.evolve(TRIP, id="h-2")
    both = Effects(holds=(TRIP,), releases=("x",)) + Effects(holds=(other,), releases=("y",))

    @attrs.frozen
    class Booked:
        effects: Effects

    changes = changes_of(
        Booked(both), key="k", request=request("book"), actor="a", reason="r", at=NOON
    )
    assert ((TRIP, other), ("x", "y")) == (changes.holds, changes.releases)


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"holds": (TRIP, TRIP)}, ValueError, "one hold of each"),
        ({"releases": ("h", "h")}, ValueError, "one release of each"),
        ({"holds": (1,)}, TypeError, "holds must be a tuple of Hold"),
        ({"releases": ["h"]}, TypeError, "releases must be a tuple of str"),
    ],
)
def test_changes_name_each_hold_once(
    fields: dict[str, Any], error: type[Exception], says: str
) -> None:
    """As they do with journals."""
    with pytest.raises(error, match=says):
        Changes(key="k", request=request("book"), actor="a", reason="r", at=NOON, **fields)


def test_live_at_stands_alone() -> None:
    """Within bounds in time it is not known what was held."""
    assert not AsOf(live_at=NOON).is_bounded
    assert AsOf(effective_from=NOON).is_bounded
    with pytest.raises(ValueError, match="give it alone"):
        AsOf(live_at=NOON, recorded_at=NOON)


# ---- laws ------------------------------------------------------------------------------------
@given(
    reserved=of.holds(st.just("h"), currencies=("EUR",), expires=st.none()),
    shares=st.lists(st.integers(0, 100), min_size=1, max_size=4),
)
def test_captures_and_what_is_left_are_the_hold(reserved: Hold, shares: list[int]) -> None:
    """Whatever parts are captured of a multi hold, they and the rest sum to it, side by side."""
    held = placed(attrs.evolve(reserved, multi=True, requires=(), event=None), at=NOON)
    taken: list[Entry] = []
    for n, share in enumerate(shares):
        parts = tuple(
            attrs.evolve(leg, amount=Money(leg.amount.minor * share // 100, "EUR"))
            for leg in held.remaining
        )
        parts = tuple(leg for leg in parts if leg.amount.minor)
        if len(parts) < 2 or sum(leg.amount.minor for leg in parts) != 0:
            continue
        try:
            part = Journal(id=f"j{n}", kind="x", entries=parts, effective_at=NOON, captures="h")
        except SelfCancelling:
            continue
        assert () == held.excess_of(part)
        held = held.captured(part)
        taken += parts

    whole = placed(reserved, at=NOON).amounts()
    left = held.amounts()
    for key, (out, into) in whole.items():
        moved = [e.amount.minor for e in taken if (e.wallet, e.amount.currency) == key]
        assert out == left.get(key, (0, 0))[0] - sum(minor for minor in moved if minor < 0)
        assert into == left.get(key, (0, 0))[1] + sum(minor for minor in moved if minor > 0)


@given(data=st.data())
def test_no_capture_makes_a_wallet_worse(data: st.DataObject) -> None:
    """What is available never falls by a capture or a release, and what may come never grows."""
    wallets = [Wallet(address, (Limit("EUR", -200, ceiling=200),)) for address in of.ADDRESSES]
    books = Book(ISO, wallets=wallets)
    for n in range(data.draw(st.integers(1, 4))):
        wanted = data.draw(of.holds(st.just(f"h{n}"), currencies=("EUR",), expires=st.none()))
        try:
            books.place(attrs.evolve(wanted, forced_by=None), at=NOON)
        except PostingRefused:
            continue
    for held in list(books.holdings.by_id.values()):
        before = {a: books.balance(a, "EUR") for a in of.ADDRESSES}
        if data.draw(st.booleans()):
            try:
                books.post(capture(held, id=f"j {held.hold.id}", at=NOON), at=NOON)
            except (EventAlreadyPosted, ConditionFailed):
                books.release(held.hold.id, at=NOON)
        else:
            books.release(held.hold.id, at=NOON)
        for address, old in before.items():
            now = books.balance(address, "EUR")
            assert now.available >= old.available
            assert now.posted + now.held_in <= old.posted + old.held_in
    assert {} == books.held
