"""Webhook events are kept with what became of them; what waits is settled one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from ledgerkit.domain.gateways import GatewayObject, Notification
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.webhooks import (
    HANDLED,
    LOGGED,
    PARKED,
    WebhookEvent,
    take,
    unpark,
    webhook_key,
)

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def told(id: str) -> GatewayObject:
    """Return a refund."""
    return GatewayObject(
        kind="refund", id=id, status="done", amount=Money(1, "EUR"), created=AT, parent="pi_1"
    )


def notification(*states: GatewayObject) -> Notification:
    """Return an event that tells *states*."""
    return Notification(
        gateway="stripe", id="evt_1", type="refund.created", created=AT, told=states, text="{}"
    )


def test_an_event_is_handled_logged_or_parked() -> None:
    """What tells nothing is only logged; what cannot be settled waits."""
    handled = take(notification(told("a"))).event
    logged = take(notification()).event
    parked = take(notification(told("a")), parked=(told("a"),), problem="frozen").event

    assert [HANDLED, LOGGED, PARKED] == [each.status for each in (handled, logged, parked)]
    assert ("stripe:evt_1", "refund.created", "{}") == (logged.id, logged.type, logged.text)
    assert "webhook/stripe/evt_1" == webhook_key(notification())


def test_what_waits_is_settled_one_by_one() -> None:
    """An event is handled once nothing of it waits, and has no problem then."""
    both = take(notification(), parked=(told("a"), told("b")), problem="frozen").event
    one = unpark(both, told("a")).event
    none = unpark(one, told("b"))

    assert (PARKED, (told("b"),), "frozen") == (one.status, one.parked, one.problem)
    assert (HANDLED, (), "") == (none.event.status, none.event.parked, none.event.problem)
    assert (none.event,) == none.effects.records
    with pytest.raises(IllegalTransition, match="webhook_event is handled"):
        unpark(none.event, told("b"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"parked": [told("a")]}, "parked must be a tuple"),
        ({"status": "gone"}, "has no status 'gone'"),
        ({"status": "parked"}, "is parked with 0 parked"),
        ({"type": ""}, "webhook type"),
    ],
)
def test_an_event_that_cannot_be(fields: dict[str, Any], expected: str) -> None:
    """What an event cannot hold is refused when it is built."""
    one = WebhookEvent(id="stripe:evt_1", gateway="stripe", type="x", created=AT)
    with pytest.raises((TypeError, ValueError), match=expected):
        attrs.evolve(one, **fields)
