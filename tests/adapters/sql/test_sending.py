"""Sending on PostgreSQL: many workers at once send nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ledgerkit.adapters.sql import SqlStore, create_engine
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.sending import SendingReport
from tests.jobs.sending_world import charge, double, host_with, ids_of, instruction, outcome, worker

pytest_plugins = ("tests.plugins.postgres",)
WORKERS, ORDERS = 8, [charge(100 + n) for n in range(40)]


@pytest.mark.postgres
def test_eight_workers_send_forty_orders_once(postgres_url: str) -> None:
    """Each order reaches the gateway once, and is booked once (reliability B6, 5.4)."""
    engine = create_engine(postgres_url)
    host = host_with(*ORDERS, store=SqlStore(engine, tenant="eight workers"))

    def work(_: int) -> list[SendingReport]:
        return [run(worker(limit=3), host) for _ in range(8)]

    with ThreadPoolExecutor(WORKERS) as threads:
        reports = [report for each in threads.map(work, range(WORKERS)) for report in each]
    while (left := run(worker(), host)).sent:
        reports.append(left)
    sent = [id for report in reports for id in report.sent]
    outcome(host)

    assert sorted(ids_of(*ORDERS)) == sorted(sent)
    assert 40 == len(set(double(host).calls)) == len(double(host).calls)
    assert {"done"} == {instruction(host, id).status for id in ids_of(*ORDERS)}
    assert 40 == len(host.store.journals().items)
    engine.dispose()
