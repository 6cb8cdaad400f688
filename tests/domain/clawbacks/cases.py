"""Cases of clawback of one supplier, Ina, whom transfers paid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledgerkit.domain import clawbacks, transfers
from ledgerkit.domain.clawbacks import STRIPE_REVERSAL, Clawback, ClawbackExecuted
from ledgerkit.domain.transfers import Transfer
from tests.domain.told import AT, done, told, usd


def proposed(minor: int = 3_600, **more: Any) -> Clawback:
    """Return a case over 36.00 that Max proposed; the wallet does not show it."""
    fields: dict[str, Any] = {
        "supplier": "ina",
        "cause": "adj_1",
        "reason": "1.5 h, not 1.8 h",
        "by": "max",
        "at": AT,
        "on_wallet": False,
    }
    return clawbacks.propose(usd(minor), **(fields | more)).clawback


def approved(minor: int = 3_600, **more: Any) -> Clawback:
    """Return a case that Eva approved."""
    return clawbacks.approve(proposed(minor, **more), by="eva").clawback


def reversing(minor: int = 3_600, **more: Any) -> tuple[ClawbackExecuted, Transfer]:
    """Return a case that takes back part of a transfer of 60.00, and that transfer."""
    paid = done()
    case = approved(minor, transfers=[paid], method=STRIPE_REVERSAL, **more)
    executed = clawbacks.execute(case, transfers=[paid], at=AT)
    return executed, executed.asked[0].transfer


def came_back(transfer: Transfer, minor: int = 3_600, status: str = "done") -> Transfer:
    """Return *transfer* after the gateway told of the newest reversal."""
    ours = transfer.reversals[-1].id
    fact = told("reversal", status, minor=minor, instruction=ours, id=f"trr_{ours}")
    return transfers.settle_reversal(transfer, fact, at=AT).transfer


def refused(transfer: Transfer, code: str = "insufficient_funds") -> Transfer:
    """Return *transfer* after the gateway refused the newest reversal."""
    ours = transfer.reversals[-1].id
    return transfers.refuse_reversal(transfer, instruction=ours, code=code).transfer


def followed(case: Clawback, moved: Iterable[Transfer]) -> Clawback:
    """Return *case* where its transfers lead it."""
    after = clawbacks.follow(case, moved)
    assert after is not None
    return after.clawback
