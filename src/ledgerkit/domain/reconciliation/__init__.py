"""Reconciliation: whether a gateway holds what the books say it holds, to the minor unit.

A gateway's wallet is negative while the gateway holds money for us, so at one value date its
reported balance is -(gateway wallet), up to what is in flight; the rest is drift.
(seed 002; spec: ledger 1, billing 9, reliability A12, users-ask 24)
"""

from __future__ import annotations

from ledgerkit.domain.reconciliation.flight import (
    DIFFERS,
    SENT,
    UNBOOKED,
    UNLISTED,
    InFlight,
    effect_of,
    in_flight,
)
from ledgerkit.domain.reconciliation.identity import (
    ALERT,
    CLEAN,
    NOTICE,
    Reconciled,
    Reconciliation,
    Tolerance,
    currencies_of,
    moved,
    observation,
    reconcile,
    reconciliation_id,
)
from ledgerkit.domain.reconciliation.platform import PlatformCheck, platform_check
from ledgerkit.domain.reconciliation.window import Window, last_seen, recent_days, window

__all__ = [
    "ALERT",
    "CLEAN",
    "DIFFERS",
    "NOTICE",
    "SENT",
    "UNBOOKED",
    "UNLISTED",
    "InFlight",
    "PlatformCheck",
    "Reconciled",
    "Reconciliation",
    "Tolerance",
    "Window",
    "currencies_of",
    "effect_of",
    "in_flight",
    "last_seen",
    "moved",
    "observation",
    "platform_check",
    "recent_days",
    "reconcile",
    "reconciliation_id",
    "window",
]
