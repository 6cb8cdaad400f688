"""Posting: who is let into the books, who is refused, and for which reason first."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import (
    AlreadyReversed,
    Balance,
    Book,
    CeilingExceeded,
    Condition,
    ConditionFailed,
    EffectiveInFuture,
    Entry,
    Event,
    EventAlreadyPosted,
    Excess,
    InsufficientFunds,
    Journal,
    JournalAlreadyPosted,
    JournalNotFound,
    Limit,
    Overflow,
    OverReversal,
    PeriodClosed,
    PostingRefused,
    Shortage,
    UnknownCurrencies,
    UnknownWallet,
    Wallet,
    WalletClosed,
    WalletCurrencyMismatch,
    WalletFrozen,
    post_many,
    reverse,
)
from ledgerkit.domain.ledger.wallets import INT64
from ledgerkit.domain.money import ISO, Money
from ledgerkit.testing import strategies as of

Legs: TypeAlias = Iterable[tuple[str, int]]

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
UNITS = ISO.with_units({"SESSION": 0})


def legs(*pairs: tuple[str, int], currency: str = "USD") -> tuple[Entry, ...]:
    """Return entries of (wallet, minor units)."""
    return tuple(Entry(wallet, Money(minor, currency)) for wallet, minor in pairs)


def journal(*pairs: tuple[str, int], id: str = "j", **fields: Any) -> Journal:
    """Return the journal of (wallet, minor units) at noon; *fields* are those of `Journal`."""
    given_: dict[str, Any] = {"kind": "moved", "entries": legs(*pairs), "effective_at": NOON}
    return Journal(id=id, **{**given_, **fields})


def book(*wallets: str | Wallet, held: dict[str, Balance] | None = None, **fields: Any) -> Book:
    """Return a book with *wallets*, those given by address only without limits."""
    balances = {(wallet, "USD"): balance for wallet, balance in (held or {}).items()}
    opened = [each if isinstance(each, Wallet) else Wallet(each) for each in wallets]
    return Book(UNITS, wallets=opened, balances=balances, **fields)


def limited(id: str, floor: int | None = None, ceiling: int | None = None) -> Wallet:
    """Return a wallet with bounds in dollars."""
    return Wallet(id, (Limit("USD", floor, ceiling=ceiling),))


def state(of_book: Book) -> tuple[object, ...]:
    """Return all that a book holds; a balance of zero is as good as none."""
    return (
        {key: minor for key, minor in of_book.balances.items() if minor},
        dict(of_book.journals),
        {id: list(found) for id, found in of_book.reversals.items() if found},
        dict(of_book.events),
        dict(of_book.wallets),
        of_book.closed_before,
    )


def post(in_book: Book, *pairs: tuple[str, int], **fields: Any) -> None:
    """Post the journal of (wallet, minor units) at noon."""
    in_book.post(journal(*pairs, **fields), at=NOON)


# ---- the identity ----------------------------------------------------------------------------
def test_seed_flight() -> None:
    """Student -10000, instructor +6000, platform +4000; together zero. (ledger 1; case SD-01)"""
    books = book(limited("student", -10_000), "instructor", "platform")
    post(books, ("student", -10_000), ("instructor", 6_000), ("platform", 4_000))

    assert {"student": -10_000, "instructor": 6_000, "platform": 4_000} == {
        wallet: minor for (wallet, _), minor in books.balances.items()
    }
    assert 0 == sum(books.balances.values())


def test_the_gateway_stands_for_the_money_it_holds() -> None:
    """Gateway's balance = -(gateway wallet): 100.00, and 40.00 after the payout. (case SD-02)"""
    books = book("student", "instructor", "platform", "gateway")
    post(books, ("student", -10_000), ("instructor", 6_000), ("platform", 4_000), id="1")
    post(books, ("gateway", -10_000), ("student", 10_000), id="2")
    before = books.balance("gateway", "USD")
    post(books, ("instructor", -6_000), ("gateway", 6_000), id="3")

    assert (-10_000, -4_000) == (before.posted, books.balance("gateway", "USD").posted)
    assert 4_000 == books.balance("platform", "USD").posted


