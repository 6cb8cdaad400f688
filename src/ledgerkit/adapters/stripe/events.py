"""Event: what each kind of message from Stripe tells.

A kind that is not in the table, and a message of a known kind that cannot be read, tell nothing:
they are kept, never an error. (spec: gateways 0, 1.1, 1.4; reliability A19)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from ledgerkit.adapters.stripe import objects
from ledgerkit.adapters.stripe.objects import Raw
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import DONE, FAILED, PENDING, Told

OURS = "ledgerkit_"
"""How the names in metadata start that say what a payment is for."""

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)

_Reader: TypeAlias = Callable[[Raw, str], Iterable[Told]]


def told_by(type: str, raw: Raw, *, account: str) -> tuple[Told, ...]:
    """Return what an event of *type* about the object *raw* of *account* tells, maybe nothing."""
    reader = READERS.get(type)
    if reader is None:
        return ()
    try:
        return tuple(reader(raw, account))
    except (*UNREADABLE, LedgerkitError):
        return ()


def _one(read: Callable[[Raw], Told], raw: Raw, account: str) -> Iterable[Told]:
    # A payment, refund or dispute of a connected account itself is not of our balance.
    return () if account else (read(raw),)


def _refunds(raw: Raw, account: str) -> Iterable[Told]:
    """Return the refunds of a charge, which only older versions of the API show."""
    shown = raw.get("refunds")
    listed = shown.get("data", ()) if isinstance(shown, Mapping) else ()
    return () if account else [objects.refund(each) for each in listed]


def _transfer(raw: Raw, account: str) -> Iterable[Told]:
    return () if account else (objects.transfer(raw), *objects.reversals(raw))


def _payout(raw: Raw, account: str) -> Iterable[Told]:
    return (objects.payout(raw, account=account),)


def _session(status: str, raw: Raw, account: str) -> Iterable[Told]:
    """Return what was paid in a checkout; one that saved a method is told by its setup intent."""
    if account or raw.get("mode") != "payment" or not raw.get("payment_intent"):
        return ()
    if status == DONE and raw["payment_status"] != "paid":
        status = PENDING  # such as by a bank transfer that has not arrived
    return (objects.paid_session(raw, status),)


def _invoice(status: str, raw: Raw, account: str) -> Iterable[Told]:
    """Return the payment of an invoice of Stripe's that names something of ours.

    The others are only kept: the invoice that counts is ours.
    """
    if account or not any(name.startswith(OURS) for name, _ in objects.metadata_of(raw)):
        return ()
    return (objects.paid_invoice(raw, status),)


def _account(raw: Raw, _: str) -> Iterable[Told]:
    return (objects.account_status(raw),)


_charge = partial(_one, objects.charge)
_refund = partial(_one, objects.refund)
_dispute = partial(_one, objects.dispute)

# Transfers are done when they exist: `transfer.paid` and `transfer.failed` are not sent any more,
# and tell nothing if an old endpoint gets one. (spec: gateways 0)
READERS: Mapping[str, _Reader] = MappingProxyType(
    {
        "payment_intent.succeeded": _charge,
        "payment_intent.payment_failed": _charge,
        "payment_intent.processing": _charge,
        "payment_intent.canceled": _charge,
        "charge.refunded": _refunds,
        "charge.refund.updated": _refund,
        "refund.created": _refund,
        "refund.updated": _refund,
        "refund.failed": _refund,
        "charge.dispute.created": _dispute,
        "charge.dispute.updated": _dispute,
        "charge.dispute.closed": _dispute,
        "charge.dispute.funds_withdrawn": _dispute,
        "charge.dispute.funds_reinstated": _dispute,
        "transfer.created": _transfer,
        "transfer.updated": _transfer,
        "transfer.reversed": _transfer,
        "payout.created": _payout,
        "payout.updated": _payout,
        "payout.paid": _payout,
        "payout.failed": _payout,
        "payout.canceled": _payout,
        "account.updated": _account,
        "payment_method.attached": partial(_one, objects.attached_method),
        "setup_intent.succeeded": partial(_one, objects.set_up_method),
        "checkout.session.completed": partial(_session, DONE),
        "checkout.session.async_payment_succeeded": partial(_session, DONE),
        "checkout.session.async_payment_failed": partial(_session, FAILED),
        "invoice.paid": partial(_invoice, DONE),
        "invoice.payment_succeeded": partial(_invoice, DONE),
        "invoice.payment_failed": partial(_invoice, FAILED),
    }
)
