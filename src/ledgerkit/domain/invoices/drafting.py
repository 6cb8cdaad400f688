"""Drafting: what is charged is put on paper, then discounted, then taxed; nothing has an effect.

A draft is previewed, changed and thrown away freely: it has no number and posts nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import ClassVar

import attrs

from ledgerkit.domain import discounts
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices.lines import Line
from ledgerkit.domain.invoices.records import DRAFT, INVOICE, VOID, Invoice
from ledgerkit.domain.tax import PER_LINE, Levy, Tax, TaxRounding, assess

_NO_USES: Mapping[str, int] = MappingProxyType({})


def by_hand(key: str, *, customer: str, lines: Iterable[Line], on: date) -> Invoice:
    """Return the draft of an invoice that a person writes, with lines of whatever they like.

    *key* names it among those written for the customer *on* that day; `line` makes the lines.

    Raises:
        ValueError: there are no lines, one stands there twice, or they mix currencies.
    """
    lines = tuple(lines)
    return Invoice(
        id=derive("inv", "by_hand", customer, key, on=on),
        customer=customer,
        currency=lines[0].amount.currency if lines else "",
        lines=lines,
    )


def supplement(invoice: Invoice, lines: Iterable[Line], *, part: int) -> Invoice:
    """Return the draft that adds *lines* to *invoice*, as the document number *part* after it.

    An issued invoice is never changed; what it forgot is charged by another one. (spec: billing 6)

    Raises:
        ValueError: *part* is not 1 or above, or lines cannot be.
    """
    if type(part) is not int or part < 1:
        msg = f"a supplement is part 1 or above of {invoice.id!r} (got {part!r})"
        raise ValueError(msg)
    return Invoice(
        id=derive("inv", "supplement", invoice.id, str(part), on=invoice.issued_on),
        customer=invoice.customer,
        currency=invoice.currency,
        lines=tuple(lines),
        part=part,
        supplements=invoice.id,
        cycle=invoice.cycle,
        period=invoice.period,
    )


def discounted(
    draft: Invoice,
    coupons: Iterable[Coupon],
    *,
    on: date,
    uses: Mapping[str, int] = _NO_USES,
) -> Invoice:
    """Return *draft* with what *coupons* take off its lines, spread over them. (spec: billing 7)

    *on* is the day that decides whether a coupon is good, *uses* is what `coupon_uses` counts.

    Raises:
        CouponNotValid, CouponUsedUp: a coupon may not be used.
        CurrencyMismatch: a coupon is in another currency.
        IllegalTransition: it is no draft.
        ValueError: it is taxed already; discounts come before tax.
    """
    INVOICE.after(draft.status, "issue")
    if draft.taxes:
        msg = f"invoice {draft.id!r} is taxed; take discounts off first"
        raise ValueError(msg)
    found = discounts.apply(
        [(line.kind, line.amount) for line in draft.lines], coupons, on=on, uses=uses
    )
    lines = (
        attrs.evolve(line, discount=off if off.minor else None)
        for line, off in zip(draft.lines, found.lines, strict=True)
    )
    return attrs.evolve(draft, lines=tuple(lines), discounts=found.discounts)


def coupon_uses(invoices: Iterable[Invoice]) -> Mapping[str, int]:
    """Return on how many of *invoices* each coupon stands; drafts and void ones do not count."""
    return Counter(
        discount.coupon
        for invoice in invoices
        if invoice.status not in (DRAFT, VOID)
        for discount in invoice.discounts
    )


@attrs.frozen
class TaxNotNamed(LedgerkitError):
    """A line of a kind that no taxes are named for."""

    line: str
    kind: str
    code: ClassVar[str] = "tax_not_named"

    def __str__(self) -> str:
        return (
            f"line {self.line!r} is of kind {self.kind!r}, which no tax is named for; name its "
            "taxes, none for none, or those of '' for all other kinds"
        )


def taxed(
    draft: Invoice,
    taxes: Mapping[str, Sequence[Tax]],
    *,
    tax_point: date | None = None,
    rounding: TaxRounding = PER_LINE,
) -> Invoice:
    """Return *draft* with its *taxes*, named by kind of line; those of "" are for other kinds.

    The rate is that of the *tax_point*: by default the last day of what the line is for, else of
    the period of the document, else the day of the line. What a package paid for was taxed with
    the package. (spec: billing 7)

    Raises:
        TaxNotNamed: a line's kind is not in *taxes*; that it is free of tax must be said.
        NoTaxRate: a tax has no rate yet at the tax point.
        IllegalTransition: it is no draft.
    """
    INVOICE.after(draft.status, "issue")
    known: dict[tuple[str, date], tuple[Levy, ...]] = {}  # most lines are taxed alike
    levied = []
    for line in draft.lines:
        levies: tuple[Levy, ...] = ()
        if line.package is None:
            on = _tax_point(line, draft) if tax_point is None else tax_point
            if (line.kind, on) not in known:
                known[line.kind, on] = _levies(line, taxes, on)
            levies = known[line.kind, on]
        levied.append((line.discounted, levies))
    found = assess(levied, rounding=rounding)
    lines = tuple(
        attrs.evolve(line, taxes=each) for line, each in zip(draft.lines, found.lines, strict=True)
    )
    return attrs.evolve(draft, lines=lines, taxes=found.taxes, tax_rounding=rounding)


def _tax_point(line: Line, draft: Invoice) -> date:
    period = line.period or draft.period
    return line.on if period is None else period.last


def _levies(line: Line, taxes: Mapping[str, Sequence[Tax]], on: date) -> tuple[Levy, ...]:
    named = taxes.get(line.kind, taxes.get(""))
    if named is None:
        raise TaxNotNamed(line.id, line.kind)
    return tuple(tax.on(on) for tax in named)
