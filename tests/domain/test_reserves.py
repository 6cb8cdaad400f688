"""Reserves: healthy, warning or critical, and when transfers wait."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.gateways import GatewayBalance
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.reserves import (
    CRITICAL,
    HEALTHY,
    WARNING,
    ReservePolicy,
    check,
    held_at,
    observation,
)
from ledgerkit.testing.samples import NOON


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


POLICY = ReservePolicy(usd(100_000))
ORDER = (CRITICAL, WARNING, HEALTHY)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (100_000, HEALTHY),
        (99_999, WARNING),
        (50_000, WARNING),
        (49_999, CRITICAL),
        (0, CRITICAL),
        (-1, CRITICAL),
    ],
)
def test_status(held: int, expected: str) -> None:
    """Minimum 1,000.00: healthy from it on, critical below half of it. (spec: billing 9, C-20)"""
    found = check(POLICY, usd(held))

    assert (expected, expected) == (found.status, found.status_after)
    assert (expected == CRITICAL) == found.should_block_transfers


@pytest.mark.parametrize(
    ("held", "transfer", "blocks", "after"),
    [
        (100_000, 50_000, False, WARNING),
        (100_000, 50_001, True, CRITICAL),
        (50_000, 0, False, WARNING),
        (49_999, 0, True, CRITICAL),
        (60_000, 10_000, False, WARNING),
    ],
)
def test_a_transfer_may_not_make_it_critical(
    held: int, transfer: int, blocks: bool, after: str
) -> None:
    """A warning blocks nothing; the transfer itself is counted. (spec: billing 9)"""
    found = check(POLICY, usd(held), usd(transfer))

    assert (blocks, after) == (found.should_block_transfers, found.status_after)


@pytest.mark.parametrize(
    ("held", "transfer", "expected"),
    [
        (
            99_999,
            0,
            "999.99 USD is held of a minimum of 1000.00 USD: warning; transfers go on",
        ),
        (
            60_000,
            10_001,
            (
                "600.00 USD is held of a minimum of 1000.00 USD: warning, and critical "
                "once 100.01 USD is paid; transfers wait"
            ),
        ),
    ],
)
def test_it_explains_itself(held: int, transfer: int, expected: str) -> None:
    """In one sentence with the figures."""
    assert expected == check(POLICY, usd(held), usd(transfer)).sentence


def test_shares_are_the_hosts() -> None:
    """Both are configurable, and exact: a third of 100 is more than 33 and less than 34."""
    policy = ReservePolicy(usd(100), warning=Fraction(3, 2), critical=Fraction(1, 3))

    assert [CRITICAL, WARNING, WARNING, HEALTHY] == [
        policy.status(usd(held)) for held in (33, 34, 149, 150)
    ]


def test_nothing_has_to_be_held() -> None:
    """A minimum of zero is always met, except by less than nothing."""
    policy = ReservePolicy(usd(0))

    assert (HEALTHY, CRITICAL) == (policy.status(usd(0)), policy.status(usd(-1)))


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: ReservePolicy(usd(-1)), ValueError),
        (lambda: ReservePolicy(100_000), ValueError),  # type: ignore[arg-type]
        (lambda: ReservePolicy(usd(1), warning=1), TypeError),  # type: ignore[arg-type]
        (lambda: ReservePolicy(usd(1), critical=0.5), TypeError),  # type: ignore[arg-type]
        (lambda: ReservePolicy(usd(1), critical=Fraction(2)), ValueError),
        (lambda: ReservePolicy(usd(1), critical=Fraction(-1)), ValueError),
        (lambda: check(POLICY, Money(1, "EUR")), CurrencyMismatch),
        (lambda: check(POLICY, usd(1), Money(1, "EUR")), CurrencyMismatch),
        (lambda: check(POLICY, usd(1), usd(-1)), ValueError),
    ],
    ids=range(9),
)
def test_what_cannot_be(build: Any, error: type[Exception]) -> None:
    """Shares are exact and ordered; each currency has a reserve of its own."""
    with pytest.raises(error):
        build()


def test_what_counts_is_what_can_be_moved() -> None:
    """Available at all gateways, in the currency; what is pending does not pay a transfer."""
    stripe = GatewayBalance(available=(usd(700), Money(5, "EUR")), pending=(usd(1_000),), at=NOON)
    other = GatewayBalance(available=(usd(50),), at=NOON)

    assert usd(750) == held_at([stripe, other], "USD")
    assert Money(0, "NGN") == held_at([stripe], "NGN")


@pytest.mark.parametrize(
    ("held", "expected"), [(100_000, None), (99_999, "warning"), (49_999, "critical")]
)
def test_an_alert_is_as_severe_as_the_status(held: int, expected: str | None) -> None:
    """A transfer that was only proposed does not count."""
    seen = observation(check(POLICY, usd(held), usd(held)), subject="reserve")

    assert ("reserve", expected) == (seen.kind, seen.severity)
    assert ("held_minor", str(held)) in seen.facts


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_status_is_monotonic(held: int, more: int, minimum: int) -> None:
    """More money is never worse, a transfer never better. (spec: billing 13.11)"""
    policy = ReservePolicy(usd(minimum))
    low, high = policy.status(usd(held)), policy.status(usd(held + more))
    found = check(policy, usd(held + more), usd(more))

    assert ORDER.index(low) <= ORDER.index(high)
    assert low == found.status_after
    assert (low == CRITICAL) == found.should_block_transfers
