"""Settling in a run: invoices that it credits, or that credit pays for, get the status of that.

An invoice that the run issues is born with it; one of before gets a new version. What prepaid
credit pays counts as paid. (spec: billing 5a, 7)
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ledgerkit.domain import grants
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.credit_notes import Credited, CreditNote, credited_of
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import PAID, Invoice, Issued, settled
from ledgerkit.domain.money import sum_of


def settle_invoices(desk: Desk) -> None:
    """Move the invoices of which this run changed what is open.

    Credit pays for invoices of this run, and comes back only with what the run credits, so these
    are all.
    """
    credited = {note.invoice for note in desk.credited}
    for read in desk.customer.invoices:
        if read.record.id in credited:
            now = _settled(desk, read.record)
            desk.moved += () if now == read.record else (now,)
    desk.documents = [_moved(desk, each) for each in desk.documents]


def _moved(desk: Desk, document: Issued | Credited) -> Issued | Credited:
    """Return *document* with its invoice as this run leaves it; a note leaves that to the run."""
    if isinstance(document, Issued):
        return attrs.evolve(document, invoice=_settled(desk, document.invoice))
    return attrs.evolve(document, invoice=None)


def _settled(desk: Desk, invoice: Invoice) -> Invoice:
    """Return *invoice* with the status that follows from what is known.

    Who keeps payments outside of these books moved it by them, and tells nobody how much they were:
    an invoice of which more was paid than is known keeps its status, until nothing is left to pay.
    """
    held = (read.record for read in desk.customer.grants)
    before = _by(invoice, desk, held, desk.customer.credit_notes)
    now = _by(invoice, desk, desk.grants.values(), desk.notes)
    return now if before == invoice or now.status == PAID else invoice


def _by(
    invoice: Invoice, desk: Desk, held: Iterable[Grant], notes: Iterable[CreditNote]
) -> Invoice:
    """Return *invoice* with the status that follows from payments, credit and *notes*."""
    drawn = grants.paid_for(held, (line.id for line in invoice.lines), invoice.currency)
    paid = sum_of(
        [
            payment.pays(invoice.id)
            for payment in desk.customer.payments
            if payment.amount.currency == invoice.currency
        ],
        invoice.currency,
    )
    off = credited_of((n for n in notes if n.invoice == invoice.id), invoice.currency)
    return settled(invoice, paid=drawn + paid, credited=off)
