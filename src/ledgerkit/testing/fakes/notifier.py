"""A notifier that keeps what it is given, for tests that ask who was told what."""

from __future__ import annotations

from collections.abc import Iterable

from ledgerkit.domain.outbox import Message


class RecordingNotifier:
    """Keeps each message once; a `Notifier`.

    Attributes:
        unreachable: Recipients for whom `send` raises ConnectionError; tests may change it.
        attempts: The id of every message that it was asked to send, each time.
    """

    def __init__(self, *, unreachable: Iterable[str] = ()) -> None:
        self.unreachable: set[str] = set(unreachable)
        self.attempts: list[str] = []
        self._received: dict[str, Message] = {}

    def send(self, message: Message) -> None:
        """Deliver *message*; raises ConnectionError if the recipient is unreachable."""
        self.attempts.append(message.id)
        if message.recipient in self.unreachable:
            msg = f"{message.recipient} cannot be reached"
            raise ConnectionError(msg)
        self._received.setdefault(message.id, message)

    @property
    def received(self) -> tuple[Message, ...]:
        """What has reached a recipient, in order, each message once."""
        return tuple(self._received.values())
