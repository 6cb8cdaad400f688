"""Books edited behind the store's back, by somebody whom no trigger stops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ledgerkit.adapters.sql import SqlStore, create_engine
from ledgerkit.adapters.system_clock import SystemClock
from ledgerkit.domain.changes import Draw, Expect, Series
from ledgerkit.domain.ledger import Limit, Wallet
from ledgerkit.domain.parties import Party
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.verification import verify
from ledgerkit.testing.samples import OCTOBER, changes, hold, hour, invoice, party, transfer
from tests.migrated import migrated

pytest_plugins = ("tests.plugins.postgres",)


def fill(store: SqlStore) -> None:
    """Write something of everything."""
    store.commit(
        changes(
            "k-1",
            opens=(Wallet("a", (Limit("EUR", -9),)), Wallet("b")),
            journals=(transfer("j-1", "a", "b", 5, metadata=(("why", "so"),)),),
            records=(party("p-1"), invoice("i-1")),
            draws=(Draw("i-1", Series("INV"), OCTOBER),),
        )
    )
    renamed = (party("p-1", "Eve"),)
    store.commit(changes("k-2", records=renamed, expects=(Expect(Party, "p-1", 1),)))
    store.commit(changes("k-3", at=hour(1), closes_before=hour(0)))
    held = hold("h-1", "a", "b", 4, multi=True), hold("h-2", "b", "a", 2, multi=True)
    store.commit(changes("k-4", holds=held))
    store.commit(changes("k-5", journals=(transfer("j-2", "a", "b", 1, captures="h-1"),)))
    store.commit(changes("k-6", releases=("h-2",)))


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def filled(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return books of this module with something of everything."""
    if request.param == "sqlite":
        engine = migrated()
    else:
        engine = create_engine(str(request.getfixturevalue("postgres_url")))
    fill(SqlStore(engine))
    yield engine
    engine.dispose()


@pytest.fixture
def books(filled: Engine) -> Iterator[Connection]:
    """Return these books in a transaction, which ends as if nothing had been written."""
    with filled.connect() as connection:
        yield connection
        connection.rollback()