def test_prepaid_sessions_are_a_unit() -> None:
    """Two of two sessions redeem, the third is refused by the package's floor. (ledger 1)"""
    package = Wallet("package:p", (Limit("SESSION", 0),))
    books = book(package, "units:issued", "units:redeemed")
    bought = legs(("package:p", 2), ("units:issued", -2), currency="SESSION")
    redeemed = legs(("package:p", -1), ("units:redeemed", 1), currency="SESSION")
    books.post(journal(id="b", entries=bought), at=NOON)
    for n in (1, 2):
        books.post(journal(id=f"r{n}", entries=redeemed), at=NOON)

    with pytest.raises(InsufficientFunds, match="short by 1"):
        books.post(journal(id="r3", entries=redeemed), at=NOON)
    assert [0, -2, 2] == [
        books.balance(wallet, "SESSION").posted
        for wallet in ("package:p", "units:issued", "units:redeemed")
    ]


# ---- floors and ceilings ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("floor", "posted", "held_out", "amount", "passes"),
    [
        (0, 5_000, 5_000, 1_000, False),  # BL-01
        (0, 1_000, 600, 400, True),  # BL-02
        (-500, 500, 300, 800, False),  # BL-03
        (-500, 500, 300, 700, True),  # 500 - 300 + 500
        (0, 0, 0, 5, False),  # PG-02
        (None, 0, 0, 10**12, True),
    ],
)
def test_floor(floor: int | None, posted: int, held_out: int, amount: int, passes: bool) -> None:
    """What is available, less the amount, may not be below the floor. (ledger 2)"""
    books = book(limited("s", floor), "d", held={"s": Balance(posted, held_out)})
    try:
        post(books, ("s", -amount), ("d", amount))
        found = True
    except InsufficientFunds:
        found = False

    assert passes == found
    assert posted - (amount if passes else 0) == books.balance("s", "USD").posted


def test_insufficient_funds_tells_everything() -> None:
    """Available, floor, held, needed, short by, and who may raise it, for each. (ledger 3)"""
    wallet = Wallet("t", (Limit("USD", -10, raised_by="owner"),))
    books = book(limited("s"), wallet, limited("p", 0), "d", held={"t": Balance(5, 3)})
    with pytest.raises(InsufficientFunds) as refused:
        post(books, ("s", -1), ("t", -20), ("p", -7), ("d", 28))

    assert (
        Shortage("t", "USD", 20, 2, -10, 3, 8, "owner"),
        Shortage("p", "USD", 7, 0, 0, 0, 7, "billing.approve"),
    ) == refused.value.shortages
    assert (
        "journal 'j' is not covered: t has 0.02 USD available (0.03 USD held, floor -0.10 USD) "
        "and 0.20 USD is needed: short by 0.08 USD, owner may lower the floor; p has 0.00 USD "
        "available (0.00 USD held, floor 0.00 USD) and 0.07 USD is needed: short by 0.07 USD, "
        "billing.approve may lower the floor"
    ) == str(refused.value)


def test_a_floor_looks_only_at_wallets_that_lose() -> None:
    """A part repayment into a wallet below its limit always passes. (ledger 3)"""
    books = book(limited("s", 0), "d", held={"s": Balance(-500)})
    post(books, ("d", -100), ("s", 100))

    assert -400 == books.balance("s", "USD").posted


def test_the_net_effect_on_a_wallet_counts() -> None:
    """60 cannot give twice 50, though it could once. (case NU-17)"""
    books = book(limited("a", 0), "z", held={"a": Balance(60)})
    with pytest.raises(InsufficientFunds) as refused:
        post(books, ("a", -50), ("z", 50), ("a", -50), ("z", 50))

    assert (100, 40) == (refused.value.shortages[0].needed, refused.value.shortages[0].short_by)


def test_money_passes_through_an_empty_wallet() -> None:
    """Out first and in afterwards, within one journal, takes nothing. (case FO-09)"""
    books = book(limited("walter", 0), limited("wendy", 0), "world", held={"walter": Balance(100)})
    post(books, ("wendy", -10), ("world", 10), ("walter", -10), ("wendy", 10))

    assert (90, 0) == (
        books.balance("walter", "USD").posted,
        books.balance("wendy", "USD").posted,
    )


