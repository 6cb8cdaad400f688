"""Journals of transfers; ids and events come from the gateway's object alone.

So the answer to a call, a webhook and the reconciliation book a fact once. (spec: reliability A2)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from ledgerkit.domain.gateways import link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, EntryLine, Event, Journal, reverse
from ledgerkit.domain.transfers.records import FAILED, Reversal, Transfer


def payment(transfer: Transfer, *, at: datetime) -> Journal:
    """Return what a transfer that is done books: payee -x, gateway +x, fees of their own."""
    payee, gateway = transfer.wallet, f"gateway:{transfer.gateway}"
    entries = [Entry(payee, -transfer.amount), Entry(gateway, transfer.amount)]
    if transfer.withheld is not None:
        entries += [Entry(payee, -transfer.withheld), Entry("platform", transfer.withheld)]
    if transfer.fee is not None and transfer.fee.minor:
        entries += [Entry("platform", -transfer.fee), Entry(gateway, transfer.fee)]
    link = link_id(transfer.gateway, transfer.object or "")
    return Journal(
        id=derive("jrn", "in", link),
        # What a payout claims and pays is no earning of the next one.
        kind="payout.transferred" if transfer.of_payout else "transfer.done",
        entries=tuple(entries),
        effective_at=at,
        event=_event(transfer),
        metadata=(("pays", transfer.pays),),
    )


def under_way(transfers: Iterable[Transfer], entries: Iterable[EntryLine]) -> tuple[Transfer, ...]:
    """Return those of *transfers* that pay single work and do not show in *entries* yet.

    *entries* are of the wallet that these pay from. What such a transfer pays still stands there
    as earned, and must not be paid with a payout as well. One that failed pays nothing.
    """
    booked = {entry.event for entry in entries}
    return tuple(
        transfer
        for transfer in transfers
        if not transfer.of_payout
        and transfer.status != FAILED
        and (transfer.object is None or _event(transfer) not in booked)
    )


def _event(transfer: Transfer) -> Event:
    return Event("gateway.transfer", link_id(transfer.gateway, transfer.object or ""))


def returned(transfer: Transfer, *, at: datetime) -> Journal:
    """Return what takes that back: the gateway says that it failed after all."""
    done = payment(transfer, at=at)
    link = link_id(transfer.gateway, transfer.object or "")
    back = reverse(done, id=derive("jrn", "in", link, FAILED), at=at)
    return attrs.evolve(back, event=Event("gateway.transfer", link, FAILED))


def taken_back(transfer: Transfer, reversal: Reversal, *, at: datetime) -> Journal:
    """Return what a reversal that is done books: gateway -x, payee +x."""
    link = link_id(transfer.gateway, reversal.object or "")
    return Journal(
        id=derive("jrn", "in", link),
        kind="transfer.taken_back",
        entries=(
            Entry(f"gateway:{transfer.gateway}", -reversal.amount),
            Entry(transfer.wallet, reversal.amount),
        ),
        effective_at=at,
        event=Event("gateway.reversal", link),
        metadata=(("transfer", transfer.id),),
    )


def kept(transfer: Transfer, reversal: Reversal, *, at: datetime) -> Journal:
    """Return what takes that back: the reversal failed after all."""
    done = taken_back(transfer, reversal, at=at)
    link = link_id(transfer.gateway, reversal.object or "")
    back = reverse(done, id=derive("jrn", "in", link, FAILED), at=at)
    return attrs.evolve(back, event=Event("gateway.reversal", link, FAILED))
