"""Listing: invoices as a table on the terminal and as a document, with what they add up to."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ledgerkit.documents import Document
from ledgerkit.documents.builders import Letterhead, invoice_list_document
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Units
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.domain.statements import counts, invoice_totals
from ledgerkit.jobs.invoices import Listed


@attrs.frozen
class BusinessNotFound(LedgerkitError):
    """A document needs a business to issue it, and the books name none."""

    code: ClassVar[str] = "business_not_found"

    def __str__(self) -> str:
        return "the books name no business to issue a document; store it as a party"


def list_document(
    listed: Listed,
    *,
    at: datetime,
    units: Units,
    locale: str | None = None,
    customer: str | None = None,
    period: Period | None = None,
    status: str | None = None,
) -> Document:
    """Return *listed* as a document of the business whose books these are.

    Raises:
        BusinessNotFound: the books do not say whose they are.
    """
    business = listed.business
    if business is None:
        raise BusinessNotFound
    return invoice_list_document(
        listed.invoices,
        head=Letterhead(business=business, units=units),
        as_of=local_date(at, business.zone),
        names=listed.names,
        reader=business if locale is None else attrs.evolve(business, locale=locale),
        customer=None if customer is None else listed.customers.get(customer),
        period=period,
        status=status,
    )


def print_invoices(console: Console, listed: Listed, units: Units) -> None:
    """Print each invoice of *listed* on a line, and what they come to."""
    if not listed.invoices:
        console.print("No invoice fits.")
        return
    # Without rules between columns, so that names have room on a narrow terminal.
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("Number", "Issued", "Due"):
        table.add_column(name, no_wrap=True)
    table.add_column("Customer", overflow="fold")
    table.add_column("Status", no_wrap=True)
    table.add_column("Total", justify="right", no_wrap=True)
    for invoice in listed.invoices:
        name = listed.names.get(invoice.customer, invoice.customer)
        table.add_row(*_row(invoice, name, units))
    console.print(table)
    for group in invoice_totals(listed.invoices):
        total = f"{units.plain(group.total)} {group.currency}"
        console.print(f"{group.count} invoice(s) come to {total}.", highlight=False)
    if not all(map(counts, listed.invoices)):
        console.print("Drafts and void ones are not added up.")


def _row(invoice: Invoice, name: str, units: Units) -> tuple[str, ...]:
    return (
        invoice.number or "—",
        "" if invoice.issued_on is None else invoice.issued_on.isoformat(),
        "" if invoice.due_on is None else invoice.due_on.isoformat(),
        name,
        invoice.status,
        f"{units.plain(invoice.total)} {invoice.currency}",
    )
