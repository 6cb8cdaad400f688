"""Messages: what a student reads on joining a class, with real plurals."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import pytest

from ledgerkit.documents.builders import Letterhead, catch_up_message
from ledgerkit.domain.late_joiners import CatchUpPolicy, catch_up
from ledgerkit.domain.money import ISO, Money
from ledgerkit.domain.parties import BUSINESS, CUSTOMER, Party
from ledgerkit.domain.periods import FixedDaysCycle

START = date(2026, 1, 1)
HEAD = Letterhead(
    business=Party(id="academy", role=BUSINESS, name="Academia", currency="EUR"), units=ISO
)
ANA = Party(id="ana", role=CUSTOMER, name="Ana", currency="EUR", locale="es")
ANN = attrs.evolve(ANA, locale="en")


def told(reader: Party, on: date, **terms: Any) -> str:
    """Return the message to *reader* about joining the class of the seed, spaces made plain."""
    usual: dict[str, Any] = {"cycle": FixedDaysCycle(START), "price": Money(5_000, "EUR")}
    due = catch_up(START, on, **{**usual, **terms})
    return catch_up_message(due, head=HEAD, customer=reader).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("on", "spanish", "english"),
    [
        (
            date(2026, 3, 15),
            (
                "Total: 150,00 € (incluye 3 ciclos pendientes). "
                "Próximos pagos: 50,00 €, a partir del 1 abr 2026."
            ),
            "Total: €150.00 (includes 3 cycles due). Next payments: €50.00, from Apr 1, 2026 on.",
        ),
        (
            START,
            (
                "Total: 50,00 € (incluye 1 ciclo pendiente). "
                "Próximos pagos: 50,00 €, a partir del 31 ene 2026."
            ),
            "Total: €50.00 (includes 1 cycle due). Next payments: €50.00, from Jan 31, 2026 on.",
        ),
    ],
)
def test_message_of_the_seed(on: date, spanish: str, english: str) -> None:
    """The sentence of seed 003, in whose place of "mes(es)" stands one or many. (billing 2)"""
    assert [spanish, english] == [told(ANA, on), told(ANN, on)]


def test_message_about_a_class_that_is_paid_once() -> None:
    """It counts no cycles and promises no payments."""
    assert ["Total: 50,00 €.", "Total: €50.00."] == [
        told(reader, date(2026, 3, 15), cycle=None) for reader in (ANA, ANN)
    ]


def test_message_to_somebody_who_is_not_billed_early() -> None:
    """Nothing is due yet, and it says what will be, and when. (spec: C-5)"""
    early = date(2025, 12, 20)

    assert (
        "Todavía no hay nada que pagar. Próximos pagos: 50,00 €, a partir del 1 ene 2026."
    ) == told(ANA, early, bill_early=False)


def test_message_counts_what_is_charged() -> None:
    """Where the missed cycles are not charged, they are not counted."""
    message = told(ANA, date(2026, 3, 15), policy=CatchUpPolicy.CURRENT_PRORATED)

    assert message.startswith("Total: 28,33 € (incluye 1 ciclo pendiente). ")
