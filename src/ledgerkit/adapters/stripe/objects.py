"""Object: what Stripe says of a payment intent, refund, dispute, transfer or payout, in our words.

Readers take plain dicts, from an answer or a webhook alike. They are strict about what they use
and blind to the rest: what is missing or unheard of raises `KeyError`, `TypeError` or `ValueError`,
and the caller keeps the message without acting on it. (spec: gateways 1.4, reliability A19)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from ledgerkit.adapters.stripe.amounts import from_stripe
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
    SavedMethod,
)
from ledgerkit.domain.money import Money

Raw: TypeAlias = Mapping[str, Any]

INSTRUCTION = "ledgerkit_instruction"
"""The name in the metadata under which everything we make carries its instruction's id."""

NO_METHOD = "requires_payment_method"
_CHARGE = MappingProxyType(
    {
        "requires_confirmation": PENDING,
        "requires_action": PENDING,
        "requires_capture": PENDING,
        "processing": PENDING,
        "succeeded": DONE,
        "canceled": FAILED,
    }
)
_REFUND = MappingProxyType(
    {
        "pending": PENDING,
        "requires_action": PENDING,
        "succeeded": DONE,
        "failed": FAILED,
        "canceled": FAILED,
    }
)
_REVERSAL = _REFUND
_PAYOUT = MappingProxyType(
    {
        "pending": PENDING,
        "in_transit": PENDING,
        "paid": DONE,
        "failed": FAILED,
        "canceled": FAILED,
    }
)
_DISPUTE = MappingProxyType(
    {
        "warning_needs_response": OPEN,
        "warning_under_review": OPEN,
        "needs_response": OPEN,
        "under_review": OPEN,
        "won": WON,
        # An inquiry that came to nothing and a dispute that was headed off cost nothing either.
        "warning_closed": WON,
        "prevented": WON,
        "lost": LOST,
    }
)


def charge(raw: Raw) -> GatewayObject:
    """Return the payment intent *raw* as a charge; one that nobody tried yet is a `ValueError`."""
    error = raw.get("last_payment_error") or {}
    if raw["status"] == NO_METHOD:
        if not error:
            msg = f"nobody tried to pay {raw['id']} yet"
            raise ValueError(msg)
        status = FAILED
    else:
        status = _CHARGE[raw["status"]]
    taken = raw.get("amount_received") if status == DONE else None
    return GatewayObject(
        kind=CHARGE,
        id=raw["id"],
        status=status,
        amount=from_stripe(taken or raw["amount"], raw["currency"]),
        created=at_of(raw["created"]),
        fee=_fee_of(_dict(_dict(raw.get("latest_charge")).get("balance_transaction"))),
        reason=_text(error.get("decline_code") or error.get("code")) if status == FAILED else "",
        **_carried(raw),
    )


def paid_session(raw: Raw, status: str) -> GatewayObject:
    """Return the payment of the checkout session *raw* as a charge with the session's metadata."""
    return GatewayObject(
        kind=CHARGE,
        id=id_of(raw["payment_intent"]),
        status=status,
        amount=from_stripe(raw["amount_total"], raw["currency"]),
        created=at_of(raw["created"]),
        **_carried(raw),
    )


def paid_invoice(raw: Raw, status: str) -> GatewayObject:
    """Return the payment of Stripe's invoice *raw* as a charge with the invoice's metadata."""
    payments = _dict(raw.get("payments")).get("data") or [{}]
    newest = _dict(_dict(payments[-1]).get("payment")).get("payment_intent")
    return GatewayObject(
        kind=CHARGE,
        id=id_of(raw.get("payment_intent") or newest),
        status=status,
        amount=from_stripe(raw["amount_paid" if status == DONE else "amount_due"], raw["currency"]),
        created=at_of(raw["created"]),
        **_carried(raw),
    )


def refund(raw: Raw) -> GatewayObject:
    """Return the refund *raw*."""
    status = _REFUND[raw["status"]]
    return GatewayObject(
        kind=REFUND,
        id=raw["id"],
        status=status,
        amount=from_stripe(raw["amount"], raw["currency"]),
        created=at_of(raw["created"]),
        parent=_charge_of(raw),
        reason=_text(raw.get("failure_reason")) if status == FAILED else "",
        **_carried(raw),
    )


def dispute(raw: Raw) -> GatewayObject:
    """Return the dispute *raw*, with what it did to our balance."""
    return GatewayObject(
        kind=DISPUTE,
        id=raw["id"],
        status=_DISPUTE[raw["status"]],
        amount=from_stripe(raw["amount"], raw["currency"]),
        created=at_of(raw["created"]),
        parent=_charge_of(raw),
        reason=_text(raw.get("reason")),
        movements=tuple(_movement(each) for each in raw.get("balance_transactions") or ()),
        **_carried(raw),
    )


def _movement(raw: Raw) -> Movement:
    return Movement(
        id=raw["id"],
        amount=from_stripe(raw["amount"], raw["currency"]),
        fee=from_stripe(raw["fee"], raw["currency"]),
        at=at_of(raw["created"]),
    )


