"""Payment methods: the gateway keeps the card, we keep its last four digits."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ledgerkit.domain.gateways import SavedMethod
from ledgerkit.domain.payment_methods import PaymentMethod, follow, register


def test_a_holder_is_one_customer() -> None:
    """Whoever saved a method before we knew the customer becomes known."""
    saved = follow(None, SavedMethod(customer="cus_1", method="pm_1"), gateway="stripe")
    assert saved is not None
    one = register("c-1", "cus_1", gateway="stripe", known=saved.method)

    assert (None, "c-1", "pm_1") == (saved.method.customer, one.method.customer, one.method.method)
    assert "stripe:cus_1" == register("c-1", "cus_1", gateway="stripe").method.id
    assert (one.method,) == one.effects.records
    with pytest.raises(ValueError, match="is customer 'c-1', so not 'c-2'"):
        register("c-2", "cus_1", gateway="stripe", known=one.method)


def test_the_method_saved_last_is_charged() -> None:
    """A second method replaces the first; told again nothing changes."""
    first = SavedMethod(customer="cus_1", method="pm_1", label="visa 4242")
    one = follow(None, first, gateway="stripe")
    assert one is not None
    two = follow(one.method, attrs.evolve(first, method="pm_2"), gateway="stripe")
    assert two is not None

    assert ("pm_1", "visa 4242", "pm_2") == (one.method.method, one.method.label, two.method.method)
    assert follow(one.method, first, gateway="stripe") is None


def test_only_the_last_four_digits_are_kept() -> None:
    """A label with a whole card number is hidden before it is stored."""
    told = SavedMethod(customer="cus_1", method="pm_1", label="4242 4242 4242 1234")
    kept = follow(None, told, gateway="stripe")
    assert kept is not None

    assert "**** **** **** 1234" == kept.method.label


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": "cus_1"}, "named by its gateway and holder"),
        ({"label": "visa 42424"}, "shows the last four digits"),
        ({"customer": "a b"}, "is no wallet address"),
        ({"method": " "}, "method must be"),
    ],
)
def test_a_method_that_cannot_be(fields: dict[str, Any], expected: str) -> None:
    """What a method cannot hold is refused when it is built."""
    one = PaymentMethod(id="stripe:cus_1", gateway="stripe", holder="cus_1")
    with pytest.raises(Exception, match=expected):
        attrs.evolve(one, **fields)
