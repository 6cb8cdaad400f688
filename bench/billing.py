"""Billing: planning the month of a tutoring business, and committing what was planned."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import flight_school, tutoring
from bench.figures import Figure, at_most
from bench.flight_school import BooksBroken
from bench.measuring import Ratio, Times, allocated, faster, timed
from bench.tutoring import AS_OF, PERIOD, POLICY, Business
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.billing_run import plan_billing_run
from ledgerkit.domain.changes import Changes, Plan
from ledgerkit.jobs.batches import fewer_collections
from ledgerkit.jobs.billing_run import Asked, run_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host

NAME = "billing"
MILLION = 1_000_000
MIB = 1 << 20
BATCH = 250  # customers to a commit where many are committed together


def planned(business: Business) -> Plan:
    """Return the plan of the month of *business*; raises `BooksBroken` for anybody left out."""
    plan = plan_billing_run(business.facts, policy=POLICY, as_of=AS_OF, period=PERIOD)
    if plan.skipped:
        raise BooksBroken(f"{len(plan.skipped)} were left out, first {plan.skipped[0].reason}")
    return plan


def _in_batch(business: Business) -> Plan:
    with fewer_collections():
        return planned(business)


def billing(
    *, customers: tuple[int, ...], mixed: tuple[int, ...], held: int, committed: int, rounds: int
) -> Iterator[Figure]:
    """Yield what planning costs for growing numbers of *customers*, and of *mixed* ones.

    Memory is measured with *held* customers, which tracing makes slow, and committing with
    *committed*.
    """
    yield from _planning("20 sessions each", customers, rounds, mixed=False)
    yield from _planning("with packages and incentives", mixed, rounds, mixed=True)
    yield from _memory(held)
    yield from _committing(committed)


def _planning(what: str, sizes: tuple[int, ...], rounds: int, *, mixed: bool) -> Iterator[Figure]:
    """Yield the time of the largest of *sizes*, and how the time a customer grows towards it.

    Each round plans all sizes, the smaller ones as often as makes them about as large.
    """
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    batched: list[float] = []
    months = {size: tutoring.business(size, mixed=mixed) for size in sizes}
    largest = max(sizes)
    for _ in range(rounds):
        for size in sizes:
            repeats = max(1, min(3, largest // size))
            seconds = sum(timed(partial(planned, months[size])) for _ in range(repeats))
            taken[size].append(seconds / repeats)
        batched.append(timed(partial(_in_batch, months[largest])))
    sessions = months[largest].sessions
    usual = Times(tuple(taken[largest]), sessions)
    faster_ones = Times(tuple(batched), sessions)
    yield Figure(
        workload=NAME,
        what=f"plan {largest:,} customers, {what}",
        value=usual.each * MILLION,
        unit="s per 1,000,000 sessions",
        target=None if mixed else at_most(6, "s"),
    )
    yield Figure(
        workload=NAME,
        what=f"plan {largest:,} customers, {what}, in fewer_collections()",
        value=faster_ones.each * MILLION,
        unit="s per 1,000,000 sessions",
        against="with Python's collector as it is",
        ratio=faster(faster_ones, usual),
        target=None if mixed else at_most(6, "s"),
    )
    for size in sizes:
        if size != largest:
            small = Times(tuple(taken[size]), size)
            yield Figure(
                workload=NAME,
                what=f"time per customer at {largest:,}, {what}",
                value=usual.each * tutoring.SESSIONS * 1e6,
                unit="microseconds",
                against=f"at {size:,} customers",
                ratio=faster(small, Times(tuple(taken[largest]), largest)),
                target=at_most(1.3, "x", of="ratio"),
            )


def _memory(customers: int) -> Iterator[Figure]:
    month = tutoring.business(customers)
    for what, work, target in (
        ("facts of the month", partial(tutoring.business, customers), None),
        ("its plan", partial(planned, month), at_most(600, "MiB")),
    ):
        yield Figure(
            workload=NAME,
            what=f"memory: {what}",
            value=allocated(work) / month.sessions * MILLION / MIB,
            unit="MiB per 1,000,000 sessions",
            target=target,
        )


def _committing(customers: int) -> Iterator[Figure]:
    business = tutoring.business(customers, mixed=True)
    alone = timed(partial(planned, business))
    changes = planned(business).changes
    for what, size in (("commit each decision alone", 1), ("commit 250 decisions at once", BATCH)):
        with _store() as store:
            _commit(store, business.sold, BATCH)
            taken = alone + timed(partial(_commit, store, changes, size))
            flight_school.verified(store)
        yield _figure(f"plan {customers:,} customers and {what}", taken, alone, business, most=3)
    with _store() as store:
        host = Host(store=store, clock=flight_school.Standing(AS_OF))
        asked = Asked(month=business.month, period=PERIOD, policy=POLICY)
        taken = timed(lambda: run(run_month(asked), host))
        flight_school.verified(store)
    yield _figure(f"the job run_month of {customers:,} customers", taken, alone, business)


def _figure(
    what: str, taken: float, alone: float, business: Business, most: float | None = None
) -> Figure:
    ratio = taken / alone
    return Figure(
        workload=NAME,
        what=f"{what}, SQLite",
        value=taken / business.sessions * MILLION,
        unit="s per 1,000,000 sessions",
        against="planning alone",
        ratio=Ratio(ratio, ratio, ratio),
        target=None if most is None else at_most(most, "x", of="ratio"),
    )


@contextmanager
def _store() -> Generator[SqlStore]:
    """Lend empty books in a file that is gone after the block."""
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'books.db'}")
        migrate(engine)
        try:
            yield SqlStore(engine)
        finally:
            engine.dispose()


def _commit(store: SqlStore, changes: Sequence[Changes], size: int) -> None:
    for start in range(0, len(changes), size):
        store.commit_all(changes[start : start + size])
