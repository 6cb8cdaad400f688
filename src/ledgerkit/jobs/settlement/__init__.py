"""Settlement: what an object at a gateway does to our records, whoever learns of it first.

The answer to a call, a webhook and a reconciliation all come here; they commit the same effects
under the same names, so that each fact is booked once. A settlement is decided and not committed.
(spec: reliability A2, A3, A12)
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from ledgerkit.domain import gateways
from ledgerkit.domain.gateways import GatewayObject, Outcome
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.payments import PLATFORM_PAYS, FeePolicy
from ledgerkit.jobs.settlement.disputes import settle_dispute
from ledgerkit.jobs.settlement.payments import refuse_charge, settle_charge
from ledgerkit.jobs.settlement.reading import (
    PARKED,
    Account,
    Settlement,
    read_account,
    refused,
)
from ledgerkit.jobs.settlement.refunds import refuse_refund, settle_refund
from ledgerkit.jobs.settlement.transfers import (
    refuse_payout,
    refuse_reversal,
    refuse_transfer,
    settle_payout,
    settle_reversal,
    settle_transfer,
)
from ledgerkit.jobs.steps import Step

__all__ = [
    "PARKED",
    "Account",
    "RefuseOrder",
    "Settle",
    "Settlement",
    "read_account",
    "refusal",
    "refuse_charge",
    "refuse_payout",
    "refuse_refund",
    "refuse_reversal",
    "refuse_transfer",
    "settle_charge",
    "settle_dispute",
    "settle_payout",
    "settle_refund",
    "settle_reversal",
    "settle_transfer",
    "settlement",
]


class Settle(Protocol):
    """Decides what an object at a gateway does to our records; commits nothing."""

    def __call__(
        self, told: GatewayObject, *, gateway: str, at: datetime
    ) -> Coroutine[Step[Any], Any, Settlement]:
        """Return what to store."""
        ...


class RefuseOrder(Protocol):
    """Decides what an order that came to nothing does to the record it was for."""

    def __call__(
        self, instruction: Instruction, outcome: Outcome, *, at: datetime
    ) -> Coroutine[Step[Any], Any, Settlement]:
        """Return what to store."""
        ...


# What moves money of others than the gateway's fee: by the kind of the object.
_SETTLES: Mapping[str, Settle] = MappingProxyType(
    {
        gateways.REFUND: settle_refund,
        gateways.TRANSFER: settle_transfer,
        gateways.REVERSAL: settle_reversal,
        gateways.PAYOUT: settle_payout,
    }
)
_REFUSES: Mapping[str, RefuseOrder] = MappingProxyType(
    {
        gateways.CHARGE: refuse_charge,
        gateways.REFUND: refuse_refund,
        gateways.TRANSFER: refuse_transfer,
        gateways.REVERSAL: refuse_reversal,
        gateways.PAYOUT: refuse_payout,
    }
)


async def settlement(
    told: GatewayObject, *, gateway: str, at: datetime, fees: FeePolicy = PLATFORM_PAYS
) -> Settlement:
    """Return what the state of an object at *gateway* does to our records; commits nothing.

    *fees* says who bears what the gateway takes. What is not newer than the books decides nothing.
    An object whose parent or subject is not known yet, or of a kind that nothing settles, is
    parked: ask again later.

    Raises:
        LedgerkitError: what is told cannot be booked; a person must look.
    """
    if told.kind == gateways.CHARGE:
        return await settle_charge(told, gateway=gateway, at=at, fees=fees)
    if told.kind == gateways.DISPUTE:
        return await settle_dispute(told, gateway=gateway, at=at, fees=fees)
    settle = _SETTLES.get(told.kind)
    return PARKED if settle is None else await settle(told, gateway=gateway, at=at)


async def refusal(instruction: Instruction, outcome: Outcome, *, at: datetime) -> Settlement:
    """Return what a refused order does to its subject and to *instruction*; commits nothing.

    Raises:
        IllegalTransition: the instruction does not wait for an answer.
    """
    refuse = _REFUSES.get(instruction.order.kind)
    if refuse is None:
        return await refused(instruction, outcome, None, at=at)
    return await refuse(instruction, outcome, at=at)
