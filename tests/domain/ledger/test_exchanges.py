"""Exchanges: two currencies in one journal, over the wallet that trades them."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import (
    Book,
    Entry,
    Exchanged,
    ExchangeTooSmall,
    Journal,
    Quote,
    Wallet,
    exchange,
    net_of,
    post_many,
)
from ledgerkit.domain.money import Money

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def quote(per: Fraction, currency: str = "CAD", spread: Fraction = Fraction(0)) -> Quote:
    """Return the rate *per* of a bank at noon."""
    return Quote(currency=currency, per=per, source="bank", at=NOON, spread=spread)


def sell(sold: Money, at: Quote, **wallets: str) -> Exchanged:
    """Sell *sold* from `giver` to `receiver` over `trading`."""
    return exchange(
        sold, at, **{"giver": "giver", "receiver": "receiver", "trading": "trading", **wallets}
    )


def journal(id: str, entries: tuple[Entry, ...], metadata: tuple[tuple[str, str], ...]) -> Journal:
    """Return the journal of an exchange."""
    return Journal(id=id, kind="exchanged", entries=entries, effective_at=NOON, metadata=metadata)


def test_selinger_tutorial() -> None:
    """120 CAD for 100 USD, 40 USD spent as 52 CAD, 60 USD back for 75 CAD: 7 CAD won. (HO-05)"""
    usd, cad = quote(Fraction(5, 6), "USD"), quote(Fraction(13, 10))
    bought = sell(Money(120, "CAD"), usd, giver="rates", receiver="cash")
    spent = sell(Money(40, "USD"), cad, giver="cash", receiver="food")
    back = sell(Money(60, "USD"), quote(Fraction(5, 4)), giver="cash", receiver="rates")
    book = Book(wallets=map(Wallet, ("rates", "cash", "food", "trading")))
    post_many(
        book,
        [journal(str(n), e.entries, e.metadata) for n, e in enumerate((bought, spent, back))],
        at=NOON,
    )

    assert {"USD": 0, "CAD": -7} == {c: book.balances["trading", c] for c in ("USD", "CAD")}
    assert 52 == book.balances["food", "CAD"]
    assert 0 == book.balances["cash", "USD"]


def test_rate_is_a_fraction_with_source_and_time() -> None:
    """What the rate was, who quoted it and when stands with the journal. (ledger 8)"""
    assert (
        ("rate", "6/5 CAD/USD in minor units"),
        ("rate_source", "bank"),
        ("rate_at", "2026-10-01T12:00:00+00:00"),
        ("spread", "1/100"),
    ) == sell(Money(100, "USD"), quote(Fraction(6, 5), spread=Fraction(1, 100))).metadata


def test_spread_is_its_own_leg() -> None:
    """Of 120.00 CAD the platform keeps one per cent as a leg of its own. (ledger 8)"""
    sale = sell(Money(10_000, "USD"), quote(Fraction(6, 5), spread=Fraction(1, 100)))

    assert (
        Entry("giver", Money(-10_000, "USD")),
        Entry("trading", Money(10_000, "USD")),
        Entry("trading", Money(-12_000, "CAD")),
        Entry("receiver", Money(11_880, "CAD")),
        Entry("platform", Money(120, "CAD")),
    ) == sale.entries


def test_spread_may_be_kept_by_another_wallet() -> None:
    """Who keeps the spread is the host's choice."""
    sale = sell(Money(100, "USD"), quote(Fraction(1), spread=Fraction(1, 2)), keeper="bank:fees")

    assert Money(50, "CAD") == sale.entries[-1].amount
    assert "bank:fees" == sale.entries[-1].wallet


@pytest.mark.parametrize(("minor", "bought"), [(1, 1), (2, 3), (3, 4), (101, 151)])
def test_rounding_favours_the_trading_wallet(minor: int, bought: int) -> None:
    """Three for two: what does not come out even stays where it was bought. (ledger 8)"""
    sale = sell(Money(minor, "USD"), quote(Fraction(3, 2)))

    assert bought == sale.entries[-1].amount.minor


@pytest.mark.parametrize(
    ("per", "spread"), [(Fraction(1, 1000), Fraction(0)), (Fraction(1), Fraction(99, 100))]
)
def test_too_small_to_buy_anything(per: Fraction, spread: Fraction) -> None:
    """Nobody gives money for nothing: neither for less than a cent nor for the spread alone."""
    with pytest.raises(ExchangeTooSmall) as refused:
        sell(Money(3, "USD"), quote(per, spread=spread))

    assert (Money(3, "USD"), "CAD") == (refused.value.sold, refused.value.currency)
    assert "0.03 USD buys less than 0.01 CAD; exchange more at once" == str(refused.value)


@pytest.mark.parametrize("sold", [Money(0, "USD"), Money(-5, "USD"), Money(5, "CAD")])
def test_what_is_sold_is_money_of_another_currency(sold: Money) -> None:
    """Nothing, less than nothing, and the currency itself cannot be sold."""
    with pytest.raises(ValueError, match="what is sold is above 0 and not CAD itself"):
        sell(sold, quote(Fraction(1)))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"per": 1.2}, TypeError),
        ({"per": 1}, TypeError),
        ({"spread": 0}, TypeError),
        ({"per": Fraction(0)}, ValueError),
        ({"per": Fraction(-1)}, ValueError),
        ({"spread": Fraction(1)}, ValueError),
        ({"spread": Fraction(-1, 100)}, ValueError),
        ({"at": datetime(2026, 10, 1)}, ValueError),  # noqa: DTZ001 - naive on purpose
    ],
)
def test_quotes_are_exact(fields: dict[str, Any], kind: type[Exception]) -> None:
    """A rate is a Fraction above zero; a float cannot say 6/5."""
    given_: dict[str, Any] = {"currency": "CAD", "per": Fraction(1), "source": "b", "at": NOON}

    with pytest.raises(kind):
        Quote(**{**given_, **fields})


@given(
    st.integers(1, 10**12),
    st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=10_000),
    st.fractions(min_value=0, max_value=Fraction(9, 10), max_denominator=1000),
)
def test_trading_never_loses_by_rounding(minor: int, per: Fraction, spread: Fraction) -> None:
    """Trading gives at most what the rate says and less than a unit below it; sums are zero."""
    assume(minor * per >= 100)
    sale = sell(Money(minor, "USD"), quote(per, spread=spread))
    net = net_of(sale.entries)

    assert 0 <= minor * per + net["trading", "CAD"] < 1
    assert minor == net["trading", "USD"]
    assert 0 == net["trading", "CAD"] + net["receiver", "CAD"] + net.get(("platform", "CAD"), 0)
    assert journal("j", sale.entries, sale.metadata).entries == sale.entries
