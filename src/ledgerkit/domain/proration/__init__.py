"""Proration: what a part of a period comes to, and what is given back of one that was billed.

A part is charged by its share of the aligned whole period that contains it; a credit is the
complement of what is kept, so that kept and credited are always what was billed. Read `shares`,
`fees`, `adjustments`. (spec: billing 0.5, 0.6, 3)
"""

from __future__ import annotations

from ledgerkit.domain.proration.adjustments import Adjustment, changes, net
from ledgerkit.domain.proration.fees import (
    UNUSED,
    Fee,
    charge,
    creditable,
    first_unbilled_day,
    give_back,
    in_full,
    prorate,
    unused,
)
from ledgerkit.domain.proration.shares import (
    Basis,
    NotInPeriod,
    Share,
    ZoneNeeded,
    share,
    share_of_time,
)

__all__ = [
    "UNUSED",
    "Adjustment",
    "Basis",
    "Fee",
    "NotInPeriod",
    "Share",
    "ZoneNeeded",
    "changes",
    "charge",
    "creditable",
    "first_unbilled_day",
    "give_back",
    "in_full",
    "net",
    "prorate",
    "share",
    "share_of_time",
    "unused",
]
