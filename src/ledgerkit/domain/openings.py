"""Openings: what an existing business brings with it when it starts these books.

Balances and open invoices come in against `equity:opening`, each once, so that the books balance
from the first day; part-used packages are brought in by `packages.bring_in`.
"""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import ISSUED, Invoice, Line, NegativeInvoice
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import OPENING


@attrs.frozen
class OpeningBalance:
    """What a party had (plus) or owed (minus) on a day, beside its open invoices."""

    party: str
    wallet: str
    amount: Money
    on: date


@attrs.frozen(kw_only=True)
class OpenInvoice:
    """An invoice of the business before, of which *open_amount* is still to be paid."""

    number: str
    customer: str
    issued_on: date
    due_on: date
    open_amount: Money
    item: str = ""


@attrs.frozen
class BalanceOpened:
    """The journal of an opening balance."""

    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        opens = tuple(Wallet(entry.wallet) for entry in self.journal.entries)
        return Effects(journals=(self.journal,), opens=opens)


def opened_as(wallet: str, currency: str) -> Event:
    """Return the fact that *wallet* was given a balance in *currency*."""
    return Event("opening", wallet, currency)


def opening_id(wallet: str, currency: str) -> str:
    """Return the id of the journal that books it."""
    return derive("jrn", "opening", wallet, currency)


def open_balance(wallet: str, amount: Money, *, at: datetime) -> BalanceOpened:
    """Give *wallet* the balance it had elsewhere: plus is its owner's, minus is owed.

    Once per wallet and currency: a second one is refused as already posted.
    """
    return BalanceOpened(
        Journal(
            id=opening_id(wallet, amount.currency),
            kind="balance.opened",
            entries=(Entry(wallet, amount), Entry(OPENING, -amount)),
            effective_at=at,
            event=opened_as(wallet, amount.currency),
        )
    )


@attrs.frozen
class InvoiceBroughtIn:
    """An invoice issued elsewhere and still open, and the journal of what is owed."""

    invoice: Invoice
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        opens = tuple(Wallet(entry.wallet) for entry in self.journal.entries)
        return Effects(journals=(self.journal,), opens=opens, records=(self.invoice,))


def bring_in_invoice(opened: OpenInvoice, *, at: datetime) -> InvoiceBroughtIn:
    """Take over an open invoice with the number it has; no number of ours is drawn.

    Raises:
        NegativeInvoice: its open amount is below zero; open a balance instead.
        ZeroAmount: nothing of it is open.
    """
    number, customer, open_amount = opened.number, opened.customer, opened.open_amount
    issued_on = opened.issued_on
    id = derive("inv", "brought_in", customer, number, on=issued_on)
    if open_amount.minor < 0:
        raise NegativeInvoice(id, open_amount)
    journal = Journal(
        id=derive("jrn", "invoice.brought_in", id, on=issued_on),
        kind="invoice.brought_in",
        entries=(Entry(f"customer:{customer}", -open_amount), Entry(OPENING, open_amount)),
        effective_at=at,
        event=Event("invoice", id),
    )
    line = Line(
        id=derive("lin", id, on=issued_on),
        source=number,
        item=opened.item or number,
        on=issued_on,
        unit_price=Fraction(open_amount.minor),
        amount=open_amount,
        journal=journal.id,
    )
    invoice = Invoice(
        id=id,
        customer=customer,
        currency=open_amount.currency,
        lines=(line,),
        status=ISSUED,
        issued_on=issued_on,
        due_on=opened.due_on,
        number=number,
        reference=number,
    )
    return InvoiceBroughtIn(invoice, journal)
