"""Alerts and the reserve as jobs: observed by a schedule, acknowledged by a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.access import AccessDenied, Actor
from ledgerkit.domain.alerts import Alert, Observation
from ledgerkit.domain.changes import Changes, Committed, Stale
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.reserves import ReserveCheck, ReservePolicy
from ledgerkit.jobs.alerts import UnknownAlert, acknowledge_alert, observe, standing_alerts
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.reserves import check_reserve
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import NOON, hour
from tests.jobs.gateway_double import Stripe
from tests.people import MARIA

OLGA = Actor(id="olga", roles=frozenset({"onboarding"}))


class Overtaken(MemoryStore):
    """A store in which somebody else is first, so many times."""

    def __init__(self, times: int = 0) -> None:
        super().__init__()
        self.times = times

    def commit(self, changes: Changes) -> Committed:
        """Refuse as stale while there are times left."""
        if self.times:
            self.times -= 1
            raise Stale("alert", "alr_1", 0, 1)
        return super().commit(changes)


def make_host(times: int = 0, held: int = 0) -> Host:
    """Return a host whose gateway holds so much."""
    clock = FakeClock()
    stripe = Stripe(clock)
    stripe.available = held
    return Host(store=Overtaken(times), clock=clock, gateways={"stripe": stripe})


def seen(host: Host, severity: str | None) -> Alert | None:
    """Observe a drift."""
    job = observe(
        Observation(kind="drift", subject="stripe", severity=severity), actor="a job", tell="office"
    )
    return run(job, host)


def acknowledged(host: Host, id: str, *, key: str = "1", actor: Actor = MARIA) -> Alert:
    """Have somebody take note."""
    return run(acknowledge_alert(id, actor=actor, note="a fee", key=key), host)


# ---- alerts ----------------------------------------------------------------------------------
def test_an_alert_from_beginning_to_end() -> None:
    """Opened, seen again, acknowledged, worse, gone: each step with who and why."""
    host = make_host()
    opened = seen(host, "warning")
    assert opened is not None
    seen(host, "warning")
    acknowledged(host, opened.id)
    worse = seen(host, "critical")
    assert (worse,) == run(standing_alerts(), host)
    seen(host, None)

    assert () == run(standing_alerts(), host)
    assert [
        ("a job", "open"),
        ("maria", "acknowledged"),
        ("a job", "open"),
        ("a job", "resolved"),
    ] == [(v.actor, v.record.status) for v in host.store.history(Alert, opened.id)]
    assert 2 == len(host.store.claim("notice.alert", at=NOON, lease=timedelta(hours=1)))


def test_nothing_wrong() -> None:
    """Nothing is stored."""
    assert None is seen(make_host(), None)


def test_acknowledged_once() -> None:
    """The same key again is fine; somebody else comes too late."""
    host = make_host()
    opened = seen(host, "warning")
    assert opened is not None
    first = acknowledged(host, opened.id)

    assert first == acknowledged(host, opened.id)
    assert ("maria", hour(0), "a fee") == (
        first.acknowledged_by,
        first.acknowledged_at,
        first.note,
    )
    with pytest.raises(IllegalTransition):
        acknowledged(host, opened.id, key="2")
    with pytest.raises(ValueError, match="key of an acknowledgement"):
        acknowledged(host, opened.id, key="")


def test_who_may_not_acknowledge() -> None:
    """It takes the permission to write, and an alert."""
    with pytest.raises(AccessDenied):
        acknowledged(make_host(), "alr_1", actor=OLGA)
    with pytest.raises(UnknownAlert, match="no alert 'alr_1' is stored"):
        acknowledged(make_host(), "alr_1")


def test_others_were_first() -> None:
    """It looks again, and gives up after five rounds."""
    found = seen(make_host(4), "notice")

    assert found is not None
    assert 1 == found.openings
    with pytest.raises(Stale):
        seen(make_host(5), "notice")


# ---- the reserve -----------------------------------------------------------------------------
def checked(host: Host, transfer: int | None = None) -> ReserveCheck:
    """Check a reserve of 1,000.00."""
    job = check_reserve(
        ["stripe"],
        ReservePolicy(Money(100_000, "USD")),
        proposed_transfer=None if transfer is None else Money(transfer, "USD"),
        tell="office",
    )
    return run(job, host)


@pytest.mark.parametrize(
    ("held", "status", "blocks", "alerts"),
    [
        (100_000, "healthy", False, []),
        (99_999, "warning", False, [("reserve", "warning")]),
        (49_999, "critical", True, [("reserve", "critical")]),
    ],
)
def test_the_reserve_is_checked(
    held: int, status: str, blocks: bool, alerts: list[tuple[str, str]]
) -> None:
    """What the gateway has available, and an alert of the same severity. (spec: billing 9)"""
    host = make_host(held=held)
    found = checked(host)

    assert (status, blocks) == (found.status, found.should_block_transfers)
    assert alerts == [(a.kind, a.severity) for a in run(standing_alerts(), host)]


def test_a_transfer_is_proposed_before_it_is_paid() -> None:
    """It would make the reserve critical, so it waits; nobody has to be alarmed by that."""
    host = make_host(held=100_000)

    assert checked(host, 50_001).should_block_transfers
    assert not checked(host, 50_000).should_block_transfers
    assert () == run(standing_alerts(), host)
