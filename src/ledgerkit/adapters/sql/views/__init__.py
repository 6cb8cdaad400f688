"""View: the books as a person reads them with plain SQL, under the names of the terms.

Amounts stand in minor units and as decimal text, instants as such, and tenants by name:
`SELECT number, customer, total FROM invoice WHERE status = 'issued'`. Where a host has a table of
such a name already, the view is called `ledgerkit_<name>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ledgerkit.adapters.sql.views.completions import completion_views
from ledgerkit.adapters.sql.views.control import control_views
from ledgerkit.adapters.sql.views.documents import document_views
from ledgerkit.adapters.sql.views.ledger import ledger_views
from ledgerkit.adapters.sql.views.payments import payment_views
from ledgerkit.adapters.sql.views.terms import terms_views
from ledgerkit.adapters.sql.views.transfers import transfer_views
from ledgerkit.adapters.sql.views.words import Words

_MARK = "ledgerkit view"


def views_of(dialect: str) -> Mapping[str, str]:
    """Return the query of each view by name, for `sqlite` or `postgresql`."""
    words = Words(postgres=dialect == "postgresql")
    return {
        **ledger_views(words),
        **document_views(words),
        **payment_views(words),
        **completion_views(words),
        **transfer_views(words),
        **control_views(words),
        **terms_views(words),
    }


def stale_views(connection: Connection) -> bool:
    """Return whether a view is missing or is that of another version of this code."""
    dialect = connection.dialect.name
    found = {mark for mark in _marks(connection).values() if mark is not None}
    return any(_mark(name, query) not in found for name, query in views_of(dialect).items())


def replace_views(connection: Connection) -> None:
    """Create the views, or replace those of another version of this code."""
    marks = _marks(connection)
    for name, query in views_of(connection.dialect.name).items():
        mark = _mark(name, query)
        taken = name in marks and not str(marks[name]).startswith(_MARK)
        place = f"ledgerkit_{name}" if taken else name
        if marks.get(place) == mark:
            continue
        if place in marks:
            connection.execute(sa.text(f"DROP VIEW {place}"))
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"CREATE VIEW {place} AS {_escaped(query)}"))
            connection.execute(sa.text(f"COMMENT ON VIEW {place} IS '{mark}'"))
        else:
            connection.execute(sa.text(f"CREATE VIEW {place} AS /* {mark} */ {_escaped(query)}"))


def drop_views(connection: Connection) -> None:
    """Drop the views, so that a migration may change what they show."""
    for name, mark in _marks(connection).items():
        if mark is not None and mark.startswith(_MARK):
            connection.execute(sa.text(f"DROP VIEW {name}"))


def _escaped(query: str) -> str:
    # A colon before a letter is a parameter to SQLAlchemy; a cast has two.
    return query.replace(":", "\\:")


def _mark(name: str, query: str) -> str:
    digest = hashlib.sha256(query.encode()).hexdigest()[:16]
    return f"{_MARK} {name} {digest}"


def _marks(connection: Connection) -> dict[str, str | None]:
    """Return every table and view by name, with the mark of those that are ours."""
    if connection.dialect.name == "postgresql":
        rows = connection.execute(
            sa.text(
                "SELECT c.relname, CASE c.relkind WHEN 'v' THEN obj_description(c.oid) END "
                "FROM pg_class c WHERE pg_table_is_visible(c.oid) "
                "AND c.relkind IN ('r', 'v', 'm', 'p', 'f')"
            )
        )
        return {str(row[0]): row[1] for row in rows}
    rows = connection.execute(sa.text("SELECT name, sql FROM sqlite_master"))
    return {name: _between(sql or "") for name, sql in rows}


def _between(sql: str) -> str | None:
    start, end = sql.find(f"/* {_MARK}"), sql.find(" */")
    return sql[start + 3 : end] if start >= 0 else None
