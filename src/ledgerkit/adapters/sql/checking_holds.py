"""Checking holds: whether what is kept of them follows from what was placed and captured.

What open holds have left, and what balances keep for it, are sums that posting relies on; here
they are worked out anew from what only grows. (spec: ledger 4, 9)
"""

from __future__ import annotations

from collections.abc import Iterator

from ledgerkit.adapters.sql.database import Database, exact
from ledgerkit.adapters.sql.tables import MOST_LEGS
from ledgerkit.domain.verification import Problem


def problems(db: Database, tenant: int) -> Iterator[Problem]:
    """Yield holds that are not what their captures left, and balances that hold something else.

    Finds `capture_exceeds_hold`, `hold_differs`, `held_differs`.
    """
    yield from _holds(db, tenant)
    yield from _balances(db, tenant)


_INCOMING = "CASE WHEN x.amount > 0 THEN 1 ELSE 0 END"
_LEGS = f"""
SELECT l.hold, l.balance, {_INCOMING.replace("x.", "l.")} AS incoming, abs(l.amount) AS amount
FROM ledgerkit_holds h JOIN ledgerkit_hold_legs l ON l.hold = h.id WHERE h.tenant = ?
UNION ALL
SELECT j.captures, e.balance, {_INCOMING.replace("x.", "e.")}, -abs(e.amount)
FROM ledgerkit_journals j JOIN ledgerkit_entries e
  ON e.id >= j.id * {MOST_LEGS} AND e.id < j.id * {MOST_LEGS} + {MOST_LEGS}
WHERE j.tenant = ? AND j.captures IS NOT NULL
"""  # noqa: S608
_OVER = """
SELECT h.id FROM ledgerkit_holds h WHERE h.tenant = ? AND (
  EXISTS (SELECT 1 FROM ledgerkit_hold_ends n WHERE n.hold = h.id)
  OR h.multi = 0 AND EXISTS (SELECT 1 FROM ledgerkit_journals j WHERE j.captures = h.id))
"""


def _holds(db: Database, tenant: int) -> Iterator[Problem]:
    over = {id for (id,) in db.rows(_OVER, tenant)}
    expected: dict[tuple[int, int, int], int] = {}
    for hold, balance, incoming, high, low in db.rows(
        f"SELECT s.hold, s.balance, s.incoming, {db.total('s.amount')} FROM ({_LEGS}) s "  # noqa: S608
        "GROUP BY s.hold, s.balance, s.incoming ORDER BY s.hold, s.balance, s.incoming",
        tenant,
        tenant,
    ):
        left = exact(high, low)
        if left < 0:
            name = _name(db, hold)
            reason = f"hold {name} is captured by {-left} minor units more than it held"
            yield Problem("capture_exceeds_hold", name, reason)
        elif left and hold not in over:
            expected[hold, balance, incoming] = left
    kept = {
        (hold, balance, incoming): amount
        for hold, balance, incoming, amount in db.rows(
            "SELECT m.hold, m.balance, m.incoming, m.amount FROM ledgerkit_held m "
            "JOIN ledgerkit_balances b ON b.id = m.balance "
            "JOIN ledgerkit_wallets w ON w.id = b.wallet WHERE w.tenant = ?",
            tenant,
        )
    }
    for side in sorted(expected.keys() | kept.keys()):
        left, found = expected.get(side, 0), kept.get(side, 0)
        if left != found:
            name = _name(db, side[0])
            reason = f"hold {name} has {found} left on one side, its captures left {left}"
            yield Problem("hold_differs", name, reason)


def _name(db: Database, hold: int) -> str:
    row = db.row("SELECT name FROM ledgerkit_holds WHERE id = ?", hold)
    return f"number {hold}" if row is None else str(row[0])


def _balances(db: Database, tenant: int) -> Iterator[Problem]:
    held: dict[int, list[int]] = {}
    for balance, incoming, high, low in db.rows(
        f"SELECT m.balance, m.incoming, {db.total('m.amount')} FROM ledgerkit_held m "  # noqa: S608
        "GROUP BY m.balance, m.incoming"
    ):
        held.setdefault(balance, [0, 0])[incoming] = exact(high, low)
    for id, address, currency, limited, *kept in db.rows(
        "SELECT b.id, w.address, b.currency, b.limited, b.held_out, b.held_in "
        "FROM ledgerkit_balances b JOIN ledgerkit_wallets w ON w.id = b.wallet "
        "WHERE w.tenant = ? ORDER BY b.id",
        tenant,
    ):
        expected = held.get(id, [0, 0]) if limited else [0, 0]
        if kept != expected:
            name = f"{address} {currency}"
            reason = (
                f"{name} is kept with {kept[0]} held out and {kept[1]} held in; its open holds "
                f"have {expected[0]} and {expected[1]}"
            )
            yield Problem("held_differs", name, reason)
