"""Notices: delivers the messages of the outbox to people.

Each message is claimed under a lease, sent and settled. A worker that dies in between leaves its
claims to the next one, and a notifier tells nobody the same thing twice. (spec: reliability A4)
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import attrs

from ledgerkit.domain.outbox import DONE, WAITING, ClaimLost
from ledgerkit.jobs.host import PortMissing
from ledgerkit.jobs.steps import claim, now, send, settle

LEASE = timedelta(minutes=5)


@attrs.frozen
class Backoff:
    """How long a message waits after each attempt that failed.

    Attributes:
        waits: The wait after the first attempt, the second and so on; the last one goes on.

    >>> Backoff().after(2), Backoff().after(99)
    (datetime.timedelta(seconds=300), datetime.timedelta(days=1))
    """

    waits: tuple[timedelta, ...] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=6),
        timedelta(days=1),
    )

    def __attrs_post_init__(self) -> None:
        if type(self.waits) is not tuple or not self.waits or min(self.waits) <= timedelta():
            msg = f"waits must be a tuple of one timedelta or more, above zero (got {self.waits!r})"
            raise ValueError(msg)

    def after(self, attempts: int) -> timedelta:
        """Return how long to wait after *attempts*, 1 or more."""
        return self.waits[:attempts][-1]


@attrs.frozen
class Postponed:
    """A message that could not be sent: its id, why, and when it is tried again."""

    message: str
    reason: str
    retry_at: datetime


@attrs.frozen
class Delivered:
    """What a worker did: the ids of the messages sent, and those put off."""

    sent: tuple[str, ...] = ()
    postponed: tuple[Postponed, ...] = ()


async def deliver_notices(
    topic: str = "notice",
    *,
    lease: timedelta = LEASE,
    limit: int = 100,
    backoff: Backoff = Backoff(),
) -> Delivered:
    """Send the messages due now whose topic is *topic* or below it, at most *limit*.

    Run it again while it sends as many as *limit*. What could not be sent is put off, longer each
    time; the others are not held up. When the lease is over, the rest is left to the next worker.

    Raises:
        PortMissing: the host has no notifier.
    """
    sent: list[str] = []
    postponed: list[Postponed] = []
    for claimed in await claim(topic, at=await now(), lease=lease, limit=limit):
        if await now() >= claimed.until:
            break
        message = claimed.message
        outcome, retry_at = DONE, None
        try:
            await send(message)
        except PortMissing:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the way out raises, it was not sent
            outcome, retry_at = WAITING, await now() + backoff.after(claimed.attempts)
            reason = f"{type(error).__name__}: {error}"
            postponed.append(Postponed(message.id, reason, retry_at))
        else:
            sent.append(message.id)
        with suppress(ClaimLost):  # the lease ended meanwhile, and another worker has it
            await settle(claimed, outcome=outcome, at=await now(), retry_at=retry_at)
    return Delivered(tuple(sent), tuple(postponed))
