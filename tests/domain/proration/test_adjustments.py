"""Adjustments: the lines of a change, kept apart, or netted for who asks for the difference."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import CurrencyMismatch, Money, Rate
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import rated
from ledgerkit.domain.proration import Adjustment, Basis, Fee, changes, net

MARCH = "2024-03-01/2024-04-01"
THIRTY = "2025-01-01/2025-01-31"
COPRIME = st.integers(0, 10**6)


def day(text: str) -> date:
    """Return the date that *text* writes."""
    return date.fromisoformat(text)


def fee(price: str, *, of: int = 1, period: str = MARCH, key: str = "plan", **more: Any) -> Fee:
    """Return a fee of *price*, in dollars, for each *of* something."""
    return Fee(
        key=key,
        price=Rate(Fraction(price) * 100, "USD"),
        quantity=Fraction(of),
        period=Period.parse(period),
        **more,
    )


def lines(old: list[Fee], new: list[Fee], on: str, basis: Basis = Basis.ACTUAL_DAYS) -> list[int]:
    """Return the cents of the lines of a change."""
    return [line.rated.amount.minor for line in changes(old, new, on=day(on), basis=basis)]


def dollars(key: str | None, minor: int, currency: str = "USD") -> Adjustment:
    """Return a line of *minor* cents."""
    return Adjustment(key, rated(Fraction(minor), currency, quantity=Fraction(1)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([fee("10")], [fee("20")], [-548, 1097]),
        ([fee("50", of=2)], [fee("30")], [-5484, 1645]),
        ([fee("10", of=5)], [fee("10", of=10)], [-2742, 5484]),
        ([], [fee("25")], [1371]),
        ([fee("40")], [], [-2194]),
    ],
)
def test_march_on_the_15th(old: list[Fee], new: list[Fee], expected: list[int]) -> None:
    """March 2024, changed on the 15th: 17/31 of the old ones back, of the new ones charged."""
    assert expected == lines(old, new, "2024-03-15")


def test_march_nets() -> None:
    """The differences are 5.49, -38.39 and 27.42; spec: billing 3."""
    assert 549 == sum(lines([fee("10")], [fee("20")], "2024-03-15"))
    assert -3839 == sum(lines([fee("50", of=2)], [fee("30")], "2024-03-15"))
    assert 2742 == sum(lines([fee("10", of=5)], [fee("10", of=10)], "2024-03-15"))


@pytest.mark.parametrize(
    ("old", "new", "on", "expected"),
    [
        ("100", "200", "2025-01-16", [-5000, 10000]),
        ("100", "200", "2025-01-01", [-10000, 20000]),
        ("100", "200", "2025-01-31", []),
        ("300", "600", "2025-01-30", [-1000, 2000]),
        ("100", "200", "2025-03-01", []),
    ],
)
def test_a_period_of_thirty_days(old: str, new: str, on: str, expected: list[int]) -> None:
    """In the middle, on the first day, on the exclusive end, on the last day; spec: billing 3."""
    was, comes = fee(old, period=THIRTY), fee(new, period=THIRTY)

    assert expected == lines([was], [comes], on)


def test_what_was_billed_is_what_goes_back() -> None:
    """The last day of 300.00 that were billed at 150.00 gives back 5.00."""
    was = fee("300", period=THIRTY, billed=Money(15000, "USD"))

    assert [-500, 2000] == lines([was], [fee("600", period=THIRTY)], "2025-01-30")


def test_order_of_lines() -> None:
    """What has a key in both first, then what is removed, then what is added."""
    old = [
        fee("30", key="gone", period=THIRTY),
        fee("100", key="plan", period=THIRTY),
        fee("9", key="same", period=THIRTY, billed=Money(1, "USD")),
    ]
    new = [
        fee("50", key="added", period=THIRTY),
        fee("9", key="same", period=THIRTY),
        fee("200", key="plan", period=THIRTY),
    ]
    made = changes(old, new, on=day("2025-01-16"))

    assert ["plan", "plan", "gone", "added"] == [line.key for line in made]
    assert [-5000, 10000, -1500, 2500] == [line.rated.amount.minor for line in made]


def test_a_month_becomes_a_year() -> None:
    """From the month at 10.00 to a year at 100.00 of its own: -6.45 and 100.00, 93.55."""
    month = fee("10", period="2011-07-20/2011-08-20")
    year = fee("100", period="2011-07-31/2012-07-31")

    assert [-645, 10000] == lines([month], [year], "2011-07-31")


def test_a_month_becomes_part_of_a_year() -> None:
    """The last day of the month goes back, 275 of 366 days of the aligned year are charged."""
    month = fee("10", period="2023-08-29/2023-09-29")
    year = fee(
        "120",
        period="2023-08-29/2024-06-29",
        whole=Period.parse("2023-06-29/2024-06-29"),
    )

    assert [-32, 9016] == lines([month], [year], "2023-09-28")


def test_one_time_and_other_bases() -> None:
    """Set-up is charged in full on any day; the basis is the one that is asked for."""
    setup = fee("500", of=2, key="setup", period=THIRTY, one_time=True)
    fixed = fee("19.95", period="2023-05-15/2023-06-15")

    assert [100_000] == lines([], [setup], "2025-01-23")
    assert [1463] == lines([], [fixed], "2023-05-23", Basis.FIXED_30)
    assert [1480] == [
        line.rated.amount.minor
        for line in changes([], [fixed], on=day("2023-05-23"), basis=Basis.SECONDS, zone="UTC")
    ]


def test_each_key_is_there_once() -> None:
    """Two fees of one key could not be told apart."""
    with pytest.raises(ValueError, match="each key is among the old fees once"):
        changes([fee("1"), fee("2")], [], on=day("2024-03-15"))
    with pytest.raises(ValueError, match="each key is among the new fees once"):
        changes([], [fee("1"), fee("2")], on=day("2024-03-15"))


def test_net() -> None:
    """Lines of one key become one, those that cancel out none, those without a key stay."""
    netted = net(
        [
            dollars("c1", -10000),
            dollars(None, -300),
            dollars("c1", 5000),
            dollars("c2", -700),
            dollars("c2", 700),
            dollars(None, 300),
            dollars("c3", 900),
        ]
    )

    assert [("c1", -5000), (None, -300), (None, 300), ("c3", 900)] == [
        (line.key, line.rated.amount.minor) for line in netted
    ]
    assert (("rule", "net"), ("part", "-10000"), ("part", "5000")) == netted[0].rated.trace
    assert Fraction(-5000) == netted[0].rated.unrounded
    with pytest.raises(CurrencyMismatch):
        net([dollars("c1", 1), dollars("c1", 1, "EUR")])


@given(COPRIME, COPRIME, st.dates(date(2024, 3, 1), date(2024, 4, 1)))
def test_netting_changes_no_total(old: int, new: int, on: date) -> None:
    """Credit and charge add up to the same, shown apart or as one."""
    was = Fee(key="x", price=Rate(Fraction(old), "USD"), period=Period.parse(MARCH))
    comes = Fee(key="x", price=Rate(Fraction(new), "USD"), period=Period.parse(MARCH))
    made = changes([was], [comes], on=on)

    assert sum(line.rated.amount.minor for line in made) == sum(
        line.rated.amount.minor for line in net(made)
    )
    assert () == changes([was], [was], on=on)
