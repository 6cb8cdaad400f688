"""Splits: how a charge is shared, and extra pay."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import Entry, net_of
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.splits import Incentive, earned, split

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def incentive(**fields: Any) -> Incentive:
    """Return 5.00 more for each session of a match from September on."""
    given_: dict[str, Any] = {
        "id": "i-1",
        "match": "m-1",
        "amount": eur(500),
        "valid_from": SEPTEMBER,
    }
    return Incentive(**{**given_, **fields})


# ---- splits ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("charge", "pay", "platform"), [(10_000, 6_000, 4_000), (5_000, 3_000, 2_000)]
)
def test_the_platform_takes_the_complement(charge: int, pay: int, platform: int) -> None:
    """-100.00, +60.00, +40.00 (seed 002); -50.00, +30.00, +20.00 (billing 5a)."""
    assert (
        Entry("customer:c", eur(-charge)),
        Entry("supplier:t", eur(pay)),
        Entry("platform", eur(platform)),
    ) == split("customer:c", eur(charge), ("supplier:t", eur(pay)))


def test_any_number_of_parties() -> None:
    """Instructor and owner of the aircraft both get their rates. (billing 9)"""
    parts = split("c", eur(10_000), ("i", eur(6_000)), ("owner:n512ds", eur(2_500)), platform="us")

    assert {"c": -10_000, "i": 6_000, "owner:n512ds": 2_500, "us": 1_500} == {
        entry.wallet: entry.amount.minor for entry in parts
    }


def test_a_package_covers_the_customer() -> None:
    """liability:packages -45.00, supplier +30.00, platform +15.00. (billing 5a)"""
    assert [-4_500, 3_000, 1_500] == [
        entry.amount.minor
        for entry in split("liability:packages", eur(4_500), ("supplier:t", eur(3_000)))
    ]


def test_the_platform_may_pay_more_than_it_charges() -> None:
    """A free session costs it what the supplier earns."""
    assert (Entry("t", eur(3_000)), Entry("platform", eur(-3_000))) == (
        split("c", eur(0), ("t", eur(3_000)))
    )


def test_nothing_charged_and_nothing_paid_has_no_legs() -> None:
    """There is no journal to post."""
    assert () == split("c", eur(0), ("t", eur(0)))


def test_parts_are_in_the_currency_of_the_charge() -> None:
    """Dollars are no part of euros."""
    with pytest.raises(CurrencyMismatch):
        split("c", eur(5), ("t", Money(3, "USD")))


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.tuples(st.sampled_from("tuv"), st.integers(-(10**9), 10**9))),
)
def test_parts_are_the_whole(charge: int, parts: list[tuple[str, int]]) -> None:
    """The legs sum to zero, none is zero, and everybody gets what was said."""
    legs = split("c", eur(charge), *((wallet, eur(minor)) for wallet, minor in parts))
    net = net_of(legs)

    assert 0 == sum(net.values())
    assert all(leg.amount.minor for leg in legs)
    for wallet in "tuv":
        assert sum(minor for at, minor in parts if at == wallet) == net.get((wallet, "EUR"), 0)
    assert -charge == net.get(("c", "EUR"), 0)


# ---- incentives ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 8, 31), False),
        (SEPTEMBER, True),
        (date(2026, 9, 30), True),
        (OCTOBER, False),
    ],
)
def test_an_incentive_holds_from_its_first_day_on(on: date, expected: bool) -> None:
    """Never before, and no longer on the day it ends. (billing 0.2, C-21)"""
    assert expected == incentive(valid_until=OCTOBER).holds(on)


def test_an_incentive_may_last() -> None:
    """Without an end it holds on every later day."""
    assert incentive().holds(date(2046, 10, 1))


def test_earned_by_a_session() -> None:
    """Of the match, per session or per period, valid on the day."""
    all_ = (
        incentive(id="ours"),
        incentive(id="monthly", per="period"),
        incentive(id="theirs", match="m-2"),
        incentive(id="over", valid_until=OCTOBER),
    )

    def ids(per: str, on: date) -> list[str]:
        return [each.id for each in earned(all_, match="m-1", per=per, on=on)]

    assert ["ours", "over"] == ids("session", SEPTEMBER)
    assert ["ours"] == ids("session", OCTOBER)
    assert ["monthly"] == ids("period", OCTOBER)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": ""}, ValueError, "incentive id"),
        ({"match": None}, TypeError, "incentive match"),
        ({"amount": eur(0)}, ValueError, "must be above 0"),
        ({"amount": eur(-1)}, ValueError, "must be above 0"),
        ({"per": "week"}, ValueError, "per session or per period"),
        ({"valid_from": datetime(2026, 9, 1)}, TypeError, "valid_from"),  # noqa: DTZ001
        ({"valid_until": "2026-10-01"}, TypeError, "valid_until"),
        ({"valid_until": SEPTEMBER}, ValueError, "not after 2026-09-01"),
    ],
)
def test_incentives_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """More than nothing, for a match, on days."""
    with pytest.raises(kind, match=says):
        incentive(**fields)
