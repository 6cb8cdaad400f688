"""Credit limit: how far below zero a customer's wallet may go in one currency, and its bands.

Whoever sets one sets the floor of the wallet in the same commit. (spec: billing 9, ledger 2)
"""

from __future__ import annotations

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Wallet, address
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money

OK, WARNING, URGENT, EXCEEDED = "ok", "warning", "urgent", "exceeded"
LEVELS = (OK, WARNING, URGENT, EXCEEDED)  # the better first


@attrs.frozen
class Bands:
    """From how many percent of a limit on an exposure is a warning, and urgent. (seed 002)

    Attributes:
        warning: Percent, 1 to 100.
        urgent: Percent, not below *warning*.

    >>> Bands().of(Money(40_000, "USD"), Money(50_000, "USD"))
    'warning'
    """

    warning: int = 80
    urgent: int = 95

    def __attrs_post_init__(self) -> None:
        if not type(self.warning) is type(self.urgent) is int:
            msg = f"bands begin at whole percents (got {self.warning!r}, {self.urgent!r})"
            raise TypeError(msg)
        if not 1 <= self.warning <= self.urgent <= 100:  # noqa: PLR2004 - percent
            msg = (
                f"bands begin at 1 <= warning <= urgent <= 100 (got {self.warning}, {self.urgent})"
            )
            raise ValueError(msg)

    def of(self, exposure: Money, limit: Money) -> str:
        """Return the band of *exposure* under *limit*: whole numbers only, nothing is rounded.

        No exposure is always `ok`, also of a limit of zero; only more than the limit is `exceeded`.
        """
        if exposure > limit:
            return EXCEEDED
        reached = 100 * exposure.minor
        if exposure.minor > 0 and reached >= self.urgent * limit.minor:
            return URGENT
        if exposure.minor > 0 and reached >= self.warning * limit.minor:
            return WARNING
        return OK


BANDS = Bands()


def at_least(band: str, other: str) -> bool:
    """Return whether *band* is as bad as *other*, or worse.

    >>> at_least("urgent", "warning"), at_least("ok", "warning")
    (True, False)
    """
    return LEVELS.index(band) >= LEVELS.index(other)


@attrs.frozen(kw_only=True)
class CreditLimit:
    """How far below zero a customer's wallet may go; who set it and when stands in its history.

    Attributes:
        id: See `limit_id`.
        customer: The id of the party.
        amount: The limit, zero or more: zero means prepaid.
        charge_at: The band from which on the customer is charged without being asked: `warning`,
            `urgent` or `exceeded`; None where it is not.
        charge_target: The exposure that such a charge leaves, or None for none.

    Raises:
        TypeError, ValueError: a field is of another type, or cannot be.
    """

    id: str
    customer: str
    amount: Money
    charge_at: str | None = None
    charge_target: Money | None = None

    def __attrs_post_init__(self) -> None:
        name_of("credit limit id", self.id)
        name_of("customer", self.customer)
        _not_below_zero(f"the credit limit of {self.customer!r}", self.amount)
        if self.charge_at is not None and self.charge_at not in LEVELS[1:]:
            msg = f"charge_at is {' or '.join(LEVELS[1:])}, or None (got {self.charge_at!r})"
            raise ValueError(msg)
        if self.charge_target is None:
            return
        _not_below_zero(f"the charge target of {self.customer!r}", self.charge_target)
        if self.charge_at is None or not self.charge_target <= self.amount:
            msg = (
                f"the charge target of {self.customer!r} is at most the limit {self.amount} and "
                f"needs charge_at (got {self.charge_target}, {self.charge_at!r})"
            )
            raise ValueError(msg)

    @property
    def wallet(self) -> str:
        """The address of the wallet it limits."""
        return address("customer", self.customer)

    @property
    def currency(self) -> str:
        """The currency it is in; it says nothing of others."""
        return self.amount.currency

    @property
    def target(self) -> Money:
        """The exposure that an automatic charge leaves."""
        return Money.zero(self.currency) if self.charge_target is None else self.charge_target


def _not_below_zero(what: str, amount: object) -> None:
    if type(amount) is not Money:
        msg = f"{what} must be Money (got {amount!r})"
        raise TypeError(msg)
    if amount.minor < 0:
        msg = f"{what} is zero or more: how far below zero the wallet may go (got {amount})"
        raise ValueError(msg)


