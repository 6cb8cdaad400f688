"""Commands: what a machine sends to stores, made of what was drawn and of what is in the books.

What is drawn has neither a key nor ids that are new, and counts from `NOON`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import attrs

from ledgerkit.domain.changes import Changes, Draw, Expect, Record, Series, request
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Entry, Held, Hold, Journal, Wallet
from ledgerkit.ports.store import Store
from ledgerkit.testing.samples import NOON


class Commands:
    """Makes changes for `stores` under new keys and ids.

    Attributes:
        stores: Where they are sent, by name.
        at: The present instant.
        commands: How many were made.
    """

    stores: dict[str, Store]
    at: datetime
    commands: int

    def changes(self, **fields: Any) -> Changes:
        """Return changes under a new key, at the present instant."""
        self.commands += 1
        key = f"k-{self.commands}"
        return Changes(
            key=key, request=request("do", key=key), actor="a", reason="r", at=self.at, **fields
        )

    def named(self, posted: Sequence[Journal]) -> tuple[Journal, ...]:
        """Return *posted* with ids that are new, counting from now instead of `NOON`."""
        ago = self.at - NOON
        return tuple(
            attrs.evolve(
                journal,
                id=f"jrn-{self.commands}-{n}",
                effective_at=journal.effective_at + ago,
            )
            for n, journal in enumerate(posted)
        )

    def reserved(self, holds: Sequence[Hold]) -> tuple[Hold, ...]:
        """Return *holds* with ids that are new, expiring counted from now instead of `NOON`."""
        ago = self.at - NOON
        return tuple(
            attrs.evolve(
                hold,
                id=f"hold-{self.commands}-{n}",
                expires_at=None if hold.expires_at is None else hold.expires_at + ago,
            )
            for n, hold in enumerate(holds)
        )

    def placed(self, pick: int) -> Held | None:
        """Return one of the holds in the books, also of those that are over; None without any."""
        found = next(iter(self.stores.values())).holds().items
        return found[pick % len(found)] if found else None

    def expected(self, records: Sequence[Record], moved: int) -> tuple[Expect, ...]:
        """Return the versions that *records* are at, or *moved* by one."""
        first = next(iter(self.stores.values()))
        found = {record: first.load(type(record), record.id) for record in records}
        return tuple(
            Expect(type(record), record.id, max(0, (0 if read is None else read.version) + moved))
            for record, read in found.items()
        )


def by_id(*wallets: Wallet) -> dict[str, Wallet]:
    """Return the last of *wallets* with each id."""
    return {wallet.id: wallet for wallet in wallets}


def draws_of(records: Sequence[Record], series: Series | None, on: date) -> tuple[Draw, ...]:
    """Return what draws numbers of *series* for the invoices among *records*."""
    if series is None:
        return ()
    return tuple(Draw(each.id, series, on) for each in records if isinstance(each, Invoice))


def part_of(journal: Journal, share: int, more: int = 0) -> tuple[Entry, ...]:
    """Return 1 of *share* parts of the first two legs, or all legs for a share of 1.

    With *more*, the parts are greater by so many units.
    """
    if share == 1 and not more:
        return journal.entries
    one, two = journal.entries[:2]  # a transfer, see strategies.entries
    if abs(one.amount.minor) < share:
        return journal.entries
    minor = abs(one.amount.minor) // share + more
    return tuple(
        attrs.evolve(
            leg,
            amount=attrs.evolve(leg.amount, minor=minor if leg.amount.minor > 0 else -minor),
        )
        for leg in (one, two)
    )
