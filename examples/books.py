"""Books: where the examples keep what they bill, and what they read out of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain import ledger
from ledgerkit.domain.changes import Record
from ledgerkit.domain.money import Money
from ledgerkit.ports.store import Store

R = TypeVar("R", bound=Record)


@contextmanager
def open_books(at: str | Path | None) -> Generator[Store]:
    """Lend the books *at* a URL, in SQLite at a path, or in memory; begun where there are none."""
    if at is None:
        yield MemoryStore()
        return
    engine = create_engine(at if isinstance(at, str) else f"sqlite:///{at}")
    try:
        migrate(engine)
        yield SqlStore(engine)
    finally:
        engine.dispose()


def every(store: Store, kind: type[R]) -> tuple[R, ...]:
    """Return the records of *kind*, by id."""
    return tuple(found.record for found in store.find(kind).items)


def trial_balance(
    store: Store,
    currency: str,
    written: Callable[[Money], str],
    *,
    words: Sequence[str] = ("Trial balance", "Debit", "Credit", "total", "difference"),
) -> Iterator[str]:
    """Yield what all wallets hold on two sides, which are equal or money was made or lost."""
    title, left, right, total, difference = words
    balances = store.balances()
    yield f"{title:<32}{left:>14}{right:>14}"
    for (wallet, _), balance in sorted(balances.items()):
        amount = written(Money(abs(balance.posted), currency))
        debit, credit = (amount, "") if balance.posted < 0 else ("", amount)
        if balance.posted:
            yield f"  {wallet:<30}{debit:>14}{credit:>14}".rstrip()
    (sides,) = ledger.trial_balance(balances)
    owed, held = (Money(side, currency) for side in (sides.debits, sides.credits))
    yield f"  {total:<30}{written(owed):>14}{written(held):>14}"
    yield f"  {difference:<30}{written(owed - held):>28}"
