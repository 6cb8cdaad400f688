from __future__ import annotations

import hashlib
import hmac
import json
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.stripe import StripeWebhooks
from ledgerkit.adapters.stripe.events import READERS
from ledgerkit.adapters.stripe.payloads import LARGEST, parse, redacted
from ledgerkit.domain import bank_payouts
from ledgerkit.domain.gateways import AccountStatus, GatewayObject, Movement, SavedMethod
from ledgerkit.domain.money import Money
from ledgerkit.ports.gateway import SignatureRefused, Webhooks
from ledgerkit.ports.secret import Secret
from tests.adapters.stripe.recorder import T0, dispute, intent, payout, refund, reversal, transfer

AT = datetime.fromtimestamp(T0, UTC)
SECRET = "whsec_test_secret"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def euro(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def webhooks(**options: Any) -> Webhooks:
    """Return what reads the webhooks of a test endpoint."""
    chosen: dict[str, Any] = {"live": False, **options}
    return StripeWebhooks(Secret(SECRET), **chosen)


def signed(body: bytes, name: str = "Stripe-Signature") -> dict[str, str]:
    """Return the headers that Stripe would send with *body*."""
    proof = hmac.new(SECRET.encode(), b"%d.%s" % (T0, body), hashlib.sha256).hexdigest()
    return {name: f"t={T0},v1={proof}"}


def event(type: str, about: Any, **more: Any) -> dict[str, Any]:
    """Return an event about *about*."""
    return {
        "id": "evt_1",
        "object": "event",
        "type": type,
        "created": T0,
        "livemode": False,
        "data": {"object": about},
        **more,
    }


def read(type: str, about: Any, **more: Any) -> Any:
    """Return what an event of *type* tells."""
    body = json.dumps(event(type, about, **more)).encode()
    return webhooks().read(body, signed(body), at=AT)


def refusal(body: bytes, headers: dict[str, str] | None = None, **options: Any) -> str:
    """Return why *body* is refused, or "" if it is not."""
    try:
        webhooks(**options).read(body, signed(body) if headers is None else headers, at=AT)
    except SignatureRefused as refused:
        return refused.reason
    return ""


CHARGE = GatewayObject(
    kind="charge",
    id="pi_1",
    status="done",
    amount=euro(5000),
    created=AT,
    fee=euro(175),
    instruction="ins_1",
    metadata=(("ledgerkit_instruction", "ins_1"),),
)
REFUND = attrs.evolve(CHARGE, kind="refund", id="re_1", amount=euro(2000), fee=None, parent="pi_1")
TRANSFER = attrs.evolve(
    CHARGE, kind="transfer", id="tr_1", amount=euro(3000), fee=None, account="acct_1"
)
REVERSAL = attrs.evolve(
    TRANSFER,
    kind="reversal",
    id="trr_1",
    amount=euro(1000),
    created=AT + timedelta(minutes=1),
    parent="tr_1",
)
PAYOUT = attrs.evolve(TRANSFER, kind="payout", id="po_1", status="pending")
WITHDRAWN = Movement(id="txn_2", amount=euro(-5000), fee=euro(1500), at=AT)
DISPUTE = GatewayObject(
    kind="dispute",
    id="dp_1",
    status="open",
    amount=euro(5000),
    created=AT,
    parent="pi_1",
    reason="fraudulent",
    movements=(WITHDRAWN,),
)
GIVEN_BACK = {"id": "txn_3", "amount": 5000, "fee": 0, "currency": "eur", "created": T0 + 9}
WON = attrs.evolve(
    DISPUTE,
    status="won",
    movements=(
        WITHDRAWN,
        Movement(id="txn_3", amount=euro(5000), fee=euro(0), at=AT + timedelta(seconds=9)),
    ),
)
DECLINED = {"code": "card_declined", "decline_code": "stolen_card"}
FAILED = attrs.evolve(CHARGE, status="failed", reason="stolen_card")
SESSION = {
    "id": "cs_1",
    "object": "checkout.session",
    "mode": "payment",
    "payment_status": "paid",
    "payment_intent": "pi_1",
    "amount_total": 15000,
    "currency": "eur",
    "created": T0,
    "metadata": {"ledgerkit_enrolment": "enr_1"},
}
PAID = GatewayObject(
    kind="charge",
    id="pi_1",
    status="done",
    amount=euro(15000),
    created=AT,
    metadata=(("ledgerkit_enrolment", "enr_1"),),
)
INVOICE = {
    "id": "in_1",
    "object": "invoice",
    "amount_paid": 15000,
    "amount_due": 15000,
    "currency": "eur",
    "created": T0,
    "metadata": {"ledgerkit_enrolment": "enr_1"},
    "payments": {"data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_1"}}]},
}
CARD = {
    "id": "pm_1",
    "customer": "cus_1",
    "type": "card",
    "card": {"brand": "visa", "last4": "4242"},
}


