"""Payment views: what came in and for what, what went back, and what gateways said."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.views.columns import (
    DOCUMENT,
    LINE,
    amount,
    field,
    fields,
    flags,
    item_amount,
    items_of,
    plain_views,
    view_of,
)
from ledgerkit.adapters.sql.views.words import Words

# Records whose columns are their fields and nothing else: kind -> fields as paths.
PLAIN: Mapping[str, tuple[str, ...]] = {
    "gateway_link": ("kind", "record"),
    "payment_method": ("gateway", "holder", "customer", "method", "label"),
    "webhook_event": ("gateway", "type", "account", "status", "problem"),
}


def payment_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of payments and of what gateways said, by name."""
    return {
        **plain_views(words, PLAIN),
        "connected_account": _account(words),
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


def _account(words: Words) -> str:
    columns = {
        **fields(words, "gateway", "account", "supplier"),
        **flags(words, "details_submitted", "charges_enabled", "payouts_enabled"),
        **fields(words, "disabled_reason"),
    }
    return view_of("connected_account", columns)


def _with_amount(words: Words, kind: str, *paths: str) -> str:
    currency = field(words, "amount.currency")
    minor = words.minor(DOCUMENT, "data", "amount")
    columns = {**fields(words, *paths), "currency": currency}
    return view_of(kind, {**columns, **amount(words, "amount", minor, currency)})


def _assignments(words: Words) -> str:
    columns = {
        "payment": "r.id",
        "invoice": words.field(LINE, "invoice"),
        **item_amount(words),
    }
    return items_of(words, "payment", "assignments", columns)
