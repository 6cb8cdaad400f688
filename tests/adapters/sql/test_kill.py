"""A writer is killed in the middle of its work, again and again: the books hold. (C1)"""

from __future__ import annotations

from contextlib import closing
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import sqlalchemy as sa

from ledgerkit.adapters.sql import create_engine, open_store
from ledgerkit.domain.changes import Draw, Series
from ledgerkit.domain.ledger import Limit, Wallet, balances_of, trial_balance
from ledgerkit.testing.samples import OCTOBER, changes, invoice, transfer
from tests.processes import PROCESSES


def write(url: str, told: Connection) -> None:
    """Commit three documents at a time for as long as this process lives; tell of each time."""
    store = open_store(url)
    opens = Wallet("bank"), Wallet("purse", (Limit("EUR", -(10**9)),))
    for n in count(len(store.numbers())):
        store.commit_all(
            [
                changes(
                    f"k-{n}/{m}",
                    opens=opens,
                    journals=(transfer(f"j-{n}/{m}", "purse", "bank", 7),),
                    records=(invoice(f"i-{n}/{m}"),),
                    draws=(Draw(f"i-{n}/{m}", Series("INV"), OCTOBER),),
                )
                for m in range(3)
            ]
        )
        told.send(n)


def test_books_survive_kills(tmp_path: Path) -> None:
    """Six writers are killed; no commit is half there, none that was told is lost."""
    url = f"sqlite:///{tmp_path / 'books.db'}"
    told = 0
    for turn in range(6):
        ours, theirs = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(target=write, args=(url, theirs))
        writer.start()
        theirs.close()  # so that a writer who failed is an end of what it tells
        with ours:
            for _ in range(3 + 5 * turn):
                ours.recv()
                told += 1
            writer.kill()
            writer.join()
        with closing(open_store(url)) as store:
            posted = store.journals(limit=100_000).items
            numbers = store.numbers()
            held = {key: balance.posted for key, balance in store.balances().items()}
        sums = balances_of(posted)

        assert len(posted) == len(numbers)
        assert 0 == len(posted) % 3
        assert len(posted) >= 3 * told
        assert list(range(1, len(posted) + 1)) == [each.sequence for each in posted]
        assert list(range(1, len(posted) + 1)) == [number.n for number in numbers]
        assert sums == held
        assert all(side.difference == 0 for side in trial_balance(sums))
    engine = create_engine(url)
    with engine.connect() as connection:
        assert "ok" == connection.execute(sa.text("PRAGMA integrity_check")).scalar_one()
    engine.dispose()
