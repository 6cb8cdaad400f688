"""Transfer: the record of money on its way to a payee's account, and its statuses."""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import SUPPLIER, payee_wallet
from ledgerkit.domain.periods import instant

PENDING, DONE, FAILED = "pending", "done", "failed"
PARTLY_REVERSED, REVERSED = "partly_reversed", "reversed"
TRANSFER = Lifecycle(
    "transfer",
    PENDING,
    {
        (PENDING, "complete"): DONE,
        (PENDING, "fail"): FAILED,
        (DONE, "reverse_part"): PARTLY_REVERSED,
        (DONE, "reverse"): REVERSED,
        (PARTLY_REVERSED, "reverse_part"): PARTLY_REVERSED,
        (PARTLY_REVERSED, "reverse"): REVERSED,
        # Late outcomes: the books follow the gateway. (spec: reliability A10)
        (FAILED, "reopen"): PENDING,
        (FAILED, "complete"): DONE,
        (DONE, "fail"): FAILED,
        (PARTLY_REVERSED, "restore_part"): PARTLY_REVERSED,
        (PARTLY_REVERSED, "restore"): DONE,
        (REVERSED, "restore_part"): PARTLY_REVERSED,
        (REVERSED, "restore"): DONE,
    },
)
PAID_OUT = (DONE, PARTLY_REVERSED, REVERSED)  # the money left us, whatever came back
RANKS = {PENDING: 0, DONE: 1, FAILED: 2}  # what a gateway tells counts if it is further on


@attrs.frozen(kw_only=True)
class Reversal:
    """One taking back of all or part of a transfer.

    Attributes:
        id: The id of the instruction that asked for it, or the gateway's id of one made elsewhere.
        amount: How much, above zero.
        status: `pending`, `done` or `failed`.
        object: The gateway's id, once it told one, or None.
        asked_for: The id of the clawback or other record it was asked for; "" if nobody asked.
        code: Why it failed, in the gateway's code, or "".
    """

    id: str
    amount: Money
    status: str = PENDING
    object: str | None = None
    asked_for: str = ""
    code: str = ""

    def __attrs_post_init__(self) -> None:
        name_of("reversal id", self.id)
        _above_zero(f"reversal {self.id!r}", self.amount)
        if self.status not in RANKS:
            msg = f"reversal {self.id!r} is {' or '.join(RANKS)} (got {self.status!r})"
            raise ValueError(msg)
        text_of("reversal code", self.code)
        if self.asked_for != "":
            name_of("what a reversal is asked for", self.asked_for)


@attrs.frozen(kw_only=True)
class Transfer:
    """Money on its way to a payee's account at a gateway, or arrived there.

    Attributes:
        id: Derived from gateway, what it pays, and the attempt.
        supplier: The id of the party paid, the payee.
        role: `supplier`, or `owner` where its earnings of equipment are paid.
        gateway: The name of the gateway, such as `stripe`.
        account: The gateway's id of the account that gets it.
        pays: The id of the payout or completion that it pays.
        of_payout: Whether that is a payout, which claims the entries it pays.
        amount: What arrives.
        withheld: What we keep of it as the fee of an instant payout, or None.
        at_once: Whether it goes on to the payee's bank by an instant payout when it arrived.
        instruction: The id of the instruction that sends it.
        status: See `TRANSFER`.
        object: The gateway's id, once it told one, or None.
        created_at: When the gateway made it, by its own clock: windows count from here.
        fee: What the gateway took for it from us, or None.
        code: Why it failed, in the gateway's code, or "".
        reversals: What was taken back of it, and what is to be.
    """

    id: str
    supplier: str
    role: str = SUPPLIER
    gateway: str
    account: str
    pays: str
    of_payout: bool = False
    amount: Money
    withheld: Money | None = None
    at_once: bool = False
    instruction: str
    status: str = PENDING
    object: str | None = None
    created_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    fee: Money | None = None
    code: str = ""
    reversals: tuple[Reversal, ...] = ()

    def __attrs_post_init__(self) -> None:
        for field in ("id", "supplier", "gateway", "account", "pays", "instruction"):
            name_of(f"transfer {field}", getattr(self, field))
        payee_wallet(self.role, self.supplier)
        what = f"transfer {self.id!r}"
        _above_zero(what, self.amount)
        self._check_rest(what)
        if self.withheld is not None:
            _above_zero(f"what {what} withholds", self.withheld)
        text_of("transfer code", self.code)
        if self.status not in TRANSFER.statuses:
            msg = f"{what} has no status {self.status!r}"
            raise ValueError(msg)
        if self.status in PAID_OUT and (self.object is None or self.created_at is None):
            msg = f"{what} is {self.status}; it needs the gateway's id and time of it"
            raise ValueError(msg)
        if self.reversed > self.amount:
            msg = f"{what} paid {self.amount}; {self.reversed} cannot have come back of it"
            raise ValueError(msg)

    def _check_rest(self, what: str) -> None:
        """Raise unless other amounts are of the same money, and flags are flags."""
        for other in (self.withheld, self.fee, *(r.amount for r in self.reversals)):
            if other is not None and type(other) is not Money:
                msg = f"what {what} withholds and costs is Money (got {other!r})"
                raise TypeError(msg)
            if other is not None and other.currency != self.amount.currency:
                msg = f"{what} is in {self.amount.currency} (got {other})"
                raise ValueError(msg)
        for flag in ("of_payout", "at_once"):
            if type(getattr(self, flag)) is not bool:
                msg = f"{flag} of {what} is True or False (got {getattr(self, flag)!r})"
                raise TypeError(msg)

    @property
    def wallet(self) -> str:
        """The wallet that it pays from: `supplier:<id>` or `owner:<id>`."""
        return payee_wallet(self.role, self.supplier)

    @property
    def reversed(self) -> Money:
        """What was taken back."""
        return self._sum(DONE)

    @property
    def reversible(self) -> Money:
        """What can still be taken back: nothing unless it arrived, less what is on its way back."""
        if self.status not in PAID_OUT:
            return Money.zero(self.amount.currency)
        left = self.amount - self._sum(DONE) - self._sum(PENDING)
        return max(left, Money.zero(self.amount.currency))

    def _sum(self, status: str) -> Money:
        told = (r.amount for r in self.reversals if r.status == status)
        return sum_of(told, self.amount.currency)


def _above_zero(what: str, amount: object) -> None:
    if type(amount) is not Money:
        msg = f"{what} needs Money (got {amount!r})"
        raise TypeError(msg)
    if amount.minor <= 0:
        msg = f"{what} moves more than 0 (got {amount})"
        raise ValueError(msg)
