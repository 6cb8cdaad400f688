"""Grants as records: valid from birth, and counted by their history."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import pytest

from ledgerkit.domain.grants import (
    DEPLETED,
    EXPIRED,
    REVOKED,
    Draw,
    Forfeit,
    Return,
    expire,
    give_back,
)
from ledgerkit.domain.ledger import BadAddress
from ledgerkit.domain.money import CurrencyMismatch, Money
from tests.domain.grants.credit import AT, DAY, ENDS, bought, eur, given, pack, tokens, use


def drawn(minor: int = 4_000, journal: str = "jrn_1", **more: Any) -> Draw:
    """Return a draw of a line."""
    fields: dict[str, Any] = {"amount": eur(minor), "value": eur(minor), "source": "l1", "on": DAY}
    return Draw(journal=journal, **(fields | more))


def back(minor: int = 4_000, draw: str = "jrn_1", **more: Any) -> Return:
    """Return a return of it."""
    fields: dict[str, Any] = {"amount": eur(minor), "value": eur(minor), "journal": "jrn_2"}
    return Return(draw=draw, **(fields | more))


def lost(minor: int = 10_000, **more: Any) -> Forfeit:
    """Return what expired."""
    fields: dict[str, Any] = {"amount": eur(minor), "value": eur(minor), "on": ENDS}
    return Forfeit(journal="jrn_3", **(fields | more))


def test_money_is_iso_and_units_are_not() -> None:
    """Euros are money; tokens are a unit of the host's."""
    assert (False, True) == (bought().in_units, pack().in_units)
    assert (False, True) == (bought().promotional, given().promotional)
    assert (eur(10_000), eur(0), eur(5_000)) == (bought().paid, given().paid, pack().paid)


def test_wallet_is_below_the_liability() -> None:
    """All credit owed is below one prefix."""
    assert "liability:credit:g1" == bought().wallet


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": eur(0), "price": None}, "grant 'g1' must be above 0"),
        ({"amount": eur(-1), "price": None}, "grant 'g1' must be above 0"),
        ({"price": eur(0)}, "the price of grant 'g1' must be above 0"),
        ({"price": eur(9_000)}, "is money, bought at par and not for 90.00 EUR"),
        ({"price": Money(10_000, "USD")}, "is money, bought at par"),
        ({"amount": tokens(5), "price": tokens(5)}, "is paid for in money"),
        ({"expires_on": date(2026, 9, 1)}, "expires on 2026-09-01, not after it is granted"),
        ({"id": ""}, "grant id"),
        ({"customer": " ana"}, "grant customer"),
        ({"status": "lost"}, "is 'lost' with 100.00 EUR left"),
        ({"status": DEPLETED}, "is 'depleted' with 100.00 EUR left"),
        ({"status": EXPIRED}, "is 'expired' with 100.00 EUR left"),
        ({"draws": (drawn(10_000),)}, "is 'active' with 0.00 EUR left after 1 draws"),
        ({"draws": (drawn(10_000),), "status": REVOKED}, "is 'revoked' with 0.00 EUR left"),
        ({"draws": (drawn(10_001),)}, "used more than its price"),
        ({"draws": (drawn(10_001, value=eur(0)),)}, "is 'active' with -0.01 EUR left"),
        ({"draws": (drawn(1), drawn(1))}, "has a draw twice"),
        ({"returns": (back(),)}, "got back more of 'jrn_1' than was drawn"),
        ({"draws": (drawn(),), "returns": (back(4_001),)}, "got back more of 'jrn_1'"),
        ({"draws": (drawn(),), "returns": (back(3_000), back(3_000))}, "got back more of 'jrn_1'"),
        ({"forfeits": (lost(),), "status": EXPIRED}, "0 draws and 1 of 0 expiries"),
        ({"forfeits": (lost(1),), "expiries": 1, "status": EXPIRED}, "is 'expired' with 99.99 EUR"),
        (
            {"forfeits": (lost(),), "expiries": 1, "status": EXPIRED, "expires_on": None},
            "is 'expired' with 0.00 EUR left",
        ),
    ],
)
def test_grant_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """A grant that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(bought(), **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": 100.0}, "grant 'g1' must be Money"),
        ({"price": 100}, "the price of grant 'g1' must be Money"),
        ({"priority": True}, "priority of grant 'g1' must be a whole number"),
        ({"expiries": "1"}, "expiries of grant"),
        ({"covers": ["usage"]}, "covers of grant 'g1' must be a tuple of str"),
        ({"covers": (1,)}, "covers of grant 'g1' must be a tuple of str"),
        ({"draws": []}, "draws of grant 'g1' must be a tuple of Draw"),
        ({"returns": (drawn(),)}, "returns of grant 'g1' must be a tuple of Return"),
        ({"forfeits": [lost()]}, "forfeits of grant 'g1' must be a tuple of Forfeit"),
        ({"granted_on": AT}, "granted_on must be a date"),
        ({"expires_on": AT}, "expires_on must be a date"),
        ({"id": 1}, "grant id must be text"),
    ],
)
def test_grant_takes_no_other_types(fields: dict[str, Any], message: str) -> None:
    """Floats, bools, lists and datetimes are refused by type."""
    with pytest.raises(TypeError, match=message):
        attrs.evolve(bought(), **fields)


@pytest.mark.parametrize("fields", [{"id": "a:b"}, {"id": "a b"}, {"customer": "a:b"}])
def test_ids_are_part_of_addresses(fields: dict[str, Any]) -> None:
    """What cannot stand in the address of a wallet is no id of a grant."""
    with pytest.raises(BadAddress):
        attrs.evolve(bought(), **fields)


def test_history_is_in_the_currency_of_the_grant() -> None:
    """Dollars cannot be drawn from euros, nor their price."""
    with pytest.raises(CurrencyMismatch):
        attrs.evolve(bought(), draws=(drawn(amount=Money(1, "USD")),))
    with pytest.raises(CurrencyMismatch):
        attrs.evolve(bought(), draws=(drawn(value=Money(1, "USD")),))


@pytest.mark.parametrize(
    ("make", "fields", "error", "message"),
    [
        (drawn, {"amount": eur(0)}, ValueError, "the amount of a draw must be above 0"),
        (drawn, {"amount": 1}, TypeError, "the amount of a draw must be Money"),
        (drawn, {"value": eur(-1)}, ValueError, "the value of a draw is Money of 0 or more"),
        (back, {"value": 0}, ValueError, "the value of a return is Money of 0 or more"),
        (drawn, {"source": ""}, ValueError, "source of a draw"),
        (back, {"draw": ""}, ValueError, "draw of a return"),
        (back, {"journal": ""}, ValueError, "journal of a return"),
        (drawn, {"on": AT}, TypeError, "the day of a draw must be a date"),
        (lost, {"on": AT}, TypeError, "the day of a forfeit must be a date"),
    ],
)
def test_parts_are_valid_from_birth(
    make: Any, fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A draw, a return and a forfeit each move something, once."""
    with pytest.raises(error, match=message):
        make(**fields)


def test_amounts_are_counted_from_history() -> None:
    """40.00 drawn, 10.00 back, the rest expired."""
    returned = give_back(use(bought()).grant, "l1", amount=eur(1_000), at=AT).grant
    gone = expire(returned, on=ENDS, settled_before=ENDS, at=AT).grant

    assert (4_000, 1_000, 7_000, 0, 0) == tuple(
        each.minor
        for each in (gone.drawn, gone.returned, gone.expired, gone.revoked, gone.remaining)
    )
    assert (eur(7_000), eur(3_000)) == (gone.spendable, gone.drawn_for("l1"))
