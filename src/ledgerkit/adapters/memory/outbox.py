"""Outbox in memory: messages, who has them in hand and how they ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import RLock

import attrs

from ledgerkit.adapters.memory.paging import whole
from ledgerkit.adapters.memory.undo import Undo
from ledgerkit.domain.changes import Changes
from ledgerkit.domain.outbox import OUTCOMES, WAITING, Claimed, ClaimLost, Message
from ledgerkit.domain.periods import instant


@attrs.define
class _Delivery:
    message: Message
    free_at: datetime
    token: int = 0
    settled: str | None = None


class MemoryOutbox:
    """The part of a memory store that keeps messages until they are delivered."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._deliveries: dict[str, _Delivery] = {}

    def claim(
        self, topic: str, *, at: datetime, lease: timedelta, limit: int = 100
    ) -> tuple[Claimed, ...]:
        """Claim waiting messages whose topic is *topic* or below it, oldest first."""
        whole("limit", limit, least=1)
        if lease <= timedelta():
            msg = f"a lease lasts a while (got {lease!r})"
            raise ValueError(msg)
        at = instant(at)
        claimed: list[Claimed] = []
        with self._lock:
            for delivery in self._deliveries.values():
                if len(claimed) == limit:
                    break
                if delivery.settled is not None or delivery.free_at > at:
                    continue
                if not f"{delivery.message.topic}.".startswith(f"{topic}."):
                    continue
                delivery.token += 1
                delivery.free_at = at + lease
                claimed.append(
                    Claimed(
                        delivery.message,
                        delivery.token,
                        delivery.free_at,
                        attempts=delivery.token,
                    )
                )
        return tuple(claimed)

    def settle(
        self,
        message: str,
        *,
        token: int,
        outcome: str,
        at: datetime,
        retry_at: datetime | None = None,
    ) -> None:
        """Settle the claim *token* on *message* as `done`, `refused` or `waiting`."""
        if outcome not in OUTCOMES:
            msg = f"outcome must be one of {', '.join(OUTCOMES)} (got {outcome!r})"
            raise ValueError(msg)
        again = instant(at if retry_at is None else retry_at)
        with self._lock:
            delivery = self._deliveries.get(message)
            if delivery is None or delivery.token != token or delivery.settled is not None:
                raise ClaimLost(message, token, 0 if delivery is None else delivery.token)
            if outcome == WAITING:
                delivery.free_at = again
            else:
                delivery.settled = outcome

    def _put(self, changes: Changes, undo: Undo) -> None:
        for message in changes.messages:
            if message.id not in self._deliveries:
                self._deliveries[message.id] = _Delivery(message, changes.at)
                undo.add(self._deliveries.__delitem__, message.id)
