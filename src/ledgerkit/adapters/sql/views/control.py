"""Control views: who may owe how much, what gateways hold, and what needs a person."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.views.columns import (
    DOCUMENT,
    LINE,
    amount,
    amounts,
    field,
    fields,
    item_amount,
    items_of,
    view_of,
)
from ledgerkit.adapters.sql.views.words import Words


def control_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of limits, reconciliations and alerts, by name."""
    return {
        "credit_limit": _credit_limit(words),
        "override": _override(words),
        "reconciliation": _reconciliation(words),
        "reconciliation_item": _item(words),
        "alert": _alert(words),
    }


def _credit_limit(words: Words) -> str:
    currency = field(words, "amount.currency")
    columns = {
        **fields(words, "customer", "charge_at"),
        "currency": currency,
        **amounts(words, currency, "amount", "charge_target"),
    }
    return view_of("credit_limit", columns)


def _override(words: Words) -> str:
    currency = field(words, "amount.currency")
    columns = {
        **fields(words, "customer", "reference", "reason", "status", "requested_by"),
        **fields(words, "approved_by", "expires_at", "journal"),
        "currency": currency,
        **amounts(words, currency, "amount"),
    }
    return view_of("override", columns)


def _reconciliation(words: Words) -> str:
    currency = field(words, "currency")
    explained = words.total(DOCUMENT, "data", "items", unless="overdue")
    available, pending, booked = (
        words.minor(DOCUMENT, "data", name) for name in ("available", "pending", "booked")
    )
    columns = {
        **fields(words, "gateway", "status", "at"),
        "on_date": field(words, "on"),
        "currency": currency,
        **amounts(words, currency, "available", "pending", "booked"),
        **amount(words, "explained", explained, currency),
        **amount(words, "drift", f"({available} + {pending} - {explained} - {booked})", currency),
    }
    return view_of("reconciliation", columns)


def _item(words: Words) -> str:
    columns = {
        "reconciliation": "r.id",
        "nth": words.nth("l"),
        "item": words.field(LINE, "id"),
        **{name: words.field(LINE, name) for name in ("reason", "detail", "since")},
        "overdue": words.flag(LINE, "overdue"),
        **item_amount(words),
    }
    return items_of(words, "reconciliation", "items", columns)


def _alert(words: Words) -> str:
    columns = {
        **fields(words, "kind", "subject", "severity", "status", "facts", "opened_at"),
        "openings": words.whole(field(words, "openings")),
        **fields(words, "acknowledged_by", "acknowledged_at", "note", "resolved_at"),
    }
    return view_of("alert", columns)
