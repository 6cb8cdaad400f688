"""Cloud usage records, as `focus_billing.py` finds them in a file of the FOCUS specification.

Quantities, prices and costs are exact, as the source writes them. What a record costs is its price
x quantity as a rule; whatever else it costs has a name.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import attrs

from ledgerkit.domain.money import Rounding, round_exact
from ledgerkit.domain.usage import UsageEvent, dimensions

NULLS = frozenset({"", "NULL"})
# The source writes costs with eleven decimals, of quantities that it writes with eleven as well.
ITS_ROUNDING = Fraction(1, 10**10)

# What a record is billed as.
USAGE = "usage"  # price x quantity
COVERED = "covered"  # by a commitment that was paid before: nothing
CREDIT = "credit"  # given by the provider
ADJUSTMENT = "adjustment"  # costs something else than price x quantity
SORTS = (USAGE, COVERED, CREDIT, ADJUSTMENT)


@attrs.frozen(kw_only=True, slots=False)
class Record:
    """One record: an hour or a day of one resource; money in exact dollars."""

    id: str
    account: str
    name: str
    provider: str
    currency: str
    at: datetime
    charge: str
    description: str
    service: str
    sku: str
    quantity: Fraction
    unit: str
    price: Fraction | None
    committed: bool
    cost: Fraction

    @cached_property
    def sort(self) -> str:
        """What it is billed as."""
        if self.charge == "Credit":
            return CREDIT
        if self.price is not None and abs(self.price * self.quantity - self.cost) <= ITS_ROUNDING:
            return USAGE
        return COVERED if self.committed and self.cost == 0 else ADJUSTMENT

    @property
    def cents(self) -> int:
        """What it would be billed as alone, rounded to a cent."""
        return round_exact(self.cost * 100, Rounding.HALF_UP)

    @property
    def event(self) -> UsageEvent:
        """What it is to a meter: prices differ by the SKU, and within one where it has tiers."""
        return UsageEvent(
            id=self.id,
            customer=self.account,
            meter=USAGE,
            at=self.at,
            quantity=self.quantity,
            dimensions=dimensions(price=str(self.price), sku=self.sku),
        )


def read(path: Path) -> Iterator[Record]:
    """Yield the records of the CSV file at *path*."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known = {name: "" if text in NULLS else text for name, text in row.items()}
            yield Record(
                id=known["Id"],
                # Some providers write a path of which the last part is the account.
                account=known["BillingAccountId"].rpartition("/")[2],
                name=known["BillingAccountName"],
                provider=known["ProviderName"],
                currency=known["BillingCurrency"],
                at=datetime.fromisoformat(known["ChargePeriodStart"]).replace(tzinfo=UTC),
                charge=known["ChargeCategory"],
                description=known["ChargeDescription"],
                service=known["ServiceCategory"],
                sku=known["SkuId"],
                quantity=Fraction(known["PricingQuantity"]),
                unit=known["PricingUnit"],
                price=Fraction(known["ListUnitPrice"]) if known["ListUnitPrice"] else None,
                committed=known["PricingCategory"] == "Committed",
                cost=Fraction(known["BilledCost"]),
            )


def by_account(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return *records* by the account they are charged to."""
    found = defaultdict[str, list[Record]](list)
    for record in records:
        found[record.account].append(record)
    return dict(sorted(found.items()))


def total(records: Iterable[Record]) -> Fraction:
    """Return what *records* cost, in exact dollars."""
    return sum((record.cost for record in records), Fraction(0))
