"""Drafting: what may still be credited of an invoice, and the note that asks for some of it.

Credits are based on what was billed: the line's net after discount, and its taxes as the
complement of what is kept, so that a full set of credits is the exact mirror of the invoice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.credit_notes.records import EFFECTIVE, CreditLine, CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import DRAFT, ISSUED, PAID, PARTIALLY_PAID, Invoice, Line
from ledgerkit.domain.money import Money, apportion, complement, sum_of
from ledgerkit.domain.tax import Levy, TaxAmount, summed


@attrs.frozen
class OverCredited(LedgerkitError):
    """More would be given back than was charged."""

    invoice: str
    line: str
    billed: Money
    credited: Money
    asked: Money
    code: ClassVar[str] = "over_credited"

    def __str__(self) -> str:
        left = self.billed - self.credited
        return (
            f"line {self.line!r} of invoice {self.invoice!r} charged {self.billed.minor} and "
            f"{self.credited.minor} is credited; {self.asked.minor} asked exceeds {left.minor} "
            f"{self.billed.currency}"
        )


@attrs.frozen
class InvoiceOverCredited(LedgerkitError):
    """Notes would give back more than all lines of an invoice together charged."""

    invoice: str
    total: Money
    credited: Money
    asked: Money
    code: ClassVar[str] = "invoice_over_credited"

    def __str__(self) -> str:
        left = self.total - self.credited
        return (
            f"invoice {self.invoice!r} came to {self.total.minor} and {self.credited.minor} is "
            f"credited; {self.asked.minor} asked exceeds {left.minor} {self.total.currency}; "
            "credit the lines that gave something back as well"
        )


@attrs.frozen
class UnknownLine(LedgerkitError):
    """The invoice has no such line."""

    invoice: str
    line: str
    code: ClassVar[str] = "unknown_line"

    def __str__(self) -> str:
        return f"invoice {self.invoice!r} has no line {self.line!r} to credit"


@attrs.frozen
class NotIssued(LedgerkitError):
    """What nobody owes and nobody paid cannot be credited."""

    invoice: str
    status: str = DRAFT
    code: ClassVar[str] = "not_issued"

    def __str__(self) -> str:
        if self.status == DRAFT:
            return f"invoice {self.invoice!r} is a draft; change the draft instead of crediting it"
        return f"invoice {self.invoice!r} is {self.status}; only what is owed or paid is credited"


def credited(notes: Iterable[CreditNote]) -> Mapping[str, int]:
    """Return what *notes* gave back of each invoice line before tax, in minor units by line id.

    Those that are approved or applied count; a draft has no effect.
    """
    sums = Counter[str]()
    for note in notes:
        if note.status in EFFECTIVE:
            for line in note.lines:
                if line.line is not None:
                    sums[line.line] += line.amount.minor
    return sums


def creditable(invoice: Invoice, notes: Iterable[CreditNote]) -> Mapping[str, Money]:
    """Return what is left of each line of *invoice* to credit before tax; nothing left, no entry.

    Drafted as it is, it credits the invoice in full.
    """
    given = credited(notes)
    left = {line.id: line.net.minor - given.get(line.id, 0) for line in invoice.lines}
    return {id: Money(minor, invoice.currency) for id, minor in left.items() if minor}


def draft(
    invoice: Invoice,
    asked: Mapping[str, Money],
    *,
    earlier: Iterable[CreditNote],
    reason: str,
    by: str = "",
) -> CreditNote:
    """Return a note that gives back the amounts *asked* of lines of *invoice*, by line id.

    Amounts are before tax; taxes come with them. *earlier* are all notes of the invoice so far,
    *by* is who writes it. A draft has no effect.

    Raises:
        NotIssued, UnknownLine, OverCredited, InvoiceOverCredited.
    """
    notes = tuple(earlier)
    lines = credit_lines(invoice, asked, notes)
    return CreditNote(
        id=derive("crn", invoice.id, str(len(notes)), on=invoice.issued_on),
        customer=invoice.customer,
        currency=invoice.currency,
        invoice=invoice.id,
        lines=lines,
        taxes=summed(tax for line in lines for tax in line.taxes),
        reason=reason,
        created_by=by,
        billed_to=invoice.billed_to,
    )


def credit_lines(
    invoice: Invoice, asked: Mapping[str, Money], earlier: Iterable[CreditNote]
) -> tuple[CreditLine, ...]:
    """Return the lines that give back what is *asked*, with their taxes.

    Raises:
        NotIssued: nobody owes or paid *invoice*.
        UnknownLine, OverCredited, InvoiceOverCredited: it is more than what is left.
    """
    if invoice.status not in (ISSUED, PARTIALLY_PAID, PAID):
        raise NotIssued(invoice.id, invoice.status)
    notes = [note for note in earlier if note.status in EFFECTIVE]
    given = credited(notes)
    given_taxes = _taxes_of(notes)
    taxes = _taxes_by_line(invoice)
    lines = []
    for id, amount in asked.items():
        charged, before = _check_room(invoice, id, amount, given), given.get(id, 0)
        lines.append(
            CreditLine(
                id=derive("crl", charged.id, str(before), on=charged.on),
                line=charged.id,
                source=charged.source,
                item=charged.item,
                detail=charged.detail,
                on=charged.on,
                amount=amount,
                taxes=_given_back(charged, taxes[id], before + amount.minor, given_taxes, amount),
            )
        )
    total = sum_of((line.gross for line in lines), invoice.currency)
    before_all = sum_of((note.total for note in notes), invoice.currency)
    if total + before_all > invoice.total:
        raise InvoiceOverCredited(invoice.id, invoice.total, before_all, total)
    return tuple(lines)


def _check_room(invoice: Invoice, id: str, amount: Money, given: Mapping[str, int]) -> Line:
    """Return the line *id* if *amount* is left of it; what gave something back is taken back."""
    charged = invoice.line(id)
    if charged is None:
        raise UnknownLine(invoice.id, id)
    before = Money(given.get(id, 0), invoice.currency)
    after, nothing = amount + before, Money.zero(invoice.currency)
    low, high = min(charged.net, nothing), max(charged.net, nothing)
    if not low <= after <= high or (amount.minor < 0) != (charged.net.minor < 0):
        raise OverCredited(invoice.id, id, charged.net, before, amount)
    return charged


def _taxes_of(notes: Iterable[CreditNote]) -> Mapping[tuple[str | None, Levy], int]:
    """Return what *notes* gave back of each tax of each line."""
    sums = Counter[tuple[str | None, Levy]]()
    for note in notes:
        for line in note.lines:
            for tax in line.taxes:
                sums[line.line, tax.levy] += tax.amount.minor
    return sums


def _taxes_by_line(invoice: Invoice) -> Mapping[str, tuple[TaxAmount, ...]]:
    """Return the taxes of each line; those that a host put on the whole are shared out by net."""
    by_line = {line.id: line.taxes for line in invoice.lines}
    net = sum(line.net.minor for line in invoice.lines)
    if not invoice.taxes or any(by_line.values()) or not net:
        return by_line
    shared: dict[str, list[TaxAmount]] = {line.id: [] for line in invoice.lines}
    for tax in invoice.taxes:
        exact = [tax.amount.minor * Fraction(line.net.minor, net) for line in invoice.lines]
        for line, minor in zip(invoice.lines, apportion(tax.amount.minor, exact), strict=True):
            amount = Money(minor, invoice.currency)
            shared[line.id].append(attrs.evolve(tax, base=line.net, amount=amount))
    return {id: tuple(taxes) for id, taxes in shared.items()}


def _given_back(
    charged: Line,
    taxes: Iterable[TaxAmount],
    after: int,
    given: Mapping[tuple[str | None, Levy], int],
    amount: Money,
) -> tuple[TaxAmount, ...]:
    """Return the taxes that go with *amount*: what is not kept, less what went back before.

    *after* is what is given back of the net by then; kept is the rest. (spec: billing 0.5)
    """
    kept = Fraction(charged.net.minor - after, charged.net.minor)
    back = []
    for tax in taxes:
        by_then = complement(tax.amount, kept).credit
        before = Money(given.get((charged.id, tax.levy), 0), amount.currency)
        back.append(attrs.evolve(tax, base=amount, amount=by_then - before))
    return tuple(back)
