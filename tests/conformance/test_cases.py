"""Conformance: facts from the test suites of other systems, one test for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.billing_answers import answer
from tests.conformance.ledger_world import expectation, tell
from tests.conformance.suite import LEDGER, Case


def test_case(case: Case, record_property: Callable[[str, object], None]) -> None:
    """A case comes out as it says; one that we settle otherwise, or not yet, says so."""
    record_property("capability", f"{case.suite}: {case.capability}")
    if case.differs:
        record_property("not run", "settled otherwise")
        pytest.skip(case.differs)
    if case.later:
        record_property("not run", "not yet covered")
        pytest.skip(f"not yet covered: {case.capability}, comes with {case.later}")

    if case.suite == LEDGER:
        assert expectation(case.data) == tell(case.data)
    else:
        expected = case.data["expected"]
        assert expected == answer(case.capability, case.data["inputs"], expected)
