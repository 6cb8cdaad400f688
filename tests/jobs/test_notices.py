"""Notices are sent once, put off when they cannot be, and left to others when time is up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.outbox import Message
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host, PortMissing
from ledgerkit.jobs.notices import Backoff, Delivered, Postponed, deliver_notices
from ledgerkit.ports.notifier import Notifier
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.notifier import RecordingNotifier
from ledgerkit.testing.samples import NOON, changes, message

MINUTE = timedelta(minutes=1)


def make_host(notifier: Notifier | None, *messages: Message) -> tuple[Host, FakeClock]:
    """Return a host with *messages* in its outbox, and its clock."""
    clock, store = FakeClock(), MemoryStore()
    store.commit(changes("k-1", messages=messages))
    return Host(store=store, clock=clock, notifier=notifier), clock


def test_what_is_due_is_sent_once() -> None:
    """Messages below the topic are sent, oldest first; a second run finds nothing."""
    notifier = RecordingNotifier()
    mine = message("m-2", "notice.low_package"), message("m-1", "notice")
    host, _ = make_host(notifier, mine[0], message("m-3", "transfer"), mine[1])

    assert Delivered(("m-2", "m-1")) == run(deliver_notices(), host)
    assert Delivered() == run(deliver_notices(), host)
    assert mine == notifier.received
    assert Delivered(("m-3",)) == run(deliver_notices("transfer"), host)


def test_a_limit_is_kept() -> None:
    """At most so many are claimed; the next run takes the rest."""
    host, _ = make_host(RecordingNotifier(), *(message(f"m-{n}") for n in range(3)))

    assert ("m-0", "m-1") == run(deliver_notices(limit=2), host).sent
    assert ("m-2",) == run(deliver_notices(limit=2), host).sent


def test_a_failing_message_is_put_off_and_holds_up_nobody() -> None:
    """It is tried again when its wait is over, which is longer each time."""
    notifier = RecordingNotifier(unreachable=["c-2"])
    host, clock = make_host(notifier, message("m-1", recipient="c-2"), message("m-2"))
    backoff = Backoff((MINUTE, 5 * MINUTE))
    reason = "ConnectionError: c-2 cannot be reached"
    first = run(deliver_notices(backoff=backoff), host)
    early = run(deliver_notices(backoff=backoff), host)
    clock.advance(MINUTE)
    second = run(deliver_notices(backoff=backoff), host)
    clock.advance(5 * MINUTE)
    notifier.unreachable.clear()
    last = run(deliver_notices(backoff=backoff), host)

    assert Delivered(("m-2",), (Postponed("m-1", reason, NOON + MINUTE),)) == first
    assert Delivered() == early
    assert Delivered((), (Postponed("m-1", reason, NOON + 6 * MINUTE),)) == second
    assert Delivered(("m-1",)) == last
    assert ["m-1", "m-2", "m-1", "m-1"] == notifier.attempts


class Slow(RecordingNotifier):
    """Takes a minute for each message."""

    clock: FakeClock

    def send(self, message: Message) -> None:
        """Deliver *message*, slowly."""
        self.clock.advance(MINUTE)
        super().send(message)


def test_a_lease_that_is_over_leaves_the_rest() -> None:
    """What others may have claimed by now is not sent; the next worker has it."""
    notifier = Slow()
    host, notifier.clock = make_host(notifier, *(message(f"m-{n}") for n in range(3)))

    assert ("m-0", "m-1") == run(deliver_notices(lease=2 * MINUTE), host).sent
    assert ("m-2",) == run(deliver_notices(lease=2 * MINUTE), host).sent


@pytest.mark.parametrize("reachable", [True, False])
def test_a_lost_claim_is_somebody_elses(reachable: bool) -> None:
    """A worker whose lease ended while it sent leaves the message to the one who claimed it."""

    class Overtaken(Slow):
        def send(self, message: Message) -> None:
            super().send(message)
            host.store.claim("notice", at=self.clock.now(), lease=MINUTE)
            if not reachable:
                raise ConnectionError

    notifier = Overtaken()
    host, clock = make_host(notifier, message("m-1"))
    notifier.clock = clock
    run(deliver_notices(lease=MINUTE), host)
    (again,) = host.store.claim("notice", at=clock.now() + MINUTE, lease=MINUTE)

    assert 3 == again.token


def test_a_host_without_a_notifier_is_told() -> None:
    """A missing port is no failed delivery: nothing is put off, the messages stay."""
    host, clock = make_host(None, message("m-1"))
    with pytest.raises(PortMissing, match="notifier"):
        run(deliver_notices(lease=MINUTE), host)
    claimed = host.store.claim("notice", at=clock.now() + MINUTE, lease=MINUTE)

    assert ["m-1"] == [each.message.id for each in claimed]


def test_no_wait_is_no_backoff() -> None:
    """Waits are one at least, and longer than nothing."""
    for waits in ((), (MINUTE, timedelta()), [MINUTE]):
        with pytest.raises(ValueError, match="waits must be a tuple"):
            Backoff(waits)  # type: ignore[arg-type]


@given(st.integers(1, 1000))
def test_waits_never_get_shorter(attempts: int) -> None:
    """By default a message waits longer and longer, a day at most."""
    backoff = Backoff()

    assert MINUTE <= backoff.after(attempts) <= backoff.after(attempts + 1) <= timedelta(days=1)
