"""Suite: the conformance cases under a folder, and which of them this project answers so far.

A case is a fact taken from the tests of another system. It is told apart by its shape: what has
`when` is a story for the ledger, what has `capability` a question about billing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

LEDGER, BILLING = "ledger", "billing"

# What later issues bring, in words for whoever reads the report: a whole family (what stands before
# the point) or one capability. The ledger waits for nothing.
LATER: Mapping[str, str] = {
    "credit_note.coupon": "subscriptions",
    "credit_note.refund_split": "payments and refunds",
    "credit_note.termination": "subscriptions",
    "credit_note.trial": "subscriptions",
    "dunning": "dunning",
}


@attrs.frozen
class Case:
    """One case.

    Attributes:
        id: Its name; unique among the cases that were read together.
        suite: `ledger` or `billing`.
        capability: What it is about: the capability, or the topic of a story for the ledger.
        data: All of it, as it was read.
    """

    id: str
    suite: str
    capability: str
    data: Mapping[str, Any]

    @property
    def differs(self) -> str | None:
        """Why it is not for us, where this project settles the question otherwise; or None."""
        stance = str(self.data.get("stance", ""))
        if stance != "differs":
            return None
        why = self.data.get("notes") or self.data.get("note")
        return f"{stance}: {why or 'settled otherwise in the specification'}"

    @property
    def later(self) -> str | None:
        """What it waits for, in plain words; or None for what is done."""
        if self.suite == LEDGER:
            return None
        family, _, _ = self.capability.partition(".")
        return LATER.get(self.capability) or LATER.get(family)


def steps_of(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return every step of a story, members of batches included, in their order."""
    for step in steps:
        yield step
        yield from steps_of(step.get("steps", []))


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Return the cases of every JSON file under *folder*, file by file.

    Raises:
        ValueError: there is none, or something under it is no case.
    """
    found = [
        _case(data, path)
        for path in sorted(folder.rglob("*.json"))
        for data in _listed(json.loads(path.read_text("utf-8")), path)
    ]
    if not found:
        msg = f"there are no cases under {folder}"
        raise ValueError(msg)
    # Two files may use one name; a test has one of its own.
    seen = Counter[str]()
    cases = []
    for case in found:
        seen[case.id] += 1
        again = seen[case.id] > 1
        cases.append(attrs.evolve(case, id=f"{case.id}#{seen[case.id]}") if again else case)
    return tuple(cases)


def _listed(content: object, path: Path) -> list[object]:
    if isinstance(content, dict) and isinstance(content.get("cases"), list):
        content = content["cases"]
    if not isinstance(content, list):
        msg = f"{path} must hold a list of cases (got {type(content).__name__})"
        raise ValueError(msg)  # noqa: TRY004 - the file is wrong, not the call
    return content


def _case(data: object, path: Path) -> Case:
    if isinstance(data, dict) and "id" in data:
        if "when" in data:
            return Case(str(data["id"]), LEDGER, str(data.get("topic", "no topic")), data)
        if "capability" in data:
            return Case(str(data["id"]), BILLING, str(data["capability"]), data)
    msg = f"{path} holds something that is no case: {str(data)[:80]}"
    raise ValueError(msg)
