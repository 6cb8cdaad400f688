"""Schema: records as JSON and back, strictly, with a version on every document.

A stored document is an envelope `{"schema": "invoice/1", "data": {...}}`. Reading refuses what it
does not know (unknown fields, 1.9 for 1, "12" for 12) and lifts older versions one step at a time.
Whole numbers are text, since JSON readers elsewhere lose digits above 2**53. (spec: ledger 1)
"""

from __future__ import annotations

from ledgerkit.schema.envelopes import BadDocument, dump, dump_value, load, load_value
from ledgerkit.schema.kinds import (
    BY_NAME,
    KINDS,
    UPCASTS,
    Index,
    Kind,
    UnknownKind,
    index_of,
    kind_of,
)

__all__ = [
    "BY_NAME",
    "KINDS",
    "UPCASTS",
    "BadDocument",
    "Index",
    "Kind",
    "UnknownKind",
    "dump",
    "dump_value",
    "index_of",
    "kind_of",
    "load",
    "load_value",
]
