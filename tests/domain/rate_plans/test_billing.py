"""Rate plans: each closed period is billed once, and what comes later is the difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.invoices import rated_line
from ledgerkit.domain.money import CurrencyMismatch
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import (
    Graduated,
    ListPrice,
    NegativeQuantity,
    NoListedPrice,
    PackagePrice,
    Percentage,
    PriceKey,
    PriceList,
    Tariff,
    Tier,
    Volume,
)
from ledgerkit.domain.money import Rate
from ledgerkit.domain.rate_plans import (
    Billed,
    MeterShared,
    NotByQuantity,
    PeriodOutOfOrder,
    PlanItem,
    RatePlan,
    bill,
    bill_period,
    days_to_date,
    end,
    periods_due,
    to_date,
)
from ledgerkit.domain.usage import (
    LAST,
    MAX,
    MISSING,
    TIME_WEIGHTED,
    Meter,
    Quantity,
    Reading,
    Snapshot,
    SpikePolicy,
    UsageEvent,
    UsageMissing,
    correct,
    dimensions,
)
from tests.domain.rate_plans.world import (
    CLUSTERS,
    FEE,
    FIRST,
    FOURTH,
    ITEMS,
    JANUARY,
    LICENSES,
    MEDIUM,
    METERS,
    PRICES,
    PROFESSIONAL,
    SECOND,
    SMALL,
    STORAGE,
    THIRD,
    THIRTY,
    USERS,
    cents,
    lines,
    listed,
    per_unit,
    plan,
    professional,
    read,
    usd,
    used,
)

CLUSTER = PlanItem(item="cluster", meter=CLUSTERS)


def run(
    plan: RatePlan,
    on: date,
    readings: Sequence[Reading] = (),
    snapshots: Sequence[Snapshot] = (),
    prices: PriceList = PRICES,
) -> Billed:
    """Bill what is due on a day."""
    return bill(plan, on=on, price_list=prices, readings=readings, snapshots=snapshots)


def newest(*known: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """Return the last version of each snapshot."""
    return tuple({each.id: each for many in known for each in many}.values())


# ---- the figures of the specification --------------------------------------------------------
def test_runs_on_the_first_of_the_month() -> None:
    """With the cron of the seed runs bill 1, 0, 2, 1 and 1 periods of 30 days. (spec: C-1)"""
    now, billed = plan(FEE), []
    for month in (2, 3, 4, 5, 6):
        done = run(now, date(2026, month, 1))
        billed.append([str(charge.period) for charge in done.charges])
        now = done.plan

    assert [
        ["2026-01-01/2026-01-31"],
        [],
        ["2026-01-31/2026-03-02", "2026-03-02/2026-04-01"],
        ["2026-04-01/2026-05-01"],
        ["2026-05-01/2026-05-31"],
    ] == billed
    assert date(2026, 5, 31) == now.billed_through


def test_professional_user_of_the_seed() -> None:
    """10 + 5 x 15 + 2 x 80 + 3 x 3 + 5 x 0.10 = 254.50. (seed 001; spec: billing 4)"""
    done = run(plan(), FIRST.end, read(professional(), FIRST))

    assert [
        ("platform fee", "", 1000),
        ("license", "professional", 7500),
        ("cluster", "medium · production", 16_000),
        ("additional user", "", 900),
        ("storage overage", "", 50),
    ] == lines(done.charges)
    assert (usd(25_450), False) == (done.total, done.estimated)


def test_charge_says_what_it_is_for() -> None:
    """Its source is the snapshot or the plan, its day the last one, its due day the next."""
    done = run(plan(FEE, CLUSTER), FIRST.end, read(professional(), FIRST))
    fee, clusters = done.charges
    (snapshot,) = done.snapshots

    assert ("rpl-1", "platform fee", "fee") == (fee.source, fee.part, fee.kind)
    assert (snapshot.id, "cluster/size=medium/use=production", "usage") == (
        clusters.source,
        clusters.part,
        clusters.kind,
    )
    assert {(FIRST, date(2026, 1, 30), date(2026, 1, 31))} == {
        (charge.period, charge.on, charge.due_on) for charge in done.charges
    }
    assert (
        ("meter", "clusters"),
        ("aggregation", "last"),
        ("rule", "per_unit"),
        ("used", "2"),
        ("usage", "2 x 8000 = 16000"),
        ("quantity", "2"),
        ("unrounded", "16000"),
        ("rounding", "half_up"),
        ("rounded", "16000"),
    ) == clusters.rated.trace


@pytest.mark.parametrize(
    ("aggregation", "expected"), [(LAST, 20_000), (MAX, 20_000), (TIME_WEIGHTED, 16_000)]
)
def test_snapshot_of_what(aggregation: str, expected: int) -> None:
    """2 clusters for 10 days and 5 for 20 at 40.00: last and peak 200.00, the mean 160.00. (C-11)"""
    meter = attrs.evolve(CLUSTERS, aggregation=aggregation)
    events = [
        attrs.evolve(used(id, CLUSTERS, count, of=SMALL), at=day)
        for id, count, day in (
            ("a", 2, used("x", CLUSTERS, 1).at.replace(hour=0)),
            ("b", 5, used("x", CLUSTERS, 1, day=10).at.replace(hour=0)),
        )
    ]
    done = run(
        plan(PlanItem(item="cluster", meter=meter)),
        FIRST.end,
        read(events, FIRST, meters=[meter]),
    )

    assert expected == done.total.minor
    assert aggregation == done.snapshots[0].aggregation


def test_no_price_is_an_error() -> None:
    """Who uses what has no price is skipped with the key, and never billed at 0. (spec: C-10)"""
    events = [used("e", CLUSTERS, 1, of=dimensions(size="medium", use="development"))]
    done = run(plan(FEE, CLUSTER), FIRST.end, read(events, FIRST))

    assert done.skipped is not None
    assert ("c-1", "no_listed_price") == (done.skipped.subject, done.skipped.code)
    assert "no price for cluster (size=medium, use=development) on 2026-01-30" in (
        done.skipped.reason
    )
    assert Effects() == done.effects
    with pytest.raises(NoListedPrice):
        bill_period(plan(FEE, CLUSTER), FIRST, price_list=PRICES, readings=read(events, FIRST))


def test_allowance_and_sub_cent_quantities() -> None:
    """5.04 GB over the limit are 0.50, 5.05 GB 0.51. (spec: C-12)"""
    prices = attrs.evolve(PRICES, prices=(listed("storage overage", per_unit(10, 100)),))
    item = PlanItem(item="storage overage", meter=STORAGE)
    for gigabytes, expected in (("105.04", 50), ("105.05", 51), ("99", 0)):
        readings = read([used("e", STORAGE, gigabytes)], FIRST)
        (charge,) = run(plan(item), FIRST.end, readings, prices=prices).charges
        assert expected == charge.rated.amount.minor


def test_estimate_and_truth() -> None:
    """254.50 by the period before, then 269.50 known: +15.00 on the next invoice. (billing 6)"""
    measured = plan(*(_measured(item) for item in ITEMS))
    events = professional()
    first = run(measured, FIRST.end, read(events, FIRST))
    second = run(first.plan, SECOND.end, (), first.snapshots)
    events += [used("l", LICENSES, 6, day=31, of=PROFESSIONAL), *professional(31)[1:]]
    events += professional(61)
    known = newest(first.snapshots, second.snapshots)
    third = run(second.plan, THIRD.end, read(events, SECOND, THIRD), known)

    assert (25_450, True) == (second.total.minor, second.estimated)
    assert {"fee": False, "usage": True} == {
        charge.kind: ("estimated", "yes") in charge.rated.trace for charge in second.charges
    }
    correction, *usual = third.charges
    assert (SECOND, "license", 1500) == (
        correction.period,
        correction.item,
        correction.rated.amount.minor,
    )
    assert (25_450, False) == (cents(usual), third.estimated)
    assert {THIRD.end} == {charge.due_on for charge in third.charges}


def _measured(item: PlanItem) -> PlanItem:
    """Return *item* so that silence of its meter is no zero."""
    if item.meter is None:
        return item
    return attrs.evolve(item, meter=attrs.evolve(item.meter, silence=MISSING))
