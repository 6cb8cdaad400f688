"""Changes: credit of what was, charge of what comes, at once or with the period."""

from __future__ import annotations

from fractions import Fraction

import attrs
import pytest

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    DatesOutOfOrder,
    FixedDaysCycle,
)
from ledgerkit.domain.subscriptions import (
    AT_ONCE,
    CHANGES,
    AlreadyEnds,
    ChangePolicy,
    Direction,
    Item,
    Settlement,
    Subscription,
    UnknownItem,
    When,
    cancel,
    change,
    change_quantity,
    direction_of,
    pause,
)
from tests.domain.subscriptions.world import (
    ARREARS,
    MONTHLY,
    amounts,
    begun,
    billed,
    day,
    eur,
    item,
    lines,
    run,
)

MARCH_15 = day("2024-03-15")
BATCHED = ChangePolicy(downgrade=When.AT_ONCE, lines=When.AT_PERIOD_END)


def paid(*items: Item, since: str = "2024-03-01") -> Subscription:
    """Return a subscription since a day, billed on it."""
    return billed(begun(*items, since=since), since)


# ---- the numbers of the specification ------------------------------------------------------------
def test_upgrade_on_march_15() -> None:
    """10 -> 20: -5.48, +10.97, 5.49 to pay (spec: billing 3)."""
    decided = change(paid(item(1000)), [item(2000)], on=MARCH_15)

    assert [
        ("plan", "2024-03-15/2024-04-01", -548),
        ("plan", "2024-03-15/2024-04-01", 1097),
    ] == lines(decided.charges)
    assert eur(549) == decided.total
    assert "plan/1/2024-03-01" == decided.charges[0].gives_back


def test_downgrade_on_march_15() -> None:
    """2 x 50 -> 1 x 30, at once: -54.84, +16.45, -38.39 (spec: billing 3)."""
    decided = change(paid(item(5000, of=2)), [item(3000)], on=MARCH_15, policy=AT_ONCE)

    assert [-5484, 1645] == amounts(decided.charges)
    assert eur(-3839) == decided.total


def test_quantity_on_march_15() -> None:
    """5 -> 10 seats of 10: +27.42 (spec: billing 3)."""
    decided = change_quantity(paid(item(1000, of=5)), "plan", 10, on=MARCH_15)

    assert [-2742, 5484] == amounts(decided.charges)
    assert eur(2742) == decided.total


def test_adding_and_removing_on_march_15() -> None:
    """Add 25: 13.71; remove 40: -21.94 (spec: billing 3)."""
    added = change(paid(item(1000)), [item(2500, "extra")], on=MARCH_15)
    removed = change(
        paid(item(1000), item(4000, "extra")), remove=["extra"], on=MARCH_15, policy=AT_ONCE
    )

    assert [("extra", "2024-03-15/2024-04-01", 1371)] == lines(added.charges)
    assert [("extra", "2024-03-15/2024-04-01", -2194)] == lines(removed.charges)


@pytest.mark.parametrize(
    ("old", "new", "on", "expected"),
    [
        (10000, 20000, "2025-01-16", [-5000, 10000]),
        (10000, 20000, "2025-01-01", [-10000, 20000]),
        (30000, 60000, "2025-01-30", [-1000, 2000]),
    ],
)
def test_a_period_of_thirty_days(old: int, new: int, on: str, expected: list[int]) -> None:
    """In the middle +50.00, on the first day -100 + 200, on the last -10 + 20."""
    thirty = FixedDaysCycle(day("2025-01-01"))
    plan = billed(begun(item(old), since="2025-01-01", cycle=thirty), "2025-01-01")

    assert expected == amounts(change(plan, [item(new)], on=day(on)).charges)


def test_on_the_exclusive_end_only_the_next_period_is_charged() -> None:
    """No credit of a period that is over: the new terms begin with the period that opens."""
    thirty = FixedDaysCycle(day("2025-01-01"))
    plan = billed(begun(item(10000), since="2025-01-01", cycle=thirty), "2025-01-01")
    decided = change(plan, [item(20000)], on=day("2025-01-31"))

    assert [("plan", "2025-01-31/2025-03-02", 20000)] == lines(decided.charges)


