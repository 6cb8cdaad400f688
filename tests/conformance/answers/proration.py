"""Answers about parts of periods: what they come to, and what a change gives back and charges.

The cases of one capability come in several shapes, and shapes are shared by capabilities: a
handler is chosen by the fields that a case has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import ISO, Money, Rate, sum_of
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    Period,
    Timing,
    spanning,
)
from ledgerkit.domain.pricing import rated
from ledgerkit.domain.proration import (
    Adjustment,
    Basis,
    Fee,
    Share,
    changes,
    creditable,
    first_unbilled_day,
    give_back,
    net,
    prorate,
    share,
)
from ledgerkit.domain.subscriptions import Item, create
from tests.conformance.answers.shared import (
    MONTHS,
    Answer,
    Handler,
    Inputs,
    cycle_of,
    day,
    first_of,
)

_BASES = {"days": "actual_days", "day": "actual_days", "second": "seconds"}
_PRICE = re.compile(r"(?:(old|new|added|removed)_)?([a-z]+?)_(?:amount_)?(?:price_)?(price|cents)")
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31
_TIMES = re.compile(r"(-?[\d.]+) x (-?[\d.]+)")


# ---- reading -------------------------------------------------------------------------------------
def currency_of(inputs: Inputs) -> str:
    """Return the currency of a case; dollars, if it does not say."""
    return str(inputs.get("currency") or "USD").upper()


def money_of(text: str, inputs: Inputs) -> Money:
    """Return the amount that *text* writes in the currency of a case."""
    return ISO.money(Decimal(text), currency_of(inputs))


def rate_of(text: str, inputs: Inputs, *, minor: bool = False) -> Rate:
    """Return the price that *text* writes, in minor units or in major ones."""
    currency = currency_of(inputs)
    return Rate(Fraction(text) * (1 if minor else 10 ** ISO.exponent(currency)), currency)


def price_in(inputs: Inputs, role: str = "") -> tuple[str, Rate] | None:
    """Return interval and price of a field such as `old_monthly_price` or `yearly_cents`."""
    for field, value in inputs.items():
        found = _PRICE.fullmatch(field)
        if found and (found[1] or "") == role and found[2] in MONTHS:
            return found[2], rate_of(value, inputs, minor=found[3] == "cents")
    return None


def period_of(inputs: Inputs, *names: str) -> Period:
    """Return the period that a field of one of these names writes, inclusive or half-open."""
    for name in names:
        for field in (name, f"{name}_inclusive"):
            if inputs.get(field) is not None:
                start, end = (day(text) for text in inputs[field])
                inclusive = field != name or inputs.get("half_open") == "false"
                return Period(start, first_unbilled_day(end, bill_the_day=inclusive))
    msg = f"there is no period in {inputs}"
    raise AssertionError(msg)


def basis_of(inputs: Inputs) -> Basis:
    """Return what the days of a case are counted in."""
    named = str(inputs.get("basis") or "days")
    return Basis(_BASES.get(named, named))


def quantity_of(text: str, inputs: Inputs) -> tuple[Fraction, Rate]:
    """Return quantity and price of "2 x 50.00", or of one at "50.00"."""
    found = _TIMES.fullmatch(text)
    if found is None:
        return Fraction(1), rate_of(text, inputs)
    return Fraction(found[1]), rate_of(found[2], inputs)


def plain(money: Money) -> str:
    """Return an amount as the cases write it."""
    return ISO.plain(money)


def nine_places(value: Fraction) -> str:
    """Return a ratio as the cases write it: nine places, zeros at the end left out."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    text = format(exact.quantize(Decimal("1e-9"), ROUND_HALF_UP), "f")
    return text.rstrip("0").rstrip(".")


# ---- shares --------------------------------------------------------------------------------------
def _shares(inputs: Inputs, cycle: Cycle, periods: tuple[Period, ...]) -> list[Share]:
    basis = basis_of(inputs)
    return [share(p.start, p.end, cycle.containing(p.start), basis=basis) for p in periods]


