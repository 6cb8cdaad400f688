"""Completions: what work came to and how it was corrected, against what journals moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ledgerkit.domain.adjustments import APPLIED, Adjustment
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.ledger import Entry, Event
from ledgerkit.domain.ledger.journals import net_of
from ledgerkit.domain.verification.journals import Checked, Problem

_PLATFORM = "platform"  # has what the others leave, as every journal balances


def completion_problems(
    completions: Iterable[Completion], adjustments: Iterable[Adjustment], checked: Checked
) -> tuple[Problem, ...]:
    """Return completions that came to something else than their journals, and corrections.

    What a refund took back of a charge stays apart: the work was done all the same. Finds
    `completion_differs`, `adjustment_differs`.
    """
    applied: defaultdict[str, list[Adjustment]] = defaultdict(list)
    found: list[Problem] = []
    for adjustment in adjustments:
        if adjustment.status == APPLIED:
            applied[adjustment.completion].append(adjustment)
    for completion in completions:
        mine = applied.pop(completion.id, [])
        found += _completed(completion, checked)
        found += _adjusted(completion, mine, checked)
    for id, many in applied.items():
        for each in many:
            reason = f"adjustment {each.id} is of completion {id}, which is not there"
            found.append(Problem("adjustment_differs", each.id, reason))
    return tuple(found)


def _completed(completion: Completion, checked: Checked) -> Iterator[Problem]:
    event = completion.event
    booked = checked.events.get(event)
    if booked != completion.journal:
        reason = f"completion {completion.id} names journal {completion.journal}, {event} is booked"
        yield Problem("completion_differs", completion.id, f"{reason} by {booked}")
    events = [event, *(Event(*_place(event, n)) for n in range(1, completion.part + 1))]
    for wallet, minor in _watched(completion.legs, completion.currency).items():
        moved = sum(checked.posted(each, wallet, completion.currency) for each in events)
        if moved != minor:
            reason = f"completion {completion.id} comes to {minor} on {wallet}, journals to {moved}"
            yield Problem("completion_differs", completion.id, reason)


def _adjusted(
    completion: Completion, applied: list[Adjustment], checked: Checked
) -> Iterator[Problem]:
    if len(applied) != completion.part:
        reason = f"completion {completion.id} was adjusted {completion.part} times"
        reason = f"{reason}, {len(applied)} adjustments of it are applied"
        yield Problem("adjustment_differs", completion.id, reason)
    for each in applied:
        booked = checked.events.get(Event(*_place(completion.event, each.base + 1)))
        if booked != each.journal:
            reason = f"adjustment {each.id} names journal {each.journal}, its place in the row"
            yield Problem("adjustment_differs", each.id, f"{reason} is booked by {booked}")
            continue
        for wallet, minor in _watched(each.deltas, each.currency).items():
            moved = checked.amounts[str(booked)].get((wallet, each.currency), 0)
            if moved != minor:
                reason = f"adjustment {each.id} moves {minor} on {wallet}, its journal {moved}"
                yield Problem("adjustment_differs", each.id, reason)


def _place(event: Event, n: int) -> tuple[str, str, str]:
    """Return what the event of the *n*th adjustment is made of."""
    return event.type, event.id, f"adjusted:{n}"


def _watched(legs: Iterable[Entry], currency: str) -> dict[str, int]:
    return {
        wallet: minor
        for (wallet, of), minor in net_of(legs).items()
        if of == currency and wallet != _PLATFORM
    }
