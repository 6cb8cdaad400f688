"""Corrections: reversals, differences and late journals; nothing in the books is edited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import (
    Book,
    Entry,
    Event,
    Journal,
    NothingToCorrect,
    OverReversal,
    Posted,
    PostingRefused,
    TooFewLegs,
    Unbalanced,
    Wallet,
    ZeroAmount,
    balances_of,
    belated,
    correct,
    corrects,
    difference,
    net_of,
    period_of,
    post_many,
    reverse,
    reversible,
)
from ledgerkit.domain.ledger.corrections import excess_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import Period
from ledgerkit.testing import strategies as of

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=60)


def legs(*pairs: tuple[str, int], currency: str = "USD") -> tuple[Entry, ...]:
    """Return entries of (wallet, minor units)."""
    return tuple(Entry(wallet, Money(minor, currency)) for wallet, minor in pairs)


def journal(id: str, *pairs: tuple[str, int]) -> Journal:
    """Return the journal of (wallet, minor units) at noon."""
    return Journal(id=id, kind="flight.charged", entries=legs(*pairs), effective_at=NOON)


def open_book(*journals: Journal) -> Book:
    """Return a book of open wallets without limits, with *journals* posted."""
    entries = [entry for each in journals for entry in each.entries]
    book = Book(wallets=[Wallet(name) for name in {entry.wallet for entry in entries}])
    post_many(book, journals, at=LATER)
    return book


FLIGHT = journal("f", ("student", -10_000), ("instructor", 6_000), ("platform", 4_000))


# ---- reversals -------------------------------------------------------------------------------
def test_reversal_mirrors_the_original_and_names_it() -> None:
    """All legs come back with the other sign, at the time of the reversal. (ledger 5)"""
    undone = reverse(FLIGHT, id="r", at=LATER, metadata=(("why", "cancelled"),))

    assert legs(("student", 10_000), ("instructor", -6_000), ("platform", -4_000)) == undone.entries
    assert ("r", "f", "flight.charged.reversed", LATER) == (
        undone.id,
        undone.reverses,
        undone.kind,
        undone.effective_at,
    )
    assert (("why", "cancelled"),) == undone.metadata


def test_seed_clawback_takes_one_leg_pair() -> None:
    """The instructor's 6000 of 10000 go back to the student, and no more. (case SD-03)"""
    book = open_book(FLIGHT)
    part = legs(("instructor", 6_000), ("student", -6_000))
    book.post(reverse(FLIGHT, id="c", at=LATER, part=part), at=LATER)

    assert {("student", "USD"): -4_000, ("instructor", "USD"): 0, ("platform", "USD"): 4_000} == (
        book.balances
    )
    more = reverse(FLIGHT, id="c2", at=LATER, part=legs(("instructor", 1), ("student", -1)))
    with pytest.raises(OverReversal) as refused:
        book.post(more, at=LATER)
    assert legs(("instructor", 1)) == refused.value.excess
    assert "journal 'f' has no 0.01 USD on instructor left to reverse" in str(refused.value)


def test_reversible_is_what_is_left() -> None:
    """After 6000 of the student's 10000 and all of the instructor's went back, 4000 are left."""
    part = reverse(FLIGHT, id="c", at=LATER, part=legs(("instructor", 6_000), ("student", -6_000)))

    assert FLIGHT.entries == reversible(FLIGHT)
    assert legs(("student", -4_000), ("platform", 4_000)) == reversible(FLIGHT, [part])


def test_both_legs_of_a_wallet_that_money_passed_through_come_back() -> None:
    """Legs are told apart by direction, so that the net effect can be undone. (case FO-09)"""
    passed = journal("t", ("walter", -10), ("wendy", 10), ("wendy", -10), ("world", 10))
    undone = reverse(passed, id="r", at=LATER)

    assert () == excess_of(undone, passed, ())
    assert () == reversible(passed, [undone])


def test_legs_that_the_original_never_had_are_excess() -> None:
    """Another wallet, or one in the wrong direction, has nothing to give back. (case DE-04)"""
    sold = journal("t", ("a", -5), ("b", 5))
    other = reverse(sold, id="r", at=LATER, part=legs(("c", 5), ("a", -5)))
    doubled = reverse(sold, id="r", at=LATER, part=legs(("a", 5), ("b", -5)))

    assert legs(("a", -5), ("b", 5)) == sold.entries
    assert legs(("c", 5)) == excess_of(other, sold, ())
    assert legs(("a", 5), ("b", -5)) == excess_of(doubled, sold, ())


