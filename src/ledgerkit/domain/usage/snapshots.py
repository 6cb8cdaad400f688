"""Snapshot: what a meter said of a customer when a period was billed, and what was billed of it.

It is the base of everything later: events that come late, a truth after an estimate and corrections
by hand are billed as the difference to it, never by billing the period again. (seed 001; spec:
billing C-11, 6)
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.periods import Period, plain_date
from ledgerkit.domain.usage.meters import AGGREGATIONS, UNCHANGED, Meter, Reading
from ledgerkit.domain.usage.quantities import (
    Quantity,
    added,
    check_quantities,
    differences,
    total,
)

COUNTED = "counted"
ESTIMATED = "estimated"


@attrs.frozen
class Correction:
    """What somebody added by hand, or took away (below zero).

    Attributes:
        quantities: By how much, by dimensions.
        actor: Who.
        reason: Why, in words.
        on: The local day.
    """

    quantities: tuple[Quantity, ...]
    actor: str
    reason: str
    on: date

    def __attrs_post_init__(self) -> None:
        if not check_quantities("the quantities of a correction", self.quantities):
            msg = "a correction changes something (got nothing)"
            raise ValueError(msg)
        name_of("actor", self.actor)
        name_of("reason for a correction", self.reason)
        plain_date("on", self.on)


@attrs.frozen(kw_only=True)
class Snapshot:
    """What was used in a period, as far as it is known, and how much of it was billed.

    Attributes:
        id: Derived from customer, meter and period; the source of the lines that bill it.
        customer: The id of the party.
        meter: The name of the meter.
        aggregation: How it counted.
        period: The local days that it counted.
        zone: The IANA zone they are local to.
        counted: What the meter said, or the period before where it is estimated.
        events: How many events it counted.
        estimated: Whether nothing was measured and the period before stands in.
        corrections: What people changed by hand since; they stay when events are counted anew.
        billed: The quantities that invoices charge, all of them together.
        part: How often it was billed: 0 before the first time. Lines tell their part by it.
    """

    id: str
    customer: str
    meter: str
    aggregation: str
    period: Period
    zone: str
    counted: tuple[Quantity, ...]
    events: int = 0
    estimated: bool = False
    corrections: tuple[Correction, ...] = ()
    billed: tuple[Quantity, ...] = ()
    part: int = 0

    def __attrs_post_init__(self) -> None:
        for field in ("id", "customer", "meter", "zone"):
            name_of(f"snapshot {field}", getattr(self, field))
        if self.aggregation not in AGGREGATIONS:
            msg = f"snapshot {self.id!r} is no {self.aggregation!r}; use {', '.join(AGGREGATIONS)}"
            raise ValueError(msg)
        if type(self.period) is not Period or type(self.estimated) is not bool:
            msg = f"snapshot {self.id!r} needs a Period and whether it is estimated"
            raise TypeError(msg)
        if type(self.corrections) is not tuple:
            msg = f"the corrections of snapshot {self.id!r} must be a tuple"
            raise TypeError(msg)
        for field in ("counted", "billed"):
            check_quantities(f"{field} of snapshot {self.id!r}", getattr(self, field))
        for field in ("events", "part"):
            value = getattr(self, field)
            if type(value) is not int or value < 0:
                msg = f"{field} of snapshot {self.id!r} is a whole number from 0 (got {value!r})"
                raise ValueError(msg)
        if (self.estimated and self.events) or (self.billed and not self.part):
            msg = (
                f"snapshot {self.id!r} cannot be estimated from {self.events} events of its own, "
                "nor have billed anything in no part"
            )
            raise ValueError(msg)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What was used: counted, and corrected by hand."""
        if not self.corrections:
            return self.counted
        return added(self.counted, *(each.quantities for each in self.corrections))

    @property
    def pending(self) -> bool:
        """Whether it has to be billed: for the first time, or because it says something else."""
        return not self.part or bool(differences(self.quantities, self.billed))

    @property
    def status(self) -> str:
        """`estimated` or `counted`."""
        return ESTIMATED if self.estimated else COUNTED


@attrs.frozen
class Taken:
    """A new snapshot."""

    snapshot: Snapshot

    @property
    def effects(self) -> Effects:
        """What to store, unless it is billed in the same changes: then `bill` stores it."""
        return Effects(records=(self.snapshot,))


def take(
    meter: Meter,
    reading: Reading | None,
    *,
    customer: str,
    period: Period,
    zone: str,
    previous: Snapshot | None,
) -> Taken:
    """Return the snapshot of what *customer* used in *period*.

    Where there is no *reading* and the meter's silence means `missing`, the *previous* period's
    snapshot stands in, once in a row, and says so. (spec: billing 6)

    Args:
        meter: How it was counted.
        reading: What it says; None where nothing was measured.
        customer: The id of the party.
        period: The local days that are billed.
        zone: The IANA zone they are local to.
        previous: The snapshot of the period before, or None.

    Raises:
        UsageMissing: nothing was measured, and nothing may stand in.
        ValueError: *reading* or *previous* is of something else.
    """
    empty = Snapshot(
        id=derive("usg", customer, meter.name, str(period), on=period.start),
        customer=customer,
        meter=meter.name,
        aggregation=meter.aggregation,
        period=period,
        zone=zone,
        counted=(),
    )
    if reading is not None:
        return Taken(_counted(empty, reading))
    if meter.silence == UNCHANGED:
        return Taken(empty)
    if previous is None or previous.estimated:
        raise UsageMissing(customer, meter.name, period, previous is not None)
    before = (previous.customer, previous.meter, previous.period.end)
    if before != (customer, meter.name, period.start):
        msg = f"snapshot {previous.id!r} is not of the period before {period}"
        raise ValueError(msg)
    return Taken(attrs.evolve(empty, counted=previous.quantities, estimated=True))


