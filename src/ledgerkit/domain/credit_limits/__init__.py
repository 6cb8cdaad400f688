"""Credit limits: how far below zero a customer's wallet may go, and what happens near that.

The limit is the floor of the wallet, so the store enforces it in the commit that posts; a check
made earlier explains, warns and is advice. An override, seen by a second person, lets one posting
pass. (seed 002; spec: billing 9, ledger 3, reliability B2)
"""

from __future__ import annotations

from ledgerkit.domain.credit_limits.charging import AutoCharge, auto_charge
from ledgerkit.domain.credit_limits.checking import NearLimit, check, near_limit
from ledgerkit.domain.credit_limits.escalating import (
    Conduct,
    Escalation,
    EscalationPolicy,
    escalation,
)
from ledgerkit.domain.credit_limits.limits import (
    BANDS,
    EXCEEDED,
    OK,
    URGENT,
    WARNING,
    Bands,
    Check,
    CreditLimit,
    Floors,
    LimitSet,
    limit_id,
    set_limit,
)
from ledgerkit.domain.credit_limits.overrides import (
    OVERRIDE,
    Override,
    OverrideChanged,
    OverrideExceeded,
    OverrideExpired,
    OverrideForOther,
    OverrideHeld,
    OverrideUsed,
    approve,
    override_id,
    reject,
    request_override,
    revoke,
    use,
    use_to_hold,
)

__all__ = [
    "BANDS",
    "EXCEEDED",
    "OK",
    "OVERRIDE",
    "URGENT",
    "WARNING",
    "AutoCharge",
    "Bands",
    "Check",
    "Conduct",
    "CreditLimit",
    "Escalation",
    "EscalationPolicy",
    "Floors",
    "LimitSet",
    "NearLimit",
    "Override",
    "OverrideChanged",
    "OverrideExceeded",
    "OverrideExpired",
    "OverrideForOther",
    "OverrideHeld",
    "OverrideUsed",
    "approve",
    "auto_charge",
    "check",
    "escalation",
    "limit_id",
    "near_limit",
    "override_id",
    "reject",
    "request_override",
    "revoke",
    "set_limit",
    "use",
    "use_to_hold",
]
