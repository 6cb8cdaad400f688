"""SQLite: committing journals and invoices, beside the driver writing the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import flight_school
from bench.figures import Figure, Target, at_least, at_most
from bench.flight_school import RECORDED, SCHOOL, BooksBroken, School
from bench.measuring import Prepared, Times, Work, faster, relay
from bench.sqlite_mirror import Mirror
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain import invoices
from ledgerkit.domain.changes import Changes, changes_of, request
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money, Rate

NAME = "SQLite"
LEAST = {1: 0.55, 1_000: 0.6, 10_000: 0.7}
DAY = date(2026, 10, 31)


class Books:
    """The books of *school* in a file of their own in *folder*, and a mirror of it."""

    def __init__(self, folder: str, school: School) -> None:
        path = Path(folder) / "books.db"
        self._engine = create_engine(f"sqlite:///{path}")
        migrate(self._engine)
        self.store = SqlStore(self._engine)
        self.store.commit(school.opening())
        self.mirror = Mirror(path)

    def bytes(self) -> int:
        """Return how many bytes of the file hold something."""
        with self._engine.connect() as connection:
            pages, free, size = (
                int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size

    def raced(
        self, batches: Iterator[Sequence[Changes]], per_round: int, items: int
    ) -> dict[str, Times]:
        """Return the times of the store and of the driver for *batches*."""
        return relay(
            ({"store": self._store(batch), "raw": self._raw} for batch in batches),
            items=items,
            per_round=per_round,
        )

    def _store(self, batch: Sequence[Changes]) -> Prepared:
        def prepare() -> Work:
            if len(batch) == 1:
                return partial(self.store.commit, batch[0])
            return partial(self.store.commit_all, batch)

        return prepare

    def _raw(self) -> Work:
        return partial(self.mirror.write, self.mirror.prepare())

    def close(self) -> None:
        """Check both files and let go of them; raises `BooksBroken`."""
        flight_school.verified(self.store)
        differing = self.mirror.differences()
        self.mirror.close()
        self._engine.dispose()
        if differing:
            raise BooksBroken(f"the driver wrote other rows to {', '.join(differing)}")


def sqlite(
    *, sizes: dict[int, int], invoices: int, rounds: int, school: School = SCHOOL
) -> Iterator[Figure]:
    """Yield what commits to the books of *school* cost.

    *sizes* says how many commits of so many journals a round has, *invoices* how many invoices are
    issued in one commit.
    """
    for size, commits in sizes.items():
        with TemporaryDirectory() as folder:
            books = Books(folder, school)
            before = books.bytes()
            journals = size * commits * rounds
            batches = flight_school.batches(school.flights(journals), size)
            times = books.raced(batches, commits, size)
            yield _figure(f"{size:,} journals per commit", times, "journals/s", LEAST.get(size))
            if size == max(sizes):
                yield Figure(
                    workload=NAME,
                    what="bytes in the file",
                    value=(books.bytes() - before) / journals,
                    unit="bytes/journal",
                    target=at_most(200, "bytes"),
                )
            books.close()
    with TemporaryDirectory() as folder:
        books = Books(folder, school)
        firsts = range(0, invoices * rounds, invoices)
        issued = ([_invoice(first + n) for n in range(invoices)] for first in firsts)
        times = books.raced(issued, 1, invoices)
        yield _figure(f"{invoices:,} invoices of 3 lines per commit", times, "invoices/s", 0.5)
        books.close()


def _figure(what: str, times: dict[str, Times], unit: str, least: float | None) -> Figure:
    target: Target | None = None
    if least is not None:
        target = at_least(least, "of raw", of="ratio")
    return Figure(
        workload=NAME,
        what=what,
        value=times["store"].rate,
        unit=unit,
        against=f"raw executemany: {times['raw'].rate:,.0f}/s",
        ratio=faster(times["store"], times["raw"]),
        target=target,
    )


def _invoice(number: int) -> Changes:
    """Return the changes that issue invoice *number*, and post what it charges in one journal."""
    student = f"s-{number % 10}"
    draft = Invoice(
        id=derive("inv", student, str(number), on=DAY),
        customer=student,
        currency="EUR",
        lines=tuple(
            invoices.line(
                f"F-{number:07d}-{place}",
                item="flight",
                detail="with an instructor",
                on=DAY,
                price=Rate.of(Money(10_000, "EUR")),
            )
            for place in range(3)
        ),
    )
    return changes_of(
        invoices.issue(draft, on=DAY, due_on=DAY, at=RECORDED),
        key=f"invoice/{draft.id}",
        request=request("invoice.issue", invoice=draft.id),
        actor="flight school",
        reason="month closed",
        at=RECORDED,
    )
