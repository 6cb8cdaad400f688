"""Journals: signed legs that sum to zero in every currency, checked when they are built."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import (
    Condition,
    Entry,
    Event,
    Journal,
    SelfCancelling,
    TooFewLegs,
    Unbalanced,
    ZeroAmount,
    net_of,
)
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.money import Money
from ledgerkit.testing import strategies as of

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
FLIGHT = (("student", -10_000), ("instructor", 6_000), ("platform", 4_000))


def legs(*pairs: tuple[str, int], currency: str = "USD") -> tuple[Entry, ...]:
    """Return entries of (wallet, minor units)."""
    return tuple(Entry(wallet, Money(minor, currency)) for wallet, minor in pairs)


def journal(*pairs: tuple[str, int], **fields: Any) -> Journal:
    """Return the journal of (wallet, minor units) at noon; *fields* are those of `Journal`."""
    given: dict[str, Any] = {"id": "j", "kind": "flight.charged", "effective_at": NOON}
    given["entries"] = legs(*pairs)
    return Journal(**(given | fields))


# ---- examples --------------------------------------------------------------------------------
def test_seed_flight() -> None:
    """Minus leaves, plus arrives: student -10000, instructor +6000, platform +4000. (ledger 1)"""
    flight = journal(*FLIGHT)

    assert {
        ("student", "USD"): -10_000,
        ("instructor", "USD"): 6_000,
        ("platform", "USD"): 4_000,
    } == (net_of(flight.entries))
    assert 0 == sum(entry.amount.minor for entry in flight.entries)


def test_package_bought_moves_money_and_units() -> None:
    """Buying ten sessions moves money legs and unit legs in one journal. (ledger 1)"""
    money = legs(("customer:c", -45_000), ("liability:packages", 45_000), currency="EUR")
    units = legs(("package:p", 10), ("units:issued", -10), currency="SESSION")
    bought = journal(kind="package.bought", entries=money + units)

    assert 10 == net_of(bought.entries)["package:p", "SESSION"]


@pytest.mark.parametrize("pairs", [(), (("a", 5),)])
def test_too_few_legs(pairs: tuple[tuple[str, int], ...]) -> None:
    """One leg cannot balance, and a journal without legs says nothing."""
    with pytest.raises(TooFewLegs) as refused:
        journal(*pairs)

    assert ("j", len(pairs)) == (refused.value.journal, refused.value.legs)
    assert f"journal 'j' has {len(pairs)} leg(s); it needs two or more" == str(refused.value)


def test_zero_amount() -> None:
    """Every leg that moves nothing is named. (case PG-07)"""
    with pytest.raises(ZeroAmount) as refused:
        journal(("a1", 0), ("b", 1), ("a2", 0), ("c", -1))

    assert ("a1", "a2") == refused.value.wallets
    assert "journal 'j' moves 0 on a1, a2; leave such legs out" == str(refused.value)


def test_unbalanced_names_the_residual_of_each_currency() -> None:
    """One A more and one B less are two faults, not none. (ledger 3; case HL-03)"""
    with pytest.raises(Unbalanced) as refused:
        journal(entries=legs(("b", -1), currency="BBB") + legs(("a", 1), currency="AAA"))

    assert (Money(1, "AAA"), Money(-1, "BBB")) == refused.value.residuals
    assert (
        "journal 'j' is off by 1 minor AAA, -1 minor BBB; each currency must sum to zero"
    ) == str(refused.value)


def test_unbalanced_by_one_in_one_currency() -> None:
    """15 out and 14 in are refused; nothing is rounded away. (case TB-09)"""
    with pytest.raises(Unbalanced) as refused:
        journal(("A1", -15), ("A2", 14))

    assert (Money(-1, "USD"),) == refused.value.residuals


@pytest.mark.parametrize(
    "pairs",
    [
        (("a", 100), ("a", -100)),
        (("a", 5), ("b", 7), ("a", -5), ("b", -7)),
        (("a", 2), ("a", 3), ("a", -5)),
    ],
)
def test_self_cancelling(pairs: tuple[tuple[str, int], ...]) -> None:
    """A journal in which every wallet nets to zero moves nothing. (case HO-02)"""
    with pytest.raises(SelfCancelling) as refused:
        journal(*pairs)

    wallets = tuple(dict.fromkeys(wallet for wallet, _ in pairs))
    assert wallets == refused.value.wallets
    assert f"nets to zero on every wallet ({', '.join(wallets)})" in str(refused.value)


def test_money_may_pass_through_a_wallet() -> None:
    """In and out of one wallet is no fault where another one gains or loses. (case FO-09)"""
    passed = journal(("walter", -10), ("wendy", 10), ("wendy", -10), ("world", 10))

    assert 0 == net_of(passed.entries)["wendy", "USD"]
    assert 4 == len(passed.entries)


def test_one_wallet_exchanging_currencies_is_not_self_cancelling() -> None:
    """Net zero counts per wallet and currency. (ledger 8)"""
    euros = legs(("a", -5), ("t", 5), currency="EUR")
    dollars = legs(("a", 6), ("t", -6), currency="USD")

    assert 4 == len(journal(entries=euros + dollars).entries)


@pytest.mark.parametrize(
    ("pairs", "refusal"),
    [
        ((("a", 0),), TooFewLegs),
        ((("a", 0), ("b", 5)), ZeroAmount),
        ((("a", 0), ("a", 0)), ZeroAmount),
        ((("a", 5), ("a", 5)), Unbalanced),
    ],
)
def test_shape_is_checked_in_order(
    pairs: tuple[tuple[str, int], ...], refusal: type[LedgerkitError]
) -> None:
    """Of several faults the first is told: legs, zeros, balance, self-cancelling. (ledger 3)"""
    with pytest.raises(refusal):
        journal(*pairs)


def test_effective_at_is_kept_in_utc() -> None:
    """Noon in Madrid is ten o'clock, whoever says it."""
    madrid = timezone(timedelta(hours=2))

    assert (
        NOON - timedelta(hours=2)
        == journal(*FLIGHT, effective_at=datetime(2026, 10, 1, 12, tzinfo=madrid)).effective_at
    )


