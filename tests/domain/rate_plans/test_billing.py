"""Rate plans: each closed period is billed once, and what comes later is the difference."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import attrs
import pytest

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.invoices import charge_line
from ledgerkit.domain.money import CurrencyMismatch, Rate
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
from ledgerkit.domain.rate_plans import (
    Billed,
    MeterShared,
    NotByQuantity,
    PeriodOutOfOrder,
    PlanItem,
    bill,
    bill_period,
    days_to_date,
    end,
    to_date,
)
from ledgerkit.domain.usage import (
    LAST,
    MAX,
    MISSING,
    TIME_WEIGHTED,
    Quantity,
    Snapshot,
    SpikePolicy,
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
    PRICES,
    PROFESSIONAL,
    SECOND,
    SMALL,
    STORAGE,
    THIRD,
    USERS,
    cents,
    lines,
    listed,
    newest,
    per_unit,
    plan,
    professional,
    read,
    run,
    usd,
    used,
)

CLUSTER = PlanItem(item="cluster", meter=CLUSTERS)


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
    """2 clusters for 10 days and 5 for 20 at 40.00: last and peak 200.00, mean 160.00. (C-11)"""
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


@pytest.mark.parametrize(("late", "left"), [(4, 400), (1, 100)])
def test_late_events_are_billed_as_the_difference(late: int, left: int) -> None:
    """1.00 is billed and 5 are there: 5 - 1 = 4; with one more only, 2 - 1 = 1. (billing 6)"""
    item = PlanItem(item="calls", meter=attrs.evolve(STORAGE, name="calls"))
    assert item.meter is not None
    prices = attrs.evolve(PRICES, prices=(listed("calls", per_unit(100)),))
    events = [used("a", item.meter, 1)]
    first = run(plan(item), FIRST.end, read(events, FIRST, meters=[item.meter]), prices=prices)
    events.append(used("b", item.meter, late, day=3))
    readings = read(events, FIRST, SECOND, meters=[item.meter])
    second = run(first.plan, SECOND.end, readings, first.snapshots, prices)
    (charge,) = second.charges

    assert (100, left) == (first.total.minor, charge.rated.amount.minor)
    assert (FIRST, "calls/2", Fraction(late)) == (charge.period, charge.part, charge.rated.quantity)
    assert ("billed before", "100") in charge.rated.trace
    assert charge.line_id != first.charges[0].line_id
    assert first.charges[0].source == charge.source


def test_less_than_billed_is_given_back() -> None:
    """A correction by hand below what was billed is a charge below zero, with the next period."""
    first = run(plan(CLUSTER), FIRST.end, read(professional(), FIRST))
    (snapshot,) = first.snapshots
    fixed = correct(
        snapshot, (Quantity(MEDIUM, Fraction(1)),), actor="olga", reason="ours", on=date(2026, 2, 3)
    )
    readings = read([used("e", CLUSTERS, 1, day=31, of=SMALL)], SECOND)
    second = run(first.plan, SECOND.end, readings, [fixed.after])

    assert [
        (FIRST, "medium · production", -8000),
        (SECOND, "small · production", 4000),
    ] == [(c.period, c.detail, c.rated.amount.minor) for c in second.charges]
    assert (Fraction(-1), Fraction(8000)) == (
        second.charges[0].rated.quantity,
        second.charges[0].rated.unit_price,
    )


def test_what_was_not_used_after_all_is_given_back() -> None:
    """The truth has other dimensions than the estimate: one is given back, the other charged."""
    first = run(plan(CLUSTER), FIRST.end, read(professional(), FIRST))
    second = run(first.plan, SECOND.end, (), first.snapshots)
    truth = [used("e", CLUSTERS, 3, day=31, of=SMALL), used("f", CLUSTERS, 1, day=61, of=SMALL)]
    third = run(
        second.plan,
        THIRD.end,
        read(truth, SECOND, THIRD),
        newest(first.snapshots, second.snapshots),
    )
    gone = third.charges[0].rated

    assert [
        ("cluster", "medium · production", -16_000),
        ("cluster", "small · production", 12_000),
        ("cluster", "small · production", 4000),
    ] == lines(third.charges)
    assert [-2, 8000, -16_000] == [gone.quantity, gone.unit_price, gone.unrounded]
    assert ("rule", "not used") in gone.trace


def test_a_third_time_is_a_third_part() -> None:
    """Each time that more becomes known is a charge of its own."""
    item = PlanItem(item="storage overage", meter=STORAGE)
    now, known, events = plan(item), tuple[Snapshot, ...](), []
    parts = []
    for n, period in enumerate((FIRST, SECOND, THIRD)):
        events.append(used(f"e-{n}", STORAGE, 100, day=n))
        done = run(now, period.end, read(events, FIRST, meters=[STORAGE]), known)
        parts += [(c.part, c.rated.amount.minor) for c in done.charges]
        now, known = done.plan, newest(known, done.snapshots)

    assert [
        ("storage overage", 1000),
        ("storage overage/2", 1000),
        ("storage overage/3", 1000),
    ] == parts


def test_estimates_only_once_in_a_row() -> None:
    """What can be billed is billed; then the customer is skipped and reported. (billing 6)"""
    begun = plan(FEE, CLUSTER)
    first = run(begun, FIRST.end, read(professional(), FIRST))
    rest = run(first.plan, FOURTH.end, (), first.snapshots)

    assert [SECOND, SECOND] == [charge.period for charge in rest.charges]
    assert SECOND.end == rest.plan.billed_through
    assert rest.skipped is not None
    assert "usage_missing" == rest.skipped.code
    assert "was estimated already" in rest.skipped.reason


def test_truth_of_an_estimate_lets_the_next_one_stand_in() -> None:
    """Periods billed before come first: what is known of the second may estimate the third."""
    first = run(plan(CLUSTER), FIRST.end, read(professional(), FIRST))
    second = run(first.plan, SECOND.end, (), first.snapshots)
    truth = read([used("e", CLUSTERS, 1, day=31, of=MEDIUM)], SECOND)
    third = run(second.plan, THIRD.end, truth, newest(first.snapshots, second.snapshots))

    assert [(SECOND, -8000), (THIRD, 8000)] == [
        (charge.period, charge.rated.amount.minor) for charge in third.charges
    ]
    assert third.skipped is None


def test_an_estimate_that_was_right_is_none_any_more() -> None:
    """Nothing is left to charge, and the next period may be estimated by it."""
    first = run(plan(CLUSTER), FIRST.end, read(professional(), FIRST))
    second = run(first.plan, SECOND.end, (), first.snapshots)
    truth = read(professional(31), SECOND)
    third = run(second.plan, THIRD.end, truth, newest(first.snapshots, second.snapshots))
    again = run(third.plan, THIRD.end, truth, newest(third.snapshots))

    assert [THIRD] == [charge.period for charge in third.charges]
    assert [(SECOND, False, 1), (THIRD, True, 1)] == [
        (each.period, each.estimated, each.part) for each in third.snapshots
    ]
    assert Effects() == again.effects


def test_estimates_can_be_ruled_out() -> None:
    """A plan without them waits for the truth."""
    first = run(plan(CLUSTER, estimates=False), FIRST.end, read(professional(), FIRST))
    second = run(first.plan, SECOND.end, (), first.snapshots)

    assert ((), first.plan) == (second.charges, second.plan)
    assert second.skipped is not None
    assert "has none that may stand in" in second.skipped.reason


def test_corrections_wait_for_the_next_period() -> None:
    """Between two billing days nothing is billed; after the end of a plan at once."""
    events = professional()
    first = run(plan(CLUSTER), FIRST.end, read(events, FIRST))
    late = read([*events, used("late", CLUSTERS, 3, day=29, of=MEDIUM)], FIRST)
    between = run(first.plan, SECOND.start + timedelta(20), late, first.snapshots)
    over = end(first.plan, on=FIRST.end).plan
    at_once = run(over, SECOND.start + timedelta(20), late, first.snapshots)

    assert Billed(plan=first.plan, before=first.plan) == between
    assert [(FIRST, 8000, FIRST.end)] == [
        (c.period, c.rated.amount.minor, c.due_on) for c in at_once.charges
    ]
    assert (at_once.snapshots, ()) == (at_once.effects.records, at_once.effects.messages)


# ---- the last period, and prices -------------------------------------------------------------
def test_periods_cut_short_cost_the_price_of_a_cycle() -> None:
    """A plan from the 16th that ends on 10 February has two periods at full price. (spec: C-1)"""
    short = plan(FEE, started_on=date(2026, 1, 16), ends_on=date(2026, 2, 10))
    done = run(short, date(2026, 2, 10))

    assert [("2026-01-16/2026-01-31", 1000), ("2026-01-31/2026-02-10", 1000)] == [
        (str(charge.period), charge.rated.amount.minor) for charge in done.charges
    ]
    assert () == run(done.plan, date(2026, 12, 1)).charges
    assert done.plan.next_period is None


def test_price_of_the_last_day_counts() -> None:
    """A price that rises within a period holds for all of it, and not for the one before."""
    dearer = ListPrice(PriceKey("additional user"), per_unit(400), date(2026, 2, 15))
    prices = attrs.evolve(PRICES, prices=(*PRICES.prices, dearer))
    item = PlanItem(item="additional user", meter=USERS)
    readings = read(professional(), FIRST, SECOND)
    done = run(plan(item), SECOND.end, readings, prices=prices)

    assert [900, 1200] == [charge.rated.amount.minor for charge in done.charges]


def test_quantity_of_what_no_meter_counts() -> None:
    """Three seats at 15.00 with the dimension of their price, every cycle."""
    seats = PlanItem(item="license", quantity=Fraction(3), dimensions=PROFESSIONAL)
    done = run(plan(seats), SECOND.end)

    assert [("license", "professional", 4500)] * 2 == lines(done.charges)
    assert {"license/level=professional"} == {charge.part for charge in done.charges}
    assert 2 == len({charge.line_id for charge in done.charges})


def test_nothing_used() -> None:
    """The flat fee of a tier is due for nothing used, unless the price says not. (billing 4)"""
    tiers = Graduated((Tier(up_to=5, unit=Rate(Fraction(100), "USD"), flat=usd(200)), Tier()))
    item = PlanItem(item="storage overage", meter=STORAGE)
    for flat_at_zero, expected in ((True, [200]), (False, [])):
        tariff = Tariff(model=tiers, included=0, flat_at_zero=flat_at_zero)
        prices = attrs.evolve(PRICES, prices=(listed("storage overage", tariff),))
        done = run(plan(item), FIRST.end, prices=prices)
        assert expected == [charge.rated.amount.minor for charge in done.charges]
        again = run(done.plan, SECOND.end, (), done.snapshots, prices)
        assert [(SECOND, cents) for cents in expected] == [
            (charge.period, charge.rated.amount.minor) for charge in again.charges
        ]


def test_dimensions_that_are_not_used_are_no_line() -> None:
    """A cluster switched off is neither charged nor has it to have a price."""
    off = dimensions(size="medium", use="analytics")
    events = [*professional(), used("off", CLUSTERS, 0, of=off)]

    assert [("cluster", "medium · production", 16_000)] == lines(
        run(plan(CLUSTER), FIRST.end, read(events, FIRST)).charges
    )


def test_one_price_for_all_units_can_change() -> None:
    """Volume prices: 15 units are 150.00 and 16 are 80.00, so one more gives 70.00 back."""
    ten, five = Rate(Fraction(1000), "USD"), Rate(Fraction(500), "USD")
    volume = Volume((Tier(up_to=15, unit=ten), Tier(unit=five)))
    prices = attrs.evolve(PRICES, prices=(listed("storage overage", volume),))
    item = PlanItem(item="storage overage", meter=STORAGE)
    first = run(plan(item), FIRST.end, read([used("a", STORAGE, 15)], FIRST), prices=prices)
    late = read([used("a", STORAGE, 15), used("b", STORAGE, 1)], FIRST)
    (charge,) = run(first.plan, SECOND.end, late, first.snapshots, prices).charges

    assert (15_000, -7000) == (first.total.minor, charge.rated.amount.minor)
    assert (Fraction(1), None) == (charge.rated.quantity, charge.rated.unit_price)
    line = charge_line(charge)
    assert (charge.line_id, Fraction(-7000)) == (line.id, line.exact)


def test_a_difference_that_costs_nothing_is_no_line() -> None:
    """Within a package that is paid for; the snapshot says that it is settled."""
    package = PackagePrice(100, Rate(Fraction(500), "USD"))
    prices = attrs.evolve(PRICES, prices=(listed("storage overage", package),))
    item = PlanItem(item="storage overage", meter=STORAGE)
    first = run(plan(item), FIRST.end, read([used("a", STORAGE, 10)], FIRST), prices=prices)
    late = read([used("a", STORAGE, 10), used("b", STORAGE, 50)], FIRST)
    second = run(first.plan, SECOND.end, late, first.snapshots, prices)

    assert () == second.charges
    assert [False, False] == [each.pending for each in second.snapshots]
    assert 2 == second.snapshots[0].part


def test_one_meter_of_two_items() -> None:
    """Storage and its backup are charged by one count, which is kept once."""
    prices = attrs.evolve(PRICES, prices=(*PRICES.prices, listed("backup", per_unit(2))))
    items = PlanItem(item="storage overage", meter=STORAGE), PlanItem(item="backup", meter=STORAGE)
    done = run(plan(*items), FIRST.end, read(professional(), FIRST), prices=prices)

    assert [("storage overage", "", 50), ("backup", "", 10)] == lines(done.charges)
    assert 1 == len(done.snapshots)
    assert 2 == len({charge.line_id for charge in done.charges})


# ---- spikes ----------------------------------------------------------------------------------
def test_spikes_are_told_once() -> None:
    """21 after three periods of 10 is above twice the mean; the notice comes with the bill."""
    policy = SpikePolicy(floor=Fraction(5))
    item = PlanItem(item="storage overage", meter=STORAGE, spike=policy)
    twice = attrs.evolve(item, item="backup")
    prices = attrs.evolve(PRICES, prices=(*PRICES.prices, listed("backup", per_unit(2))))
    events = [used(f"e-{n}", STORAGE, 10, day=30 * n) for n in range(3)]
    usual = run(plan(item, twice), THIRD.end, read(events, FIRST, SECOND, THIRD), prices=prices)
    events.append(used("e-3", STORAGE, 21, day=90))
    spiked = run(usual.plan, FOURTH.end, read(events, FOURTH), usual.snapshots, prices)
    (notice,) = spiked.notices

    assert () == usual.notices
    assert ("notice.usage_spike", "c-1") == (notice.topic, notice.recipient)
    assert (notice,) == spiked.effects.messages


# ---- to date ---------------------------------------------------------------------------------
def test_to_date_on_the_last_day_is_the_bill() -> None:
    """Same charges, to the id of their lines; also when the bill is written already."""
    readings = read(professional(), FIRST)
    billed = run(plan(), FIRST.end, readings)
    for known in ((), billed.snapshots):
        told = to_date(
            plan(), as_of=FIRST.end, price_list=PRICES, readings=readings, snapshots=known
        )
        assert told is not None
        assert (FIRST, billed.charges, billed.total) == (told.period, told.charges, told.total)


def test_to_date_within_a_period() -> None:
    """The fee, and what was used so far; an estimate says that it is one."""
    events = professional(day=10)
    billed = run(plan(FEE, CLUSTER), FIRST.end, read(events, FIRST))
    for as_of, expected, estimated in (
        (date(2026, 1, 12), 17_000, False),
        (date(2026, 2, 5), 17_000, True),
    ):
        days = days_to_date(billed.plan, as_of=as_of)
        assert days is not None
        told = to_date(
            billed.plan,
            as_of=as_of,
            price_list=PRICES,
            readings=read(events, days),
            snapshots=billed.snapshots,
        )
        assert told is not None
        assert (days, expected, estimated) == (told.period, told.total.minor, told.estimated)
    with pytest.raises(UsageMissing):
        to_date(plan(CLUSTER), as_of=date(2026, 1, 5), price_list=PRICES)


def test_to_date_of_a_plan_that_does_not_run() -> None:
    """Before its first day has passed, and after its last one."""
    short = plan(FEE, ends_on=date(2026, 1, 20))
    days = [days_to_date(short, as_of=date(2026, 1, day)) for day in (1, 2, 20, 21)]

    assert [None, "2026-01-01/2026-01-02", "2026-01-01/2026-01-20", None] == [
        each and str(each) for each in days
    ]
    assert to_date(short, as_of=date(2026, 1, 21), price_list=PRICES) is None


# ---- what is refused -------------------------------------------------------------------------
def test_periods_are_billed_in_order() -> None:
    """Neither one too early nor one that is none of the plan."""
    begun = plan(FEE)
    for period in (SECOND, Period(JANUARY, date(2026, 1, 15)), Period.month(2026, 1)):
        with pytest.raises(PeriodOutOfOrder, match="the next one is 2026-01-01/2026-01-31"):
            bill_period(begun, period, price_list=PRICES)
    over = run(plan(FEE, ends_on=FIRST.end), FIRST.end).plan
    with pytest.raises(PeriodOutOfOrder, match="the plan is over"):
        bill_period(over, SECOND, price_list=PRICES)


def test_a_meter_belongs_to_one_plan() -> None:
    """What another plan billed is not billed again, nor left out unseen."""
    first = run(plan(CLUSTER), FIRST.end, read(professional(), FIRST))
    other = attrs.evolve(plan(FEE, CLUSTER), id="rpl-2")
    with pytest.raises(MeterShared, match="is billed, but not by rate plan 'rpl-2'"):
        bill_period(other, FIRST, price_list=PRICES, snapshots=first.snapshots)


def test_percentages_are_not_by_quantity() -> None:
    """They look at amounts, which no meter of quantities tells."""
    share = Percentage(rate=Fraction(1, 100), currency="USD")
    tariff = Tariff(model=share, included=None)
    prices = attrs.evolve(PRICES, prices=(listed("storage overage", tariff),))
    with pytest.raises(NotByQuantity, match="'cloud' costs a percentage of amounts"):
        bill_period(plan(PlanItem(item="storage overage", meter=STORAGE)), FIRST, price_list=prices)


def test_less_than_nothing_has_no_price() -> None:
    """More taken back than used is for a person to look at."""
    readings = read([used("e", STORAGE, -1)], FIRST)
    with pytest.raises(NegativeQuantity):
        bill_period(
            plan(PlanItem(item="storage overage", meter=STORAGE)),
            FIRST,
            price_list=PRICES,
            readings=readings,
        )


def test_another_price_list_is_refused() -> None:
    """By its id, and by its currency."""
    with pytest.raises(ValueError, match="is of the price list 'cloud'"):
        bill_period(plan(), FIRST, price_list=PriceList("other", "USD"))
    with pytest.raises(CurrencyMismatch):
        bill_period(plan(), FIRST, price_list=PriceList("cloud", "EUR"))


def test_readings_of_another_zone_are_refused() -> None:
    """A snapshot is counted in its own zone, so that none changes a billed period."""
    (reading,) = read([used("e", CLUSTERS, 1, of=MEDIUM)], FIRST)
    with pytest.raises(ValueError, match="the reading is of zone Asia/Tokyo"):
        run(plan(CLUSTER), FIRST.end, [attrs.evolve(reading, zone="Asia/Tokyo")])


def test_others_do_not_matter() -> None:
    """Readings and snapshots of other customers, meters and plans are left alone."""
    others = [used("o", CLUSTERS, 9, of=MEDIUM, customer="c-2"), used("s", STORAGE, 7)]
    theirs = bill(
        attrs.evolve(plan(CLUSTER), id="rpl-2", customer="c-2"),
        on=FIRST.end,
        price_list=PRICES,
        readings=read(others, FIRST),
    )
    storage = run(plan(PlanItem(item="storage overage", meter=STORAGE)), FIRST.end)
    known = (*theirs.snapshots, *storage.snapshots)
    first = run(plan(CLUSTER), FIRST.end, read([*professional(), *others], FIRST), known)
    later = read([*professional(), *others, *professional(31)], FIRST, SECOND)
    second = run(first.plan, SECOND.end, later, newest(known, first.snapshots))

    assert [("cluster", "medium · production", 16_000)] == lines(first.charges)
    assert [SECOND] == [charge.period for charge in second.charges]


def test_a_snapshot_taken_before_is_billed_as_it_is() -> None:
    """A host may keep one, and correct it, before the run: it bills what it says."""
    readings = read(professional(), FIRST)
    billed = run(plan(CLUSTER), FIRST.end, readings)
    taken = attrs.evolve(billed.snapshots[0], billed=(), part=0)
    fixed = correct(taken, (Quantity(MEDIUM, Fraction(1)),), actor="o", reason="r", on=JANUARY)

    assert 8000 == run(plan(CLUSTER), FIRST.end, (), [fixed.after]).total.minor


def test_items_metered_since_are_not_charged_of_billed_periods() -> None:
    """What was not counted when a period was billed has no difference."""
    first = run(plan(CLUSTER), FIRST.end, read(professional(), FIRST))
    more = attrs.evolve(first.plan, items=(CLUSTER, PlanItem(item="license", meter=LICENSES)))
    done = bill_period(
        more,
        FIRST,
        price_list=PRICES,
        readings=read(professional(), FIRST),
        snapshots=first.snapshots,
    )

    assert ((), ()) == (done.charges, done.snapshots)