@pytest.mark.parametrize(
    ("type", "about", "told"),
    [
        ("payment_intent.succeeded", intent(), (CHARGE,)),
        (
            "payment_intent.payment_failed",
            intent("requires_payment_method", last_payment_error=DECLINED),
            (FAILED,),
        ),
        (
            "payment_intent.processing",
            intent("processing"),
            (attrs.evolve(CHARGE, status="pending"),),
        ),
        ("payment_intent.canceled", intent("canceled"), (attrs.evolve(CHARGE, status="failed"),)),
        ("charge.refunded", {"id": "ch_1", "refunds": {"data": [refund()]}}, (REFUND,)),
        ("charge.refunded", {"id": "ch_1"}, ()),  # newer versions of the API show no refunds
        ("charge.refund.updated", refund(), (REFUND,)),
        ("refund.created", refund("pending"), (attrs.evolve(REFUND, status="pending"),)),
        ("refund.updated", refund(payment_intent=None), (attrs.evolve(REFUND, parent="ch_1"),)),
        (
            "refund.failed",
            refund("failed", failure_reason="lost_or_stolen_card"),
            (attrs.evolve(REFUND, status="failed", reason="lost_or_stolen_card"),),
        ),
        (
            "charge.dispute.created",
            dispute(balance_transactions=[]),
            (attrs.evolve(DISPUTE, movements=()),),
        ),
        ("charge.dispute.updated", dispute("under_review"), (DISPUTE,)),
        ("charge.dispute.funds_withdrawn", dispute(), (DISPUTE,)),
        (
            "charge.dispute.funds_reinstated",
            dispute("won", balance_transactions=[*dispute()["balance_transactions"], GIVEN_BACK]),
            (WON,),
        ),
        ("charge.dispute.closed", dispute("lost"), (attrs.evolve(DISPUTE, status="lost"),)),
        ("transfer.created", transfer(), (TRANSFER,)),
        ("transfer.updated", transfer(), (TRANSFER,)),
        ("transfer.reversed", transfer(reversals={"data": [reversal()]}), (TRANSFER, REVERSAL)),
        (
            "transfer.reversed",
            transfer(reversals={"data": [reversal(status="pending")]}),
            (TRANSFER, attrs.evolve(REVERSAL, status="pending")),
        ),
        ("checkout.session.completed", SESSION, (PAID,)),
        (
            "checkout.session.completed",
            {**SESSION, "payment_status": "unpaid"},
            (attrs.evolve(PAID, status="pending"),),
        ),
        ("checkout.session.completed", {**SESSION, "mode": "setup", "payment_intent": None}, ()),
        ("checkout.session.async_payment_succeeded", SESSION, (PAID,)),
        (
            "checkout.session.async_payment_failed",
            {**SESSION, "payment_status": "unpaid"},
            (attrs.evolve(PAID, status="failed"),),
        ),
        (
            "payment_method.attached",
            CARD,
            (SavedMethod(customer="cus_1", method="pm_1", label="visa 4242"),),
        ),
        (
            "payment_method.attached",
            {"id": "pm_2", "customer": "cus_1", "type": "link", "link": {}},
            (SavedMethod(customer="cus_1", method="pm_2", label="link"),),
        ),
        (
            "setup_intent.succeeded",
            {"id": "seti_1", "customer": "cus_1", "payment_method": "pm_1"},
            (SavedMethod(customer="cus_1", method="pm_1"),),
        ),
        ("invoice.payment_succeeded", INVOICE, (PAID,)),
        ("invoice.paid", {**INVOICE, "payment_intent": "pi_1", "payments": None}, (PAID,)),
        ("invoice.payment_failed", INVOICE, (attrs.evolve(PAID, status="failed"),)),
        ("invoice.payment_succeeded", {**INVOICE, "metadata": {}}, ()),  # not of ours: kept
        ("invoice.created", INVOICE, ()),
        ("customer.subscription.updated", {"id": "sub_1"}, ()),
        ("transfer.paid", transfer(), ()),  # not sent any more: kept if an old endpoint gets one
        ("transfer.failed", transfer(), ()),
    ],
)
def test_what_an_event_tells(type: str, about: Any, told: tuple[Any, ...]) -> None:
    """Every event that the seeds name is told as the state of an object. (gateways 0, 1.4)"""
    assert told == read(type, about).told


