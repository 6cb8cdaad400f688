"""Rendering: what exists in the world of the double, in the words of Stripe's API."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from ledgerkit.adapters.stripe import INSTRUCTION
from ledgerkit.domain.gateways import (
    CHARGE,
    DISPUTE,
    DONE,
    FAILED,
    LOST,
    OPEN,
    PAYOUT,
    PENDING,
    REFUND,
    REVERSAL,
    TRANSFER,
    WON,
    AccountStatus,
    GatewayObject,
    Movement,
    Notification,
    SavedMethod,
)
from ledgerkit.domain.money import Money

_INTENT = {DONE: "succeeded", PENDING: "processing", FAILED: "requires_payment_method"}
_PAYOUT = {DONE: "paid", PENDING: "pending", FAILED: "failed"}
_DISPUTE = {OPEN: "needs_response", WON: "won", LOST: "lost"}
_EVENTS = {
    "charge.created": "payment_intent.succeeded",
    "charge.done": "payment_intent.succeeded",
    "charge.failed": "payment_intent.payment_failed",
    "reversal.created": "transfer.reversed",
    "payout.done": "payout.paid",
    "dispute.funds_withdrawn": "charge.dispute.funds_withdrawn",
    "dispute.funds_reinstated": "charge.dispute.funds_reinstated",
    "dispute.closed": "charge.dispute.closed",
}


def seconds(at: datetime) -> int:
    """Return *at* as Stripe tells instants."""
    return int(at.timestamp())


def money(amount: Money) -> dict[str, Any]:
    """Return *amount*, of a currency with cents."""
    return {"amount": amount.minor, "currency": amount.currency.lower()}


def intent_id(charge: str) -> str:
    """Return the id of the payment intent that made the charge *charge*."""
    return "pi_" + charge.removeprefix("ch_")


def charge_id(intent: str) -> str:
    """Return the id of the charge that the payment intent *intent* made."""
    return "ch_" + intent.removeprefix("pi_")


def _common(made: GatewayObject) -> dict[str, Any]:
    ours = {} if made.instruction is None else {INSTRUCTION: made.instruction}
    return {
        "id": made.id,
        "created": seconds(made.created),
        "livemode": False,
        "metadata": {**dict(made.metadata), **ours},
        **money(made.amount),
    }


def intent(made: GatewayObject, customer: str = "", expand: Collection[str] = ()) -> dict[str, Any]:
    """Return the payment intent of the charge *made*."""
    shown: Any = made.id
    if expand:
        paid = transaction(made.id, made.amount, made.fee, made.created)
        shown = {"object": "charge", **_common(made), "balance_transaction": paid["id"]}
        if "latest_charge.balance_transaction" in expand:
            shown["balance_transaction"] = paid if made.status == DONE else None
    return {
        **_common(made),
        "id": intent_id(made.id),
        "object": "payment_intent",
        "status": _INTENT[made.status],
        "amount_received": made.amount.minor if made.status == DONE else 0,
        "customer": customer or None,
        "latest_charge": shown,
        "last_payment_error": card_error(made.reason) if made.status == FAILED else None,
    }


def card_error(decline_code: str) -> dict[str, Any]:
    """Return why a card was not charged."""
    message = "Your card was declined."
    return {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": decline_code,
        "message": message,
    }


def refund(made: GatewayObject) -> dict[str, Any]:
    """Return the refund *made*."""
    failed = made.status == FAILED
    return {
        **_common(made),
        "object": "refund",
        "status": "failed" if failed else "succeeded",
        "charge": made.parent,
        "payment_intent": intent_id(str(made.parent)),
        **({"failure_reason": made.reason} if failed else {}),
    }


def transfer(made: GatewayObject, reversals: Sequence[GatewayObject] = ()) -> dict[str, Any]:
    """Return the transfer *made* with its *reversals* so far, oldest first."""
    back = sum(each.amount.minor for each in reversals)
    return {
        **_common(made),
        "object": "transfer",
        "destination": made.account,
        "source_transaction": made.parent,
        "amount_reversed": back,
        "reversed": back == made.amount.minor,
        "reversals": {
            "object": "list",
            "data": [reversal(each) for each in reversals[:-11:-1]],
            "has_more": len(reversals) > 10,
            "url": f"/v1/transfers/{made.id}/reversals",
        },
    }


def reversal(made: GatewayObject) -> dict[str, Any]:
    """Return the reversal *made*."""
    return {**_common(made), "object": "transfer_reversal", "transfer": made.parent}


def payout(made: GatewayObject, expand: Collection[str] = ()) -> dict[str, Any]:
    """Return the payout *made*."""
    paid = transaction(made.id, -made.amount, made.fee, made.created)
    return {
        **_common(made),
        "object": "payout",
        "status": _PAYOUT[made.status],
        "failure_code": made.reason or None,
        "balance_transaction": paid if "balance_transaction" in expand else paid["id"],
    }


def dispute(made: GatewayObject) -> dict[str, Any]:
    """Return the dispute *made*."""
    return {
        **_common(made),
        "object": "dispute",
        "status": _DISPUTE[made.status],
        "charge": made.parent,
        "payment_intent": intent_id(str(made.parent)),
        "reason": made.reason,
        "balance_transactions": [_moved(each) for each in made.movements],
    }


def _moved(each: Movement) -> dict[str, Any]:
    return {**transaction(each.id, each.amount, each.fee, each.at), "id": each.id}


def account(status: AccountStatus) -> dict[str, Any]:
    """Return the connected account with *status*."""
    return {
        "id": status.account,
        "object": "account",
        "type": "express",
        "details_submitted": status.details_submitted,
        "charges_enabled": status.charges_enabled,
        "payouts_enabled": status.payouts_enabled,
        "requirements": {
            "currently_due": list(status.currently_due),
            "disabled_reason": status.disabled_reason or None,
        },
    }


def method(saved: SavedMethod) -> dict[str, Any]:
    """Return the payment method that a customer *saved*."""
    brand, last4 = saved.label.split()
    return {
        "id": saved.method,
        "object": "payment_method",
        "customer": saved.customer,
        "type": "card",
        "card": {"brand": brand, "last4": last4},
    }


# ---- balance transactions --------------------------------------------------------------------
def transaction(source: str, amount: Money, fee: Money | None, at: datetime) -> dict[str, Any]:
    """Return the balance transaction of *source*."""
    taken = 0 if fee is None else fee.minor
    return {
        "id": f"txn_{source}",
        "object": "balance_transaction",
        **money(amount),
        "fee": taken,
        "net": amount.minor - taken,
        "source": source,
        "created": seconds(at),
    }


def transactions(events: Sequence[Notification]) -> dict[str, tuple[dict[str, Any], str]]:
    """Return what moved the platform's balance, oldest first, each with the id of its object."""
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for event in events:
        for told in event.told:
            if isinstance(told, GatewayObject):
                for each in _of(event, told):
                    found.setdefault(each["id"], (each, told.id))
    return found


