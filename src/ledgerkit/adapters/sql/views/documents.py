"""Document views: the newest version of each record, a view for each kind."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.views.columns import (
    DOCUMENT,
    HISTORY,
    LINE,
    RECORDS,
    amount,
    field,
    fields,
    flags,
    items_of,
    lines,
    plain_views,
    view_of,
)
from ledgerkit.adapters.sql.views.words import Words, select

# Records whose columns are their fields and nothing else: kind -> fields as paths.
PLAIN: Mapping[str, tuple[str, ...]] = {
    "party": ("role", "name", "currency", "email", "locale", "zone", "tax_id"),
    "billing_cycle": ("kind", "status", "period.start", "period.end", "runs"),
    "payment_plan": ("customer", "receivable", "status"),
    "rate_plan": (
        *("customer", "currency", "price_list", "zone", "cycle.kind"),
        *("started_on", "ends_on", "billed_through"),
    ),
    "subscription": (
        *("customer", "currency", "zone", "cycle.kind", "started_on", "trial_until", "ends_on"),
        *("status", "suspensions", "basis"),
    ),
    "instruction": (
        *("gateway", "order.kind", "subject", "party", "asked_at", "send_before", "status"),
        *("generation", "attempts", "first_sent_at", "last_sent_at", "object", "code", "detail"),
    ),
    "gateway_breaker": ("status", "troubles", "openings", "opened_at", "until", "code"),
    "document_link": ("of", "party", "key", "media_type"),
}


def document_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of records by name."""
    return {
        **plain_views(words, PLAIN),
        "tax": _tax(words),
        "record": select(
            {
                "tenant": "t.name",
                **{name: f"r.{name}" for name in ("kind", "id", "version", "party", "status")},
                "on_date": "r.on_date",
                "number": "r.number",
                "document": DOCUMENT,
            },
            RECORDS,
        ),
        "record_history": _history(words),
        "invoice": _invoice(words),
        "invoice_line": lines(
            words,
            "invoice",
            ("kind", "quantity", "unit_price", "package", "journal"),
            {"discount": words.part(LINE, "discount"), "tax": words.total(LINE, "taxes")},
        ),
        "invoice_tax": _taxes(words, "invoice"),
        "credit_note": _credit_note(words),
        "credit_note_line": lines(
            words, "credit_note", ("line",), {"tax": words.total(LINE, "taxes")}
        ),
        "credit_note_tax": _taxes(words, "credit_note"),
        "payout": _payout(words),
        "payout_line": lines(words, "payout", ("kind", "journal", "line")),
        "write_off": _write_off(words),
        "coupon": _coupon(words),
    }


def _history(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "kind": "v.kind",
        "id": "v.id",
        "version": "v.version",
        "at": words.instant("c.at"),
        "actor": "c.actor",
        "reason": "c.reason",
        "commit_key": "c.key",
        "document": DOCUMENT,
    }
    return select(columns, HISTORY)


def _invoice(words: Words) -> str:
    currency = field(words, "currency")
    subtotal = words.total(DOCUMENT, "data", "lines")
    off = words.total(DOCUMENT, "data", "discounts")
    tax = words.total(DOCUMENT, "data", "taxes")
    added = words.total(DOCUMENT, "data", "taxes", unless="inclusive")
    total = f"({subtotal} - {off} + {added})"
    columns = {
        "number": "r.number",
        **fields(words, "customer", "status", "currency", "period.start", "period.end"),
        **fields(words, "issued_on", "due_on", "cycle", "supplements", "corrects", "reference"),
        **amount(words, "subtotal", subtotal, currency),
        **amount(words, "discount", off, currency),
        **amount(words, "net", f"({total} - {tax})", currency),
        **amount(words, "tax", tax, currency),
        **amount(words, "total", total, currency),
    }
    return view_of("invoice", columns)


def _credit_note(words: Words) -> str:
    currency = field(words, "currency")
    net = words.total(DOCUMENT, "data", "lines")
    tax = words.total(DOCUMENT, "data", "taxes")
    columns = {
        "number": "r.number",
        **fields(words, "customer", "invoice", "status", "currency", "reason"),
        **fields(words, "issued_on", "created_by", "approved_by", "reference"),
        **amount(words, "net", net, currency),
        **amount(words, "tax", tax, currency),
        **amount(words, "total", f"({net} + {tax})", currency),
    }
    for part in ("to_open", "to_credit", "to_refund"):
        minor = words.part(DOCUMENT, "data", "applied", part)
        columns |= amount(words, part, minor, currency)
    return view_of("credit_note", columns)


def _payout(words: Words) -> str:
    total = words.total(DOCUMENT, "data", "lines")
    columns = {
        **fields(words, "supplier", "role", "status", "currency", "period.start", "period.end"),
        "part": words.whole(field(words, "part")),
        **fields(words, "reference"),
        **amount(words, "total", total, field(words, "currency")),
    }
    return view_of("payout", columns)


def _tax(words: Words) -> str:
    columns = {**fields(words, "code", "treatment", "reason"), **flags(words, "inclusive")}
    return view_of("tax", columns)


def _taxes(words: Words, kind: str) -> str:
    currency = words.field(LINE, "amount", "currency")
    columns = {
        kind: "r.id",
        "number": "r.number",
        "nth": words.nth("l"),
        **{name: words.field(LINE, name) for name in ("code", "rate", "treatment", "reason")},
        "currency": currency,
        **amount(words, "base", words.minor(LINE, "base"), currency),
        **amount(words, "amount", words.minor(LINE, "amount"), currency),
    }
    return items_of(words, kind, "taxes", columns)


def _coupon(words: Words) -> str:
    currency = field(words, "amount.currency")
    columns = {
        **fields(words, "name", "percent", "valid_from", "valid_until"),
        "times": words.whole(field(words, "times")),
        "currency": currency,
        **amount(words, "amount", words.minor(DOCUMENT, "data", "amount"), currency),
    }
    return view_of("coupon", columns)


def _write_off(words: Words) -> str:
    columns = {
        **fields(words, "customer", "invoice", "reference", "reason"),
        "on_date": field(words, "on"),
        "currency": field(words, "amount.currency"),
        **amount(
            words,
            "amount",
            words.minor(DOCUMENT, "data", "amount"),
            field(words, "amount.currency"),
        ),
    }
    return view_of("write_off", columns)
