"""Changes: all that one decision stores, once per key, on what it was based on."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import (
    BatchRefused,
    Changes,
    Committed,
    Draw,
    Effects,
    Expect,
    KeyReused,
    Number,
    Plan,
    Request,
    Series,
    Skipped,
    Stale,
    UnknownPolicy,
    Version,
    Versioned,
    changes_of,
    expect,
    request,
    skipped,
)
from ledgerkit.domain.ledger import Entry, Journal, Limit, UnknownWallet, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.testing import strategies as of

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
ASKED = request("invoice.issue", invoice="inv_1")


@attrs.frozen
class Note:
    """A record with a number."""

    id: str
    number: str | None = None


@attrs.frozen
class Letter:
    """A record of another kind."""

    id: str


def journal(id: str = "j") -> Journal:
    """Return a journal of five cents."""
    entries = (Entry("a", Money(-5, "EUR")), Entry("b", Money(5, "EUR")))
    return Journal(id=id, kind="moved", entries=entries, effective_at=NOON)


def changes(**fields: Any) -> Changes:
    """Return changes at noon; *fields* are those of `Changes`."""
    given_: dict[str, Any] = {
        "key": "k",
        "request": ASKED,
        "actor": "ada",
        "reason": "a test",
        "at": NOON,
    }
    return Changes(**{**given_, **fields})


# ---- requests --------------------------------------------------------------------------------
def test_a_request_is_text_by_field() -> None:
    """Sorted by field, so that the same question is the same request; None is not asked."""
    asked = request("payout.pay", payout="pay_1", on=OCTOBER, part=2, note=None)

    assert (("on", "2026-10-01"), ("part", "2"), ("payout", "pay_1")) == asked.arguments
    assert asked == request("payout.pay", part=2, payout="pay_1", on=OCTOBER)


def test_every_differing_field_is_named() -> None:
    """With what was asked then and now; a field that is not there is None. (ledger 3)"""
    then = request("invoice.issue", invoice="inv_1", on=date(2026, 11, 1), part=1)
    now = request("invoice.draft", invoice="inv_1", on=date(2026, 11, 2), due=OCTOBER)

    assert (
        ("due", None, "2026-10-01"),
        ("on", "2026-11-01", "2026-11-02"),
        ("part", "1", None),
        ("verb", "invoice.issue", "invoice.draft"),
    ) == then.differing(now)


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")),
)
def test_requests_are_equal_or_differ_in_a_field(one: dict[str, str], two: dict[str, str]) -> None:
    """Whatever makes two requests unequal is named; equal ones differ in nothing."""
    first, second = request("v", **one), request("v", **two)

    assert (first == second) == (first.differing(second) == ())
    assert [(f, b, a) for f, a, b in first.differing(second)] == list(second.differing(first))


@pytest.mark.parametrize("value", [True, 1.5, NOON, b"x", ("x",)])
def test_requests_hold_text_numbers_and_dates(value: Any) -> None:
    """An instant is no business date, and a float has no one text."""
    with pytest.raises(
        TypeError, match="request field 'on' must be text, a whole number or a date"
    ):
        request("v", on=value)


@pytest.mark.parametrize(
    ("verb", "arguments", "kind"),
    [
        ("", (), ValueError),
        (5, (), TypeError),
        ("v", [], TypeError),
        ("v", (("a",),), TypeError),
        ("v", (("a", 1),), TypeError),
        ("v", (["a", "1"],), TypeError),
        ("v", (("b", "1"), ("a", "2")), ValueError),
        ("v", (("a", "1"), ("a", "2")), ValueError),
        ("v", (("verb", "w"),), ValueError),
    ],
)
def test_requests_are_checked(verb: Any, arguments: Any, kind: type[Exception]) -> None:
    """Pairs of text, sorted, each field once, so that comparing finds every difference."""
    with pytest.raises(kind, match="request"):
        Request(verb, arguments)


# ---- series ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("pattern", "n", "expected"),
    [
        ("{series}-{n:5}", 7, "INV-00007"),
        ("{series}-{year}-{n:5}", 7, "INV-2026-00007"),
        ("{series}-{year}{month}-{n:3}", 10, "INV-202611-010"),
        ("{n}/{year}", 123456, "123456/2026"),
        ("{n:2}", 123, "123"),
        ("{n:0}", 5, "5"),
        ("{n} {n:3}", 5, "5 005"),
    ],
)
def test_a_number_as_it_stands_on_a_document(pattern: str, n: int, expected: str) -> None:
    """Year and month are the document's; padding never cuts. (billing 7)"""
    assert expected == Series("INV", pattern).text(n, on=date(2026, 11, 3))


