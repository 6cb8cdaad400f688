"""Holdings: the holds that posting looks at, and what they keep from each balance.

What a hold that has expired still keeps is given back when somebody needs it, in the same commit,
and from then on the hold is over at any instant. (spec: ledger 4)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ledgerkit.domain.ledger.holds import EXPIRED, Held, Side, sides_of
from ledgerkit.domain.ledger.wallets import Balance

_NOTHING = 0, 0


class Holdings:
    """Holds by id, with the sums of what the open ones hold.

    Attributes:
        by_id: Every hold that is known.
        amounts: What open holds may take from and bring to each (wallet, currency), where there
            is any; a store may know the sums without knowing each hold.
    """

    __slots__ = ("_on", "amounts", "by_id")

    def __init__(self) -> None:
        self.by_id: dict[str, Held] = {}
        self.amounts: dict[tuple[str, str], tuple[int, int]] = {}
        self._on: dict[Side, dict[str, None]] = {}

    def put(self, held: Held) -> None:
        """Let *held* take the place of what it was before, or come in."""
        before = self.by_id.get(held.hold.id)
        if before is not None:
            self._leave(before)
        self.know(held)
        self._add(held, 1)

    def take(self, id: str) -> None:
        """Take out the hold *id* as if it had never been placed."""
        self._leave(self.by_id.pop(id))

    def know(self, held: Held) -> None:
        """Let in *held*, whose amounts are counted already."""
        self.by_id[held.hold.id] = held
        for side in sides_of(held.remaining):
            self._on.setdefault(side, {})[held.hold.id] = None

    def expired(self, sides: Iterable[Side], *, at: datetime) -> tuple[Held, ...]:
        """Return the holds on one of *sides* whose time is over *at* an instant and still hold."""
        ids = dict.fromkeys(id for side in sides for id in self._on.get(side, ()))
        found = (self.by_id[id] for id in ids)
        return tuple(held for held in found if held.state_at(at) == EXPIRED)

    def live(self, balance: Balance, key: tuple[str, str], *, at: datetime) -> Balance:
        """Return *balance*, that of *key*, without what has expired *at* an instant."""
        gone = [held.amounts()[key] for held in self.expired(((*key, False), (*key, True)), at=at)]
        if not gone:
            return balance
        return Balance(
            balance.posted,
            balance.held_out - sum(out for out, _ in gone),
            balance.held_in - sum(into for _, into in gone),
        )

    def _leave(self, held: Held) -> None:
        self._add(held, -1)
        for side in sides_of(held.remaining):
            del self._on[side][held.hold.id]

    def _add(self, held: Held, sign: int) -> None:
        for key, (out, into) in held.amounts().items():
            now_out, now_into = self.amounts.get(key, _NOTHING)
            self.amounts[key] = now_out + sign * out, now_into + sign * into
            if self.amounts[key] == _NOTHING:
                del self.amounts[key]
