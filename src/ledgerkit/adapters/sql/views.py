"""View: the books as a person reads them with plain SQL, under the names of the terms."""

from __future__ import annotations

from sqlalchemy.engine import Connection


def replace_views(connection: Connection) -> None:
    """Create the views, or replace older ones."""
