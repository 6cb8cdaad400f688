"""Processes for tests to start: real ones, that need not import everything anew each time.

Where the platform can fork, they are forked from a server that is started once for a run of pytest
and has imported what takes long; it has opened nothing, so they share nothing but code. Elsewhere
each of them starts from nothing.
"""

from __future__ import annotations

from multiprocessing import get_all_start_methods, get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Windows has no ForkServerContext
    from multiprocessing.context import ForkServerContext, SpawnContext

_FORKS = "forkserver" in get_all_start_methods()

#: Takes the place of `multiprocessing`: has `Process`, `Pipe`, `Manager` and the like.
PROCESSES: ForkServerContext | SpawnContext = (
    get_context("forkserver") if _FORKS else get_context("spawn")
)

if _FORKS:
    PROCESSES.set_forkserver_preload(
        [
            "alembic.command",
            "concurrent.futures.process",
            "cyclopts",
            "hypothesis",
            "ledgerkit.adapters.csv_folder",
            "ledgerkit.adapters.exports",
            "ledgerkit.adapters.memory",
            "ledgerkit.adapters.objects",
            "ledgerkit.adapters.sql",
            "ledgerkit.adapters.typst",
            "ledgerkit.testing.books",
            "ledgerkit.testing.fakes.gateway",
            "ledgerkit.testing.samples",
            "psycopg",
            "pypdfium2",
            "pytest",
            "rich.console",
            "rich.table",
        ]
    )
