"""Overrides: seen by two people, expiring, and used up by one journal."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ledgerkit.domain.access import ApproverIsRequester
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.credit_limits import (
    OverrideExceeded,
    OverrideExpired,
    OverrideForOther,
    approve,
    override_id,
    reject,
    request_override,
    revoke,
    use,
    use_to_hold,
)
from ledgerkit.domain.ledger import Entry, Event, Hold, Journal
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.testing.samples import NOON, hour, transfer


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


ASKED = request_override(
    "ana",
    usd(12_000),
    reference="booking-7",
    reason="pays on Friday",
    by="maria",
    expires_at=hour(24),
    at=NOON,
)
APPROVED = approve(ASKED.override, by="pedro", at=hour(1)).override
FLOWN = Journal(
    id="jrn_1",
    kind="completion.charged",
    entries=(
        Entry("customer:ana", usd(-12_000)),
        Entry("supplier:tom", usd(7_200)),
        Entry("platform", usd(4_800)),
    ),
    effective_at=NOON,
    event=Event("booking", "booking-7"),
)


def test_asked_for() -> None:
    """It says of whom, how much, what for and why, and has no effect yet."""
    asked = ASKED.override

    assert Effects(records=(asked,)) == ASKED.effects
    assert (override_id("ana", "booking-7"), "requested", "maria", None) == (
        asked.id,
        asked.status,
        asked.requested_by,
        asked.approved_by,
    )
    with pytest.raises(IllegalTransition, match="override is requested; use needs approved"):
        use(asked, FLOWN, at=hour(2))


def test_somebody_else_approves() -> None:
    """By real identity, unless the host does without. (spec: reliability 6.2)"""
    assert ("approved", "pedro") == (APPROVED.status, APPROVED.approved_by)
    with pytest.raises(ApproverIsRequester, match="was asked for by 'maria'; somebody else"):
        approve(ASKED.override, by="maria", at=hour(1))
    alone = approve(ASKED.override, by="maria", at=hour(1), four_eyes=False).override
    assert "maria" == alone.approved_by


def test_used_up_by_one_journal() -> None:
    """The journal names it, it names the journal, and both are stored together."""
    used = use(APPROVED, FLOWN, at=hour(2))

    assert (APPROVED.id, "used", "jrn_1") == (
        used.journal.forced_by,
        used.override.status,
        used.override.journal,
    )
    assert Effects(journals=(used.journal,), records=(used.override,)) == used.effects
    with pytest.raises(IllegalTransition, match="override is used; use needs approved"):
        use(used.override, attrs.evolve(FLOWN, id="jrn_2"), at=hour(3))


def test_used_up_by_one_hold() -> None:
    """Of the legs of a journal, under the same rules."""
    booked = Hold(id="hld_1", kind="completion.charged", entries=FLOWN.entries, expires_at=hour(9))
    used = use_to_hold(APPROVED, booked, work="booking-7", at=hour(2))

    assert attrs.evolve(booked, forced_by=APPROVED.id) == used.hold
    assert ("used", "hld_1") == (used.override.status, used.override.journal)
    assert Effects(holds=(used.hold,), records=(used.override,)) == used.effects
    with pytest.raises(IllegalTransition, match="override is used; use needs approved"):
        use_to_hold(used.override, booked, work="booking-7", at=hour(3))
    with pytest.raises(OverrideExpired):
        use_to_hold(APPROVED, booked, work="booking-7", at=hour(24))
    with pytest.raises(OverrideExceeded, match=r"119\.99 USD of its customer pass"):
        use_to_hold(
            attrs.evolve(APPROVED, amount=usd(11_999)), booked, work="booking-7", at=hour(2)
        )


def test_turned_down_or_taken_back() -> None:
    """Neither lets anything pass."""
    rejected = reject(ASKED.override).override
    revoked = revoke(APPROVED).override

    assert ("rejected", "revoked") == (rejected.status, revoked.status)
    for over in (rejected, revoked):
        with pytest.raises(IllegalTransition):
            use(over, FLOWN, at=hour(2))


@pytest.mark.parametrize("hours", [24, 25])
def test_it_expires(hours: int) -> None:
    """At the instant and after it, to be approved and to be used."""
    with pytest.raises(OverrideExpired, match="expired at 2026-10-02T12:00:00"):
        use(APPROVED, FLOWN, at=hour(hours))
    with pytest.raises(OverrideExpired, match="ask for another one"):
        approve(ASKED.override, by="pedro", at=hour(hours))


def legs(*entries: tuple[str, int]) -> Journal:
    """Return a journal of *entries* in cents."""
    return attrs.evolve(
        FLOWN, entries=tuple(Entry(wallet, usd(minor)) for wallet, minor in entries)
    )


@pytest.mark.parametrize(
    ("journal", "taken"),
    [
        (legs(("customer:ana", -12_001), ("platform", 12_001)), "120.01 USD from customer"),
        (legs(("customer:bo", -1), ("platform", 1)), "0.01 USD from customer:bo"),
        (
            legs(("customer:ana", -1), ("package:p", -1), ("platform", 2)),
            "0.01 USD from customer:ana, 0.01 USD from package:p",
        ),
        (legs(("customer:ana", 1), ("platform", -1)), "0.01 USD from platform"),
        (
            transfer("booking-7", "customer:ana", "platform", 5),
            "0.05 EUR from customer:ana",
        ),
    ],
    ids=["more", "another customer", "another floor", "nothing", "another currency"],
)
def test_it_lets_nothing_else_pass(journal: Journal, taken: str) -> None:
    """A forced journal passes every floor, so it may take from this customer alone."""
    with pytest.raises(OverrideExceeded, match=f"the journal takes {taken}"):
        use(APPROVED, journal, at=hour(2))


def test_it_lets_no_other_work_pass() -> None:
    """Approved for booking 7, it is no leave for another one of the same customer and amount."""
    other = attrs.evolve(FLOWN, event=Event("booking", "booking-8"))
    plain = attrs.evolve(FLOWN, event=None)
    booked = Hold(id="booking-7", kind="k", entries=FLOWN.entries, expires_at=hour(9))
    named = attrs.evolve(plain, id="booking-7")

    with pytest.raises(
        OverrideForOther, match=r"was approved for 'booking-7', not for 'booking-8'; ask for"
    ):
        use(APPROVED, other, at=hour(2))
    with pytest.raises(OverrideForOther, match="not for 'jrn_1'"):
        use(APPROVED, plain, at=hour(2))
    with pytest.raises(OverrideForOther, match="not for 'booking-8'"):
        use_to_hold(APPROVED, booked, work="booking-8", at=hour(2))
    assert "used" == use(APPROVED, named, at=hour(2)).override.status


def test_the_platform_may_lose() -> None:
    """A flight that pays more than it charges is the platform's business."""
    journal = legs(("customer:ana", -12_000), ("platform", -500), ("supplier:tom", 12_500))

    assert APPROVED.id == use(APPROVED, journal, at=hour(2)).journal.forced_by


def test_it_expires_after_it_is_asked_for() -> None:
    """Or it would never let anything pass."""
    with pytest.raises(ValueError, match="expires after it is asked for"):
        request_override("ana", usd(1), reference="b", reason="x", by="m", expires_at=NOON, at=NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": usd(0)},
        {"amount": 5},
        {"status": "lost"},
        {"approved_by": None},
        {"status": "requested"},
        {"journal": "jrn_1"},
        {"status": "used"},
        {"reason": ""},
    ],
    ids=str,
)
def test_what_cannot_be(wrong: dict[str, Any]) -> None:
    """It names an approver exactly once approved, and a journal exactly once used."""
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(APPROVED, **wrong)
