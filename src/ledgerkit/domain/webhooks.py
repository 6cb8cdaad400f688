"""Webhook: what a gateway sends by itself; each event is kept once, with what became of it.

The record is stored in the commit of its effects, so an event is never marked and lost, or booked
and forgotten. What it tells of an object that is not known yet waits. (spec: reliability A1, A3,
A19)
"""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import GatewayObject, Notification, link_id
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.periods import instant

RECEIVED, HANDLED, LOGGED, PARKED = "received", "handled", "logged", "parked"
WEBHOOK_EVENT = Lifecycle(
    "webhook_event",
    RECEIVED,
    {
        (RECEIVED, "handle"): HANDLED,
        (RECEIVED, "log"): LOGGED,
        (RECEIVED, "park"): PARKED,
        (PARKED, "park"): PARKED,
        (PARKED, "handle"): HANDLED,
    },
)


@attrs.frozen(kw_only=True)
class WebhookEvent:
    """An event that a gateway sent.

    Attributes:
        id: The name of the gateway and its id of the event.
        gateway: The name of the gateway.
        type: The gateway's name for what happened.
        created: When, by the gateway's clock.
        account: The connected account it is about, or "".
        status: `handled`, `logged` (it tells nothing that is booked) or `parked`.
        parked: What it tells of objects that could not be settled yet.
        problem: Why something of it could not be booked, where a person must look, or "".
        text: The body without secrets.
    """

    id: str
    gateway: str
    type: str
    created: datetime = attrs.field(converter=instant)
    account: str = ""
    status: str = RECEIVED
    parked: tuple[GatewayObject, ...] = ()
    problem: str = ""
    text: str = ""

    def __attrs_post_init__(self) -> None:
        for field in ("id", "gateway", "type"):
            name_of(f"webhook {field}", getattr(self, field))
        if type(self.parked) is not tuple or not all(
            type(each) is GatewayObject for each in self.parked
        ):
            msg = f"parked must be a tuple of GatewayObject (got {self.parked!r})"
            raise TypeError(msg)
        if self.status not in WEBHOOK_EVENT.statuses:
            msg = f"webhook event {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        if (self.status == PARKED) != bool(self.parked):
            msg = f"webhook event {self.id!r} is {self.status} with {len(self.parked)} parked"
            raise ValueError(msg)
        text_of("account", self.account)


@attrs.frozen
class WebhookTaken:
    """An event as it is kept."""

    event: WebhookEvent

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.event,))


def event_id(notification: Notification) -> str:
    """Return the id under which the event of *notification* is kept."""
    return link_id(notification.gateway, notification.id)


def webhook_key(notification: Notification) -> str:
    """Return the key of the commit that takes *notification*: the inbox. (spec: reliability A1)"""
    return f"webhook/{notification.gateway}/{notification.id}"


def take(
    notification: Notification, *, parked: tuple[GatewayObject, ...] = (), problem: str = ""
) -> WebhookTaken:
    """Keep the event of *notification*, of which *parked* could not be settled yet."""
    event = "park" if parked else "handle" if notification.told else "log"
    return WebhookTaken(
        WebhookEvent(
            id=event_id(notification),
            gateway=notification.gateway,
            type=notification.type,
            created=notification.created,
            account=notification.account,
            status=WEBHOOK_EVENT.after(RECEIVED, event),
            parked=parked,
            problem=problem,
            text=notification.text,
        )
    )


def unpark(event: WebhookEvent, told: GatewayObject) -> WebhookTaken:
    """Note that *told*, which *event* had parked, is settled.

    Raises:
        IllegalTransition: nothing of it is parked.
    """
    left = tuple(each for each in event.parked if each != told)
    status = WEBHOOK_EVENT.after(event.status, "park" if left else "handle")
    return WebhookTaken(
        attrs.evolve(event, status=status, parked=left, problem=event.problem if left else "")
    )
