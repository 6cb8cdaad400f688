"""Invoicing in a run: lines become invoices, discounted and taxed.

What a contract gives back stands on the invoice of its day as long as that comes to something;
else it is credited to the invoices that charged it. (spec: billing 3, 6, 7)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from ledgerkit.domain import invoices
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.given_back import credit
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.discounts import Coupon, usable
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line, coupon_uses, discounted, taxed
from ledgerkit.domain.periods import Period, local_date

CONTRACTS = "contracts"
"""The kind of cycle on invoices of what contracts charge on days of their own."""


def issue_invoices(desk: Desk) -> None:
    """Issue what the customer is charged: one invoice a currency, and one for each other day."""
    own: dict[tuple[date, str], list[Charge]] = {}
    for charge in desk.charges:
        currency = charge.rated.amount.currency
        if charge.due_on == desk.period.end:
            desk.lines.setdefault(currency, []).append(_line(charge))
        else:
            own.setdefault((charge.due_on, currency), []).append(charge)
    for (due_on, currency), charges in sorted(own.items()):
        lines = [_line(charge) for charge in charges]
        _bill(desk, currency, lines, cycle=CONTRACTS, name=due_on.isoformat())
    for currency in sorted(desk.lines):
        lines, name = desk.lines[currency], str(desk.period)
        _bill(desk, currency, lines, cycle=desk.facts.cycle.kind, name=name, period=desk.period)


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


def _bill(
    desk: Desk,
    currency: str,
    lines: Sequence[Line],
    *,
    cycle: str,
    name: str,
    period: Period | None = None,
) -> None:
    """Issue the invoice of *lines*; one below zero is credited, for it would owe somebody money."""
    draft = _priced(desk, _draft(desk, currency, lines, cycle=cycle, name=name, period=period))
    if draft.total.minor < 0:
        lines = credit(desk, lines)
        if not lines:
            return
        draft = _priced(desk, _draft(desk, currency, lines, cycle=cycle, name=name, period=period))
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


def _draft(
    desk: Desk,
    currency: str,
    lines: Sequence[Line],
    *,
    cycle: str,
    name: str,
    period: Period | None,
) -> Invoice:
    """Return the draft of *lines*, as the next part of what was billed under that name."""
    who = desk.customer.party.id
    prefix = (who, currency, cycle, name)
    same = [
        invoice
        for invoice in desk.customer.invoices
        if invoice.id == derive("inv", *prefix, str(invoice.part), on=_day_of(desk, cycle, name))
    ]
    part = len(same)
    first = min(same, key=lambda invoice: invoice.part).id if same else None
    return Invoice(
        id=derive("inv", *prefix, str(part), on=_day_of(desk, cycle, name)),
        customer=who,
        currency=currency,
        lines=tuple(sorted(lines, key=lambda li: (li.on, li.source, li.id))),
        part=part,
        supplements=first,
        cycle=cycle,
        period=period,
    )


def _day_of(desk: Desk, cycle: str, name: str) -> date:
    return date.fromisoformat(name) if cycle == CONTRACTS else desk.period.start


def _priced(desk: Desk, draft: Invoice) -> Invoice:
    """Return *draft* with the customer's coupons and taxes."""
    on = local_date(desk.as_of, desk.facts.business.zone)
    coupons = _coupons(desk, draft, on=on)
    if coupons:
        draft = discounted(draft, coupons, on=on)
    taxes = desk.policy.taxes if desk.customer.taxes is None else desk.customer.taxes
    if taxes is None:
        return draft
    return taxed(draft, taxes, rounding=desk.policy.tax_rounding)


def _coupons(desk: Desk, draft: Invoice, *, on: date) -> tuple[Coupon, ...]:
    """Return the customer's coupons that are good for *draft*."""
    if not desk.customer.coupons or draft.subtotal.minor <= 0:
        return ()
    uses = coupon_uses((*desk.customer.invoices, *desk.issued))
    fitting = (
        coupon
        for coupon in desk.customer.coupons
        if coupon.amount is None or coupon.amount.currency == draft.currency
    )
    return usable(fitting, on=on, uses=uses)
