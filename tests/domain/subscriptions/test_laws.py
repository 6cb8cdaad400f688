"""Laws: whatever happens to a subscription, and whenever runs come, it is billed once and right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    DatesOutOfOrder,
    FixedDaysCycle,
    Period,
    Timing,
    spanning,
)
from ledgerkit.domain.proration import Basis
from ledgerkit.domain.subscriptions import (
    ACTIVE,
    AT_ONCE,
    CANCELLED,
    PAUSED,
    SUSPENDED,
    TRIALING,
    AlreadyEnds,
    ChangePolicy,
    Item,
    PausePolicy,
    Reactivation,
    StillPaused,
    Subscription,
    UnknownItem,
    When,
    bill,
    cancel,
    change,
    create,
    end_trial,
    pause,
    reactivate,
    renewals,
    resume,
    suspend,
)

START = date(2024, 1, 31)
CYCLES: st.SearchStrategy[Cycle] = st.sampled_from(
    [
        CalendarCycle(),
        CalendarCycle(3),
        CalendarCycle(12),
        AnniversaryCycle(START),
        AnniversaryCycle(date(2024, 2, 14), anchor_day=31),
        AnniversaryCycle(START, 12),
        FixedDaysCycle(START),
        FixedDaysCycle(START, 7),
    ]
)
PRICES = st.integers(0, 10**5).map(Fraction) | st.fractions(0, 10**5, max_denominator=1000)
WHOLE_PRICES = st.integers(0, 10**5).map(Fraction)
BASES = st.sampled_from([Basis.ACTUAL_DAYS, Basis.FIXED_30])
DAYS = st.integers(0, 500).map(lambda days: START + timedelta(days=days))


def items(prices: st.SearchStrategy[Fraction] = PRICES) -> st.SearchStrategy[Item]:
    """Draw items, of few ids, of every timing and cycle."""
    return st.builds(
        lambda id, price, **more: Item(id=id, name=id, price=Rate(price, "EUR"), **more),
        st.sampled_from("abc"),
        prices,
        quantity=st.sampled_from([Fraction(1), Fraction(7), Fraction(5, 2)]),
        timing=st.sampled_from(Timing),
        cycle=st.none() | CYCLES,
        one_time=st.sampled_from([False, False, False, True]),
    )


@st.composite
def begun(draw: st.DrawFn) -> Subscription:
    """Draw a subscription as it begins, maybe in trial."""
    listed = draw(st.lists(items(), min_size=1, max_size=3, unique_by=lambda item: item.id))
    trial = draw(st.none() | st.none() | st.integers(1, 60))
    return create(
        listed,
        id="sub-1",
        customer="c-1",
        currency="EUR",
        zone=draw(st.sampled_from(["UTC", "Pacific/Kiritimati", "America/New_York"])),
        cycle=draw(CYCLES),
        started_on=START,
        trial_until=None if trial is None else START + timedelta(days=trial),
        basis=draw(BASES),
    ).subscription


# ---- what people do to it ------------------------------------------------------------------------
Deed = Any  # (Subscription, the day it is done) -> the decision
POLICIES = st.builds(
    ChangePolicy, st.sampled_from(When), st.sampled_from(When), st.sampled_from(When)
)
NEAR = st.integers(-30, 30)
WHICH = st.integers(0, 1000)


# Which deeds a status has, and how often: most stories should go on for a while.
LEGAL = {
    TRIALING: ("end_trial", "end_trial", "change", "dated", "cancel"),
    ACTIVE: ("change", "dated", "dated", "remove", "pause", "pause", "pause", "suspend", "cancel"),
    PAUSED: ("resume", "resume", "resume", "cancel"),
    SUSPENDED: ("reactivate", "reactivate", "cancel"),
    CANCELLED: ("cancel",),
}


@st.composite
def deeds(draw: st.DrawFn) -> Deed:
    """Draw something that may be done to a subscription, on any day, for a day before or after."""
    shift = timedelta(days=draw(NEAR))
    length = timedelta(days=draw(st.integers(1, 90)))
    item, policy = draw(items()), draw(POLICIES)
    way, flag, which = draw(st.sampled_from(PausePolicy)), draw(st.booleans()), draw(WHICH)
    back = Reactivation.CONTINUE if flag else Reactivation.PRORATED
    every: dict[str, Deed] = {
        "change": lambda now, on: change(now, [item], on=on, policy=policy),
        "dated": lambda now, on: change(now, [item], on=on, effective=on + shift, policy=policy),
        "remove": lambda now, on: change(now, remove=[item.id], on=on, policy=AT_ONCE),
        "pause": lambda now, on: pause(
            now, on=on, start=on + shift, until=on + shift + length if flag else None, policy=way
        ),
        "resume": lambda now, on: resume(now, on=on, start=on + abs(shift) if flag else on),
        "cancel": lambda now, on: cancel(now, end=on + shift, on=on),
        "suspend": lambda now, on: suspend(now, on=on, bill_while_suspended=flag),
        "reactivate": lambda now, on: reactivate(now, on=on, policy=back),
        "end_trial": lambda now, on: end_trial(now, on=on),
    }

    def done(now: Subscription, on: date) -> Any:
        legal = LEGAL[now.status]
        return every[legal[which % len(legal)]](now, on)

    return done


REFUSALS = (IllegalTransition, AlreadyEnds, DatesOutOfOrder, StillPaused, UnknownItem)


def lived(
    subscription: Subscription, story: Iterable[tuple[int, Deed | None]]
) -> tuple[Subscription, list[Charge]]:
    """Return what becomes of a subscription, with a run wherever there is no deed, and its charges.

    Each step is so many days after the one before; what is refused changes nothing.
    """
    on, now, charges = START, subscription, list[Charge]()
    for days, deed in story:
        on += timedelta(days=days)
        try:
            decided = bill(now, on=on) if deed is None else deed(now, on)
        except REFUSALS:
            continue
        now = decided.subscription
        charges += decided.charges
    return now, charges


STORIES = st.lists(st.tuples(st.integers(0, 40), st.none() | deeds() | deeds()), max_size=9)


def totals(charges: Iterable[Charge]) -> dict[str, int]:
    """Return what is left of each charge after what was given back of it."""
    sums: dict[str, int] = defaultdict(int)
    for charge in charges:
        sums[charge.gives_back or charge.part] += charge.rated.amount.minor
    return sums


@given(begun(), STORIES)
def test_nothing_is_charged_twice(subscription: Subscription, story: Any) -> None:
    """Every charge and every credit has a name of its own, its whole life long."""
    now, charges = lived(subscription, story)
    end = START + timedelta(days=800)
    last = bill(now, on=end)
    parts = [charge.part for charge in (*charges, *last.charges)]

    assert len(parts) == len(set(parts))
    assert () == bill(last.subscription, on=end).charges
    assert last.subscription == bill(last.subscription, on=end).subscription


@given(begun(), STORIES)
def test_credits_never_exceed_what_was_billed(subscription: Subscription, story: Any) -> None:
    """What is kept of each charge is from nothing to all of it; a credit names what it is of."""
    now, charges = lived(subscription, story)
    charges += now.waiting
    billed = {c.part: c.rated.amount.minor for c in charges if c.gives_back is None}
    given = {c.gives_back for c in charges if c.gives_back is not None}

    assert given <= billed.keys()
    assert all(0 <= left <= billed[part] for part, left in totals(charges).items())
    assert all(c.rated.amount.minor <= 0 for c in charges if c.gives_back is not None)


@given(begun(), STORIES, st.lists(st.integers(1, 120), min_size=1, max_size=6))
def test_runs_bill_what_one_run_bills(
    subscription: Subscription, story: Any, waits: list[int]
) -> None:
    """Runs on any days bill the same charges, in the same order, as one run on the last of them."""
    now, _ = lived(subscription, story)
    on = START + timedelta(days=sum(days for days, _ in story))
    alone, charges = now, list[Charge]()
    for days in waits:
        on += timedelta(days=days)
        run = bill(now, on=on)
        now = run.subscription
        charges += run.charges
    once = bill(alone, on=on)

    assert list(once.charges) == charges
    assert once.subscription == now


@given(begun(), st.integers(1, 1500))
def test_an_unchanged_subscription_is_billed_for_its_periods(
    subscription: Subscription, length: int
) -> None:
    """The periods of an item tile its days, and whole ones come to its price times quantity."""
    on = START + timedelta(days=length)
    charges = bill(subscription, on=on).charges
    for phase in subscription.phases:
        own = [c for c in charges if c.part.startswith(f"{phase.item.id}/")]
        periods = [c.period for c in own if c.period is not None]
        if phase.item.one_time:
            assert [None] == [c.period for c in own]
            continue
        assert [p.end for p in periods[:-1]] == [p.start for p in periods[1:]]
        assert [subscription.trial_until or START] * bool(periods) == [p.start for p in periods[:1]]
        for charge in own:
            wholes = spanning(phase.cycle, charge.period or Period(on, on))
            assert 1 == len(wholes)
            if wholes == (charge.period,):
                assert phase.item.price.times(phase.item.quantity) == charge.rated.amount


@given(begun(), STORIES)
def test_kept_and_credited_are_what_was_billed(subscription: Subscription, story: Any) -> None:
    """Ended with its first day, everything goes back, except for what is charged once."""
    now, charges = lived(subscription, story)
    on = START + timedelta(days=sum(days for days, _ in story))
    if now.status != CANCELLED:
        decided = cancel(now, end=START, on=on)
        assert CANCELLED == decided.subscription.status
        charges += decided.charges
        once = {c.part for c in charges if c.gives_back is None and c.period is None}

        assert {part for part, left in totals(charges).items() if left} <= once


@given(begun(), STORIES, DAYS, deeds())
def test_a_preview_is_what_is_committed(
    subscription: Subscription, story: Any, on: date, deed: Deed
) -> None:
    """A decision depends on nothing but what it is given, and leaves that as it was."""
    now, _ = lived(subscription, story)
    before = attrs.evolve(now)
    first, second = lived(now, [((on - START).days, deed)]), lived(now, [((on - START).days, deed)])

    assert first == second
    assert before == now


@given(begun(), STORIES, st.sampled_from(["Asia/Kathmandu", "America/St_Johns", "UTC"]))
def test_a_zone_changes_no_charge(subscription: Subscription, story: Any, zone: str) -> None:
    """The same life in another zone is billed the same days and amounts."""
    moved = attrs.evolve(subscription, zone=zone)

    assert lived(subscription, story)[1] == lived(moved, story)[1]


@given(st.data(), CYCLES, st.sampled_from(Timing), st.integers(0, 300), st.integers(0, 120))
def test_a_change_costs_the_same_before_and_after_the_run(
    data: st.DataObject, cycle: Cycle, timing: Timing, day: int, later: int
) -> None:
    """Whether a period was billed when an item changed makes no difference to what is kept of it.

    A part of a period that was billed is a rounded line, and rounding what is kept of it again may
    differ by one minor unit from billing the kept days alone.
    """
    was, comes = (
        Item(id="a", name="a", price=Rate(data.draw(WHOLE_PRICES), "EUR"), timing=timing)
        for _ in range(2)
    )
    plan = create(
        [was],
        id="sub-1",
        customer="c-1",
        currency="EUR",
        zone="UTC",
        cycle=cycle,
        started_on=START,
    ).subscription
    swap: Deed = lambda now, on: change(now, [comes], on=on, policy=AT_ONCE)  # noqa: E731
    _, run_first = lived(plan, [(day, None), (0, swap), (later, None)])
    _, run_last = lived(plan, [(day, swap), (later, None)])
    partial = cycle.containing(START).start < START

    assert partial >= abs(sum(totals(run_first).values()) - sum(totals(run_last).values()))


@given(begun(), STORIES, st.integers(1, 60))
def test_renewals_tell_what_the_run_bills(
    subscription: Subscription, story: Any, days: int
) -> None:
    """The run of its day bills what the window said, and no day before it bills anything."""
    now, _ = lived(subscription, story)
    on = START + timedelta(days=sum(days for days, _ in story))
    found = renewals([now], on=on, days=days)
    if found:
        (renewal,) = found
        assert renewal.charges == bill(now, on=renewal.on).charges
        assert on <= renewal.on < on + timedelta(days=days)
        if renewal.on > on:
            assert () == bill(now, on=renewal.on - timedelta(days=1)).charges
    else:
        assert () == bill(now, on=on + timedelta(days=days - 1)).charges


@given(begun(), STORIES)
def test_statuses_and_stops_go_together(subscription: Subscription, story: Any) -> None:
    """Whatever happens, a record that can be built is built."""
    now, _ = lived(subscription, story)

    assert (now.status in (PAUSED, SUSPENDED)) or now.stopped is None
    assert now.status == ACTIVE or now.planned is None
