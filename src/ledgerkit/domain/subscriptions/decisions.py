"""Decisions about a subscription: its new state, what that charges or gives back."""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.ids import derive
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.subscriptions.records import Settlement, Subscription


@attrs.frozen(kw_only=True)
class Decided:
    """A subscription after a decision.

    A preview is a decision that nobody commits. Who decided, when and why stands in the history
    of the record. (design: decide, then commit)

    Attributes:
        subscription: As it is now.
        charges: What to invoice or to credit for it, each once.
        later: What is billed with a later run instead; the subscription keeps it.
        settlement: What becomes of a total below zero.
    """

    subscription: Subscription
    charges: tuple[Charge, ...] = ()
    later: tuple[Charge, ...] = ()
    settlement: Settlement = Settlement.CREDIT

    @property
    def total(self) -> Money:
        """What all of it comes to, before tax; below zero where more is given back."""
        amounts = (charge.rated.amount for charge in (*self.charges, *self.later))
        return sum_of(amounts, self.subscription.currency)

    @property
    def effects(self) -> Effects:
        """What to store: the subscription as a new version."""
        return Effects(records=(self.subscription,))


@attrs.frozen(kw_only=True)
class Created(Decided):
    """A subscription that began; what it charges is billed by `bill`."""


@attrs.frozen(kw_only=True)
class TrialEnded(Decided):
    """A subscription whose trial is over before its time."""


@attrs.frozen(kw_only=True)
class Changed(Decided):
    """A subscription whose items changed, or will."""


@attrs.frozen(kw_only=True)
class Paused(Decided):
    """A subscription that is paused, or will be."""


@attrs.frozen(kw_only=True)
class Resumed(Decided):
    """A subscription that goes on after a pause, or will."""


@attrs.frozen(kw_only=True)
class Cancelled(Decided):
    """A subscription that is over, or will be."""


@attrs.frozen(kw_only=True)
class Billed(Decided):
    """A subscription after a run: billed as far as it can be, its status brought up to the day.

    Attributes:
        before: What it was.
    """

    before: Subscription

    @property
    def effects(self) -> Effects:
        """What to store: nothing, where the run found nothing to do."""
        moved = self.subscription != self.before
        return Effects(records=(self.subscription,) if moved else ())


@attrs.frozen(kw_only=True)
class Suspended(Decided):
    """A suspended subscription, and the notice that lets the customer's service follow."""

    notice: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.subscription,), messages=(self.notice,))


@attrs.frozen(kw_only=True)
class Reactivated(Decided):
    """A subscription after its suspension, and the notice that lets the service follow."""

    notice: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.subscription,), messages=(self.notice,))


def suspension_changed(subscription: Subscription, *, on: date) -> Message:
    """Return the notice that *subscription* was suspended or reactivated *on* a day.

    (spec: billing 8: emitted for the host to propagate)
    """
    turn = str(subscription.suspensions)
    return Message(
        derive("msg", "suspension_changed", subscription.id, turn, subscription.status, on=on),
        "notice.suspension_changed",
        subscription.customer,
        (
            ("subscription", subscription.id),
            ("status", subscription.status),
            ("on", on.isoformat()),
        ),
    )
