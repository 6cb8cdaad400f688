"""Payouts: what a person or a scheduler starts to pay suppliers and owners of equipment.

What they earned is gathered into pending payouts, by a billing run or alone. A run sends those that
may be sent; whoever is left out is reported with the reason. Killed anywhere and run again it goes
on: what was sent is not pending any more. A person who pays, keeps back or lets go by hand may
write billing, which is checked first: see `ledgerkit.domain.access`.
(seed 002; spec: billing 9, 10, 11)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

import attrs

from ledgerkit.domain import payouts
from ledgerkit.domain.access import BILLING_WRITE, Actor, require
from ledgerkit.domain.billing_run import check_begun, plan_payouts
from ledgerkit.domain.changes import (
    Decision,
    Plan,
    Skipped,
    Version,
    Versioned,
    changes_of,
    expect,
    request,
    skipped,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payouts import (
    PAID,
    PENDING,
    Payout,
    PayoutChanged,
    PayoutSetting,
    setting_id,
)
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.jobs import steps
from ledgerkit.jobs.account_facts import ready_account
from ledgerkit.jobs.billing_facts import newest_of, read_payees
from ledgerkit.jobs.disputed_payouts import disputed_among, keep_back
from ledgerkit.jobs.plans import carry_out
from ledgerkit.jobs.rounds import until_stored
from ledgerkit.jobs.steps import Job

T = TypeVar("T")


class ReserveDecision(Protocol):
    """Whether transfers must wait, such as `reserves.check` tells."""

    @property
    def should_block_transfers(self) -> bool:
        """Whether the transfer must not be made now."""
        ...

    @property
    def sentence(self) -> str:
        """Why, in words with the figures."""
        ...


Reserve: TypeAlias = Callable[[Money], Job[ReserveDecision]]
"""Tells whether a transfer must wait, that of all the run has sent with it, by its amount.

