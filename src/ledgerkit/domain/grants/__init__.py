"""Grants: credit that is bought or given in advance, in money or in units, and drawn for lines.

A grant is owed to its customer until it is drawn, forfeited or revoked; its wallet holds what
remains, and a floor of zero keeps it honest. Granted is always (drawn - returned) + expired +
revoked + remaining. Read `history`, `records`, `postings`, `granting`, `claims`, `drawing`,
`expiry`, `covering`, `recurring`, `top_ups`, `alerts`, `summaries`. (spec: billing 5, 5a)
"""

from __future__ import annotations

from ledgerkit.domain.grants.alerts import ExpiryTold, expiring_soon, low_alert, tell_expiring
from ledgerkit.domain.grants.claims import Claim
from ledgerkit.domain.grants.covering import (
    Covered,
    CoveredLine,
    Part,
    Settled,
    Settlement,
    Uncovered,
    available,
    cover,
    overage,
    settle,
)
from ledgerkit.domain.grants.drawing import Drawn, GivenBack, NotDrawn, Overdrawn, draw, give_back
from ledgerkit.domain.grants.expiry import (
    CreditNotExpired,
    Expired,
    Revived,
    RolledOver,
    Rollover,
    UsageUnsettled,
    expire,
    lapsed,
    revive,
    roll_over,
)
from ledgerkit.domain.grants.granting import Granted, Revoked, bring_in, buy, give, revoke
from ledgerkit.domain.grants.history import Draw, Forfeit, Return
from ledgerkit.domain.grants.postings import OPENING, PLATFORM, PROMOTIONS, UNITS
from ledgerkit.domain.grants.records import (
    ACTIVE,
    CREDIT,
    DEPLETED,
    EXPIRED,
    GRANT,
    REVOKED,
    CreditExhausted,
    Grant,
    NotPaidFor,
    draw_down,
    payers,
)
from ledgerkit.domain.grants.recurring import Schedule, prorated, recurrences
from ledgerkit.domain.grants.summaries import CreditSummary, paid_by_line, paid_for, summaries
from ledgerkit.domain.grants.top_ups import Attempt, TopUp, TopUpPolicy, top_up

__all__ = [
    "ACTIVE",
    "CREDIT",
    "DEPLETED",
    "EXPIRED",
    "GRANT",
    "OPENING",
    "PLATFORM",
    "PROMOTIONS",
    "REVOKED",
    "UNITS",
    "Attempt",
    "Claim",
    "Covered",
    "CoveredLine",
    "CreditExhausted",
    "CreditNotExpired",
    "CreditSummary",
    "Draw",
    "Drawn",
    "Expired",
    "ExpiryTold",
    "Forfeit",
    "GivenBack",
    "Grant",
    "Granted",
    "NotDrawn",
    "NotPaidFor",
    "Overdrawn",
    "Part",
    "Return",
    "Revived",
    "Revoked",
    "RolledOver",
    "Rollover",
    "Schedule",
    "Settled",
    "Settlement",
    "TopUp",
    "TopUpPolicy",
    "Uncovered",
    "UsageUnsettled",
    "available",
    "bring_in",
    "buy",
    "cover",
    "draw",
    "draw_down",
    "expire",
    "expiring_soon",
    "give",
    "give_back",
    "lapsed",
    "low_alert",
    "overage",
    "paid_by_line",
    "paid_for",
    "payers",
    "prorated",
    "recurrences",
    "revive",
    "revoke",
    "roll_over",
    "settle",
    "summaries",
    "tell_expiring",
    "top_up",
]
