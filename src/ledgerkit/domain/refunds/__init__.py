"""Refunds: what is given back of a payment, through the gateway, by hand, as credit or offset.

Done and open refunds together never exceed what came in. (spec: billing 7, reliability A14)
"""

from __future__ import annotations

from ledgerkit.domain.refunds.asking import (
    NotAtGateway,
    NotPaidBy,
    OverRefunded,
    RefundRequested,
    refunded_as,
    request,
)
from ledgerkit.domain.refunds.by_hand import hand_back, keep, offset
from ledgerkit.domain.refunds.following import complete, fail, follow, of_object, refused
from ledgerkit.domain.refunds.records import (
    CREDITED,
    DONE,
    FAILED,
    OFFSET,
    OUTCOMES,
    PENDING,
    REFUND,
    REFUNDED,
    Refund,
    RefundChanged,
)
from ledgerkit.domain.refunds.undoing import ChargeUndone, ChargeUndoneAlready, undo_charge

__all__ = [
    "CREDITED",
    "DONE",
    "FAILED",
    "OFFSET",
    "OUTCOMES",
    "PENDING",
    "REFUND",
    "REFUNDED",
    "ChargeUndone",
    "ChargeUndoneAlready",
    "NotAtGateway",
    "NotPaidBy",
    "OverRefunded",
    "Refund",
    "RefundChanged",
    "RefundRequested",
    "complete",
    "fail",
    "follow",
    "hand_back",
    "keep",
    "of_object",
    "offset",
    "refunded_as",
    "refused",
    "request",
    "undo_charge",
]
