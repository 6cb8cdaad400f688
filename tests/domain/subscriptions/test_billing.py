"""Billing: each item from its own mark, in advance or in arrears, nothing twice or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, cast

import pytest

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.invoices import Invoice, charge_line
from ledgerkit.domain.periods import AnniversaryCycle, CalendarCycle, FixedDaysCycle
from ledgerkit.domain.proration import Basis
from ledgerkit.domain.subscriptions import (
    ACTIVE,
    CANCELLED,
    TRIALING,
    PausePolicy,
    Subscription,
    bill,
    cancel,
    change,
    pause,
    renewals,
    suspend,
)
from tests.domain.subscriptions.world import (
    ARREARS,
    amounts,
    begun,
    billed,
    day,
    eur,
    item,
    lines,
    run,
)


def test_in_advance_bills_the_period_that_opens() -> None:
    """The first day of a month bills the month, on a run of any day in it, once."""
    plan = begun(item(3100))

    assert [("plan", "2026-01-01/2026-02-01", 3100)] == run(plan, "2026-01-01")
    assert [] == run(billed(plan, "2026-01-01"), "2026-01-31")
    assert [("plan", "2026-02-01/2026-03-01", 3100)] == run(
        billed(plan, "2026-01-01"), "2026-02-01"
    )


def test_in_arrears_bills_closed_periods_only() -> None:
    """2025-03-31 in arrears at 2025-05-30 bills only [03-31, 04-30) (spec: billing 1)."""
    cycle = AnniversaryCycle(day("2025-03-31"))
    metered = begun(item(3000, timing=ARREARS), since="2025-03-31", cycle=cycle)

    assert [("plan", "2025-03-31/2025-04-30", 3000)] == run(metered, "2025-05-30")
    assert [] == run(metered, "2025-04-29")


def test_a_run_before_the_start_bills_nothing() -> None:
    """A subscription of next month is no error of this month's run."""
    assert [] == run(begun(item(3100), since="2026-03-01"), "2026-02-28")


def test_past_dated_start_bills_every_period_oldest_first() -> None:
    """Thirty-day periods and a run on each 1st bill 1, 0, 2, 1 and 1 of them (C-1)."""
    cycle = FixedDaysCycle(day("2026-01-01"))
    plan = begun(item(1000, timing=ARREARS), cycle=cycle)
    counts = []
    for on in ("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"):
        counts.append(len(run(plan, on)))
        plan = billed(plan, on)

    assert [1, 0, 2, 1, 1] == counts
    assert ["2026-01-01/2026-01-31", "2026-01-31/2026-03-02"] == [
        period for _, period, _ in run(begun(item(1, timing=ARREARS), cycle=cycle), "2026-03-02")
    ]


@pytest.mark.parametrize(
    ("cycle", "since", "price", "expected"),
    [
        (CalendarCycle(), "2026-10-16", 3100, ("2026-10-16/2026-11-01", 1600)),
        (
            AnniversaryCycle(day("2011-06-21"), anchor_day=10),
            "2011-06-21",
            2000,
            ("2011-06-21/2011-07-10", 1267),
        ),
        (
            AnniversaryCycle(day("2026-02-14"), anchor_day=31),
            "2026-02-14",
            2800,
            ("2026-02-14/2026-02-28", 1400),
        ),
        (CalendarCycle(3), "2024-04-30", 91000, ("2024-04-30/2024-07-01", 62000)),
        (
            AnniversaryCycle(day("2025-04-15"), 12, 1),
            "2025-04-15",
            36500,
            ("2025-04-15/2026-04-01", 35100),
        ),
    ],
)
def test_first_period(cycle: Any, since: str, price: int, expected: tuple[str, int]) -> None:
    """What is left of the aligned period is charged by its share of it (spec: billing 3)."""
    plan = begun(item(price), since=since, cycle=cycle)

    assert [("plan", *expected)] == run(plan, since)


