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
from ledgerkit.domain.invoices import Invoice, Line, coupon_uses, discounted, taxed
from ledgerkit.domain.periods import local_date

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
        lines = [_line(charge) for charge in set_off(desk, charges)]
        if lines:
            _issue(desk, _numbered(desk, currency, lines, cycle=CONTRACTS, name=str(due_on)))


def issue_invoices(desk: Desk) -> None:
    """Issue what the customer is charged with the period, one invoice a currency."""
    charged = {charge.rated.amount.currency for charge in desk.charges}
    for currency in sorted(charged | desk.lines.keys()):
        lines = desk.lines.get(currency, [])
        charges = [c for c in desk.charges if c.rated.amount.currency == currency]
        lines += (_line(charge) for charge in set_off(desk, charges, lines))
        if lines:
            kind, name = desk.facts.cycle.kind, str(desk.period)
            draft = _numbered(desk, currency, lines, cycle=kind, name=name)
            _issue(desk, attrs.evolve(draft, period=desk.period))


def _line(charge: Charge) -> Line:
    return invoices.rated_line(
        charge.source,
        charge.rated,
        item=charge.item,
        on=charge.on,
        period=charge.period,
        kind=charge.kind,
        detail=charge.detail,
        part=charge.part,
    )


def _numbered(
    desk: Desk, currency: str, lines: Sequence[Line], *, cycle: str, name: str
) -> Invoice:
    """Return the draft of *lines*, as the next part of what was billed under that name."""
    who = desk.customer.party.id
    on = date.fromisoformat(name) if cycle == CONTRACTS else desk.period.start
    known = {invoice.id for invoice in desk.invoices}
    parts = (derive("inv", who, currency, cycle, name, str(part), on=on) for part in count())
    earlier = list(takewhile(known.__contains__, parts))
    part = len(earlier)
    return Invoice(
        id=derive("inv", who, currency, cycle, name, str(part), on=on),
        customer=who,
        currency=currency,
        lines=tuple(sorted(lines, key=lambda li: (li.on, li.source))),
        part=part,
        supplements=earlier[0] if earlier else None,
        cycle=cycle,
    )


def _issue(desk: Desk, draft: Invoice) -> None:
    customer = desk.customer
    on = local_date(desk.as_of, desk.facts.business.zone)
    coupons = _coupons(desk, draft, on=on)
    if coupons:
        draft = discounted(draft, coupons, on=on)
    taxes = desk.policy.taxes if customer.taxes is None else customer.taxes
    if taxes is not None:
        draft = taxed(draft, taxes, rounding=desk.policy.tax_rounding)
    desk.documents.append(
        invoices.issue(
            draft,
            on=on,
            due_on=on + timedelta(days=desk.policy.terms_days),
            at=desk.as_of,
            customer=customer.party,
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
