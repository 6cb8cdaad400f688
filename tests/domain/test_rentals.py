"""Rentals: who gets what equipment costs, by the policy that holds on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.catalog import PriceInPast
from ledgerkit.domain.ledger import BadAddress
from ledgerkit.domain.money import BadWeights, Money, Rate, sum_of
from ledgerkit.domain.rentals import (
    Bundled,
    BundleShare,
    Leased,
    NoRental,
    Owned,
    Rental,
    RentalTerms,
    RentedItem,
    ThirdParty,
    change_terms,
)
from tests.domain.flight_school import JANUARY, OCTOBER, PLANE, hourly, rental, usd

LEASED = Leased(rate=hourly("120"), cost=hourly("90"), owner="olga")
THIRD_PARTY = ThirdParty(rate=hourly("120"), fee=Fraction(1, 20), owner="olga")
SHARES = (
    BundleShare("equipment", Fraction(3), "owner"),
    BundleShare("instruction", Fraction(2), "supplier"),
    BundleShare("fuel", Fraction(1)),
)
BUNDLED = Bundled(rate=hourly("100"), shares=SHARES, includes=("flight",), owner="olga")


def told(items: tuple[RentedItem, ...]) -> list[tuple[str, int]]:
    """Return what each item comes to."""
    return [(item, rated.amount.minor) for item, rated in items]


# ---- examples --------------------------------------------------------------------------------
def test_owned() -> None:
    """120.00 is the platform's. (billing 9)"""
    rented = Owned(hourly("120")).rent(PLANE, 1)

    assert [(PLANE, 12_000)] == told(rented.charges)
    assert () == rented.owner == rented.supplier
    assert None is Owned(hourly("120")).owner


def test_leased() -> None:
    """Rented for 120.00 at a cost of 90.00: 30.00 are left. (billing 9)"""
    rented = LEASED.rent(PLANE, 1)

    assert ([(PLANE, 12_000)], [(PLANE, 9_000)]) == (told(rented.charges), told(rented.owner))


def test_third_party() -> None:
    """120.00 and 5 %: the customer is charged 126.00, of which 120.00 are passed on. (billing 9)"""
    rented = THIRD_PARTY.rent(PLANE, 1)

    assert [(PLANE, 12_000), (f"{PLANE} convenience fee", 600)] == told(rented.charges)
    assert [(PLANE, 12_000)] == told(rented.owner)


def test_a_convenience_fee_is_rounded_once() -> None:
    """A third of an hour at 1.00 is 0.33, and 5 % of the exact third 0.0166..: 0.02."""
    cheap = ThirdParty(rate=hourly("1"), fee=Fraction(1, 20), owner="olga")
    _, (_, fee) = cheap.rent(PLANE, Fraction(1, 3)).charges

    assert (Fraction(5, 3), 2) == (fee.unrounded, fee.amount.minor)
    assert ("rule", "third_party convenience fee") == fee.trace[0]
    assert ("factor", "1/20") in fee.trace


def test_bundled() -> None:
    """100.00 over 3:2:1 are 50.00, 33.33 and 16.67, largest remainder first. (billing 0.4)"""
    rented = BUNDLED.rent(PLANE, 1)

    assert [("equipment", 5_000), ("instruction", 3_333), ("fuel", 1_667)] == told(rented.charges)
    assert [("equipment", 5_000)] == told(rented.owner)
    assert [("instruction", 3_333)] == told(rented.supplier)


def test_a_share_tells_how_it_came_about() -> None:
    """The price, the factor, and the rule by which cents were shared out. (billing 0.9)"""
    ((_, share),) = BUNDLED.rent(PLANE, Fraction(1, 2)).supplier

    assert (
        ("rule", f"bundled share of {PLANE}"),
        ("unit_price", "10000"),
        ("quantity", "1/2"),
        ("price", "5000"),
        ("factor", "1/3"),
        ("unrounded", "5000/3"),
        ("rounding", "largest_remainder"),
        ("rounded", "1667"),
    ) == share.trace


def test_terms_on_a_day() -> None:
    """Leased until September, somebody else's from October on; no terms before."""
    changed = change_terms(
        rental(LEASED), RentalTerms(THIRD_PARTY, "flight", OCTOBER), on=date(2026, 9, 1)
    )

    assert LEASED == changed.rental.terms_on(date(2026, 9, 30)).policy
    assert THIRD_PARTY == changed.rental.terms_on(OCTOBER).policy
    assert (changed.old, changed.new) == changed.rental.versions
    assert (changed.rental,) == changed.effects.records
    with pytest.raises(NoRental, match="no rental terms for 'N123AB' on 2025-12-31; add some"):
        changed.rental.terms_on(date(2025, 12, 31))
    first = change_terms(Rental(PLANE), RentalTerms(LEASED, "flight", JANUARY), on=JANUARY)
    assert (None, rental(LEASED)) == (first.old, first.rental)


@pytest.mark.parametrize(
    ("since", "on", "earliest"),
    [
        (date(2026, 9, 30), OCTOBER, OCTOBER),
        (JANUARY, date(2025, 12, 1), JANUARY + timedelta(days=1)),
    ],
)
def test_terms_never_change_the_past(since: date, on: date, earliest: date) -> None:
    """They begin today at the earliest, and after the newest version."""
    with pytest.raises(PriceInPast) as refused:
        change_terms(rental(LEASED), RentalTerms(LEASED, "flight", since), on=on)

    assert earliest == refused.value.earliest


# ---- laws ------------------------------------------------------------------------------------
QUANTITIES = st.fractions(0, 100)
RATES = st.builds(Rate, st.fractions(0, 10**6), st.just("USD"))
WEIGHTS = st.lists(st.fractions(0, 50), min_size=1, max_size=6).filter(any)


