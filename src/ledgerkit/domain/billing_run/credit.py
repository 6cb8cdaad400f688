"""Credit in a run: what was credited comes back to it, it pays what it covers, the rest lapses.

It pays no more than is owed for an invoice, and expires once all usage that it might pay for is
billed. Customers are told when little is left, and before some of it expires. (spec: billing 5, 5a)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import attrs

from ledgerkit.domain import grants
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.credit_notes import EFFECTIVE
from ledgerkit.domain.grants import EXPIRED, REVOKED, Claim, Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.rate_plans import RatePlan


def return_credit(desk: Desk) -> None:
    """Give back to grants what they paid and nobody owes any more.

    It goes back where it came from: what was given never becomes money of the customer.
    """
    if not desk.grants:
        return
    credited = {note.invoice for note in desk.credited}
    for invoice in (read.record for read in desk.customer.invoices):
        if invoice.id in credited:
            owed = _owed(desk, invoice)
            for line in invoice.lines:
                left = owed.get(line.id, Money.zero(invoice.currency))
                _return_beyond(desk, line.id, left)


def draw_credit(desk: Desk) -> None:
    """Let prepaid credit pay what it covers of the invoices of this run."""
    if not desk.grants:
        return
    claims = [claim for invoice in desk.issued for claim in _claims(desk, invoice)]
    settled = grants.settle(
        claims, desk.grants.values(), settlement=desk.policy.settlement, at=desk.as_of
    )
    _keep(desk, settled.effects)
    desk.grants.update((grant.id, grant) for grant in settled.changed)


def expire_credit(desk: Desk) -> None:
    """Let credit expire that no usage can draw any more."""
    before = _settled_before(desk)
    for grant in grants.lapsed(desk.grants.values(), settled_before=before):
        expired = grants.expire(grant, on=desk.today, settled_before=before, at=desk.as_of)
        _keep(desk, expired.effects)
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


def _keep(desk: Desk, effects: Effects) -> None:
    desk.done.append(attrs.evolve(effects, records=()))  # of each grant its last version counts


def _settled_before(desk: Desk) -> date:
    """Return the day before which all usage that credit might pay for is billed."""
    over = desk.period.end <= desk.today
    days = [desk.period.end if over else desk.period.start]
    plans = {r.id: r for r in desk.moved if isinstance(r, RatePlan)}
    for read in desk.customer.contracts.rate_plans:
        plan = plans.get(read.record.id, read.record)
        days.append(plan.billed_through or plan.started_on)
    return min(days)


# ---- what is owed --------------------------------------------------------------------------------
def _claims(desk: Desk, invoice: Invoice) -> Iterator[Claim]:
    """Yield what lines of *invoice* ask of credit: together no more than is owed for it."""
    owed = _owed(desk, invoice)
    for line in invoice.lines:
        if line.id in owed and owed[line.id].minor:
            yield Claim(id=line.id, kind=line.kind, on=line.on, amount=owed[line.id])


def _owed(desk: Desk, invoice: Invoice) -> dict[str, Money]:
    """Return what is left of each line of *invoice* that charges.

    What is given back, on it or by notes, comes off the lines of its source, then off those of its
    kind, then off others.
    """
    owed = {line.id: line.gross for line in invoice.lines if line.gross.minor > 0}
    kinds = {line.id: line.kind for line in invoice.lines}
    nothing = Money.zero(invoice.currency)
    back = [(li.source, li.kind, -li.gross) for li in invoice.lines if li.gross.minor < 0]
    back += (
        (line.source, kinds.get(line.line or "", ""), line.gross)
        for note in desk.notes_of(invoice)
        if note.status in EFFECTIVE
        for line in note.lines
    )
    for source, kind, given in back:
        left = given
        for line in sorted(
            invoice.lines, key=lambda li: (li.source != source, li.kind != kind, li.on, li.id)
        ):
            part = min(left, owed.get(line.id, nothing))
            if part.minor > 0:
                owed[line.id] -= part
                left -= part
    return owed


# ---- what was credited ---------------------------------------------------------------------------
def _return_beyond(desk: Desk, line: str, owed: Money) -> None:
    """Give back to grants what they paid for *line* beyond what is *owed* for it."""
    for grant in grants.draw_down(desk.grants.values()):  # what was drawn first stays drawn
        drawn = grant.drawn_for(line)
        if drawn.minor:
            stays = drawn if grant.status == REVOKED else min(owed, drawn)
            owed = max(owed - stays, Money.zero(owed.currency))
            if stays < drawn:
                _return(desk, grant, line, drawn - stays)


def _return(desk: Desk, grant: Grant, line: str, back: Money) -> None:
    if grant.status == EXPIRED:
        revived = grants.revive(grant, at=desk.as_of)
        _keep(desk, revived.effects)
        grant = revived.grant
    given = grants.give_back(grant, line, amount=back, at=desk.as_of)
    _keep(desk, given.effects)
    desk.grants[grant.id] = given.grant
