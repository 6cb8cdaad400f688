"""Words: the expressions of views that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen
class Words:
    """How one database spells what views need.

    Attributes:
        postgres: Whether it is PostgreSQL; else it is SQLite.
    """

    postgres: bool

    def field(self, document: str, *path: str) -> str:
        """Return the text at *path* inside the record in *document*, or NULL."""
        if self.postgres:
            return f"({document}::jsonb #>> '{{{','.join(path)}}}')"
        return f"json_extract({document}, '$.{'.'.join(path)}')"

    def flag(self, document: str, *path: str) -> str:
        """Return whether the field at *path* is true: a boolean, which is 1 or 0 in SQLite.

        A field that a record was stored without is NULL, and counts as not true.
        """
        field = self.field(document, *path)
        return (
            f"coalesce(CAST({field} AS boolean), false)"
            if self.postgres
            else f"coalesce({field}, 0)"
        )

    def truth(self, number: str) -> str:
        """Return whether *number* is 1 and not 0: a boolean, which SQLite has none of."""
        return f"({number} = 1)" if self.postgres else number

    def whole(self, expression: str) -> str:
        """Return the text in *expression* as a whole number."""
        return f"CAST({expression} AS {'bigint' if self.postgres else 'INTEGER'})"

    def minor(self, document: str, *path: str) -> str:
        """Return the minor units of the amount at *path* inside *document*."""
        return self.whole(self.field(document, *path, "minor"))

    def part(self, document: str, *path: str) -> str:
        """Return the minor units of the amount at *path*, or 0 if there is none."""
        return f"coalesce({self.minor(document, *path)}, 0)"

    def each(self, document: str, *path: str, alias: str) -> str:
        """Return a FROM item with a column `value` for each item of the list at *path*."""
        if self.postgres:
            items = f"jsonb_array_elements({document}::jsonb #> '{{{','.join(path)}}}')"
            return f"CROSS JOIN LATERAL {items} WITH ORDINALITY AS {alias}(value, nth)"
        return f"CROSS JOIN json_each({document}, '$.{'.'.join(path)}') AS {alias}"

    def nth(self, alias: str) -> str:
        """Return the number, from 1, of the item *alias* in its list."""
        return f"{alias}.nth" if self.postgres else f"({alias}.key + 1)"

    def same(self, one: str, other: str) -> str:
        """Return whether *one* is *other*, where NULL is the same as NULL."""
        return f"{one} {'IS NOT DISTINCT FROM' if self.postgres else 'IS'} {other}"

    def total(
        self,
        document: str,
        *path: str,
        unless: str | None = None,
        amount_at: tuple[str, ...] = ("amount",),
        only: tuple[str, str] | None = None,
    ) -> str:
        """Return the sum of the amounts of the items of the list at *path*, in minor units.

        Items whose field *unless* is true are left out; with *only*, a field and an expression,
        those whose field is something else. Amounts stand at *amount_at* in each item.
        """
        if self.postgres:
            items = f"jsonb_array_elements({document}::jsonb #> '{{{','.join(path)}}}') AS s(value)"
        else:
            items = f"json_each({document}, '$.{'.'.join(path)}') AS s"
        amount = self.minor("s.value", *amount_at)
        kept = ""
        if only is not None:
            kept = f" WHERE {self.field('s.value', only[0])} = {only[1]}"
        if unless is not None:
            kept = f" WHERE NOT {self.flag('s.value', unless)}"
        zero = f"(SELECT coalesce(sum({amount}), 0) FROM {items}{kept})"  # noqa: S608
        return f"CAST({zero} AS bigint)" if self.postgres else zero

    def count(self, document: str, *path: str) -> str:
        """Return the length of the list at *path*."""
        if self.postgres:
            return f"jsonb_array_length({document}::jsonb #> '{{{','.join(path)}}}')"
        return f"json_array_length({document}, '$.{'.'.join(path)}')"

    def decimal(self, minor: str, currency: str) -> str:
        """Return *minor* units as decimal text, or NULL for a unit that is not listed."""
        if self.postgres:
            figure = (
                f"CASE WHEN {minor} < 0 THEN '-' ELSE '' END || div(abs({minor}), u.scale) || "
                f"CASE WHEN u.exponent = 0 THEN '' ELSE "
                f"'.' || lpad(mod(abs({minor}), u.scale)::text, u.exponent, '0') END"
            )
        else:
            figure = (
                f"CASE WHEN {minor} < 0 THEN '-' ELSE '' END || (abs({minor}) / u.scale) || "
                f"CASE WHEN u.exponent = 0 THEN '' ELSE "
                f"'.' || substr('000000000' || (abs({minor}) % u.scale), -u.exponent) END"
            )
        return f"(SELECT {figure} FROM ledgerkit_units u WHERE u.code = {currency})"  # noqa: S608

    def instant(self, micros: str) -> str:
        """Return *micros*, microseconds since 1970, as an instant; ISO 8601 text in SQLite."""
        if self.postgres:
            return f"(timestamptz 'epoch' + {micros} * interval '1 microsecond')"
        fraction = f"((({micros} % 1000000) + 1000000) % 1000000)"
        seconds = f"(({micros} - {fraction}) / 1000000)"
        date = f"strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch')"
        return f"({date} || printf('.%06dZ', {fraction}))"

    def summed(self, expression: str) -> str:
        """Return *expression*, a sum, as a whole number."""
        return f"CAST({expression} AS bigint)" if self.postgres else expression


def select(columns: Mapping[str, str], source: str) -> str:
    """Return the query for *columns*, name to expression, from *source*."""
    listed = ",\n  ".join(f"{expression} AS {name}" for name, expression in columns.items())
    return f"SELECT\n  {listed}\n{source}"
