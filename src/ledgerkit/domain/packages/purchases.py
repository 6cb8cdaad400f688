"""Purchases: how a package comes into the books, sold here or brought in part-used."""

from __future__ import annotations

from datetime import date, datetime

import attrs

from ledgerkit.domain.catalog import Price
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Event, Journal
from ledgerkit.domain.packages.records import (
    DEFERRED,
    ISSUED,
    OPENING,
    REDEEMED,
    Package,
    legs,
    moved,
    units,
)


@attrs.frozen
class Purchased:
    """A package and the journal of its purchase."""

    package: Package
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.package, self.journal)


def offered(
    price: Price,
    units: int,
    *,
    id: str,
    customer: str,
    on: date,
    expires_on: date | None = None,
) -> Package:
    """Return the package of *units* that *price* offers, for *customer* to buy *on* a local day.

    Raises:
        NoTier: no package of that size is on offer. (seed 000: package pricing tiers)
    """
    return Package(
        id=id,
        customer=customer,
        covers=(price.key,),
        units=units,
        price=price.tier(units).price,
        purchased_on=on,
        expires_on=expires_on,
    )


def purchase(package: Package, *, at: datetime) -> Purchased:
    """Sell *package*: the customer owes its price, its wallet holds its units. (spec: billing 5a)

    Raises:
        ValueError: it has a history already.
    """
    if package.used_before:
        msg = f"package {package.id!r} was used before; import it instead of selling it"
        raise ValueError(msg)
    _check_new(package)
    moved = legs(
        (f"customer:{package.customer}", -package.price),
        (DEFERRED, package.price),
        (package.wallet, units(package.units)),
        (ISSUED, units(-package.units)),
    )
    journal = Journal(
        id=derive("jrn", "package.bought", package.id, on=package.purchased_on),
        kind="package.bought",
        entries=moved,
        effective_at=at,
        event=Event("package", package.id),
    )
    return Purchased(package, journal)


def bring_in(package: Package, *, at: datetime) -> Purchased:
    """Take over a part-used *package* of an existing business: what remains of it is owed.

    The deferred value comes from `equity:opening`; units used before count as issued and redeemed.

    Raises:
        ValueError: it has a history in these books already.
    """
    _check_new(package)
    rest = package.deferred
    moved = legs(
        (OPENING, -rest),
        (DEFERRED, rest),
        (package.wallet, units(package.remaining)),
        (REDEEMED, units(package.used_before)),
        (ISSUED, units(-package.units)),
    )
    journal = Journal(
        id=derive("jrn", "package.brought_in", package.id, on=package.purchased_on),
        kind="package.brought_in",
        entries=moved,
        effective_at=at,
        event=Event("package", package.id),
    )
    return Purchased(package, journal)


def _check_new(package: Package) -> None:
    if package.redemptions or package.returned or package.forfeited or package.expiries:
        msg = f"package {package.id!r} is in these books already; its units were used here"
        raise ValueError(msg)
