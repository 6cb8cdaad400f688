"""Undo: what would take a half-made commit back, so that it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import ParamSpec

P = ParamSpec("P")


class Undo:
    """A block that is done whole or not at all: if it fails, what was added is called, last first.

    >>> shelf = ["kept"]
    >>> try:
    ...     with Undo() as undo:
    ...         shelf.append("new")
    ...         undo.add(shelf.pop)
    ...         raise KeyError
    ... except KeyError:
    ...     print(shelf)
    ['kept']
    """

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def add(self, step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Remember to call *step* if the block fails."""
        self._steps.append(partial(step, *args, **kwargs))

    def __enter__(self) -> Undo:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            for step in reversed(self._steps):
                step()