def test_ceiling_counts_incoming_holds() -> None:
    """100 owed less 10 on the way leaves room for 90, not 91. (case TB-08)"""
    books = book(limited("A4", 0), limited("A5", ceiling=0), held={"A5": Balance(-100, 0, 10)})
    books.balances["A4", "USD"] = 200
    with pytest.raises(CeilingExceeded) as refused:
        post(books, ("A4", -91), ("A5", 91))
    post(books, ("A4", -90), ("A5", 90))

    assert (Excess("A5", "USD", -100, 10, 0, 1),) == refused.value.excesses
    assert (
        "journal 'j' is too much: A5 holds -1.00 USD (0.10 USD more on hold) and may hold 0.00 "
        "USD: over by 0.01 USD"
    ) == str(refused.value)


def test_a_ceiling_looks_only_at_wallets_that_gain() -> None:
    """What is above its ceiling may go down."""
    books = book(limited("a", ceiling=0), "b", held={"a": Balance(50)})
    post(books, ("a", -10), ("b", 10))

    assert 40 == books.balance("a", "USD").posted


def test_limits_are_per_currency() -> None:
    """A floor in dollars says nothing about euros."""
    books = book(limited("a", 0), "b")
    books.post(journal(entries=legs(("a", -5), ("b", 5), currency="EUR")), at=NOON)

    assert -5 == books.balance("a", "EUR").posted


def test_forcing_passes_a_floor_and_no_ceiling() -> None:
    """Going below a floor takes an approver; a ceiling stays one. (ledger 5)"""
    books = book(limited("a", 0), limited("b", ceiling=5))
    post(books, ("a", -5), ("b", 5), forced_by="eve")

    assert -5 == books.balance("a", "USD").posted
    with pytest.raises(CeilingExceeded):
        post(books, ("a", -1), ("b", 1), id="k", forced_by="eve")


# ---- each refusal ----------------------------------------------------------------------------
def test_a_journal_is_posted_once() -> None:
    """The same id again is refused, and nothing moves twice."""
    books = book("a", "b")
    post(books, ("a", -5), ("b", 5))
    with pytest.raises(JournalAlreadyPosted) as refused:
        post(books, ("a", -5), ("b", 5))

    assert -5 == books.balance("a", "USD").posted
    assert "journal 'j' is posted already; replay its commit or derive a new id" == (
        str(refused.value)
    )


def test_unknown_currencies_are_all_named() -> None:
    """Only the units of the books are posted. (ledger 1)"""
    entries = (
        *legs(("a", -5), ("b", 5), currency="QQQ"),
        *legs(("a", 1), ("b", -1), currency="CREDIT"),
    )
    with pytest.raises(UnknownCurrencies) as refused:
        book("a", "b").post(journal(entries=entries), at=NOON)

    assert ("CREDIT", "QQQ") == refused.value.currencies
    assert "uses CREDIT, QQQ, not in the books' units; register them" in str(refused.value)


@pytest.mark.parametrize(
    ("pairs", "held", "offenders"),
    [
        ((("a", -INT64 - 1), ("b", INT64 + 1)), {}, ("a", "b")),
        ((("a", -1), ("b", 1)), {"b": Balance(INT64)}, ("b",)),
        ((("a", -1), ("b", 1)), {"a": Balance(-INT64)}, ("a",)),
        ((("a", -INT64), ("a", -INT64), ("b", INT64), ("b", INT64)), {}, ("a", "b")),
        (
            (("a", -INT64 - 1), ("b", INT64 + 1)),
            {"a": Balance(INT64), "b": Balance(-INT64)},
            ("a", "b"),
        ),
    ],
)
def test_overflow_names_every_wallet(
    pairs: Legs, held: dict[str, Balance], offenders: tuple[str, ...]
) -> None:
    """Legs and sums stay within 64 bits; those that would not are named once. (ledger 1)"""
    with pytest.raises(Overflow) as refused:
        post(book("a", "b", held=held), *pairs)

    assert offenders == refused.value.wallets
    assert f"beyond {INT64} minor units" in str(refused.value)


