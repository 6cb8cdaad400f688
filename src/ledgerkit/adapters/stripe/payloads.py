"""Payload: the body of a message, read strictly and kept without what nobody should see later.

Python's reader takes NaN, keeps the last of two equal keys and reads `1e2` as a float; none of
that may decide about money. (spec: reliability F1, 6.5)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from ledgerkit.adapters.stripe.signatures import GATEWAY
from ledgerkit.ports.gateway import SignatureRefused

LARGEST = 256 * 1024
"""The most bytes of a message that are read."""

_DEEPEST = 64
_MASK = "***"
_PRIVATE_NAME = re.compile(
    "secret|token|password|number|email|phone|address|iban|url"
    "|(^|_)(name|ip|ip_address|line1|line2|city|postal_code|dob|tax_id|cvc|routing)$"
)
_KEY = re.compile(r"\b(?:sk|rk|pk|whsec|ek)_[A-Za-z0-9_*]+|\b[a-z]+_[A-Za-z0-9]+_secret_\w+")
_CARD = re.compile(r"(?<![0-9A-Za-z_])(?:[0-9][ -]?){12,18}[0-9](?![0-9A-Za-z_])")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}\w")


def parse(body: bytes) -> dict[str, Any]:
    """Return the object that *body* is; raises `SignatureRefused` if it is none that is sane.

    Numbers with a point or an exponent come as their text, so that none becomes a float.
    """
    found: dict[str, Any] | None
    try:
        found = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_float=str,
            parse_constant=_refuse,
        )
        if not isinstance(found, dict) or _depth(found) > _DEEPEST:
            raise SignatureRefused(GATEWAY, "unreadable")
    except (ValueError, RecursionError):  # JSON and UTF-8 errors are ValueErrors that quote it
        found = None
    if found is None:
        raise SignatureRefused(GATEWAY, "unreadable")
    return found


def redacted(payload: Mapping[str, Any]) -> str:
    """Return *payload* as JSON in which secrets and what names a person are `***`.

    Masked are the values of fields that are called like a secret, token, number, address, name,
    email, phone, IBAN or URL, and in any text what looks like a key, a card number or an email.

    >>> redacted({"client_secret": "pi_1_secret_2", "note": "to ann@example.com", "amount": 5})
    '{"amount":5,"client_secret":"***","note":"to ***"}'
    """
    return json.dumps(_masked(payload), sort_keys=True, separators=(",", ":"))


def clean(text: object, *, longest: int = 300) -> str:
    """Return *text* in one line without keys, card numbers and emails, cut to *longest*.

    >>> clean("Invalid key: sk_test_1234")
    'Invalid key: ***'
    """
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _hidden(line)[:longest]


def _masked(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            name: _MASK if each and _PRIVATE_NAME.search(name) else _masked(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return _hidden(value) if isinstance(value, str) else value


def _hidden(text: str) -> str:
    for pattern in (_KEY, _CARD, _EMAIL):
        text = pattern.sub(_MASK, text)
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a key is there twice"
        raise ValueError(msg)
    return found


def _refuse(constant: str) -> NoReturn:
    msg = f"{constant} is no number"
    raise ValueError(msg)


def _depth(value: object) -> int:
    """Return how deep *value* nests, counted without recursion and not beyond what is allowed."""
    deepest, level = 0, [value]
    while level and deepest <= _DEEPEST:
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        level, deepest = inner, deepest + 1
    return deepest