def test_a_part_is_a_journal_of_its_own() -> None:
    """No legs, or legs of zero, are refused when it is built."""
    with pytest.raises(TooFewLegs):
        reverse(FLIGHT, id="r", at=LATER, part=())
    with pytest.raises(ZeroAmount):
        reverse(FLIGHT, id="r", at=LATER, part=legs(("student", 0), ("platform", 0)))


# ---- differences -----------------------------------------------------------------------------
def test_seed_correction_is_one_small_journal() -> None:
    """1.5 h at 66.67 were 1.8 h: only the difference is posted. (ledger 5; seed 002)"""
    charged = legs(("student", -10_000), ("instructor", 6_000), ("platform", 4_000))
    meant = legs(("student", -12_000), ("instructor", 7_200), ("platform", 4_800))

    assert legs(("student", -2_000), ("instructor", 1_200), ("platform", 800)) == difference(
        charged, meant
    )


def test_correcting_transfers() -> None:
    """100.00 + 0.50 that should have been 90.00 + 0.45: A 10.05 back from X and Y. (case TB-45)"""
    before = legs(("A", -10_000), ("X", 10_000), ("A", -50), ("Y", 50))
    after = legs(("A", -9_000), ("X", 9_000), ("A", -45), ("Y", 45))

    assert {("A", "USD"): 1_005, ("X", "USD"): -1_000, ("Y", "USD"): -5} == net_of(
        difference(before, after)
    )


def test_nothing_to_correct() -> None:
    """Legs that do the same need no journal, however they are cut."""
    assert () == difference(legs(("a", -3), ("a", -2), ("b", 5)), legs(("a", -5), ("b", 5)))


# ---- corrections -----------------------------------------------------------------------------
MEANT = legs(("student", -12_000), ("instructor", 7_200), ("platform", 4_800))


def test_a_correction_is_one_small_journal_that_names_the_original() -> None:
    """1.5 h were 1.8 h: 2000 more, 1200 of them the instructor's. (ledger 5; seed 002)"""
    small = correct(FLIGHT, MEANT, id="c", at=LATER, forced_by="ann", metadata=(("why", "Hobbs"),))

    assert legs(("student", -2_000), ("instructor", 1_200), ("platform", 800)) == small.entries
    assert ("c", "flight.charged.corrected", LATER, None, None, "ann") == (
        small.id,
        small.kind,
        small.effective_at,
        small.event,
        small.reverses,
        small.forced_by,
    )
    assert (("corrects", "f"), ("why", "Hobbs")) == small.metadata
    assert "f" == corrects(small)
    assert corrects(FLIGHT) is None


def test_a_correction_claims_a_part_of_the_event() -> None:
    """The event is the original's, so that a correction that is sent twice is posted once."""
    flown = attrs.evolve(FLIGHT, event=Event("flight", "123"))
    small = correct(flown, MEANT, id="c", at=LATER, part="corrected-1")

    assert Event("flight", "123", "corrected-1") == small.event
    assert correct(flown, MEANT, id="c", at=LATER).event is None
    with pytest.raises(ValueError, match="journal 'f' books no event, so there is no part of it"):
        correct(FLIGHT, MEANT, id="c", at=LATER, part="corrected-1")


def test_a_second_correction_counts_the_first() -> None:
    """1.8 h were 2.0 h after all; once the first correction is undone the difference is whole."""
    first = correct(FLIGHT, MEANT, id="c1", at=LATER)
    meant = legs(("student", -13_334), ("instructor", 8_000), ("platform", 5_334))
    second = correct(FLIGHT, meant, id="c2", at=LATER, earlier=(first,))
    undone = reverse(first, id="r", at=LATER)
    anew = correct(FLIGHT, MEANT, id="c3", at=LATER, earlier=(first, undone))

    assert legs(("student", -1_334), ("instructor", 800), ("platform", 534)) == second.entries
    assert set(first.entries) == set(anew.entries)


def test_nothing_is_corrected_without_a_difference() -> None:
    """The refusal names the journal; a correction that was made already is no difference."""
    first = correct(FLIGHT, MEANT, id="c1", at=LATER)

    for meant, earlier in ((FLIGHT.entries, ()), (MEANT, (first,))):
        with pytest.raises(NothingToCorrect) as refused:
            correct(FLIGHT, meant, id="c", at=LATER, earlier=earlier)
        assert "journal 'f' did what it should have; a correction needs a difference" == (
            str(refused.value)
        )