def test_the_largest_sums_are_posted() -> None:
    """Up to 64 bits nothing is lost."""
    books = book("a", "b", held={"b": Balance(1)})
    post(books, ("a", 1 - INT64), ("b", INT64 - 1))

    assert (1 - INT64, INT64) == (
        books.balance("a", "USD").posted,
        books.balance("b", "USD").posted,
    )


def test_closed_books_take_nothing_from_before() -> None:
    """What counts before the lock is refused, and what counts from it on is not. (ledger 6)"""
    books = book("a", "b", closed_before=NOON)
    early = NOON - timedelta(microseconds=1)
    post(books, ("a", -5), ("b", 5), id="k")
    with pytest.raises(PeriodClosed) as refused:
        post(books, ("a", -5), ("b", 5), effective_at=early)

    assert (early, NOON) == (refused.value.effective_at, refused.value.closed_before)
    assert "the books are closed before 2026-10-01T12:00:00+00:00; post it now" in (
        str(refused.value)
    )


def test_nothing_counts_before_its_time() -> None:
    """101 is refused at 100, and counts at 101. (case MI-09)"""
    books = book("a", "b")
    later = NOON + timedelta(seconds=1)
    with pytest.raises(EffectiveInFuture) as refused:
        post(books, ("a", -5), ("b", 5), effective_at=later)
    books.post(journal(("a", -5), ("b", 5), effective_at=later), at=later)

    assert (later, NOON) == (refused.value.effective_at, refused.value.at)
    assert "post it when its time has come" in str(refused.value)


def test_checks_agree_at_the_edges() -> None:
    """What counts at the lock and is recorded at that instant passes every check, as it posts."""
    books = book(limited("a", -5), limited("b", ceiling=5), closed_before=NOON)
    edge = journal(("a", -5), ("b", 5))
    books.check(edge, at=NOON)
    books.apply(edge)

    assert -5 == books.balance("a", "USD").posted


def test_the_time_of_recording_is_an_instant() -> None:
    """A time without a zone would let in another journal on every machine."""
    naive = datetime(2026, 10, 1, 12)  # noqa: DTZ001 - on purpose
    for posting in (book("a", "b").post, book("a", "b").check):
        with pytest.raises(ValueError, match="has no time zone"):
            posting(journal(("a", -5), ("b", 5)), at=naive)
    with pytest.raises(ValueError, match="has no time zone"):
        post_many(book("a", "b"), [], at=naive)
    with pytest.raises(ValueError, match="has no time zone"):
        book("a", "b", closed_before=naive)


def test_an_event_is_booked_once() -> None:
    """Another key cannot charge flight 123 again; a new part can, also once reversed. (ledger 3)"""
    books = book("a", "b")
    flight = journal(("a", -5), ("b", 5), event=Event("flight", "123"))
    books.post(flight, at=NOON)
    books.post(reverse(flight, id="r", at=NOON), at=NOON)
    with pytest.raises(EventAlreadyPosted) as refused:
        post(books, ("a", -5), ("b", 5), id="again", event=Event("flight", "123"))
    post(books, ("a", -5), ("b", 5), id="anew", event=Event("flight", "123", "2"))

    assert ("again", "j") == (refused.value.journal, refused.value.posted_as)
    assert "flight:123 is booked by journal 'j'" in str(refused.value)


def test_a_refused_posting_leaves_its_event_free() -> None:
    """After a top-up the same flight can be charged. (ledger 3)"""
    books = book(limited("a", 0), "b")
    before = state(books)
    flight = journal(("a", -5), ("b", 5), event=Event("flight", "123"))
    with pytest.raises(InsufficientFunds):
        books.post(flight, at=NOON)
    after = state(books)
    post(books, ("b", -5), ("a", 5), id="top-up")
    books.post(flight, at=NOON)

    assert before == after
    assert {Event("flight", "123"): "j"} == books.events


def test_unknown_wallets_are_all_named() -> None:
    """Those of legs and those of conditions, each once. (case PG-15)"""
    wanted = Condition("nobody", at_least=Money(0, "USD"))
    with pytest.raises(UnknownWallet) as refused:
        post(book("a"), ("a", -10), ("nope", 4), ("none", 6), requires=(wanted,))

    assert ("nope", "none", "nobody") == refused.value.wallets
    assert "posts to nope, none, nobody, not opened; open them first" in str(refused.value)


