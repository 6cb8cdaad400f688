"""Answers about subscriptions: trials, pauses and quantities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

from ledgerkit.domain.money import Rate, draw
from ledgerkit.domain.periods import AnniversaryCycle, CalendarCycle, Cycle
from ledgerkit.domain.subscriptions import (
    AT_ONCE,
    Item,
    Subscription,
    bill,
    change,
    change_quantity,
    create,
    pause,
    resume,
)
from tests.conformance.answers.proration import (
    currency_of,
    money_of,
    period_of,
    plain,
    price_in,
    rate_of,
)
from tests.conformance.answers.shared import MONTHS, Answer, Handler, Inputs, day, first_of


def priced(inputs: Inputs) -> tuple[int, Rate]:
    """Return for how many months which price is."""
    found = price_in(inputs)
    if found is None:
        msg = f"there is no price in {inputs}"
        raise AssertionError(msg)
    return MONTHS[found[0]], found[1]


def subscribed(
    inputs: Inputs, price: Rate, cycle: Cycle, start: str, *, trial_days: int = 0, quantity: int = 1
) -> Subscription:
    """Return a subscription to one item."""
    on = day(start)
    return create(
        [Item(id="plan", name="plan", price=price, quantity=Fraction(quantity))],
        id="case",
        customer="case",
        currency=currency_of(inputs),
        zone="UTC",
        cycle=cycle,
        started_on=on,
        trial_until=on + timedelta(days=trial_days) if trial_days else None,
    ).subscription


def trial(inputs: Inputs, _: Inputs) -> Answer:
    """Charge the first period after a trial, by calendar months."""
    months, price = priced(inputs)
    start, days = inputs["subscribed_at"], int(inputs["trial_days"])
    plan = subscribed(inputs, price, CalendarCycle(months), start, trial_days=days)
    return _first_fee(plan, start, days)


def upgrade_in_trial(inputs: Inputs, _: Inputs) -> Answer:
    """Replace the plan in its trial, which counts from the start."""
    months, price = priced(inputs)
    start, days = inputs["subscribed_at"], int(inputs["trial_days"])
    cheap = Rate(price.per * Fraction(1, 2), price.currency)
    plan = subscribed(inputs, cheap, CalendarCycle(months), start, trial_days=days)
    better = Item(id="plan", name="better plan", price=price)
    changed = change(plan, [better], on=day(start) + timedelta(days=1)).subscription
    return _first_fee(changed, start, days)


def _first_fee(plan: Subscription, start: str, days: int) -> Answer:
    first = bill(plan, on=day(start) + timedelta(days=days)).charges[0]
    return {
        "fee_cents": str(first.rated.amount.minor),
        "billed_after": first.due_on.isoformat(),
    }


def pause_by_credit(inputs: Inputs, asked: Inputs) -> Answer:
    """Pause a period that was billed in advance."""
    months, price = priced(inputs)
    period = period_of(inputs, "period")
    plan = subscribed(
        inputs, price, AnniversaryCycle(period.start, months), period.start.isoformat()
    )
    billed = bill(plan, on=period.start).subscription
    total = pause(billed, on=day(inputs["pause_date"])).total
    answer = {"repair": plain(total), "account_credit": plain(-total)}
    return {field: answer[field] for field in asked}


def resuming(inputs: Inputs, asked: Inputs) -> Answer:
    """Resume inside of a period, and pay for the rest of it from the credit of the pause."""
    months, price = priced(inputs)
    on = day(inputs["resume_date"])
    cycle = AnniversaryCycle(day(inputs["period_end"]), months)
    start = cycle.boundary(cycle.index_of(on) - 1)
    plan = subscribed(inputs, price, cycle, start.isoformat())
    paused = pause(bill(plan, on=start).subscription, on=start).subscription
    charge = resume(paused, on=on).total
    before = money_of(first_of(inputs, "account_credit_before") or "0", inputs)
    applied = draw(charge, [before]).parts[0]
    answer = {
        "charge": plain(charge),
        "credit_applied": plain(-applied),
        "credit_left": plain(before - applied),
    }
    return {field: answer[field] for field in asked}


def quantity(inputs: Inputs, asked: Inputs) -> Answer:
    """Change how many there are, and tell every line until then and from then on."""
    price = rate_of(inputs["unit_price"], inputs)
    before, after = int(inputs["quantity_before"]), int(inputs["quantity_after"])
    on = day(first_of(inputs, "change_effective", "change_on"))
    written = first_of(inputs, "start", "period_start")
    cycle = AnniversaryCycle(on if written is None else day(written))
    start = cycle.boundary(-1) if written is None else day(written)
    plan = subscribed(inputs, price, cycle, start.isoformat(), quantity=before)
    first = bill(plan, on=on - timedelta(days=1))
    changed = change_quantity(first.subscription, "plan", after, on=on, policy=AT_ONCE)
    lines = (*first.charges, *changed.charges)
    return {
        "periods": [
            [line.period.start.isoformat(), line.period.end.isoformat(), plain(line.rated.amount)]
            for line in lines
            if line.period is not None
        ]
    }


HANDLERS: Mapping[str, Handler] = {
    "pause": pause_by_credit,
    "pause.resume": resuming,
    "quantity": quantity,
    "trial": trial,
    "trial.upgrade": upgrade_in_trial,
}
