"""The office of `flight_school.py`: its books, its gateway and its diary, on one clock."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import attrs

from examples.books import every
from examples.flight_school_fleet import ZONE, local
from examples.flight_school_network import Network
from ledgerkit.documents import formats
from ledgerkit.domain.access import Actor
from ledgerkit.domain.changes import Decision, Effects, Expect, changes_of, request
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Journal, Wallet
from ledgerkit.domain.money import ISO, Money
from ledgerkit.domain.periods import Period
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.ports.store import Store
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway

T = TypeVar("T")
STRIPE = "stripe"
DESK = Actor(id="maria", roles=frozenset({"billing"}))
SECOND = Actor(id="pedro", roles=frozenset({"billing"}))  # who approves what Maria asks for


def dollars(amount: Money) -> str:
    """Return *amount* as it is written in the United States."""
    return formats.money(amount, "en_US", ISO)


def local_text(at: datetime) -> str:
    """Return an instant as the wall clock of the school shows it."""
    return f"{at.astimezone(ZoneInfo(ZONE)):%d %b %H:%M}"


def days(period: Period) -> str:
    """Return the first and the last day of *period*, which lies in one month."""
    return f"{period.start:%d}–{period.last:%d %b}"


@attrs.frozen
class Stored:
    """What this host wants stored, beside what the verbs of the library do."""

    effects: Effects


@attrs.frozen
class Told:
    """One thing that happened, in words."""

    at: datetime
    what: str


class Office:
    """A flight school with its books and the double of its gateway, on one clock."""

    def __init__(self, store: Store) -> None:
        self.clock = FakeClock(local(1, "08:00"))
        self.gateway = FakeGateway(self.clock, name=STRIPE)
        self.host = Host(store=store, clock=self.clock, gateways={STRIPE: self.gateway})
        self.diary: list[Told] = []
        self.network = Network(self.gateway)

    def tell(self, what: str) -> None:
        """Put down what happened now."""
        self.diary.append(Told(self.clock.now(), what))

    def run(self, job: Coroutine[Any, Any, T]) -> T:
        """Run a job on the host of the school."""
        return run(job, self.host)

    def commit(
        self, *decisions: Decision, key: str, reason: str, expects: tuple[Expect, ...] = ()
    ) -> None:
        """Store *decisions* as Maria's, made on the versions that it *expects*."""
        self.host.store.commit(
            changes_of(
                *decisions,
                key=key,
                request=request(key),
                actor=DESK.signature,
                reason=reason,
                at=self.clock.now(),
                expects=expects,
            )
        )

    def post(self, kind: str, *legs: Entry, key: str, reason: str) -> None:
        """Post a journal that no verb of the library makes, such as the owners' capital."""
        at = self.clock.now()
        journal = Journal(id=derive("jrn", key), kind=kind, entries=legs, effective_at=at)
        opens = tuple(Wallet(leg.wallet) for leg in legs)
        self.commit(Stored(Effects(journals=(journal,), opens=opens)), key=key, reason=reason)

    def one(self, kind: type[Any], **fields: str) -> Any:
        """Return the only record of *kind* with these *fields*."""
        (found,) = (
            record
            for record in every(self.host.store, kind)
            if all(getattr(record, name) == value for name, value in fields.items())
        )
        return found
