"""Work and completion: what was done for whom by whom with what, and what that came to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction

import attrs

from ledgerkit.domain.ledger import Entry, Event, address
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Exact, Money, exact, is_code, sum_of
from ledgerkit.domain.periods import instant, local_date, plain_date
from ledgerkit.domain.pricing import Rated
from ledgerkit.domain.rate_cards import CardRate
from ledgerkit.domain.rentals import RentalTerms
from ledgerkit.domain.splits import split

CUSTOMER, SUPPLIER, OWNER = "customer", "supplier", "owner"
PARTIES = (CUSTOMER, SUPPLIER, OWNER)


@attrs.frozen
class WorkQuantity:
    """How much of a kind of work was done.

    Attributes:
        kind: Such as `flight` or `ground`.
        quantity: Hours, or whatever the kind is counted in; exact, not below zero.
    """

    kind: str
    quantity: Fraction

    def __attrs_post_init__(self) -> None:
        name_of("kind of work", self.kind)
        if type(self.quantity) is not Fraction:
            msg = f"the quantity of {self.kind!r} must be a Fraction (got {self.quantity!r})"
            raise TypeError(msg)
        if self.quantity < 0:
            msg = f"the quantity of {self.kind!r} must not be negative (got {self.quantity})"
            raise ValueError(msg)


def quantities_of(done: Mapping[str, Exact]) -> tuple[WorkQuantity, ...]:
    """Return how much was *done* by kind, as exact quantities sorted by kind.

    >>> from decimal import Decimal
    >>> [str(each.quantity) for each in quantities_of({"ground": 1, "flight": Decimal("1.5")})]
    ['3/2', '1']
    """
    return tuple(WorkQuantity(kind, exact(done[kind], kind)) for kind in sorted(done))


def written(quantities: tuple[WorkQuantity, ...]) -> str:
    """Return *quantities* as text that requests are compared by.

    >>> written(quantities_of({"ground": 1, "flight": Fraction(3, 2)}))
    'flight 3/2, ground 1'
    """
    return ", ".join(f"{each.kind} {each.quantity}" for each in quantities)


def checked_quantities(of: str, quantities: object) -> None:
    """Raise unless *quantities* of work *of* are a tuple, by kind, each kind once."""
    if type(quantities) is not tuple or not all(type(q) is WorkQuantity for q in quantities):
        msg = f"quantities of {of!r} must be a tuple of WorkQuantity (got {quantities!r})"
        raise TypeError(msg)
    kinds = [each.kind for each in quantities]
    if not kinds or kinds != sorted(set(kinds)):
        msg = f"quantities of {of!r} are sorted, each kind once, one at least (got {kinds})"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Work:
    """What was done, as the host tells it.

    Attributes:
        id: Unique among completions, such as the id of the flight; it names the event.
        type: What it was, such as `flight`: the type of the event that books it.
        customer: The id of the party who pays.
        supplier: The id of the party who did it, or None, as in a solo flight.
        equipment: The id of what was used, or None.
        quantities: How much of each kind, sorted by kind, one at least.
        completed_at: When it was over, a UTC instant: its journal counts from then.
        zone: The IANA time zone of its day, which decides which rates hold.
    """

    id: str
    type: str
    customer: str
    supplier: str | None = None
    equipment: str | None = None
    quantities: tuple[WorkQuantity, ...]
    completed_at: datetime = attrs.field(converter=instant)
    zone: str

    def __attrs_post_init__(self) -> None:
        Event(self.type, self.id)  # refuses what cannot be claimed
        address(CUSTOMER, name_of("customer", self.customer))
        if self.supplier is not None:
            address(SUPPLIER, name_of("supplier", self.supplier))
        if self.equipment is not None:
            name_of("equipment", self.equipment)
        checked_quantities(self.id, self.quantities)
        local_date(self.completed_at, self.zone)  # an unknown zone is refused here

    @property
    def event(self) -> Event:
        """The fact that a journal claims when it books the work."""
        return Event(self.type, self.id)

    @property
    def completed_on(self) -> date:
        """The local day on which it was over: whose rates hold."""
        return local_date(self.completed_at, self.zone)

    @property
    def done(self) -> Mapping[str, Fraction]:
        """How much was done, by kind."""
        return {each.kind: each.quantity for each in self.quantities}


@attrs.frozen(kw_only=True)
class CompletionLine:
    """What one party is charged or earns for one thing.

    Attributes:
        party: `customer` (is charged), `supplier` or `owner` (earns).
        item: The kind of work or the equipment, in words that are not translated.
        rated: What it comes to, rounded once, and why; not below zero.
    """

    party: str
    item: str
    rated: Rated

    def __attrs_post_init__(self) -> None:
        if self.party not in PARTIES:
            msg = f"a line is of customer, supplier or owner (got {self.party!r})"
            raise ValueError(msg)
        name_of("item of a line", self.item)
        if type(self.rated) is not Rated:
            msg = f"a line of a completion is Rated (got {self.rated!r})"
            raise TypeError(msg)
        if self.rated.amount.minor < 0:
            msg = f"a line of a completion is not below zero (got {self.rated.amount})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Completion(Work):
    """Work, and what it came to.

    Attributes:
        card: The id of the rate card that priced it.
        currency: The currency of every line.
        on: The local day whose rates hold; a later change of the zone's rules does not move it.
        rates: The versions on rate cards that priced it; a correction prices by them again.
        terms: The terms of the equipment that priced it, or None.
        lines: What each party is charged or earns.
        journal: The id of the journal that charged it, or None: it came to nothing.
        part: How often it was adjusted.
    """

    card: str
    currency: str
    on: date
    rates: tuple[CardRate, ...] = ()
    terms: RentalTerms | None = None
    lines: tuple[CompletionLine, ...]
    journal: str | None = None
    part: int = 0

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        name_of("rate card of a completion", self.card)
        plain_date("day of a completion", self.on)
        if type(self.currency) is not str or not is_code(self.currency):
            msg = f"completion {self.id!r} needs the code of a currency (got {self.currency!r})"
            raise ValueError(msg)
        for field, kind in (("rates", CardRate), ("lines", CompletionLine)):
            value = getattr(self, field)
            if type(value) is not tuple or not all(type(each) is kind for each in value):
                msg = f"{field} of {self.id!r} must be a tuple of {kind.__name__} (got {value!r})"
                raise TypeError(msg)
        if (self.terms is None) != (self.equipment is None):
            msg = f"completion {self.id!r} has terms if it used equipment, only"
            raise ValueError(msg)
        self._check_earners()
        if self.journal is not None:
            name_of("journal of a completion", self.journal)
        if type(self.part) is not int or self.part < 0:
            msg = f"part of completion {self.id!r} counts from 0 (got {self.part!r})"
            raise ValueError(msg)

    def _check_earners(self) -> None:
        for line in self.lines:
            if line.rated.amount.currency != self.currency:
                msg = f"completion {self.id!r} is in {self.currency}; a line of it is not"
                raise ValueError(msg)
            if self.wallet(line.party) is None:
                msg = f"completion {self.id!r} has no {line.party} to earn {line.item!r}"
                raise ValueError(msg)

    @property
    def owner(self) -> str | None:
        """The id of the equipment's owner; None: it has none but the business."""
        return None if self.terms is None else self.terms.policy.owner

    def wallet(self, party: str) -> str | None:
        """Return the wallet of `customer`, `supplier` or `owner`; None: there is no such party."""
        id = {CUSTOMER: self.customer, SUPPLIER: self.supplier, OWNER: self.owner}[party]
        return None if id is None else address(party, id)

    def total(self, party: str) -> Money:
        """Return what `customer` is charged, or what `supplier` or `owner` earns."""
        amounts = (line.rated.amount for line in self.lines if line.party == party)
        return sum_of(amounts, self.currency)

    @property
    def charge(self) -> Money:
        """What the customer is charged."""
        return self.total(CUSTOMER)

    @property
    def payouts(self) -> Money:
        """What supplier and owner earn together."""
        return self.total(SUPPLIER) + self.total(OWNER)

    @property
    def margin(self) -> Money:
        """What the business keeps: charge - payouts, below zero where it loses."""
        return self.charge - self.payouts

    @property
    def legs(self) -> tuple[Entry, ...]:
        """What it does to each wallet, corrections included; none where it comes to nothing."""
        earners = (
            (wallet, self.total(party))
            for party in (SUPPLIER, OWNER)
            if (wallet := self.wallet(party)) is not None
        )
        return split(address(CUSTOMER, self.customer), self.charge, *earners)
