"""Completed work on invoices as a job: run, previewed, raced and printed, on memory and SQLite."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.exports import lines_csv
from ledgerkit.domain import grants
from ledgerkit.domain.billing_run import Month
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import PAID, PARTIALLY_PAID, Invoice
from ledgerkit.domain.money import ISO
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.periods import Period
from ledgerkit.jobs.adjustments import adjust_completion
from ledgerkit.jobs.billing_run import Asked, RunReport, preview_month, run_due, run_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payments import record_payment, void_payment
from ledgerkit.jobs.verification import verify
from ledgerkit.ports.store import Store
from ledgerkit.testing.fakes.renderer import PlainTextRenderer
from ledgerkit.testing.samples import NOON
from ledgerkit.testing.simulator import Rigged, crash_everywhere, overtaken
from tests.domain.billing_run.school import ANA, TAXED, TOM
from tests.domain.billing_run.world import OWNER
from tests.domain.flight_school import flight, hours, usd
from tests.jobs.completion_world import adjusting, approving, completing, flown_school
from tests.jobs.gateway_world import store_all
from tests.jobs.small_month import HEAD, Documents, at, shown
from tests.people import OLGA

pytest_plugins = ("tests.plugins.sqlite",)

ALL = Coupon(id="ALL", percent=Fraction(1))
OCT_1 = date(2026, 10, 1)
OCTOBER, NOVEMBER = Period.month(2026, 10), Period.month(2026, 11)
NOV_1, NOV_5, DEC_1 = (
    datetime(2026, month, day, 12, tzinfo=UTC) for month, day in ((11, 1), (11, 5), (12, 1))
)
MONTH = Month(business=OWNER, parties=(ANA, TOM), catalog=Catalog("catalog"))
ASKED = Asked(month=MONTH, period=OCTOBER, policy=TAXED)
LATER_ASKED = attrs.evolve(ASKED, period=NOVEMBER)


@pytest.fixture
def host(empty_books: Store) -> Host:
    """Return a school with a flight of 1.5 h, on 1 November."""
    return at(flown_school(empty_books), NOV_1)


def totals(report: RunReport) -> list[int]:
    """Return what each invoice of *report* comes to."""
    return [invoice.total.minor for invoice in report.invoices]


def owed(host: Host) -> int:
    """Return what Ana owes."""
    return -host.store.balance("customer:ana", "USD").posted


def sound(host: Host) -> None:
    """Check that the books of *host* hold."""
    assert () == run(verify(), host).problems
    shown(host)


def test_a_month_bills_what_was_flown_once(host: Host) -> None:
    """300.00 and 30.00 of tax, as the preview said; run again there is nothing."""
    preview = run(preview_month(ASKED), host)
    report = run(run_month(ASKED), host)

    assert [33_000] == totals(preview) == totals(report)
    assert [i.lines for i in preview.invoices] == [i.lines for i in report.invoices]
    assert 33_000 == owed(host)
    assert 0 == run(run_month(ASKED), host).committed
    sound(host)


@pytest.mark.parametrize(
    ("after", "invoiced", "credited", "left"),
    [("1.8", [6_600], [], 39_600), ("1.3", [], [4_400], 28_600)],
)
def test_a_correction_is_documented_by_the_next_run(
    host: Host, after: str, invoiced: list[int], credited: list[int], left: int
) -> None:
    """+60.00 is an invoice of 66.00, -40.00 a note of 44.00; run again there is nothing."""
    run(run_month(ASKED), host)
    asked = run(adjusting(Decimal(after)), at(host, NOV_5))
    if asked.completion is None:
        run(approving(asked.adjustment.id), host)

    report = run(run_month(LATER_ASKED), at(host, DEC_1))

    assert (invoiced, credited) == (totals(report), [n.total.minor for n in report.credit_notes])
    assert left == owed(host)
    assert 0 == run(run_month(LATER_ASKED), host).committed
    sound(host)


def test_what_was_free_stays_free(host: Host) -> None:
    """A coupon took all of it off: what the correction gives back is absorbed, once."""
    free = attrs.evolve(ASKED, month=attrs.evolve(MONTH, coupons={"ana": (ALL,)}))
    run(run_month(free), host)
    run(adjust_completion("f-1", hours(Decimal("1.3")), key="h", actor=OLGA, reason="h"), host)
    later = attrs.evolve(free, period=NOVEMBER)

    run(run_month(later), at(host, DEC_1))

    assert 0 == owed(host)
    assert 0 == run(run_month(later), host).committed
    sound(host)


def test_two_runs_at_once_bill_once() -> None:
    """Whichever step the other run comes before, there is one invoice."""
    names = Rigged(at(flown_school(), NOV_1))
    run(run_month(ASKED), names)
    for n in range(1, len(names.names) + 1):
        host = at(flown_school(), NOV_1)
        run(run_month(ASKED), Rigged(host, {n: overtaken(lambda: run_month(ASKED))}))
        assert [33_000] == totals_of(host)
        sound(host)


def test_corrected_while_a_run_decides() -> None:
    """Whichever step a correction comes before, it is documented once, by this run or the next."""
    names = Rigged(at(flown_school(), NOV_1))
    run(run_month(ASKED), names)

    def correct() -> Any:
        return adjust_completion("f-1", hours(Decimal("1.3")), key="h", actor=OLGA, reason="h")

    for n in range(1, len(names.names) + 1):
        host = at(flown_school(), NOV_1)
        run(run_month(ASKED), Rigged(host, {n: overtaken(correct)}))
        run(run_month(LATER_ASKED), at(host, DEC_1))
        assert 28_600 == owed(host)
        sound(host)


def test_paid_while_a_run_decides() -> None:
    """Whichever step a payment comes before, the money is asked for once."""
    names = Rigged(at(flown_school(), NOV_1))
    run(run_month(ASKED), names)

    def pay() -> Any:
        return record_payment(
            "ana", usd("330"), key="p", on=NOV_1.date(), actor=OLGA, reason="paid"
        )

    for n in range(1, len(names.names) + 1):
        host = at(flown_school(), NOV_1)
        run(run_month(ASKED), Rigged(host, {n: overtaken(pay)}))
        run(run_month(LATER_ASKED), at(host, DEC_1))
        assert [PAID] == [read.record.status for read in host.store.find(Invoice).items]
        sound(host)


def test_killed_anywhere_and_run_again() -> None:
    """The outcome is that of one run."""

    def billed() -> Host:
        return at(flown_school(), NOV_1)

    def outcome(host: Host) -> object:
        sound(host)
        return totals_of(host), owed(host)

    crash_everywhere(billed, lambda: run_month(ASKED), outcome)


def totals_of(host: Host) -> list[int]:
    """Return what the invoices of *host* come to."""
    return [read.record.total.minor for read in host.store.find(Invoice).items]


def test_paid_in_advance(host: Host) -> None:
    """330.00 before: the invoice is born paid, and nothing is asked for twice."""
    run(record_payment("ana", usd("330"), key="p", on=NOV_1.date(), actor=OLGA, reason="r"), host)

    (invoice,) = run(run_month(ASKED), host).invoices

    assert (PAID, 0) == (invoice.status, owed(host))
    sound(host)


def test_what_prepaid_credit_paid_is_not_asked_again(host: Host) -> None:
    """Credit of 200.00 pays for a part of 330.00: Ana pays the other 130.00, and 20.00 are left."""
    bought = Grant(id="g", customer="ana", amount=usd("200"), price=usd("200"), granted_on=OCT_1)
    store_all(host, "grant", grants.buy(bought, at=NOON))
    run(run_month(ASKED), host)

    paid = run(
        record_payment("ana", usd("150"), key="p", on=NOV_1.date(), actor=OLGA, reason="r"), host
    )

    assert [(PAID, 13_000)] == [
        (read.record.status, paid.pays(read.record.id).minor)
        for read in host.store.find(Invoice).items
    ]
    run(void_payment(paid.id, actor=OLGA, reason="not hers"), host)
    assert [PARTIALLY_PAID] == [read.record.status for read in host.store.find(Invoice).items]
    sound(host)


def test_a_preview_knows_what_the_run_takes_over(host: Host) -> None:
    """330.00 paid: 100.00 of an invoice of before and 50.00 owed beside it are paid first."""
    brought = attrs.evolve(
        MONTH,
        opening_balances=(OpeningBalance("ana", "customer:ana", usd("-50"), OCT_1),),
        open_invoices=(
            OpenInvoice(
                number="2026-871",
                customer="ana",
                issued_on=OCT_1,
                due_on=OCT_1,
                open_amount=usd("100"),
            ),
        ),
    )
    asked = attrs.evolve(ASKED, month=brought)
    run(record_payment("ana", usd("330"), key="p", on=NOV_1.date(), actor=OLGA, reason="r"), host)

    (preview,) = run(preview_month(asked), host).invoices
    (invoice,) = run(run_month(asked), host).invoices

    (payment,) = (read.record for read in host.store.find(Payment).items)
    assert (PARTIALLY_PAID, 18_000) == (preview.status, payment.pays(invoice.id).minor)
    assert preview == attrs.evolve(invoice, number=None)
    assert 0 == run(run_month(asked), host).committed
    sound(host)


def test_told_when_the_books_are_closed(host: Host) -> None:
    """October is billed and closed: a flight of 5 October counts now and is on the next invoice."""
    run(run_month(ASKED), host)
    run(completing(flight(1, id="f-2")), at(host, NOV_5))

    assert [22_000] == totals(run(run_month(LATER_ASKED), at(host, DEC_1)))
    sound(host)


def test_work_of_a_period_that_lasts_waits(host: Host) -> None:
    """The daily run bills October, and the flight of 3 November with November."""
    asked = attrs.evolve(ASKED, period=OCTOBER)
    november = flight(1, id="f-2", completed_at=datetime(2026, 11, 3, 12, tzinfo=UTC))
    run(completing(november), at(host, NOV_5))

    assert [[33_000]] == [totals(report) for report in run(run_due(asked), host)]
    assert [[22_000]] == [totals(report) for report in run(run_due(asked), at(host, DEC_1))]


def test_documents_and_exports_show_the_lines(host: Host) -> None:
    """The printed invoice, the CSV and the view name the hours, the price and who taught."""
    printing = attrs.evolve(host, renderer=PlainTextRenderer(), documents=Documents())
    report = run(run_month(attrs.evolve(ASKED, head=HEAD)), printing)

    (key,) = (key for key in report.documents if "INV" in key)
    text = printing.documents.get(key).decode() if printing.documents else ""
    assert "flight" in text
    assert "Tom Hill" in text
    header, row = lines_csv(invoices=report.invoices, units=ISO).splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    (done,) = host.store.find(Completion).items
    assert ("f-1", "flight", "3/2", "300.00", done.record.journal) == tuple(
        cells[name] for name in ("source", "item", "quantity", "amount", "journal")
    )
