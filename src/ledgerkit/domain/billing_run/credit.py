"""Credit in a run: prepaid credit pays what it covers of the invoices, then what is left lapses.

It pays no more than is owed, gets back what is not owed any more, and expires once all usage that
it might pay for is billed. (spec: billing 5, 5a)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import attrs

from ledgerkit.domain import grants
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.grants import EXPIRED, REVOKED, Claim, Grant, draw_down
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.rate_plans import RatePlan


def draw_credit(desk: Desk) -> None:
    """Let prepaid credit pay what it covers of the invoices of this run.

    What it paid and was credited comes back to it first, so that a gift never becomes money.
    """
    if not desk.grants:
        return
    credited = {note.invoice for note in desk.credited}
    for invoice in desk.customer.invoices:
        if invoice.id in credited:
            owed = _owed(desk, invoice)
            for line in invoice.lines:
                _give_back_beyond(desk, line.id, owed.get(line.id, Money.zero(invoice.currency)))
    claims = [claim for invoice in desk.issued for claim in _claims(desk, invoice)]
    settled = grants.settle(
        claims, desk.grants.values(), settlement=desk.policy.settlement, at=desk.as_of
    )
    _keep(desk, settled.effects, *settled.changed)


def expire_credit(desk: Desk) -> None:
    """Let credit expire that no usage can draw any more."""
    before = _settled_before(desk)
    for grant in grants.lapsed(desk.grants.values(), settled_before=before):
        expired = grants.expire(grant, on=desk.today, settled_before=before, at=desk.as_of)
        _keep(desk, expired.effects, expired.grant)


def _keep(desk: Desk, effects: Effects, *changed: Grant) -> None:
    """Take in *effects*, and go on with *changed* grants; only their last versions are stored."""
    desk.done.append(attrs.evolve(effects, records=()))
    desk.grants.update((grant.id, grant) for grant in changed)


# ---- what is owed --------------------------------------------------------------------------------
def _claims(desk: Desk, invoice: Invoice) -> Iterator[Claim]:
    """Yield what the lines of *invoice* ask of credit: in all, what is owed for it."""
    owed = _owed(desk, invoice)
    for line in invoice.lines:
        if line.id in owed and owed[line.id].minor:
            yield Claim(id=line.id, kind=line.kind, on=line.on, amount=owed[line.id])


def _owed(desk: Desk, invoice: Invoice) -> dict[str, Money]:
    """Return what is owed for each line of *invoice* that charges, after what was credited of it.

    A line that gives back lowers lines of the same source first, then of its kind, then others.
    """
    given = Counter[str | None]()
    for note in desk.notes_of(invoice):
        for each in note.lines:
            given[each.line] += each.gross.minor
    left = {line.id: line.gross.minor - given[line.id] for line in invoice.lines}
    charged = [line for line in invoice.lines if left[line.id] > 0]
    for back in invoice.lines:
        if left[back.id] < 0:
            charged.sort(key=lambda li: (li.source != back.source, li.kind != back.kind))
            for line in charged:
                part = min(-left[back.id], left[line.id])
                left[back.id] += part
                left[line.id] -= part
    return {line.id: Money(left[line.id], invoice.currency) for line in charged}


# ---- what is not owed any more -------------------------------------------------------------------
def _give_back_beyond(desk: Desk, line: str, owed: Money) -> None:
    """Give back to each grant what it paid for *line* beyond what is *owed* for it."""
    for grant in draw_down(desk.grants.values()):  # what was drawn first stays drawn
        drawn = grant.drawn_for(line)
        if drawn.minor:
            stays = drawn if grant.status == REVOKED else min(owed, drawn)
            owed = max(owed - stays, Money.zero(owed.currency))
            if stays < drawn:
                _give_back(desk, grant, line, drawn - stays)


def _give_back(desk: Desk, grant: Grant, line: str, back: Money) -> None:
    if grant.status == EXPIRED:
        revived = grants.revive(grant, at=desk.as_of)
        _keep(desk, revived.effects, revived.grant)
        grant = revived.grant
    given = grants.give_back(grant, line, amount=back, at=desk.as_of)
    _keep(desk, given.effects, given.grant)


def _settled_before(desk: Desk) -> date:
    """Return the day before which all usage that credit might pay for is billed."""
    over = desk.period.end <= desk.today
    days = [desk.period.end if over else desk.period.start]
    plans = {r.id: r for r in desk.moved if isinstance(r, RatePlan)}
    for read in desk.customer.contracts.rate_plans:
        plan = plans.get(read.record.id, read.record)
        days.append(plan.billed_through or plan.started_on)
    return min(days)
