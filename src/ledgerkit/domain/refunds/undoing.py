"""Undoing a charge: what was refunded is taken back from everybody who shared in it.

A gateway's refund leaves transfers as they are, so what a supplier was paid for it is a debt of the
supplier from then on, seen in the wallet and settled by an offset or a reversal. (spec: gateways
1.4, billing 10; reliability A15)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, net_of, reverse, reversible
from ledgerkit.domain.money import Money, allocate, sum_of
from ledgerkit.domain.parties import PAYEE_WALLETS
from ledgerkit.domain.payments import opened_by

CLAWBACK = "clawback"


@attrs.frozen
class ChargeUndoneAlready(LedgerkitError):
    """More of a charge would be taken back than is left of it."""

    charge: str
    left: Money
    asked: Money
    code: ClassVar[str] = "charge_undone_already"

    def __str__(self) -> str:
        return (
            f"charge {self.charge!r} has {self.left} left to take back; {self.asked} was asked for"
        )


@attrs.frozen
class ChargeUndone:
    """The reversal of a charge or of part of it, and what each payee has less by it."""

    journal: Journal
    shares: tuple[Entry, ...]

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(journals=(self.journal,), opens=opened_by((self.journal,)))


def undo_charge(
    charge: Journal,
    amount: Money,
    *,
    refund: str,
    at: datetime,
    earlier: tuple[Journal, ...] = (),
    corrections: tuple[Journal, ...] = (),
    forced_by: str | None = None,
) -> ChargeUndone:
    """Take *amount* of a *charge* back, from each who got a share of it, because of a *refund*.

    Customer +x, and payees and platform less by their shares, in the proportion that is left;
    *earlier* are its reversals until now, *corrections* the journals that corrected it, such as
    those of adjustments: what they took back is not taken back again. A payee who was paid
    already is below zero then, or gets less of the next payout; past a floor it needs *forced_by*,
    who allowed it.

    Raises:
        ChargeUndoneAlready: less is left of it.
        ValueError: *amount* is not above zero.
    """
    if amount.minor <= 0:
        msg = f"more than 0 of charge {charge.id!r} is taken back (got {amount})"
        raise ValueError(msg)
    left = _uncorrected(reversible(charge, earlier), corrections, amount.currency)
    taken = [entry for entry in left if entry.amount.minor < 0]
    given = [entry for entry in left if entry.amount.minor > 0]
    whole = min(
        -sum_of((entry.amount for entry in taken), amount.currency),
        sum_of((entry.amount for entry in given), amount.currency),
    )
    if amount > whole:
        raise ChargeUndoneAlready(charge.id, whole, amount)
    part = (*_share(taken, -amount), *_share(given, amount))
    journal = reverse(
        charge,
        id=derive("jrn", CLAWBACK, charge.id, refund),
        at=at,
        part=part,
        forced_by=forced_by,
        metadata=(("reason", CLAWBACK), ("refund", refund)),
    )
    if charge.event is not None:  # of the same work, so that no payout pays the work without this
        event = Event(charge.event.type, charge.event.id, f"refunded:{refund}")
        journal = attrs.evolve(journal, event=event)
    shares = tuple(entry for entry in journal.entries if entry.wallet.startswith(PAYEE_WALLETS))
    return ChargeUndone(journal, shares)


def _uncorrected(
    left: Iterable[Entry], corrections: Iterable[Journal], currency: str
) -> list[Entry]:
    """Return those legs of *left* in *currency*, less what *corrections* took of each."""
    moved = net_of(entry for journal in corrections for entry in journal.entries)
    legs = []
    for leg in left:
        minor = leg.amount.minor
        rest = minor + moved.get((leg.wallet, currency), 0)
        rest = min(max(rest, 0), minor) if minor > 0 else max(min(rest, 0), minor)
        if leg.amount.currency == currency and rest:
            legs.append(Entry(leg.wallet, Money(rest, currency)))
    return legs


def _share(legs: list[Entry], amount: Money) -> tuple[Entry, ...]:
    """Return *amount* shared out in the proportion of *legs*; shares of 0 are left out."""
    parts = allocate(amount, [abs(leg.amount.minor) for leg in legs])
    return tuple(
        Entry(leg.wallet, part) for leg, part in zip(legs, parts, strict=True) if part.minor
    )
