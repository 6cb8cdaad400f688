"""Outbox: messages claimed under a lease and settled under its token. (spec: reliability B6)"""

from __future__ import annotations

from datetime import datetime

from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.rows import micros, pairs_of
from ledgerkit.domain.outbox import DONE, OUTCOMES, REFUSED, Claimed, ClaimLost, Message

_TENANT = "(SELECT id FROM ledgerkit_tenants WHERE name = ?)"


def claim(
    db: Database, tenant: str, topic: str, *, at: datetime, until: datetime, limit: int
) -> tuple[Claimed, ...]:
    """Claim waiting messages whose topic is *topic* or below it, oldest first.

    In PostgreSQL several workers claim at once and pass over what another is just claiming.
    """
    skip = "FOR UPDATE SKIP LOCKED" if db.postgres else ""
    rows = db.rows(
        f"WITH picked AS MATERIALIZED (SELECT id FROM ledgerkit_messages WHERE tenant = {_TENANT} "  # noqa: S608
        "AND outcome IS NULL AND free_at <= ? "
        # '/' follows '.', so the range holds exactly the topics below.
        f"AND (topic = ? OR (topic >= ? AND topic < ?)) ORDER BY id LIMIT ? {skip}) "
        "UPDATE ledgerkit_messages SET token = token + 1, free_at = ? "
        "WHERE id IN (SELECT id FROM picked) RETURNING id, name, topic, recipient, body, token",
        tenant,
        micros(at),
        topic,
        f"{topic}.",
        f"{topic}/",
        limit,
        micros(until),
    )
    return tuple(
        Claimed(Message(name, kind, recipient, pairs_of(body)), token, until, attempts=token)
        for _, name, kind, recipient, body, token in sorted(rows)
    )


def settle(
    db: Database, tenant: str, message: str, *, token: int, outcome: str, free_at: datetime
) -> None:
    """Settle the claim *token* on *message*; raises `ClaimLost` if it is not the newest."""
    if outcome not in OUTCOMES:
        msg = f"outcome must be one of {', '.join(OUTCOMES)} (got {outcome!r})"
        raise ValueError(msg)
    change: tuple[str, object] = ("free_at", micros(free_at))
    if outcome in (DONE, REFUSED):
        change = ("outcome", outcome)
    held = f"tenant = {_TENANT} AND name = ?"
    changed = db.run(
        f"UPDATE ledgerkit_messages SET {change[0]} = ? "  # noqa: S608
        f"WHERE {held} AND token = ? AND outcome IS NULL",
        change[1],
        tenant,
        message,
        token,
    )
    if changed == 0:
        row = db.row(f"SELECT token FROM ledgerkit_messages WHERE {held}", tenant, message)  # noqa: S608
        raise ClaimLost(message, token, 0 if row is None else row[0])
