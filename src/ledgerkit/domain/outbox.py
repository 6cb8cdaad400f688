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
        topic: What kind of message, such as `notice.low_package`; points make it hierarchical.
        recipient: Whom: the id of a party, or of a port.
        body: Its facts as (name, text) pairs, each name once; the words are the host's.

    Raises:
        TypeError, ValueError: a field is of another type, or is text that cannot stand there.
    """

    id: str
    topic: str
    recipient: str
    body: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        for field in ("id", "topic", "recipient"):
            value = getattr(self, field)
            if type(value) is not str:
                msg = f"message {field} must be text (got {value!r})"
                raise TypeError(msg)
            if not value or not value.isprintable():
                msg = f"message {field} must be printable characters (got {value!r})"
                raise ValueError(msg)
        if type(self.body) is not tuple or not all(
            type(pair) is tuple and [type(part) for part in pair] == [str, str]
            for pair in self.body
        ):
            msg = f"a message's body is a tuple of (name, text) pairs (got {self.body!r})"
            raise TypeError(msg)
        if len(dict(self.body)) < len(self.body):
            msg = f"a message says each thing once (got {self.body!r})"
            raise ValueError(msg)


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
