"""Drivers perform the steps of a job, and nothing but steps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Expect, Stale, Versioned
from ledgerkit.domain.ledger import Balance, Cursor, Event, Wallet
from ledgerkit.domain.outbox import DONE
from ledgerkit.domain.parties import Party
from ledgerkit.jobs import steps
from ledgerkit.jobs.drivers import NotAStep, run, run_async
from ledgerkit.jobs.host import Host, PortMissing
from ledgerkit.jobs.steps import Job, Step
from ledgerkit.testing.contracts.renderer import sample
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.documents import MemoryDocuments
from ledgerkit.testing.fakes.notifier import RecordingNotifier
from ledgerkit.testing.fakes.renderer import PlainTextRenderer
from ledgerkit.testing.samples import NOON, changes, hold, message, party, transfer

Driver = Callable[[Job[Any], Any], Any]


def in_loop(job: Job[Any], host: Any) -> Any:
    """Run *job* in an event loop of its own."""
    return asyncio.run(run_async(job, host))


DRIVERS = pytest.mark.parametrize("drive", [run, in_loop])


def make_host(**ports: Any) -> Host:
    """Return a host in memory, with optional *ports* beside store and clock."""
    return Host(store=MemoryStore(), clock=FakeClock(), **ports)


async def rename(id: str, name: str) -> tuple[int, int]:
    """Store a name, read it back and return how often the base had moved, and the version."""
    moved = 0
    while True:
        known = await steps.load(Party, id)
        version = 0 if known is None else known.version
        expects = (Expect(Party, id, version),)
        try:
            done = changes(f"{id}/{name}", records=(party(id, name),), expects=expects)
            await steps.commit(done)
        except Stale:
            moved += 1
        else:
            return moved, version + 1


# ---- performing ------------------------------------------------------------------------------
@DRIVERS
def test_a_job_gets_the_answers_of_its_steps(drive: Driver) -> None:
    """What a port returns is what `await` returns, and what a job returns is the report."""
    host = make_host()

    assert (0, 1) == drive(rename("c-1", "Ada"), host)
    assert (0, 2) == drive(rename("c-1", "Eve"), host)
    assert Versioned(party("c-1", "Eve"), 2) == host.store.load(Party, "c-1")


@DRIVERS
def test_a_job_sees_errors_where_it_awaited(drive: Driver) -> None:
    """An error of a port is raised at its step, and the job may handle it and go on."""

    async def job() -> str:
        known = changes("k-1", expects=(Expect(Party, "c-1", 7),))
        try:
            await steps.commit(known)
        except Stale as error:
            return f"at {error.found}"
        return "never"

    assert "at 0" == drive(job(), make_host())


@DRIVERS
def test_an_unhandled_error_ends_the_run(drive: Driver) -> None:
    """The caller gets what the job did not handle, from a port or from the job itself."""

    async def job(step: Awaitable[object]) -> None:
        await step
        msg = "own mistake"
        raise LookupError(msg)

    with pytest.raises(Stale):
        drive(job(steps.commit(changes("k", expects=(Expect(Party, "c", 7),)))), make_host())
    with pytest.raises(LookupError, match="own mistake"):
        drive(job(steps.now()), make_host())


@DRIVERS
def test_a_kill_asks_nobody(drive: Driver) -> None:
    """A BaseException ends the run at once; the job cannot catch it and no step follows."""
    seen: list[str] = []

    class Power(BaseException):
        """Gone."""

    def fail(_: Host) -> None:
        raise Power

    async def job() -> None:
        try:
            await Step("cut", fail)
        except BaseException:
            seen.append("caught")
            raise
        seen.append("went on")

    with pytest.raises(Power):
        drive(job(), make_host())
    assert "went on" not in seen


@DRIVERS
def test_a_job_of_no_steps_is_a_report(drive: Driver) -> None:
    """A job that awaits nothing is over at once."""

    async def job() -> int:
        return 7

    assert 7 == drive(job(), make_host())


# ---- what is no step -------------------------------------------------------------------------
async def sleeper() -> None:
    """Await what no driver performs, and try to hide it."""
    try:
        await asyncio.sleep(0)
    except Exception:  # noqa: BLE001 - a careless job
        await steps.now()


@DRIVERS
def test_awaiting_anything_else_is_refused_by_name(drive: Driver) -> None:
    """The error says what was awaited and in which coroutine; the job is not resumed."""
    with pytest.raises(NotAStep) as caught:
        drive(sleeper(), make_host())

    assert "None in sleeper > sleep > __sleep0" == caught.value.awaited
    assert "may await the steps of ledgerkit.jobs.steps only" in str(caught.value)


def test_a_future_is_no_step() -> None:
    """Inside an event loop, where a future could be awaited, it is refused all the same."""

    async def waiter() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NotAStep, match="Future pending"):
        in_loop(waiter(), make_host())


# ---- ports -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "port"),
    [
        (lambda: steps.send(message("m-1")), "notifier"),
        (lambda: steps.render(sample()), "renderer"),
        (lambda: steps.put_document("a.pdf", b""), "document store"),
    ],
)
def test_a_missing_port_is_named(step: Callable[[], Job[object]], port: str) -> None:
    """A step that needs a port the host does not have says which."""
    with pytest.raises(PortMissing, match=f"needs a {port}") as caught:
        run(step(), make_host())

    assert port == caught.value.port


def test_every_step_calls_its_port() -> None:
    """Each step answers what the port would."""
    notifier = RecordingNotifier()
    host = make_host(renderer=PlainTextRenderer(), documents=MemoryDocuments(), notifier=notifier)
    event = Event("session", "s-1")

    async def job() -> dict[str, object]:
        stored = changes(
            "k-1",
            opens=(Wallet("a"), Wallet("b")),
            journals=(transfer("j-1", "a", "b", 5, event=event),),
            records=(party("c-1"),),
            messages=(message("m-1"),),
            holds=(hold("h-1", "a", "b", 3),),
        )
        seen: dict[str, object] = {"commit": (await steps.commit(stored)).replayed}
        seen["commit_all"] = [done.replayed for done in await steps.commit_all([stored])]
        seen["load"] = await steps.load(Party, "c-1")
        seen["find_all"] = await steps.find_all(Party, party="c-1")
        seen["history"] = len(await steps.history(Party, "c-1"))
        seen["wallets"] = await steps.wallets("a")
        seen["balances"] = await steps.balances("b")
        seen["entries"] = [line.sequence for line in await steps.entries("a")]
        seen["by effect"] = [line.sequence for line in await steps.entries("a", by_effect=True)]
        seen["last_entry"] = await steps.last_entry("a")
        seen["journal"] = await steps.journal("j-1") == (await steps.journals())[0]
        seen["posted_events"] = await steps.posted_events([event])
        seen["hold"] = (await steps.hold("h-1"),) == await steps.holds("b", state="open")
        seen["holds"] = await steps.holds(state="captured")
        seen["numbers"] = await steps.numbers()
        drawn = await steps.render(sample())
        seen["put_document"] = (await steps.put_document("a.pdf", drawn)).size == len(drawn)
        (claimed,) = await steps.claim("notice", at=NOON, lease=timedelta(hours=1), limit=1)
        await steps.send(claimed.message)
        await steps.settle(claimed, outcome=DONE, at=await steps.now())
        return seen

    assert {
        "commit": False,
        "commit_all": [True],
        "load": Versioned(party("c-1"), 1),
        "find_all": (Versioned(party("c-1"), 1),),
        "history": 1,
        "wallets": (Wallet("a"),),
        "balances": {("b", "EUR"): Balance(5, held_in=3)},
        "entries": [1],
        "by effect": [1],
        "last_entry": Cursor(1, 0),
        "journal": True,
        "posted_events": {event: "j-1"},
        "hold": True,
        "holds": (),
        "numbers": (),
        "put_document": True,
    } == run(job(), host)
    assert (message("m-1"),) == notifier.received
    assert () == host.store.claim("notice", at=NOON, lease=timedelta(hours=1))


def test_pages_are_steps() -> None:
    """Reading everything takes a step a page, so that a kill can fall between them."""
    host = make_host()
    many = changes(
        "k-1", opens=(Wallet("a"), Wallet("b")), records=tuple(map(party, map(str, range(501))))
    )
    host.store.commit(many)
    for n in range(501):
        host.store.commit(changes(f"k {n}", journals=(transfer(f"j {n}", "a", "b", 1),)))
    many = changes("holds", holds=tuple(hold(f"h {n}", "a", "b", 1) for n in range(501)))
    host.store.commit(many)
    counted = Counted(host)

    assert 501 == len(run(steps.holds("a"), counted))
    assert 501 == len(run(steps.find_all(Party), counted))
    assert 501 == len(run(steps.entries("a"), counted))
    assert ["holds", "holds", "find Party", "find Party", "entries", "entries"] == counted.names


# ---- other performers ------------------------------------------------------------------------
@attrs.define
class Counted:
    """A performer that blocks and keeps the names of its steps."""

    host: Host
    names: list[str] = attrs.Factory(list)

    def perform(self, step: Step[Any]) -> Any:
        """Perform *step*."""
        self.names.append(step.name)
        return step.call(self.host)


@attrs.define
class InLoop:
    """A performer that awaits: it stays in the thread of the event loop."""

    host: Host
    threads: set[int] = attrs.Factory(set)

    async def perform(self, step: Step[Any]) -> Any:
        """Perform *step* after a turn of the loop."""
        await asyncio.sleep(0)
        self.threads.add(threading.get_ident())
        return step.call(self.host)


@DRIVERS
def test_a_performer_performs_in_its_own_way(drive: Driver) -> None:
    """Both drivers take whatever performs steps in place of a host."""
    performer = Counted(make_host())

    assert (0, 1) == drive(rename("c-1", "Ada"), performer)
    assert ["load Party", "commit"] == performer.names


def test_an_async_performer_is_awaited() -> None:
    """Its steps run in the loop's own thread, and its errors reach the job."""
    performer = InLoop(make_host())

    assert (0, 1) == in_loop(rename("c-1", "Ada"), performer)
    assert {threading.get_ident()} == performer.threads
    with pytest.raises(PortMissing):
        in_loop(steps.send(message("m-1")), performer)


