"""Whatever befalls any step of any job, running it again ends in the books of one clean run."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from inspect import iscoroutinefunction
from itertools import count
from pkgutil import iter_modules
from types import CodeType, CoroutineType
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from ledgerkit import jobs
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.parties import Party
from ledgerkit.jobs import steps
from ledgerkit.jobs.billing_run import (
    run_month,
)
from ledgerkit.jobs.documents import print_documents
from ledgerkit.jobs.drivers import NotAStep, run
from ledgerkit.jobs.steps import Job
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import changes, party, transfer
from ledgerkit.testing.simulator import (
    Failed,
    Fate,
    Killed,
    Rigged,
    crash_everywhere,
    failed_after,
    failed_before,
    interleave,
    killed_after,
    killed_before,
    overtaken,
    repeated,
    slowed,
)
from tests.jobs import small_month as month
from tests.simulation.crash_cases.billing import BILLING
from tests.simulation.crash_cases.cases import (
    HOUR,
    SMALL,
    Case,
    NewStore,
    an_hour_later,
    issue,
    make_host,
    outcome,
    rename,
)
from tests.simulation.crash_cases.control import CONTROL
from tests.simulation.crash_cases.gateway import GATEWAY
from tests.simulation.crash_cases.marketplace import MARKETPLACE

pytest_plugins = ("tests.plugins.postgres",)
_TENANTS = count(1)


# ---- stores ----------------------------------------------------------------------------------
def tenants_on(engine: Engine) -> NewStore:
    """Return what makes stores on *engine*, each the empty books of a new tenant."""
    return lambda: SqlStore(engine, tenant=f"tenant {next(_TENANTS)}")


@pytest.fixture(scope="module")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewStore]:
    """Return what makes stores in a file of this module."""
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('crash') / 'books.db'}")
    migrate(engine)
    yield tenants_on(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def in_postgres(postgres_url: str) -> Iterator[NewStore]:
    """Return what makes stores on a server, in a database of this module."""
    engine = create_engine(postgres_url)
    yield tenants_on(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def in_memory() -> NewStore:
    """Return what makes stores in memory."""
    return MemoryStore


@pytest.fixture(
    params=[
        "memory",
        pytest.param("sqlite", marks=pytest.mark.soak),
        pytest.param("postgres", marks=[pytest.mark.soak, pytest.mark.postgres]),
    ]
)
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Return what makes an empty store, of each sort there is."""
    made: NewStore = request.getfixturevalue(f"in_{request.param}")
    return made


# ---- every job -------------------------------------------------------------------------------
JOBS: dict[str, Case] = {**SMALL, **BILLING, **CONTROL, **GATEWAY, **MARKETPLACE}
SMALL_JOBS = {
    "notices": JOBS["notices"],
    "send instructions": JOBS["send instructions"],
    "run a month": Case(lambda: run_month(month.SMALL), month.new_host, month.outcome),
    "print documents": Case(
        lambda: print_documents(month.HEAD, month.NOVEMBER_3), month.small_unprinted, month.outcome
    ),
}
FATES = [killed_before, killed_after, failed_before, failed_after, repeated, slowed(HOUR)]
# What jobs are made of; what a settlement decides is committed by others.
NO_JOBS = {
    *("steps", "drivers", "rounds", "plans", "settlement"),
    *("account_facts", "billing_facts", "completion_facts", "disputed_payouts"),
}


@pytest.mark.parametrize("case", JOBS.values(), ids=JOBS)
@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.__qualname__.split(".")[0])
def test_run_again_after(case: Case, fate: Fate, new_store: NewStore) -> None:
    """Befallen around any step and run again, a job ends as if nothing had happened."""
    assert 0 < case.crash(new_store, fate)


@pytest.mark.parametrize("case", JOBS.values(), ids=JOBS)
def test_another_worker_in_between(case: Case, new_store: NewStore) -> None:
    """Overtaken at any step by a worker with the same job, it ends the same."""
    assert 0 < case.crash(new_store, overtaken(case.job))


@pytest.mark.parametrize("case", SMALL_JOBS.values(), ids=SMALL_JOBS)
def test_killed_with_its_books_in_a_file(case: Case, in_sqlite: NewStore) -> None:
    """Killed before and after each step, a small job finds in SQLite what it had stored."""
    assert 0 < case.crash(in_sqlite, killed_before, killed_after)


def test_every_job_is_crashed() -> None:
    """Whoever writes a job adds it to the table: each public coroutine function is one."""
    modules = {info.name for info in iter_modules(jobs.__path__)}
    written = {
        f"{module}.{name}": value
        for module in modules - NO_JOBS
        for name, value in public(f"{jobs.__name__}.{module}").items()
        if iscoroutinefunction(value)
    }
    crashed = {code_of(case.job()) for case in JOBS.values()}

    assert modules > NO_JOBS
    assert {"billing_run.run_month", "verification.verify"} < written.keys()
    assert [] == [name for name, job in written.items() if job.__code__ not in crashed]


