"""Enrolment: a student in a class, with the terms that were agreed, and what it is charged.

First the cycles due on joining, then each cycle as it opens. What a charge is for names it, so
that billing again bills nothing twice. (seed 003; spec: billing 2, 6)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.ids import derive
from ledgerkit.domain.late_joiners.joining import (
    CatchUp,
    CatchUpLine,
    CatchUpPolicy,
    catch_up,
    check_terms,
    counted_to,
    full,
)
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import Cycle, DatesOutOfOrder, local_date, plain_date

KIND = "enrolment"  # of the lines that charge one
_ANY_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Enrolment:
    """A student in a class, with the terms that were agreed.

    Attributes:
        id: Derived from class, customer, student and day.
        customer: The id of the party who pays.
        student: The student's name, as it stands on documents.
        class_id: Which class it is.
        class_name: Its name, as it stands on documents.
        class_start: The local day of its first lesson, from which cycles count.
        enrolled_on: The local day of the enrolment.
        reference: The local day that missed cycles are counted to, or None: *enrolled_on*.
        zone: The IANA time zone of the class, in which its days were told; later changes of it
            move no day. (spec: billing 0.3)
        cycle: What *price* is for, or None: the class is paid once.
        price: What one cycle costs, or the class that is paid once.
        policy: What a late joiner pays for.
        bill_early: Whether who enrols before the start is billed at once, not when it starts.
        until: The first local day that is not billed any more, or None: no cycle that starts then
            or later is charged.
    """

    id: str
    customer: str
    student: str
    class_id: str
    class_name: str
    class_start: date
    enrolled_on: date
    reference: date | None = None
    zone: str = "UTC"
    cycle: Cycle | None
    price: Money
    policy: CatchUpPolicy = CatchUpPolicy.ALL_FULL
    bill_early: bool = True
    until: date | None = None

    def __attrs_post_init__(self) -> None:
        for field in ("id", "customer", "class_id"):
            name_of(f"enrolment {field}", getattr(self, field))
        for field in ("student", "class_name"):
            if not text_of(f"enrolment {field}", getattr(self, field)).strip():
                msg = f"enrolment {self.id!r} needs a {field} (got {getattr(self, field)!r})"
                raise ValueError(msg)
        local_date(_ANY_INSTANT, self.zone)  # an unknown zone is refused here, not at billing
        counted_to(self.class_start, self.enrolled_on, self.reference)
        check_terms(self.cycle, self.price, self.policy)
        if type(self.bill_early) is not bool:
            msg = f"bill_early of enrolment {self.id!r} is a bool (got {self.bill_early!r})"
            raise TypeError(msg)
        if self.until is not None:
            plain_date("until", self.until)
            if self.until < self.enrolled_on:
                raise DatesOutOfOrder("enrolled_on", self.enrolled_on, "until", self.until)

    @property
    def catch_up(self) -> CatchUp:
        """What was due on joining."""
        return _joining(self, bill_early=self.bill_early)


def _joining(enrolment: Enrolment, *, bill_early: bool) -> CatchUp:
    return catch_up(
        enrolment.class_start,
        enrolment.enrolled_on,
        cycle=enrolment.cycle,
        price=enrolment.price,
        policy=enrolment.policy,
        reference=enrolment.reference,
        bill_early=bill_early,
    )


@attrs.frozen
class Enrolled:
    """An enrolment, new or changed; its charges are billed by whoever issues invoices."""

    enrolment: Enrolment

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.enrolment,))


def enrol(
    *,
    customer: str,
    student: str,
    class_id: str,
    class_name: str,
    class_start: date,
    zone: str,
    cycle: Cycle | None,
    price: Money,
    at: datetime,
    policy: CatchUpPolicy = CatchUpPolicy.ALL_FULL,
    reference: date | None = None,
    bill_early: bool = True,
) -> Enrolled:
    """Enrol *student* in a class *at* an instant, which is a day in the *zone* of the class.

    Here, once, an instant becomes the local day that everything counts from. (spec: C-6)

    Raises:
        UnknownZone: *zone* is no IANA name.
        DatesOutOfOrder, TypeError, ValueError: the terms make no sense; see `catch_up`.
    """
    on = local_date(at, zone)
    enrolment = Enrolment(
        id=derive("enr", class_id, customer, student, on=on),
        customer=customer,
        student=student,
        class_id=class_id,
        class_name=class_name,
        class_start=class_start,
        enrolled_on=on,
        reference=reference,
        zone=zone,
        cycle=cycle,
        price=price,
        policy=policy,
        bill_early=bill_early,
    )
    return Enrolled(enrolment)


def withdraw(enrolment: Enrolment, *, on: date) -> Enrolled:
    """Let *enrolment* end: no cycle that starts *on* a local day or later is charged.

    The cycle it falls in stays charged; what is given back of it is a credit note.

    Raises:
        DatesOutOfOrder: *on* is before the day of the enrolment.
    """
    return Enrolled(attrs.evolve(enrolment, until=on))


# ---- charges ---------------------------------------------------------------------------------
def charges(enrolment: Enrolment, *, as_of: date) -> tuple[Charge, ...]:
    """Return all that *enrolment* is charged up to the end of a local day, oldest first.

    First the cycles that were due on joining, then each that opened since; those that are billed
    already as well. Source, part and day of a charge never change, so the id of its line doesn't
    either, and what has a line already is not billed again. (spec: billing 0.8)

    Raises:
        TypeError: *as_of* is no date.
    """
    plain_date("as_of", as_of)
    joining = _joining(enrolment, bill_early=True)
    billed_from = joining.due_on
    if enrolment.bill_early:
        billed_from = enrolment.reference or enrolment.enrolled_on
    if as_of < billed_from:
        return ()
    lines = (*joining.lines, *_following(enrolment, joining.due_on, as_of))
    return tuple(_charge(enrolment, line, joining.due_on) for line in _before(enrolment, lines))


def _following(enrolment: Enrolment, joined_on: date, as_of: date) -> Iterable[CatchUpLine]:
    """Yield the cycles that opened after the one of *joined_on*."""
    cycle = enrolment.cycle
    if cycle is None:
        return
    for n in range(cycle.index_of(joined_on) + 1, cycle.index_of(as_of) + 1):
        yield full(cycle, n, enrolment.class_start, enrolment.price)


def _before(enrolment: Enrolment, lines: Iterable[CatchUpLine]) -> Iterable[CatchUpLine]:
    """Yield those of *lines* that start before the enrolment ends."""
    until = enrolment.until
    for line in lines:
        since = enrolment.class_start if line.period is None else line.period.start
        if until is None or since < until:
            yield line


def _charge(enrolment: Enrolment, line: CatchUpLine, joined_on: date) -> Charge:
    on = joined_on if line.period is None else line.period.start
    return Charge(
        source=enrolment.id,
        part="" if line.period is None else on.isoformat(),
        item=enrolment.class_name,
        detail=enrolment.student,
        kind=KIND,
        on=on,
        period=line.period,
        due_on=max(on, joined_on),
        rated=line.rated,
    )
