"""A cloud platform's price list, from its file: the three customers of seed 001."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from ledgerkit.adapters.price_file import read_prices
from ledgerkit.domain.invoices import rated_line
from ledgerkit.domain.money import ISO, Money, sum_of
from ledgerkit.domain.pricing import NoListedPrice, rate

ROOT = Path(__file__).parents[2]
PRICES = read_prices(ROOT / "examples" / "data" / "cloud" / "prices.toml")
ON = date(2026, 1, 31)
Used = tuple[str, Mapping[str, str], int]


def licenses(level: str, count: int) -> Used:
    """Return so many licenses."""
    return "License", {"level": level}, count


def cluster(size: str, use: str, count: int) -> Used:
    """Return so many clusters."""
    return "Cluster", {"size": size, "use": use}, count


BASIC: tuple[Used, ...] = (licenses("basic", 2), cluster("small", "development", 1))
PROFESSIONAL: tuple[Used, ...] = (
    licenses("professional", 5),
    cluster("medium", "production", 2),
    ("Additional user", {}, 3),
    ("Storage overage, GB", {}, 5),
)
ENTERPRISE: tuple[Used, ...] = (
    licenses("enterprise", 10),
    cluster("large", "production", 3),
    cluster("large", "analytics", 2),
    ("Additional user", {}, 10),
)


def amounts(used: tuple[Used, ...]) -> list[Money]:
    """Return what the platform fee and each of *used* come to."""
    items: tuple[Used, ...] = (("Platform fee", {}, 1), *used)
    prices = ((PRICES.price_on(item, dims, on=ON), count) for item, dims, count in items)
    return [rate(price.tariff, count).amount for price, count in prices]


@pytest.mark.parametrize(
    ("used", "lines", "total"),
    [
        (BASIC, ["10.00", "10.00", "20.00"], "40.00"),
        (PROFESSIONAL, ["10.00", "75.00", "160.00", "9.00", "0.50"], "254.50"),
        (ENTERPRISE, ["10.00", "250.00", "480.00", "240.00", "30.00"], "1010.00"),
    ],
    ids=["basic", "professional", "enterprise"],
)
def test_customers_of_the_seed(used: tuple[Used, ...], lines: list[str], total: str) -> None:
    """40.00, 254.50 and 1,010.00, line by line. (seed 001)"""
    found = amounts(used)

    assert lines == [ISO.plain(amount) for amount in found]
    assert total == ISO.plain(sum_of(found, "USD"))


@pytest.mark.parametrize(
    ("size", "use"),
    [("medium", "development"), ("medium", "analytics"), ("large", "development")],
)
def test_gaps_of_the_seed(size: str, use: str) -> None:
    """What the seed has no price for is an error, not 0. (billing C-10)"""
    with pytest.raises(NoListedPrice, match=rf"no price for Cluster \(size={size}, use={use}\)"):
        amounts((cluster(size, use, 1),))


def test_no_price_of_the_seed_drops() -> None:
    """Nobody pays less for more."""
    assert () == PRICES.price_drops()


def test_a_line_of_an_invoice() -> None:
    """Two clusters at 80.00: quantity, unit price and reasons arrive on the line."""
    key = {"size": "medium", "use": "production"}
    rated = rate(PRICES.price_on("Cluster", key, on=ON).tariff, 2)
    line = rated_line("usage-1", rated, item="Cluster", on=ON, kind="usage")

    assert 2 == line.quantity
    assert 8000 == line.unit_price
    assert 16_000 == line.amount.minor
    assert line.exact == rated.unrounded
    assert rated.trace == line.trace
