"""Outbox: messages stored with the money that caused them, to be delivered afterwards.

A decision that must tell somebody something stores the message in the same commit; a worker
claims it under a lease, delivers it and settles the claim. So nothing is told that did not happen,
and nothing that happened is forgotten. (spec: reliability A4, B6)
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.periods import instant

WAITING = "waiting"
DONE = "done"
REFUSED = "refused"
OUTCOMES = (DONE, REFUSED, WAITING)


@attrs.frozen
class Message:
    """Something to tell somebody, once.

    Attributes:
        id: Derived from what it tells, so that a repeated decision tells nothing twice.
        topic: What kind of message, such as `notice.low_package`.
        recipient: Whom: the id of a party, or of a port.
        body: Its facts as (name, text) pairs; the words are the host's.
    """

    id: str
    topic: str
    recipient: str
    body: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        for field in (self.id, self.topic, self.recipient):
            if type(field) is not str or not field:
                msg = f"a message needs an id, a topic and a recipient as text (got {field!r})"
                raise TypeError(msg)


@attrs.frozen
class Claimed:
    """A message in the hands of one worker.

    Attributes:
        message: What to deliver.
        token: The fencing token: grows with each claim, and only the newest may settle.
        until: When the lease ends and others may claim it.
        attempts: How often it was claimed, this time included.
    """

    message: Message
    token: int
    until: datetime = attrs.field(converter=instant)
    attempts: int = attrs.field(default=1, kw_only=True)


@attrs.frozen
class ClaimLost(LedgerkitError):
    """A worker settled a message that is no longer in its hands."""

    message: str
    token: int
    newest: int
    code: ClassVar[str] = "claim_lost"

    def __str__(self) -> str:
        return (
            f"message {self.message!r} was claimed under token {self.token}, but the newest is "
            f"{self.newest}; drop the result, somebody else has it"
        )
