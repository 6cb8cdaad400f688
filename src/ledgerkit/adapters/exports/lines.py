"""Exports: billing lines as CSV, one row each, with ISO dates and plain decimals.

No locale is in them: a spreadsheet and a program read the same. (spec: billing 12)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

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
# A cell that begins like a formula would be run by a spreadsheet. (OWASP: CSV injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _text(value: str | None) -> str:
    if value is None:
        return ""
    return f"'{value}" if value.startswith(_FORMULA) else value


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
    out = io.StringIO(newline="")
    writer = csv.writer(out)  # ends rows as RFC 4180 says, and quotes cells with line breaks
    writer.writerow(COLUMNS)
    for rows in (
        _invoice_rows(invoices, units),
        _credit_rows(credit_notes, units),
        _payout_rows(payouts, units),
    ):
        writer.writerows(rows)
    return out.getvalue()


def _rates(taxes: Iterable[TaxAmount]) -> str:
    """Return the taxes of a line by name and exact rate: `es-iva 21/100`."""
    return _text("; ".join(f"{tax.code} {tax.rate}" for tax in taxes))


def _invoice_rows(invoices: Iterable[Invoice], units: Units) -> Iterable[tuple[str, ...]]:
    for invoice in invoices:
        start, end = ("", "")
        if invoice.period is not None:
            start, end = invoice.period.start.isoformat(), invoice.period.end.isoformat()
        for line in invoice.lines:
            yield (
                "invoice",
                _text(invoice.number),
                _text(invoice.customer),
                "" if invoice.issued_on is None else invoice.issued_on.isoformat(),
                start,
                end,
                line.on.isoformat(),
                _text(line.source),
                _text(line.item),
                _text(line.detail),
                str(line.quantity),
                units.plain(line.amount),
                units.plain(line.amount - line.discounted),
                units.plain(line.net),
                units.plain(line.tax),
                units.plain(line.gross),
                _rates(line.taxes),
                invoice.currency,
                _text(line.package),
                line.journal or "",
            )


def _credit_rows(notes: Iterable[CreditNote], units: Units) -> Iterable[tuple[str, ...]]:
    for note in notes:
        for line in note.lines:
            yield (
                "credit_note",
                _text(note.number),
                _text(note.customer),
                "" if note.issued_on is None else note.issued_on.isoformat(),
                "",
                "",
                line.on.isoformat(),
                _text(line.source),
                _text(line.item),
                _text(line.detail),
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
                _text(payout.supplier),
                payout.period.end.isoformat(),
                payout.period.start.isoformat(),
                payout.period.end.isoformat(),
                line.on.isoformat(),
                _text(line.source),
                _text(line.item),
                _text(line.detail),
                "1",
                units.plain(line.amount),
                *("", "", "", "", ""),
                payout.currency,
                "",
                line.journal,
            )
