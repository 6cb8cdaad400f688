"""Instructions: an order, its key, and what cannot be one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from ledgerkit.domain.gateways import Order
from ledgerkit.domain.ids import derive
from ledgerkit.domain.instructions import instruct, order_digest, topic_of
from tests.domain.instructions.orders import NOON, ORDER, asked, eur, hour, lost


def test_an_instruction_is_stored_with_the_message_that_wakes_a_worker() -> None:
    """Both are effects of the decision that moves the money (reliability A4)."""
    made = instruct(ORDER, gateway="stripe", subject="inv_1", party="ana", at=NOON)

    assert (made.instruction,) == made.effects.records
    assert (made.message,) == made.effects.messages
    assert ("gateway.stripe", "stripe") == (made.message.topic, made.message.recipient)
    assert (("instruction", made.instruction.id),) == made.message.body
    assert "gateway.stripe" == topic_of("stripe")


def test_the_key_comes_from_the_id_and_the_generation() -> None:
    """So each attempt has the same one, whoever makes it (reliability A8)."""
    assert f"{asked().id}.1" == asked().key == lost().key
    assert f"{asked().id}.2" == asked(generation=2).key


def test_parts_tell_orders_for_one_subject_apart() -> None:
    """A second attempt to charge is another instruction; the same asked again is the same."""
    ids = [
        instruct(ORDER, gateway="stripe", subject="inv_1", party="ana", at=NOON, part=part)
        for part in ("1", "2", "1")
    ]

    assert ids[0] == ids[2]
    assert ids[0].instruction.id != ids[1].instruction.id
    assert ids[0].message.id != ids[1].message.id


def test_clocks_that_differ_by_less_than_an_hour_miss_nothing() -> None:
    """A look-up begins an hour before anything can have been sent."""
    assert hour(-1) == asked().made_since
    assert NOON.date() == asked().asked_on
    assert NOON == asked().aged_since
    assert hour(5) == asked(woken_at=hour(5)).aged_since


def test_orders_that_differ_have_other_digests() -> None:
    """By amount, by customer, by method."""
    others = (
        attrs.evolve(ORDER, amount=eur(5001)),
        attrs.evolve(ORDER, customer="cus_2"),
        attrs.evolve(ORDER, method="pm_1"),
    )

    assert 4 == len({order_digest(each) for each in (ORDER, *others)})


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({"id": ""}, ValueError, "instruction id"),
        ({"order": None}, TypeError, "needs an order"),
        ({"order": Order}, TypeError, "needs an order"),
        ({"status": "gone"}, ValueError, "no status 'gone'"),
        ({"generation": 0}, ValueError, "generation of .* is 1 or more"),
        ({"attempts": True}, ValueError, "attempts of .* is 0 or more"),
        ({"wakings": -1}, ValueError, "wakings"),
        ({"status": "sent"}, ValueError, "is sent; it needs the instants"),
        ({"last_sent_at": NOON}, ValueError, "both instants"),
        ({"asked_at": NOON.replace(tzinfo=None)}, ValueError, "zone|aware|naive"),
        ({"code": "\0"}, ValueError, "code"),
    ],
    ids=str,
)
def test_what_cannot_be_an_instruction(
    fields: dict[str, Any], error: type[Exception], match: str
) -> None:
    """It is valid from birth."""
    with pytest.raises(error, match=match):
        asked(**fields)


def test_an_order_of_no_kind_is_none() -> None:
    """The base class is no order."""
    with pytest.raises((AttributeError, TypeError)):
        asked(order=Order(amount=eur(1)))


def test_instants_are_kept_in_utc() -> None:
    """Whatever zone they came in."""
    assert timedelta() == lost().asked_at.utcoffset()


def test_a_digest_is_of_minor_units_and_currency() -> None:
    """How an amount says itself to people is no part of it."""
    amount = "amount={'minor': 5000, 'currency': 'EUR'}"

    assert derive("ord", "charge", amount, "customer=cus_1", "method=") == order_digest(ORDER)
