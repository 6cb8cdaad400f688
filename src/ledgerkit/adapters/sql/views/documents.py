"""Document views: the newest version of each record, a view for each kind.

Fields of a record are read from its JSON; amounts stand in minor units (`total_minor`) and as
decimal text (`total`), never as fractions that a database would round.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ledgerkit.adapters.sql.views.words import Words, select

_RECORDS = """FROM ledgerkit_records r
JOIN ledgerkit_tenants t ON t.id = r.tenant
JOIN ledgerkit_record_versions v
  ON v.tenant = r.tenant AND v.kind = r.kind AND v.id = r.id AND v.version = r.version"""
_HISTORY = """FROM ledgerkit_record_versions v
JOIN ledgerkit_tenants t ON t.id = v.tenant
JOIN ledgerkit_commits c ON c.id = v.commit_id"""
_DOCUMENT = "v.document"
_LINE = "l.value"

# Records whose columns are their fields and nothing else: kind -> fields as paths.
PLAIN: Mapping[str, tuple[str, ...]] = {
    "party": ("role", "name", "currency", "email", "locale", "zone", "tax_id"),
    "billing_cycle": ("kind", "status", "period.start", "period.end", "runs"),
    "payment_plan": ("customer", "receivable", "status"),
    "tax": ("code", "treatment", "reason", "inclusive"),
    "rate_plan": (
        *("customer", "currency", "price_list", "zone", "cycle.kind"),
        *("started_on", "ends_on", "billed_through"),
    ),
    "subscription": (
        *("customer", "currency", "zone", "cycle.kind", "started_on", "trial_until", "ends_on"),
        *("status", "suspensions", "basis"),
    ),
    "document_link": ("of", "party", "key", "media_type"),
}


def document_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the views of records by name."""
    plain = {
        kind: _of(kind, {_column(path): _field(words, path) for path in fields})
        for kind, fields in PLAIN.items()
    }
    return {
        **plain,
        "record": select(
            {
                "tenant": "t.name",
                **{name: f"r.{name}" for name in ("kind", "id", "version", "party", "status")},
                "on_date": "r.on_date",
                "number": "r.number",
                "document": _DOCUMENT,
            },
            _RECORDS,
        ),
        "record_history": _history(words),
        "invoice": _invoice(words),
        "invoice_line": _lines(
            words,
            "invoice",
            ("kind", "quantity", "unit_price", "package", "journal"),
            {"discount": words.part(_LINE, "discount"), "tax": words.total(_LINE, "taxes")},
        ),
        "invoice_tax": _taxes(words, "invoice"),
        "credit_note": _credit_note(words),
        "credit_note_line": _lines(
            words, "credit_note", ("line",), {"tax": words.total(_LINE, "taxes")}
        ),
        "credit_note_tax": _taxes(words, "credit_note"),
        "payout": _payout(words),
        "payout_line": _lines(words, "payout", ("kind", "journal", "line")),
        "package": _package(words),
        "redemption": _redemption(words),
        "credit_grant": _grant(words),  # GRANT is a word of SQL
        "credit_draw": _draw(words),
        "usage_snapshot": _usage_snapshot(words),
        "usage_quantity": _usage_quantity(words),
        "write_off": _write_off(words),
        "enrolment": _enrolment(words),
        "instalment": _instalment(words),
        "coupon": _coupon(words),
        "match": _match(words),
        "incentive": _incentive(words),
        "price": _price(words),
        "price_tier": _price_tier(words),
        "price_change": _price_change(words),
        "list_price": _list_price(words),
    }


def _column(path: str) -> str:
    return {"of": "document_of", "key": "document_key", "line": "source_line"}.get(
        path, path.replace(".", "_")
    )


def _field(words: Words, path: str) -> str:
    return words.field(_DOCUMENT, "data", *path.split("."))


def _of(kind: str, columns: Mapping[str, str]) -> str:
    first = {"tenant": "t.name", "id": "r.id", "version": "r.version"}
    return select({**first, **columns}, f"{_RECORDS} WHERE r.kind = '{kind}'")


def _fields(words: Words, *paths: str) -> dict[str, str]:
    return {_column(path): _field(words, path) for path in paths}


def _amount(words: Words, name: str, minor: str, currency: str) -> dict[str, str]:
    return {f"{name}_minor": minor, name: words.decimal(minor, currency)}


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
        "document": _DOCUMENT,
    }
    return select(columns, _HISTORY)


