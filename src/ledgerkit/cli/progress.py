"""Progress: a job's steps, counted on the terminal while they are performed."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Job, Step

T = TypeVar("T")

_SHOWN = {"commit": "decisions stored", "put_document": "documents printed"}


class Watched:
    """A host whose steps move a progress bar; gone when the work is done."""

    def __init__(self, host: Host, console: Console) -> None:
        self._host = host
        self._counts = dict.fromkeys(_SHOWN, 0)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("reading", total=None)

    def __enter__(self) -> Watched:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    def perform(self, step: Step[Any]) -> Any:
        """Perform *step* and count it."""
        answer = step.call(self._host)
        if step.name in self._counts:
            self._counts[step.name] += 1
            told = (f"{n} {_SHOWN[name]}" for name, n in self._counts.items() if n)
            self._progress.update(self._task, description=" · ".join(told))
        return answer

    def run(self, job: Job[T]) -> T:
        """Perform *job* to its end."""
        return run(job, self)
