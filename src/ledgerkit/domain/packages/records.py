"""Package: the record of sessions bought in advance, and how its units are counted and valued."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

import attrs

from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Entry, Journal, Limit, Wallet
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import plain_date

SESSION = "SESSION"  # the unit of a package: one session, exponent 0
DEFERRED = "liability:packages"
ISSUED = "units:issued"
REDEEMED = "units:redeemed"
EXPIRED_UNITS = "units:expired"
OPENING = "equity:opening"

ACTIVE = "active"
EXPIRED = "expired"
PACKAGE = Lifecycle(
    "package",
    ACTIVE,
    {
        (ACTIVE, "redeem"): ACTIVE,
        (ACTIVE, "give_back"): ACTIVE,
        (ACTIVE, "expire"): EXPIRED,
        # An approved session of a day before the expiry takes its unit back. (spec: billing 5a)
        (EXPIRED, "revive"): ACTIVE,
    },
)


@attrs.frozen(kw_only=True)
class Redemption:
    """One unit of a package, used by a session.

    Attributes:
        session: The id of the session.
        unit: Which unit, counted from 1; each has its share of the price.
        value: That share, in minor units.
        on: The local day of the session.
        pay: What the supplier earned for it, by its rate.
        bonus: What the supplier earned on top, by incentives.
        supplier: The id of the supplier.
        journal: The id of the journal that redeemed it.
        part: Which booking of the session it is: empty for the first one.
    """

    session: str
    unit: int
    value: Money
    on: date
    pay: Money
    bonus: Money
    supplier: str
    journal: str
    part: str = ""


@attrs.frozen(kw_only=True)
class Package:
    """Sessions bought in advance.

    Attributes:
        id: Unique among packages.
        customer: The id of the party who bought it.
        covers: The catalog keys it pays for, one at least.
        units: How many sessions were bought.
        price: What was paid for all of them.
        purchased_on: The first local day it pays for.
        expires_on: The first local day it does not pay for any more, or None.
        priority: Lower numbers are drawn first.
        promotional: Given, not bought; drawn before bought ones of the same expiry.
        used_before: Units used before it came into these books.
        redemptions: Units used here, by the order of use.
        returned: The sessions whose unit was returned, once per return.
        forfeited: Units that expired.
        expiries: How often it expired: once, and once more after each revival.
        status: `active` or `expired`.
    """

    id: str
    customer: str
    covers: tuple[CatalogKey, ...]
    units: int
    price: Money
    purchased_on: date
    expires_on: date | None = None
    priority: int = 0
    promotional: bool = False
    used_before: int = 0
    redemptions: tuple[Redemption, ...] = ()
    returned: tuple[str, ...] = ()
    forfeited: int = 0
    expiries: int = 0
    status: str = ACTIVE

    def __attrs_post_init__(self) -> None:
        name_of("package id", self.id)
        name_of("package customer", self.customer)
        self._check_types()
        if self.units <= 0 or self.price.minor < 0:
            msg = f"package {self.id!r} needs units above 0 and a price from 0"
            raise ValueError(msg)
        if not self.covers:
            msg = f"package {self.id!r} covers nothing; name one catalog key at least"
            raise ValueError(msg)
        if self.expires_on is not None and self.expires_on <= self.purchased_on:
            msg = f"package {self.id!r} expires on {self.expires_on}, not after its purchase"
            raise ValueError(msg)
        if self.used_before < 0 or self.forfeited < 0 or self.remaining < 0:
            msg = (
                f"package {self.id!r} of {self.units} units cannot have used {self.used} and "
                f"forfeited {self.forfeited}"
            )
            raise ValueError(msg)
        # What is left is forfeited, if anything is, by an expiry on a day: see `expire`.
        expired = self.expires_on is not None and self.expiries > 0 and self.forfeited > 0
        possible = expired if self.status == EXPIRED else self.forfeited == 0
        if self.status not in PACKAGE.statuses or not possible:
            msg = f"package {self.id!r} is {self.status!r} with {self.forfeited} units forfeited"
            raise ValueError(msg)

    def _check_types(self) -> None:
        for field in ("units", "priority", "used_before", "forfeited", "expiries"):
            if type(getattr(self, field)) is not int:
                msg = f"{field} of package {self.id!r} must be a whole number"
                raise TypeError(msg)
        for field in ("covers", "redemptions", "returned"):
            if type(getattr(self, field)) is not tuple:
                msg = f"{field} of package {self.id!r} must be a tuple"
                raise TypeError(msg)
        if type(self.price) is not Money:
            msg = f"the price of package {self.id!r} must be Money (got {self.price!r})"
            raise TypeError(msg)
        plain_date("purchased_on", self.purchased_on)
        if self.expires_on is not None:
            plain_date("expires_on", self.expires_on)

    @property
    def wallet(self) -> str:
        """The address of the wallet that holds its units."""
        return f"package:{self.id}"

    @property
    def used(self) -> int:
        """Units used, here and before."""
        return self.used_before + len(self.redemptions)

    @property
    def remaining(self) -> int:
        """Units left."""
        return self.units - self.used - self.forfeited

    def share(self, unit: int) -> Money:
        """Return the share of the price of *unit*, counted from 1.

        The first ones have the odd minor units: 100.00 over 3 is 33.34, 33.33, 33.33.
        (spec: billing 0.4, C-13)
        """
        each, odd = divmod(self.price.minor, self.units)
        return Money(each + (unit <= odd), self.price.currency)

    @property
    def shares(self) -> tuple[Money, ...]:
        """The shares of all units, which add up to the price."""
        return tuple(self.share(unit) for unit in range(1, self.units + 1))

    def next_units(self) -> tuple[int, ...]:
        """Return the units that are not used, forfeited ones included, in the order of use."""
        taken = {r.unit for r in self.redemptions}
        return tuple(n for n in range(self.used_before + 1, self.units + 1) if n not in taken)

    @property
    def deferred(self) -> Money:
        """What is still owed in sessions: the price less the value of units used and forfeited."""
        left = self.next_units()[: self.remaining]
        return sum_of((self.share(unit) for unit in left), self.price.currency)

    def redemption(self, session: str) -> Redemption | None:
        """Return the unit that *session* uses, or None."""
        return next((r for r in self.redemptions if r.session == session), None)

    def pays_for(self, key: CatalogKey, on: date) -> bool:
        """Return whether a session of *key* on the local day *on* may use a unit, if one is left.

        The day of the session counts, not the day of the asking: a package that expired since
        still pays for sessions before. (spec: billing 5)
        """
        return (
            key in self.covers
            and self.purchased_on <= on
            and (self.expires_on is None or on < self.expires_on)
        )


@attrs.frozen
class PackageExhausted(LedgerkitError):
    """No unit is left."""

    package: str
    units: int
    used: int
    forfeited: int
    code: ClassVar[str] = "package_exhausted"

    def __str__(self) -> str:
        return (
            f"package {self.package!r} of {self.units} has {self.used} used and {self.forfeited} "
            "expired, none left; sell another or charge the session"
        )


def draw_down(packages: Iterable[Package]) -> tuple[Package, ...]:
    """Return *packages* in the order in which units are taken from them.

    By priority, expiry (none last), promotional first, purchase and id. (spec: billing 5)
    """
    return tuple(
        sorted(
            packages,
            key=lambda p: (
                p.priority,
                p.expires_on or date.max,
                not p.promotional,
                p.purchased_on,
                p.id,
            ),
        )
    )


def units(n: int) -> Money:
    """Return *n* units."""
    return Money(n, SESSION)


def legs(*moved: tuple[str, Money]) -> tuple[Entry, ...]:
    """Return the legs that move something."""
    return tuple(Entry(wallet, amount) for wallet, amount in moved if amount.minor != 0)


_SESSIONS_ONLY = frozenset({SESSION})
_NOT_BELOW_ZERO = (Limit(SESSION, floor=0),)
_UNIT_WALLETS = tuple(
    Wallet(name, currencies=_SESSIONS_ONLY) for name in (ISSUED, REDEEMED, EXPIRED_UNITS)
)


def moved(package: Package, journal: Journal, *, message: Message | None = None) -> Effects:
    """Return what to store when *journal* moved units of *package*, and told somebody of it."""
    return Effects(
        journals=(journal,),
        opens=_wallets(package, journal),
        records=(package,),
        messages=() if message is None else (message,),
    )


def _wallets(package: Package, journal: Journal) -> tuple[Wallet, ...]:
    """Return the wallets of *package*, with their policies, and the others that *journal* names."""
    own = (Wallet(package.wallet, _NOT_BELOW_ZERO, currencies=_SESSIONS_ONLY), *_UNIT_WALLETS)
    known = {wallet.id for wallet in own}
    others = dict.fromkeys(e.wallet for e in journal.entries if e.wallet not in known)
    return (*(Wallet(name) for name in others), *own)
