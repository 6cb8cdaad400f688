"""Percentages: a share of every event, with fees, bounds and allowances."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import CurrencyMismatch, Money, NegativeAmount, Rate
from ledgerkit.domain.pricing import (
    EventsNeeded,
    NegativeQuantity,
    Percentage,
    PerUnit,
    Tariff,
    rate,
    rate_events,
    rate_turnover,
)
from tests.domain.pricing.prices import AMOUNTS, RATES, per, usd

PAYMENTS = [usd(text) for text in ("50", "100", "250", "400")]
SALES = [usd(text) for text in ("10", "80", "10000")]


def share(percent: str, **terms: Any) -> Percentage:
    """Return a percentage in dollars."""
    return Percentage(rate=Fraction(percent) / 100, currency="USD", **terms)


BOUNDED: dict[str, Any] = {"event_minimum": per("1.75"), "event_maximum": per("12")}


# ---- figures ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("terms", "dollars"),
    [
        ({}, "18.4"),
        ({"free_events": 3, "free_amount": usd("250")}, "11.15"),
        ({"free_amount": usd("250")}, "11.15"),
        ({"free_events": 3}, "7.2"),
        ({"free_events": 3, "free_amount": usd("500")}, "7.2"),
        ({"free_events": 5}, "0"),
        ({"free_amount": usd("800")}, "0"),
    ],
)
def test_share_and_fee(terms: dict[str, Any], dollars: str) -> None:
    """1.3 % of 800.00 in 4 events and 2.00 for each; the allowance that ends first ends both."""
    found = rate_events(share("1.3", fee=per("2"), **terms), PAYMENTS)

    assert Fraction(dollars) * 100 == found.unrounded
    assert 4 == found.quantity
    assert found.unit_price is None


@pytest.mark.parametrize(
    ("terms", "dollars"),
    [
        ({}, "16.142"),
        ({"fee": per("2")}, "18.691"),
        ({"free_events": 2}, "12"),
        ({"free_amount": usd("30")}, "13.794"),
        ({"free_events": 3, "free_amount": usd("10000")}, "2.691"),
    ],
)
def test_bounds_of_an_event(terms: dict[str, Any], dollars: str) -> None:
    """2.99 %, at least 1.75 and at most 12.00 for each event that is charged."""
    found = rate_events(share("2.99", **BOUNDED, **terms), SALES)

    assert Fraction(dollars) * 100 == found.unrounded
    assert round(Fraction(dollars) * 100) == found.amount.minor


def test_bounds_are_explained() -> None:
    """What the minimum adds and what the maximum takes off are pairs of their own."""
    trace = dict(rate_events(share("2.99", **BOUNDED), SALES).trace)

    assert "1009000 x 299/10000 = 301691/10" == trace["share"]
    assert ("1 x 1451/10 = 1451/10", "1 x -28700 = -28700") == (
        trace["event minimum"],
        trace["event maximum"],
    )


def test_turnover() -> None:
    """1.3 % of 800.00 and 4 fees of 2.00 are 18.40; less with a free amount; 0 of nothing."""
    assert usd("18.40") == rate_turnover(share("1.3", fee=per("2")), usd("800"), events=4).amount
    assert usd("7.15") == rate_turnover(share("1.3", free_amount=usd("250")), usd("800")).amount
    assert usd("0.00") == rate_turnover(share("1.3", free_amount=usd("250")), usd("200")).amount


def test_tariff_of_a_percentage() -> None:
    """The line has bounds as well: 18.40 are at least 20.00 and at most 15.00."""
    model = share("1.3", fee=per("2"))
    least = Tariff(model=model, included=None, minimum=usd("20"))
    most = Tariff(model=model, included=None, maximum=usd("15"))

    assert [2000, 1500] == [rate_events(t, PAYMENTS).amount.minor for t in (least, most)]
    assert 1840 == rate_events(least, PAYMENTS, final=False).amount.minor
    assert 1500 == rate_turnover(most, usd("800"), events=4).amount.minor
    assert 2000 == rate_events(least, []).amount.minor


@pytest.mark.parametrize(
    ("free", "fees"), [({"free_amount": usd("5")}, 2), ({"free_events": 1}, 2), ({}, 3)]
)
def test_events_of_nothing(free: dict[str, Any], fees: int) -> None:
    """An event of 0.00 is free while the allowance lasts, and pays its fee afterwards."""
    amounts = [usd("0"), usd("5"), usd("0")]
    model = share("1", fee=per("1"), **free)
    expected = {"free_amount": 1}.get(next(iter(free), ""), fees)

    assert f"{expected} x 100 = {expected * 100}" == dict(rate_events(model, amounts).trace)["fees"]


# ---- laws ------------------------------------------------------------------------------------
EVENTS = st.lists(AMOUNTS, max_size=6)
PERCENTS = st.fractions(0, 1, max_denominator=1000)


@given(PERCENTS, st.none() | RATES, EVENTS)
def test_turnover_agrees_with_events(
    ratio: Fraction, fee: Rate | None, amounts: list[Money]
) -> None:
    """Without bounds and allowance, sum and number are enough."""
    model = Percentage(rate=ratio, currency="USD", fee=fee)
    total = Money(sum(amount.minor for amount in amounts), "USD")

    assert (
        rate_events(model, amounts).unrounded
        == rate_turnover(model, total, events=len(amounts)).unrounded
    )


@given(PERCENTS, EVENTS, st.integers(0, 10_000))
def test_turnover_agrees_on_a_free_amount(ratio: Fraction, amounts: list[Money], free: int) -> None:
    """A free amount alone needs no events either."""
    model = Percentage(rate=ratio, currency="USD", free_amount=Money(free, "USD"))
    total = Money(sum(amount.minor for amount in amounts), "USD")

    assert rate_events(model, amounts).unrounded == rate_turnover(model, total).unrounded


ALLOWANCES = st.fixed_dictionaries(
    {"free_amount": st.none() | AMOUNTS, "free_events": st.none() | st.integers(0, 7)}
)


@given(PERCENTS, st.tuples(RATES, RATES, RATES), EVENTS, ALLOWANCES)
def test_events_stay_within_bounds(
    ratio: Fraction, prices: tuple[Rate, Rate, Rate], amounts: list[Money], free: dict[str, Any]
) -> None:
    """No more is charged than every event at the maximum; an allowance never costs anything."""
    fee, *bounds = prices
    low, high = sorted(bounds, key=lambda bound: bound.per)
    plain = Percentage(rate=ratio, currency="USD", fee=fee, event_minimum=low, event_maximum=high)
    whole = rate_events(plain, amounts).unrounded

    assert len(amounts) * low.per <= whole <= len(amounts) * high.per
    assert rate_events(attrs.evolve(plain, **free), amounts).unrounded <= whole


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "terms",
    [
        {"event_minimum": per("1")},
        {"event_maximum": per("1")},
        {"free_events": 1},
        {"fee": per("1"), "free_amount": usd("1")},
    ],
)
def test_a_total_is_not_enough(terms: dict[str, Any]) -> None:
    """Where each event counts, each has to be known."""
    with pytest.raises(EventsNeeded, match=r"the total of 4 event\(s\) is not enough"):
        rate_turnover(share("1", **terms), usd("800"), events=4)


def test_events_are_checked() -> None:
    """Amounts of the percentage's currency from zero, and a number of them."""
    model = share("1")
    with pytest.raises(CurrencyMismatch):
        rate_events(model, [Money(1, "EUR")])
    with pytest.raises(CurrencyMismatch):
        rate_turnover(model, Money(1, "EUR"))
    with pytest.raises(NegativeAmount):
        rate_events(model, [Money(-1, "USD")])
    with pytest.raises(NegativeAmount):
        rate_turnover(model, Money(-1, "USD"))
    with pytest.raises(NegativeQuantity):
        rate_turnover(model, Money(1, "USD"), events=-1)
    with pytest.raises(TypeError, match="must be an int"):
        rate_turnover(model, Money(1, "USD"), events=1.0)  # type: ignore[arg-type]


