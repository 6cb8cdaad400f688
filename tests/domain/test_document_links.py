"""Document links: where the printed form of a record is kept, told once and never moved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Stale
from ledgerkit.domain.document_links import DocumentLink, link, link_id

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_a_link_is_a_record_of_its_own() -> None:
    """The record it prints is not touched. (seed 000: linked to the billing record)"""
    changes = link("inv_1", party="ana", key="invoices/INV-1.pdf", at=NOON)

    assert (
        DocumentLink(id=link_id("inv_1"), of="inv_1", party="ana", key="invoices/INV-1.pdf"),
    ) == changes.records
    assert "application/pdf" == DocumentLink(id="d", of="inv_1", party="ana", key="k").media_type
    assert () == changes.expects
    assert ("documents", "printed inv_1") == (changes.actor, changes.reason)


def test_links_of_two_records_differ() -> None:
    """Each record has one link, whoever it is for."""
    assert link_id("inv_1") != link_id("inv_2")
    assert link_id("inv_1") == link("inv_1", party="ben", key="b", at=NOON).records[0].id


def test_linked_again_is_the_same() -> None:
    """Printed again after a crash it is linked once, with the instant of the first time."""
    store = MemoryStore()
    store.commit(link("inv_1", party="ana", key="invoices/INV-1.pdf", at=NOON))
    again = store.commit(link("inv_1", party="ana", key="invoices/INV-1.pdf", at=LATER))
    (version,) = store.history(DocumentLink, link_id("inv_1"))

    assert again.replayed
    assert NOON == version.at


def test_a_document_is_not_moved() -> None:
    """Another key for a record that is linked is refused."""
    store = MemoryStore()
    store.commit(link("inv_1", party="ana", key="invoices/INV-1.pdf", at=NOON))

    with pytest.raises(Stale, match="is at version 1, the decision was based on 0"):
        store.commit(link("inv_1", party="ana", key="invoices/other.pdf", at=NOON))
    assert ["ana"] == [v.record.party for v in store.find(DocumentLink, party="ana").items]
