"""Usage: how much a customer used, as exact quantities; what they cost is for pricing to say.

Events are what happened; a meter aggregates them; a snapshot keeps what it said when a period was
billed, so that what comes later is billed as a difference. (seed 001; spec: billing 4, 6)
Read `quantities`, `events`, `meters`, `snapshots`, `spikes`, `categories`.
"""

from __future__ import annotations

from ledgerkit.domain.usage.categories import CategoryUse, MeterUse, by_category
from ledgerkit.domain.usage.events import EventConflict, UsageEvent, distinct
from ledgerkit.domain.usage.meters import (
    AGGREGATIONS,
    LAST,
    LEVELS,
    MAX,
    MISSING,
    SUM,
    TIME_WEIGHTED,
    UNCHANGED,
    UNIQUE_COUNT,
    Meter,
    Reading,
    aggregate,
    month_to_date,
    readings,
)
from ledgerkit.domain.usage.quantities import (
    Dimensions,
    MissingDimension,
    Quantity,
    differences,
    dimensions,
)
from ledgerkit.domain.usage.snapshots import (
    COUNTED,
    ESTIMATED,
    Billed,
    Corrected,
    Correction,
    NothingCorrected,
    NothingToBill,
    Recounted,
    Snapshot,
    Taken,
    UsageMissing,
    bill,
    correct,
    recount,
    take,
)
from ledgerkit.domain.usage.spikes import SpikePolicy, spike

__all__ = [
    "AGGREGATIONS",
    "COUNTED",
    "ESTIMATED",
    "LAST",
    "LEVELS",
    "MAX",
    "MISSING",
    "SUM",
    "TIME_WEIGHTED",
    "UNCHANGED",
    "UNIQUE_COUNT",
    "Billed",
    "CategoryUse",
    "Corrected",
    "Correction",
    "Dimensions",
    "EventConflict",
    "Meter",
    "MeterUse",
    "MissingDimension",
    "NothingCorrected",
    "NothingToBill",
    "Quantity",
    "Reading",
    "Recounted",
    "Snapshot",
    "SpikePolicy",
    "Taken",
    "UsageEvent",
    "UsageMissing",
    "aggregate",
    "bill",
    "by_category",
    "correct",
    "differences",
    "dimensions",
    "distinct",
    "month_to_date",
    "readings",
    "recount",
    "spike",
    "take",
]