def test_quantity_and_events_are_told_apart() -> None:
    """A percentage has no quantity, and a price per unit no events."""
    with pytest.raises(TypeError, match="rated by events or turnover, not by a quantity"):
        rate(share("1"), 5)
    with pytest.raises(TypeError, match="events are rated by a percentage"):
        rate_events(PerUnit(per("1")), [])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="events are rated by a percentage"):
        rate_turnover(Tariff(model=PerUnit(per("1")), included=0), usd("1"))


TERMS: dict[str, Any] = {"rate": Decimal("0.029"), "currency": "USD"}


@pytest.mark.parametrize(
    ("terms", "kind", "says"),
    [
        ({"rate": Fraction(-1)}, ValueError, "a percentage must not be negative"),
        ({"rate": 0.029}, TypeError, "must be an int, a Fraction or a Decimal"),
        ({"currency": "usd"}, ValueError, "currency must be"),
        ({"currency": None}, ValueError, "currency must be"),
        ({"fee": usd("1")}, TypeError, "fee of an event must be Rate"),
        ({"event_minimum": usd("1")}, TypeError, "minimum of an event must be Rate"),
        ({"event_maximum": Rate(Fraction(-1), "USD")}, ValueError, "must not be negative"),
        ({"free_amount": Money(-1, "USD")}, ValueError, "free amount must not be negative"),
        ({"free_events": -1}, ValueError, "free events must be a whole number from 0"),
        ({"free_events": True}, ValueError, "free events must be a whole number from 0"),
        ({"free_events": 1.0}, ValueError, "free events must be a whole number from 0"),
        ({"fee": Rate(Fraction(1), "EUR")}, ValueError, r"one currency \(got EUR, USD\)"),
        (
            {"event_minimum": per("2"), "event_maximum": per("1")},
            ValueError,
            "the minimum of an event is 200, above its maximum of 100",
        ),
    ],
)
def test_percentages_are_checked(terms: dict[str, Any], kind: type[Exception], says: str) -> None:
    """An exact share, and prices of its currency."""
    with pytest.raises(kind, match=says):
        Percentage(**{**TERMS, **terms})
