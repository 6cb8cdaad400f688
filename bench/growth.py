"""Growth: posting to old books and reading a balance there, beside the same in young ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from bench import flight_school
from bench.figures import Figure, at_most
from bench.flight_school import RECORDED, SCHOOL, Flight, School
from bench.measuring import Times, Work, faster, relay
from bench.postgres_books import database, server
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.ledger import Book, post_many

NAME = "growth"
FILL = 10_000  # journals to a commit while the books are filled
READS = 100
LEGS = 20  # turns to a round
WALLETS = ("customer:s-17", "platform")


def growth(
    *, young: int, old: int, size: int, rounds: int, school: School = SCHOOL
) -> Iterator[Figure]:
    """Yield how much slower books of *school* with *old* journals are than with *young* ones.

    Each turn posts *size* journals to either; SQLite also one alone.
    """
    in_memory = {"young": _filled_book(school, young), "old": _filled_book(school, old)}
    times = relay(
        ({age: partial(each.post, size) for age, each in in_memory.items()},) * LEGS * rounds,
        items=size,
        per_round=LEGS,
    )
    yield _figure(f"post_many of {size:,} in memory", times, young, old)
    del in_memory
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        books = {
            "young": _filled_store(stack, f"sqlite:///{folder}/young.db", school, young),
            "old": _filled_store(stack, f"sqlite:///{folder}/old.db", school, old),
        }
        yield from _in_stores("SQLite", books, size, rounds)


def growth_in_postgres(
    *, url: str, young: int, old: int, size: int, rounds: int, school: School = SCHOOL
) -> Iterator[Figure]:
    """Yield the same for books on the server at *url*."""
    with ExitStack() as stack:
        server_url = stack.enter_context(server(url))
        books = {}
        for age, journals in (("young", young), ("old", old)):
            _, database_url = stack.enter_context(database(server_url))
            books[age] = _filled_store(stack, database_url, school, journals)
        yield from _in_stores("PostgreSQL", books, size, rounds)


@attrs.define
class _Filled:
    # Books that hold some flights; what is posted next are the flights that follow.
    school: School
    journals: int

    def _next(self, many: int) -> list[Flight]:
        rows = self.school.flights(many, first=self.journals)
        self.journals += many
        return rows


@attrs.define
class _FilledBook(_Filled):
    book: Book

    def post(self, many: int) -> Work:
        built = flight_school.journals(self._next(many))
        return partial(post_many, self.book, built, at=RECORDED)


@attrs.define
class _FilledStore(_Filled):
    store: SqlStore

    def commit(self, many: int) -> Work:
        return partial(self.store.commit_all, flight_school.changes(self._next(many)))

    def read(self, wallet: str) -> Work:
        def work() -> None:
            for _ in range(READS):
                self.store.balance(wallet, "EUR")

        return work


def _filled_book(school: School, journals: int) -> _FilledBook:
    filled = _FilledBook(school, 0, school.book())
    filled.post(journals)()
    return filled


def _filled_store(stack: ExitStack, url: str, school: School, journals: int) -> _FilledStore:
    engine = create_engine(url)
    stack.callback(engine.dispose)
    migrate(engine)
    filled = _FilledStore(school, 0, SqlStore(engine))
    filled.store.commit(school.opening())
    while filled.journals < journals:
        filled.commit(min(FILL, journals - filled.journals))()
    return filled


def _in_stores(
    what: str, books: Mapping[str, _FilledStore], size: int, rounds: int
) -> Iterator[Figure]:
    young, old = books["young"].journals, books["old"].journals
    for many in (1, size):
        times = relay(
            ({age: partial(each.commit, many) for age, each in books.items()},) * LEGS * rounds,
            items=many,
            per_round=LEGS,
        )
        yield _figure(f"commit {many:,} to {what}", times, young, old)
    for wallet in WALLETS:
        times = relay(
            ({age: partial(each.read, wallet) for age, each in books.items()},) * LEGS * rounds,
            items=READS,
            per_round=LEGS,
        )
        yield _figure(f"balance of {wallet} in {what}", times, young, old)
    for each in books.values():
        flight_school.verified(each.store)


def _figure(what: str, times: Mapping[str, Times], young: int, old: int) -> Figure:
    return Figure(
        workload=NAME,
        what=f"{what} after {old:,} journals",
        value=times["old"].each * 1e6,
        unit="microseconds",
        against=f"after {young:,}: {times['young'].each * 1e6:,.0f}",
        ratio=faster(times["young"], times["old"]),
        target=at_most(1.5, "x", of="ratio"),
    )
