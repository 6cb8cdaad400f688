"""Usage in memory: a list of events, for tests, scripts and hosts with few of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import Meter, Reading, UsageEvent, readings


class MemoryUsage:
    """A `UsageSource` over *events*, which may come twice and in any order."""

    def __init__(self, events: Iterable[UsageEvent] = ()) -> None:
        self._events = list(events)

    def add(self, *events: UsageEvent) -> None:
        """Take in more events."""
        self._events.extend(events)

    def totals(
        self,
        meter: Meter,
        *,
        period: Period,
        zone: str,
        customers: Collection[str] | None = None,
    ) -> tuple[Reading, ...]:
        """Return what *meter* says in *period*; see `UsageSource.totals`."""
        found = readings(meter, self._events, period=period, zone=zone)
        return tuple(each for each in found if customers is None or each.customer in customers)