Such as `lambda total: check_reserve(["stripe"], policy, proposed_transfer=total)`.
"""


@attrs.frozen
class UnknownPayout(LedgerkitError):
    """A payout that is not stored."""

    payout: str
    code: ClassVar[str] = "unknown_payout"

    def __str__(self) -> str:
        return f"no payout {self.payout!r} is stored; generate it first"


@attrs.frozen
class TransfersBlocked(LedgerkitError):
    """The reserve does not allow a transfer now. (spec: billing 9)"""

    payout: str
    amount: Money
    why: str
    code: ClassVar[str] = "transfers_blocked"

    def __str__(self) -> str:
        return f"payout {self.payout!r} of {self.amount} is not sent: {self.why}"


@attrs.frozen(kw_only=True)
class PayoutRun:
    """What a run did.

    Attributes:
        sent: The payouts sent, in transit.
        skipped: Who was left out, and why.
    """

    sent: tuple[Payout, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@attrs.frozen(kw_only=True)
class PayoutsGenerated:
    """What was generated, or in a preview would be.

    Attributes:
        payouts: The payouts, pending.
        skipped: Who was left out, and why.
    """

    payouts: tuple[Payout, ...] = ()
    skipped: tuple[Skipped, ...] = ()


# ---- generating ------------------------------------------------------------------------------
async def generate_payouts(
    parties: Iterable[Party], *, period: Period, actor: str = "payouts"
) -> PayoutsGenerated:
    """Store what each supplier and owner among *parties* is owed for *period*, as pending payouts.

    For a host that charges work when it is done; a billing run does the same for its month. Each
    payee is committed alone. One with a transfer under way, or owed nothing, gets none; the first
    is reported. Asked again, or while others ask, it finds nothing new: an entry is paid once.

    Raises:
        PeriodNotBegun: *period* lies ahead for one of *parties*.
    """
    carried = await carry_out(partial(_generating, tuple(parties), period, actor))
    return PayoutsGenerated(payouts=newest_of(Payout, carried.done), skipped=carried.left_out)


async def preview_payouts(parties: Iterable[Party], *, period: Period) -> PayoutsGenerated:
    """Return what `generate_payouts` would store now, and store nothing; raises as that does."""
    plan = await _generating(tuple(parties), period, "preview")
    return PayoutsGenerated(payouts=newest_of(Payout, plan.changes), skipped=plan.skipped)


async def _generating(parties: tuple[Party, ...], period: Period, actor: str) -> Plan:
    at = await steps.now()
    for party in parties:
        check_begun(period, zone=party.zone, at=at)
    return plan_payouts(await read_payees(parties), period=period, as_of=at, actor=actor)


# ---- the run ---------------------------------------------------------------------------------
async def send_payouts(
    *,
    gateway: str,
    reserve: Reserve,
    actor: str = "payout run",
    suppliers: Iterable[str] | None = None,
    instant: bool = True,
) -> PayoutRun:
    """Send every pending payout through *gateway*, or those of *suppliers*, oldest first.

    *suppliers* are ids of payees in whatever role. An account must be ready, and the *reserve* must
    allow what the run sends together; who is left out holds up nobody else. The payee's setting
    says whether a payout is instant; without *instant* none is. One for what is disputed goes on
    hold (see `disputed_payouts`). Each is committed alone, so that a run that was killed goes on.
    """
    send = partial(_send, gateway=gateway, reserve=reserve, actor=actor, instant=instant)
    wanted = None if suppliers is None else frozenset(suppliers)
    pending = await steps.find_all(Payout, status=PENDING)
    disputed = await disputed_among(read.record for read in pending)
    proposed: dict[str, Money] = {}
    done, left_out = [], []
    for read in sorted(pending, key=lambda v: (v.record.period.end, v.record.id)):
        payout = read.record
        if wanted is not None and payout.supplier not in wanted:
            continue
        total = proposed.get(payout.currency, Money.zero(payout.currency)) + payout.total
        try:
            await keep_back(payout.id, disputed[payout.id], actor=actor)
            sent = await send(payout.id, total=total)
        except LedgerkitError as error:
            left_out.append(skipped(payout.supplier, error))
            continue
        if sent is not None:
            proposed[payout.currency] = total
            done.append(sent)
    return PayoutRun(sent=tuple(done), skipped=tuple(left_out))


async def _send(
    id: str, *, gateway: str, reserve: Reserve, total: Money, actor: str, instant: bool
) -> Payout | None:
    """Send one payout; None if it is not pending any more."""

    async def decide() -> Payout | None:
        read = await _payout(id)
        payout = read.record
        if payout.status != PENDING:
            return None
        account = await ready_account(payout.supplier, gateway)
        checked = await reserve(total)
        if checked.should_block_transfers:
            raise TransfersBlocked(payout.id, payout.total, checked.sentence)
        at = await steps.now()
        setting = await steps.load(PayoutSetting, setting_id(payout.supplier)) if instant else None
        fee = None
        if setting is not None:
            on = local_date(at, await _zone(payout.supplier))
            fee = setting.record.instant(payout.currency, on=on)
        sent = payouts.send(payout, account=account.account, gateway=gateway, at=at, instant=fee)
        await _commit(
            sent,
            key=f"payout/{id}/send/{sent.payout.attempt}",
            asked=("payout.send", {"payout": id, "attempt": sent.payout.attempt}),
            actor=actor,
            reason=f"send payout {id} through {gateway}",
            bases=(read,) if setting is None else (read, setting),
            at=at,
        )
        return sent.payout

    return await until_stored(decide)


async def _zone(party: str) -> str:
    read = await steps.load(Party, party)
    return "UTC" if read is None else read.record.zone


# ---- by hand ---------------------------------------------------------------------------------
async def pay_by_hand(
    payout: str, *, reference: str, actor: Actor, reason: str, cash: str = "cash:bank"
) -> Payout:
    """Mark a pending payout as paid outside of any gateway, under *reference*.

    Asked again with that reference, nothing is stored and the payout is returned.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownPayout: it is not stored.
        ReferenceNeeded: *reference* is empty.
        PayoutDisputed: a dispute is about what it pays; it is on hold now. Released, it is paid.
        IllegalTransition: it is not pending.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)  # before anything is read
    read = await _payout(payout)
    await keep_back(payout, (await disputed_among([read.record]))[payout], actor=actor.signature)
    move = partial(_paid, reference=reference, cash=cash)
    asked = {"reference": reference, "cash": cash}
    return await _move(payout, "pay", move, asked=asked, actor=actor, reason=reason)


