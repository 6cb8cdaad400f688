"""A small flight school: rates, aircraft and a flight to charge, with the figures of seed 002."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs

from ledgerkit.domain.completions import Completion, Work, complete, quantities_of
from ledgerkit.domain.ledger import Entry
from ledgerkit.domain.money import Exact, Money, Rate
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateCard, RateKey
from ledgerkit.domain.rentals import Leased, Rental, RentalPolicy, RentalTerms

JANUARY, OCTOBER = date(2026, 1, 1), date(2026, 10, 1)
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
PLANE = "N123AB"


def usd(major: str) -> Money:
    """Return an amount like `-100.00`."""
    return Money(int(Fraction(major) * 100), "USD")


def hourly(major: str) -> Rate:
    """Return a price of one hour."""
    return Rate(Fraction(major) * 100, "USD")


def rate(side: str, kind: str, major: str | None, since: date = JANUARY, **only: str) -> CardRate:
    """Return a version of a rate, for all or *only* for a customer or supplier."""
    key = RateKey(side=side, kind=kind, **only)
    return CardRate(key, None if major is None else hourly(major), since)


# 200.00 an hour of flight earn 120.00, and 60.00 an hour on the ground earn 45.00.
CARD = RateCard(
    "school",
    "USD",
    (
        rate(CHARGE, "flight", "200"),
        rate(PAY, "flight", "120"),
        rate(CHARGE, "ground", "60"),
        rate(PAY, "ground", "45"),
    ),
)


def hours(flight: Exact, **more: Exact) -> Any:
    """Return quantities of flight and of other kinds."""
    return quantities_of({"flight": flight, **more})


def flight(quantity: Exact = Fraction(1, 2), **fields: Any) -> Work:
    """Return a flight of half an hour that Ana had with Tom."""
    given: dict[str, Any] = {
        "id": "f-1",
        "type": "flight",
        "customer": "ana",
        "supplier": "tom",
        "quantities": hours(quantity),
        "completed_at": NOON,
        "zone": "America/New_York",
    }
    return Work(**(given | fields))


def flown(quantity: Exact = Fraction(3, 2), **fields: Any) -> Completion:
    """Return a completed flight of 1.5 hours."""
    return complete(flight(quantity, **fields), card=CARD).completion


def rental(policy: RentalPolicy, since: date = JANUARY) -> Rental:
    """Return the plane on terms of *policy*, rented by the hour of flight."""
    return Rental(PLANE, (RentalTerms(policy, "flight", since),))


# The flight with four legs: 75.00 of instruction, and 25.00 for a plane passed on at cost.
FOUR_LEGS_CARD = attrs.evolve(
    CARD, rates=(rate(CHARGE, "flight", "150"), rate(PAY, "flight", "120"))
)
FOUR_LEGS_RENTAL = rental(Leased(rate=hourly("50"), cost=hourly("50"), owner="olga"))


def amounts(legs: tuple[Entry, ...]) -> dict[str, str]:
    """Return what *legs* move by wallet, in major units with a sign."""
    return {leg.wallet: _signed(leg.amount) for leg in legs}


def _signed(amount: Money) -> str:
    whole, cents = divmod(abs(amount.minor), 100)
    return f"{'-' if amount.minor < 0 else '+'}{whole}.{cents:02}"
