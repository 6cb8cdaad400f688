"""Usage event: something a customer used, or how much is in use from a moment on.

Events come from outside, often twice and late. An id is one event for ever: the same again is
dropped, and the same with other content is an error. (seed 001; spec: billing 6)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.periods import instant
from ledgerkit.domain.usage.quantities import Dimensions, check_dimensions, check_quantity

_ONE = Fraction(1)


@attrs.frozen(kw_only=True)
class UsageEvent:
    """One event.

    Attributes:
        id: Unique among all events, whoever's they are.
        customer: The id of the party who used it.
        meter: The name of the meter that counts it.
        at: When, a UTC instant.
        quantity: How much was used, below zero where it is taken back; or, for meters of levels,
            how much is in use from then on. Exact.
        dimensions: What prices differ by, or what is counted, as (name, value) pairs by name.

    Raises:
        TypeError, ValueError: a field is of another type, or is text that cannot stand there.
    """

    id: str
    customer: str
    meter: str
    at: datetime = attrs.field(converter=instant)
    quantity: Fraction = _ONE
    dimensions: Dimensions = ()

    def __attrs_post_init__(self) -> None:
        name_of("usage event id", self.id)
        name_of("usage customer", self.customer)
        name_of("meter", self.meter)
        check_quantity(f"the quantity of usage event {self.id!r}", self.quantity)
        check_dimensions(self.dimensions)


def distinct(events: Iterable[UsageEvent]) -> tuple[UsageEvent, ...]:
    """Return each of *events* once, by time and id, in whichever order and how often they come.

    Raises:
        EventConflict: two of them have one id and are not the same.
    """
    found: dict[str, UsageEvent] = {}
    for event in events:
        known = found.setdefault(event.id, event)
        if known is not event and known != event:
            raise EventConflict(event.id, _differing(known, event))
    return tuple(sorted(found.values(), key=lambda event: (event.at, event.id)))


def _differing(one: UsageEvent, other: UsageEvent) -> tuple[tuple[str, str, str], ...]:
    fields = (field.name for field in attrs.fields(UsageEvent))
    both = ((name, getattr(one, name), getattr(other, name)) for name in fields)
    return tuple((name, _text(a), _text(b)) for name, a, b in both if a != b)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@attrs.frozen
class EventConflict(LedgerkitError):
    """One id names two different events, as (field, one, the other)."""

    event: str
    differing: tuple[tuple[str, str, str], ...]
    code: ClassVar[str] = "usage_event_conflict"

    def __str__(self) -> str:
        told = ", ".join(f"{field} {one} and {other}" for field, one, other in self.differing)
        return f"usage event {self.event!r} came with {told}; give each event an id of its own"
