"""Dispute: the record of a payment that a customer's bank asks back, and its statuses."""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.gateways import GatewayObject, Movement, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import address
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.payments import Payment
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
        clawbacks: The ids of the cases that its loss proposed.
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
    clawbacks: tuple[str, ...] = ()
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
