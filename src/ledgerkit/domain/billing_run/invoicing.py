"""Invoicing in a run: lines become invoices, discounted and taxed, and credit pays what it can.

(spec: billing 3, 5, 6, 7)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count, takewhile

import attrs

from ledgerkit.domain import grants, invoices
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.giving_back import set_off
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.discounts import Coupon, usable
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line, coupon_uses, discounted, taxed
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.rate_plans import RatePlan

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
    """Issue what the customer is charged with the period, one invoice a currency; draw credit."""
    charged = {charge.rated.amount.currency for charge in desk.charges}
    for currency in sorted(charged | desk.lines.keys()):
        lines = desk.lines.get(currency, [])
        charges = [c for c in desk.charges if c.rated.amount.currency == currency]
        lines += (_line(charge) for charge in set_off(desk, charges, lines))
        if lines:
            kind, name = desk.facts.cycle.kind, str(desk.period)
            draft = _numbered(desk, currency, lines, cycle=kind, name=name)
            _issue(desk, attrs.evolve(draft, period=desk.period))
    _draw_credit(desk)


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
        lines=tuple(sorted(lines, key=lambda li: (li.on, li.source, li.id))),
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


# ---- prepaid credit ------------------------------------------------------------------------------
def _draw_credit(desk: Desk) -> None:
    """Let prepaid credit pay what it covers of the invoices of this run, then let it expire."""
    held = tuple(read.record for read in desk.customer.grants)
    if not held:
        return
    claims = [claim for invoice in desk.issued for claim in _claims(desk, invoice)]
    settled = grants.settle(claims, held, settlement=desk.policy.settlement, at=desk.as_of)
    desk.effects.append(attrs.evolve(settled.effects, records=()))
    now = {grant.id: grant for grant in settled.grants}
    for grant in grants.lapsed(settled.grants, settled_before=_settled_before(desk)):
        expired = grants.expire(
            grant, on=desk.today, settled_before=_settled_before(desk), at=desk.as_of
        )
        now[grant.id] = expired.grant
        desk.effects.append(attrs.evolve(expired.effects, records=()))
    before = {grant.id: grant for grant in held}
    desk.moved += tuple(now[id] for id in sorted(now) if now[id] != before[id])


def _claims(desk: Desk, invoice: Invoice) -> Iterator[grants.Claim]:
    """Yield what lines of *invoice* ask of credit: together no more than is owed for it.

    What is given back on it or by this run comes off the lines of its source, then off others.
    """
    owed = {line.id: line.gross for line in invoice.lines if line.gross.minor > 0}
    nothing = Money.zero(invoice.currency)
    back = [(line.source, -line.gross) for line in invoice.lines if line.gross.minor < 0]
    back += ((line.source, line.gross) for n in desk.notes_of(invoice) for line in n.lines)
    for source, given in back:
        left = given
        for line in sorted(invoice.lines, key=lambda li: (li.source != source, li.on, li.id)):
            part = min(left, owed.get(line.id, nothing))
            if part.minor:
                owed[line.id] -= part
                left -= part
    for line in invoice.lines:
        if line.id in owed and owed[line.id].minor:
            yield grants.Claim(id=line.id, kind=line.kind, on=line.on, amount=owed[line.id])


def _settled_before(desk: Desk) -> date:
    """Return the day before which all usage that credit might pay for is billed."""
    over = desk.period.end <= desk.today
    days = [desk.period.end if over else desk.period.start]
    plans = {r.id: r for r in desk.moved if isinstance(r, RatePlan)}
    for read in desk.customer.contracts.rate_plans:
        plan = plans.get(read.record.id, read.record)
        days.append(plan.billed_through or plan.started_on)
    return min(days)