def test_what_was_never_posted_cannot_be_reversed() -> None:
    """Nor can what was posted under another id."""
    with pytest.raises(JournalNotFound) as refused:
        post(book("a", "b"), ("a", -5), ("b", 5), reverses="ghost")

    assert "journal 'j' reverses 'ghost', which was never posted" == str(refused.value)


def test_wallets_that_do_not_take_a_currency_are_all_named() -> None:
    """A wallet that lists its currencies takes no other one. (ledger 1)"""
    euros = Wallet("e", currencies=frozenset({"EUR"}))
    yens = Wallet("y", currencies=frozenset({"JPY"}))
    with pytest.raises(WalletCurrencyMismatch) as refused:
        post(book(euros, yens, "a"), ("e", -5), ("y", 3), ("a", 2))

    assert (("e", "USD"), ("y", "USD")) == refused.value.legs
    assert "posts USD to e, USD to y, which holds other currencies only" in str(refused.value)


def test_a_wallet_takes_the_currencies_it_lists() -> None:
    """Listing them is no limit to how much."""
    books = book(Wallet("d", currencies=frozenset({"USD"})), "a")
    post(books, ("a", -5), ("d", 5))

    assert 5 == books.balance("d", "USD").posted


@pytest.mark.parametrize(
    ("status", "refusal"), [("frozen", WalletFrozen), ("closed", WalletClosed)]
)
def test_stopped_wallets_are_all_named(status: str, refusal: type[PostingRefused]) -> None:
    """Nothing arrives or leaves, whatever the amount."""
    books = book(Wallet("x", status=status), Wallet("y", status=status), "a")
    with pytest.raises(refusal) as refused:
        post(books, ("x", -5), ("y", 3), ("a", 2), forced_by="eve")

    assert isinstance(refused.value, WalletFrozen | WalletClosed)
    assert ("x", "y") == refused.value.wallets
    assert f"posts to x, y: {status}" in str(refused.value)


def test_an_emptied_wallet_can_be_closed() -> None:
    """A at 10 gives all to C, C settles B's 25; then A is closed to more. (case TB-46)"""
    books = book(limited("A", 0), limited("B", ceiling=0), "C")
    books.balances.update({("A", "USD"): 10, ("B", "USD"): -25})
    post(books, ("A", -10), ("C", 10), id="T1")
    post(books, ("C", -25), ("B", 25), id="T3")
    books.wallets["A"] = Wallet("A", status="closed")

    assert [0, 0, -15] == [books.balance(wallet, "USD").posted for wallet in "ABC"]
    with pytest.raises(WalletClosed):
        post(books, ("C", -1), ("A", 1), id="T4")


def test_a_reversal_happens_once() -> None:
    """A second full reversal names the ones that took all. (case FO-08)"""
    books = book("a", "b")
    sold = journal(("a", -5), ("b", 5))
    books.post(sold, at=NOON)
    books.post(reverse(sold, id="r1", at=NOON), at=NOON)
    with pytest.raises(AlreadyReversed) as refused:
        books.post(reverse(sold, id="r2", at=NOON), at=NOON)

    assert ("j", ("r1",)) == (refused.value.reverses, refused.value.by)
    assert "journal 'j' is reversed in full by r1" == str(refused.value)


def test_a_reversal_is_not_reversed() -> None:
    """The original is posted anew instead. (ledger 5)"""
    books = book("a", "b")
    sold = journal(("a", -5), ("b", 5))
    undone = reverse(sold, id="r1", at=NOON)
    post_many(books, [sold, undone], at=NOON)
    with pytest.raises(OverReversal) as refused:
        books.post(reverse(undone, id="r2", at=NOON), at=NOON)

    assert refused.value.is_reversal
    assert "journal 'r1' is itself a reversal; post the original event anew" == str(refused.value)


