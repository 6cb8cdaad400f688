"""Answers about metered usage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from ledgerkit.domain.money import ISO, Money, Rate, Rounding, round_exact
from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import SUM, Meter, UsageEvent, readings
from tests.conformance.answers.shared import NOON, Answer, Handler, Inputs

DAY = Period(NOON.date(), date(NOON.year, NOON.month, NOON.day + 1))
METER = Meter(name="usage", aggregation=SUM)


def correction(inputs: Inputs, asked: Inputs) -> Answer:
    """Count each period anew and charge what it comes to, less what is billed already."""
    code = str(inputs.get("currency", "USD"))
    size = Fraction(inputs["block"]["size"])
    price = Rate.of(ISO.parse(inputs["block"]["price"], code))
    new = [
        price.times(round_exact(counted(period["quantity"]) / size, Rounding.UP))
        - ISO.parse(period["already_billed"], code)
        for period in inputs["periods"]
    ]
    like = asked["new_items"]
    return {"new_items": [written(*each) for each in zip(new, like, strict=True)]}


def counted(quantity: str) -> Fraction:
    """Return what the meter says of an event of *quantity*, which came twice."""
    event = UsageEvent(id="e", customer="c", meter="usage", at=NOON, quantity=Fraction(quantity))
    (found,) = readings(METER, [event, event], period=DAY, zone="UTC")
    return found.quantities[0].value


def written(amount: Money, like: str) -> str:
    """Return *amount* with as many decimals as *like* has, if that is what it is."""
    plain = ISO.plain(amount)
    return like if Fraction(plain) == Fraction(like) else plain


HANDLERS: Mapping[str, Handler] = {"usage.correction": correction}
