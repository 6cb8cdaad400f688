"""Answers about taxes and discounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ledgerkit.domain import credit_notes, discounts, invoices
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import ISO, Money, Rate, complement
from ledgerkit.domain.tax import (
    DOCUMENT,
    LINE,
    NET,
    RATE,
    TAX,
    Assessed,
    Levy,
    Tax,
    TaxRate,
    TaxRounding,
    assess,
)
from tests.conformance.answers.shared import NOON, Answer, Handler, Inputs, first_of

_LEVELS = {"line": LINE, "rate": RATE, "document": DOCUMENT, "invoice": DOCUMENT, "total": DOCUMENT}
_OF = {"round_net": NET, "round_tax": TAX}


def currency_of(inputs: Inputs) -> str:
    """Return the currency of a case; dollars, if it does not say."""
    return str(inputs.get("currency") or "USD").upper()


def read(value: Any, field: str, currency: str) -> Money:
    """Return the amount in *field*: whole cents if its name says so, else decimals."""
    if field.endswith("_cents"):
        return Money(int(value), currency)
    return ISO.parse(str(value), currency)


def write(amount: Money, field: str) -> str:
    """Return *amount* as *field* wants it written."""
    return str(amount.minor) if field.endswith("_cents") else ISO.plain(amount)


def named(inputs: Inputs, *names: str) -> tuple[str, Any]:
    """Return the first of the fields *names*, in cents or not, that is there, and its value."""
    fields = [field for name in names for field in (name, f"{name}_cents")]
    return next((field, inputs[field]) for field in fields if inputs.get(field) is not None)


def share(percent: Any) -> Fraction:
    """Return a percentage as a ratio."""
    return Fraction(str(percent).removesuffix("%")) * Fraction(1, 100)


def levy(percent: Any, code: str = "tax", **fields: Any) -> Levy:
    """Return a levy of so many percent."""
    return Levy(code, share(percent), **fields)


def rounding_of(inputs: Inputs) -> TaxRounding:
    """Return what a case rounds; the lines, if it does not say."""
    level = str(first_of(inputs, "rounding_level", "rounding", "policy") or "line")
    return TaxRounding(_LEVELS.get(level.removeprefix("per_"), LINE))


def answered(asked: Inputs, values: Mapping[str, Any]) -> Answer:
    """Return those *values* that are *asked* for, in cents or decimals as their names say."""
    answer: dict[str, Any] = {}
    for field in asked:
        value = values[field.removesuffix("_cents")]
        if isinstance(value, Money):
            answer[field] = write(value, field)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            answer[field] = [write(each, field) for each in value]
        else:
            answer[field] = str(value)
    return answer


# ---- taxes -----------------------------------------------------------------------------------
def rounding(inputs: Inputs, asked: Inputs) -> Answer:
    """Tax one amount, with one tax or several."""
    currency = currency_of(inputs)
    field, value = named(inputs, "taxable", "net", "subtotal", "amount")
    base = read(value, field, currency)
    percents = inputs.get("percents") or [inputs["percent"]]
    levies = [levy(percent, f"tax-{n}") for n, percent in enumerate(percents)]
    (taxes,) = assess([(base, levies)], rounding=rounding_of(inputs)).lines
    amounts = [tax.amount for tax in taxes]
    total = sum(amounts, Money.zero(currency))
    # Where taxes are asked for one by one, what is called total is theirs.
    return answered(
        asked,
        {"tax": total, "taxes": amounts, "total": total if "taxes" in asked else base + total},
    )


def breakdown(inputs: Inputs, asked: Inputs) -> Answer:
    """Tax lines, each an amount and a percentage; one group for each rate."""
    field, lines = named(inputs, "lines")
    currency = currency_of(inputs)
    amounts = [(read(amount, field, currency), [levy(percent)]) for amount, percent in lines]
    found = assess(amounts, rounding=rounding_of(inputs))
    net = sum((amount for amount, _ in amounts), Money.zero(currency))
    tax = _sum_of(found, currency)
    return answered(asked, {"net": net, "tax": tax, "total": net + tax, "groups": len(found.taxes)})


def _sum_of(found: Assessed, currency: str) -> Money:
    return sum((tax.amount for tax in found.taxes), Money.zero(currency))


def inclusive(inputs: Inputs, asked: Inputs) -> Answer:
    """Take the tax out of a price, by each rule that is asked for."""
    field, value = named(inputs, "gross", "amount")
    currency = currency_of(inputs)
    gross = read(value, field, currency)

    def split(of: str, fields: Inputs) -> Answer:
        (taxes,) = assess(
            [(gross, [levy(inputs["percent"], inclusive=True)])], rounding=TaxRounding(of=of)
        ).lines
        return answered(fields, {"net": taxes[0].base, "tax": taxes[0].amount, "gross": gross})

    if set(asked) <= set(_OF):
        return {name: split(_OF[name], fields) for name, fields in asked.items()}
    return split(_OF.get(str(inputs.get("policy")), TAX), asked)


def discount_first(inputs: Inputs, asked: Inputs) -> Answer:
    """Take a discount off, then tax what is left."""
    field, value = named(inputs, "subtotal", "amount")
    off_field, off = named(inputs, "discount", "coupon")
    currency = currency_of(inputs)
    charged = [("line", read(value, field, currency), inputs["percent"])]
    made = document(charged, [Coupon(id="off", amount=read(off, off_field, currency))])
    return answered(
        asked,
        {"discount": made.discount, "net": made.net, "tax": made.tax, "total": made.total},
    )


def coupon_allocation(inputs: Inputs, asked: Inputs) -> Answer:
    """Spread a coupon over lines, each taxed at a rate of its own."""
    field, lines = named(inputs, "lines")
    currency = currency_of(inputs)
    charged = [(kind, read(amount, field, currency), percent) for kind, amount, percent in lines]
    made = document(charged, coupons_of(inputs, currency))
    return answered(
        asked,
        {
            "line_coupons": [line.amount - line.discounted for line in made.lines],
            "line_taxes": [line.tax for line in made.lines],
            "line_nets": [line.net for line in made.lines],
            "discount": made.discount,
            "net": made.net,
            "tax": made.tax,
            "total": made.total,
        },
    )


def coupons_of(inputs: Inputs, currency: str) -> list[Coupon]:
    """Return the coupons that stand in fields of their own."""
    found = [
        Coupon(id=name, amount=read(inputs[name], name, currency))
        for name in ("fixed_coupon", "fixed_coupon_cents")
        if inputs.get(name) is not None
    ]
    if inputs.get("percent_coupon") is not None:
        found.append(Coupon(id="percent", percent=share(inputs["percent_coupon"])))
    return found


def document(lines: Sequence[tuple[str, Money, Any]], coupons: Sequence[Coupon]) -> Invoice:
    """Return the draft of lines, each a kind, an amount and a percentage of tax."""
    made = invoices.by_hand(
        "case",
        customer="c-1",
        lines=[
            invoices.line(
                f"{n}-{kind}", item=kind, on=NOON.date(), price=Rate.of(amount), kind=f"{n}-{kind}"
            )
            for n, (kind, amount, _) in enumerate(lines)
        ],
        on=NOON.date(),
    )
    if coupons:
        made = invoices.discounted(made, coupons, on=NOON.date())
    taxes = {
        f"{n}-{kind}": [
            Tax(id="tax", code="tax", rates=(TaxRate(share(percent), NOON.date()),)),
        ]
        for n, (kind, _, percent) in enumerate(lines)
    }
    return invoices.taxed(made, taxes, tax_point=NOON.date())


def credit_note(inputs: Inputs, asked: Inputs) -> Answer:
    """Take the unused days of a period back, with their tax."""
    field = next(name for name in inputs if name.endswith("_cents"))
    price = read(inputs[field], field, currency_of(inputs))
    draft = document([("plan", price, inputs["tax_percent"])], ())
    day = NOON.date()
    invoice = invoices.issue(draft, on=day, due_on=day, at=NOON).invoice
    used = 1 - Fraction(int(inputs["unused_days"]), int(inputs["period_days"]))
    back = {invoice.lines[0].id: complement(price, used).credit}
    note = credit_notes.draft(invoice, back, earlier=(), reason="a case")
    return answered(asked, {"net": note.net, "tax": note.tax, "total": note.total})


def account_credit(inputs: Inputs, asked: Inputs) -> Answer:
    """Pay a charge and its tax from the customer's credit."""
    currency = currency_of(inputs)
    parts = [ISO.parse(inputs[name], currency) for name in ("charge", "tax") if inputs.get(name)]
    credit = ISO.parse(inputs["account_credit"], currency)
    due = invoices.amount_due(sum(parts, Money.zero(currency)), credit=credit)
    return answered(
        asked,
        {
            "credit_used": -due.credit_applied,
            "credit_left": due.credit_left,
            "balance": due.amount_due,
        },
    )


