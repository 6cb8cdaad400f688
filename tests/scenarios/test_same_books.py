"""Stores that take the same commands keep the same books."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.testing.machine import books_machine


def test_two_memory_stores_keep_the_same_books() -> None:
    """A store depends on what it was told, and on nothing else."""
    machine = books_machine(lambda: {"one": MemoryStore(), "two": MemoryStore()})

    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=30))
