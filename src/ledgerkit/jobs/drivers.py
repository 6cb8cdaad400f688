"""Drivers: perform the steps of a job, blocking or in an event loop; one source for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from contextvars import copy_context
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast, runtime_checkable

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Job, Step

T = TypeVar("T")


@attrs.frozen
class NotAStep(LedgerkitError):
    """A job awaited something that no driver performs."""

    awaited: str
    code: ClassVar[str] = "not_a_step"

    def __str__(self) -> str:
        return f"a job awaited {self.awaited}; it may await the steps of ledgerkit.jobs.steps only"


@runtime_checkable
class Performer(Protocol):
    """Performs steps its own way: the simulator blocking, an async host with `await`."""

    def perform(self, step: Step[Any]) -> Any:
        """Perform *step* and return the port's answer, or be a coroutine function that does."""
        ...


class Progress(Generic[T]):
    """A job under way; building it runs the job to its first step.

    Drivers perform `step` and hand over the answer or the error until there is no step left;
    then `report` is what the job returned. What the job raises, these methods raise.

    Attributes:
        step: What the job waits for, or None when it has ended.
        report: What it returned, once it has ended.

    Raises:
        NotAStep: the job awaits something else; it is not resumed.
    """

    step: Step[Any] | None
    report: T

    def __init__(self, job: Job[T]) -> None:
        self._job = job
        self._resume(partial(job.send, None))

    def answer(self, value: object) -> None:
        """Let the job go on with *value* from its step."""
        self._resume(partial(self._job.send, value))

    def fail(self, error: Exception) -> None:
        """Let the job see *error* raised at its step."""
        self._resume(partial(self._job.throw, error))

    def _resume(self, resume: Callable[[], Step[Any]]) -> None:
        self.step = None
        try:
            awaited: object = resume()
        except StopIteration as end:
            self.report = end.value
            return
        if not isinstance(awaited, Step):
            raise NotAStep(f"{awaited!r} in {' > '.join(_names(self._job))}")
        self.step = awaited


def _names(awaited: object) -> Iterator[str]:
    """Return the names of the coroutines that wait for each other, the job first."""
    while (name := getattr(awaited, "__qualname__", None)) is not None:
        yield name
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


def perform(step: Step[T], host: Host | Performer) -> T:
    """Perform *step* and return the port's answer, blocking."""
    # Asked at every step, and to ask whether it is a Performer takes longer than many steps.
    own = getattr(host, "perform", None)
    return step.call(cast("Host", host)) if own is None else cast("T", own(step))


def run(job: Job[T], host: Host | Performer) -> T:
    """Perform *job* here and now; what a port raises, the job sees raised at its step.

    A `BaseException` that is no `Exception`, such as a kill, ends the run without the job being
    asked: nothing in a job may stand in its way.

    Raises:
        NotAStep: the job awaits something that is not a step.
    """
    with closing(job):
        progress = Progress(job)
        while progress.step is not None:
            try:
                answer = perform(progress.step, host)
            except Exception as error:  # noqa: BLE001 - the job decides what it can handle
                progress.fail(error)
            else:
                progress.answer(answer)
        return progress.report


async def run_async(job: Job[T], host: Host | Performer) -> T:
    """Perform *job* without holding up the event loop of asyncio.

    Ports block, so each step runs in a thread; a performer whose `perform` is a coroutine
    function is awaited instead. Cancelled, it ends between two steps: a step that has begun is
    performed to its end first, so that no commit goes on behind the caller's back.

    Raises:
        NotAStep: the job awaits something that is not a step.
    """
    with closing(job):
        progress = Progress(job)
        while progress.step is not None:
            try:
                answer = await _perform_async(progress.step, host)
            except Exception as error:  # noqa: BLE001 - the job decides what it can handle
                progress.fail(error)
            else:
                progress.answer(answer)
        return progress.report


async def _perform_async(step: Step[Any], host: Host | Performer) -> Any:
    if isinstance(host, Performer) and iscoroutinefunction(host.perform):
        performed = asyncio.ensure_future(host.perform(step))
    else:
        context = copy_context()  # goes along: hosts keep the current user or trace in it
        performed = asyncio.get_running_loop().run_in_executor(
            None, lambda: context.run(perform, step, host)
        )
    cancelled: asyncio.CancelledError | None = None
    while not performed.done():
        try:
            await asyncio.wait([performed])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return performed.result()
    if not performed.cancelled():
        performed.exception()  # its answer is nobody's any more; asyncio wants it looked at
    raise cancelled