@pytest.mark.parametrize(
    ("reset", "expected"), [("never", "INV"), ("year", "INV/2026"), ("month", "INV/2026-11")]
)
def test_the_count_a_number_belongs_to(reset: str, expected: str) -> None:
    """The count goes on, or begins anew with the year or the month. (billing 7)"""
    series = Series("INV", "{series}{year}{month}{n}", reset)

    assert expected == series.counter(date(2026, 11, 3))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "series name"),
        ({"name": "INV/2026"}, "holds no slash"),
        ({"pattern": ""}, "series pattern"),
        ({"pattern": "INV"}, r"must hold \{n\}"),
        ({"pattern": "{n:123}"}, r"must hold \{n\}"),
        ({"pattern": "{n} {day}"}, "no other braces"),
        ({"pattern": "{n} {"}, "no other braces"),
        ({"pattern": "{n} {series:5}"}, "no other braces"),
        ({"pattern": "{n:\u0665}"}, r"must hold \{n\}"),
        ({"reset": "daily"}, "never, each year or each month"),
        ({"reset": "year"}, r"resets each year; its pattern needs \{year\}"),
        ({"reset": "month", "pattern": "{month}{n}"}, r"each month; its pattern needs \{year\}"),
        ({"reset": "month", "pattern": "{year}{n}"}, r"each month; its pattern needs \{month\}"),
        ({"start": -1}, "whole number from 0"),
        ({"start": True}, "whole number from 0"),
        ({"start": "1"}, "whole number from 0"),
    ],
)
def test_series_are_checked(fields: dict[str, Any], says: str) -> None:
    """A series that would repeat a number, or have none, is refused."""
    given: dict[str, Any] = {"name": "INV", **fields}
    with pytest.raises(ValueError, match=says):
        Series(**given)


@given(of.series(), of.dates(), of.dates(), st.integers(0, 9999), st.integers(0, 9999))
def test_numbers_of_a_series_never_repeat(
    series: Series, one: date, two: date, n: int, m: int
) -> None:
    """Two numbers look alike only if count and number are the same, whatever the dates."""
    if (series.counter(one), n) != (series.counter(two), m):
        assert series.text(n, on=one) != series.text(m, on=two)
    else:
        assert series.counter(two) == series.counter(one)


def test_a_draw_is_dated() -> None:
    """The date of the document, not an instant, says which count it belongs to."""
    with pytest.raises(TypeError, match="on must be a date"):
        Draw("n", Series("INV"), NOON)
    with pytest.raises(ValueError, match="record to number"):
        Draw("", Series("INV"), OCTOBER)


# ---- changes ---------------------------------------------------------------------------------
def test_expected_versions() -> None:
    """A record without an expectation is new: version 0; what was only read counts too."""
    stored = changes(
        records=(Note("n-1"), Note("n-2")), expects=(Expect(Note, "n-1", 3), Expect(Letter, "l", 1))
    )

    assert {(Note, "n-1"): 3, (Note, "n-2"): 0, (Letter, "l"): 1} == stored.expected


def test_expecting_what_was_read() -> None:
    """The expectation is the version of the record as it was loaded."""
    assert Expect(Note, "n-1", 3) == expect(Versioned(Note("n-1"), 3))


def test_what_a_commit_stores_is_the_next_version() -> None:
    """A job that goes on with what it stored need not read it again."""
    first, second = Note("n-1"), Note("n-1")

    assert Versioned(second, 8) == Versioned(first, 7).followed_by(second)


def test_instants_are_kept_in_utc() -> None:
    """Of the decision and of the lock."""
    stored = changes(closes_before=NOON + timedelta(hours=1))

    assert (NOON, NOON + timedelta(hours=1)) == (stored.at, stored.closes_before)
    assert changes().closes_before is None