def test_a_reversal_looks_at_the_floor_of_the_net_effect() -> None:
    """Spent money cannot be taken back without an approver. (ledger 5)"""
    books = book("world", limited("alice", 0), "shop")
    paid = journal(("world", -100), ("alice", 100))
    books.post(paid, at=NOON)
    post(books, ("alice", -100), ("shop", 100), id="k")
    with pytest.raises(InsufficientFunds, match=r"short by 1\.00 USD"):
        books.post(reverse(paid, id="r1", at=NOON), at=NOON)
    books.post(reverse(paid, id="r2", at=NOON, forced_by="eve"), at=NOON)

    assert -100 == books.balance("alice", "USD").posted


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition("s", at_least=Money(200, "USD")), True),
        (Condition("s", at_least=Money(201, "USD")), False),
        (Condition("s", at_most=Money(200, "USD")), True),
        (Condition("s", at_most=Money(199, "USD")), False),
        (Condition("s", Money(200, "USD"), Money(200, "USD")), True),
        (Condition("t", at_least=Money(1, "EUR")), False),
    ],
)
def test_conditions_bound_what_is_available(condition: Condition, holds: bool) -> None:
    """Before the journal's own entries count, inclusive: 500 less 300 held is 200. (ledger 3)"""
    books = book("s", "t", held={"s": Balance(500, 300)})
    try:
        post(books, ("s", -1), ("t", 1), requires=(condition,))
        found = True
    except ConditionFailed:
        found = False

    assert holds == found


def test_failed_conditions_are_all_named() -> None:
    """Each with what is available there."""
    low = Condition("a", at_least=Money(1, "USD"))
    both = Condition("b", Money(-9, "USD"), Money(-1, "USD"))
    with pytest.raises(ConditionFailed) as refused:
        post(book("a", "b"), ("a", -5), ("b", 5), requires=(low, both))

    assert ((low, Money(0, "USD")), (both, Money(0, "USD"))) == refused.value.failed
    assert (
        "journal 'j' requires at least 0.01 USD on a, where 0.00 USD is available; "
        "journal 'j' requires at least -0.09 USD and at most -0.01 USD on b, where 0.00 USD is "
        "available"
    ) == str(refused.value)


# ---- the order of refusals -------------------------------------------------------------------
EARLIER, LATER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
ORDER: dict[str, type[PostingRefused]] = {
    "journal_already_posted": JournalAlreadyPosted,
    "unknown_currency": UnknownCurrencies,
    "overflow": Overflow,
    "period_closed": PeriodClosed,
    "effective_in_future": EffectiveInFuture,
    "event_already_posted": EventAlreadyPosted,
    "unknown_wallet": UnknownWallet,
    "journal_not_found": JournalNotFound,
    "currency_mismatch": WalletCurrencyMismatch,
    "wallet_frozen": WalletFrozen,
    "wallet_closed": WalletClosed,
    "already_reversed": AlreadyReversed,
    "over_reversal": OverReversal,
    "condition_failed": ConditionFailed,
    "insufficient_funds": InsufficientFunds,
    "ceiling_exceeded": CeilingExceeded,
}
REVERSED = {"journal_not_found": "ghost", "already_reversed": "undone", "over_reversal": "sold"}
OFFENDING_LEGS = {
    "unknown_currency": legs(("rich", 1), ("sink", -1), currency="QQQ"),
    "overflow": legs(("rich", INT64 + 1), ("sink", -INT64 - 1)),
    "unknown_wallet": legs(("nobody", 1), ("sink", -1)),
    "currency_mismatch": legs(("dollars", 1), ("sink", -1), currency="EUR"),
    "wallet_frozen": legs(("frozen", 1), ("sink", -1)),
    "wallet_closed": legs(("closed", 1), ("sink", -1)),
    "insufficient_funds": legs(("poor", -1), ("sink", 1)),
    "ceiling_exceeded": legs(("full", 1), ("sink", -1)),
}
FAULTS = st.sets(st.sampled_from(list(ORDER)), min_size=1).map(
    lambda drawn: drawn - set(sorted(drawn & REVERSED.keys())[1:])  # one original, one fault of it
)


