"""Lifecycles: every table in the library is complete, and the reference prints all of them."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ledgerkit
from ledgerkit.domain.lifecycle import Lifecycle

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "lifecycles.md"
DIAGRAM = re.compile(r"^## (\w+)$.*?^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def machines() -> Iterator[Lifecycle]:
    """Return every lifecycle that a module of the domain holds, each once."""
    found: dict[int, Lifecycle] = {}
    for module in pkgutil.walk_packages(ledgerkit.__path__, "ledgerkit."):
        if module.name.startswith("ledgerkit.domain."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Lifecycle):
                    found[id(value)] = value
    return iter(found.values())


MACHINES = sorted(machines(), key=lambda machine: machine.name)


def exits(diagram: str) -> set[str]:
    r"""Return the statuses of *diagram* that an arrow leads on from.

    >>> exits("    [*] --> a\n    a --> b: go\n    b --> [*]\n")
    {'a'}
    """
    return set(re.findall(r"^ +(\w+) --> (?!\[\*\])", diagram, re.MULTILINE))


def finals(diagram: str) -> set[str]:
    r"""Return the statuses that *diagram* ends in.

    >>> finals("    [*] --> a\n    a --> b: go\n    b --> [*]\n")
    {'b'}
    """
    return set(re.findall(r"^ +(\w+) --> \[\*\]$", diagram, re.MULTILINE))


def test_machines_are_found() -> None:
    """The walk over the domain finds each table once, under a name of its own."""
    assert [
        "adjustment",
        "alert",
        "bank_payout",
        "billing_cycle",
        "clawback",
        "credit_note",
        "dispute",
        "gateway_breaker",
        "grant",
        "instruction",
        "invoice",
        "override",
        "package",
        "payment",
        "payment_plan",
        "payout",
        "refund",
        "subscription",
        "transfer",
        "webhook_event",
    ] == [machine.name for machine in MACHINES]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_status_is_reachable(machine: Lifecycle) -> None:
    """No status stands in a table that no chain of events leads to."""
    assert machine.statuses == machine.reachable


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("adjustment", ("applied", "rejected")),  # a wrong one is put right by another one
        ("alert", ()),  # what was gone may come back
        ("billing_cycle", ("closed",)),
        ("gateway_breaker", ()),
        ("instruction", ("cancelled",)),  # done and refused are overturned by late outcomes
        ("grant", ("revoked",)),  # what is used up may come back, what expired is revived
        ("credit_note", ("void", "rejected")),
        ("invoice", ("void",)),  # a payment may be refunded, a written off debt paid
        ("dispute", ("won",)),  # what is lost may be won on appeal
        ("override", ("rejected", "used", "revoked")),
        ("package", ()),  # an expired one is revived by a late approval (spec: billing 5a)
        ("payment", ("voided",)),  # what failed may come in late, what was refunded come back
        ("payment_plan", ("cancelled",)),  # a payment that is taken back reopens a completed one
        ("refund", ()),  # late outcomes: done after all, or sent back by the bank
        ("payout", ()),  # the bank or the gateway may take a payment back
        ("transfer", ()),  # what was done may fail, what failed be done after all
        ("bank_payout", ("failed", "canceled")),
        ("clawback", ("rejected",)),  # a reversal may fail after the case was settled
        ("subscription", ("cancelled",)),
        ("webhook_event", ("handled", "logged")),
    ],
)
def test_final_statuses(name: str, expected: tuple[str, ...]) -> None:
    """What is over is over: these statuses, and no others, have no exit."""
    machine = next(each for each in MACHINES if each.name == name)

    assert expected == machine.final
    assert [] == [event for status, event in machine.table if status in expected]


def test_the_page_prints_the_tables() -> None:
    """docs/reference/lifecycles.md shows each table as its diagram, and no others."""
    printed = dict(DIAGRAM.findall(PAGE.read_text("utf-8")))

    assert {machine.name: machine.mermaid() for machine in MACHINES} == printed


def test_printed_finals_have_no_exit() -> None:
    """In the diagrams as readers see them, no arrow leaves a status that is final."""
    printed = dict(DIAGRAM.findall(PAGE.read_text("utf-8")))

    assert {} == {name: both for name, d in printed.items() if (both := finals(d) & exits(d))}
