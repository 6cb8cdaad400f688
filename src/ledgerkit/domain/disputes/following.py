"""Following: what a gateway tells of a dispute, in any order and any number of times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from ledgerkit.domain import gateways, payouts
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.disputes.losing import Earner, Lost, WonAfterAll, lose, won_after_all
from ledgerkit.domain.disputes.records import DISPUTE, LOST, OPEN, WON, Dispute
from ledgerkit.domain.gateways import GatewayObject, Movement, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, address
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.payments import (
    PLATFORM_PAYS,
    FeePolicy,
    MoneyOut,
    Payment,
    Receivable,
    opened_by,
    settled_by,
    with_out,
)
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.transfers import Transfer

_TOLD = {gateways.WON: "win", gateways.LOST: "lose"}


@attrs.frozen(kw_only=True)
class DisputeChanged:
    """A dispute after the gateway told of it, and all that moves with it.

    Attributes:
        dispute: As it is now.
        payment: As it is now.
        journals: One for each movement that is new.
        invoices: With the status that follows.
        payouts: Those put on hold for it, or released.
        messages: What people are alerted of.
        clawbacks: The cases that its loss proposes, or that are rejected since it is won.
        transfers: Those that paid what the new cases are over, stored anew with them.
    """

    dispute: Dispute
    payment: Payment
    journals: tuple[Journal, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    payouts: tuple[Payout, ...] = ()
    messages: tuple[Message, ...] = ()
    clawbacks: tuple[Clawback, ...] = ()
    transfers: tuple[Transfer, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=self.journals,
            opens=opened_by(self.journals),
            records=(
                self.dispute,
                self.payment,
                *self.invoices,
                *self.payouts,
                *self.clawbacks,
                *self.transfers,
            ),
            messages=self.messages,
        )


def moves_to(dispute: Dispute, told: GatewayObject) -> str | None:
    """Return the status that *told* moves *dispute* to, or None if it stays as it is.

    A decision stands whatever is told later of the time before it.
    """
    event = _TOLD.get(told.status)
    return None if event is None else DISPUTE.table.get((dispute.status, event))


def follow(
    dispute: Dispute,
    told: GatewayObject,
    *,
    payment: Payment,
    owed: Iterable[Receivable],
    at: datetime,
    is_new: bool = False,
    earned: Iterable[Payout] = (),
    others: Iterable[Dispute] = (),
    earners: Iterable[Earner] = (),
    cases: Iterable[Clawback] = (),
    fees: FeePolicy = PLATFORM_PAYS,
) -> DisputeChanged | None:
    """Move *dispute* to the state that the gateway tells of it, or return None if it is no news.

    Movements add up, whichever is told first. *earned* are the payouts to hold (those `related` to
    a dispute that *is_new*, or is lost now) or to release (those it holds); *others* the disputes
    that may hold the same, or took of the payment. *earners* are the suppliers of what it is about,
    for a dispute that is lost now; *cases* those of its loss, for one that is won after all.
    (spec: billing 10)

    Raises:
        IllegalTransition: the payment did not come in.
    """
    known = {each.id for each in dispute.movements}
    news = tuple(each for each in told.movements if each.id not in known)
    status = moves_to(dispute, told)
    if not (news or status or is_new):
        return None
    movements = tuple(sorted((*dispute.movements, *news), key=lambda each: each.id))
    after = attrs.evolve(dispute, status=status or dispute.status, movements=movements)
    others = tuple(others)
    open_elsewhere = {id for o in others if o.id != dispute.id and o.status != WON for id in o.held}
    owed = tuple(owed)
    moved: tuple[Payout, ...] = ()
    lost, back = Lost(), WonAfterAll()
    if status == WON:
        moved = _release(after, earned, open_elsewhere)
        back = won_after_all(after, cases)
    elif is_new or status == LOST:
        after, moved = _hold(after, earned, open_elsewhere)
    if status == LOST:
        lost = lose(after, payment=payment, owed=owed, earners=earners, at=at, others=others)
        after = attrs.evolve(after, clawbacks=lost.cases)
    paid = with_out(payment, after.id, _out(after))
    opened = _opened(after) if is_new and after.status == OPEN else ()
    return DisputeChanged(
        dispute=after,
        payment=paid,
        journals=tuple(j for each in news for j in _journals(after, each, payment, fees, at)),
        invoices=settled_by(payment, paid, owed),
        payouts=moved,
        messages=(*opened, *(_lost(after, lost) if status == LOST else ()), *back.alerts),
        clawbacks=(*lost.proposed, *back.rejected),
        transfers=lost.transfers,
    )


def _hold(
    dispute: Dispute, earned: Iterable[Payout], held_elsewhere: set[str]
) -> tuple[Dispute, tuple[Payout, ...]]:
    """Return *dispute* with what it holds, and the payouts that go on hold for it."""
    earned = tuple(earned)
    pending = [payout for payout in earned if payout.status == payouts.PENDING]
    ours = [p for p in earned if p.status == payouts.ON_HOLD and p.id in held_elsewhere]
    moved = tuple(payouts.hold(payout, note=_note(dispute)).payout for payout in pending)
    return _holding(dispute, (*pending, *ours)), moved


@attrs.frozen
class KeptBack:
    """A payout that is on hold, and the disputes that hold it."""

    payout: Payout
    disputes: tuple[Dispute, ...]

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.payout, *self.disputes))


def keep_back(payout: Payout, over: Iterable[Dispute]) -> KeptBack:
    """Put *payout*, pending since after the disputes *over* what it pays were told, on hold.

    Raises:
        IllegalTransition: it is not pending.
    """
    over = tuple(over)
    held = payouts.hold(payout, note=_note(over[0])).payout
    return KeptBack(held, tuple(_holding(dispute, [payout]) for dispute in over))


def _note(dispute: Dispute) -> str:
    return f"dispute {dispute.object}"


def _holding(dispute: Dispute, more: Iterable[Payout]) -> Dispute:
    """Return *dispute* with *more* that it holds."""
    held = {*dispute.held, *(payout.id for payout in more)}
    return attrs.evolve(dispute, held=tuple(sorted(held)))


def _release(
    dispute: Dispute, earned: Iterable[Payout], held_elsewhere: set[str]
) -> tuple[Payout, ...]:
    """Return the payouts that go on now; those that another dispute holds stay."""
    note = f"dispute {dispute.object} won"
    return tuple(
        payouts.release(payout, note=note).payout
        for payout in earned
        if payout.id in dispute.held
        and payout.id not in held_elsewhere
        and payout.status == payouts.ON_HOLD
    )


def _out(dispute: Dispute) -> MoneyOut:
    """Return what *dispute* took of its payment; while it is open the rest of it is reserved."""
    nothing = Money.zero(dispute.amount.currency)
    is_open = dispute.status == OPEN
    return MoneyOut(
        record=dispute.id,
        moved=dispute.withdrawn,
        reserved=max(dispute.amount - dispute.withdrawn, nothing) if is_open else nothing,
        disputed=is_open,
    )


def _journals(
    dispute: Dispute, movement: Movement, payment: Payment, fees: FeePolicy, at: datetime
) -> tuple[Journal, ...]:
    """Return the journal of *movement*: customer -x, gateway +x; its bearer -f, gateway +f.

    What is given back has the signs the other way round, the fee too where a gateway gives it back.
    """
    entries: list[Entry] = []
    if movement.amount.minor:
        entries.append(Entry(address("customer", dispute.customer), movement.amount))
        entries.append(Entry(payment.method, -movement.amount))
    if movement.fee.minor:
        entries.append(Entry(fees.wallet(dispute.customer), -movement.fee))
        entries.append(Entry(payment.method, movement.fee))
    if not entries:
        return ()
    link = link_id(dispute.gateway, dispute.object)
    back = movement.amount.minor > 0 or movement.fee.minor < 0
    kind = "dispute.reinstated" if back else "dispute.withdrawn"
    return (
        Journal(
            id=derive("jrn", "in", link, movement.id),
            kind=kind,
            entries=tuple(entries),
            effective_at=at,
            event=Event("gateway.dispute", link, movement.id),
        ),
    )


def _opened(dispute: Dispute) -> tuple[Message, ...]:
    return (_alert(dispute, "dispute_opened"),)


def _lost(dispute: Dispute, lost: Lost) -> tuple[Message, ...]:
    """Return the alert of a loss: the cases it proposes, and who was not paid yet."""
    more = (("clawbacks", " ".join(lost.cases)), ("unpaid", " ".join(lost.unpaid)))
    return (_alert(dispute, "dispute_lost", more),)


def _alert(dispute: Dispute, what: str, more: tuple[tuple[str, str], ...] = ()) -> Message:
    """Return what people are alerted of."""
    facts = (
        ("dispute", dispute.id),
        ("payment", dispute.payment),
        ("amount", str(dispute.amount.minor)),
        ("currency", dispute.amount.currency),
        ("reason", dispute.reason),
        ("held", " ".join(dispute.held)),
    )
    topic = f"alert.{what}"
    return Message(derive("msg", what, dispute.id), topic, dispute.customer, (*facts, *more))
