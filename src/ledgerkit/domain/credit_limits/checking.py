"""Checking: whether more may be charged, and who is near or over the limit.

A check is a question: it explains itself and never raises a refusal. Two bookings checked at once
may both be told that they pass; the floor of the wallet stops the second one when it posts, or a
hold of the first one, which counts here. (seed 002; spec: billing 9, ledger 3, 4)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from ledgerkit.domain.credit_limits.limits import (
    BANDS,
    LEVELS,
    OK,
    Bands,
    Check,
    CreditLimit,
)
from ledgerkit.domain.ledger import Balance
from ledgerkit.domain.money import Money


def exposure_of(balance: Balance, proposed: Money) -> Money:
    """Return how far below zero a wallet would be: max(0, -(posted - holds - proposed)).

    >>> exposure_of(Balance(5_000, 1_000), Money(5_001, "USD"))
    Money(minor=1001, currency='USD')
    """
    return Money(max(0, proposed.minor - balance.available), proposed.currency)


def check(
    limit: CreditLimit | None,
    balance: Balance,
    proposed: Money,
    *,
    customer: str | None = None,
    bands: Bands = BANDS,
) -> Check:
    """Return whether *proposed* more may be charged, on the *balance* of the customer's wallet.

    Without a limit everything is allowed, as the wallet then has no floor; *customer* names whose
    it is in that case. (spec: billing 9)

    Raises:
        ValueError: what no caller could mean: less than nothing is proposed, in another currency
            than the limit's, or for another customer.

    >>> from ledgerkit.domain.credit_limits import set_limit
    >>> limit = set_limit("ana", Money(50_000, "USD")).limit
    >>> [check(limit, Balance(), Money(m, "USD")).band for m in (39_999, 40_000, 47_500, 50_001)]
    ['ok', 'warning', 'urgent', 'exceeded']
    """
    if type(proposed) is not Money or proposed.minor < 0:
        msg = f"what is proposed is Money from zero on (got {proposed!r})"
        raise ValueError(msg)
    exposure = exposure_of(balance, proposed)
    if limit is None:
        return Check(
            allowed=True,
            band=OK,
            customer=customer or "the customer",
            proposed=proposed,
            exposure=exposure,
            limit=None,
            available=None,
        )
    if limit.currency != proposed.currency or customer not in (None, limit.customer):
        msg = (
            f"the limit is {limit.customer!r}'s in {limit.currency}; it says nothing of "
            f"{customer or limit.customer!r} in {proposed.currency}"
        )
        raise ValueError(msg)
    return Check(
        allowed=exposure <= limit.amount,
        band=bands.of(exposure, limit.amount),
        customer=limit.customer,
        proposed=proposed,
        exposure=exposure,
        limit=limit.amount,
        available=Money(limit.amount.minor + balance.available, limit.currency),
    )


@attrs.frozen(kw_only=True)
class NearLimit:
    """A customer near or over the limit.

    Attributes:
        customer: The id of the party.
        band: `warning`, `urgent` or `exceeded`.
        exposure: How far below zero the wallet is, holds counted.
        limit: How far it may be.
    """

    customer: str
    band: str
    exposure: Money
    limit: Money


def near_limit(
    limits: Iterable[CreditLimit],
    balances: Mapping[tuple[str, str], Balance],
    *,
    bands: Bands = BANDS,
) -> tuple[NearLimit, ...]:
    """Return who is at a warning or worse, the worst band first, then by customer and currency.

    *balances* are those of the wallets by (wallet, currency); a missing one is zero. (seed 002)
    """
    found = []
    for limit in limits:
        balance = balances.get((limit.wallet, limit.currency), Balance())
        told = check(limit, balance, Money.zero(limit.currency), bands=bands)
        if told.band != OK:
            found.append(
                NearLimit(
                    customer=limit.customer,
                    band=told.band,
                    exposure=told.exposure,
                    limit=limit.amount,
                )
            )
    order = {band: -rank for rank, band in enumerate(LEVELS)}
    return tuple(sorted(found, key=lambda n: (order[n.band], n.customer, n.limit.currency)))
