"""Reading: balances, statements and trial balances on both time axes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import (
    NOW,
    AsOf,
    Balance,
    Cursor,
    Entry,
    Event,
    Journal,
    Page,
    Posted,
    TrialBalance,
    balances_of,
    lowest_balance,
    statement,
    trial_balance,
)
from ledgerkit.domain.money import Money
from ledgerkit.testing import strategies as of

ZERO = datetime(2026, 10, 1, 12, tzinfo=UTC)


def minute(n: int) -> datetime:
    """Return the instant *n* minutes after zero."""
    return ZERO + timedelta(minutes=n)


def posted(
    sequence: int, eff: int, rec: int, *pairs: tuple[str, int], currency: str = "USD"
) -> Posted:
    """Return a journal in the books: effective and recorded so many minutes after zero."""
    journal = Journal(
        id=f"j{sequence}",
        kind="moved",
        entries=tuple(Entry(wallet, Money(minor, currency)) for wallet, minor in pairs),
        effective_at=minute(eff),
    )
    return Posted(journal=journal, sequence=sequence, recorded_at=minute(rec), changes="k")


# Case FO-16: each journal with its effective and recorded minute.
VOLUMES = (
    posted(1, -4, 4, ("world", -100), ("a1", 100)),
    posted(2, -3, 3, ("world", -100), ("a1", 100)),
    posted(3, -2, 2, ("a1", -50), ("bank", 50)),
    posted(4, 0, 0, ("world", -50), ("a2", 50)),
    posted(5, 1, -1, ("world", -50), ("a2", 50)),
    posted(6, 2, -2, ("a2", -50), ("bank", 50)),
    posted(7, 3, -3, ("world", -25), ("a2", 25)),
)
# Case HO-04: four journals on a wallet, the later ones effective earlier.
OUT_OF_ORDER = (
    posted(1, 15, 1, ("s", 50), ("d", -50)),
    posted(2, 15, 2, ("s", -70), ("d", 70)),
    posted(3, 5, 3, ("s", 110), ("d", -110)),
    posted(4, 5, 4, ("s", 100), ("d", -100)),
)


# ---- balances --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wallet", "as_of", "expected"),
    [
        ("a2", AsOf(recorded_at=minute(-2)), -25),
        ("a1", AsOf(effective_at=minute(-2)), 150),
        ("a1", AsOf(effective_at=minute(-3)), 200),
        ("world", AsOf(effective_at=minute(-3)), -200),
        ("a2", AsOf(effective_at=minute(2), effective_from=minute(0)), 50),
        ("a2", AsOf(effective_from=minute(2)), -25),
        ("a1", AsOf(effective_at=minute(0), effective_from=minute(-2)), -50),
        ("a1", AsOf(effective_at=minute(-2), recorded_at=minute(3)), 50),
        ("a1", NOW, 150),
    ],
)
def test_balance_as_of_either_or_both_times(wallet: str, as_of: AsOf, expected: int) -> None:
    """Both axes are inclusive at both ends. (ledger 6; case FO-16)"""
    assert expected == balances_of(VOLUMES, as_of)[wallet, "USD"]


def test_a_closing_balance_goes_by_effect() -> None:
    """March closes at 10 although April is recorded already. (case DE-15)"""
    march = posted(1, 315, 315, ("a", -10), ("b", 10))
    april = posted(2, 402, 402, ("a", -5), ("b", 5))

    assert 10 == balances_of((march, april), AsOf(effective_at=minute(331)))["b", "USD"]


def test_bounds_are_instants() -> None:
    """A bound without a zone would be another moment on every machine."""
    with pytest.raises(ValueError, match="has no time zone"):
        AsOf(effective_at=datetime(2026, 10, 1))  # noqa: DTZ001 - naive on purpose


# ---- statements ------------------------------------------------------------------------------
def test_statement_in_recording_order() -> None:
    """Lines run as they were recorded, whenever they count. (ledger 10)"""
    lines = statement(OUT_OF_ORDER, "s")

    assert [50, -20, 90, 190] == [line.running.minor for line in lines]
    assert [Cursor(n, 0) for n in (1, 2, 3, 4)] == [line.cursor for line in lines]


def test_statement_in_effective_order() -> None:
    """Order is (effective, recorded): 110, 210, 260, 190. (case HO-04)"""
    lines = statement(OUT_OF_ORDER, "s", by_effect=True)

    assert [110, 210, 260, 190] == [line.running.minor for line in lines]


def test_a_line_tells_all_about_its_entry() -> None:
    """Journal, kind, event, amount, running balance and both times."""
    journal = Journal(
        id="j",
        kind="flight.charged",
        entries=(Entry("s", Money(-5, "USD")), Entry("p", Money(5, "USD"))),
        effective_at=minute(1),
        event=Event("flight", "123"),
    )
    (line,) = statement(
        [Posted(journal=journal, sequence=7, recorded_at=minute(2), changes="k")], "p"
    )

    assert ("j", 7, 1, "flight.charged", Event("flight", "123"), "p") == (
        line.journal,
        line.sequence,
        line.line,
        line.kind,
        line.event,
        line.wallet,
    )
    assert (Money(5, "USD"), Money(5, "USD")) == (line.amount, line.running)
    assert (minute(1), minute(2)) == (line.effective_at, line.recorded_at)


def test_balances_run_per_currency() -> None:
    """Euros and dollars of one wallet never mix."""
    dollars = posted(1, 0, 0, ("a", -5), ("b", 5))
    euros = posted(2, 0, 0, ("a", 7), ("b", -7), currency="EUR")

    assert [Money(-5, "USD"), Money(7, "EUR")] == [
        line.running for line in statement([dollars, euros], "a")
    ]


def test_two_entries_of_one_wallet_are_two_lines() -> None:
    """A place in a statement is a journal and an entry, never a journal alone. (ledger 10)"""
    passed = posted(3, 0, 0, ("a", -9), ("b", 4), ("b", 5))

    assert [(Cursor(3, 1), 4), (Cursor(3, 2), 9)] == [
        (line.cursor, line.running.minor) for line in statement([passed], "b")
    ]
    assert Cursor(3, 1) < Cursor(3, 2) < Cursor(4, 0)


def test_a_page_says_where_it_goes_on() -> None:
    """The last page has no next."""
    assert Page((1, 2), next=2) != Page((1, 2))
    assert Page(()).next is None


# ---- the lowest balance in between -----------------------------------------------------------
def test_lowest_balance_from_an_instant_on() -> None:
    """100 at first, 30 in between, 80 now: back-dated to before the dip, only 30 were free."""
    history = (
        posted(1, 0, 0, ("a", 100), ("x", -100)),
        posted(2, 10, 10, ("a", -70), ("x", 70)),
        posted(3, 20, 20, ("a", 50), ("x", -50)),
        posted(4, 20, 20, ("a", 3), ("x", -3), currency="EUR"),
    )

    assert Money(30, "USD") == lowest_balance(history, "a", "USD", since=minute(5))
    assert Money(30, "USD") == lowest_balance(history, "a", "USD", since=minute(10))
    assert Money(80, "USD") == lowest_balance(history, "a", "USD", since=minute(20))
    assert Money(0, "USD") == lowest_balance(history, "a", "USD", since=minute(-1))
    assert Money(0, "JPY") == lowest_balance(history, "a", "JPY", since=minute(-1))


def test_what_counts_at_one_instant_counts_together() -> None:
    """Out and in again at the same instant is no dip."""
    history = (
        posted(1, 0, 0, ("a", 10), ("x", -10)),
        posted(2, 5, 5, ("a", -10), ("x", 10)),
        posted(3, 5, 6, ("a", 10), ("x", -10)),
    )

    assert Money(10, "USD") == lowest_balance(history, "a", "USD", since=minute(1))


# ---- trial balance ---------------------------------------------------------------------------
def test_trial_balance() -> None:
    """Both sides of each currency are equal. (case FO-24)"""
    history = (
        posted(1, 0, 0, ("world", -1_100), ("u1", 1_000), ("u2", 100)),
        posted(2, 0, 0, ("world", -1_100), ("u1", 1_000), ("u2", 100)),
        posted(3, 0, 0, ("weur", -100), ("xxx", 100), currency="EUR"),
    )

    assert (TrialBalance("EUR", 100, 100), TrialBalance("USD", 2_200, 2_200)) == trial_balance(
        balances_of(history)
    )


def test_trial_balance_shows_what_is_missing() -> None:
    """Credits less debits, of records as well as of numbers; what is held does not count."""
    (off,) = trial_balance({("a", "USD"): Balance(-5, 3), ("b", "USD"): Balance(7, 0, 9)})

    assert (5, 7, 2) == (off.debits, off.credits, off.difference)


# ---- laws ------------------------------------------------------------------------------------
HISTORIES = st.lists(of.journals(st.just("j")), max_size=6).map(
    lambda drawn: [
        Posted(journal=journal, sequence=n, recorded_at=ZERO + timedelta(hours=n), changes="k")
        for n, journal in enumerate(drawn, 1)
    ]
)


@given(HISTORIES, of.as_ofs())
def test_every_balance_is_one_sum(history: list[Posted], as_of: AsOf) -> None:
    """Within any bounds each currency sums to zero, so both sides of each trial are equal."""
    found = balances_of(history, as_of)

    assert all(side.difference == 0 for side in trial_balance(found))
    assert found == balances_of([each for each in history if as_of.covers(each)])


@given(HISTORIES, st.sampled_from(of.ADDRESSES), st.booleans())
def test_statements_end_in_the_balance(history: list[Posted], wallet: str, by_effect: bool) -> None:
    """In either order the last line of each currency is the balance, and all lines are there."""
    lines = statement(history, wallet, by_effect=by_effect)
    sums = balances_of(history)
    ends = {line.running.currency: line.running.minor for line in lines}

    assert ends == {currency: minor for (at, currency), minor in sums.items() if at == wallet}
    assert len({line.cursor for line in lines}) == len(lines)


@given(HISTORIES, st.sampled_from(of.ADDRESSES), of.instants())
def test_lowest_balance_is_the_least_of_all_balances(
    history: list[Posted], wallet: str, since: datetime
) -> None:
    """It is the least of the balances as of *since* and of each later instant that changes one."""
    moments = [since, *(p.journal.effective_at for p in history if p.journal.effective_at > since)]

    assert (
        min(balances_of(history, AsOf(effective_at=at)).get((wallet, "EUR"), 0) for at in moments)
        == lowest_balance(history, wallet, "EUR", since=since).minor
    )
