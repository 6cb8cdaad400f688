"""Asking: a transfer or its reversal, decided with the instruction that a worker sends.

(seed 002: outbox pattern for idempotent transfers; spec: gateways 1.2, 1.3)
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import ReversalOrder, TransferOrder
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import Instructed, instruct
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import SUPPLIER, role_in_id
from ledgerkit.domain.transfers.records import Reversal, Transfer


@attrs.frozen
class OverReversed(LedgerkitError):
    """More would be taken back than a transfer paid and has left. (spec: billing 10)"""

    transfer: str
    asked: Money
    left: Money
    code: ClassVar[str] = "over_reversed"

    def __str__(self) -> str:
        return (
            f"of transfer {self.transfer!r} {self.left} can be taken back; {self.asked} was asked"
        )


@attrs.frozen
class Enqueued:
    """A transfer that waits to be sent, and its instruction."""

    transfer: Transfer
    instructed: Instructed

    @property
    def effects(self) -> Effects:
        """What to store, in the commit of the money that causes it."""
        return Effects(records=(self.transfer,)) + self.instructed.effects


def enqueue(
    amount: Money,
    *,
    supplier: str,
    account: str,
    gateway: str,
    pays: str,
    at: datetime,
    attempt: int = 1,
    of_payout: bool = False,
    withheld: Money | None = None,
    at_once: bool = False,
    source: str = "",
    role: str = SUPPLIER,
) -> Enqueued:
    """Decide to move *amount* to *account* of *supplier*; it is booked when the gateway did it.

    An owner of equipment is paid with that *role*.

    *pays* is what it pays: a payout (*of_payout*) or a completion, in whose commit this is stored.
    An attempt has one key, however often it is sent; the next *attempt*, after a refusal, has
    another. *source* is the gateway's id of the charge whose money it is, which may be pending
    still. (seed 002: outbox pattern for idempotent transfers)

    >>> from datetime import UTC, datetime
    >>> done = enqueue(Money(6000, "USD"), supplier="i-7", account="acct_7", gateway="stripe",
    ...     pays="flight-1", at=datetime(2026, 3, 1, tzinfo=UTC))
    >>> done.transfer.status, done.instructed.instruction.order.account
    ('pending', 'acct_7')
    """
    if type(attempt) is not int or attempt < 1:
        msg = f"attempts to transfer count from 1 (got {attempt!r})"
        raise ValueError(msg)
    id = derive("trf", gateway, pays, str(attempt), *role_in_id(role))
    instructed = instruct(
        TransferOrder(amount=amount, account=account, source=source),
        gateway=gateway,
        subject=id,
        party=supplier,
        at=at,
    )
    transfer = Transfer(
        id=id,
        supplier=supplier,
        role=role,
        gateway=gateway,
        account=account,
        pays=pays,
        of_payout=of_payout,
        amount=amount,
        withheld=withheld,
        at_once=at_once,
        instruction=instructed.instruction.id,
    )
    return Enqueued(transfer, instructed)


@attrs.frozen
class ReversalAsked:
    """A transfer of which something is to be taken back, and the instruction for it."""

    transfer: Transfer
    instructed: Instructed

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.transfer,)) + self.instructed.effects


def take_back(
    transfer: Transfer,
    amount: Money,
    *,
    asked_for: str,
    at: datetime,
    send_before: datetime | None = None,
) -> ReversalAsked:
    """Decide to take *amount* of *transfer* back, for the record *asked_for* of ours.

    It must not be sent at or after *send_before*, however late a worker comes to it.

    Raises:
        OverReversed: it is not above zero, or more than the transfer has left.
    """
    left = transfer.reversible
    if type(amount) is not Money:
        msg = f"what is taken back of transfer {transfer.id!r} is Money (got {amount!r})"
        raise TypeError(msg)
    name_of("what a reversal is asked for", asked_for)
    if not Money.zero(amount.currency) < amount <= left or transfer.object is None:
        raise OverReversed(transfer.id, amount, left)
    instructed = instruct(
        ReversalOrder(amount=amount, transfer=transfer.object),
        gateway=transfer.gateway,
        subject=transfer.id,
        party=transfer.supplier,
        at=at,
        part=f"{asked_for}/{len(transfer.reversals)}",
        send_before=send_before,
    )
    asked = Reversal(id=instructed.instruction.id, amount=amount, asked_for=asked_for)
    return ReversalAsked(attrs.evolve(transfer, reversals=(*transfer.reversals, asked)), instructed)
