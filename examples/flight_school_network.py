"""A bad network between the flight school and its gateway: late, twice, out of order, or never."""

from __future__ import annotations

from collections.abc import Iterator

from ledgerkit.domain.gateways import Notification
from ledgerkit.testing.fakes.gateway import FakeGateway

_NEWEST_FIRST = range(10_000, 0, -1)


class Network:
    """What brings the webhooks of a *gateway*, and lets its payouts to banks arrive."""

    def __init__(self, gateway: FakeGateway) -> None:
        self._gateway = gateway
        self._lost: set[str] = set()
        self._delivered: set[str] = set()

    def lose_newest(self) -> None:
        """Lose the webhook of what happened last at the gateway."""
        self._lost.add(self._gateway.world.events[-1].id)

    def deliveries(self) -> Iterator[Notification]:
        """Yield what is new, the last one first and the first one twice, less what is lost."""
        new = [e.id for e in self._gateway.deliveries() if e.id not in self._delivered]
        self._delivered.update(new)
        for event in self._gateway.deliveries(
            lost=self._lost, repeated=new[:1], order=_NEWEST_FIRST
        ):
            if event.id in new:
                yield event

    def arrive(self) -> None:
        """Let payouts on their way to a bank arrive; their webhooks come with the next ones."""
        for made in tuple(self._gateway.world.objects.values()):
            if (made.kind, made.status) == ("payout", "pending"):
                self._gateway.world.finish(made.id)
