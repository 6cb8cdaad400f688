"""Usage in memory keeps the contract of `UsageSource`."""

from __future__ import annotations

import pytest

from ledgerkit.adapters.memory import MemoryUsage
from ledgerkit.testing.contracts.usage_source import Source, UsageSourceContract, used


class TestMemoryUsage(UsageSourceContract):
    @pytest.fixture
    def source(self) -> Source:
        """Return usage in memory."""
        return MemoryUsage


def test_events_can_be_added() -> None:
    """What comes later is in the next answer."""
    usage, later = MemoryUsage([used("e-1")]), MemoryUsage([used("e-1"), used("e-2", day=1)])
    usage.add(used("e-2", day=1))

    assert usage._events == later._events