def _of(event: Notification, told: GatewayObject) -> Iterator[dict[str, Any]]:
    match told.kind, told.status:
        case ("charge", "done") | ("reversal", _):
            yield transaction(told.id, told.amount, told.fee, event.created)
        case ("refund", "failed"):
            yield transaction(f"{told.id}_failed", told.amount, None, event.created)
        case ("refund" | "transfer", _):
            yield transaction(told.id, -told.amount, None, event.created)
        case ("dispute", _):
            yield from (_moved(each) for each in told.movements)
        case _:  # payouts are of connected accounts
            return


# ---- events ----------------------------------------------------------------------------------
def event(events: Sequence[Notification], index: int, about: dict[str, Any]) -> dict[str, Any]:
    """Return the event at *index* of *events*, about the object *about*."""
    told = events[index]
    kind = _EVENTS.get(told.type, told.type)
    if about.get("object") == "payment_intent" and about["status"] == "processing":
        kind = "payment_intent.processing"
    return {
        "id": told.id,
        "object": "event",
        "api_version": "2026-01-28.clover",
        "type": kind,
        "created": seconds(told.created),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": about},
        **({"account": told.account or owner(told)} if told.account or owner(told) else {}),
    }


def owner(told: Notification) -> str:
    """Return the connected account on whose own balance *told* happened, or ""."""
    return next(
        (
            each.account
            for each in told.told
            if isinstance(each, GatewayObject) and each.kind == PAYOUT
        ),
        "",
    )


def signed(about: dict[str, Any], secret: str, at: datetime) -> tuple[bytes, dict[str, str]]:
    """Return the body of the event *about* and its headers, as Stripe sends them at *at*."""
    body = json.dumps(about, indent=2).encode()
    proof = hmac.new(secret.encode(), b"%d.%s" % (seconds(at), body), hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={seconds(at)},v1={proof}"}


SOURCES = {
    CHARGE: intent,
    REFUND: refund,
    TRANSFER: transfer,
    REVERSAL: reversal,
    DISPUTE: dispute,
    PAYOUT: payout,
}
"""How each kind of object is rendered by itself."""
