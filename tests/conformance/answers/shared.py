"""What answers have in common: the words of the cases, read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from ledgerkit.domain.money import ISO, Units
from ledgerkit.domain.periods import AnniversaryCycle, CalendarCycle, Cycle, FixedDaysCycle

Inputs: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Inputs, Inputs], Answer]

MONDAY = date(1970, 1, 5)  # weeks of the calendar begin with it
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


def day(text: str) -> date:
    """Return the date that *text* begins with."""
    return date.fromisoformat(text[:10])


def first_of(inputs: Inputs, *names: str) -> Any:
    """Return the first of the inputs called *names* that is there, or None."""
    return next((inputs[name] for name in names if inputs.get(name) is not None), None)


def start_of(inputs: Inputs, *names: str) -> date:
    """Return the day that the first of the inputs called *names* writes, in the zone of a case."""
    written = str(first_of(inputs, *names))
    # Systems that tell when they bill do so by the clock, others by the calendar.
    zone = str(inputs.get("timezone") or "UTC") if inputs.get("billing_at") else "UTC"
    return utc_day(written, zone)


def cycle_of(inputs: Inputs) -> Cycle:
    """Return the cycle that the inputs describe; a month, if they do not say how long."""
    start = start_of(inputs, "anchor", "start", "subscription_at")
    length = str(first_of(inputs, "period", "interval", "plan_interval") or "monthly").lower()
    if length in DAYS:
        weeks = length == "weekly" and inputs.get("billing_time") == "calendar"
        return FixedDaysCycle(MONDAY if weeks else start, DAYS[length])
    if inputs.get("billing_time") == "calendar":
        return CalendarCycle(MONTHS[length])
    anchor_day = inputs.get("anchor_day")
    return AnniversaryCycle(start, MONTHS[length], None if anchor_day is None else int(anchor_day))


def utc_day(text: str, zone: str) -> date:
    """Return the day in *zone* of an instant, of midnight in UTC where only its date is written."""
    return moment(text, "UTC").astimezone(ZoneInfo(zone)).date()


def moment(text: str, zone: str) -> datetime:
    """Return the instant that *text* writes, in *zone* where it does not say which."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def written(at: datetime) -> str:
    """Return an instant as the cases write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def unit_of(text: str) -> tuple[Units, str]:
    """Return the units to use and the code of the currency that a case calls *text*."""
    if len(text) == len("usd"):
        return ISO, text.upper()
    if custom := re.search(r"custom (\d) decimals?", text):
        return ISO.with_units({"CUSTOM": int(custom[1])}), "CUSTOM"
    return ISO, text