def ratio(inputs: Inputs, _: Inputs) -> Answer:
    """Tell the share of the period that ends with `to`, and what a price for it comes to."""
    start, end = day(inputs["from"]), day(inputs["to"])
    cycle = AnniversaryCycle(end, MONTHS[str(inputs.get("period") or "monthly")])
    used = share(start, end, cycle.containing(start), basis=basis_of(inputs))
    answer = {"ratio": nine_places(used.ratio), "days": str(used.n), "factor": str(used)}
    if priced := price_in(inputs):
        answer["amount"] = plain(prorate(priced[1], used).amount)
    return answer


def partial(inputs: Inputs, asked: Inputs) -> Answer:
    """Tell which part of the full period the partial one is."""
    (start, end), whole = (day(text) for text in inputs["partial"]), period_of(inputs, "full")
    return {"factor": same(share(start, end, whole), asked["factor"])}


def same(found: Share, asked: str) -> str:
    """Return *asked* where it is the share *found*, reduced or not."""
    return asked if Fraction(asked) == found.ratio else str(found)


def leading_trailing(inputs: Inputs, _: Inputs) -> Answer:
    """Count the periods that are due, parts of periods as fractions."""
    cycle = cycle_of(inputs)
    end = None if inputs.get("end") is None else day(inputs["end"])
    timing = Timing(inputs.get("mode") or "in_advance")
    start, as_of = day(inputs["start"]), day(inputs["target_date"])
    shares = _shares(inputs, cycle, cycle.due(as_of, start=start, end=end, timing=timing))
    total = sum((each.ratio for each in shares), Fraction(0))
    return {"billing_cycles": nine_places(total), "fraction": " + ".join(_counted(shares)) or "0"}


def _counted(shares: list[Share]) -> Iterator[str]:
    """Return parts as they are, and how many wholes are in a row."""
    wholes = 0
    for each in shares:
        if each.ratio == 1:
            wholes += 1
            continue
        if wholes:
            yield str(wholes)
        wholes = 0
        yield str(each)
    if wholes:
        yield str(wholes)


def first_period(inputs: Inputs, asked: Inputs) -> Answer:
    """Tell the first period of terms that start inside one."""
    cycle, start = cycle_of(inputs), day(inputs["start"])
    first = cycle.containing(start, start=start)
    used = share(first.start, first.end, cycle.containing(start), basis=basis_of(inputs))
    answer: dict[str, Any] = {"period": [first.start.isoformat(), first.end.isoformat()]}
    if "factor" in asked:
        answer["factor"] = same(used, asked["factor"])
    if inputs.get("rate") is not None:
        answer["first_partial"] = plain(prorate(rate_of(inputs["rate"], inputs), used).amount)
    return answer


def anchored(inputs: Inputs, asked: Inputs) -> Answer:
    """Tell on which days something created before the 1st is billed; dates are in words."""
    months = "January February March April May June July August September October November December"
    name, number = inputs["created"].split()
    created = date(2026, months.split().index(name) + 1, int(number))
    due = CalendarCycle().due(
        created + timedelta(days=100), start=created, timing=Timing.IN_ADVANCE
    )
    first, second, *others = (period.start for period in due)
    every = "every 1st" if all(on.day == 1 for on in others) else "on other days"
    words = [f"{on:%B} {on.day}" for on in (first, second)]
    return {"billed_on": [f"{words[0]} (prorated or free)", words[1], every]} if asked else {}


def duration(inputs: Inputs, _: Inputs) -> Answer:
    """Price so many days of so many."""
    start = date(2026, 1, 1)
    whole = Period(start, start + timedelta(days=int(inputs["full_days"])))
    used = share(start, start + timedelta(days=int(inputs["days"])), whole)
    return {"amount": plain(prorate(rate_of(inputs["amount"], inputs), used).amount)}


def one_fee(inputs: Inputs, _: Inputs) -> Answer:
    """Price terms that start inside of a period, up to its end or to a last day that is billed."""
    priced = price_in(inputs)
    if priced is None:
        msg = f"there is no price in {inputs}"
        raise AssertionError(msg)
    interval, price = priced
    start, months = day(first_of(inputs, "started_on", "subscribed_at")), MONTHS[interval]
    calendar = inputs.get("billing_time") == "calendar"
    cycle: Cycle = CalendarCycle(months) if calendar else AnniversaryCycle(start, months)
    last = first_of(inputs, "terminated_on", "terminated_at")
    whole = cycle.containing(start if last is None else day(last))
    end = whole.end if last is None else first_unbilled_day(day(last), bill_the_day=True)
    used = share(max(start, whole.start), end, whole, basis=basis_of(inputs))
    return {"fee_cents": str(prorate(price, used).amount.minor)}