def test_what_is_meant_must_be_legs_that_balance() -> None:
    """A list, an amount that is lost, and a journal of something else are refused."""
    with pytest.raises(TypeError, match="meant must be a tuple of Entry"):
        correct(FLIGHT, list(MEANT), id="c", at=LATER)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="meant must be a tuple of Entry"):
        correct(FLIGHT, ("student",), id="c", at=LATER)  # type: ignore[arg-type]
    with pytest.raises(Unbalanced):
        correct(FLIGHT, legs(("student", -9_000), ("platform", 4_000)), id="c", at=LATER)
    other = journal("g", ("student", -1), ("platform", 1))
    with pytest.raises(ValueError, match="journal 'g' neither corrects nor reverses 'f'"):
        correct(FLIGHT, MEANT, id="c", at=LATER, earlier=(other,))


# ---- late journals ---------------------------------------------------------------------------
def test_a_late_journal_takes_effect_now_and_names_its_period() -> None:
    """September's books are closed; the flight counts now and still belongs there. (ledger 6)"""
    september = Period.month(2026, 9)
    late = belated(FLIGHT, period=september, at=LATER)

    assert (("period", "2026-09-01/2026-10-01"),) == late.metadata
    assert LATER == late.effective_at
    assert september == period_of(late)
    assert period_of(FLIGHT) is None


def test_a_late_journal_names_one_period() -> None:
    """It cannot belong to two."""
    late = belated(FLIGHT, period=Period.month(2026, 9), at=LATER)

    with pytest.raises(ValueError, match="metadata names each thing once"):
        belated(late, period=Period.month(2026, 8), at=LATER)


# ---- laws ------------------------------------------------------------------------------------
@given(of.journals(st.just("j")))
def test_posting_and_reversing_restores_every_balance(drawn: Journal) -> None:
    """What a journal did, its reversal undoes; then nothing of it is left to reverse."""
    undone = reverse(drawn, id="r", at=LATER)
    both = [
        Posted(journal=each, sequence=n, recorded_at=LATER, changes="k")
        for n, each in enumerate((drawn, undone), 1)
    ]

    assert {0} == set(balances_of(both).values())
    assert () == reversible(drawn, [undone])


@given(of.entries(), of.entries())
def test_difference_turns_before_into_after(
    before: tuple[Entry, ...], after: tuple[Entry, ...]
) -> None:
    """Balances after the original and its correction are those of the right journal alone."""
    wanted = {key: minor for key, minor in net_of(after).items() if minor}
    found = {
        key: minor for key, minor in net_of((*before, *difference(before, after))).items() if minor
    }

    assert wanted == found


@given(of.journals(st.just("j")), of.journals(st.just("m")))
def test_a_journal_and_its_correction_do_what_was_meant(drawn: Journal, meant: Journal) -> None:
    """Balances after both are those of what was meant; then nothing is left to correct."""
    try:
        small = correct(drawn, meant.entries, id="c", at=LATER)
    except NothingToCorrect:
        assert () == difference(drawn.entries, meant.entries)
        return

    assert () == difference((*drawn.entries, *small.entries), meant.entries)
    with pytest.raises(NothingToCorrect):
        correct(drawn, meant.entries, id="c2", at=LATER, earlier=(small,))


@given(st.data())
def test_partial_reversals_never_exceed_the_original(data: st.DataObject) -> None:
    """Whatever parts are tried, those let in take back at most the original, leg by leg."""
    original = journal("f", ("a", -9), ("b", 4), ("c", 5), ("b", -2), ("c", 2))
    book = open_book(original)
    accepted: list[Journal] = []
    for n in range(data.draw(st.integers(1, 6))):
        pair = data.draw(st.permutations(["a", "b", "c"]))[:2]
        minor = data.draw(st.integers(1, 6))
        part = legs((pair[0], -minor), (pair[1], minor))
        undone = reverse(original, id=f"r{n}", at=LATER, part=part)
        fits = not excess_of(undone, original, accepted)
        try:
            book.post(undone, at=LATER)
            accepted.append(undone)
            assert fits
        except PostingRefused:
            assert not fits
    given_back = {
        (wallet, sign): sum(
            abs(entry.amount.minor)
            for each in accepted
            for entry in each.entries
            if entry.wallet == wallet and (entry.amount.minor > 0) == (sign < 0)
        )
        for wallet in "abc"
        for sign in (1, -1)
    }

    moved = {("a", -1): 9, ("b", 1): 4, ("c", 1): 7, ("b", -1): 2}
    assert all(back <= moved.get(leg, 0) for leg, back in given_back.items())
