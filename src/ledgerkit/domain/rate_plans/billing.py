"""Billing: what a plan charges for a period, and what is left to charge of an earlier one.

Pure decisions: one that nobody commits is a preview. (spec: billing 6)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import ClassVar

import attrs

from ledgerkit.domain import usage
from ledgerkit.domain.changes import Effects, Skipped, skipped
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import PriceList
from ledgerkit.domain.rate_plans.rates import Rates
from ledgerkit.domain.rate_plans.records import RatePlan, days_to_date, periods_due
from ledgerkit.domain.usage import Meter, Reading, Snapshot, recount, spike, take


@attrs.frozen(kw_only=True)
class Billed:
    """A plan after it was billed, and what that charges.

    Attributes:
        plan: As it is now.
        before: As it was.
        charges: What to invoice, each once, in the order of periods and items; below zero where
            less was used than billed. What has one `due_on` stands on one invoice.
        snapshots: What was used, as billed or counted anew; the base of all that comes later.
        notices: Of usage that is far above the usual.
        skipped: Why the periods that are left could not be billed, or None. (spec: billing 6)
    """

    plan: RatePlan
    before: RatePlan
    charges: tuple[Charge, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    notices: tuple[Message, ...] = ()
    skipped: Skipped | None = None

    @property
    def total(self) -> Money:
        """What the charges come to, before tax."""
        return sum_of((charge.rated.amount for charge in self.charges), self.plan.currency)

    @property
    def estimated(self) -> bool:
        """Whether something is charged by the usage of the period before."""
        return any(snapshot.estimated for snapshot in self.snapshots)

    @property
    def effects(self) -> Effects:
        """What to store in the commit that issues the invoices: nothing, where nothing was due."""
        moved = (self.plan,) if self.plan != self.before else ()
        return Effects(records=(*moved, *self.snapshots), messages=self.notices)


def bill(
    plan: RatePlan,
    *,
    on: date,
    price_list: PriceList,
    readings: Iterable[Reading] = (),
    snapshots: Iterable[Snapshot] = (),
) -> Billed:
    """Bill all of *plan* that is due on the local day *on*.

    Every closed period is charged, oldest first, and due on the day after it (spec: billing C-1).
    Periods that were billed are charged the difference to what their usage comes to now: it is due
    with the next period, or at once where the plan is over. The first period that cannot be
    billed, such as for want of usage, ends it and is told in `skipped`.

    A run repeated bills nothing, and runs on any days bill what one run on the last of them does.

    Args:
        plan: The plan.
        on: The local day of the run.
        price_list: The one it names. Prices of the last day of a period count.
        readings: What its meters say of the periods to bill, and of those billed before whose
            events may have come late, counted in the zone of their snapshot.
        snapshots: Those of the customer: of the period before, of periods to compare with and,
            for spikes, of as many closed ones as their policies look at.

    Raises:
        TypeError, ValueError: *price_list* is another one, or *readings* were counted otherwise
            than their snapshots.
    """
    now, known, done = plan, {each.id: each for each in snapshots}, list[Billed]()
    read, why = tuple(readings), None
    for period, due_on in _steps(plan, tuple(known.values()), read, on):
        try:
            step = bill_period(
                now,
                period,
                price_list=price_list,
                readings=read,
                snapshots=known.values(),
                due_on=due_on,
            )
        except LedgerkitError as error:
            why = skipped(plan.customer, error)
            break
        now = step.plan
        known |= {each.id: each for each in step.snapshots}
        done.append(step)
    return Billed(
        plan=now,
        before=plan,
        charges=tuple(charge for step in done for charge in step.charges),
        snapshots=tuple(snapshot for step in done for snapshot in step.snapshots),
        notices=tuple(notice for step in done for notice in step.notices),
        skipped=why,
    )


def _steps(
    plan: RatePlan, known: Iterable[Snapshot], readings: Iterable[Reading], on: date
) -> Sequence[tuple[Period, date]]:
    """Return the periods to look at and when what they charge is due, in that order.

    Those billed before come first: the truth of one may stand in for the next. Without a reading
    or a correction nothing of them can have changed.
    """
    due = [(each, each.end) for each in periods_due(plan, on=on)]
    through = plan.billed_through
    if through is None or not (due or plan.next_period is None):
        return due
    together = due[0][1] if due else through
    meters = {meter.name for meter in plan.meters}
    told = {(each.meter, each.period) for each in readings if each.customer == plan.customer}
    earlier = {
        each.period
        for each in known
        if each.customer == plan.customer
        and each.meter in meters
        and plan.started_on <= each.period.start
        and each.period.end <= through
        and (each.pending or (each.meter, each.period) in told)
    }
    return [(each, together) for each in sorted(earlier)] + due


def bill_period(
    plan: RatePlan,
    period: Period,
    *,
    price_list: PriceList,
    readings: Iterable[Reading] = (),
    snapshots: Iterable[Snapshot] = (),
    due_on: date | None = None,
) -> Billed:
    """Bill one *period*: the next one of *plan*, or one that was billed, of which usage changed.

    The next one is charged item by item, whether it is closed or not. One that was billed is
    charged what its usage comes to now less what it came to then, at the prices of its last day:
    events that came late, the truth after an estimate, corrections by hand. (spec: billing 6)

    Args:
        plan: The plan.
        period: The local days.
        price_list: As for `bill`.
        readings: As for `bill`.
        snapshots: As for `bill`.
        due_on: The local day from which the charges can be billed; None: the end of the period.

    Raises:
        UsageMissing: nothing was measured, and the period before may not stand in.
        NoListedPrice: the price list has no price for what was used. (spec: billing C-10)
        NotByQuantity, NegativeQuantity: what was used cannot be priced.
        MeterShared: another plan billed a meter of this one.
        PeriodOutOfOrder: *period* is neither the next one nor billed.
        CurrencyMismatch: the price list is in another currency than the plan.
        TypeError, ValueError: as for `bill`.
    """
    first = _is_next(plan, period)
    rates = Rates(plan=plan, price_list=price_list, period=period, due_on=due_on or period.end)
    known = _Known.of(plan, readings, snapshots)
    billed: dict[str, usage.Billed] = {}
    counted: list[Snapshot] = []  # anew, to the same: an estimate that was right is none any more
    for meter in plan.meters:
        snapshot = _snapshot(plan, meter, period, known, first=first)
        if snapshot is None:
            continue
        if snapshot.pending:
            billed[meter.name] = usage.bill(snapshot)
        elif snapshot != known.snapshots[meter.name, period]:
            counted.append(snapshot)
    through = period.end if first else plan.billed_through
    return Billed(
        plan=attrs.evolve(plan, billed_through=through),
        before=plan,
        charges=_charges(rates, billed, fees=first),
        snapshots=(*(each.snapshot for each in billed.values()), *counted),
        notices=_spikes(plan, billed, known),
    )


@attrs.frozen(kw_only=True)
class ToDate:
    """What a period comes to so far. Nothing of it is stored or billed.

    Attributes:
        period: The days that passed.
        charges: What a run would charge for them.
        estimated: Whether the usage of the period before stands in.
    """

    period: Period
    charges: tuple[Charge, ...]
    currency: str
    estimated: bool

    @property
    def total(self) -> Money:
        """What the charges come to, before tax."""
        return sum_of((charge.rated.amount for charge in self.charges), self.currency)


def to_date(
    plan: RatePlan,
    *,
    as_of: date,
    price_list: PriceList,
    readings: Iterable[Reading] = (),
    snapshots: Iterable[Snapshot] = (),
) -> ToDate | None:
    """Return what the current period of *plan* comes to before the local day *as_of*, or None.

    It is what a run would bill if the period ended there, since the same functions say so; on the
    day on which it ends, it is the bill. *readings* are those of `days_to_date`. (spec: billing 5)

    Raises:
        UsageMissing, NoListedPrice, NotByQuantity, NegativeQuantity: as for `bill_period`.
        TypeError, ValueError: as for `bill`.
    """
    days = days_to_date(plan, as_of=as_of)
    if days is None:
        return None
    rates = Rates(plan=plan, price_list=price_list, period=days, due_on=days.end)
    known = _Known.of(plan, readings, snapshots)
    billed: dict[str, usage.Billed] = {}
    for meter in plan.meters:
        snapshot = _snapshot(plan, meter, days, known, first=False) or _taken(
            plan, meter, days, known
        )
        # From the start, also where a part of it is billed.
        billed[meter.name] = usage.bill(attrs.evolve(snapshot, billed=(), part=0))
    return ToDate(
        period=days,
        charges=_charges(rates, billed, fees=True),
        currency=plan.currency,
        estimated=any(each.snapshot.estimated for each in billed.values()),
    )


# ---- what is known -------------------------------------------------------------------------------
@attrs.frozen
class _Known:
    """What is known of the customer of a plan, by meter and period."""

    readings: Mapping[tuple[str, Period], Reading]
    snapshots: Mapping[tuple[str, Period], Snapshot]

    @classmethod
    def of(
        cls, plan: RatePlan, readings: Iterable[Reading], snapshots: Iterable[Snapshot]
    ) -> _Known:
        return cls(
            {(r.meter, r.period): r for r in readings if r.customer == plan.customer},
            {(s.meter, s.period): s for s in snapshots if s.customer == plan.customer},
        )

    def before(self, meter: Meter, period: Period) -> Snapshot | None:
        """Return the snapshot of the period before, or None."""
        ending = (s for s in self.of_meter(meter) if s.period.end == period.start)
        return next(ending, None)

    def of_meter(self, meter: Meter) -> tuple[Snapshot, ...]:
        return tuple(s for (name, _), s in self.snapshots.items() if name == meter.name)


def _is_next(plan: RatePlan, period: Period) -> bool:
    """Tell whether *period* is billed for the first time."""
    if plan.billed_through is not None and period.end <= plan.billed_through:
        return False
    if period != plan.next_period:
        raise PeriodOutOfOrder(plan.id, period, plan.next_period)
    return True


def _snapshot(
    plan: RatePlan, meter: Meter, period: Period, known: _Known, *, first: bool
) -> Snapshot | None:
    """Return the snapshot of *period* as its meter says now; None: it was not billed by it."""
    snapshot = known.snapshots.get((meter.name, period))
    if snapshot is not None:
        if first and snapshot.part:
            raise MeterShared(plan.id, snapshot.id)
        return recount(snapshot, known.readings.get((meter.name, period))).after
    return _taken(plan, meter, period, known) if first else None


def _taken(plan: RatePlan, meter: Meter, period: Period, known: _Known) -> Snapshot:
    previous = known.before(meter, period) if plan.estimates else None
    return take(
        meter,
        known.readings.get((meter.name, period)),
        customer=plan.customer,
        period=period,
        zone=plan.zone,
        previous=previous,
    ).snapshot


# ---- what follows --------------------------------------------------------------------------------
def _charges(rates: Rates, billed: Mapping[str, usage.Billed], *, fees: bool) -> tuple[Charge, ...]:
    """Return what the items of a plan charge, in their order."""
    charges: list[Charge] = []
    for item in rates.plan.items:
        if item.meter is None:
            charges += [rates.fee(item)] if fees else []
        elif item.meter.name in billed:
            of = billed[item.meter.name]
            charges += rates.usage(item, item.meter, of.snapshot, of.before)
    return tuple(charges)


def _spikes(
    plan: RatePlan, billed: Mapping[str, usage.Billed], known: _Known
) -> tuple[Message, ...]:
    """Return a notice for each meter that says much more than usual."""
    notices: dict[str, Message] = {}
    for item in plan.items:
        if item.meter is None or item.spike is None or item.meter.name not in billed:
            continue
        snapshot = billed[item.meter.name].snapshot
        notice = spike(snapshot, known.of_meter(item.meter), policy=item.spike)
        if notice is not None:
            notices[notice.id] = notice
    return tuple(notices.values())


@attrs.frozen
class PeriodOutOfOrder(LedgerkitError):
    """A period of a plan was to be billed before an earlier one, or is none of its periods."""

    plan: str
    period: Period
    next: Period | None
    code: ClassVar[str] = "period_out_of_order"

    def __str__(self) -> str:
        told = "the plan is over" if self.next is None else f"the next one is {self.next}"
        return f"{self.period} of rate plan {self.plan!r} cannot be billed now; {told}"


@attrs.frozen
class MeterShared(LedgerkitError):
    """A period that a plan did not bill yet has usage that is billed."""

    plan: str
    snapshot: str
    code: ClassVar[str] = "meter_shared"

    def __str__(self) -> str:
        return (
            f"snapshot {self.snapshot!r} is billed, but not by rate plan {self.plan!r}; let a "
            "meter belong to one plan of a customer at a time"
        )
