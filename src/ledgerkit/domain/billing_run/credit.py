"""Credit in a run: prepaid credit pays what it covers of the invoices, then what is left lapses.

It pays no more than an invoice comes to, and expires once all usage that it might pay for is
billed. Customers are told when little is left, and before some of it expires. (spec: billing 5)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import attrs

from ledgerkit.domain import grants, money
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.grants import Claim
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import sum_of
from ledgerkit.domain.rate_plans import RatePlan


def draw_credit(desk: Desk) -> None:
    """Let prepaid credit pay what it covers of the invoices of this run."""
    if not desk.grants:
        return
    claims = [claim for invoice in desk.issued for claim in _claims(invoice)]
    settled = grants.settle(
        claims, desk.grants.values(), settlement=desk.policy.settlement, at=desk.as_of
    )
    desk.done.append(attrs.evolve(settled.effects, records=()))
    desk.grants.update((grant.id, grant) for grant in settled.changed)


def _claims(invoice: Invoice) -> Iterator[Claim]:
    """Yield what the lines of *invoice* ask of credit: in all, what it comes to.

    What it gives back lowers what lines of the same kind ask first, then the others.
    """
    back = [line for line in invoice.lines if line.gross.minor < 0]
    kinds = {line.kind for line in back}
    charged = [line for line in invoice.lines if line.gross.minor > 0]
    charged.sort(key=lambda line: line.kind not in kinds)
    lowered = money.draw(
        -sum_of((line.gross for line in back), invoice.currency), [line.gross for line in charged]
    )
    for line, less in zip(charged, lowered.parts, strict=True):
        if less < line.gross:
            yield Claim(id=line.id, kind=line.kind, on=line.on, amount=line.gross - less)


def expire_credit(desk: Desk) -> None:
    """Let credit expire that no usage can draw any more."""
    before = _settled_before(desk)
    for grant in grants.lapsed(desk.grants.values(), settled_before=before):
        expired = grants.expire(grant, on=desk.today, settled_before=before, at=desk.as_of)
        desk.done.append(attrs.evolve(expired.effects, records=()))
        desk.grants[grant.id] = expired.grant


def tell_low_credit(desk: Desk) -> None:
    """Tell the customer of credit that went below the thresholds of the policy."""
    before = tuple(read.record for read in desk.customer.grants)
    after = tuple(desk.grants.values())
    for threshold in desk.policy.low_credit:
        alert = grants.low_alert(desk.customer.party.id, before, after, threshold=threshold)
        desk.messages += () if alert is None else (alert,)


def tell_expiring_credit(desk: Desk) -> None:
    """Tell the customer of credit that expires soon, once."""
    days = desk.policy.expiring_days
    if days is None:
        return
    for told in grants.tell_expiring(desk.grants.values(), on=desk.today, days=days):
        desk.messages.append(told.notice)
        desk.grants[told.grant.id] = told.grant


def _settled_before(desk: Desk) -> date:
    """Return the day before which all usage that credit might pay for is billed."""
    over = desk.period.end <= desk.today
    days = [desk.period.end if over else desk.period.start]
    plans = {r.id: r for r in desk.moved if isinstance(r, RatePlan)}
    for read in desk.customer.contracts.rate_plans:
        plan = plans.get(read.record.id, read.record)
        days.append(plan.billed_through or plan.started_on)
    return min(days)
