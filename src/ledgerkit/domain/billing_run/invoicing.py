"""Invoicing in a run: lines become invoices, discounted and taxed.

(spec: billing 3, 6, 7)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count, takewhile

import attrs

from ledgerkit.domain import invoices
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.giving_back import set_off
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.discounts import Coupon, usable
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line, charge_line, coupon_uses, discounted, taxed
from ledgerkit.domain.periods import Period, local_date

CONTRACTS = "contracts"
"""The kind of cycle on invoices of what contracts charge on days of their own."""


def issue_days(desk: Desk, *, before: date = date.max) -> None:
    """Issue what contracts charge on days of their own *before* one: an invoice a day and currency.

    What is due when the period ends waits for the invoice of the run.
    """
    days: dict[tuple[date, str], list[Charge]] = {}
    waiting = []
    for charge in desk.charges:
        if charge.due_on < before and charge.due_on != desk.period.end:
            days.setdefault((charge.due_on, charge.rated.amount.currency), []).append(charge)
        else:
            waiting.append(charge)
    desk.charges = waiting
    for (due_on, currency), charges in sorted(days.items()):
        _bill(desk, currency, charges, cycle=CONTRACTS, on=due_on)


def issue_invoices(desk: Desk) -> None:
    """Issue what the customer is charged with the period, one invoice a currency."""
    charged = {charge.rated.amount.currency for charge in desk.charges}
    for currency in sorted(charged | desk.lines.keys()):
        charges = [c for c in desk.charges if c.rated.amount.currency == currency]
        _bill(
            desk,
            currency,
            charges,
            desk.lines.get(currency, []),
            cycle=desk.facts.cycle.kind,
            on=desk.period.start,
            period=desk.period,
        )


def _bill(
    desk: Desk,
    currency: str,
    charges: Sequence[Charge],
    others: Sequence[Line] = (),
    *,
    cycle: str,
    on: date,
    period: Period | None = None,
) -> None:
    """Issue the invoice of *charges* and *others*; what would take it below zero is credited."""

    def draft() -> Invoice | None:
        lines = [*others, *(charge_line(charge) for charge in kept)]
        if not lines:
            return None
        made = _numbered(desk, currency, lines, cycle=cycle, on=on)
        return _priced(desk, attrs.evolve(made, period=period))

    kept = set_off(desk, charges, others)
    made = draft()
    if made is not None and made.total.minor < 0:
        kept = set_off(desk, kept, others, below=True)
        made = draft()
    if made is not None:
        _issue(desk, made)


def _numbered(desk: Desk, currency: str, lines: Sequence[Line], *, cycle: str, on: date) -> Invoice:
    """Return the draft of *lines*, the next part of what was billed from *on*. (spec: billing 6)"""
    who = desk.customer.party.id
    known = {invoice.id for invoice in desk.invoices}

    def named(part: int) -> str:
        return derive("inv", who, currency, cycle, str(on), str(part), on=on)

    earlier = list(takewhile(known.__contains__, map(named, count())))
    part = len(earlier)
    return Invoice(
        id=named(part),
        customer=who,
        currency=currency,
        lines=tuple(sorted(lines, key=lambda li: (li.on, li.source))),
        part=part,
        supplements=earlier[0] if earlier else None,
        cycle=cycle,
    )


def _priced(desk: Desk, draft: Invoice) -> Invoice:
    """Return *draft* with the coupons and taxes of the customer."""
    on = local_date(desk.as_of, desk.facts.business.zone)
    coupons = _coupons(desk, draft, on=on)
    if coupons:
        draft = discounted(draft, coupons, on=on)
    taxes = desk.policy.taxes if desk.customer.taxes is None else desk.customer.taxes
    if taxes is None:
        return draft
    return taxed(draft, taxes, rounding=desk.policy.tax_rounding)


def _issue(desk: Desk, draft: Invoice) -> None:
    on = local_date(desk.as_of, desk.facts.business.zone)
    desk.documents.append(
        invoices.issue(
            draft,
            on=on,
            due_on=on + timedelta(days=desk.policy.terms_days),
            at=desk.as_of,
            customer=desk.customer.party,
            series=desk.policy.invoices,
        )
    )


def _coupons(desk: Desk, draft: Invoice, *, on: date) -> tuple[Coupon, ...]:
    """Return the customer's coupons that are good for *draft*."""
    if not desk.customer.coupons or draft.subtotal.minor <= 0:
        return ()
    uses = coupon_uses(desk.invoices)
    fitting = (
        coupon
        for coupon in desk.customer.coupons
        if coupon.amount is None or coupon.amount.currency == draft.currency
    )
    return usable(fitting, on=on, uses=uses)
