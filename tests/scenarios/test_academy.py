"""The academy of seed 003: who joins late pays for what was missed, once, and can pay in parts."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from datetime import date
from pathlib import Path

import attrs
import pypdfium2
import pytest

from examples import academy
from examples.academy_classes import LATE
from examples.books import every, open_books
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.late_joiners import Enrolment
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.money import Money
from ledgerkit.domain.payment_plans import PaymentPlan
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws


@attrs.frozen
class Winter:
    """What the example printed and drew, and where its books are."""

    books: Path
    out: Path
    printed: str


def run(*arguments: str) -> str:
    """Run the example and return what it printed, with plain spaces."""
    text = io.StringIO()
    with redirect_stdout(text):
        assert 0 == academy.main(arguments)
    return text.getvalue().replace("\xa0", " ")


@pytest.fixture(scope="module")
def winter(tmp_path_factory: pytest.TempPathFactory) -> Winter:
    """Return the winter of the academy, billed into a new database."""
    folder = tmp_path_factory.mktemp("academy")
    out = folder / "pdf"
    return Winter(folder / "academy.db", out, run(str(folder / "academy.db"), "--out", str(out)))


@pytest.fixture
def store(winter: Winter) -> Iterator[Store]:
    """Return its books."""
    with open_books(winter.books) as store:
        yield store


def enrolment_of(store: Store, student: str) -> Enrolment:
    """Return the enrolment of *student*."""
    (found,) = (each for each in every(store, Enrolment) if each.student == student)
    return found


def totals_of(store: Store, student: str) -> list[int]:
    """Return what the invoices of *student* come to, in cents, in the order of their numbers."""
    source = enrolment_of(store, student).id
    found = [i for i in every(store, Invoice) if i.lines[0].source == source]
    return [i.total.minor for i in sorted(found, key=lambda each: each.number or "")]


@pytest.mark.parametrize(
    ("student", "totals"),
    [
        ("Mateo Ferrer", [5_000, 5_000, 5_000, 5_000]),  # 12 days early: the first cycle
        ("Lucía Ferrer", [5_000, 5_000, 5_000, 5_000]),  # on the first day
        ("Álvaro Núñez", [15_000, 5_000]),  # 15 March, the example of the seed
        ("Sofía Ibáñez", [19_500, 6_500]),  # the same day, by calendar months
        ("Hugo Ibáñez", [2_833, 5_000]),  # the same day, 17 of 30 days
        ("Martina Zúñiga", [20_000]),  # 00:30 on 1 April in Madrid
        ("Pau Roig", [12_000]),  # paid once
    ],
)
def test_what_each_student_is_billed(store: Store, student: str, totals: list[int]) -> None:
    """What was due on joining, on one invoice, and then each cycle as it opened. (seed 003)"""
    assert totals == totals_of(store, student)


def test_the_seeds_student_has_a_line_for_each_cycle(store: Store) -> None:
    """Three lines of 50.00 and never one of 150.00. (spec: billing 2)"""
    invoice = academy.joining_invoice(store, enrolment_of(store, "Álvaro Núñez"))

    assert [
        ("2026-01-01/2026-01-31", 5_000),
        ("2026-01-31/2026-03-02", 5_000),
        ("2026-03-02/2026-04-01", 5_000),
    ] == [(str(line.period), line.amount.minor) for line in invoice.lines]


def test_the_plan_of_the_seed(store: Store, winter: Winter) -> None:
    """75.00 now and 75.00 next month, when 50.00 is on top: 125.00. (spec: C-9)"""
    (plan,) = every(store, PaymentPlan)

    assert [(date(2026, 3, 15), 7_500), (date(2026, 4, 1), 7_500)] == [
        (part.due_on, part.amount.minor) for part in plan.instalments
    ]
    assert (LATE, Money(7_500, "EUR")) == (plan.customer, academy.paid_by(store, LATE))
    assert "El 1 abr 2026 debe 75,00 € del plan y 50,00 € de cuota: 125,00 €" in winter.printed
    assert -12_500 == store.balance(f"customer:{LATE}", "EUR").posted


def test_the_message_of_the_seed(winter: Winter) -> None:
    """What the student is told on joining, in Spanish."""
    told = [line for line in winter.printed.splitlines() if "Total: " in line]
    (line,) = (line for line in told if "Álvaro Núñez" in line)

    assert line.endswith(
        "Total: 150,00 € (incluye 3 ciclos pendientes). "
        "Próximos pagos: 50,00 €, a partir del 1 abr 2026."
    )


def test_the_books_balance(store: Store, winter: Winter) -> None:
    """Debits and credits are equal, in the books and as printed."""
    (sides,) = trial_balance(store.balances())

    assert (0, 125_833) == (sides.difference, sides.debits)
    assert () == broken_laws(books(store))
    assert "suma 1.258,33 € 1.258,33 €" in [
        " ".join(line.split()) for line in winter.printed.splitlines()
    ]


def test_the_books_are_read_with_plain_sql(winter: Winter) -> None:
    """Enrolments, plans and instalments have views, amounts in major units."""
    with closing(sqlite3.connect(winter.books)) as database:
        plans = database.execute(
            "SELECT p.customer, p.status, i.nth, i.due_on, i.amount FROM payment_plan p "
            "JOIN instalment i ON i.payment_plan = p.id ORDER BY i.nth"
        )
        assert [
            (LATE, "active", 1, "2026-03-15", "75.00"),
            (LATE, "active", 2, "2026-04-01", "75.00"),
        ] == plans.fetchall()
        found = database.execute(
            "SELECT student, class_start, enrolled_on, cycle_kind, policy, price "
            "FROM enrolment WHERE class_id = 'dib-1'"
        )
        assert [
            (
                "Hugo Ibáñez",
                "2026-01-01",
                "2026-03-15",
                "fixed_days",
                "current_prorated",
                "50.00",
            )
        ] == found.fetchall()


def test_running_again_bills_nothing_twice(winter: Winter, tmp_path: Path) -> None:
    """The same books, to the byte, and the same words; in memory as well."""
    with open_books(winter.books) as store:
        before = books(store)
    again = run(str(winter.books), "--out", str(winter.out))
    with open_books(winter.books) as store:
        assert before == books(store)
    in_memory = run("--out", str(tmp_path))

    assert winter.printed == again
    assert winter.printed.splitlines()[:-1] == in_memory.splitlines()[:-1]


def test_the_invoice_as_a_picture(store: Store, winter: Winter) -> None:
    """The PDF of the late joiner is one page that says what is due, for which days and when."""
    invoice = academy.joining_invoice(store, enrolment_of(store, "Álvaro Núñez"))
    pdf = pypdfium2.PdfDocument(winter.out / f"{invoice.number}.pdf")
    text = " ".join(pdf[0].get_textpage().get_text_range().replace("\xa0", " ").split())

    assert 7 == len(list(winter.out.iterdir()))
    assert 1 == len(pdf)
    for words in (
        "Factura F-2026-0009",
        "María José Núñez Peña",
        "Álvaro Núñez · 1–30 ene 2026",
        "Total 150,00 €",
        "A pagar hasta el 15 mar 2026 75,00 €",
        "A pagar hasta el 1 abr 2026 75,00 €",
        "incluye 3 ciclos pendientes",
        "Se paga en 2 plazos, según lo acordado.",
        "exenta de IVA",
    ):
        assert words in text
