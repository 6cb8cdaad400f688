"""Clawback: the record of a case between a payee and us about money paid wrongly.

(seed 002: clawbacks, settlement methods; spec: billing 10)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

import attrs

from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import SUPPLIER, payee_wallet
from ledgerkit.domain.periods import instant

PROPOSED, APPROVED, REJECTED = "proposed", "approved", "rejected"
EXECUTING, SETTLED, FAILED = "executing", "settled", "failed"
CLAWBACK = Lifecycle(
    "clawback",
    PROPOSED,
    {
        (PROPOSED, "approve"): APPROVED,
        (PROPOSED, "reject"): REJECTED,
        (PROPOSED, "choose"): PROPOSED,
        (APPROVED, "choose"): PROPOSED,  # what was approved was the method too
        (APPROVED, "execute"): EXECUTING,
        (APPROVED, "settle"): SETTLED,
        (EXECUTING, "settle"): SETTLED,
        (EXECUTING, "fall_back"): SETTLED,
        (EXECUTING, "fail"): FAILED,
        (FAILED, "execute"): EXECUTING,
        (FAILED, "choose"): PROPOSED,
        (FAILED, "settle"): SETTLED,  # late outcomes: the books follow the gateway
        (SETTLED, "fall_back"): SETTLED,
    },
)

FUTURE_PAYOUT_OFFSET, STRIPE_REVERSAL = "future_payout_offset", "stripe_reversal"
MANUAL_CHECK, FORGIVEN, WRITTEN_OFF = "manual_check", "forgiven", "written_off"
METHODS = (FUTURE_PAYOUT_OFFSET, STRIPE_REVERSAL, MANUAL_CHECK, FORGIVEN, WRITTEN_OFF)

OVERPAYMENT, UNDERPAYMENT = "overpayment", "underpayment"
# What we owe is paid with the next payout or outside of it; there is nothing to give up.
METHODS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {OVERPAYMENT: METHODS, UNDERPAYMENT: (FUTURE_PAYOUT_OFFSET, MANUAL_CHECK)}
)


@attrs.frozen
class Window:
    """How long after the gateway made a transfer it may be reversed, in absolute hours.

    A rule of the business, not of the gateway. Half-open: at the end it is closed. Hours pass alike
    when clocks change. (seed 002: T+72h; spec: billing 10, C-22, gateways 0)

    >>> from datetime import UTC, datetime
    >>> WINDOW.closes_at(datetime(2026, 3, 1, 10, tzinfo=UTC)).isoformat()
    '2026-03-04T10:00:00+00:00'
    """

    hours: int = 72

    def __attrs_post_init__(self) -> None:
        if type(self.hours) is not int or self.hours < 0:
            msg = f"a window is a whole number of hours from 0 (got {self.hours!r})"
            raise ValueError(msg)

    def closes_at(self, created: datetime) -> datetime:
        """Return the first instant, in UTC, at which a transfer made at *created* is too old."""
        # In UTC first: adding hours to a local time moves the hands of a clock instead.
        return instant(created) + timedelta(hours=self.hours)

    def is_open(self, created: datetime, *, at: datetime) -> bool:
        """Return whether a transfer made at *created* may be reversed *at* that instant."""
        return instant(at) < self.closes_at(created)


WINDOW = Window()


@attrs.frozen
class Share:
    """How much of a clawback is of one transfer."""

    transfer: str
    amount: Money

    def __attrs_post_init__(self) -> None:
        name_of("transfer of a share", self.transfer)
        above_zero("a share of a clawback", self.amount)


@attrs.frozen(kw_only=True)
class Clawback:
    """Money that a payee was paid too much or too little, and how that is settled.

    Attributes:
        id: Derived from the payee, the cause, the currency and the part.
        supplier: The id of the party that was paid, the payee.
        role: `supplier`, or `owner` where it was paid for equipment.
        side: `overpayment`, or `underpayment` where we owe.
        amount: How much, above zero.
        cause: The id of what showed it: an adjustment, refund or dispute.
        reason: Why, in words.
        shares: The transfers that paid it, and how much of it each did; none of what was paid by
            hand or not at all.
        method: How it is settled: see `METHODS`.
        on_wallet: Whether the payee's wallet shows it: what caused it may have booked it, else
            the first journal of the case does.
        requested_by: Who proposed it.
        chosen_by: Who chose another method than was proposed, or "".
        approved_by: Who approved it, or "".
        opened_at: When it was proposed.
        status: See `CLAWBACK`.
        recovered: What reversals of transfers brought back of it.
        reference: The document of a payment outside the gateway, or "".
        fell_back: Whether a reversal was refused as the money was gone, so that the next payouts
            bear it.
    """

    id: str
    supplier: str
    role: str = SUPPLIER
    side: str = OVERPAYMENT
    amount: Money
    cause: str
    reason: str
    shares: tuple[Share, ...] = ()
    method: str = FUTURE_PAYOUT_OFFSET
    on_wallet: bool
    requested_by: str
    chosen_by: str = ""
    approved_by: str = ""
    opened_at: datetime = attrs.field(converter=instant)
    status: str = PROPOSED
    recovered: Money
    reference: str = ""
    fell_back: bool = False

    def __attrs_post_init__(self) -> None:
        for field in ("id", "supplier", "cause", "reason", "requested_by"):
            name_of(f"clawback {field}", getattr(self, field))
        payee_wallet(self.role, self.supplier)
        what = f"clawback {self.id!r}"
        above_zero(what, self.amount)
        if self.side not in METHODS_OF or self.method not in METHODS_OF[self.side]:
            known = "; ".join(f"{side}: {', '.join(m)}" for side, m in METHODS_OF.items())
            msg = f"{what} is settled as one of {known} (got {self.side!r}, {self.method!r})"
            raise ValueError(msg)
        if self.status not in CLAWBACK.statuses:
            msg = f"{what} has no status {self.status!r}"
            raise ValueError(msg)
        paid = sum_of((share.amount for share in self.shares), self.amount.currency)
        if type(self.shares) is not tuple or (self.shares and paid != self.amount):
            msg = f"{what} is over {self.amount}; its shares are over {paid}"
            raise ValueError(msg)
        if len({share.transfer for share in self.shares}) < len(self.shares):
            msg = f"{what} has two shares of one transfer"
            raise ValueError(msg)
        if self.method == STRIPE_REVERSAL and not self.shares:
            msg = f"{what} reverses transfers; it needs the shares of them"
            raise ValueError(msg)
        if not Money.zero(self.amount.currency) <= self.recovered <= self.amount:
            msg = f"{what} is over {self.amount}; {self.recovered} cannot have come back of it"
            raise ValueError(msg)
        for field in ("on_wallet", "fell_back"):
            if type(getattr(self, field)) is not bool:
                msg = f"{field} of {what} is True or False (got {getattr(self, field)!r})"
                raise TypeError(msg)
        text_of("reference", self.reference)
        text_of("chosen_by", self.chosen_by)

    @property
    def wallet(self) -> str:
        """The wallet that it moves: `supplier:<id>` or `owner:<id>`."""
        return payee_wallet(self.role, self.supplier)

    @property
    def opened_on(self) -> date:
        """The day on which it was proposed, in UTC."""
        return self.opened_at.date()

    @property
    def rest(self) -> Money:
        """What no reversal brought back."""
        return self.amount - self.recovered


def above_zero(what: str, amount: object) -> None:
    """Raise TypeError or ValueError unless *amount*, which *what* is over, is Money above zero."""
    if type(amount) is not Money:
        msg = f"{what} needs Money (got {amount!r})"
        raise TypeError(msg)
    if amount.minor <= 0:
        msg = f"{what} is of more than 0 (got {amount})"
        raise ValueError(msg)
