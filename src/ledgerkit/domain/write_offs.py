"""Write-offs: debts given up as lost, and taken back when they are paid after all.

A write-off moves what a customer owes to the `writeoff` wallet; nothing is deleted, and a negative
one brings a debt back. (spec: billing 5a)
"""

from __future__ import annotations

from datetime import date, datetime

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money

WRITEOFF = "writeoff"


@attrs.frozen(kw_only=True)
class WriteOff:
    """A debt given up, or brought back.

    Attributes:
        id: Derived from its reference.
        customer: The id of the party who owed it.
        amount: What is given up; below zero: brought back. Never zero.
        on: Its local day.
        reference: The document that says so.
        reason: Why, in words.
    """

    id: str
    customer: str
    amount: Money
    on: date
    reference: str
    reason: str

    def __attrs_post_init__(self) -> None:
        name_of("write-off reference", self.reference)
        name_of("write-off reason", self.reason)
        if self.amount.minor == 0:
            msg = f"write-off {self.reference!r} is of 0; there is nothing to give up"
            raise ValueError(msg)


@attrs.frozen
class WrittenOff:
    """A write-off and its journal."""

    write_off: WriteOff
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        wallets = (Wallet(f"customer:{self.write_off.customer}"), Wallet(WRITEOFF))
        return Effects(journals=(self.journal,), opens=wallets, records=(self.write_off,))


def write_off(
    customer: str, amount: Money, *, reference: str, reason: str, on: date, at: datetime
) -> WrittenOff:
    """Give up *amount* of what *customer* owes: customer +x, writeoff -x. (spec: billing 5a)"""
    record = WriteOff(
        id=derive("wof", reference, customer, on=on),
        customer=customer,
        amount=amount,
        on=on,
        reference=reference,
        reason=reason,
    )
    journal = Journal(
        id=derive("jrn", "written_off", record.id, on=on),
        kind="debt.written_off",
        entries=(Entry(f"customer:{customer}", amount), Entry(WRITEOFF, -amount)),
        effective_at=at,
        event=Event("write_off", record.id),
    )
    return WrittenOff(record, journal)
