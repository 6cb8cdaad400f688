"""Strategies give values that are well formed, and meet each other often enough."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Changes
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Entry, Journal, Wallet
from ledgerkit.schema import dump, dump_value, load, load_value
from ledgerkit.testing import strategies as of
from ledgerkit.testing.samples import NOON


@given(of.entries())
def test_entries_make_a_journal(entries: tuple[Entry, ...]) -> None:
    """They balance, move something and stay within their bound, so a journal takes them."""
    journal = Journal(id="j", kind="test", entries=entries, effective_at=NOON)

    assert 1 <= max(abs(entry.amount.minor) for entry in journal.entries) <= 100


@given(of.journals(st.just("j")))
def test_journals_can_be_stored(journal: Journal) -> None:
    """What a strategy gives, the schema writes and reads back."""
    assert journal == load_value("journal", dump_value("journal", journal), Journal)


@given(of.wallets())
def test_wallets_can_be_stored(wallet: Wallet) -> None:
    """What a strategy gives, the schema writes and reads back."""
    assert wallet == load_value("wallet", dump_value("wallet", wallet), Wallet)


@given(of.parties() | of.invoices())
def test_records_can_be_stored(record: object) -> None:
    """What a strategy gives, the schema writes and reads back."""
    assert record == load(type(record), dump(record))  # type: ignore[arg-type,type-var]


@pytest.mark.parametrize("refused", [True, False])
def test_changes_are_taken_and_refused(refused: bool) -> None:
    """Both happen: changes that always passed or never did would prove little."""

    def refuses(changes: Changes) -> bool:
        try:
            MemoryStore().commit(changes)
        except LedgerkitError:
            return True
        return False

    found = find(
        of.changes(),
        lambda changes: bool(changes.journals) and refused is refuses(changes),
        settings=settings(max_examples=200, phases=[Phase.generate]),
    )

    assert refused is refuses(found)
