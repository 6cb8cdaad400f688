"""Completions: what work came to, how it was corrected, and what documents say of it.

All are compared with what journals moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import attrs

from ledgerkit.domain.adjustments import APPLIED, Adjustment
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import EFFECTIVE, CreditNote
from ledgerkit.domain.invoices import DRAFT, VOID, Invoice
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


# ---- what documents say of it --------------------------------------------------------------------
def work_problems(
    completions: Iterable[Completion],
    invoices: Iterable[Invoice],
    notes: Iterable[CreditNote],
    checked: Checked,
) -> tuple[Problem, ...]:
    """Return completions of which documents say something else than journals charged.

    What is not documented yet is left out: lines and notes name the journal up to which they say
    it. Finds `work_differs`.
    """
    told = _told(invoices, notes)
    return tuple(
        problem
        for done in completions
        if done.id in told
        for problem in _documented(done, told[done.id], checked)
    )


@attrs.frozen
class _Told:
    """What documents say of a source: amounts with the journals they name, and parts of lines."""

    amounts: list[tuple[str, int]] = attrs.Factory(list)
    parts: list[str] = attrs.Factory(list)


def _told(invoices: Iterable[Invoice], notes: Iterable[CreditNote]) -> Mapping[str, _Told]:
    """Return what lines and notes say, by source."""
    found = defaultdict[str, _Told](_Told)
    for invoice in invoices:
        for line in invoice.lines if invoice.status not in (DRAFT, VOID) else ():
            if line.journal is not None:
                found[line.source].amounts.append((line.journal, line.amount.minor))
                found[line.source].parts.append(line.part)
    for note in notes:
        for back in note.lines if note.status in EFFECTIVE else ():
            if back.given is not None:
                given = back.given
                found[back.source].amounts.append((given.journal, -given.amount.minor))
    return found


def _documented(done: Completion, told: _Told, checked: Checked) -> Iterator[Problem]:
    """Yield where documents differ from what was charged up to the correction they name."""
    payer = f"customer:{done.customer}", done.currency
    events = [done.event, *(Event(*_place(done.event, n)) for n in range(1, done.part + 1))]
    place = {checked.events.get(event): n for n, event in enumerate(events)}
    said = [(place[journal], minor) for journal, minor in told.amounts if journal in place]
    named = sorted({n for n, _ in said})
    # What the customer had already when a correction gave it back was taken again, for no document.
    said += (
        (n, checked.posted(Event(done.type, done.id, f"credited:{n}:-{part}"), *payer))
        for n in range(1, done.part + 1)
        for part in told.parts
    )
    charged = [-checked.posted(event, *payer) for event in events]
    for n in named:
        documented, due = sum(minor for m, minor in said if m <= n), sum(charged[: n + 1])
        if documented != due:
            reason = (
                f"documents of completion {done.id} come to {documented}, its journals to {due}"
            )
            reason = f"{reason} up to correction {n}"
            yield Problem("work_differs", done.id, reason)
