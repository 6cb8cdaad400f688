"""Clawback: money that a payee was paid too much, or too little, put right under approval.

A case comes from an adjustment, or from a refund or dispute after the payout. It is bounded by what
its transfers paid, and settled by one of five methods; only the reversal of transfers has a window.
(seed 002: adjustments and clawbacks; spec: billing 10, reliability A15, A16)
"""

from __future__ import annotations

from ledgerkit.domain.clawbacks.proposing import (
    ClawbackChanged,
    OverClawback,
    approve,
    choose,
    clawback_id,
    left_of,
    propose,
    recoverable,
    reject,
)
from ledgerkit.domain.clawbacks.records import (
    APPROVED,
    CLAWBACK,
    EXECUTING,
    FAILED,
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    METHODS,
    OVERPAYMENT,
    PROPOSED,
    REJECTED,
    SETTLED,
    STRIPE_REVERSAL,
    UNDERPAYMENT,
    WINDOW,
    WRITTEN_OFF,
    Clawback,
    Share,
    Window,
)
from ledgerkit.domain.clawbacks.settling import (
    FELL_BACK,
    FUNDS_GONE,
    CheckReferenceNeeded,
    ClawbackExecuted,
    ClawbackFollowed,
    ClawbackWindowClosed,
    brought_back,
    execute,
    follow,
)
from ledgerkit.domain.clawbacks.views import (
    ClawbackTotal,
    Eligibility,
    eligibility,
    statistics,
)

__all__ = [
    "APPROVED",
    "CLAWBACK",
    "EXECUTING",
    "FAILED",
    "FELL_BACK",
    "FORGIVEN",
    "FUNDS_GONE",
    "FUTURE_PAYOUT_OFFSET",
    "MANUAL_CHECK",
    "METHODS",
    "OVERPAYMENT",
    "PROPOSED",
    "REJECTED",
    "SETTLED",
    "STRIPE_REVERSAL",
    "UNDERPAYMENT",
    "WINDOW",
    "WRITTEN_OFF",
    "CheckReferenceNeeded",
    "Clawback",
    "ClawbackChanged",
    "ClawbackExecuted",
    "ClawbackFollowed",
    "ClawbackTotal",
    "ClawbackWindowClosed",
    "Eligibility",
    "OverClawback",
    "Share",
    "Window",
    "approve",
    "brought_back",
    "choose",
    "clawback_id",
    "eligibility",
    "execute",
    "follow",
    "left_of",
    "propose",
    "recoverable",
    "reject",
    "statistics",
]
