"""Reliability: the page has every row of the specification, and the tests that it names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "reliability.md").read_text("utf-8")
ROW = re.compile(r"^\| ([A-Z]\d+) \|.*$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
# Of the fault catalogue: what can go wrong with gateways and messages, and among many workers.
ROWS = [*(f"A{n}" for n in range(1, 20)), *(f"B{n}" for n in range(1, 11))]


def named_in(row: str) -> list[tuple[str, str]]:
    """Return (path, name) of each test that *row* names.

    >>> named_in("| A1 | it fails | `tests/test_a.py::test_b`<br>`tests/c.py::test_d` |")
    [('tests/test_a.py', 'test_b'), ('tests/c.py', 'test_d')]
    """
    return NAMED.findall(row)


def has_test(path: str, name: str) -> bool:
    """Return whether the file at *path* defines a test called *name*, in a class or not."""
    file = ROOT / path
    if not file.exists():
        return False
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(file.read_text("utf-8"))
    return any(isinstance(node, functions) and node.name == name for node in ast.walk(tree))


def test_every_row_is_there() -> None:
    """Each once, in order."""
    assert ROWS == [row[1] for row in ROW.finditer(PAGE)]


def test_every_row_names_a_test() -> None:
    """A promise that nothing shows is none."""
    assert [] == [row[1] for row in ROW.finditer(PAGE) if not named_in(row[0])]


def test_named_tests_exist() -> None:
    """By file and name."""
    named = named_in(PAGE)

    assert len(ROWS) < len(named)
    assert [] == [f"{path}::{name}" for path, name in named if not has_test(path, name)]


def test_what_is_missing_is_found() -> None:
    """Neither a file nor a function that is not there passes; a method of a class does."""
    suite = "src/ledgerkit/testing/contracts/store/outbox.py"

    assert not has_test("tests/no_such_file.py", "test_named_tests_exist")
    assert not has_test("tests/architecture/test_reliability.py", "test_no_such_test")
    assert has_test(suite, "test_16_many_claim_at_once")
