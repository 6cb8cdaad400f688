"""The software house of seed 004: a spring of changes, pauses, ends and renewals, billed daily."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path

import attrs
import pypdfium2
import pytest

from examples import subscriptions
from examples.books import open_books
from examples.subscription_customers import LAST, WISHES
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.periods import Period
from ledgerkit.domain.subscriptions import Subscription, renewals
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws


@attrs.frozen
class Spring:
    """What the example printed and drew, and where its books are."""

    books: Path
    out: Path
    printed: str


def run(*arguments: str) -> str:
    """Run the example and return what it printed."""
    text = io.StringIO()
    with redirect_stdout(text):
        assert 0 == subscriptions.main(arguments)
    return text.getvalue()


@pytest.fixture(scope="module")
def spring(tmp_path_factory: pytest.TempPathFactory) -> Spring:
    """Return the spring of the house, billed into a new database."""
    folder = tmp_path_factory.mktemp("foliant")
    out = folder / "pdf"
    return Spring(folder / "books.db", out, run(str(folder / "books.db"), "--out", str(out)))


@pytest.fixture
def store(spring: Spring) -> Iterator[Store]:
    """Return its books."""
    with open_books(spring.books) as store:
        yield store


def bills(store: Store, customer: str) -> list[tuple[str, list[int], int]]:
    """Return (day, amounts of the lines, total) of the invoices of *customer*, by number."""
    found = (each.record for each in store.find(Invoice, party=customer).items)
    return [
        (f"{i.issued_on:%m-%d}", [line.amount.minor for line in i.lines], i.total.minor)
        for i in sorted(found, key=lambda invoice: invoice.number or "")
    ]


def credits_of(store: Store, customer: str) -> list[tuple[str, int, int]]:
    """Return (day, net, total) of the credit notes of *customer*."""
    found = (each.record for each in store.find(CreditNote, party=customer).items)
    return [(f"{n.issued_on:%m-%d}", n.total.minor - n.tax.minor, n.total.minor) for n in found]


# ---- customer by customer ------------------------------------------------------------------------
def test_an_upgrade_in_the_middle_of_a_month(store: Store, spring: Spring) -> None:
    """10 -> 20 on 15 March: -5.48, +10.97; 5.49 and 20 % tax are 6.58, as the preview said."""
    assert [
        ("03-01", [1000], 1200),
        ("03-15", [-548, 1097], 658),
        ("04-01", [2000], 2400),
        ("05-01", [2000], 2400),
    ] == bills(store, "brenner")
    assert "2026-03-15: the upgrade will cost brenner €6.58 now, with VAT" in spring.printed


def test_a_downgrade_at_the_end_of_the_period(store: Store) -> None:
    """Decided on 10 March, it holds from 1 April; March stays as it was billed."""
    assert [("03-01", [2000], 2400), ("04-01", [1000], 1200), ("05-01", [1000], 1200)] == bills(
        store, "alpenblick"
    )


def test_a_year_in_advance_under_a_reverse_charge(store: Store) -> None:
    """2,400.00 once, without tax, and the reason why stands on it."""
    assert [("03-01", [240_000], 240_000)] == bills(store, "cadence")
    (found,) = store.find(Invoice, party="cadence").items
    (tax,) = found.record.taxes

    assert ("reverse_charge", 0) == (tax.treatment, tax.amount.minor)
    assert Period(date(2026, 3, 1), date(2027, 3, 1)) == found.record.lines[0].period


def test_seats_in_arrears(store: Store) -> None:
    """5 seats for 14 days and 10 for 17 days: 22.58 + 54.84 = 50.00 + 27.42. (spec: billing 3)"""
    assert [
        ("03-01", [2000], 2400),
        ("03-16", [2258], 2710),
        ("04-01", [5484, 2000], 8981),
        ("05-01", [10_000, 2000], 14_400),
    ] == bills(store, "doppler")
    assert 5_000 + 2_742 == 2_258 + 5_484


def test_a_trial_and_a_coupon(store: Store) -> None:
    """Free until 15 March, then 17/31 of 31.00; 10 % off twice, before tax."""
    assert [("03-15", [1700], 1836), ("04-01", [3100], 3348), ("05-01", [3100], 3720)] == bills(
        store, "elster"
    )


def test_a_pause_by_credit(store: Store) -> None:
    """249.95: 233.82 back from 3 March, 224.96 from 4 April; 8.86 before tax. (spec: billing 3)"""
    assert [("03-03", 23_382, 28_058)] == credits_of(store, "fjord")
    assert [
        ("03-01", [24_995], 29_994),
        ("04-04", [22_496], 26_995),
        ("05-01", [24_995], 29_994),
    ] == bills(store, "fjord")
    assert 886 == 23_382 - 22_496


def test_an_end_with_a_credit_note(store: Store) -> None:
    """16 unused days of 31.00: 16.00, with tax 19.20; nothing is billed after. (spec: billing 3)"""
    assert [("03-15", 1_600, 1_920)] == credits_of(store, "galerie")
    assert [("03-01", [3100], 3720)] == bills(store, "galerie")
    assert 1_920 == store.balance("customer:galerie", "EUR").posted


def test_a_suspension(store: Store) -> None:
    """While it lasts no period is billed; reactivated on 20 April, 11 of 30 days are."""
    assert [("03-01", [3100], 3720), ("04-20", [1137], 1364), ("05-01", [3100], 3720)] == bills(
        store, "hafen"
    )


def test_all_sorts_of_things_on_one_invoice(store: Store) -> None:
    """A training, 2,400 pages at 1.5 cents and April in advance: 146.00, with tax 175.20."""
    assert [
        ("03-01", [2000], 2400),
        ("04-01", [9000, 3600, 2000], 17_520),
        ("05-01", [1800, 2000], 4_560),
    ] == bills(store, "iris")


def test_credit_paid_in_advance(store: Store) -> None:
    """50.00 for usage alone: all of 43.20 in March, 6.80 of April's 21.60."""
    (found,) = store.find(Grant).items

    assert [4_320, 680] == [draw.amount.minor for draw in found.record.draws]
    assert "depleted" == found.record.status
    assert -4_560 + 680 == store.balance("customer:iris", "EUR").posted


