"""Lists of invoices as documents: which there are, what each comes to, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from types import MappingProxyType

import attrs

from ledgerkit.documents import formats
from ledgerkit.documents.desk import Desk, Letterhead, open_desk
from ledgerkit.documents.model import INVOICE_LIST, Block, Column, Document, Row, Total
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import Period
from ledgerkit.domain.statements import InvoiceTotal, counts, invoice_totals

# Statuses in words; hosts translate what a later version adds.
STATUSES = {
    "draft": "draft",
    "issued": "issued",
    "partially_paid": "partly paid",
    "paid": "paid",
    "void": "void",
    "written_off": "written off",
}


def invoice_list_document(
    invoices: Iterable[Invoice],
    *,
    head: Letterhead,
    as_of: date,
    names: Mapping[str, str] = MappingProxyType({}),
    reader: Party | None = None,
    customer: Party | None = None,
    period: Period | None = None,
    status: str | None = None,
) -> Document:
    """Return the list of *invoices*, as they stand *as_of* a day, for *reader* or the business.

    They are chosen by the caller and stand in the order given, those of a currency together;
    *customer*, *period* and *status* say in the head what was chosen. *names* are those of
    customers, by id. Drafts and void invoices are listed and not added up.
    """
    listed = tuple(invoices)
    desk = open_desk(head, head.business if reader is None else reader)
    words = desk.words
    count = len(listed)
    number = formats.quantity(count, desk.reader.locale)
    facts = [(words.text("As of"), desk.day(as_of))]
    if status is not None:
        facts.append((words.text("Status"), _status(desk, status)))
    facts.append(
        (words.text("Listed"), words.plural("{n} invoice", "{n} invoices", count, n=number))
    )
    table = _Table(desk, listed, names, named=customer is None)
    return Document(
        INVOICE_LIST,
        desk.reader.locale,
        words.text("Invoices"),
        number="" if period is None else desk.period(period),
        issued_on=as_of,
        issuer=desk.block("From", head.business),
        recipient=Block("", "") if customer is None else desk.block("Customer", customer),
        captions=words.captions(),
        facts=tuple(facts),
        columns=tuple(table.columns()),
        rows=tuple(table.rows()),
        totals=tuple(table.totals()),
        notes=tuple(_notes(desk, listed)),
        footer=head.footer,
        logo=head.logo,
    )


@attrs.frozen
class _Table:
    """Invoices as columns, rows and totals: with a column of customers if they are *named*."""

    desk: Desk
    listed: tuple[Invoice, ...]
    names: Mapping[str, str]
    named: bool = attrs.field(kw_only=True)

    @cached_property  # every row looks here
    def taxed(self) -> bool:
        """Whether net and tax are told apart."""
        return any(invoice.tax.minor for invoice in self.listed)

    def columns(self) -> Iterator[Column]:
        words = self.desk.words
        yield Column(words.text("Number"))
        yield Column(words.text("Date"))
        yield Column(words.text("Due on"))
        if self.named:
            yield Column(words.text("Customer"), wide=True)
        yield Column(words.text("Status"))
        if self.taxed:
            yield Column(words.text("Net"), "end")
            yield Column(words.text("Tax"), "end")
        yield Column(words.text("Total"), "end")

    def rows(self) -> Iterator[Row]:
        groups = invoice_totals(self.listed)
        for group in groups:
            if len(groups) > 1:
                yield Row((group.currency,), "heading")
            for invoice in self.listed:
                if invoice.currency == group.currency:
                    yield Row(self._cells(invoice), "normal" if counts(invoice) else "muted")
            if len(groups) > 1:
                yield self._sums(group)

    def totals(self) -> Iterator[Total]:
        words, groups = self.desk.words, invoice_totals(self.listed)
        for group in groups:
            total = self.desk.money(group.total)
            if len(groups) > 1:  # their parts stand above, below the rows of the currency
                yield Total(f"{words.text('Total')} {group.currency}", total, strong=True)
                continue
            if self.taxed:
                yield Total(words.text("Net"), self.desk.money(group.net))
                yield Total(words.text("Tax"), self.desk.money(group.tax))
            yield Total(words.text("Total"), total, strong=True)

    def _cells(self, invoice: Invoice) -> tuple[str, ...]:
        desk = self.desk
        return (
            invoice.number or desk.words.text("Draft"),
            "" if invoice.issued_on is None else desk.day(invoice.issued_on),
            "" if invoice.due_on is None else desk.day(invoice.due_on),
            *([self.names.get(invoice.customer, invoice.customer)] if self.named else []),
            _status(desk, invoice.status),
            *self._amounts(invoice.total - invoice.tax, invoice.tax, invoice.total),
        )

    def _sums(self, group: InvoiceTotal) -> Row:
        amounts = self._amounts(group.net, group.tax, group.total)
        blank = [""] * (len(tuple(self.columns())) - len(amounts) - 1)
        return Row((self.desk.words.text("Total"), *blank, *amounts), "strong")

    def _amounts(self, net: Money, tax: Money, total: Money) -> tuple[str, ...]:
        return tuple(map(self.desk.money, (net, tax, total) if self.taxed else (total,)))


def _notes(desk: Desk, listed: tuple[Invoice, ...]) -> Iterator[str]:
    if not all(map(counts, listed)):
        yield desk.words.text("Drafts and void invoices are listed and not added up.")


def _status(desk: Desk, status: str) -> str:
    return desk.words.text(STATUSES.get(status, status.replace("_", " ")))
