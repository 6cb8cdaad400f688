"""Settling: the five ways to close a case, and what its reversals brought back.

Where the payee's wallet does not show the case yet, a first journal books it; then each method
has its own. (spec: billing 10, reliability A15, A16)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain import transfers as moves
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.clawbacks.records import (
    CLAWBACK,
    EXECUTING,
    FAILED,
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    OVERPAYMENT,
    SETTLED,
    STRIPE_REVERSAL,
    WINDOW,
    WRITTEN_OFF,
    Clawback,
    Window,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, cash_of, wallets_of
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.transfers import Reversal, ReversalAsked, Transfer

# Codes that say that the account has spent the money; the case then falls back to the next payouts.
FUNDS_GONE = ("insufficient_funds", "balance_insufficient")
FELL_BACK = "alert.clawback_fell_back"
# Who bears what is given up.
_GIVEN_UP = {FORGIVEN: "platform", WRITTEN_OFF: "writeoff"}


@attrs.frozen
class ClawbackWindowClosed(LedgerkitError):
    """A transfer is too old to be reversed; every other method stays. (spec: billing 10, C-22)"""

    transfer: str
    closed_at: datetime
    at: datetime
    code: ClassVar[str] = "clawback_window_closed"

    def __str__(self) -> str:
        return (
            f"transfer {self.transfer!r} could be reversed before {self.closed_at.isoformat()}, "
            f"now it is {self.at.isoformat()}; choose another method"
        )


@attrs.frozen
class CheckReferenceNeeded(LedgerkitError):
    """A payment outside the gateway needs the document that shows it."""

    clawback: str
    code: ClassVar[str] = "check_reference_needed"

    def __str__(self) -> str:
        return f"clawback {self.clawback!r} is settled by hand; it needs a reference of the payment"


@attrs.frozen(kw_only=True)
class ClawbackExecuted:
    """A case that is carried out.

    Attributes:
        clawback: As it is now: settled, or executing while reversals are on their way.
        journals: What is booked now.
        asked: The reversals asked for.
    """

    clawback: Clawback
    journals: tuple[Journal, ...] = ()
    asked: tuple[ReversalAsked, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        entries = (entry for journal in self.journals for entry in journal.entries)
        own = Effects(
            journals=self.journals,
            opens=wallets_of(entries),
            records=(self.clawback,),
        )
        return sum((asked.effects for asked in self.asked), start=own)


def execute(
    clawback: Clawback,
    *,
    at: datetime,
    transfers: Iterable[Transfer] = (),
    window: Window = WINDOW,
    reference: str = "",
    cash: str = "cash:bank",
) -> ClawbackExecuted:
    """Carry an approved case out by its method.

    - `future_payout_offset`: the next payouts bear it, each as far as it reaches.
    - `stripe_reversal`: every one of its *transfers* is taken back for its share, while *window*
      lasts for all of them; the instructions are not sent after it closed.
    - `manual_check`: paid outside the gateway, from or to *cash*, under *reference*.
    - `forgiven`, `written_off`: given up, at the cost of the platform or the `writeoff` wallet.

    Raises:
        CheckReferenceNeeded: `manual_check` without a reference.
        ClawbackWindowClosed: a transfer is too old.
        OverReversed: a transfer has not that much left.
        IllegalTransition: it is not approved.
        ValueError: one of its transfers is missing, or *cash* is no `cash:...` wallet.
    """
    reversing = clawback.method == STRIPE_REVERSAL and clawback.rest.minor > 0
    status = CLAWBACK.after(clawback.status, "execute" if reversing else "settle")
    cash_of("what is paid outside the gateway", cash)
    if clawback.method == MANUAL_CHECK and not text_of("reference", reference).strip():
        raise CheckReferenceNeeded(clawback.id)
    journals = [] if clawback.on_wallet else [_owed(clawback, at=at)]
    if clawback.rest.minor:
        journals += _settlement(clawback, at=at, cash=cash, reference=reference)
    after = attrs.evolve(clawback, status=status, on_wallet=True, reference=reference)
    asked = _asked(clawback, transfers, at=at, window=window) if reversing else ()
    return ClawbackExecuted(clawback=after, journals=tuple(journals), asked=asked)


def _asked(
    clawback: Clawback, transfers: Iterable[Transfer], *, at: datetime, window: Window
) -> tuple[ReversalAsked, ...]:
    known = {transfer.id: transfer for transfer in transfers}
    asked = []
    for share in clawback.shares:
        transfer = known.get(share.transfer)
        if transfer is None or transfer.created_at is None:
            msg = f"clawback {clawback.id!r} reverses transfer {share.transfer!r}; pass it, done"
            raise ValueError(msg)
        rest = share.amount - brought_back(clawback, [transfer])
        if not rest.minor:
            continue
        if not window.is_open(transfer.created_at, at=at):
            raise ClawbackWindowClosed(transfer.id, window.closes_at(transfer.created_at), at)
        asked.append(
            moves.take_back(
                transfer,
                rest,
                asked_for=clawback.id,
                at=at,
                send_before=window.closes_at(transfer.created_at),
            )
        )
    return tuple(asked)


# ---- what the gateway says -------------------------------------------------------------------
@attrs.frozen
class ClawbackFollowed:
    """A case after news of its reversals, and the notice if the next payouts bear it now."""

    clawback: Clawback
    notice: tuple[Message, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.clawback,), messages=self.notice)


def follow(clawback: Clawback, transfers: Iterable[Transfer]) -> ClawbackFollowed | None:
    """Move a case to where the reversals of its *transfers* are; None: nothing changes.

    All came back: settled. Refused as the money is gone: the wallet still shows it, so the next
    payouts bear the rest, and the case says so. Refused for another reason: failed, and a person
    chooses. A reversal that fails after all falls back too. (spec: billing 10, reliability A16)
    """
    ours = [t for t in transfers if any(share.transfer == t.id for share in clawback.shares)]
    seen = attrs.evolve(clawback, recovered=brought_back(clawback, ours))
    event = _event(seen, [r for each in ours for r in _newest(clawback, each)])
    if event is None:
        return None if seen == clawback else ClawbackFollowed(seen)
    after = attrs.evolve(seen, status=CLAWBACK.after(clawback.status, event))
    if event == "fall_back":
        after = attrs.evolve(after, method=FUTURE_PAYOUT_OFFSET, fell_back=True)
        return ClawbackFollowed(after, (_fell_back(after),))
    return ClawbackFollowed(after)


def _event(clawback: Clawback, newest: list[Reversal]) -> str | None:
    """Return what the *newest* reversal of each transfer means for the case, or None."""
    if clawback.method != STRIPE_REVERSAL:
        return None
    if not clawback.rest.minor:
        return "settle" if clawback.status in (EXECUTING, FAILED) else None
    if clawback.status == SETTLED:
        return "fall_back"
    if clawback.status != EXECUTING or any(r.status == moves.PENDING for r in newest):
        return None
    codes = {r.code for r in newest if r.status == moves.FAILED}
    return "fall_back" if codes <= set(FUNDS_GONE) else "fail"


def _newest(clawback: Clawback, transfer: Transfer) -> Iterable[Reversal]:
    return [r for r in transfer.reversals if r.asked_for == clawback.id][-1:]


def brought_back(clawback: Clawback, transfers: Iterable[Transfer]) -> Money:
    """Return what the reversals of *transfers* that *clawback* asked for have brought back."""
    done = (
        reversal.amount
        for transfer in transfers
        for reversal in transfer.reversals
        if reversal.asked_for == clawback.id and reversal.status == moves.DONE
    )
    return sum_of(done, clawback.amount.currency)


def _fell_back(clawback: Clawback) -> Message:
    facts = (("clawback", clawback.id), ("supplier", clawback.supplier), ("cause", clawback.cause))
    return Message(derive("msg", FELL_BACK, clawback.id), FELL_BACK, clawback.requested_by, facts)


# ---- journals --------------------------------------------------------------------------------
def _owed(clawback: Clawback, *, at: datetime) -> Journal:
    """Return what puts the case on the payee's wallet, at the platform's gain or cost."""
    owed = -clawback.amount if clawback.side == OVERPAYMENT else clawback.amount
    return Journal(
        id=derive("jrn", "clawback.owed", clawback.id),
        kind="clawback.owed",
        entries=(Entry(clawback.wallet, owed), Entry("platform", -owed)),
        effective_at=at,
        event=Event("clawback", clawback.id, "owed"),
        metadata=_about(clawback),
    )


def _settlement(
    clawback: Clawback, *, at: datetime, cash: str, reference: str
) -> Iterable[Journal]:
    payee, rest = clawback.wallet, clawback.rest
    if clawback.method == MANUAL_CHECK:
        # Plus on a wallet of cash is money that left; another wallet than the gateway's, so that
        # what the gateway reports still agrees.
        left = rest if clawback.side != OVERPAYMENT else -rest
        entries = (Entry(payee, -left), Entry(cash, left))
        yield Journal(
            id=derive("jrn", "clawback.paid", clawback.id),
            kind="clawback.paid",
            entries=entries,
            effective_at=at,
            event=Event("clawback", clawback.id, "paid"),
            metadata=(*_about(clawback), ("reference", name_of("reference", reference))),
        )
    elif clawback.method in _GIVEN_UP:
        bearer = _GIVEN_UP[clawback.method]
        yield Journal(
            id=derive("jrn", "clawback.given_up", clawback.id),
            kind="clawback.given_up",
            entries=(Entry(bearer, -rest), Entry(payee, rest)),
            effective_at=at,
            event=Event("clawback", clawback.id, "given_up"),
            metadata=_about(clawback),
        )


def _about(clawback: Clawback) -> tuple[tuple[str, str], ...]:
    facts: Mapping[str, str] = {
        "cause": clawback.cause,
        "reason": clawback.reason,
        "approved_by": clawback.approved_by,
    }
    return tuple(facts.items())
