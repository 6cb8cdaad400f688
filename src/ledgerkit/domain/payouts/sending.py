"""Sending: a payout through a gateway, and what became of its transfer. (spec: billing 10)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import attrs

from ledgerkit.domain import transfers
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.payouts.fees import InstantFee
from ledgerkit.domain.payouts.paying import PayoutChanged
from ledgerkit.domain.payouts.records import (
    FAILED,
    IN_TRANSIT,
    ON_HOLD,
    PAID,
    PARTLY_REVERSED,
    PAYOUT,
    PENDING,
    REVERSED,
    SETTLED,
    Payout,
)
from ledgerkit.domain.transfers import Enqueued, Transfer


@attrs.frozen
class PayoutSent:
    """A payout in transit, and the transfer that pays it."""

    payout: Payout
    enqueued: Enqueued

    @property
    def effects(self) -> Effects:
        """What to store: payout, transfer and instruction, in one commit."""
        return Effects(records=(self.payout,)) + self.enqueued.effects


def send(
    payout: Payout,
    *,
    account: str,
    gateway: str,
    at: datetime,
    instant: InstantFee | None = None,
) -> PayoutSent:
    """Send a pending payout to *account* at *gateway*: it is in transit, nothing is booked yet.

    The journal is posted when the transfer is done. An *instant* one goes on to the bank at once;
    its fee, if the payee bears it, is kept of the amount. What the gateway cannot do now is
    tried again under the same key; after a refusal and a retry this is another attempt, under a
    key of its own. (spec: billing 10, gateways 1.3)

    Raises:
        FeeExceedsPayout: the fee would leave nothing.
        IllegalTransition: it is not pending.
    """
    status = PAYOUT.after(payout.status, "send")
    fee = None if instant is None else instant.withheld(payout.total)
    enqueued = transfers.enqueue(
        payout.total if fee is None else payout.total - fee,
        supplier=payout.supplier,
        role=payout.role,
        account=account,
        gateway=gateway,
        pays=payout.id,
        of_payout=True,
        attempt=payout.attempt + 1,
        withheld=fee,
        at_once=instant is not None,
        at=at,
    )
    sent = attrs.evolve(
        payout,
        status=status,
        attempt=payout.attempt + 1,
        transfer=enqueued.transfer.id,
        fee=fee,
    )
    return PayoutSent(sent, enqueued)


# What its transfer is -> what the payout is.
_BECOMES: Mapping[str, str] = MappingProxyType(
    {
        transfers.PENDING: IN_TRANSIT,
        transfers.DONE: PAID,
        transfers.FAILED: FAILED,
        transfers.PARTLY_REVERSED: PARTLY_REVERSED,
        transfers.REVERSED: REVERSED,
    }
)
# (from, to) -> the event. One that failed stays pending or held if somebody set it so since.
_EVENTS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (IN_TRANSIT, PAID): "arrive",
        (IN_TRANSIT, FAILED): "refuse",
        (PAID, FAILED): "return",
        (PAID, PARTLY_REVERSED): "reverse_part",
        (PAID, REVERSED): "reverse",
        (PARTLY_REVERSED, REVERSED): "reverse",
        (PARTLY_REVERSED, PAID): "restore",
        (REVERSED, PAID): "restore",
        (REVERSED, PARTLY_REVERSED): "restore_part",
        **{(status, PAID): "arrive" for status in (FAILED, PENDING, ON_HOLD)},
        **{(status, IN_TRANSIT): "reopen" for status in (FAILED, PENDING, ON_HOLD)},
    }
)


def settled_with(payout: Payout, transfer: Transfer) -> Transfer:
    """Return *transfer* as it is to be settled: given up for another one, it pays no payout.

    If it is done after all, the payee has the money twice. So it is booked like a transfer that
    no payout claims: the next payouts bear it, unless a person has it reversed. The fee of an
    instant payout is kept once. (spec: billing 10, reliability A10)
    """
    if payout.transfer == transfer.id or transfer.status in transfers.PAID_OUT:
        return transfer
    return attrs.evolve(transfer, of_payout=False, withheld=None)


def follow(payout: Payout, transfer: Transfer) -> PayoutChanged | None:
    """Move *payout* to where its *transfer* is; None: nothing changes.

    A transfer of an earlier attempt moves nothing: see `settled_with`.
    """
    if payout.transfer != transfer.id:
        return None
    event = _EVENTS.get((payout.status, _BECOMES[transfer.status]))
    if event is None:
        return None
    status = PAYOUT.after(payout.status, event)
    reference = transfer.object if status in SETTLED else None
    return PayoutChanged(attrs.evolve(payout, status=status, reference=reference))
