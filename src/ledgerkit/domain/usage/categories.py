"""Category: where customers find what they used, such as licences, clusters or storage.

A view: it adds nothing up across meters, whose units differ. (seed 001)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import attrs

from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage.meters import Meter
from ledgerkit.domain.usage.quantities import Quantity
from ledgerkit.domain.usage.snapshots import Snapshot


class Used(Protocol):
    """What tells how much was used: a reading of the days so far, or a snapshot."""

    @property
    def customer(self) -> str:
        """The id of the party."""
        ...

    @property
    def meter(self) -> str:
        """The name of the meter."""
        ...

    @property
    def period(self) -> Period:
        """The local days."""
        ...

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """How much, by dimensions."""
        ...


@attrs.frozen(kw_only=True)
class MeterUse:
    """What one meter says.

    Attributes:
        meter: Its name.
        unit: What the quantities are in.
        period: The local days.
        quantities: How much, by dimensions; exact.
        estimated: Whether the period before stands in.
    """

    meter: str
    unit: str
    period: Period
    quantities: tuple[Quantity, ...]
    estimated: bool


@attrs.frozen
class CategoryUse:
    """What a customer used in one category, by meter and period."""

    category: str
    uses: tuple[MeterUse, ...]


def by_category(meters: Iterable[Meter], used: Iterable[Used]) -> tuple[CategoryUse, ...]:
    """Return what one customer *used* in the categories of *meters*, in the order of the meters.

    Raises:
        ValueError: *used* is of several customers, or of a meter that is not among *meters*.
    """
    known = {meter.name: meter for meter in meters}
    found: dict[str, list[MeterUse]] = {meter.category: [] for meter in known.values()}
    all_used = tuple(used)
    if len({each.customer for each in all_used}) > 1:
        msg = "usage by category is of one customer; ask for each alone"
        raise ValueError(msg)
    if strange := sorted({each.meter for each in all_used} - known.keys()):
        msg = f"there is no meter called {' or '.join(strange)} here"
        raise ValueError(msg)
    places = {name: place for place, name in enumerate(known)}
    for each in sorted(all_used, key=lambda each: (places[each.meter], each.period)):
        meter = known[each.meter]
        found[meter.category].append(
            MeterUse(
                meter=meter.name,
                unit=meter.unit,
                period=each.period,
                quantities=each.quantities,
                estimated=isinstance(each, Snapshot) and each.estimated,
            )
        )
    return tuple(CategoryUse(category, tuple(uses)) for category, uses in found.items() if uses)