@pytest.mark.parametrize(
    ("type", "status", "expected"),
    [
        ("payout.created", "pending", "pending"),
        ("payout.updated", "in_transit", "pending"),
        ("payout.paid", "paid", "done"),
        ("payout.failed", "failed", "failed"),  # also after it was paid
        ("payout.canceled", "canceled", "failed"),
    ],
)
def test_payouts_of_connected_accounts(type: str, status: str, expected: str) -> None:
    """A payout is of the account that the event names; without one, of the platform."""
    theirs, ours = (read(type, payout(status), **more) for more in ({"account": "acct_1"}, {}))
    told = attrs.evolve(PAYOUT, status=expected, metadata=(*PAYOUT.metadata, ("status", status)))

    assert (told,) == theirs.told
    assert (attrs.evolve(told, account=""),) == ours.told
    assert ("acct_1", "") == (theirs.account, ours.account)


def test_what_happens_on_a_connected_account_is_not_on_our_balance() -> None:
    """A charge that a connected account takes by itself is kept, and books nothing."""
    for type, about in (
        ("payment_intent.succeeded", intent()),
        ("charge.refunded", {"refunds": {"data": [refund()]}}),
        ("transfer.created", transfer()),
        ("checkout.session.completed", SESSION),
        ("invoice.paid", INVOICE),
    ):
        assert () == read(type, about, account="acct_1").told


def test_account_updated() -> None:
    """What is due and why an account is disabled decide whether it is paid. (gateways 1.4)"""
    raw = {
        "id": "acct_1",
        "details_submitted": True,
        "charges_enabled": True,
        "payouts_enabled": True,
        "requirements": {"currently_due": ["individual.id_number"], "disabled_reason": "listed"},
    }
    (status,) = read("account.updated", raw, account="acct_1").told

    assert status == AccountStatus(
        account="acct_1",
        details_submitted=True,
        charges_enabled=True,
        payouts_enabled=True,
        currently_due=("individual.id_number",),
        disabled_reason="listed",
    )
    assert not status.may_be_paid


def test_a_fee_that_is_given_back_is_below_zero() -> None:
    """As some countries' card networks have it when a dispute is won."""
    given = {"id": "txn_2", "amount": 5000, "fee": -1500, "currency": "eur", "created": T0}
    (told,) = read("charge.dispute.funds_reinstated", dispute(balance_transactions=[given])).told

    assert (Movement(id="txn_2", amount=euro(5000), fee=euro(-1500), at=AT),) == told.movements