# ---- credits and changes -------------------------------------------------------------------------
def credit_cap(inputs: Inputs, _: Inputs) -> Answer:
    """Cap a credit by what was paid and was not credited before."""
    potential, of, already = (
        money_of(inputs[field], inputs)
        for field in ("potential_credit", "original_paid", "already_credited")
    )
    credit = creditable(potential, of=of, already=already)
    whole = "." not in str(inputs["potential_credit"])
    return {"credit": str(ISO.decimal(credit).normalize().quantize(1)) if whole else plain(credit)}


def cancellation(inputs: Inputs, _: Inputs) -> Answer:
    """Give back what is unused of a line that was billed, of a month if it does not say."""
    billed = money_of(inputs["billed_amount"], inputs)
    on = day(first_of(inputs, "cancel_on", "cancel_on_start"))
    has_period = inputs.get("period") is not None or inputs.get("period_inclusive") is not None
    period = period_of(inputs, "period") if has_period else AnniversaryCycle(on).containing(on)
    line = Fee(key="line", price=Rate.of(billed), period=period, billed=billed)
    credit = give_back(line, since=on, basis=basis_of(inputs))
    amount = Money.zero(billed.currency) if credit is None else credit.amount
    return {"repair": plain(amount), "account_credit": plain(-amount)}


def netting(inputs: Inputs, _: Inputs) -> Answer:
    """Net lines by their keys."""
    lines = []
    for _kind, amount, *key in inputs["lines"]:
        minor = Fraction(money_of(amount, inputs).minor)
        priced = rated(minor, currency_of(inputs), quantity=Fraction(1))
        named = key[0] if key and key[0] and key[0] != "no key" else None
        lines.append(Adjustment(named, priced))
    return {"lines": [plain(line.rated.amount) for line in net(lines)]}


def change(inputs: Inputs, asked: Inputs) -> Answer:
    """Change items on a date; tell credits, charges, lines and what they come to."""
    on = day(first_of(inputs, "change_on", "change_date", "upgrade_on", "downgrade_on"))
    period = period_of(inputs, "period", "old_period")
    old, new = _fees(inputs, period, on)
    zone = inputs.get("timezone") or "UTC"
    made = changes(old, new, on=on, basis=basis_of(inputs), zone=zone)
    amounts = [line.rated.amount for line in made]
    currency = currency_of(inputs)
    credit = sum_of((a for a in amounts if a.minor < 0), currency)
    charged = sum_of((a for a in amounts if a.minor > 0), currency)
    answer = {
        "credit": plain(credit),
        "charge": plain(charged),
        "net": plain(credit + charged),
        "credit_cents": str(-credit.minor),
        "charge_cents": str(charged.minor),
        "lines": [plain(amount) for amount in amounts],
    }
    return {field: answer[field] for field in asked}


def _fees(inputs: Inputs, period: Period, on: date) -> tuple[list[Fee], list[Fee]]:
    """Return what there was and what there will be."""
    old, new = list[Fee](), list[Fee]()

    def add(to: list[Fee], key: str, written: str | None, *, one_time: bool = False) -> None:
        if written is not None:
            many, price = quantity_of(written, inputs)
            to.append(Fee(key=key, price=price, quantity=many, period=period, one_time=one_time))

    for n, (was, comes) in enumerate(_pairs(inputs)):
        add(old, f"matched {n}", was)
        add(new, f"matched {n}", comes)
    for field, to in (("removed", old), ("added", new), ("added_one_time", new)):
        for n, text in enumerate(_texts(inputs.get(field))):
            add(to, f"{field} {n}", text, one_time=field == "added_one_time")
    plans, better = _plans(inputs, period, on)
    return [*old, *plans], [*new, *better]


