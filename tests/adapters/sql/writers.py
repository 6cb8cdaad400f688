"""Eight writers who work on the same books at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

WRITERS = 8


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Return what *work* gives for each writer, all of them working at once."""
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(work, range(WRITERS)))
