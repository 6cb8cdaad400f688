from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.stripe import NotExpressible, from_stripe, to_stripe
from ledgerkit.domain.money import ISO, Money


@pytest.mark.parametrize(
    ("money", "there"),
    [
        (Money(1250, "EUR"), 1250),
        (Money(500, "JPY"), 500),
        (Money(5, "UGX"), 500),  # two decimals there, none in ISO
        (Money(5, "ISK"), 500),
        (Money(700, "MGA"), 7),  # two decimals in ISO, none there
        (Money(5120, "KWD"), 5120),
    ],
)
def test_amounts_as_stripe_counts_them(money: Money, there: int) -> None:
    """Stripe's own table decides, not ISO 4217. (design: libraries 4)"""
    assert there == to_stripe(money)
    assert money == from_stripe(there, money.currency.lower())


@pytest.mark.parametrize(
    ("money", "step"),
    [
        (Money(750, "MGA"), 100),  # no half ariary
        (Money(5124, "KWD"), 10),  # the last digit must be zero
        (Money(1000, "IQD"), 0),  # three decimals in ISO, and not in Stripe's tables
        (Money(3, "SESSION"), 0),
    ],
)
def test_what_stripe_cannot_be_told(money: Money, step: int) -> None:
    """An amount that would be refused or misread is refused here, with what is needed."""
    with pytest.raises(NotExpressible) as refused:
        to_stripe(money)

    assert (money, step) == (refused.value.money, refused.value.step)


def test_payouts_of_forints_are_whole() -> None:
    """Forints are charged with decimals and paid out without."""
    assert 1045 == to_stripe(Money(1045, "HUF"))
    assert 1000 == to_stripe(Money(1000, "HUF"), payout=True)
    with pytest.raises(NotExpressible, match=r"a multiple of 1\.00 HUF"):
        to_stripe(Money(1045, "HUF"), payout=True)


@pytest.mark.parametrize(
    ("amount", "currency", "refused"),
    [
        (True, "eur", TypeError),
        ("5", "eur", TypeError),
        (5, None, TypeError),
        (550, "ugx", ValueError),
        (5, "xyz", ValueError),
    ],
)
def test_what_stripe_cannot_mean(
    amount: object, currency: object, refused: type[Exception]
) -> None:
    """A bool is no amount, nor is half a shilling."""
    with pytest.raises(refused):
        from_stripe(amount, currency)


@given(st.integers(0, 10**12), st.sampled_from(sorted(ISO.exponents)))
def test_what_is_told_is_what_is_read(minor: int, currency: str) -> None:
    """What Stripe can be told comes back as it was."""
    money = Money(minor, currency)
    try:
        there = to_stripe(money)
    except NotExpressible:
        return

    assert money == from_stripe(there, currency.lower())
