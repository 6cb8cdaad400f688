"""Splits: how a charge is shared between those who earned it and the platform.

Suppliers get what their rates say and the platform takes the complement, so that the parts are
the whole. Incentives are extra pay per match, for a session or for a period, from a day on and
never before it. (seed 000, seed 002; spec: billing 9, 10, C-21)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import attrs

from ledgerkit.domain.ledger.journals import Entry, name_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import plain_date

PER_SESSION = "session"
PER_PERIOD = "period"


@attrs.frozen(kw_only=True)
class Incentive:
    """Extra pay for a match.

    Attributes:
        id: Unique among incentives.
        match: The id of the match.
        amount: What the supplier earns on top, more than nothing.
        per: `session` (each approved session of its days) or `period` (once, if the period has an
            approved session of its days).
        valid_from: Its first local day.
        valid_until: The first local day after it, or None while it lasts.
    """

    id: str
    match: str
    amount: Money
    per: str = PER_SESSION
    valid_from: date
    valid_until: date | None = None

    def __attrs_post_init__(self) -> None:
        name_of("incentive id", self.id)
        name_of("incentive match", self.match)
        plain_date("valid_from", self.valid_from)
        if self.valid_until is not None:
            plain_date("valid_until", self.valid_until)
        if self.amount.minor <= 0:
            msg = f"incentive {self.id!r} must be above 0 (got {self.amount})"
            raise ValueError(msg)
        if self.per not in (PER_SESSION, PER_PERIOD):
            msg = f"incentive {self.id!r} is per session or per period (got {self.per!r})"
            raise ValueError(msg)
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            msg = f"incentive {self.id!r} ends on {self.valid_until}, not after {self.valid_from}"
            raise ValueError(msg)

    def holds(self, on: date) -> bool:
        """Return whether it is valid on the local day *on*."""
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


def earned(
    incentives: Iterable[Incentive], *, match: str, per: str, on: date
) -> tuple[Incentive, ...]:
    """Return those of *incentives* that a session of *match* on the local day *on* earns."""
    return tuple(i for i in incentives if i.match == match and i.per == per and i.holds(on))


def split(
    payer: str, charge: Money, *parts: tuple[str, Money], platform: str = "platform"
) -> tuple[Entry, ...]:
    """Return the legs of a charge: *payer* gives it, each part's wallet gets its share.

    The platform takes the complement, which is negative when the parts are more than the charge;
    legs of zero are left out, so a free session without pay has no legs at all. A share below zero
    is a ValueError: nobody pays the platform for having earned.

    >>> [e.amount.minor for e in split("customer:s", Money(10_000, "EUR"),
    ...     ("supplier:i", Money(6_000, "EUR")))]
    [-10000, 6000, 4000]
    """
    if any(amount.minor < 0 for _, amount in parts):
        msg = f"shares of {charge} must not be below 0 (got {[amount for _, amount in parts]})"
        raise ValueError(msg)
    margin = charge - sum_of([amount for _, amount in parts], charge.currency)
    legs = ((payer, -charge), *parts, (platform, margin))
    return tuple([Entry(wallet, amount) for wallet, amount in legs if amount.minor != 0])
