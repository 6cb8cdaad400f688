"""Contracts in jobs: previewed, billed once, and who cannot be billed stops nobody."""

from __future__ import annotations

from datetime import date

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Changes, Committed
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Limit, Wallet
from ledgerkit.domain.usage import Snapshot
from ledgerkit.jobs.billing_run import RunReport, decide_month, preview_month, run_due, run_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host, PortMissing
from ledgerkit.testing.samples import changes
from tests.domain.billing_run.world import DECEMBER_1, NOVEMBER_1, package
from tests.jobs.contract_month import ASKED, contract_host, used
from tests.jobs.small_month import at, kept, new_host, shown
from tests.jobs.test_billing_run import same, sound


class Recording(MemoryStore):
    """A store that tells what was committed to it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Changes] = []

    def commit(self, changes: Changes) -> Committed:
        """Store *changes*, once."""
        self.seen.append(changes)
        return super().commit(changes)


def totals(report: RunReport) -> list[tuple[str, list[int], int]]:
    """Return (customer, amounts of the lines, total) of the invoices of *report*."""
    return [
        (i.customer, [line.amount.minor for line in i.lines], i.total.minor)
        for i in report.invoices
    ]


def test_a_month_of_contracts() -> None:
    """Ana's studio less a coupon, Ben's lesson and storage on one invoice, Ivy's class of 50.00."""
    host = contract_host()
    report = run(run_month(ASKED), host)

    assert [
        ("ana", [3100], 3348),
        ("ben", [5000, 5050], 12_060),
        ("ivy", [5000, 5000], 10_000),
        ("ivy", [5000], 5_000),
    ] == totals(report)
    assert "To be paid\t€13.48" in kept(host)["invoices/INV-2026-00001.pdf"]
    assert ["depleted"] == [v.record.status for v in host.store.find(Grant).items]
    sound(host)


def test_a_preview_is_what_the_run_commits() -> None:
    """The same `Changes`, to the last field, in the same order. (law 8)"""
    host = contract_host(Recording())
    store = host.store
    assert isinstance(store, Recording)
    preview = run(preview_month(ASKED), host)
    plan = run(decide_month(ASKED), host)
    store.seen.clear()
    report = run(run_month(ASKED), host)

    same(preview, report)
    assert list(plan.changes) == [
        each for each in store.seen if each.key.startswith(("takeover/", "billing_run/"))
    ]


def test_run_again_nothing_is_new() -> None:
    """A second run stores nothing, the next day either. (spec: billing 6)"""
    host = contract_host()
    run(run_month(ASKED), host)
    before = shown(host)
    again = run(run_month(ASKED), host)

    assert (0, (), ()) == (again.committed, again.invoices, again.documents)
    assert before == shown(host)


def test_a_daily_run_bills_as_one_on_the_last_day() -> None:
    """Due by due from 1 November to 1 December: the same lines as one run at the end. (law 2)"""
    daily, once = contract_host(), contract_host()
    for host in (daily, once):
        run(run_month(ASKED), host)
    november = attrs.evolve(ASKED, head=None)
    for day in range(1, 31):
        run(run_due(november), at(daily, DECEMBER_1.replace(month=11, day=day)))
    for host in (daily, once):
        run(run_due(november), at(host, DECEMBER_1))
        sound(host)

    assert lines(once) == lines(daily)


def lines(host: Host) -> list[tuple[str, str, int]]:
    """Return the lines of all invoices in *host*."""
    invoices = (found.record for found in host.store.find(Invoice).items)
    return sorted((i.customer, line.id, line.amount.minor) for i in invoices for line in i.lines)


# ---- who cannot be billed ------------------------------------------------------------------------
def test_whose_usage_is_missing_stops_nobody() -> None:
    """Ivy is named, her class and the others are billed; told later, her storage is as well."""
    host = contract_host()
    report = run(run_month(ASKED), host)
    assert [("ivy", "usage_missing")] == [(s.subject, s.code) for s in report.skipped]

    assert host.usage is not None
    host.usage.add(used("e2", "ivy", ASKED.period.start, 30))  # type: ignore[attr-defined]
    again = run(run_month(ASKED), host)

    assert [("ivy", [300], 300)] == totals(again)
    assert () == again.skipped
    assert {"ben", "ivy"} == {v.record.customer for v in host.store.find(Snapshot).items}
    sound(host)


def test_meters_need_a_usage_source() -> None:
    """Without one neither a run nor a preview bills anything, and the sentence says why."""
    host = attrs.evolve(contract_host(), usage=None)

    for job in (preview_month, run_month):
        with pytest.raises(PortMissing, match="usage source"):
            run(job(ASKED), host)
    assert () == host.store.find(Invoice).items


def test_nothing_metered_needs_no_usage_source() -> None:
    """Sessions are billed by a host that never heard of meters."""
    report = run(run_month(ASKED), new_host())

    assert [("ben", [5000], 6_000)] == totals(report)


def test_contracts_of_whom_the_month_does_not_tell_are_named() -> None:
    """Ana's studio of 31.00 waits for her to be told, and the preview says so as the run does."""
    host = contract_host()
    told = attrs.evolve(ASKED, month=attrs.evolve(ASKED.month, parties=ASKED.month.parties[1:]))
    preview = run(preview_month(told), host)
    report = run(run_month(told), host)
    (reason,) = [s.reason for s in report.skipped if s.subject == "ana"]

    assert preview.skipped == report.skipped
    assert "who is not among the parties, come to 31.00 EUR" in reason
    assert {"ben", "ivy"} == {invoice.customer for invoice in report.invoices}
    assert ["ana"] == [invoice.customer for invoice in run(run_month(ASKED), host).invoices]
    assert "ana" not in {s.subject for s in run(run_month(told), host).skipped}
    sound(host)


def test_who_could_not_be_taken_over_is_no_stranger() -> None:
    """Ana is told of, and her package is refused: that is the one reason."""
    store = MemoryStore()
    wallet = Wallet("customer:ana", (Limit("EUR", floor=-10_000),))
    store.commit(changes("limit", at=NOVEMBER_1, opens=(wallet,)))
    host = contract_host(store)
    month = attrs.evolve(ASKED.month, packages=(package(purchased_on=date(2026, 10, 5)),))
    report = run(run_month(attrs.evolve(ASKED, month=month)), host)

    assert [("ana", "insufficient_funds"), ("ivy", "usage_missing")] == [
        (s.subject, s.code) for s in report.skipped
    ]
    assert {"ben", "ivy"} == {invoice.customer for invoice in report.invoices}
