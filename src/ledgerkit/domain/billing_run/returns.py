"""Returns: what was booked for sessions that are not approved any more is taken back.

A package gets its unit back, a charge is credited and undone. Only a session that the host tells
of with another status is un-approved; one it does not tell of stays as it is. (spec: billing C-14)
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ledgerkit.domain import credit_notes, packages
from ledgerkit.domain.billing_run.bookings import charges, reversal_of
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.expiry import revive
from ledgerkit.domain.billing_run.giving_back import absorb
from ledgerkit.domain.credit_notes import credited, undo
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import Event, Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import EXPIRED, Package
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.sessions import APPROVED

REASON = "session not approved any more"  # of the credit notes; documents translate it


def take_back(desk: Desk) -> None:
    """Undo what was booked for sessions that are not approved any more."""
    gone = {s.id for s in desk.customer.sessions if s.status != APPROVED}
    for read in desk.customer.packages:
        for used in read.record.redemptions:
            if used.session in gone:
                _return_unit(desk, desk.packages[read.record.id], used.session)
    wrong: dict[str, list[Line]] = {}
    for invoice, line in charges(desk.customer):
        if line.source in gone and reversal_of(line) not in desk.customer.posted:
            wrong.setdefault(invoice.id, []).append(line)
    for invoice in (read.record for read in desk.customer.invoices):
        if invoice.id in wrong:
            _undo(desk, invoice, wrong[invoice.id])


def _return_unit(desk: Desk, package: Package, session: str) -> None:
    if package.status == EXPIRED:
        package = revive(desk, package)
    returned = packages.give_back(package, session, at=desk.as_of)
    desk.keep(returned.package, returned.effects)


def _undo(desk: Desk, invoice: Invoice, lines: list[Line]) -> None:
    given = credited(desk.customer.credit_notes)
    asked: dict[str, Money] = {}
    undoes: dict[str, Journal] = {}
    for line in lines:
        if line.journal is None:
            continue  # nobody was charged or paid, so there is nothing to give back
        charge = desk.journal(line.journal)
        before = Money(given.get(line.id, 0), invoice.currency)
        if before < line.net:
            asked[line.id] = line.net - before
            undoes[line.id] = charge
        else:
            _undo_settled(desk, line, charge)
    if asked:
        _credit(desk, invoice, asked, undoes)


def _undo_settled(desk: Desk, line: Line, charge: Journal) -> None:
    """Undo a charge of which nothing is left to credit: it was free, or credited by hand."""
    on = local_date(desk.as_of, desk.facts.business.zone)
    desk.post(undo(charge, on=on, at=desk.as_of))
    if line.amount.minor:
        # The customer has it already, by coupons or by notes; the platform bore it, and now
        # everybody's share is back.
        absorb(
            desk,
            line.amount,
            id=derive("jrn", "credit_absorbed", charge.id, on=on),
            event=Event("session", line.source, f"credited:{line.part or 1}"),
        )


def _credit(
    desk: Desk, invoice: Invoice, asked: Mapping[str, Money], undoes: Mapping[str, Journal]
) -> None:
    earlier = [n for n in desk.customer.credit_notes if n.invoice == invoice.id]
    note = credit_notes.draft(invoice, asked, earlier=earlier, reason=REASON)
    credit = credit_notes.issue(
        note,
        on=local_date(desk.as_of, desk.facts.business.zone),
        at=desk.as_of,
        invoice=invoice,
        earlier=earlier,
        undoes=undoes,
        series=desk.policy.credit_notes,
    )
    # Posted before anything is charged: a customer on credit has room again.
    for journal in credit.journals:
        desk.post(journal)
    desk.documents.append(attrs.evolve(credit, journals=()))
