"""Exports: the books as text for other programs: documents as CSV, journals for other ledgers.

No locale is in them: dates are ISO and figures plain decimals. (spec: billing 12, ledger 10)
"""

from __future__ import annotations

from ledgerkit.adapters.exports.accounts import account_of
from ledgerkit.adapters.exports.beancount import beancount_ledger
from ledgerkit.adapters.exports.hledger import hledger_journal
from ledgerkit.adapters.exports.invoices import INVOICE_COLUMNS, invoices_csv
from ledgerkit.adapters.exports.lines import COLUMNS, lines_csv
from ledgerkit.adapters.exports.payments import PAYMENT_COLUMNS, payments_csv
from ledgerkit.adapters.exports.payouts import (
    PAYOUT_COLUMNS,
    TRANSFER_COLUMNS,
    payouts_csv,
    transfers_csv,
)
from ledgerkit.adapters.exports.reconciliations import (
    RECONCILIATION_COLUMNS,
    reconciliations_csv,
)
from ledgerkit.adapters.exports.shadow import DIFF_COLUMNS, diff_csv

__all__ = [
    "COLUMNS",
    "DIFF_COLUMNS",
    "INVOICE_COLUMNS",
    "PAYMENT_COLUMNS",
    "PAYOUT_COLUMNS",
    "RECONCILIATION_COLUMNS",
    "TRANSFER_COLUMNS",
    "account_of",
    "beancount_ledger",
    "diff_csv",
    "hledger_journal",
    "invoices_csv",
    "lines_csv",
    "payments_csv",
    "payouts_csv",
    "reconciliations_csv",
    "transfers_csv",
]
