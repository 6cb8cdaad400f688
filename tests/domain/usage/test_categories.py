"""Usage by category: what customers see of it, nothing added up across units. (seed 001)"""

from __future__ import annotations

from fractions import Fraction

import pytest

from ledgerkit.domain.usage import (
    LAST,
    SUM,
    CategoryUse,
    MeterUse,
    Quantity,
    by_category,
    dimensions,
    readings,
    recount,
)
from tests.domain.usage.world import OCTOBER, SEPTEMBER, meter, plain, reading, snapshot, used

METERS = (
    meter(LAST, name="licences", by=("level",), category="licences"),
    meter(LAST, name="clusters", category="clusters", unit="clusters"),
    meter(SUM, name="transfer", category="storage", unit="GB"),
    meter(LAST, name="storage", category="storage", unit="GB-months"),
    meter(LAST, name="users", category="users"),
)


def test_usage_by_category() -> None:
    """In the order of the meters; categories of which nothing was used are left out."""
    events = [
        used("a", 5, name="licences", of=dimensions(level="professional")),
        used("b", "0.5", name="transfer"),
        used("c", "5.04", name="storage"),
    ]
    so_far = [r for m in METERS for r in readings(m, events, period=OCTOBER, zone="UTC")]
    told = [r for m in METERS for r in readings(m, events, period=SEPTEMBER, zone="UTC")]

    assert [] == so_far
    assert (
        CategoryUse("licences", (use("licences", "", 5, level="professional"),)),
        CategoryUse("storage", (use("transfer", "GB", "0.5"), use("storage", "GB-months", "5.04"))),
    ) == by_category(METERS, reversed(told))


def use(name: str, unit: str, value: str | int, **of: str) -> MeterUse:
    """Return what was used in September."""
    quantities = (Quantity(dimensions(**of), Fraction(value)),)
    return MeterUse(meter=name, unit=unit, period=SEPTEMBER, quantities=quantities, estimated=False)


def test_estimates_are_told() -> None:
    """Snapshots of several periods stand one after the other, and say where they guess."""
    october = snapshot(None, period=OCTOBER, previous=snapshot(5))
    ((_, uses),) = (
        (found.category, found.uses) for found in by_category(METERS, [october, snapshot(5)])
    )

    assert [(SEPTEMBER, plain(5), False), (OCTOBER, plain(5), True)] == [
        (each.period, each.quantities, each.estimated) for each in uses
    ]
    known = recount(october, reading(5, period=OCTOBER)).after
    assert not by_category(METERS, [known])[0].uses[0].estimated


def test_nothing_used_is_no_category() -> None:
    """An empty view, not one of zeros that nobody measured."""
    assert () == by_category(METERS, [])


def test_one_customer_sees_their_own() -> None:
    """Usage of two customers in one view is a mistake, as is a meter that is not known."""
    both = readings(METERS[1], [used("a"), used("b", customer="c-2")], period=SEPTEMBER, zone="UTC")
    with pytest.raises(ValueError, match="of one customer"):
        by_category(METERS, both)
    with pytest.raises(ValueError, match="no meter called clusters"):
        by_category(METERS[:1], [snapshot(5)])