@pytest.mark.parametrize(
    ("type", "status", "expected"),
    [
        ("payout.created", "pending", "pending"),
        ("payout.updated", "in_transit", "in_transit"),
        ("payout.paid", "paid", "paid"),
        ("payout.failed", "failed", "failed"),
        ("payout.canceled", "canceled", "canceled"),
    ],
)
def test_bank_payouts_follow_stripe_word_for_word(type: str, status: str, expected: str) -> None:
    """On its way and canceled, too, whatever somebody else attached as a status."""
    raw = payout(status, metadata={"status": "canceled"})
    (told,) = read(type, raw, account="acct_1").told

    assert expected == bank_payouts.settle(None, told, gateway="stripe", at=AT).payout.status


@pytest.mark.parametrize("type", sorted(READERS))
@pytest.mark.parametrize(
    "about",
    [{}, {"id": "x", "status": "frozen_by_moon", "amount": 1.5}, None, [], "text"],
    ids=repr,
)
def test_what_cannot_be_read_is_kept(type: str, about: Any) -> None:
    """A missing field, a new status or another shape tells nothing and fails nothing. (A19)"""
    notification = read(type, about)

    assert ("evt_1", type, ()) == (notification.id, notification.type, notification.told)


@pytest.mark.parametrize("amount", [True, "5000", 5000.0, None, -5, 0])
def test_amounts_are_whole_numbers_above_zero(amount: object) -> None:
    """True is no 1, and a float no amount: the event is kept and books nothing. (F1)"""
    assert () == read("payment_intent.succeeded", intent(amount=amount, amount_received=None)).told


def test_events_without_a_time_of_their_own() -> None:
    """Newer kinds of events tell their time as text; the signature's is taken."""
    assert AT == read("v1.billing.meter.no_meter_found", {}, created="2023-11-14T22:13:20Z").created


@pytest.mark.parametrize(
    ("more", "options", "expected"),
    [
        ({"livemode": True}, {}, "other_mode"),
        ({"livemode": None}, {}, "other_mode"),
        ({}, {"live": True}, "other_mode"),
        ({"livemode": True}, {"live": True}, ""),
        ({"account": "acct_9"}, {}, ""),
        ({"account": "acct_9"}, {"accounts": {"acct_1"}}, "other_account"),
        ({"account": "acct_1"}, {"accounts": {"acct_1"}}, ""),
        ({"account": "acct_us"}, {"accounts": (), "account": "acct_us"}, ""),
        ({"account": 5}, {}, "unreadable"),
        ({"id": None}, {}, "unreadable"),
        ({"type": ""}, {}, "unreadable"),
    ],
)
def test_mode_and_account(more: Any, options: Any, expected: str) -> None:
    """A test event never reaches live books, nor one of a stranger's account. (A13)"""
    assert expected == refusal(json.dumps({**event("x.y", {}), **more}).encode(), **options)


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "evt_1", "a": NaN}',
        b'{"a": -Infinity}',
        b'{"id": "evt_1", "id": "evt_2"}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 70 + b"1" + b"}" * 70,
        b"[]",
        b'"text"',
        b"",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"a": 1} ',
        b'{"a": 1',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_hostile_json_is_refused(body: bytes) -> None:
    """Signed or not, what is no sane JSON object is refused at once. (F1)"""
    expected = "other_mode" if body == b'{"a": 1} ' else "unreadable"

    assert expected == refusal(body)


def test_large_bodies_are_refused_before_anything_is_read() -> None:
    """256 KiB are read, and not a byte more. (F1)"""
    fits = (
        json.dumps(event("x.y", {"note": ""}))
        .encode()
        .replace(b'"note": ""', b'"note": "' + b"a" * 10 + b'"')
    )
    fits = fits.replace(b"a" * 10, b"a" * (10 + LARGEST - len(fits)))

    assert LARGEST == len(fits)
    assert "" == refusal(fits)
    assert "too_large" == refusal(fits + b" ")


