"""Parties: whom the business charges, whom it pays, and itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from ledgerkit.domain.ledger import BadAddress, Wallet
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import UnknownZone
from ledgerkit.testing import strategies as of


def party(**fields: Any) -> Party:
    """Return a customer; *fields* are those of `Party`."""
    given: dict[str, Any] = {"id": "s-104", "role": "customer", "name": "Ada", "currency": "EUR"}
    return Party(**(given | fields))


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("customer", "customer:s-104"),
        ("supplier", "supplier:s-104"),
        ("owner", "owner:s-104"),
        ("business", "platform"),
    ],
)
def test_wallet(role: str, expected: str) -> None:
    """Each customer and payee has one of their own; the business is the platform. (ledger 1)"""
    assert expected == party(role=role).wallet


@given(of.parties())
def test_every_party_has_a_wallet_that_can_be_opened(drawn: Party) -> None:
    """Who exists can be charged and paid."""
    assert drawn.wallet == Wallet(drawn.wallet).id


@pytest.mark.parametrize("id", ["a b", "a:b", "caf\u00e9", "a/b", "x" * 200])
def test_an_id_that_no_address_can_hold(id: str) -> None:
    """It is refused when the party is made, not when it is charged."""
    with pytest.raises(BadAddress):
        party(id=id)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": ""}, ValueError, "party id"),
        ({"id": 5}, TypeError, "party id"),
        ({"role": "tutor"}, ValueError, "customer, supplier, owner or business"),
        ({"name": ""}, ValueError, "needs a name"),
        ({"name": " \u00a0"}, ValueError, "needs a name"),
        ({"name": "Ada\x1b[31m"}, ValueError, "party name"),
        ({"name": None}, TypeError, "party name"),
        ({"currency": "eur"}, ValueError, "code of a currency"),
        ({"currency": None}, ValueError, "code of a currency"),
        ({"address": ["Calle 1"]}, TypeError, "tuple of lines"),
        ({"address": ("Calle\x001",)}, ValueError, "line of an address"),
        ({"address": (5,)}, TypeError, "line of an address"),
        ({"email": "a@example.org\nBcc: eve"}, ValueError, "email"),
        ({"tax_id": ""}, ValueError, "tax_id"),
        ({"locale": ""}, ValueError, "locale"),
        ({"locale": "espa\u00f1ol"}, ValueError, "looks like es or es_MX"),
        ({"locale": None}, TypeError, "locale must be text"),
        ({"zone": "Europe/Atlantis"}, UnknownZone, "no time zone"),
    ],
)
def test_parties_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """What cannot stand on a document or in an address is refused."""
    with pytest.raises(kind, match=says):
        party(**fields)


@pytest.mark.parametrize(
    "name",
    [
        "Anne\u00a0Marie",
        "\u0645\u06cc\u200c\u0631\u0636\u0627",
        "\u738b\u5c0f\u660e",
        "Zo\u00eb O'Neil",
    ],
)
def test_names_in_any_script(name: str) -> None:
    """No-break spaces and joiners are part of names."""
    assert name == party(name=name).name
