"""Prepaid credit in a run: what was credited comes back to it, it pays what it can, then expires.

(spec: billing 5, 5a)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import attrs

from ledgerkit.domain import grants
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.grants import EXPIRED, REVOKED, Grant, draw_down
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.rate_plans import RatePlan


def draw_credit(desk: Desk) -> None:
    """Let prepaid credit pay what it covers of the invoices of this run, then let it expire."""
    before = {read.record.id: read.record for read in desk.customer.grants}
    if not before:
        return
    held = _back_to_credit(desk, dict(before))
    claims = [claim for invoice in desk.issued for claim in _claims(desk, invoice)]
    settled = grants.settle(claims, held.values(), settlement=desk.policy.settlement, at=desk.as_of)
    _keep(desk, settled.effects)
    now = {grant.id: grant for grant in settled.grants}
    settled_before = _settled_before(desk)
    for grant in grants.lapsed(settled.grants, settled_before=settled_before):
        expired = grants.expire(grant, on=desk.today, settled_before=settled_before, at=desk.as_of)
        now[grant.id] = expired.grant
        _keep(desk, expired.effects)
    desk.moved += tuple(now[id] for id in sorted(now) if now[id] != before[id])


def _keep(desk: Desk, effects: Effects) -> None:
    desk.effects.append(attrs.evolve(effects, records=()))  # of each grant its last version counts


def _claims(desk: Desk, invoice: Invoice) -> Iterator[grants.Claim]:
    """Yield what lines of *invoice* ask of credit: together no more than is owed for it."""
    owed = _owed(desk, invoice)
    for line in invoice.lines:
        if line.id in owed and owed[line.id].minor:
            yield grants.Claim(id=line.id, kind=line.kind, on=line.on, amount=owed[line.id])


def _owed(desk: Desk, invoice: Invoice) -> dict[str, Money]:
    """Return what is left of each line of *invoice* that charges.

    What is given back, on it or by notes, comes off the lines of its source, then off others.
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
    return owed


# ---- what was credited ---------------------------------------------------------------------------
def _back_to_credit(desk: Desk, held: dict[str, Grant]) -> dict[str, Grant]:
    """Return the grants *held* with what they paid and nobody owes any more.

    It goes back where it came from: what was given never becomes money of the customer.
    """
    credited = {note.invoice for note in desk.credited}
    for invoice in desk.customer.invoices:
        if invoice.id in credited:
            owed = _owed(desk, invoice)
            for line in invoice.lines:
                left = owed.get(line.id, Money.zero(invoice.currency))
                _give_back_beyond(desk, held, line.id, left)
    return held


def _give_back_beyond(desk: Desk, held: dict[str, Grant], line: str, owed: Money) -> None:
    """Give back to the grants *held* what they paid for *line* beyond what is *owed* for it."""
    for grant in draw_down(held.values()):  # what was drawn first stays drawn
        drawn = grant.drawn_for(line)
        if drawn.minor:
            stays = drawn if grant.status == REVOKED else min(owed, drawn)
            owed = max(owed - stays, Money.zero(owed.currency))
            if stays < drawn:
                held[grant.id] = _give_back(desk, grant, line, drawn - stays)


def _give_back(desk: Desk, grant: Grant, line: str, back: Money) -> Grant:
    if grant.status == EXPIRED:
        revived = grants.revive(grant, at=desk.as_of)
        _keep(desk, revived.effects)
        grant = revived.grant
    given = grants.give_back(grant, line, amount=back, at=desk.as_of)
    _keep(desk, given.effects)
    return given.grant


def _settled_before(desk: Desk) -> date:
    """Return the day before which all usage that credit might pay for is billed."""
    over = desk.period.end <= desk.today
    days = [desk.period.end if over else desk.period.start]
    plans = {r.id: r for r in desk.moved if isinstance(r, RatePlan)}
    for read in desk.customer.contracts.rate_plans:
        plan = plans.get(read.record.id, read.record)
        days.append(plan.billed_through or plan.started_on)
    return min(days)
