"""Many writers at once on PostgreSQL, inside transactions of their own and of hosts."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from ledgerkit.adapters.sql import ConflictRetry, SqlStore, create_engine
from ledgerkit.domain.changes import BatchRefused, Changes, Draw, Expect, Series, Stale
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import (
    AlreadyReversed,
    Condition,
    ConditionFailed,
    Event,
    EventAlreadyPosted,
    InsufficientFunds,
    Limit,
    PeriodClosed,
    Wallet,
    balances_of,
    reverse,
    trial_balance,
)
from ledgerkit.domain.money import Money
from ledgerkit.testing.samples import NOON, OCTOBER, changes, hour, invoice, transfer
from tests.adapters.sql.writers import WRITERS, at_once

pytest_plugins = ("tests.plugins.postgres",)
pytestmark = pytest.mark.postgres


@pytest.fixture
def engine(fresh_postgres_url: str) -> Iterator[Engine]:
    """Return empty books on a server, for many connections."""
    engine = create_engine(fresh_postgres_url, pool_size=WRITERS + 2)
    yield engine
    engine.dispose()


def check_books(engine: Engine) -> None:
    """Balances are the sums of entries, all journals are numbered, and everything sums to zero."""
    store = SqlStore(engine)
    posted = store.journals(limit=100_000).items
    sums = {key: minor for key, minor in balances_of(posted).items() if minor != 0}
    assert [n + 1 for n in range(len(posted))] == [each.sequence for each in posted]
    assert sums == {key: held.posted for key, held in store.balances().items()}
    assert all(side.difference == 0 for side in trial_balance(sums))


def spend(key: str, minor: int = 7, **fields: Any) -> Changes:
    """Return a purchase of *minor* from the purse."""
    return changes(key, journals=(transfer(key, "purse", "shop", minor, **fields),))


def filled(engine: Engine, minor: int) -> SqlStore:
    """Return a store with a purse that holds *minor* and may not go below zero."""
    store = SqlStore(engine)
    opens = Wallet("bank"), Wallet("shop"), Wallet("purse", (Limit("EUR", 0),))
    store.commit(changes("fill", opens=opens, journals=(transfer("f", "bank", "purse", minor),)))
    return store


@pytest.mark.parametrize("batch", [1, 3, 30])
def test_nobody_overdraws(engine: Engine, batch: int) -> None:
    """150.00 pay for 21 purchases of 7.00, however many try; single, in batches, in big ones."""
    filled(engine, 15_000)

    def work(writer: int) -> int:
        store, done = SqlStore(engine), 0
        for n in range(0, 30, batch):
            many = [spend(f"{writer}/{m}", 700) for m in range(n, n + batch)]
            try:
                done += len(store.commit_all(many) if batch > 1 else [store.commit(many[0])])
            except InsufficientFunds:
                assert batch == 1
            except BatchRefused as error:
                assert isinstance(error.cause, InsufficientFunds)
        return done

    bought = sum(at_once(work))
    left = SqlStore(engine).balance("purse", "EUR").posted

    assert 15_000 - 700 * bought == left
    assert 0 <= left < 700 * batch
    check_books(engine)


def test_nobody_overdraws_inside_host_transactions(engine: Engine) -> None:
    """Floors hold at each isolation level; stricter hosts are asked to run again."""
    filled(engine, 10_000)

    def work(writer: int) -> int:
        level = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"][writer % 3]
        host = engine.execution_options(isolation_level=level)
        done = 0
        for n in range(20):
            for _ in range(200):
                try:
                    with host.begin() as connection:
                        SqlStore(connection).commit(spend(f"{writer}/{n}", 700))
                    done += 1
                except InsufficientFunds:
                    pass
                except ConflictRetry:
                    continue
                break
        return done

    bought = sum(at_once(work))

    assert 14 == bought
    assert 10_000 - 14 * 700 == SqlStore(engine).balance("purse", "EUR").posted
    check_books(engine)


def test_a_key_is_committed_once(engine: Engine) -> None:
    """Eight writers with the same keys: one stores each, the others replay it."""
    filled(engine, 10_000)
    keys = [f"k-{n}" for n in range(20)]

    def work(writer: int) -> Counter[bool]:
        store = SqlStore(engine)
        order = random.Random(writer).sample(keys, len(keys))
        single = [store.commit(spend(key)) for key in order[:10]]
        return Counter(c.replayed for c in (*single, *store.commit_all([spend(k) for k in order])))

    done = sum(at_once(work), Counter[bool]())

    assert {False: 20, True: WRITERS * 30 - 20} == done
    check_books(engine)


def test_an_event_is_booked_once(engine: Engine) -> None:
    """Eight writers charge the same flights under keys of their own."""
    filled(engine, 100_000)

    def work(writer: int) -> int:
        store, done = SqlStore(engine), 0
        for n in range(20):
            try:
                store.commit(spend(f"{writer}/{n}", event=Event("flight", str(n))))
                done += 1
            except EventAlreadyPosted as error:
                assert Event("flight", str(n)) == error.event
        return done

    assert 20 == sum(at_once(work))
    check_books(engine)


def test_numbers_have_no_gaps(engine: Engine) -> None:
    """One transaction in five rolls back, and no number is missing or drawn twice."""
    filled(engine, 1)
    series = Series("INV", "{series}-{n:5}")

    def work(writer: int) -> list[str]:
        chance, drawn = random.Random(writer), []
        for n in range(15):
            id = f"i-{writer}-{n}"
            wanted = changes(id, records=(invoice(id),), draws=(Draw(id, series, OCTOBER),))
            with engine.connect() as connection:
                committed = SqlStore(connection).commit(wanted)
                if chance.random() < 0.2:
                    connection.rollback()
                else:
                    connection.commit()
                    drawn.append(str(committed.number_of(id)))
        return drawn

    drawn = sorted(number for numbers in at_once(work) for number in numbers)

    assert 60 < len(drawn) < 120
    assert [f"INV-{n + 1:05}" for n in range(len(drawn))] == drawn
    assert drawn == [number.text for number in SqlStore(engine).numbers("INV")]


def test_a_record_moves_once_per_version(engine: Engine) -> None:
    """Of eight decisions on one version one is stored, the others are stale."""
    store = SqlStore(engine)
    store.commit(changes("new", records=(invoice("i-1"),)))

    def work(writer: int) -> int:
        mine, done = SqlStore(engine), 0
        for version in range(1, 11):
            try:
                expects = (Expect(Invoice, "i-1", version),)
                mine.commit(
                    changes(f"{writer}/{version}", records=(invoice("i-1"),), expects=expects)
                )
                done += 1
            except Stale as error:
                assert version == error.expected
        return done

    moved = sum(at_once(work))

    assert moved + 1 == len(store.history(Invoice, "i-1"))
    assert list(range(1, moved + 2)) == [v.version for v in store.history(Invoice, "i-1")]


def test_what_was_only_read_stays_until_the_commit(engine: Engine) -> None:
    """A decision that nothing exists, and one that it does, cannot both be stored."""
    store = SqlStore(engine)

    def work(writer: int) -> str:
        id = f"i-{writer // 2}"
        record = invoice(id) if writer % 2 else invoice(f"other-{writer}")
        expects = () if writer % 2 else (Expect(Invoice, id, 0),)
        try:
            SqlStore(engine).commit(changes(f"w-{writer}", records=(record,), expects=expects))
        except Stale:
            return "stale"
        return "stored"

    said = at_once(work)

    assert ["stored"] * 4 == said[1::2]
    for pair in range(4):
        history = store.history(Invoice, f"i-{pair}")
        assert 1 == len(history)
        assert 1 == history[0].version


def test_limits_bind_while_others_post(engine: Engine) -> None:
    """A wallet in use gets a floor: what was posted counts, and from then on the floor holds."""
    store = SqlStore(engine)
    opens = Wallet("bank"), Wallet("shop"), Wallet("purse")
    store.commit(changes("o", opens=opens, journals=(transfer("f", "bank", "purse", 30_000),)))

    def work(writer: int) -> int:
        mine, limited_at = SqlStore(engine), 0
        for n in range(40):
            try:
                if writer == 0 and n == 4:
                    limited = Wallet("purse", (Limit("EUR", 0),))
                    mine.commit(changes("limit", policies=(limited,)))
                    limited_at = mine.balance("purse", "EUR").posted
                mine.commit(spend(f"{writer}/{n}", 700))
            except InsufficientFunds:
                continue
        return limited_at

    limited_at = sum(at_once(work))
    left = store.balance("purse", "EUR").posted

    assert left == limited_at if limited_at < 0 else 0 <= left < 700
    check_books(engine)


def test_a_bound_on_a_wallet_without_limits_holds(engine: Engine) -> None:
    """A condition is judged while nobody else posts, also where balances are deltas."""
    store = SqlStore(engine)
    opens = Wallet("bank"), Wallet("shop"), Wallet("purse")
    store.commit(changes("o", opens=opens, journals=(transfer("f", "bank", "purse", 1000),)))
    covered = (Condition("purse", at_least=Money(100, "EUR")),)

    def work(writer: int) -> int:
        mine, done = SqlStore(engine), 0
        for n in range(5):
            try:
                mine.commit(spend(f"{writer}/{n}", 100, requires=covered))
                done += 1
            except ConditionFailed:
                continue
        return done

    assert 10 == sum(at_once(work))
    assert 0 == store.balance("purse", "EUR").posted
    check_books(engine)


def test_a_journal_is_reversed_once(engine: Engine) -> None:
    """Eight writers reverse the same journals; each is undone once."""
    store = filled(engine, 10_000)
    sold = [transfer(f"s-{n}", "purse", "shop", 7) for n in range(5)]
    store.commit(changes("sold", journals=tuple(sold)))

    def work(writer: int) -> int:
        mine, done = SqlStore(engine), 0
        for journal in sold:
            undo = reverse(journal, id=f"{journal.id}/{writer}", at=NOON)
            try:
                mine.commit(changes(undo.id, journals=(undo,)))
                done += 1
            except AlreadyReversed:
                continue
        return done

    assert 5 == sum(at_once(work))
    assert 10_000 == store.balance("purse", "EUR").posted
    check_books(engine)


def test_closed_books_stay_closed(engine: Engine) -> None:
    """Nothing that counts before the lock date is recorded after it was set."""
    filled(engine, 100_000)

    def work(writer: int) -> None:
        mine = SqlStore(engine)
        for n in range(30):
            try:
                if writer == 0 and n == 10:
                    mine.commit(changes("close", at=hour(2), closes_before=hour(1)))
                mine.commit(spend(f"{writer}/{n}"))
            except PeriodClosed:
                continue

    at_once(work)
    with pytest.raises(PeriodClosed):
        SqlStore(engine).commit(spend("late"))
    check_books(engine)


def test_wallets_in_any_order_do_not_deadlock(engine: Engine) -> None:
    """Journals between the same limited wallets, back and forth, in batches."""
    store = SqlStore(engine)
    names = [f"w-{n}" for n in range(6)]
    store.commit(changes("o", opens=tuple(Wallet(n, (Limit("EUR", -10_000),)) for n in names)))

    def work(writer: int) -> None:
        mine, chance = SqlStore(engine), random.Random(writer)
        for n in range(20):
            pairs = [chance.sample(names, 2) for _ in range(4)]
            many = [
                changes(f"{writer}/{n}/{m}", journals=(transfer(f"{writer}/{n}/{m}", a, b, 1),))
                for m, (a, b) in enumerate(pairs)
            ]
            mine.commit_all(many)

    at_once(work)
    check_books(engine)


def test_a_poller_misses_no_journal(engine: Engine) -> None:
    """Whoever asks for what came after the last one sees all, whichever commits first. (B10)"""
    filled(engine, 100_000)
    seen: list[str] = []
    ready: list[int] = []

    def poll() -> None:
        last, is_last_look = 0, False
        while not is_last_look:
            is_last_look = len(ready) == WRITERS - 1
            while page := SqlStore(engine).journals(after=last, limit=10).items:
                seen.extend(posted.journal.id for posted in page)
                last = page[-1].sequence

    def work(writer: int) -> None:
        if writer == 0:
            poll()
            return
        for n in range(15):
            key = f"{writer}/{n}"
            with engine.begin() as connection:  # ids are drawn long before they can be seen
                journal = transfer(key, "bank", "shop", 7)  # neither is limited, so none waits
                SqlStore(connection).commit(changes(key, journals=(journal,)))
                time.sleep(random.Random(key).random() / 50)
        ready.append(writer)

    at_once(work)
    written = {f"{writer}/{n}" for writer in range(1, WRITERS) for n in range(15)}

    assert len(seen) == len(set(seen))
    assert {"f", *written} == set(seen)
    check_books(engine)


def test_refusals_do_not_depend_on_the_race(engine: Engine) -> None:
    """Whoever loses a race is told why as if there had been none."""
    filled(engine, 700)

    def work(writer: int) -> LedgerkitError | None:
        try:
            SqlStore(engine).commit(spend(f"w-{writer}", 700))
        except LedgerkitError as error:
            return error
        return None

    errors = [error for error in at_once(work) if error is not None]

    assert WRITERS - 1 == len(errors)
    assert {(0, 0, 700)} == {
        (s.available, s.floor, s.needed) for e in errors for s in getattr(e, "shortages", ())
    }
