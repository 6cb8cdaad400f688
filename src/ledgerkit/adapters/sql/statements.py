"""Statement: the lines of one wallet with running balances, a page at a time.

A page starts after a cursor (journal sequence, entry number), never between the two, and what
comes before it is added up once. (spec: ledger 10)
"""

from __future__ import annotations

from typing import Any

import attrs

from ledgerkit.adapters.sql.database import Database, exact
from ledgerkit.adapters.sql.rows import moment
from ledgerkit.adapters.sql.tables import LINE_BITS, MOST_LEGS, SEQUENCE_BITS
from ledgerkit.domain.ledger import Cursor, EntryLine, Event
from ledgerkit.domain.money import Money

_SEQUENCE = (1 << SEQUENCE_BITS) - 1
_LINE = MOST_LEGS - 1


@attrs.frozen
class _Order:
    # The columns that lines stand in order by. In SQLite entries have their ids in recording
    # order, since they are given under the one write lock.
    columns: tuple[str, ...]
    sequence: str
    places: str

    @property
    def by(self) -> str:
        return ", ".join(self.columns)

    def compared(self, sign: str) -> str:
        marks = ", ".join("?" * len(self.columns))
        return f"({self.by}) {sign} ({marks})"


def _order(db: Database, *, by_effect: bool) -> _Order:
    effect = ("j.effective_at",) if by_effect else ()
    if db.postgres:
        places = "JOIN ledgerkit_places p ON p.journal = j.id"
        return _Order((*effect, "p.sequence", f"(e.id & {_LINE})"), "p.sequence", places)
    return _Order((*effect, "e.id"), f"j.id & {_SEQUENCE}", "")


def lines_after(
    db: Database,
    tenant: int,
    wallet: str,
    *,
    by_effect: bool,
    after: Cursor | None,
    limit: int,
) -> list[EntryLine]:
    """Return at most *limit* lines of the statement of *wallet* after the cursor.

    Raises:
        ValueError: by effect, for a cursor in a journal that does not exist.
    """
    codes = _balances(db, tenant, wallet)
    order = _order(db, by_effect=by_effect)
    source = _entries(db, codes, order)
    past, place, running = "", tuple[int, ...](), dict.fromkeys(codes, 0)
    if after is not None:
        past, place = f" AND {order.compared('>')}", _place(db, tenant, after, by_effect=by_effect)
        for balance, high, low in db.rows(
            f"SELECT e.balance, {db.total('e.amount')} {source} AND {order.compared('<=')} "
            "GROUP BY e.balance",
            db.listed(codes),
            *place,
        ):
            running[balance] = exact(high, low)
    rows = db.rows(
        f"SELECT {order.sequence}, e.id, e.balance, e.amount, j.name, j.kind, j.effective_at, "
        f"j.recorded_at, j.event_type, j.event_id, j.event_part {source}{past} "
        f"ORDER BY {order.by} LIMIT ?",
        db.listed(codes),
        *place,
        limit,
    )
    return [_line(row, wallet, codes, running) for row in rows]


def last_place(db: Database, tenant: int, wallet: str) -> Cursor | None:
    """Return the place of the newest line of the statement of *wallet*; None: it has no lines."""
    codes = _balances(db, tenant, wallet)
    order = _order(db, by_effect=False)
    newest = ", ".join(f"{column} DESC" for column in order.columns)
    row = db.row(
        f"SELECT {order.sequence}, e.id {_entries(db, codes, order)} ORDER BY {newest} LIMIT 1",
        db.listed(codes),
    )
    return None if row is None else Cursor(int(row[0]), row[1] & _LINE)


def _balances(db: Database, tenant: int, wallet: str) -> dict[int, str]:
    """Return the currency of each balance of *wallet*, by its id."""
    balances = db.rows(
        "SELECT b.id, b.currency FROM ledgerkit_wallets w "
        "JOIN ledgerkit_balances b ON b.wallet = w.id WHERE w.tenant = ? AND w.address = ?",
        tenant,
        wallet,
    )
    return {int(id): str(code) for id, code in balances}


def _entries(db: Database, codes: dict[int, str], order: _Order) -> str:
    """Return the clauses that read the entries of the balances *codes*."""
    return (
        f"FROM {db.each('integer', codes)} CROSS JOIN ledgerkit_entries e "
        f"JOIN ledgerkit_journals j ON j.id = e.id >> {LINE_BITS} {order.places} "
        "WHERE e.balance = k.value"
    )


def _place(db: Database, tenant: int, cursor: Cursor, *, by_effect: bool) -> tuple[int, ...]:
    """Return the values of the order columns at *cursor*."""
    sequence = min(max(cursor.sequence, 0), _SEQUENCE)
    line = min(max(cursor.line, -1), _LINE)
    if db.postgres:
        place: tuple[int, ...] = (sequence, line)
        sql = (
            "SELECT j.effective_at FROM ledgerkit_places p "
            "JOIN ledgerkit_journals j ON j.id = p.journal WHERE p.tenant = ? AND p.sequence = ?"
        )
        values: tuple[int, ...] = (tenant, sequence)
    else:
        journal = (tenant << SEQUENCE_BITS) + sequence
        place = ((journal << LINE_BITS) + line,)
        sql, values = "SELECT effective_at FROM ledgerkit_journals WHERE id = ?", (journal,)
    if not by_effect:
        return place
    row = db.row(sql, *values)
    if row is None:
        msg = f"{cursor} is no place in a statement; pass the `next` of a page"
        raise ValueError(msg)
    return (row[0], *place)


def _line(row: Any, wallet: str, codes: dict[int, str], running: dict[int, int]) -> EntryLine:
    sequence, entry, balance, amount, name, kind, effective, recorded, type, fact, part = row
    running[balance] += amount
    code = codes[balance]
    return EntryLine(
        journal=name,
        sequence=int(sequence),
        line=entry & _LINE,
        kind=kind,
        event=None if type is None else Event(type, fact, part),
        wallet=wallet,
        amount=Money(amount, code),
        running=Money(running[balance], code),
        effective_at=moment(effective),
        recorded_at=moment(recorded),
    )
