"""Catalog: effective-dated prices; a missing one is an error, never zero."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.catalog import (
    Catalog,
    CatalogKey,
    NoPrice,
    NoTier,
    PackageTier,
    Price,
    PriceInPast,
    change_price,
)
from ledgerkit.domain.changes import Changes, changes_of, expect, request
from ledgerkit.domain.money import Money

KEY = CatalogKey("maths", "secondary", 60)
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


def price(minor: int = 5_000, since: date = SEPTEMBER, **fields: Any) -> Price:
    """Return a price of *minor* cents, of which the supplier earns 30.00."""
    given_: dict[str, Any] = {
        "key": KEY,
        "charge": Money(minor, "EUR"),
        "pay": Money(3_000, "EUR"),
        "valid_from": since,
    }
    return Price(**{**given_, **fields})


# ---- examples --------------------------------------------------------------------------------
def test_price_on_a_day() -> None:
    """The newest version that has begun: 50.00 until September ends, 52.00 from then on."""
    catalog = Catalog("c", (price(5_200, OCTOBER), price()))

    assert 5_000 == catalog.price_on(KEY, "EUR", on=date(2026, 9, 30)).charge.minor
    assert 5_200 == catalog.price_on(KEY, "EUR", on=OCTOBER).charge.minor
    assert [5_000, 5_200] == [each.charge.minor for each in catalog.versions(KEY, "EUR")]


@pytest.mark.parametrize(
    ("key", "currency", "on"),
    [
        (KEY, "EUR", date(2026, 8, 31)),
        (KEY, "USD", OCTOBER),
        (CatalogKey("maths", "secondary", 90), "EUR", OCTOBER),
        (CatalogKey("maths", "primary", 60), "EUR", OCTOBER),
        (CatalogKey("music", "secondary", 60), "EUR", OCTOBER),
    ],
)
def test_no_price_is_an_error(key: CatalogKey, currency: str, on: date) -> None:
    """A hole in the catalog is named, never charged as zero. (billing C-10)"""
    with pytest.raises(NoPrice) as refused:
        Catalog("c", (price(),)).price_on(key, currency, on=on)

    assert (key, currency, on) == (refused.value.key, refused.value.currency, refused.value.on)
    assert f"no price for {key} in {currency} on {on}; add one to the catalog" == (
        str(refused.value)
    )


def test_a_key_is_read_by_people() -> None:
    """Line, level and duration. (seed 000)"""
    assert "maths / secondary / 60 min" == str(KEY)


def test_packages_on_offer() -> None:
    """Ten for 450.00 beside 50.00 each. (billing C-13)"""
    tiers = (PackageTier(5, Money(24_000, "EUR")), PackageTier(10, Money(45_000, "EUR")))

    assert tiers == price(tiers=tiers).tiers
    assert "EUR" == price(tiers=tiers).currency


def test_a_change_adds_a_version() -> None:
    """The old one stays and is told beside the new one. (seed 002)"""
    first = change_price(Catalog("c"), price(), on=SEPTEMBER)
    second = change_price(first.catalog, price(5_200, OCTOBER), on=SEPTEMBER)

    assert (None, price()) == (first.old, first.new)
    assert (price(), price(5_200, OCTOBER)) == (second.old, second.new)
    assert Catalog("c", (price(), price(5_200, OCTOBER))) == second.catalog


@pytest.mark.parametrize(
    ("since", "on", "earliest"),
    [
        (date(2026, 8, 31), SEPTEMBER, OCTOBER + timedelta(days=1)),
        (SEPTEMBER, SEPTEMBER, OCTOBER + timedelta(days=1)),
        (OCTOBER, SEPTEMBER, OCTOBER + timedelta(days=1)),
        (date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 2)),
    ],
)
def test_a_price_never_changes_the_past(since: date, on: date, earliest: date) -> None:
    """It begins today at the earliest, and after the newest version; the message says when."""
    catalog = Catalog("c", (price(), price(5_200, OCTOBER)))
    with pytest.raises(PriceInPast) as refused:
        change_price(catalog, price(6_000, since), on=on)
    changed = change_price(catalog, price(6_000, earliest), on=on)

    assert earliest == refused.value.earliest == changed.new.valid_from
    assert f"from {since} would reprice the past; the earliest day is {earliest}" in (
        str(refused.value)
    )


# ---- laws ------------------------------------------------------------------------------------
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 20))


@given(st.lists(DAYS, unique=True), DAYS, st.randoms(use_true_random=False))
def test_the_price_of_a_day_is_the_last_that_began(days: list[date], on: date, order: Any) -> None:
    """Whatever the order in which versions are listed."""
    prices = [price(since=day) for day in days]
    order.shuffle(prices)
    catalog = Catalog("c", tuple(prices))
    begun = [day for day in days if day <= on]
    if begun:
        assert max(begun) == catalog.price_on(KEY, "EUR", on=on).valid_from
    else:
        with pytest.raises(NoPrice):
            catalog.price_on(KEY, "EUR", on=on)


@given(st.lists(DAYS, unique=True))
def test_catalogs_are_values(days: list[date]) -> None:
    """A catalog equals its copy and its pickle, and looks up alike."""
    catalog = Catalog("c", tuple(price(since=day) for day in days))
    copy = pickle.loads(pickle.dumps(catalog))

    assert catalog == attrs.evolve(catalog) == copy
    assert catalog.versions(KEY, "EUR") == copy.versions(KEY, "EUR")
    assert 1 == len({catalog, copy})


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (("", "secondary", 60), ValueError),
        (("maths", None, 60), TypeError),
        (("maths", "secondary", 0), ValueError),
        (("maths", "secondary", -60), ValueError),
        (("maths", "secondary", True), ValueError),
        (("maths", "secondary", 60.0), ValueError),
    ],
)
def test_keys_are_checked(fields: tuple[Any, ...], kind: type[Exception]) -> None:
    """A session lasts whole minutes, and line and level have names."""
    with pytest.raises(kind):
        CatalogKey(*fields)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"charge": 5_000}, TypeError, "must be Money"),
        ({"pay": None}, TypeError, "must be Money"),
        ({"valid_from": "2026-10-01"}, TypeError, "valid_from must be a date"),
        ({"valid_from": datetime(2026, 10, 1, tzinfo=UTC)}, TypeError, "valid_from must be a date"),
        ({"charge": Money(-1, "EUR")}, ValueError, "must not be negative"),
        ({"pay": Money(-1, "EUR")}, ValueError, "must not be negative"),
        ({"pay": Money(1, "USD")}, ValueError, "mixes currencies: EUR, USD"),
        ({"tiers": [PackageTier(5, Money(1, "EUR"))]}, TypeError, "tuple of PackageTier"),
        ({"tiers": (PackageTier(5, Money(1, "USD")),)}, ValueError, "mixes currencies: EUR, USD"),
        ({"tiers": (PackageTier(5, Money(1, "EUR")),) * 2}, ValueError, "must grow in units"),
    ],
)
def test_prices_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Money of one currency, not negative, from a day on."""
    with pytest.raises(kind, match=says):
        price(**fields)


