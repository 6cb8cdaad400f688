"""A gateway that knows nothing of ledgerkit, and how its charges and transfers are booked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import (
    GatewayBalance,
    GatewayObject,
    Order,
    Outcome,
    link_id,
)
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, Page, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.reconciliation import effect_of
from ledgerkit.jobs import steps
from ledgerkit.jobs.settlement import Settlement
from ledgerkit.ports.clock import Clock


class Stripe:
    """A balance and a list of what was made, two to a page; webhooks are somebody else's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.available = 0
        self.made: list[GatewayObject] = []
        self.moves: list[int] = []  # what the balance does the next times it is asked

    def do(self, kind: str, id: str, minor: int, **fields: Any) -> GatewayObject:
        """Make an object now, and move the balance by it."""
        facts: dict[str, Any] = {
            "kind": kind,
            "id": id,
            "status": "done",
            "amount": Money(minor, "USD"),
            "created": self.clock.now(),
        }
        made = GatewayObject(**(facts | fields))
        self.available += effect_of(made).minor
        self.made.append(made)
        return made

    def balance(self) -> GatewayBalance:
        """Return what is held now; what is in `moves` happens just before."""
        self.available += self.moves.pop(0) if self.moves else 0
        return GatewayBalance(available=(Money(self.available, "USD"),), at=self.clock.now())

    def objects(self, *, since: datetime, after: str | None = None) -> Page[GatewayObject]:
        """Return a page of two."""
        listed = sorted((o for o in self.made if o.created >= since), key=lambda o: o.created)
        start = int(after or 0)
        more = start + 2 < len(listed)
        return Page(tuple(listed[start : start + 2]), str(start + 2) if more else None)

    def send(self, order: Order, *, key: str, instruction: str) -> Outcome:
        """Carry out nothing."""
        raise NotImplementedError

    def look_up(self, order: Order, *, instruction: str, since: datetime) -> Outcome | None:
        """Find nothing."""
        raise NotImplementedError


async def settlement(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
    """Book *told* once, by the event of its link; what names no party is parked."""
    event = Event(f"gateway.{told.kind}", link_id(gateway, told.id))
    party = told.noted("party")
    if party is None:
        return Settlement(parked=True)
    effect = effect_of(told)
    if effect.minor == 0 or await steps.posted_events([event]):
        return Settlement()
    journal = Journal(
        id=derive("jrn", "in", event.id),
        kind=f"{told.kind}.settled",
        entries=(Entry(f"gateway:{gateway}", -effect), Entry(party, effect)),
        effective_at=told.created,
        event=event,
    )
    opens = Wallet(f"gateway:{gateway}"), Wallet(party)
    return Settlement(effects=Effects(journals=(journal,), opens=opens))
