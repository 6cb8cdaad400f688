"""Adjusting: what was done is told anew, and the books get the difference.

A proposal is decided on one state of the completion. When another adjustment was applied in
between, it is superseded: approving or applying it would take the same hours off twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.access import need_four_eyes
from ledgerkit.domain.adjustments.approving import (
    FOUR_EYES_ABOVE_50,
    Approval,
    ApprovalNeeded,
)
from ledgerkit.domain.adjustments.records import ADJUSTMENT, PROPOSED, Adjustment
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.completions import Completion, WorkQuantity, rated_anew
from ledgerkit.domain.completions.completing import wallets_of
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Event, Journal, difference
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.rate_cards import RateCard


@attrs.frozen
class NothingToAdjust(LedgerkitError):
    """An adjustment to what is told already."""

    completion: str
    code: ClassVar[str] = "nothing_to_adjust"

    def __str__(self) -> str:
        return f"completion {self.completion!r} says so already; tell other quantities"


@attrs.frozen
class Superseded(LedgerkitError):
    """An adjustment of a completion that was adjusted since."""

    adjustment: str
    completion: str
    base: int
    part: int
    code: ClassVar[str] = "superseded"

    def __str__(self) -> str:
        return (
            f"adjustment {self.adjustment!r} was decided when {self.completion!r} had been "
            f"adjusted {self.base} time(s), and it is {self.part} by now; decide again"
        )


@attrs.frozen
class Adjusted:
    """An adjustment after a verb.

    Attributes:
        adjustment: It, in its new status.
        completion: What it made of the completion, or None while it is not applied.
        journal: The difference, or None where it is not applied or moves nothing.
    """

    adjustment: Adjustment
    completion: Completion | None = None
    journal: Journal | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        if self.completion is None:
            return Effects(records=(self.adjustment,))
        return Effects(
            journals=() if self.journal is None else (self.journal,),
            opens=wallets_of(self.completion),
            records=(self.adjustment, self.completion),
        )


def adjustment_id(completion: Completion, key: str) -> str:
    """Return the id of the adjustment of *completion* that is asked for under *key*."""
    named = name_of("key of an adjustment", key)
    return derive("adj", completion.id, named, on=completion.on)


def propose(
    completion: Completion,
    quantities: tuple[WorkQuantity, ...],
    *,
    card: RateCard,
    key: str,
    by: str,
    reason: str,
    at: datetime,
) -> Adjusted:
    """Decide what telling *quantities* of *completion* would move, asked for by *by* as *key*.

    They are all that was done, 0 for nothing; kinds left out were not done. The rates are those
    that priced the completion: only a kind that is new to it is looked up on *card*, for its day.

    Raises:
        NothingToAdjust: the completion has these quantities.
        NoRate, NotCounted, SupplierNeeded: as `complete` does.
        ValueError: there is no reason, or the quantities are not sorted by kind, each once.
    """
    meant = rated_anew(completion, quantities, card=card)
    if meant.quantities == completion.quantities:
        raise NothingToAdjust(completion.id)
    return Adjusted(
        Adjustment(
            id=adjustment_id(completion, key),
            completion=completion.id,
            customer=completion.customer,
            supplier=completion.supplier,
            currency=completion.currency,
            base=completion.part,
            before=completion.quantities,
            after=quantities,
            rates=meant.rates,
            lines=meant.lines,
            deltas=difference(completion.legs, meant.legs),
            reason=reason,
            requested_by=by,
            requested_at=at,
            on=local_date(at, completion.zone),
        )
    )


def adjust(
    completion: Completion,
    quantities: tuple[WorkQuantity, ...],
    *,
    card: RateCard,
    key: str,
    by: str,
    reason: str,
    at: datetime,
    approval: Approval = FOUR_EYES_ABOVE_50,
    forced_by: str | None = None,
) -> Adjusted:
    """Adjust *completion* to *quantities*: at once, or pending where *approval* says it is large.

    Raises: as `propose` does.
    """
    adjustment = propose(
        completion, quantities, card=card, key=key, by=by, reason=reason, at=at
    ).adjustment
    if approval.needed(adjustment):
        return submit(adjustment)
    return apply(adjustment, completion, at=at, approval=approval, forced_by=forced_by)


def submit(adjustment: Adjustment) -> Adjusted:
    """Ask for the approval of a proposal.

    Raises:
        IllegalTransition: it is no proposal.
    """
    return Adjusted(attrs.evolve(adjustment, status=ADJUSTMENT.after(adjustment.status, "submit")))


def approve(
    adjustment: Adjustment,
    completion: Completion,
    *,
    by: str,
    approval: Approval = FOUR_EYES_ABOVE_50,
) -> Adjusted:
    """Approve what waits, on the newest state of its *completion*; `apply` then posts it.

    What is approved is what was asked for, to the amount: there is no editing in between.

    Raises:
        IllegalTransition: it does not wait for approval.
        Superseded: the completion was adjusted since it was decided.
        ApproverIsRequester: *by* asked for it, and *approval* wants four eyes.
        ValueError: it is of another completion.
    """
    name_of("approver", by)
    status = ADJUSTMENT.after(adjustment.status, "approve")
    _check_base(adjustment, completion)
    if approval.four_eyes:
        need_four_eyes("adjustment", adjustment.id, asked_by=adjustment.requested_by, by=by)
    return Adjusted(attrs.evolve(adjustment, status=status, approved_by=by))


def reject(adjustment: Adjustment) -> Adjusted:
    """Turn down what waits for approval; who and why stand in its history.

    Raises:
        IllegalTransition: it does not wait.
    """
    return Adjusted(attrs.evolve(adjustment, status=ADJUSTMENT.after(adjustment.status, "reject")))


def apply(
    adjustment: Adjustment,
    completion: Completion,
    *,
    at: datetime,
    approval: Approval = FOUR_EYES_ABOVE_50,
    forced_by: str | None = None,
) -> Adjusted:
    """Post the difference, effective *at*, and tell the *completion* anew.

    *forced_by* names who allows the customer's wallet to pass below its floor by it.

    Raises:
        IllegalTransition: it waits for approval, was turned down, or is applied.
        ApprovalNeeded: it is a proposal above the limit of *approval*.
        Superseded: the completion was adjusted since it was decided.
        ValueError: it is of another completion.
    """
    status = ADJUSTMENT.after(adjustment.status, "apply")
    if adjustment.status == PROPOSED and approval.needed(adjustment):
        limit = approval.limit(adjustment.currency)
        raise ApprovalNeeded(adjustment.id, adjustment.largest, limit)
    _check_base(adjustment, completion)
    adjusted = attrs.evolve(
        completion,
        quantities=adjustment.after,
        rates=adjustment.rates,
        lines=adjustment.lines,
        part=completion.part + 1,
    )
    if not adjustment.deltas:
        return Adjusted(attrs.evolve(adjustment, status=status), adjusted)
    journal = _journal(adjustment, adjusted, at, forced_by)
    return Adjusted(attrs.evolve(adjustment, status=status, journal=journal.id), adjusted, journal)


def _check_base(adjustment: Adjustment, completion: Completion) -> None:
    if adjustment.completion != completion.id:
        msg = f"adjustment {adjustment.id!r} is of {adjustment.completion!r}, not {completion.id!r}"
        raise ValueError(msg)
    if adjustment.base != completion.part:
        raise Superseded(adjustment.id, completion.id, adjustment.base, completion.part)


def _journal(
    adjustment: Adjustment, adjusted: Completion, at: datetime, forced_by: str | None
) -> Journal:
    # A completion that came to nothing had no journal that this one could correct.
    corrected = () if adjusted.journal is None else (("corrects", adjusted.journal),)
    return Journal(
        id=derive("jrn", "completion.adjusted", adjustment.id, on=adjustment.on),
        kind="completion.adjusted",
        entries=adjustment.deltas,
        effective_at=at,
        # Claims its place in the row of adjustments, so that no two start from the same state.
        event=Event(adjusted.type, adjusted.id, f"adjusted:{adjusted.part}"),
        forced_by=forced_by,
        metadata=(*corrected, ("adjustment", adjustment.id)),
    )