@pytest.mark.parametrize(
    ("units", "amount", "kind"),
    [
        (0, Money(1, "EUR"), ValueError),
        (5, Money(-1, "EUR"), ValueError),
        (5.0, Money(1, "EUR"), TypeError),
        (True, Money(1, "EUR"), TypeError),
        (5, 1, TypeError),
    ],
)
def test_tiers_are_checked(units: Any, amount: Any, kind: type[Exception]) -> None:
    """So many whole sessions for one price."""
    with pytest.raises(kind, match="a tier needs"):
        PackageTier(units, amount)


def test_catalogs_are_checked() -> None:
    """A tuple of prices, one a day for each key and currency."""
    with pytest.raises(TypeError, match="prices must be a tuple of Price"):
        Catalog("c", [price()])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="catalog id"):
        Catalog("")
    with pytest.raises(
        ValueError, match="two versions of the price for maths / secondary / 60 min in"
    ):
        Catalog("c", (price(), price(6_000)))


def test_the_price_of_a_package_on_offer() -> None:
    """10 sessions for 450.00 can be sold; a size that is not offered has no price."""
    offer = price(
        tiers=(PackageTier(5, Money(24_000, "EUR")), PackageTier(10, Money(45_000, "EUR")))
    )

    assert Money(45_000, "EUR") == offer.tier(10).price
    with pytest.raises(NoTier) as refused:
        offer.tier(7)
    assert NoTier(KEY, 7, (5, 10)).__str__() == str(refused.value)
    assert "on offer are 5, 10" in str(refused.value)
    assert "on offer are none" in str(NoTier(KEY, 7, ()))


def test_a_price_change_is_stored_with_who_and_why() -> None:
    """From 50.00 to 55.00: the catalog's history has both versions, actor and reason (seed 002)."""
    store = MemoryStore()
    at = datetime(2026, 9, 20, 12, tzinfo=UTC)
    before = Catalog("catalog", (price(),))
    changed = change_price(before, price(5_500, OCTOBER), on=at.date())
    first = Changes(
        key="k1", request=request("load"), actor="host", reason="first", at=at, records=(before,)
    )
    store.commit(first)
    read = store.load(Catalog, "catalog")
    assert read is not None
    store.commit(
        changes_of(
            changed,
            key="k2",
            request=request("price.change", key=str(KEY), on=OCTOBER),
            actor="olga",
            reason="costs",
            at=at,
            expects=(expect(read),),
        )
    )
    old, new = store.history(Catalog, "catalog")

    assert ("olga", "costs", at) == (new.actor, new.reason, new.at)
    assert (before, changed.catalog) == (old.record, new.record)


def test_a_price_is_for_a_key() -> None:
    """Text is no key."""
    with pytest.raises(TypeError, match="needs a CatalogKey"):
        price(key="maths")
