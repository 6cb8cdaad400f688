"""The cloud platform of seed 001: three customers, three periods, an estimate and late events."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from datetime import date, timedelta
from pathlib import Path

import attrs
import pypdfium2
import pytest

from examples import cloud_platform, cloud_usage
from examples.books import open_books
from ledgerkit.domain.invoices import Invoice, Line, charge_line
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.rate_plans import RatePlan, days_to_date, to_date
from ledgerkit.domain.usage import Snapshot
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws


@attrs.frozen
class Quarter:
    """What the example printed and drew, and where its books are."""

    books: Path
    out: Path
    printed: str


def run(*arguments: str) -> str:
    """Run the example and return what it printed."""
    text = io.StringIO()
    with redirect_stdout(text):
        assert 0 == cloud_usage.main(arguments)
    return text.getvalue()


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    """Return the quarter of the platform, billed into a new database."""
    folder = tmp_path_factory.mktemp("cloud")
    out = folder / "pdf"
    return Quarter(folder / "cloud.db", out, run(str(folder / "cloud.db"), "--out", str(out)))


@pytest.fixture
def store(quarter: Quarter) -> Iterator[Store]:
    """Return its books."""
    with open_books(quarter.books) as store:
        yield store


def invoices_of(store: Store, customer: str) -> list[Invoice]:
    """Return the invoices of *customer* in the order of their numbers."""
    found = (each.record for each in store.find(Invoice, party=customer).items)
    return sorted(found, key=lambda invoice: invoice.number or "")


def told(line: Line) -> tuple[str, str, int]:
    """Return item, detail and cents of *line*."""
    return line.item, line.detail, line.amount.minor


@pytest.mark.parametrize(
    ("customer", "totals"),
    [
        ("finch", [4_000, 4_000, 4_000]),  # the basic user of the seed
        ("harbor", [25_450, 25_450, 28_800]),  # the professional one, then estimated, then true
        ("meridian", [101_000, 133_000, 101_000]),  # the enterprise one, and a late cluster
    ],
)
def test_what_each_customer_is_billed(store: Store, customer: str, totals: list[int]) -> None:
    """40.00, 254.50 and 1,010.00 in the first period, to the cent of the seed."""
    assert totals == [invoice.total.minor for invoice in invoices_of(store, customer)]


def test_a_period_is_thirty_days(store: Store) -> None:
    """Each is billed on the morning after it closed. (spec: C-1)"""
    assert [
        ("2026-01-01/2026-01-31", date(2026, 1, 31), date(2026, 2, 14)),
        ("2026-01-31/2026-03-02", date(2026, 3, 2), date(2026, 3, 16)),
        ("2026-03-02/2026-04-01", date(2026, 4, 1), date(2026, 4, 15)),
    ] == [(str(i.period), i.issued_on, i.due_on) for i in invoices_of(store, "finch")]


def test_lines_of_the_professional_user(store: Store) -> None:
    """10 + 5 x 15 + 2 x 80 + 3 x 3 + 5 x 0.10. (seed 001)"""
    assert [
        ("Platform fee", "", 1_000),
        ("License", "professional", 7_500),
        ("Cluster", "medium · production", 16_000),
        ("Additional user", "", 900),
        ("Storage overage, GB", "", 50),
    ] == [told(line) for line in invoices_of(store, "harbor")[0].lines]


def test_missing_usage_is_estimated_and_says_so(store: Store) -> None:
    """What was not measured is billed by the period before; what did not change is none."""
    second = invoices_of(store, "harbor")[1]

    assert {"License", "Cluster"} == {
        line.item for line in second.lines if ("estimated", "yes") in line.trace
    }


def test_the_truth_is_billed_as_the_difference(store: Store) -> None:
    """269.50 against 254.50: 15.00 more, on the invoice of the next period. (spec: billing 6)"""
    *usual, correction = invoices_of(store, "harbor")[2].lines

    assert ("License", "professional", 1_500) == told(correction)
    assert ("2026-01-31/2026-03-02", "License/level=professional/2") == (
        str(correction.period),
        correction.part,
    )
    assert ("billed before", "7500") in correction.trace
    assert 27_300 == sum(line.amount.minor for line in usual)


def test_a_late_event_is_billed_as_the_difference(store: Store) -> None:
    """A cluster of 29 January that was known on 3 February: 4 - 3 = 1, for 160.00."""
    late = invoices_of(store, "meridian")[1].lines[-1]

    assert ("Cluster", "large · production", 16_000) == told(late)
    assert ("2026-01-01/2026-01-31", "1") == (str(late.period), str(late.quantity))


def test_snapshots_are_settled(store: Store) -> None:
    """Each period of each meter says what was billed of it; nothing is left, nothing estimated."""
    snapshots = [each.record for each in store.find(Snapshot).items]

    assert 36 == len(snapshots)
    assert not any(each.pending or each.estimated for each in snapshots)
    assert {1, 2} == {each.part for each in snapshots}


def test_halfway_and_at_the_end(store: Store, quarter: Quarter) -> None:
    """What is used so far costs what a run would bill, and on the last day what it billed."""
    assert "harbor, 2026-03-02 to 2026-03-16: $269.50" in quarter.printed
    assert "clusters  2 large analytics, 3 large production" in quarter.printed
    received = cloud_usage.known_on(cloud_platform.usage_received(), cloud_platform.LAST_DAY)
    for found in store.find(RatePlan).items:
        plan = found.record
        days = days_to_date(plan, as_of=cloud_platform.LAST_DAY)
        assert days is not None
        end = to_date(
            plan,
            as_of=cloud_platform.LAST_DAY,
            price_list=cloud_platform.price_list(),
            readings=cloud_usage.readings(received, plan, days),
        )
        last = invoices_of(store, plan.customer)[-1]
        assert end is not None
        assert [told(line) for line in last.lines if line.period == last.period] == [
            told(charge_line(charge)) for charge in end.charges
        ]


def test_a_spike_is_told(store: Store, quarter: Quarter) -> None:
    """40 GB after 5 and 5; the notice waits in the outbox, once."""
    at = cloud_usage.morning(cloud_platform.LAST_DAY)
    (claimed,) = store.claim("notice.usage_spike", at=at, lease=timedelta(microseconds=1))

    assert "harbor" == claimed.message.recipient
    assert "Notice to harbor: 40 of storage, 2026-03-02 to 2026-03-31, after 5" in quarter.printed


def test_the_books_balance(store: Store, quarter: Quarter) -> None:
    """Debits and credits are equal, in the books and as printed; what is not due yet is owed."""
    (sides,) = trial_balance(store.balances())
    owed = {name: -store.balance(f"customer:{name}", "USD").posted for name in ("finch", "harbor")}

    assert (0, 426_700) == (sides.difference, sides.debits)
    assert {"finch": 4_000, "harbor": 28_800} == owed
    assert -292_900 == store.balance("gateway:cards", "USD").posted
    assert () == broken_laws(books(store))
    assert "total $4,267.00 $4,267.00" in [
        " ".join(line.split()) for line in quarter.printed.splitlines()
    ]


def test_the_books_are_read_with_plain_sql(quarter: Quarter) -> None:
    """Plans and snapshots have views."""
    with closing(sqlite3.connect(quarter.books)) as database:
        plans = database.execute(
            "SELECT customer, cycle_kind, billed_through FROM rate_plan ORDER BY customer"
        )
        assert [
            (name, "fixed_days", "2026-04-01") for name in ("finch", "harbor", "meridian")
        ] == plans.fetchall()


def test_running_again_bills_nothing_twice(quarter: Quarter, tmp_path: Path) -> None:
    """The same books, to the byte, and the same words; in memory as well."""
    with open_books(quarter.books) as store:
        before = books(store)
    again = run(str(quarter.books), "--out", str(quarter.out))
    with open_books(quarter.books) as store:
        assert before == books(store)
    in_memory = run("--out", str(tmp_path))

    assert quarter.printed == again
    assert quarter.printed.splitlines()[:-1] == in_memory.splitlines()[:-1]


def test_the_invoice_as_a_picture(store: Store, quarter: Quarter) -> None:
    """The PDF is one page that says what is estimated, and what a correction is of."""
    pages = []
    for invoice in invoices_of(store, "harbor"):
        pdf = pypdfium2.PdfDocument(quarter.out / f"{invoice.number}.pdf")
        assert 1 == len(pdf)
        pages.append(" ".join(pdf[0].get_textpage().get_text_range().split()))

    assert "Invoice LC-2026-0002" in pages[0]
    assert 2 == pages[1].count("· estimated")
    assert "professional · Jan 31 – Mar 1, 2026 · difference to what was billed before" in (
        pages[2].replace("\u2009", " ")
    )
    assert "Total $288.00" in pages[2]
