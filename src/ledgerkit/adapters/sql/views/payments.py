"""Payment views: what came in and for what, what went back, and what gateways said."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.views.columns import (
    DOCUMENT,
    LINE,
    amount,
    column,
    field,
    fields,
    items_of,
    view_of,
)
from ledgerkit.adapters.sql.views.words import Words

# Records whose columns are their fields and nothing else: kind -> fields as paths.
PLAIN: Mapping[str, tuple[str, ...]] = {
    "gateway_link": ("kind", "record"),
    "connected_account": (
        *("gateway", "account", "supplier", "details_submitted", "charges_enabled"),
        *("payouts_enabled", "disabled_reason"),
    ),
    "payment_method": ("gateway", "holder", "customer", "method", "label"),
    "webhook_event": ("gateway", "type", "account", "status", "problem"),
}


def payment_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of payments and of what gateways said, by name."""
    plain = {
        kind: view_of(kind, {column(path): field(words, path) for path in paths})
        for kind, paths in PLAIN.items()
    }
    return {
        **plain,
        "payment": _with_amount(
            words,
            "payment",
            *("customer", "method", "status", "object", "received_on", "reference", "reason"),
        ),
        "payment_assignment": _assignments(words),
        "refund": _with_amount(
            words,
            "refund",
            *("payment", "customer", "method", "outcome", "status", "invoice", "note", "object"),
            *("asked_on", "reason", "reference"),
        ),
        "dispute": _with_amount(
            words,
            "dispute",
            *("payment", "customer", "gateway", "object", "status", "opened_on", "reason"),
        ),
    }


def _with_amount(words: Words, kind: str, *paths: str) -> str:
    currency = field(words, "amount.currency")
    minor = words.minor(DOCUMENT, "data", "amount")
    columns = {**fields(words, *paths), "currency": currency}
    return view_of(kind, {**columns, **amount(words, "amount", minor, currency)})


def _assignments(words: Words) -> str:
    currency = words.field(LINE, "amount", "currency")
    columns = {
        "payment": "r.id",
        "invoice": words.field(LINE, "invoice"),
        "currency": currency,
        **amount(words, "amount", words.minor(LINE, "amount"), currency),
    }
    return items_of(words, "payment", "assignments", columns)