def _invoice(words: Words) -> str:
    currency = _field(words, "currency")
    subtotal = words.total(_DOCUMENT, "data", "lines")
    off = words.total(_DOCUMENT, "data", "discounts")
    tax = words.total(_DOCUMENT, "data", "taxes")
    added = words.total(_DOCUMENT, "data", "taxes", unless="inclusive")
    total = f"({subtotal} - {off} + {added})"
    columns = {
        "number": "r.number",
        **_fields(words, "customer", "status", "currency", "period.start", "period.end"),
        **_fields(words, "issued_on", "due_on", "cycle", "supplements", "corrects", "reference"),
        **_amount(words, "subtotal", subtotal, currency),
        **_amount(words, "discount", off, currency),
        **_amount(words, "net", f"({total} - {tax})", currency),
        **_amount(words, "tax", tax, currency),
        **_amount(words, "total", total, currency),
    }
    return _of("invoice", columns)


def _credit_note(words: Words) -> str:
    currency = _field(words, "currency")
    net = words.total(_DOCUMENT, "data", "lines")
    tax = words.total(_DOCUMENT, "data", "taxes")
    columns = {
        "number": "r.number",
        **_fields(words, "customer", "invoice", "status", "currency", "reason"),
        **_fields(words, "issued_on", "created_by", "approved_by", "reference"),
        **_amount(words, "net", net, currency),
        **_amount(words, "tax", tax, currency),
        **_amount(words, "total", f"({net} + {tax})", currency),
    }
    for part in ("to_open", "to_credit", "to_refund"):
        minor = words.part(_DOCUMENT, "data", "applied", part)
        columns |= _amount(words, part, minor, currency)
    return _of("credit_note", columns)


def _payout(words: Words) -> str:
    total = words.total(_DOCUMENT, "data", "lines")
    columns = {
        **_fields(words, "supplier", "status", "currency", "period.start", "period.end"),
        "part": words.whole(_field(words, "part")),
        **_fields(words, "reference"),
        **_amount(words, "total", total, _field(words, "currency")),
    }
    return _of("payout", columns)


def _lines(
    words: Words,
    kind: str,
    more: tuple[str, ...],
    amounts: Mapping[str, str] = MappingProxyType({}),
) -> str:
    common = ("id", "source", "item", "detail", "on")
    names = {"on": "on_date", "line": "source_line", "id": "line_id"}
    names["kind"] = "journal_kind" if kind == "payout" else "line_kind"
    paths = [path for path in (*common, *more) if (kind, path) != ("payout", "id")]
    columns = {
        "tenant": "t.name",
        kind: "r.id",
        "number": "r.number",
        "nth": words.nth("l"),
        **{names.get(path, path): words.field(_LINE, path) for path in paths},
        "currency": words.field(_LINE, "amount", "currency"),
        **_amount(
            words,
            "amount",
            words.minor(_LINE, "amount"),
            words.field(_LINE, "amount", "currency"),
        ),
    }
    for name, minor in amounts.items():
        columns |= _amount(words, name, minor, words.field(_LINE, "amount", "currency"))
    lines = words.each(_DOCUMENT, "data", "lines", alias="l")
    return select(columns, f"{_RECORDS}\n{lines} WHERE r.kind = '{kind}'")


def _taxes(words: Words, kind: str) -> str:
    currency = words.field(_LINE, "amount", "currency")
    columns = {
        "tenant": "t.name",
        kind: "r.id",
        "number": "r.number",
        "nth": words.nth("l"),
        **{name: words.field(_LINE, name) for name in ("code", "rate", "treatment", "reason")},
        "currency": currency,
        **_amount(words, "base", words.minor(_LINE, "base"), currency),
        **_amount(words, "amount", words.minor(_LINE, "amount"), currency),
    }
    taxes = words.each(_DOCUMENT, "data", "taxes", alias="l")
    return select(columns, f"{_RECORDS}\n{taxes} WHERE r.kind = '{kind}'")


def _coupon(words: Words) -> str:
    currency = _field(words, "amount.currency")
    columns = {
        **_fields(words, "name", "percent", "valid_from", "valid_until"),
        "times": words.whole(_field(words, "times")),
        "currency": currency,
        **_amount(words, "amount", words.minor(_DOCUMENT, "data", "amount"), currency),
    }
    return _of("coupon", columns)


def _package(words: Words) -> str:
    def number(path: str) -> str:
        return words.whole(_field(words, path))

    redeemed = words.count(_DOCUMENT, "data", "redemptions")
    used = f"({number('used_before')} + {redeemed} + {number('forfeited')})"
    columns = {
        **_fields(words, "customer", "status", "purchased_on", "expires_on"),
        "units": number("units"),
        "used_before": number("used_before"),
        "redeemed": redeemed,
        "forfeited": number("forfeited"),
        "remaining": f"({number('units')} - {used})",
        "currency": _field(words, "price.currency"),
        **_amount(
            words,
            "price",
            words.minor(_DOCUMENT, "data", "price"),
            _field(words, "price.currency"),
        ),
    }
    return _of("package", columns)