@given(WEIGHTS, RATES, QUANTITIES)
def test_the_shares_of_a_bundle_are_its_price(
    weights: list[Fraction], price: Rate, quantity: Fraction
) -> None:
    """Whatever the weights: no cent is lost or made."""
    shares = tuple(BundleShare(f"part {n}", weight) for n, weight in enumerate(weights))
    rented = Bundled(rate=price, shares=shares).rent(PLANE, quantity)

    assert price.times(quantity) == sum_of((r.amount for _, r in rented.charges), "USD")
    assert all(abs(r.amount.minor - r.unrounded) < 1 for _, r in rented.charges)


@given(RATES, RATES, st.fractions(0, 1), QUANTITIES)
def test_what_is_passed_on_is_what_was_charged_for_it(
    price: Rate, cost: Rate, fee: Fraction, quantity: Fraction
) -> None:
    """A third party has the whole rent, a lessor the cost, whatever the customer is charged."""
    passed = ThirdParty(rate=price, fee=fee, owner="olga").rent(PLANE, quantity)
    leased = Leased(rate=price, cost=cost, owner="olga").rent(PLANE, quantity)

    assert passed.charges[0] == passed.owner[0] == (PLANE, passed.charges[0][1])
    assert price.times(quantity) == passed.owner[0][1].amount
    assert cost.times(quantity) == leased.owner[0][1].amount


# ---- hostile input ---------------------------------------------------------------------------
EUROS = Rate(Fraction(1), "EUR")


@pytest.mark.parametrize(
    ("build", "kind", "says"),
    [
        (lambda: Owned(usd("1")), TypeError, "the rent must be a Rate"),  # type: ignore[arg-type]
        (lambda: Owned(hourly("-1")), ValueError, "the rent must not be negative"),
        (lambda: Leased(rate=hourly("1"), cost=hourly("-1"), owner="o"), ValueError, "the cost"),
        (lambda: Leased(rate=hourly("1"), cost=EUROS, owner="o"), ValueError, "USD, EUR"),
        (lambda: Leased(rate=hourly("1"), cost=hourly("1"), owner="o:p"), BadAddress, "o:p"),
        (lambda: ThirdParty(rate=hourly("1"), fee=Fraction(-1), owner="o"), ValueError, "negative"),
        (
            lambda: ThirdParty(rate=hourly("1"), fee=0.05, owner="o"),  # type: ignore[arg-type]
            TypeError,
            "must be a Fraction of the rent",
        ),
        (lambda: ThirdParty(rate=hourly("1"), fee=Fraction(0), owner=""), BadAddress, "owner:"),
        (lambda: BundleShare("", Fraction(1)), ValueError, "share of a bundle"),
        (lambda: BundleShare("fuel", 1), TypeError, "weight of 'fuel'"),  # type: ignore[arg-type]
        (
            lambda: BundleShare("fuel", Fraction(1), "customer"),
            ValueError,
            "owner, supplier or platform",
        ),
    ],
)
def test_policies_are_checked(build: Any, kind: type[Exception], says: str) -> None:
    """Exact prices from 0 in one currency, and owners that have a wallet."""
    with pytest.raises(kind, match=says):
        build()


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"shares": [*SHARES]}, TypeError, "tuple of BundleShare"),
        ({"shares": ("fuel",)}, TypeError, "tuple of BundleShare"),
        ({"shares": (), "owner": None}, BadWeights, "there are none"),
        ({"shares": (BundleShare("a", Fraction(0)),), "owner": None}, BadWeights, "all are 0"),
        ({"shares": (*SHARES, SHARES[2])}, ValueError, "each share once"),
        ({"includes": "flight"}, TypeError, "tuple of kinds of work"),
        ({"includes": ("",)}, ValueError, "kind of work in a bundle"),
        ({"includes": ("ground", "flight")}, ValueError, "in order, each once"),
        ({"owner": None}, ValueError, "names its owner if a share goes there"),
        ({"shares": SHARES[1:]}, ValueError, "names its owner if a share goes there"),
        ({"owner": "o p"}, BadAddress, "o p"),
        ({"rate": Fraction(1)}, TypeError, "the price of a bundle"),
    ],
)
def test_bundles_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Shares that share something out, and an owner where one of them goes there."""
    given_: dict[str, Any] = {"rate": hourly("100"), "shares": SHARES, "owner": "olga"}
    with pytest.raises(kind, match=says):
        Bundled(**(given_ | fields))


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        (("leased", "flight", JANUARY), TypeError, "policy of rentals"),
        ((LEASED, "", JANUARY), ValueError, "kind of work that is counted"),
        ((LEASED, "flight", datetime(2026, 1, 1, tzinfo=UTC)), TypeError, "valid_from"),
    ],
)
def test_terms_are_checked(fields: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    """A policy, what it is counted by, and a day."""
    with pytest.raises(kind, match=says):
        RentalTerms(*fields)


def test_rentals_are_checked() -> None:
    """A name, and one version a day."""
    terms = RentalTerms(LEASED, "flight", JANUARY)
    with pytest.raises(ValueError, match="equipment"):
        Rental("")
    with pytest.raises(TypeError, match="tuple of RentalTerms"):
        Rental(PLANE, [terms])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tuple of RentalTerms"):
        Rental(PLANE, (LEASED,))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two versions of the terms of 'N123AB'"):
        Rental(PLANE, (terms, terms))


def test_money_is_not_made_by_renting_nothing() -> None:
    """No hours, no rent."""
    assert Money(0, "USD") == Owned(hourly("120")).rent(PLANE, 0).charges[0][1].amount
