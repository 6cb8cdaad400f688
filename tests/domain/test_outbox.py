"""Outbox: messages stored with the money that caused them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ledgerkit.domain.outbox import Claimed, ClaimLost, Message

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def test_a_message_holds_facts() -> None:
    """The words are the host's."""
    message = Message("msg_1", "notice.low_package", "c-1", (("units", "1"), ("of", "10")))

    assert {"units": "1", "of": "10"} == dict(message.body)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ((5, "notice", "c-1"), TypeError),
        (("m", None, "c-1"), TypeError),
        (("m", "notice", b"c-1"), TypeError),
        (("", "notice", "c-1"), ValueError),
        (("m", "", "c-1"), ValueError),
        (("m", "notice", ""), ValueError),
        (("m", "notice\n", "c-1"), ValueError),
        (("m", "notice", "c-1\r\nBcc: eve"), ValueError),
        (("m", "notice", "c-1", [("units", "1")]), TypeError),
        (("m", "notice", "c-1", {"units": "1"}), TypeError),
        (("m", "notice", "c-1", (("units", 1),)), TypeError),
        (("m", "notice", "c-1", (("units",),)), TypeError),
        (("m", "notice", "c-1", (["units", "1"],)), TypeError),
        (("m", "notice", "c-1", (("units", "1"), ("units", "2"))), ValueError),
    ],
)
def test_messages_are_checked(fields: tuple[Any, ...], kind: type[Exception]) -> None:
    """Text that could not be a line of a header, and facts that say one thing each."""
    with pytest.raises(kind, match="message"):
        Message(*fields)


def test_a_lease_ends_at_an_instant() -> None:
    """Kept in UTC; without a zone nobody knows when others may claim the message."""
    madrid = timezone(timedelta(hours=2))
    message = Message("m", "notice", "c-1")

    assert NOON == Claimed(message, 1, datetime(2026, 10, 1, 14, tzinfo=madrid)).until
    assert 1 == Claimed(message, 1, NOON).attempts
    with pytest.raises(ValueError, match="has no time zone"):
        Claimed(message, 1, datetime(2026, 10, 1, 14))  # noqa: DTZ001 - naive on purpose


def test_a_lost_claim_says_who_has_it() -> None:
    """By the newest token."""
    assert (
        "message 'm' was claimed under token 1, but the newest is 2; "
        "drop the result, somebody else has it"
    ) == str(ClaimLost("m", 1, 2))
