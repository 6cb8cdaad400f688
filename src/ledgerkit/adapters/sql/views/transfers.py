"""Transfer views: what left for payees and banks, and what was taken back of it."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.views.columns import (
    DOCUMENT,
    LINE,
    amount,
    amounts,
    field,
    fields,
    flags,
    item_amount,
    items_of,
    view_of,
)
from ledgerkit.adapters.sql.views.words import Words


def transfer_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of what left for payees and came back, by name."""
    return {
        "transfer": _transfer(words),
        "transfer_reversal": _reversal(words),
        "bank_payout": _bank_payout(words),
        "clawback": _clawback(words),
        "clawback_share": _share(words),
        "payout_term": _payout_term(words),
    }


def _transfer(words: Words) -> str:
    currency = field(words, "amount.currency")
    done = words.total(DOCUMENT, "data", "reversals", only=("status", "'done'"))
    columns = {
        **fields(words, "supplier", "role", "gateway", "account", "pays"),
        **flags(words, "of_payout", "at_once"),
        **fields(words, "instruction", "status", "object", "created_at", "code"),
        "currency": currency,
        **amounts(words, currency, "amount", "withheld", "fee"),
        **amount(words, "reversed", done, currency),
    }
    return view_of("transfer", columns)


def _reversal(words: Words) -> str:
    columns = {
        "transfer": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(LINE, name) for name in ("status", "object", "asked_for", "code")},
        **item_amount(words),
    }
    return items_of(words, "transfer", "reversals", columns)


def _bank_payout(words: Words) -> str:
    currency = field(words, "amount.currency")
    columns = {
        **fields(words, "gateway", "object", "account", "supplier", "status", "created_at"),
        **fields(words, "instruction", "reason"),
        "currency": currency,
        **amount(words, "amount", words.minor(DOCUMENT, "data", "amount"), currency),
        # Nothing says that the fee is in the currency that the bank gets.
        "fee_currency": field(words, "fee.currency"),
        **amounts(words, field(words, "fee.currency"), "fee"),
    }
    return view_of("bank_payout", columns)


def _clawback(words: Words) -> str:
    currency = field(words, "amount.currency")
    whole, back = (words.minor(DOCUMENT, "data", name) for name in ("amount", "recovered"))
    columns = {
        **fields(words, "supplier", "role", "side", "method", "status", "cause", "reason"),
        **fields(words, "opened_at", "requested_by", "chosen_by", "approved_by", "reference"),
        **flags(words, "on_wallet", "fell_back"),
        "currency": currency,
        **amount(words, "amount", whole, currency),
        **amount(words, "recovered", back, currency),
        **amount(words, "rest", f"({whole} - {back})", currency),
    }
    return view_of("clawback", columns)


def _share(words: Words) -> str:
    columns = {
        "clawback": "r.id",
        "transfer": words.field(LINE, "transfer"),
        **item_amount(words),
    }
    return items_of(words, "clawback", "shares", columns)


def _payout_term(words: Words) -> str:
    currency = words.field(LINE, "currency")
    columns = {
        "payout_setting": "r.id",
        "supplier": field(words, "supplier"),
        "nth": words.nth("l"),
        "valid_from": words.field(LINE, "valid_from"),
        "percent": words.field(LINE, "fee", "percent"),
        "bearer": words.field(LINE, "fee", "bearer"),
        "currency": currency,
        **amount(words, "minimum", words.minor(LINE, "fee", "minimum"), currency),
        **amount(words, "maximum", words.minor(LINE, "fee", "maximum"), currency),
    }
    return items_of(words, "payout_setting", "terms", columns)