# ---- all of them ---------------------------------------------------------------------------------
def test_numbers_have_no_gaps(store: Store) -> None:
    """25 invoices and 2 credit notes, numbered as they were issued."""
    numbers = sorted(each.record.number or "" for each in store.find(Invoice).items)

    assert [f"F-2026-{n:03}" for n in range(1, 26)] == numbers
    assert ["G-2026-001", "G-2026-002"] == sorted(
        each.record.number or "" for each in store.find(CreditNote).items
    )


def test_who_decided_is_on_record(store: Store, spring: Spring) -> None:
    """Each wish is a version with its actor and reason; runs end trials and subscriptions."""
    audited = {
        (version.record.customer, version.record.status, version.actor, version.reason)
        for found in store.find(Subscription).items
        for version in store.history(Subscription, found.record.id)
    }

    for wish in WISHES:
        assert any(
            (wish.customer, wish.actor, wish.reason) == (who, actor, reason)
            for who, _, actor, reason in audited
        )
    assert ("fjord", "paused", "nora (fjord)", "closed for the season") in audited
    assert ("hafen", "suspended", "billing", "unpaid for 15 days") in audited
    assert ("hafen", "active", "billing", "paid") in audited
    assert {"billing run"} == {
        actor for who, status, actor, _ in audited if (who, status) == ("galerie", "cancelled")
    }
    assert "16 Mar  galerie     cancelled  billing run" in spring.printed


def test_renewals_tell_what_the_run_will_bill(store: Store) -> None:
    """Before tax, on 1 June; who left is not there, a year is far away."""
    found = renewals([v.record for v in store.find(Subscription).items], on=LAST, days=32)

    assert {date(2026, 6, 1)} == {renewal.on for renewal in found}
    assert {
        "alpenblick": 1_000,
        "brenner": 2_000,
        "doppler": 12_000,
        "elster": 3_100,
        "fjord": 24_995,
        "hafen": 3_100,
        "iris": 2_000,
    } == {renewal.subscription.customer: renewal.amount.minor for renewal in found}


def test_services_follow_a_suspension(store: Store) -> None:
    """The host hears of it twice, by messages stored with the decisions. (seed 004)"""
    at = subscriptions.Morning.of(LAST).at
    claimed = store.claim("notice.suspension_changed", at=at, lease=LAST - date(2026, 4, 1))

    assert [("hafen", "suspended"), ("hafen", "active")] == [
        (each.message.recipient, dict(each.message.body)["status"]) for each in claimed
    ]


def test_little_credit_left_is_told(store: Store) -> None:
    """6.80 of 50.00 after March, below 10.00: once, and not again when it is gone."""
    at = subscriptions.Morning.of(LAST).at
    (claimed,) = store.claim("notice.low_credit", at=at, lease=LAST - date(2026, 4, 1))

    assert ("iris", "680") == (
        claimed.message.recipient,
        dict(claimed.message.body)["remaining_minor"],
    )


def test_the_books_balance(store: Store, spring: Spring) -> None:
    """Debits and credits are equal, in the books and as printed; verification finds nothing."""
    (sides,) = trial_balance(store.balances())

    assert (0, 384_782) == (sides.difference, sides.debits)
    assert -324_104 == store.balance("cash:bank", "EUR").posted
    assert (23_810, 6_000) == (
        store.balance("liability:tax:VAT", "EUR").posted,
        store.balance("supplier:rosa", "EUR").posted,
    )
    assert () == broken_laws(books(store))
    assert ["difference €0.00"] == [
        " ".join(line.split()) for line in spring.printed.splitlines() if "difference" in line
    ]
    assert "Verified: 74 journals, 0 problems" in spring.printed


def test_running_again_bills_nothing_twice(spring: Spring, tmp_path: Path) -> None:
    """The same books and the same words, but for the preview; in memory as well."""
    with open_books(spring.books) as store:
        before = books(store)
    again = run(str(spring.books), "--out", str(spring.out))
    with open_books(spring.books) as store:
        assert before == books(store)
    in_memory = run("--out", str(tmp_path))

    assert spring.printed.splitlines()[1:] == again.splitlines()
    assert spring.printed.splitlines()[:-1] == in_memory.splitlines()[:-1]


def test_memory_and_sqlite_keep_the_same_books(spring: Spring) -> None:
    """Every journal, version and number."""
    with open_books(spring.books) as stored, open_books(None) as kept:
        with redirect_stdout(io.StringIO()):
            subscriptions.spring(kept)
        assert books(stored) == books(kept)


def test_documents_as_pictures(store: Store, spring: Spring) -> None:
    """The invoice of all sorts of things is one page; so is the note, which names its invoice."""

    def text(number: str) -> str:
        pdf = pypdfium2.PdfDocument(spring.out / f"{number}.pdf")
        assert 1 == len(pdf)
        return " ".join(pdf[0].get_textpage().get_text_range().split())

    assert "Page converted 2,400 €0.015 €36.00" in text("F-2026-016")
    assert "Total €175.20 Paid from prepaid credit −€43.20 To be paid €132.00" in text("F-2026-016")
    assert "not used · 17 of 31 days" in text("F-2026-010")
    assert "Total €6.58" in text("F-2026-010")
    assert "F-2026-006" in text("G-2026-002")
    assert "Credited €19.20" in text("G-2026-002")
