"""Payment plans: parts of a receivable, what is due of them and what is overdue."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.invoices import Invoice, issue, line, rated_line
from ledgerkit.domain.late_joiners import catch_up, charges, enrol
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import CurrencyMismatch, Money, NegativeAmount, Rate
from ledgerkit.domain.payment_plans import (
    ACTIVE,
    CANCELLED,
    COMPLETED,
    Assigned,
    Instalment,
    NotReceivable,
    Owed,
    PaymentPlan,
    PlanStillOpen,
    agree,
    agree_on,
    assign,
    cancel,
    complete,
    due,
    instalment_dates,
    instalments,
    overdue,
    owed,
    reopen,
)
from ledgerkit.domain.periods import CalendarCycle, Cycle, FixedDaysCycle

START = date(2026, 1, 1)
THIRTY = FixedDaysCycle(START, 30)
MARCH_15, APRIL_1, MAY_1 = date(2026, 3, 15), date(2026, 4, 1), date(2026, 5, 1)
AT = datetime(2026, 3, 15, 11, tzinfo=UTC)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def minors(parts: tuple[Instalment, ...]) -> list[int]:
    """Return the amounts of *parts* in cents."""
    return [part.amount.minor for part in parts]


def plan_of(total: int, *dates: date, **more: Any) -> PaymentPlan:
    """Return a plan of *total* cents in equal parts."""
    terms: dict[str, Any] = {"customer": "ana", "receivable": "inv_1", **more}
    return agree(instalments(eur(total), dates), **terms).plan


def two_parts(**more: Any) -> PaymentPlan:
    """Return the plan of the seed: 75.00 now and 75.00 next month."""
    return plan_of(15_000, MARCH_15, APRIL_1, **more)


def open_of(parts: tuple[Assigned, ...]) -> list[tuple[date, int]]:
    """Return day and open cents of *parts*."""
    return [(part.instalment.due_on, part.open.minor) for part in parts]


def invoice(*minors: int) -> Invoice:
    """Return an issued invoice."""
    lines = tuple(
        line(f"s{n}", item="maths", on=MARCH_15, price=Rate.of(eur(minor)))
        for n, minor in enumerate(minors)
    )
    draft = Invoice(id="inv_1", customer="ana", currency="EUR", lines=lines)
    return issue(draft, on=MARCH_15, due_on=MARCH_15, at=AT).invoice


# ---- the parts -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [
        (15_000, 2, [7_500, 7_500]),
        (10_000, 3, [3_334, 3_333, 3_333]),
        (20_000, 3, [6_668, 6_666, 6_666]),
        (15_000, 1, [15_000]),
        (3, 3, [1, 1, 1]),
    ],
)
def test_remainder_is_on_the_first(total: int, count: int, expected: list[int]) -> None:
    """150.00 / 2 is 75.00, 75.00; 100.00 / 3 is 33.34, 33.33, 33.33. (spec: billing 2)"""
    dates = instalment_dates(THIRTY, count, on=MARCH_15)

    assert expected == minors(instalments(eur(total), dates))


def test_yen_are_whole() -> None:
    """JPY 1000 in three parts: 334, 333, 333."""
    parts = instalments(Money(1_000, "JPY"), (MARCH_15, APRIL_1, MAY_1))

    assert [334, 333, 333] == minors(parts)


@pytest.mark.parametrize(
    ("cycle", "on", "expected"),
    [
        (THIRTY, "2026-03-15", ["2026-03-15", "2026-04-01", "2026-05-01"]),
        (THIRTY, "2026-04-01", ["2026-04-01", "2026-05-01", "2026-05-31"]),
        (CalendarCycle(), "2026-01-31", ["2026-01-31", "2026-02-01", "2026-03-01"]),
    ],
)
def test_dates_are_cycle_boundaries(cycle: Cycle, on: str, expected: list[str]) -> None:
    """After the first, an instalment is due when the next cycle opens. (spec: billing 2)"""
    dates = instalment_dates(cycle, 3, on=date.fromisoformat(on))

    assert expected == [day.isoformat() for day in dates]


@pytest.mark.parametrize("count", [0, -1, True, 2.0, None])
def test_no_dates(count: Any) -> None:
    """One part is the least."""
    with pytest.raises(ValueError, match="instalments are counted from 1"):
        instalment_dates(THIRTY, count, on=MARCH_15)


@pytest.mark.parametrize(
    ("total", "count", "error", "says"),
    [
        (eur(15_000), 0, ValueError, "needs one date at least"),
        (eur(2), 3, ValueError, r"must be above 0 \(got 0.00 EUR, due on 2026-04-01\)"),
        (eur(0), 1, ValueError, "must be above 0"),
        (eur(-15_000), 2, ValueError, "must be above 0"),
        (150, 2, TypeError, r"must be Money \(got 150\)"),
        (150.0, 2, TypeError, "must be Money"),
    ],
)
def test_totals_that_cannot_be_split(
    total: Any, count: int, error: type[Exception], says: str
) -> None:
    """Each part is a cent at least."""
    with pytest.raises(error, match=says):
        instalments(total, (MARCH_15, APRIL_1, MAY_1)[:count])


@pytest.mark.parametrize(
    ("due_on", "amount", "says"),
    [
        (AT, eur(1), "due_on must be a date"),
        ("2026-04-01", eur(1), "due_on must be a date"),
        (APRIL_1, 75, "an instalment must be Money"),
        (APRIL_1, True, "an instalment must be Money"),
    ],
)
def test_instalments_that_are_refused(due_on: Any, amount: Any, says: str) -> None:
    """A day and money."""
    with pytest.raises(TypeError, match=says):
        Instalment(due_on, amount)


# ---- agreeing --------------------------------------------------------------------------------
def test_a_plan_moves_no_money() -> None:
    """What is stored is the plan, and no journal."""
    agreed = agree(
        instalments(eur(15_000), (MARCH_15, APRIL_1)), customer="ana", receivable="inv_1"
    )

    assert Effects(records=(agreed.plan,)) == agreed.effects
    assert (eur(15_000), "EUR", ACTIVE) == (
        agreed.plan.total,
        agreed.plan.currency,
        agreed.plan.status,
    )


def test_plan_on_an_invoice() -> None:
    """An issued invoice of 150.00, or what is open of it, in two parts."""
    whole = agree_on(invoice(10_000, 5_000), (MARCH_15, APRIL_1), accelerate=True).plan
    rest = agree_on(invoice(10_000, 5_000), (APRIL_1, MAY_1), settled=eur(5_001)).plan

    assert ("ana", "inv_1", [7_500, 7_500], True) == (
        whole.customer,
        whole.receivable,
        minors(whole.instalments),
        whole.accelerate,
    )
    assert [5_000, 4_999] == minors(rest.instalments)


def test_plan_on_a_draft() -> None:
    """Nobody owes a draft."""
    draft = attrs.evolve(invoice(15_000), status="draft")

    with pytest.raises(NotReceivable, match="'inv_1' is draft; a payment plan needs an issued"):
        agree_on(draft, (MARCH_15, APRIL_1))


def test_plan_on_a_settled_invoice() -> None:
    """Nothing is open, so that nothing is left to pay in parts."""
    with pytest.raises(ValueError, match="must be above 0"):
        agree_on(invoice(15_000), (MARCH_15,), settled=eur(15_000))
    with pytest.raises(CurrencyMismatch):
        agree_on(invoice(15_000), (MARCH_15,), settled=Money(1, "USD"))


def test_plans_of_one_receivable_have_ids_of_their_own() -> None:
    """Agreeing twice is agreeing once, unless the second plan is another one."""
    ids = [two_parts().id, two_parts().id, two_parts(earlier=1).id]

    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"id": ""}, ValueError, "payment plan id"),
        ({"customer": ""}, ValueError, "payment plan customer"),
        ({"receivable": None}, TypeError, "payment plan receivable"),
        ({"instalments": ()}, ValueError, "needs one instalment at least"),
        ({"instalments": [Instalment(APRIL_1, eur(1))]}, TypeError, "a tuple of Instalments"),
        ({"instalments": ((APRIL_1, eur(1)),)}, TypeError, "a tuple of Instalments"),
        (
            {"instalments": (Instalment(APRIL_1, eur(1)), Instalment(MARCH_15, eur(1)))},
            ValueError,
            "due on growing dates",
        ),
        (
            {"instalments": (Instalment(APRIL_1, eur(1)), Instalment(APRIL_1, eur(1)))},
            ValueError,
            "due on growing dates",
        ),
        (
            {
                "instalments": (
                    Instalment(MARCH_15, eur(1)),
                    Instalment(APRIL_1, Money(1, "USD")),
                )
            },
            ValueError,
            "must be in one currency",
        ),
        ({"accelerate": 1}, TypeError, "accelerate of plan .* is a bool"),
        ({"status": "paid"}, ValueError, "is 'paid'; see its lifecycle"),
    ],
)
def test_plans_that_are_refused(wrong: dict[str, Any], error: type[Exception], says: str) -> None:
    """A record that cannot be followed cannot be made."""
    with pytest.raises(error, match=says):
        attrs.evolve(two_parts(), **wrong)


# ---- following -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        (0, [0, 0]),
        (5_000, [5_000, 0]),
        (7_500, [7_500, 0]),
        (10_000, [7_500, 2_500]),
        (15_000, [7_500, 7_500]),
        (20_000, [7_500, 7_500]),
    ],
)
def test_payments_count_for_the_oldest_first(paid: int, expected: list[int]) -> None:
    """100.00 pays the first part of 75.00 and 25.00 of the second."""
    assert expected == [part.paid.minor for part in assign(two_parts(), eur(paid))]


@pytest.mark.parametrize(
    ("on", "paid", "is_due", "is_overdue"),
    [
        ("2026-03-14", 0, [], []),
        ("2026-03-15", 0, [(MARCH_15, 7_500)], []),
        ("2026-03-16", 0, [(MARCH_15, 7_500)], [(MARCH_15, 7_500)]),
        ("2026-03-16", 5_000, [(MARCH_15, 2_500)], [(MARCH_15, 2_500)]),
        ("2026-03-31", 7_500, [], []),
        ("2026-04-01", 7_500, [(APRIL_1, 7_500)], []),
        ("2026-04-01", 0, [(MARCH_15, 7_500), (APRIL_1, 7_500)], [(MARCH_15, 7_500)]),
        (
            "2026-04-02",
            0,
            [(MARCH_15, 7_500), (APRIL_1, 7_500)],
            [(MARCH_15, 7_500), (APRIL_1, 7_500)],
        ),
        ("2026-04-02", 15_000, [], []),
    ],
)
def test_missed_instalment_makes_only_that_part_overdue(
    on: str, paid: int, is_due: list[tuple[date, int]], is_overdue: list[tuple[date, int]]
) -> None:
    """Due on its day, overdue from the day after; the other parts keep their days. (C-9)"""
    day = date.fromisoformat(on)

    assert is_due == open_of(due(two_parts(), on=day, paid=eur(paid)))
    assert is_overdue == open_of(overdue(two_parts(), on=day, paid=eur(paid)))


def test_accelerated_plan() -> None:
    """Where it was agreed, a missed part makes all that is left due and overdue. (C-9)"""
    plan = two_parts(accelerate=True)
    next_day = date(2026, 3, 16)
    both = [(MARCH_15, 7_500), (APRIL_1, 7_500)]

    assert [(MARCH_15, 7_500)] == open_of(due(plan, on=MARCH_15, paid=eur(0)))
    assert [] == open_of(overdue(plan, on=MARCH_15, paid=eur(0)))
    assert both == open_of(due(plan, on=next_day, paid=eur(0)))
    assert both == open_of(overdue(plan, on=next_day, paid=eur(0)))
    assert [] == open_of(overdue(plan, on=next_day, paid=eur(7_500)))


def test_cancelled_plan_makes_nothing_due() -> None:
    """Its receivable is due by its own day."""
    plan = cancel(two_parts(accelerate=True)).plan

    assert ((), ()) == (
        due(plan, on=MAY_1, paid=eur(0)),
        overdue(plan, on=MAY_1, paid=eur(0)),
    )


def test_payments_that_are_refused() -> None:
    """What was paid is not below zero, and in the currency of the plan."""
    with pytest.raises(NegativeAmount):
        assign(two_parts(), eur(-1))
    with pytest.raises(CurrencyMismatch):
        overdue(two_parts(), on=MAY_1, paid=Money(1, "USD"))


@pytest.mark.parametrize("ask", [due, overdue])
@pytest.mark.parametrize("on", [AT, "2026-04-01", None])
def test_days_that_are_refused(ask: Any, on: Any) -> None:
    """An instant is no day."""
    with pytest.raises(TypeError, match="on must be a date"):
        ask(two_parts(), on=on, paid=eur(0))


# ---- the lifecycle ---------------------------------------------------------------------------
def test_a_plan_is_completed_and_reopened() -> None:
    """Once all is paid it is over; a payment that was taken back opens it again."""
    done = complete(two_parts(), paid=eur(15_000)).plan

    assert [COMPLETED, ACTIVE] == [done.status, reopen(done).plan.status]


def test_a_plan_that_is_still_open() -> None:
    """One cent short is not paid."""
    with pytest.raises(
        PlanStillOpen, match=r"of 150\.00 EUR and 149\.99 EUR is paid; 0\.01 EUR is"
    ):
        complete(two_parts(), paid=eur(14_999))


def test_a_cancelled_plan_stays_cancelled() -> None:
    """It is neither completed nor reopened nor cancelled again."""
    over = cancel(two_parts()).plan

    assert CANCELLED == over.status
    with pytest.raises(IllegalTransition, match="payment_plan is cancelled; complete needs act"):
        complete(over, paid=eur(15_000))
    with pytest.raises(IllegalTransition, match="cancel needs active"):
        cancel(over)
    with pytest.raises(IllegalTransition, match="reopen needs completed"):
        reopen(over)


# ---- beside regular fees ---------------------------------------------------------------------
def test_c9_the_next_regular_fee_is_on_top() -> None:
    """75.00 now; on 1 April 75.00 and the fee of 50.00 are owed: 125.00. (spec: C-9)"""
    plan, fee = two_parts(), (APRIL_1, eur(5_000))

    assert Owed(eur(7_500), eur(0)) == owed([(plan, eur(0))], [fee], on=MARCH_15, currency="EUR")
    april = owed([(plan, eur(7_500))], [fee], on=APRIL_1, currency="EUR")
    assert (eur(7_500), eur(5_000), eur(12_500)) == (
        april.instalments,
        april.regular,
        april.total,
    )


def test_c9_from_the_enrolment_on() -> None:
    """The catch-up of the seed in two parts, and the charges that follow it. (spec: C-9)"""
    leo = enrol(
        customer="ana",
        student="Leo",
        class_id="mat-101",
        class_name="Matemáticas 101",
        class_start=START,
        zone="Europe/Madrid",
        cycle=THIRTY,
        price=eur(5_000),
        at=AT,
    ).enrolment
    joining = charges(leo, as_of=MARCH_15)
    lines = tuple(rated_line(c.source, c.rated, item=c.item, on=c.on) for c in joining)
    draft = Invoice(id="inv_1", customer="ana", currency="EUR", lines=lines)
    bill = issue(draft, on=MARCH_15, due_on=MARCH_15, at=AT).invoice
    plan = agree_on(bill, instalment_dates(THIRTY, 2, on=MARCH_15)).plan
    regular = [
        (charge.due_on, charge.rated.amount)
        for charge in charges(leo, as_of=APRIL_1)
        if charge not in joining
    ]
    april = owed([(plan, eur(7_500))], regular, on=APRIL_1, currency="EUR")

    assert [(MARCH_15, 7_500), (APRIL_1, 7_500)] == [
        (part.due_on, part.amount.minor) for part in plan.instalments
    ]
    assert eur(12_500) == april.total


def test_owed_by_nobody() -> None:
    """Without plans and fees nothing is owed."""
    assert eur(0) == owed([], [], on=MARCH_15, currency="EUR").total


def test_owed_in_another_currency() -> None:
    """Two currencies make no sum."""
    with pytest.raises(CurrencyMismatch):
        owed([], [(MARCH_15, Money(5_000, "USD"))], on=APRIL_1, currency="EUR")


# ---- laws ------------------------------------------------------------------------------------
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
PLANS = st.builds(
    lambda total, dates, more: plan_of(total, *sorted(dates), accelerate=more),
    st.integers(12, 10**9),
    st.lists(DAYS, min_size=1, max_size=12, unique=True),
    st.booleans(),
)
PAID = st.builds(eur, st.integers(0, 2 * 10**9))


@given(PLANS)
def test_instalments_sum_to_the_receivable(plan: PaymentPlan) -> None:
    """No cent is made or lost; all parts but the first are equal, and it is not the least."""
    first, *others = minors(plan.instalments)

    assert plan.total.minor == first + sum(others)
    assert len(set(others)) <= 1
    assert all(other <= first for other in others)


@given(PLANS, PAID)
def test_paid_and_open_make_the_plan(plan: PaymentPlan, paid: Money) -> None:
    """What counts for a part is at most the part, and nothing for one before the last is full."""
    parts = assign(plan, paid)
    left = [part.open.minor for part in parts]

    assert min(paid, plan.total).minor == sum(part.paid.minor for part in parts)
    assert plan.total.minor == sum(part.paid.minor for part in parts) + sum(left)
    assert all(part.paid.minor == 0 or not sum(left[:n]) for n, part in enumerate(parts))


@given(PLANS, PAID, DAYS, DAYS)
def test_overdue_is_due_and_grows(plan: PaymentPlan, paid: Money, one: date, other: date) -> None:
    """What is overdue is due, and neither gets less by waiting."""
    early, late = sorted([one, other])

    assert set(overdue(plan, on=late, paid=paid)) <= set(due(plan, on=late, paid=paid))
    assert set(overdue(plan, on=early, paid=paid)) <= set(overdue(plan, on=late, paid=paid))
    assert set(due(plan, on=early, paid=paid)) <= set(due(plan, on=late, paid=paid))


@given(PLANS, DAYS)
def test_a_plan_that_is_paid_owes_nothing(plan: PaymentPlan, on: date) -> None:
    """On no day, whatever was agreed."""
    assert eur(0) == owed([(plan, plan.total)], [], on=on, currency="EUR").total


@given(st.builds(eur, st.integers(100, 10**9)), DAYS, DAYS, st.integers(1, 12))
def test_plans_of_late_joiners(price: Money, start: date, on: date, count: int) -> None:
    """Whatever is due on joining, in parts on cycle boundaries, is the same in the end."""
    cycle = FixedDaysCycle(start, 30)
    joining = catch_up(start, on, cycle=cycle, price=price)
    dates = instalment_dates(cycle, count, on=joining.due_on)
    parts = instalments(joining.total, dates)

    assert joining.total.minor == sum(minors(parts))
    assert [joining.due_on, joining.next_due][:count] == [part.due_on for part in parts][:2]
