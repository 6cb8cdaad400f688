from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
import requests
import stripe
import urllib3
from urllib3.connection import HTTPConnection

from ledgerkit.adapters.stripe import NotExpressible, StripeGateway
from ledgerkit.adapters.stripe.answers import HARD_DECLINES
from ledgerkit.domain.gateways import (
    AccountStatus,
    ChargeOrder,
    GatewayBalance,
    GatewayObject,
    Order,
    Outcome,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.gateway import CallFailed, ProbeFailed
from ledgerkit.ports.secret import Secret
from ledgerkit.testing.fakes.clock import FakeClock
from tests.adapters.stripe.recorder import (
    KEY,
    T0,
    Reply,
    error,
    gateway,
    intent,
    payout,
    refund,
    reversal,
    transfer,
)

AT = datetime.fromtimestamp(T0, UTC)


def euro(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


CHARGE = ChargeOrder(amount=euro(5000), customer="cus_1", method="pm_1")
REFUND = RefundOrder(amount=euro(2000), charge="pi_1")
TRANSFER = TransferOrder(amount=euro(3000), account="acct_1", source="ch_1")
REVERSAL = ReversalOrder(amount=euro(1000), transfer="tr_1")
PAYOUT = PayoutOrder(amount=euro(3000), account="acct_1", instant=True)
ORDERS = (CHARGE, REFUND, TRANSFER, REVERSAL, PAYOUT)
METADATA = {"metadata[ledgerkit_instruction]": "ins_1"}


def send(order: Order, *script: Reply | Exception) -> Outcome:
    """Return what becomes of *order*, answered by *script*."""
    return gateway(*script)[0].send(order, key="key_1", instruction="ins_1")


@pytest.mark.parametrize(
    ("order", "answer", "path", "form"),
    [
        (
            CHARGE,
            intent(),
            "/v1/payment_intents",
            {
                "amount": "5000",
                "currency": "eur",
                "customer": "cus_1",
                "payment_method": "pm_1",
                "confirm": "true",
                "off_session": "true",
                "automatic_payment_methods[enabled]": "true",
                "automatic_payment_methods[allow_redirects]": "never",
                "expand[0]": "latest_charge.balance_transaction",
            },
        ),
        (REFUND, refund(), "/v1/refunds", {"amount": "2000", "payment_intent": "pi_1"}),
        (
            attrs.evolve(REFUND, charge="ch_1"),
            refund(),
            "/v1/refunds",
            {"amount": "2000", "charge": "ch_1"},
        ),
        (
            TRANSFER,
            transfer(),
            "/v1/transfers",
            {
                "amount": "3000",
                "currency": "eur",
                "destination": "acct_1",
                "source_transaction": "ch_1",
            },
        ),
        (
            attrs.evolve(TRANSFER, source=""),
            transfer(),
            "/v1/transfers",
            {"amount": "3000", "currency": "eur", "destination": "acct_1"},
        ),
        (REVERSAL, reversal(), "/v1/transfers/tr_1/reversals", {"amount": "1000"}),
        (
            PAYOUT,
            payout(),
            "/v1/payouts",
            {
                "amount": "3000",
                "currency": "eur",
                "method": "instant",
                "expand[0]": "balance_transaction",
            },
        ),
        (
            attrs.evolve(PAYOUT, instant=False),
            payout(),
            "/v1/payouts",
            {
                "amount": "3000",
                "currency": "eur",
                "method": "standard",
                "expand[0]": "balance_transaction",
            },
        ),
    ],
)
def test_what_goes_out(order: Order, answer: Any, path: str, form: dict[str, str]) -> None:
    """One call each: path, form, our key, the instruction's id, the account of a payout."""
    stripe_gateway, recorder = gateway(Reply(body=answer))
    stripe_gateway.send(order, key="key_1", instruction="ins_1")
    (call,) = recorder.calls

    assert ("post", path, {**form, **METADATA}) == (call.method, call.path, dict(call.form))
    assert "key_1" == call.headers["Idempotency-Key"]
    assert f"Bearer {KEY}" == call.headers["Authorization"]
    account = "acct_1" if isinstance(order, PayoutOrder) else None
    assert account == call.headers.get("Stripe-Account")


FEE = {"id": "txn_9", "fee": 30, "currency": "eur"}


@pytest.mark.parametrize(
    ("order", "answer", "status", "seen"),
    [
        (CHARGE, intent(), "done", {"kind": "charge", "id": "pi_1", "fee": euro(175)}),
        (CHARGE, intent("processing"), "pending", {"status": "pending"}),
        (CHARGE, intent("requires_action"), "pending", {"status": "pending"}),
        (CHARGE, intent("canceled"), "refused", {"status": "failed"}),
        (CHARGE, intent(amount_received=4000), "done", {"amount": euro(4000)}),
        (CHARGE, intent(latest_charge="ch_1"), "done", {"fee": None}),
        (REFUND, refund(), "done", {"kind": "refund", "parent": "pi_1"}),
        (REFUND, refund("pending"), "pending", {"status": "pending"}),
        (REFUND, refund("failed", failure_reason="declined"), "refused", {"reason": "declined"}),
        (TRANSFER, transfer(), "done", {"kind": "transfer", "account": "acct_1"}),
        (REVERSAL, reversal(), "done", {"kind": "reversal", "parent": "tr_1"}),
        (REVERSAL, reversal(status="pending"), "pending", {"status": "pending"}),
        (REVERSAL, reversal(status="failed"), "refused", {"status": "failed"}),
        (PAYOUT, payout(), "pending", {"kind": "payout", "account": "acct_1", "fee": None}),
        (PAYOUT, payout(balance_transaction=FEE), "pending", {"fee": euro(30)}),
        (PAYOUT, payout("paid"), "done", {"status": "done"}),
    ],
)
def test_what_2xx_means(order: Order, answer: Any, status: str, seen: dict[str, Any]) -> None:
    """What was made comes with its state, its fee if told, and our instruction. (gateways 1.4)"""
    outcome = send(order, Reply(body=answer))

    assert isinstance(outcome.object, GatewayObject)
    assert (status, "ins_1") == (outcome.status, outcome.object.instruction)
    assert seen == {name: getattr(outcome.object, name) for name in seen}


def raised(cause: Exception) -> stripe.APIConnectionError:
    """Return the SDK's error for *cause*, as its own client raises it."""
    failed = stripe.APIConnectionError(f"c4nary {KEY}")  # type: ignore[no-untyped-call]  # the SDK's
    failed.__cause__ = cause
    return failed


REFUSED_CONNECTION = requests.exceptions.ConnectionError(
    urllib3.exceptions.MaxRetryError(
        urllib3.HTTPConnectionPool("localhost"),
        "/",
        urllib3.exceptions.NewConnectionError(HTTPConnection("h"), "refused"),
    )
)
TABLE: list[tuple[Reply | Exception, Outcome]] = [
    (raised(REFUSED_CONNECTION), Outcome(status="retryable", code="no_connection")),
    (
        raised(requests.exceptions.ConnectTimeout()),
        Outcome(status="retryable", code="no_connection"),
    ),
    (raised(requests.exceptions.ReadTimeout()), Outcome(status="unknown", code="timeout")),
    (
        raised(requests.exceptions.ConnectionError("Connection aborted.")),
        Outcome(status="unknown", code="timeout"),
    ),
    (
        error(429, code="rate_limit", message="Slow down"),
        Outcome(status="retryable", code="rate_limit", detail="Slow down (req_1)"),
    ),
    (
        error(429, code="lock_timeout", type="invalid_request_error"),
        Outcome(status="retryable", code="lock_timeout", detail="(req_1)"),
    ),
    (
        error(409, type="idempotency_error", code="idempotency_key_in_use"),
        Outcome(status="unknown", code="idempotency_key_in_use", detail="(req_1)"),
    ),
    *(
        (
            error(status, type="api_error"),
            Outcome(status="unknown", code="api_error", detail="(req_1)"),
        )
        for status in (500, 502, 503, 504)
    ),
    (
        error(500, {"Stripe-Should-Retry": "false"}, type="api_error"),
        Outcome(status="unknown", code="api_error", detail="(req_1)"),
    ),
    (
        Reply(502, "<html>c4nary"),
        Outcome(status="unknown", code="unreadable_answer", detail="status 502"),
    ),
    (
        Reply(200, "<html>c4nary"),
        Outcome(status="unknown", code="unreadable_answer", detail="status 200"),
    ),
    (
        Reply(200, {"id": "x", "object": "thing"}),
        Outcome(status="unknown", code="unreadable_answer"),
    ),
    (
        Reply(200, "[]"),
        Outcome(status="unknown", code="unreadable_answer", detail="AttributeError"),
    ),
    (
        error(400, type="invalid_request_error", code="parameter_missing", message="No amount"),
        Outcome(
            status="refused",
            code="parameter_missing",
            detail="No amount (req_1)",
            hard=True,
            attention=True,
        ),
    ),
    (
        error(404, type="invalid_request_error", code="resource_missing"),
        Outcome(
            status="refused", code="resource_missing", detail="(req_1)", hard=True, attention=True
        ),
    ),
    (
        error(403, type="invalid_request_error"),
        Outcome(
            status="refused",
            code="invalid_request_error",
            detail="(req_1)",
            hard=True,
            attention=True,
        ),
    ),
    (
        error(401, type="invalid_request_error", message=f"Invalid API Key provided: {KEY}"),
        Outcome(
            status="retryable",
            code="invalid_api_key",
            detail="Invalid API Key provided: *** (req_1)",
            halts=True,
        ),
    ),
    (
        error(400, type="idempotency_error", message="Keys can only be used once"),
        Outcome(
            status="refused",
            code="idempotency_error",
            detail="Keys can only be used once (req_1)",
            hard=True,
            attention=True,
        ),
    ),
    (
        error(400, {"stripe-should-retry": "true"}, type="invalid_request_error"),
        Outcome(status="unknown", code="invalid_request_error", detail="(req_1)"),
    ),
    (
        error(402, type="card_error", code="card_declined", decline_code="do_not_honor"),
        Outcome(status="refused", code="do_not_honor", detail="(req_1)"),
    ),
    (
        ValueError(f"c4nary {KEY}"),
        Outcome(status="unknown", code="unreadable_answer", detail="ValueError"),
    ),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.kind)
@pytest.mark.parametrize(("answer", "outcome"), TABLE)
def test_the_table_of_errors(order: Order, answer: Reply | Exception, outcome: Outcome) -> None:
    """Each answer has one class, whatever was ordered; nothing raises. (gateways 1.3)"""
    assert outcome == send(order, answer)


def test_declines_come_with_the_charge_that_failed() -> None:
    """A decline says which code, whether it is hard, and what it made at Stripe."""
    declined = {"code": "card_declined", "decline_code": "stolen_card"}
    made = intent("requires_payment_method", last_payment_error=declined)
    outcome = send(CHARGE, error(402, **declined, payment_intent=made))

    assert ("refused", "stolen_card", True) == (outcome.status, outcome.code, outcome.hard)
    assert isinstance(outcome.object, GatewayObject)
    assert ("pi_1", "failed", "stolen_card") == (
        outcome.object.id,
        outcome.object.status,
        outcome.object.reason,
    )


@pytest.mark.parametrize(
    ("said", "hard"),
    [
        *(({"decline_code": code}, True) for code in sorted(HARD_DECLINES)),
        ({"decline_code": "do_not_honor"}, False),
        ({"decline_code": "insufficient_funds"}, False),
        ({"decline_code": "do_not_honor", "advice_code": "do_not_try_again"}, True),
        ({"code": "expired_card"}, False),
    ],
)
def test_hard_declines(said: dict[str, str], hard: bool) -> None:
    """Where Stripe itself would not try the card again, neither do we."""
    assert hard == send(CHARGE, error(402, **said)).hard


@pytest.mark.parametrize("order", [TRANSFER, REVERSAL, PAYOUT], ids=lambda order: order.kind)
@pytest.mark.parametrize("code", ["balance_insufficient", "insufficient_funds"])
def test_a_balance_that_does_not_cover_it(order: Order, code: str) -> None:
    """The normal case of a clawback whose funds are gone: refused, and no bug. (gateways 0)"""
    expected = Outcome(status="refused", code="insufficient_funds", detail="Insufficient (req_1)")

    assert expected == send(order, error(400, code=code, message="Insufficient"))


def test_a_transfer_names_the_charge_behind_a_payment() -> None:
    """Stripe wants a charge as the source; ours is the payment intent, so that is asked first."""
    stripe_gateway, recorder = gateway(Reply(body=intent()), Reply(body=transfer()))
    order = attrs.evolve(TRANSFER, source="pi_1")

    assert "done" == stripe_gateway.send(order, key="key_1", instruction="ins_1").status
    asked, sent = recorder.calls
    assert ("get", "/v1/payment_intents/pi_1") == (asked.method, asked.path)
    assert "ch_1" == sent.form["source_transaction"]


def test_a_charge_without_a_method_takes_the_customers_default() -> None:
    """An order that names no method is charged by the customer's default one."""
    customer = {"id": "cus_1", "invoice_settings": {"default_payment_method": "pm_9"}}
    stripe_gateway, recorder = gateway(Reply(body=customer), Reply(body=intent()))
    order = attrs.evolve(CHARGE, method="")

    assert "done" == stripe_gateway.send(order, key="key_1", instruction="ins_1").status
    assert "pm_9" == recorder.calls[1].form["payment_method"]
    none = send(order, Reply(body={"id": "cus_1"}))
    assert ("refused", "no_payment_method", True) == (none.status, none.code, none.hard)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (raised(requests.exceptions.ReadTimeout()), ("retryable", "timeout")),
        (error(500, type="api_error"), ("retryable", "api_error")),
        (error(404, code="resource_missing"), ("refused", "resource_missing")),
        (Reply(body=intent(latest_charge=None)), ("refused", "source_not_paid")),
    ],
)
def test_what_fails_before_the_order_went_out(
    answer: Reply | Exception, expected: tuple[str, str]
) -> None:
    """A question that was not answered moved nothing, so it is asked again."""
    outcome = send(attrs.evolve(TRANSFER, source="pi_1"), answer)

    assert expected == (outcome.status, outcome.code)


