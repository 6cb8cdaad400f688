from __future__ import annotations

import hashlib
import hmac
import traceback
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.stripe.signatures import verify
from ledgerkit.ports.gateway import SignatureRefused
from ledgerkit.ports.secret import Secret

SECRET = "whsec_test_secret"
T = 1_700_000_000
AT = datetime.fromtimestamp(T, UTC)
BODY = b"""{
  "id": "evt_test_webhook",
  "object": "event",
  "data": { "object": { "id": "rdr_123", "object": "terminal.reader" } }
}"""
# Agreed by hmac, openssl and stripe-python. (spec: gateways 1.6)
VECTOR = "3bfab77baf5f7b6991a46c9b53b6547d7afc56148b10468fcad9f35c1992ffbd"
GOOD = f"t={T},v1={VECTOR}"
MINUTES = timedelta(minutes=5)


def sign(seconds: str, body: bytes = BODY, secret: str = SECRET) -> str:
    """Return the signature of *body* at *seconds*."""
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


def reason(
    header: str, body: bytes = BODY, *, at: datetime = AT, secrets: tuple[str, ...] = (SECRET,)
) -> str:
    """Return why *header* is refused, or "" if it is not."""
    try:
        verify(body, header, [Secret(each) for each in secrets], at=at, tolerance=MINUTES)
    except SignatureRefused as refused:
        return refused.reason
    return ""


def test_the_fixed_vector() -> None:
    """The vector of the specification is believed, and says when it was signed."""
    secrets = [Secret(SECRET)]

    assert AT == verify(BODY, GOOD, secrets, at=AT, tolerance=MINUTES)
    assert VECTOR == sign(str(T))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"t={T},v1=bad,v1={VECTOR}", ""),  # any v1 that matches is enough
        (f"t={T},v1={VECTOR},v1=bad", ""),
        (f"t={T},v0={VECTOR}", "no_signature"),  # only v1 counts
        (f"t={T},v0=00,v1={VECTOR},v2=x", ""),
        (f"t={T},v1={'0' * 64}", "wrong_signature"),
        ("", "no_signature"),
        ("i'm not even a real signature header", "malformed_signature"),
        (f"v1={VECTOR}", "malformed_signature"),
        (f"t={T}", "no_signature"),
        (f"t=,v1={VECTOR}", "malformed_signature"),
        (f"t={T},v1={VECTOR}{',v1=' * 2000}", "malformed_signature"),
    ],
)
def test_headers_as_stripe_tests_them(header: str, expected: str) -> None:
    """What Stripe's own tests assert holds here. (spec: gateways 1.6)"""
    assert expected == reason(header)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"t=1_700000000,v1={sign('1_700000000')}", "malformed_signature"),
        (f"t=+{T},v1={VECTOR}", "malformed_signature"),
        (f"t= {T},v1={VECTOR}", "malformed_signature"),
        (f"t=１７００００００００,v1={VECTOR}", "malformed_signature"),
        (f"t={T},t={T + 1},v1={VECTOR}", "malformed_signature"),  # Stripe's takes the first
        (f"t={T}, v1={VECTOR}", "no_signature"),
        (f"t={T},v1={VECTOR.upper()}", "wrong_signature"),
        (f"t={T},v1={VECTOR}é", "wrong_signature"),  # Stripe's raises TypeError
        (f"t={T},v1={'é' * 64}", "wrong_signature"),
    ],
)
def test_where_we_differ_from_stripes_verifier(header: str, expected: str) -> None:
    """Each behaviour that a verifier of one's own must decide on. (spec: gateways 1.1)"""
    assert expected == reason(header)


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (timedelta(seconds=300), ""),
        (timedelta(seconds=301), "out_of_time"),
        (timedelta(seconds=-300), ""),
        (timedelta(seconds=-301), "out_of_time"),  # Stripe's takes what is ten years ahead
        (timedelta(days=-3650), "out_of_time"),
    ],
)
def test_tolerance_holds_both_ways(late: timedelta, expected: str) -> None:
    """A message of long ago is a replay; one from the future is no better. (reliability A11)"""
    assert expected == reason(GOOD, at=AT + late)


def test_bodies_need_not_be_text() -> None:
    """The bytes are verified whatever they are; Stripe's verifier fails at the encoding."""
    body = b"\xff\xfe"

    assert "" == reason(f"t={T},v1={sign(str(T), body)}", body)


def test_both_secrets_count_while_one_is_rolled() -> None:
    """A signature by either of two secrets is enough, and none by a third."""
    header = f"t={T},v1={sign(str(T), secret='whsec_new')}"

    assert "" == reason(header, secrets=(SECRET, "whsec_new"))
    assert "wrong_signature" == reason(header, secrets=(SECRET, "whsec_other"))


@given(st.text(min_size=1).filter(lambda text: "\r" not in text), st.integers(0, 300))
def test_we_agree_with_stripes_verifier(body: str, age: int) -> None:
    """What Stripe's SDK signs is believed, and what it refuses is refused."""
    payload = body.encode("utf-8", "ignore").decode()
    header = stripe.WebhookSignature.generate_signature_header(payload, SECRET, T)
    stripe.WebhookSignature.verify_header(payload, header, SECRET)
    signed = payload.encode()

    assert "" == reason(header, signed, at=AT + timedelta(seconds=age))
    assert "wrong_signature" == reason(header, signed + b" ")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(payload + " ", header, SECRET)


@given(st.text(), st.binary())
def test_nothing_else_is_ever_raised(header: str, body: bytes) -> None:
    """Whatever comes in, it is refused by one error, which holds nothing of it."""
    assert reason(header, body) in ("no_signature", "malformed_signature", "wrong_signature")


def test_the_refusal_holds_nothing_of_the_message() -> None:
    """Neither the payload nor the secret shows in the error or its traceback."""
    body, other = b'{"canary": "%s"}' % ("c4" + "nary").encode(), Secret("whsec_" + "s3" + "cret")
    with pytest.raises(SignatureRefused, match="wrong_signature") as refused:
        verify(body, GOOD, [other], at=AT, tolerance=MINUTES)
    shown = "".join(traceback.format_exception(refused.value)) + repr(refused.value.args)

    assert "c4nary" not in shown
    assert "s3cret" not in shown
