"""Escalation: raising the limit of a customer who has paid well for long enough.

The seed names no criteria, so a host has to state all of them. (seed 002; spec: billing 9)
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import attrs

from ledgerkit.domain.credit_limits.limits import CreditLimit
from ledgerkit.domain.money import Money, Rounding, round_exact
from ledgerkit.domain.periods import plain_date


@attrs.frozen(kw_only=True)
class EscalationPolicy:
    """Who gets a higher limit, and how high. Nothing has a default: these are a host's risks.

    Attributes:
        age_days: For how many days somebody must have been a customer.
        on_time: How many payments must have come in time.
        failures: How many payments may have failed, at most; 0 asks for none.
        factor: What the limit is multiplied by, above 1; the product is rounded down, once.
        most: The highest limit it raises to.
    """

    age_days: int
    on_time: int
    failures: int
    factor: Fraction
    most: Money

    def __attrs_post_init__(self) -> None:
        for field in ("age_days", "on_time", "failures"):
            value = getattr(self, field)
            if type(value) is not int or value < 0:
                msg = f"{field} of an escalation is a whole number from zero on (got {value!r})"
                raise ValueError(msg)
        if type(self.factor) is not Fraction or self.factor <= 1:
            msg = f"an escalation multiplies by a Fraction above 1 (got {self.factor!r})"
            raise ValueError(msg)
        if type(self.most) is not Money:
            msg = f"the highest limit must be Money (got {self.most!r})"
            raise TypeError(msg)


@attrs.frozen(kw_only=True)
class Conduct:
    """How a customer has paid so far, as the host counts it.

    Attributes:
        since: The first local day as a customer.
        on_time: Payments that came in time.
        failures: Payments that failed or came late.
    """

    since: date
    on_time: int
    failures: int

    def __attrs_post_init__(self) -> None:
        plain_date("since", self.since)
        for field in ("on_time", "failures"):
            value = getattr(self, field)
            if type(value) is not int or value < 0:
                msg = f"{field} is a whole number from zero on (got {value!r})"
                raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Escalation:
    """Whether a limit may be raised, and to what.

    Attributes:
        eligible: Whether every criterion is met.
        unmet: A sentence for each criterion that is not.
        limit: The limit as it is.
        raised_to: What it may be raised to, or None if it may not. A person or job sets it.
    """

    eligible: bool
    unmet: tuple[str, ...]
    limit: Money
    raised_to: Money | None


def escalation(
    limit: CreditLimit, policy: EscalationPolicy, conduct: Conduct, *, on: date
) -> Escalation:
    """Return whether *limit* may be raised on the day *on* by *policy*; nothing is changed.

    >>> from ledgerkit.domain.credit_limits import set_limit
    >>> policy = EscalationPolicy(age_days=90, on_time=3, failures=0, factor=Fraction(3, 2),
    ...     most=Money(100_000, "USD"))
    >>> paid = Conduct(since=date(2026, 1, 1), on_time=4, failures=0)
    >>> limit = set_limit("ana", Money(50_000, "USD")).limit
    >>> escalation(limit, policy, paid, on=date(2026, 6, 1)).raised_to.minor
    75000
    """
    plain_date("on", on)
    days = (on - conduct.since).days
    raised = Money(round_exact(limit.amount.minor * policy.factor, Rounding.DOWN), limit.currency)
    raised = min(raised, policy.most)
    unmet = []
    if days < policy.age_days:
        unmet.append(f"a customer for {days} days, and {policy.age_days} are needed")
    if conduct.on_time < policy.on_time:
        unmet.append(f"{conduct.on_time} payments in time, and {policy.on_time} are needed")
    if conduct.failures > policy.failures:
        unmet.append(f"{conduct.failures} payments failed, and {policy.failures} are allowed")
    if raised <= limit.amount:
        unmet.append(f"the limit is {limit.amount}, and {policy.most} is the highest")
    return Escalation(
        eligible=not unmet,
        unmet=tuple(unmet),
        limit=limit.amount,
        raised_to=None if unmet else raised,
    )
