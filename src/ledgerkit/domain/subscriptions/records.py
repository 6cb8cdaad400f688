"""Subscription: the record of what a customer takes part in, item by item.

Each item says how far it is billed. Its terms never change: a change ends one phase of it and
begins another. So what was billed can be told from the phases at any time, and is told by the
function that billed it.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum
from fractions import Fraction

import attrs

from ledgerkit.domain.charges import Charge
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import Cycle, Period, Timing, day_start, plain_date
from ledgerkit.domain.proration import Basis

TRIALING = "trialing"
ACTIVE = "active"
PAUSED = "paused"
SUSPENDED = "suspended"
CANCELLED = "cancelled"
SUBSCRIPTION = Lifecycle(
    "subscription",
    TRIALING,
    {
        (TRIALING, "change"): TRIALING,
        (TRIALING, "begin"): ACTIVE,
        (ACTIVE, "change"): ACTIVE,
        (ACTIVE, "pause"): PAUSED,
        (PAUSED, "resume"): ACTIVE,
        (ACTIVE, "suspend"): SUSPENDED,
        (SUSPENDED, "reactivate"): ACTIVE,
        (TRIALING, "cancel"): CANCELLED,
        (ACTIVE, "cancel"): CANCELLED,
        (PAUSED, "cancel"): CANCELLED,
        (SUSPENDED, "cancel"): CANCELLED,
    },
)
_ONE = Fraction(1)


class PausePolicy(Enum):
    """What becomes of days that were paid for and fall into a pause. (spec: billing 3)"""

    CREDIT = "credit"  # given back; resuming charges the rest of the period it falls into
    EXTEND = "extend"  # they come after the pause, and every period after that is later by it
    FREEZE = "freeze"  # they pass; the cycle goes on and what follows them is not billed


class Settlement(Enum):
    """What becomes of the total of a change that is below zero. (spec: billing 3)"""

    CREDIT = "credit"  # kept for the customer's next invoices
    REFUND = "refund"
    OFFSET = "offset"  # against open invoices
    FORFEIT = "forfeit"


@attrs.frozen(kw_only=True)
class Item:
    """What is subscribed to, on terms that do not change.

    Attributes:
        id: Unique within the subscription; keeps its name when its price or quantity change.
        name: As it stands on the line: a catalog key or an article.
        detail: More of it, or empty.
        price: For one, for a whole period of its cycle; exact, below a cent too.
        quantity: How many; exact, above 0.
        timing: In advance or in arrears. (spec: billing 3)
        cycle: What its price is for, or None: the cycle of the subscription.
        one_time: Charged once, on its first day, in full.
        kind: What sort of thing its lines charge, for taxes and discounts.

    Raises:
        TypeError: a field is of another type.
        ValueError: the price is below 0, the quantity not above it, or a text cannot stand there.
    """

    id: str
    name: str
    detail: str = ""
    price: Rate
    quantity: Fraction = _ONE
    timing: Timing = Timing.IN_ADVANCE
    cycle: Cycle | None = None
    one_time: bool = False
    kind: str = "subscription"

    def __attrs_post_init__(self) -> None:
        name_of("item id", self.id)
        name_of("item name", self.name)
        text_of("item detail", self.detail)
        name_of("item kind", self.kind)
        if type(self.price) is not Rate or type(self.quantity) is not Fraction:
            msg = f"item {self.id!r} needs a Rate and a Fraction of it (got {self!r})"
            raise TypeError(msg)
        if self.price.per < 0 or self.quantity <= 0:
            msg = f"item {self.id!r} needs a price from 0 and a quantity above 0 (got {self!r})"
            raise ValueError(msg)
        if type(self.timing) is not Timing or not isinstance(self.cycle, Cycle | None):
            msg = f"item {self.id!r} needs a Timing and a Cycle, or None (got {self!r})"
            raise TypeError(msg)


@attrs.frozen(kw_only=True)
class Phase:
    """The days on which an item is there on the same terms.

    Attributes:
        number: Unique within the subscription; part of the names of its charges.
        item: What is charged.
        cycle: What its periods are counted by.
        starts_on: The first day of it; charged, unless it is one of the trial.
        ends_on: The first day without it, or None while it lasts.
        billed_through: The first day that is not billed yet, or None: nothing is. Later than
            *ends_on* where it ended early: what lies between was given back.
        gaps: Pauses that it was extended by; other dates of a phase count as if they had not been.

    Raises:
        TypeError: a field is of another type.
        ValueError: a date is before the start.
    """

    number: int
    item: Item
    cycle: Cycle
    starts_on: date
    ends_on: date | None = None
    billed_through: date | None = None
    gaps: tuple[Period, ...] = ()

    def __attrs_post_init__(self) -> None:
        if type(self.number) is not int or type(self.item) is not Item:
            msg = f"a phase needs a number and an Item (got {self!r})"
            raise TypeError(msg)
        if not isinstance(self.cycle, Cycle) or type(self.gaps) is not tuple:
            msg = f"phase {self.number} of {self.item.id!r} needs a Cycle and a tuple of gaps"
            raise TypeError(msg)
        plain_date("starts_on", self.starts_on)
        for field in ("ends_on", "billed_through"):
            value = getattr(self, field)
            if value is not None:
                plain_date(field, value)
                if value < self.starts_on:
                    msg = (
                        f"phase {self.number} of {self.item.id!r} has {field} {value}, before its "
                        f"start {self.starts_on}"
                    )
                    raise ValueError(msg)


@attrs.frozen
class Pause:
    """Days without service.

    Attributes:
        start: The first of them.
        until: The first day of service after them, or None while that is not known.
        policy: What becomes of days paid for.
    """

    start: date
    until: date | None = None
    policy: PausePolicy = PausePolicy.CREDIT

    def __attrs_post_init__(self) -> None:
        plain_date("start", self.start)
        if type(self.policy) is not PausePolicy:
            msg = f"policy must be a PausePolicy (got {self.policy!r})"
            raise TypeError(msg)
        if self.until is not None:
            Period(self.start, self.until)

    def holds(self, on: date) -> bool:
        """Return whether it lasts on the local day *on*."""
        return self.start <= on and (self.until is None or on < self.until)


@attrs.frozen(kw_only=True)
class Subscription:
    """What a customer takes part in.

    Attributes:
        id: Unique among subscriptions; the source of its lines.
        customer: The id of the party charged.
        currency: The currency of all its items.
        zone: The IANA time zone of the contract; days are local to it.
        cycle: What its items are billed by, unless they have a cycle of their own.
        started_on: The first day of service.
        trial_until: The first day that is not free, or None for no trial.
        ends_on: The first day without service, or None while no end is known.
        phases: What is, was and will be charged, in the order it was decided.
        planned: A pause to come, or None.
        stopped: The pause or suspension that it is in, or None.
        held: Phases that wait for the end of that.
        waiting: Charges of changes that are billed at the end of their period.
        suspensions: How often it was suspended.
        basis: What parts of a period are counted in: days, actual or of months of thirty.
        status: `trialing`, `active`, `paused`, `suspended` or `cancelled`.

    Raises:
        TypeError, ValueError, UnknownZone: a field is no such thing, or contradicts another.
    """

    id: str
    customer: str
    currency: str
    zone: str
    cycle: Cycle
    started_on: date
    trial_until: date | None = None
    ends_on: date | None = None
    phases: tuple[Phase, ...] = ()
    planned: Pause | None = None
    stopped: Pause | None = None
    held: tuple[Phase, ...] = ()
    waiting: tuple[Charge, ...] = ()
    suspensions: int = 0
    basis: Basis = Basis.ACTUAL_DAYS
    status: str = ACTIVE

    def __attrs_post_init__(self) -> None:
        name_of("subscription id", self.id)
        name_of("subscription customer", self.customer)
        day_start(self.started_on, self.zone)
        if not isinstance(self.cycle, Cycle) or type(self.suspensions) is not int:
            msg = f"subscription {self.id!r} needs a Cycle and a whole number of suspensions"
            raise TypeError(msg)
        for field in ("phases", "held", "waiting"):
            if type(getattr(self, field)) is not tuple:
                msg = f"{field} of subscription {self.id!r} must be a tuple"
                raise TypeError(msg)
        for field in ("trial_until", "ends_on"):
            self._check_after_start(field, getattr(self, field))
        # Days are the grain of a subscription; seconds would make a zone part of what was billed.
        if self.basis not in (Basis.ACTUAL_DAYS, Basis.FIXED_30):
            msg = f"subscription {self.id!r} counts days, actual or fixed (got {self.basis!r})"
            raise ValueError(msg)
        every = (*self.phases, *self.held)
        if any(phase.item.price.currency != self.currency for phase in every):
            msg = f"subscription {self.id!r} is in {self.currency}; an item of it is not"
            raise ValueError(msg)
        if len({phase.number for phase in every}) < len(every):
            msg = f"subscription {self.id!r} has a phase twice"
            raise ValueError(msg)
        self._check_status()

    def _check_after_start(self, field: str, value: date | None) -> None:
        if value is not None:
            plain_date(field, value)
            if value < self.started_on:
                msg = f"{field} of subscription {self.id!r} is {value}, before {self.started_on}"
                raise ValueError(msg)

    def _check_status(self) -> None:
        if self.status not in SUBSCRIPTION.statuses:
            allowed = ", ".join(SUBSCRIPTION.statuses)
            msg = f"subscription {self.id!r} is {self.status!r}; it is one of {allowed}"
            raise ValueError(msg)
        if (
            (self.status == TRIALING and self.trial_until is None)
            or (self.status == PAUSED and self.stopped is None)
            or (self.stopped is not None and self.status not in (PAUSED, SUSPENDED))
            or (self.stopped is None and self.held)
        ):
            msg = (
                f"subscription {self.id!r} is {self.status} with trial_until {self.trial_until}, "
                f"stopped {self.stopped} and {len(self.held)} phases held"
            )
            raise ValueError(msg)

    def items(self, *, on: date) -> tuple[Item, ...]:
        """Return the items that it has on the local day *on*; on the days of a pause there is none.

        What is charged once is none of them.
        """
        if self.stopped is not None and self.stopped.holds(on):
            return ()
        return tuple(phase.item for phase in self.phases if is_live(phase, on))


def service_day(phase: Phase, on: date) -> date:
    """Return the day *on* as *phase* counts it: without the days of pauses that it outlasted."""
    paused = (min(gap.end, on) - gap.start for gap in phase.gaps if gap.start < on)
    return on - sum(paused, timedelta(0))


def is_live(phase: Phase, on: date) -> bool:
    """Return whether *phase* gives something every day, the local day *on* included."""
    day = service_day(phase, on)
    if phase.item.one_time or day < phase.starts_on or any(on in gap for gap in phase.gaps):
        return False
    return phase.ends_on is None or day < phase.ends_on
