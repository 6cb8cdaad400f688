"""Batch: what the writers of one commit share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

import attrs

from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.reading import Tenant
from ledgerkit.adapters.sql.working import Place
from ledgerkit.domain.changes import Changes
from ledgerkit.domain.ledger import Held


class Moved(Exception):
    """What the batch was judged on has moved since: judge it again."""


@attrs.frozen
class HoldMoves:
    """What a batch does to holds.

    Attributes:
        ids: The row of each hold that it places, captures or gives back.
        before: How those stood that were placed before.
        after: How each stands afterwards.
        ends: The commit that gave it back, for each that was released or had expired.
    """

    ids: Mapping[str, int]
    before: Mapping[str, Held]
    after: Mapping[str, Held]
    ends: Mapping[str, int]


@attrs.frozen
class Writing:
    """What the writers of one batch share.

    Attributes:
        db: Where to.
        tenant: Whose books.
        changes: The new members of the batch.
        commits: The ids of their commits.
        wallet_ids: The row of each open wallet; new ones are added.
        places: The row of each balance; new ones are added.
        missing: Balances that the journals need and that have no row yet.
        reversals: How many reversals each original had when the batch was judged.
        large: Balances that get rows of their own to move from now on, because sums of deltas
            behind them could pass 64 bits unseen.
        alone: Nobody else posts until the transaction ends; else policies may have moved.
        holds: What it does to holds; None: nothing, and its floors can be guarded by the update.
    """

    db: Database
    tenant: Tenant
    changes: Sequence[Changes]
    commits: Sequence[int]
    wallet_ids: dict[str, int]
    places: dict[tuple[str, str], Place]
    missing: Sequence[tuple[str, str]] = ()
    reversals: Mapping[str, int] = MappingProxyType({})
    large: Collection[tuple[str, str]] = ()
    alone: bool = False
    holds: HoldMoves | None = None

    @property
    def members(self) -> Iterable[tuple[Changes, int]]:
        """The new members with the ids of their commits."""
        return zip(self.changes, self.commits, strict=True)
