"""Credit limits: the seed's bands, the floor that enforces them, who is near, what is charged."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.credit_limits import (
    Bands,
    Conduct,
    CreditLimit,
    EscalationPolicy,
    Floors,
    NearLimit,
    auto_charge,
    check,
    escalation,
    limit_id,
    near_limit,
    set_limit,
)
from ledgerkit.domain.credit_limits.limits import LEVELS
from ledgerkit.domain.ledger import Balance, Limit, Wallet
from ledgerkit.domain.money import Money


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


LIMIT = set_limit("ana", usd(50_000)).limit
PREPAID = set_limit("ana", usd(0)).limit


# ---- bands -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("proposed", "band", "allowed"),
    [
        (39_999, "ok", True),
        (40_000, "warning", True),
        (47_499, "warning", True),
        (47_500, "urgent", True),
        (50_000, "urgent", True),
        (50_001, "exceeded", False),
    ],
)
def test_bands(proposed: int, band: str, allowed: bool) -> None:
    """Balance 0, limit 500.00. (spec: billing 9)"""
    found = check(LIMIT, Balance(), usd(proposed))

    assert (band, allowed, usd(proposed)) == (found.band, found.allowed, found.exposure)


@pytest.mark.parametrize(("proposed", "allowed"), [(5_000, True), (5_001, False)])
def test_prepaid(proposed: int, allowed: bool) -> None:
    """Limit 0 with 50.00 prepaid: 50.00 is no exposure, 50.01 is blocked. (spec: billing 9)"""
    found = check(PREPAID, Balance(5_000), usd(proposed))

    assert (allowed, usd(max(0, proposed - 5_000))) == (found.allowed, found.exposure)
    assert ("ok" if allowed else "exceeded") == found.band


def test_holds_count() -> None:
    """100.00 held of 150.00 prepaid: 60.00 more is an exposure of 10.00. (spec: billing 9)"""
    found = check(LIMIT, Balance(15_000, 10_000), usd(6_000))

    assert (usd(1_000), usd(55_000)) == (found.exposure, found.available)


def test_a_check_explains_itself() -> None:
    """In one sentence with the figures; why it is blocked, only if it is."""
    blocked = check(LIMIT, Balance(-30_000), usd(25_000))

    assert (
        "250.00 USD more takes ana to an exposure of 550.00 USD of a limit of "
        "500.00 USD (exceeded), so it is blocked; 200.00 USD is available"
    ) == blocked.sentence
    assert blocked.sentence == blocked.blocked_reason
    assert None is check(LIMIT, Balance(), usd(0)).blocked_reason
    assert check(LIMIT, Balance(), usd(1)).sentence.endswith(
        "(ok), so it is allowed; 500.00 USD is available"
    )


def test_without_a_limit_nothing_is_bounded() -> None:
    """The wallet has no floor then, so a check allows what the store lets pass."""
    found = check(None, Balance(-(10**9)), usd(5), customer="ana")

    assert (True, "ok", None, None) == (found.allowed, found.band, found.limit, found.available)
    assert found.sentence == (
        "0.05 USD more takes ana to an exposure of 10000000.05 USD; no limit is set, "
        "so it is allowed"
    )
    assert "the customer" == check(None, Balance(), usd(5)).customer


@pytest.mark.parametrize(
    "wrong",
    [
        {"proposed": usd(-1)},
        {"proposed": 5},
        {"proposed": Money(5, "EUR")},
        {"proposed": usd(1), "customer": "bo"},
    ],
    ids=str,
)
def test_what_nobody_could_ask(wrong: dict[str, Any]) -> None:
    """Less than nothing, other currencies and other people's limits are no questions."""
    with pytest.raises(ValueError, match=r"proposed is Money from zero|it says nothing of"):
        check(LIMIT, Balance(), **wrong)


def test_bands_are_a_policy() -> None:
    """From 50 and 60 percent on, say; between them every exposure is a warning."""
    bands = Bands(50, 60)

    assert ["ok", "warning", "urgent"] == [bands.of(usd(m), usd(1_000)) for m in (499, 500, 600)]


@pytest.mark.parametrize("wrong", [(0, 95), (96, 95), (80, 101), (0.8, 95), (True, 95)])
def test_bands_that_cannot_be(wrong: Any) -> None:
    """Whole percents, in order."""
    with pytest.raises((TypeError, ValueError), match="bands begin at"):
        Bands(*wrong)


# ---- setting one -----------------------------------------------------------------------------
def test_the_limit_is_the_floor() -> None:
    """Stored with the record: opened if it is not, and set if it is. (spec: ledger 2)"""
    done = set_limit("ana", usd(50_000), charge_at="warning")
    wallet = Wallet("customer:ana", (Limit("USD", floor=-50_000),))

    assert (
        Effects(opens=(wallet,), policies=(wallet,), records=(done.limit, done.floors))
        == done.effects
    )
    assert (limit_id("ana", "USD"), "customer:ana", "USD") == (
        done.limit.id,
        done.limit.wallet,
        done.limit.currency,
    )


