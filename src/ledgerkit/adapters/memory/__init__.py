"""Memory store: everything a store does, in dictionaries, for tests, scripts and previews.

`MemoryUsage` is a usage source over a list of events.
"""

from __future__ import annotations

from ledgerkit.adapters.memory.store import MemoryStore
from ledgerkit.adapters.memory.usage import MemoryUsage

__all__ = ["MemoryStore", "MemoryUsage"]
