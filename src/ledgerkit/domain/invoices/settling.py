"""Settling: what of an invoice is open, and the status that follows from it.

What was paid and what was credited are given as amounts: payments and credit notes are records of
their own, and an invoice is never edited to name them. (spec: billing 5a, 7)
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices.issuing import postings
from ledgerkit.domain.invoices.records import (
    DRAFT,
    INVOICE,
    ISSUED,
    PAID,
    PARTIALLY_PAID,
    VOID,
    WRITTEN_OFF,
    Invoice,
)
from ledgerkit.domain.ledger import Journal, reverse
from ledgerkit.domain.money import Money, NegativeAmount, draw
from ledgerkit.domain.periods import plain_date

_BECOMES = {ISSUED: "reopen", PARTIALLY_PAID: "settle_part", PAID: "settle"}


def open_amount(invoice: Invoice, *, paid: Money, credited: Money) -> Money:
    """Return what of *invoice* is still to be paid: total - paid - credited, never below zero.

    *paid* is what payments brought less what refunds took back; *credited* what credit notes took
    off the debt or had refunded, not what they left as credit of the customer. Nothing of a draft,
    a void or a written off invoice is open. (spec: billing 5a)

    Raises:
        NegativeAmount, CurrencyMismatch: an amount cannot be.
    """
    for amount in (paid, credited):
        if amount.minor < 0:
            raise NegativeAmount(amount)
    left = invoice.total - paid - credited
    if invoice.status in (DRAFT, VOID, WRITTEN_OFF):
        return Money.zero(invoice.currency)
    return max(left, Money.zero(invoice.currency))


def settled(invoice: Invoice, *, paid: Money, credited: Money) -> Invoice:
    """Return *invoice* with the status that follows from what was *paid* and *credited*.

    Paid once nothing is open, partially paid if something was paid, issued else: a payment that is
    refunded moves it back. A written off invoice stays so until all of it is paid after all; drafts
    and void ones stay as they are. (spec: billing 5a)

    Raises:
        NegativeAmount, CurrencyMismatch: an amount cannot be.
    """
    owed = attrs.evolve(invoice, status=ISSUED) if invoice.status == WRITTEN_OFF else invoice
    left = open_amount(owed, paid=paid, credited=credited)
    if invoice.status in (DRAFT, VOID) or (invoice.status == WRITTEN_OFF and left.minor):
        return invoice
    status = PAID if left.minor == 0 else PARTIALLY_PAID if paid.minor else ISSUED
    if status == invoice.status:
        return invoice
    return attrs.evolve(invoice, status=INVOICE.after(invoice.status, _BECOMES[status]))


def is_overdue(invoice: Invoice, *, on: date) -> bool:
    """Return whether *invoice* should have been paid before the local day *on*.

    Due on 3 January, it is overdue from 4 January on, as long as something is open. (spec: 7)

    Raises:
        TypeError: *on* is no date.
    """
    plain_date("on", on)
    waiting = invoice.status in (ISSUED, PARTIALLY_PAID) and invoice.total.minor > 0
    return waiting and invoice.due_on is not None and invoice.due_on < on


@attrs.frozen(kw_only=True)
class AmountDue:
    """What a document asks for, once the customer's credit is used.

    Attributes:
        total: What the document comes to.
        credit_applied: What of the customer's credit pays for it.
        amount_due: What is left to pay.
        to_customer_credit: What a negative total adds to the credit instead.
        credit_left: The customer's credit afterwards.
    """

    total: Money
    credit_applied: Money
    amount_due: Money
    to_customer_credit: Money
    credit_left: Money


def amount_due(total: Money, *, credit: Money) -> AmountDue:
    """Return what will be asked for a document of *total* from a customer who has *credit*.

    Total and amount due are both told, so that a preview says what will be charged. A total below
    zero becomes credit, and is not 0 due. (users' row 7)

    Raises:
        NegativeAmount: *credit* is below zero.
        CurrencyMismatch: it is in another currency.
    """
    if credit.minor < 0:
        raise NegativeAmount(credit)
    nothing = Money.zero(total.currency)
    drawn = draw(max(total, nothing), (credit,))
    gained = max(-total, nothing)
    return AmountDue(
        total=total,
        credit_applied=drawn.parts[0],
        amount_due=drawn.shortfall,
        to_customer_credit=gained,
        credit_left=credit - drawn.parts[0] + gained,
    )


@attrs.frozen
class InvoiceSettled(LedgerkitError):
    """An invoice with payments or credits cannot be void."""

    invoice: str
    paid: Money
    credited: Money
    code: ClassVar[str] = "invoice_settled"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} has payments of {self.paid} and credits of "
            f"{self.credited}; void needs 0 of both, else credit it"
        )


@attrs.frozen
class ChargedElsewhere(LedgerkitError):
    """A line that issuing did not post, so that voiding could not take it back."""

    invoice: str
    line: str
    journal: str
    code: ClassVar[str] = "charged_elsewhere"

    def __str__(self) -> str:
        return (
            f"line {self.line!r} of invoice {self.invoice!r} was charged by journal "
            f"{self.journal!r}; give it back with a credit note, which can undo the charge"
        )


@attrs.frozen
class Voided:
    """An invoice as void, and the journals that take back what issuing posted."""

    invoice: Invoice
    journals: tuple[Journal, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(journals=self.journals, records=(self.invoice,))


def void(invoice: Invoice, *, paid: Money, credited: Money, on: date, at: datetime) -> Voided:
    """Take *invoice* back whole, on a day; it keeps its number, so that none is missing.

    Each journal that issuing posted is reversed. A draft posted nothing. *credited* is what
    approved notes give back of it, applied or not. (spec: billing 7)

    Raises:
        InvoiceSettled: something was paid or credited; a credit note takes the rest back then.
        ChargedElsewhere: a line was posted by a journal of its own.
        IllegalTransition: its status does not allow it.
    """
    if paid.minor or credited.minor:
        raise InvoiceSettled(invoice.id, paid, credited)
    voided = attrs.evolve(invoice, status=INVOICE.after(invoice.status, "void"))
    if invoice.status == DRAFT:
        return Voided(voided)
    for line in invoice.lines:
        if line.journal is not None:
            raise ChargedElsewhere(invoice.id, line.id, line.journal)
    return Voided(
        voided,
        tuple(
            reverse(journal, id=derive("jrn", "void", journal.id, on=on), at=at)
            for journal in postings(invoice, at=at)
        ),
    )
