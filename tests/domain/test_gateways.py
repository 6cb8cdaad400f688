"""Gateways: words for what gateways are told and what they say, and what cannot be said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from ledgerkit.domain.gateways import (
    ORDERS,
    AccountStatus,
    ChargeOrder,
    GatewayBalance,
    GatewayLink,
    GatewayObject,
    Movement,
    Notification,
    Outcome,
    PayoutOrder,
    RefundOrder,
    TransferOrder,
    link_id,
)
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.testing.samples import NOON

NAIVE = datetime(2026, 10, 1)  # noqa: DTZ001 - what is refused


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


MOVEMENT = Movement(id="txn_1", amount=eur(-5000), fee=eur(1500), at=NOON)
CHARGE = GatewayObject(
    kind="charge",
    id="ch_1",
    status="done",
    amount=eur(5000),
    created=NOON,
    metadata=(("invoice", "inv_1"),),
)
DISPUTE = attrs.evolve(CHARGE, kind="dispute", id="dp_1", status="open", movements=(MOVEMENT,))
NOTIFICATION = Notification(gateway="stripe", id="evt_1", type="charge.updated", created=NOON)


def test_each_kind_of_order_has_a_name_of_its_own() -> None:
    """By which it is stored, and its object is told."""
    assert ("charge", "refund", "transfer", "reversal", "payout") == tuple(o.kind for o in ORDERS)


def test_metadata_are_looked_up_by_name() -> None:
    """None where nothing was noted."""
    assert ("inv_1", None) == (CHARGE.noted("invoice"), CHARGE.noted("payout"))


def test_a_link_names_gateway_and_object() -> None:
    """Two gateways may have the same id."""
    assert "stripe:ch_1" == link_id("stripe", "ch_1") != link_id("paystack", "ch_1")
    assert "inv_1" == GatewayLink(id="stripe:ch_1", kind="charge", record="inv_1").record


def test_a_balance_is_what_is_available_and_pending() -> None:
    """Per currency; one that is not held is zero."""
    held = GatewayBalance(
        available=(eur(100), Money(7, "USD")), pending=(eur(20), eur(-5)), at=NOON
    )

    assert (eur(115), Money(7, "USD"), Money(0, "JPY")) == tuple(
        held.total(currency) for currency in ("EUR", "USD", "JPY")
    )


@pytest.mark.parametrize(
    ("enabled", "reason", "expected"),
    [(True, "", True), (True, "requirements.past_due", False), (False, "", False)],
)
def test_who_may_be_paid(enabled: bool, reason: str, expected: bool) -> None:
    """Payouts are enabled and nothing disables the account (gateways 1.4)."""
    status = AccountStatus(
        account="acct_1",
        details_submitted=True,
        charges_enabled=True,
        payouts_enabled=enabled,
        disabled_reason=reason,
    )

    assert expected == status.may_be_paid


def test_instants_are_kept_in_utc() -> None:
    """Whatever zone they came in."""
    assert UTC == CHARGE.created.tzinfo


@pytest.mark.parametrize(
    ("record", "fields", "match"),
    [
        (MOVEMENT, {"id": ""}, "movement id"),
        (MOVEMENT, {"amount": 5}, "needs Money"),
        (MOVEMENT, {"fee": None}, "needs Money"),
        (MOVEMENT, {"fee": eur(-1)}, "withdraws -50.00 EUR.*zero or more"),
        (MOVEMENT, {"at": NAIVE}, "zone|aware|naive"),
        (CHARGE, {"kind": "gift"}, "a gateway's object is charge or refund"),
        (CHARGE, {"id": ""}, "charge id"),
        (CHARGE, {"status": "open"}, "is pending or done or failed"),
        (DISPUTE, {"status": "done"}, "is open or won or lost"),
        (CHARGE, {"amount": 5000}, "needs Money"),
        (CHARGE, {"amount": eur(0)}, "moves more than 0"),
        (CHARGE, {"fee": 5}, "is Money from zero on"),
        (CHARGE, {"fee": eur(-1)}, "is Money from zero on"),
        (CHARGE, {"account": None}, "account"),
        (CHARGE, {"reason": 7}, "reason"),
        (CHARGE, {"metadata": {"a": "b"}}, "metadata"),
        (Outcome(status="unknown"), {"status": "failed"}, "an outcome is done or pending"),
        (Outcome(status="unknown"), {"status": "done"}, "needs the object made"),
        (Outcome(status="unknown"), {"code": None}, "code"),
        (Outcome(status="unknown"), {"detail": "\0"}, "detail"),
        (
            ChargeOrder(amount=eur(1), customer="c"),
            {"amount": eur(2**63)},
            "at most 9223372036854775807",
        ),
        (ChargeOrder(amount=eur(1), customer="c"), {"amount": eur(-1)}, "a charge moves more"),
        (ChargeOrder(amount=eur(1), customer="c"), {"amount": 1.5}, "a charge needs Money"),
        (ChargeOrder(amount=eur(1), customer="c"), {"customer": " c"}, "customer of a charge"),
        (RefundOrder(amount=eur(1), charge="c"), {"charge": "c\n"}, "charge of a refund"),
        (TransferOrder(amount=eur(1), account="a"), {"source": "\t"}, "source of a transfer"),
        (ChargeOrder(amount=eur(1), customer="c"), {"customer": ""}, "customer of a charge"),
        (ChargeOrder(amount=eur(1), customer="c"), {"method": None}, "method of a charge"),
        (RefundOrder(amount=eur(1), charge="c"), {"charge": 5}, "charge of a refund"),
        (PayoutOrder(amount=eur(1), account="a"), {"instant": "no"}, "is True or False"),
        (GatewayLink(id="a:b", kind="charge", record="r"), {"kind": "gift"}, "gateway's object"),
        (GatewayLink(id="a:b", kind="charge", record="r"), {"id": ""}, "link id"),
        (GatewayLink(id="a:b", kind="charge", record="r"), {"record": ""}, "linked record"),
        (NOTIFICATION, {"gateway": ""}, "notification gateway"),
        (NOTIFICATION, {"id": ""}, "notification id"),
        (NOTIFICATION, {"type": ""}, "notification type"),
    ],
    ids=lambda value: type(value).__name__ if attrs.has(type(value)) else str(value)[:30],
)
def test_what_cannot_be_said(record: Any, fields: dict[str, Any], match: str) -> None:
    """A record is valid from birth: types, amounts, states and names."""
    with pytest.raises((TypeError, ValueError), match=match):
        attrs.evolve(record, **fields)


def test_optional_ids_may_be_left_out() -> None:
    """A transfer without a source is paid from what is available, a charge from the default."""
    assert "" == TransferOrder(amount=eur(1), account="acct_1").source
    assert "" == ChargeOrder(amount=eur(1), customer="cus_1").method
    assert not PayoutOrder(amount=eur(1), account="acct_1").instant


def test_currencies_of_a_balance_do_not_mix() -> None:
    """Money of two currencies is never added."""
    with pytest.raises(CurrencyMismatch):
        eur(1) + GatewayBalance(available=(), at=NOON).total("USD")
