"""Adjustment: a correction of what was done in a completion, posted as the difference.

1.5 hours that were 1.8 cost the customer 0.3 hours more and earn the supplier 0.3 more, at the
rates of the day. Large ones wait for a second person. Read `records`, `approving`, `adjusting`,
`views`. (seed 002, phase 5; spec: billing 9, C-19, ledger 5)
"""

from __future__ import annotations

from ledgerkit.domain.adjustments.adjusting import (
    Adjusted,
    NothingToAdjust,
    Superseded,
    adjust,
    adjustment_id,
    apply,
    approve,
    propose,
    reject,
    submit,
)
from ledgerkit.domain.adjustments.approving import (
    FOUR_EYES_ABOVE_50,
    Approval,
    ApprovalNeeded,
)
from ledgerkit.domain.adjustments.records import (
    ADJUSTMENT,
    APPLIED,
    APPROVED,
    OVERCHARGE,
    OVERPAYMENT,
    PENDING_APPROVAL,
    PROPOSED,
    REJECTED,
    UNCHANGED,
    UNDERCHARGE,
    UNDERPAYMENT,
    Adjustment,
)
from ledgerkit.domain.adjustments.views import Tally, approval_queue, recent, tally

__all__ = [
    "ADJUSTMENT",
    "APPLIED",
    "APPROVED",
    "FOUR_EYES_ABOVE_50",
    "OVERCHARGE",
    "OVERPAYMENT",
    "PENDING_APPROVAL",
    "PROPOSED",
    "REJECTED",
    "UNCHANGED",
    "UNDERCHARGE",
    "UNDERPAYMENT",
    "Adjusted",
    "Adjustment",
    "Approval",
    "ApprovalNeeded",
    "NothingToAdjust",
    "Superseded",
    "Tally",
    "adjust",
    "adjustment_id",
    "apply",
    "approval_queue",
    "approve",
    "propose",
    "recent",
    "reject",
    "submit",
    "tally",
]
