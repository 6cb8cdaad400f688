"""Payment plans: a receivable that is paid in dated parts.

A plan moves no money and changes no invoice: it says which part of a debt is due when. What was
paid counts for the oldest instalments first, and one that is missed makes that part overdue and,
unless it was agreed, no other. (seed 003; spec: billing 2, C-9)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import ISSUED, Invoice
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, draw, sum_of
from ledgerkit.domain.periods import Cycle, plain_date

ACTIVE = "active"
COMPLETED = "completed"
CANCELLED = "cancelled"
PAYMENT_PLAN = Lifecycle(
    "payment_plan",
    ACTIVE,
    {
        (ACTIVE, "complete"): COMPLETED,
        # A payment that was voided or refunded is owed again. (spec: billing 5a)
        (COMPLETED, "reopen"): ACTIVE,
        (ACTIVE, "cancel"): CANCELLED,
    },
)


@attrs.frozen
class Instalment:
    """A part of a receivable, more than nothing, to be paid until the end of the day *due_on*."""

    due_on: date
    amount: Money

    def __attrs_post_init__(self) -> None:
        plain_date("due_on", self.due_on)
        if type(self.amount) is not Money:
            msg = f"an instalment must be Money (got {self.amount!r})"
            raise TypeError(msg)
        if self.amount.minor <= 0:
            msg = f"an instalment must be above 0 (got {self.amount}, due on {self.due_on})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class PaymentPlan:
    """How a receivable is paid.

    Attributes:
        id: Derived from the receivable and how many plans it had.
        customer: The id of the party who owes it.
        receivable: What is owed: the id of an invoice, or another name for it.
        instalments: Its parts, one at least, by growing dates; all in one currency.
        accelerate: Whether a missed instalment makes all that is left due at once.
        status: `active`, `completed` or `cancelled`.
    """

    id: str
    customer: str
    receivable: str
    instalments: tuple[Instalment, ...]
    accelerate: bool = False
    status: str = ACTIVE

    def __attrs_post_init__(self) -> None:
        for field in ("id", "customer", "receivable"):
            name_of(f"payment plan {field}", getattr(self, field))
        parts = self.instalments
        if type(parts) is not tuple or any(type(part) is not Instalment for part in parts):
            msg = f"payment plan {self.id!r} needs a tuple of Instalments (got {parts!r})"
            raise TypeError(msg)
        if not parts:
            msg = f"payment plan {self.id!r} needs one instalment at least"
            raise ValueError(msg)
        days = [part.due_on for part in parts]
        if days != sorted(set(days)):
            msg = f"instalments of plan {self.id!r} are due on growing dates, each its own"
            raise ValueError(msg)
        if len({part.amount.currency for part in parts}) > 1:
            msg = f"instalments of plan {self.id!r} must be in one currency"
            raise ValueError(msg)
        if type(self.accelerate) is not bool:
            msg = f"accelerate of plan {self.id!r} is a bool (got {self.accelerate!r})"
            raise TypeError(msg)
        if self.status not in PAYMENT_PLAN.statuses:
            msg = f"payment plan {self.id!r} is {self.status!r}; see its lifecycle"
            raise ValueError(msg)

    @property
    def currency(self) -> str:
        """The currency of all instalments."""
        return self.instalments[0].amount.currency

    @property
    def total(self) -> Money:
        """What is owed by the plan: the sum of the instalments."""
        return sum_of((part.amount for part in self.instalments), self.currency)


# ---- agreeing on a plan ----------------------------------------------------------------------
def instalments(total: Money, dates: Sequence[date]) -> tuple[Instalment, ...]:
    """Return *total* in equal parts, one due on each of *dates*, the remainder on the first.

    Raises `ValueError` without dates, or when there is less than a minor unit for each.

    >>> days = [date(2026, 3, 15), date(2026, 4, 1), date(2026, 5, 1)]
    >>> [part.amount.minor for part in instalments(Money(10000, "EUR"), days)]
    [3334, 3333, 3333]
    """
    if type(total) is not Money:
        msg = f"what is paid in parts must be Money (got {total!r})"
        raise TypeError(msg)
    if not dates:
        msg = f"{total} needs one date at least to be paid on"
        raise ValueError(msg)
    each = Money(total.minor // len(dates), total.currency)
    first = total - each * (len(dates) - 1)
    return tuple(Instalment(on, each if n else first) for n, on in enumerate(dates))


def instalment_dates(cycle: Cycle, count: int, *, on: date) -> tuple[date, ...]:
    """Return *count* dates: *on*, then the boundaries of *cycle* that follow it.

    So that instalments are due when the regular fees are. (spec: billing 2)

    >>> from ledgerkit.domain.periods import FixedDaysCycle
    >>> thirty = FixedDaysCycle(date(2026, 1, 1), 30)
    >>> [day.isoformat() for day in instalment_dates(thirty, 3, on=date(2026, 3, 15))]
    ['2026-03-15', '2026-04-01', '2026-05-01']
    """
    if type(count) is not int or count < 1:
        msg = f"instalments are counted from 1 (got {count!r})"
        raise ValueError(msg)
    now = cycle.index_of(on)
    return (on, *(cycle.boundary(n) for n in range(now + 1, now + count)))


@attrs.frozen
class PlanChanged:
    """A payment plan after a verb; no money moved."""

    plan: PaymentPlan

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.plan,))


def agree(
    parts: tuple[Instalment, ...],
    *,
    customer: str,
    receivable: str,
    accelerate: bool = False,
    earlier: int = 0,
) -> PlanChanged:
    """Agree that *customer* pays *receivable* in *parts*; *earlier* is how many plans it had.

    Raises:
        TypeError, ValueError: the parts make no plan; see `PaymentPlan`.
    """
    plan = PaymentPlan(
        id=derive("pln", receivable, str(earlier)),
        customer=customer,
        receivable=receivable,
        instalments=parts,
        accelerate=accelerate,
    )
    return PlanChanged(plan)


def agree_on(
    invoice: Invoice,
    dates: Sequence[date],
    *,
    settled: Money | None = None,
    accelerate: bool = False,
    earlier: int = 0,
) -> PlanChanged:
    """Agree that what is open of *invoice* is paid in equal parts on *dates*.

    *settled* is what was paid or credited of it so far, nothing by default.

    Raises:
        NotReceivable: it is a draft.
        ValueError: nothing is open, or no date is given.
    """
    if invoice.status != ISSUED:
        raise NotReceivable(invoice.id, invoice.status)
    left = invoice.total if settled is None else invoice.total - settled
    return agree(
        instalments(left, dates),
        customer=invoice.customer,
        receivable=invoice.id,
        accelerate=accelerate,
        earlier=earlier,
    )


# ---- following it ----------------------------------------------------------------------------
@attrs.frozen
class Assigned:
    """An instalment, and what of the payments counts for it."""

    instalment: Instalment
    paid: Money

    @property
    def open(self) -> Money:
        """What is still to be paid of it."""
        return self.instalment.amount - self.paid


def assign(plan: PaymentPlan, paid: Money) -> tuple[Assigned, ...]:
    """Return the instalments with what of *paid* counts for each, the oldest first.

    *paid* is all that was paid towards the plan; more than its total counts for none of them.

    Raises:
        NegativeAmount: *paid* is below zero.
        CurrencyMismatch: it is in another currency.
    """
    parts = plan.instalments
    taken = draw(paid, [part.amount for part in parts]).parts
    return tuple(Assigned(part, money) for part, money in zip(parts, taken, strict=True))


def due(plan: PaymentPlan, *, on: date, paid: Money) -> tuple[Assigned, ...]:
    """Return the parts that are to be paid *on* a local day, overdue ones first.

    Of a plan that accelerates these are all that are left once one is overdue. A plan that was
    cancelled makes nothing due: its receivable is, as if there had been no plan.

    Raises:
        What `assign` raises.
    """
    plain_date("on", on)
    left = _left(plan, paid)
    if plan.accelerate and _missed(left, on):
        return left
    return tuple(part for part in left if part.instalment.due_on <= on)


def overdue(plan: PaymentPlan, *, on: date, paid: Money) -> tuple[Assigned, ...]:
    """Return the parts whose day is over and that are not paid whole. (spec: billing 7)

    Only these are overdue, unless the plan accelerates: then all that is left is.

    Raises:
        What `assign` raises.
    """
    plain_date("on", on)
    left = _left(plan, paid)
    missed = _missed(left, on)
    return left if plan.accelerate and missed else missed


def _left(plan: PaymentPlan, paid: Money) -> tuple[Assigned, ...]:
    parts = assign(plan, paid)
    return () if plan.status == CANCELLED else tuple(part for part in parts if part.open.minor)


def _missed(left: tuple[Assigned, ...], on: date) -> tuple[Assigned, ...]:
    return tuple(part for part in left if part.instalment.due_on < on)


def complete(plan: PaymentPlan, *, paid: Money) -> PlanChanged:
    """Record that all instalments are paid.

    Raises:
        PlanStillOpen: they are not.
        IllegalTransition: it is not active.
    """
    status = PAYMENT_PLAN.after(plan.status, "complete")
    if paid < plan.total:
        raise PlanStillOpen(plan.id, plan.total, paid)
    return PlanChanged(attrs.evolve(plan, status=status))


def reopen(plan: PaymentPlan) -> PlanChanged:
    """Let a completed plan go on, because a payment was taken back.

    Raises:
        IllegalTransition: it is not completed.
    """
    return PlanChanged(attrs.evolve(plan, status=PAYMENT_PLAN.after(plan.status, "reopen")))


def cancel(plan: PaymentPlan) -> PlanChanged:
    """Give up an active plan: the receivable is due as it was, and may have another plan.

    Raises:
        IllegalTransition: it is not active.
    """
    return PlanChanged(attrs.evolve(plan, status=PAYMENT_PLAN.after(plan.status, "cancel")))


# ---- beside regular fees ---------------------------------------------------------------------
@attrs.frozen
class Owed:
    """What is to be paid on a day: instalments, and the regular fees on top of them."""

    instalments: Money
    regular: Money

    @property
    def total(self) -> Money:
        """Both together."""
        return self.instalments + self.regular


def owed(
    plans: Iterable[tuple[PaymentPlan, Money]],
    fees: Iterable[tuple[date, Money]],
    *,
    on: date,
    currency: str,
) -> Owed:
    """Return what is owed *on* a local day, what is overdue included. (spec: C-9)

    *plans* come with what was paid towards each; *fees* are the due day and the open amount of
    what no plan covers. The next regular fee is on top of an instalment.

    Raises:
        CurrencyMismatch: a plan or a fee is in another currency.

    >>> parts = instalments(Money(15000, "EUR"), [date(2026, 3, 15), date(2026, 4, 1)])
    >>> plan = agree(parts, customer="ana", receivable="inv_1").plan
    >>> april = (date(2026, 4, 1), Money(5000, "EUR"))
    >>> paid = Money(7500, "EUR")
    >>> owed([(plan, paid)], [april], on=date(2026, 4, 1), currency="EUR").total.minor
    12500
    """
    parts = [part for plan, paid in plans for part in due(plan, on=on, paid=paid)]
    regular = [amount for day, amount in fees if day <= on]
    return Owed(sum_of((part.open for part in parts), currency), sum_of(regular, currency))


# ---- what can go wrong -----------------------------------------------------------------------
@attrs.frozen
class NotReceivable(LedgerkitError):
    """An invoice that nobody owes yet cannot be paid in parts."""

    invoice: str
    status: str
    code: ClassVar[str] = "not_receivable"

    def __str__(self) -> str:
        return f"invoice {self.invoice!r} is {self.status}; a payment plan needs an issued one"


@attrs.frozen
class PlanStillOpen(LedgerkitError):
    """A plan is not paid whole."""

    plan: str
    total: Money
    paid: Money
    code: ClassVar[str] = "plan_still_open"

    def __str__(self) -> str:
        return (
            f"payment plan {self.plan!r} is of {self.total} and {self.paid} is paid; "
            f"{self.total - self.paid} is open"
        )
