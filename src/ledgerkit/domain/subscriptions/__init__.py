"""Subscriptions: what customers take part in, item by item, and when which part of it is billed.

A subscription holds phases: the days on which an item is charged on the same terms, with a mark of
their own for how far they are billed. Every change ends some and begins others; what was billed is
never rebuilt, and its unused part is given back. Read `records`, `phases`, `decisions`, `lives`,
`changing`, `stops`, `billing`. (seed 004; spec: billing 1, 3, 6, 8)
"""

from __future__ import annotations

from ledgerkit.domain.subscriptions.billing import Renewal, bill, renewals
from ledgerkit.domain.subscriptions.changing import (
    AT_ONCE,
    CHANGES,
    ChangePolicy,
    Direction,
    UnknownItem,
    When,
    change,
    change_quantity,
    direction_of,
)
from ledgerkit.domain.subscriptions.decisions import (
    Billed,
    Cancelled,
    Changed,
    Created,
    Decided,
    Paused,
    Reactivated,
    Resumed,
    Suspended,
    TrialEnded,
)
from ledgerkit.domain.subscriptions.lives import (
    AlreadyEnds,
    StillPaused,
    cancel,
    create,
    end_trial,
)
from ledgerkit.domain.subscriptions.phases import NetOf
from ledgerkit.domain.subscriptions.records import (
    ACTIVE,
    CANCELLED,
    PAUSED,
    SUBSCRIPTION,
    SUSPENDED,
    TRIALING,
    Item,
    Pause,
    PausePolicy,
    Phase,
    Settlement,
    Subscription,
)
from ledgerkit.domain.subscriptions.stops import Reactivation, pause, reactivate, resume, suspend

__all__ = [
    "ACTIVE",
    "AT_ONCE",
    "CANCELLED",
    "CHANGES",
    "PAUSED",
    "SUBSCRIPTION",
    "SUSPENDED",
    "TRIALING",
    "AlreadyEnds",
    "Billed",
    "Cancelled",
    "ChangePolicy",
    "Changed",
    "Created",
    "Decided",
    "Direction",
    "Item",
    "NetOf",
    "Pause",
    "PausePolicy",
    "Paused",
    "Phase",
    "Reactivated",
    "Reactivation",
    "Renewal",
    "Resumed",
    "Settlement",
    "StillPaused",
    "Subscription",
    "Suspended",
    "TrialEnded",
    "UnknownItem",
    "When",
    "bill",
    "cancel",
    "change",
    "change_quantity",
    "create",
    "direction_of",
    "end_trial",
    "pause",
    "reactivate",
    "renewals",
    "resume",
    "suspend",
]
