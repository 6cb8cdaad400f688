"""Instructions as records: what is ordered, under which key, and how far it got.

An instruction is written before anything is sent, in the commit of the money that causes it.
(spec: gateways 1.2; reliability A4, A8)
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import Order
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import instant

WAITING, SENT, UNKNOWN, PENDING = "waiting", "sent", "unknown", "pending"
DONE, REFUSED, ATTENTION, CANCELLED = "done", "refused", "needs_attention", "cancelled"
INSTRUCTION = Lifecycle(
    "instruction",
    WAITING,
    {
        (WAITING, "send"): SENT,
        (WAITING, "refuse"): REFUSED,  # it may not be sent any more, and never was
        (WAITING, "cancel"): CANCELLED,
        (WAITING, "park"): ATTENTION,
        (WAITING, "accept"): PENDING,  # a webhook told it before the worker could
        (WAITING, "complete"): DONE,
        (SENT, "send"): SENT,  # the worker that sent it died before it could say more
        (SENT, "complete"): DONE,
        (SENT, "accept"): PENDING,
        (SENT, "refuse"): REFUSED,
        (SENT, "put_off"): WAITING,
        (SENT, "lose"): UNKNOWN,
        (SENT, "miss"): UNKNOWN,
        (SENT, "look_up"): UNKNOWN,
        (SENT, "retry"): WAITING,
        (SENT, "park"): ATTENTION,
        (UNKNOWN, "send"): SENT,
        (UNKNOWN, "complete"): DONE,
        (UNKNOWN, "accept"): PENDING,
        (UNKNOWN, "refuse"): REFUSED,
        (UNKNOWN, "lose"): UNKNOWN,
        (UNKNOWN, "miss"): UNKNOWN,
        (UNKNOWN, "look_up"): UNKNOWN,
        (UNKNOWN, "retry"): WAITING,
        (UNKNOWN, "park"): ATTENTION,
        (PENDING, "accept"): PENDING,
        (PENDING, "complete"): DONE,
        (PENDING, "refuse"): REFUSED,
        (PENDING, "look_up"): PENDING,
        (PENDING, "park"): ATTENTION,
        (ATTENTION, "retry"): WAITING,
        (ATTENTION, "look_up"): UNKNOWN,
        (ATTENTION, "complete"): DONE,
        (ATTENTION, "accept"): PENDING,
        (ATTENTION, "refuse"): REFUSED,
        (ATTENTION, "cancel"): CANCELLED,
        (REFUSED, "complete"): DONE,  # late outcomes: the books follow the gateway
        (DONE, "refuse"): REFUSED,
    },
)
# The look-up by metadata begins so much before the instruction was asked for: the gateway's clock
# may be behind ours, and what it made must not be missed for that.
CLOCKS_DIFFER = timedelta(hours=1)


@attrs.frozen
class OrderChanged(LedgerkitError):
    """An instruction was sent under a key, and now has another order. (spec: reliability A8)"""

    instruction: str
    key: str
    sent: str
    found: str
    code: ClassVar[str] = "order_changed"

    def __str__(self) -> str:
        return (
            f"instruction {self.instruction!r} was sent as {self.sent} under the key {self.key!r} "
            f"and is {self.found} now; an order never changes, make another instruction"
        )


def order_digest(order: Order) -> str:
    """Return a name of *order* that no other order has."""
    # asdict takes the amount apart: how it says itself is for people, and may be said otherwise.
    return derive("ord", order.kind, *(f"{name}={of}" for name, of in attrs.asdict(order).items()))


def _maybe_instant(at: datetime | None) -> datetime | None:
    return None if at is None else instant(at)


@attrs.frozen(kw_only=True)
class Instruction:
    """An order to a gateway and how far it got.

    Attributes:
        id: Derived from what it carries out.
        gateway: The name of the gateway, such as `stripe`.
        order: What to do.
        subject: The id of the record of ours that it carries out, such as a payout.
        party: The id of the customer or supplier it is about.
        asked_at: When it was decided.
        send_before: It must not be sent at or after this instant, or None.
        status: See `INSTRUCTION`; while it is `waiting`, nothing came of it at the gateway.
        generation: 1, and one more each time it was surely absent and is sent under a fresh key.
        attempts: How often it was sent, under whatever key.
        first_sent_at: When it was first sent under its key so that something may have come of
            it, or None.
        last_sent_at: When it was last sent under its key, or None.
        doubtful: Whether something may have come of an earlier send that nobody told.
        looked_up_at: When it was last looked up since it was last sent, or None.
        sent_order: What was sent under its key, as `order_digest`, or "".
        object: The gateway's id of what it made, or None.
        code: The gateway's code of the last refusal or trouble, or "".
        detail: A sentence of it, or "".
        wakings: How often a person set it going again.
        woken_at: When a person last did, or None; its age counts from there.
    """

    id: str
    gateway: str
    order: Order
    subject: str
    party: str
    asked_at: datetime = attrs.field(converter=instant)
    send_before: datetime | None = attrs.field(default=None, converter=_maybe_instant)
    status: str = WAITING
    generation: int = 1
    attempts: int = 0
    first_sent_at: datetime | None = attrs.field(default=None, converter=_maybe_instant)
    last_sent_at: datetime | None = attrs.field(default=None, converter=_maybe_instant)
    doubtful: bool = False
    looked_up_at: datetime | None = attrs.field(default=None, converter=_maybe_instant)
    sent_order: str = ""
    object: str | None = None
    code: str = ""
    detail: str = ""
    wakings: int = 0
    woken_at: datetime | None = attrs.field(default=None, converter=_maybe_instant)

    def __attrs_post_init__(self) -> None:
        for field in ("id", "gateway", "subject", "party"):
            name_of(f"instruction {field}", getattr(self, field))
        if not isinstance(self.order, Order) or type(self.order) is Order:
            msg = f"instruction {self.id!r} needs an order (got {self.order!r})"
            raise TypeError(msg)
        if self.status not in INSTRUCTION.statuses:
            msg = f"instruction {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        for field, least in (("generation", 1), ("attempts", 0), ("wakings", 0)):
            value = getattr(self, field)
            if type(value) is not int or value < least:
                msg = f"{field} of instruction {self.id!r} is {least} or more (got {value!r})"
                raise ValueError(msg)
        if self.status in (SENT, UNKNOWN) and self.first_sent_at is None:
            msg = f"instruction {self.id!r} is {self.status}; it needs the instants of its sending"
            raise ValueError(msg)
        if (self.first_sent_at is None) != (self.last_sent_at is None):
            msg = f"instruction {self.id!r} needs both instants of its sending, or none"
            raise ValueError(msg)
        text_of("code", self.code)
        text_of("detail", self.detail)

    @property
    def key(self) -> str:
        """The idempotency key of every attempt: from the id and the generation, never random."""
        return f"{self.id}.{self.generation}"

    @property
    def made_since(self) -> datetime:
        """The instant from which the gateway may have made something of it, by any clock."""
        return self.asked_at - CLOCKS_DIFFER

    @property
    def asked_on(self) -> date:
        """The day on which it was asked for, in UTC."""
        return self.asked_at.date()

    @property
    def aged_since(self) -> datetime:
        """The instant its age counts from: when it was asked, or last set going by a person."""
        return self.asked_at if self.woken_at is None else self.woken_at


@attrs.frozen
class Instructed:
    """An instruction to store, and the message that wakes a worker for it."""

    instruction: Instruction
    message: Message

    @property
    def effects(self) -> Effects:
        """What to store, in the commit of the money that causes it."""
        return Effects(records=(self.instruction,), messages=(self.message,))


def instruct(
    order: Order,
    *,
    gateway: str,
    subject: str,
    party: str,
    at: datetime,
    part: str = "",
    send_before: datetime | None = None,
) -> Instructed:
    """Decide to have *gateway* carry out *order* for the record *subject* of ours.

    *part* tells apart several orders of one kind for a subject, such as attempts to charge.
    """
    instruction = Instruction(
        id=derive("ins", gateway, order.kind, subject, part),
        gateway=gateway,
        order=order,
        subject=subject,
        party=party,
        asked_at=at,
        send_before=send_before,
    )
    return Instructed(instruction, wake(instruction))


def wake(instruction: Instruction) -> Message:
    """Return the message that wakes a worker: one when it is asked, one each time by hand."""
    return Message(
        id=derive("msg", instruction.id, "wake", str(instruction.wakings)),
        topic=topic_of(instruction.gateway),
        recipient=instruction.gateway,
        body=(("instruction", instruction.id),),
    )


def topic_of(gateway: str) -> str:
    """Return the topic of the messages that wake the workers of *gateway*.

    >>> topic_of("stripe")
    'gateway.stripe'
    """
    return f"gateway.{name_of('gateway', gateway)}"