def edit(connection: Connection, statement: str) -> None:
    """Do *statement* with all triggers out of the way, and put them back."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET session_replication_role = replica"))
        connection.execute(sa.text(statement))
        connection.execute(sa.text("SET session_replication_role = DEFAULT"))
        return
    found = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = connection.execute(sa.text(found)).all()
    for name, _ in triggers:
        connection.execute(sa.text(f"DROP TRIGGER {name}"))
    connection.execute(sa.text(statement))
    for _, made_by in triggers:
        connection.execute(sa.text(made_by))


NEWEST = "UPDATE ledgerkit_record_versions SET document"


@pytest.mark.parametrize(
    ("statement", "code", "subject"),
    [
        ("DELETE FROM ledgerkit_records WHERE kind = 'invoice'", "versions_differ", "i-1"),
        ("DELETE FROM ledgerkit_record_versions WHERE id = 'i-1'", "versions_differ", "i-1"),
        ("DELETE FROM ledgerkit_record_versions WHERE version = 2", "versions_differ", "p-1"),
        ("UPDATE ledgerkit_records SET version = 1 WHERE id = 'p-1'", "versions_differ", "p-1"),
        ("UPDATE ledgerkit_records SET number = 'X' WHERE id = 'i-1'", "index_differs", "i-1"),
        ("UPDATE ledgerkit_records SET party = 'X' WHERE id = 'p-1'", "index_differs", "p-1"),
        (f"{NEWEST} = '[]' WHERE id = 'p-1' AND version = 1", "record_unreadable", "p-1"),
        (f"{NEWEST} = replace(document, 'i-1', 'i-2')", "record_differs", "i-1"),
        ("UPDATE ledgerkit_record_versions SET kind = 'lost'", "record_unreadable", "i-1"),
        ("UPDATE ledgerkit_balances SET floor = -10 WHERE floor = -9", "limit_differs", "a EUR"),
        ("UPDATE ledgerkit_balances SET limited = 0", "limit_differs", "a EUR"),
        ("UPDATE ledgerkit_balances SET ceiling = 9 WHERE floor IS NULL", "limit_differs", "b EUR"),
        ("UPDATE ledgerkit_wallets SET policy = '{}' WHERE address = 'b'", "policy_differs", "b"),
        ("UPDATE ledgerkit_wallets SET policy = '{}'", "policy_unreadable", "a"),
        ("UPDATE ledgerkit_wallets SET address = 'c' WHERE address = 'b'", "policy_differs", "c"),
        ("UPDATE ledgerkit_balances SET held_out = 4 WHERE limited = 1", "held_differs", "a EUR"),
        ("UPDATE ledgerkit_balances SET held_in = 3 WHERE limited = 0", "held_differs", "b EUR"),
        ("UPDATE ledgerkit_held SET amount = 4", "hold_differs", "h-1"),
        ("DELETE FROM ledgerkit_held", "hold_differs", "h-1"),
        ("DELETE FROM ledgerkit_hold_ends", "hold_differs", "h-2"),
        (
            "UPDATE ledgerkit_hold_legs SET amount = amount / 4 WHERE abs(amount) = 4",
            "hold_differs",
            "h-1",
        ),
        (
            "UPDATE ledgerkit_entries SET amount = amount * 9 WHERE abs(amount) = 1",
            "capture_exceeds_hold",
            "h-1",
        ),
        ("DELETE FROM ledgerkit_holds", "hold_differs", "number 1"),
        ("DELETE FROM ledgerkit_commits WHERE key = 'k-4'", "commit_missing", "h-1"),
        ("DELETE FROM ledgerkit_commits WHERE key = 'k-6'", "commit_missing", "h-2"),
        ("DELETE FROM ledgerkit_policies", "policy_differs", "a"),
        ("DELETE FROM ledgerkit_commits WHERE key = 'k-1'", "commit_missing", "j-1"),
        ("DELETE FROM ledgerkit_commits WHERE key = 'k-1'", "commit_missing", "INV-00001"),
        ("DELETE FROM ledgerkit_commits WHERE key = 'k-1'", "commit_missing", "a"),
        ("DELETE FROM ledgerkit_commits WHERE key = 'k-2'", "commit_missing", "p-1"),
        ("DELETE FROM ledgerkit_commits WHERE key = 'k-3'", "commit_missing", "books"),
        ("UPDATE ledgerkit_commits SET request = 'x'", "commit_unreadable", "k-1"),
        ("UPDATE ledgerkit_tenants SET closed_before = NULL", "closing_differs", "books"),
        ("UPDATE ledgerkit_commits SET at = at + 1", "recorded_differs", "j-1"),
        (
            "UPDATE ledgerkit_journals SET effective_at = effective_at + 1",
            "counts_in_future",
            "j-1",
        ),
        ("UPDATE ledgerkit_journals SET metadata = '{'", "journal_unreadable", "j-1"),
        ("UPDATE ledgerkit_numbers SET n = 9", "counter_differs", "INV"),
        ("UPDATE ledgerkit_counters SET last = 0", "counter_differs", "INV"),
        ("DELETE FROM ledgerkit_counters", "counter_differs", "INV"),
        ("DELETE FROM ledgerkit_numbers", "counter_differs", "INV"),
    ],
)
def test_what_was_edited_is_named(
    books: Connection, statement: str, code: str, subject: str
) -> None:
    """A row that is missing, edited or unreadable is named, and verifying goes on to the end."""
    edit(books, statement)
    store = SqlStore(books)
    found = run(verify(), Host(store=store, clock=SystemClock())).problems

    assert (code, subject) in {(problem.code, problem.subject) for problem in store.problems()}
    assert {*store.problems()} <= {*found}


def test_entries_without_their_journal_are_named(books: Connection) -> None:
    """Both legs, by the wallet they stand on; to another tenant they are no problem."""
    edit(books, "DELETE FROM ledgerkit_journals")
    found = [p for p in SqlStore(books).problems() if p.code == "entry_without_journal"]

    assert ["a", "b"] * 2 == [problem.reason.split()[3] for problem in found]
    assert () == SqlStore(books, tenant="another").problems()


def test_triggers_that_are_gone_are_named(books: Connection) -> None:
    """One that was dropped; in PostgreSQL also one that was switched off."""
    name, table = "ledgerkit_entries_delete", "ledgerkit_entries"
    statement = f"DROP TRIGGER {name}"
    if books.dialect.name == "postgresql":
        name = "ledgerkit_entries_grows"
        statement = f"ALTER TABLE {table} DISABLE TRIGGER {name}"
    books.execute(sa.text(statement))
    (problem,) = SqlStore(books).problems()

    assert ("trigger_missing", "triggers") == (problem.code, problem.subject)
    assert problem.reason.endswith(f"by {name}")


@pytest.mark.postgres
def test_a_journal_that_nobody_numbers_is_named(fresh_postgres_url: str) -> None:
    """It would be read by nobody, though its entries count."""
    engine = create_engine(fresh_postgres_url)
    store = SqlStore(engine)
    moved = (transfer("j-1", "a", "b", 5),)
    store.commit(changes("k", opens=(Wallet("a"), Wallet("b")), journals=moved))
    with engine.begin() as connection:
        edit(connection, "DELETE FROM ledgerkit_unplaced")

    assert ["journal_without_place"] == [problem.code for problem in store.problems()]
    engine.dispose()
