"""Notices of credit: little is left, once; some is about to expire."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import pytest

from ledgerkit.domain.grants import (
    Grant,
    draw,
    expire,
    expiring_soon,
    give_back,
    low_alert,
    paid_by_line,
    revoke,
    summaries,
    tell_expiring,
)
from ledgerkit.domain.outbox import Message
from tests.domain.grants.credit import AT, ENDS, bought, eur, given, line, pack, tokens, use

TEN = eur(1_000)


def alert(before: Grant, after: Grant, *others: Grant) -> Message | None:
    """Return the alert below 10.00 when one grant changes beside *others*."""
    return low_alert("ana", (before, *others), (after, *others), threshold=TEN)


# ---- low balance -----------------------------------------------------------------------------
def test_alert_is_strictly_below() -> None:
    """Exactly 10.00 left: no; 9.99 left: yes, with the figures."""
    told = alert(bought(), use(bought(), 9_001).grant)

    assert alert(bought(), use(bought(), 9_000).grant) is None
    assert told is not None
    assert ("notice.low_credit", "ana") == (told.topic, told.recipient)
    assert (
        ("remaining_minor", "999"),
        ("threshold_minor", "1000"),
        ("currency", "EUR"),
    ) == told.body


def test_alert_fires_once_on_crossing() -> None:
    """Below it already: it was told."""
    low = use(bought(), 9_001).grant

    assert alert(low, use(low, 100, "l2").grant) is None


def test_alert_is_armed_again() -> None:
    """Back at 10.00 after a return, the next draw tells anew, as another message."""
    claim = line(9_500)
    low = draw(bought(), claim, eur(9_500), at=AT).grant
    back = give_back(low, "l1", amount=eur(500), at=AT).grant
    again = draw(back, claim, eur(500), at=AT).grant
    first, second = alert(bought(), low), alert(back, again)

    assert TEN == back.remaining
    assert first is not None
    assert second is not None
    assert first.id != second.id


def test_alert_is_about_all_of_the_credit() -> None:
    """An old grant runs out beside a full one: no alert; tokens do not count as euros."""
    before, after = bought(), use(bought(), 10_000).grant

    assert alert(before, after, bought("full")) is None
    assert alert(before, after, pack(id="tokens")) is not None
    assert low_alert("ana", (pack(),), (pack(),), threshold=tokens(1_001)) is None


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_alert_is_about_what_is_left_whatever_took_it(end: str) -> None:
    """What expired or was revoked is gone as well; its own notice says why."""
    after = {
        "expired": expire(bought(), on=ENDS, settled_before=ENDS, at=AT).grant,
        "revoked": revoke(bought(), at=AT).grant,
    }[end]

    told = alert(bought(), after)
    assert told is not None
    assert ("remaining_minor", "0") in told.body


# ---- expiring soon ---------------------------------------------------------------------------
def test_expiring_soon_names_grant_amount_and_day() -> None:
    """A fortnight before 1 November; users-ask 13."""
    (told,) = expiring_soon([use(bought()).grant], on=date(2026, 10, 18))

    assert ("notice.credit_expiring", "ana") == (told.topic, told.recipient)
    assert (
        ("grant", "g1"),
        ("remaining_minor", "6000"),
        ("currency", "EUR"),
        ("expires_on", "2026-11-01"),
    ) == told.body


@pytest.mark.parametrize(
    ("on", "days", "expected"),
    [
        (date(2026, 10, 17), 14, 0),
        (date(2026, 10, 18), 14, 1),
        (date(2026, 10, 31), 14, 1),
        (date(2026, 11, 1), 14, 0),
        (date(2026, 10, 31), 1, 1),
        (date(2026, 10, 30), 1, 0),
    ],
)
def test_soon_is_a_number_of_days(on: date, days: int, expected: int) -> None:
    """From n days before the expiry to its eve."""
    assert expected == len(expiring_soon([bought()], on=on, days=days))


def test_expiring_soon_is_told_once() -> None:
    """Each day gives the same message until the expiry moves."""
    first, second = (expiring_soon([bought()], on=date(2026, 10, n))[0] for n in (20, 21))
    (later,) = expiring_soon([bought(expires_on=date(2026, 11, 2))], on=date(2026, 10, 21))

    assert first.id == second.id
    assert first.id != later.id


def test_who_was_told_is_not_told_again() -> None:
    """The grant remembers the day of expiry that was told; another one is told anew."""
    (told,) = tell_expiring([bought(), bought("ever", expires_on=None)], on=date(2026, 10, 20))

    assert (ENDS, expiring_soon([bought()], on=date(2026, 10, 20))) == (
        told.grant.told,
        (told.notice,),
    )
    assert ((told.grant,), (told.notice,)) == (told.effects.records, told.effects.messages)
    assert () == tell_expiring([told.grant], on=date(2026, 10, 21))
    later = attrs.evolve(told.grant, expires_on=date(2026, 11, 2))
    assert 1 == len(tell_expiring([later], on=date(2026, 10, 21)))


def test_what_is_gone_does_not_expire_soon() -> None:
    """Used up, revoked, or without expiry."""
    grants = (
        use(bought("used"), 10_000).grant,
        revoke(bought("revoked"), at=AT).grant,
        bought("ever", expires_on=None),
    )

    assert () == expiring_soon(grants, on=date(2026, 10, 31))


@pytest.mark.parametrize("days", [0, -1, 1.5, True])
def test_days_are_a_whole_number(days: Any) -> None:
    """From one on."""
    with pytest.raises(ValueError, match="a whole number of days from 1"):
        expiring_soon([], on=ENDS, days=days)


# ---- summaries -------------------------------------------------------------------------------
def test_summary_tells_where_credit_went() -> None:
    """Each customer and currency by itself: granted = drawn - returned + expired + ... + left."""
    drawn = use(bought("a")).grant
    grants = (
        give_back(drawn, "l1", amount=eur(1_000), at=AT).grant,
        expire(given("b", 500), on=ENDS, settled_before=ENDS, at=AT).grant,
        revoke(bought("c", 200), at=AT).grant,
        use(pack(id="t"), tokens(300)).grant,
        bought("x", 50, customer="ben"),
    )
    ana, ana_tokens, ben = summaries(grants)

    assert ("ana", 10_700, 500) == (ana.customer, ana.granted.minor, ana.given.minor)
    assert (4_000, 1_000, 500, 200, 7_000) == tuple(
        each.minor for each in (ana.drawn, ana.returned, ana.expired, ana.revoked, ana.remaining)
    )
    assert (tokens(1_000), tokens(700)) == (ana_tokens.granted, ana_tokens.remaining)
    assert ("ben", eur(50)) == (ben.customer, ben.remaining)
    assert () == summaries([])


def test_which_lines_credit_paid() -> None:
    """Money by line, from whichever grant, as when it paid; units are no money."""
    one, two = use(bought("a"), 3_000).grant, use(given("b", 500), 200).grant
    returned = give_back(one, "l1", amount=eur(1_000), at=AT).grant

    assert {"l1": (eur(3_000), eur(200))} == paid_by_line(
        [returned, two, use(pack(id="t"), tokens(300)).grant]
    )
    assert {} == paid_by_line([bought()])
