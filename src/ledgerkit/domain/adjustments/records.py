"""Adjustment: the record of a correction, its statuses, and which way money moves by it."""

from __future__ import annotations

from datetime import date, datetime

import attrs

from ledgerkit.domain.completions import CompletionLine, WorkQuantity
from ledgerkit.domain.completions.records import checked_quantities
from ledgerkit.domain.ledger import Entry, address, net_of
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, is_code
from ledgerkit.domain.periods import instant, plain_date
from ledgerkit.domain.rate_cards import CardRate

PROPOSED = "proposed"
PENDING_APPROVAL = "pending_approval"
APPROVED = "approved"
REJECTED = "rejected"
APPLIED = "applied"
ADJUSTMENT = Lifecycle(
    "adjustment",
    PROPOSED,
    {
        (PROPOSED, "submit"): PENDING_APPROVAL,
        (PROPOSED, "apply"): APPLIED,
        (PENDING_APPROVAL, "approve"): APPROVED,
        (PENDING_APPROVAL, "reject"): REJECTED,
        (APPROVED, "apply"): APPLIED,
    },
)
# Of the supplier, who had too much or too little; of the customer, who was charged so.
OVERPAYMENT, UNDERPAYMENT = "overpayment", "underpayment"
OVERCHARGE, UNDERCHARGE = "overcharge", "undercharge"
UNCHANGED = "unchanged"


@attrs.frozen(kw_only=True)
class Adjustment:
    """What was done after all, and what that moves.

    Attributes:
        id: Derived from the completion and the key of the request.
        completion: The id of the completion.
        customer: The id of the party charged.
        supplier: The id of the party who earned, or None.
        currency: The currency of every amount.
        base: How often the completion had been adjusted when this was decided.
        before: The quantities until now.
        after: The quantities from now on.
        rates: The versions on rate cards that price the completion afterwards.
        lines: What each party is charged or earns afterwards.
        deltas: What moves on each wallet; none where no amount changes.
        reason: Why, in words.
        requested_by: Who asked for it.
        requested_at: When, a UTC instant.
        on: The local day of that.
        status: `proposed`, `pending_approval`, `approved`, `rejected` or `applied`.
        approved_by: Who approved it, or None.
        journal: The id of the journal that posts the deltas, once it is applied.
        settlement: How the supplier's difference was settled, or None; told by who settles it.
    """

    id: str
    completion: str
    customer: str
    supplier: str | None = None
    currency: str
    base: int
    before: tuple[WorkQuantity, ...]
    after: tuple[WorkQuantity, ...]
    rates: tuple[CardRate, ...] = ()
    lines: tuple[CompletionLine, ...]
    deltas: tuple[Entry, ...]
    reason: str
    requested_by: str
    requested_at: datetime = attrs.field(converter=instant)
    on: date
    status: str = PROPOSED
    approved_by: str | None = None
    journal: str | None = None
    settlement: str | None = None

    def __attrs_post_init__(self) -> None:
        for field in ("id", "completion", "customer", "requested_by"):
            name_of(f"{field} of an adjustment", getattr(self, field))
        for field in ("supplier", "approved_by", "journal", "settlement"):
            if getattr(self, field) is not None:
                name_of(f"{field} of an adjustment", getattr(self, field))
        if not text_of("reason of an adjustment", self.reason).strip():
            msg = f"adjustment {self.id!r} needs a reason (got none)"
            raise ValueError(msg)
        plain_date("day of an adjustment", self.on)
        checked_quantities(self.completion, self.before)
        checked_quantities(self.completion, self.after)
        if type(self.base) is not int or self.base < 0:
            msg = f"base of adjustment {self.id!r} counts from 0 (got {self.base!r})"
            raise ValueError(msg)
        self._check_tuples()
        self._check_deltas()
        self._check_status()

    def _check_tuples(self) -> None:
        for field, kind in (("rates", CardRate), ("lines", CompletionLine), ("deltas", Entry)):
            value = getattr(self, field)
            if type(value) is not tuple or not all(type(each) is kind for each in value):
                msg = f"{field} of {self.id!r} must be a tuple of {kind.__name__} (got {value!r})"
                raise TypeError(msg)

    def _check_deltas(self) -> None:
        if type(self.currency) is not str or not is_code(self.currency):
            msg = f"adjustment {self.id!r} needs the code of a currency (got {self.currency!r})"
            raise ValueError(msg)
        if any(leg.amount.currency != self.currency for leg in self.deltas):
            msg = f"adjustment {self.id!r} is in {self.currency}; a delta of it is not"
            raise ValueError(msg)
        if off := sum(leg.amount.minor for leg in self.deltas):
            msg = f"the deltas of adjustment {self.id!r} are off by {off}; they sum to zero"
            raise ValueError(msg)

    def _check_status(self) -> None:
        if self.status not in ADJUSTMENT.statuses:
            msg = f"adjustment {self.id!r} has status {self.status!r}; it is none of its statuses"
            raise ValueError(msg)
        if self.approved_by is not None and self.status not in (APPROVED, APPLIED):
            msg = f"adjustment {self.id!r} is {self.status} and names who approved it"
            raise ValueError(msg)
        if self.approved_by is None and self.status == APPROVED:
            msg = f"adjustment {self.id!r} is approved; it names who did it"
            raise ValueError(msg)
        if (self.journal is not None) != (self.status == APPLIED and bool(self.deltas)):
            msg = f"adjustment {self.id!r} has a journal once its deltas are applied, only"
            raise ValueError(msg)

    def delta(self, wallet: str) -> Money:
        """Return what moves on *wallet*: plus arrives, minus leaves."""
        return Money(net_of(self.deltas)[wallet, self.currency], self.currency)

    @property
    def customer_delta(self) -> Money:
        """What the customer has back (plus) or owes more (minus)."""
        return self.delta(address("customer", self.customer))

    @property
    def supplier_delta(self) -> Money:
        """What the supplier earns more (plus) or gives back (minus)."""
        if self.supplier is None:
            return Money.zero(self.currency)
        return self.delta(address("supplier", self.supplier))

    @property
    def customer_side(self) -> str:
        """What was wrong with the charge: `overcharge`, `undercharge` or `unchanged`."""
        return _side(self.customer_delta, plus=OVERCHARGE, minus=UNDERCHARGE)

    @property
    def supplier_side(self) -> str:
        """What was wrong with the pay: `overpayment`, `underpayment` or `unchanged`."""
        return _side(self.supplier_delta, plus=UNDERPAYMENT, minus=OVERPAYMENT)

    @property
    def largest(self) -> Money:
        """The largest amount that moves on a wallet, without its sign. (spec: billing C-19)"""
        moved = net_of(self.deltas).values()
        return Money(max((abs(minor) for minor in moved), default=0), self.currency)


def _side(delta: Money, *, plus: str, minus: str) -> str:
    if delta.minor == 0:
        return UNCHANGED
    return plus if delta.minor > 0 else minus