def test_event_is_written_with_its_part() -> None:
    """An event without a part leaves the part out."""
    assert "flight:123" == str(Event("flight", "123"))
    assert "flight:123:again" == str(Event("flight", "123", "again"))


def test_a_negated_entry_mirrors_it() -> None:
    """The sign turns, the wallet stays."""
    assert Entry("a", Money(-5, "USD")) == -Entry("a", Money(5, "USD"))


# ---- laws ------------------------------------------------------------------------------------
@given(of.journals(st.just("j")))
def test_every_journal_sums_to_zero(drawn: Journal) -> None:
    """Per currency the entries of any journal that exists sum to zero, and some wallet moved."""
    sums = dict.fromkeys((entry.amount.currency for entry in drawn.entries), 0)
    for entry in drawn.entries:
        sums[entry.amount.currency] += entry.amount.minor

    assert {0} == set(sums.values())
    assert any(net_of(drawn.entries).values())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3)), max_size=6))
def test_exactly_the_sound_journals_exist(pairs: list[tuple[str, int]]) -> None:
    """A journal is refused for the first fault it has by the definition, and else it exists."""
    nets: dict[str, int] = {}
    for wallet, minor in pairs:
        nets[wallet] = nets.get(wallet, 0) + minor
    faults = {
        TooFewLegs: len(pairs) < 2,
        ZeroAmount: any(minor == 0 for _, minor in pairs),
        Unbalanced: sum(nets.values()) != 0,
        SelfCancelling: not any(nets.values()),
    }
    expected = next((kind for kind, there in faults.items() if there), None)
    try:
        journal(*pairs)
        found = None
    except LedgerkitError as error:
        found = type(error)

    assert expected == found


@given(of.journals(st.just("j")))
def test_journals_are_values(drawn: Journal) -> None:
    """A journal equals its copy, hashes like it and survives a pickle."""
    copy = pickle.loads(pickle.dumps(drawn))

    assert drawn == attrs.evolve(drawn) == copy
    assert 1 == len({drawn, copy})


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize("amount", [True, 5.0, Decimal(5), "5"])
def test_amounts_are_money_of_whole_units(amount: Any) -> None:
    """`bool`, `float`, `Decimal` and text are refused by type. (ledger 1)"""
    with pytest.raises(TypeError):
        Entry("a", Money(amount, "USD"))
    with pytest.raises(TypeError, match=r"an entry needs a wallet \(text\) and a Money"):
        Entry("a", amount)


@pytest.mark.parametrize("wallet", [None, 5, b"a", ("a",)])
def test_wallets_are_text(wallet: Any) -> None:
    """Anything but text is no address."""
    with pytest.raises(TypeError, match="an entry needs a wallet"):
        Entry(wallet, Money(5, "USD"))


