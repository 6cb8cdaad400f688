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
from typing import Any, assert_type

import pytest

from ledgerkit.domain.changes import Changes, Committed, Versioned
from ledgerkit.domain.ledger import Balance
from ledgerkit.domain.parties import Party
from ledgerkit.jobs import steps
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Step

ROOT = Path(__file__).parents[2]
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
    ("checker", "code"), [("mypy", "unused-coroutine"), ("pyright", "reportUnusedCoroutine")]
)
def test_a_forgotten_await_is_an_error(tmp_path: Path, checker: str, code: str) -> None:
    """Both type checkers refuse a commit that nobody awaited, and nothing else."""
    command: Any = shutil.which(checker, path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip(f"{checker} is not installed")
    (tmp_path / "job.py").write_text(FORGETFUL, "utf-8")
    config = {"mypy": "--config-file", "pyright": "--project"}[checker]
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.mypy]\nmypy_path = "{ROOT / "src"}"\nstrict = true\nfollow_imports = "silent"\n'
        f'[tool.pyright]\nextraPaths = ["{ROOT / "src"}"]\n',
        "utf-8",
    )
    arguments = [config, str(tmp_path / "pyproject.toml"), *(["job.py"] if checker == "mypy" else [])]
    result = subprocess.run(
        [command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert 1 == result.returncode, result.stdout + result.stderr
    assert [7] == [
        int(line.split(":")[1]) for line in result.stdout.splitlines() if code in line
    ]
    assert 1 == result.stdout.count("error:")  + result.stdout.count(" - error"), result.stdout