def amount_due(inputs: Inputs, asked: Inputs) -> Answer:
    """Say what will be asked for, once the customer's credit is used."""
    currency = currency_of(inputs)
    total = ISO.parse(first_of(inputs, "invoice_total", "total"), currency)
    credit = ISO.parse(first_of(inputs, "customer_credit", "credit") or "0", currency)
    due = invoices.amount_due(total, credit=credit)
    return answered(
        asked,
        {
            "total": due.total,
            "invoice_total": due.total,
            "credit_applied": due.credit_applied,
            "amount_due": due.amount_due,
            "to_customer_credit": due.to_customer_credit,
            "credit_left": due.credit_left,
        },
    )


# ---- discounts -------------------------------------------------------------------------------
def coupon(inputs: Inputs, asked: Inputs) -> Answer:
    """Take coupons off a subtotal: percentages, or fixed amounts in the unit of the subtotal."""
    field, value = named(inputs, "subtotal", "amount")
    currency = currency_of(inputs)
    subtotal = read(value, field, currency)
    coupons = [
        Coupon(id=f"c{n}", percent=share(text))
        if text.endswith("%")
        else Coupon(id=f"c{n}", amount=read(text.removeprefix("fixed").strip(), field, currency))
        for n, text in enumerate(inputs["coupons"])
    ]
    found = discounts.apply([("", subtotal)], coupons, on=NOON.date())
    off = sum((each.amount for each in found.discounts), Money.zero(currency))
    return answered(asked, {"discount": off, "net": subtotal - off, "total": subtotal - off})


HANDLERS: Mapping[str, Handler] = {
    "discount.coupon": coupon,
    "preview.amount_due": amount_due,
    "tax.account_credit": account_credit,
    "tax.breakdown": breakdown,
    "tax.coupon_allocation": coupon_allocation,
    "tax.credit_note_rounding": credit_note,
    "tax.discount_first": discount_first,
    "tax.inclusive_rounding": inclusive,
    "tax.multiple": rounding,
    "tax.rounding": rounding,
}
