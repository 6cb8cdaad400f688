"""Proposing: a case is opened within what was paid, and approved by somebody else.

(spec: billing 10: always needs approval, whatever the amount; capped at paid less reversed)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.access import need_four_eyes
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.clawbacks.records import (
    CLAWBACK,
    FUTURE_PAYOUT_OFFSET,
    OVERPAYMENT,
    REJECTED,
    Clawback,
    Share,
    above_zero,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import SUPPLIER, role_in_id
from ledgerkit.domain.transfers import FAILED, PAID_OUT, Transfer


@attrs.frozen
class OverClawback(LedgerkitError):
    """More would be clawed back than transfers paid and have left."""

    cause: str
    asked: Money
    left: Money
    code: ClassVar[str] = "over_clawback"

    def __str__(self) -> str:
        return (
            f"the transfers behind {self.cause!r} have {self.left} left that was paid and not "
            f"clawed back; {self.asked} was asked"
        )


@attrs.frozen
class ClawbackChanged:
    """A clawback after a verb that moves no money."""

    clawback: Clawback

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.clawback,))


def left_of(transfer: Transfer, earlier: Iterable[Clawback] = ()) -> Money:
    """Return what may still be clawed back of *transfer*: paid, less all that was before.

    *earlier* are the clawbacks that have a share of it; those rejected do not count. What was
    reversed for none of them, such as by hand at the gateway, counts too.
    """
    zero = Money.zero(transfer.amount.currency)
    if transfer.status not in PAID_OUT:
        return zero
    cases = [each for each in earlier if each.status != REJECTED]
    ids = {case.id for case in cases}
    shares = (share for case in cases for share in case.shares if share.transfer == transfer.id)
    others = (
        reversal.amount
        for reversal in transfer.reversals
        if reversal.status != FAILED and reversal.asked_for not in ids
    )
    taken = sum_of([*(share.amount for share in shares), *others], zero.currency)
    return max(transfer.amount - taken, zero)


def recoverable(
    amount: Money, transfers: Iterable[Transfer], *, earlier: Iterable[Clawback] = ()
) -> tuple[Share, ...]:
    """Return how much of *amount* the *transfers* paid, each in turn; none: it was never paid.

    What a sale earned and no transfer paid is not clawed back: the entry that took the earning back
    is all there is to it. (lms-front issue 511: owed 720.00, not 640.00)
    """
    earlier = tuple(earlier)
    shares: list[Share] = []
    rest = amount
    for transfer in transfers:
        taken = min(rest, left_of(transfer, earlier))
        if taken.minor:
            shares.append(Share(transfer.id, taken))
            rest -= taken
    return tuple(shares)


def clawback_id(
    supplier: str, cause: str, currency: str, part: str = "", *, role: str = SUPPLIER
) -> str:
    """Return the id of the case of the payee *supplier* that *cause* showed."""
    return derive("clw", supplier, cause, currency, part, *role_in_id(role))


def propose(
    amount: Money,
    *,
    supplier: str,
    cause: str,
    reason: str,
    by: str,
    at: datetime,
    on_wallet: bool,
    method: str = FUTURE_PAYOUT_OFFSET,
    side: str = OVERPAYMENT,
    transfers: Iterable[Transfer] = (),
    earlier: Iterable[Clawback] = (),
    part: str = "",
    role: str = SUPPLIER,
) -> ClawbackChanged:
    """Open a case over *amount* that *supplier* was paid too much, or with *side* too little.

    With the *role* `owner` it was paid for equipment.

    *on_wallet* says whether the payee's wallet shows it already, as after an adjustment or a
    refund that took its share back; if not, settling the case books it. *transfers* are
    those that paid it, the first to be taken back first; without any it was paid by hand.

    Raises:
        OverClawback: the transfers did not pay that much, or it was clawed back before.
    """
    above_zero("a clawback", amount)
    transfers = tuple(transfers)
    shares = recoverable(amount, transfers, earlier=earlier)
    found = sum_of((share.amount for share in shares), amount.currency)
    if transfers and found < amount:
        raise OverClawback(cause, amount, found)
    return ClawbackChanged(
        Clawback(
            id=clawback_id(supplier, cause, amount.currency, part, role=role),
            supplier=supplier,
            role=role,
            side=side,
            amount=amount,
            cause=cause,
            reason=reason,
            shares=shares,
            method=method,
            on_wallet=on_wallet,
            requested_by=by,
            opened_at=at,
            recovered=Money.zero(amount.currency),
        )
    )


def approve(clawback: Clawback, *, by: str, four_eyes: bool = True) -> ClawbackChanged:
    """Approve a case as it was proposed, method included; whether *by* may is the host's to check.

    Raises:
        ApproverIsRequester: the same person proposed it or chose its method, unless *four_eyes* is
            off.
        IllegalTransition: it does not wait for approval.
    """
    status = CLAWBACK.after(clawback.status, "approve")
    if four_eyes:
        for asked_by in (clawback.requested_by, clawback.chosen_by):
            need_four_eyes("clawback", clawback.id, asked_by=asked_by, by=by)
    return ClawbackChanged(
        attrs.evolve(clawback, status=status, approved_by=name_of("approver", by))
    )


def reject(clawback: Clawback) -> ClawbackChanged:
    """Turn a case down; who and why stand in its history.

    Raises:
        IllegalTransition: it does not wait for approval.
    """
    return ClawbackChanged(attrs.evolve(clawback, status=CLAWBACK.after(clawback.status, "reject")))


def choose(clawback: Clawback, method: str, *, by: str) -> ClawbackChanged:
    """Propose another *method* for a case that is not carried out, or could not be.

    Raises:
        IllegalTransition: it is being carried out, or is over.
        ValueError: the method does not fit the case.
    """
    return ClawbackChanged(
        attrs.evolve(
            clawback,
            status=CLAWBACK.after(clawback.status, "choose"),
            method=method,
            chosen_by=name_of("who chose the method", by),
            approved_by="",
        )
    )
