"""Joining: what is due from somebody who enrols in a class, before, when or after it starts.

Cycles are counted from the start of the class to the day of the enrolment, in local dates; each
cycle due is a line of its own, and the current one may be prorated. (seed 003; spec: billing 2)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from fractions import Fraction
from types import MappingProxyType

import attrs

from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import Cycle, DatesOutOfOrder, Period, plain_date
from ledgerkit.domain.pricing import Rated, rated

_ONE = Fraction(1)


class CatchUpPolicy(Enum):
    """Which cycles a late joiner pays for, and how much of the current one. (spec: billing 2)

    ALL_FULL: the missed cycles and the current one, all in full; what seed 003 does.
    CURRENT_ONLY: the current cycle, in full; what seed 003 did before.
    MISSED_FULL_CURRENT_PRORATED: the missed cycles in full, the days left of the current one.
    CURRENT_PRORATED: the days left of the current cycle.
    """

    ALL_FULL = "all_full"
    CURRENT_ONLY = "current_only"
    MISSED_FULL_CURRENT_PRORATED = "missed_full_current_prorated"
    CURRENT_PRORATED = "current_prorated"


_BILL_MISSED = {CatchUpPolicy.ALL_FULL, CatchUpPolicy.MISSED_FULL_CURRENT_PRORATED}
_PRORATE = {CatchUpPolicy.CURRENT_PRORATED, CatchUpPolicy.MISSED_FULL_CURRENT_PRORATED}


@attrs.frozen
class CatchUpLine:
    """What one cycle costs; *period* is None for a class that is paid once."""

    period: Period | None
    rated: Rated


@attrs.frozen(kw_only=True)
class CatchUp:
    """What joining a class costs, cycle by cycle, and what comes after.

    A message to the student says `total`, `cycles_due`, `next_amount` and `next_due`.

    Attributes:
        cycle_start: The start of the class: the first cycle charged may be long over.
        cycle_end: The end of the current cycle; None for a class that is paid once.
        cycles_elapsed: How many cycles are over.
        lines: What is charged now, one line for each cycle, oldest first; none as long as nothing
            is charged before the class starts.
        price: What one cycle costs, or the whole class that is paid once.
        due_on: The local day that `total` is due, not before the class starts. (spec: C-5)
        next_due: The local day of the next payment, or None when there is none. (spec: C-7)
        next_amount: What is due then, or None.
    """

    cycle_start: date
    cycle_end: date | None
    cycles_elapsed: int
    lines: tuple[CatchUpLine, ...]
    price: Money
    due_on: date
    next_due: date | None
    next_amount: Money | None

    @property
    def cycles_due(self) -> int:
        """How many cycles are charged now; with all of them, those elapsed and the current one."""
        return 0 if self.cycle_end is None else len(self.lines)

    @property
    def total(self) -> Money:
        """What is charged now: the sum of the lines."""
        return _sum(self.lines, self.price.currency)

    @property
    def catch_up_amount(self) -> Money:
        """What the cycles due come to: the total, or nothing for a class that is paid once."""
        return Money.zero(self.price.currency) if self.cycle_end is None else self.total

    @property
    def compatibility_view(self) -> Mapping[str, date | int | Money | None]:
        """The same under the names of seed 003, where "missed" counts the current cycle. (C-4)"""
        return MappingProxyType(
            {
                "billingCycleStart": self.cycle_start,
                "billingCycleEnd": self.cycle_end,
                "nextPaymentDue": self.next_due,
                "missedCycles": self.cycles_due,
                "catchUpAmount": self.catch_up_amount,
                "totalAmount": self.total,
                "regularPrice": self.price,
            }
        )


def catch_up(
    class_start: date,
    enrolled_on: date,
    *,
    cycle: Cycle | None,
    price: Money,
    policy: CatchUpPolicy = CatchUpPolicy.ALL_FULL,
    reference: date | None = None,
    bill_early: bool = True,
) -> CatchUp:
    """Return what is due from somebody who enrols on a local day, at *price* for each *cycle*.

    Without a cycle the class is paid once, whenever one joins. Cycles are counted from
    *class_start* to *reference*, the day of the enrolment unless the caller names another, such
    as that of the payment (spec: C-23). Who enrols before the start owes the first cycle, or
    nothing yet without *bill_early* (C-5). A cycle that started before the class is charged in
    full; prorated are the days left, of all days of the cycle (C-8).

    Raises:
        DatesOutOfOrder: *reference* is before *enrolled_on*.
        TypeError, ValueError: no dates, cycle, policy or money; a price below zero.

    >>> from ledgerkit.domain.periods import FixedDaysCycle
    >>> start = date(2026, 1, 1)
    >>> due = catch_up(
    ...     start, date(2026, 3, 15), cycle=FixedDaysCycle(start), price=Money(5000, "EUR")
    ... )
    >>> due.cycles_due, due.total.minor, due.next_due.isoformat()
    (3, 15000, '2026-04-01')
    """
    counted = counted_to(class_start, enrolled_on, reference)
    check_terms(cycle, price, policy)
    joins_on = max(counted, class_start)
    lines = _lines(class_start, joins_on, cycle, price, policy)
    cycle_end, elapsed = None, 0
    if cycle is not None:
        cycle_end = cycle.containing(joins_on).end
        elapsed = cycle.index_of(joins_on) - cycle.index_of(class_start)
    next_due, next_amount = cycle_end, None if cycle_end is None else price
    if counted < class_start and not bill_early:
        next_due, next_amount, lines = class_start, _sum(lines, price.currency), ()
    return CatchUp(
        cycle_start=class_start,
        cycle_end=cycle_end,
        cycles_elapsed=elapsed,
        lines=lines,
        price=price,
        due_on=joins_on,
        next_due=next_due,
        next_amount=next_amount,
    )


def counted_to(class_start: date, enrolled_on: date, reference: date | None) -> date:
    """Return the day that cycles are counted to."""
    plain_date("class_start", class_start)
    plain_date("enrolled_on", enrolled_on)
    if reference is None:
        return enrolled_on
    plain_date("reference", reference)
    if reference < enrolled_on:
        raise DatesOutOfOrder("enrolled_on", enrolled_on, "reference", reference)
    return reference


def check_terms(cycle: object, price: object, policy: object) -> None:
    """Raise unless they are terms that one can be billed by."""
    if cycle is not None and not isinstance(cycle, Cycle):
        msg = f"cycle must be a Cycle, or None for a class that is paid once (got {cycle!r})"
        raise TypeError(msg)
    if type(policy) is not CatchUpPolicy:
        msg = f"policy must be a CatchUpPolicy (got {policy!r})"
        raise TypeError(msg)
    if type(price) is not Money:
        msg = f"price must be Money (got {price!r})"
        raise TypeError(msg)
    if price.minor < 0:
        msg = f"price must be 0 or more (got {price})"
        raise ValueError(msg)


def _lines(
    class_start: date, joins_on: date, cycle: Cycle | None, price: Money, policy: CatchUpPolicy
) -> tuple[CatchUpLine, ...]:
    """Return what the policy charges somebody who joins on a day of the class."""
    if cycle is None:
        return (CatchUpLine(None, _rated(price, _ONE, ("rule", "paid once"))),)
    current = cycle.index_of(joins_on)
    missed = range(cycle.index_of(class_start), current) if policy in _BILL_MISSED else range(0)
    before = tuple(full(cycle, n, class_start, price) for n in missed)
    if policy not in _PRORATE:
        return (*before, full(cycle, current, class_start, price))
    whole = cycle.period(current)
    left = Period(joins_on, whole.end)
    factor = ("factor", f"{left.days}/{whole.days}")
    why = (("rule", "days left of the cycle"), ("cycle", str(whole)), factor)
    return (*before, CatchUpLine(left, _rated(price, left.share_of(whole), *why)))


def _sum(lines: tuple[CatchUpLine, ...], currency: str) -> Money:
    return sum_of((line.rated.amount for line in lines), currency)


def full(cycle: Cycle, n: int, class_start: date, price: Money) -> CatchUpLine:
    """Return cycle *n* in full; the class may have started within it."""
    whole = cycle.period(n)
    of_class = Period(max(whole.start, class_start), whole.end)
    why = (("rule", "full cycle"), ("cycle", str(whole)))
    return CatchUpLine(of_class, _rated(price, _ONE, *why))


def _rated(price: Money, share: Fraction, *why: tuple[str, str]) -> Rated:
    per = Fraction(price.minor)
    trace = (*why, ("unit_price", str(per)))
    return rated(per * share, price.currency, quantity=share, unit_price=per, trace=trace)
