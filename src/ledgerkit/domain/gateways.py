"""Gateway: a provider that moves real money for us, and what it says of it.

Whatever a gateway says, in the answer to a call, in a webhook or in a listing, is told as the state
of one of its objects, a `GatewayObject`; an `Outcome` says what became of one call. So the three
ways to learn of a fact are booked by the same functions. (spec: gateways 1.3, 1.4, reliability A2)
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.ledger.journals import name_of, pairs_of, text_of
from ledgerkit.domain.ledger.wallets import INT64
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant

# What became of a call. Unknown is not failed: it is sent again under the same key or looked up.
DONE, PENDING, REFUSED, RETRYABLE, UNKNOWN = "done", "pending", "refused", "retryable", "unknown"
OUTCOMES = (DONE, PENDING, REFUSED, RETRYABLE, UNKNOWN)

CHARGE, REFUND, DISPUTE = "charge", "refund", "dispute"
TRANSFER, REVERSAL, PAYOUT = "transfer", "reversal", "payout"
OBJECT_KINDS = (CHARGE, REFUND, DISPUTE, TRANSFER, REVERSAL, PAYOUT)

# States of the gateway's objects, whatever it calls them.
FAILED, OPEN, WON, LOST = "failed", "open", "won", "lost"
_STATES = {DISPUTE: (OPEN, WON, LOST)}
_COMMON_STATES = (PENDING, DONE, FAILED)


@attrs.frozen(kw_only=True)
class Movement:
    """One change of our balance at a gateway that belongs to an object, such as a dispute.

    Attributes:
        id: The gateway's id of the change; it is booked once.
        amount: What it does to our balance, the fee apart; minus leaves it.
        fee: What the gateway took for it; below zero is given back, which a withdrawal never does.
        at: When it counts, by the gateway's clock.
    """

    id: str
    amount: Money
    fee: Money
    at: datetime = attrs.field(converter=instant)

    def __attrs_post_init__(self) -> None:
        name_of("movement id", self.id)
        if type(self.amount) is not Money or type(self.fee) is not Money:
            msg = f"movement {self.id!r} needs Money (got {self.amount!r}, {self.fee!r})"
            raise TypeError(msg)
        if self.fee.minor < 0 and self.amount.minor < 0:
            msg = (
                f"movement {self.id!r} withdraws {self.amount}, so its fee is zero or more "
                f"(got {self.fee})"
            )
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class GatewayObject:
    """The state of one object at a gateway, in our words.

    Attributes:
        kind: `charge`, `refund`, `dispute`, `transfer`, `reversal` or `payout`.
        id: The gateway's id.
        status: `pending`, `done` or `failed`; of a dispute `open`, `won` or `lost`.
        amount: What it moves, above zero.
        created: When it was made, by the gateway's clock: windows count from here.
        fee: What the gateway took for it, or None where it does not say.
        parent: The id of the object it belongs to: the charge of a refund or dispute, the
            transfer of a reversal.
        instruction: The id of the instruction of ours that caused it, if it carries one.
        account: The connected account: the destination of a transfer, the owner of a payout; ""
            for the platform's own.
        reason: Why it failed or was disputed, in the gateway's code.
        movements: The changes of our balance it caused, where these are not told by the rest:
            those of a dispute.
        metadata: What was attached to it, as (name, text) pairs.

    Raises:
        TypeError, ValueError: a field is of another type, or cannot be.
    """

    kind: str
    id: str
    status: str
    amount: Money
    created: datetime = attrs.field(converter=instant)
    fee: Money | None = None
    parent: str | None = None
    instruction: str | None = None
    account: str = ""
    reason: str = ""
    movements: tuple[Movement, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.kind not in OBJECT_KINDS:
            msg = f"a gateway's object is {' or '.join(OBJECT_KINDS)} (got {self.kind!r})"
            raise ValueError(msg)
        name_of(f"{self.kind} id", self.id)
        states = _STATES.get(self.kind, _COMMON_STATES)
        if self.status not in states:
            msg = f"{self.kind} {self.id!r} is {' or '.join(states)} (got {self.status!r})"
            raise ValueError(msg)
        _above_zero(f"{self.kind} {self.id!r}", self.amount)
        if self.fee is not None and (type(self.fee) is not Money or self.fee.minor < 0):
            msg = f"the fee of {self.kind} {self.id!r} is Money from zero on (got {self.fee!r})"
            raise ValueError(msg)
        text_of("account", self.account)
        text_of("reason", self.reason)
        pairs_of("metadata", self.metadata)

    def noted(self, name: str) -> str | None:
        """Return what its metadata say under *name*, or None."""
        return dict(self.metadata).get(name)


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of one call to a gateway. (spec: gateways 1.3)

    Attributes:
        status: `done`, `pending`, `refused`, `retryable` (nothing happened) or `unknown`.
        object: The object made, where the gateway told it.
        code: The gateway's code for what was wrong, such as `card_declined`.
        detail: A sentence of it without secrets.
        hard: Whether trying again the same way is pointless, such as with a stolen card.
        attention: Whether a person must look: the request or the configuration is wrong.
        halts: Whether nothing else can be sent either, such as with a wrong key.
    """

    status: str
    object: GatewayObject | None = None
    code: str = ""
    detail: str = ""
    hard: bool = False
    attention: bool = False
    halts: bool = False

    def __attrs_post_init__(self) -> None:
        if self.status not in OUTCOMES:
            msg = f"an outcome is {' or '.join(OUTCOMES)} (got {self.status!r})"
            raise ValueError(msg)
        if self.status in (DONE, PENDING) and self.object is None:
            msg = f"an outcome that is {self.status} needs the object made"
            raise ValueError(msg)
        text_of("code", self.code)
        text_of("detail", self.detail)


