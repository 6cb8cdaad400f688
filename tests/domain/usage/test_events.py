"""Usage events: one id is one event, however often and in whichever order it comes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.usage import (
    EventConflict,
    MissingDimension,
    Quantity,
    UsageEvent,
    differences,
    dimensions,
    distinct,
)
from ledgerkit.domain.usage.quantities import pick
from tests.domain.usage.world import EVENTS, QUANTITIES, SMALL, START, used


def test_duplicates_are_dropped() -> None:
    """The same event three times is one event; order is that of time, then of ids."""
    late, early, beside = used("e-2", day=3), used("e-9", day=1), used("e-1", day=3)

    assert (early, beside, late) == distinct([late, early, late, beside, late])


def test_the_same_written_otherwise_is_the_same() -> None:
    """An instant of another zone and a fraction that is not in lowest terms differ in writing."""
    madrid = START.astimezone(timezone(timedelta(hours=2)))
    again = attrs.evolve(used("e-1", "1.5"), at=madrid, quantity=Fraction(30, 20))

    assert (used("e-1", "1.5"),) == distinct([used("e-1", "1.5"), again])


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        (used("e-1", "2.5"), (("quantity", "1", "5/2"),)),
        (
            used("e-1", day=1),
            (("at", "2026-09-01T00:00:00+00:00", "2026-09-02T00:00:00+00:00"),),
        ),
        (
            used("e-1", customer="c-2", name="storage", of=()),
            (
                ("customer", "c-1", "c-2"),
                ("meter", "clusters", "storage"),
                ("dimensions", str(SMALL), "()"),
            ),
        ),
    ],
)
def test_one_id_with_other_content_is_an_error(
    other: UsageEvent, differing: tuple[tuple[str, str, str], ...]
) -> None:
    """It names the event and everything that differs."""
    with pytest.raises(EventConflict) as caught:
        distinct([used("e-1"), used("e-2"), other])

    assert ("e-1", differing) == (caught.value.event, caught.value.differing)
    assert f"usage event 'e-1' came with {differing[0][0]} " in str(caught.value)


@given(EVENTS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(events: list[UsageEvent], chance: Any) -> None:
    """Any shuffle of any events, some of them twice, is the same distinct events."""
    again = [*events, *(event for event in events if chance.random() < 0.5)]
    chance.shuffle(again)

    assert distinct(events) == distinct(again)
    assert distinct(events) == distinct(distinct(events))


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ""},
        {"id": " e"},
        {"customer": "c\n1"},
        {"meter": "m" * 256},
        {"at": datetime(2026, 9, 1)},  # noqa: DTZ001 - the point
        {"quantity": Fraction(10**100)},
        {"quantity": Fraction(1, 10**100)},
        {"dimensions": (("size", "s"), ("size", "l"))},
        {"dimensions": (("use", "x"), ("size", "l"))},
        {"dimensions": (("", "x"),)},
    ],
)
def test_events_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    """Names, times without a zone, digits without end, dimensions out of order or twice."""
    with pytest.raises(ValueError, match=r"."):
        attrs.evolve(used("e-1"), **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 7},
        {"at": "2026-09-01"},
        {"quantity": 1.5},
        {"quantity": Decimal("1.5")},
        {"quantity": 1},
        {"quantity": True},
        {"dimensions": [("size", "s")]},
        {"dimensions": (("size", 1),)},
    ],
)
def test_events_of_other_types_are_refused(fields: dict[str, Any]) -> None:
    """A quantity is a Fraction and nothing that could have been rounded."""
    with pytest.raises(TypeError):
        attrs.evolve(used("e-1"), **fields)


def test_quantities_have_a_hundred_digits() -> None:
    """So many are read, on either side of the line."""
    most = Fraction(10**100 - 1, 10**100 - 3)

    assert most == attrs.evolve(used("e-1"), quantity=most).quantity


def test_a_quantity_is_exact() -> None:
    """A float has no place in it, nor has text; dimensions are checked as those of events."""
    for value in (1.5, "1.5", 1):
        with pytest.raises(TypeError):
            Quantity((), value)  # type: ignore[arg-type]  # the point
    with pytest.raises(ValueError, match="sorted by name"):
        Quantity((("b", ""), ("a", "")), Fraction(1))


def test_missing_dimension_names_the_event() -> None:
    """Whoever mends it needs to know which event it was."""
    with pytest.raises(MissingDimension) as caught:
        pick(dimensions(size="small"), ("size", "use"), of="e-1")

    assert ("e-1", "use") == (caught.value.event, caught.value.dimension)
    assert "usage event 'e-1' has no 'use', which its meter needs" == str(caught.value)


@given(QUANTITIES, QUANTITIES)
def test_differences_lead_from_one_to_the_other(one: Fraction, other: Fraction) -> None:
    """What differs is what has to be added, and nothing where nothing does."""
    small, large = dimensions(size="s"), dimensions(size="l")
    before = (Quantity(large, one), Quantity(small, Fraction(1)))
    after = (Quantity(small, other),)
    found = {each.dimensions: each.value for each in differences(after, before)}

    assert {large: -one, small: other - 1} == {large: Fraction(0), small: Fraction(0)} | found
    assert Fraction(0) not in found.values()