def test_adding_in_april() -> None:
    """30.00 on the 16th: 15/30, 15.00; set-up in full; a year inside a month by its own days."""
    plan = paid(item(1000), since="2026-04-01")
    on = day("2026-04-16")
    year = CalendarCycle(12)

    assert [1500] == amounts(change(plan, [item(3000, "extra")], on=on).charges)
    assert [100_000] == amounts(
        change(plan, [item(50_000, "setup", of=2, one_time=True)], on=on).charges
    )
    assert [("domain", "2026-04-16/2027-01-01", 260_000)] == lines(
        change(plan, [item(365_000, "domain", cycle=year)], on=on).charges
    )


def test_a_yearly_item_that_ends_with_the_month() -> None:
    """3650.00 a year for the 30 days until 2025-01-31: 300.00 (spec: billing 3)."""
    plan = begun(item(1000), since="2025-01-01", cycle=FixedDaysCycle(day("2025-01-01")))
    ending = cancel(plan, end=day("2025-01-31"), on=day("2025-01-01")).subscription
    year = item(365_000, "year", cycle=CalendarCycle(12))

    assert [("year", "2025-01-01/2025-01-31", 30000)] == lines(
        change(ending, [year], on=day("2025-01-01")).charges
    )


def test_a_month_becomes_a_year() -> None:
    """With a year of its own 100.00; aligned with the old anchor 275 of 366 days, 90.16."""
    since = "2011-07-20"
    month = billed(begun(item(1000), since=since, cycle=AnniversaryCycle(day(since))), since)
    on = day("2011-07-31")
    anew = item(10000, cycle=AnniversaryCycle(on, 12))
    old = "2023-06-29"
    aligned = billed(
        begun(item(1000), since=old, cycle=AnniversaryCycle(day(old))), old, "2023-08-29"
    )
    year = item(12000, cycle=AnniversaryCycle(day(old), 12))

    assert [-645, 10000] == amounts(
        change(month, [anew], on=on, direction=Direction.UPGRADE).charges
    )
    assert [-32, 9016] == amounts(change(aligned, [year], on=day("2023-09-28")).charges)


def test_quantity_on_a_boundary() -> None:
    """7 -> 10 of 29.95 on the day of the renewal: 209.65, then 299.50, nothing prorated."""
    since = "2022-11-27"
    plan = billed(begun(item(2995, of=7), since=since, cycle=AnniversaryCycle(day(since))), since)
    decided = change_quantity(plan, "plan", 10, on=day("2022-12-27"))

    assert [20965] == [amount for _, _, amount in run(begun(item(2995, of=7)), "2026-01-01")]
    assert [("plan", "2022-12-27/2023-01-27", 29950)] == lines(decided.charges)


def test_upgrade_in_trial() -> None:
    """The trial counts from the start: 10,000,000 from the 18th on, 14 of 31 days."""
    trial = begun(item(5_000_000), since="2024-03-05", trial_until=day("2024-03-18"))
    decided = change(trial, [item(10_000_000)], on=day("2024-03-10"))

    assert () == decided.charges
    assert [("plan", "2024-03-18/2024-04-01", 4_516_129)] == run(decided.subscription, "2024-03-18")


# ---- when ----------------------------------------------------------------------------------------
def test_downgrades_wait_for_the_period_to_end() -> None:
    """By default; nothing is given back, the next period is charged on the new terms."""
    decided = change(paid(item(2000)), [item(1000)], on=MARCH_15)

    assert () == decided.charges
    assert [item(2000)] == list(decided.subscription.items(on=day("2024-03-31")))
    assert [item(1000)] == list(decided.subscription.items(on=day("2024-04-01")))
    assert [("plan", "2024-04-01/2024-05-01", 1000)] == run(decided.subscription, "2024-04-01")


