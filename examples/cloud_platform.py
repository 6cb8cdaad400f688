"""The cloud platform that `cloud_usage.py` bills: what it meters, its customers and their usage.

Prices, customers and usage are files in `data/cloud`. The prices are those of seed 001 and its
customers are the three of the seed, under invented names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import attrs

from ledgerkit.adapters.price_file import read_prices
from ledgerkit.domain.parties import BUSINESS, CUSTOMER, Party
from ledgerkit.domain.periods import FixedDaysCycle
from ledgerkit.domain.pricing import PriceList
from ledgerkit.domain.rate_plans import PlanItem, RatePlan, agree
from ledgerkit.domain.usage import LAST, UNCHANGED, Meter, SpikePolicy, UsageEvent, dimensions

DATA = Path(__file__).parent / "data" / "cloud"
ZONE = "America/New_York"
CURRENCY = "USD"
FIRST, LAST_DAY = date(2026, 1, 1), date(2026, 4, 1)
THIRTY_DAYS = FixedDaysCycle(FIRST, 30)
PLATFORM = Party(
    id="lyceum",
    role=BUSINESS,
    name="Lyceum Cloud, Inc.",
    currency=CURRENCY,
    email="billing@lyceum.example",
    address=("1 Harbor Square", "Boston, MA 02110", "USA"),
    locale="en_US",
    zone=ZONE,
)
SMALL_PRINT = "Lyceum Cloud, Inc. · Questions about usage: billing@lyceum.example"
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64" viewBox="0 0 96 64">
<path d="M22 56 A18 18 0 0 1 20 20 A24 24 0 0 1 66 16 A20 20 0 0 1 74 56 Z" fill="#1f3a5f"/>
<rect x="30" y="30" width="8" height="26" fill="#9fd0c8"/>
<rect x="44" y="22" width="8" height="34" fill="#f2b35b"/>
<rect x="58" y="36" width="8" height="20" fill="#e9eef4"/>
</svg>"""

# A collector reports what is in use, once a week and whenever it changes; the bill is for what is
# in use at the end (spec: billing C-11). Who has no licence or cluster reported was not measured:
# everybody has some. No report of users or storage says that nothing changed.
LICENSES = Meter(name="licenses", aggregation=LAST, by=("level",), category="licenses")
CLUSTERS = Meter(name="clusters", aggregation=LAST, by=("size", "use"), category="clusters")
USERS = Meter(name="users", aggregation=LAST, silence=UNCHANGED, category="users")
STORAGE = Meter(name="storage", aggregation=LAST, silence=UNCHANGED, unit="GB", category="storage")
ITEMS = (
    PlanItem(item="Platform fee", kind="fee"),
    PlanItem(item="License", meter=LICENSES),
    PlanItem(item="Cluster", meter=CLUSTERS),
    PlanItem(item="Additional user", meter=USERS),
    PlanItem(
        item="Storage overage, GB",
        meter=STORAGE,
        spike=SpikePolicy(floor=Fraction(10), periods=2),
    ),
)


@attrs.frozen
class Received:
    """A usage event and the local day on which it came in."""

    on: date
    event: UsageEvent


def price_list() -> PriceList:
    """Return what the platform charges."""
    return read_prices(DATA / "prices.toml")


def customers() -> tuple[Party, ...]:
    """Return who uses it."""
    return tuple(
        Party(
            id=row["id"],
            role=CUSTOMER,
            name=row["name"],
            currency=CURRENCY,
            email=row["email"],
            address=(row["street"], row["city"], row["country"]),
            locale=row["locale"],
            zone=ZONE,
        )
        for row in _rows("customers.csv")
    )


def plan_of(customer: Party, prices: PriceList) -> RatePlan:
    """Return what *customer* agreed to: all items, from the first day on."""
    return agree(
        customer=customer.id,
        price_list=prices,
        zone=ZONE,
        cycle=THIRTY_DAYS,
        items=ITEMS,
        on=FIRST,
    ).plan


def usage_received() -> tuple[Received, ...]:
    """Return all usage events, in the order in which they came in; one of them came twice."""
    return tuple(
        Received(
            date.fromisoformat(row["received_on"]),
            UsageEvent(
                id=row["id"],
                customer=row["customer"],
                meter=row["meter"],
                at=datetime.fromisoformat(row["at"]),
                quantity=Fraction(row["quantity"]),
                dimensions=dimensions(
                    **{name: row[name] for name in ("level", "size", "use") if row[name]}
                ),
            ),
        )
        for row in _rows("usage.csv")
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
