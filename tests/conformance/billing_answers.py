"""Answers: what the public functions say to the questions of the billing cases.

A handler takes the inputs of a case and the fields it asks for, and returns those fields as the
case writes them. It calls what hosts call; where a rule had to be worked out here, it would be a
rule without a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import credit_notes, invoices
from ledgerkit.domain.changes import BatchRefused, Changes, Expect, Series, changes_of, request
from ledgerkit.domain.credit_notes import CreditNote, OverCredited
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import ISO, Money, Rate, Units, allocate
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    FixedDaysCycle,
    Period,
    Timing,
    billable_through,
    day_start,
    days_between,
    elapsed,
    first_boundary,
    last_boundary,
    local_date,
    spanning,
    whole_periods,
)

Inputs: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Inputs, Inputs], Answer]

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
MONTHS = {
    "month": 1,
    "monthly": 1,
    "quarter": 3,
    "quarterly": 3,
    "semiannual": 6,
    "biannual": 6,
    "half_yearly": 6,
    "year": 12,
    "yearly": 12,
    "annual": 12,
    "annually": 12,
    "biennial": 24,
    "triennial": 36,
}
DAYS = {
    "day": 1,
    "daily": 1,
    "week": 7,
    "weekly": 7,
    "biweekly": 14,
    "thirty_days": 30,
    "thirty_one_days": 31,
    "sixty_days": 60,
    "ninety_days": 90,
}


# ---- cycles ----------------------------------------------------------------------------------
def day(text: str) -> date:
    """Return the date that *text* begins with."""
    return date.fromisoformat(text[:10])


def first_of(inputs: Inputs, *names: str) -> Any:
    """Return the first of the inputs called *names* that is there, or None."""
    return next((inputs[name] for name in names if inputs.get(name) is not None), None)


def cycle_of(inputs: Inputs) -> Cycle:
    """Return the cycle that the inputs describe; a month, if they do not say how long."""
    start = day(first_of(inputs, "anchor", "start", "subscription_at"))
    length = str(first_of(inputs, "period", "interval", "plan_interval") or "monthly").lower()
    if length in DAYS:
        return FixedDaysCycle(start, DAYS[length])
    if inputs.get("billing_time") == "calendar":
        return CalendarCycle(MONTHS[length])
    anchor_day = inputs.get("anchor_day")
    return AnniversaryCycle(start, MONTHS[length], None if anchor_day is None else int(anchor_day))


def cycles(inputs: Inputs, asked: Inputs) -> Answer:
    """Answer every field that is asked of a cycle."""
    return {field: CYCLE_FIELDS[field](cycle_of(inputs), inputs, asked[field]) for field in asked}


def _start(inputs: Inputs) -> date:
    return day(first_of(inputs, "start", "subscription_at", "from"))


def _end(inputs: Inputs) -> date | None:
    return None if inputs.get("end") is None else day(inputs["end"])


def _timing(inputs: Inputs) -> Timing:
    return Timing(inputs.get("mode") or "in_arrears")


def _due(cycle: Cycle, inputs: Inputs) -> tuple[Period, ...]:
    zone = str(inputs.get("timezone") or "UTC")
    at = str(first_of(inputs, "target_date", "billing_at", "at"))
    on = day(at) if len(at) == len("2026-01-01") else local_date(moment(at, zone), zone)
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
    return cycle.boundary(int(first_of(inputs, "n", "count"))).isoformat()


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


def written(at: datetime) -> str:
    """Return an instant as the cases write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


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


def _periods_inclusive(cycle: Cycle, _: Inputs, asked: Any) -> list[list[str]]:
    return [
        [cycle.period(n).start.isoformat(), cycle.period(n).last.isoformat()]
        for n in range(len(asked))
    ]


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
    """Bridge the gap until the new anchor with its share of the year that ends there."""
    gap = Period(day(inputs["from"]), day(inputs["to"]))
    year = AnniversaryCycle(gap.end, MONTHS["annual"]).containing(gap.start)
    price = Rate.of(ISO.parse(inputs["annual_price"], "USD"))
    return {"amount": ISO.plain(price.times(gap.share_of(year)))}


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


