"""Instruction: an order to a gateway, stored with the money that caused it and carried out later.

It is written before anything is sent, has one idempotency key for every attempt, and knows when it
was first and last sent; so a crash, a time-out or a worker that slept cannot make it happen twice.
(spec: gateways 1.2, 1.3; reliability A4 to A9)
"""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.changes import Effects
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
        (WAITING, "park"): ATTENTION,
        (WAITING, "cancel"): CANCELLED,
        (SENT, "send"): SENT,  # the worker that sent it died before it could say more
        (SENT, "complete"): DONE,
        (SENT, "accept"): PENDING,
        (SENT, "refuse"): REFUSED,
        (SENT, "put_off"): WAITING,
        (SENT, "lose"): UNKNOWN,
        (SENT, "park"): ATTENTION,
        (UNKNOWN, "send"): SENT,
        (UNKNOWN, "complete"): DONE,
        (UNKNOWN, "accept"): PENDING,
        (UNKNOWN, "refuse"): REFUSED,
        (UNKNOWN, "park"): ATTENTION,
        (PENDING, "complete"): DONE,
        (PENDING, "refuse"): REFUSED,
        (PENDING, "park"): ATTENTION,
        (ATTENTION, "retry"): WAITING,
        (ATTENTION, "complete"): DONE,
        (ATTENTION, "accept"): PENDING,
        (ATTENTION, "refuse"): REFUSED,
        (WAITING, "complete"): DONE,  # a webhook told it before the worker could
        (REFUSED, "complete"): DONE,  # late outcomes: the books follow the gateway
        (DONE, "refuse"): REFUSED,
    },
)


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
        status: See `INSTRUCTION`.
        generation: 1, and more where a person had it sent anew under another key.
        attempts: How often it was sent.
        first_sent_at: When it was first sent under its key, or None.
        last_sent_at: When it was last sent, or None.
        object: The gateway's id of what it made, or None.
        code: The gateway's code of the last refusal or trouble, or "".
        detail: A sentence of it, or "".
    """

    id: str
    gateway: str
    order: Order
    subject: str
    party: str
    asked_at: datetime = attrs.field(converter=instant)
    send_before: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    status: str = WAITING
    generation: int = 1
    attempts: int = 0
    first_sent_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    last_sent_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    object: str | None = None
    code: str = ""
    detail: str = ""

    def __attrs_post_init__(self) -> None:
        for field in ("id", "gateway", "subject", "party"):
            name_of(f"instruction {field}", getattr(self, field))
        if not isinstance(self.order, Order):
            msg = f"instruction {self.id!r} needs an order (got {self.order!r})"
            raise TypeError(msg)
        if self.status not in INSTRUCTION.statuses:
            msg = f"instruction {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        text_of("code", self.code)
        text_of("detail", self.detail)

    @property
    def key(self) -> str:
        """The idempotency key of every attempt: from the id and the generation, never random."""
        return f"{self.id}.{self.generation}"


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
    return Instructed(instruction, _wake(instruction))


def _wake(instruction: Instruction) -> Message:
    return Message(
        id=derive("msg", instruction.id, str(instruction.generation)),
        topic=f"gateway.{instruction.gateway}",
        recipient=instruction.gateway,
        body=(("instruction", instruction.id),),
    )
