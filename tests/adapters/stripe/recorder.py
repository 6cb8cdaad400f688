"""An HTTP client for Stripe's SDK that sends nothing: it records calls and answers by script."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import stripe

from ledgerkit.adapters.stripe import StripeGateway
from ledgerkit.ports.secret import Secret

KEY = "sk_test_c4nary0123456789abcdef7f3a"
T0 = 1_700_000_000


@attrs.frozen
class Call:
    """What went out on the wire."""

    method: str
    path: str
    form: Mapping[str, str]
    headers: Mapping[str, str]


@attrs.frozen
class Reply:
    """An answer: a status, a body (text as it is, everything else as JSON), headers."""

    status: int = 200
    body: Any = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict)


class Recorder(stripe.HTTPClient):
    """Answers the calls of the SDK by script and remembers them."""

    name = "recorder"

    def __init__(self, *script: Reply | Exception) -> None:
        super().__init__()
        self.script = deque(script)
        self.calls: list[Call] = []

    def request(  # type: ignore[override]  # the base names an argument that it never passes
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[str, int, Mapping[str, str]]:
        """Record the call and answer with the next of the script."""
        parts = urlsplit(url)
        form = dict(parse_qsl(post_data if method == "post" else parts.query))
        self.calls.append(Call(method, parts.path, form, dict(headers or {})))
        reply = self.script.popleft()
        if isinstance(reply, Exception):
            raise reply
        body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        return body, reply.status, reply.headers


def gateway(*script: Reply | Exception) -> tuple[StripeGateway, Recorder]:
    """Return a gateway whose calls are answered by *script*, and what records them."""
    recorder = Recorder(*script)
    return StripeGateway(Secret(KEY), http_client=recorder), recorder


def error(status: int, headers: Mapping[str, str] | None = None, /, **said: object) -> Reply:
    """Return an error as Stripe tells it."""
    return Reply(status, {"error": said}, {"request-id": "req_1", **(headers or {})})


def listing(*data: object, has_more: bool = False) -> Reply:
    """Return a page of a list."""
    return Reply(body={"object": "list", "data": list(data), "has_more": has_more, "url": "/v1"})


def intent(status: str = "succeeded", /, **more: Any) -> dict[str, Any]:
    """Return a payment intent of 50.00 euros."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "amount": 5000,
        "amount_received": 5000 if status == "succeeded" else 0,
        "currency": "eur",
        "created": T0,
        "metadata": {"ledgerkit_instruction": "ins_1"},
        "latest_charge": {
            "id": "ch_1",
            "object": "charge",
            "balance_transaction": {"id": "txn_1", "fee": 175, "currency": "eur"},
        },
        **more,
    }


def refund(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """Return a refund of 20.00 euros."""
    return {
        "id": "re_1",
        "object": "refund",
        "status": status,
        "amount": 2000,
        "currency": "eur",
        "created": T0,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "metadata": {"ledgerkit_instruction": "ins_1"},
        **more,
    }


def transfer(**more: Any) -> dict[str, Any]:
    """Return a transfer of 30.00 euros."""
    return {
        "id": "tr_1",
        "object": "transfer",
        "amount": 3000,
        "currency": "eur",
        "created": T0,
        "destination": "acct_1",
        "metadata": {"ledgerkit_instruction": "ins_1"},
        "reversals": {"object": "list", "data": []},
        **more,
    }


def reversal(**more: Any) -> dict[str, Any]:
    """Return a reversal of 10.00 euros."""
    return {
        "id": "trr_1",
        "object": "transfer_reversal",
        "amount": 1000,
        "currency": "eur",
        "created": T0 + 60,
        "transfer": "tr_1",
        "metadata": {"ledgerkit_instruction": "ins_1"},
        **more,
    }


def payout(status: str = "pending", **more: Any) -> dict[str, Any]:
    """Return a payout of 30.00 euros."""
    return {
        "id": "po_1",
        "object": "payout",
        "status": status,
        "amount": 3000,
        "currency": "eur",
        "created": T0,
        "metadata": {"ledgerkit_instruction": "ins_1"},
        **more,
    }


def dispute(status: str = "needs_response", **more: Any) -> dict[str, Any]:
    """Return a dispute over 50.00 euros, withdrawn with a fee of 15.00."""
    return {
        "id": "dp_1",
        "object": "dispute",
        "status": status,
        "amount": 5000,
        "currency": "eur",
        "created": T0,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "balance_transactions": [
            {"id": "txn_2", "amount": -5000, "fee": 1500, "currency": "eur", "created": T0}
        ],
        "metadata": {},
        **more,
    }