def test_each_item_has_its_own_mark() -> None:
    """Fixed in advance, metered in arrears, yearly and once, in one subscription (ask 25)."""
    year = CalendarCycle(12)
    plan = begun(
        item(3100),
        item(600, "usage", timing=ARREARS),
        item(36500, "domain", cycle=year),
        item(5000, "setup", one_time=True, of=2),
        since="2026-10-16",
    )
    first = [
        ("plan", "2026-10-16/2026-11-01", 1600),
        ("domain", "2026-10-16/2027-01-01", 7700),
        ("setup", "None", 10000),
    ]
    second = [("plan", "2026-11-01/2026-12-01", 3100), ("usage", "2026-10-16/2026-11-01", 310)]

    assert first == run(plan, "2026-10-16")
    assert second == run(billed(plan, "2026-10-31"), "2026-11-01")
    assert sorted([*first, *second]) == sorted(run(plan, "2026-11-01"))


def test_a_charge_has_all_that_a_line_needs() -> None:
    """Source, part, words, day, days, kind, and what it was rated at with its trace."""
    plan = begun(
        item(3100, detail="Madrid"), item(3000, "usage", timing=ARREARS), since="2026-10-16"
    )
    advance, _, arrears = bill(plan, on=day("2026-11-01")).charges

    assert ("sub-1", "plan/1/2026-10-16", "article plan", "Madrid", "subscription") == (
        advance.source,
        advance.part,
        advance.item,
        advance.detail,
        advance.kind,
    )
    assert (day("2026-10-16"), day("2026-10-31")) == (advance.on, arrears.on)
    assert ("factor", "16/31") in advance.rated.trace
    assert advance.gives_back is None


def test_charges_become_lines() -> None:
    """Each has a line of its own on the invoice, whose sum is the decision's total."""
    decided = bill(begun(item(3100), item("1/3", "calls", of=1000)), on=day("2026-03-15"))
    made = tuple(charge_line(charge) for charge in decided.charges)
    invoice = Invoice(id="inv_1", customer="c-1", currency="EUR", lines=made)

    assert eur(3 * 3100 + 3 * 333) == invoice.subtotal == decided.total
    assert Fraction(1000, 3) == invoice.lines[1].exact


def test_a_repeated_run_stores_nothing() -> None:
    """The first run stores the marks it moved; the second found nothing, and says so."""
    first = bill(begun(item(3100)), on=day("2026-01-01"))
    second = bill(first.subscription, on=day("2026-01-01"))

    assert Effects(records=(first.subscription,)) == first.effects
    assert (Effects(), ()) == (second.effects, second.charges)


def test_trial_days_are_free() -> None:
    """5,000,000 a month from the 5th, ten days free: 17 of 31 days, from the 15th on."""
    trial = begun(item(5_000_000), since="2024-03-05", trial_until=day("2024-03-15"))

    assert [] == run(trial, "2024-03-14")
    assert [("plan", "2024-03-15/2024-04-01", 2_741_935)] == run(trial, "2024-03-15")
    assert [TRIALING, ACTIVE] == [billed(trial, on).status for on in ("2024-03-14", "2024-03-15")]


def test_trial_is_of_days_only() -> None:
    """Set-up is charged with the start, and arrears count from the end of the trial."""
    trial = begun(
        item(5000, "setup", one_time=True),
        item(3100, "usage", timing=ARREARS),
        since="2026-10-01",
        trial_until=day("2026-10-16"),
    )

    assert [("setup", "None", 5000)] == run(trial, "2026-10-01")
    assert [("usage", "2026-10-16/2026-11-01", 1600)] == run(
        billed(trial, "2026-10-01"), "2026-11-01"
    )


def test_months_of_thirty() -> None:
    """19.95 on fixed 30: from the 23rd to the 15th 22/30, 14.63 (spec: billing 3)."""
    cycle = AnniversaryCycle(day("2023-05-15"))
    plan = begun(item(1995), since="2023-05-23", cycle=cycle, basis=Basis.FIXED_30)

    assert [("plan", "2023-05-23/2023-06-15", 1463)] == run(plan, "2023-05-23")