def test_each_item_waits_for_its_own_period() -> None:
    """A year that was paid for is used up, however soon the month ends."""
    year = item(36500, "domain", cycle=CalendarCycle(12))
    plan = paid(item(2000), year)
    decided = change(plan, [item(1000)], remove=["domain"], on=MARCH_15)

    assert ["domain", "plan"] == [i.id for i in decided.subscription.items(on=day("2024-12-31"))]
    assert ["plan"] == [i.id for i in decided.subscription.items(on=day("2025-01-01"))]


def test_a_period_billed_ahead_is_used_up() -> None:
    """What is billed further than the period that is open ends where it is billed to."""
    ahead = paid(item(2000), since="2024-03-01")
    ahead = billed(ahead, "2024-04-01")
    decided = change(ahead, [item(1000)], on=MARCH_15)

    assert () == decided.charges
    assert [("plan", "2024-05-01/2024-06-01", 1000)] == run(decided.subscription, "2024-05-01")


def test_a_policy_per_direction() -> None:
    """Both may be turned round; an explicit direction wins over the prices."""
    late = ChangePolicy(upgrade=When.AT_PERIOD_END, downgrade=When.AT_ONCE)
    plan = paid(item(2000))

    assert [] == amounts(change(plan, [item(3000)], on=MARCH_15, policy=late).charges)
    assert [-1097, 548] == amounts(change(plan, [item(1000)], on=MARCH_15, policy=late).charges)
    assert [-1097, 548] == amounts(
        change(plan, [item(1000)], on=MARCH_15, direction=Direction.UPGRADE).charges
    )


def test_direction_is_told_by_the_price_per_day() -> None:
    """A year at 100.00 is cheaper than twelve months at 10.00; one-time items do not count."""
    month = item(1000)
    year = item(10000, cycle=CalendarCycle(12))

    def told(before: list[Item], after: list[Item]) -> Direction:
        return direction_of(before, after, cycle=MONTHLY, on=day("2026-01-10"))

    assert Direction.DOWNGRADE == told([month], [year])
    assert Direction.UPGRADE == told([year], [month])
    assert Direction.UPGRADE == told([month], [month])
    assert Direction.DOWNGRADE == told([month, month], [month, item(9999, one_time=True)])
    assert Direction.UPGRADE == told([], [month])


def test_a_date_to_come() -> None:
    """A change may be agreed for any day; the period it falls into is charged in two parts."""
    decided = change(paid(item(1000)), [item(2000)], on=MARCH_15, effective=day("2024-04-16"))

    assert () == decided.charges
    assert [
        ("plan", "2024-04-01/2024-04-16", 500),
        ("plan", "2024-04-16/2024-05-01", 1000),
    ] == run(decided.subscription, "2024-04-16")


def test_a_date_that_is_past() -> None:
    """Backdated over a boundary: two periods back in part and whole, two charged anew."""
    plan = billed(paid(item(3100), since="2026-01-01"), "2026-02-01")
    decided = change(plan, [item(6200)], on=day("2026-02-10"), effective=day("2026-01-16"))

    assert [
        ("plan", "2026-01-16/2026-02-01", -1600),
        ("plan", "2026-02-01/2026-03-01", -3100),
        ("plan", "2026-01-16/2026-02-01", 3200),
        ("plan", "2026-02-01/2026-03-01", 6200),
    ] == lines(decided.charges)


def test_a_later_change_replaces_one_to_come() -> None:
    """A downgrade that has not begun is forgotten when another change is decided."""
    lower = change(paid(item(2000)), [item(1000)], on=MARCH_15).subscription
    other = change(lower, [item(1500)], on=day("2024-03-20")).subscription
    raised = change(lower, [item(4000)], on=day("2024-03-20"))

    assert [("plan", "2024-04-01/2024-05-01", 1500)] == run(other, "2024-04-01")
    assert [-774, 1548] == amounts(raised.charges)
    assert [("plan", "2024-04-01/2024-05-01", 4000)] == run(raised.subscription, "2024-04-01")


