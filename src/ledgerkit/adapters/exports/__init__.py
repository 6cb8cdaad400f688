"""Exports: the books as text for other programs: billing lines as CSV, journals for other ledgers.

No locale is in them: dates are ISO and figures plain decimals. (spec: billing 12, ledger 10)
"""

from __future__ import annotations

from ledgerkit.adapters.exports.accounts import account_of
from ledgerkit.adapters.exports.beancount import beancount_ledger
from ledgerkit.adapters.exports.hledger import hledger_journal
from ledgerkit.adapters.exports.lines import COLUMNS, lines_csv

__all__ = ["COLUMNS", "account_of", "beancount_ledger", "hledger_journal", "lines_csv"]
