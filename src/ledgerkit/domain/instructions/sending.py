"""Sending: what a worker does next with an instruction, so that it has one effect at most.

The same key is good for a while after the first send; then the gateway may have forgotten it, and
the instruction is only looked up. That nothing is found counts late, since what a server's error
left half done may be carried out hours later. (spec: gateways 1.2, 1.3; reliability A5 to A9, A18)
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from ledgerkit.domain.instructions.records import (
    ATTENTION,
    CANCELLED,
    DONE,
    PENDING,
    REFUSED,
    WAITING,
    Instruction,
)
from ledgerkit.domain.money import Money

WINDOW_CLOSED = "window_closed"
TOO_OLD = "too_old"

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_SPANS = (
    "same_key_for",
    "absent_after",
    "max_age",
    "max_pending",
    "http_budget",
    "first_wait",
    "longest_wait",
)
_PARTS = 65_536  # jitter is drawn in this many parts of the longest wait


def _rising(name: str, value: object) -> None:
    if (
        type(value) is not tuple
        or not value
        or any(type(each) is not timedelta for each in value)
        or list(value) != sorted(set(value))
        or value[0] <= timedelta()
    ):
        msg = f"{name} must be a tuple of rising timedeltas above zero (got {value!r})"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Sending:
    """The policy of sending. (spec: gateways 1.3; reliability A5 to A7, A18)

    Attributes:
        same_key_for: How long after the first send the same key is sent again; gateways may
            forget keys from 24 h on.
        absent_after: How long after the last send it counts that nothing is found.
        absent_up_to: Up to which amount, one a currency, an absence is believed and the order
            sent anew; above it, and in other currencies, a person confirms it first.
        max_age: How old an instruction may get before a person must look.
        max_pending: The same for one that the gateway has accepted and is slow to finish: bank
            payouts take days, a pending reversal more than 45.
        http_budget: How long one call may take, all its retries included; three times 80 s and
            the pauses between, which Stripe's library takes if nobody tells it otherwise.
        first_wait: The longest wait after the first send; doubled after each.
        longest_wait: What doubling ends at.
        look_ups: When to look up what is in doubt, after the last send; then every last one.
        polls: When to ask for what is pending, likewise.
    """

    same_key_for: timedelta = timedelta(hours=23)
    absent_after: timedelta = timedelta(hours=24)
    absent_up_to: tuple[Money, ...] = ()
    max_age: timedelta = timedelta(days=7)
    max_pending: timedelta = timedelta(days=60)
    http_budget: timedelta = timedelta(seconds=260)
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = _HOUR
    look_ups: tuple[timedelta, ...] = (5 * _MINUTE, _HOUR, _DAY)
    polls: tuple[timedelta, ...] = (5 * _MINUTE, _HOUR, 6 * _HOUR, _DAY)

    def __attrs_post_init__(self) -> None:
        for name in _SPANS:
            value = getattr(self, name)
            if type(value) is not timedelta or value <= timedelta():
                msg = f"{name} must be a timedelta above zero (got {value!r})"
                raise ValueError(msg)
        _rising("look_ups", self.look_ups)
        _rising("polls", self.polls)
        if self.longest_wait < self.first_wait:
            msg = f"longest_wait must be {self.first_wait} or more (got {self.longest_wait})"
            raise ValueError(msg)
        if type(self.absent_up_to) is not tuple or any(
            type(each) is not Money for each in self.absent_up_to
        ):
            msg = f"absent_up_to must be a tuple of Money (got {self.absent_up_to!r})"
            raise TypeError(msg)
        currencies = [money.currency for money in self.absent_up_to]
        if len(set(currencies)) < len(currencies):
            msg = f"absent_up_to has one amount a currency (got {self.absent_up_to!r})"
            raise ValueError(msg)

    def believes_absence(self, amount: Money) -> bool:
        """Whether *amount* may be sent anew without a person, once it is surely absent."""
        return any(
            amount.currency == limit.currency and amount <= limit for limit in self.absent_up_to
        )

    def wait(self, id: str, attempts: int) -> timedelta:
        """Return how long to wait after *attempts*, 1 or more: full jitter up to a doubling span.

        The jitter is drawn from the id and the attempt, so that workers agree on it and the same
        decision is the same again.

        >>> Sending().wait("ins_1", 1) < timedelta(seconds=30)
        True
        """
        span = self.first_wait
        for _ in range(1, attempts):
            span = min(self.longest_wait, span * 2)
        drawn = hashlib.sha256(f"{attempts}:{id}".encode()).digest()[:2]
        return span * int.from_bytes(drawn, "big") // _PARTS


@attrs.frozen
class Send:
    """Send it now, if the call begins before *before*. (spec: reliability A9)"""

    before: datetime


@attrs.frozen
class LookUp:
    """Ask the gateway what it made of it."""


@attrs.frozen
class Refuse:
    """It was not sent and may not be any more; *code* says why."""

    code: str


@attrs.frozen
class Park:
    """A person must look; *reason* says why."""

    reason: str


@attrs.frozen
class WaitUntil:
    """Nothing is due before *at*."""

    at: datetime


@attrs.frozen
class Nothing:
    """It is over, or a person has it."""


NextStep: TypeAlias = Send | LookUp | Refuse | Park | WaitUntil | Nothing


def next_step(
    instruction: Instruction, *, at: datetime, lease_until: datetime, policy: Sending
) -> NextStep:
    """Return what a worker whose lease ends at *lease_until* does with *instruction* at *at*."""
    if instruction.status in (DONE, REFUSED, ATTENTION, CANCELLED):
        return Nothing()
    if _window_closed(instruction, at):
        return Refuse(WINDOW_CLOSED)
    max_age = policy.max_pending if instruction.status == PENDING else policy.max_age
    if at - instruction.aged_since >= max_age:
        return Park(TOO_OLD)
    return _step(instruction, at=at, lease_until=lease_until, policy=policy)


def _step(
    instruction: Instruction, *, at: datetime, lease_until: datetime, policy: Sending
) -> LookUp | Send | WaitUntil:
    if _is_asked_by_hand(instruction):
        return LookUp()
    limits = _limits(instruction, policy)
    due, looks = _due(instruction, at, limits=limits, policy=policy)
    if at < due:
        return WaitUntil(due)
    if looks:
        return LookUp()
    before = min((lease_until - policy.http_budget, *limits))
    return Send(before) if at < before else WaitUntil(at)  # another lease has the time


def _window_closed(instruction: Instruction, at: datetime) -> bool:
    """Whether it came to nothing so far and may not be sent any more."""
    end = instruction.send_before
    return instruction.status == WAITING and end is not None and at >= end


def _is_asked_by_hand(instruction: Instruction) -> bool:
    """Whether a person set it going after it was last sent and looked up, and it is in doubt."""
    woken, sent, looked = (
        instruction.woken_at,
        instruction.last_sent_at,
        instruction.looked_up_at,
    )
    return (
        woken is not None
        and instruction.status != WAITING
        and (sent is None or sent <= woken)
        and (looked is None or looked < woken)
    )


def _limits(instruction: Instruction, policy: Sending) -> tuple[datetime, ...]:
    """Return the instants from which it may not be sent; the key's end first, if it has one."""
    first = instruction.first_sent_at
    if first is None or instruction.status == WAITING:
        key_ends: tuple[datetime, ...] = ()  # the gateway made nothing under the key
    else:
        key_ends = (first + policy.same_key_for,)
    return key_ends if instruction.send_before is None else (*key_ends, instruction.send_before)


def _due(
    instruction: Instruction, at: datetime, *, limits: tuple[datetime, ...], policy: Sending
) -> tuple[datetime, bool]:
    """Return when the next step is due, and whether it is a look-up; else it is a send."""
    since = instruction.last_sent_at
    if since is None:
        send = look_up = instruction.aged_since
    else:
        send = since + policy.wait(instruction.id, instruction.attempts)
        look_up = since
    table = policy.polls if instruction.status == PENDING else policy.look_ups
    look_up = _next_on(table, since=look_up, after=instruction.looked_up_at)
    if instruction.status == WAITING:
        return send, False
    if instruction.status == PENDING or max(send, at) >= min(limits):
        return look_up, True
    return min((send, False), (look_up, True))


def _next_on(
    schedule: tuple[timedelta, ...], *, since: datetime, after: datetime | None
) -> datetime:
    """Return the first instant of *schedule* after *after*; its last step goes on and on."""
    last = schedule[-1]
    passed = timedelta() if after is None else after - since
    upcoming = (step for step in schedule if step > passed)
    return since + next(upcoming, last * (passed // last + 1))
