"""ISO 4217: the table agrees with another copy of the standard, and not with display digits."""

from __future__ import annotations

import iso4217
import pytest

from ledgerkit.domain._iso4217 import EXPONENTS

THEIRS = {currency.code: currency.exponent for currency in iso4217.Currency}


def test_exponents_are_those_of_the_standard() -> None:
    """Every current code that has a minor unit is in the table, with the decimals of ISO."""
    assert {code: n for code, n in THEIRS.items() if n is not None} == EXPONENTS


def test_codes_without_a_minor_unit_are_left_out() -> None:
    """Metals, bonds, units of account, the test code and "no currency" have no minor unit."""
    without = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"

    assert without.split() == sorted(THEIRS.keys() - EXPONENTS.keys())


@pytest.mark.parametrize(
    ("code", "exponent"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("ISK", 0), ("HUF", 2), ("UGX", 0)],
)
def test_exponent(code: str, exponent: int) -> None:
    """JPY has no decimals, USD and EUR two, KWD three (spec: billing 0.1)."""
    assert exponent == EXPONENTS[code]


@pytest.mark.parametrize(
    ("code", "exponent"),
    [("RSD", 2), ("AFN", 2), ("LBP", 2), ("IRR", 2), ("MMK", 2), ("IQD", 3)],
)
def test_exponent_is_not_the_display_digits(code: str, exponent: int) -> None:
    """Locale data shows, or once showed, none of the decimals these have (spec: ledger 1)."""
    assert exponent == EXPONENTS[code]


def test_table_cannot_be_changed() -> None:
    """Nobody changes the standard for everybody else."""
    with pytest.raises(TypeError):
        EXPONENTS["EUR"] = 3  # type: ignore[index]