def limit_id(customer: str, currency: str) -> str:
    """Return the id of the credit limit of *customer* in *currency*."""
    return derive("lim", customer, currency)


@attrs.frozen(kw_only=True)
class Check:
    """Whether a customer may be charged so much more, and why: see `check`.

    Attributes:
        allowed: Whether the exposure stays within the limit; the store judges the same way.
        band: `ok`, `warning`, `urgent` or `exceeded`, of the exposure with what is proposed.
        customer: The id of the party.
        proposed: What would be charged.
        exposure: How far below zero the wallet would be, holds counted.
        limit: How far it may be, or None where no limit was set.
        available: What may still be charged now, below zero where the limit is exceeded already;
            None where no limit was set.
    """

    allowed: bool
    band: str
    customer: str
    proposed: Money
    exposure: Money
    limit: Money | None
    available: Money | None

    @property
    def sentence(self) -> str:
        """All of it in words."""
        what = f"{self.proposed} more takes {self.customer} to an exposure of {self.exposure}"
        if self.limit is None:
            return f"{what}; no limit is set, so it is allowed"
        verdict = "allowed" if self.allowed else "blocked"
        return (
            f"{what} of a limit of {self.limit} ({self.band}), so it is {verdict}; "
            f"{self.available} is available"
        )

    @property
    def blocked_reason(self) -> str | None:
        """Why it is not allowed, or None where it is."""
        return None if self.allowed else self.sentence


@attrs.frozen
class Floors:
    """The currencies in which a customer has a credit limit.

    One policy of the wallet holds the floors of all of them, and has no version: whoever sets one
    stores this anew, so that of two at once, in whatever currencies, one decides again.

    Attributes:
        id: The address of the wallet.
        customer: The id of the party.
        currencies: Those with a floor, sorted.
    """

    id: str
    customer: str
    currencies: tuple[str, ...]

    def __attrs_post_init__(self) -> None:
        name_of("customer", self.customer)
        if self.id != address("customer", self.customer):
            msg = f"the floors of {self.customer!r} are of their own wallet (got {self.id!r})"
            raise ValueError(msg)
        if type(self.currencies) is not tuple or list(self.currencies) != sorted(
            set(self.currencies)
        ):
            msg = f"currencies are a tuple, sorted, each once (got {self.currencies!r})"
            raise ValueError(msg)


@attrs.frozen
class LimitSet:
    """A limit that was set, and the wallet with the floor that enforces it."""

    limit: CreditLimit
    wallet: Wallet

    @property
    def floors(self) -> Floors:
        """In which currencies the customer has a limit now."""
        limited = (each.currency for each in self.wallet.limits if each.floor is not None)
        return Floors(self.wallet.id, self.limit.customer, tuple(sorted(limited)))

    @property
    def effects(self) -> Effects:
        """What to store: the record and the floor together; the wallet is opened if it is not."""
        records = (self.limit, self.floors)
        return Effects(opens=(self.wallet,), policies=(self.wallet,), records=records)


def set_limit(
    customer: str,
    amount: Money,
    *,
    wallet: Wallet | None = None,
    charge_at: str | None = None,
    charge_target: Money | None = None,
) -> LimitSet:
    """Let *customer* owe up to *amount*; *wallet* is its policy as it is, None if not opened.

    A limit below what is owed already is fine: payments pass, and nothing new is charged until the
    exposure is within it. Other currencies, the ceiling and the status of the wallet stay.
    (spec: billing 9, ledger 3)

    Raises:
        TypeError, ValueError: the amount is below zero, or *wallet* is somebody else's.

    >>> set_limit("ana", Money(50_000, "USD")).wallet.limit("USD").floor
    -50000
    """
    limit = CreditLimit(
        id=limit_id(customer, amount.currency),
        customer=customer,
        amount=amount,
        charge_at=charge_at,
        charge_target=charge_target,
    )
    known = Wallet(limit.wallet) if wallet is None else wallet
    if known.id != limit.wallet:
        msg = f"the limit of {customer!r} is the floor of {limit.wallet!r} (got {known.id!r})"
        raise ValueError(msg)
    floor = attrs.evolve(known.limit(amount.currency), floor=-amount.minor)
    others = tuple(each for each in known.limits if each.currency != amount.currency)
    return LimitSet(limit, attrs.evolve(known, limits=(*others, floor)))
