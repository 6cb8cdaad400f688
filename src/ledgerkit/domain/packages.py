"""Packages: sessions bought in advance, kept in the ledger as units beside their money.

A package is a charge whose counterpart is `liability:packages` until its units are redeemed,
returned or expired; its wallet holds what remains, and a floor of zero keeps it honest. Purchased
is always redeemed + expired + remaining. (seed 000; spec: ledger 1, billing 5, 5a)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, Limit, Wallet
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, allocate, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.splits import split

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
    """

    session: str
    unit: int
    value: Money
    on: date
    pay: Money
    bonus: Money
    supplier: str
    journal: str


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
        if type(self.units) is not int or self.units <= 0 or self.price.minor < 0:
            msg = f"package {self.id!r} needs units above 0 and a price from 0"
            raise ValueError(msg)
        if not self.covers:
            msg = f"package {self.id!r} covers nothing; name one catalog key at least"
            raise ValueError(msg)
        if self.expires_on is not None and self.expires_on <= self.purchased_on:
            msg = f"package {self.id!r} expires on {self.expires_on}, not after its purchase"
            raise ValueError(msg)
        if type(self.used_before) is not int or self.used_before < 0 or self.remaining < 0:
            msg = f"package {self.id!r} of {self.units} units cannot have used {self.used}"
            raise ValueError(msg)

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

    @property
    def shares(self) -> tuple[Money, ...]:
        """The share of the price of each unit: 100.00 over 3 is 33.34, 33.33, 33.33."""
        return allocate(self.price, [1] * self.units)

    @property
    def deferred(self) -> Money:
        """What is still owed in sessions: the price less the value of units used and forfeited."""
        taken = {r.unit for r in self.redemptions} | set(range(1, self.used_before + 1))
        left = [share for n, share in enumerate(self.shares, 1) if n not in taken]
        return sum_of(left[: self.remaining], self.price.currency)

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


@attrs.frozen
class NotCovered(LedgerkitError):
    """A package does not pay for such a session."""

    package: str
    key: CatalogKey
    on: date
    code: ClassVar[str] = "not_covered"

    def __str__(self) -> str:
        return f"package {self.package!r} does not pay for {self.key} on {self.on}"


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
class NotExpired(LedgerkitError):
    """A package does not expire yet, or never."""

    package: str
    expires_on: date | None
    on: date
    code: ClassVar[str] = "not_expired"

    def __str__(self) -> str:
        when = "never" if self.expires_on is None else f"on {self.expires_on}"
        return f"package {self.package!r} expires {when}; it is {self.on}"


@attrs.frozen
class Threshold:
    """When few units are left: strictly below *percent* of those bought.

    >>> [left for left in range(11) if Threshold().is_low(left, of=10)]
    [0, 1]
    """

    percent: int = 20  # seed 000: below 0.20, told again only after it was back at 0.20

    def is_low(self, remaining: int, *, of: int) -> bool:
        """Return whether *remaining* units *of* those bought are too few; without division."""
        return remaining * 100 < self.percent * of


LOW = Threshold()
# Alert for each active package, or for all of a customer's active packages together: with
# oldest-first drawing every old package runs low although a new one is full. (spec: billing 5)
PER_PACKAGE, AGGREGATE = "package", "aggregate"


def draw_down(packages: Iterable[Package]) -> tuple[Package, ...]:
    """Return *packages* in the order in which units are taken from them.

    By priority, expiry (none last), promotional first, purchase and id. (spec: billing 5)
    """
    return tuple(
        sorted(
            packages,
            key=lambda p: (
                p.priority,
                p.expires_on is None,
                p.expires_on or p.purchased_on,
                not p.promotional,
                p.purchased_on,
                p.id,
            ),
        )
    )


@attrs.frozen
class Purchased:
    """A package and the journal of its purchase."""

    package: Package
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=(self.journal,), opens=_wallets(self.package), records=(self.package,)
        )


def _wallets(package: Package) -> tuple[Wallet, ...]:
    units = frozenset({SESSION})
    return (
        Wallet(f"customer:{package.customer}"),
        Wallet(DEFERRED),
        Wallet(OPENING),
        Wallet(package.wallet, (Limit(SESSION, floor=0),), currencies=units),
        *(Wallet(name, currencies=units) for name in (ISSUED, REDEEMED, EXPIRED_UNITS)),
    )