def test_amounts_that_stripe_would_misread_are_not_sent() -> None:
    """Half an ariary is refused here, with attention, and no call is made."""
    stripe_gateway, recorder = gateway()
    order = attrs.evolve(CHARGE, amount=Money(750, "MGA"))
    outcome = stripe_gateway.send(order, key="key_1", instruction="ins_1")

    assert ("refused", "not_expressible", True) == (outcome.status, outcome.code, outcome.attention)
    assert [] == recorder.calls


def test_no_warning_of_the_sdk_hides_an_effect() -> None:
    """A notice that becomes an error, as warnings may, leaves the outcome unknown, not lost."""
    outcome = send(TRANSFER, Reply(body=transfer(), headers={"Stripe-Notice": "old version"}))

    assert ("unknown", "UserWarning") == (outcome.status, outcome.detail)


# ---- balance, accounts, checkout, probe --------------------------------------------------------
def amount(minor: int, currency: str = "eur") -> dict[str, object]:
    """Return a line of a balance."""
    return {"amount": minor, "currency": currency}


def test_balance() -> None:
    """Available, and pending with what is held back for connected accounts, one a currency."""
    raw = {
        "object": "balance",
        "available": [amount(100), amount(-20), amount(7, "usd")],
        "pending": [amount(50)],
        "connect_reserved": [amount(5)],
    }
    recorder = gateway(Reply(body=raw))[1]
    clock = FakeClock()
    held = StripeGateway(Secret(KEY), http_client=recorder, clock=clock).balance()

    assert held == GatewayBalance(
        available=(euro(80), Money(7, "USD")), pending=(euro(55),), at=clock.now()
    )
    assert euro(135) == held.total("EUR")


