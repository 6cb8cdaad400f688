"""Exports: billing lines as CSV, one row each, with ISO dates and plain decimals.

No locale is in them: a spreadsheet and a program read the same. (spec: billing 12)
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from ledgerkit.adapters.exports.cells import day, days, table, text
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money, Units
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.tax import TaxAmount

COLUMNS = (
    "document",
    "number",
    "party",
    "date",
    "period_start",
    "period_end",
    "line_date",
    "source",
    "item",
    "detail",
    "quantity",
    "amount",
    "discount",
    "net",
    "tax",
    "gross",
    "tax_rates",
    "currency",
    "package",
    "journal",
)


def lines_csv(
    *,
    invoices: Iterable[Invoice] = (),
    credit_notes: Iterable[CreditNote] = (),
    payouts: Iterable[Payout] = (),
    units: Units,
) -> str:
    """Return every line of the documents as CSV with a header row, in the order given.

    Amounts are what the document adds up: what customers owe in invoices, what they get back in
    credit notes (negative), what suppliers are paid in payouts. An *amount* is what the price comes
    to; *net* is that less the discount and the taxes in it, *gross* what is owed for the line.
    """
    rows = (
        _invoice_rows(invoices, units),
        _credit_rows(credit_notes, units),
        _payout_rows(payouts, units),
    )
    return table(COLUMNS, chain.from_iterable(rows))


def _rates(taxes: Iterable[TaxAmount]) -> str:
    """Return the taxes of a line by name and exact rate: `es-iva 21/100`."""
    return text("; ".join(f"{tax.code} {tax.rate}" for tax in taxes))


def _invoice_rows(invoices: Iterable[Invoice], units: Units) -> Iterable[tuple[str, ...]]:
    for invoice in invoices:
        start, end = days(invoice.period)
        for line in invoice.lines:
            yield (
                "invoice",
                text(invoice.number),
                text(invoice.customer),
                day(invoice.issued_on),
                start,
                end,
                day(line.on),
                text(line.source),
                text(line.item),
                text(line.detail),
                str(line.quantity),
                units.plain(line.amount),
                units.plain(line.amount - line.discounted),
                units.plain(line.net),
                units.plain(line.tax),
                units.plain(line.gross),
                _rates(line.taxes),
                invoice.currency,
                text(line.package),
                line.journal or "",
            )


def _credit_rows(notes: Iterable[CreditNote], units: Units) -> Iterable[tuple[str, ...]]:
    for note in notes:
        for line in note.lines:
            yield (
                "credit_note",
                text(note.number),
                text(note.customer),
                day(note.issued_on),
                "",
                "",
                day(line.on),
                text(line.source),
                text(line.item),
                text(line.detail),
                "1",
                units.plain(-line.amount),
                units.plain(Money.zero(note.currency)),
                units.plain(-line.amount),
                units.plain(line.amount - line.gross),
                units.plain(-line.gross),
                _rates(line.taxes),
                note.currency,
                "",
                "",
            )


def _payout_rows(payouts: Iterable[Payout], units: Units) -> Iterable[tuple[str, ...]]:
    for payout in payouts:
        for line in payout.lines:
            yield (
                "payout",
                payout.id,
                text(payout.supplier),
                day(payout.period.end),
                day(payout.period.start),
                day(payout.period.end),
                day(line.on),
                text(line.source),
                text(line.item),
                text(line.detail),
                "1",
                units.plain(line.amount),
                *("", "", "", "", ""),
                payout.currency,
                "",
                line.journal,
            )