def _legs(*legs: tuple[str, Money]) -> tuple[Entry, ...]:
    return tuple(Entry(wallet, amount) for wallet, amount in legs if amount.minor != 0)


def _units(n: int) -> Money:
    return Money(n, SESSION)


def purchase(package: Package, *, at: datetime) -> Purchased:
    """Sell *package*: the customer owes its price, its wallet holds its units. (spec: billing 5a)

    Raises:
        ValueError: it has a history already.
    """
    if package.used or package.returned or package.forfeited:
        msg = f"package {package.id!r} was used before; import it instead of selling it"
        raise ValueError(msg)
    legs = _legs(
        (f"customer:{package.customer}", -package.price),
        (DEFERRED, package.price),
        (package.wallet, _units(package.units)),
        (ISSUED, _units(-package.units)),
    )
    journal = Journal(
        id=derive("jrn", "package.bought", package.id, on=package.purchased_on),
        kind="package.bought",
        entries=legs,
        effective_at=at,
        event=Event("package", package.id),
    )
    return Purchased(package, journal)


def bring_in(package: Package, *, at: datetime) -> Purchased:
    """Take over a part-used *package* of an existing business: what remains of it is owed.

    The deferred value comes from `equity:opening`; units used before count as issued and redeemed.
    """
    rest = package.deferred
    legs = _legs(
        (OPENING, -rest),
        (DEFERRED, rest),
        (package.wallet, _units(package.remaining)),
        (REDEEMED, _units(package.used_before)),
        (ISSUED, _units(-package.units)),
    )
    journal = Journal(
        id=derive("jrn", "package.brought_in", package.id, on=package.purchased_on),
        kind="package.brought_in",
        entries=legs,
        effective_at=at,
        event=Event("package", package.id),
    )
    return Purchased(package, journal)


