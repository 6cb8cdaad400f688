"""Prepaid credit in a file of SQLite: two who draw at once cannot overdraw it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import attrs
import pytest
from sqlalchemy.engine import Engine

from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.changes import Changes, Stale, changes_of, expect, request
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants import Claim, CreditExhausted, Grant, Settlement, buy, draw, settle
from ledgerkit.domain.ledger import InsufficientFunds
from ledgerkit.domain.money import Money
from ledgerkit.testing.samples import NOON

DAY = date(2026, 10, 1)
HUNDRED, SIXTY = Money(10_000, "EUR"), Money(6_000, "EUR")
CREDIT = Grant(id="g-1", customer="c-1", amount=HUNDRED, price=HUNDRED, granted_on=DAY)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return books in a file, with credit of 100.00."""
    engine = create_engine(f"sqlite:///{tmp_path / 'books.db'}")
    migrate(engine)
    bought = buy(CREDIT, at=NOON)
    SqlStore(engine).commit(
        changes_of(bought, key="buy", request=request("buy"), actor="ana", reason="sold", at=NOON)
    )
    yield engine
    engine.dispose()


def drawing(store: SqlStore, line: str) -> Changes:
    """Return the decision to pay 60.00 of *line*, on what is stored now."""
    read = store.load(Grant, "g-1")
    assert read is not None
    drawn = draw(read.record, Claim(id=line, on=DAY, amount=SIXTY), SIXTY, at=NOON)
    return changes_of(
        drawn,
        key=f"draw/{line}",
        request=request("draw", line=line),
        actor="job",
        reason="usage",
        at=NOON,
        expects=(expect(read),),
    )


def at_once(engine: Engine, alter: Callable[[Changes], Changes]) -> list[str]:
    """Return how it ended for two who decide on one state and then commit at once."""
    decided = Barrier(2, timeout=30)

    def work(line: str) -> str:
        store = SqlStore(engine)
        changes = alter(drawing(store, line))
        decided.wait()
        try:
            store.commit(changes)
        except LedgerkitError as error:
            return error.code
        return "committed"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(work, ["l-1", "l-2"]))


def test_one_of_two_decides_again(engine: Engine) -> None:
    """60.00 and 60.00 of 100.00: the second base moved; deciding again finds 40.00 left."""
    assert ["committed", Stale.code] == at_once(engine, lambda changes: changes)

    store = SqlStore(engine)
    with pytest.raises(CreditExhausted, match=r"has 40\.00 EUR left and 60\.00 EUR is asked"):
        drawing(store, "l-3")
    assert 4_000 == store.balance("liability:credit:g-1", "EUR").posted


def test_the_floor_holds_by_itself(engine: Engine) -> None:
    """Whoever posts without the record is refused by the wallet; nothing goes below zero."""

    def without_record(changes: Changes) -> Changes:
        return attrs.evolve(changes, records=(), expects=())

    assert ["committed", InsufficientFunds.code] == at_once(engine, without_record)
    assert 4_000 == SqlStore(engine).balance("liability:credit:g-1", "EUR").posted


def test_all_credit_owed_is_below_one_prefix(engine: Engine) -> None:
    """What is stored is read back, settles, and adds up in the books."""
    store = SqlStore(engine)
    read = store.load(Grant, "g-1")
    assert read is not None
    lines = [Claim(id="l-1", kind="usage", on=DAY, amount=SIXTY)]
    settled = settle(lines, [read.record], settlement=Settlement.CREDIT_ONLY, at=NOON)
    store.commit(
        changes_of(
            settled,
            key="run",
            request=request("settle"),
            actor="job",
            reason="run",
            at=NOON,
            expects=(expect(read),),
        )
    )

    assert {("liability:credit:g-1", "EUR"): 4_000} == {
        key: held.posted for key, held in store.balances("liability:credit").items()
    }
    assert settled.changed == tuple(v.record for v in store.find(Grant, party="c-1").items)
