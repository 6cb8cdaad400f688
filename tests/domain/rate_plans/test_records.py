"""Rate plan: valid from birth, with periods that count from its cycle."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest

from ledgerkit.domain.periods import CalendarCycle, DatesOutOfOrder, UnknownZone
from ledgerkit.domain.rate_plans import PlanItem, agree, days_to_date, end, periods_due
from ledgerkit.domain.rate_plans.rates import part_of
from ledgerkit.domain.usage import MAX, SpikePolicy
from tests.domain.rate_plans.world import (
    CLUSTERS,
    FEE,
    FIRST,
    ITEMS,
    JANUARY,
    METERS,
    PRICES,
    PROFESSIONAL,
    STORAGE,
    THIRTY,
    plan,
)


def test_agreeing_on_a_plan() -> None:
    """Its id is that of the agreement, its currency that of the list; it is what is stored."""
    terms: dict[str, Any] = {
        "customer": "c-1",
        "price_list": PRICES,
        "zone": "UTC",
        "cycle": THIRTY,
        "items": ITEMS,
        "on": JANUARY,
    }
    agreed = agree(**terms)

    assert attrs.evolve(plan(), id=agreed.plan.id) == agreed.plan
    assert agreed == agree(**terms)
    assert agreed.plan.id.startswith("rpl_20260101_")
    assert (agreed.plan,) == agreed.effects.records
    assert METERS == agreed.plan.meters


def test_ending_a_plan() -> None:
    """What is billed of later days stays billed."""
    ended = end(attrs.evolve(plan(), billed_through=FIRST.end), on=date(2026, 1, 20))

    assert ended.plan.next_period is None
    assert () == periods_due(ended.plan, on=date(2027, 1, 1))
    assert (ended.plan,) == ended.effects.records


@pytest.mark.parametrize(
    ("on", "periods"),
    [
        (date(2026, 1, 15), []),
        (date(2026, 1, 16), []),
        (date(2026, 2, 1), ["2026-01-16/2026-02-01"]),
        (date(2026, 3, 9), ["2026-01-16/2026-02-01", "2026-02-01/2026-03-01"]),
        (
            date(2026, 3, 10),
            ["2026-01-16/2026-02-01", "2026-02-01/2026-03-01", "2026-03-01/2026-03-10"],
        ),
    ],
)
def test_periods_due(on: date, periods: list[str]) -> None:
    """Closed ones, oldest first, cut to the days of the plan; none before it starts."""
    monthly = attrs.evolve(
        plan(started_on=date(2026, 1, 16), ends_on=date(2026, 3, 10)), cycle=CalendarCycle()
    )

    assert periods == [str(period) for period in periods_due(monthly, on=on)]


def test_days_to_date_of_a_plan_that_starts_within_a_period() -> None:
    """They count from its first day."""
    monthly = attrs.evolve(plan(started_on=date(2026, 1, 16)), cycle=CalendarCycle())

    assert "2026-01-16/2026-01-20" == str(days_to_date(monthly, as_of=date(2026, 1, 20)))


def test_next_period() -> None:
    """From the first day that is not billed, to the end of a cycle or of the plan."""
    begun = attrs.evolve(plan(), billed_through=date(2026, 2, 10))

    assert "2026-02-10/2026-03-02" == str(begun.next_period)
    assert "2026-02-10/2026-02-20" == str(end(begun, on=date(2026, 2, 20)).plan.next_period)


def test_parts_are_told_apart() -> None:
    """Whatever stands in the name of an item or the value of a dimension."""
    parts = {
        part_of(*of)
        for of in (
            ("a", (("b", "c"),), 1),
            ("a", (("b", "c"),), 2),
            ("a", (("b", "c/2"),), 1),
            ("a", (("b", "c%2F2"),), 1),
            ("a/b=c", (), 1),
            ("a", (("b", ""), ("c", "")), 1),
            ("a", (("b", "/c="),), 1),
            ("a", (), 2),
        )
    }

    assert 8 == len(parts)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"item": ""}, "item must be"),
        ({"item": 1}, "item must be text"),
        ({"kind": ""}, "kind of 'platform fee'"),
        ({"quantity": 1}, "must be a Fraction"),
        ({"quantity": 1.5}, "must be a Fraction"),
        ({"quantity": True}, "must be a Fraction"),
        ({"quantity": Fraction(0)}, "must be above 0"),
        ({"quantity": Fraction(-1)}, "must be above 0"),
        ({"dimensions": [("level", "basic")]}, "dimensions must be"),
        ({"dimensions": (("b", "x"), ("a", "x"))}, "must be sorted"),
        ({"meter": "storage"}, "must be a Meter or None"),
        ({"meter": STORAGE, "spike": 2}, "must be a SpikePolicy or None"),
        ({"spike": SpikePolicy(floor=Fraction(1))}, "has no meter"),
        ({"meter": STORAGE, "quantity": Fraction(2)}, "are what its meter says"),
        ({"meter": STORAGE, "dimensions": PROFESSIONAL}, "are what its meter says"),
    ],
)
def test_item_is_valid_from_birth(fields: dict[str, Any], named: str) -> None:
    """An item is metered or it is not, and its figures are exact."""
    with pytest.raises((TypeError, ValueError), match=named):
        attrs.evolve(FEE, **fields)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": ""}, "rate plan id"),
        ({"customer": " c"}, "rate plan customer"),
        ({"price_list": None}, "rate plan price_list"),
        ({"currency": "usd"}, "usd"),
        ({"cycle": "monthly"}, "needs a Cycle"),
        ({"estimates": 1}, "whether it estimates"),
        ({"started_on": datetime(2026, 1, 1)}, "started_on must be a date"),  # noqa: DTZ001 - refused
        ({"ends_on": "2026-02-01"}, "ends_on must be a date"),
        ({"billed_through": datetime(2026, 2, 1)}, "billed_through must be"),  # noqa: DTZ001
        ({"items": ()}, "one item at least"),
        ({"items": [FEE]}, "must be a tuple of PlanItem"),
        ({"items": ("fee",)}, "must be a tuple of PlanItem"),
        ({"items": (FEE, FEE)}, "each once"),
        (
            {
                "items": (
                    PlanItem(item="cluster", meter=CLUSTERS),
                    PlanItem(item="peak", meter=attrs.evolve(CLUSTERS, aggregation=MAX)),
                )
            },
            "have one name",
        ),
    ],
)
def test_plan_is_valid_from_birth(fields: dict[str, Any], named: str) -> None:
    """Terms that one can bill by, or none at all."""
    with pytest.raises((TypeError, ValueError), match=named):
        attrs.evolve(plan(), **fields)


def test_zones_and_days_of_a_plan() -> None:
    """An unknown zone is refused when the plan is made, and so are days before its first."""
    with pytest.raises(UnknownZone):
        attrs.evolve(plan(), zone="Europe/Nowhere")
    early = date(2025, 12, 31)
    with pytest.raises(DatesOutOfOrder, match="ends_on"):
        attrs.evolve(plan(), ends_on=early)
    with pytest.raises(DatesOutOfOrder, match="billed_through"):
        attrs.evolve(plan(), billed_through=early)
    for use in (periods_due, end):
        with pytest.raises(TypeError):
            use(plan(), on=datetime(2026, 2, 1))  # noqa: DTZ001 - the point
    with pytest.raises(TypeError):
        days_to_date(plan(), as_of="2026-02-01")  # type: ignore[arg-type]  # the point
