"""A gateway and the books beside it: what happened is told to both, to one, or to neither."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ledgerkit.domain.gateways import GatewayBalance, GatewayObject
from ledgerkit.domain.ledger import Entry, EntryLine, Event, Journal, Posted, statement
from ledgerkit.domain.money import Money
from ledgerkit.domain.reconciliation import effect_of
from ledgerkit.testing.samples import NOON, hour


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


def told(kind: str, id: str, minor: int, status: str = "done", **fields: Any) -> GatewayObject:
    """Return an object of the gateway made at noon, unless *fields* say otherwise."""
    facts: dict[str, Any] = {
        "kind": kind,
        "id": id,
        "status": status,
        "amount": usd(minor),
        "created": NOON,
    }
    return GatewayObject(**(facts | fields))


def booked(object: GatewayObject, *, minor: int | None = None, at: datetime = NOON) -> Journal:  # noqa: A002
    """Return the journal that books what *object* did to the gateway's wallet, or *minor*."""
    effect = effect_of(object).minor if minor is None else minor
    return Journal(
        id=f"jrn_{object.id}",
        kind=f"{object.kind}.settled",
        entries=(Entry("gateway:stripe", usd(-effect)), Entry("customer:ana", usd(effect))),
        effective_at=at,
        event=Event(f"gateway.{object.kind}", f"stripe:{object.id}"),
    )


def lines(*journals: Journal) -> tuple[EntryLine, ...]:
    """Return the statement of the gateway's wallet after *journals*."""
    posted = [
        Posted(journal=journal, sequence=n + 1, recorded_at=journal.effective_at, changes="k")
        for n, journal in enumerate(journals)
    ]
    return statement(posted, "gateway:stripe")


def reported(available: int, pending: int = 0, *, at: datetime | None = None) -> GatewayBalance:
    """Return what the gateway says, an hour after noon."""
    return GatewayBalance(
        available=(usd(available), Money(7, "EUR")),
        pending=(usd(pending),),
        at=hour(1) if at is None else at,
    )
