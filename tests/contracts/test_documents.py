"""The documents in memory keep the contract of `Documents`."""

from __future__ import annotations

import pytest

from ledgerkit.ports.documents import Documents
from ledgerkit.testing.contracts.documents import PDF, DocumentsContract
from ledgerkit.testing.fakes.documents import MemoryDocuments


class TestMemoryDocuments(DocumentsContract):
    @pytest.fixture
    def documents(self) -> Documents:
        """Return an empty store."""
        return MemoryDocuments()


def test_media_types_are_kept() -> None:
    """A test can see what a document was put as; putting it again does not change that."""
    documents = MemoryDocuments()
    documents.put("a", b"x", media_type=PDF)
    documents.put("a", b"x", media_type="text/plain")

    assert {"a": PDF} == documents.media_types
