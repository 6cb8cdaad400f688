"""Holding: what a judged batch does to holds, as rows.

Each balance that has limits keeps the sums of what is held, so that posting looks at one row.
(spec: ledger 4)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.batch import Moved, Writing
from ledgerkit.adapters.sql.rows import conditions_text, event_columns, micros, pairs_text
from ledgerkit.domain.ledger import Entry, Held
from ledgerkit.domain.ledger.holds import EXPIRED


def write_holds(writing: Writing) -> bool:
    """Write what the batch does to holds, and return whether it did anything to any.

    Raises:
        Moved: another transaction came in between.
    """
    moves = writing.holds
    if moves is None:
        return False
    if writing.db.postgres and not writing.alone:
        # Whoever changes policies waits for those who post, and holds add up in balances alike.
        writing.db.run("LOCK TABLE ledgerkit_journals IN ROW EXCLUSIVE MODE")
    _write_new(writing, moves.ids)
    gone, changed, new = [], [], []
    sums: dict[int, list[int]] = {}
    for name, after in moves.after.items():
        id, expires = moves.ids[name], after.hold.expires_at
        until = None if expires is None else micros(expires)
        before = _sides(writing, moves.before.get(name))
        now = _sides(writing, after)
        for side in before.keys() | now.keys():
            (balance, incoming), old, left = side, before.get(side, 0), now.get(side, 0)
            sums.setdefault(balance, [0, 0])[incoming] += left - old
            if not old:
                new.append((id, balance, incoming, left, until))
            elif not left:
                gone.append((id, balance, incoming, old))
            elif left != old:
                changed.append((left, id, balance, incoming, old))
    _write_left(writing, gone, changed, new)
    _move_balances(writing, sums)
    ends = [
        (moves.ids[name], commit, int(moves.after[name].state == EXPIRED))
        for name, commit in moves.ends.items()
    ]
    if len(ends) != writing.db.insert(tables.hold_ends, "hold commit_id expired", ends):
        raise Moved
    return True


def _sides(writing: Writing, held: Held | None) -> dict[tuple[int, int], int]:
    """Return what *held* has left by (balance, incoming)."""
    remaining: tuple[Entry, ...] = () if held is None else held.remaining
    return {
        (writing.places[e.wallet, e.amount.currency].id, int(e.amount.minor > 0)): abs(
            e.amount.minor
        )
        for e in remaining
    }


def _write_new(writing: Writing, ids: Mapping[str, int]) -> None:
    holds, legs = [], []
    for changes, commit in writing.members:
        for hold in changes.holds:
            id = ids[hold.id]
            holds.append(
                (
                    id,
                    writing.tenant.id,
                    hold.id,
                    hold.kind,
                    commit,
                    micros(changes.at),
                    None if hold.expires_at is None else micros(hold.expires_at),
                    *event_columns(hold.event),
                    int(hold.multi),
                    hold.forced_by,
                    conditions_text(hold.requires),
                    pairs_text(hold.metadata),
                )
            )
            for line, entry in enumerate(hold.entries):
                place = writing.places[entry.wallet, entry.amount.currency]
                legs.append((id, line, place.id, entry.amount.minor))
    columns = (
        "id tenant name kind commit_id placed_at expires_at event_type event_id event_part multi "
        "forced_by requires metadata"
    )
    if len(holds) != writing.db.insert(tables.holds, columns, holds, tail="ON CONFLICT DO NOTHING"):
        raise Moved
    writing.db.insert(tables.hold_legs, "hold line balance amount", legs)


def _write_left(
    writing: Writing,
    gone: Sequence[tuple[object, ...]],
    changed: Sequence[tuple[object, ...]],
    new: Sequence[tuple[object, ...]],
) -> None:
    db = writing.db
    side = "WHERE hold = ? AND balance = ? AND incoming = ? AND amount = ?"
    if len(gone) != db.run_many(f"DELETE FROM ledgerkit_held {side}", gone):  # noqa: S608
        raise Moved
    update = f"UPDATE ledgerkit_held SET amount = ? {side}"  # noqa: S608
    if len(changed) != db.run_many(update, changed):
        raise Moved
    db.insert(tables.held, "hold balance incoming amount expires_at", new)


def _move_balances(writing: Writing, sums: Mapping[int, Sequence[int]]) -> None:
    limited = {place.id for place in writing.places.values() if place.limited}
    rows = [(*sums[id], id) for id in sorted(sums.keys() & limited) if any(sums[id])]
    update = (
        "UPDATE ledgerkit_balances SET held_out = held_out + ?, held_in = held_in + ? "
        "WHERE id = ? AND limited = 1"
    )
    if len(rows) != writing.db.run_many(update, rows):
        raise Moved
