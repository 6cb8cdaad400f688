"""Notifier contract: the promises of `ledgerkit.ports.notifier`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from ledgerkit.domain.outbox import Message
from ledgerkit.ports.notifier import Notifier
from ledgerkit.testing.samples import message

Received: TypeAlias = Callable[[], Sequence[Message]]


class NotifierContract:
    """Every promise of a notifier; a subclass overrides `notifier`, `received` and `broken`."""

    @pytest.fixture
    def notifier(self) -> Notifier:
        """Return the notifier to be proven."""
        msg = "override the fixture `notifier` to return the notifier to be proven"
        raise NotImplementedError(msg)

    @pytest.fixture
    def received(self, notifier: Notifier) -> Received:
        """Return what tells which messages have reached somebody through *notifier*."""
        msg = "override the fixture `received` to tell what has reached the recipients"
        raise NotImplementedError(msg)

    @pytest.fixture
    def broken(self) -> Notifier:
        """Return a notifier that cannot hand anything over, such as one without a network."""
        msg = "override the fixture `broken` to return a notifier that cannot deliver"
        raise NotImplementedError(msg)

    def test_1_send_returns_when_the_message_is_handed_over(
        self, notifier: Notifier, received: Received
    ) -> None:
        """What was sent has reached its recipient, in order."""
        sent = [message("m-1"), message("m-2", recipient="c-2"), message("m-3")]
        for each in sent:
            notifier.send(each)

        assert sent == list(received())

    def test_1_send_raises_when_it_is_not(self, broken: Notifier) -> None:
        """A message that did not get through is no silent loss."""
        with pytest.raises(Exception):  # noqa: B017 - whichever error the way out raises
            broken.send(message("m-1"))

    def test_2_the_same_message_reaches_its_recipient_once(
        self, notifier: Notifier, received: Received
    ) -> None:
        """A worker that was killed after sending sends again; nobody is told twice."""
        for each in (message("m-1"), message("m-2"), message("m-1")):
            notifier.send(each)

        assert ["m-1", "m-2"] == [each.id for each in received()]
