"""Answers about prices and commitments.

Amounts are compared before they are rounded, as numbers: 15.0 and 15 are one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

from ledgerkit.domain.money import Money, Rate, Rounding, Units, allocate, sum_of
from ledgerkit.domain.pricing import (
    Commitment,
    Component,
    Flat,
    Graduated,
    PackagePrice,
    Percentage,
    PerUnit,
    Rated,
    Tariff,
    Tier,
    Volume,
    apply_commitment,
    components,
    rate,
    rate_events,
    true_up,
)
from tests.conformance.answers.shared import Answer, Handler, Inputs, first_of, unit_of

ROUNDINGS = {"up": Rounding.UP, "down": Rounding.DOWN}
Bounded = tuple[Decimal | None, Mapping[str, str]]


class Reader:
    """Reads amounts; a case that names no currency gets one that takes any of its decimals."""

    def __init__(self, inputs: Inputs) -> None:
        self.units: Units
        self.units, self.code = unit_of(inputs.get("currency") or "custom 9 decimals")

    def money(self, text: str | None) -> Money | None:
        """Return an amount, or None."""
        return None if text is None else self.units.money(Decimal(text), self.code)

    def rate(self, text: str | None) -> Rate | None:
        """Return a price of one unit, or None."""
        return None if text is None else self.units.rate(Decimal(text), self.code)

    def percent(self, text: str) -> Rate:
        """Return the price of a minor unit where a share of an amount is charged."""
        return Rate(Fraction(text) / 100, self.code)

    def major(self, minor: Fraction) -> Fraction:
        """Return an exact amount in the units that the cases are written in."""
        return Fraction(minor, 10 ** self.units.exponent(self.code))


def like(value: Fraction, asked: object) -> object:
    """Return a number as the case writes it, or plainly where it says something else."""
    if asked in {None, "none"} and not value:
        return asked
    same = isinstance(asked, str) and asked != "none" and Fraction(asked) == value
    return asked if same else str(value)


def all_like(values: Sequence[Fraction], asked: Sequence[object]) -> list[object]:
    """Return numbers as the case writes them."""
    padded = [*asked, *("" for _ in values)][: len(values)]
    return [str(v) if a == "" else like(v, a) for v, a in zip(values, padded, strict=True)]


# ---- what a case describes -------------------------------------------------------------------
def bounded(inputs: Inputs) -> list[Bounded]:
    """Return the tiers of a case with their upper bounds, however it writes those.

    A tier that ends where the list ends takes what is above it, as it does in those systems.
    """
    tiers = inputs.get("tiers") or inputs["blocks"]
    if isinstance(tiers[0], list):
        told = [Decimal(top) for top, _ in tiers]
        # How wide each tier is, unless the case says that it means upper bounds.
        tops = told if inputs.get("tier_size_is_width") == "false" else accumulate(told)
        found = [(top, {"unit": price}) for top, (_, price) in zip(tops, tiers, strict=True)]
    elif "max_blocks" in tiers[0]:
        most = [t["max_blocks"] for t in tiers]
        sizes = [Decimal(t["size"]) for t in tiers]
        widths = [
            s * (0 if m in {None, "unlimited", "-1"} else Decimal(m))
            for s, m in zip(sizes, most, strict=True)
        ]
        found = [
            (top, {"unit": t["price"], "size": t["size"]})
            for top, t in zip(accumulate(widths), tiers, strict=True)
        ]
    elif all("up_to" not in t and "to" not in t for t in tiers):
        found = [(Decimal(following["from"]), tier) for tier, following in pairwise(tiers)]
        found.append((Decimal(0), tiers[-1]))
    else:
        tops_told = [first_of(t, "up_to", "to") for t in tiers]
        found = [(Decimal(top or 0), t) for top, t in zip(tops_told, tiers, strict=True)]
    return [*found[:-1], (None, found[-1][1])]


def tiers_of(inputs: Inputs, read: Reader) -> tuple[Tier, ...]:
    """Return the tiers of a case."""
    return tuple(
        Tier(
            up_to=top,
            unit=read.rate(tier.get("unit")),
            flat=read.money(tier.get("flat")),
            size=None if tier.get("size") is None else Decimal(tier["size"]),
            cap=read.money(tier.get("cap")),
        )
        for top, tier in bounded(inputs)
    )


def tariff_of(model: type[Graduated | Volume] | None, inputs: Inputs, read: Reader) -> Tariff:
    """Return the price of a case, with its allowance and bounds."""
    bounds: dict[str, Any] = {
        "included": Decimal(first_of(inputs, "free_units", "included") or 0),
        "minimum": read.money(inputs.get("minimum")),
        "maximum": read.money(inputs.get("maximum")),
    }
    if "package_size" in inputs:
        price = read.rate(inputs["package_price"])
        assert price is not None
        rounding = ROUNDINGS[inputs.get("rounding") or "up"]
        size = Decimal(inputs["package_size"])
        return Tariff(model=PackagePrice(size, price, rounding), **bounds)
    if "tiers" in inputs or "blocks" in inputs:
        assert model is not None
        return Tariff(model=model(tiers_of(inputs, read)), **bounds)
    known = [read.money(inputs.get(name) or "0") for name in ("already_billed", "usage_now")]
    amount = sum_of((money for money in known if money is not None), read.code)
    bounds["included"] = None
    return Tariff(model=Flat(amount), **bounds)


# ---- prices ----------------------------------------------------------------------------------
def priced(model: type[Graduated | Volume] | None, inputs: Inputs, asked: Inputs) -> Answer:
    """Price a quantity, after what was billed before in the period."""
    read = Reader(inputs)
    before = Decimal(inputs.get("already_billed_quantity") or 0)
    # A volume price is not billed in parts: where a part is billed, the tiers are graduated.
    tariff = tariff_of(Graduated if before else model, inputs, read)
    quantity = before + Decimal(first_of(inputs, "quantity", "quantity_now") or 1)
    final = inputs.get("last_in_period") != "false"
    found = {
        "parts": components(tariff, quantity, after=before or None, final=final),
        "rated": rate(tariff, quantity, after=before or None, final=final),
    }
    return {field: PRICE_FIELDS[field](found, read, asked[field]) for field in asked}


Found = Mapping[str, Any]


def _amount(found: Found, read: Reader, asked: object) -> object:
    rated: Rated = found["rated"]
    exact = like(read.major(rated.unrounded), asked)
    return exact if exact == asked else like(read.major(Fraction(rated.amount.minor)), asked)


def _part(*names: str, found: Found, read: Reader, asked: object) -> object:
    """Return what the components called *names* come to, without their sign."""
    amount = sum((part.amount for part in found["parts"] if part.name in names), Fraction(0))
    return like(read.major(abs(amount)), asked)


def _usage(found: Found, read: Reader, asked: object) -> object:
    plain = [part for part in found["parts"] if part.name not in {"minimum", "maximum"}]
    return like(read.major(sum((part.amount for part in plain), Fraction(0))), asked)


def _by_tier(found: Found, read: Reader, asked: Sequence[object]) -> object:
    sums: dict[str, Fraction] = {}
    for part in found["parts"]:
        tier = part.name.rpartition(" ")[0]
        sums[tier] = sums.get(tier, Fraction(0)) + part.amount
    return all_like([read.major(amount) for amount in sums.values()], asked)


def _lines(found: Found, read: Reader, asked: Any) -> object:
    parts: list[Component] = [part for part in found["parts"] if part.quantity]
    if not parts:
        return asked if asked == [] else "none"
    told = [(part.name, (part.quantity, read.major(part.unit_price))) for part in parts]
    wanted = [*asked, *([""] * 3 for _ in told)][: len(told)]
    return [
        [name, *all_like(numbers, line[1:])]
        for (name, numbers), line in zip(told, wanted, strict=True)
    ]


PRICE_FIELDS: Mapping[str, Callable[[Found, Reader, Any], object]] = {
    "amount": _amount,
    "total": _amount,
    "charge": _amount,
    "usage": _usage,
    "discount": lambda found, read, asked: _part("maximum", found=found, read=read, asked=asked),
    "minimum_line": lambda found, read, asked: _part(
        "minimum", found=found, read=read, asked=asked
    ),
    "by_tier": _by_tier,
    "lines": _lines,
}


def package_rounding(inputs: Inputs, asked: Inputs) -> Answer:
    """Price packages both ways."""
    return {
        field: priced(
            None, {**inputs, "rounding": field.removeprefix("round_")}, {"amount": asked[field]}
        )["amount"]
        for field in asked
    }


def tier_flat_and_cap(inputs: Inputs, asked: Inputs) -> Answer:
    """Price one tier, with each of the terms that the answer names."""
    left_out = {"with_flat": {"cap"}, "with_cap_only": {"flat"}}
    answer = {}
    for field in asked:
        tier = {
            name: inputs[name]
            for name in ("unit", "flat", "cap")
            if name in inputs and name not in left_out.get(field, set())
        }
        case = {**inputs, "tiers": [{"up_to": None, **tier}]}
        answer[field] = priced(Graduated, case, {"amount": asked[field]})["amount"]
    return answer


def graduated_percentage(inputs: Inputs, asked: Inputs) -> Answer:
    """Price an amount by tiers of percentages: its quantity is in minor units."""
    read = Reader(inputs)
    tiers = tuple(
        Tier(
            up_to=None if top is None else read.units.money(top, read.code).minor,
            unit=read.percent(tier["rate_percent"]),
            flat=read.money(tier.get("flat")),
        )
        for top, tier in bounded(inputs)
    )
    amount = read.units.money(Decimal(inputs["amount"]), read.code)
    found = {"rated": rate(Graduated(tiers), amount.minor)}
    return {field: _amount(found, read, asked[field]) for field in asked}


def percentage(inputs: Inputs, asked: Inputs) -> Answer:
    """Price the events of a case."""
    read = Reader(inputs)
    free_events = first_of(inputs, "free_events", "free_units_per_events")
    price = Percentage(
        rate=Fraction(inputs["rate_percent"]) / 100,
        currency=read.code,
        fee=read.rate(first_of(inputs, "fixed_per_event", "fixed_amount")),
        event_minimum=read.rate(inputs.get("per_event_min")),
        event_maximum=read.rate(inputs.get("per_event_max")),
        free_amount=read.money(first_of(inputs, "free_amount", "free_units_per_total_aggregation")),
        free_events=None if free_events is None else int(free_events),
    )
    found = {"rated": rate_events(price, _events(inputs, read))}
    return {field: _amount(found, read, asked[field]) for field in asked}


def _events(inputs: Inputs, read: Reader) -> list[Money]:
    """Return the amount of each event; where only the sum is told, all are alike."""
    if isinstance(inputs.get("events"), list):
        return [read.units.money(Decimal(amount), read.code) for amount in inputs["events"]]
    total = read.units.money(Decimal(inputs["amount"]), read.code)
    count = int(first_of(inputs, "events", "events_count", "count") or 1)
    running = [Decimal(text) for text in inputs.get("running_total") or ()]
    first = [b - a for a, b in pairwise([Decimal(0), *running])]
    known = [read.units.money(amount, read.code) for amount in first]
    rest = total - sum_of(known, read.code)
    others = count - len(known)
    return [*known, *(allocate(rest, [1] * others) if others > 0 else ())]


# ---- commitments -----------------------------------------------------------------------------
def _cents(value: str | Iterable[str]) -> Money:
    listed = [value] if isinstance(value, str) else value
    return sum_of((Money(int(cents), "USD") for cents in listed), "USD")


def minimum(inputs: Inputs, asked: Inputs) -> Answer:
    """Charge what is missing to a minimum, of a whole period or of the days of one."""
    billed = _cents(first_of(inputs, "usage_cents", "billed_cents"))
    promised = _cents(first_of(inputs, "minimum_cents", "commitment_cents"))
    share = Fraction(int(inputs.get("active_days") or 1), int(inputs.get("period_days") or 1))
    missing = true_up(billed, promised, share=share)
    amount = Money(0, "USD") if missing is None else missing.amount
    told = {"true_up_cents": amount, "net_cents": billed + amount}
    return {field: str(told[field].minor) for field in asked}


def windowed(inputs: Inputs, asked: Inputs) -> Answer:
    """Apply a commitment to each window."""
    read = Reader(inputs)
    unit = read.units.rate(1, read.code)
    promised = read.units.money(
        Decimal(first_of(inputs, "commitment_per_window", "commitment")), read.code
    )
    commitment = Commitment(
        promised,
        Fraction(inputs.get("overage_factor") or 1),
        true_up=inputs.get("true_up") != "false",
    )
    charges = [rate(PerUnit(unit), Decimal(charge)) for charge in inputs["window_charges"]]
    found = apply_commitment(charges, commitment)
    totals = [read.major(window.total) for window in found.windows]
    told: dict[str, Callable[[Any], object]] = {
        "window_totals": partial(all_like, totals),
        "total": lambda text: like(read.major(Fraction(found.total.minor)), text),
        "true_up": lambda text: like(
            read.major(sum((w.missing for w in found.windows), Fraction(0))), text
        ),
    }
    return {field: told[field](asked[field]) for field in asked}


HANDLERS: Mapping[str, Handler] = {
    "pricing": partial(priced, Graduated),
    "pricing.graduated_percentage": graduated_percentage,
    "pricing.maximum": partial(priced, Volume),
    "pricing.package_rounding": package_rounding,
    "pricing.percentage": percentage,
    "pricing.tier_flat_and_cap": tier_flat_and_cap,
    "pricing.volume": partial(priced, Volume),
    "pricing.volume_blocks": partial(priced, Volume),
    "commitment": minimum,
    "commitment.windowed": windowed,
}
