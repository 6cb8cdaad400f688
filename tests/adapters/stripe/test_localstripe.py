"""The adapter against a server that speaks Stripe's API: localstripe, in a process of its own.

It keeps no idempotency keys and knows no connected accounts, transfers, disputes or checkout; those
are proven by the recorded calls.
"""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import stripe

from ledgerkit.adapters.stripe import StripeGateway, StripeWebhooks
from ledgerkit.domain.gateways import ChargeOrder, GatewayObject, RefundOrder
from ledgerkit.domain.money import Money
from ledgerkit.ports.gateway import SignatureRefused
from ledgerkit.ports.secret import Secret

pytest.importorskip("localstripe")

KEY = "sk_test_0123456789abcdef7f3a"
SECRET = "whsec_localstripe_0123456789"
# As `localstripe` starts, but for the file in /tmp that it would share with any other.
START = """
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
server.start()
"""
GOOD, DECLINING = "4242424242424242", "4000000000000341"


class Client(stripe.RequestsClient):
    """The SDK's client, without the fields that localstripe does not know and refuses."""

    def request(  # type: ignore[override]  # the base names an argument that it never passes
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send the request without these fields."""
        if isinstance(post_data, str):
            fields = parse_qsl(post_data)
            known = [(n, v) for n, v in fields if not n.startswith("automatic_payment_methods")]
            post_data = urlencode(known)
        return super().request(method, url, headers, post_data)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a localstripe of our own."""
    with socket.socket(socket.AF_INET6) as free:
        free.bind(("::", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", START, "--port", str(port), "--from-scratch"],
        cwd=tmp_path_factory.mktemp("localstripe"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(port)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail("localstripe did not start within ten seconds")


@pytest.fixture
def gateway(server: str) -> Iterator[StripeGateway]:
    """Return a gateway that talks to localstripe."""
    client = Client(timeout=5)
    yield StripeGateway(Secret(KEY), http_client=client, base_addresses={"api": server})
    client.close()  # type: ignore[no-untyped-call]  # the SDK's


@pytest.fixture
def method_of(server: str) -> Any:
    """Return a function that gives a customer a card."""
    client = Client(timeout=5)
    sdk = stripe.StripeClient(KEY, base_addresses={"api": server}, http_client=client)

    def give(customer: str, number: str = GOOD) -> str:
        card: Any = {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        made = sdk.v1.payment_methods.create({"type": "card", "card": card})
        sdk.v1.payment_methods.attach(made.id, {"customer": customer})
        return made.id

    yield give
    client.close()  # type: ignore[no-untyped-call]  # the SDK's


def open_customer(gateway: StripeGateway) -> str:
    """Make a customer known."""
    return gateway.open_customer(customer="c-1", name="Ann", email="ann@example.com", key="k")


def made(outcome: Any) -> GatewayObject:
    """Return what *outcome* made."""
    assert isinstance(outcome.object, GatewayObject)
    return outcome.object


def test_charge_and_refund(gateway: StripeGateway, method_of: Any) -> None:
    """A saved card is charged while nobody is there, and part of it given back."""
    customer = open_customer(gateway)
    order = ChargeOrder(amount=Money(5000, "EUR"), customer=customer, method=method_of(customer))
    charged = gateway.send(order, key="k-1", instruction="ins_1")
    refunded = gateway.send(
        RefundOrder(amount=Money(2000, "EUR"), charge=made(charged).id),
        key="k-2",
        instruction="ins_2",
    )

    assert ("done", "ins_1", Money(5000, "EUR"), Money(0, "EUR")) == (
        charged.status,
        made(charged).instruction,
        made(charged).amount,
        made(charged).fee,
    )
    assert ("done", "ins_2", Money(2000, "EUR"), made(charged).id) == (
        refunded.status,
        made(refunded).instruction,
        made(refunded).amount,
        made(refunded).parent,
    )


def test_decline(gateway: StripeGateway, method_of: Any) -> None:
    """A card that can be saved and not charged is refused with its code, and not an error."""
    customer = open_customer(gateway)
    card = method_of(customer, DECLINING)
    order = ChargeOrder(amount=Money(5000, "EUR"), customer=customer, method=card)
    outcome = gateway.send(order, key="k-3", instruction="ins_3")

    assert ("refused", "card_declined", False) == (outcome.status, outcome.code, outcome.attention)


def test_a_customer_that_there_is_not(gateway: StripeGateway) -> None:
    """An id of another mode or account is refused, and somebody must look."""
    order = ChargeOrder(amount=Money(5000, "EUR"), customer="cus_none", method="pm_none")
    outcome = gateway.send(order, key="k-4", instruction="ins_4")

    assert ("refused", True) == (outcome.status, outcome.attention)


def test_probe(gateway: StripeGateway) -> None:
    """The connection is tried without a charge."""
    assert "Stripe answers in test mode to the key sk_test_...7f3a" == gateway.probe()


@pytest.fixture
def inbox(server: str) -> Iterator[queue.Queue[tuple[bytes, dict[str, str]]]]:
    """Return what an endpoint of ours receives from localstripe."""
    received: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a webhook and answer 200."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((body, dict(self.headers.items())))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's
            """Say nothing."""

    endpoint = HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=endpoint.serve_forever, daemon=True)
    thread.start()
    hook = urlencode({"url": f"http://127.0.0.1:{endpoint.server_port}/", "secret": SECRET})
    urllib.request.urlopen(f"{server}/_config/webhooks/ours", hook.encode()).close()
    yield received
    endpoint.shutdown()
    thread.join()
    endpoint.server_close()


def test_signed_webhooks(gateway: StripeGateway, method_of: Any, inbox: Any) -> None:
    """What localstripe signs is believed, and what it tells is what the answer told."""
    customer = open_customer(gateway)
    order = ChargeOrder(amount=Money(5000, "EUR"), customer=customer, method=method_of(customer))
    charged = gateway.send(order, key="k-5", instruction="ins_5")
    webhooks = StripeWebhooks(Secret(SECRET), live=False)
    while True:
        body, headers = inbox.get(timeout=10)  # those of the tests before come first
        told = webhooks.read(body, headers, at=datetime.now(UTC)).told
        if told and isinstance(told[0], GatewayObject) and told[0].id == made(charged).id:
            break
    (state,) = told

    assert isinstance(state, GatewayObject)
    assert ("done", "ins_5", Money(5000, "EUR")) == (state.status, state.instruction, state.amount)
    with pytest.raises(SignatureRefused, match="wrong_signature"):
        webhooks.read(body + b" ", headers, at=datetime.now(UTC))
    with pytest.raises(SignatureRefused, match="out_of_time"):
        webhooks.read(body, headers, at=datetime.now(UTC) + timedelta(minutes=6))
