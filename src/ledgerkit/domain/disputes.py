"""Dispute: a customer's bank takes a payment back, and a decision says who keeps the money.

What the gateway withdraws, reinstates and charges is booked from its movements, each once. While it
is open the unpaid payouts that the payment is for are held. Lost, people are told: which supplier
bears how much of it is theirs to say, so no case for a clawback is opened by itself.
(spec: billing 10, gateways 1.4; reliability A3, A17)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import attrs

from ledgerkit.domain import gateways, payouts
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import GatewayObject, Movement, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, address
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
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
from ledgerkit.domain.periods import plain_date

OPEN, WON, LOST = "open", "won", "lost"
DISPUTE = Lifecycle(
    "dispute",
    OPEN,
    {
        (OPEN, "win"): WON,
        (OPEN, "lose"): LOST,
        (LOST, "win"): WON,  # on appeal
    },
)
_TOLD = {gateways.WON: "win", gateways.LOST: "lose"}


@attrs.frozen(kw_only=True)
class Dispute:
    """A payment that the customer's bank asks back.

    Attributes:
        id: Derived from the gateway's object.
        payment: The id of the payment.
        customer: The id of the party that paid.
        amount: What is in question, above zero.
        object: The gateway's id of the dispute.
        gateway: The name of the gateway.
        status: `open`, `won` (we keep the money) or `lost`.
        movements: What the gateway took and gave back, by its id; each is booked once.
        held: The ids of the payouts that are on hold for it.
        opened_on: The day it was opened.
        reason: The gateway's code of what the customer says, or "".
    """

    id: str
    payment: str
    customer: str
    amount: Money
    object: str
    gateway: str
    status: str = OPEN
    movements: tuple[Movement, ...] = ()
    held: tuple[str, ...] = ()
    opened_on: date
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        for field in ("id", "payment", "object", "gateway"):
            name_of(f"dispute {field}", getattr(self, field))
        address("customer", self.customer)
        if type(self.amount) is not Money or self.amount.minor <= 0:
            msg = f"dispute {self.id!r} needs Money above 0 (got {self.amount!r})"
            raise ValueError(msg)
        if self.status not in DISPUTE.statuses:
            msg = f"dispute {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        if len({each.id for each in self.movements}) < len(self.movements):
            msg = f"dispute {self.id!r} has a movement twice"
            raise ValueError(msg)
        plain_date("opened_on", self.opened_on)
        text_of("reason", self.reason)

    @property
    def withdrawn(self) -> Money:
        """What the gateway took less what it gave back, without fees, in the payment's currency."""
        moved = (-m.amount for m in self.movements if m.amount.currency == self.amount.currency)
        return sum_of(moved, self.amount.currency)


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
        clawback: Whether it is lost now, so that a person or the host opens a case to take back
            what suppliers got of it.
    """

    dispute: Dispute
    payment: Payment
    journals: tuple[Journal, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    payouts: tuple[Payout, ...] = ()
    messages: tuple[Message, ...] = ()
    clawback: bool = False

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=self.journals,
            opens=opened_by(self.journals),
            records=(self.dispute, self.payment, *self.invoices, *self.payouts),
            messages=self.messages,
        )


def of_object(told: GatewayObject, *, gateway: str, payment: Payment, on: date) -> Dispute:
    """Return the dispute of *payment* that *told* is, before its state is followed."""
    return Dispute(
        id=derive("dsp", link_id(gateway, told.id)),
        payment=payment.id,
        customer=payment.customer,
        amount=told.amount,
        object=told.id,
        gateway=gateway,
        opened_on=on,
        reason=told.reason,
    )


def related(
    payment: Payment, invoices: Iterable[Invoice], earned: Iterable[Payout]
) -> tuple[Payout, ...]:
    """Return those of the payouts *earned* that pay suppliers for what *payment* paid.

    They share a journal or a source, such as a session, with a line of an invoice that it pays.
    """
    paid = {each.invoice for each in payment.assignments}
    lines = [line for invoice in invoices if invoice.id in paid for line in invoice.lines]
    journals = {line.journal for line in lines}
    sources = {line.source for line in lines}
    return tuple(
        payout
        for payout in earned
        if any(line.journal in journals or line.source in sources for line in payout.lines)
    )


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
    fees: FeePolicy = PLATFORM_PAYS,
) -> DisputeChanged | None:
    """Move *dispute* to the state that the gateway tells of it, or return None if it is no news.

    Movements add up, whichever is told first, and a decision stands whatever is told later of the
    time before it. *earned* are the payouts to hold (those `related` to a dispute that *is_new*)
    or to release (those it holds); *others* the disputes that may hold the same. (spec: billing 10)

    Raises:
        IllegalTransition: the payment did not come in.
    """
    known = {each.id for each in dispute.movements}
    news = tuple(each for each in told.movements if each.id not in known)
    event = _TOLD.get(told.status)
    moves = event is not None and (dispute.status, event) in DISPUTE.table
    if not (news or moves or is_new):
        return None
    after = attrs.evolve(
        dispute,
        status=DISPUTE.after(dispute.status, event) if moves and event else dispute.status,
        movements=tuple(sorted((*dispute.movements, *news), key=lambda each: each.id)),
    )
    open_elsewhere = {id for o in others if o.id != dispute.id and o.status != WON for id in o.held}
    earned = tuple(earned)
    moved: tuple[Payout, ...] = ()
    if is_new and after.status != WON:
        after, moved = _hold(after, earned, open_elsewhere)
    elif moves and after.status == WON:
        moved = _release(after, earned, open_elsewhere)
    paid = with_out(payment, after.id, _out(after))
    return DisputeChanged(
        dispute=after,
        payment=paid,
        journals=tuple(j for each in news for j in _journals(after, each, payment, fees, at)),
        invoices=settled_by(payment, paid, owed),
        payouts=moved,
        messages=_alerts(after, is_new=is_new, lost=moves and after.status == LOST),
        clawback=moves and after.status == LOST,
    )


def _hold(
    dispute: Dispute, earned: tuple[Payout, ...], held_elsewhere: set[str]
) -> tuple[Dispute, tuple[Payout, ...]]:
    """Return *dispute* with what it holds, and the payouts that go on hold for it."""
    note = f"dispute {dispute.object}"
    pending = [payout for payout in earned if payout.status == payouts.PENDING]
    ours = [p for p in earned if p.status == payouts.ON_HOLD and p.id in held_elsewhere]
    held = tuple(sorted(payout.id for payout in (*pending, *ours)))
    moved = tuple(payouts.hold(payout, note=note).payout for payout in pending)
    return attrs.evolve(dispute, held=held), moved


def _release(
    dispute: Dispute, earned: tuple[Payout, ...], held_elsewhere: set[str]
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


def _alerts(dispute: Dispute, *, is_new: bool, lost: bool) -> tuple[Message, ...]:
    """Return what people are alerted of: that it was opened, and that it is lost."""
    whats = ("dispute_opened",) * (is_new and dispute.status == OPEN) + ("dispute_lost",) * lost
    return tuple(
        Message(
            derive("msg", what, dispute.id),
            f"alert.{what}",
            dispute.customer,
            (
                ("dispute", dispute.id),
                ("payment", dispute.payment),
                ("amount", str(dispute.amount.minor)),
                ("currency", dispute.amount.currency),
                ("reason", dispute.reason),
                ("held", " ".join(dispute.held)),
            ),
        )
        for what in whats
    )
