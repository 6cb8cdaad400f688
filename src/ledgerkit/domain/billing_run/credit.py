"""Credit in a run: prepaid credit pays what it covers of the invoices, then what is left lapses.

It pays no more than an invoice comes to, comes back when what it paid is credited, and expires once
all usage that it might pay for is billed. (spec: billing 5)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import attrs

from ledgerkit.domain import grants, money
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.credit_notes import EFFECTIVE, CreditNote
from ledgerkit.domain.grants import EXPIRED, REVOKED, Claim, Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.rate_plans import RatePlan


def return_credit(desk: Desk) -> None:
    """Give credit back that paid more of a line than the notes of this run leave of it.

    What was drawn last comes back first, and what has expired since expires anew. (spec: billing 5)
    """
    now = _gross_given(desk.credited)
    given = _gross_given((*desk.customer.credit_notes, *desk.credited))
    for line in (line for i in desk.customer.invoices for line in i.lines if line.id in now):
        payers = [g for g in grants.draw_down(desk.grants.values()) if g.drawn_for(line.id).minor]
        paid = sum_of((grant.drawn_for(line.id) for grant in payers), line.amount.currency)
        over = paid + given[line.id] - line.gross
        for grant in reversed(payers):
            if (back := min(over, grant.drawn_for(line.id))).minor > 0 and grant.status != REVOKED:
                _return(desk, grant, line.id, back)
                over -= back


def _return(desk: Desk, grant: Grant, line: str, amount: Money) -> None:
    if grant.status == EXPIRED:
        revived = grants.revive(grant, at=desk.as_of)
        desk.done.append(attrs.evolve(revived.effects, records=()))
        grant = revived.grant
    returned = grants.give_back(grant, line, amount=amount, at=desk.as_of)
    desk.done.append(attrs.evolve(returned.effects, records=()))
    desk.grants[grant.id] = returned.grant


def _gross_given(notes: Iterable[CreditNote]) -> Mapping[str | None, Money]:
    """Return what *notes* gave back of each invoice line, taxes included, by line id."""
    sums: dict[str | None, Money] = {}
    for line in (line for note in notes if note.status in EFFECTIVE for line in note.lines):
        sums[line.line] = sums.get(line.line, Money.zero(line.amount.currency)) + line.gross
    return sums


def draw_credit(desk: Desk) -> None:
    """Let prepaid credit pay what it covers of the invoices of this run."""
    if not desk.grants:
        return
    given = _gross_given(desk.credited)
    claims = [claim for invoice in desk.issued for claim in _claims(invoice, given)]
    settled = grants.settle(
        claims, desk.grants.values(), settlement=desk.policy.settlement, at=desk.as_of
    )
    desk.done.append(attrs.evolve(settled.effects, records=()))
    desk.grants.update((grant.id, grant) for grant in settled.changed)


def _claims(invoice: Invoice, given: Mapping[str | None, Money]) -> Iterator[Claim]:
    """Yield what the lines of *invoice* ask of credit: in all, what it comes to.

    What it gives back lowers what lines of the same kind ask first, then the others; what was
    *given* back of a line already, it does not ask.
    """
    nothing = Money.zero(invoice.currency)
    back = [line for line in invoice.lines if line.gross.minor < 0]
    kinds = {line.kind for line in back}
    charged = [line for line in invoice.lines if line.gross.minor > 0]
    charged.sort(key=lambda line: line.kind not in kinds)
    asked = [line.gross - given.get(line.id, nothing) for line in charged]
    lowered = money.draw(-sum_of((line.gross for line in back), invoice.currency), asked)
    for line, amount, less in zip(charged, asked, lowered.parts, strict=True):
        if less < amount:
            yield Claim(id=line.id, kind=line.kind, on=line.on, amount=amount - less)


def expire_credit(desk: Desk) -> None:
    """Let credit expire that no usage can draw any more."""
    before = _settled_before(desk)
    for grant in grants.lapsed(desk.grants.values(), settled_before=before):
        expired = grants.expire(grant, on=desk.today, settled_before=before, at=desk.as_of)
        desk.done.append(attrs.evolve(expired.effects, records=()))
        desk.grants[grant.id] = expired.grant


def _settled_before(desk: Desk) -> date:
    """Return the day before which all usage that credit might pay for is billed."""
    over = desk.period.end <= desk.today
    days = [desk.period.end if over else desk.period.start]
    plans = {r.id: r for r in desk.moved if isinstance(r, RatePlan)}
    for read in desk.customer.contracts.rate_plans:
        plan = plans.get(read.record.id, read.record)
        days.append(plan.billed_through or plan.started_on)
    return min(days)
