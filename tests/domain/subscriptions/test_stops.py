"""Stops: pauses that credit, extend or freeze, and suspensions with their ways back."""

from __future__ import annotations

import pytest

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import draw
from ledgerkit.domain.periods import AnniversaryCycle, BadPeriod, DatesOutOfOrder, FixedDaysCycle
from ledgerkit.domain.subscriptions import (
    ACTIVE,
    AT_ONCE,
    CANCELLED,
    PAUSED,
    SUSPENDED,
    AlreadyEnds,
    PausePolicy,
    Reactivation,
    StillPaused,
    Subscription,
    bill,
    cancel,
    change,
    pause,
    reactivate,
    resume,
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

CREDIT, EXTEND, FREEZE = PausePolicy.CREDIT, PausePolicy.EXTEND, PausePolicy.FREEZE


def monthly(price: int = 3000, *more: object, since: str = "2026-04-01") -> Subscription:
    """Return a subscription with months of its own, billed on its first day."""
    cycle = AnniversaryCycle(day(since))
    return billed(begun(item(price), *more, since=since, cycle=cycle), since)  # type: ignore[arg-type]


# ---- credit --------------------------------------------------------------------------------------
def test_pause_by_credit() -> None:
    """249.95: 233.82 back for 29 of 31 days, 224.96 for 27 of 30, 8.86 left (spec: billing 3)."""
    plan = monthly(24995, since="2012-03-02")
    paused = pause(plan, on=day("2012-03-04"))
    resumed = resume(paused.subscription, on=day("2012-04-05"))
    left = eur(23382) - draw(resumed.total, [eur(23382)]).parts[0]

    assert [("plan", "2012-03-04/2012-04-02", -23382)] == lines(paused.charges)
    assert [("plan", "2012-04-05/2012-05-02", 22496)] == lines(resumed.charges)
    assert eur(886) == left
    assert [PAUSED, ACTIVE] == [paused.subscription.status, resumed.subscription.status]
    assert [("plan", "2012-05-02/2012-06-02", 24995)] == run(resumed.subscription, "2012-05-02")


def test_nothing_is_billed_in_a_pause() -> None:
    """No period that opens while it lasts, and none of the days it had."""
    plan = begun(item(3100), item(3100, "usage", timing=ARREARS), since="2026-10-01")
    paused = pause(billed(plan, "2026-10-01"), on=day("2026-10-16")).subscription
    due = run(paused, "2026-12-31")

    assert [("usage", "2026-10-01/2026-10-16", 1500)] == due
    assert () == paused.items(on=day("2026-10-20"))
    resumed = resume(billed(paused, "2026-12-31"), on=day("2027-01-16"))
    assert [("plan", "2027-01-16/2027-02-01", 1600)] == lines(resumed.charges)
    assert [
        ("plan", "2027-02-01/2027-03-01", 3100),
        ("usage", "2027-01-16/2027-02-01", 1600),
    ] == run(resumed.subscription, "2027-02-01")


def test_a_pause_with_an_end_ends_by_itself() -> None:
    """The first run from then on charges from that day on, whenever it comes."""
    paused = pause(monthly(), on=day("2026-04-11"), until=day("2026-04-21"))

    assert [-2000] == amounts(paused.charges)
    assert [] == run(paused.subscription, "2026-04-20")
    assert [("plan", "2026-04-21/2026-05-01", 1000)] == run(paused.subscription, "2026-04-30")
    assert ACTIVE == billed(paused.subscription, "2026-04-21").status


def test_a_pause_to_come() -> None:
    """The period is billed whole when it opens; the pause gives back when its day comes."""
    planned = pause(
        begun(item(3000), since="2026-04-01"), on=day("2026-04-01"), start=day("2026-04-11")
    )
    whole, back = ("plan", "2026-04-01/2026-05-01", 3000), ("plan", "2026-04-11/2026-05-01", -2000)

    assert (ACTIVE, ()) == (planned.subscription.status, planned.charges)
    assert [whole] == run(planned.subscription, "2026-04-10")
    assert [back] == run(billed(planned.subscription, "2026-04-10"), "2026-04-11")
    assert [whole, back] == run(planned.subscription, "2026-05-20")
    assert PAUSED == billed(planned.subscription, "2026-04-11").status


def test_a_pause_that_began_already() -> None:
    """Backdated over a boundary it gives back part of one period and all of the next."""
    paused = pause(billed(monthly(), "2026-05-01"), on=day("2026-05-05"), start=day("2026-04-16"))

    assert [
        ("plan", "2026-04-16/2026-05-01", -1500),
        ("plan", "2026-05-01/2026-06-01", -3000),
    ] == lines(paused.charges)


def test_a_pause_before_a_change() -> None:
    """What began after the start of a backdated pause is given back whole, and goes on later."""
    changed = change(monthly(), [item(6000)], on=day("2026-04-16")).subscription
    paused = pause(changed, on=day("2026-04-21"), start=day("2026-04-11"))
    resumed = resume(paused.subscription, on=day("2026-05-16"))

    assert [
        ("plan", "2026-04-11/2026-05-01", -500),
        ("plan", "2026-04-16/2026-05-01", -3000),
    ] == lines(paused.charges)
    assert [("plan", "2026-05-16/2026-06-01", 3097)] == lines(resumed.charges)


def test_changes_to_come_wait_for_a_pause() -> None:
    """A downgrade decided before a pause holds when the pause is over, if its day has come."""
    lower = change(monthly(), [item(1500)], on=day("2026-04-02")).subscription
    paused = pause(lower, on=day("2026-04-16")).subscription

    assert [("plan", "2026-05-16/2026-06-01", 774)] == lines(
        resume(paused, on=day("2026-05-16")).charges
    )
    before = resume(paused, on=day("2026-04-21"))
    assert [("plan", "2026-04-21/2026-05-01", 1000)] == lines(before.charges)
    assert [("plan", "2026-05-01/2026-06-01", 1500)] == run(before.subscription, "2026-05-01")


def test_credit_of_a_discounted_line() -> None:
    """What was billed goes back, at once or when a pause begins that was planned."""
    sold, on = {"plan/1/2026-04-01": eur(2400)}, day("2026-04-11")
    planned = pause(monthly(), on=day("2026-04-02"), start=on).subscription

    assert [-1600] == amounts(pause(monthly(), on=on, billed=sold).charges)
    assert [-1600] == amounts(bill(planned, on=on, billed=sold).charges)


def test_resuming_on_a_day_to_come() -> None:
    """It is kept like an end that was known from the start."""
    paused = pause(monthly(), on=day("2026-04-11")).subscription
    waits = resume(paused, on=day("2026-04-12"), start=day("2026-04-21"))

    assert (PAUSED, ()) == (waits.subscription.status, waits.charges)
    assert [("plan", "2026-04-21/2026-05-01", 1000)] == run(waits.subscription, "2026-04-21")


# ---- extend --------------------------------------------------------------------------------------
def test_pause_by_extending() -> None:
    """Nothing moves but the days: the paid period ends ten days later, and so do all after it."""
    paused = pause(monthly(), on=day("2026-04-11"), policy=EXTEND)
    resumed = resume(paused.subscription, on=day("2026-04-21"))
    plan = resumed.subscription

    assert ((), ()) == (paused.charges, resumed.charges)
    assert () == paused.subscription.items(on=day("2026-04-11"))
    assert [[item(3000)], [], [], [item(3000)]] == [
        list(plan.items(on=day(on)))
        for on in ("2026-04-10", "2026-04-11", "2026-04-20", "2026-04-21")
    ]
    assert [] == run(plan, "2026-05-10")
    assert [item(3000)] == list(plan.items(on=day("2026-05-10")))
    assert [("plan", "2026-05-11/2026-06-11", 3000)] == run(plan, "2026-05-11")


def test_what_is_left_of_an_extended_period_is_given_back() -> None:
    """Ten days before the pause and five after it are used of thirty: half goes back."""
    paused = pause(monthly(), on=day("2026-04-11"), policy=EXTEND).subscription
    plan = resume(paused, on=day("2026-06-01")).subscription

    assert [("plan", "2026-06-06/2026-06-21", -1500)] == lines(
        cancel(plan, end=day("2026-06-06"), on=day("2026-06-06")).charges
    )
    # Backdated into the pause, and before it.
    assert [-2000] == amounts(cancel(plan, end=day("2026-05-01"), on=day("2026-06-06")).charges)
    assert [-2500] == amounts(cancel(plan, end=day("2026-04-06"), on=day("2026-06-06")).charges)


def test_extended_twice() -> None:
    """A pause in the days that another one moved moves them once more."""
    once = resume(
        pause(monthly(), on=day("2026-04-11"), policy=EXTEND).subscription, on=day("2026-04-21")
    ).subscription
    again = pause(once, on=day("2026-05-06"), policy=EXTEND).subscription
    twice = resume(again, on=day("2026-05-16")).subscription

    assert [] == run(twice, "2026-05-20")
    assert [("plan", "2026-05-21/2026-06-21", 3000)] == run(twice, "2026-05-21")
    credited = pause(once, on=day("2026-05-06"))
    back = resume(credited.subscription, on=day("2026-05-09"))
    assert [("plan", "2026-05-06/2026-05-11", -500)] == lines(credited.charges)
    assert [("plan", "2026-05-09/2026-05-11", 194)] == lines(back.charges)
    assert [("plan", "2026-05-11/2026-06-11", 3000)] == run(back.subscription, "2026-05-11")


def test_extending_arrears() -> None:
    """Days served before and after the pause are one period's worth; cycles of days move too."""
    thirty = FixedDaysCycle(day("2026-01-01"))
    plan = begun(item(3000, timing=ARREARS), cycle=thirty)
    paused = pause(plan, on=day("2026-01-11"), policy=EXTEND).subscription
    resumed = resume(paused, on=day("2026-01-21")).subscription

    assert [("plan", "2026-01-01/2026-01-11", 1000)] == run(paused, "2026-01-31")
    assert [
        ("plan", "2026-01-01/2026-01-11", 1000),
        ("plan", "2026-01-21/2026-02-10", 2000),
    ] == run(resumed, "2026-02-10")


def test_calendar_months_stay_when_they_are_extended() -> None:
    """The month does not move: what is left of it after the paid days is charged by its days."""
    plan = billed(begun(item(3000), since="2026-04-01"), "2026-04-01")
    paused = pause(plan, on=day("2026-04-11"), policy=EXTEND).subscription
    resumed = resume(paused, on=day("2026-04-21")).subscription

    assert [("plan", "2026-05-11/2026-06-01", 2032)] == run(resumed, "2026-05-11")


def test_an_end_is_extended_too() -> None:
    """A fixed term lasts as many days of service as were agreed."""
    term = cancel(monthly(), end=day("2026-05-01"), on=day("2026-04-01")).subscription
    paused = pause(term, on=day("2026-04-11"), policy=EXTEND).subscription
    resumed = resume(paused, on=day("2026-04-21")).subscription

    assert PAUSED == billed(paused, "2026-06-01").status
    assert day("2026-05-11") == resumed.ends_on
    assert [ACTIVE, CANCELLED] == [
        billed(resumed, on).status for on in ("2026-05-10", "2026-05-11")
    ]
    assert [] == run(resumed, "2026-12-31")


def test_cancelled_while_it_is_extended() -> None:
    """What was left when the pause began goes back; a day to come has no meaning yet."""
    paused = pause(monthly(), on=day("2026-04-11"), policy=EXTEND).subscription
    on = day("2026-05-20")

    assert [-2000] == amounts(cancel(paused, end=on, on=on).charges)
    assert [-2500] == amounts(cancel(paused, end=day("2026-04-06"), on=on).charges)
    with pytest.raises(StillPaused, match="extended by its pause since 2026-04-11; end it today"):
        cancel(paused, end=day("2026-06-01"), on=on)


def test_a_pause_without_a_day() -> None:
    """Resumed on the day it began it moved nothing."""
    paused = pause(monthly(), on=day("2026-04-11"), policy=EXTEND).subscription
    resumed = resume(paused, on=day("2026-04-11")).subscription

    assert [("plan", "2026-05-01/2026-06-01", 3000)] == run(resumed, "2026-05-01")


# ---- freeze --------------------------------------------------------------------------------------
def test_pause_by_freezing() -> None:
    """Paid days pass; the cycle goes on; a period that opens in the pause is charged in part."""
    paused = pause(monthly(), on=day("2026-04-11"), policy=FREEZE)
    soon = resume(paused.subscription, on=day("2026-04-21"))
    late = resume(paused.subscription, on=day("2026-05-16"))

    assert ((), ()) == (paused.charges, soon.charges)
    assert [] == run(paused.subscription, "2026-07-01")
    assert [("plan", "2026-05-01/2026-06-01", 3000)] == run(soon.subscription, "2026-05-01")
    assert [("plan", "2026-05-16/2026-06-01", 1548)] == lines(late.charges)


def test_cancelled_while_it_is_paused() -> None:
    """What was given back is not given back again; an earlier day gives the difference."""
    credited = pause(monthly(), on=day("2026-04-16")).subscription
    frozen = pause(monthly(), on=day("2026-04-16"), policy=FREEZE).subscription
    on = day("2026-04-21")

    assert [] == amounts(cancel(credited, end=on, on=on).charges)
    assert [-500] == amounts(cancel(credited, end=day("2026-04-11"), on=on).charges)
    assert [-1000] == amounts(cancel(frozen, end=on, on=on).charges)
    later = cancel(credited, end=day("2026-06-16"), on=on).subscription
    assert [("plan", "2026-06-01/2026-06-16", 1500)] == lines(
        resume(later, on=day("2026-06-01")).charges
    )
    assert CANCELLED == billed(later, "2026-06-16").status
    assert [] == run(later, "2026-12-31")


# ---- suspension ----------------------------------------------------------------------------------
def test_suspension() -> None:
    """What is billed stays billed, and no new period is (spec: billing 8)."""
    suspended = suspend(monthly(), on=day("2026-04-11"))

    assert () == suspended.charges
    assert [] == run(suspended.subscription, "2026-12-31")
    assert SUSPENDED == suspended.subscription.status
    assert (
        Effects(records=(suspended.subscription,), messages=(suspended.notice,))
        == suspended.effects
    )


def test_reactivation_begins_a_prorated_period() -> None:
    """From the day on; within the period that was paid for nothing is charged."""
    suspended = suspend(monthly(), on=day("2026-04-11")).subscription
    soon = reactivate(suspended, on=day("2026-04-21"))
    late = reactivate(suspended, on=day("2026-06-16"))

    assert () == soon.charges
    assert [("plan", "2026-05-01/2026-06-01", 3000)] == run(soon.subscription, "2026-05-01")
    assert [("plan", "2026-06-16/2026-07-01", 1500)] == lines(late.charges)
    assert ACTIVE == late.subscription.status
    assert Effects(records=(late.subscription,), messages=(late.notice,)) == late.effects


def test_reactivation_by_continuing() -> None:
    """As if it had not been suspended: what was left out is charged."""
    suspended = suspend(monthly(), on=day("2026-04-11")).subscription
    again = reactivate(suspended, on=day("2026-06-16"), policy=Reactivation.CONTINUE)

    assert [
        ("plan", "2026-05-01/2026-06-01", 3000),
        ("plan", "2026-06-01/2026-07-01", 3000),
    ] == lines(again.charges)


@pytest.mark.parametrize("policy", Reactivation)
def test_billing_while_suspended(policy: Reactivation) -> None:
    """An option bills on; then there is nothing to make up for."""
    suspended = suspend(monthly(), on=day("2026-04-11"), bill_while_suspended=True).subscription

    assert [("plan", "2026-05-01/2026-06-01", 3000)] == run(suspended, "2026-05-01")
    after = billed(suspended, "2026-05-01")
    assert () == reactivate(after, on=day("2026-05-16"), policy=policy).charges


def test_suspended_again_is_told_again() -> None:
    """Each suspension and each reactivation has a notice of its own, on one day too."""
    on = day("2026-04-11")
    first = suspend(monthly(), on=on)
    back = reactivate(first.subscription, on=on)
    second = suspend(back.subscription, on=on)
    notices = [first.notice, back.notice, second.notice]

    assert 3 == len({notice.id for notice in notices})
    assert {"notice.suspension_changed"} == {notice.topic for notice in notices}
    assert (
        ("subscription", "sub-1"),
        ("status", "suspended"),
        ("on", "2026-04-11"),
    ) == first.notice.body
    assert "c-1" == first.notice.recipient


def test_a_suspension_forgets_a_pause_to_come() -> None:
    """So does cancelling before it, and a pause that begins before it."""
    on = day("2026-04-02")
    planned = pause(monthly(), on=on, start=day("2026-04-11")).subscription

    assert planned.planned is not None
    assert suspend(planned, on=on).subscription.planned is None
    assert suspend(planned, on=on, bill_while_suspended=True).subscription.planned is None
    assert pause(planned, on=on).subscription.planned is None
    assert cancel(planned, end=day("2026-04-11"), on=on).subscription.planned is None
    assert cancel(planned, end=day("2026-04-12"), on=on).subscription.planned is not None
    assert cancel(planned, end=on, on=on).subscription.planned is None


def test_cancelled_while_it_is_suspended() -> None:
    """An end that was known comes all the same."""
    ending = cancel(monthly(), end=day("2026-05-01"), on=day("2026-04-02")).subscription
    suspended = suspend(ending, on=day("2026-04-11")).subscription

    assert CANCELLED == billed(suspended, "2026-05-01").status


# ---- refusals ------------------------------------------------------------------------------------
def test_refusals() -> None:
    """What cannot be stopped or resumed says why."""
    plan, on = monthly(), day("2026-04-11")
    paused = pause(plan, on=on).subscription
    suspended = suspend(plan, on=on).subscription
    ending = cancel(plan, end=day("2026-05-01"), on=on).subscription
    trial = begun(item(1), since="2026-04-01", trial_until=day("2026-05-01"))

    for refused in (paused, suspended, trial):
        with pytest.raises(IllegalTransition, match="pause needs active"):
            pause(refused, on=on)
        with pytest.raises(IllegalTransition, match="suspend needs active"):
            suspend(refused, on=on)
    with pytest.raises(IllegalTransition, match="resume needs paused"):
        resume(suspended, on=on)
    with pytest.raises(IllegalTransition, match="reactivate needs suspended"):
        reactivate(paused, on=on)
    with pytest.raises(DatesOutOfOrder, match="start is 2026-03-31"):
        pause(plan, on=on, start=day("2026-03-31"))
    with pytest.raises(BadPeriod):
        pause(plan, on=on, until=on)
    with pytest.raises(AlreadyEnds, match="ends on 2026-05-01"):
        pause(ending, on=on, start=day("2026-05-01"))
    with pytest.raises(DatesOutOfOrder, match=r"start is 2026-04-10; .* before the pause"):
        resume(paused, on=day("2026-04-10"))
    with pytest.raises(DatesOutOfOrder, match=r"on is 2026-04-10; .* before the suspension"):
        reactivate(suspended, on=day("2026-04-10"))


def test_nothing_else_is_touched_by_removing() -> None:
    """An item removed before a pause does not come back after it."""
    plan = monthly(3000, item(900, "extra"))
    fewer = change(plan, remove=["extra"], on=day("2026-04-11"), policy=AT_ONCE).subscription
    resumed = resume(pause(fewer, on=day("2026-04-16")).subscription, on=day("2026-05-16"))

    assert ["plan"] == [id for id, _, _ in lines(resumed.charges)]
