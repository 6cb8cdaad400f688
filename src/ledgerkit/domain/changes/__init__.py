"""Changes: all that one decision stores, as one frozen value.

A store commits it whole, once per key, on the versions it was decided on; a preview is a decision
that nobody committed. The history of every record is the list of changes that touched it.
(design: decide, then commit; spec: billing 0.8, ledger 3)
"""

from __future__ import annotations

from ledgerkit.domain.changes.commits import (
    BatchRefused,
    Changes,
    Committed,
    KeyReused,
    Stale,
    UnknownPolicy,
)
from ledgerkit.domain.changes.numbering import (
    MONTH,
    NEVER,
    YEAR,
    Draw,
    Number,
    Series,
)
from ledgerkit.domain.changes.plans import (
    Decision,
    Effects,
    Plan,
    Skipped,
    changes_of,
    skipped,
)
from ledgerkit.domain.changes.records import (
    Expect,
    Record,
    Version,
    Versioned,
    expect,
)
from ledgerkit.domain.changes.requests import (
    Request,
    request,
)

__all__ = [
    "MONTH",
    "NEVER",
    "YEAR",
    "BatchRefused",
    "Changes",
    "Committed",
    "Decision",
    "Draw",
    "Effects",
    "Expect",
    "KeyReused",
    "Number",
    "Plan",
    "Record",
    "Request",
    "Series",
    "Skipped",
    "Stale",
    "UnknownPolicy",
    "Version",
    "Versioned",
    "changes_of",
    "expect",
    "request",
    "skipped",
]
