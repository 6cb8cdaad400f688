"""The recording notifier keeps the promises of a notifier."""

from __future__ import annotations

import pytest

from ledgerkit.ports.notifier import Notifier
from ledgerkit.testing.contracts.notifier import NotifierContract, Received
from ledgerkit.testing.fakes.notifier import RecordingNotifier
from ledgerkit.testing.samples import message


class TestRecordingNotifier(NotifierContract):
    """All promises."""

    @pytest.fixture
    def notifier(self) -> RecordingNotifier:
        """Return a notifier that reaches everybody."""
        return RecordingNotifier()

    @pytest.fixture
    def received(self, notifier: Notifier) -> Received:
        """Return what it has received."""
        assert isinstance(notifier, RecordingNotifier)
        return lambda: notifier.received

    @pytest.fixture
    def broken(self) -> Notifier:
        """Return a notifier that does not reach the recipient of the sample message."""
        return RecordingNotifier(unreachable=[message("m-1").recipient])


def test_attempts_are_counted() -> None:
    """Every call is seen, those that failed and those that came twice."""
    notifier = RecordingNotifier(unreachable=["c-2"])
    notifier.send(message("m-1"))
    notifier.send(message("m-1"))
    with pytest.raises(ConnectionError, match="c-2 cannot be reached"):
        notifier.send(message("m-2", recipient="c-2"))

    assert ["m-1", "m-1", "m-2"] == notifier.attempts
    assert (message("m-1"),) == notifier.received
