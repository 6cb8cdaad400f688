"""What a gateway tells of the transfers of one supplier, Ina, who flies for us."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ledgerkit.domain import transfers
from ledgerkit.domain.gateways import GatewayObject
from ledgerkit.domain.ledger import Journal, net_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.transfers import Transfer

CREATED = datetime(2026, 3, 1, 10, tzinfo=UTC)  # by the gateway's clock
AT = datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


def waiting(minor: int = 6_000, **more: Any) -> Transfer:
    """Return a transfer that waits to be sent."""
    fields: dict[str, Any] = {
        "supplier": "ina",
        "account": "acct_ina",
        "gateway": "stripe",
        "pays": "flight-1",
        "at": AT,
    }
    return transfers.enqueue(usd(minor), **(fields | more)).transfer


def told(
    kind: str = "transfer", status: str = "done", minor: int = 6_000, **more: Any
) -> GatewayObject:
    """Return the state of an object at the gateway."""
    fields: dict[str, Any] = {"id": "tr_1", "amount": usd(minor), "created": CREATED}
    if kind == "reversal":
        fields |= {"id": "trr_1", "parent": "tr_1"}
    if kind == "payout":
        fields |= {"id": "po_1"}
    return GatewayObject(kind=kind, status=status, **(fields | more))


def done(minor: int = 6_000, *, object: str = "tr_1", **more: Any) -> Transfer:  # noqa: A002
    """Return a transfer that the gateway did."""
    transfer = waiting(minor, **more)
    return transfers.settle(transfer, told(minor=minor, id=object), at=AT).transfer


def legs(journals: Iterable[Journal]) -> dict[str, int]:
    """Return what *journals* together move on each wallet."""
    net: dict[str, int] = {}
    for journal in journals:
        for (wallet, _), minor in net_of(journal.entries).items():
            net[wallet] = net.get(wallet, 0) + minor
    return {wallet: minor for wallet, minor in net.items() if minor}