@pytest.mark.parametrize(
    "entries",
    [
        list(legs(*FLIGHT)),
        None,
        "ab",
        (("a", 5), ("b", -5)),
        (*legs(("a", 5)), ("b", -5)),
        (*legs(("a", 0)), ("b", -5)),
    ],
)
def test_entries_are_a_tuple_of_entries(entries: Any) -> None:
    """A list could be changed later, and other things are no legs."""
    with pytest.raises(TypeError, match="entries must be a tuple of Entry"):
        journal(entries=entries)


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("id", None, TypeError),
        ("id", 5, TypeError),
        ("id", "", ValueError),
        ("id", " j", ValueError),
        ("id", "j ", ValueError),
        ("id", "j\x00", ValueError),
        ("id", "j" * 256, ValueError),
        ("kind", None, TypeError),
        ("kind", "", ValueError),
        ("kind", "a\nb", ValueError),
        ("event", ("flight", "1"), TypeError),
        ("event", "flight:1", TypeError),
        ("reverses", "", ValueError),
        ("reverses", 5, TypeError),
        ("forced_by", "", ValueError),
        ("forced_by", True, TypeError),
        ("requires", [], TypeError),
        ("requires", ("a",), TypeError),
        ("requires", Condition("a", Money(0, "USD")), TypeError),
        ("metadata", [], TypeError),
        ("metadata", {"why": "a test"}, TypeError),
        ("metadata", (("why",),), TypeError),
        ("metadata", (["why", "a test"],), TypeError),
        ("metadata", ((5, "a test"),), TypeError),
        ("metadata", (("why", 5),), TypeError),
        ("metadata", (("", "a test"),), ValueError),
        ("metadata", (("why", "a\x00test"),), ValueError),
        ("metadata", (("why", "a \ud800 test"),), ValueError),
        ("metadata", (("why", "x" * 4001),), ValueError),
        ("metadata", (("why", "a"), ("why", "b")), ValueError),
    ],
)
def test_fields_are_checked(field: str, value: Any, kind: type[Exception]) -> None:
    """Text that names things is printable, and nothing mutable gets into a journal."""
    with pytest.raises(kind, match=field.split("_", maxsplit=1)[0]):
        journal(*FLIGHT, **{field: value})


def test_effective_at_is_an_instant() -> None:
    """A datetime without a zone, or another thing, is no instant."""
    with pytest.raises(ValueError, match="has no time zone"):
        journal(*FLIGHT, effective_at=datetime(2026, 10, 1, 12))  # noqa: DTZ001 - naive on purpose
    with pytest.raises(TypeError, match="must be a datetime"):
        journal(*FLIGHT, effective_at="2026-10-01")


def test_metadata_may_hold_what_people_write() -> None:
    """Newlines, no-break spaces, joiners and an empty text are no attack."""
    notes = (
        ("note", "10\u00a0000,00 EUR\nn\u00e3o \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("more", ""),
    )

    assert notes == journal(*FLIGHT, metadata=notes).metadata


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (("", "1"), ValueError),
        (("flight", ""), ValueError),
        (("flight", 1), TypeError),
        ((None, "1"), TypeError),
        (("flight", "1", None), TypeError),
        (("flight", "1", "a\tb"), ValueError),
        (("flight", "1\u202e"), ValueError),
    ],
)
def test_events_are_checked(fields: tuple[Any, ...], kind: type[Exception]) -> None:
    """What an event names is text without control characters."""
    with pytest.raises(kind, match="event"):
        Event(*fields)


def test_events_hash_by_value() -> None:
    """Equal events are one fact, also after a pickle, where text hashes differ."""
    event = Event("flight", "123")
    same = {event: "j"}[Event("flight", "123")]

    assert "j" == same
    assert hash(event) == hash(pickle.loads(pickle.dumps(event)))
    assert {event} == {pickle.loads(pickle.dumps(event))}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (("a",), ValueError),
        (("a", 5), TypeError),
        (("a", None, 5), TypeError),
        (("", Money(5, "USD")), ValueError),
        ((None, Money(5, "USD")), TypeError),
    ],
)
def test_conditions_are_checked(fields: tuple[Any, ...], kind: type[Exception]) -> None:
    """A condition bounds a wallet, by money, on one side at least."""
    with pytest.raises(kind):
        Condition(*fields)


def test_name_of_and_text_of_return_what_may_stand() -> None:
    """A name is short and printable; a text may have lines."""
    assert "customer:c-1" == name_of("wallet", "customer:c-1")
    assert "one\ntwo" == text_of("note", "one\ntwo")
    with pytest.raises(TypeError, match=r"note must be text \(got 5\)"):
        text_of("note", 5)
    with pytest.raises(ValueError, match="note must be at most 4000 characters, no control ones"):
        text_of("note", "one\ttwo")
