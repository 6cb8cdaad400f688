"""Answers: what an instruction becomes when it is sent, answered, looked up or told of.

Whoever learns of an object at the gateway first moves the instruction; the same told again, or
something older, moves nothing. (spec: gateways 1.3; reliability A2, A5, A7, A10)
"""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain import gateways
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import GatewayObject, Outcome
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions.records import (
    ATTENTION,
    CANCELLED,
    DONE,
    INSTRUCTION,
    PENDING,
    REFUSED,
    SENT,
    UNKNOWN,
    WAITING,
    Instruction,
    OrderChanged,
    order_digest,
)
from ledgerkit.domain.instructions.sending import Sending
from ledgerkit.domain.outbox import Message

ABSENT, VANISHED = "absent", "vanished"
SEND_DEADLINE = "send_deadline"
WITHDRAWN = "cancelled"  # the code of the outcome of an order that a person cancelled

_TOLD = {gateways.PENDING: "accept", gateways.DONE: "complete", gateways.FAILED: "refuse"}
_FINAL = (DONE, REFUSED, CANCELLED)


@attrs.frozen(kw_only=True)
class Moved:
    """An instruction after something became known of it.

    Attributes:
        instruction: As it is now.
        late: Whether that overturns what was final: done after refused, or failed after done.
        doubled: Whether the gateway made a second object of it; a person must look at once.
        messages: What people are alerted of, and what wakes a worker.
    """

    instruction: Instruction
    late: bool = False
    doubled: bool = False
    messages: tuple[Message, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.instruction,), messages=self.messages)


def alert(instruction: Instruction, what: str, *parts: str) -> Message:
    """Return the message that tells people of *what* happened to *instruction*, once."""
    return Message(
        id=derive("msg", instruction.id, what, *parts),
        topic=f"alert.{what}",
        recipient=instruction.gateway,
        body=(
            ("instruction", instruction.id),
            ("gateway", instruction.gateway),
            ("order", instruction.order.kind),
            ("subject", instruction.subject),
            ("amount", str(instruction.order.amount.minor)),
            ("currency", instruction.order.amount.currency),
            ("status", instruction.status),
            ("object", instruction.object or ""),
            ("code", instruction.code),
        ),
    )


def sent(instruction: Instruction, *, at: datetime) -> Moved:
    """Note that *instruction* goes out at *at*; committed before the first byte does.

    Raises:
        IllegalTransition: it is neither waiting nor in doubt.
        OrderChanged: something else was sent under its key.
    """
    status = INSTRUCTION.after(instruction.status, "send")
    digest = order_digest(instruction.order)
    if instruction.sent_order not in ("", digest):
        raise OrderChanged(instruction.id, instruction.key, instruction.sent_order, digest)
    doubtful = instruction.status != WAITING
    return Moved(
        instruction=attrs.evolve(
            instruction,
            status=status,
            attempts=instruction.attempts + 1,
            first_sent_at=instruction.first_sent_at if doubtful else at,
            last_sent_at=at,
            doubtful=doubtful,
            looked_up_at=None,
            sent_order=digest,
        )
    )


def answered(instruction: Instruction, outcome: Outcome, *, at: datetime) -> Moved:
    """Move *instruction* by what became of its call, or of its look-up. (spec: gateways 1.3)

    A refusal settles every doubt, since a key has one answer; unless a person must look, for then
    the call may not have got as far as the key.

    Raises:
        IllegalTransition: it does not wait for an answer.
    """
    if outcome.status == gateways.REFUSED and outcome.code == WITHDRAWN:
        return _with_reason(instruction, "cancel", outcome)
    if outcome.attention:
        parked = park(instruction, outcome.code or outcome.status, detail=outcome.detail)
        happened = instruction.doubtful or outcome.status == gateways.UNKNOWN
        return attrs.evolve(parked, instruction=attrs.evolve(parked.instruction, doubtful=happened))
    if outcome.object is not None:
        followed = follow(instruction, outcome.object, at=at)
        return Moved(instruction=instruction) if followed is None else followed
    if outcome.status == gateways.REFUSED:
        return _with_reason(instruction, "refuse", outcome)
    if outcome.status == gateways.RETRYABLE and not instruction.doubtful:
        return _with_reason(instruction, "put_off", outcome)
    return _with_reason(instruction, "lose", outcome)


def _with_reason(instruction: Instruction, event: str, outcome: Outcome) -> Moved:
    status = INSTRUCTION.after(instruction.status, event)
    moved = attrs.evolve(
        instruction,
        status=status,
        doubtful=status == UNKNOWN,
        code=outcome.code,
        detail=outcome.detail,
    )
    return _late(moved) if instruction.status in _FINAL else Moved(instruction=moved)


def _late(moved: Instruction) -> Moved:
    """Return *moved*, which overturned what was final, with the alert of it."""
    told = alert(moved, "late_outcome", moved.object or "", moved.status)
    return Moved(instruction=moved, late=True, messages=(told,))


