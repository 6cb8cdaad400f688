"""Payouts: what a payee earned in a period, gathered from the ledger and paid as one amount.

A payee is a supplier or an owner of equipment. A payout takes its posted entries that are in no
payout yet; each entry belongs to one at most, and late ones go to the next. It is paid by hand,
under a reference, or sent through a gateway. (seeds 000, 002; spec: ledger 6, billing 6, 10)
"""

from __future__ import annotations

from ledgerkit.domain.payouts.fees import (
    PLATFORM,
    SUPPLIER,
    FeeExceedsPayout,
    InstantFee,
    PayoutSetting,
    PayoutSettingChanged,
    PayoutTerm,
    set_term,
    setting_id,
)
from ledgerkit.domain.payouts.gathering import gather, preview
from ledgerkit.domain.payouts.paying import (
    PayoutChanged,
    ReferenceNeeded,
    annotate,
    bounce,
    fail,
    generate,
    hold,
    pay,
    release,
    retry,
)
from ledgerkit.domain.payouts.records import (
    FAILED,
    IN_TRANSIT,
    ON_HOLD,
    PAID,
    PARTLY_REVERSED,
    PAYOUT,
    PENDING,
    PREVIEW,
    REVERSED,
    SETTLED,
    Payout,
    PayoutLine,
)
from ledgerkit.domain.payouts.sending import PayoutSent, follow, send, settled_with

__all__ = [
    "FAILED",
    "IN_TRANSIT",
    "ON_HOLD",
    "PAID",
    "PARTLY_REVERSED",
    "PAYOUT",
    "PENDING",
    "PLATFORM",
    "PREVIEW",
    "REVERSED",
    "SETTLED",
    "SUPPLIER",
    "FeeExceedsPayout",
    "InstantFee",
    "Payout",
    "PayoutChanged",
    "PayoutLine",
    "PayoutSent",
    "PayoutSetting",
    "PayoutSettingChanged",
    "PayoutTerm",
    "ReferenceNeeded",
    "annotate",
    "bounce",
    "fail",
    "follow",
    "gather",
    "generate",
    "hold",
    "pay",
    "preview",
    "release",
    "retry",
    "send",
    "set_term",
    "setting_id",
    "settled_with",
]
