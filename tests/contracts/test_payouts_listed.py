"""Whoever pays lists payouts by their status and period, in any store. (spec: billing 10)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.changes import Expect
from ledgerkit.domain.money import Money
from ledgerkit.domain.payouts import FAILED, ON_HOLD, PAID, PENDING, Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.ports.store import Store
from ledgerkit.testing.samples import changes

SEPTEMBER, OCTOBER, NOVEMBER = (Period.month(2026, month) for month in (9, 10, 11))


def payout(id: str, period: Period, status: str, *, supplier: str = "tom") -> Payout:
    """Return a payout of 25 euros; a paid one has a reference."""
    line = PayoutLine(
        journal=f"j-{id}",
        line=0,
        kind="session.charged",
        source=f"s-{id}",
        on=period.start,
        amount=Money(2500, "EUR"),
    )
    return Payout(
        id=id,
        supplier=supplier,
        currency="EUR",
        period=period,
        part=0,
        lines=(line,),
        status=status,
        reference="bank-1" if status == PAID else None,
    )


PAYOUTS = (
    payout("p-1", SEPTEMBER, PAID),
    payout("p-2", SEPTEMBER, PENDING, supplier="una"),
    payout("p-3", OCTOBER, PENDING),
    payout("p-4", OCTOBER, ON_HOLD, supplier="una"),
    payout("p-5", OCTOBER, PENDING, supplier="vic"),
    payout("p-6", NOVEMBER, PENDING),
)


class PayoutsListed:
    """Payouts are found by what they are and when they were earned."""

    @pytest.fixture
    def listed(self, store: Store) -> Store:
        """Return *store* with the payouts of three months."""
        store.commit(changes("k-1", records=PAYOUTS))
        return store

    def test_by_status_and_period(self, listed: Store) -> None:
        """Of the pending ones only those whose period begins in October."""
        october = {"since": OCTOBER.start, "until": OCTOBER.end}

        assert ["p-3", "p-5"] == found(listed, status=PENDING, **october)
        assert ["p-4"] == found(listed, status=ON_HOLD, **october)
        assert [] == found(listed, status=PAID, **october)
        assert ["p-3", "p-4", "p-5"] == found(listed, **october)
        assert ["p-5"] == found(listed, party="vic", status=PENDING, **october)

    def test_by_status_over_periods(self, listed: Store) -> None:
        """Both bounds may stay open, and the last day of one is the first not in it."""
        assert ["p-2", "p-3", "p-5", "p-6"] == found(listed, status=PENDING)
        assert ["p-3", "p-5", "p-6"] == found(listed, status=PENDING, since=OCTOBER.start)
        assert ["p-2"] == found(listed, status=PENDING, until=OCTOBER.start)
        assert ["p-6"] == found(listed, status=PENDING, since=date(2026, 10, 2))

    def test_page_by_page(self, listed: Store) -> None:
        """The page after `p-3` goes on with the next match, not with the next payout."""
        first = listed.find(Payout, status=PENDING, since=OCTOBER.start, limit=1)

        assert "p-3" == first.next
        assert ["p-5"] == found(
            listed, status=PENDING, since=OCTOBER.start, until=OCTOBER.end, after="p-3", limit=1
        )

    def test_by_what_they_have_become(self, listed: Store) -> None:
        """A payout that failed leaves the pending ones and stays in its period."""
        failed = attrs.evolve(PAYOUTS[2], status=FAILED)
        listed.commit(changes("k-2", records=(failed,), expects=(Expect(Payout, "p-3", 1),)))

        assert ["p-5"] == found(listed, status=PENDING, since=OCTOBER.start, until=OCTOBER.end)
        assert ["p-3"] == found(listed, status=FAILED, since=OCTOBER.start, until=OCTOBER.end)


def found(store: Store, **filters: Any) -> list[str]:
    """Return the ids of the payouts found."""
    return [each.record.id for each in store.find(Payout, **filters).items]


class TestMemory(PayoutsListed):
    """Listed in memory."""

    @pytest.fixture
    def store(self) -> Store:
        """Return an empty memory store."""
        return MemoryStore()


class TestSqlite(PayoutsListed):
    """Listed by a query."""

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """Return an empty store in a database in memory."""
        engine = create_engine("sqlite://")
        migrate(engine)
        yield SqlStore(engine)
        engine.dispose()
