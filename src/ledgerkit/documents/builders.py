"""Builders: records as documents, every number computed and written in the reader's language.

`billing`, `statements` and `invoice_list` build them, at a `desk` that knows reader and letterhead;
`messages` are a sentence or two.
"""

from __future__ import annotations

from ledgerkit.documents.billing import credit_note_document, invoice_document
from ledgerkit.documents.desk import Letterhead, days_of
from ledgerkit.documents.invoice_list import invoice_list_document
from ledgerkit.documents.messages import catch_up_message
from ledgerkit.documents.statements import (
    account_statement_document,
    payout_document,
    payout_number,
)

__all__ = [
    "Letterhead",
    "account_statement_document",
    "catch_up_message",
    "credit_note_document",
    "days_of",
    "invoice_document",
    "invoice_list_document",
    "payout_document",
    "payout_number",
]
