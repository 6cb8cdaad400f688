"""Sending: carries out the instructions of a gateway, each once, whatever dies in between.

A worker claims the messages that wake it under a lease longer than any call takes. It commits that
an instruction is sent before it calls, and what came of it in one commit with what that does to our
records. Whoever comes after a crash goes on with the same key. (spec: reliability A4 to A9, A18)
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import attrs

from ledgerkit.domain import instructions
from ledgerkit.domain.changes import (
    Changes,
    Decision,
    Effects,
    Expect,
    Stale,
    Versioned,
    changes_of,
    expect,
    request,
)
from ledgerkit.domain.circuit_breakers import (
    CLOSED,
    GatewayBreaker,
    Tripping,
    called,
    is_trouble,
    lets_through,
    tried,
)
from ledgerkit.domain.gateways import DONE as CARRIED_OUT
from ledgerkit.domain.gateways import PENDING, REFUSED, UNKNOWN, GatewayObject, Outcome
from ledgerkit.domain.instructions import (
    SEND_DEADLINE,
    Instruction,
    LookUp,
    Nothing,
    Park,
    Refuse,
    Send,
    Sending,
    WaitUntil,
    next_step,
    topic_of,
)
from ledgerkit.domain.outbox import DONE, WAITING, Claimed, ClaimLost
from ledgerkit.jobs import steps
from ledgerkit.jobs.host import PortMissing
from ledgerkit.jobs.settlement import RefuseOrder, Settle, Settlement, refusal, settlement

LEASE = timedelta(minutes=15)
SENDING, TRIPPING = Sending(), Tripping()
ACTOR = "sending"
# How often a decision is made again because its base moved, or one message goes on to a next step.
TRIES = 6


@attrs.frozen
class PutOff:
    """An instruction that waits: its id, why, and until when."""

    instruction: str
    reason: str
    until: datetime


@attrs.frozen(kw_only=True)
class SendingReport:
    """What a worker did.

    Attributes:
        sent: The ids of instructions sent, once for each call.
        settled: Those that are over, or that a person has now.
        put_off: Those that wait.
        closed_until: Until when the gateway is not called, or None.
    """

    sent: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    put_off: tuple[PutOff, ...] = ()
    closed_until: datetime | None = None


async def send_instructions(
    gateway: str,
    *,
    settle: Settle = settlement,
    refuse: RefuseOrder = refusal,
    lease: timedelta = LEASE,
    limit: int = 100,
    policy: Sending = SENDING,
    tripping: Tripping = TRIPPING,
) -> SendingReport:
    """Carry out what *gateway* is told to do and is due now, at most *limit* instructions.

    Any number of workers may run at once. While the gateway's breaker is open nothing is claimed;
    when it has cooled down one instruction is tried. What goes wrong with one instruction holds up
    no other: it is put off, and at last left to a person.

    Raises:
        ValueError: *lease* is no longer than a call may take.
        PortMissing: the host has no such gateway.
    """
    if lease <= policy.http_budget:
        msg = f"the lease must be longer than a call may take, {policy.http_budget} (got {lease})"
        raise ValueError(msg)
    read = await steps.load(GatewayBreaker, gateway)
    breaker = GatewayBreaker(id=gateway) if read is None else read.record
    at = await steps.now()
    if not lets_through(breaker, at=at):
        return SendingReport(closed_until=breaker.until)
    limit = limit if breaker.status == CLOSED else 1
    worker = _Worker(gateway, settle, refuse, policy, tripping, breaker)
    for claimed in await steps.claim(topic_of(gateway), at=at, lease=lease, limit=limit):
        if await steps.now() >= claimed.until:
            break
        await worker.carry_out(claimed)
    return worker.report()


def _breaker_changes(moved: Decision, version: int, what: str, at: datetime) -> Changes:
    (breaker,) = moved.effects.records
    return changes_of(
        moved,
        key=f"breaker/{breaker.id}/{what}/{version}",
        request=request(f"breaker.{what}", gateway=breaker.id, version=version),
        actor=ACTOR,
        reason=what,
        at=at,
        expects=(Expect(GatewayBreaker, breaker.id, version),),
    )


@attrs.define
class _Worker:
    """One run: its rules, and what it did so far."""

    gateway: str
    settle: Settle
    refuse: RefuseOrder
    policy: Sending
    tripping: Tripping
    breaker: GatewayBreaker
    sent: list[str] = attrs.field(factory=list)
    settled: list[str] = attrs.field(factory=list)
    put_off: list[PutOff] = attrs.field(factory=list)

    def report(self) -> SendingReport:
        return SendingReport(
            sent=tuple(self.sent),
            settled=tuple(self.settled),
            put_off=tuple(self.put_off),
            closed_until=self.breaker.until,
        )

    async def carry_out(self, claimed: Claimed) -> None:
        """Take the instruction of *claimed* as far as it goes now, and settle the claim."""
        id = dict(claimed.message.body).get("instruction", claimed.message.id)
        try:
            until, reason = await self._go_on(id, claimed)
        except PortMissing:
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be decided holds up no other
            until = await steps.now() + self.policy.wait(id, claimed.attempts)
            reason = f"{type(error).__name__}: {error}"
        if until is None:
            self.settled.append(id)
        else:
            self.put_off.append(PutOff(id, reason, until))
        outcome = DONE if until is None else WAITING
        with suppress(ClaimLost):  # the lease ended meanwhile, and another worker has it
            await steps.settle(claimed, outcome=outcome, at=await steps.now(), retry_at=until)

    async def _go_on(self, id: str, claimed: Claimed) -> tuple[datetime | None, str]:
        """Return until when the instruction waits and why, or None when it is over."""
        seen = 0
        for _ in range(TRIES):
            at = await steps.now()
            read = await steps.load(Instruction, id)
            if read is None:
                return at + self.policy.wait(id, claimed.attempts), "not stored"
            if read.version == seen:  # what was decided moved nothing, so it would again
                break
            step = next_step(read.record, at=at, lease_until=claimed.until, policy=self.policy)
            if isinstance(step, Nothing):
                return None, ""
            if isinstance(step, WaitUntil):
                return step.at, read.record.code or read.record.status
            if isinstance(step, Send | LookUp):
                closed_until = await self._closed_until(at)
                if closed_until is not None:
                    return closed_until, self.breaker.code
            seen = read.version
            with suppress(Stale):  # somebody else moved it: look again
                await self._take(step, read, claimed, at)
        return await steps.now() + self.policy.wait(id, claimed.attempts), "no progress"

    async def _closed_until(self, at: datetime) -> datetime | None:
        """Return until when no call may be made, or None: one may, to try it if it was open."""
        while self.breaker.until is not None:
            if not lets_through(self.breaker, at=at):
                return self.breaker.until
            read = await self._read_breaker()
            if read is None or not lets_through(read.record, at=at):
                continue
            if read.record.status == CLOSED:
                return None
            moved = tried(read.record, at=at, policy=self.tripping)
            with suppress(Stale):  # another worker tries, or has closed it
                committed = await steps.commit(_breaker_changes(moved, read.version, "try", at))
                if not committed.replayed:
                    return None
        return None

    async def _read_breaker(self) -> Versioned[GatewayBreaker] | None:
        read = await steps.load(GatewayBreaker, self.gateway)
        self.breaker = GatewayBreaker(id=self.gateway) if read is None else read.record
        return read

    async def _take(
        self,
        step: Send | LookUp | Refuse | Park,
        read: Versioned[Instruction],
        claimed: Claimed,
        at: datetime,
    ) -> None:
        """Take one *step* with the instruction *read* and store what comes of it."""
        if isinstance(step, Send):
            await self._send(read, claimed, step.before)
        elif isinstance(step, LookUp):
            await self._look_up(read)
        elif isinstance(step, Refuse):
            await self._refused(read, Outcome(status=REFUSED, code=step.code))
        else:
            await _commit(instructions.park(read.record, step.reason), read, "park", at)

    async def _send(self, read: Versioned[Instruction], claimed: Claimed, before: datetime) -> None:
        at = await steps.now()
        moved = instructions.sent(read.record, at=at)
        # With the token, so that no other worker's commit is taken for this one's.
        await _commit(moved, read, f"send/{claimed.token}", at)
        sent = read.followed_by(moved.instruction)
        try:
            outcome = await steps.send_order(sent.record, before=before)
        except PortMissing:
            raise
        except Exception as error:  # noqa: BLE001 - a gateway must not raise; if it does: unknown
            # Without its text, which may hold what must not be stored.
            outcome = Outcome(status=UNKNOWN, code="raised", detail=type(error).__name__)
        if outcome.code != SEND_DEADLINE:
            self.sent.append(sent.record.id)
            await self._told(outcome)
        await self._answered(sent, outcome)

    async def _look_up(self, read: Versioned[Instruction]) -> None:
        outcome = await steps.look_up_order(read.record)
        await self._told(outcome)
        at = await steps.now()
        if outcome is None:
            moved = instructions.absent(read.record, at=at, policy=self.policy)
            await _commit(moved, read, "absent", at)
            return
        if not is_trouble(outcome):  # else it cannot say now: nothing is known, nothing moves
            await self._answered(read, outcome)

    async def _answered(self, read: Versioned[Instruction], outcome: Outcome) -> None:
        """Store what became of the instruction *read*, with what that does to our records."""
        told = outcome.object
        still = outcome.status == PENDING == read.record.status
        if outcome.attention or still or outcome.status not in (CARRIED_OUT, PENDING, REFUSED):
            at = await steps.now()
            moved = instructions.answered(read.record, outcome, at=at)
            await _commit(moved, read, "answer", at)
        elif told is None or (outcome.status == REFUSED and read.record.status != PENDING):
            await self._refused(read, outcome)
        else:
            told = attrs.evolve(told, instruction=read.record.id)
            await self._settled(read, told)

    async def _settled(self, read: Versioned[Instruction], told: GatewayObject) -> None:
        for _ in range(TRIES):
            at = await steps.now()
            settlement = await self.settle(told, gateway=self.gateway, at=at)
            with suppress(Stale):  # a webhook was faster, or what it concerns moved
                await _commit(settlement, read, f"settle/{told.status}", at, settlement.expects)
                return

    async def _refused(self, read: Versioned[Instruction], outcome: Outcome) -> None:
        for _ in range(TRIES):
            at = await steps.now()
            settlement = await self.refuse(read.record, outcome, at=at)
            with suppress(Stale):
                await _commit(settlement, read, "refuse", at, settlement.expects)
                return

    async def _told(self, outcome: Outcome | None) -> None:
        """Tell the breaker what became of a call; one that is well is not read."""
        if self.breaker == GatewayBreaker(id=self.gateway) and not is_trouble(outcome):
            return
        for _ in range(TRIES):
            at = await steps.now()
            read = await self._read_breaker()
            moved = called(self.breaker, outcome, at=at, policy=self.tripping)
            if moved is None:
                return
            version = 0 if read is None else read.version
            with suppress(Stale):  # another worker told it something at the same moment
                await steps.commit(_breaker_changes(moved, version, "call", at))
                self.breaker = moved.breaker
                return


async def _commit(
    decision: Decision | Settlement,
    read: Versioned[Instruction],
    what: str,
    at: datetime,
    expects: tuple[Expect, ...] | None = None,
) -> None:
    """Store *decision* about the instruction *read*; none of it if it decides nothing."""
    if decision.effects == Effects():
        return
    instruction = read.record
    await steps.commit(
        changes_of(
            decision,
            key=f"instruction/{instruction.id}/{instruction.generation}/{what}/{read.version}",
            request=request(f"instruction.{what}", instruction=instruction.id),
            actor=ACTOR,
            reason=f"{what.partition('/')[0]} {instruction.order.kind}",
            at=at,
            expects=(expect(read),) if expects is None else expects,
        )
    )
