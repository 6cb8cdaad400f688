"""Lives: how subscriptions begin, leave their trial and end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.periods import CalendarCycle, DatesOutOfOrder, UnknownZone
from ledgerkit.domain.proration import first_unbilled_day
from ledgerkit.domain.subscriptions import (
    ACTIVE,
    CANCELLED,
    SUBSCRIPTION,
    TRIALING,
    AlreadyEnds,
    Settlement,
    Subscription,
    bill,
    cancel,
    change,
    create,
    end_trial,
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


def october(price: int = 3100, **more: Any) -> Subscription:
    """Return a subscription that is billed for October."""
    return billed(begun(item(price, **more), since="2026-10-01"), "2026-10-01")


# ---- beginning -----------------------------------------------------------------------------------
def test_creating_charges_nothing() -> None:
    """It stores the subscription, with a phase for each item; the first run charges."""
    created = create(
        [item(3100), item(900, "extra")],
        id="sub-1",
        customer="c-1",
        currency="EUR",
        zone="Europe/Madrid",
        cycle=MONTHLY,
        started_on=day("2026-10-16"),
    )
    plan = created.subscription

    assert ((), ACTIVE, eur(0)) == (created.charges, plan.status, created.total)
    assert [1, 2] == [phase.number for phase in plan.phases]
    assert [item(3100), item(900, "extra")] == list(plan.items(on=day("2026-10-16")))
    assert () == plan.items(on=day("2026-10-15"))
    assert Effects(records=(plan,)) == created.effects


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": []},
        {"items": [item(1), item(2)]},
        {"trial_until": day("2026-10-16")},
        {"currency": "USD"},
    ],
)
def test_creating_refuses(wrong: dict[str, Any]) -> None:
    """Items there must be, each once and in the currency, and a trial has a day at least."""
    items = wrong.pop("items", [item(1)])

    with pytest.raises(ValueError, match="subscription 'sub-1'"):
        begun(*items, since="2026-10-16", **wrong)


def test_a_zone_is_needed() -> None:
    """Days are local to the contract, so no subscription is without a zone (billing 0.3)."""
    with pytest.raises(TypeError, match=r"zone must be the IANA name of a time zone \(got None\)"):
        begun(item(1), zone=None)
    with pytest.raises(UnknownZone):
        begun(item(1), zone="Madrid")


NOON = datetime(2026, 10, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [NOON, NOON.replace(tzinfo=None), "2026-10-16", 16])
def test_what_is_no_date_is_refused_by_name(wrong: Any) -> None:
    """An instant has no day without a zone, and text is no date: the field is named."""
    trial = begun(item(3100), since="2026-10-01", trial_until=day("2026-10-16"))

    with pytest.raises(TypeError, match="trial_until must be a date"):
        begun(item(3100), since="2026-10-01", trial_until=wrong)
    with pytest.raises(TypeError, match="started_on must be a date"):
        create(
            [item(3100)],
            id="sub-1",
            customer="c-1",
            currency="EUR",
            zone="Europe/Madrid",
            cycle=MONTHLY,
            started_on=wrong,
            trial_until=day("2026-10-16"),
        )
    with pytest.raises(TypeError, match="on must be a date"):
        end_trial(trial, on=wrong)
    with pytest.raises(TypeError, match="end must be a date"):
        cancel(trial, end=wrong, on=day("2026-10-11"))
    with pytest.raises(TypeError, match="on must be a date"):
        cancel(trial, end=day("2026-10-11"), on=wrong)


# ---- trial ---------------------------------------------------------------------------------------
def test_in_trial_there_is_service() -> None:
    """The items are there, free; on its last day as on the first one after it."""
    trial = begun(item(3100), since="2026-10-01", trial_until=day("2026-10-16"))

    assert TRIALING == trial.status
    assert [1, 1, 1] == [
        len(trial.items(on=day(on))) for on in ("2026-10-01", "2026-10-15", "2026-10-16")
    ]


def test_a_trial_ends_early() -> None:
    """From the day it is ended on the item is charged; what is charged once stays where it is."""
    trial = begun(
        item(3100),
        item(500, "setup", one_time=True),
        since="2026-10-01",
        trial_until=day("2026-10-16"),
    )
    ended = end_trial(trial, on=day("2026-10-11"))
    plan = ended.subscription

    assert (ACTIVE, ()) == (plan.status, ended.charges)
    assert [("setup", "None", 500), ("plan", "2026-10-11/2026-11-01", 2100)] == run(
        plan, "2026-10-11"
    )


def test_ending_a_trial_refuses() -> None:
    """Only a trial ends, within its days."""
    trial = begun(item(3100), since="2026-10-01", trial_until=day("2026-10-16"))

    with pytest.raises(DatesOutOfOrder, match="on is 2026-09-30"):
        end_trial(trial, on=day("2026-09-30"))
    with pytest.raises(DatesOutOfOrder, match="trial_until is 2026-10-16"):
        end_trial(trial, on=day("2026-10-17"))
    with pytest.raises(IllegalTransition, match="subscription is active; begin needs trialing"):
        end_trial(october(), on=day("2026-10-11"))


# ---- cancelling ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("end", "expected"), [("2026-10-16", -1600), ("2026-10-15", -1700), ("2026-10-01", -3100)]
)
def test_cancelling_gives_back_from_the_first_unbilled_day(end: str, expected: int) -> None:
    """31.00 for October: the 16th gives back 16.00, the 15th 17.00 (spec: billing 3)."""
    decided = cancel(october(), end=day(end), on=day("2026-10-20"))

    assert [("plan", f"{end}/2026-11-01", expected)] == lines(decided.charges)
    assert CANCELLED == decided.subscription.status
    assert [] == run(decided.subscription, "2027-10-01")


def test_billing_the_cancellation_day() -> None:
    """Cancelled on the 15th with the day billed is an end on the 16th (spec: billing 3)."""
    end = first_unbilled_day(day("2026-10-15"), bill_the_day=True)

    assert [-1600] == amounts(cancel(october(), end=end, on=day("2026-10-15")).charges)


def test_quarter_that_is_terminated() -> None:
    """910.00 a quarter for 32 of its 91 days: 320.00, billed up to an end (spec: billing 3)."""
    quarter = begun(item(91000, timing=ARREARS), since="2024-05-20", cycle=CalendarCycle(3))
    end = first_unbilled_day(day("2024-06-20"), bill_the_day=True)
    ended = cancel(quarter, end=end, on=end).subscription

    assert [("plan", "2024-05-20/2024-06-21", 32000)] == run(ended, "2024-06-21")


def test_a_partial_line_is_given_back_by_its_own_days() -> None:
    """A line of half a month gives back what it charged for the days that are left of it."""
    half = billed(begun(item(3100), since="2026-10-16"), "2026-10-16")

    assert [-800] == amounts(cancel(half, end=day("2026-10-24"), on=day("2026-10-24")).charges)
    assert [-1600] == amounts(cancel(half, end=day("2026-10-16"), on=day("2026-10-24")).charges)


def test_cancelling_with_the_period() -> None:
    """Service lasts until the end; the status changes with the first run from then on."""
    ending = cancel(october(), end=day("2026-11-01"), on=day("2026-10-16"))
    plan = ending.subscription

    assert ((), ACTIVE) == (ending.charges, plan.status)
    assert [1, 0] == [len(plan.items(on=day(on))) for on in ("2026-10-31", "2026-11-01")]
    assert [ACTIVE, CANCELLED] == [billed(plan, on).status for on in ("2026-10-31", "2026-11-01")]


def test_cancelling_earlier_gives_back_the_difference() -> None:
    """An end can move to an earlier day, not to a later one."""
    ending = cancel(october(), end=day("2026-10-21"), on=day("2026-10-11"))
    earlier = cancel(ending.subscription, end=day("2026-10-16"), on=day("2026-10-16"))

    assert [-1100, -500] == amounts([*ending.charges, *earlier.charges])
    with pytest.raises(AlreadyEnds, match="ends on 2026-10-21; 2026-10-22 was asked, an earlier"):
        cancel(ending.subscription, end=day("2026-10-22"), on=day("2026-10-16"))


def test_cancelled_before_an_end_that_is_not_billed_yet() -> None:
    """An end that was known was billed up to; an earlier one gives back the rest of that line."""
    begins = begun(item(3100), since="2026-10-01")
    ending = cancel(begins, end=day("2026-10-21"), on=day("2026-10-01")).subscription
    paid = billed(ending, "2026-10-01")

    assert [-1000] == amounts(cancel(paid, end=day("2026-10-11"), on=day("2026-10-11")).charges)


def test_cancelling_a_trial_costs_nothing() -> None:
    """Nothing was charged, and nothing is."""
    trial = begun(item(3100), since="2026-10-01", trial_until=day("2026-10-16"))
    cancelled = cancel(trial, end=day("2026-10-11"), on=day("2026-10-11")).subscription
    later = cancel(trial, end=day("2026-10-20"), on=day("2026-10-11")).subscription

    assert (CANCELLED, []) == (cancelled.status, run(cancelled, "2027-01-01"))
    assert [("plan", "2026-10-16/2026-10-20", 400)] == run(later, "2026-10-20")
    assert CANCELLED == billed(later, "2026-10-20").status


def test_settlement_is_said() -> None:
    """What becomes of what is given back stands on the decision."""
    on = day("2026-10-16")

    assert Settlement.CREDIT == cancel(october(), end=on, on=on).settlement
    assert (
        Settlement.REFUND
        == cancel(october(), end=on, on=on, settlement=Settlement.REFUND).settlement
    )


def test_credit_of_a_discounted_line() -> None:
    """What was billed goes back: 16 of 31 days of 24.80 (spec: billing 0.6)."""
    on = day("2026-10-16")
    sold = {"plan/1/2026-10-01": eur(2480)}

    assert [-1280] == amounts(cancel(october(), end=on, on=on, billed=sold).charges)


def test_cancelling_refuses() -> None:
    """Before its start there is nothing to end, and what is over is over."""
    on = day("2026-10-16")
    over = cancel(october(), end=on, on=on).subscription

    with pytest.raises(DatesOutOfOrder, match="end is 2026-09-30"):
        cancel(october(), end=day("2026-09-30"), on=on)
    with pytest.raises(IllegalTransition, match="subscription is cancelled; cancel needs trialing"):
        cancel(over, end=on, on=on)


def test_nothing_is_over_but_the_cancelled() -> None:
    """The only final status; all others can still be cancelled."""
    assert (CANCELLED,) == SUBSCRIPTION.final
    assert {(status, "cancel") for status in SUBSCRIPTION.statuses if status != CANCELLED} <= set(
        SUBSCRIPTION.table
    )


def test_changing_the_zone_changes_no_bill() -> None:
    """What was billed and what will be are local dates, whatever place they are local to."""
    plan = october()
    moved = attrs.evolve(plan, zone="Pacific/Kiritimati")
    on = day("2026-10-16")

    assert bill(plan, on=day("2027-01-01")).charges == bill(moved, on=day("2027-01-01")).charges
    assert cancel(plan, end=on, on=on).charges == cancel(moved, end=on, on=on).charges
    assert pause(plan, on=on).charges == pause(moved, on=on).charges
    assert change(plan, [item(6200)], on=on).charges == change(moved, [item(6200)], on=on).charges
