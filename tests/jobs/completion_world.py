"""A small world of completions: a flight school whose desk charges and corrects flights."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import connected_accounts
from ledgerkit.domain.adjustments import Adjusted, Adjustment
from ledgerkit.domain.changes import Changes, request
from ledgerkit.domain.completions import Completed, Work
from ledgerkit.domain.gateways import AccountStatus
from ledgerkit.jobs.adjustments import adjust_completion, approve_adjustment
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import changes
from tests.domain.flight_school import CARD, FOUR_LEGS_RENTAL, NOON, flight, hours
from tests.people import MARIA, PEDRO

LATER = NOON + timedelta(hours=2)


def school(store: Store | None = None) -> Host:
    """Return a host on *store* with the rate card and the rental."""
    opened = Host(store=MemoryStore() if store is None else store, clock=FakeClock(LATER))
    opening = Changes(
        key="open",
        request=request("open"),
        actor="olga",
        reason="opening",
        at=NOON,
        records=(CARD, FOUR_LEGS_RENTAL),
    )
    opened.store.commit(opening)
    return opened


def with_account(host: Host, *, ready: bool = True) -> Host:
    """Return *host*, where Tom has an account at Stripe that may be paid, or may not yet."""
    status = AccountStatus(
        account="acct_tom",
        details_submitted=ready,
        charges_enabled=ready,
        payouts_enabled=ready,
    )
    known = connected_accounts.connect("tom", "acct_tom", gateway="stripe").account
    told = connected_accounts.follow(known, status, gateway="stripe", as_of=NOON)
    assert told is not None
    host.store.commit(changes("account", records=told.effects.records))
    return host


def completing(work: Work | None = None, **fields: Any) -> Job[Completed]:
    """Return the job that charges a flight of 1.5 hours."""
    asked: dict[str, Any] = {"card": "school", "actor": "desk", "reason": "flown"} | fields
    return complete_work(work or flight(Fraction(3, 2)), **asked)


def adjusting(after: Any = Decimal("1.8"), **fields: Any) -> Job[Adjusted]:
    """Return the job that says it took *after* hours."""
    asked: dict[str, Any] = {"key": "hobbs", "actor": MARIA, "reason": "Hobbs meter"} | fields
    return adjust_completion("f-1", hours(after), **asked)


def approving(id: str, **fields: Any) -> Job[Adjusted]:
    """Return the job by which Pedro approves an adjustment."""
    asked: dict[str, Any] = {"actor": PEDRO, "reason": "log seen"} | fields
    return approve_adjustment(id, **asked)


def flown_school(store: Store | None = None) -> Host:
    """Return a school with one flight."""
    host = school(store)
    run(completing(), host)
    return host


def waiting_school(store: Store | None = None) -> Host:
    """Return a school with one flight and an adjustment of it that waits."""
    host = flown_school(store)
    run(adjusting(), host)
    return host


def waiting_id() -> str:
    """Return the id of the adjustment that waits there."""
    (found,) = waiting_school().store.find(Adjustment).items
    return found.record.id


def approving_it() -> Job[Adjusted]:
    """Approve it."""
    return approving(waiting_id())
