"""Views: which transfers can be clawed back and how, and what clawbacks came to so far.

(seed 002: clawback eligibility tracking, adjustment statistics)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from ledgerkit.domain.clawbacks.proposing import left_of
from ledgerkit.domain.clawbacks.records import (
    METHODS,
    STRIPE_REVERSAL,
    WINDOW,
    Clawback,
    Window,
)
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.transfers import Transfer


@attrs.frozen(kw_only=True)
class Eligibility:
    """What can be done about a transfer that paid too much.

    Attributes:
        transfer: Its id.
        left: What may still be clawed back of it.
        closes_at: When it can no longer be reversed, or None if it is not done.
        window_open: Whether it can be reversed now.
        methods: The methods that are possible; none if nothing is left.
    """

    transfer: str
    left: Money
    closes_at: datetime | None
    window_open: bool
    methods: tuple[str, ...]


def eligibility(
    transfer: Transfer,
    *,
    at: datetime,
    window: Window = WINDOW,
    earlier: Iterable[Clawback] = (),
) -> Eligibility:
    """Return what can be done *at* an instant about *transfer*, after *earlier* clawbacks of it.

    After the window all methods stay except the reversal. (spec: billing 10)
    """
    left, created = left_of(transfer, earlier), transfer.created_at
    is_open = left.minor > 0 and created is not None and window.is_open(created, at=at)
    methods = tuple(m for m in METHODS if is_open or m != STRIPE_REVERSAL)
    return Eligibility(
        transfer=transfer.id,
        left=left,
        closes_at=None if created is None else window.closes_at(created),
        window_open=is_open,
        methods=methods if left.minor else (),
    )


@attrs.frozen(kw_only=True)
class ClawbackTotal:
    """What clawbacks of one side, method and status come to in a currency.

    Attributes:
        currency: The currency.
        side: `overpayment` or `underpayment`.
        method: The method they are settled by, now.
        status: Their status.
        count: How many there are.
        amount: What they are over.
        recovered: What reversals brought back of it.
        fell_back: How many the next payouts bear as the money was gone.
    """

    currency: str
    side: str
    method: str
    status: str
    count: int
    amount: Money
    recovered: Money
    fell_back: int


def statistics(clawbacks: Iterable[Clawback]) -> tuple[ClawbackTotal, ...]:
    """Return what *clawbacks* come to, by currency, side, method and status."""
    groups: dict[tuple[str, str, str, str], list[Clawback]] = {}
    for each in clawbacks:
        key = (each.amount.currency, each.side, each.method, each.status)
        groups.setdefault(key, []).append(each)
    return tuple(
        ClawbackTotal(
            currency=currency,
            side=side,
            method=method,
            status=status,
            count=len(group),
            amount=sum_of((each.amount for each in group), currency),
            recovered=sum_of((each.recovered for each in group), currency),
            fell_back=sum(each.fell_back for each in group),
        )
        for (currency, side, method, status), group in sorted(groups.items())
    )