def test_billed_up_to_an_end() -> None:
    """A known end bills part of the last period, in advance at once, in arrears when it came."""
    plan = begun(item(3100), item(3100, "usage", timing=ARREARS))
    ending = cancel(plan, end=day("2026-01-16"), on=day("2026-01-01")).subscription
    advance, arrears = ((id, "2026-01-01/2026-01-16", 1500) for id in ("plan", "usage"))

    assert [advance] == run(ending, "2026-01-15")
    assert [advance, arrears] == run(ending, "2026-01-16")
    assert CANCELLED == billed(ending, "2026-03-01").status
    assert [] == run(billed(ending, "2026-03-01"), "2027-01-01")


# ---- renewals ------------------------------------------------------------------------------------
def window(*subscriptions: Subscription, on: str, days: int) -> list[tuple[str, int]]:
    """Return which day renews what amount."""
    found = renewals(subscriptions, on=day(on), days=days)
    return [(renewal.on.isoformat(), renewal.amount.minor) for renewal in found]


def test_renewals_window() -> None:
    """A current period that ends in [on, on + days) renews, with what the run would bill."""
    plan = billed(begun(item(3100), item(900, "usage", timing=ARREARS)), "2026-01-01")

    assert [("2026-02-01", 4000)] == window(plan, on="2026-01-31", days=2)
    assert [] == window(plan, on="2026-01-31", days=1)
    assert [("2026-02-01", 4000)] == window(plan, on="2026-02-01", days=1)
    # A run that is overdue bills today what it has to.
    assert [("2026-02-03", 4000)] == window(plan, on="2026-02-03", days=1)
    assert [] == window(billed(plan, "2026-02-01"), on="2026-02-03", days=7)


def test_renewals_come_soonest_first() -> None:
    """By day, then by id; each once, though a week renews often in a month."""
    weekly = begun(item(700), cycle=FixedDaysCycle(day("2026-01-01"), 7))
    monthly = begun(item(3100))

    assert [("2026-01-08", 700), ("2026-02-01", 3100)] == window(
        billed(monthly, "2026-01-01"), billed(weekly, "2026-01-01"), on="2026-01-02", days=40
    )


def test_renewals_look_ahead() -> None:
    """Trials that end, changes and pauses to come are in the amount; what ends is not there."""
    on = day("2026-01-10")
    trial = begun(item(3100, timing=ARREARS), trial_until=day("2026-01-12"))
    paid = billed(begun(item(3100)), "2026-01-01")
    lower = change(paid, [item(1000)], on=on).subscription
    ended = cancel(paid, end=day("2026-02-01"), on=on).subscription
    until = day("2026-01-21")
    away = pause(paid, on=on, until=until, policy=PausePolicy.CREDIT).subscription

    assert [("2026-02-01", 2000)] == window(trial, on="2026-01-10", days=30)
    assert [("2026-02-01", 1000)] == window(lower, on="2026-01-10", days=30)
    assert [] == window(ended, on="2026-01-10", days=30)
    assert [("2026-01-21", 1100)] == window(away, on="2026-01-10", days=30)
    assert [] == window(suspend(paid, on=on).subscription, on="2026-01-10", days=365)


def test_billing_needs_a_day() -> None:
    """An instant is not yet a local day."""
    with pytest.raises(TypeError, match="on must be a date"):
        bill(begun(item(3100)), on=datetime(2026, 1, 1, tzinfo=UTC))


def test_renewals_refuse_a_window() -> None:
    """A window has a whole number of days."""
    with pytest.raises(ValueError, match=r"days must be 1 or more \(got 0\)"):
        renewals([], on=date(2026, 1, 1), days=0)
    for days in (True, cast("Any", 1.5)):
        with pytest.raises(TypeError, match="days must be an int"):
            renewals([], on=date(2026, 1, 1), days=days)


def test_amounts_are_read_as_they_are() -> None:
    """The helpers of these tests leave nothing out."""
    charges = bill(begun(item(3100), item(100, "b")), on=day("2026-01-01")).charges

    assert [3100, 100] == amounts(charges)
    assert 2 == len(lines(charges))
