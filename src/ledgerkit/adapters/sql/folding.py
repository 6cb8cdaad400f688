"""Folding: what PostgreSQL does after posting, so that posting itself waits for nobody.

Deltas move into the rows of their balances, so that a balance is read as fast after a million
journals as after ten; and journals get their places in recording order when somebody reads them.
(design: performance 4)
"""

from __future__ import annotations

from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.reading import READ_COMMITTED
from ledgerkit.adapters.sql.working import FOLDING

FOLD_EVERY = 1000
"""After so many journals a process folds, so that reading has little to add up."""

_PLACING = 7_305_114_090_002
_posted: dict[str, int] = {}


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


def due(url: str, journals: int) -> bool:
    """Count *journals* posted at *url* by this process; return whether it is time to fold."""
    _posted[url] = _posted.get(url, 0) + journals
    if _posted[url] < FOLD_EVERY:
        return False
    _posted[url] = 0
    return True


def fold(db: Database) -> None:
    """Move all deltas that are committed into the rows of their balances."""
    db.run("SELECT pg_advisory_xact_lock(?)", FOLDING)
    _fold(db)


def fold_if_free(db: Database) -> None:
    """Fold unless somebody else is folding or the transaction sees an old snapshot only."""
    free = "SELECT current_setting('transaction_isolation') = ? AND pg_try_advisory_xact_lock(?)"
    if db.row(free, READ_COMMITTED, FOLDING)[0]:
        _fold(db)


def _fold(db: Database) -> None:
    db.run(
        "WITH gone AS (DELETE FROM ledgerkit_deltas RETURNING balance, amount), "
        "sums AS (SELECT balance, sum(amount) AS amount FROM gone GROUP BY balance) "
        "UPDATE ledgerkit_balances b SET posted = b.posted + sums.amount "
        "FROM sums WHERE b.id = sums.balance"
    )
