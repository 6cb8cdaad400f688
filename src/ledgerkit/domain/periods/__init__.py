"""Period: days from a first one up to, not including, a last one; a cycle is periods without end.

Periods of a cycle tile time, without gap or overlap, and each is computed from the anchor, never
from the one before it (spec: billing 0.2, 0.3, 1). Read `spans`, `instants`, `cycles`, `timelines`.
"""

from __future__ import annotations

from ledgerkit.domain.periods.cycles import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    DatesOutOfOrder,
    FixedDaysCycle,
    Timing,
    billable_through,
    elapsed,
    first_boundary,
    last_boundary,
    spanning,
    whole_periods,
)
from ledgerkit.domain.periods.instants import (
    UnknownZone,
    day_start,
    days_between,
    instant,
    local_date,
)
from ledgerkit.domain.periods.spans import BadPeriod, Period, plain_date
from ledgerkit.domain.periods.timelines import Dated, Timeline

__all__ = [
    "AnniversaryCycle",
    "BadPeriod",
    "CalendarCycle",
    "Cycle",
    "Dated",
    "DatesOutOfOrder",
    "FixedDaysCycle",
    "Period",
    "Timeline",
    "Timing",
    "UnknownZone",
    "billable_through",
    "day_start",
    "days_between",
    "elapsed",
    "first_boundary",
    "instant",
    "last_boundary",
    "local_date",
    "plain_date",
    "spanning",
    "whole_periods",
]
