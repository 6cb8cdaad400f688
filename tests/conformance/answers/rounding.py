"""Answers about rounding and sharing out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from ledgerkit.domain import discounts
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.money import Money, Rate, allocate
from tests.conformance.answers.shared import NOON, Answer, Handler, Inputs, unit_of


def allocation(inputs: Inputs, asked: Inputs) -> Answer:
    """Share an amount out, or spread a discount over lines."""
    if "lines_cents" in inputs:
        lines = [Money(int(cents), "USD") for cents in inputs["lines_cents"]]
        discount = Money(int(inputs["discount_cents"]), "USD")
        coupons = [Coupon(id="off", amount=discount)] if discount.minor else []
        off = discounts.apply([("", line) for line in lines], coupons, on=NOON.date()).lines
        net = (line - share for line, share in zip(lines, off, strict=True))
        return {"net_cents": [str(money.minor) for money in net]}
    units, code = unit_of(inputs.get("currency") or "USD")
    weights = [Decimal(weight) for weight in inputs["weights"]]
    shares = allocate(units.parse(inputs["amount"], code), weights)
    if len(asked["shares"]) < len(shares):  # told without those that are nothing
        shares = tuple(share for share in shares if share.minor)
    return {"shares": [units.plain(share) for share in shares]}


def line_amount(inputs: Inputs, asked: Inputs) -> Answer:
    """Price a quantity in each currency that is asked for, rounded once."""
    answer = {}
    for currency in asked:
        units, code = unit_of(currency)
        per = Fraction(inputs["unit_price"]) * 10 ** units.exponent(code)
        answer[currency] = units.plain(Rate(per, code).times(Decimal(inputs["quantity"])))
    return answer


HANDLERS: Mapping[str, Handler] = {
    "rounding.allocation": allocation,
    "rounding.line": line_amount,
}