def test_figures_with_a_point_do_not_become_floats() -> None:
    """A rate comes as its text, and so does a lone half of a surrogate pair as its escape."""
    found = parse(b'{"rate": 0.1, "big": 1e2, "half": "\\ud800"}')

    assert {"rate": "0.1", "big": "1e2", "half": "\ud800"} == found
    assert r'{"big":"1e2","half":"\ud800","rate":"0.1"}' == redacted(found)


def test_headers_are_found_whatever_their_case() -> None:
    """Servers write them in any case; without one, or with two, nothing is believed."""
    body = json.dumps(event("x.y", {})).encode()

    assert "" == refusal(body, signed(body, "STRIPE-SIGNATURE"))
    assert "no_signature" == refusal(body, {})
    assert "no_signature" == refusal(body, {**signed(body), **signed(body, "stripe-signature")})


def test_only_bytes_are_verified() -> None:
    """A body that somebody decoded or parsed already is a bug of the host."""
    with pytest.raises(TypeError, match="raw bytes"):
        webhooks().read("{}", {}, at=AT)  # type: ignore[arg-type]  # what is refused


def test_webhooks_need_a_secret() -> None:
    """Without a secret, with plain text or without tolerance there is nothing to verify by."""
    with pytest.raises(ValueError, match="signing secret"):
        StripeWebhooks(live=True)
    with pytest.raises(TypeError, match="Secret"):
        StripeWebhooks("whsec_1", live=True)  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ValueError, match="tolerance"):
        webhooks(tolerance=timedelta())
    assert "whsec" not in repr(webhooks())


def test_what_is_kept_holds_no_secret_and_names_nobody() -> None:
    """Keys, tokens, card numbers, addresses, names, emails and links are masked."""
    body = {
        "client_secret": "pi_1_secret_c4nary",
        "card": {"number": "4242 4242 4242 4242", "last4": "4242", "brand": "visa"},
        "billing_details": {"name": "c4nary", "email": "c4nary@example.com", "phone": "c4nary"},
        "address": {"line1": "c4nary"},
        "receipt_url": "https://pay.stripe.com/c4nary",
        "description": "for c4nary@example.com, card 4242424242424242, key sk_live_c4nary",
        "metadata": {"order": "4711", "access_token": "c4nary"},
        "amount": 5000,
    }
    text = read("x.y", body).text

    assert "c4nary" not in text
    assert "4242424242424242" not in text
    kept = json.loads(text)["data"]["object"]
    assert (5000, "4711", "4242") == (
        kept["amount"],
        kept["metadata"]["order"],
        kept["card"]["last4"],
    )
    assert "for ***, card ***, key ***" == kept["description"]


def test_a_refusal_of_a_signed_message_holds_nothing_of_it() -> None:
    """Not even an error behind the error quotes the payload."""
    body = json.dumps(event("x.y", {"note": "c4" + "nary"}, id=["c4" + "nary"])).encode()
    with pytest.raises(SignatureRefused, match="unreadable") as refused:
        webhooks().read(body, signed(body), at=AT)

    assert "c4nary" not in "".join(traceback.format_exception(refused.value))
    assert refused.value.__context__ is None


@given(JSON)
def test_any_signed_json_is_kept_or_refused(value: Any) -> None:
    """Whatever Stripe may send one day, nothing but a refusal comes out. (A19, FUZZ)"""
    body = json.dumps(value).encode()
    assert refusal(body) in ("unreadable", "other_mode", "")


@given(st.sampled_from(sorted(READERS)), JSON)
def test_any_object_of_a_known_event_is_read_or_kept(type: str, value: Any) -> None:
    """A known event about anything at all is kept, or refused as no JSON."""
    assert refusal(json.dumps(event(type, value)).encode()) in ("unreadable", "")
