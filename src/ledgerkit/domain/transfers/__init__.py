"""Transfer: money that a gateway moves from our balance to the account of a payee.

It pays a payout or a single completion, is booked when it is done, and can be taken back in parts,
never by more than it paid. What a gateway tells in any order, any number of times, ends in the same
record and the same books. (seed 002: instructor transfers; spec: billing 5a, 10, gateways 1.4)
"""

from __future__ import annotations

from ledgerkit.domain.transfers.asking import (
    Enqueued,
    OverReversed,
    ReversalAsked,
    enqueue,
    take_back,
)
from ledgerkit.domain.transfers.journals import under_way
from ledgerkit.domain.transfers.records import (
    DONE,
    FAILED,
    PAID_OUT,
    PARTLY_REVERSED,
    PENDING,
    REVERSED,
    TRANSFER,
    Reversal,
    Transfer,
)
from ledgerkit.domain.transfers.settling import (
    LATE_OUTCOME,
    TransferDiffers,
    TransferSettled,
    refuse,
    refuse_reversal,
    settle,
    settle_reversal,
)

__all__ = [
    "DONE",
    "FAILED",
    "LATE_OUTCOME",
    "PAID_OUT",
    "PARTLY_REVERSED",
    "PENDING",
    "REVERSED",
    "TRANSFER",
    "Enqueued",
    "OverReversed",
    "Reversal",
    "ReversalAsked",
    "Transfer",
    "TransferDiffers",
    "TransferSettled",
    "enqueue",
    "refuse",
    "refuse_reversal",
    "settle",
    "settle_reversal",
    "take_back",
    "under_way",
]
