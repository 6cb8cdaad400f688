"""A snapshot shows everything, and its laws can be broken one by one."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import BatchRefused, Draw, Expect, Number, Series, Stale
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Balance, Wallet
from ledgerkit.testing.books import Snapshot, books, broken_laws, difference, facts_of
from ledgerkit.testing.samples import OCTOBER, changes, hour, invoice, party, transfer
from ledgerkit.testing.strategies import changes as random_changes

SERIES = Series("INV", "{n}")


def filled() -> MemoryStore:
    """Return a store with some of everything."""
    store = MemoryStore()
    journals = transfer("j-1", "a", "b", 5, at=hour(1)), transfer("j-2", "a", "b", 2)
    store.commit(
        changes(
            "k-1",
            at=hour(1),
            opens=(Wallet("a"), Wallet("b")),
            journals=journals,
            records=(invoice("i-1"), invoice("i-2"), party("c-1")),
            draws=(Draw("i-2", SERIES, OCTOBER), Draw("i-1", SERIES, OCTOBER)),
        )
    )
    expects = (Expect(Invoice, "i-1", 1),)
    store.commit(changes("k-2", records=(invoice("i-1", minor=7),), expects=expects))
    return store


@pytest.mark.parametrize("page", [1, 2, 500])
def test_a_snapshot_shows_everything(page: int) -> None:
    """Wallets, balances, journals, both statements, histories and numbers, through all pages."""
    shown = books(filled(), page=page)

    assert ["a", "b"] == [wallet.id for wallet in shown.wallets]
    assert ((("a", "EUR"), Balance(-7)), (("b", "EUR"), Balance(7))) == shown.balances
    assert ["j-1", "j-2"] == [posted.journal.id for posted in shown.journals]
    assert ["j-1", "j-2"] == [line.journal for line in shown.statements[0].recorded]
    assert ["j-2", "j-1"] == [line.journal for line in shown.statements[0].by_effect]
    assert [("i-1", 2), ("i-2", 1), ("c-1", 1)] == [
        (history[-1].record.id, len(history)) for history in shown.records
    ]
    assert [1, 2] == [number.n for number in shown.numbers]
    assert () == broken_laws(shown)


def broken(shown: Snapshot, **fields: Any) -> tuple[str, ...]:
    """Return the laws that *shown* breaks when *fields* of it are others."""
    return broken_laws(attrs.evolve(shown, **fields))


def test_every_law_can_be_broken() -> None:
    """Each law sees what is wrong, and says so in a sentence."""
    shown = books(filled())
    one, two = shown.balances
    off = (one, (two[0], Balance(8)))
    statement = shown.statements[0]
    cut = attrs.evolve(statement, recorded=statement.recorded[:1])
    late = attrs.evolve(shown.journals[1], sequence=3)
    skipped = attrs.evolve(shown.records[0][1], version=3)
    gap = Number("INV", 4, "4", "i-9")

    assert "a currency does not sum to zero" in broken(shown, balances=off)
    assert "a balance is not the sum of its entries" in broken(shown, balances=())
    assert ("a statement does not end in its balance",) == broken(
        shown, statements=(cut, shown.statements[1])
    )
    assert ("journals are not numbered from 1",) == broken(
        shown, journals=(shown.journals[0], late)
    )
    assert ("versions have a gap",) == broken(shown, records=((shown.records[0][0], skipped),))
    assert ("numbers have a gap",) == broken(shown, numbers=(*shown.numbers, gap))
    assert ("numbers have a gap",) == broken(shown, numbers=shown.numbers[:1] * 2)


def test_a_difference_names_its_fields() -> None:
    """What is the same is left out; values of different kinds are shown whole."""
    assert "sum is 2, not 1" == difference(Pair(1, "x"), Pair(2, "x")).replace("left", "sum")
    assert "2, not 1" == difference(1, 2)
    assert "2, not Pair(left=1, right='x')" == difference(Pair(1, "x"), 2)


@attrs.frozen
class Pair:
    """Two values."""

    left: int
    right: str


def test_facts_make_errors_comparable() -> None:
    """Errors with the same facts are the same, also inside of others; others differ."""
    batch = BatchRefused(1, "k", Stale("party", "c-1", 0, 1))

    assert facts_of(batch) == facts_of(BatchRefused(1, "k", Stale("party", "c-1", 0, 1)))
    assert facts_of(batch) != facts_of(BatchRefused(1, "k", Stale("party", "c-1", 0, 2)))
    assert (KeyError,) == facts_of(KeyError("a"))


@given(st.lists(random_changes(), max_size=5))
def test_random_changes_keep_the_laws(many: list[Any]) -> None:
    """Whatever is committed or refused, the laws hold."""
    store = MemoryStore()
    for each in many:
        before = books(store)
        try:
            store.commit(each)
        except LedgerkitError:
            assert before == books(store)

    assert () == broken_laws(books(store))
