"""Webhooks: what Stripe sends by itself, verified and read; needs no SDK and no network.

(spec: gateways 1.1, reliability A11, A13, A19, F1)
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from ledgerkit.adapters.stripe import payloads
from ledgerkit.adapters.stripe.events import UNREADABLE, told_by
from ledgerkit.adapters.stripe.objects import at_of
from ledgerkit.adapters.stripe.signatures import GATEWAY, verify
from ledgerkit.domain.gateways import Notification
from ledgerkit.domain.periods import instant
from ledgerkit.ports.gateway import SignatureRefused
from ledgerkit.ports.secret import Secret

TOLERANCE = timedelta(seconds=300)


class StripeWebhooks:
    """Verifies and reads the webhooks of one endpoint; a `Webhooks`.

    Args:
        secrets: The signing secrets of the endpoint, two while one is rolled.
        live: Whether it is an endpoint of the live mode; messages of the other mode are refused.
        account: The id of the platform's own account, or "" if it is not known.
        accounts: The connected accounts that are ours: a set, or anything that `in` can ask, such
            as an object that looks into a database. None takes all that Stripe vouches for.
        name: The name of the gateway in our books.
        tolerance: How far the time of a signature may be from `at`, before or after.

    Raises `TypeError` or `ValueError` for secrets that are none.
    """

    def __init__(
        self,
        *secrets: Secret,
        live: bool,
        account: str = "",
        accounts: Container[str] | None = None,
        name: str = "stripe",
        tolerance: timedelta = TOLERANCE,
    ) -> None:
        if not secrets:
            msg = "webhooks need the signing secret of their endpoint"
            raise ValueError(msg)
        if not all(isinstance(secret, Secret) for secret in secrets):
            msg = "signing secrets are handed over as Secret"
            raise TypeError(msg)
        if tolerance <= timedelta():
            msg = f"tolerance must be more than nothing (got {tolerance})"
            raise ValueError(msg)
        self._secrets = secrets
        self._live = live
        self._account = account
        self._accounts = accounts
        self._name = name
        self._tolerance = tolerance

    def __repr__(self) -> str:
        return f"StripeWebhooks({self._name!r}, live={self._live})"

    def read(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> Notification:
        """Return what *body*, received with *headers* at *at*, tells; see `Webhooks.read`."""
        if type(body) is not bytes:
            msg = f"a webhook is verified over its raw bytes (got {type(body).__name__})"
            raise TypeError(msg)
        if len(body) > payloads.LARGEST:
            raise SignatureRefused(GATEWAY, "too_large")
        signed = verify(
            body, _header(headers), self._secrets, at=instant(at), tolerance=self._tolerance
        )
        event = payloads.parse(body)
        account = self._checked_account(event)
        notification = None
        with suppress(*UNREADABLE):  # they may quote what they could not read
            notification = self._notification(event, account, signed)
        if notification is None:
            raise SignatureRefused(GATEWAY, "unreadable")
        return notification

    def _notification(
        self, event: Mapping[str, Any], account: str, signed: datetime
    ) -> Notification:
        data = event.get("data")
        raw = data.get("object") if isinstance(data, dict) else None
        return Notification(
            gateway=self._name,
            id=event["id"],
            type=event["type"],
            # Newer kinds of events write their time as text; nothing depends on it.
            created=at_of(event["created"]) if type(event.get("created")) is int else signed,
            account=account,
            told=told_by(event["type"], raw or {}, account=account),
            text=payloads.redacted(event),
        )

    def _checked_account(self, event: Mapping[str, Any]) -> str:
        """Return the connected account of *event*, or "" for the platform's own."""
        if event.get("livemode") is not self._live:
            raise SignatureRefused(GATEWAY, "other_mode")
        account = event.get("account") or ""
        if type(account) is not str:
            raise SignatureRefused(GATEWAY, "unreadable")
        if account in ("", self._account):
            return ""
        if self._accounts is not None and account not in self._accounts:
            raise SignatureRefused(GATEWAY, "other_account")
        return account


def _header(headers: Mapping[str, str]) -> str:
    """Return the signature header, whatever its case; several are none, as nobody sends them."""
    found = [value for name, value in headers.items() if name.lower() == "stripe-signature"]
    return found[0] if len(found) == 1 else ""