def _above_zero(what: str, amount: object) -> None:
    if type(amount) is not Money:
        msg = f"{what} needs Money (got {amount!r})"
        raise TypeError(msg)
    # No more than the books hold: what was sent could not be posted. (spec: ledger 1)
    if not 0 < amount.minor <= INT64:
        msg = f"{what} moves more than 0, at most {INT64} minor units (got {amount})"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Order:
    """What a gateway is told to do; base of the five kinds.

    Attributes:
        amount: How much, above zero.
    """

    kind: ClassVar[str]
    amount: Money

    def __attrs_post_init__(self) -> None:
        _above_zero(f"a {self.kind}", self.amount)
        for field in attrs.fields(type(self)):
            what, value = f"{field.name} of a {self.kind}", getattr(self, field.name)
            if type(field.default) is bool and type(value) is not bool:
                msg = f"{what} is True or False (got {value!r})"
                raise TypeError(msg)
            needed = field.default is attrs.NOTHING and field.name != "amount"
            if needed or field.default == "" != value:
                name_of(what, value)


@attrs.frozen(kw_only=True)
class ChargeOrder(Order):
    """Take money from a saved payment method while the customer is away.

    Attributes:
        customer: The gateway's id of the customer.
        method: The gateway's id of the payment method; "" for the customer's default.
    """

    kind: ClassVar[str] = CHARGE
    customer: str
    method: str = ""


@attrs.frozen(kw_only=True)
class RefundOrder(Order):
    """Give money of a charge back.

    Attributes:
        charge: The gateway's id of the charge.
    """

    kind: ClassVar[str] = REFUND
    charge: str


@attrs.frozen(kw_only=True)
class TransferOrder(Order):
    """Move money from our balance to that of a connected account.

    Attributes:
        account: The gateway's id of the account.
        source: The gateway's id of the charge it is paid from, whose money may be pending still;
            "" to pay from what is available.
    """

    kind: ClassVar[str] = TRANSFER
    account: str
    source: str = ""


@attrs.frozen(kw_only=True)
class ReversalOrder(Order):
    """Take back all or part of a transfer.

    Attributes:
        transfer: The gateway's id of the transfer.
    """

    kind: ClassVar[str] = REVERSAL
    transfer: str