async def bounce_by_hand(payout: str, *, note: str, actor: Actor) -> Payout:
    """Record that the bank sent back what was paid by hand: the payout failed after all.

    Asked again with that note, and nothing befell it since, nothing is stored and it is returned.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownPayout: it is not stored.
        IllegalTransition: it is not paid.
        ValueError: a gateway paid it.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)  # before anything is read
    read = await _payout(payout)
    posted = await steps.posted_events([read.record.payment])
    paid = None
    if read.record.payment in posted:
        paid = await steps.journal(posted[read.record.payment])
    journal = None if paid is None else paid.journal
    move = partial(_bounced, paid=journal, note=note)
    return await _move(payout, "bounce", move, asked={"note": note}, actor=actor, reason=note)


async def hold(payout: str, *, note: str, actor: Actor) -> Payout:
    """Keep a pending payout back, such as while what it pays is disputed; a *note* says why.

    Asked again with that note, and nothing befell it since, nothing is stored and it is returned.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownPayout: it is not stored.
        IllegalTransition: it is not pending.
        Stale: others came first, again and again.
    """
    move = partial(_noted, payouts.hold, note=note)
    return await _move(payout, "hold", move, asked={"note": note}, actor=actor, reason=note)


async def release(payout: str, *, note: str, actor: Actor) -> Payout:
    """Let a held payout go on; asked again or refused as `hold` is."""
    move = partial(_noted, payouts.release, note=note)
    return await _move(payout, "release", move, asked={"note": note}, actor=actor, reason=note)


async def retry(payout: str, *, note: str, actor: Actor) -> Payout:
    """Make a failed payout pending, so that the next run sends it; asked again as `hold` is."""
    move = partial(_noted, payouts.retry, note=note)
    return await _move(payout, "retry", move, asked={"note": note}, actor=actor, reason=note)


_Move = Callable[[Payout, datetime], PayoutChanged]


def _paid(payout: Payout, at: datetime, *, reference: str, cash: str) -> PayoutChanged:
    return payouts.pay(payout, reference=reference, at=at, cash=cash)


def _bounced(payout: Payout, at: datetime, *, paid: Journal | None, note: str) -> PayoutChanged:
    if paid is None:
        msg = f"payout {payout.id!r} was not paid by hand; what a gateway paid it tells itself"
        raise ValueError(msg)
    return payouts.bounce(payout, paid, note=note, at=at)


class _Noted(Protocol):
    def __call__(self, payout: Payout, *, note: str) -> PayoutChanged: ...


def _noted(verb: _Noted, payout: Payout, _: datetime, *, note: str) -> PayoutChanged:
    return verb(payout, note=note)


async def _move(
    id: str, verb: str, move: _Move, *, asked: dict[str, str], actor: Actor, reason: str
) -> Payout:
    require(actor, BILLING_WRITE)

    async def decide() -> Payout:
        last = await _last(id)
        if _was_asked(last, verb, asked):
            return last.record
        at = await steps.now()
        changed = move(last.record, at)
        await _commit(
            changed,
            # One that failed is paid, held and retried anew, so the version belongs to the key.
            key=f"payout/{id}/{verb}/{last.version}",
            asked=(f"payout.{verb}", {"payout": id, **asked}),
            actor=actor.signature,
            reason=reason,
            bases=(Versioned(last.record, last.version),),
            at=at,
        )
        return changed.payout

    return await until_stored(decide)


def _was_asked(last: Version[Payout], verb: str, asked: dict[str, str]) -> bool:
    """Return whether a payout is as *verb*, *asked* in these words, left it."""
    payout = last.record
    if verb == "pay":
        return (payout.status, payout.reference) == (PAID, asked["reference"])
    moved_so = last.key.startswith(f"payout/{payout.id}/{verb}/")
    return moved_so and payout.notes[-1] == asked["note"]


async def _last(id: str) -> Version[Payout]:
    versions = await steps.history(Payout, id)
    if not versions:
        raise UnknownPayout(id)
    return versions[-1]


# ---- deciding and committing -----------------------------------------------------------------
async def _payout(id: str) -> Versioned[Payout]:
    read = await steps.load(Payout, id)
    if read is None:
        raise UnknownPayout(id)
    return read


async def _commit(
    decision: Decision,
    *,
    key: str,
    asked: tuple[str, dict[str, Any]],
    actor: str,
    reason: str,
    bases: tuple[Versioned[Any], ...],
    at: datetime,
) -> None:
    verb, arguments = asked
    expects, wanted = tuple(expect(each) for each in bases), request(verb, **arguments)
    await steps.commit(
        changes_of(
            decision, key=key, request=wanted, actor=actor, reason=reason, at=at, expects=expects
        )
    )
