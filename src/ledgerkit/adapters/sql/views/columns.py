"""Columns: how a view reads the fields of a record from its JSON.

Amounts stand in minor units (`total_minor`) and as decimal text (`total`), never as fractions that
a database would round.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ledgerkit.adapters.sql.views.words import Words, select

RECORDS = """FROM ledgerkit_records r
JOIN ledgerkit_tenants t ON t.id = r.tenant
JOIN ledgerkit_record_versions v
  ON v.tenant = r.tenant AND v.kind = r.kind AND v.id = r.id AND v.version = r.version"""
HISTORY = """FROM ledgerkit_record_versions v
JOIN ledgerkit_tenants t ON t.id = v.tenant
JOIN ledgerkit_commits c ON c.id = v.commit_id"""
DOCUMENT = "v.document"
LINE = "l.value"


def column(path: str) -> str:
    """Return the column that shows the field at *path*."""
    return {"of": "document_of", "key": "document_key", "line": "source_line"}.get(
        path, path.replace(".", "_")
    )


def field(words: Words, path: str) -> str:
    """Return the field at *path* of the record."""
    return words.field(DOCUMENT, "data", *path.split("."))


def view_of(kind: str, columns: Mapping[str, str]) -> str:
    """Return the view of the records of *kind*, a row each."""
    first = {"tenant": "t.name", "id": "r.id", "version": "r.version"}
    return select({**first, **columns}, f"{RECORDS} WHERE r.kind = '{kind}'")


def items_of(words: Words, kind: str, items: str, columns: Mapping[str, str]) -> str:
    """Return the view of the list *items* of the records of *kind*, a row for each in it."""
    each = words.each(DOCUMENT, "data", items, alias="l")
    return select({"tenant": "t.name", **columns}, f"{RECORDS}\n{each} WHERE r.kind = '{kind}'")


def fields(words: Words, *paths: str) -> dict[str, str]:
    """Return a column for each of the fields at *paths*."""
    return {column(path): field(words, path) for path in paths}


def flags(words: Words, *paths: str) -> dict[str, str]:
    """Return a boolean column for each of the fields at *paths*."""
    return {column(path): words.flag(DOCUMENT, "data", *path.split(".")) for path in paths}


def plain_views(words: Words, kinds: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the views of the records of *kinds*, whose columns are fields and nothing else."""
    return {kind: view_of(kind, fields(words, *paths)) for kind, paths in kinds.items()}


def amount(words: Words, name: str, minor: str, currency: str) -> dict[str, str]:
    """Return an amount as two columns: minor units, and decimal text."""
    return {f"{name}_minor": minor, name: words.decimal(minor, currency)}


def amounts(words: Words, currency: str, *names: str) -> dict[str, str]:
    """Return the amounts of the record at *names*, all in *currency*; NULL where there is none."""
    found: dict[str, str] = {}
    for name in names:
        found |= amount(words, name, words.minor(DOCUMENT, "data", name), currency)
    return found


def item_amount(words: Words) -> dict[str, str]:
    """Return the amount of an item of a list, with its currency."""
    currency = words.field(LINE, "amount", "currency")
    minor = words.minor(LINE, "amount")
    return {"currency": currency, **amount(words, "amount", minor, currency)}


def until(words: Words, item: str, items: str, key: tuple[str, ...]) -> str:
    """Return the day from which on another item of the list *items*, of the same *key*, holds."""
    later = words.each(DOCUMENT, "data", items, alias="n").removeprefix("CROSS JOIN ")
    later = later.removeprefix("LATERAL ")
    since = words.field("n.value", "valid_from")
    same = [
        words.same(words.field("n.value", *path.split(".")), words.field(item, *path.split(".")))
        for path in key
    ]
    held = " AND ".join([*same, f"{since} > {words.field(item, 'valid_from')}"])
    return f"(SELECT min({since}) FROM {later} WHERE {held})"  # noqa: S608


def rate(words: Words, name: str, item: str, *path: str) -> dict[str, str]:
    """Return a rate as two columns: minor units for one, exact, and decimal text if they are whole.

    A rate such as 20000/3 has no decimal text.
    """
    per = words.field(item, *path, "per")
    whole = f"CASE WHEN {per} NOT LIKE '%/%' THEN {words.whole(per)} END"
    currency = words.field(item, *path, "currency")
    return {f"{name}_minor": per, name: words.decimal(f"({whole})", currency)}


def changes_in(
    words: Words,
    kind: str,
    items: str,
    told: Mapping[str, str],
    *,
    key: tuple[str, ...],
    old: tuple[str, ...],
) -> str:
    """Return the view of what changed in the list *items* of the records of *kind*, a row each.

    A change is an item, told by the columns *told*, that the version before did not have. The *old*
    columns are those of the item of the same *key* that held until then.
    """
    inner = {
        "tenant": "t.name",
        kind: "v.id",
        "version": "v.version",
        "at": words.instant("c.at"),
        "actor": "c.actor",
        "reason": "c.reason",
        **told,
    }
    each = words.each(DOCUMENT, "data", items, alias="l")
    listed = select(inner, f"{HISTORY}\n{each} WHERE v.kind = '{kind}'")

    def same(*names: str) -> str:
        return " AND ".join(words.same(f"o.{name}", f"n.{name}") for name in names)

    def before(name: str) -> str:
        return (
            f"(SELECT o.{name} FROM ({listed}) o "  # noqa: S608
            f"WHERE {same('tenant', kind, 'version', *key)} "
            "AND o.valid_from < n.valid_from ORDER BY o.valid_from DESC LIMIT 1)"
        )

    columns = {
        **{name: f"n.{name}" for name in inner},
        **{f"old_{name}": before(name) for name in old},
    }
    unknown = (
        f"NOT EXISTS (SELECT 1 FROM ({listed}) o WHERE o.version = n.version - 1 "  # noqa: S608
        f"AND {same('tenant', kind, *told)})"
    )
    return select(columns, f"FROM ({listed}) n WHERE {unknown}")


def lines(
    words: Words,
    kind: str,
    more: tuple[str, ...],
    amounts: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return the view of the lines of the documents of *kind*, a row each."""
    common = ("id", "source", "item", "detail", "on")
    names = {"on": "on_date", "line": "source_line", "id": "line_id"}
    names["kind"] = "journal_kind" if kind == "payout" else "line_kind"
    paths = [path for path in (*common, *more) if (kind, path) != ("payout", "id")]
    columns = {
        kind: "r.id",
        "number": "r.number",
        "nth": words.nth("l"),
        **{names.get(path, path): words.field(LINE, path) for path in paths},
        "currency": words.field(LINE, "amount", "currency"),
        **amount(
            words,
            "amount",
            words.minor(LINE, "amount"),
            words.field(LINE, "amount", "currency"),
        ),
    }
    for name, minor in amounts.items():
        columns |= amount(words, name, minor, words.field(LINE, "amount", "currency"))
    return items_of(words, kind, "lines", columns)
