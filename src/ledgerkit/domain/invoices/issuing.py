"""Issuing: a draft becomes a document with a date and a number, and what was not posted is.

A charge posts, an invoice documents: lines that were posted before are only documented. Discounts
and taxes are worked out on the document, so issuing posts them, whoever posted the lines.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Draw, Effects, Series
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices.records import DRAFT, INVOICE, VOID, Addressee, Invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.parties import Party

INVOICES = Series("INV", "{series}-{year}-{n:5}")
CHARGED, DISCOUNTED, TAXED = "invoice.charged", "invoice.discounted", "invoice.taxed"


@attrs.frozen
class NegativeInvoice(LedgerkitError):
    """An invoice that would owe the customer money."""

    invoice: str
    total: Money
    code: ClassVar[str] = "negative_invoice"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} comes to {self.total}, below 0; write a credit note instead"
        )


@attrs.frozen
class Issued:
    """An invoice as issued, the journals of what was not posted before, and its number's draw."""

    invoice: Invoice
    journals: tuple[Journal, ...]
    draw: Draw

    @property
    def effects(self) -> Effects:
        """What to store."""
        wallets = [Wallet(f"customer:{self.invoice.customer}"), Wallet("platform")]
        wallets += [Wallet(tax.wallet) for tax in self.invoice.taxes]
        return Effects(
            journals=self.journals,
            opens=tuple(wallets) if self.journals else (),
            records=(self.invoice,),
            draws=(self.draw,),
        )


def issue(
    draft: Invoice,
    *,
    on: date,
    due_on: date,
    at: datetime,
    customer: Party | None = None,
    series: Series = INVOICES,
) -> Issued:
    """Issue *draft*, dated *on*, to be paid until the end of *due_on*.

    Lines that no journal posted are posted now, in one journal; what coupons take off all lines in
    another, which the platform bears; and taxes in a third. A tax that prices include comes out of
    what the platform was charged for. An invoice of 0.00 has a number and no journal. The document
    keeps *customer* as it is now. (spec: billing 5a, 7)

    Raises:
        NegativeInvoice: its total is below zero.
        IllegalTransition: it is issued already.
        ValueError: *customer* is somebody else.
    """
    status = INVOICE.after(draft.status, "issue")
    if draft.total.minor < 0:
        raise NegativeInvoice(draft.id, draft.total)
    if customer is not None and customer.id != draft.customer:
        msg = f"invoice {draft.id!r} is for {draft.customer!r} (got {customer.id!r})"
        raise ValueError(msg)
    invoice = attrs.evolve(
        draft,
        status=status,
        issued_on=on,
        due_on=due_on,
        billed_to=draft.billed_to if customer is None else Addressee.of(customer),
    )
    return Issued(invoice, postings(invoice, at=at), Draw(draft.id, series, on))


def postings(invoice: Invoice, *, at: datetime) -> tuple[Journal, ...]:
    """Return what issuing *invoice* posts, effective *at*; the same again for the same invoice.

    What leaves the customer is what the other legs get.
    """
    lines, taxes = invoice.lines, invoice.taxes
    unposted = sum_of((li.amount for li in lines if li.journal is None), invoice.currency)
    included = sum_of((tax.amount for tax in taxes if tax.inclusive), invoice.currency)
    legs = {
        CHARGED: [Entry("platform", unposted)],
        DISCOUNTED: [Entry("platform", -invoice.discount)],
        TAXED: [*(Entry(t.wallet, t.amount) for t in taxes), Entry("platform", -included)],
    }
    journals = []
    for kind, given in legs.items():
        entries = [entry for entry in given if entry.amount.minor]
        owed = sum_of((entry.amount for entry in entries), invoice.currency)
        if owed.minor:
            entries.insert(0, Entry(f"customer:{invoice.customer}", -owed))
        if entries:
            journals.append(
                Journal(
                    id=derive("jrn", kind, invoice.id, on=invoice.issued_on),
                    kind=kind,
                    entries=tuple(entries),
                    effective_at=at,
                    event=Event("invoice", invoice.id, kind),
                )
            )
    return tuple(journals)


@attrs.frozen
class Sent:
    """An invoice on its way: as issued, if it was a draft, and the notice that tells of it."""

    invoice: Invoice
    notice: Message
    issued: Issued | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        told = Effects(messages=(self.notice,))
        return told if self.issued is None else self.issued.effects + told


def send(
    invoice: Invoice,
    *,
    on: date,
    due_on: date,
    at: datetime,
    customer: Party | None = None,
    series: Series = INVOICES,
) -> Sent:
    """Issue *invoice* if it is a draft, and tell the customer; sent again, it is only told again.

    *due_on* is for a draft; what is issued keeps its own. The notice names the invoice by its id,
    since its number is drawn by the commit. (spec: billing 7)

    Raises:
        NegativeInvoice, ValueError: it is a draft that cannot be issued.
        IllegalTransition: it is void.
    """
    issued = None
    if invoice.status in (DRAFT, VOID):
        issued = issue(invoice, on=on, due_on=due_on, at=at, customer=customer, series=series)
        invoice = issued.invoice
    facts = (
        ("invoice", invoice.id),
        ("total", str(invoice.total.minor)),
        ("currency", invoice.currency),
        ("due_on", str(invoice.due_on)),
    )
    told = derive("msg", "invoice", invoice.id, at.isoformat(), on=on)
    return Sent(invoice, Message(told, "notice.invoice", invoice.customer, facts), issued)
