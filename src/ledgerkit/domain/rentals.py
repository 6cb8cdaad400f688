"""Rental: equipment that is used in a completion, such as an aircraft, and who gets what it costs.

Equipment is owned by the business, leased, somebody else's, or in the price of a bundle. Its
owner is a party of the split with the wallet `owner:<id>`. Terms hold from a day on, and a change
adds a version. (seed 002, phase 6; spec: billing 4, 9)
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.catalog import PriceInPast
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import address
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Exact, Rate, allocate
from ledgerkit.domain.periods import Timeline, plain_date
from ledgerkit.domain.pricing import Rated, rated
from ledgerkit.domain.rate_cards import rate_of, times

OWNER, SUPPLIER, PLATFORM = "owner", "supplier", "platform"
EARNERS = (OWNER, SUPPLIER, PLATFORM)

RentedItem: TypeAlias = tuple[str, Rated]
"""What is charged or earned for, in words that are not translated, and what it comes to."""


@attrs.frozen(kw_only=True)
class Rented:
    """What the use of equipment comes to; the business keeps what the earners leave.

    Attributes:
        charges: What the customer is charged.
        owner: What the owner earns.
        supplier: What the supplier earns of a bundle, in place of rates on a card.
    """

    charges: tuple[RentedItem, ...]
    owner: tuple[RentedItem, ...] = ()
    supplier: tuple[RentedItem, ...] = ()


@attrs.frozen
class Owned:
    """Equipment of the business: the rent is its own. 120.00 -> platform +120.00"""

    rate: Rate
    kind: ClassVar[str] = "owned"
    owner: ClassVar[str | None] = None  # nobody else

    def __attrs_post_init__(self) -> None:
        rate_of("the rent", self.rate)

    def rent(self, equipment: str, quantity: Exact) -> Rented:
        """Return what *quantity* units of *equipment* come to."""
        return Rented(charges=((equipment, times(self.rate, quantity, trace=_rule(self))),))


@attrs.frozen(kw_only=True)
class Leased:
    """Equipment that is rented out dearer than it is leased: cost to the owner, rest kept.

    Rented for 120.00 at a cost of 90.00 -> owner +90.00, platform +30.00. A rent below the cost is
    the loss of the business.

    Attributes:
        rate: What a unit costs the customer.
        cost: What it earns the owner.
        owner: The id of the owner.
    """

    rate: Rate
    cost: Rate
    owner: str
    kind: ClassVar[str] = "leased"

    def __attrs_post_init__(self) -> None:
        rate_of("the rent", self.rate)
        rate_of("the cost of a lease", self.cost)
        _one_currency(self.rate, self.cost)
        address(OWNER, self.owner)

    def rent(self, equipment: str, quantity: Exact) -> Rented:
        """Return what *quantity* units of *equipment* come to."""
        return Rented(
            charges=((equipment, times(self.rate, quantity, trace=_rule(self))),),
            owner=((equipment, times(self.cost, quantity, trace=_rule(self, "cost"))),),
        )


@attrs.frozen(kw_only=True)
class ThirdParty:
    """Equipment of somebody else: the whole rent is passed on, and a convenience fee is added.

    120.00 and 5 % -> customer -126.00, owner +120.00, platform +6.00.

    Attributes:
        rate: What a unit costs the customer and earns the owner.
        fee: The share of the exact rent that is added, such as 1/20; not rounded itself.
        owner: The id of the owner.
    """

    rate: Rate
    fee: Fraction
    owner: str
    kind: ClassVar[str] = "third_party"

    def __attrs_post_init__(self) -> None:
        rate_of("the rent", self.rate)
        if type(self.fee) is not Fraction:
            msg = f"a convenience fee must be a Fraction of the rent (got {self.fee!r})"
            raise TypeError(msg)
        if self.fee < 0:
            msg = f"a convenience fee must not be negative (got {self.fee})"
            raise ValueError(msg)
        address(OWNER, self.owner)

    def rent(self, equipment: str, quantity: Exact) -> Rented:
        """Return what *quantity* units of *equipment* come to."""
        whole = times(self.rate, quantity, trace=_rule(self))
        fee = rated(
            whole.unrounded * self.fee,
            self.rate.currency,
            quantity=whole.quantity,
            trace=(*_rule(self, "convenience fee"), ("factor", str(self.fee))),
        )
        return Rented(
            charges=((equipment, whole), (f"{equipment} convenience fee", fee)),
            owner=((equipment, whole),),
        )


@attrs.frozen
class BundleShare:
    """A part of a bundle.

    Attributes:
        name: What it is, such as `fuel`.
        weight: Its weight among the others, exact.
        to: Who earns it: `platform`, `supplier` or `owner`.
    """

    name: str
    weight: Fraction
    to: str = PLATFORM

    def __attrs_post_init__(self) -> None:
        name_of("share of a bundle", self.name)
        if type(self.weight) is not Fraction:
            msg = f"the weight of {self.name!r} must be a Fraction (got {self.weight!r})"
            raise TypeError(msg)
        if self.to not in EARNERS:
            msg = f"{self.name!r} is earned by owner, supplier or platform (got {self.to!r})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Bundled:
    """One price for equipment, instruction and fuel, shared out by weights.

    The price is rounded once and then allocated, so that the shares are the price. A share that
    goes to the supplier is paid instead of what a rate card pays for the kinds that are included;
    without one, the card's pay comes out of what the business keeps.

    Attributes:
        rate: What a unit costs the customer, all included.
        shares: What it is made of, one share at least; their weights are relative.
        includes: The kinds of work that are not charged beside it, sorted.
        owner: The id of the owner, if a share goes there, or None.
    """

    rate: Rate
    shares: tuple[BundleShare, ...]
    includes: tuple[str, ...] = ()
    owner: str | None = None
    kind: ClassVar[str] = "bundled"

    def __attrs_post_init__(self) -> None:
        rate_of("the price of a bundle", self.rate)
        if type(self.shares) is not tuple or not all(type(s) is BundleShare for s in self.shares):
            msg = f"shares must be a tuple of BundleShare (got {self.shares!r})"
            raise TypeError(msg)
        names = [share.name for share in self.shares]
        if len(set(names)) < len(names):
            msg = f"a bundle has each share once (got {', '.join(names)})"
            raise ValueError(msg)
        if type(self.includes) is not tuple:
            msg = f"includes must be a tuple of kinds of work (got {self.includes!r})"
            raise TypeError(msg)
        for kind in self.includes:
            name_of("kind of work in a bundle", kind)
        if list(self.includes) != sorted(set(self.includes)):
            msg = f"a bundle includes kinds in order, each once (got {', '.join(self.includes)})"
            raise ValueError(msg)
        if (self.owner is None) == any(share.to == OWNER for share in self.shares):
            msg = f"a bundle names its owner if a share goes there, only (got {self.owner!r})"
            raise ValueError(msg)
        if self.owner is not None:
            address(OWNER, self.owner)
        self.rent("a bundle", 1)  # weights that share nothing out are refused here, not at billing

    @property
    def pays_supplier(self) -> bool:
        """Whether a share goes to the supplier."""
        return any(share.to == SUPPLIER for share in self.shares)

    def rent(self, equipment: str, quantity: Exact) -> Rented:
        """Return what *quantity* units of *equipment* come to, share by share."""
        price = times(self.rate, quantity, trace=())
        weights = [share.weight for share in self.shares]
        parts = allocate(price.amount, weights)
        whole = sum(weights, Fraction(0))
        items: list[tuple[str, RentedItem]] = []
        for share, part in zip(self.shares, parts, strict=True):
            factor = Fraction(share.weight, whole)
            exactly = price.amount.minor * factor
            trace = (
                *_rule(self, f"share of {equipment}"),
                ("unit_price", str(self.rate.per)),
                ("quantity", str(price.quantity)),
                ("price", str(price.amount.minor)),
                ("factor", str(factor)),
                ("unrounded", str(exactly)),
                ("rounding", "largest_remainder"),
                ("rounded", str(part.minor)),
            )
            shared = Rated(amount=part, unrounded=exactly, quantity=price.quantity, trace=trace)
            items.append((share.to, (share.name, shared)))
        return Rented(
            charges=tuple(item for _, item in items),
            owner=tuple(item for to, item in items if to == OWNER),
            supplier=tuple(item for to, item in items if to == SUPPLIER),
        )


RentalPolicy: TypeAlias = Owned | Leased | ThirdParty | Bundled
POLICIES: tuple[type[RentalPolicy], ...] = (Owned, Leased, ThirdParty, Bundled)


def _rule(policy: RentalPolicy, what: str = "rent") -> tuple[tuple[str, str], ...]:
    return (("rule", f"{policy.kind} {what}"),)


def _one_currency(rate: Rate, cost: Rate) -> None:
    if rate.currency != cost.currency:
        msg = f"rent and cost must be in one currency (got {rate.currency}, {cost.currency})"
        raise ValueError(msg)


@attrs.frozen
class RentalTerms:
    """One version of the terms.

    Attributes:
        policy: What it costs, and who gets that.
        counts: The kind of work whose quantity is rented, such as `flight`.
        valid_from: The first local day on which they hold, until a later version.
    """

    policy: RentalPolicy
    counts: str
    valid_from: date

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.policy, POLICIES):
            msg = f"terms need a policy of rentals (got {self.policy!r})"
            raise TypeError(msg)
        name_of("kind of work that is counted", self.counts)
        plain_date("valid_from", self.valid_from)


@attrs.frozen
class NoRental(LedgerkitError):
    """Equipment without terms on a day. (spec: billing C-10)"""

    equipment: str
    on: date
    code: ClassVar[str] = "no_rental"

    def __str__(self) -> str:
        return f"no rental terms for {self.equipment!r} on {self.on}; add some"


@attrs.frozen
class Rental:
    """All versions of the terms of one piece of equipment, whose id is its own.

    Raises:
        TypeError: *terms* is no tuple of RentalTerms.
        ValueError: two versions begin on one day.
    """

    id: str
    terms: tuple[RentalTerms, ...] = ()
    _timeline: Timeline[str, RentalTerms] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        name_of("equipment", self.id)
        if type(self.terms) is not tuple or not all(type(t) is RentalTerms for t in self.terms):
            msg = f"terms must be a tuple of RentalTerms (got {self.terms!r})"
            raise TypeError(msg)
        timeline = Timeline.of(
            ((self.id, each) for each in self.terms), named=lambda id: f"the terms of {id!r}"
        )
        object.__setattr__(self, "_timeline", timeline)  # frozen, and derived from the terms

    def terms_on(self, on: date) -> RentalTerms:
        """Return the version that holds on the local day *on*.

        Raises:
            NoRental: there is none; never a rent of zero.
        """
        found = self._timeline.on(self.id, on)
        if found is None:
            raise NoRental(self.id, on)
        return found

    @property
    def versions(self) -> tuple[RentalTerms, ...]:
        """Every version, oldest first."""
        return self._timeline.versions(self.id)

    def earliest_change(self, *, on: date) -> date:
        """Return the first day on which terms decided *on* a day may begin."""
        return self._timeline.earliest_change(self.id, on=on)


@attrs.frozen
class TermsChanged:
    """The rental after a change, with the version before (None: the first) and the new one."""

    rental: Rental
    old: RentalTerms | None
    new: RentalTerms

    @property
    def effects(self) -> Effects:
        """What to store: the rental as a new version, beside who, when and why."""
        return Effects(records=(self.rental,))


def change_terms(rental: Rental, terms: RentalTerms, *, on: date) -> TermsChanged:
    """Add *terms* as a new version; decided *on* a day, they may begin that day at the earliest.

    Who changed them, when and why stands in the history of the rental. (seed 002)

    Raises:
        PriceInPast: they begin before *on*, or not after the newest version.
    """
    earliest = rental.earliest_change(on=on)
    if terms.valid_from < earliest:
        raise PriceInPast(rental.id, terms.valid_from, earliest)
    old = (None, *rental.versions)[-1]
    return TermsChanged(attrs.evolve(rental, terms=(*rental.terms, terms)), old, terms)
