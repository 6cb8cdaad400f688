"""Crew: processes that post flights at the same time, each on a connection of its own.

Processes and not threads, as in a service with several workers: threads of one process would wait
for each other in Python before they could meet in the database.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from time import perf_counter
from types import TracebackType

from bench import flight_school, hot_rows
from bench.flight_school import Flight, School
from bench.measuring import Times, Work


class Crew:
    """Workers on the books of *school* at *url*, as many as *size*; used in a `with` block.

    Attributes:
        size: How many there are.
        warmed: How many flights they post before any is timed.
    """

    def __init__(self, url: str, size: int, school: School) -> None:
        self.size = size
        self.warmed = 20 * size
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(url, school, theirs), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            _hear(pipe)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for pipe in self._pipes:
            pipe.send(None)
            pipe.close()
        for process in self._processes:
            process.join()

    def seconds(self, way: str, first: int, many: int) -> float:
        """Return how long *many* flights take from number *first* on, shared out, in one of `WAYS`.

        Raises RuntimeError when a worker fails.
        """
        share = many // self.size
        for number, pipe in enumerate(self._pipes):
            pipe.send((way, first + number * share, share))
        for pipe in self._pipes:
            _hear(pipe)
        start = perf_counter()
        for pipe in self._pipes:
            pipe.send("go")
        for pipe in self._pipes:
            _hear(pipe)
        return perf_counter() - start


def _hear(pipe: Connection) -> None:
    said = pipe.recv()
    if said != "ready":
        msg = f"a worker failed: {said}"
        raise RuntimeError(msg)


def _serve(url: str, school: School, pipe: Connection) -> None:
    try:
        prepare = _ways(url, school)
        pipe.send("ready")
        while (asked := pipe.recv()) is not None:
            way, first, many = asked
            work = prepare[way](school.flights(many, first=first))
            pipe.send("ready")
            pipe.recv()
            work()
            pipe.send("ready")
    except Exception as error:  # noqa: BLE001 - it is told to whoever started this
        pipe.send(repr(error))


def _ways(url: str, school: School) -> dict[str, Callable[[list[Flight]], Work]]:
    """Return how a worker makes ready to post flights, by the name of the way."""
    import psycopg

    from ledgerkit.adapters.sql import SqlStore, create_engine

    store = SqlStore(create_engine(url))
    connection = psycopg.connect(url, autocommit=True)

    def through_store(rows: list[Flight]) -> Work:
        many = flight_school.changes(rows)

        def work() -> None:
            for changes in many:
                store.commit(changes)

        return work

    def on_hot_rows(rows: list[Flight]) -> Work:
        return partial(hot_rows.post, connection, [hot_rows.values(each, school) for each in rows])

    return {"store": through_store, "hot rows": on_hot_rows}


WAYS = ("store", "hot rows")


def raced(crew: Crew, *, many: int, rounds: int) -> dict[str, Times]:
    """Return the times of each of `WAYS`, with *many* flights to a round, from the first one on.

    A short round before them opens connections and plans statements.
    """
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for way in WAYS:
        crew.seconds(way, rounds * many, crew.warmed)
    for number in range(rounds):
        for way in WAYS[:: -1 if number % 2 else 1]:
            taken[way].append(crew.seconds(way, number * many, many))
    return {way: Times(tuple(seconds), many) for way, seconds in taken.items()}
