"""Grant: the record of credit paid or given in advance, and how its use is counted and valued."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants.history import Draw, Forfeit, Return, check_above_zero
from ledgerkit.domain.ledger import address
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import ISO, Money, sum_of
from ledgerkit.domain.periods import plain_date

CREDIT = "liability:credit"  # below it one wallet a grant, so that its prefix is all that is owed

ACTIVE = "active"
DEPLETED = "depleted"
EXPIRED = "expired"
REVOKED = "revoked"
GRANT = Lifecycle(
    "grant",
    ACTIVE,
    {
        (ACTIVE, "draw"): ACTIVE,
        (ACTIVE, "use_up"): DEPLETED,
        (ACTIVE, "give_back"): ACTIVE,
        (DEPLETED, "give_back"): ACTIVE,
        (ACTIVE, "roll_over"): ACTIVE,
        (ACTIVE, "expire"): EXPIRED,
        # Usage of a day before the expiry that came late takes its credit back. (spec: billing 5)
        (EXPIRED, "revive"): ACTIVE,
        (ACTIVE, "revoke"): REVOKED,
    },
)


@attrs.frozen(kw_only=True)
class Grant:
    """Credit that a customer bought, or was given, in money or in units.

    A code of ISO 4217 is money, any other one a unit of the host's. Money is bought at par: 100.00
    of credit for 90.00 is a grant of 90.00 that is bought and one of 10.00 that is given, because
    they expire and go back to different pockets.

    Attributes:
        id: Unique among grants; part of a wallet address.
        customer: The id of the party who may use it.
        amount: How much was granted, above zero, in money or units.
        price: What was paid, above zero; None: it was given. For money it is the amount.
        granted_on: The first local day whose usage it pays for.
        expires_on: The first local day whose usage it does not pay for any more, or None.
        covers: The kinds of lines it pays for; empty: all of them.
        priority: Lower numbers are drawn first.
        draws: What was drawn, in that order.
        returns: What came back of the draws, in that order.
        forfeits: What expired; the last one is taken back by a revival.
        expiries: How often something expired, revivals not taken off.
        told: The day of expiry that the customer was told is near, or None.
        status: `active`, `depleted`, `expired` or `revoked`.
    """

    id: str
    customer: str
    amount: Money
    price: Money | None = None
    granted_on: date
    expires_on: date | None = None
    covers: tuple[str, ...] = ()
    priority: int = 0
    draws: tuple[Draw, ...] = ()
    returns: tuple[Return, ...] = ()
    forfeits: tuple[Forfeit, ...] = ()
    expiries: int = 0
    told: date | None = None
    status: str = ACTIVE

    def __attrs_post_init__(self) -> None:
        self._check_types()
        address("liability", "credit", self.id)
        address("customer", self.customer)
        check_above_zero(f"grant {self.id!r}", self.amount)
        if self.price is not None:
            check_above_zero(f"the price of grant {self.id!r}", self.price)
        if self.price not in (None, self.amount) and not self.in_units:
            msg = (
                f"grant {self.id!r} of {self.amount} is money, bought at par and not for "
                f"{self.price}; give the difference as a grant of its own"
            )
            raise ValueError(msg)
        if self.price is not None and self.price.currency not in ISO.exponents:
            msg = f"grant {self.id!r} is paid for in money (got {self.price})"
            raise ValueError(msg)
        if self.expires_on is not None and self.expires_on <= self.granted_on:
            msg = f"grant {self.id!r} expires on {self.expires_on}, not after it is granted"
            raise ValueError(msg)
        self._check_history()

    def _check_types(self) -> None:
        for field in ("id", "customer"):
            name_of(f"grant {field}", getattr(self, field))
        for field in ("priority", "expiries"):
            if type(getattr(self, field)) is not int:
                msg = f"{field} of grant {self.id!r} must be a whole number"
                raise TypeError(msg)
        parts = {"covers": str, "draws": Draw, "returns": Return, "forfeits": Forfeit}
        for field, kind in parts.items():
            value = getattr(self, field)
            if type(value) is not tuple or any(type(each) is not kind for each in value):
                msg = f"{field} of grant {self.id!r} must be a tuple of {kind.__name__}"
                raise TypeError(msg)
        plain_date("granted_on", self.granted_on)
        for field in ("expires_on", "told"):
            if getattr(self, field) is not None:
                plain_date(field, getattr(self, field))

    def _check_history(self) -> None:
        left = {draw.journal: draw.amount for draw in self.draws}
        if len(left) < len(self.draws):
            msg = f"grant {self.id!r} has a draw twice"
            raise ValueError(msg)
        for back in self.returns:
            if back.draw not in left or back.amount > left[back.draw]:
                msg = f"grant {self.id!r} got back more of {back.draw!r} than was drawn"
                raise ValueError(msg)
            left[back.draw] -= back.amount
        rest = self.amount - sum_of(left.values(), self.amount.currency) - self.expired
        if self.deferred.minor < 0:
            msg = f"grant {self.id!r} used more than its price, {self.paid}"
            raise ValueError(msg)
        fits = {
            ACTIVE: rest.minor > 0,
            DEPLETED: rest.minor == 0,
            EXPIRED: rest.minor == 0 and self.forfeits != () and self.expires_on is not None,
            REVOKED: rest.minor > 0,
        }
        if self.expiries < len(self.forfeits) or not fits.get(self.status, False):
            msg = (
                f"grant {self.id!r} is {self.status!r} with {rest} left after {len(self.draws)} "
                f"draws and {len(self.forfeits)} of {self.expiries} expiries"
            )
            raise ValueError(msg)

    @property
    def wallet(self) -> str:
        """The address of the wallet that holds what is left of it."""
        return f"{CREDIT}:{self.id}"

    @property
    def in_units(self) -> bool:
        """Whether it is counted in units and not in money."""
        return self.amount.currency not in ISO.exponents

    @property
    def promotional(self) -> bool:
        """Whether it was given and not bought."""
        return self.price is None

    @property
    def paid(self) -> Money:
        """What was paid for it; zero of its own currency or unit if it was given."""
        return Money.zero(self.amount.currency) if self.price is None else self.price

    @property
    def drawn(self) -> Money:
        """What was drawn, returns not taken off."""
        return sum_of((draw.amount for draw in self.draws), self.amount.currency)

    @property
    def returned(self) -> Money:
        """What came back."""
        return sum_of((back.amount for back in self.returns), self.amount.currency)

    @property
    def expired(self) -> Money:
        """What was forfeited and not taken back."""
        return sum_of((each.amount for each in self.forfeits), self.amount.currency)

    @property
    def _rest(self) -> Money:
        return self.amount - self.drawn + self.returned - self.expired

    @property
    def revoked(self) -> Money:
        """What was taken away when it was revoked."""
        return self._rest if self.status == REVOKED else Money.zero(self.amount.currency)

    @property
    def remaining(self) -> Money:
        """What is left to draw."""
        return self._rest - self.revoked

    @property
    def deferred(self) -> Money:
        """The part of the price that is still owed in usage."""
        currency = self.paid.currency
        if self.status == REVOKED:
            return Money.zero(currency)
        used = sum_of((draw.value for draw in self.draws), currency)
        lost = sum_of((each.value for each in self.forfeits), currency)
        return self.paid - used - lost + sum_of((back.value for back in self.returns), currency)

    @property
    def spendable(self) -> Money:
        """What usage of its days may take: what is left, and what the last expiry took from it.

        Usage of a day before the expiry that comes late revives the grant. (spec: billing 5)
        """
        return self.forfeits[-1].amount if self.status == EXPIRED else self.remaining

    def left_of(self, draw: Draw) -> Money:
        """Return what of *draw* did not come back."""
        backs = (back.amount for back in self.returns if back.draw == draw.journal)
        return draw.amount - sum_of(backs, self.amount.currency)

    def value_left_of(self, draw: Draw) -> Money:
        """Return what of the value of *draw* did not come back."""
        backs = (back.value for back in self.returns if back.draw == draw.journal)
        return draw.value - sum_of(backs, draw.value.currency)

    def drawn_for(self, source: str) -> Money:
        """Return what was drawn for the line *source* and did not come back."""
        kept = (self.left_of(draw) for draw in self.draws if draw.source == source)
        return sum_of(kept, self.amount.currency)

    def pays_for(self, kind: str, on: date) -> bool:
        """Return whether a line of *kind* for usage of the local day *on* may draw, if any is left.

        The day of the usage counts, not the day of the asking: a grant that expired since still
        pays for usage before. (spec: billing 5)
        """
        return (
            (not self.covers or kind in self.covers)
            and self.granted_on <= on
            and (self.expires_on is None or on < self.expires_on)
        )


@attrs.frozen
class NotPaidFor(LedgerkitError):
    """A grant does not pay for such a line."""

    grant: str
    claim: str
    kind: str
    on: date
    code: ClassVar[str] = "not_paid_for"

    def __str__(self) -> str:
        return (
            f"grant {self.grant!r} does not pay for {self.claim!r}, kind {self.kind!r}, of "
            f"{self.on}; use one that covers it on that day, or charge the line"
        )


@attrs.frozen
class CreditExhausted(LedgerkitError):
    """A grant has less left than is asked of it."""

    grant: str
    remaining: Money
    asked: Money
    code: ClassVar[str] = "credit_exhausted"

    def __str__(self) -> str:
        return (
            f"grant {self.grant!r} has {self.remaining} left and {self.asked} is asked; draw less, "
            "or charge the line"
        )


def draw_down(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return *grants* in the order in which they are drawn.

    By priority, expiry (none last), promotional first, day of granting and id. (spec: billing 5)
    """
    return tuple(
        sorted(
            grants,
            key=lambda g: (
                g.priority,
                g.expires_on or date.max,
                not g.promotional,
                g.granted_on,
                g.id,
            ),
        )
    )


def payers(grants: Iterable[Grant], *, kind: str, on: date) -> tuple[Grant, ...]:
    """Return those of *grants* that pay for a line of *kind* of the local day *on*, first first."""
    return draw_down(grant for grant in grants if grant.pays_for(kind, on))
