"""Packages: sessions bought in advance, kept in the ledger as units beside their money.

A package is a charge whose counterpart is `liability:packages` until its units are redeemed,
returned or expired; its wallet holds what remains, and a floor of zero keeps it honest. Purchased
is always redeemed + expired + remaining. (seed 000; spec: ledger 1, billing 5, 5a)
"""

from __future__ import annotations

from ledgerkit.domain.packages.alerts import (
    AGGREGATE,
    LOW,
    PER_PACKAGE,
    Threshold,
    low_message,
    pool_alert,
)
from ledgerkit.domain.packages.expiry import Expired, NotExpired, Revived, expire, revive
from ledgerkit.domain.packages.purchases import Purchased, bring_in, offered, purchase
from ledgerkit.domain.packages.records import (
    ACTIVE,
    DEFERRED,
    EXPIRED,
    EXPIRED_UNITS,
    ISSUED,
    OPENING,
    PACKAGE,
    REDEEMED,
    SESSION,
    Package,
    PackageExhausted,
    Redemption,
    draw_down,
)
from ledgerkit.domain.packages.redeeming import (
    AlreadyRedeemed,
    NotCovered,
    NotRedeemed,
    Redeemed,
    Returned,
    give_back,
    redeem,
)

__all__ = [
    "ACTIVE",
    "AGGREGATE",
    "DEFERRED",
    "EXPIRED",
    "EXPIRED_UNITS",
    "ISSUED",
    "LOW",
    "OPENING",
    "PACKAGE",
    "PER_PACKAGE",
    "REDEEMED",
    "SESSION",
    "AlreadyRedeemed",
    "Expired",
    "NotCovered",
    "NotExpired",
    "NotRedeemed",
    "Package",
    "PackageExhausted",
    "Purchased",
    "Redeemed",
    "Redemption",
    "Returned",
    "Revived",
    "Threshold",
    "bring_in",
    "draw_down",
    "expire",
    "give_back",
    "low_message",
    "offered",
    "pool_alert",
    "purchase",
    "redeem",
    "revive",
]
