"""Wallets: addresses, limits and balances."""

from __future__ import annotations

import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import BadAddress, Balance, Limit, Wallet, address, wallets_of
from ledgerkit.domain.ledger.wallets import INT64
from ledgerkit.testing import strategies as of
from ledgerkit.testing.samples import transfer


# ---- addresses -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "id",
    [
        "customer:s-104",
        "supplier:i-7",
        "owner:n512ds",
        "platform",
        "liability:tax:es-vat",
        "liability:packages",
        "gateway:stripe",
        "cash:bank",
        "trading:eur-usd",
        "writeoff",
        "customer:eve@example.org",
        "A" * 200,
    ],
)
def test_addresses(id: str) -> None:
    """Hierarchical, readable, queryable by prefix. (ledger 1)"""
    assert id == Wallet(id).id


@pytest.mark.parametrize(
    "id",
    [
        "",
        " ",
        ":",
        "a:",
        ":a",
        "a::b",
        "-a",
        "a b",
        "a\n",
        "a/b",
        "a;b",
        "a'b",
        "caf\u00e9",
        "\u0430dmin",
        "\uff41",
        "a\u202eb",
        "\u0661",
        "A" * 201,
    ],
)
def test_bad_addresses(id: str) -> None:
    """No look-alikes, separators, quotes or blanks: an address is typed and queried."""
    with pytest.raises(BadAddress) as refused:
        Wallet(id)

    assert id == refused.value.address
    assert f"{id!r} is no wallet address; use segments of letters" in str(refused.value)


def test_address_joins_segments() -> None:
    """A segment cannot bring a colon of its own, which would name another wallet."""
    assert "customer:c-1" == address("customer", "c-1")
    with pytest.raises(BadAddress, match="'customer:c:1' is no wallet address"):
        address("customer", "c:1")
    with pytest.raises(BadAddress):
        address("customer", "")


# ---- policies --------------------------------------------------------------------------------
def test_limit_of_a_currency() -> None:
    """The limit in a currency is the one set for it, or none."""
    wallet = Wallet("c", (Limit("EUR", floor=-50_000), Limit("USD", 0, ceiling=9)))

    assert -50_000 == wallet.limit("EUR").floor
    assert (0, 9) == (wallet.limit("USD").floor, wallet.limit("USD").ceiling)
    assert Limit("JPY") == wallet.limit("JPY")


@pytest.mark.parametrize(
    ("wallet", "expected"),
    [
        (Wallet("a"), True),
        (Wallet("a", (Limit("EUR"),)), False),
        (Wallet("a", currencies=frozenset({"EUR"})), False),
        (Wallet("a", status="frozen"), False),
        (Wallet("a", status="closed"), False),
    ],
)
def test_unrestricted(wallet: Wallet, expected: bool) -> None:
    """Only an open wallet without limits and currencies takes any entry unseen. (ledger 3)"""
    assert expected == wallet.unrestricted
    assert expected == pickle.loads(pickle.dumps(wallet)).unrestricted
    assert attrs.evolve(wallet, limits=(), currencies=None, status="open").unrestricted


def test_the_wallets_of_entries() -> None:
    """Each once, in the order of the entries, and without any policy."""
    entries = transfer("jrn_1", "b", "a", 1).entries + transfer("jrn_2", "c", "b", 1).entries

    assert (Wallet("b"), Wallet("a"), Wallet("c")) == wallets_of(entries)


@given(of.wallets())
def test_wallets_are_values(wallet: Wallet) -> None:
    """A wallet equals its copy and its pickle."""
    assert wallet == attrs.evolve(wallet) == pickle.loads(pickle.dumps(wallet))


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": None}, TypeError, "address must be text"),
        ({"id": 5}, TypeError, "address must be text"),
        ({"limits": [Limit("EUR")]}, TypeError, "tuple of Limit"),
        ({"limits": ("EUR",)}, TypeError, "tuple of Limit"),
        ({"limits": (Limit("EUR"), Limit("EUR", 0))}, ValueError, "two limits in one currency"),
        ({"currencies": {"EUR"}}, TypeError, "frozenset of codes"),
        ({"currencies": "EUR"}, TypeError, "frozenset of codes"),
        ({"currencies": frozenset({"eur"})}, ValueError, "no code of a currency"),
        ({"currencies": frozenset({978})}, ValueError, "no code of a currency"),
        ({"status": "shut"}, ValueError, "open, frozen or closed"),
        ({"status": None}, ValueError, "open, frozen or closed"),
    ],
)
def test_wallets_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """What a policy cannot mean is refused with what was got and what is needed."""
    given: dict[str, Any] = {"id": "a", **fields}
    with pytest.raises(kind, match=says):
        Wallet(**given)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"currency": "eur"}, ValueError, "code of a currency"),
        ({"currency": None}, ValueError, "code of a currency"),
        ({"floor": 0.5}, TypeError, "whole minor units or None"),
        ({"floor": True}, TypeError, "whole minor units or None"),
        ({"ceiling": "9"}, TypeError, "whole minor units or None"),
        ({"floor": -INT64 - 1}, ValueError, "within 9223372036854775807 minor units"),
        ({"ceiling": INT64 + 1}, ValueError, "within 9223372036854775807 minor units"),
        ({"floor": 1, "ceiling": 0}, ValueError, "floor 1 is above ceiling 0"),
        ({"raised_by": ""}, ValueError, "raised_by must be"),
    ],
)
def test_limits_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """A limit is a whole number that a store can hold, in a currency."""
    given: dict[str, Any] = {"currency": "EUR", **fields}
    with pytest.raises(kind, match=says):
        Limit(**given)


def test_widest_limits() -> None:
    """A floor and a ceiling may be as wide as 64 bits, and equal."""
    assert -INT64 == Limit("EUR", -INT64, ceiling=INT64).floor
    assert 7 == Limit("EUR", 7, ceiling=7).ceiling


# ---- balances --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("posted", "held_out", "available"), [(5_000, 5_000, 0), (1_000, 600, 400), (500, 300, 200)]
)
def test_available_is_posted_less_held_out(posted: int, held_out: int, available: int) -> None:
    """What is held for others is not available. (ledger 2; cases BL-01, BL-02, BL-03)"""
    assert available == Balance(posted, held_out).available


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ((True,), TypeError),
        ((1.0,), TypeError),
        ((0, None), TypeError),
        ((0, 0, "1"), TypeError),
        ((0, -1), ValueError),
        ((0, 0, -1), ValueError),
    ],
)
def test_balances_are_checked(numbers: tuple[Any, ...], kind: type[Exception]) -> None:
    """Whole numbers, and nothing held is the least."""
    with pytest.raises(kind):
        Balance(*numbers)


@given(st.integers(), st.integers(0), st.integers(0))
def test_incoming_holds_are_no_money(posted: int, held_out: int, held_in: int) -> None:
    """What may still come is never available. (ledger 2)"""
    assert Balance(posted, held_out).available == Balance(posted, held_out, held_in).available
