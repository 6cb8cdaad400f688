"""Documents: what is printed for people, from records to finished text.

`model` says what a page holds, `formats` writes amounts and days, `words` finds the words of a
language. Builders put the three together; a renderer only draws what they return.
"""

from __future__ import annotations

from ledgerkit.documents.model import (
    ACCOUNT_STATEMENT,
    CREDIT_NOTE,
    INVOICE,
    INVOICE_LIST,
    KINDS,
    PAYOUT_STATEMENT,
    BadText,
    Block,
    Captions,
    Column,
    Document,
    Row,
    TaxLine,
    TooLarge,
    Total,
)
from ledgerkit.documents.words import BadCatalog, Words

__all__ = [
    "ACCOUNT_STATEMENT",
    "CREDIT_NOTE",
    "INVOICE",
    "INVOICE_LIST",
    "KINDS",
    "PAYOUT_STATEMENT",
    "BadCatalog",
    "BadText",
    "Block",
    "Captions",
    "Column",
    "Document",
    "Row",
    "TaxLine",
    "TooLarge",
    "Total",
    "Words",
]
