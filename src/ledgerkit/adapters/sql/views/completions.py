"""Completion views: work that was charged and corrected, and what prices it."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.views.columns import (
    DOCUMENT,
    LINE,
    amount,
    changes_in,
    field,
    fields,
    item_amount,
    items_of,
    rate,
    until,
    view_of,
)
from ledgerkit.adapters.sql.views.words import Words

_KEY = ("side", "kind", "customer", "supplier")


def completion_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of completions, and of what prices them, by name."""
    return {
        "completion": _completion(words),
        "completion_line": _line(words),
        "adjustment": _adjustment(words),
        "adjustment_leg": _leg(words),
        "rate": _rate(words),
        "rate_change": _rate_change(words),
        "rental_terms": _rental_terms(words),
    }


def _completion(words: Words) -> str:
    currency = field(words, "currency")

    def of(party: str) -> str:
        rated = ("rated", "amount")
        only = ("party", f"'{party}'")
        return words.total(DOCUMENT, "data", "lines", amount_at=rated, only=only)

    charge, pay, owner = of("customer"), of("supplier"), of("owner")
    columns = {
        **fields(words, "type", "customer", "supplier", "equipment"),
        "owner": field(words, "terms.policy.owner"),
        **fields(words, "completed_at", "zone", "quantities", "card", "journal"),
        "on_date": field(words, "on"),
        "part": words.whole(field(words, "part")),
        "currency": currency,
        **amount(words, "charge", charge, currency),
        **amount(words, "pay", pay, currency),
        **amount(words, "owner_share", owner, currency),
        **amount(words, "margin", f"({charge} - {pay} - {owner})", currency),
    }
    return view_of("completion", columns)


def _line(words: Words) -> str:
    currency = words.field(LINE, "rated", "amount", "currency")
    columns = {
        "completion": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(LINE, name) for name in ("party", "item")},
        "quantity": words.field(LINE, "rated", "quantity"),
        "unit_price": words.field(LINE, "rated", "unit_price"),
        "currency": currency,
        **amount(words, "amount", words.minor(LINE, "rated", "amount"), currency),
    }
    return items_of(words, "completion", "lines", columns)


def _adjustment(words: Words) -> str:
    currency = field(words, "currency")

    def of(wallet: str) -> str:
        return words.total(DOCUMENT, "data", "deltas", only=("wallet", wallet))

    columns = {
        **fields(words, "completion", "customer", "supplier", "status", "reason"),
        **fields(words, "requested_by", "requested_at", "approved_by", "journal", "settlement"),
        "on_date": field(words, "on"),
        "base": words.whole(field(words, "base")),
        "quantities_before": field(words, "before"),
        "quantities_after": field(words, "after"),
        "currency": currency,
    }
    for party in ("customer", "supplier"):
        minor = of(f"'{party}:' || {field(words, party)}")
        columns |= amount(words, f"{party}_delta", minor, currency)
    columns |= amount(words, "platform_delta", of("'platform'"), currency)
    return view_of("adjustment", columns)


def _leg(words: Words) -> str:
    columns = {
        "adjustment": "r.id",
        "nth": words.nth("l"),
        "wallet": words.field(LINE, "wallet"),
        **item_amount(words),
    }
    return items_of(words, "adjustment", "deltas", columns)


def _rate(words: Words) -> str:
    columns = {
        "rate_card": "r.id",
        **{name: words.field(LINE, "key", name) for name in _KEY},
        "valid_from": words.field(LINE, "valid_from"),
        "valid_until": until(words, LINE, "rates", tuple(f"key.{name}" for name in _KEY)),
        "currency": field(words, "currency"),
        **rate(words, "rate", LINE, "rate"),
    }
    return items_of(words, "rate_card", "rates", columns)


def _rate_change(words: Words) -> str:
    told = {
        "currency": field(words, "currency"),
        **{name: words.field(LINE, "key", name) for name in _KEY},
        "valid_from": words.field(LINE, "valid_from"),
        **rate(words, "rate", LINE, "rate"),
    }
    return changes_in(words, "rate_card", "rates", told, key=_KEY, old=("rate_minor", "rate"))


def _rental_terms(words: Words) -> str:
    columns = {
        "equipment": "r.id",
        "policy": words.field(LINE, "policy", "kind"),
        "counts": words.field(LINE, "counts"),
        "valid_from": words.field(LINE, "valid_from"),
        "valid_until": until(words, LINE, "terms", ()),
        "owner": words.field(LINE, "policy", "owner"),
        "fee": words.field(LINE, "policy", "fee"),
        "currency": words.field(LINE, "policy", "rate", "currency"),
        **rate(words, "rate", LINE, "policy", "rate"),
        **rate(words, "cost", LINE, "policy", "cost"),
    }
    return items_of(words, "rental", "terms", columns)
