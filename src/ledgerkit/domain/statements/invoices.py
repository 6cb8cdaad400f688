"""Invoices added up: what several of them come to, currency by currency."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money, sum_of

NOT_OWED = ("draft", "void")  # statuses of invoices by which nobody owes anything


@attrs.frozen(kw_only=True)
class InvoiceTotal:
    """What the invoices in one currency come to.

    Attributes:
        currency: The currency.
        count: How many are counted.
        net: Their lines, before tax.
        tax: Their taxes.
        total: Both together.
    """

    currency: str
    count: int
    net: Money
    tax: Money
    total: Money


def counts(invoice: Invoice) -> bool:
    """Tell whether *invoice* is added up: drafts and void ones are not owed."""
    return invoice.status not in NOT_OWED


def invoice_totals(invoices: Iterable[Invoice]) -> tuple[InvoiceTotal, ...]:
    """Return what *invoices* come to, a total for each currency among them, by its code.

    Drafts and void invoices are not counted, but their currency has a total, if of zero.
    """
    by_currency: dict[str, list[Invoice]] = {}
    for invoice in invoices:
        counted = by_currency.setdefault(invoice.currency, [])
        if counts(invoice):
            counted.append(invoice)
    return tuple(_total(currency, by_currency[currency]) for currency in sorted(by_currency))


def _total(currency: str, invoices: Iterable[Invoice]) -> InvoiceTotal:
    many = tuple(invoices)
    total = sum_of((invoice.total for invoice in many), currency)
    tax = sum_of((invoice.tax for invoice in many), currency)
    return InvoiceTotal(currency=currency, count=len(many), net=total - tax, tax=tax, total=total)
