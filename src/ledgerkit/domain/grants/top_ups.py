"""Top-up: buying credit by itself when little is left, and what keeps that from running away.

It decides how much to charge and asks no gateway. An attempt counts however it ended, so that a
card that fails is not tried all day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import instant

PENDING = "pending"
PAID = "paid"
FAILED = "failed"
STATUSES = (PENDING, PAID, FAILED)

DUE = "due"
ENOUGH = "enough"
AWAITED = "awaited"
TOO_SOON = "too_soon"
TOO_MANY = "too_many"
CAPPED = "capped"

_DAY = timedelta(days=1)
_NO_TIME = timedelta(0)
_OPTIONAL = frozenset({"target", "least", "cap"})


@attrs.frozen(kw_only=True)
class TopUpPolicy:
    """When to buy credit, how much, and how often at most.

    Attributes:
        threshold: The balance must be below this; exactly this much is enough.
        amount: Whole multiples of this are bought.
        target: The balance to reach at least; None: the threshold.
        least: The least that is bought at once; None: no more than is needed.
        most: At most so many attempts within *within*.
        within: How long an attempt counts for *most* and *cap*.
        gap: How long after an attempt the next one may come.
        cap: At most so much, paid or pending, within *within*; None: no cap.
    """

    threshold: Money
    amount: Money
    target: Money | None = None
    least: Money | None = None
    most: int = 1
    within: timedelta = _DAY
    gap: timedelta = _NO_TIME
    cap: Money | None = None

    def __attrs_post_init__(self) -> None:
        for field in ("amount", "threshold", "target", "least", "cap"):
            bound = getattr(self, field)
            if bound is None and field in _OPTIONAL:
                continue
            if type(bound) is not Money:
                msg = f"{field} of a top-up must be Money (got {bound!r})"
                raise TypeError(msg)
            if bound.currency != self.amount.currency:
                msg = f"{field} of a top-up is {bound}; it must be {self.amount.currency}"
                raise ValueError(msg)
        if type(self.most) is not int:
            msg = f"most must be a whole number of top-ups (got {self.most!r})"
            raise TypeError(msg)
        if not all(isinstance(each, timedelta) for each in (self.within, self.gap)):
            msg = f"within and gap must be timedeltas (got {self.within!r}, {self.gap!r})"
            raise TypeError(msg)
        if self.amount.minor <= 0 or self.most < 1 or self.within <= _NO_TIME:
            msg = f"a top-up needs an amount, a number and a time above 0 (got {self!r})"
            raise ValueError(msg)
        if self.gap < _NO_TIME:
            msg = f"the gap between top-ups must not be below 0 (got {self.gap})"
            raise ValueError(msg)
        if self.goal < self.threshold:
            msg = f"a top-up to {self.goal} would leave less than the threshold {self.threshold}"
            raise ValueError(msg)

    @property
    def goal(self) -> Money:
        """The balance to reach at least."""
        return self.threshold if self.target is None else self.target

    def needed(self, balance: Money) -> Money:
        """Return what to buy on a *balance* below the threshold: ceil(gap / amount) x amount.

        >>> ten, fifty = Money(100, "CREDIT"), Money(500, "CREDIT")
        >>> TopUpPolicy(threshold=ten, amount=fifty).needed(Money(-4298, "CREDIT"))
        Money(minor=4500, currency='CREDIT')
        """
        times = -((balance - self.goal).minor // self.amount.minor)
        gap = self.amount * times
        return gap if self.least is None else max(gap, self.least)


@attrs.frozen
class Attempt:
    """A top-up that was tried.

    Attributes:
        at: When.
        amount: How much was charged.
        status: `pending`, `paid` or `failed`.
    """

    at: datetime = attrs.field(converter=instant)
    amount: Money
    status: str = PENDING

    def __attrs_post_init__(self) -> None:
        if type(self.amount) is not Money:
            msg = f"an attempt is of Money (got {self.amount!r})"
            raise TypeError(msg)
        if self.status not in STATUSES:
            msg = f"an attempt is pending, paid or failed (got {self.status!r})"
            raise ValueError(msg)


@attrs.frozen
class TopUp:
    """Whether to top up, with how much, or why not.

    Attributes:
        reason: `due`; or why not: `enough` is left, or is `awaited`; the last one was `too_soon`,
            there were `too_many`, or the sum is `capped`.
        amount: What to charge; zero unless it is due.
    """

    reason: str
    amount: Money


def top_up(
    balance: Money, policy: TopUpPolicy, *, earlier: Sequence[Attempt] = (), at: datetime
) -> TopUp:
    """Return whether a *balance* is topped up by *policy* at an instant, after *earlier* attempts.

    *balance* is what is left, less usage that is not drawn yet, so it may be below zero. What is
    pending counts as if it were there. A cap lets whole multiples of the amount through.

    Raises:
        CurrencyMismatch: the balance or an attempt is in another currency.
    """
    at = instant(at)
    pending = sum_of((a.amount for a in earlier if a.status == PENDING), balance.currency)
    recent = [each for each in earlier if each.at > at - policy.within]
    if balance >= policy.threshold:
        return _not(ENOUGH, policy)
    if balance + pending >= policy.threshold:
        return _not(AWAITED, policy)
    if any(at < each.at + policy.gap for each in earlier):
        return _not(TOO_SOON, policy)
    if len(recent) >= policy.most:
        return _not(TOO_MANY, policy)
    amount = _within_cap(policy.needed(balance + pending), policy, recent)
    return _not(CAPPED, policy) if amount.minor == 0 else TopUp(DUE, amount)


def _within_cap(needed: Money, policy: TopUpPolicy, recent: Sequence[Attempt]) -> Money:
    """Return what of *needed* the cap lets through; zero where that is too little to buy."""
    if policy.cap is None:
        return needed
    spent = sum_of((a.amount for a in recent if a.status != FAILED), needed.currency)
    times = max(0, (policy.cap - spent).minor // policy.amount.minor)
    allowed = min(needed, policy.amount * times)
    too_little = policy.least is not None and allowed < policy.least
    return Money.zero(needed.currency) if too_little else allowed


def _not(reason: str, policy: TopUpPolicy) -> TopUp:
    return TopUp(reason, Money.zero(policy.amount.currency))
