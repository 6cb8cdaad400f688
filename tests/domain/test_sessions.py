"""Sessions: lessons of a match, billed once they are approved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.money import Money
from ledgerkit.domain.sessions import Match, Session, booking_id, undone

KEY = CatalogKey("maths", "secondary", 60)
EVENING = datetime(2026, 9, 30, 22, 30, tzinfo=UTC)
NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)


def match(**fields: Any) -> Match:
    """Return a match; *fields* are those of `Match`."""
    given: dict[str, Any] = {
        "id": "m-1",
        "customer": "c-1",
        "student": "Ada",
        "supplier": "t-1",
        "key": KEY,
        "currency": "EUR",
    }
    return Match(**{**given, **fields})


def session(**fields: Any) -> Session:
    """Return an approved session; *fields* are those of `Session`."""
    given: dict[str, Any] = {
        "id": "s-1",
        "match": "m-1",
        "starts_at": EVENING,
        "status": "approved",
        "approved_at": NOON,
    }
    return Session(**{**given, **fields})


# ---- examples --------------------------------------------------------------------------------
def test_the_day_of_a_session_is_local() -> None:
    """22:30 UTC on 30 September is 1 October in Madrid, and billed in October. (billing 0.3)"""
    assert date(2026, 10, 1) == session().day("Europe/Madrid")
    assert date(2026, 9, 30) == session().day("UTC")


def test_a_session_is_an_event() -> None:
    """The journal that books it claims it."""
    assert Event("session", "s-1") == session().event


def test_taking_back_is_an_event_of_its_own() -> None:
    """Nothing is taken back twice, and what was charged anew can be taken back anew."""
    assert Event("session", "s-1", "undone:1") == undone(session().event)
    assert Event("session", "s-1", "undone:2") == undone(Event("session", "s-1", "2"))


def test_a_booking_has_one_id_whoever_pays() -> None:
    """Another session, part or day has another one."""
    day = date(2026, 10, 1)
    ids = {
        booking_id("s-1", "", day),
        booking_id("s-1", "2", day),
        booking_id("s-2", "", day),
        booking_id("s-1", "", date(2026, 10, 2)),
    }

    assert 4 == len(ids)
    assert booking_id("s-1", "", day).startswith("jrn_20261001_")
    assert booking_id("s-1", "", day) == booking_id("s-1", "", day)


def test_a_match_may_pay_its_own_rate() -> None:
    """Also nothing."""
    assert Money(0, "EUR") == match(pay=Money(0, "EUR")).pay


@pytest.mark.parametrize("status", ["scheduled", "held", "cancelled", "no_show"])
def test_only_approved_sessions_are_approved_at_a_time(status: str) -> None:
    """Status and time say the same."""
    assert session(status=status, approved_at=None).approved_at is None
    with pytest.raises(ValueError, match="approved_at goes with approved, only"):
        session(status=status)


def test_an_approved_session_says_when() -> None:
    """Without the time nobody knows in which run it belongs."""
    with pytest.raises(ValueError, match="approved_at goes with approved, only"):
        session(approved_at=None)


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": ""}, ValueError, "match id"),
        ({"customer": None}, TypeError, "match customer"),
        ({"supplier": "t\x001"}, ValueError, "match supplier"),
        ({"student": ""}, ValueError, "name of a student"),
        ({"student": "Ada\x07"}, ValueError, "match student"),
        ({"key": "maths"}, TypeError, "needs a key and a currency"),
        ({"currency": None}, TypeError, "needs a key and a currency"),
        ({"pay": Money(1, "USD")}, ValueError, "must be EUR and not negative"),
        ({"pay": Money(-1, "EUR")}, ValueError, "must be EUR and not negative"),
    ],
)
def test_matches_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Who teaches whom, what, and who pays, in one currency."""
    with pytest.raises(kind, match=says):
        match(**fields)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": ""}, ValueError, "session id"),
        ({"id": 5}, TypeError, "session id"),
        ({"match": ""}, ValueError, "session match"),
        ({"match": 5}, TypeError, "session match"),
        ({"status": "done"}, ValueError, "has status 'done'; use scheduled, held"),
        ({"starts_at": datetime(2026, 10, 1)}, ValueError, "time zone"),  # noqa: DTZ001
        ({"approved_at": datetime(2026, 10, 1)}, ValueError, "time zone"),  # noqa: DTZ001
    ],
)
def test_sessions_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """A session belongs to a match and begins at an instant."""
    with pytest.raises(kind, match=says):
        session(**fields)