def test_balance_is_told_the_time_by_the_machine() -> None:
    """Without a clock it is the machine's."""
    before = datetime.now(UTC)
    held = gateway(Reply(body={"available": [], "pending": []}))[0].balance()

    assert timedelta() <= held.at - before < timedelta(minutes=1)


def test_open_account() -> None:
    """An Express account that may receive transfers, found again by our supplier's id."""
    stripe_gateway, recorder = gateway(Reply(body={"id": "acct_1"}))
    opened = stripe_gateway.open_account(
        supplier="sup-1", email="ann@example.com", country="US", key="key_1"
    )

    assert "acct_1" == opened
    assert {
        "type": "express",
        "country": "US",
        "email": "ann@example.com",
        "capabilities[transfers][requested]": "true",
        "metadata[ledgerkit_supplier]": "sup-1",
    } == recorder.calls[0].form
    assert "key_1" == recorder.calls[0].headers["Idempotency-Key"]


def test_links_and_status_of_an_account() -> None:
    """Onboarding, dashboard and status are three calls about one account."""
    raw = {
        "id": "acct_1",
        "details_submitted": True,
        "charges_enabled": True,
        "payouts_enabled": False,
    }
    stripe_gateway, recorder = gateway(
        Reply(body={"url": "https://connect.stripe.com/setup"}),
        Reply(body={"url": "https://connect.stripe.com/express"}),
        Reply(body=raw),
    )
    setup = stripe_gateway.onboarding_link(
        "acct_1", refresh_url="https://a", return_url="https://b"
    )

    assert "https://connect.stripe.com/setup" == setup
    assert "https://connect.stripe.com/express" == stripe_gateway.dashboard_link("acct_1")
    assert AccountStatus(
        account="acct_1", details_submitted=True, charges_enabled=True, payouts_enabled=False
    ) == stripe_gateway.account_status("acct_1")
    assert ["/v1/account_links", "/v1/accounts/acct_1/login_links", "/v1/accounts/acct_1"] == [
        call.path for call in recorder.calls
    ]
    assert "account_onboarding" == recorder.calls[0].form["type"]


