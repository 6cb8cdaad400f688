"""Documents: print invoices and payout statements, keep them, and link them to their records.

The document is stored first and linked second; a crash in between prints it again, the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import attrs

from ledgerkit.documents import Document
from ledgerkit.documents.builders import Letterhead, invoice_document, payout_document
from ledgerkit.domain.document_links import DocumentLink, link
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.jobs import steps


@attrs.frozen
class _Sheet:
    """A document to print: of which record, for whom, under which key."""

    of: str
    party: str
    key: str
    build: Callable[[], Document]


async def print_documents(head: Letterhead, period: Period, at: datetime) -> tuple[str, ...]:
    """Print what has no document yet: issued invoices, and payouts of *period* and later ones.

    Returns the keys stored now. Open invoices that were brought in have their document elsewhere.
    """
    links = {v.record.of: v.record.key for v in await steps.find_all(DocumentLink)}
    printed = []
    for sheet in await _sheets(head, period):
        linked = links.get(sheet.of)
        if linked is not None and await steps.has_document(linked):
            continue
        await steps.put_document(sheet.key, await steps.render(sheet.build()))
        if linked is None:
            await steps.commit(link(sheet.of, party=sheet.party, key=sheet.key, at=at))
        printed.append(sheet.key)
    return tuple(printed)


async def _sheets(head: Letterhead, period: Period) -> tuple[_Sheet, ...]:
    parties = {v.record.id: v.record for v in await steps.find_all(Party)}
    invoices = (v.record for v in await steps.find_all(Invoice))
    payouts = (v.record for v in await steps.find_all(Payout, since=period.start))
    return (
        *(
            _invoice_sheet(invoice, head, parties[invoice.customer])
            for invoice in invoices
            if invoice.number is not None and invoice.reference is None
        ),
        *(_payout_sheet(payout, head, parties[payout.supplier]) for payout in payouts),
    )


def _invoice_sheet(invoice: Invoice, head: Letterhead, customer: Party) -> _Sheet:
    build = partial(invoice_document, invoice, head=head, customer=customer)
    return _Sheet(invoice.id, customer.id, f"invoices/{invoice.number}.pdf", build)


def _payout_sheet(payout: Payout, head: Letterhead, supplier: Party) -> _Sheet:
    build = partial(
        payout_document, payout, head=head, supplier=supplier, issued_on=payout.period.end
    )
    part = f"-{payout.part}" if payout.part else ""
    name = f"{supplier.id}-{payout.currency}{part}"
    return _Sheet(payout.id, supplier.id, f"payouts/{payout.period.start:%Y-%m}/{name}.pdf", build)
