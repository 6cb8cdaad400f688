"""Statements: what people ask of the books, as views that are computed and never stored.

The summary of a month, billing records, totals of invoices, package ledgers and the history of
cycles; and a freeze that hides the money in views, for a time in which finance is not to be shown.
(seed 000; spec: billing 5)
"""

from __future__ import annotations

from ledgerkit.domain.statements.invoices import InvoiceTotal, counts, invoice_totals
from ledgerkit.domain.statements.months import (
    CurrencyTotal,
    MonthSummary,
    PartyTotal,
    month_summary,
    not_approved,
    of_period,
    trial_balance_after,
)
from ledgerkit.domain.statements.records import (
    BillingRecord,
    HistoryRow,
    PackageLedger,
    billing_records,
    earners_of,
    history_rows,
    package_ledgers,
)
from ledgerkit.domain.statements.views import HIDDEN, Hidden, Shown, View, freeze

__all__ = [
    "HIDDEN",
    "BillingRecord",
    "CurrencyTotal",
    "Hidden",
    "HistoryRow",
    "InvoiceTotal",
    "MonthSummary",
    "PackageLedger",
    "PartyTotal",
    "Shown",
    "View",
    "billing_records",
    "counts",
    "earners_of",
    "freeze",
    "history_rows",
    "invoice_totals",
    "month_summary",
    "not_approved",
    "of_period",
    "package_ledgers",
    "trial_balance_after",
]
