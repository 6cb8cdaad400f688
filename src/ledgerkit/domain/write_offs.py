"""Write-offs: debts given up as lost, and taken back when they are paid after all.

A write-off moves what a customer owes to the `writeoff` wallet; nothing is deleted, and a negative
one brings a debt back. That of an invoice gives up what is open of it. (spec: billing 5a, 7)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import INVOICE, Invoice, open_amount
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, sum_of

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
        invoice: The id of the invoice it is of, or None.
    """

    id: str
    customer: str
    amount: Money
    on: date
    reference: str
    reason: str
    invoice: str | None = None

    def __attrs_post_init__(self) -> None:
        name_of("write-off reference", self.reference)
        name_of("write-off reason", self.reason)
        if self.amount.minor == 0:
            msg = f"write-off {self.reference!r} is of 0; there is nothing to give up"
            raise ValueError(msg)


@attrs.frozen
class WrittenOff:
    """A write-off and its journal, and the invoice it is of, if its status moved."""

    write_off: WriteOff
    journal: Journal
    invoice: Invoice | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        wallets = (Wallet(f"customer:{self.write_off.customer}"), Wallet(WRITEOFF))
        moved = () if self.invoice is None else (self.invoice,)
        return Effects(journals=(self.journal,), opens=wallets, records=(self.write_off, *moved))


def write_off(
    customer: str,
    amount: Money,
    *,
    reference: str,
    reason: str,
    on: date,
    at: datetime,
    invoice: str | None = None,
) -> WrittenOff:
    """Give up *amount* of what *customer* owes: customer +x, writeoff -x. (spec: billing 5a)"""
    record = WriteOff(
        id=derive("wof", reference, customer, on=on),
        customer=customer,
        amount=amount,
        on=on,
        reference=reference,
        reason=reason,
        invoice=invoice,
    )
    journal = Journal(
        id=derive("jrn", "written_off", record.id, on=on),
        kind="debt.written_off",
        entries=(Entry(f"customer:{customer}", amount), Entry(WRITEOFF, -amount)),
        effective_at=at,
        event=Event("write_off", record.id),
    )
    return WrittenOff(record, journal)


def write_off_invoice(
    invoice: Invoice,
    *,
    paid: Money,
    credited: Money,
    reference: str,
    reason: str,
    on: date,
    at: datetime,
) -> WrittenOff:
    """Give up what is open of *invoice*, of which so much was *paid* and *credited*.

    Raises:
        IllegalTransition: it is not issued or partially paid.
        ValueError: nothing of it is open.
    """
    status = INVOICE.after(invoice.status, "write_off")
    done = write_off(
        invoice.customer,
        open_amount(invoice, paid=paid, credited=credited),
        reference=reference,
        reason=reason,
        on=on,
        at=at,
        invoice=invoice.id,
    )
    return attrs.evolve(done, invoice=attrs.evolve(invoice, status=status))


@attrs.frozen
class OverRecovered(LedgerkitError):
    """More of a debt would be brought back than was given up."""

    invoice: str
    given_up: Money
    asked: Money
    code: ClassVar[str] = "over_recovered"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} has {self.given_up} written off; {self.asked} cannot be "
            "brought back"
        )


def recover(
    invoice: Invoice,
    amount: Money,
    *,
    earlier: Iterable[WriteOff],
    reference: str,
    reason: str,
    on: date,
    at: datetime,
) -> WrittenOff:
    """Bring back *amount* of the debt of *invoice* that was written off: it is paid after all.

    *earlier* are its write-offs. The invoice stays written off until all of it is paid, which
    `invoices.settled` tells once the payment counts. (spec: billing 7)

    Raises:
        OverRecovered: *amount* is more than was given up, or not above zero.
    """
    given_up = sum_of((w.amount for w in earlier if w.invoice == invoice.id), invoice.currency)
    if not Money.zero(invoice.currency) < amount <= given_up:
        raise OverRecovered(invoice.id, given_up, amount)
    return write_off(
        invoice.customer,
        -amount,
        reference=reference,
        reason=reason,
        on=on,
        at=at,
        invoice=invoice.id,
    )