def public(module: str) -> dict[str, Any]:
    """Return by name what *module* defines for others."""
    return {
        name: value
        for name, value in vars(import_module(module)).items()
        if getattr(value, "__module__", None) == module and not name.startswith("_")
    }


def code_of(job: Job[Any]) -> CodeType:
    """Return the code of the function that made *job*, which is ended."""
    assert isinstance(job, CoroutineType)
    job.close()
    code: CodeType = job.cr_code
    return code


# ---- the simulator itself --------------------------------------------------------------------
async def careless() -> None:
    """Post under a key that depends on what was posted before."""
    n = len(await steps.journals())
    await steps.commit(changes(f"k-{n}", journals=(transfer(f"j-{n}", "a", "b", 1),)))


async def marked_late() -> None:
    """Be careless, but only until a mark is set in a commit of its own."""
    if await steps.load(Party, "done") is None:
        await careless()
        await steps.commit(changes("mark", records=(party("done"),)))


def test_a_job_that_does_it_twice_is_found() -> None:
    """A second run that changes the books is no second run."""
    with pytest.raises(AssertionError, match=r"run twice without a crash.*journals is"):
        crash_everywhere(make_host, careless, lambda host: books(host.store))


def test_a_job_that_is_only_safe_at_its_end_is_found() -> None:
    """The failure names the step after which a crash is not survived."""
    with pytest.raises(AssertionError, match="killed_after: step 3 of 4, commit, and run again"):
        crash_everywhere(make_host, marked_late, lambda host: books(host.store))


def test_steps_are_counted_and_named() -> None:
    """A rigged host tells what it was asked, the step that met its fate included."""
    rigged = Rigged(make_host(), {3: killed_before})
    with pytest.raises(Killed, match="load Invoice"):
        run(issue("i-1"), rigged)

    assert ["load Invoice", "commit", "load Invoice"] == rigged.names
    assert 4 == crash_everywhere(make_host, lambda: issue("i-1"), outcome, recover=an_hour_later)


def test_a_failure_is_seen_by_the_job() -> None:
    """Unlike a kill it is raised at the step, where the job may handle it."""

    async def job() -> str:
        try:
            await steps.now()
        except Failed as error:
            return str(error)
        return "nothing happened"

    assert "now" == run(job(), Rigged(make_host(), {1: failed_before}))


def test_only_a_fake_clock_can_be_slowed() -> None:
    """Another clock is nothing that a test could move."""

    class Stopped:
        now = FakeClock().now

    host = attrs.evolve(make_host(), clock=Stopped())
    with pytest.raises(TypeError, match="only a FakeClock"):
        run(issue("i-1"), Rigged(host, {1: slowed(HOUR)}))


# ---- runs in between each other --------------------------------------------------------------
def test_runs_race_for_a_record() -> None:
    """Who loses looks again, so every name is there; it lost twice here."""
    rigged = Rigged(make_host())
    interleave([rename("c-1", "Ada", "Eve"), rename("c-1", "Bo", "Cy")], rigged)
    names = [version.record.name for version in rigged.host.store.history(Party, "c-1")]

    assert ["Ada", "Eve", "Bo", "Cy"] == names
    assert 6 == rigged.names.count("commit")


@given(st.lists(st.integers(0, 9), max_size=40))
def test_any_order_of_two_runs(order: list[int]) -> None:
    """Two runs that share an invoice, a series and a record get through, whoever goes first."""
    host = make_host()
    one, two, _ = interleave(
        [issue("i-1", "i-2"), issue("i-3", "i-2"), rename("c-1", "Ada")], host, order
    )

    assert one[1] == two[1]
    assert ["INV-001", "INV-002", "INV-003"] == sorted({*one, *two})
    assert 3 == len(host.store.journals().items)
    assert () == broken_laws(books(host.store))


def test_a_run_that_fails_reports_its_error() -> None:
    """The others go on; only a job that awaits no step stops the test."""

    async def broken() -> None:
        await steps.now()
        raise LookupError

    async def wrong() -> None:
        await Never()

    class Never:
        def __await__(self) -> Any:
            yield 7

    reports = interleave([broken(), issue("i-1")], make_host())

    assert isinstance(reports[0], LookupError)
    assert ["INV-001"] == reports[1]
    with pytest.raises(NotAStep, match="7 in"):
        interleave([issue("i-1"), wrong()], make_host())
