"""Top-ups: how much is bought, and what keeps it from running away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

from ledgerkit.domain.grants import Attempt, TopUp, TopUpPolicy, top_up
from ledgerkit.domain.grants.top_ups import (
    AWAITED,
    CAPPED,
    DUE,
    ENOUGH,
    FAILED,
    PAID,
    PENDING,
    TOO_MANY,
    TOO_SOON,
)
from ledgerkit.domain.money import CurrencyMismatch, Money
from tests.domain.grants.credit import AT, eur

HOUR = timedelta(hours=1)


def policy(**more: Any) -> TopUpPolicy:
    """Return: below 10.00 buy 50.00 and again 50.00."""
    fields: dict[str, Any] = {"threshold": eur(1_000), "amount": eur(5_000)}
    return TopUpPolicy(**(fields | more))


def ask(minor: int, of: TopUpPolicy | None = None, *earlier: Attempt) -> TopUp:
    """Return the decision on a balance."""
    return top_up(eur(minor), of or policy(), earlier=earlier, at=AT)


def ago(hours: int, minor: int = 5_000, status: str = PAID) -> Attempt:
    """Return an attempt of so many hours ago."""
    return Attempt(AT - hours * HOUR, eur(minor), status)


# ---- how much --------------------------------------------------------------------------------
def test_several_top_ups_short_are_one_purchase() -> None:
    """-429.80 under 10.00: the gap of 439.80 is closed by ceil(439.8 / 50) x 50 = 450.00."""
    assert TopUp(DUE, eur(45_000)) == ask(-42_980)


@pytest.mark.parametrize(
    ("balance", "expected"),
    [(999, 5_000), (-4_000, 5_000), (-4_001, 10_000), (0, 5_000)],
)
def test_whole_multiples_are_bought(balance: int, expected: int) -> None:
    """One purchase where one is enough, and a whole one more for a cent more."""
    assert TopUp(DUE, eur(expected)) == ask(balance)


@pytest.mark.parametrize("balance", [1_000, 1_001, 10**9])
def test_the_threshold_is_enough(balance: int) -> None:
    """Strictly below, as alerts are: exactly 10.00 is enough."""
    assert TopUp(ENOUGH, eur(0)) == ask(balance)


def test_to_a_target_with_a_least() -> None:
    """5.50 below 6.00, to 200.00, in cents: 194.50; but never less than 205.50."""
    to = policy(threshold=eur(600), amount=eur(1), target=eur(20_000))
    least = policy(threshold=eur(600), amount=eur(1), target=eur(20_000), least=eur(20_550))

    assert TopUp(DUE, eur(19_450)) == ask(550, to)
    assert TopUp(DUE, eur(20_550)) == ask(550, least)


@law(st.integers(-(10**9), 999), st.integers(1, 10**6))
def test_a_top_up_reaches_the_threshold(balance: int, amount: int) -> None:
    """No less than the gap, and less than one purchase more."""
    of = policy(amount=eur(amount))
    bought = ask(balance, of).amount.minor

    assert 0 <= balance + bought - 1_000 < amount
    assert 0 == bought % amount


# ---- guards ----------------------------------------------------------------------------------
def test_what_is_pending_is_awaited() -> None:
    """A payment under way counts as if it were there, however old it is."""
    assert TopUp(AWAITED, eur(0)) == ask(500, None, ago(99, status=PENDING))
    assert TopUp(DUE, eur(5_000)) == ask(-4_500, None, ago(99, status=PENDING))


def test_attempts_have_a_distance() -> None:
    """Six hours apart: not after five, after six."""
    of = policy(most=9, gap=6 * HOUR)

    assert TopUp(TOO_SOON, eur(0)) == ask(0, of, ago(5))
    assert TopUp(DUE, eur(5_000)) == ask(0, of, ago(6))


def test_attempts_have_a_number() -> None:
    """One a day by default, a failed one included; a day later there may be one again."""
    assert TopUp(TOO_MANY, eur(0)) == ask(0, None, ago(23, status=FAILED))
    assert TopUp(DUE, eur(5_000)) == ask(0, None, ago(24))
    assert TopUp(DUE, eur(5_000)) == ask(0, policy(most=3), ago(1), ago(2))
    assert TopUp(TOO_MANY, eur(0)) == ask(0, policy(most=3), ago(1), ago(2), ago(3))
    assert TopUp(DUE, eur(5_000)) == ask(0, policy(within=2 * HOUR), ago(2))


def test_the_sum_has_a_cap() -> None:
    """Of 450.00 needed a cap of 120.00 lets 100.00 through; of it 50.00 after 50.00 were paid."""
    of = policy(most=9, cap=eur(12_000))

    assert TopUp(DUE, eur(10_000)) == ask(-42_980, of)
    assert TopUp(DUE, eur(5_000)) == ask(-42_980, of, ago(1))
    assert TopUp(CAPPED, eur(0)) == ask(-42_980, of, ago(1), ago(2))
    assert TopUp(DUE, eur(10_000)) == ask(-42_980, of, ago(1, status=FAILED), ago(25))
    assert TopUp(CAPPED, eur(0)) == ask(-42_980, of, ago(1, 99_000))


def test_a_cap_below_the_least_buys_nothing() -> None:
    """Part of the least is not for sale."""
    of = policy(amount=eur(1), least=eur(20_000), cap=eur(19_999))

    assert TopUp(CAPPED, eur(0)) == ask(0, of)
    assert TopUp(DUE, eur(20_000)) == ask(0, policy(amount=eur(1), least=eur(20_000)))


@law(
    st.integers(-(10**6), 2_000),
    st.lists(
        st.builds(
            ago,
            st.integers(0, 60),
            st.integers(1, 100).map(lambda n: n * 100),
            st.sampled_from([PENDING, PAID, FAILED]),
        ),
        max_size=5,
    ),
    st.integers(1, 4),
    st.integers(0, 40_000),
)
def test_guards_hold_together(balance: int, earlier: list[Attempt], most: int, cap: int) -> None:
    """Whatever happened: never above the cap, never more often, in whole purchases; or a reason."""
    of = policy(most=most, gap=HOUR, cap=eur(cap))
    asked = ask(balance, of, *earlier)
    day = [each for each in earlier if each.at > AT - timedelta(days=1)]

    assert (asked.reason == DUE) == (asked.amount.minor > 0)
    if asked.reason == DUE:
        spent = sum(each.amount.minor for each in day if each.status != FAILED)
        assert spent + asked.amount.minor <= cap
        assert len(day) < most
        assert all(each.at <= AT - HOUR for each in earlier)


def test_currencies_do_not_mix() -> None:
    """Dollars are not topped up with euros, nor do they count as attempts."""
    with pytest.raises(CurrencyMismatch):
        top_up(Money(0, "USD"), policy(), at=AT)
    with pytest.raises(CurrencyMismatch):
        ask(0, None, Attempt(AT, Money(1, "USD")))


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"threshold": 10.0}, TypeError, "threshold of a top-up must be Money"),
        ({"amount": None}, TypeError, "amount of a top-up must be Money"),
        ({"cap": 5}, TypeError, "cap of a top-up must be Money"),
        ({"cap": Money(1, "USD")}, ValueError, "cap of a top-up is 0.01 USD; it must be EUR"),
        ({"amount": eur(0)}, ValueError, "needs an amount, a number and a time above 0"),
        ({"most": 0}, ValueError, "needs an amount, a number and a time above 0"),
        ({"most": True}, TypeError, "most must be a whole number of top-ups"),
        ({"within": timedelta(0)}, ValueError, "needs an amount, a number and a time above 0"),
        ({"within": 24}, TypeError, "must be timedeltas"),
        ({"gap": -HOUR}, ValueError, "the gap between top-ups must not be below 0"),
        ({"target": eur(999)}, ValueError, "would leave less than the threshold"),
    ],
)
def test_policy_is_valid_from_birth(
    fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A policy that would never end, or never begin, is refused where it is made."""
    with pytest.raises(error, match=message):
        policy(**fields)


def test_attempt_is_valid_from_birth() -> None:
    """Money, at an instant, with a status."""
    with pytest.raises(TypeError, match="an attempt is of Money"):
        Attempt(AT, 5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"pending, paid or failed \(got 'lost'"):
        Attempt(AT, eur(1), "lost")
    with pytest.raises(ValueError, match="no time zone"):
        Attempt(AT.replace(tzinfo=None), eur(1))
    with pytest.raises(ValueError, match="no time zone"):
        top_up(eur(0), policy(), at=AT.replace(tzinfo=None))
