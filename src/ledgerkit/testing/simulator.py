"""Simulator: performs a job's steps the way bad days do.

A fate says how one step is performed: killed, failed, repeated, slowed down or overtaken. A job
is right if, whatever befalls a step, running it again ends in the books of one clean run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from itertools import chain, repeat
from types import MappingProxyType
from typing import Any, TypeAlias

from ledgerkit.jobs.drivers import NotAStep, Performer, Progress, perform, run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Job, Step
from ledgerkit.testing.books import difference
from ledgerkit.testing.fakes.clock import FakeClock

Fate: TypeAlias = Callable[[Step[Any], Host], Any]


class Killed(BaseException):
    """The process ends here; no job can catch it."""


class Failed(Exception):
    """A port raises, and nobody knows whether it did its work."""


def killed_before(step: Step[Any], _host: Host) -> Any:
    """Die before the step is performed."""
    raise Killed(step.name)


def killed_after(step: Step[Any], host: Host) -> Any:
    """Perform the step and die before the job learns of it."""
    step.call(host)
    raise Killed(step.name)


def failed_before(step: Step[Any], _host: Host) -> Any:
    """Raise `Failed` instead of performing the step."""
    raise Failed(step.name)


def failed_after(step: Step[Any], host: Host) -> Any:
    """Perform the step and raise `Failed`, like a time-out on the way back."""
    step.call(host)
    raise Failed(step.name)


def repeated(step: Step[Any], host: Host) -> Any:
    """Perform the step twice and return the second answer, like a network that tries again."""
    step.call(host)
    return step.call(host)


def slowed(by: timedelta) -> Fate:
    """Return the fate of a step before which the host's `FakeClock` goes on *by* so much."""

    def fate(step: Step[Any], host: Host) -> Any:
        if not isinstance(host.clock, FakeClock):
            msg = f"only a FakeClock can be moved (got {host.clock!r})"
            raise TypeError(msg)
        host.clock.advance(by)
        return step.call(host)

    return fate


def overtaken(job: Callable[[], Job[Any]]) -> Fate:
    """Return the fate of a step before which another worker runs *job* to its end."""

    def fate(step: Step[Any], host: Host) -> Any:
        run(job(), host)
        return step.call(host)

    return fate


class Rigged:
    """A host whose steps meet their fates; drivers take it in place of the host.

    Args:
        host: The ports.
        fates: What befalls which step, counted from 1; the others are performed as ever.

    Attributes:
        names: The names of the steps so far.
    """

    def __init__(self, host: Host, fates: Mapping[int, Fate] = MappingProxyType({})) -> None:
        self.host = host
        self.fates = fates
        self.names: list[str] = []

    def perform(self, step: Step[Any]) -> Any:
        """Perform *step* as its fate will have it."""
        self.names.append(step.name)
        fate = self.fates.get(len(self.names))
        return step.call(self.host) if fate is None else fate(step, self.host)


def interleave(
    jobs: Sequence[Job[Any]], host: Host | Performer, order: Iterable[int] = ()
) -> tuple[Any, ...]:
    """Perform *jobs* on one host, a step of one and a step of another, and return their reports.

    *order* says whose turn it is, as places among the jobs that still run (any whole number, it
    wraps around); when it is used up, all take turns. A job that raises has the error for its
    report. Give it different jobs: equal ones walk in step and never race.
    """
    reports: list[Any] = [None] * len(jobs)
    running: dict[int, Progress[Any]] = {}
    with ExitStack() as ending:
        for place, job in enumerate(jobs):
            ending.callback(job.close)
            _go_on(place, reports, running, partial(Progress, job))
        for turn in chain(order, repeat(0)):
            if not running:
                break
            place = [*running][turn % len(running)]
            _go_on(place, reports, running, partial(_one_step, running.pop(place), host))
    return tuple(reports)


def _go_on(
    place: int,
    reports: list[Any],
    running: dict[int, Progress[Any]],
    go: Callable[[], Progress[Any]],
) -> None:
    try:
        progress = go()
    except NotAStep:
        raise
    except Exception as error:  # noqa: BLE001 - it is the job's report
        reports[place] = error
        return
    if progress.step is None:
        reports[place] = progress.report
    else:
        running[place] = progress  # at the end of the line


def _one_step(progress: Progress[Any], host: Host | Performer) -> Progress[Any]:
    if progress.step is not None:
        try:
            answer = perform(progress.step, host)
        except Exception as error:  # noqa: BLE001 - the job decides what it can handle
            progress.fail(error)
        else:
            progress.answer(answer)
    return progress


def _nothing(_host: Host) -> None:
    pass


def crash_everywhere(
    make_host: Callable[[], Host],
    job: Callable[[], Job[Any]],
    books: Callable[[Host], object],
    *,
    recover: Callable[[Host], object] = _nothing,
    fates: Sequence[Fate] = (killed_before, killed_after),
) -> int:
    """Run *job* with each of *fates* at each step, then again, and compare with one clean run.

    Args:
        make_host: Returns a new host in the state in which the job begins.
        job: Returns the job; called for every run.
        books: Returns what must come out the same, such as `books(host.store)`.
        recover: What happens before the job runs again, such as time passing.
        fates: What befalls the one step; `Killed` and `Failed` may end the run, nothing else.

    Returns the number of steps of a clean run; raises AssertionError for the first difference.
    """
    clean = Rigged(make_host())
    run(job(), clean)
    expected = books(clean.host)
    recover(clean.host)
    run(job(), clean.host)
    _compare(expected, books(clean.host), "run twice without a crash")
    steps = len(clean.names)
    for number in range(1, steps + 1):
        for fate in fates:
            rigged = Rigged(make_host(), {number: fate})
            with suppress(Killed, Failed):
                run(job(), rigged)
            recover(rigged.host)
            run(job(), rigged.host)
            name = getattr(fate, "__name__", repr(fate))
            what = f"{name}: step {number} of {steps}, {clean.names[number - 1]}"
            _compare(expected, books(rigged.host), what)
    return steps


def _compare(expected: object, actual: object, what: str) -> None:
    if expected != actual:
        msg = f"{what}, and run again: {difference(expected, actual)}"
        raise AssertionError(msg)
