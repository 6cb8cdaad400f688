"""What the conformance cases need: where they are, a test for each, and a report at the end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.suite import read_cases

CASES = Path(__file__).parent / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--cases DIR`."""
    parser.addoption("--cases", metavar="DIR", default=None, help="run the cases under DIR")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every case under the folder that was named, or else under our own."""
    if "case" not in metafunc.fixturenames:
        return
    named = metafunc.config.getoption("--cases", default=None)
    folder = CASES if named is None else metafunc.config.invocation_params.dir / named
    try:
        cases = read_cases(folder)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how many of how many cases ran, by capability."""
    counts: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            told = dict(getattr(report, "user_properties", ()))
            if "capability" in told:
                # What was not run says why; a case without a handler failed, and is not hidden.
                counts.setdefault(str(told["capability"]), Counter())[
                    str(told.get("not run", outcome))
                ] += 1
    if not counts:
        return
    terminalreporter.section("conformance")
    for capability, outcomes in sorted(counts.items()):
        terminalreporter.line(line_of(capability, outcomes))
    terminalreporter.line(line_of("all", sum(counts.values(), Counter())))


def line_of(capability: str, outcomes: Counter[str]) -> str:
    """Return the line of one capability in the report.

    >>> line_of("ledger: holds", Counter({"passed": 2, "failed": 1, "not yet covered": 3}))
    'ledger: holds: 3 of 6 ran, 1 failed; 3 not yet covered'
    """
    bad = outcomes["failed"] + outcomes["error"]
    text = f"{capability}: {outcomes['passed'] + bad} of {sum(outcomes.values())} ran"
    if bad:
        text += f", {bad} failed"
    ran = {"passed", "failed", "error"}
    return text + "".join(
        f"; {n} {word}" for word, n in sorted(outcomes.items()) if word not in ran
    )