def test_checkout_has_a_line_per_missed_cycle() -> None:
    """Each missed cycle is a line; the payment carries what it is for. (seed: academy)"""
    stripe_gateway, recorder = gateway(Reply(body={"id": "cs_1", "url": "https://checkout"}))
    url = stripe_gateway.checkout(
        customer="cus_1",
        lines=(("January", euro(5000)), ("February", euro(5000)), ("March", euro(5000))),
        metadata={"ledgerkit_enrolment": "enr_1"},
        success_url="https://a",
        cancel_url="https://b",
        key="key_1",
    )
    form = recorder.calls[0].form

    assert "https://checkout" == url
    assert [("January", "5000"), ("February", "5000"), ("March", "5000")] == [
        (
            form[f"line_items[{n}][price_data][product_data][name]"],
            form[f"line_items[{n}][price_data][unit_amount]"],
        )
        for n in range(3)
    ]
    assert ("payment", "cus_1", "enr_1", "enr_1") == (
        form["mode"],
        form["customer"],
        form["metadata[ledgerkit_enrolment]"],
        form["payment_intent_data[metadata][ledgerkit_enrolment]"],
    )


@pytest.mark.parametrize(
    ("lines", "metadata", "refused"),
    [
        ((), {}, ValueError),
        ((("a", euro(1)), ("b", Money(1, "USD"))), {}, ValueError),
        ((("a", euro(-1)),), {}, ValueError),
        ((("", euro(1)),), {}, ValueError),
        ((("a", Money(750, "MGA")),), {}, NotExpressible),
        ((("a", euro(1)),), {"n" * 41: "x"}, ValueError),
        ((("a", euro(1)),), {"n": "x" * 501}, ValueError),
        ((("a", euro(1)),), {f"n{i}": "" for i in range(51)}, ValueError),
    ],
)
def test_checkouts_that_stripe_would_refuse(
    lines: Any, metadata: dict[str, str], refused: type[Exception]
) -> None:
    """Lines and metadata are checked before anything is sent."""
    stripe_gateway, recorder = gateway()
    with pytest.raises(refused):
        stripe_gateway.checkout(
            customer="cus_1",
            lines=lines,
            metadata=metadata,
            success_url="https://a",
            cancel_url="https://b",
            key="key_1",
        )

    assert [] == recorder.calls