def transfer(raw: Raw) -> GatewayObject:
    """Return the transfer *raw*: one that exists is done, see spec: gateways 0."""
    return GatewayObject(
        kind=TRANSFER,
        id=raw["id"],
        status=DONE,
        amount=from_stripe(raw["amount"], raw["currency"]),
        created=at_of(raw["created"]),
        account=id_of(raw["destination"]),
        **_carried(raw),
    )


def reversal(raw: Raw, *, account: str = "") -> GatewayObject:
    """Return the reversal *raw* of a transfer to *account*."""
    return GatewayObject(
        kind=REVERSAL,
        id=raw["id"],
        # Only a platform that may have reversals wait gets a status. (spec: gateways 1.4)
        status=_REVERSAL[raw["status"]] if raw.get("status") else DONE,
        amount=from_stripe(raw["amount"], raw["currency"]),
        created=at_of(raw["created"]),
        parent=id_of(raw["transfer"]),
        account=account,
        **_carried(raw),
    )


def reversals(raw: Raw) -> Iterable[GatewayObject]:
    """Return the reversals that the transfer *raw* shows: the ten newest."""
    account = id_of(raw["destination"])
    return [reversal(each, account=account) for each in _dict(raw.get("reversals")).get("data", ())]


def payout(raw: Raw, *, account: str = "") -> GatewayObject:
    """Return the payout *raw* of *account*, or of the platform itself.

    Stripe's own word for its status is noted as `status`, as `bank_payouts.settle` reads it.
    """
    status = _PAYOUT[raw["status"]]
    carried = _carried(raw)
    # Somebody may have attached a `status` of another meaning; about a payout Stripe knows.
    noted = {**dict(carried["metadata"]), "status": raw["status"]}
    carried["metadata"] = tuple(sorted(noted.items()))
    return GatewayObject(
        kind=PAYOUT,
        id=raw["id"],
        status=status,
        amount=from_stripe(raw["amount"], raw["currency"]),
        created=at_of(raw["created"]),
        fee=_fee_of(_dict(raw.get("balance_transaction"))),
        account=account,
        reason=_text(raw.get("failure_code")) if status == FAILED else "",
        **carried,
    )


def account_status(raw: Raw) -> AccountStatus:
    """Return what the account *raw* may do and lacks."""
    wanted = _dict(raw.get("requirements"))
    flags = raw["details_submitted"], raw["charges_enabled"], raw["payouts_enabled"]
    if not all(type(flag) is bool for flag in flags):
        msg = f"an account says true or false (got {flags!r})"
        raise TypeError(msg)
    submitted, charges, payouts = flags
    return AccountStatus(
        account=id_of(raw["id"]),
        details_submitted=submitted,
        charges_enabled=charges,
        payouts_enabled=payouts,
        currently_due=tuple(_text(each) for each in wanted.get("currently_due") or ()),
        disabled_reason=_text(wanted.get("disabled_reason")),
    )


def attached_method(raw: Raw) -> SavedMethod:
    """Return the payment method *raw* of a customer, with what people know it by."""
    kind = raw["type"]
    shown = _dict(raw.get(kind))
    label = f"{_text(shown.get('brand')) or kind} {_text(shown.get('last4'))}".rstrip()
    return SavedMethod(customer=id_of(raw["customer"]), method=id_of(raw["id"]), label=label)


def set_up_method(raw: Raw) -> SavedMethod:
    """Return the payment method that the setup intent *raw* saved."""
    return SavedMethod(customer=id_of(raw["customer"]), method=id_of(raw["payment_method"]))


def at_of(seconds: object) -> datetime:
    """Return the instant that Stripe tells as *seconds* since 1970."""
    if type(seconds) is not int:
        msg = f"Stripe tells an instant as an int of seconds (got {seconds!r})"
        raise TypeError(msg)
    return datetime.fromtimestamp(seconds, UTC)


def id_of(value: object) -> str:
    """Return the id that *value* is, or that it has if it came in full."""
    found = value.get("id") if isinstance(value, Mapping) else value
    if type(found) is not str or not found:
        msg = f"an id was expected (got {type(found).__name__})"
        raise TypeError(msg)
    return found


def metadata_of(raw: Raw) -> tuple[tuple[str, str], ...]:
    """Return what was attached to *raw*, by name."""
    pairs = _dict(raw.get("metadata")).items()
    return tuple(sorted((n, t) for n, t in pairs if type(n) is str and type(t) is str))


def _carried(raw: Raw) -> dict[str, Any]:
    pairs = metadata_of(raw)
    return {"metadata": pairs, "instruction": dict(pairs).get(INSTRUCTION) or None}


def _charge_of(raw: Raw) -> str:
    return id_of(raw.get("payment_intent") or raw["charge"])


def _fee_of(transaction: Raw) -> Money | None:
    if "fee" not in transaction:
        return None
    return from_stripe(transaction["fee"], transaction["currency"])


def _dict(value: object) -> Raw:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if type(value) is str else ""
