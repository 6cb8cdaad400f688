"""Statements: what people ask of the books, as views that are computed and never stored.

The summary of a month, billing records, totals of invoices, package ledgers and the history of
cycles; margins, the reserve and the debts of suppliers; and a freeze that hides the money in views,
for a time in which finance is not to be shown.
(seeds 000, 002; spec: billing 5, 9)
"""

from __future__ import annotations

from ledgerkit.domain.statements.invoices import InvoiceTotal, counts, invoice_totals
from ledgerkit.domain.statements.margins import MarginRow, Margins, MonthMargin, margins
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
from ledgerkit.domain.statements.reserves import (
    AlertRow,
    DriftRow,
    ReserveOverview,
    WalletTotal,
    reserve_overview,
    wallet_totals,
)
from ledgerkit.domain.statements.supplier_debts import SupplierDebt, supplier_debts
from ledgerkit.domain.statements.views import HIDDEN, Hidden, Shown, View, freeze

__all__ = [
    "HIDDEN",
    "AlertRow",
    "BillingRecord",
    "CurrencyTotal",
    "DriftRow",
    "Hidden",
    "HistoryRow",
    "InvoiceTotal",
    "MarginRow",
    "Margins",
    "MonthMargin",
    "MonthSummary",
    "PackageLedger",
    "PartyTotal",
    "ReserveOverview",
    "Shown",
    "SupplierDebt",
    "View",
    "WalletTotal",
    "billing_records",
    "counts",
    "earners_of",
    "freeze",
    "history_rows",
    "invoice_totals",
    "margins",
    "month_summary",
    "not_approved",
    "of_period",
    "package_ledgers",
    "reserve_overview",
    "supplier_debts",
    "trial_balance_after",
    "wallet_totals",
]
