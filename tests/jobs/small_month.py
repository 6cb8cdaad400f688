"""A small month to run jobs on: two customers, two tutors, a package, openings, an incentive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.documents.builders import Letterhead
from ledgerkit.domain.billing_run import BillingCycle, Month
from ledgerkit.domain.changes import Changes, Committed
from ledgerkit.domain.money import ISO
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice
from ledgerkit.jobs.billing_run import Asked, run_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import Snapshot, books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.documents import MemoryDocuments
from ledgerkit.testing.fakes.renderer import PlainTextRenderer
from tests.domain.billing_run.world import (
    CATALOG,
    NOVEMBER_1,
    OCTOBER,
    OWNER,
    POLICY,
    eur,
    incentive,
    match,
    package,
    party,
    session,
    unapproved,
)

HEAD = Letterhead(business=OWNER, units=ISO.with_units({"SESSION": 0}))
NOVEMBER_3 = datetime(2026, 11, 3, 6, tzinfo=UTC)
ANA, BEN = attrs.evolve(party("ana"), locale="es"), party("ben")
TOM, UNA = party("tom", role="supplier"), party("una", role="supplier")

MONTH = Month(
    business=OWNER,
    parties=(ANA, BEN, TOM, UNA),
    catalog=CATALOG,
    packages=(
        package(3, "135", purchased_on=date(2026, 10, 2)),
        package(5, "225", id="p2", customer="ben", used_before=4),
    ),
    matches=(match("m1"), match("m2", customer="ben", supplier="una")),
    incentives=(incentive(valid_from=date(2026, 10, 4)),),
    sessions=(
        *(session(n, n) for n in (3, 4, 5, 6)),
        session(7, 7, match="m2"),
        session(8, 8, match="m2"),
        session(9, 9, match="m2", approved=False),
    ),
    opening_balances=(
        OpeningBalance("ana", "customer:ana", eur("-38"), date(2026, 10, 1)),
        OpeningBalance("una", "supplier:una", eur("12"), date(2026, 10, 1)),
    ),
    open_invoices=(
        OpenInvoice(
            number="2026-00871",
            customer="ben",
            issued_on=date(2026, 9, 1),
            due_on=date(2026, 9, 15),
            open_amount=eur("152"),
        ),
    ),
)
ASKED = Asked(month=MONTH, period=OCTOBER, policy=POLICY, head=HEAD)


def asked(**facts: Any) -> Asked:
    """Return what is asked for with other *facts* of the month."""
    return attrs.evolve(ASKED, month=attrs.evolve(MONTH, **facts))


def corrected() -> Asked:
    """Return the month with two sessions un-approved, one of them covered, and one late one."""
    told = {s.id: s for s in MONTH.sessions}
    told["s4"], told["s6"] = unapproved(told["s4"]), unapproved(told["s6"])
    told["s9"] = session(9, 9, match="m2", approved_on=NOVEMBER_3)
    return asked(sessions=tuple(told.values()))


class Documents(MemoryDocuments):
    """Documents in memory that tell what is kept."""

    def kept(self) -> dict[str, bytes]:
        """Return what is kept under each key."""
        return {key: self.get(key) for key in sorted(self.media_types)}


SMALL = asked(
    parties=(BEN, UNA),
    packages=(),
    matches=MONTH.matches[1:],
    incentives=(),
    sessions=MONTH.sessions[4:5],
    opening_balances=(),
    open_invoices=(),
)
"""One session: an invoice, a payout and a document of each."""


def new_host(store: Store | None = None) -> Host:
    """Return a host with empty books in *store*, or in memory, on the morning of 1 November."""
    return Host(
        store=MemoryStore() if store is None else store,
        clock=FakeClock(NOVEMBER_1),
        renderer=PlainTextRenderer(),
        documents=Documents(),
    )


def at(host: Host, instant: datetime) -> Host:
    """Return *host* with its clock at *instant*."""
    assert isinstance(host.clock, FakeClock)
    host.clock.set(instant)
    return host


def billed_host(store: Store | None = None) -> Host:
    """Return a host on which the month was run, two days later."""
    host = new_host(store)
    run(run_month(ASKED), host)
    assert isinstance(host.clock, FakeClock)
    host.clock.set(NOVEMBER_3)
    return host


def unprinted(store: Store | None = None) -> Host:
    """Return a host on which the month was run and corrected, and nothing was printed."""
    host = new_host(store)
    run(run_month(attrs.evolve(ASKED, head=None)), host)
    assert isinstance(host.clock, FakeClock)
    host.clock.set(NOVEMBER_3)
    run(run_month(attrs.evolve(corrected(), head=None)), host)
    return host


def small_unprinted(store: Store | None = None) -> Host:
    """Return a host on which the small month was run, and nothing was printed."""
    host = new_host(store)
    run(run_month(attrs.evolve(SMALL, head=None)), host)
    return host


def shown(host: Host) -> Snapshot:
    """Return the books of *host*, which hold all laws."""
    snapshot = books(host.store)
    assert () == broken_laws(snapshot)
    return snapshot


def kept(host: Host) -> dict[str, str]:
    """Return the documents of *host* as text, by key."""
    assert isinstance(host.documents, Documents)
    return {key: data.decode() for key, data in host.documents.kept().items()}


def outcome(host: Host) -> object:
    """Return what must come out the same, whenever a job ran and however often it began.

    Books without instants, documents, and the status of billing cycles: these count runs.
    """
    snapshot = shown(host)
    journals = [
        (p.sequence, p.changes, attrs.evolve(p.journal, effective_at=NOVEMBER_1))
        for p in snapshot.journals
    ]
    records: list[object] = []
    for versions in snapshot.records:
        if isinstance(versions[-1].record, BillingCycle):
            records.append(versions[-1].record.status)
        else:
            records.append([(v.version, v.record, v.key) for v in versions])
    return snapshot.wallets, snapshot.balances, journals, records, snapshot.numbers, kept(host)


class Interrupted(MemoryStore):
    """A store in which something happens once, before a commit of a certain key."""

    def __init__(self, key: str, happens: Callable[[MemoryStore], object]) -> None:
        super().__init__()
        self._key: str | None = key
        self._happens = happens

    def commit(self, changes: Changes) -> Committed:
        """Store *changes*, once."""
        if self._key is not None and changes.key.startswith(self._key):
            self._key = None
            self._happens(self)
        return super().commit(changes)