def test_customers_and_saved_methods() -> None:
    """A customer is opened once per key, and saves a card on a page of Stripe's."""
    stripe_gateway, recorder = gateway(
        Reply(body={"id": "cus_1"}), Reply(body={"url": "https://save"})
    )
    urls = {"success_url": "https://a", "cancel_url": "https://b"}

    assert "cus_1" == stripe_gateway.open_customer(
        customer="c-1", name="Ann", email="ann@example.com", key="key_1"
    )
    assert "https://save" == stripe_gateway.save_method(customer="cus_1", key="key_2", **urls)
    opened, saved = recorder.calls
    assert "c-1" == opened.form["metadata[ledgerkit_customer]"]
    assert ("setup", "cus_1") == (saved.form["mode"], saved.form["customer"])
    assert ["key_1", "key_2"] == [call.headers["Idempotency-Key"] for call in recorder.calls]


@pytest.mark.parametrize(("live", "mode"), [(True, "live"), (False, "test")])
def test_probe(live: bool, mode: str) -> None:
    """The probe asks for the balance, charges nobody, and shows mode and masked key. (seed 004)"""
    stripe_gateway, recorder = gateway(Reply(body={"object": "balance", "livemode": live}))

    assert f"Stripe answers in {mode} mode to the key sk_test_...7f3a" == stripe_gateway.probe()
    assert [("get", "/v1/balance")] == [(call.method, call.path) for call in recorder.calls]


