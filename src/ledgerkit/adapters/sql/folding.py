"""Folding: what PostgreSQL does after posting, so that posting itself waits for nobody.

Deltas move into the rows of their balances, so that a balance is read as fast after a million
journals as after ten; and journals get their places in recording order when somebody reads them.
(design: performance 4)
"""

from __future__ import annotations

from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.working import FOLDING

_PLACING = 7_305_114_090_002


def place_journals(db: Database, tenant: int) -> None:
    """Number the journals of *tenant* that have no place yet, after those that have."""
    db.run("SELECT pg_advisory_xact_lock(?)", _PLACING)
    db.run(
        "WITH gone AS (DELETE FROM ledgerkit_unplaced WHERE tenant = ? RETURNING journal), "
        "last AS (SELECT coalesce(max(sequence), 0) AS n FROM ledgerkit_places WHERE tenant = ?) "
        "INSERT INTO ledgerkit_places (tenant, sequence, journal) "
        "SELECT CAST(? AS integer), last.n + row_number() OVER (ORDER BY gone.journal), "
        "gone.journal FROM gone, last",
        tenant,
        tenant,
        tenant,
    )


def fold(db: Database) -> bool:
    """Move all deltas that are committed into their balances; False if somebody else is at it."""
    if not db.row("SELECT pg_try_advisory_xact_lock(?)", FOLDING)[0]:
        return False
    db.run(
        "WITH gone AS (DELETE FROM ledgerkit_deltas RETURNING balance, amount), "
        "sums AS (SELECT balance, sum(amount) AS amount FROM gone GROUP BY balance) "
        "UPDATE ledgerkit_balances b SET posted = b.posted + sums.amount "
        "FROM sums WHERE b.id = sums.balance"
    )
    return True