def _counted(snapshot: Snapshot, reading: Reading) -> Snapshot:
    """Return *snapshot* with what *reading* says."""
    for field in ("customer", "meter", "aggregation", "period", "zone"):
        read, wanted = getattr(reading, field), getattr(snapshot, field)
        if read != wanted:
            msg = f"the reading is of {field} {read}, snapshot {snapshot.id!r} of {wanted}"
            raise ValueError(msg)
    return attrs.evolve(
        snapshot,
        counted=reading.quantities,
        events=reading.events,
        estimated=False,
        # What was corrected of an estimate was a guess as well, and the truth is here now.
        corrections=() if snapshot.estimated else snapshot.corrections,
    )


@attrs.frozen
class Recounted:
    """A snapshot before and after its period was counted anew."""

    before: Snapshot
    after: Snapshot

    @property
    def differences(self) -> tuple[Quantity, ...]:
        """By how much the new count differs, by dimensions."""
        return differences(self.after.quantities, self.before.quantities)

    @property
    def effects(self) -> Effects:
        """What to store: nothing, where nothing came since."""
        return Effects(records=() if self.after == self.before else (self.after,))


def recount(snapshot: Snapshot, reading: Reading | None) -> Recounted:
    """Return *snapshot* with what its meter says now: late events, or the truth after an estimate.

    Corrections by hand stay on top, but those of an estimate end with it. Without a *reading* it
    stays as it is. Count in the snapshot's own period and zone. (spec: billing 6)

    Raises:
        ValueError: *reading* is of something else.
    """
    return Recounted(snapshot, snapshot if reading is None else _counted(snapshot, reading))


@attrs.frozen
class Corrected:
    """A snapshot before and after somebody corrected it."""

    before: Snapshot
    after: Snapshot

    @property
    def effects(self) -> Effects:
        """What to store: a new version of the snapshot, beside who, when and why."""
        return Effects(records=(self.after,))


def correct(
    snapshot: Snapshot,
    quantities: tuple[Quantity, ...],
    *,
    actor: str,
    reason: str,
    on: date,
) -> Corrected:
    """Return *snapshot* so that it says *quantities*, by the word of *actor*. (seed 001)

    The difference is kept, not the result: events that come later still count.

    Raises:
        NothingCorrected: it says so already.
        TypeError, ValueError: *quantities* are none, or *actor* or *reason* is empty.
    """
    check_quantities("corrected quantities", quantities)
    change = differences(quantities, snapshot.quantities)
    if not change:
        raise NothingCorrected(snapshot.id, total(quantities))
    correction = Correction(change, actor, reason, on)
    corrections = (*snapshot.corrections, correction)
    return Corrected(snapshot, attrs.evolve(snapshot, corrections=corrections))


@attrs.frozen
class Billed:
    """A snapshot whose quantities an invoice charges now.

    The line has the id of the snapshot as its source and *part* as its part; its amount is what
    *quantities* come to less what *before* came to, which was charged already.
    """

    snapshot: Snapshot
    part: str
    before: tuple[Quantity, ...]
    quantities: tuple[Quantity, ...]

    @property
    def differences(self) -> tuple[Quantity, ...]:
        """By how much the two differ, by dimensions."""
        return differences(self.quantities, self.before)

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.snapshot,))


def bill(snapshot: Snapshot) -> Billed:
    """Return *snapshot* as billed, to be stored in the commit that issues the invoice.

    Raises:
        NothingToBill: all it says is billed.
    """
    if not snapshot.pending:
        raise NothingToBill(snapshot.id, snapshot.part)
    billed = attrs.evolve(snapshot, billed=snapshot.quantities, part=snapshot.part + 1)
    # Empty at first, as the part of a line is.
    part = str(snapshot.part) if snapshot.part else ""
    return Billed(billed, part, snapshot.billed, snapshot.quantities)


@attrs.frozen
class UsageMissing(LedgerkitError):
    """Nothing was measured, and the period before may not stand in."""

    customer: str
    meter: str
    period: Period
    estimated: bool
    code: ClassVar[str] = "usage_missing"

    def __str__(self) -> str:
        why = "was estimated already" if self.estimated else "has none that may stand in"
        return (
            f"no usage of {self.meter!r} by {self.customer!r} in {self.period} is known and the "
            f"period before {why}; bring the usage in"
        )


@attrs.frozen
class NothingCorrected(LedgerkitError):
    """A correction that would change nothing."""

    snapshot: str
    total: Fraction
    code: ClassVar[str] = "nothing_corrected"

    def __str__(self) -> str:
        return f"snapshot {self.snapshot!r} says {self.total} already; correct it to something else"


@attrs.frozen
class NothingToBill(LedgerkitError):
    """A snapshot whose quantities are billed."""

    snapshot: str
    parts: int
    code: ClassVar[str] = "nothing_to_bill"

    def __str__(self) -> str:
        return (
            f"snapshot {self.snapshot!r} is billed in {self.parts} part(s) as it is; bill it when "
            "it says something else"
        )
