"""Rate cards: what work costs and earns, from which day on, for whom."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.catalog import PriceInPast
from ledgerkit.domain.changes import Changes, changes_of, expect, request
from ledgerkit.domain.money import Money, Rate, Rounding
from ledgerkit.domain.rate_cards import (
    CHARGE,
    PAY,
    CardRate,
    CurrentRate,
    NoRate,
    RateCard,
    RateKey,
    RateStatistics,
    change_rate,
    current,
    statistics,
)
from tests.domain.flight_school import CARD, JANUARY, NOON, OCTOBER, hourly, rate, usd


def charged(
    card: RateCard, customer: str = "ana", supplier: str = "tom", on: date = OCTOBER
) -> Any:
    """Return what an hour of flight costs, in minor units."""
    found = card.charge_on("flight", customer=customer, supplier=supplier, on=on).rate
    return None if found is None else found.per


def paid(card: RateCard, supplier: str = "tom", on: date = OCTOBER) -> Any:
    """Return what an hour of flight earns, in minor units."""
    found = card.pay_on("flight", supplier=supplier, on=on).rate
    return None if found is None else found.per


# ---- examples --------------------------------------------------------------------------------
def test_charge_and_pay_are_independent() -> None:
    """Raising the charge to 220.00 in October leaves the pay at 120.00. (seed 002)"""
    card = change_rate(CARD, rate(CHARGE, "flight", "220", OCTOBER), on=JANUARY).card

    assert (20_000, 12_000) == (charged(card, on=date(2026, 9, 30)), paid(card))
    assert (22_000, 12_000) == (charged(card), paid(card))


def test_a_supplier_has_a_pay_of_his_own() -> None:
    """Una earns 150.00, everybody else 120.00."""
    card = change_rate(CARD, rate(PAY, "flight", "150", supplier="una"), on=JANUARY).card

    assert (15_000, 12_000) == (paid(card, "una"), paid(card, "tom"))


@pytest.mark.parametrize(
    ("customer", "supplier", "expected"),
    [
        ("ben", "tom", 20_000),  # the rate for all
        ("ben", "una", 21_000),  # hers
        ("ana", "tom", 19_000),  # agreed with Ana, and so with whoever flies
        ("ana", "vic", 19_000),
        ("ana", "una", 18_000),  # agreed with Ana for Una
    ],
)
def test_the_most_specific_charge_holds(customer: str, supplier: str, expected: int) -> None:
    """Both, then the customer, then the supplier, then all."""
    only = (
        rate(CHARGE, "flight", "210", supplier="una"),
        rate(CHARGE, "flight", "215", supplier="vic"),
        rate(CHARGE, "flight", "190", customer="ana"),
        rate(CHARGE, "flight", "180", customer="ana", supplier="una"),
    )
    card = RateCard("school", "USD", (*CARD.rates, *only))

    assert expected == charged(card, customer, supplier)


def test_an_override_ends() -> None:
    """From October Ana pays what everybody pays."""
    rates = (
        rate(CHARGE, "flight", "190", customer="ana"),
        rate(CHARGE, "flight", None, OCTOBER, customer="ana"),
    )
    card = RateCard("school", "USD", (*CARD.rates, *rates))

    assert (19_000, 20_000) == (charged(card, on=date(2026, 9, 30)), charged(card))
    with pytest.raises(ValueError, match="ended on 2026-10-01 and prices nothing"):
        rates[1].times(1)


@pytest.mark.parametrize(
    ("find", "says"),
    [
        (
            lambda: charged(CARD, on=date(2025, 12, 31)),
            "no rate for flight (charge, customer=ana, supplier=tom) on 2025-12-31",
        ),
        (
            lambda: CARD.pay_on("landing", supplier="tom", on=OCTOBER),
            "no rate for landing (pay, supplier=tom) on 2026-10-01",
        ),
        (
            lambda: charged(RateCard("school", "USD", (rate(CHARGE, "flight", None),))),
            "no rate for flight (charge, customer=ana, supplier=tom) on 2026-10-01",
        ),
    ],
)
def test_no_rate_is_an_error(find: Any, says: str) -> None:
    """A hole is named, never charged as zero. (billing C-10)"""
    with pytest.raises(NoRate) as refused:
        find()

    assert f"{says}; add one to the rate card 'school'" == str(refused.value)
    assert "school" == refused.value.card


def test_a_rate_of_zero_is_one() -> None:
    """Whoever means nothing says so."""
    card = RateCard("school", "USD", (rate(CHARGE, "flight", "0"),))

    assert 0 == charged(card)


def test_one_rounding_per_line() -> None:
    """0.1 h at 133.35 come to 13.335: 13.34, and the trace tells how. (billing 0.1, 0.9)"""
    priced = rate(CHARGE, "flight", "133.35").times(Decimal("0.1"))

    assert usd("13.34") == priced.amount
    assert (
        ("rate", "flight (charge)"),
        ("valid_from", "2026-01-01"),
        ("unit_price", "13335"),
        ("quantity", "1/10"),
        ("unrounded", "2667/2"),
        ("rounding", "half_up"),
        ("rounded", "1334"),
    ) == priced.trace


@pytest.mark.parametrize(
    ("since", "on", "earliest"),
    [
        (date(2026, 9, 30), OCTOBER, OCTOBER),
        (date(2025, 12, 31), date(2025, 12, 1), JANUARY + timedelta(days=1)),
        (JANUARY, date(2025, 12, 1), JANUARY + timedelta(days=1)),
    ],
)
def test_a_rate_never_changes_the_past(since: date, on: date, earliest: date) -> None:
    """It begins today at the earliest, and after the newest version; the message says when."""
    with pytest.raises(PriceInPast) as refused:
        change_rate(CARD, rate(PAY, "flight", "130", since), on=on)
    changed = change_rate(CARD, rate(PAY, "flight", "130", earliest), on=on)

    assert earliest == refused.value.earliest == changed.new.valid_from
    assert f"flight (pay) from {since} would reprice the past" in str(refused.value)


def test_a_change_is_audited() -> None:
    """Who, when, why, old and new: 120.00 to 130.00 by Olga. (seed 002)"""
    store = MemoryStore()
    asked = request("load")
    store.commit(
        Changes(key="1", request=asked, actor="host", reason="load", at=NOON, records=(CARD,))
    )
    read = store.load(RateCard, "school")
    assert read is not None
    changed = change_rate(read.record, rate(PAY, "flight", "130", date(2026, 11, 1)), on=OCTOBER)
    store.commit(
        changes_of(
            changed,
            key="2",
            request=request("rate.change", key=str(changed.new.key)),
            actor="olga",
            reason="seniority",
            at=NOON,
            expects=(expect(read),),
        )
    )
    old, new = store.history(RateCard, "school")

    assert (rate(PAY, "flight", "120"), rate(PAY, "flight", "130", date(2026, 11, 1))) == (
        changed.old,
        changed.new,
    )
    assert ("olga", "seniority", NOON) == (new.actor, new.reason, new.at)
    assert (CARD, changed.card) == (old.record, new.record)
    assert None is change_rate(CARD, rate(PAY, "landing", "5"), on=JANUARY).old


# ---- views -----------------------------------------------------------------------------------
UNA = rate(PAY, "flight", "150", supplier="una")
VIC = rate(PAY, "flight", "135.01", supplier="vic")
LATER = rate(PAY, "flight", "160", date(2026, 11, 1), supplier="una")
GONE = (
    rate(PAY, "flight", "90", supplier="wim"),
    rate(PAY, "flight", None, date(2026, 5, 1), supplier="wim"),
)
MANY = RateCard("school", "USD", (*CARD.rates, LATER, UNA, VIC, *GONE))


def test_current_rates_with_history() -> None:
    """By side, kind and supplier; what begins later is told, what ended is left out."""
    assert (
        CurrentRate(rate=CARD.rates[0], history=(CARD.rates[0],)),
        CurrentRate(rate=CARD.rates[2], history=(CARD.rates[2],)),
        CurrentRate(rate=CARD.rates[1], history=(CARD.rates[1],)),
        CurrentRate(rate=UNA, history=(UNA, LATER)),
        CurrentRate(rate=VIC, history=(VIC,)),
        CurrentRate(rate=CARD.rates[3], history=(CARD.rates[3],)),
    ) == current(MANY, on=OCTOBER)


def test_statistics() -> None:
    """120.00, 150.00 and 135.01: 405.01 / 3 = 135.0033... on average, rounded once."""
    found = statistics(MANY, side=PAY, kind="flight", on=OCTOBER)

    assert found == RateStatistics(
        count=3, average=usd("135"), lowest=usd("120"), highest=usd("150")
    )
    up = statistics(MANY, side=PAY, kind="flight", on=OCTOBER, rounding=Rounding.UP)
    assert (usd("135.01"), Rounding.UP) == (up.average, up.rounding)
    assert RateStatistics(count=0) == statistics(MANY, side=PAY, kind="landing", on=OCTOBER)


# ---- laws ------------------------------------------------------------------------------------
DAYS = st.dates(JANUARY, date(2026, 1, 20))


@given(st.lists(DAYS, unique=True, min_size=1), DAYS, st.randoms(use_true_random=False))
def test_the_rate_of_a_day_is_the_last_that_began(days: list[date], on: date, order: Any) -> None:
    """Whatever the order in which versions are listed; cards are values."""
    rates = [rate(PAY, "flight", str(day.day), day) for day in days]
    order.shuffle(rates)
    card = RateCard("school", "USD", tuple(rates))

    assert card == pickle.loads(pickle.dumps(card))
    begun = [day for day in days if day <= on]
    if begun:
        assert max(begun).day * 100 == paid(card, on=on)
    else:
        with pytest.raises(NoRate):
            paid(card, on=on)


@given(st.lists(st.fractions(0, 10**6), min_size=1, max_size=9))
def test_the_average_lies_between(pers: list[Fraction]) -> None:
    """Never below the lowest or above the highest, and within half a unit of the exact mean."""
    rates = tuple(
        CardRate(RateKey(side=PAY, kind="flight", supplier=f"s{n}"), Rate(per, "USD"), JANUARY)
        for n, per in enumerate(pers)
    )
    found = statistics(RateCard("school", "USD", rates), side=PAY, kind="flight", on=OCTOBER)

    assert found.lowest is not None
    assert found.average is not None
    assert found.highest is not None
    assert found.lowest <= found.average <= found.highest
    assert abs(found.average.minor - sum(pers) / len(pers)) <= Fraction(1, 2)


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"side": "cost"}, ValueError, "a charge or a pay"),
        ({"kind": ""}, ValueError, "kind of work"),
        ({"kind": None}, TypeError, "kind of work"),
        ({"supplier": " "}, ValueError, "supplier of a rate"),
        ({"side": PAY, "customer": "ana"}, ValueError, "depends on no customer"),
    ],
)
def test_keys_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """A side, a kind, and names where it is for somebody only."""
    with pytest.raises(kind, match=says):
        RateKey(**({"side": CHARGE, "kind": "flight"} | fields))


KEY = RateKey(side=CHARGE, kind="flight")


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        (("flight", hourly("1"), JANUARY), TypeError, "needs a RateKey"),
        ((KEY, Money(1, "USD"), JANUARY), TypeError, "must be a Rate"),
        ((KEY, hourly("-1"), JANUARY), ValueError, "must not be negative"),
        ((KEY, hourly("1"), datetime(2026, 1, 1, tzinfo=UTC)), TypeError, "valid_from"),
    ],
)
def test_rates_are_checked(fields: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    """A key, an exact price from 0 and a day."""
    with pytest.raises(kind, match=says):
        CardRate(*fields)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        (("", "USD"), ValueError, "rate card id"),
        (("school", "usd"), ValueError, "code of a currency"),
        (("school", 840), ValueError, "code of a currency"),
        (("school", "USD", [*CARD.rates]), TypeError, "tuple of CardRate"),
        (("school", "USD", ("rate",)), TypeError, "tuple of CardRate"),
        (("school", "EUR", CARD.rates), ValueError, "is in USD, not EUR"),
        (("school", "USD", CARD.rates * 2), ValueError, "two versions of the rate for flight"),
    ],
)
def test_cards_are_checked(fields: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    """A name, a currency, and one version a day of each rate."""
    with pytest.raises(kind, match=says):
        RateCard(*fields)


def test_quantities_are_exact() -> None:
    """A float is no quantity."""
    with pytest.raises(TypeError, match="quantity must be an int, a Fraction or a Decimal"):
        rate(CHARGE, "flight", "200").times(1.5)  # type: ignore[arg-type]
