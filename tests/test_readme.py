"""The README keeps what it promises before a reader has installed anything."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_two_commands_are_enough() -> None:
    """The first two sh blocks are one line each and start from nothing but Python."""
    first, second = COMMANDS[:2]

    assert ["python3", "-m", "venv", ".venv", "&&"] == shlex.split(first)[:5]
    assert ["python3", "-m", "venv", ".venv", "&&"] == shlex.split(second)[:5]
    assert (1, 1) == (first.count("\n"), second.count("\n"))


def test_first_command_has_its_data() -> None:
    """The folder that the first command bills is part of the project."""
    folder = next(word for word in shlex.split(COMMANDS[0]) if word.startswith("examples/"))

    assert [] != list((ROOT / folder).glob("*.csv"))


def test_extras_are_explained() -> None:
    """The README's table names every extra but `all`."""
    rows = re.findall(r"^\| (`.*`) \|", README, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert set(project["optional-dependencies"]) - {"all"} == set(
        re.findall("`(.*?)`", " ".join(rows))
    )