def test_the_rest_of_the_policy_stays() -> None:
    """Ceiling, permission, status and other currencies are not a credit limit's business."""
    dollars = Limit("USD", floor=0, ceiling=10, raised_by="billing.write")
    known = Wallet("customer:ana", (dollars, Limit("EUR", floor=-5)), status="frozen")
    known = attrs.evolve(known, limits=(*known.limits, Limit("JPY", ceiling=9)))
    done = set_limit("ana", usd(7), wallet=known)

    assert attrs.evolve(dollars, floor=-7) == done.wallet.limit("USD")
    assert (Limit("EUR", floor=-5), "frozen") == (done.wallet.limit("EUR"), done.wallet.status)
    assert Floors("customer:ana", "ana", ("EUR", "USD")) == done.floors


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "customer:bo"},
        {"customer": ""},
        {"currencies": ["EUR"]},
        {"currencies": ("USD", "EUR")},
        {"currencies": ("EUR", "EUR")},
    ],
    ids=str,
)
def test_floors_that_cannot_be(wrong: dict[str, Any]) -> None:
    """They are of the customer's own wallet, each currency once."""
    with pytest.raises(ValueError, match=r"floors of|currencies are|customer"):
        attrs.evolve(Floors("customer:ana", "ana", ("EUR",)), **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": usd(-1)},
        {"amount": 5},
        {"charge_at": "ok"},
        {"charge_at": "often"},
        {"charge_target": usd(1)},
        {"charge_at": "urgent", "charge_target": usd(-1)},
        {"charge_at": "urgent", "charge_target": 1},
        {"charge_at": "urgent", "charge_target": usd(50_001)},
        {"customer": ""},
        {"id": ""},
    ],
    ids=str,
)
def test_limits_that_cannot_be(wrong: dict[str, Any]) -> None:
    """An amount from zero on, a band that can be reached, and a target within the limit."""
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(LIMIT, **wrong)


def test_somebody_elses_wallet() -> None:
    """A limit is the floor of its customer's wallet only."""
    with pytest.raises(ValueError, match="is the floor of 'customer:ana'"):
        set_limit("ana", usd(1), wallet=Wallet("customer:bo"))


@given(st.integers(-2_000, 2_000), st.integers(0, 1_000), st.integers(0, 3_000), st.integers(0, 99))
def test_band_is_monotonic(balance: int, limit: int, proposed: int, more: int) -> None:
    """More is never better, and exceeded is what is not allowed. (spec: billing 13.11)"""
    credit = set_limit("ana", usd(limit)).limit
    low = check(credit, Balance(balance), usd(proposed))
    high = check(credit, Balance(balance), usd(proposed + more))

    assert LEVELS.index(low.band) <= LEVELS.index(high.band)
    assert (low.band == "exceeded") == (not low.allowed)
    assert low.available is not None
    assert low.allowed == (low.proposed <= low.available)


# ---- who is near -----------------------------------------------------------------------------
def test_who_is_near_or_over() -> None:
    """The worst band first; whoever is fine, or has no wallet yet, is not named. (seed 002)"""
    owed = {"a": -50_001, "b": -47_500, "c": -40_000, "d": -39_999, "e": -60_000}
    limits = [set_limit(name, usd(50_000)).limit for name in (*owed, "f")]
    balances = {(f"customer:{name}", "USD"): Balance(minor) for name, minor in owed.items()}
    found = near_limit(reversed(limits), balances)

    assert [("a", "exceeded"), ("e", "exceeded"), ("b", "urgent"), ("c", "warning")] == [
        (each.customer, each.band) for each in found
    ]
    assert (
        NearLimit(customer="a", band="exceeded", exposure=usd(50_001), limit=usd(50_000))
        == found[0]
    )


def test_a_lowered_limit_is_exceeded_by_what_is_owed() -> None:
    """It may be set, and blocks what is new; a payment brings it back. (spec: billing 9)"""
    lowered = set_limit("ana", usd(10_000)).limit

    assert not check(lowered, Balance(-30_000), usd(0)).allowed
    assert usd(-20_000) == check(lowered, Balance(-30_000), usd(1)).available
    assert check(lowered, Balance(-10_000), usd(0)).allowed


# ---- automatic charges -----------------------------------------------------------------------
def charging(band: str, target: int | None = None) -> CreditLimit:
    """Return a limit of 500.00 with an automatic charge."""
    return set_limit(
        "ana",
        usd(50_000),
        charge_at=band,
        charge_target=None if target is None else usd(target),
    ).limit


