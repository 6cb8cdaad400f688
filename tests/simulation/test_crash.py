"""Whatever befalls any step of any job, running it again ends in the books of one clean run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from inspect import iscoroutinefunction
from itertools import count
from pkgutil import iter_modules
from types import CodeType, CoroutineType
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from ledgerkit import jobs
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain.alerts import alert_id
from ledgerkit.domain.changes import Draw, Expect, Series, Stale
from ledgerkit.domain.invoices import ISSUED, Invoice
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import Party
from ledgerkit.domain.reserves import ReservePolicy
from ledgerkit.domain.shadow import LegacyTotals
from ledgerkit.jobs import credit_limits as credit
from ledgerkit.jobs import overrides, steps
from ledgerkit.jobs.alerts import acknowledge_alert, observe, read_alert, standing_alerts
from ledgerkit.jobs.billing_run import (
    decide_month,
    month_to_date,
    preview_month,
    run_due,
    run_month,
)
from ledgerkit.jobs.documents import print_documents
from ledgerkit.jobs.drivers import NotAStep, run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.instructions import (
    attention_queue,
    cancel_instruction,
    look_up_instruction,
    resolve_instruction,
    retry_instruction,
)
from ledgerkit.jobs.invoices import list_invoices
from ledgerkit.jobs.notices import deliver_notices
from ledgerkit.jobs.reconciliation import reconcile_gateway
from ledgerkit.jobs.reserves import check_reserve
from ledgerkit.jobs.shadow import shadow_month
from ledgerkit.jobs.steps import Job
from ledgerkit.jobs.subscriptions import amend_subscription, preview_amendment
from ledgerkit.jobs.verification import verify
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.documents import MemoryDocuments
from ledgerkit.testing.fakes.notifier import RecordingNotifier
from ledgerkit.testing.samples import OCTOBER, changes, hour, invoice, message, party, transfer
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
from tests.jobs import contract_month as contracts
from tests.jobs import control_world as control
from tests.jobs import sending_world as sending
from tests.jobs import small_month as month
from tests.jobs.gateway_double import settlement

pytest_plugins = ("tests.plugins.postgres",)
_TENANTS = count(1)
SERIES = Series("INV", "{series}-{n:3}")
HOUR = timedelta(hours=1)


# ---- stores ----------------------------------------------------------------------------------
NewStore: TypeAlias = Callable[[], Store]


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


# ---- hosts -----------------------------------------------------------------------------------
def make_host(store: Store | None = None) -> Host:
    """Return a host with three messages waiting in *store*, one of them for nobody."""
    store = MemoryStore() if store is None else store
    told = tuple(message(f"m-{n}", recipient=f"c-{n}") for n in (1, 2, 3))
    store.commit(changes("begin", opens=(Wallet("a"), Wallet("b")), messages=told))
    notifier = RecordingNotifier(unreachable=["c-2"])
    return Host(store=store, clock=FakeClock(), notifier=notifier, documents=MemoryDocuments())


def outcome(host: Host) -> object:
    """Return what must come out the same: the books, and who was told what."""
    assert isinstance(host.notifier, RecordingNotifier)
    shown = books(host.store)
    assert () == broken_laws(shown)
    told = sorted(each.id for each in host.notifier.received)
    assert host.documents is not None
    printed = [host.documents.get(f"{number.text}.txt") for number in shown.numbers]
    return shown, told, printed


def an_hour_later(host: Host) -> None:
    """Let every lease end."""
    assert isinstance(host.clock, FakeClock)
    host.clock.advance(HOUR)


# ---- small jobs ------------------------------------------------------------------------------
async def issue(*ids: str) -> list[str]:
    """Issue an invoice for each id, post and print it; return their numbers."""
    numbers = []
    for id in ids:
        while (known := await steps.load(Invoice, id)) is None:
            decided = changes(
                f"issue/{id}",
                journals=(transfer(f"jrn_{id}", "a", "b", 5),),
                records=(invoice(id, status=ISSUED, issued_on=OCTOBER),),
                draws=(Draw(id, SERIES, OCTOBER),),
            )
            await steps.commit(decided)
        number = str(known.record.number)
        await steps.put_document(f"{number}.txt", id.encode(), media_type="text/plain")
        numbers.append(number)
    return numbers


async def rename(id: str, *names: str) -> None:
    """Give a party one name after another, each once, whoever else does the same."""
    for name in names:
        done = False
        while not done:
            known = await steps.load(Party, id)
            expects = (Expect(Party, id, 0 if known is None else known.version),)
            try:
                await steps.commit(
                    changes(f"{id}/{name}", records=(party(id, name),), expects=expects)
                )
            except Stale:
                continue
            done = True


# ---- every job -------------------------------------------------------------------------------
USD = Money(1_000, "USD")
BY: dict[str, Any] = {"actor": control.PEDRO, "reason": "seen"}


@attrs.frozen
class Case:
    """A job, the host on which it begins, and what must come out."""

    job: Callable[[], Job[Any]]
    make_host: Callable[[Store], Host] = make_host
    outcome: Callable[[Host], object] = outcome
    recover: Callable[[Host], object] = an_hour_later

    def crash(self, new_store: NewStore, *fates: Fate) -> int:
        """Crash the job everywhere on stores of its own; return the number of its steps."""
        return crash_everywhere(
            lambda: self.make_host(new_store()),
            self.job,
            self.outcome,
            recover=self.recover,
            fates=fates,
        )


JOBS: dict[str, Case] = {
    "notices": Case(deliver_notices),
    "issue": Case(lambda: issue("i-1", "i-2", "i-3")),
    "rename": Case(lambda: rename("c-1", "Ada", "Eve")),
    "run a month": Case(lambda: run_month(month.ASKED), month.new_host, month.outcome),
    "run what is due": Case(lambda: run_due(month.SMALL), month.new_host, month.outcome),
    "decide a month": Case(
        lambda: decide_month(month.corrected()), month.billed_host, month.outcome
    ),
    "run a month of contracts": Case(
        lambda: run_month(contracts.ASKED), contracts.contract_host, month.outcome
    ),
    "change a subscription": Case(
        lambda: amend_subscription(
            contracts.ASKED,
            "sub-1",
            contracts.upgrade,
            key="upgrade",
            actor="maria",
            reason="asked by phone",
        ),
        contracts.billed_contract_host,
        month.outcome,
    ),
    "preview a change": Case(
        lambda: preview_amendment(contracts.ASKED, "sub-1", contracts.upgrade),
        contracts.billed_contract_host,
        month.outcome,
    ),
    "preview a month": Case(
        lambda: preview_month(month.corrected()), month.billed_host, month.outcome
    ),
    "month to date": Case(
        lambda: month_to_date(month.corrected()), month.billed_host, month.outcome
    ),
    "shadow a month": Case(
        lambda: shadow_month(month.corrected(), LegacyTotals(())), month.billed_host, month.outcome
    ),
    "list invoices": Case(list_invoices, month.billed_host, month.outcome),
    "print documents": Case(
        lambda: print_documents(month.HEAD, month.NOVEMBER_3), month.unprinted, month.outcome
    ),
    "verify": Case(verify, month.billed_host, month.outcome),
}


def _controlled(job: Callable[[], Job[Any]], host: Callable[[Store], Host]) -> Case:
    return Case(job, host, control.control_outcome)


JOBS.update(
    {
        name: _controlled(job, control.control_host)
        for name, job in {
            "set a limit": lambda: credit.set_credit_limit("ana", USD, key="1", **BY),
            "check a booking": lambda: credit.check_booking("ana", USD, actor=control.MARIA),
            "near a limit": lambda: credit.near_credit_limit(actor=control.MARIA),
            "ask an override": lambda: overrides.ask_override(
                "ana",
                USD,
                reference="booking-7",
                reason="pays on Friday",
                expires_at=hour(24),
                actor=control.MARIA,
            ),
            "charge by itself": lambda: credit.run_auto_charges(
                order=control.order, under_way=control.nothing_under_way
            ),
            "check the reserve": lambda: check_reserve(["stripe"], ReservePolicy(USD * 99)),
            "observe": lambda: observe(control.LOW, actor="reserve check"),
            "reconcile": lambda: reconcile_gateway("stripe", on=OCTOBER, settle=settlement),
        }.items()
    }
)
JOBS.update(
    {
        name: _controlled(job, control.asked_host)
        for name, job in {
            "approve an override": lambda: overrides.approve_override(control.BOOKING, **BY),
            "reject an override": lambda: overrides.reject_override(control.BOOKING, **BY),
            "standing alerts": standing_alerts,
            "read an alert": lambda: read_alert(control.LOW, at=hour(0), tell=None),
            "acknowledge": lambda: acknowledge_alert(
                alert_id("reserve", "stripe"), actor=control.MARIA, note="seen", key="1"
            ),
        }.items()
    }
)
JOBS.update(
    {
        "revoke an override": _controlled(
            lambda: overrides.revoke_override(control.BOOKING, **BY), control.approved_host
        ),
        "use an override": _controlled(
            lambda: overrides.use_override(control.BOOKING, control.JOURNAL, **BY),
            control.approved_host,
        ),
    }
)
(PARKED,) = sending.ids_of(sending.charge())
BY_HAND: dict[str, Any] = {"key": "k-1", "actor": "olga", "note": "the bank was asked"}
JOBS.update(
    {
        "send instructions": Case(
            sending.worker, sending.asked_host, sending.outcome, sending.days_later
        ),
        "the queue of a person": Case(attention_queue, sending.parked_host, sending.outcome),
        "retry an instruction": Case(
            lambda: retry_instruction(PARKED, **BY_HAND), sending.parked_host, sending.outcome
        ),
        "look an instruction up": Case(
            lambda: look_up_instruction(PARKED, **BY_HAND), sending.parked_host, sending.outcome
        ),
        "resolve an instruction": Case(
            lambda: resolve_instruction(
                PARKED, made="ch_9", settle=sending.settle, refuse=sending.refuse, **BY_HAND
            ),
            sending.parked_host,
            sending.outcome,
        ),
        "cancel an instruction": Case(
            lambda: cancel_instruction(PARKED, refuse=sending.refuse, **BY_HAND),
            lambda store: sending.host_with(sending.charge(), store=store),
            sending.outcome,
        ),
    }
)
SMALL_JOBS = {
    "notices": JOBS["notices"],
    "send instructions": JOBS["send instructions"],
    "run a month": Case(lambda: run_month(month.SMALL), month.new_host, month.outcome),
    "print documents": Case(
        lambda: print_documents(month.HEAD, month.NOVEMBER_3), month.small_unprinted, month.outcome
    ),
}
FATES = [killed_before, killed_after, failed_before, failed_after, repeated, slowed(HOUR)]
NO_JOBS = {"steps", "drivers", "billing_facts"}  # what jobs are made of


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
