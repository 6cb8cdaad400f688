"""Usage source: what the meters of a host say, wherever its events are kept.

Events may be billions and stay where they are; only readings come here, exact, and prices are put
on them here. Adapter authors prove theirs with `ledgerkit.testing.contracts.usage_source`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import Meter, Reading


class UsageSource(Protocol):
    """Tells how much was used.

    Promises, each a test of the same number in `UsageSourceContract`:

    1. The readings are those of `usage.readings` for the same events, to the last digit, for every
       aggregation: no engine adds floats.
    2. An event that is there twice counts once; two different events of one id raise
       `EventConflict`, which names what differs.
    3. A period is half-open, and its days are local to the zone; late events are in the next
       answer.
    4. Customers of whom nothing was measured are left out, never told as zero; where levels last,
       events from before the period tell the level at its start.
    5. Readings come by customer, for those that are asked for, or for all.
    6. An event without a dimension that the meter needs raises `MissingDimension`.
    """

    def totals(
        self,
        meter: Meter,
        *,
        period: Period,
        zone: str,
        customers: Collection[str] | None = None,
    ) -> tuple[Reading, ...]:
        """Return what *meter* says in *period*; raises `EventConflict` or `MissingDimension`.

        Args:
            meter: How to count.
            period: The local days that count; those so far, for an estimate.
            zone: The IANA zone they are local to.
            customers: Their ids, or None for all.
        """
        ...
