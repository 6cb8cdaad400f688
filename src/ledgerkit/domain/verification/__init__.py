"""Verification: whether the books still say what they must, checked from the entries up.

Every journal balances, balances are the sums of entries, no wallet is below its floor, numbers
have no gaps, and each document's arithmetic holds against the journals that posted it. Read
`journals`, `documents`, `payments`, `completions`, `holdings`. (spec: ledger 1, billing 13,
reliability C5)
"""

from __future__ import annotations

from ledgerkit.domain.verification.completions import completion_problems, work_problems
from ledgerkit.domain.verification.documents import (
    billed_twice_problems,
    invoice_problems,
    loose_note_problems,
    number_problems,
)
from ledgerkit.domain.verification.holdings import (
    bank_payout_problems,
    clawback_problems,
    package_problems,
    payout_problems,
    recovered_problems,
    transfer_problems,
)
from ledgerkit.domain.verification.journals import Checked, Problem, balances_problems, fallen
from ledgerkit.domain.verification.payments import payment_problems

__all__ = [
    "Checked",
    "Problem",
    "balances_problems",
    "bank_payout_problems",
    "billed_twice_problems",
    "clawback_problems",
    "completion_problems",
    "fallen",
    "invoice_problems",
    "loose_note_problems",
    "number_problems",
    "package_problems",
    "payment_problems",
    "payout_problems",
    "recovered_problems",
    "transfer_problems",
    "work_problems",
]
