"""Views of adjustments: what waits for approval, what happened last, and how it all adds up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from ledgerkit.domain.adjustments.records import PENDING_APPROVAL, Adjustment
from ledgerkit.domain.money import Money, sum_of


def approval_queue(adjustments: Iterable[Adjustment]) -> tuple[Adjustment, ...]:
    """Return those that wait for approval, oldest first."""
    waiting = (each for each in adjustments if each.status == PENDING_APPROVAL)
    return tuple(sorted(waiting, key=_age))


def recent(adjustments: Iterable[Adjustment], *, limit: int) -> tuple[Adjustment, ...]:
    """Return the *limit* newest, newest first; a limit below 1 is a `ValueError`."""
    if type(limit) is not int or limit < 1:
        msg = f"a limit is a whole number from 1 (got {limit!r})"
        raise ValueError(msg)
    return tuple(sorted(adjustments, key=_age, reverse=True)[:limit])


def _age(adjustment: Adjustment) -> tuple[datetime, str]:
    return adjustment.requested_at, adjustment.id


@attrs.frozen(kw_only=True)
class Tally:
    """Adjustments of one currency, status and direction, counted and added up.

    Attributes:
        currency: The currency of the sums.
        status: The status of them all.
        supplier_side: `overpayment`, `underpayment` or `unchanged`.
        count: How many there are, one at least.
        customers: What moves on the wallets of customers.
        suppliers: What moves on the wallets of suppliers.
    """

    currency: str
    status: str
    supplier_side: str
    count: int
    customers: Money
    suppliers: Money


def tally(adjustments: Iterable[Adjustment]) -> tuple[Tally, ...]:
    """Return how *adjustments* add up, by currency, status and direction, in this order.

    (seed 002: adjustment statistics)
    """
    groups: dict[tuple[str, str, str], list[Adjustment]] = {}
    for each in adjustments:
        key = each.currency, each.status, each.supplier_side
        groups.setdefault(key, []).append(each)
    return tuple(
        Tally(
            currency=currency,
            status=status,
            supplier_side=side,
            count=len(group),
            customers=sum_of((each.customer_delta for each in group), currency),
            suppliers=sum_of((each.supplier_delta for each in group), currency),
        )
        for (currency, status, side), group in sorted(groups.items(), key=lambda pair: pair[0])
    )
