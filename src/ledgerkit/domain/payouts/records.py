"""Payout: the record of what a payee is paid for a period; its statuses. (spec: billing 10)"""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.ledger import Event
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import SUPPLIER, payee_wallet
from ledgerkit.domain.periods import Period, plain_date

PREVIEW, PENDING, ON_HOLD, IN_TRANSIT = "preview", "pending", "on_hold", "in_transit"
PAID, FAILED = "paid", "failed"
PARTLY_REVERSED, REVERSED = "partly_reversed", "reversed"
SETTLED = (PAID, PARTLY_REVERSED, REVERSED)  # it was paid, whatever came back of it
PAYOUT = Lifecycle(
    "payout",
    PREVIEW,
    {
        (PREVIEW, "generate"): PENDING,
        (PENDING, "hold"): ON_HOLD,
        (ON_HOLD, "release"): PENDING,
        (PENDING, "pay"): PAID,
        (PENDING, "send"): IN_TRANSIT,
        (IN_TRANSIT, "arrive"): PAID,
        (IN_TRANSIT, "refuse"): FAILED,
        (PENDING, "fail"): FAILED,
        (FAILED, "retry"): PENDING,
        (PAID, "reverse_part"): PARTLY_REVERSED,
        (PAID, "reverse"): REVERSED,
        (PARTLY_REVERSED, "reverse_part"): PARTLY_REVERSED,
        (PARTLY_REVERSED, "reverse"): REVERSED,
        # Late outcomes: the books follow the gateway and the bank. (spec: reliability A10)
        (PAID, "return"): FAILED,
        (FAILED, "arrive"): PAID,
        (PENDING, "arrive"): PAID,
        (ON_HOLD, "arrive"): PAID,
        (FAILED, "reopen"): IN_TRANSIT,
        (PENDING, "reopen"): IN_TRANSIT,
        (ON_HOLD, "reopen"): IN_TRANSIT,
        (PARTLY_REVERSED, "restore"): PAID,
        (REVERSED, "restore"): PAID,
        (REVERSED, "restore_part"): PARTLY_REVERSED,
    },
)


@attrs.frozen(kw_only=True)
class PayoutLine:
    """One ledger entry that a payout pays.

    Attributes:
        journal: The id of the journal.
        line: The entry's number in it.
        kind: The journal's kind, such as `session.charged` or `incentive.earned`.
        source: What it was earned with, such as the id of a session.
        item: What that was, in words that are not translated.
        detail: More of it, such as the student.
        on: Its local day.
        amount: What was earned; below zero where something was taken back.
    """

    journal: str
    line: int
    kind: str
    source: str
    item: str = ""
    detail: str = ""
    on: date
    amount: Money

    def __attrs_post_init__(self) -> None:
        plain_date("the day of a payout line", self.on)
        if type(self.amount) is not Money or type(self.line) is not int:
            msg = f"a payout line needs a number and Money (got {self.line!r}, {self.amount!r})"
            raise TypeError(msg)


@attrs.frozen(kw_only=True)
class Payout:
    """What a payee is paid for a period.

    Attributes:
        id: Derived from payee, currency and the number of payouts before.
        supplier: The id of the party paid, the payee.
        role: `supplier`, or `owner` where its earnings of equipment are paid.
        currency: The currency of every line.
        period: The period whose end gathered the entries.
        part: 0 for the first payout of the period, 1 and up for supplements.
        lines: The entries it pays.
        status: See `PAYOUT`.
        reference: The bank's or gateway's reference, once it is paid.
        notes: What people noted about it, oldest first; who and when stand in its history.
        attempt: How often it was paid or sent.
        transfer: The id of the newest transfer that pays it, or None if none does.
        fee: What is kept of it for an instant payout, or None.
    """

    id: str
    supplier: str
    role: str = SUPPLIER
    currency: str
    period: Period
    part: int
    lines: tuple[PayoutLine, ...]
    status: str = PREVIEW
    reference: str | None = None
    notes: tuple[str, ...] = ()
    attempt: int = 0
    transfer: str | None = None
    fee: Money | None = None

    def __attrs_post_init__(self) -> None:
        name_of("payout id", self.id)
        payee_wallet(self.role, self.supplier)
        if type(self.period) is not Period:
            msg = f"payout {self.id!r} needs a Period (got {self.period!r})"
            raise TypeError(msg)
        if type(self.lines) is not tuple or not self.lines:
            msg = f"payout {self.id!r} needs a tuple of one line at least"
            raise ValueError(msg)
        if any(line.amount.currency != self.currency for line in self.lines):
            msg = f"payout {self.id!r} is in {self.currency}; a line of it is not"
            raise ValueError(msg)
        if self.total.minor <= 0:
            msg = f"payout {self.id!r} comes to {self.total}; only more than 0 is paid"
            raise ValueError(msg)
        if len({(line.journal, line.line) for line in self.lines}) < len(self.lines):
            msg = f"payout {self.id!r} pays an entry twice"
            raise ValueError(msg)
        if self.status not in PAYOUT.statuses or (self.status in SETTLED) != bool(self.reference):
            msg = f"payout {self.id!r} is {self.status!r} with the reference {self.reference!r}"
            raise ValueError(msg)
        if self.status == IN_TRANSIT and self.transfer is None:
            msg = f"payout {self.id!r} is in transit; it needs the transfer that pays it"
            raise ValueError(msg)
        if self.fee is not None and not Money.zero(self.currency) < self.fee < self.total:
            msg = (
                f"the fee of payout {self.id!r} is above 0 and below {self.total} (got {self.fee})"
            )
            raise ValueError(msg)

    @property
    def wallet(self) -> str:
        """The wallet that it pays from: `supplier:<id>` or `owner:<id>`."""
        return payee_wallet(self.role, self.supplier)

    @property
    def total(self) -> Money:
        """What is paid."""
        return sum_of((line.amount for line in self.lines), self.currency)

    @property
    def payment(self) -> Event:
        """The event of the journal that pays it by hand, in its newest attempt."""
        return Event("payout", self.id, str(self.attempt) if self.attempt > 1 else "")
