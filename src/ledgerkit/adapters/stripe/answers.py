"""Answer: what became of a call, told from what Stripe's SDK returns or raises.

The SDK's errors hold headers and bodies, so none of them gets out of here: each becomes an
`Outcome` with Stripe's code and a sentence without secrets. (spec: gateways 1.2, 1.3)
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

from ledgerkit.adapters.stripe import objects
from ledgerkit.adapters.stripe.events import UNREADABLE
from ledgerkit.adapters.stripe.objects import Raw
from ledgerkit.adapters.stripe.payloads import clean
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import (
    CHARGE,
    DONE,
    FAILED,
    PENDING,
    REFUSED,
    RETRYABLE,
    UNKNOWN,
    GatewayObject,
    Outcome,
)


class Answered(Protocol):
    """What the SDK returns."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        ...


Answer: TypeAlias = Raw | Outcome
"""What was answered, or what became of the call instead."""

HARD_DECLINES = frozenset(
    (
        "authentication_required",
        "highest_risk_level",
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stolen_card",
        "transaction_not_allowed",
    )
)
"""The decline codes after which Stripe does not try a card again by itself.

Its table for smart retries (docs.stripe.com/billing/revenue-recovery/smart-retries). Others, such
as `do_not_honor`, are refused as softly as `generic_decline`: the next attempt may pass.
"""

INSUFFICIENT = "insufficient_funds"
"""The code for a balance that does not cover a transfer, reversal or payout."""

_NO_BALANCE = frozenset(("balance_insufficient", INSUFFICIENT))
_UNAUTHORIZED, _PAYMENT_REQUIRED, _TOO_MANY_REQUESTS = 401, 402, 429
_REFUSALS = frozenset((400, _PAYMENT_REQUIRED, 403, 404))
_TOO_MANY = frozenset(("rate_limit", "lock_timeout"))
# Names, because urllib3 is a dependency of a dependency. Each is raised before a byte of the
# request is written; a connection that breaks later is a ConnectionError of another name.
_NOT_CONNECTED = frozenset(
    ("ConnectTimeout", "ConnectTimeoutError", "NameResolutionError", "NewConnectionError")
)


def asked(call: Callable[[], Answered], *, kind: str = "") -> Answer:
    """Return what *call* is answered, as plain values, or what became of it instead.

    *kind* is the kind of the object that it should make, if any. Never raises.
    """
    try:
        return call().to_dict()
    # Whatever goes wrong once the SDK has the request, even a bug: it may have been carried out.
    except Exception as error:  # noqa: BLE001
        return _outcome(error, kind)


def outcome_of(made: GatewayObject, *, hard: bool = False) -> Outcome:
    """Return the outcome of a call that made *made*."""
    if made.status == FAILED:
        return Outcome(status=REFUSED, object=made, code=made.reason, hard=hard)
    return Outcome(status=made.status if made.status == PENDING else DONE, object=made)


def told(read: Callable[[Raw], GatewayObject], answer: Answer) -> Outcome:
    """Return the outcome of an *answer* that *read* reads.

    What was carried out but cannot be read is `unknown`: it is looked up later.
    """
    if isinstance(answer, Outcome):
        return answer
    try:
        made = read(answer)
    except (*UNREADABLE, LedgerkitError):
        return Outcome(status=UNKNOWN, code="unreadable_answer")
    return outcome_of(made, hard=is_hard(answer.get("last_payment_error")))


def is_hard(error: object) -> bool:
    """Whether the *error* of a charge says that trying again the same way is pointless."""
    if not isinstance(error, Mapping):
        return False
    code = error.get("decline_code") or error.get("code")
    return code in HARD_DECLINES or error.get("advice_code") == "do_not_try_again"


def _outcome(error: Exception, kind: str) -> Outcome:
    status = getattr(error, "http_status", None)
    if status is None:
        return _unanswered(error)
    body = getattr(error, "json_body", None)
    found = body.get("error") if isinstance(body, Mapping) else None
    said: Raw = found if isinstance(found, Mapping) else {}
    headers = getattr(error, "headers", None)
    told_to_retry = isinstance(headers, Mapping) and any(
        name.lower() == "stripe-should-retry" and value == "true" for name, value in headers.items()
    )
    code = _word(said.get("code") or said.get("type"))
    request = _word(getattr(error, "request_id", None))
    detail = clean(said.get("message")) + (f" ({request})" if request else "")
    if not said:  # no error of Stripe's own: a proxy, or half a body
        return Outcome(status=UNKNOWN, code="unreadable_answer", detail=f"status {status}")
    return _classed(int(status), said, code, detail.strip(), kind, told_to_retry=told_to_retry)


def _classed(
    status: int, said: Raw, code: str, detail: str, kind: str, *, told_to_retry: bool
) -> Outcome:
    """Return the class of an error that Stripe told. (spec: gateways 1.3, the table)"""
    if status == _TOO_MANY_REQUESTS or code in _TOO_MANY:
        return Outcome(status=RETRYABLE, code=code, detail=detail)
    if status == _UNAUTHORIZED:
        return Outcome(status=RETRYABLE, code="invalid_api_key", detail=detail, halts=True)
    if status not in _REFUSALS or told_to_retry:
        # 409 and 5xx say nothing of what happened; and whatever Stripe wants tried again is not
        # over, so it goes out under the same key.
        return Outcome(status=UNKNOWN, code=code, detail=detail)
    if kind not in ("", CHARGE) and code in _NO_BALANCE:
        return Outcome(status=REFUSED, code=INSUFFICIENT, detail=detail)
    if status == _PAYMENT_REQUIRED:
        return Outcome(
            status=REFUSED,
            object=_declined(said),
            code=_word(said.get("decline_code")) or code,
            detail=detail,
            hard=is_hard(said),
        )
    if said.get("type") == "idempotency_error":
        code = "idempotency_error"
    return Outcome(status=REFUSED, code=code, detail=detail, hard=True, attention=True)


def _unanswered(error: Exception) -> Outcome:
    names = {type(each).__name__ for each in _causes(error)}
    if names & _NOT_CONNECTED:
        return Outcome(status=RETRYABLE, code="no_connection")
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error)):
        return Outcome(
            status=RETRYABLE, code="certificate_refused", attention=True, halts=True
        )  # nothing is sent before the server is known
    if "APIConnectionError" in names:
        return Outcome(status=UNKNOWN, code="timeout")
    return Outcome(status=UNKNOWN, code="unreadable_answer", detail=type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return *error* and what it came from, wherever the HTTP client keeps that."""
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left:
        each = left.pop()
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            left += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return iter(seen)


def _declined(said: Raw) -> GatewayObject | None:
    """Return the charge that a decline made, which comes with the error."""
    intent = said.get("payment_intent")
    if not isinstance(intent, Mapping):
        return None
    try:
        made = objects.charge(intent)
    except (*UNREADABLE, LedgerkitError):
        return None
    return made if made.status == FAILED else None


def _word(value: object) -> str:
    return clean(value, longest=100)
