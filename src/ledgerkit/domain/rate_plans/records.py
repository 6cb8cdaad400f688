"""Rate plan: the record, how it begins and ends, and which periods of it can be billed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import Cycle, DatesOutOfOrder, Period, local_date, plain_date
from ledgerkit.domain.pricing import PriceKey, PriceList
from ledgerkit.domain.usage import Dimensions, Meter, SpikePolicy

KIND = "usage"
_ONE = Fraction(1)
_DAY = timedelta(days=1)
_ANY_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class PlanItem:
    """An item of the price list: metered, or charged once for each period.

    Attributes:
        item: What the price list calls it.
        meter: What says how much was used, by the dimensions of the price; None: it is charged
            once for each period, such as a platform fee.
        quantity: How many are charged, above 0; of a metered item its meter says so.
        dimensions: What the price depends on; of a metered item its meter says so.
        kind: What sort of thing its lines charge, for taxes, discounts and prepaid credit.
        spike: When usage is so unusual that somebody is told, or None.

    Raises:
        TypeError, ValueError: a field is of another type, or of the other sort of item.
    """

    item: str
    meter: Meter | None = None
    quantity: Fraction = _ONE
    dimensions: Dimensions = ()
    kind: str = KIND
    spike: SpikePolicy | None = None

    def __attrs_post_init__(self) -> None:
        PriceKey(self.item, self.dimensions)  # refuses what no price list has
        name_of(f"kind of {self.item!r}", self.kind)
        for field, kind in (("meter", Meter), ("spike", SpikePolicy)):
            if type(getattr(self, field)) not in (kind, type(None)):
                msg = f"{field} of {self.item!r} must be a {kind.__name__} or None"
                raise TypeError(msg)
        if type(self.quantity) is not Fraction:
            msg = f"the quantity of {self.item!r} must be a Fraction (got {self.quantity!r})"
            raise TypeError(msg)
        if self.quantity <= 0:
            msg = f"the quantity of {self.item!r} must be above 0 (got {self.quantity})"
            raise ValueError(msg)
        if self.meter is None and self.spike is not None:
            msg = f"{self.item!r} has no meter, so its usage has no spikes"
            raise ValueError(msg)
        if self.meter is not None and (self.quantity != _ONE or self.dimensions):
            msg = f"quantity and dimensions of {self.item!r} are what its meter says"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class RatePlan:
    """What a customer agreed to be charged for usage.

    A price is for a period, whole or cut short by the days on which the plan begins and ends: it is
    never prorated, nor by the days of a month (spec: billing C-1). A meter belongs to one plan of a
    customer at a time, since its usage is billed once.

    Attributes:
        id: Unique among plans; the source of lines that no meter counts.
        customer: The id of the party.
        currency: The currency of the price list.
        zone: The IANA zone that the days of its periods are local to.
        price_list: The id of the price list.
        cycle: What its periods are counted by.
        items: What is charged, in the order of the lines.
        started_on: The first local day that is charged.
        ends_on: The first local day that is not charged any more, or None.
        estimates: Whether the period before may stand in where nothing was measured, once in a
            row. (spec: billing 6)
        billed_through: The first local day that is not billed yet, or None: nothing is.

    Raises:
        TypeError, ValueError: a field is of another type, an item is there twice, or one name
            means two meters.
        UnknownZone: *zone* is no IANA name.
        DatesOutOfOrder: it ends, or is billed, before it starts.
    """

    id: str
    customer: str
    currency: str
    zone: str
    price_list: str
    cycle: Cycle
    items: tuple[PlanItem, ...]
    started_on: date
    ends_on: date | None = None
    estimates: bool = True
    billed_through: date | None = None

    def __attrs_post_init__(self) -> None:
        for field in ("id", "customer", "price_list"):
            name_of(f"rate plan {field}", getattr(self, field))
        Money.zero(self.currency)  # refuses what is no currency
        local_date(_ANY_INSTANT, self.zone)  # an unknown zone is refused here, not at billing
        if not isinstance(self.cycle, Cycle) or type(self.estimates) is not bool:
            msg = f"rate plan {self.id!r} needs a Cycle and whether it estimates (got {self!r})"
            raise TypeError(msg)
        plain_date("started_on", self.started_on)
        for field in ("ends_on", "billed_through"):
            day = getattr(self, field)
            if day is None:
                continue
            plain_date(field, day)
            if day < self.started_on:
                raise DatesOutOfOrder("started_on", self.started_on, field, day)
        self._check_items()

    def _check_items(self) -> None:
        if type(self.items) is not tuple or not all(type(each) is PlanItem for each in self.items):
            msg = f"items of rate plan {self.id!r} must be a tuple of PlanItem (got {self.items!r})"
            raise TypeError(msg)
        named = {(each.item, each.dimensions, _name(each.meter)) for each in self.items}
        if not self.items or len(named) < len(self.items):
            msg = f"rate plan {self.id!r} charges one item at least, and each once"
            raise ValueError(msg)
        if len({_name(meter) for meter in self.meters}) < len(self.meters):
            msg = f"two meters of rate plan {self.id!r} have one name"
            raise ValueError(msg)

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters of its items, each once, in their order."""
        return tuple(dict.fromkeys(each.meter for each in self.items if each.meter is not None))

    @property
    def next_period(self) -> Period | None:
        """The first period that is not billed yet, closed or not; None: the plan is over."""
        start = self.started_on if self.billed_through is None else self.billed_through
        if self.ends_on is not None and self.ends_on <= start:
            return None
        end = self.cycle.containing(start).end
        return Period(start, end if self.ends_on is None else min(end, self.ends_on))


