"""Dispute: a customer's bank takes a payment back, and a decision says who keeps the money.

What the gateway withdraws, reinstates and charges is booked from its movements, each once. While it
is open the unpaid payouts that the payment is for are held. Lost, they stay so, and for each
supplier who was paid a clawback is proposed. (spec: billing 10, gateways 1.4; reliability A3, A17)
"""

from __future__ import annotations

from ledgerkit.domain.disputes.following import (
    DisputeChanged,
    KeptBack,
    follow,
    keep_back,
    moves_to,
)
from ledgerkit.domain.disputes.losing import Earner, related
from ledgerkit.domain.disputes.records import DISPUTE, LOST, OPEN, WON, Dispute, of_object

__all__ = [
    "DISPUTE",
    "LOST",
    "OPEN",
    "WON",
    "Dispute",
    "DisputeChanged",
    "Earner",
    "KeptBack",
    "follow",
    "keep_back",
    "moves_to",
    "of_object",
    "related",
]
