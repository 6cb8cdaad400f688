"""Invoices: documents that say what a customer owes, line by line, numbered without gaps.

A charge posts, an invoice documents, a payment settles: lines that were posted before are only
documented, the others are posted when the invoice is issued, and nothing is posted twice. An
issued invoice is never rebuilt; what changes later is a credit note or a supplement. Read `lines`,
`records`, `drafting`, `issuing`, `settling`. (spec: billing 6, 7)
"""

from __future__ import annotations

from ledgerkit.domain.invoices.drafting import (
    TaxNotNamed,
    by_hand,
    coupon_uses,
    discounted,
    supplement,
    taxed,
)
from ledgerkit.domain.invoices.issuing import (
    CHARGED,
    DISCOUNTED,
    INVOICES,
    TAXED,
    Issued,
    NegativeInvoice,
    Sent,
    issue,
    postings,
    send,
)
from ledgerkit.domain.invoices.lines import Line, charge_line, line, rated_line
from ledgerkit.domain.invoices.records import (
    DRAFT,
    INVOICE,
    ISSUED,
    PAID,
    PARTIALLY_PAID,
    VOID,
    WRITTEN_OFF,
    Addressee,
    Invoice,
)
from ledgerkit.domain.invoices.settling import (
    AmountDue,
    ChargedElsewhere,
    InvoiceSettled,
    Voided,
    amount_due,
    is_overdue,
    open_amount,
    settled,
    void,
)

__all__ = [
    "CHARGED",
    "DISCOUNTED",
    "DRAFT",
    "INVOICE",
    "INVOICES",
    "ISSUED",
    "PAID",
    "PARTIALLY_PAID",
    "TAXED",
    "VOID",
    "WRITTEN_OFF",
    "Addressee",
    "AmountDue",
    "ChargedElsewhere",
    "Invoice",
    "InvoiceSettled",
    "Issued",
    "Line",
    "NegativeInvoice",
    "Sent",
    "TaxNotNamed",
    "Voided",
    "amount_due",
    "by_hand",
    "charge_line",
    "coupon_uses",
    "discounted",
    "is_overdue",
    "issue",
    "line",
    "open_amount",
    "postings",
    "rated_line",
    "send",
    "settled",
    "supplement",
    "taxed",
    "void",
]
