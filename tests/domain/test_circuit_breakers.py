"""Circuit breakers: when a gateway is called, and when it is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.circuit_breakers import (
    CLOSED,
    HALF_OPEN,
    OPEN,
    BreakerMoved,
    GatewayBreaker,
    Tripping,
    called,
    is_trouble,
    lets_through,
    tried,
)
from ledgerkit.domain.gateways import Outcome
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.testing.samples import NOON

POLICY = Tripping()
WELL = GatewayBreaker(id="stripe")
DOWN = Outcome(status="retryable", code="no_connection")
TIMEOUT = Outcome(status="unknown", code="timeout")
DECLINED = Outcome(status="refused", code="card_declined")
WRONG_KEY = Outcome(status="retryable", code="invalid_api_key", halts=True)
MINUTE = timedelta(minutes=1)


def after(breaker: GatewayBreaker, *outcomes: Outcome | None, at: datetime = NOON) -> BreakerMoved:
    """Return *breaker* after calls with *outcomes*."""
    moved = BreakerMoved(breaker)
    for outcome in outcomes:
        moved = called(moved.breaker, outcome, at=at, policy=POLICY) or BreakerMoved(moved.breaker)
    return moved


def test_five_troubles_in_a_row_open_it_for_a_minute() -> None:
    """And people are told once."""
    four = after(WELL, DOWN, TIMEOUT, DOWN, TIMEOUT)
    five = after(WELL, DOWN, TIMEOUT, DOWN, TIMEOUT, DOWN)

    assert (CLOSED, 4, ()) == (four.breaker.status, four.breaker.troubles, four.messages)
    assert (OPEN, NOON + MINUTE) == (five.breaker.status, five.breaker.until)
    assert ["alert.gateway_down"] == [each.topic for each in five.effects.messages]
    assert (five.breaker,) == five.effects.records


def test_a_refusal_shows_that_it_works() -> None:
    """So does a look-up that finds nothing; the count begins anew."""
    assert not is_trouble(DECLINED)
    assert not is_trouble(None)
    assert WELL == after(WELL, DOWN, DOWN, DECLINED).breaker
    assert WELL == after(WELL, DOWN, None).breaker
    assert None is called(WELL, DECLINED, at=NOON, policy=POLICY)


def test_a_wrong_key_opens_it_at_once() -> None:
    """Nothing else can be sent either; it is tried again half an hour later."""
    moved = after(WELL, WRONG_KEY)

    assert (OPEN, NOON + 30 * MINUTE) == (moved.breaker.status, moved.breaker.until)
    assert ["alert.gateway_halted"] == [each.topic for each in moved.messages]
    assert () == after(moved.breaker, WRONG_KEY, at=NOON + 30 * MINUTE).messages
    assert 1 == len(after(after(WELL, *[DOWN] * 5).breaker, WRONG_KEY).messages)


def test_one_worker_tries_when_it_has_cooled_down() -> None:
    """The others wait; if it dies, another one tries half an hour later."""
    opened = after(WELL, *[DOWN] * 5).breaker
    trial = tried(opened, at=NOON + MINUTE, policy=POLICY).breaker

    assert not lets_through(opened, at=NOON + MINUTE / 2)
    assert lets_through(opened, at=NOON + MINUTE)
    assert HALF_OPEN == trial.status
    assert not lets_through(trial, at=NOON + 30 * MINUTE)
    assert lets_through(trial, at=NOON + 31 * MINUTE)
    assert HALF_OPEN == tried(trial, at=NOON + 31 * MINUTE, policy=POLICY).breaker.status
    assert WELL == after(trial, DECLINED).breaker


def test_it_stays_open_longer_each_time() -> None:
    """1, 2, 4, 8, 16 and at most 30 minutes; an outage of hours is asked twice an hour."""
    breaker, waits = after(WELL, *[DOWN] * 4).breaker, []
    for _ in range(7):
        moved = called(breaker, DOWN, at=NOON, policy=POLICY)
        assert moved is not None
        breaker = moved.breaker
        assert breaker.until is not None
        waits.append((breaker.until - NOON) // MINUTE)

    assert [1, 2, 4, 8, 16, 30, 30] == waits


def test_what_is_closed_is_not_tried() -> None:
    """The table forbids it."""
    with pytest.raises(IllegalTransition, match="try needs open or half_open"):
        tried(WELL, at=NOON, policy=POLICY)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"id": ""}, "gateway"),
        ({"status": "ajar"}, "no status"),
        ({"status": OPEN}, "is open until None"),
        ({"until": NOON}, "is closed until"),
        ({"troubles": -1}, "troubles"),
        ({"openings": True}, "openings"),
    ],
    ids=str,
)
def test_what_cannot_be_a_breaker(fields: dict[str, Any], match: str) -> None:
    """It is valid from birth."""
    with pytest.raises(ValueError, match=match):
        attrs.evolve(WELL, **fields)


@pytest.mark.parametrize(
    "fields",
    [{"troubles": 0}, {"cool_down": timedelta()}, {"cool_down": timedelta(hours=1)}],
    ids=str,
)
def test_what_cannot_be_a_policy(fields: dict[str, Any]) -> None:
    """One trouble at least, and a cool-down no longer than the longest."""
    with pytest.raises(ValueError, match=r"troubles|cool_down"):
        Tripping(**fields)


@given(st.lists(st.sampled_from([DOWN, TIMEOUT, DECLINED, WRONG_KEY, None]), max_size=40))
def test_what_works_is_closed(outcomes: list[Outcome | None]) -> None:
    """Whatever happened before, one call that went well closes it."""
    assert WELL == after(WELL, *outcomes, DECLINED).breaker
