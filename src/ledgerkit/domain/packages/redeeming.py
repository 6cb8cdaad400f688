"""Redeeming: using a unit for an approved session, and giving it back when it is not approved."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages.alerts import AGGREGATE, LOW, PER_PACKAGE, Threshold, use_alert
from ledgerkit.domain.packages.records import (
    DEFERRED,
    PACKAGE,
    REDEEMED,
    Package,
    PackageExhausted,
    Redemption,
    legs,
    moved,
    units,
)
from ledgerkit.domain.sessions import booking_id, undone
from ledgerkit.domain.splits import split


@attrs.frozen
class NotCovered(LedgerkitError):
    """A package does not pay for such a session."""

    package: str
    key: CatalogKey
    on: date
    code: ClassVar[str] = "not_covered"

    def __str__(self) -> str:
        return (
            f"package {self.package!r} does not pay for {self.key} on {self.on}; use one that "
            "covers it on that day, or charge the session"
        )


@attrs.frozen
class AlreadyRedeemed(LedgerkitError):
    """A session uses a unit of the package already."""

    package: str
    session: str
    code: ClassVar[str] = "already_redeemed"

    def __str__(self) -> str:
        return f"session {self.session!r} uses a unit of package {self.package!r} already"


@attrs.frozen
class NotRedeemed(LedgerkitError):
    """A session uses no unit of the package."""

    package: str
    session: str
    code: ClassVar[str] = "not_redeemed"

    def __str__(self) -> str:
        return f"session {self.session!r} uses no unit of package {self.package!r} to return"


@attrs.frozen
class Redeemed:
    """A package with one unit less, the journal, and the alert if it just ran low."""

    package: Package
    journal: Journal
    alert: Message | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.package, self.journal, message=self.alert)


def redeem(
    package: Package,
    session: str,
    *,
    key: CatalogKey,
    on: date,
    supplier: str,
    pay: Money,
    bonus: Money | None = None,
    at: datetime,
    part: str = "",
    threshold: Threshold = LOW,
    alerts: str = PER_PACKAGE,
    metadata: tuple[tuple[str, str], ...] = (),
) -> Redeemed:
    """Use a unit of *package* for the approved *session* of the local day *on*.

    Its share of the price is recognised: the supplier gets *pay* and, as a leg of its own, the
    *bonus* of incentives; the platform gets the rest. The journal claims the event of the
    session, so that it cannot be charged as well. *part* tells a session approved anew, after a
    return, from its first approval: "2", "3". With *alerts* `aggregate` none is returned: ask
    `pool_alert` for it, with all of the customer's packages.

    Raises:
        AlreadyRedeemed, NotCovered, PackageExhausted.
        IllegalTransition: it is expired; revive it first for a session before its expiry.
    """
    if alerts not in (PER_PACKAGE, AGGREGATE):
        msg = f"alerts are per package or aggregate (got {alerts!r})"
        raise ValueError(msg)
    _check_use(package, session, key, on)
    unit = package.next_units()[0]
    value = package.share(unit)
    redemption = Redemption(
        session=session,
        unit=unit,
        value=value,
        on=on,
        pay=pay,
        bonus=Money(0, value.currency) if bonus is None else bonus,
        supplier=supplier,
        journal=booking_id(session, part, on),
        part=part,
    )
    journal = Journal(
        id=redemption.journal,
        kind="session.covered",
        entries=_legs_of(package, redemption),
        effective_at=at,
        event=Event("session", session, part),
        metadata=metadata,
    )
    after = attrs.evolve(package, redemptions=(*package.redemptions, redemption))
    alert = use_alert(package, after, session, part, threshold) if alerts == PER_PACKAGE else None
    return Redeemed(after, journal, alert)


def _check_use(package: Package, session: str, key: CatalogKey, on: date) -> None:
    if package.redemption(session) is not None:
        raise AlreadyRedeemed(package.id, session)
    if not package.pays_for(key, on):
        raise NotCovered(package.id, key, on)
    PACKAGE.after(package.status, "redeem")
    if package.remaining == 0:
        raise PackageExhausted(package.id, package.units, package.used, package.forfeited)


def _legs_of(package: Package, used: Redemption) -> tuple[Entry, ...]:
    payee = f"supplier:{used.supplier}"
    return (
        *split(DEFERRED, used.value, (payee, used.pay), (payee, used.bonus)),
        *legs((package.wallet, units(-1)), (REDEEMED, units(1))),
    )


@attrs.frozen
class Returned:
    """A package with a unit back, and the journal that reversed its use."""

    package: Package
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.package, self.journal)


def give_back(package: Package, session: str, *, at: datetime) -> Returned:
    """Return the unit of the un-approved *session* to *package*, with the value it was used at.

    Raises:
        NotRedeemed: the session uses none.
        IllegalTransition: it is expired; revive it first, so that the unit can expire with it.
    """
    used = package.redemption(session)
    if used is None:
        raise NotRedeemed(package.id, session)
    PACKAGE.after(package.status, "give_back")
    journal = Journal(
        id=derive("jrn", "reversal", used.journal, on=used.on),
        kind="session.covered.reversed",
        entries=tuple(-entry for entry in _legs_of(package, used)),
        effective_at=at,
        event=undone(Event("session", session, used.part)),
        reverses=used.journal,
    )
    after = attrs.evolve(
        package,
        redemptions=tuple(r for r in package.redemptions if r is not used),
        returned=(*package.returned, session),
    )
    return Returned(after, journal)
