"""Contracts: a pytest class per port, whose tests carry the numbers of the port's promises.

An adapter proves itself by a subclass in its own tests that overrides the fixtures::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self) -> Store:
            return MyStore()
"""

from __future__ import annotations

import pytest

# So that a failing promise shows both of its sides, like an assert in a test file.
for _port in ("clock", "documents", "gateway", "notifier", "renderer", "store", "usage_source"):
    pytest.register_assert_rewrite(f"{__name__}.{_port}")