@attrs.frozen(kw_only=True)
class PayoutOrder(Order):
    """Pay a connected account's balance out to its bank.

    Attributes:
        account: The gateway's id of the account.
        instant: Whether it is to arrive at once, for a fee.
    """

    kind: ClassVar[str] = PAYOUT
    account: str
    instant: bool = False


ORDERS: tuple[type[Order], ...] = (
    ChargeOrder,
    RefundOrder,
    TransferOrder,
    ReversalOrder,
    PayoutOrder,
)


@attrs.frozen(kw_only=True)
class GatewayBalance:
    """What a gateway says it holds for us, per currency. (spec: ledger 1, billing 9)

    Attributes:
        available: What can be moved now, one amount a currency.
        pending: What is on its way to be available.
        at: When it was asked.
    """

    available: tuple[Money, ...]
    pending: tuple[Money, ...] = ()
    at: datetime = attrs.field(converter=instant)

    def total(self, currency: str) -> Money:
        """Return all that is held in *currency*."""
        held = (money for money in (*self.available, *self.pending) if money.currency == currency)
        return sum(held, start=Money.zero(currency))


@attrs.frozen(kw_only=True)
class AccountStatus:
    """What a gateway says of a connected account. (spec: gateways 1.4)

    Attributes:
        account: The gateway's id.
        details_submitted: Whether the owner has told all that was asked.
        charges_enabled: Whether it may take money.
        payouts_enabled: Whether it may be paid out.
        currently_due: What is still asked of its owner, as the gateway's names.
        disabled_reason: Why it is disabled, or "".
    """

    account: str
    details_submitted: bool
    charges_enabled: bool
    payouts_enabled: bool
    currently_due: tuple[str, ...] = ()
    disabled_reason: str = ""

    @property
    def may_be_paid(self) -> bool:
        """Whether money may be sent there: payouts are enabled and nothing disables it."""
        return self.payouts_enabled and not self.disabled_reason


@attrs.frozen(kw_only=True)
class SavedMethod:
    """A payment method that a customer saved at a gateway.

    Attributes:
        customer: The gateway's id of the customer.
        method: The gateway's id of the method.
        label: What a person recognises it by, such as `visa 4242`.
    """

    customer: str
    method: str
    label: str = ""


@attrs.frozen(kw_only=True)
class GatewayLink:
    """Which record of ours an object at a gateway is; stored in the commit that learns of it.

    Attributes:
        id: The name of the gateway and its id of the object: see `link_id`.
        kind: The kind of the object, such as `charge`.
        record: The id of the record, such as a payment.
    """

    id: str
    kind: str
    record: str

    def __attrs_post_init__(self) -> None:
        if self.kind not in OBJECT_KINDS:
            msg = f"a gateway's object is {' or '.join(OBJECT_KINDS)} (got {self.kind!r})"
            raise ValueError(msg)
        name_of("link id", self.id)
        name_of("linked record", self.record)


def link_id(gateway: str, id: str) -> str:
    """Return the id of the link of the object *id* at *gateway*.

    >>> link_id("stripe", "pi_1")
    'stripe:pi_1'
    """
    return f"{name_of('gateway', gateway)}:{name_of('gateway object', id)}"


Told: TypeAlias = GatewayObject | AccountStatus | SavedMethod
"""One thing that a notification tells."""


@attrs.frozen(kw_only=True)
class Notification:
    """A webhook, verified and read.

    Attributes:
        gateway: The name of the gateway.
        id: The gateway's id of the event.
        type: The gateway's name for what happened.
        created: When, by the gateway's clock; never used for order.
        account: The connected account it is about, or "".
        told: The states it tells; none of an event that is only kept.
        text: The body without secrets, as it is kept.
    """

    gateway: str
    id: str
    type: str
    created: datetime = attrs.field(converter=instant)
    account: str = ""
    told: tuple[Told, ...] = ()
    text: str = ""

    def __attrs_post_init__(self) -> None:
        for field in ("gateway", "id", "type"):
            name_of(f"notification {field}", getattr(self, field))
