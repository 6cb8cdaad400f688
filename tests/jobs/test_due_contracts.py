"""Run what is due: contracts whose days are not those of the business are billed on their own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs
import pytest

from ledgerkit.domain.billing_run import PeriodNotBegun
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import FixedDaysCycle, Period
from ledgerkit.domain.subscriptions import Item, create
from ledgerkit.jobs.billing_run import RunReport, preview_month, run_due, run_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.testing.fakes.clock import FakeClock
from tests.domain.billing_run.world import session
from tests.jobs import small_month as month

ASKED = attrs.evolve(
    month.SMALL,
    month=attrs.evolve(
        month.SMALL.month,
        sessions=(*month.SMALL.month.sessions, session(20, 12, month=11, match="m2")),
    ),
)


def host_with_club() -> Host:
    """Return a host on 1 November whose customer pays 30.00 every thirty days from 15 October."""
    host = month.new_host()
    club = create(
        [Item(id="club", name="Homework club", price=Rate(Fraction(3000), "EUR"))],
        id="sub-1",
        customer="ben",
        currency="EUR",
        zone="Europe/Madrid",
        cycle=FixedDaysCycle(date(2026, 10, 15)),
        started_on=date(2026, 10, 15),
    )
    host.store.commit(
        changes_of(
            club,
            key="subscription/sub-1",
            request=request("subscription.create", subscription="sub-1"),
            actor="maria",
            reason="joined",
            at=datetime(2026, 10, 15, tzinfo=UTC),
        )
    )
    return host


def on(host: Host, day: int) -> tuple[RunReport, ...]:
    """Run what is due on a morning of November."""
    assert isinstance(host.clock, FakeClock)
    host.clock.set(datetime(2026, 11, day, 6, tzinfo=UTC))
    return run(run_due(ASKED), host)


def totals(reports: tuple[RunReport, ...]) -> list[list[int]]:
    """Return what the invoices of each report come to."""
    return [[invoice.total.minor for invoice in report.invoices] for report in reports]


def test_contracts_are_billed_on_their_own_days() -> None:
    """October with the session and 15 October; 14 November on its day, its session not yet."""
    host = host_with_club()

    assert [[3000, 5000]] == totals(on(host, 1))
    assert [] == totals(on(host, 13))
    assert [[3000]] == totals(on(host, 14))
    assert [] == totals(on(host, 15))


def test_a_month_that_lies_ahead_is_refused() -> None:
    """Neither a run nor a preview bills in the name of a month to come."""
    host = month.new_host()
    december = attrs.evolve(ASKED, period=Period.month(2026, 12))

    for job in (run_month, preview_month):
        with pytest.raises(PeriodNotBegun):
            run(job(december), host)
    assert () == host.store.journals().items
