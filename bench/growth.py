"""Growth: posting to old books and reading a balance there, beside the same in young ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import flight_school
from bench.figures import Figure, at_most
from bench.flight_school import RECORDED
from bench.measuring import Prepared, Times, Work, faster, relay
from bench.postgres_books import database, server
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.ledger import Book, post_many

NAME = "growth"
FILL = 10_000  # journals to a commit while the books are filled
READS = 200


def growth(*, young: int, old: int, size: int, rounds: int) -> Iterator[Figure]:
    """Yield how slower *old* books of so many journals are than *young* ones.

    A round posts 20 batches of *size* journals to each of them.
    """
    yield from _in_memory(young, old, size, rounds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = {
            age: _sqlite(stack, folder / f"{age}.db", journals)
            for age, journals in (("young", young), ("old", old))
        }
        yield from _in_stores("SQLite", stores, {"young": young, "old": old}, size, rounds)


def postgres_growth(
    *, url: str, young: int, old: int, size: int, rounds: int
) -> Iterator[Figure]:
    """Yield the same for books on the server at *url*."""
    with ExitStack() as stack:
        server_url = stack.enter_context(server(url))
        stores = {}
        for age, journals in (("young", young), ("old", old)):
            _, books = stack.enter_context(database(server_url))
            stores[age] = _filled(stack, books, journals)
        yield from _in_stores("PostgreSQL", stores, {"young": young, "old": old}, size, rounds)


def _sqlite(stack: ExitStack, path: Path, journals: int) -> SqlStore:
    return _filled(stack, f"sqlite:///{path}", journals)


def _filled(stack: ExitStack, url: str, journals: int) -> SqlStore:
    engine = create_engine(url)
    stack.callback(engine.dispose)
    migrate(engine)
    store = SqlStore(engine)
    store.commit(flight_school.opening())
    for first in range(0, journals, FILL):
        rows = flight_school.flights(min(FILL, journals - first), first=first)
        store.commit_all(flight_school.changes(rows))
    return store


def _in_memory(young: int, old: int, size: int, rounds: int) -> Iterator[Figure]:
    books = {"young": _book(young), "old": _book(old)}
    starts = {"young": young, "old": old}

    def leg(number: int) -> dict[str, Prepared]:
        return {age: partial(_posting, books[age], starts[age] + number * size, size) for age in books}

    times = relay((leg(n) for n in range(20 * rounds)), items=size, per_round=20)
    yield _figure(f"post_many of {size:,} in memory", times, starts)


def _book(journals: int) -> Book:
    book = flight_school.book()
    post_many(book, flight_school.journals(flight_school.flights(journals)), at=RECORDED)
    return book


def _posting(book: Book, first: int, size: int) -> Work:
    built = flight_school.journals(flight_school.flights(size, first=first))
    return partial(post_many, book, built, at=RECORDED)


def _in_stores(
    what: str, stores: dict[str, SqlStore], journals: dict[str, int], size: int, rounds: int
) -> Iterator[Figure]:
    def legs(prepare: Callable[[SqlStore, int], Work], step: int) -> Iterator[dict[str, Prepared]]:
        for number in range(20 * rounds):
            yield {
                age: partial(prepare, store, journals[age] + number * step)
                for age, store in stores.items()
            }

    def commit(store: SqlStore, first: int, many: int) -> Work:
        changes = flight_school.changes(flight_school.flights(many, first=first))
        return partial(store.commit_all, changes)

    past = 20 * rounds
    for many, offset in ((1, 0), (size, past)):
        prepare = partial(_shifted, commit, offset, many)
        times = relay(legs(prepare, many), items=many, per_round=20)
        yield _figure(f"commit {many:,} to {what}", times, journals)
    for wallet in ("customer:s-17", "platform"):
        times = relay(
            legs(lambda store, first, name=wallet: partial(_read, store, name), 0),
            items=READS,
            per_round=20,
        )
        yield _figure(f"read the balance of {wallet} from {what}", times, journals)
    for store in stores.values():
        flight_school.verified(store)


def _shifted(
    commit: Callable[[SqlStore, int, int], Work], offset: int, many: int, store: SqlStore, first: int
) -> Work:
    return commit(store, first + offset, many)


def _read(store: SqlStore, wallet: str) -> None:
    for _ in range(READS):
        store.balance(wallet, "EUR")


def _figure(what: str, times: dict[str, Times], journals: dict[str, int]) -> Figure:
    return Figure(
        workload=NAME,
        what=f"{what} after {journals['old']:,} journals",
        value=times["old"].each * 1e6,
        unit="microseconds",
        against=f"after {journals['young']:,}: {times['young'].each * 1e6:,.0f}",
        ratio=faster(times["young"], times["old"]),
        target=at_most(1.5, "x", of="ratio"),
    )
