"""Splits: a charge shared out, and what incentives add."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import Entry
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.splits import PER_PERIOD, PER_SESSION, Incentive, earned, split


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def incentive(**more: Any) -> Incentive:
    """Return 5.00 per session of match m1 from 10 October on."""
    fields: dict[str, Any] = {
        "id": "i1",
        "match": "m1",
        "amount": eur(500),
        "valid_from": date(2026, 10, 10),
    }
    return Incentive(**(fields | more))


def amounts(entries: tuple[Entry, ...]) -> list[int]:
    """Return the minor units of each leg."""
    return [entry.amount.minor for entry in entries]


@pytest.mark.parametrize(
    ("charge", "parts", "expected"),
    [
        (10_000, {"supplier:i": 6_000}, [-10_000, 6_000, 4_000]),
        (10_000, {"supplier:i": 6_000, "owner:n": 2_500}, [-10_000, 6_000, 2_500, 1_500]),
        (5_000, {"supplier:i": 3_000}, [-5_000, 3_000, 2_000]),
        (5_000, {"supplier:i": 5_000}, [-5_000, 5_000]),
        (5_000, {}, [-5_000, 5_000]),
        (2_000, {"supplier:i": 3_000}, [-2_000, 3_000, -1_000]),
        (0, {"supplier:i": 3_000}, [3_000, -3_000]),
        (5_000, {"supplier:i": 0}, [-5_000, 5_000]),
        (0, {"supplier:i": 0}, []),
    ],
)
def test_split(charge: int, parts: dict[str, int], expected: list[int]) -> None:
    """Flight: student -100.00, instructor +60.00, platform +40.00; with an owner +25.00, +15.00.

    Nobody gets a leg of zero, and a charge below cost is the platform's loss.
    """
    shares = [(wallet, eur(minor)) for wallet, minor in parts.items()]

    assert expected == amounts(split("customer:s", eur(charge), *shares))


def test_split_names_the_wallets() -> None:
    """The payer comes first and the platform last; another name may stand for it."""
    entries = split("customer:s", eur(10), ("supplier:i", eur(6)), platform="platform:eu")

    assert ["customer:s", "supplier:i", "platform:eu"] == [entry.wallet for entry in entries]


def test_split_is_of_one_currency() -> None:
    """A charge in euros has no share in pounds."""
    with pytest.raises(CurrencyMismatch):
        split("customer:s", eur(10), ("supplier:i", Money(6, "GBP")))


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), max_size=5))
def test_split_sums_to_zero(charge: int, parts: list[int]) -> None:
    """Whatever the shares, the legs balance and each share arrives whole."""
    shares = [(f"supplier:{n}", eur(minor)) for n, minor in enumerate(parts)]
    entries = split("customer:s", eur(charge), *shares)

    assert 0 == sum(amounts(entries))
    assert [s for s in shares if s[1].minor] == [
        (e.wallet, e.amount) for e in entries if e.wallet.startswith("supplier:")
    ]


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2026, 10, 9), False), (date(2026, 10, 10), True), (date(2099, 1, 1), True)],
)
def test_incentive_holds_from_its_first_day(on: date, expected: bool) -> None:
    """Never retroactive; spec: billing C-21."""
    assert expected == incentive().holds(on)


@pytest.mark.parametrize(("day", "expected"), [(19, True), (20, False)])
def test_incentive_ends_before_its_last_day(day: int, expected: bool) -> None:
    """The end is the first day without it."""
    ending = incentive(valid_until=date(2026, 10, 20))

    assert expected == ending.holds(date(2026, 10, day))


def test_earned_by_match_kind_and_day() -> None:
    """A session earns the incentives of its match, its kind and its day, several at once."""
    one, two = incentive(), incentive(id="i2", valid_from=date(2026, 10, 15))
    others = incentive(id="i3", match="m2"), incentive(id="i4", per=PER_PERIOD)
    known = (one, two, *others)

    assert (one,) == earned(known, match="m1", per=PER_SESSION, on=date(2026, 10, 12))
    assert (one, two) == earned(known, match="m1", per=PER_SESSION, on=date(2026, 10, 15))
    assert () == earned(known, match="m3", per=PER_SESSION, on=date(2026, 10, 15))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": eur(0)}, "must be above 0"),
        ({"amount": eur(-1)}, "must be above 0"),
        ({"per": "month"}, "per session or per period"),
        ({"valid_until": date(2026, 10, 10)}, "ends on 2026-10-10, not after 2026-10-10"),
        ({"id": ""}, "incentive id"),
        ({"match": ""}, "incentive match"),
    ],
)
def test_incentive_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """An incentive that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        incentive(**fields)


def test_a_share_below_zero_is_refused() -> None:
    """A supplier who owes money is no part of a charge of 100.00."""
    with pytest.raises(ValueError, match="must not be below 0"):
        split("customer:s", Money(10_000, "EUR"), ("supplier:i", Money(-5_000, "EUR")))
