"""Price list: what an item costs on a day; a gap is an error, and a change adds a version."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.catalog import PriceInPast
from ledgerkit.domain.changes import Changes, changes_of, expect, request
from ledgerkit.domain.money import Money
from ledgerkit.domain.pricing import (
    Flat,
    ListPrice,
    NoListedPrice,
    PerUnit,
    PriceKey,
    PriceList,
    Tariff,
    Volume,
    change_price,
    rate,
)
from tests.domain.pricing.prices import DROPPING, per, usd

JANUARY, MARCH = date(2026, 1, 1), date(2026, 3, 1)
LARGE = PriceKey.of("cluster", {"use": "production", "size": "large"})


def price(dollars: str = "160", since: date = JANUARY, key: PriceKey = LARGE) -> ListPrice:
    """Return a price per unit."""
    return ListPrice(key, Tariff(model=PerUnit(per(dollars)), included=0), since)


PRICES = PriceList("cloud", "USD", (price("170", MARCH), price()))


# ---- examples --------------------------------------------------------------------------------
def test_price_on_a_day() -> None:
    """The version in effect, whatever the order of dimensions: 160.00, from March 170.00."""
    dimensions = {"size": "large", "use": "production"}
    before = PRICES.price_on("cluster", dimensions, on=date(2026, 2, 28))
    after = PRICES.price_on("cluster", dimensions, on=MARCH)

    assert [48_000, 51_000] == [rate(p.tariff, 3).amount.minor for p in (before, after)]
    assert (before, after) == PRICES.versions(LARGE)


@pytest.mark.parametrize(
    ("item", "dimensions", "on"),
    [
        ("cluster", {"size": "large", "use": "production"}, date(2025, 12, 31)),
        ("cluster", {"size": "large", "use": "development"}, MARCH),
        ("cluster", {"size": "large"}, MARCH),
        ("cluster", {"size": "large", "use": "production", "region": "eu"}, MARCH),
        ("cluster", {}, MARCH),
        ("disk", {}, MARCH),
    ],
)
def test_a_gap_is_an_error(item: str, dimensions: dict[str, str], on: date) -> None:
    """It names the key, and is never charged as zero. (billing C-10)"""
    key = PriceKey.of(item, dimensions)
    with pytest.raises(NoListedPrice) as refused:
        PRICES.price_on(item, dimensions, on=on)

    assert (key, "cloud", on) == (refused.value.key, refused.value.price_list, refused.value.on)
    assert f"no price for {key} on {on}; add one to the price list 'cloud'" == str(refused.value)


def test_a_key_is_read_by_people() -> None:
    """Item, then its dimensions by name, if there are any."""
    assert "cluster (size=large, use=production)" == str(LARGE)
    assert "platform fee" == str(PriceKey("platform fee"))


def test_a_change_adds_a_version() -> None:
    """The old one stays and is told beside the new one. (seed 002)"""
    first = change_price(PriceList("cloud", "USD"), price(), on=JANUARY)
    second = change_price(first.price_list, price("170", MARCH), on=JANUARY)

    assert (None, price()) == (first.old, first.new)
    assert (price(), price("170", MARCH)) == (second.old, second.new)
    assert PRICES.versions(LARGE) == second.price_list.versions(LARGE)


@pytest.mark.parametrize(
    ("since", "on", "earliest"),
    [
        (MARCH, JANUARY, date(2026, 3, 2)),
        (date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 2)),
    ],
)
def test_a_change_never_reprices_the_past(since: date, on: date, earliest: date) -> None:
    """It begins today at the earliest, and after the newest version."""
    with pytest.raises(PriceInPast) as refused:
        change_price(PRICES, price("180", since), on=on)

    assert (LARGE, earliest) == (refused.value.key, refused.value.earliest)
    assert f"a price for {LARGE} from {since} would reprice the past" in str(refused.value)
    assert earliest == change_price(PRICES, price("180", earliest), on=on).new.valid_from


def test_a_change_is_stored_with_who_and_why() -> None:
    """The history of the list has both versions, actor and reason. (seed 002)"""
    store, at = MemoryStore(), datetime(2026, 2, 1, 12, tzinfo=UTC)
    before = PriceList("cloud", "USD", (price(),))
    store.commit(
        Changes(
            key="k1",
            request=request("load"),
            actor="host",
            reason="first",
            at=at,
            records=(before,),
        )
    )
    read = store.load(PriceList, "cloud")
    assert read is not None
    changed = change_price(read.record, price("170", MARCH), on=at.date())
    store.commit(
        changes_of(
            changed,
            key="k2",
            request=request("price.change", key=str(LARGE), on=MARCH),
            actor="olga",
            reason="costs",
            at=at,
            expects=(expect(read),),
        )
    )
    old, new = store.history(PriceList, "cloud")

    assert ("olga", "costs") == (new.actor, new.reason)
    assert (before, changed.price_list) == (old.record, new.record)


def test_price_drops_of_a_list() -> None:
    """A person is told which price costs less for more."""
    odd = ListPrice(PriceKey("calls"), Tariff(model=Volume(DROPPING), included=0), JANUARY)
    found = PriceList("cloud", "USD", (price(), odd)).price_drops()

    assert [odd, odd] == [listed for listed, _ in found]
    assert [10, 15] == [drop.above for _, drop in found]


def test_lists_are_values() -> None:
    """A list equals its copy and its pickle, and looks up alike."""
    copy = pickle.loads(pickle.dumps(PRICES))

    assert PRICES == attrs.evolve(PRICES) == copy
    assert PRICES.versions(LARGE) == copy.versions(LARGE)
    assert 1 == len({PRICES, copy})


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        (("", ()), ValueError, "item must be"),
        ((None, ()), TypeError, "item must be text"),
        (("x", {"a": "b"}), TypeError, "dimensions must be a tuple"),
        (("x", (("a", 5),)), TypeError, "dimensions must be a tuple"),
        (("x", (("", "b"),)), ValueError, "dimension must be"),
        (("x", (("a", ""),)), ValueError, "the a of 'x' must be"),
        (("x", (("b", "1"), ("a", "1"))), ValueError, "must be sorted, each once"),
        (("x", (("a", "1"), ("a", "2"))), ValueError, "must be sorted, each once"),
    ],
)
def test_keys_are_checked(fields: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    """Names and values are text, each dimension once."""
    with pytest.raises(kind, match=says):
        PriceKey(*fields)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        (("", "USD", ()), ValueError, "price list id"),
        (("cloud", "usd", ()), ValueError, "currency must be"),
        (("cloud", None, ()), TypeError, "currency must be"),
        (("cloud", "USD", [price()]), TypeError, "must be a tuple of ListPrice"),
        (("cloud", "USD", (LARGE,)), TypeError, "must be a tuple of ListPrice"),
        (("cloud", "EUR", (price(),)), ValueError, "is in USD, not EUR"),
        (
            ("cloud", "USD", (price(), price("1"))),
            ValueError,
            r"two versions of the price for cluster \(size=large, use=production\) begin on 2026",
        ),
    ],
)
def test_lists_are_checked(fields: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    """Prices of one currency, one a day for each key."""
    with pytest.raises(kind, match=says):
        PriceList(*fields)


@pytest.mark.parametrize(
    ("key", "tariff", "since"),
    [
        ("cluster", Tariff(model=Flat(Money(1, "USD")), included=None), JANUARY),
        (LARGE, PerUnit(per("1")), JANUARY),
        (LARGE, Tariff(model=Flat(usd("1")), included=None), "2026-01-01"),
        (LARGE, Tariff(model=Flat(usd("1")), included=None), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_prices_are_checked(key: Any, tariff: Any, since: Any) -> None:
    """A key, a tariff and a day."""
    with pytest.raises(TypeError, match=r"a price needs a PriceKey and a Tariff|valid_from"):
        ListPrice(key, tariff, since)