def _redemption(words: Words) -> str:
    currency = words.field(_LINE, "value", "currency")
    columns = {
        "tenant": "t.name",
        "package": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(_LINE, name) for name in ("session", "supplier", "journal")},
        "unit": words.whole(words.field(_LINE, "unit")),
        "on_date": words.field(_LINE, "on"),
        "currency": currency,
        **_amount(words, "value", words.minor(_LINE, "value"), currency),
    }
    redemptions = words.each(_DOCUMENT, "data", "redemptions", alias="l")
    return select(columns, f"{_RECORDS}\n{redemptions} WHERE r.kind = 'package'")


def _grant(words: Words) -> str:
    currency = _field(words, "amount.currency")
    granted = words.minor(_DOCUMENT, "data", "amount")
    draws, returns, forfeits = (
        words.total(_DOCUMENT, "data", name) for name in ("draws", "returns", "forfeits")
    )
    status = _field(words, "status")
    left = f"({granted} - {draws} + {returns} - {forfeits})"
    columns = {
        **_fields(words, "customer", "status", "granted_on", "expires_on"),
        "priority": words.whole(_field(words, "priority")),
        "currency": currency,
        **_amount(words, "granted", granted, currency),
        **_amount(words, "drawn", f"({draws} - {returns})", currency),
        **_amount(words, "expired", forfeits, currency),
        **_amount(
            words,
            "remaining",
            f"CASE WHEN {status} = 'revoked' THEN 0 ELSE {left} END",
            currency,
        ),
        "price_currency": _field(words, "price.currency"),
        **_amount(
            words,
            "price",
            words.minor(_DOCUMENT, "data", "price"),
            _field(words, "price.currency"),
        ),
    }
    return _of("grant", columns)


def _draw(words: Words) -> str:
    currency = words.field(_LINE, "amount", "currency")
    columns = {
        "tenant": "t.name",
        "credit_grant": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(_LINE, name) for name in ("source", "journal")},
        "on_date": words.field(_LINE, "on"),
        "currency": currency,
        **_amount(words, "amount", words.minor(_LINE, "amount"), currency),
    }
    draws = words.each(_DOCUMENT, "data", "draws", alias="l")
    return select(columns, f"{_RECORDS}\n{draws} WHERE r.kind = 'grant'")


def _usage_snapshot(words: Words) -> str:
    columns = {
        **_fields(words, "customer", "meter", "aggregation", "period.start", "period.end", "zone"),
        "status": "r.status",
        **{name: words.whole(_field(words, name)) for name in ("events", "part")},
    }
    return _of("usage_snapshot", columns)


def _usage_quantity(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "usage_snapshot": "r.id",
        "nth": words.nth("l"),
        **{name: words.field(_LINE, name) for name in ("dimensions", "value")},
    }
    quantities = words.each(_DOCUMENT, "data", "billed", alias="l")
    return select(columns, f"{_RECORDS}\n{quantities} WHERE r.kind = 'usage_snapshot'")


def _write_off(words: Words) -> str:
    columns = {
        **_fields(words, "customer", "invoice", "reference", "reason"),
        "on_date": _field(words, "on"),
        "currency": _field(words, "amount.currency"),
        **_amount(
            words,
            "amount",
            words.minor(_DOCUMENT, "data", "amount"),
            _field(words, "amount.currency"),
        ),
    }
    return _of("write_off", columns)


def _enrolment(words: Words) -> str:
    currency = _field(words, "price.currency")
    columns = {
        **_fields(words, "customer", "student", "class_id", "class_name", "class_start"),
        **_fields(words, "enrolled_on", "reference", "until", "zone", "cycle.kind", "policy"),
        "currency": currency,
        **_amount(words, "price", words.minor(_DOCUMENT, "data", "price"), currency),
    }
    return _of("enrolment", columns)


def _instalment(words: Words) -> str:
    currency = words.field(_LINE, "amount", "currency")
    columns = {
        "tenant": "t.name",
        "payment_plan": "r.id",
        "nth": words.nth("l"),
        "due_on": words.field(_LINE, "due_on"),
        "currency": currency,
        **_amount(words, "amount", words.minor(_LINE, "amount"), currency),
    }
    parts = words.each(_DOCUMENT, "data", "instalments", alias="l")
    return select(columns, f"{_RECORDS}\n{parts} WHERE r.kind = 'payment_plan'")


