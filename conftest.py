"""What pytest needs to know before any test: whose asserts explain themselves, what are examples.

The Python blocks of README.md and docs/ run as tests, one namespace per page.
"""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest.register_assert_rewrite("ledgerkit.testing")  # its suites are tests of whoever runs them

# Not importable for doctests: alembic runs the migrations.
collect_ignore_glob = ["src/*/migrations/*"]

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()], patterns=["*.md"]
).pytest()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without looking for garbage among them: they stay to the end.

    There are so many that to look at all of them again and again takes a third of collecting.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
