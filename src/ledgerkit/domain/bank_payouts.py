"""Bank payout: money that leaves a gateway for a bank account, ours or a payee's.

That of a payee's account moves no money of ours, since the transfer before it did: it is kept to
tell when, and whether, the bank has it. Only that of our own balance is booked. One that was paid
may fail days later. (seed 002: payout.paid, payout.failed; spec: billing 5a, gateways 0, 1.4)
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import PAYOUT, GatewayObject, PayoutOrder, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import Instructed, instruct
from ledgerkit.domain.ledger import Entry, Event, Journal, reverse, wallets_of
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import instant
from ledgerkit.domain.transfers import LATE_OUTCOME

PENDING, IN_TRANSIT, PAID = "pending", "in_transit", "paid"
FAILED, CANCELED = "failed", "canceled"
BANK_PAYOUT = Lifecycle(
    "bank_payout",
    PENDING,
    {
        (PENDING, "depart"): IN_TRANSIT,
        (PENDING, "arrive"): PAID,
        (PENDING, "fail"): FAILED,
        (PENDING, "cancel"): CANCELED,
        (IN_TRANSIT, "arrive"): PAID,
        (IN_TRANSIT, "fail"): FAILED,
        (IN_TRANSIT, "cancel"): CANCELED,
        (PAID, "fail"): FAILED,
    },
)
_EVENTS = {IN_TRANSIT: "depart", PAID: "arrive", FAILED: "fail", CANCELED: "cancel"}
_STATES = {"pending": PENDING, "done": PAID, "failed": FAILED}


@attrs.frozen
class BankPayoutDiffers(LedgerkitError):
    """A gateway tells another amount of a bank payout than it did before."""

    payout: str
    known: Money
    told: Money
    code: ClassVar[str] = "bank_payout_differs"

    def __str__(self) -> str:
        return f"bank payout {self.payout!r} is over {self.known}; the gateway tells {self.told}"


@attrs.frozen(kw_only=True)
class BankPayout:
    """Money on its way from a gateway to a bank.

    Attributes:
        id: Derived from the gateway and its id of it.
        gateway: The name of the gateway.
        object: The gateway's id.
        account: The connected account whose balance it is, or "" for our own.
        supplier: The id of the party whose account that is, or None if it is ours or not known.
        amount: What the bank gets, above zero.
        fee: What the gateway took for it, or None.
        status: See `BANK_PAYOUT`.
        created_at: When the gateway made it, by its own clock.
        instruction: The id of the instruction of ours that asked for it, or None.
        reason: Why it failed, in the gateway's code, or "".
    """

    id: str
    gateway: str
    object: str
    account: str = ""
    supplier: str | None = None
    amount: Money
    fee: Money | None = None
    status: str = PENDING
    created_at: datetime = attrs.field(converter=instant)
    instruction: str | None = None
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        for field in ("id", "gateway", "object"):
            name_of(f"bank payout {field}", getattr(self, field))
        if type(self.amount) is not Money or self.amount.minor <= 0:
            msg = f"bank payout {self.id!r} is of Money above 0 (got {self.amount!r})"
            raise ValueError(msg)
        if self.fee is not None and (type(self.fee) is not Money or self.fee.minor < 0):
            msg = f"the fee of bank payout {self.id!r} is Money from 0 on (got {self.fee!r})"
            raise ValueError(msg)
        if self.status not in BANK_PAYOUT.statuses:
            msg = f"bank payout {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        for other in (self.supplier, self.instruction):
            if other is not None:
                name_of("supplier or instruction of a bank payout", other)
        text_of("account", self.account)
        text_of("reason", self.reason)

    @property
    def is_ours(self) -> bool:
        """Whether it leaves our own balance, and so is booked."""
        return self.account == ""


def payout_id(gateway: str, id: str) -> str:
    """Return the id of the bank payout that *gateway* calls *id*."""
    return derive("bpo", link_id(gateway, id))


@attrs.frozen
class BankPayoutAsked:
    """A bank payout to be asked of the gateway; its record begins with what the gateway tells."""

    instructed: Instructed

    @property
    def effects(self) -> Effects:
        """What to store."""
        return self.instructed.effects


def ask(
    amount: Money,
    *,
    account: str,
    gateway: str,
    subject: str,
    party: str,
    at: datetime,
    at_once: bool = False,
) -> BankPayoutAsked:
    """Decide to pay *amount* of the balance of *account* out to its bank, for the record *subject*.

    *at_once* asks for an instant payout, which costs a fee.
    """
    order = PayoutOrder(amount=amount, account=account, instant=at_once)
    return BankPayoutAsked(instruct(order, gateway=gateway, subject=subject, party=party, at=at))


@attrs.frozen(kw_only=True)
class BankPayoutSettled:
    """A bank payout after what a gateway told of it.

    Attributes:
        payout: As it is now.
        journals: What is booked for it; none for a payee's.
        alert: Whom to tell, if what was paid failed after all and no instruction of ours tells it.
        moved: Whether anything is new: what was told before, or is older, stores nothing.
    """

    payout: BankPayout
    journals: tuple[Journal, ...] = ()
    alert: tuple[Message, ...] = ()
    moved: bool = True

    @property
    def effects(self) -> Effects:
        """What to store; nothing if nothing is new."""
        if not self.moved:
            return Effects()
        entries = (entry for journal in self.journals for entry in journal.entries)
        return Effects(
            journals=self.journals,
            opens=wallets_of(entries),
            records=(self.payout,),
            messages=self.alert,
        )


def settle(
    payout: BankPayout | None,
    told: GatewayObject,
    *,
    gateway: str,
    at: datetime,
    supplier: str | None = None,
    cash: str = "cash:bank",
) -> BankPayoutSettled:
    """Take in what *gateway* tells of a bank payout; None: it was not heard of before.

    Ours books gateway +x, *cash* -x when it is paid, and what the gateway took for it as legs of
    their own; a failure after that takes all of it back. Where the gateway has finer words than
    pending and failed, it says them in the metadata `status`: `in_transit`, `canceled`.

    Raises:
        BankPayoutDiffers: it was over another amount when it was heard of before.
        ValueError: *told* is another kind of object, or another payout.
    """
    if told.kind != PAYOUT or (payout is not None and payout.object != told.id):
        msg = f"{told.kind} {told.id!r} is not the bank payout {payout and payout.object!r}"
        raise ValueError(msg)
    before = payout or BankPayout(
        id=payout_id(gateway, told.id),
        gateway=gateway,
        object=told.id,
        account=told.account,
        supplier=supplier,
        amount=told.amount,
        fee=told.fee,
        created_at=told.created,
        instruction=told.instruction,
    )
    if told.amount != before.amount:
        raise BankPayoutDiffers(before.id, before.amount, told.amount)
    status = _status_of(told)
    event = _EVENTS.get(status)
    if event is None or (before.status, event) not in BANK_PAYOUT.table:
        # Older than what is known, or the same again.
        return BankPayoutSettled(payout=before, moved=payout is None)
    # What is booked with its fee is taken back with that fee.
    fee = before.fee if told.fee is None or before.status == PAID else told.fee
    after = attrs.evolve(before, status=status, fee=fee, reason=told.reason)
    late = before.status == PAID and before.instruction is None
    return BankPayoutSettled(
        payout=after,
        journals=_journals(before, after, cash=cash, at=at) if after.is_ours else (),
        alert=(_alert(after),) if late else (),
    )


def _status_of(told: GatewayObject) -> str:
    finer = told.noted("status")
    known = _STATES[told.status]
    if (known, finer) in {(PENDING, IN_TRANSIT), (FAILED, CANCELED)} and finer is not None:
        return finer
    return known


def _journals(
    before: BankPayout, after: BankPayout, *, cash: str, at: datetime
) -> tuple[Journal, ...]:
    if after.status == PAID:
        return (_payment(after, cash=cash, at=at),)
    if before.status == PAID:
        link = link_id(after.gateway, after.object)
        paid = _payment(after, cash=cash, at=at)
        back = reverse(paid, id=derive("jrn", "in", link, FAILED), at=at)
        return (attrs.evolve(back, event=Event("gateway.payout", link, FAILED)),)
    return ()


def _payment(payout: BankPayout, *, cash: str, at: datetime) -> Journal:
    gateway = f"gateway:{payout.gateway}"
    link = link_id(payout.gateway, payout.object)
    entries = [Entry(gateway, payout.amount), Entry(cash, -payout.amount)]
    if payout.fee is not None and payout.fee.minor:
        entries += [Entry("platform", -payout.fee), Entry(gateway, payout.fee)]
    return Journal(
        id=derive("jrn", "in", link),
        kind="bank_payout.paid",
        entries=tuple(entries),
        effective_at=at,
        event=Event("gateway.payout", link),
    )


def _alert(payout: BankPayout) -> Message:
    facts = (("bank_payout", payout.id), ("object", payout.object), ("now", payout.status))
    id = derive("msg", LATE_OUTCOME, payout.gateway, payout.object, payout.status)
    return Message(id, LATE_OUTCOME, payout.gateway, facts)