def faulty(faults: set[str]) -> tuple[Book, Journal, datetime]:
    """Return a book, a journal with *faults*, and the time it is posted at."""
    books = book(
        *("rich", "sink", Wallet("dollars", currencies=frozenset({"USD"}))),
        *(Wallet(status, status=status) for status in ("frozen", "closed")),
        *(limited("poor", 0), limited("full", ceiling=0)),
        held={"rich": Balance(1000)},
    )
    flight = Event("flight", "1")
    for id, event in (("sold", flight), ("undone", None)):
        post(books, ("rich", -1), ("sink", 1), id=id, effective_at=EARLIER, event=event)
    books.post(reverse(books.journals["undone"], id="r", at=EARLIER), at=NOON)
    closes = "period_closed" in faults
    books.closed_before = LATER if closes else None
    entries = legs(("rich", -2), ("sink", 2))
    for fault, more in OFFENDING_LEGS.items():
        entries += more if fault in faults else ()
    wrong = journal(
        id="sold" if "journal_already_posted" in faults else "j",
        entries=entries,
        event=flight if "event_already_posted" in faults else None,
        reverses=next((REVERSED[fault] for fault in REVERSED if fault in faults), None),
        requires=(Condition("rich", at_least=Money(10**6, "USD")),)
        if "condition_failed" in faults
        else (),
    )
    return books, wrong, EARLIER if "effective_in_future" in faults else NOON


@given(FAULTS)
def test_the_first_fault_in_order_is_told(faults: set[str]) -> None:
    """A journal with several faults is refused for the first one, and the book stays. (ledger 3)"""
    books, wrong, at = faulty(faults)
    before = state(books)
    with pytest.raises(PostingRefused) as refused:
        books.post(wrong, at=at)

    expected = next(kind for fault, kind in ORDER.items() if fault in faults)
    assert expected is type(refused.value)
    assert before == state(books)


@pytest.mark.parametrize("code", list(ORDER))
def test_codes_are_those_of_the_specification(code: str) -> None:
    """A store elsewhere tells the same faults by the same codes. (ledger 3)"""
    assert code == ORDER[code].code


# ---- batches ---------------------------------------------------------------------------------
def test_a_batch_is_all_or_none() -> None:
    """1290 arrive and 1291 leave again: neither happens. (case CA-02)"""
    books = book("a", limited("b", 0), "c")
    with pytest.raises(InsufficientFunds) as refused:
        post_many(
            books,
            [
                journal(("a", -1_290), ("b", 1_290), id="x", event=Event("e", "1")),
                journal(("b", -1_291), ("c", 1_291), id="y"),
            ],
            at=NOON,
        )

    assert "y" == refused.value.journal
    assert state(book("a", limited("b", 0), "c")) == state(books)


def test_a_batch_sees_its_own_journals() -> None:
    """-10 and 10, then -20 and 20: a1 -10, a2 -10, a3 20. (case PG-04)"""
    books = book("a1", "a2", "a3")
    posted = post_many(
        books,
        [journal(("a1", -10), ("a2", 10), id="x"), journal(("a2", -20), ("a3", 20), id="y")],
        at=NOON,
    )

    assert 2 == posted
    assert [-10, -10, 20] == [books.balance(wallet, "USD").posted for wallet in ("a1", "a2", "a3")]


def test_a_batch_that_breaks_off_leaves_nothing() -> None:
    """Also when what feeds it fails, and not a journal."""

    def feed() -> Iterable[Journal]:
        yield journal(("a", -5), ("b", 5))
        raise KeyboardInterrupt

    books = book("a", "b")
    with pytest.raises(KeyboardInterrupt):
        post_many(books, feed(), at=NOON)

    assert state(book("a", "b")) == state(books)


def test_open_keeps_the_policy_of_an_open_wallet() -> None:
    """Opening is for those that are not; it never changes a limit."""
    books = book()

    assert books.open(limited("a", 0))
    assert not books.open(Wallet("a"))
    assert limited("a", 0) == books.wallets["a"]


def test_undoing_a_reversal_leaves_the_original_reversible() -> None:
    """What was never posted took nothing back."""
    books = book("a", "b")
    sold = journal(("a", -5), ("b", 5), event=Event("e", "1"))
    books.post(sold, at=NOON)
    before = state(books)
    undone = reverse(sold, id="r1", at=NOON)
    books.post(undone, at=NOON)
    books.undo(undone)

    assert before == state(books)
    books.post(reverse(sold, id="r2", at=NOON), at=NOON)
    assert 0 == books.balance("a", "USD").posted