@pytest.mark.parametrize(
    ("band", "owed", "target", "expected"),
    [
        ("warning", 39_999, None, None),
        ("warning", 40_000, None, 40_000),
        ("urgent", 47_499, None, None),
        ("urgent", 47_500, 10_000, 37_500),
        ("exceeded", 50_000, None, None),
        ("exceeded", 50_001, 50_000, 1),
        ("warning", 60_000, None, 60_000),
        ("warning", 40_000, 40_000, None),
    ],
)
def test_what_is_charged(band: str, owed: int, target: int | None, expected: int | None) -> None:
    """From the band on: the exposure less the target, which is 0 by default. (spec: billing 9)"""
    found = auto_charge(charging(band, target), Balance(-owed), position=3)

    assert expected == (None if found is None else found.amount.minor)


def test_the_key_is_the_place_in_the_statement() -> None:
    """Nothing posted since: the same key, so nothing is ordered twice."""
    first = auto_charge(charging("warning"), Balance(-40_000), position=7)
    again = auto_charge(charging("warning"), Balance(-40_000), position=7)
    later = auto_charge(charging("warning"), Balance(-45_000), position=8)

    assert first is not None
    assert later is not None
    assert first == again
    assert ("auto_charge/customer:ana/USD/7", "warning", usd(40_000)) == (
        first.key,
        first.band,
        first.exposure,
    )
    assert first.key != later.key


def test_what_is_under_way_is_not_asked_for_again() -> None:
    """400.00 are ordered, 50.00 more were booked: 50.00 are asked for, not 450.00."""
    limit = charging("warning")
    found = auto_charge(limit, Balance(-45_000), position=8, under_way=usd(40_000))

    assert found is not None
    assert usd(5_000) == found.amount
    assert None is auto_charge(limit, Balance(-45_000), position=8, under_way=usd(45_000))


def test_nobody_is_charged_unasked() -> None:
    """Without a band there is no automatic charge."""
    assert None is auto_charge(LIMIT, Balance(-60_000), position=1)


@pytest.mark.parametrize("wrong", [-1, 1.5, True])
def test_a_place_is_a_number(wrong: Any) -> None:
    """From zero on."""
    with pytest.raises(ValueError, match="a place in a statement"):
        auto_charge(LIMIT, Balance(), position=wrong)


# ---- escalation ------------------------------------------------------------------------------
ON = date(2026, 6, 1)
POLICY = EscalationPolicy(
    age_days=90, on_time=3, failures=0, factor=Fraction(3, 2), most=usd(70_000)
)
GOOD = Conduct(since=date(2026, 3, 3), on_time=3, failures=0)


@pytest.mark.parametrize(
    ("limit", "expected"), [(20_001, 30_001), (40_000, 60_000), (50_000, 70_000)]
)
def test_who_paid_well_gets_more(limit: int, expected: int) -> None:
    """One half more, rounded down, up to the highest."""
    found = escalation(set_limit("ana", usd(limit)).limit, POLICY, GOOD, on=ON)

    assert (True, (), usd(limit), usd(expected)) == (
        found.eligible,
        found.unmet,
        found.limit,
        found.raised_to,
    )


@pytest.mark.parametrize(
    ("limit", "conduct", "unmet"),
    [
        (
            50_000,
            attrs.evolve(GOOD, since=date(2026, 3, 4)),
            "a customer for 89 days, and 90 are needed",
        ),
        (50_000, attrs.evolve(GOOD, on_time=2), "2 payments in time, and 3 are needed"),
        (50_000, attrs.evolve(GOOD, failures=1), "1 payments failed, and 0 are allowed"),
        (70_000, GOOD, "the limit is 700.00 USD, and 700.00 USD is the highest"),
        (0, GOOD, "the limit is 0.00 USD, and 700.00 USD is the highest"),
    ],
    ids=["age", "on time", "failures", "highest", "prepaid"],
)
def test_every_criterion_is_named(limit: int, conduct: Conduct, unmet: str) -> None:
    """Who does not qualify is told why, and nothing is raised."""
    found = escalation(set_limit("ana", usd(limit)).limit, POLICY, conduct, on=ON)

    assert (False, (unmet,), None) == (found.eligible, found.unmet, found.raised_to)


def test_a_policy_has_no_defaults() -> None:
    """Each criterion is a host's risk, so each is stated. (spec: billing 9)"""
    assert all(field.default is attrs.NOTHING for field in attrs.fields(EscalationPolicy))


@pytest.mark.parametrize(
    "wrong",
    [
        {"age_days": -1},
        {"on_time": 1.5},
        {"failures": True},
        {"factor": Fraction(1)},
        {"factor": 2},
        {"most": 7},
    ],
    ids=str,
)
def test_policies_that_cannot_be(wrong: dict[str, Any]) -> None:
    """Whole numbers, and a factor that raises."""
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(POLICY, **wrong)


@pytest.mark.parametrize(
    "wrong", [{"since": "2026-01-01"}, {"on_time": -1}, {"failures": True}], ids=str
)
def test_conduct_that_cannot_be(wrong: dict[str, Any]) -> None:
    """A date and two counts."""
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(GOOD, **wrong)
