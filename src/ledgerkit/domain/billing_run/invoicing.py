"""Invoicing in a run: lines become invoices, discounted and taxed.

What a contract gives back stands on the invoice of its day as long as that comes to something;
else it is credited to the invoices that charged it. (spec: billing 3, 6, 7)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

import attrs

from ledgerkit.domain import credit_notes, invoices
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.credit_notes import Credited
from ledgerkit.domain.discounts import Coupon, usable
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Issued, Line, coupon_uses, discounted, taxed
from ledgerkit.domain.money import Money, complement, sum_of
from ledgerkit.domain.periods import local_date

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
        lines = _settle_below_zero(desk, currency, [_line(charge) for charge in charges])
        if lines:
            draft = _numbered(desk, currency, lines, cycle=CONTRACTS, name=due_on.isoformat())
            _issue(desk, draft)
    for currency in sorted(desk.lines):
        lines = _settle_below_zero(desk, currency, desk.lines[currency])
        if lines:
            name = str(desk.period)
            draft = _numbered(desk, currency, lines, cycle=desk.facts.cycle.kind, name=name)
            _issue(desk, attrs.evolve(draft, period=desk.period))


def issued_now(desk: Desk) -> tuple[Invoice, ...]:
    """Return the invoices that were issued at *desk* so far."""
    return tuple(d.invoice for d in desk.documents if isinstance(d, Issued))


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
        lines=tuple(sorted(lines, key=lambda li: (li.on, li.source))),
        part=part,
        supplements=first,
        cycle=cycle,
    )


def _day_of(desk: Desk, cycle: str, name: str) -> date:
    return date.fromisoformat(name) if cycle == CONTRACTS else desk.period.start


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
    uses = coupon_uses((*desk.customer.invoices, *issued_now(desk)))
    fitting = (
        coupon
        for coupon in desk.customer.coupons
        if coupon.amount is None or coupon.amount.currency == draft.currency
    )
    return usable(fitting, on=on, uses=uses)


# ---- what is given back --------------------------------------------------------------------------
def _settle_below_zero(desk: Desk, currency: str, lines: Sequence[Line]) -> list[Line]:
    """Return *lines* if they come to zero or more; else credit what gives back, and leave it out.

    An invoice owes nobody money: what is given back on balance is a credit note over the lines
    that charged it. (spec: billing 0.6, 3)
    """
    if sum_of((line.amount for line in lines), currency).minor >= 0:
        return list(lines)
    parts = {c.line_id: c.gives_back for c in desk.charges if c.gives_back is not None}
    asked: dict[str, dict[str, Money]] = {}
    kept = []
    for line in lines:
        found = _charged(desk, line.source, parts.get(line.id))
        if found is None:
            kept.append(line)
            continue
        invoice, charged = found
        of = asked.setdefault(invoice.id, {})
        of[charged.id] = of.get(charged.id, Money.zero(currency)) - line.amount
    for invoice in (*desk.customer.invoices, *issued_now(desk)):
        if invoice.id in asked:
            _credit(desk, invoice, asked[invoice.id])
    return kept


def _charged(desk: Desk, source: str, part: str | None) -> tuple[Invoice, Line] | None:
    """Return the line that charged *part* of a contract, with its invoice."""
    if part is None:
        return None
    found = (
        (invoice, line)
        for invoice in (*desk.customer.invoices, *issued_now(desk))
        for line in invoice.lines
        if (line.source, line.part) == (source, part)
    )
    return next(found, None)


def _credit(desk: Desk, invoice: Invoice, asked: Mapping[str, Money]) -> None:
    now = (d.note for d in desk.documents if isinstance(d, Credited))
    earlier = [n for n in (*desk.customer.credit_notes, *now) if n.invoice == invoice.id]
    nets = {
        line.id: _before_tax(line, asked[line.id]) for line in invoice.lines if line.id in asked
    }
    note = credit_notes.draft(invoice, nets, earlier=earlier, reason="contract changed")
    desk.documents.append(
        credit_notes.issue(
            note,
            on=local_date(desk.as_of, desk.facts.business.zone),
            at=desk.as_of,
            invoice=invoice,
            earlier=earlier,
            series=desk.policy.credit_notes,
        )
    )


def _before_tax(line: Line, back: Money) -> Money:
    """Return what giving *back* so much of the price of *line* is without the taxes in it."""
    if line.net == line.discounted:
        return back
    kept = line.discounted - back
    return complement(line.net, Fraction(kept.minor, line.discounted.minor)).credit
