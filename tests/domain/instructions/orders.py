"""What the tests of instructions share: an order, its states on the way, and the hours of a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs

from ledgerkit.domain.gateways import DONE, ChargeOrder, GatewayObject, Outcome
from ledgerkit.domain.instructions import Instruction, answered, instruct, sent
from ledgerkit.domain.money import Money
from ledgerkit.testing.samples import NOON, hour

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMEOUT = Outcome(status="unknown", code="timeout")
BUSY = Outcome(status="retryable", code="rate_limit")
DECLINED = Outcome(status="refused", code="card_declined")
WRONG = Outcome(status="refused", code="parameter_missing", attention=True)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


ORDER = ChargeOrder(amount=eur(5000), customer="cus_1")


def asked(**fields: Any) -> Instruction:
    """Return an instruction that was just asked for; *fields* are set afterwards."""
    made = instruct(ORDER, gateway="stripe", subject="inv_1", party="ana", at=NOON)
    return attrs.evolve(made.instruction, **fields)


def out(at: datetime = NOON, of: Instruction | None = None) -> Instruction:
    """Return an instruction that was sent at *at*."""
    return sent(asked() if of is None else of, at=at).instruction


def lost(at: datetime = NOON, of: Instruction | None = None) -> Instruction:
    """Return an instruction whose answer, to a call at *at*, was lost."""
    return answered(out(at, of), TIMEOUT, at=at).instruction


def made(status: str = DONE, id: str = "ch_1", **fields: Any) -> GatewayObject:
    """Return the charge that the gateway made of it; *fields* are those of `GatewayObject`."""
    fields = {"instruction": asked().id, **fields}
    return GatewayObject(
        kind="charge", id=id, status=status, amount=eur(5000), created=NOON, **fields
    )


__all__ = ["NOON", "hour"]
