"""Migration: bringing the tables of a database to the schema this version of the code writes.

The scripts are alembic's and ship with the library under a version table of their own, so that a
host's migrations never meet them. They run inside the caller's transaction where there is one.
(spec: reliability C6)
"""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.connect import begin_really
from ledgerkit.adapters.sql.views import drop_views, replace_views, stale_views
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import ISO, Units

UNITS = ISO.with_units({"SESSION": 0})
"""What may be posted unless the host says otherwise: ISO 4217 and prepaid sessions."""

VERSION_TABLE = "ledgerkit_version"
_MIGRATING = 7_305_114_090_003
REVISIONS = ("0001",)
"""Every schema version that this code knows, oldest first; the last is what it writes."""


@attrs.frozen
class SchemaTooNew(LedgerkitError):
    """The database was migrated by a newer version of this library."""

    found: str
    known: str
    code: ClassVar[str] = "schema_too_new"

    def __str__(self) -> str:
        return (
            f"the books have schema {self.found!r} and this code knows none after {self.known!r}; "
            "install the version of ledgerkit that migrated them, or a newer one"
        )


@attrs.frozen
class SchemaTooOld(LedgerkitError):
    """The database was not migrated to what this code writes."""

    found: str | None
    needed: str
    code: ClassVar[str] = "schema_too_old"

    def __str__(self) -> str:
        state = "no schema" if self.found is None else f"schema {self.found!r}"
        return (
            f"the books have {state} and this code needs {self.needed!r}; "
            "run ledgerkit.adapters.sql.migrate(connection) once"
        )


def schema_version(connection: Connection) -> str | None:
    """Return the version of the schema in the database, or None without one."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    return found.scalar()


def check_schema(connection: Connection) -> None:
    """Raise `SchemaTooNew` or `SchemaTooOld` unless the database is what this code writes."""
    found = schema_version(connection)
    if found == REVISIONS[-1]:
        return
    if found is None or found in REVISIONS:
        raise SchemaTooOld(found, REVISIONS[-1])
    raise SchemaTooNew(found, REVISIONS[-1])


def migrate(bind: Connection | Engine, *, units: Units = UNITS) -> None:
    """Create or upgrade the tables, triggers and views; does nothing where they are current.

    A connection is left in its transaction for the host to commit; an engine is committed.

    Args:
        bind: Where the books are, or will be.
        units: The currencies and units whose decimals the views shall know.

    Raises:
        SchemaTooNew: the database is ahead of this code.
    """
    if isinstance(bind, Engine):
        with bind.connect() as connection:
            if _is_current(connection, units):
                return
        with bind.execution_options(ledgerkit_writing=True).begin() as connection:
            migrate(connection, units=units)
        return
    begin_really(bind)
    if bind.dialect.name == "postgresql":  # two processes that start together migrate once
        bind.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
    found = schema_version(bind)
    if found is not None and found not in REVISIONS:
        raise SchemaTooNew(found, REVISIONS[-1])
    if found != REVISIONS[-1]:
        drop_views(bind)
        _upgrade(bind)
    _add_units(bind, units)
    replace_views(bind)


def _is_current(connection: Connection, units: Units) -> bool:
    if schema_version(connection) != REVISIONS[-1] or stale_views(connection):
        return False
    return not _missing_units(connection, units)


def _missing_units(connection: Connection, units: Units) -> dict[str, int]:
    known = set(connection.execute(sa.select(tables.units.c.code)).scalars())
    return {code: e for code, e in units.exponents.items() if code not in known}


def _add_units(connection: Connection, units: Units) -> None:
    missing = _missing_units(connection, units)
    if missing:
        connection.execute(
            sa.insert(tables.units),
            [
                {"code": code, "exponent": exponent, "scale": 10**exponent}
                for code, exponent in sorted(missing.items())
            ],
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ledgerkit.adapters.sql:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def same_tables(connection: Connection) -> list[Any]:
    """Return how the tables in the database differ from `tables.metadata`; none, or it drifted."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    wanted = [tables.metadata]
    if connection.dialect.name == "postgresql":
        wanted.append(tables.postgres)
    names = {name for metadata in wanted for name in metadata.tables}

    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return kind != "table" or name in names

    options = {"include_object": ours, "version_table": VERSION_TABLE, "target_metadata": wanted}
    context = MigrationContext.configure(connection, opts=options)
    both = sa.MetaData()
    for metadata in wanted:
        for table in metadata.tables.values():
            table.to_metadata(both)
    return list(compare_metadata(context, both))
