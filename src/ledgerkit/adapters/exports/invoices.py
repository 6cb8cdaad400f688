"""Exports: invoices as CSV, one row each, beside the export of their lines.

No locale is in them: a spreadsheet and a program read the same. (spec: billing 12)
"""

from __future__ import annotations

from collections.abc import Iterable

from ledgerkit.adapters.exports.cells import day, table, text
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Units

INVOICE_COLUMNS = (
    "number",
    "issued_on",
    "due_on",
    "customer",
    "currency",
    "net",
    "tax",
    "total",
    "status",
)


def invoices_csv(invoices: Iterable[Invoice], *, units: Units) -> str:
    """Return *invoices* as CSV with a header row, in the order given.

    Net and tax add up to the total. A draft has no number and no dates.
    """
    return table(INVOICE_COLUMNS, (_row(invoice, units) for invoice in invoices))


def _row(invoice: Invoice, units: Units) -> tuple[str, ...]:
    return (
        text(invoice.number),
        day(invoice.issued_on),
        day(invoice.due_on),
        text(invoice.customer),
        invoice.currency,
        units.plain(invoice.total - invoice.tax),  # a price may include its tax
        units.plain(invoice.tax),
        units.plain(invoice.total),
        invoice.status,
    )
