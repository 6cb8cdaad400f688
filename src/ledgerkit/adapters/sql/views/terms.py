"""Terms views: prices and matches, packages and credit, usage, enrolments and payment plans."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.views.columns import (
    DOCUMENT,
    LINE,
    RECORDS,
    amount,
    changes_in,
    field,
    fields,
    item_amount,
    items_of,
    view_of,
)
from ledgerkit.adapters.sql.views.words import Words, select


def terms_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of what was agreed, and of what is left of it, by name."""
    return {
        "package": _package(words),
        "redemption": _redemption(words),
        "credit_grant": _grant(words),  # GRANT is a word of SQL
        "credit_draw": _draw(words),
        "usage_snapshot": _usage_snapshot(words),
        "usage_quantity": _usage_quantity(words),
        "enrolment": _enrolment(words),
        "instalment": _instalment(words),
        "match": _match(words),
        "incentive": _incentive(words),
        "price": _price(words),
        "price_tier": _price_tier(words),
        "price_change": _price_change(words),
        "list_price": _list_price(words),
    }


def _package(words: Words) -> str:
    def number(path: str) -> str:
        return words.whole(field(words, path))

    redeemed = words.count(DOCUMENT, "data", "redemptions")
    used = f"({number('used_before')} + {redeemed} + {number('forfeited')})"
    columns = {
        **fields(words, "customer", "status", "purchased_on", "expires_on"),
        "units": number("units"),
        "used_before": number("used_before"),
        "redeemed": redeemed,
        "forfeited": number("forfeited"),
        "remaining": f"({number('units')} - {used})",
        "currency": field(words, "price.currency"),
        **amount(
            words,
            "price",
            words.minor(DOCUMENT, "data", "price"),
            field(words, "price.currency"),
        ),
    }
    return view_of("package", columns)


def _redemption(words: Words) -> str:
    currency = words.field(LINE, "value", "currency")
    columns = {
        "package": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(LINE, name) for name in ("session", "supplier", "journal")},
        "unit": words.whole(words.field(LINE, "unit")),
        "on_date": words.field(LINE, "on"),
        "currency": currency,
        **amount(words, "value", words.minor(LINE, "value"), currency),
    }
    return items_of(words, "package", "redemptions", columns)


def _grant(words: Words) -> str:
    currency = field(words, "amount.currency")
    granted = words.minor(DOCUMENT, "data", "amount")
    draws, returns, forfeits = (
        words.total(DOCUMENT, "data", name) for name in ("draws", "returns", "forfeits")
    )
    status = field(words, "status")
    left = f"({granted} - {draws} + {returns} - {forfeits})"
    columns = {
        **fields(words, "customer", "status", "granted_on", "expires_on"),
        "priority": words.whole(field(words, "priority")),
        "currency": currency,
        **amount(words, "granted", granted, currency),
        **amount(words, "drawn", f"({draws} - {returns})", currency),
        **amount(words, "expired", forfeits, currency),
        **amount(
            words,
            "remaining",
            f"CASE WHEN {status} = 'revoked' THEN 0 ELSE {left} END",
            currency,
        ),
        "price_currency": field(words, "price.currency"),
        **amount(
            words,
            "price",
            words.minor(DOCUMENT, "data", "price"),
            field(words, "price.currency"),
        ),
    }
    return view_of("grant", columns)


def _draw(words: Words) -> str:
    columns = {
        "credit_grant": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(LINE, name) for name in ("source", "journal")},
        "on_date": words.field(LINE, "on"),
        **item_amount(words),
    }
    return items_of(words, "grant", "draws", columns)


def _usage_snapshot(words: Words) -> str:
    columns = {
        **fields(words, "customer", "meter", "aggregation", "period.start", "period.end", "zone"),
        "status": "r.status",
        **{name: words.whole(field(words, name)) for name in ("events", "part")},
    }
    return view_of("usage_snapshot", columns)


def _usage_quantity(words: Words) -> str:
    columns = {
        "usage_snapshot": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(LINE, name) for name in ("dimensions", "value")},
    }
    return items_of(words, "usage_snapshot", "billed", columns)


def _enrolment(words: Words) -> str:
    currency = field(words, "price.currency")
    columns = {
        **fields(words, "customer", "student", "class_id", "class_name", "class_start"),
        **fields(words, "enrolled_on", "reference", "until", "zone", "cycle.kind", "policy"),
        "currency": currency,
        **amount(words, "price", words.minor(DOCUMENT, "data", "price"), currency),
    }
    return view_of("enrolment", columns)


def _instalment(words: Words) -> str:
    columns = {
        "payment_plan": "r.id",
        "nth": words.nth("l"),
        "due_on": words.field(LINE, "due_on"),
        **item_amount(words),
    }
    return items_of(words, "payment_plan", "instalments", columns)


def _match(words: Words) -> str:
    columns = {
        **fields(words, "customer", "student", "supplier"),
        **{name: field(words, f"key.{name}") for name in ("service_line", "level")},
        "minutes": words.whole(field(words, "key.minutes")),
        **fields(words, "currency"),
        **amount(words, "pay", words.minor(DOCUMENT, "data", "pay"), field(words, "currency")),
    }
    return view_of("match", columns)


def _incentive(words: Words) -> str:
    currency = field(words, "amount.currency")
    columns = {
        **fields(words, "match", "per", "valid_from", "valid_until"),
        "currency": currency,
        **amount(words, "amount", words.minor(DOCUMENT, "data", "amount"), currency),
    }
    return view_of("incentive", columns)


def _key(words: Words, item: str) -> dict[str, str]:
    return {
        **{name: words.field(item, "key", name) for name in ("service_line", "level")},
        "minutes": words.whole(words.field(item, "key", "minutes")),
        "currency": words.field(item, "charge", "currency"),
        "valid_from": words.field(item, "valid_from"),
    }


def _price(words: Words) -> str:
    currency = words.field(LINE, "charge", "currency")
    columns = {
        "catalog": "r.id",
        **_key(words, LINE),
        **amount(words, "charge", words.minor(LINE, "charge"), currency),
        **amount(words, "pay", words.minor(LINE, "pay"), currency),
    }
    return items_of(words, "catalog", "prices", columns)


def _price_tier(words: Words) -> str:
    tier = "s.value"
    columns = {
        "tenant": "t.name",
        "catalog": "r.id",
        **_key(words, LINE),
        "units": words.whole(words.field(tier, "units")),
        **amount(
            words, "price", words.minor(tier, "price"), words.field(tier, "price", "currency")
        ),
    }
    prices = words.each(DOCUMENT, "data", "prices", alias="l")
    tiers = words.each(LINE, "tiers", alias="s")
    return select(columns, f"{RECORDS}\n{prices}\n{tiers} WHERE r.kind = 'catalog'")


def _list_price(words: Words) -> str:
    columns = {
        "price_list": "r.id",
        "currency": field(words, "currency"),
        "item": words.field(LINE, "key", "item"),
        "dimensions": words.field(LINE, "key", "dimensions"),
        "model": words.field(LINE, "tariff", "model", "kind"),
        "included": words.field(LINE, "tariff", "included"),
        "valid_from": words.field(LINE, "valid_from"),
    }
    return items_of(words, "price_list", "prices", columns)


def _price_change(words: Words) -> str:
    told = {
        **_key(words, LINE),
        "charge_minor": words.minor(LINE, "charge"),
        "pay_minor": words.minor(LINE, "pay"),
    }
    return changes_in(
        words,
        "catalog",
        "prices",
        told,
        key=("service_line", "level", "minutes", "currency"),
        old=("charge_minor", "pay_minor"),
    )
