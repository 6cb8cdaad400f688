"""Types are exact where a step is awaited, and a forgotten await is an error.

The first test never runs what it holds: the type checkers do. Were the forgotten awaits no error,
mypy would report the comments that ignore them as unused.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import pytest

from ledgerkit.domain.changes import Changes, Committed, Versioned
from ledgerkit.domain.ledger import Balance
from ledgerkit.domain.parties import Party
from ledgerkit.jobs import steps
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Step

SRC = (Path(__file__).parents[2] / "src").as_posix()
CONFIG = f"""
[tool.mypy]
mypy_path = "{SRC}"
strict = true
follow_imports = "silent"
[tool.pyright]
extraPaths = ["{SRC}"]
"""
FORGETFUL = """
from ledgerkit.domain.changes import Changes
from ledgerkit.jobs.steps import commit, now

async def job(changes: Changes) -> None:
    await now()
    commit(changes)
"""


async def typed(changes: Changes) -> int:
    """Await steps; the types of their answers are those of the ports."""
    assert_type(await steps.load(Party, "c-1"), Versioned[Party] | None)
    assert_type(await steps.find_all(Party), tuple[Versioned[Party], ...])
    assert_type(await steps.balances(), Mapping[tuple[str, str], Balance])
    assert_type(await steps.commit(changes), Committed)
    assert_type(await Step("count", lambda host: len(host.store.wallets())), int)
    return 1


async def forgetful(changes: Changes) -> None:
    """Forget to await: an error in both type checkers."""
    steps.commit(changes)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


def report(host: Host, changes: Changes) -> None:
    """Run jobs; the report has the job's own type."""
    assert_type(run(typed(changes), host), int)
    assert_type(run(steps.load(Party, "c-1"), host), Versioned[Party] | None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["mypy", "--config-file=pyproject.toml", "job.py"], "[unused-coroutine]"),
        (["pyright", "--project=pyproject.toml"], "(reportUnusedCoroutine)"),
    ],
)
def test_a_forgotten_await_is_an_error(tmp_path: Path, command: list[str], expected: str) -> None:
    """Both type checkers refuse a commit that nobody awaited, and nothing else."""
    program = shutil.which(command[0], path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / "job.py").write_text(FORGETFUL, "utf-8")
    (tmp_path / "pyproject.toml").write_text(CONFIG, "utf-8")
    result = subprocess.run(
        [program, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    errors = [line for line in result.stdout.splitlines() if "error" in line and "job.py:" in line]

    assert 1 == len(errors), result.stdout + result.stderr
    assert "job.py:7:" in errors[0]
    assert errors[0].endswith(expected)
