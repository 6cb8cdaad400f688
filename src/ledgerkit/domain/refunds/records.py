"""Refunds as records: what is given back of a payment, how far that got, and what for."""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Journal, address
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.payments import MoneyOut, Payment, opened_by
from ledgerkit.domain.periods import plain_date

PENDING, DONE, FAILED = "pending", "done", "failed"
REFUND = Lifecycle(
    "refund",
    PENDING,
    {
        (PENDING, "complete"): DONE,
        (PENDING, "fail"): FAILED,
        (DONE, "fail"): FAILED,  # the bank sent it back
        (FAILED, "complete"): DONE,  # we gave it up, and the gateway did it after all
    },
)

# What the customer gets: the money, credit for later, or less to pay of other invoices.
REFUNDED, CREDITED, OFFSET = "refund", "credit", "offset"
OUTCOMES = (REFUNDED, CREDITED, OFFSET)


@attrs.frozen(kw_only=True)
class Refund:
    """Something of a payment that is given back.

    Attributes:
        id: Derived from the payment and the key of the request, or from the gateway's object.
        payment: The id of the payment.
        customer: The id of the party that gets it.
        amount: How much, above zero.
        method: The wallet it leaves: `gateway:<name>` or `cash:<name>`; of credit and offset the
            payment's, where nothing moves.
        outcome: `refund` (money), `credit` (kept for later) or `offset` (pays other invoices).
        status: `pending`, `done` or `failed`.
        invoice: The id of the invoice that it is taken from first, or None.
        note: The id of the credit note it pays out, so that no debt opens again, or None.
        object: The gateway's id of the refund, or None.
        asked_on: The day it was asked for, or made at the gateway.
        reason: Why, in words or in the gateway's code.
        reference: The bank's or a person's reference, or "".
    """

    id: str
    payment: str
    customer: str
    amount: Money
    method: str
    outcome: str = REFUNDED
    status: str = PENDING
    invoice: str | None = None
    note: str | None = None
    object: str | None = None
    asked_on: date
    reason: str = ""
    reference: str = ""

    def __attrs_post_init__(self) -> None:
        name_of("refund id", self.id)
        name_of("payment refunded", self.payment)
        address("customer", self.customer)
        if type(self.amount) is not Money or self.amount.minor <= 0:
            msg = f"refund {self.id!r} needs Money above 0 (got {self.amount!r})"
            raise ValueError(msg)
        name_of("method", self.method)
        if self.outcome not in OUTCOMES:
            msg = f"the outcome of a refund is {' or '.join(OUTCOMES)} (got {self.outcome!r})"
            raise ValueError(msg)
        if self.status not in REFUND.statuses:
            msg = f"refund {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        for field in ("invoice", "note", "object"):
            if getattr(self, field) is not None:
                name_of(f"refund {field}", getattr(self, field))
        plain_date("asked_on", self.asked_on)
        text_of("reason", self.reason)
        text_of("reference", self.reference)


@attrs.frozen(kw_only=True)
class RefundChanged:
    """A refund after a verb, its payment, what it posts, and the invoices that moved with it.

    Attributes:
        refund: As it is now.
        payment: As it is now.
        journals: What moved money.
        invoices: With the status that follows.
        messages: What people are alerted of.
    """

    refund: Refund
    payment: Payment
    journals: tuple[Journal, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=self.journals,
            opens=opened_by(self.journals),
            records=(self.refund, self.payment, *self.invoices),
            messages=self.messages,
        )


def out_of(refund: Refund) -> MoneyOut | None:
    """Return what *refund* takes of its payment; None: nothing, it failed."""
    if refund.status == FAILED:
        return None
    nothing = Money.zero(refund.amount.currency)
    done = refund.status == DONE
    return MoneyOut(
        record=refund.id,
        moved=refund.amount if done else nothing,
        reserved=nothing if done else refund.amount,
        invoice=refund.invoice,
    )
