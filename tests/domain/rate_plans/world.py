"""A cloud platform in 2026: its prices, its meters and the plans of the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import FixedDaysCycle, Period
from ledgerkit.domain.pricing import (
    Flat,
    ListPrice,
    Model,
    PerUnit,
    PriceKey,
    PriceList,
    Tariff,
)
from ledgerkit.domain.rate_plans import Billed, PlanItem, RatePlan, bill
from ledgerkit.domain.usage import (
    LAST,
    SUM,
    UNCHANGED,
    Dimensions,
    Meter,
    Reading,
    Snapshot,
    UsageEvent,
    dimensions,
    readings,
)

JANUARY = date(2026, 1, 1)
THIRTY = FixedDaysCycle(JANUARY, 30)
FIRST, SECOND, THIRD, FOURTH = (THIRTY.period(n) for n in range(4))

LICENSES = Meter(name="licenses", aggregation=LAST, by=("level",), unit="licenses")
CLUSTERS = Meter(name="clusters", aggregation=LAST, by=("size", "use"), unit="clusters")
USERS = Meter(name="users", aggregation=LAST, silence=UNCHANGED, unit="users")
STORAGE = Meter(name="storage", aggregation=SUM, silence=UNCHANGED, unit="GB")
METERS = (LICENSES, CLUSTERS, USERS, STORAGE)
FEE = PlanItem(item="platform fee", kind="fee")
ITEMS = (
    FEE,
    PlanItem(item="license", meter=LICENSES),
    PlanItem(item="cluster", meter=CLUSTERS),
    PlanItem(item="additional user", meter=USERS),
    PlanItem(item="storage overage", meter=STORAGE),
)
PROFESSIONAL = dimensions(level="professional")
MEDIUM = dimensions(size="medium", use="production")
SMALL = dimensions(size="small", use="production")


def usd(minor: int) -> Money:
    """Return US cents."""
    return Money(minor, "USD")


def per_unit(cents: int | str, included: int | str = 0) -> Tariff:
    """Return a price of so many cents for one."""
    return Tariff(model=PerUnit(Rate(Fraction(cents), "USD")), included=Fraction(included))


def listed(item: str, tariff: Tariff | Model, of: Dimensions = ()) -> ListPrice:
    """Return a price from January on."""
    if not isinstance(tariff, Tariff):
        tariff = Tariff(model=tariff, included=None if isinstance(tariff, Flat) else 0)
    return ListPrice(PriceKey(item, of), tariff, JANUARY)


PRICES = PriceList(
    "cloud",
    "USD",
    (
        listed("platform fee", Flat(usd(1000))),
        listed("license", per_unit(1500), PROFESSIONAL),
        listed("cluster", per_unit(8000), MEDIUM),
        listed("cluster", per_unit(4000), SMALL),
        listed("additional user", per_unit(300)),
        listed("storage overage", per_unit(10)),
    ),
)


def plan(
    *items: PlanItem,
    started_on: date = JANUARY,
    ends_on: date | None = None,
    estimates: bool = True,
) -> RatePlan:
    """Return a plan of c-1, of all items unless some are named."""
    return RatePlan(
        id="rpl-1",
        customer="c-1",
        currency="USD",
        zone="UTC",
        price_list="cloud",
        cycle=THIRTY,
        items=items or ITEMS,
        started_on=started_on,
        ends_on=ends_on,
        estimates=estimates,
    )


def used(
    id: str,
    meter: Meter,
    quantity: int | str,
    *,
    day: int = 0,
    of: Dimensions = (),
    customer: str = "c-1",
) -> UsageEvent:
    """Return an event so many days after the start of January, at noon."""
    return UsageEvent(
        id=id,
        customer=customer,
        meter=meter.name,
        at=datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day),
        quantity=Fraction(quantity),
        dimensions=of,
    )


def professional(day: int = 0) -> list[UsageEvent]:
    """Return what the professional user of the seed uses, from a day of January on."""
    return [
        used(f"l-{day}", LICENSES, 5, day=day, of=PROFESSIONAL),
        used(f"c-{day}", CLUSTERS, 2, day=day, of=MEDIUM),
        used(f"u-{day}", USERS, 3, day=day),
        used(f"s-{day}", STORAGE, 5, day=day),
    ]


def read(
    events: Iterable[UsageEvent], *periods: Period, meters: Iterable[Meter] = METERS
) -> tuple[Reading, ...]:
    """Return what *meters* say of *periods*."""
    known = list(events)
    return tuple(
        each
        for period in periods
        for meter in meters
        for each in readings(meter, known, period=period, zone="UTC")
    )


def run(
    plan: RatePlan,
    on: date,
    readings: Sequence[Reading] = (),
    snapshots: Sequence[Snapshot] = (),
    prices: PriceList = PRICES,
) -> Billed:
    """Bill what is due on a day."""
    return bill(plan, on=on, price_list=prices, readings=readings, snapshots=snapshots)


def newest(*known: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """Return the last version of each snapshot."""
    return tuple({each.id: each for many in known for each in many}.values())


def lines(charges: Iterable[Charge]) -> list[tuple[str, str, int]]:
    """Return item, detail and cents of *charges*."""
    return [(each.item, each.detail, each.rated.amount.minor) for each in charges]


def cents(charges: Iterable[Charge]) -> int:
    """Return what *charges* come to, in cents."""
    return sum(each.rated.amount.minor for each in charges)
