"""What every test stands on: Hypothesis profiles and a private run-time folder."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=50, deadline=None, print_blob=True)
settings.register_profile(
    "covering", settings.get_profile("quick"), max_examples=5, derandomize=True
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000)
settings.load_profile("quick")

_RUNTIME = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Point XDG_RUNTIME_DIR at a private folder, where PostgreSQL keeps its sockets.

    Workers of a parallel run inherit the folder of the run that started them.
    """
    if not hasattr(config, "workerinput"):
        config.stash[_RUNTIME] = tempfile.mkdtemp(prefix="ledgerkit-")  # mode 0700
        os.environ["XDG_RUNTIME_DIR"] = config.stash[_RUNTIME]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run-time folder."""
    folder = config.stash.get(_RUNTIME, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
