"""Notifier: tells people what a message of the outbox says, in the host's words."""

from __future__ import annotations

from typing import Protocol

from ledgerkit.domain.outbox import Message


class Notifier(Protocol):
    """Delivers messages.

    1. `send` returns when the message is handed over, and raises when it is not.
    2. The same message sent again (same id) reaches the recipient once.
    """

    def send(self, message: Message) -> None:
        """Deliver *message*."""
        ...