def test_an_item_to_come_can_be_changed_and_removed() -> None:
    """It keeps its day, or is not charged at all."""
    april = day("2024-04-10")
    plan = change(paid(item(1000)), [item(3000, "b")], on=MARCH_15, effective=april).subscription
    lower = change(plan, [item(1500, "b")], on=MARCH_15, direction=Direction.DOWNGRADE).subscription
    gone = change(plan, remove=["b"], on=MARCH_15, policy=AT_ONCE).subscription

    assert ("b", "2024-04-10/2024-05-01", 1050) in run(lower, "2024-04-10")
    assert ["plan"] == [id for id, _, _ in run(gone, "2024-04-10")]


def test_what_an_item_is_already_changes_nothing() -> None:
    """The same terms again are no change, and a change back forgets what was to come."""
    plan = paid(item(2000))
    lower = change(plan, [item(1000)], on=MARCH_15).subscription

    assert plan == change(plan, [item(2000)], on=MARCH_15).subscription
    back = change(lower, [item(2000)], on=MARCH_15)
    assert [item(2000)] == list(back.subscription.items(on=day("2024-04-01")))
    assert eur(0) == back.total


def test_one_time_items() -> None:
    """Each time it is added it is charged; what was charged is neither removed nor given back."""
    setup = item(5000, "setup", one_time=True)
    first = change(paid(item(1000)), [setup], on=MARCH_15)
    second = change(first.subscription, [setup], on=MARCH_15)
    to_come = change(paid(item(1000)), [setup], on=MARCH_15, effective=day("2024-04-10"))
    dropped = change(to_come.subscription, remove=["setup"], on=MARCH_15, policy=AT_ONCE)

    assert [5000] == amounts(first.charges) == amounts(second.charges)
    assert first.charges[0].part != second.charges[0].part
    with pytest.raises(UnknownItem):
        change(second.subscription, remove=["setup"], on=MARCH_15)
    assert ["plan"] == [id for id, _, _ in run(dropped.subscription, "2024-04-10")]


def test_arrears_are_charged_when_they_close() -> None:
    """Both parts of the period, each by its days; nothing is given back."""
    metered = begun(item(3100, timing=ARREARS), since="2024-03-01")
    decided = change(metered, [item(6200, timing=ARREARS)], on=MARCH_15)

    assert () == decided.charges
    assert [
        ("plan", "2024-03-01/2024-03-15", 1400),
        ("plan", "2024-03-15/2024-04-01", 3400),
    ] == run(decided.subscription, "2024-04-01")


def test_lines_may_be_billed_with_the_period() -> None:
    """26 changes are one document: their lines wait until the period ends (ask 5)."""
    plan = paid(item(1000))
    first = change(plan, [item(2000)], on=MARCH_15, policy=BATCHED)
    second = change(first.subscription, [item(1000)], on=day("2024-03-20"), policy=BATCHED)
    waiting = second.subscription

    assert ((), [-548, 1097], eur(549)) == (first.charges, amounts(first.later), first.total)
    assert [-774, 387] == amounts(second.later)
    assert [] == run(waiting, "2024-03-31")
    assert [-548, 1097, -774, 387, 1000] == [amount for _, _, amount in run(waiting, "2024-04-01")]
    ended = cancel(waiting, end=day("2024-03-25"), on=day("2024-03-25"))
    assert [-226, -548, 1097, -774, 387] == amounts(ended.charges)
    assert () == ended.subscription.waiting


def test_nothing_waits_where_nothing_is_charged() -> None:
    """A change without lines leaves nothing behind."""
    decided = change(
        paid(item(2000)),
        [item(1000)],
        on=MARCH_15,
        policy=attrs.evolve(CHANGES, lines=When.AT_PERIOD_END),
    )

    assert ((), ()) == (decided.later, decided.subscription.waiting)


# ---- preview and settlement ----------------------------------------------------------------------
def test_a_preview_is_what_is_committed() -> None:
    """Nothing but the commit makes the difference, and the next run bills none of it again."""
    plan = paid(item(1000), item(500, "b"))
    preview = change(plan, [item(2000)], on=MARCH_15)

    assert preview == change(plan, [item(2000)], on=MARCH_15)
    assert Effects(records=(preview.subscription,)) == preview.effects
    assert [] == run(preview.subscription, "2024-03-31")


