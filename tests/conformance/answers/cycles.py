"""Answers about cycles and days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import ISO, Rate
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    Period,
    Timing,
    billable_through,
    day_start,
    days_between,
    elapsed,
    first_boundary,
    last_boundary,
    spanning,
    whole_periods,
)
from tests.conformance.answers.shared import (
    MONTHS,
    Answer,
    Handler,
    Inputs,
    cycle_of,
    day,
    first_of,
    moment,
    start_of,
    utc_day,
    written,
)


def cycles(inputs: Inputs, asked: Inputs) -> Answer:
    """Answer every field that is asked of a cycle."""
    return {field: CYCLE_FIELDS[field](cycle_of(inputs), inputs, asked[field]) for field in asked}


def _start(inputs: Inputs) -> date:
    return start_of(inputs, "start", "subscription_at", "from")


def _end(inputs: Inputs) -> date | None:
    return None if inputs.get("end") is None else day(inputs["end"])


def _timing(inputs: Inputs) -> Timing:
    return Timing(inputs.get("mode") or "in_arrears")


def _due(cycle: Cycle, inputs: Inputs) -> tuple[Period, ...]:
    zone = str(inputs.get("timezone") or "UTC")
    by_clock = inputs.get("billing_at")
    on = day(first_of(inputs, "target_date", "at")) if by_clock is None else utc_day(by_clock, zone)
    return cycle.due(on, start=_start(inputs), end=_end(inputs), timing=_timing(inputs))


def _through(cycle: Cycle, inputs: Inputs, timing: Timing | None = None) -> date | None:
    return billable_through(
        cycle,
        day(inputs["target_date"]),
        start=_start(inputs),
        end=_end(inputs),
        timing=timing or _timing(inputs),
    )


def _boundary(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    many = int(first_of(inputs, "n", "count"))
    start = day(first_of(inputs, "start", "anchor"))
    # The n-th boundary after the start, which may lie before or after the anchor.
    return cycle.boundary(cycle.index_of(start) + many).isoformat()


def _boundaries(cycle: Cycle, inputs: Inputs, _: Any) -> list[str]:
    return [cycle.boundary(int(n)).isoformat() for n in inputs["n"]]


def _starts(cycle: Cycle, inputs: Inputs, _: Any) -> list[str]:
    span = Period(_begin(inputs), day(first_of(inputs, "to", "end")))
    return [period.start.isoformat() for period in spanning(cycle, span)]


def _begin(inputs: Inputs) -> date:
    return day(first_of(inputs, "from", "start"))


def _from(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    return written(day_start(_due(cycle, inputs)[-1].start, inputs.get("timezone") or "UTC"))


def _to(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    # Inclusive there, half-open here: the last second before the next period.
    end = day_start(_due(cycle, inputs)[-1].end, inputs.get("timezone") or "UTC")
    return written(end - timedelta(seconds=1))


def _billed_through(cycle: Cycle, inputs: Inputs, _: Any) -> str | None:
    through = _through(cycle, inputs)
    return None if through is None else through.isoformat()


def _next_cycle_date(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    through = _through(cycle, inputs)
    return cycle.containing(_start(inputs) if through is None else through).end.isoformat()


def _last_cycle_date(cycle: Cycle, inputs: Inputs, _: Any) -> str | None:
    through = _through(cycle, inputs, Timing.IN_ADVANCE)
    return None if through is None else last_boundary(cycle, through).isoformat()


def _something_to_bill(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    return str(bool(_due(cycle, inputs))).lower()


def _periods(cycle: Cycle, inputs: Inputs, _: Any) -> list[list[str]]:
    return [[period.start.isoformat(), period.end.isoformat()] for period in _due(cycle, inputs)]


def _periods_inclusive(cycle: Cycle, inputs: Inputs, asked: Any) -> list[list[str]]:
    start = _start(inputs)
    first = cycle.index_of(start)
    found = [Period(max(p.start, start), p.end) for p in _following(cycle, first, len(asked))]
    return [[period.start.isoformat(), period.last.isoformat()] for period in found]


def _following(cycle: Cycle, first: int, many: int) -> list[Period]:
    return [cycle.period(first + n) for n in range(many)]


def _period(cycle: Cycle, inputs: Inputs, _: Any) -> list[str]:
    period = cycle.containing(day(inputs["at"]), start=_start(inputs))
    return [period.start.isoformat(), period.end.isoformat()]


def _first_cycle_date(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    return first_boundary(cycle, _start(inputs)).isoformat()


def _whole_periods(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    return str(whole_periods(cycle, _start(inputs), day(inputs["end"])))


def _elapsed_cycles(cycle: Cycle, inputs: Inputs, _: Any) -> str:
    return str(elapsed(cycle, _start(inputs), day(inputs["at"])))


CYCLE_FIELDS: Mapping[str, Callable[[Cycle, Inputs, Any], Any]] = {
    "date": _boundary,
    "dates": _boundaries,
    "next": _boundary,
    "starts": _starts,
    "from": _from,
    "to": _to,
    "billed_through": _billed_through,
    "next_cycle_date": _next_cycle_date,
    "last_cycle_date": _last_cycle_date,
    "first_cycle_date": _first_cycle_date,
    "something_to_bill": _something_to_bill,
    "periods": _periods,
    "periods_inclusive": _periods_inclusive,
    "period": _period,
    "whole_periods": _whole_periods,
    "elapsed_cycles": _elapsed_cycles,
}


def anchor_change(inputs: Inputs, _: Inputs) -> Answer:
    """Bridge the gap until the new anchor with its share of the period that ends there."""
    gap = Period(day(inputs["from"]), day(inputs["to"]))
    field, text = next((f, v) for f, v in inputs.items() if f.endswith("_price"))
    whole = AnniversaryCycle(gap.end, MONTHS[field.removesuffix("_price")]).containing(gap.start)
    price = Rate.of(ISO.parse(text, str(inputs.get("currency") or "USD")))
    return {"amount": ISO.plain(price.times(gap.share_of(whole)))}


def validation(inputs: Inputs, _: Inputs) -> Answer:
    """Ask what cannot be answered; all the questions are refused alike."""
    start, before = date(2026, 2, 1), date(2026, 1, 1)
    questions: Mapping[str, tuple[date, date | None]] = {
        "target before start": (before, None),
        "end before start": (start, before),
    }
    codes = set()
    for question in inputs["cases"]:
        as_of, end = questions[question]
        try:
            CalendarCycle().due(as_of, start=start, end=end)
            codes.add("no error")
        except LedgerkitError as error:
            codes.add(error.code)
    return {"error": " and ".join(sorted(codes))}


def day_count(inputs: Inputs, _: Inputs) -> Answer:
    """Count local midnights."""
    zone = inputs.get("zone") or inputs.get("timezone") or "UTC"
    start, end = moment(inputs["from"], zone), moment(inputs["to"], zone)
    return {"days": str(days_between(start, end, zone))}


HANDLERS: Mapping[str, Handler] = {
    "cycle": cycles,
    "cycle.anchor_change": anchor_change,
    "cycle.validation": validation,
    "time.day_count": day_count,
}
