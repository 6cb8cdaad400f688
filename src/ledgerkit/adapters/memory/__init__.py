"""Memory store: everything a store does, in dictionaries, for tests, scripts and previews."""

from __future__ import annotations

from ledgerkit.adapters.memory.store import MemoryStore

__all__ = ["MemoryStore"]