def test_what_becomes_of_a_total_below_zero_is_said() -> None:
    """Credit unless it is said otherwise; never silently (spec: billing 3)."""
    plan = paid(item(5000, of=2))

    def settled(settlement: Settlement) -> Settlement:
        return change(
            plan, [item(3000)], on=MARCH_15, policy=AT_ONCE, settlement=settlement
        ).settlement

    assert Settlement.CREDIT == change(plan, [item(3000)], on=MARCH_15).settlement
    assert list(Settlement) == [settled(each) for each in Settlement]


def test_credits_are_of_what_was_billed() -> None:
    """A line that a discount made 8.00 gives back 17/31 of 8.00 (spec: billing 0.6)."""
    decided = change(
        paid(item(1000)), [item(2000)], on=MARCH_15, billed={"plan/1/2024-03-01": eur(800)}
    )

    assert [-439, 1097] == amounts(decided.charges)
    assert ("billed", "800") in decided.charges[0].rated.trace


def test_today_s_price_is_not_what_was_billed() -> None:
    """After an upgrade in March, the credit in April is of the upgraded price."""
    plan = billed(change(paid(item(1000)), [item(2000)], on=MARCH_15).subscription, "2024-04-01")

    assert [-1000] == amounts(
        change(plan, remove=["plan"], on=day("2024-04-16"), policy=AT_ONCE).charges
    )


# ---- refusals ------------------------------------------------------------------------------------
def test_refusals() -> None:
    """What cannot be changed says why."""
    plan = paid(item(1000))
    ending = cancel(plan, end=day("2024-04-01"), on=MARCH_15).subscription
    over = cancel(plan, end=MARCH_15, on=MARCH_15).subscription
    away = pause(plan, on=MARCH_15).subscription

    with pytest.raises(UnknownItem, match="'sub-1' has no item 'x' to change or remove"):
        change(plan, remove=["x"], on=MARCH_15)
    with pytest.raises(UnknownItem):
        change_quantity(plan, "x", 2, on=MARCH_15)
    with pytest.raises(DatesOutOfOrder, match="effective is 2024-02-29"):
        change(plan, [item(1)], on=MARCH_15, effective=day("2024-02-29"))
    with pytest.raises(AlreadyEnds, match="ends on 2024-04-01; 2024-04-01 was asked"):
        change(ending, [item(1)], on=MARCH_15)
    with pytest.raises(IllegalTransition, match="subscription is cancelled; change needs trialing"):
        change(over, [item(1)], on=MARCH_15)
    with pytest.raises(IllegalTransition, match="subscription is paused"):
        change(away, [item(1)], on=MARCH_15)
    with pytest.raises(ValueError, match="a change names one item at least, each once"):
        change(plan, on=MARCH_15)
    with pytest.raises(ValueError, match="a change names one item at least, each once"):
        change(plan, [item(1)], remove=["plan"], on=MARCH_15)
    dollars = attrs.evolve(item(1), price=Rate(Fraction(1), "USD"))
    with pytest.raises(ValueError, match="is in EUR; an item of it is not"):
        change(plan, [dollars], on=MARCH_15, policy=AT_ONCE)
    with pytest.raises(ValueError, match="quantity above 0"):
        change_quantity(plan, "plan", 0, on=MARCH_15)


def test_downgrade_in_trial_is_at_once() -> None:
    """No day of a trial is paid for, so there is nothing to wait for."""
    trial = begun(item(2000), since="2024-03-01", trial_until=day("2024-03-15"))

    decided = change(trial, [item(1000)], on=day("2024-03-05"))

    assert [eur(1000)] == [
        Money(int(each.price.per), "EUR")
        for each in decided.subscription.items(on=day("2024-03-05"))
    ]
    assert ((), ()) == (decided.charges, decided.later)
