"""Recurring: credit that is granted anew in each period of a cycle."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from fractions import Fraction

import attrs

from ledgerkit.domain.grants.records import Grant
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, Rounding, round_exact
from ledgerkit.domain.periods import Cycle, Period, Timing, plain_date
from ledgerkit.domain.pricing import Rated, rated


def prorated(amount: Money, share: Fraction, *, trace: tuple[tuple[str, str], ...] = ()) -> Rated:
    """Return the *share*, 0 to 1, of an *amount* of credit, rounded once, half up.

    A stub that would round to nothing is rounded up: credit of zero cannot be granted.

    >>> prorated(Money(100_00000000, "CREDIT"), Fraction(12, 31)).amount
    Money(minor=3870967742, currency='CREDIT')
    >>> prorated(Money(100, "EUR"), Fraction(1, 1000)).amount
    Money(minor=1, currency='EUR')
    """
    if type(share) is not Fraction:
        msg = f"the share of a grant must be a Fraction (got {share!r})"
        raise TypeError(msg)
    if not 0 <= share <= 1:
        msg = f"a grant is prorated by a share from 0 to 1 (got {share})"
        raise ValueError(msg)
    unrounded = amount.minor * share
    lost = unrounded > 0 and round_exact(unrounded, Rounding.HALF_UP) == 0
    return rated(
        unrounded,
        amount.currency,
        quantity=share,
        unit_price=Fraction(amount.minor),
        trace=(("rule", "prorated credit"), *trace),
        rounding=Rounding.UP if lost else Rounding.HALF_UP,
    )


@attrs.frozen(kw_only=True)
class Schedule:
    """Credit that recurs: a policy of the host's, which makes a grant for each period.

    Attributes:
        id: Unique among schedules; grants are named by it and their first day.
        customer: The id of the party who may use it.
        amount: How much is granted for a whole period.
        price: What is paid for a whole period, or None where it is given.
        cycle: The periods. A grant pays for usage of its own period; to let some of it go on see
            `roll_over`.
        start: The first day; a first period that is not whole is prorated.
        end: The first day after it, or None; a last period is prorated likewise.
        covers: The kinds of lines it pays for; empty: all of them.
        priority: Lower numbers are drawn first.
    """

    id: str
    customer: str
    amount: Money
    price: Money | None = None
    cycle: Cycle
    start: date
    end: date | None = None
    covers: tuple[str, ...] = ()
    priority: int = 0

    def __attrs_post_init__(self) -> None:
        name_of("schedule id", self.id)
        if not isinstance(self.cycle, Cycle):
            msg = f"schedule {self.id!r} needs a Cycle (got {self.cycle!r})"
            raise TypeError(msg)
        plain_date("start", self.start)
        if self.end is not None:
            plain_date("end", self.end)
            if self.end <= self.start:
                msg = f"schedule {self.id!r} ends on {self.end}, not after {self.start}"
                raise ValueError(msg)
        self.grant(self.cycle.containing(self.start))  # a grant that cannot be is refused here

    def grant(self, period: Period) -> Grant:
        """Return the grant for its part of a whole *period* of the cycle, prorated by days.

        Raises `BadPeriod` where it has no day in *period*, `ValueError` for no period of the cycle.
        """
        if self.cycle.containing(period.start) != period:
            msg = f"{period} is no period of the cycle of schedule {self.id!r}"
            raise ValueError(msg)
        end = period.end if self.end is None else min(self.end, period.end)
        own = Period(max(self.start, period.start), end)
        share = own.share_of(period)
        return Grant(
            id=derive("gra", self.id, on=own.start),
            customer=self.customer,
            amount=prorated(self.amount, share).amount,
            price=None if self.price is None else prorated(self.price, share).amount,
            granted_on=own.start,
            expires_on=own.end,
            covers=self.covers,
            priority=self.priority,
        )


def recurrences(
    schedule: Schedule, *, as_of: date, granted: Collection[str] = ()
) -> tuple[Grant, ...]:
    """Return the grants of *schedule* that are due at *as_of* and not among the ids *granted*.

    A grant is due on the first day of its period. Wherever the last run stopped, all come, oldest
    first, and each once. Buy or give each; then take out of it what was used too much before, with
    `settle(overage(covered, on=grant.granted_on), grants)`.

    Raises:
        DatesOutOfOrder: *as_of* is before the start.
    """
    due = schedule.cycle.due(
        as_of, start=schedule.start, end=schedule.end, timing=Timing.IN_ADVANCE
    )
    grants = (schedule.grant(schedule.cycle.containing(part.start)) for part in due)
    return tuple(grant for grant in grants if grant.id not in granted)