def _name(meter: Meter | None) -> str | None:
    return None if meter is None else meter.name


@attrs.frozen
class Agreed:
    """A rate plan, new or changed; what it charges is told by `bill`."""

    plan: RatePlan

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.plan,))


def agree(
    *,
    customer: str,
    price_list: PriceList,
    zone: str,
    cycle: Cycle,
    items: tuple[PlanItem, ...],
    on: date,
    estimates: bool = True,
) -> Agreed:
    """Let *customer* be charged *items* at the prices of a list, from a local day *on*.

    Raises:
        UnknownZone: *zone* is no IANA name.
        TypeError, ValueError: the terms make no sense; see `RatePlan`.
    """
    plan = RatePlan(
        id=derive("rpl", customer, price_list.id, on=on),
        customer=customer,
        currency=price_list.currency,
        zone=zone,
        price_list=price_list.id,
        cycle=cycle,
        items=items,
        started_on=on,
        estimates=estimates,
    )
    return Agreed(plan)


def end(plan: RatePlan, *, on: date) -> Agreed:
    """Let *plan* end: its last period closes the day before *on*, at the full price of a cycle.

    What is billed of later days stays billed; what is given back of it is a credit note.

    Raises:
        DatesOutOfOrder: *on* is before the plan starts.
    """
    plain_date("on", on)
    return Agreed(attrs.evolve(plan, ends_on=on))


def periods_due(plan: RatePlan, *, on: date) -> tuple[Period, ...]:
    """Return every closed period that is not billed on the local day *on*, oldest first. (C-1)

    >>> from ledgerkit.domain.periods import FixedDaysCycle
    >>> plan = RatePlan(id="rpl-1", customer="c-1", currency="USD", zone="UTC", price_list="cloud",
    ...     cycle=FixedDaysCycle(date(2026, 1, 1), 30), items=(PlanItem(item="platform fee"),),
    ...     started_on=date(2026, 1, 1), billed_through=date(2026, 1, 31))
    >>> [str(period) for period in periods_due(plan, on=date(2026, 4, 1))]
    ['2026-01-31/2026-03-02', '2026-03-02/2026-04-01']
    """
    plain_date("on", on)
    if on < plan.started_on:
        return ()
    billed = plan.billed_through
    return plan.cycle.due(on, start=plan.started_on, end=plan.ends_on, billed_through=billed)


def days_to_date(plan: RatePlan, *, as_of: date) -> Period | None:
    """Return the days of the current period of *plan* that passed before the local day *as_of*.

    On the day on which a period ends these are all of its days, so that what is told of them is
    what a run of that day bills. None: the plan does not run on the day before. (spec: billing 5)
    """
    plain_date("as_of", as_of)
    last = as_of - _DAY
    if last < plan.started_on or (plan.ends_on is not None and plan.ends_on <= last):
        return None
    return Period(plan.cycle.containing(last, start=plan.started_on).start, as_of)
