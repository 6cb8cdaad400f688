"""Verification of completions and adjustments: sound books pass, and each edit is named."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.adjustments import PROPOSED, Adjustment, Approval, adjust, propose
from ledgerkit.domain.completions import Completion, complete
from ledgerkit.domain.invoices import Invoice, by_hand, line
from ledgerkit.domain.ledger import Entry, Journal
from ledgerkit.domain.refunds import undo_charge
from ledgerkit.domain.verification import completion_problems, work_problems
from tests.domain.billing_run.school import OCTOBER, at, fly, school
from tests.domain.flight_school import (
    FOUR_LEGS_CARD,
    FOUR_LEGS_RENTAL,
    NOON,
    PLANE,
    flight,
    hourly,
    hours,
    usd,
)
from tests.domain.test_verification_documents import books

LIMIT = Approval((usd("100000"),))
Books = tuple[Completion, tuple[Adjustment, ...], tuple[Journal, ...]]


def corrected(*quantities: Fraction) -> Books:
    """Return a flight of half an hour that was corrected to *quantities*, one after the other."""
    done = complete(flight(equipment=PLANE), card=FOUR_LEGS_CARD, rental=FOUR_LEGS_RENTAL)
    completion, applied, posted = done.completion, [], [done.journal]
    for n, quantity in enumerate(quantities):
        asked = adjust(
            completion,
            hours(quantity),
            card=FOUR_LEGS_CARD,
            key=f"hobbs {n}",
            by="maria",
            reason="Hobbs meter",
            at=NOON,
            approval=LIMIT,
        )
        assert asked.completion is not None
        completion = asked.completion
        applied.append(asked.adjustment)
        posted.append(asked.journal)
    return completion, tuple(applied), tuple(each for each in posted if each is not None)


def codes(completion: Completion, applied: tuple[Adjustment, ...], *posted: Journal) -> list[str]:
    """Return what is wrong with a completion and its adjustments against *posted* journals."""
    found = completion_problems([completion], applied, books(*posted))
    return [problem.code for problem in found]


@given(st.lists(st.fractions(0, 5, max_denominator=10), max_size=3))
def test_sound_completions(quantities: list[Fraction]) -> None:
    """However often it was corrected, a flight comes to what its journals moved."""
    wanted, last = [], Fraction(1, 2)
    for quantity in quantities:
        if quantity != last:
            wanted.append(quantity)
            last = quantity
    completion, applied, posted = corrected(*wanted)

    assert [] == codes(completion, applied, *posted)


def test_proposals_and_refunds_change_nothing() -> None:
    """What waits has no effect yet; what a refund took back was flown all the same."""
    completion, applied, posted = corrected(Fraction(4, 5))
    waits = propose(
        completion,
        hours(1),
        card=FOUR_LEGS_CARD,
        key="again",
        by="maria",
        reason="log",
        at=NOON,
    ).adjustment
    undone = undo_charge(posted[0], usd("10"), refund="rfd_1", at=NOON).journal

    assert PROPOSED == waits.status
    assert [] == codes(completion, (*applied, waits), *posted, undone)


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        (["completion_differs"], {"supplier": "una"}),
        (["completion_differs"], {"customer": "ben"}),
        (["completion_differs"], {"journal": "jrn_9"}),
        (["completion_differs"] * 4 + ["adjustment_differs"], {"journal": None, "part": 0}),
        (["adjustment_differs"], {"part": 2}),
    ],
    ids=range(5),
)
def test_a_completion_that_was_edited(expected: list[str], fields: dict[str, Any]) -> None:
    """Whose flight it was, what booked it, and how often it was corrected."""
    completion, applied, posted = corrected(Fraction(4, 5))

    assert expected == codes(attrs.evolve(completion, **fields), applied, *posted)


def test_a_line_that_was_edited() -> None:
    """A cent more for the customer is a cent that no journal charged; the sentence has both."""
    completion, _, posted = corrected()
    line = completion.lines[0]
    dearer = attrs.evolve(line.rated, amount=line.rated.amount + usd("0.01"))
    lines = (attrs.evolve(line, rated=dearer), *completion.lines[1:])
    edited = attrs.evolve(completion, lines=lines)
    (problem,) = completion_problems([edited], [], books(*posted))

    assert ("completion_differs", "f-1") == (problem.code, problem.subject)
    assert "completion f-1 comes to -10001 on customer:ana, journals to -10000" == problem.reason


def test_an_adjustment_that_was_edited() -> None:
    """A delta that differs, a journal that is another, and one that is not applied any more."""
    completion, (applied,), posted = corrected(Fraction(4, 5))
    cheaper = (Entry("customer:ana", usd("-1")), Entry("platform", usd("1")))
    undone = attrs.evolve(applied, status=PROPOSED, journal=None)
    found = completion_problems(
        [completion], [attrs.evolve(applied, deltas=cheaper)], books(*posted)
    )

    assert [f"adjustment {applied.id} moves -100 on customer:ana, its journal -6000"] == [
        problem.reason for problem in found
    ]
    assert ["adjustment_differs"] == codes(
        completion, (attrs.evolve(applied, journal="jrn_9"),), *posted
    )
    assert ["adjustment_differs"] == codes(completion, (undone,), *posted)


def test_an_adjustment_of_nothing() -> None:
    """Its completion is not there."""
    _, (applied,), posted = corrected(Fraction(4, 5))
    (problem,) = completion_problems([], [applied], books(*posted))

    assert f"adjustment {applied.id} is of completion f-1, which is not there" == problem.reason


# ---- what documents say --------------------------------------------------------------------------
def billed(times: int) -> list[str]:
    """Return what is wrong when the lines of a flight of 1.5 h stand on *times* invoices."""
    world = fly(school())
    world.run(at(11), OCTOBER)
    (invoice,) = world.all(Invoice)
    checked = books(*(posted.journal for posted in world.store.journals().items))
    found = work_problems(world.all(Completion), [invoice] * times, (), checked)
    return [problem.code + ": " + problem.reason for problem in found]


def test_work_is_documented_once() -> None:
    """340.00 on one invoice; on two it would be asked for twice."""
    reason = "documents of completion f-1 come to 68000, its journals to 34000 up to correction 0"

    assert ([], [f"work_differs: {reason}"]) == (billed(1), billed(2))


def test_a_line_with_another_journal_says_nothing_of_work() -> None:
    """A session has the id of the flight: its journal is none of the flight's."""
    world = fly(school())
    told = line("f-1", item="maths", on=NOON.date(), price=hourly("50"), journal="jrn_other")
    invoice = by_hand("1", customer="ana", lines=[told], on=NOON.date())
    issued = attrs.evolve(invoice, status="issued")
    checked = books(*(posted.journal for posted in world.store.journals().items))

    assert () == work_problems(world.all(Completion), [issued], (), checked)
