"""Signature: the proof that Stripe sent these bytes, and sent them now.

Stripe signs `<t>.<body>` with the secret of the endpoint, HMAC-SHA256, and sends
`Stripe-Signature: t=<t>,v1=<hex>`, with one `v1` for each secret while a secret is rolled.
Stricter than Stripe's own verifier where that one lets something pass or raises something else:
see decision 27. (spec: gateways 1.1, reliability A11, G2)
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ledgerkit.ports.gateway import SignatureRefused
from ledgerkit.ports.secret import Secret

GATEWAY = "stripe"
_SECONDS = re.compile(r"[0-9]{1,11}")  # ASCII only; int() would take "1_700" and other digits
_HEX = re.compile(r"[0-9a-f]{64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_HEADER = 4096


def verify(
    body: bytes, header: str, secrets: Iterable[Secret], *, at: datetime, tolerance: timedelta
) -> datetime:
    """Return when Stripe signed *body*, if *header* proves it for one of *secrets* at *at*.

    Raises `SignatureRefused`: the header is missing or not well formed, no `v1` of it matches any
    secret, or it was made longer than *tolerance* before or after *at*.
    """
    seconds, signatures = _parts(header)
    signed = b"%s.%s" % (seconds.encode(), body)
    expected = [_hmac(secret, signed) for secret in secrets]
    if not any(hmac.compare_digest(own, their) for own in expected for their in signatures):
        raise SignatureRefused(GATEWAY, "wrong_signature")
    made = _EPOCH + timedelta(seconds=int(seconds))
    if abs(at - made) > tolerance:
        raise SignatureRefused(GATEWAY, "out_of_time")
    return made


def _parts(header: str) -> tuple[str, list[bytes]]:
    """Return the seconds of *header* as they are written, and its `v1` signatures."""
    if not header:
        raise SignatureRefused(GATEWAY, "no_signature")
    if len(header) > _LONGEST_HEADER:
        raise SignatureRefused(GATEWAY, "malformed_signature")
    pairs = [part.partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in pairs if name == "t"]
    signatures = [value for name, value in pairs if name == "v1"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        raise SignatureRefused(GATEWAY, "malformed_signature")
    if not signatures:
        raise SignatureRefused(GATEWAY, "no_signature")
    # A signature that is not lower-case hex cannot match; beside one that does, it does no harm.
    return times[0], [each.encode() for each in signatures if _HEX.fullmatch(each)]


def _hmac(secret: Secret, signed: bytes) -> bytes:
    return hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest().encode()
