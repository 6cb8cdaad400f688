"""Completion: work that was done, such as a flight or a lesson, charged at once to all its parties.

Rate cards and the rental of the equipment say what the customer is charged and what supplier and
owner earn; the business takes the complement. One journal posts it, whoever takes part. Read
`records`, `completing`. (seed 002; spec: billing 5a, 9)
"""

from __future__ import annotations

from ledgerkit.domain.completions.completing import (
    Completed,
    NotCounted,
    SupplierNeeded,
    belate,
    complete,
    rated_anew,
    request_of,
    transfer,
)
from ledgerkit.domain.completions.records import (
    CUSTOMER,
    OWNER,
    SUPPLIER,
    Completion,
    CompletionLine,
    Work,
    WorkQuantity,
    quantities_of,
    written,
)

__all__ = [
    "CUSTOMER",
    "OWNER",
    "SUPPLIER",
    "Completed",
    "Completion",
    "CompletionLine",
    "NotCounted",
    "SupplierNeeded",
    "Work",
    "WorkQuantity",
    "belate",
    "complete",
    "quantities_of",
    "rated_anew",
    "request_of",
    "transfer",
    "written",
]
