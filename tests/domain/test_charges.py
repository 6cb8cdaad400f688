"""Charge: what a contract charges, named so that it is billed once."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest

from ledgerkit.domain import invoices
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import rated

OCTOBER = Period.month(2026, 10)
SEATS = Charge(
    source="sub-1",
    part="seats/2026-10-01",
    item="seats",
    kind="subscription",
    on=OCTOBER.start,
    period=OCTOBER,
    due_on=OCTOBER.start,
    rated=rated(Fraction(5000), "EUR", quantity=Fraction(5), unit_price=Fraction(1000)),
)


def test_charge_has_the_id_of_its_line() -> None:
    """Whether a charge is billed is seen by the lines there are (spec: billing 0.8)."""
    line = invoices.charge_line(SEATS)

    assert line.id == SEATS.line_id


def test_the_line_of_a_charge_says_all_of_it() -> None:
    """Five seats at 10.00 in October: what it is, when, of which kind, and what it comes to."""
    line = invoices.charge_line(attrs.evolve(SEATS, detail="of the studio"))

    assert ("sub-1", "seats/2026-10-01", "seats", "of the studio", "subscription") == (
        line.source,
        line.part,
        line.item,
        line.detail,
        line.kind,
    )
    assert (OCTOBER.start, OCTOBER) == (line.on, line.period)
    assert (Fraction(5), Fraction(1000), 5000) == (
        line.quantity,
        line.unit_price,
        line.amount.minor,
    )
    assert (None, SEATS.rated.trace) == (line.journal, line.trace)


def test_another_price_is_the_same_charge() -> None:
    """What was billed at one price is not billed again at another."""
    dearer = attrs.evolve(SEATS, rated=rated(Fraction(6000), "EUR", quantity=Fraction(5)))

    assert SEATS.line_id == dearer.line_id


def test_a_credit_names_the_charge_that_it_is_of() -> None:
    """By its part; its own part is another, so that it is billed as well."""
    back = attrs.evolve(SEATS, part="seats/back", gives_back=SEATS.part)

    assert SEATS.part == back.gives_back
    assert SEATS.line_id != back.line_id
    assert (SEATS.part, None) == (
        invoices.charge_line(back).gives_back,
        invoices.charge_line(SEATS).gives_back,
    )


def test_another_part_is_another_charge() -> None:
    """The next period of the same item is billed as well."""
    assert SEATS.line_id != attrs.evolve(SEATS, part="seats/2026-11-01").line_id


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("source", "", "source of a charge must be"),
        ("kind", " x", "kind of a charge must be"),
        ("on", datetime(2026, 10, 1, tzinfo=UTC), "day of a charge must be a date"),
        ("due_on", "2026-10-01", "due_on of a charge must be a date"),
        ("rated", Fraction(5000), "a charge is Rated"),
        ("gives_back", "", "what a charge gives back must be"),
    ],
)
def test_charge_is_valid_from_birth(field: str, value: Any, named: str) -> None:
    """Nameless sources, instants and bare numbers are refused."""
    with pytest.raises((TypeError, ValueError), match=named):
        attrs.evolve(SEATS, **{field: value})
