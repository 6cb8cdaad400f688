"""Paying: the life of a payout, by hand or through a gateway. (spec: billing 5a, 10)"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Journal, reverse, wallets_of
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.payouts.records import PAYOUT, Payout


@attrs.frozen
class ReferenceNeeded(LedgerkitError):
    """A payout marked paid by hand needs the bank's reference. (spec: billing 10)"""

    payout: str
    code: ClassVar[str] = "reference_needed"

    def __str__(self) -> str:
        return f"payout {self.payout!r} needs the reference it was paid under"


@attrs.frozen
class PayoutChanged:
    """A payout after a verb, and the journal if money moved."""

    payout: Payout
    journal: Journal | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        if self.journal is None:
            return Effects(records=(self.payout,))
        opens = wallets_of(self.journal.entries)
        return Effects(journals=(self.journal,), opens=opens, records=(self.payout,))


def generate(payout: Payout) -> PayoutChanged:
    """Make the preview pending: its entries are claimed, its money is still the payee's."""
    return _moved(payout, "generate")


def hold(payout: Payout, *, note: str) -> PayoutChanged:
    """Keep a pending payout back for review, with a *note* why."""
    return _moved(annotate(payout, note=note).payout, "hold")


def release(payout: Payout, *, note: str) -> PayoutChanged:
    """Let a held payout go on, with a *note* why."""
    return _moved(annotate(payout, note=note).payout, "release")


def fail(payout: Payout, *, note: str) -> PayoutChanged:
    """Record that paying failed, with a *note* of what was said."""
    return _moved(annotate(payout, note=note).payout, "fail")


def retry(payout: Payout, *, note: str) -> PayoutChanged:
    """Make a failed payout pending again, with a *note* why."""
    return _moved(annotate(payout, note=note).payout, "retry")


def annotate(payout: Payout, *, note: str) -> PayoutChanged:
    """Add a *note*; the status stays."""
    name_of("payout note", note)
    return PayoutChanged(attrs.evolve(payout, notes=(*payout.notes, note)))


def pay(payout: Payout, *, reference: str, at: datetime, cash: str = "cash:bank") -> PayoutChanged:
    """Record that a pending payout was paid under *reference*: payee -x, cash +x.

    Raises:
        ReferenceNeeded: *reference* is empty.
        IllegalTransition: it is not pending.
        ValueError: *cash* is neither a `cash:...` nor a `gateway:...` wallet.
    """
    if not str(cash).startswith(("cash:", "gateway:")):
        msg = f"payout {payout.id!r} is paid from cash:... or gateway:... (got {cash!r})"
        raise ValueError(msg)
    if not text_of("payout reference", reference).strip():
        raise ReferenceNeeded(payout.id)
    paid = attrs.evolve(
        payout,
        status=PAYOUT.after(payout.status, "pay"),
        reference=name_of("payout reference", reference),
        attempt=payout.attempt + 1,
        transfer=None,
        fee=None,
    )
    again = (paid.payment.part,) if paid.payment.part else ()
    journal = Journal(
        id=derive("jrn", "payout.paid", payout.id, *again, on=payout.period.start),
        kind="payout.paid",
        entries=(
            Entry(payout.wallet, -payout.total),
            Entry(cash, payout.total),
        ),
        effective_at=at,
        event=paid.payment,
        metadata=(("reference", reference),),
    )
    return PayoutChanged(paid, journal)


def bounce(payout: Payout, paid: Journal, *, note: str, at: datetime) -> PayoutChanged:
    """Record that the bank sent back what was *paid* by hand: the journal is reversed.

    The payout failed after all, and can be paid again. (spec: billing 5a, reliability A10)

    Raises:
        ValueError: *paid* is not the journal of its payment.
        IllegalTransition: it is not paid.
    """
    if payout.transfer is not None or paid.event != payout.payment:
        msg = f"journal {paid.id!r} is not the payment by hand of payout {payout.id!r}"
        raise ValueError(msg)
    status = PAYOUT.after(payout.status, "return")
    noted = annotate(attrs.evolve(payout, status=status, reference=None), note=note).payout
    return PayoutChanged(noted, reverse(paid, id=derive("jrn", "reversal", paid.id), at=at))


def _moved(payout: Payout, event: str) -> PayoutChanged:
    return PayoutChanged(attrs.evolve(payout, status=PAYOUT.after(payout.status, event)))