def test_probe_fails_with_the_masked_key() -> None:
    """A wrong key is told, and not shown."""
    said = error(401, type="invalid_request_error", message=f"Invalid API Key provided: {KEY}")
    with pytest.raises(
        ProbeFailed, match=r"invalid_api_key with the key sk_test_\.\.\.7f3a"
    ) as bad:
        gateway(said)[0].probe()

    assert KEY not in str(bad.value)


ASKS: dict[str, Callable[[StripeGateway], object]] = {
    "balance": lambda each: each.balance(),
    "objects": lambda each: each.objects(since=AT),
    "account": lambda each: each.account_status("acct_1"),
    "dashboard_link": lambda each: each.dashboard_link("acct_1"),
    "open_customer": lambda each: each.open_customer(customer="c", name="n", email="e", key="k"),
}


@pytest.mark.parametrize("what", ASKS)
@pytest.mark.parametrize("answer", [error(500, type="api_error"), Reply(body={"id": 5})])
def test_what_is_not_answered_is_one_error(what: str, answer: Reply) -> None:
    """A question that fails says what was asked and why."""
    with pytest.raises(CallFailed) as failed:
        ASKS[what](gateway(answer)[0])

    assert ("stripe", what, "unknown") == (
        failed.value.gateway,
        failed.value.asked,
        failed.value.status,
    )


def trace_of(ask: Callable[[StripeGateway], object], asked: StripeGateway) -> str:
    """Return the traceback of *ask*, with the local variables of every frame."""
    try:
        ask(asked)
    except CallFailed as failed:
        assert failed.__cause__ is failed.__context__ is None
        return "".join(
            traceback.TracebackException.from_exception(failed, capture_locals=True).format()
        )
    return ""


def test_secrets_never_show(caplog: pytest.LogCaptureFixture) -> None:
    """Not in a log, a repr, an outcome or a traceback with locals, whatever goes wrong. (G1)"""
    caplog.set_level(logging.DEBUG)
    outcomes = [repr(send(order, answer)) for order in ORDERS for answer, _ in TABLE]
    traces = [trace_of(ask, gateway(answer)[0]) for ask in ASKS.values() for answer, _ in TABLE]
    logged = [record.getMessage() for record in caplog.records]

    assert any("CallFailed" in trace for trace in traces)
    assert [] == [each for each in (*outcomes, *traces) if "c4nary" in each]
    # What the SDK logs at DEBUG is the body as it came, so a key that Stripe repeats shows there.
    assert [] == [each for each in logged if f"Bearer {KEY}" in each]
    assert "c4nary" not in repr(gateway()[0])


def test_keys_are_secrets() -> None:
    """A key as plain text is refused without being shown."""
    with pytest.raises(TypeError, match="handed over as Secret"):
        StripeGateway(KEY)  # type: ignore[arg-type]  # what is refused


def test_a_server_that_is_not_there() -> None:
    """With the SDK's own client: nobody listens, so nothing happened."""
    nobody = StripeGateway(Secret(KEY), base_addresses={"api": "http://127.0.0.1:9"})

    assert Outcome(status="retryable", code="no_connection") == nobody.send(
        CHARGE, key="key_1", instruction="ins_1"
    )