# ---- time ------------------------------------------------------------------------------------
def moment(text: str, zone: str) -> datetime:
    """Return the instant that *text* writes, in *zone* where it does not say which."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def day_count(inputs: Inputs, _: Inputs) -> Answer:
    """Count local midnights."""
    zone = inputs.get("zone") or inputs.get("timezone") or "UTC"
    start, end = moment(inputs["from"], zone), moment(inputs["to"], zone)
    return {"days": str(days_between(start, end, zone))}


# ---- rounding --------------------------------------------------------------------------------
def unit_of(text: str) -> tuple[Units, str]:
    """Return the units to use and the code of the currency that a case calls *text*."""
    if custom := re.search(r"custom (\d) decimals?", text):
        return ISO.with_units({"CUSTOM": int(custom[1])}), "CUSTOM"
    return ISO, text


def allocation(inputs: Inputs, _: Inputs) -> Answer:
    """Share an amount out, or spread a discount over lines."""
    if "lines_cents" in inputs:
        lines = [Money(int(cents), "USD") for cents in inputs["lines_cents"]]
        discount = Money(int(inputs["discount_cents"]), "USD")
        shares = allocate(discount, [line.minor for line in lines])
        net = (line - share for line, share in zip(lines, shares, strict=True))
        return {"net_cents": [str(money.minor) for money in net]}
    units, code = unit_of(inputs.get("currency") or "USD")
    weights = [Decimal(weight) for weight in inputs["weights"]]
    return {
        "shares": [units.plain(p) for p in allocate(units.parse(inputs["amount"], code), weights)]
    }


def line_amount(inputs: Inputs, asked: Inputs) -> Answer:
    """Price a quantity in each currency that is asked for, rounded once."""
    answer = {}
    for currency in asked:
        units, code = unit_of(currency)
        per = Fraction(inputs["unit_price"]) * 10 ** units.exponent(code)
        answer[currency] = units.plain(Rate(per, code).times(Decimal(inputs["quantity"])))
    return answer


# ---- credit notes ----------------------------------------------------------------------------
def invoice_of(amount: str, id: str = "inv_1") -> Invoice:
    """Return an issued invoice over *amount*, in one line that was posted elsewhere."""
    price = Rate.of(ISO.parse(amount, "USD"))
    line = invoices.line(id, item="a plan", on=NOON.date(), price=price, journal="jrn_elsewhere")
    draft = Invoice(id=id, customer="c-1", currency="USD", lines=(line,))
    return invoices.issue(draft, on=NOON.date(), due_on=NOON.date(), at=NOON).invoice


def note_over(invoice: Invoice, amount: str, *earlier: CreditNote) -> CreditNote:
    """Return the draft of a note that gives back *amount* of the only line of *invoice*."""
    asked = {invoice.lines[0].id: ISO.parse(amount, "USD")}
    return credit_notes.draft(invoice, asked, earlier=earlier, reason="a case")


def cap(inputs: Inputs, asked: Inputs) -> Answer:
    """Ask for more than was charged and not given back yet; the error says how much is left."""
    invoice = invoice_of(first_of(inputs, "invoice_paid", "invoice_total"))
    given = note_over(invoice, inputs["refunded"])
    issued = credit_notes.issue(given, on=NOON.date(), at=NOON, invoice=invoice).note
    try:
        note_over(invoice, inputs["requested"], issued)
    except OverCredited as error:
        left = str(asked["error"]).removeprefix("exceeds ")
        said = f"exceeds {ISO.parse(left, 'USD').minor} USD"
        return {"error": f"exceeds {left}" if str(error).endswith(said) else str(error)}
    return {"error": "none"}


def concurrency(inputs: Inputs, _: Inputs) -> Answer:
    """Draft two notes that fit alone and not together, and issue one after the other."""
    first, second = inputs["drafts"]
    invoice, store = invoice_of(first), MemoryStore()
    one = note_over(invoice, first)
    two = note_over(invoice, second, one)
    told: dict[str, str] = {}
    issued: list[CreditNote] = []
    for name, draft in (("first", one), ("second", two)):
        try:
            credited = credit_notes.issue(
                draft, on=NOON.date(), at=NOON, invoice=invoice, earlier=issued
            )
            store.commit(
                changes_of(
                    credited,
                    key=name,
                    request=request("credit_note.issue", note=draft.id),
                    actor="case",
                    reason="a case",
                    at=NOON,
                )
            )
            issued.append(credited.note)
            told[name] = "finalized"
        except OverCredited:
            told[name] = f"rejected, stays {draft.status}"
    held = store.balance("customer:c-1", "USD").posted
    return {**told, "wallet_increase": ISO.plain(Money(held, "USD"))}


# ---- invoices --------------------------------------------------------------------------------
def numbering(inputs: Inputs, asked: Inputs) -> Answer:
    """Draw numbers in the pattern of those that are asked for."""
    store = MemoryStore()
    sample = asked["numbers"][0] if "numbers" in asked else asked["next_number"]
    text, digits = re.fullmatch(r"(.*?)(\d+)", sample).groups()  # type: ignore[union-attr]
    series = Series("case", f"{text}{{n:{len(digits) if digits[0] == '0' else 1}}}")

    def issue(n: int, *, expects: tuple[Expect, ...] = ()) -> Changes:
        draft = Invoice(
            id=f"inv_{n}", customer="c-1", currency="USD", lines=invoice_of("1.00", f"l{n}").lines
        )
        issued = invoices.issue(draft, on=NOON.date(), due_on=NOON.date(), at=NOON, series=series)
        return changes_of(
            issued,
            key=draft.id,
            request=request("invoice.issue", invoice=draft.id),
            actor="case",
            reason="a case",
            at=NOON,
            expects=expects,
        )

    before = int(inputs.get("already_issued") or 0)
    for n in range(before):
        store.commit(issue(n))
    lost = int(inputs.get("allocations_before_rollback") or 0)
    if lost:
        stale = issue(lost, expects=(Expect(Invoice, "inv_0", 99),))
        with suppress(BatchRefused):
            store.commit_all([*(issue(n) for n in range(lost)), stale])
        return {"next_number": store.commit(issue(before)).numbers[0].text}
    wanted = range(before, before + len(asked["numbers"]))
    return {"numbers": [store.commit(issue(n)).numbers[0].text for n in wanted]}


# ---- all of them -----------------------------------------------------------------------------
HANDLERS: Mapping[str, Handler] = {
    "credit_note.cap": cap,
    "credit_note.concurrency": concurrency,
    "cycle": cycles,
    "cycle.anchor_change": anchor_change,
    "cycle.validation": validation,
    "invoice.numbering": numbering,
    "rounding.allocation": allocation,
    "rounding.line": line_amount,
    "time.day_count": day_count,
}


def answer(capability: str, inputs: Inputs, asked: Inputs) -> Answer:
    """Return what *inputs* come to, in the fields that are *asked* for.

    Raises:
        AssertionError: no handler answers for *capability*, or for a field of it.
    """
    family, _, _ = capability.partition(".")
    handler = HANDLERS.get(capability) or HANDLERS.get(family)
    if handler is None:
        msg = f"there is no handler for {capability}"
        raise AssertionError(msg)
    if handler is cycles and (unknown := asked.keys() - CYCLE_FIELDS.keys()):
        msg = f"there is no answer for {sorted(unknown)} of {capability}"
        raise AssertionError(msg)
    return handler(inputs, asked)
