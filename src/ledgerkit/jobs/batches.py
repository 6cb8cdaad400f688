"""Batch: much work of one kind in one go, such as a billing run, where memory may grow meanwhile.

Python looks for cycles of garbage each time some hundred more objects were made than freed. Records
are no cycles; building a million of them, about half of the time goes into looking for what is not
there.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

ALLOCATIONS = 200_000

_lock = Lock()
# The thresholds that each block under way found; the first ones are those of the process.
_under_way: list[tuple[int, int, int]] = []


@contextmanager
def fewer_collections(allocations: int = ALLOCATIONS) -> Generator[None]:
    """Let the block make *allocations* more objects than it frees before each look for cycles.

    The thresholds of the process change until the last of such blocks ends, in whatever thread;
    a collector that is off stays off. Use it around a whole job or plan, not inside a web request:

    >>> before = gc.get_threshold()
    >>> with fewer_collections():
    ...     gc.get_threshold()[0]
    200000
    >>> gc.get_threshold() == before
    True

    Raises:
        ValueError: *allocations* is no whole number above 0.
    """
    if type(allocations) is not int or allocations <= 0:
        msg = f"allocations must be a whole number above 0 (got {allocations!r})"
        raise ValueError(msg)
    with _lock:
        first, *others = found = gc.get_threshold()
        _under_way.append(found)
        if 0 < first < allocations:
            gc.set_threshold(allocations, *others)
    try:
        yield
    finally:
        with _lock:
            own = _under_way[0]  # what the process had before any block; they may end in any order
            _under_way.pop()
            if not _under_way:
                gc.set_threshold(*own)