def test_blocking_ports_run_in_threads() -> None:
    """The loop stays free while a port blocks, and the context goes along."""
    user: ContextVar[str] = ContextVar("user")
    waiting, free = threading.Event(), threading.Event()

    def block(_: Host) -> tuple[str, int]:
        waiting.set()
        assert free.wait(5)  # set by the loop, which goes on meanwhile
        return user.get(), threading.get_ident()

    async def main() -> tuple[str, int]:
        user.set("eve")
        job: Job[tuple[str, int]] = awaiting(Step("block", block))
        running = asyncio.create_task(run_async(job, make_host()))
        assert await asyncio.to_thread(waiting.wait, 5)
        free.set()
        return await running

    name, thread = asyncio.run(main())

    assert "eve" == name
    assert threading.get_ident() != thread


async def awaiting(step: Step[Any]) -> Any:
    """Await one step and then another."""
    answer = await step
    await Step("after", lambda host: host.clock.now())
    return answer


# ---- cancelling ------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [None, LookupError("lost")])
def test_cancelled_it_ends_between_two_steps(error: Exception | None) -> None:
    """A step that has begun is performed to its end before the caller goes on; none follows."""
    begun, free = threading.Event(), threading.Event()
    done: list[str] = []

    def slow(_: Host) -> None:
        begun.set()
        assert free.wait(5)
        done.append("slow")
        if error is not None:
            raise error

    async def job() -> None:
        await Step("slow", slow)
        await Step("after", lambda _: done.append("after"))

    async def main() -> list[str]:
        running = asyncio.create_task(run_async(job(), make_host()))
        assert await asyncio.to_thread(begun.wait, 5)
        running.cancel()
        await asyncio.sleep(0)
        running.cancel()  # impatience changes nothing
        await asyncio.sleep(0)
        assert not running.done()
        free.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        return [*done]

    assert ["slow"] == asyncio.run(main())
    assert ["slow"] == done


def test_cancelled_a_job_cleans_up() -> None:
    """Blocks that the job has open are left, as in any coroutine."""
    left: list[str] = []
    begun = asyncio.Event()

    async def job() -> None:
        try:
            await Step("forever", lambda _: None)
        finally:
            left.append("closed")

    class Waiting:
        async def perform(self, step: Step[Any]) -> Any:
            begun.set()
            await asyncio.sleep(0)
            return step.call(make_host())

    async def main() -> None:
        running = asyncio.create_task(run_async(job(), Waiting()))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())

    assert ["closed"] == left
