"""Pure: building journals, posting them and holding them in memory, without any database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from bench import beancount_books, flight_school
from bench.figures import Figure, at_least, at_most
from bench.flight_school import SCHOOL, BooksBroken, Flight, School
from bench.measuring import Prepared, Times, Work, allocated, faster, race
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.ledger import Book, Journal, post_many
from ledgerkit.jobs.batches import fewer_collections

NAME = "pure"
AT = datetime(2029, 1, 1, 12, tzinfo=UTC)


def pure(*, journals: int, rounds: int, school: School = SCHOOL) -> Iterator[Figure]:
    """Yield what *journals* of *school* cost to build, to post and to hold."""
    rows = school.flights(journals)
    yield from _posting(school, rows, rounds)
    yield from _from_rows(school, rows, rounds)
    yield from _memory(school, rows)


def _posting(school: School, rows: Sequence[Flight], rounds: int) -> Iterator[Figure]:
    built = flight_school.journals(rows)

    def one_by_one(book: Book) -> None:
        for journal in built:
            book.post(journal, at=AT)

    times = race(
        {
            "one": lambda: partial(one_by_one, school.book()),
            "many": lambda: partial(post_many, school.book(), built, at=AT),
            "fold": lambda: partial(_fold, built),
        },
        rounds=3 * rounds,  # these are short
        items=len(rows),
    )
    for name, what, least in (
        ("one", "post one by one", 250_000),
        ("many", "post_many", 600_000),
    ):
        yield Figure(
            workload=NAME,
            what=f"{what}, journals built before",
            value=times[name].rate,
            unit="journals/s",
            against="adding entries up in a dict, no check",
            ratio=faster(times[name], times["fold"]),
            target=at_least(least, "journals/s"),
        )


def _fold(journals: Sequence[Journal]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for journal in journals:
        for entry in journal.entries:
            key = entry.wallet, entry.amount.currency
            sums[key] = sums.get(key, 0) + entry.amount.minor
    return sums


def _filled(book: Book, rows: Sequence[Flight]) -> Book:
    post_many(book, flight_school.journals(rows), at=AT)
    return book


def _filled_in_batch(book: Book, rows: Sequence[Flight]) -> Book:
    with fewer_collections():
        return _filled(book, rows)


def _from_rows(school: School, rows: Sequence[Flight], rounds: int) -> Iterator[Figure]:

    contenders: dict[str, Prepared] = {
        "build": lambda: partial(flight_school.journals, rows),
        "all": lambda: partial(_filled, school.book(), rows),
        "batch": lambda: partial(_filled_in_batch, school.book(), rows),
    }
    if beancount_books.is_installed():
        opened = beancount_books.accounts(school)
        contenders["beancount"] = lambda: partial(beancount_books.realised, rows, opened)
    times = race(contenders, rounds=rounds, items=len(rows))
    yield _figure("build journals from rows", times["build"])
    theirs = times.get("beancount")
    for name, what in (
        ("all", "rows built, checked, folded"),
        ("batch", "the same in fewer_collections()"),
    ):
        yield Figure(
            workload=NAME,
            what=what,
            value=times[name].rate,
            unit="journals/s",
            against="beancount book + validate + realise" if theirs else "",
            ratio=faster(times[name], theirs) if theirs else None,
            target=at_least(7, "x beancount", of="ratio"),
        )
    if theirs:
        yield _figure("beancount: build, book, validate, realise", theirs)


def _figure(what: str, times: Times) -> Figure:
    return Figure(workload=NAME, what=what, value=times.rate, unit="journals/s")


def _memory(school: School, rows: Sequence[Flight]) -> Iterator[Figure]:
    def in_book() -> Book:
        return _filled(school.book(), rows)

    def in_store(size: int) -> MemoryStore:
        store = MemoryStore(school.book())
        for batch in flight_school.batches(rows, size):
            store.commit_all(batch)
        return store

    size = min(1_000, len(rows))
    kept = in_store(size)
    if flight_school.verified(kept).journals != len(rows) // size * size:
        raise BooksBroken("journals are missing")
    del kept
    measured: list[tuple[str, Work, int]] = [
        ("journals alone", partial(flight_school.journals, rows), 0),
        ("journals in a Book with its index", in_book, allocated(school.book)),
        (
            "memory store, a commit and a key for each",
            partial(in_store, size),
            allocated(lambda: MemoryStore(school.book())),
        ),
    ]
    for what, work, less in measured:
        yield Figure(
            workload=NAME,
            what=f"memory: {what}",
            value=(allocated(work) - less) / len(rows),
            unit="bytes/journal",
            target=None if what.startswith("journals alone") else at_most(600, "bytes"),
        )
    if beancount_books.is_installed():
        opened = beancount_books.accounts(school)
        taken = allocated(partial(beancount_books.realised, rows, opened))
        yield Figure(
            workload=NAME,
            what="memory: beancount",
            value=taken / len(rows),
            unit="bytes/journal",
        )