def follow(instruction: Instruction, told: GatewayObject, *, at: datetime) -> Moved | None:
    """Move *instruction* to the state of the object made of it, or return None if it is no news.

    The answer to a call, a webhook and a listing all come here, in any order. What contradicts a
    final status is followed and alerts: the books go by the gateway. So does a second object, and
    one over another amount than was ordered.

    Raises:
        IllegalTransition: it was cancelled; nothing can have been made of it.
        ValueError: the object carries another instruction, or is of another kind.
    """
    if told.instruction not in (None, instruction.id) or told.kind != instruction.order.kind:
        msg = (
            f"{told.kind} {told.id!r} was made of {told.instruction!r}, not of the "
            f"{instruction.order.kind} {instruction.id!r}"
        )
        raise ValueError(msg)
    other = instruction.object not in (None, told.id)
    failed = told.status == gateways.FAILED
    if other and instruction.status in (PENDING, DONE) and not failed:
        doubled = alert(instruction, "doubled_order", told.id)
        return Moved(instruction=instruction, doubled=True, messages=(doubled,))
    if _is_old(instruction, told, other=other):
        return None
    event = _TOLD[told.status]
    moved = attrs.evolve(
        instruction,
        status=INSTRUCTION.after(instruction.status, event),
        object=told.id,
        doubtful=False,
        code=told.reason if failed else "",
        detail="",
        looked_up_at=at if instruction.status == PENDING else instruction.looked_up_at,
    )
    news = _late(moved) if instruction.status in _FINAL else Moved(instruction=moved)
    return attrs.evolve(news, messages=(*news.messages, *_differs(instruction, moved, told)))


def _differs(before: Instruction, moved: Instruction, told: GatewayObject) -> tuple[Message, ...]:
    """Return the alert that the gateway moves another amount than was ordered, when first told."""
    known = before.object == told.id or told.status == gateways.FAILED
    if known or told.amount == moved.order.amount:
        return ()
    differs = alert(moved, "amount_differs", told.id)
    news = (("told", str(told.amount.minor)), ("told_currency", told.amount.currency))
    return (attrs.evolve(differs, body=(*differs.body, *news)),)


def _is_old(instruction: Instruction, told: GatewayObject, *, other: bool) -> bool:
    """Whether *told* says nothing that moves *instruction*."""
    if told.status == gateways.FAILED:
        # What waits was sent under another key since, or not at all.
        return other or instruction.status in (WAITING, REFUSED, CANCELLED)
    if told.status == gateways.PENDING:
        return instruction.status in (DONE, REFUSED)  # nothing comes back to pending
    return instruction.status == DONE


def absent(instruction: Instruction, *, at: datetime, policy: Sending) -> Moved:
    """Move *instruction*, of which the gateway found nothing at *at*. (spec: reliability A7)

    It counts only when the last send is long enough ago; then the order is sent anew under a
    fresh key, or a person confirms it first. What the gateway had accepted and does not find is
    for a person at once.

    Raises:
        IllegalTransition: it is not in doubt.
    """
    looked = attrs.evolve(instruction, looked_up_at=at)
    if instruction.status == PENDING:
        return park(looked, VANISHED)
    if not is_surely_absent(looked, policy=policy):
        return Moved(
            instruction=attrs.evolve(looked, status=INSTRUCTION.after(instruction.status, "miss"))
        )
    if not policy.believes_absence(instruction.order.amount):
        return park(looked, ABSENT)
    return Moved(instruction=renewed(looked))


def is_surely_absent(instruction: Instruction, *, policy: Sending) -> bool:
    """Whether nothing has come of *instruction*, and nothing can any more, under its key.

    Either no send of it is in doubt, or it was looked up and not found long after the last one.
    """
    if instruction.object is not None:
        return False
    if not instruction.doubtful and instruction.status in (WAITING, ATTENTION):
        return True
    last, looked = instruction.last_sent_at, instruction.looked_up_at
    return last is not None and looked is not None and looked - last >= policy.absent_after


def renewed(instruction: Instruction) -> Instruction:
    """Return *instruction* ready to be sent, under a fresh key if it was sent before."""
    return attrs.evolve(
        instruction,
        status=INSTRUCTION.after(instruction.status, "retry"),
        generation=instruction.generation + int(instruction.last_sent_at is not None),
        first_sent_at=None,
        last_sent_at=None,
        looked_up_at=None,
        doubtful=False,
        sent_order="",
    )


def park(instruction: Instruction, reason: str, *, detail: str = "") -> Moved:
    """Leave *instruction* to a person, who is alerted; *reason* is a code of ours or the gateway's.

    Raises:
        IllegalTransition: it is over, or a person has it already.
    """
    parked = attrs.evolve(
        instruction,
        status=INSTRUCTION.after(instruction.status, "park"),
        doubtful=instruction.doubtful or instruction.status in (SENT, UNKNOWN),
        code=reason,
        detail=detail,
    )
    told = alert(parked, "needs_attention", str(parked.attempts), str(parked.wakings), reason)
    return Moved(instruction=parked, messages=(told,))