def _plans(inputs: Inputs, period: Period, on: date) -> tuple[list[Fee], list[Fee]]:
    """Return the fees of prices that say for what interval they are."""
    was, comes = price_in(inputs, "old"), price_in(inputs, "new")
    old = [] if was is None else [Fee(key="plan", price=was[1], period=period)]
    added = price_in(inputs, "added") or _interval_added(inputs)
    new = (
        [] if added is None else _of_interval("added", *added, cycle_from=period.start, span=period)
    )
    if comes is None:
        return old, new
    months, end = MONTHS[comes[0]], inputs.get("new_period_end_exclusive")
    if end is not None:  # up to the anchor, which stays
        plan = _of_interval("plan", *comes, cycle_from=day(end), span=Period(on, day(end)))
    elif was is not None and was[0] == comes[0]:
        plan = [Fee(key="plan", price=comes[1], period=period)]
    else:  # a period of its own begins
        span = AnniversaryCycle(on, months).containing(on)
        plan = _of_interval("plan", *comes, cycle_from=on, span=span)
    return old, [*plan, *new]


def _pairs(inputs: Inputs) -> list[tuple[str | None, str | None]]:
    """Return what is changed into what, as text."""
    matched = inputs.get("matched") or []
    every = matched if not matched or isinstance(matched[0], list) else [matched]
    old, new = (_counted_price(inputs, role) for role in ("old", "new"))
    return [*((was, comes) for was, comes in every), (old, new)]


def _counted_price(inputs: Inputs, role: str) -> str | None:
    written, many = first_of(inputs, role, f"{role}_price"), inputs.get(f"{role}_quantity")
    return written if written is None or many is None else f"{many} x {written}"


def _texts(value: Any) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _interval_added(inputs: Inputs) -> tuple[str, Rate] | None:
    """Return interval and price of a field such as `added_yearly`."""
    for field, value in inputs.items():
        interval = field.removeprefix("added_")
        if field != interval and interval in MONTHS:
            return interval, rate_of(value, inputs)
    return None


def _of_interval(
    key: str, interval: str, price: Rate, *, cycle_from: date, span: Period
) -> list[Fee]:
    """Return the fees of a price for an interval over the days of *span*."""
    is_month = interval == "monthly" and _SHORTEST_MONTH <= span.days <= _LONGEST_MONTH
    # A period as long as a month is one, wherever it starts.
    wholes = [span] if is_month else spanning(AnniversaryCycle(cycle_from, MONTHS[interval]), span)
    return [
        Fee(
            key=key if len(wholes) == 1 else f"{key} {n}",
            price=price,
            period=Period(max(whole.start, span.start), min(whole.end, span.end)),
            whole=whole,
        )
        for n, whole in enumerate(wholes)
    ]


def validation(inputs: Inputs, asked: Inputs) -> Answer:
    """Ask what cannot be answered: without a zone there is no subscription to change."""
    said = "no error"
    try:
        create(
            [Item(id="plan", name="plan", price=rate_of("10", inputs))],
            id="case",
            customer="case",
            currency=currency_of(inputs),
            zone=inputs.get("timezone", "UTC"),
            cycle=CalendarCycle(),
            started_on=period_of(inputs, "period").start,
        )
        change(inputs, {})
    except (LedgerkitError, TypeError, ValueError) as error:
        said = str(error)
    # Words of another system; ours must be about the same thing.
    wanted = str(asked["error"])
    about = next((word for word in ("zone", "quantity", "price", "period") if word in wanted), "?")
    return {"error": wanted if about in said else said}


SHAPES: tuple[tuple[frozenset[str], Handler], ...] = tuple(
    (frozenset(fields.split()), handler)
    for fields, handler in (
        ("potential_credit", credit_cap),
        ("billed_amount", cancellation),
        ("lines", netting),
        ("partial full", partial),
        ("started_on", one_fee),
        ("subscribed_at", one_fee),
        ("days full_days amount", duration),
        ("created anchor", anchored),
        ("start target_date", leading_trailing),
        ("start", first_period),
        ("from to", ratio),
        ("", change),
    )
)


def proration(inputs: Inputs, asked: Inputs) -> Answer:
    """Answer by the fields that the case has."""
    if "error" in asked:
        return validation(inputs, asked)
    handler = next(each for fields, each in SHAPES if fields <= inputs.keys())
    answer = handler(inputs, asked)
    return {field: answer[field] for field in asked}


def months_of_thirty(inputs: Inputs, asked: Inputs) -> Answer:
    """Answer on the basis of months of thirty days, if the case names no other."""
    return proration({"basis": "fixed_30", **inputs}, asked)


HANDLERS: Mapping[str, Handler] = {
    "proration": proration,
    "proration.fixed_30": months_of_thirty,
}
