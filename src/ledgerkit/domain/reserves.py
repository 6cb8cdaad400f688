"""Reserve: the money a platform keeps at its gateway so that transfers and refunds can be paid.

What counts is what the gateway holds and can move now, whoever it belongs to: it is what a transfer
or a refund is paid from, and seed 002 stops payouts by it. What is pending there cannot be moved.
How much of it is owed to customers and suppliers is another question, which the overview of wallets
answers (`statements.wallet_totals`).
(seed 002; spec: billing 9, C-20)
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import attrs

from ledgerkit.domain import alerts
from ledgerkit.domain.alerts import Observation
from ledgerkit.domain.gateways import GatewayBalance
from ledgerkit.domain.money import Money, sum_of

HEALTHY, WARNING, CRITICAL = "healthy", "warning", "critical"


@attrs.frozen
class ReservePolicy:
    """How much must be held, and from where on less of it is a warning, and critical.

    Attributes:
        minimum: What should be held, zero or more.
        warning: Below this share of the minimum it is a warning.
        critical: Below this share it is critical; at most *warning*. The seed names no shares; the
            whole and half of it are ours.

    Raises:
        TypeError, ValueError: a field is of another type, or cannot be.
    """

    minimum: Money
    warning: Fraction = Fraction(1)
    critical: Fraction = Fraction(1, 2)

    def __attrs_post_init__(self) -> None:
        if type(self.minimum) is not Money or self.minimum.minor < 0:
            msg = f"the minimum of a reserve is Money from zero on (got {self.minimum!r})"
            raise ValueError(msg)
        if not type(self.warning) is type(self.critical) is Fraction:
            msg = f"shares of a reserve are Fractions (got {self.warning!r}, {self.critical!r})"
            raise TypeError(msg)
        if not 0 <= self.critical <= self.warning:
            msg = f"shares are 0 <= critical <= warning (got {self.critical}, {self.warning})"
            raise ValueError(msg)

    def status(self, held: Money) -> str:
        """Return `healthy`, `warning` or `critical`; compared exactly, nothing is rounded.

        >>> policy = ReservePolicy(Money(100_000, "USD"))
        >>> [policy.status(Money(m, "USD")) for m in (100_000, 99_999, 50_000, 49_999)]
        ['healthy', 'warning', 'warning', 'critical']
        """
        share = held - Money.zero(self.minimum.currency)  # of one currency, or it is refused
        if share.minor < self.critical * self.minimum.minor:
            return CRITICAL
        return WARNING if share.minor < self.warning * self.minimum.minor else HEALTHY


@attrs.frozen(kw_only=True)
class ReserveCheck:
    """How the reserve stands, and whether transfers must wait.

    Attributes:
        status: `healthy`, `warning` or `critical`, now.
        status_after: The same once the proposed transfer is paid.
        should_block_transfers: Whether it is critical, or the transfer would make it so.
        held: What is held now.
        minimum: What should be held.
        proposed: The transfer, zero if there is none.
    """

    status: str
    status_after: str
    should_block_transfers: bool
    held: Money
    minimum: Money
    proposed: Money

    @property
    def sentence(self) -> str:
        """All of it in words."""
        told = f"{self.held} is held of a minimum of {self.minimum}: {self.status}"
        if self.proposed.minor:
            told += f", and {self.status_after} once {self.proposed} is paid"
        return f"{told}; transfers {'wait' if self.should_block_transfers else 'go on'}"


def check(
    policy: ReservePolicy, held: Money, proposed_transfer: Money | None = None
) -> ReserveCheck:
    """Return how *held* stands against *policy*, and whether *proposed_transfer* may be paid of it.

    Raises:
        CurrencyMismatch: amounts of several currencies: each has a policy and a reserve of its own.
        ValueError: less than nothing is proposed.

    >>> policy = ReservePolicy(Money(100_000, "USD"))
    >>> check(policy, Money(60_000, "USD"), Money(10_001, "USD")).should_block_transfers
    True
    """
    proposed = Money.zero(held.currency) if proposed_transfer is None else proposed_transfer
    if proposed.minor < 0:
        msg = f"a transfer is proposed from zero on (got {proposed})"
        raise ValueError(msg)
    status, after = policy.status(held), policy.status(held - proposed)
    return ReserveCheck(
        status=status,
        status_after=after,
        should_block_transfers=after == CRITICAL,
        held=held,
        minimum=policy.minimum,
        proposed=proposed,
    )


def held_at(balances: Iterable[GatewayBalance], currency: str) -> Money:
    """Return what gateways hold and can move in *currency*: their available *balances*."""
    available = (money for balance in balances for money in balance.available)
    return sum_of((money for money in available if money.currency == currency), currency)


def observation(checked: ReserveCheck, *, subject: str) -> Observation:
    """Return what to raise an alert about *subject* from: how the reserve stands now.

    A proposed transfer counts for nothing here, as nobody has paid it yet.
    """
    severity = {HEALTHY: None, WARNING: alerts.WARNING, CRITICAL: alerts.CRITICAL}[checked.status]
    facts = (
        ("status", checked.status),
        ("held_minor", str(checked.held.minor)),
        ("minimum_minor", str(checked.minimum.minor)),
        ("currency", checked.held.currency),
    )
    return Observation(kind="reserve", subject=subject, severity=severity, facts=facts)