MESSAGE = Message("m", "notice.low_package", "c-1")


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"key": ""}, ValueError, "key must be 1 to 255"),
        ({"key": None}, TypeError, "key must be text"),
        ({"actor": ""}, ValueError, "actor must be"),
        ({"reason": " "}, ValueError, "a reason is needed"),
        ({"reason": "a\x00b"}, ValueError, "reason must be"),
        ({"reason": 5}, TypeError, "reason must be text"),
        ({"request": "issue"}, TypeError, "request must be a Request"),
        ({"at": datetime(2026, 10, 1)}, ValueError, "time zone"),  # noqa: DTZ001 - on purpose
        ({"closes_before": OCTOBER}, TypeError, "must be a datetime"),
        ({"journals": [journal()]}, TypeError, "journals must be a tuple of Journal"),
        ({"journals": (Note("n"),)}, TypeError, "journals must be a tuple of Journal"),
        ({"opens": ("a",)}, TypeError, "opens must be a tuple of Wallet"),
        ({"policies": {Wallet("a")}}, TypeError, "policies must be a tuple of Wallet"),
        ({"records": [Note("n")]}, TypeError, "records must be a tuple"),
        ({"expects": ((Note, "n", 1),)}, TypeError, "expects must be a tuple of Expect"),
        ({"draws": ("n",)}, TypeError, "draws must be a tuple of Draw"),
        ({"messages": ("m",)}, TypeError, "messages must be a tuple of Message"),
        ({"journals": (journal(), journal())}, ValueError, "one journal of each at most"),
        ({"opens": (Wallet("a"), Wallet("a"))}, ValueError, "one wallet to open of each"),
        ({"policies": (Wallet("a"), Wallet("a"))}, ValueError, "one policy of each"),
        ({"records": (Note("n"), Note("n"))}, ValueError, "one record of each"),
        ({"expects": (Expect(Note, "n", 1),) * 2}, ValueError, "one expectation of each"),
        ({"messages": (MESSAGE, MESSAGE)}, ValueError, "one message of each"),
    ],
)
def test_changes_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """All of it is frozen, of its type, and there once."""
    with pytest.raises(kind, match=says):
        changes(**fields)


def test_a_reason_is_in_words() -> None:
    """As people write them, over several lines."""
    assert (
        "10\u00a0EUR off,\nasked by phone"
        == changes(reason="10\u00a0EUR off,\nasked by phone").reason
    )


def test_a_number_is_drawn_for_one_record_among_the_changes() -> None:
    """Not for one that is stored elsewhere, nor twice, nor for two of one id."""
    draw = Draw("n", Series("INV"), OCTOBER)

    assert (draw,) == changes(records=(Note("n"),), draws=(draw,)).draws
    for records in ((), (Note("m"),), (Note("n"), Letter("n"))):
        with pytest.raises(ValueError, match=r"for one record among the changes \(got \['n'\]\)"):
            changes(records=records, draws=(draw,))
    with pytest.raises(ValueError, match="one draw of each"):
        changes(records=(Note("n"),), draws=(draw, draw))


def test_two_kinds_may_share_an_id() -> None:
    """An id is unique within its kind only."""
    assert 2 == len(changes(records=(Note("n"), Letter("n"))).records)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ((Note, "", 1), ValueError),
        ((Note, 5, 1), TypeError),
        ((Note("n"), "n", 1), TypeError),
        ((Note, "n", -1), TypeError),
        ((Note, "n", True), TypeError),
        ((Note, "n", 1.0), TypeError),
    ],
)
def test_expectations_are_checked(fields: tuple[Any, ...], kind: type[Exception]) -> None:
    """A kind, an id, and a version from 0."""
    with pytest.raises(kind):
        Expect(*fields)


# ---- commits ---------------------------------------------------------------------------------
COMMITTED = Committed("k", NOON, (Number("INV/2026", 7, "INV-2026-00007", "n-1"),))


def test_number_of_a_record() -> None:
    """As it stands on the document, or None where none was drawn."""
    assert "INV-2026-00007" == COMMITTED.number_of("n-1")
    assert COMMITTED.number_of("n-2") is None


def test_numbers_are_filled_into_records() -> None:
    """Those that drew one get it, the others stay as they are."""
    stored = changes(records=(Note("n-1"), Note("n-2"), Letter("l")))

    assert (Note("n-1", "INV-2026-00007"), Note("n-2"), Letter("l")) == (
        COMMITTED.filled(stored).records
    )


