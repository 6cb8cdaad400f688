"""Drafting: what may still be credited of an invoice, and the note that asks for some of it.

Credits are based on what was billed: the line's net after discount, and its taxes as the
complement of what is kept, so that a full set of credits is the exact mirror of the invoice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar

import attrs

from ledgerkit.domain.credit_notes.records import EFFECTIVE, CreditLine, CreditNote, Given
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import DRAFT, ISSUED, PAID, PARTIALLY_PAID, VOID, Invoice, Line
from ledgerkit.domain.money import Money, apportion, complement, sum_of
from ledgerkit.domain.tax import Levy, TaxAmount, summed

_NOTHING: Mapping[str, Given] = MappingProxyType({})


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
            f"line {self.line!r} of invoice {self.invoice!r} charged {self.billed} and "
            f"{self.credited} is credited; {self.asked} asked exceeds {left}"
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
            f"invoice {self.invoice!r} came to {self.total} and {self.credited} is credited; "
            f"{self.asked} asked exceeds {left}; credit the lines that gave something back as well"
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


def given_elsewhere(
    invoice: Invoice, others: Iterable[Invoice], notes: Iterable[CreditNote] = ()
) -> Mapping[str, int]:
    """Return what lines of *others* gave back of each line of *invoice*, before tax, by its id.

    It is in minor units, less what *notes* of *others* took back of that. A line gives back of what
    was billed by then, so others of earlier days do not count; nor do drafts and void ones.
    """
    ids = {(line.source, line.part): line.id for line in invoice.lines if line.net.minor > 0}
    taken = credited(notes)
    sums = Counter[str]()
    for other in others:
        if other.id == invoice.id or other.status in (DRAFT, VOID) or _before(other, invoice):
            continue
        for line in other.lines:
            if line.gives_back is not None and (line.source, line.gives_back) in ids:
                left = line.net.minor - taken.get(line.id, 0)
                sums[ids[line.source, line.gives_back]] -= left
    return sums


def _before(other: Invoice, invoice: Invoice) -> bool:
    days = other.issued_on, invoice.issued_on
    return days[0] is not None and days[1] is not None and days[0] < days[1]


def creditable(
    invoice: Invoice, notes: Iterable[CreditNote], *, others: Iterable[Invoice] = ()
) -> Mapping[str, Money]:
    """Return what is left of each line of *invoice* to credit before tax; nothing left, no entry.

    Drafted as it is, it credits the invoice in full. *others* are the invoices of the customer,
    and *notes* those of them all: what a line of another invoice gave back is not left any more.
    """
    every = tuple(notes)
    given = credited(note for note in every if note.invoice == invoice.id)
    elsewhere = given_elsewhere(invoice, others, every)
    left = {line.id: line.net.minor - given.get(line.id, 0) for line in invoice.lines}
    left |= {id: max(left[id] - minor, 0) for id, minor in elsewhere.items()}
    return {id: Money(minor, invoice.currency) for id, minor in left.items() if minor}


def draft(
    invoice: Invoice,
    asked: Mapping[str, Money],
    *,
    earlier: Iterable[CreditNote],
    others: Iterable[Invoice] = (),
    given: Mapping[str, Given] = _NOTHING,
    reason: str,
    by: str = "",
) -> CreditNote:
    """Return a note that gives back the amounts *asked* of lines of *invoice*, by line id.

    Amounts are before tax; taxes come with them. *earlier* are all notes of the invoice so far,
    *by* is who writes it. With *others*, the invoices of the customer, *earlier* are the notes of
    them all, and what a line of another one gave back is not given back again. *given* tells, by
    line id, what corrections gave back already: the note documents that. A draft has no effect.

    Raises:
        NotIssued, UnknownLine, OverCredited, InvoiceOverCredited.
    """
    every = tuple(earlier)
    lines = tuple(
        attrs.evolve(line, given=given.get(line.line or ""))
        for line in credit_lines(invoice, asked, every, others)
    )
    notes = [note for note in every if note.invoice == invoice.id]
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
    invoice: Invoice,
    asked: Mapping[str, Money],
    earlier: Iterable[CreditNote],
    others: Iterable[Invoice] = (),
) -> tuple[CreditLine, ...]:
    """Return the lines that give back what is *asked*, with their taxes.

    Raises:
        NotIssued: nobody owes or paid *invoice*.
        UnknownLine, OverCredited, InvoiceOverCredited: it is more than what is left.
    """
    if invoice.status not in (ISSUED, PARTIALLY_PAID, PAID):
        raise NotIssued(invoice.id, invoice.status)
    every = tuple(earlier)
    notes = _effective(invoice, every)
    given = Counter(credited(notes))
    given.update(given_elsewhere(invoice, others, every))
    for id, amount in asked.items():
        _check_room(invoice, id, amount, given)
    lines = _lines(invoice, asked, notes)
    total = sum_of((line.gross for line in lines), invoice.currency)
    before_all = sum_of((note.total for note in notes), invoice.currency)
    if total + before_all > invoice.total:
        raise InvoiceOverCredited(invoice.id, invoice.total, before_all, total)
    return lines


def excess(invoice: Invoice, asked: Mapping[str, Money], *, earlier: Iterable[CreditNote]) -> Money:
    """Return by how much a note of what is *asked* would exceed what is left of all of *invoice*.

    That is so where lines of it gave back of others: what they took off came from elsewhere, and
    has to go back there. Zero, if it does not exceed it.
    """
    notes = _effective(invoice, earlier)
    gross = [line.gross for line in _lines(invoice, asked, notes)]
    gross += [note.total for note in notes]
    over = sum_of(gross, invoice.currency) - invoice.total
    return max(over, Money.zero(invoice.currency))


def _effective(invoice: Invoice, notes: Iterable[CreditNote]) -> list[CreditNote]:
    return [note for note in notes if note.invoice == invoice.id and note.status in EFFECTIVE]


def _lines(
    invoice: Invoice, asked: Mapping[str, Money], notes: Iterable[CreditNote]
) -> tuple[CreditLine, ...]:
    """Return the lines of a note after *notes*, whether or not that much is left."""
    given, given_taxes = credited(notes), _taxes_of(notes)
    taxes = _taxes_by_line(invoice)
    return tuple(
        CreditLine(
            id=derive("crl", charged.id, str(given.get(charged.id, 0)), on=charged.on),
            line=charged.id,
            source=charged.source,
            item=charged.item,
            detail=charged.detail,
            on=charged.on,
            amount=amount,
            taxes=_given_back(
                charged,
                taxes[charged.id],
                given.get(charged.id, 0) + amount.minor,
                given_taxes,
                amount,
            ),
        )
        for charged, amount in ((_line(invoice, id), amount) for id, amount in asked.items())
    )


def _line(invoice: Invoice, id: str) -> Line:
    charged = invoice.line(id)
    if charged is None:
        raise UnknownLine(invoice.id, id)
    return charged


def _check_room(invoice: Invoice, id: str, amount: Money, given: Mapping[str, int]) -> None:
    """Raise unless *amount* is left of the line *id*; what gave something back is taken back."""
    charged = _line(invoice, id)
    before = Money(given.get(id, 0), invoice.currency)
    after, nothing = amount + before, Money.zero(invoice.currency)
    low, high = min(charged.net, nothing), max(charged.net, nothing)
    if not low <= after <= high or (amount.minor < 0) != (charged.net.minor < 0):
        raise OverCredited(invoice.id, id, charged.net, before, amount)


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