def _match(words: Words) -> str:
    columns = {
        **_fields(words, "customer", "student", "supplier"),
        **{name: _field(words, f"key.{name}") for name in ("service_line", "level")},
        "minutes": words.whole(_field(words, "key.minutes")),
        **_fields(words, "currency"),
        **_amount(words, "pay", words.minor(_DOCUMENT, "data", "pay"), _field(words, "currency")),
    }
    return _of("match", columns)


def _incentive(words: Words) -> str:
    currency = _field(words, "amount.currency")
    columns = {
        **_fields(words, "match", "per", "valid_from", "valid_until"),
        "currency": currency,
        **_amount(words, "amount", words.minor(_DOCUMENT, "data", "amount"), currency),
    }
    return _of("incentive", columns)


def _key(words: Words, item: str) -> dict[str, str]:
    return {
        **{name: words.field(item, "key", name) for name in ("service_line", "level")},
        "minutes": words.whole(words.field(item, "key", "minutes")),
        "currency": words.field(item, "charge", "currency"),
        "valid_from": words.field(item, "valid_from"),
    }


def _price(words: Words) -> str:
    currency = words.field(_LINE, "charge", "currency")
    columns = {
        "tenant": "t.name",
        "catalog": "r.id",
        **_key(words, _LINE),
        **_amount(words, "charge", words.minor(_LINE, "charge"), currency),
        **_amount(words, "pay", words.minor(_LINE, "pay"), currency),
    }
    prices = words.each(_DOCUMENT, "data", "prices", alias="l")
    return select(columns, f"{_RECORDS}\n{prices} WHERE r.kind = 'catalog'")


def _price_tier(words: Words) -> str:
    tier = "s.value"
    columns = {
        "tenant": "t.name",
        "catalog": "r.id",
        **_key(words, _LINE),
        "units": words.whole(words.field(tier, "units")),
        **_amount(
            words, "price", words.minor(tier, "price"), words.field(tier, "price", "currency")
        ),
    }
    prices = words.each(_DOCUMENT, "data", "prices", alias="l")
    tiers = words.each(_LINE, "tiers", alias="s")
    return select(columns, f"{_RECORDS}\n{prices}\n{tiers} WHERE r.kind = 'catalog'")


def _list_price(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "price_list": "r.id",
        "currency": _field(words, "currency"),
        "item": words.field(_LINE, "key", "item"),
        "dimensions": words.field(_LINE, "key", "dimensions"),
        "model": words.field(_LINE, "tariff", "model", "kind"),
        "included": words.field(_LINE, "tariff", "included"),
        "valid_from": words.field(_LINE, "valid_from"),
    }
    prices = words.each(_DOCUMENT, "data", "prices", alias="l")
    return select(columns, f"{_RECORDS}\n{prices} WHERE r.kind = 'price_list'")


def _price_change(words: Words) -> str:
    # A change is a price that the version before did not have; the old price is the one of the
    # same key that held until then.
    price = {
        **_key(words, _LINE),
        "charge_minor": words.minor(_LINE, "charge"),
        "pay_minor": words.minor(_LINE, "pay"),
    }
    inner = {
        "tenant": "t.name",
        "catalog": "v.id",
        "version": "v.version",
        "at": words.instant("c.at"),
        "actor": "c.actor",
        "reason": "c.reason",
        **price,
    }
    prices = words.each(_DOCUMENT, "data", "prices", alias="l")
    listed = select(inner, f"{_HISTORY}\n{prices} WHERE v.kind = 'catalog'")
    same = " AND ".join(
        f"o.{name} = n.{name}"
        for name in ("tenant", "catalog", "service_line", "level", "minutes", "currency")
    )

    def old(column: str) -> str:
        return (
            f"(SELECT o.{column} FROM ({listed}) o WHERE {same} AND o.version = n.version "  # noqa: S608
            "AND o.valid_from < n.valid_from ORDER BY o.valid_from DESC LIMIT 1)"
        )

    columns = {
        **{name: f"n.{name}" for name in inner},
        "old_charge_minor": old("charge_minor"),
        "old_pay_minor": old("pay_minor"),
    }
    was_there = " AND ".join(f"o.{name} = n.{name}" for name in price)
    unknown = (
        f"NOT EXISTS (SELECT 1 FROM ({listed}) o WHERE o.tenant = n.tenant "  # noqa: S608
        f"AND o.catalog = n.catalog AND o.version = n.version - 1 AND {was_there})"
    )
    return select(columns, f"FROM ({listed}) n WHERE {unknown}")