# ---- laws ------------------------------------------------------------------------------------
IDS = st.sampled_from([f"j{n}" for n in range(8)])
HELD = st.builds(Balance, st.integers(-50, 300), st.integers(0, 20), st.integers(0, 20))


@st.composite
def books_and_journals(draw: Callable[..., Any]) -> tuple[Book, list[Journal]]:
    """Return a book with all kinds of wallets and balances, and journals to try on it."""
    wallets = {wallet.id: wallet for wallet in draw(st.lists(of.wallets(), min_size=3, max_size=8))}
    keys = st.tuples(st.sampled_from(of.ADDRESSES), st.sampled_from(of.CURRENCIES))
    found = Book(
        UNITS,
        wallets=wallets.values(),
        balances=draw(st.dictionaries(keys, HELD, max_size=4)),
        closed_before=draw(st.none() | of.instants(hours=12)),
    )
    journals = draw(st.lists(of.journals(IDS), min_size=1, max_size=6))
    for original in draw(st.lists(st.sampled_from(journals), max_size=3)):
        part = None if draw(st.booleans()) else draw(of.entries())
        journals.append(reverse(original, id=draw(IDS), at=NOON, part=part))
    return found, journals


def tried(action: Callable[[], object]) -> object:
    """Return None, or the class and the sentence of what *action* is refused for."""
    try:
        action()
    except PostingRefused as refused:
        return type(refused), str(refused)
    return None


@given(books_and_journals(), of.instants())
def test_posting_is_checking_and_applying(drawn: tuple[Book, list[Journal]], at: datetime) -> None:
    """However a journal gets in, quickly or not, answer and book are those of check and apply."""
    books, journals = drawn
    slow, many = copy.deepcopy(books), copy.deepcopy(books)
    for each in journals:

        def check_and_apply(each: Journal = each) -> None:
            slow.check(each, at=at)
            slow.apply(each)

        expected = tried(check_and_apply)

        assert expected == tried(partial(books.post, each, at=at))
        assert expected == tried(partial(post_many, many, [each], at=at))
        assert state(slow) == state(books) == state(many)


@given(books_and_journals(), of.instants())
def test_a_refused_batch_restores_the_book(drawn: tuple[Book, list[Journal]], at: datetime) -> None:
    """All of a batch is in, or nothing of it."""
    books, journals = drawn
    before = state(copy.deepcopy(books))
    known = len(books.journals)
    refused = tried(lambda: post_many(books, journals, at=at))

    if refused is None:
        assert known + len(journals) == len(books.journals)
    else:
        assert before == state(books)


@given(books_and_journals(), of.instants())
def test_undo_restores_the_book(drawn: tuple[Book, list[Journal]], at: datetime) -> None:
    """Taking out the journals that were let in, last one first, leaves the book as it was."""
    books, journals = drawn
    before = state(copy.deepcopy(books))
    done = [each for each in journals if tried(partial(books.post, each, at=at)) is None]
    for each in reversed(done):
        books.undo(each)

    assert before == state(books)


@given(books_and_journals(), of.instants())
def test_no_wallet_crosses_its_limits(drawn: tuple[Book, list[Journal]], at: datetime) -> None:
    """What a journal takes leaves the floor, and what it brings the ceiling; forced or not."""
    books, journals = drawn
    for each in journals:
        before = dict(books.balances)
        if tried(partial(books.post, each, at=at)) is not None:
            continue
        for (wallet, currency), after in books.balances.items():
            limit = books.wallets[wallet].limit(currency) if wallet in books.wallets else None
            moved = after - before.get((wallet, currency), 0)
            if limit is None or moved == 0:
                continue
            balance = books.balance(wallet, currency)
            low = limit.floor is None or each.forced_by is not None or moved > 0
            high = limit.ceiling is None or moved < 0

            assert low or balance.available >= (limit.floor or 0)
            assert high or balance.posted + balance.held_in <= (limit.ceiling or 0)
