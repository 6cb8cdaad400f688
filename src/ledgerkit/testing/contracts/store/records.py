"""Records contract: promises 1 to 3 of a store."""

from __future__ import annotations

from datetime import date

import attrs
import pytest

from ledgerkit.domain.changes import Expect, Version, Versioned
from ledgerkit.domain.invoices import DRAFT, ISSUED, Invoice
from ledgerkit.domain.parties import Party
from ledgerkit.ports.store import Store
from ledgerkit.schema import UnknownKind, index_of
from ledgerkit.testing.samples import changes, hour, invoice, party


@attrs.frozen
class Stranger:
    """A record of a kind that has no schema."""

    id: str


class RecordsContract:
    """Versioned records: load, find and history."""

    def test_1_load_returns_the_newest_version(self, store: Store) -> None:
        """Each commit of a record counts its version up, and the newest is returned."""
        store.commit(changes("k-1", records=(party("c-1", "Ada"),)))
        first = store.load(Party, "c-1")
        expects = (Expect(Party, "c-1", 1),)
        store.commit(changes("k-2", records=(party("c-1", "Eve"),), expects=expects))

        assert Versioned(party("c-1", "Ada"), 1) == first
        assert Versioned(party("c-1", "Eve"), 2) == store.load(Party, "c-1")

    def test_1_load_returns_none_for_what_was_never_stored(self, store: Store) -> None:
        """An unknown id is no error, and an id is known within its kind only."""
        store.commit(changes("k-1", records=(party("c-1"),)))

        assert None is store.load(Party, "c-2")
        assert None is store.load(Invoice, "c-1")

    def test_1_records_come_back_as_they_were_stored(self, store: Store) -> None:
        """Text in any script, dates, exact fractions and big amounts survive."""
        name = "Çelik 'O\"Neill' \\ 王 🎓"
        stored = party("c-1", name, address=("Calle 1", ""), tax_id="ES-1")
        billed = invoice("inv-1", minor=10**30, status=ISSUED, issued_on=date(2024, 2, 29))
        store.commit(changes("k-1", records=(stored, billed)))

        assert Versioned(stored, 1) == store.load(Party, "c-1")
        assert Versioned(billed, 1) == store.load(Invoice, "inv-1")

    def test_1_kinds_without_a_schema_are_refused(self, store: Store) -> None:
        """A record that nobody could read back is neither stored nor looked for."""
        with pytest.raises(UnknownKind):
            store.commit(changes("k-1", records=(Stranger("s-1"),)))
        with pytest.raises(UnknownKind):
            store.load(Stranger, "s-1")
        with pytest.raises(UnknownKind):
            store.find(Stranger)
        with pytest.raises(UnknownKind):
            store.history(Stranger, "s-1")

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 500])
    def test_2_pages_hold_each_match_once_by_id(self, store: Store, limit: int) -> None:
        """The pages together are all records, by id in code point order, whatever their size."""
        ids = ["a", "B", "c-10", "c-2", "é", "z", "ß"]
        store.commit(changes("k-1", records=tuple(invoice(id) for id in ids)))
        found: list[str] = []
        page = store.find(Invoice, limit=limit)
        sizes = [len(page.items)]
        found += (each.record.id for each in page.items)
        while page.next is not None:
            after = page.next
            assert isinstance(after, str)
            page = store.find(Invoice, after=after, limit=limit)
            assert page.next != after
            sizes.append(len(page.items))
            found += (each.record.id for each in page.items)

        assert ["B", "a", "c-10", "c-2", "z", "ß", "é"] == found
        assert 0 < min(sizes) <= max(sizes) <= limit

    def test_2_find_filters_by_party_and_status(self, store: Store) -> None:
        """A filter that is given must match; together they must all match."""
        stored = (
            invoice("i-1", customer="c-1"),
            invoice("i-2", customer="c-1", status=ISSUED),
            invoice("i-3", customer="c-2", status=ISSUED),
        )
        store.commit(changes("k-1", records=stored))

        assert ["i-1", "i-2"] == _found(store, party="c-1")
        assert ["i-2", "i-3"] == _found(store, status=ISSUED)
        assert ["i-2"] == _found(store, party="c-1", status=ISSUED)
        assert [] == _found(store, party="c-3")
        assert ["i-3"] == _found(store, status=ISSUED, after="i-2", limit=1)

    def test_2_find_filters_by_date_half_open(self, store: Store) -> None:
        """A record dated `since` is found, one dated `until` is not, one without a date neither."""
        stored = tuple(
            invoice(f"i-{day}", status=ISSUED, issued_on=date(2026, 10, day)) for day in (1, 2, 3)
        )
        store.commit(changes("k-1", records=(*stored, party("c-1"))))
        dates = [index_of(each).on for each in stored]
        found = store.find(Invoice, since=dates[1], until=dates[2])

        assert [stored[1]] == [each.record for each in found.items]
        assert ["i-2", "i-3"] == _found(store, since=dates[1])
        assert ["i-1"] == _found(store, until=dates[1])
        assert () == store.find(Party, since=date(2000, 1, 1)).items
        assert () == store.find(Party, until=date(2100, 1, 1)).items

    def test_2_find_sees_newest_versions_only(self, store: Store) -> None:
        """A record is filtered by what it has become, and found once."""
        store.commit(changes("k-1", records=(invoice("i-1"),)))
        issued = invoice("i-1", status=ISSUED, issued_on=date(2026, 10, 1))
        store.commit(changes("k-2", records=(issued,), expects=(Expect(Invoice, "i-1", 1),)))

        assert (Versioned(issued, 2),) == store.find(Invoice, status=ISSUED).items
        assert () == store.find(Invoice, status=DRAFT).items

    @pytest.mark.parametrize("limit", [0, -1])
    def test_2_a_limit_below_one_is_refused(self, store: Store, limit: int) -> None:
        """Nothing can be paged through by nothing at a time. (spec: ledger 10)"""
        with pytest.raises(ValueError, match="limit"):
            store.find(Party, limit=limit)

    def test_3_history_returns_all_versions_oldest_first(self, store: Store) -> None:
        """Who, why and when stand beside each version, with the key that stored it."""
        old, new = party("c-1", "Ada"), party("c-1", "Eve")
        store.commit(changes("k-1", records=(old,)))
        store.commit(
            attrs.evolve(
                changes("k-2", records=(new,), expects=(Expect(Party, "c-1", 1),)),
                actor="eve",
                reason="married",
                at=hour(1),
            )
        )

        assert (
            Version(old, 1, "k-1", "tester", "a test", hour(0)),
            Version(new, 2, "k-2", "eve", "married", hour(1)),
        ) == store.history(Party, "c-1")
        assert () == store.history(Party, "c-2")


def _found(
    store: Store,
    *,
    party: str | None = None,
    status: str | None = None,
    since: date | None = None,
    until: date | None = None,
    after: str | None = None,
    limit: int = 500,
) -> list[str]:
    page = store.find(
        Invoice, party=party, status=status, since=since, until=until, after=after, limit=limit
    )
    return [each.record.id for each in page.items]