def test_a_version_is_dated_in_utc() -> None:
    """A row of the history says who, why and when."""
    with pytest.raises(ValueError, match="has no time zone"):
        Version(Note("n"), 1, "k", "ada", "a test", datetime(2026, 10, 1))  # noqa: DTZ001


def test_key_reused_names_each_field() -> None:
    """What was asked then, and what is asked now. (ledger 3)"""
    error = KeyReused("k", (("on", "2026-11-01", "2026-11-02"), ("part", None, "2")))

    assert (
        "key 'k' is committed for another request (on: '2026-11-01' then, '2026-11-02' now, "
        "part: None then, '2' now); use a new key"
    ) == str(error)


def test_stale_says_what_moved() -> None:
    """Which record, where it is and where it was."""
    assert (
        "invoice 'inv_1' is at version 3, the decision was based on 2; read it and decide again"
    ) == str(Stale("invoice", "inv_1", 2, 3))


def test_unknown_policy_names_the_wallet() -> None:
    """A policy changes a wallet that is open."""
    assert "wallet 'a' was never opened; open it before setting its policy" == (
        str(UnknownPolicy("a"))
    )


def test_batch_refused_names_the_member() -> None:
    """By place and key, with its own reason, also after a pickle. (ledger 3)"""
    error = BatchRefused(1, "k-2", UnknownWallet("j", ("nope",)))

    sentence = "number 1 of the batch ('k-2') was refused: journal 'j' posts to nope, not opened"
    assert str(error).startswith(sentence)
    assert str(error) == str(pickle.loads(pickle.dumps(error)))


# ---- plans -----------------------------------------------------------------------------------
def test_who_cannot_be_decided_for_is_skipped_with_the_reason() -> None:
    """The code for programs, the sentence for people."""
    left_out = skipped("c-1", UnknownPolicy("a"))

    assert ("c-1", "unknown_policy_wallet") == (left_out.subject, left_out.code)
    assert str(UnknownPolicy("a")) == left_out.reason
    assert Plan((), (left_out,)) == Plan((), (Skipped("c-1", left_out.code, left_out.reason),))


@attrs.frozen
class Issued:
    """A decision."""

    effects: Effects


DRAW = Draw("n-1", Series("INV"), OCTOBER)


def test_decisions_add_up_to_one_changes() -> None:
    """In their order, with what all of them was based on."""
    one = Issued(Effects(journals=(journal("j1"),), records=(Note("n-1"),), draws=(DRAW,)))
    two = Issued(Effects(journals=(journal("j2"),), records=(Note("n-2"),), messages=(MESSAGE,)))
    stored = changes_of(
        one,
        two,
        key="k",
        request=ASKED,
        actor="ada",
        reason="a test",
        at=NOON,
        expects=(Expect(Note, "n-2", 1),),
    )

    assert (
        changes(
            journals=(journal("j1"), journal("j2")),
            records=(Note("n-1"), Note("n-2")),
            draws=(DRAW,),
            messages=(MESSAGE,),
            expects=(Expect(Note, "n-2", 1),),
        )
        == stored
    )


def test_the_first_to_open_a_wallet_sets_its_policy() -> None:
    """As it would one after the other; the order of the others stays."""
    floor = Wallet("c", (Limit("EUR", 0),))
    one, two = Effects(opens=(Wallet("a"), floor)), Effects(opens=(Wallet("c"), Wallet("b")))
    stored = changes_of(
        Issued(one), Issued(two), key="k", request=ASKED, actor="ada", reason="a test", at=NOON
    )

    assert {Wallet("a"), floor, Wallet("b")} == set(stored.opens)
    assert 3 == len(stored.opens)


def test_a_decision_may_set_policies() -> None:
    """Those of several stand together in what is stored."""
    floor, frozen = Wallet("c", (Limit("EUR", 0),)), Wallet("d", status="frozen")
    stored = changes_of(
        Issued(Effects(policies=(floor,))),
        Issued(Effects(policies=(frozen,))),
        key="k",
        request=ASKED,
        actor="ada",
        reason="a test",
        at=NOON,
    )

    assert (floor, frozen) == stored.policies


@given(of.changes())
def test_changes_are_values(drawn: Changes) -> None:
    """Changes equal their copy and their pickle."""
    assert drawn == attrs.evolve(drawn) == pickle.loads(pickle.dumps(drawn))