@attrs.frozen
class Redeemed:
    """A package with one unit less, the journal, and the alert if it just ran low."""

    package: Package
    journal: Journal
    alert: Message | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=(self.journal,),
            opens=_wallets(self.package),
            records=(self.package,),
            messages=() if self.alert is None else (self.alert,),
        )


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
    *bonus* of incentives; the platform gets the rest. The
    journal claims the event of the session, so that it cannot be charged as well. *part* tells a
    session approved anew, after a return, from its first approval.

    Raises:
        AlreadyRedeemed, NotCovered, PackageExhausted.
        IllegalTransition: it is expired; revive it first for a session before its expiry.
    """
    if package.redemption(session) is not None:
        raise AlreadyRedeemed(package.id, session)
    if not package.pays_for(key, on):
        raise NotCovered(package.id, key, on)
    if package.remaining == 0:
        raise PackageExhausted(package.id, package.units, package.used, package.forfeited)
    PACKAGE.after(package.status, "redeem")
    taken = {r.unit for r in package.redemptions}
    unit = next(n for n in range(package.used_before + 1, package.units + 1) if n not in taken)
    value = package.shares[unit - 1]
    extra = Money(0, value.currency) if bonus is None else bonus
    payee = f"supplier:{supplier}"
    journal = Journal(
        id=derive("jrn", "session", session, part, on=on),
        kind="session.covered",
        entries=(
            *split(DEFERRED, value, (payee, pay), (payee, extra)),
            *_legs(
                (package.wallet, _units(-1)),
                (REDEEMED, _units(1)),
            ),
        ),
        effective_at=at,
        event=Event("session", session, part),
        metadata=metadata,
    )
    redemption = Redemption(
        session=session,
        unit=unit,
        value=value,
        on=on,
        pay=pay,
        bonus=extra,
        supplier=supplier,
        journal=journal.id,
    )
    after = attrs.evolve(package, redemptions=(*package.redemptions, redemption))
    alert = None
    if alerts == PER_PACKAGE:
        alert = _low_alert(package, after, session, part, threshold)
    return Redeemed(after, journal, alert)


def _low_alert(
    before: Package, after: Package, session: str, part: str, threshold: Threshold
) -> Message | None:
    # Edge-triggered without a flag: it fires when this unit takes the package below, and a return
    # that takes it back above arms it again.
    if threshold.is_low(before.remaining, of=before.units) or not threshold.is_low(
        after.remaining, of=after.units
    ):
        return None
    return low_message(after.customer, (after,), after.id, session, part)


def low_message(customer: str, packages: Sequence[Package], *cause: str) -> Message:
    """Return the notice that *packages* of *customer* run low, identified by its *cause*."""
    return Message(
        derive("msg", "low_package", *cause),
        "notice.low_package",
        customer,
        (
            ("packages", ",".join(p.id for p in packages)),
            ("remaining", str(sum(p.remaining for p in packages))),
            ("purchased", str(sum(p.units for p in packages))),
        ),
    )


@attrs.frozen
class Returned:
    """A package with a unit back, and the journal that reversed its use."""

    package: Package
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(journals=(self.journal,), records=(self.package,))


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
    payee = f"supplier:{used.supplier}"
    charged = split(DEFERRED, used.value, (payee, used.pay), (payee, used.bonus))
    journal = Journal(
        id=derive("jrn", "reversal", used.journal, on=used.on),
        kind="session.covered.reversed",
        entries=(
            *(-leg for leg in charged),
            *_legs((package.wallet, _units(1)), (REDEEMED, _units(-1))),
        ),
        effective_at=at,
        reverses=used.journal,
    )
    after = attrs.evolve(
        package,
        redemptions=tuple(r for r in package.redemptions if r is not used),
        returned=(*package.returned, session),
    )
    return Returned(after, journal)


@attrs.frozen
class Expired:
    """A package whose units are forfeited, the journal of the breakage, and the notice."""

    package: Package
    journal: Journal
    notice: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=(self.journal,),
            opens=(*_wallets(self.package), Wallet("platform")),
            records=(self.package,),
            messages=(self.notice,),
        )


def expire(package: Package, *, on: date, at: datetime) -> Expired:
    """Forfeit what remains of *package* once its last day has passed *on* a local day.

    The deferred value becomes the platform's: breakage. Post it when the period is billed, after
    the sessions that may still use a unit. (spec: billing 5, 5a)

    Raises:
        NotExpired: its expiry is later than *on*, or none is set.
        PackageExhausted: nothing is left to forfeit.
        IllegalTransition: it is expired already.
    """
    status = PACKAGE.after(package.status, "expire")
    if package.expires_on is None or on < package.expires_on:
        raise NotExpired(package.id, package.expires_on, on)
    rest, units = package.deferred, package.remaining
    if units == 0:
        raise PackageExhausted(package.id, package.units, package.used, package.forfeited)
    turn = str(package.expiries + 1)
    journal = Journal(
        id=_expiry(package.id, turn, package.expires_on),
        kind="package.expired",
        entries=_legs(
            (DEFERRED, -rest),
            ("platform", rest),
            (package.wallet, _units(-units)),
            (EXPIRED_UNITS, _units(units)),
        ),
        effective_at=at,
        event=Event("package", package.id, f"expired:{turn}"),
    )
    notice = Message(
        derive("msg", "package_expired", journal.id),
        "notice.package_expired",
        package.customer,
        (
            ("package", package.id),
            ("units", str(units)),
            ("forfeited_minor", str(rest.minor)),
            ("currency", rest.currency),
        ),
    )
    after = attrs.evolve(package, status=status, forfeited=units, expiries=package.expiries + 1)
    return Expired(after, journal, notice)


@attrs.frozen
class Revived:
    """A package with its expired units back, and the journal that took back the breakage."""

    package: Package
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(journals=(self.journal,), records=(self.package,))


def revive(package: Package, *, at: datetime) -> Revived:
    """Take back the expiry of *package*, for a session before it that was approved after it.

    The rest expires anew with the same run. (spec: billing 5a)

    Raises:
        IllegalTransition: it is not expired.
    """
    status = PACKAGE.after(package.status, "revive")
    after = attrs.evolve(package, status=status, forfeited=0)
    rest, units = after.deferred, package.forfeited
    expired = _expiry(package.id, str(package.expiries), package.expires_on)
    journal = Journal(
        id=derive("jrn", "reversal", expired, on=package.expires_on),
        kind="package.expired.reversed",
        entries=_legs(
            (DEFERRED, rest),
            ("platform", -rest),
            (package.wallet, _units(units)),
            (EXPIRED_UNITS, _units(-units)),
        ),
        effective_at=at,
        reverses=expired,
    )
    return Revived(after, journal)


def _expiry(package: str, turn: str, on: date | None) -> str:
    return derive("jrn", "package.expired", package, turn, on=on)
