"""A double of Stripe behind the SDK's HTTP client: no sockets, a world that remembers.

The SDK writes each request and reads each answer as ever. Here are the wire and what goes wrong on
it, and the answers that Stripe keeps under its keys. (spec: gateways 1.2, 1.3)
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import requests
import stripe
import urllib3
from urllib3.connection import HTTPConnection

from ledgerkit.ports.clock import Clock
from ledgerkit.testing.fakes.gateway import Fault, Fees
from tests.adapters.stripe.api import Api
from tests.adapters.stripe.exchange import Answer, Refusal, Request
from tests.adapters.stripe.recorder import KEY

KEYS_KEPT_FOR = timedelta(hours=24)


@attrs.frozen
class _Kept:
    """What was first asked under a key and answered, and when."""

    asked: Request
    answer: Answer
    at: datetime


def _broken(cause: Exception) -> stripe.APIConnectionError:
    """Return what the SDK's own client raises for *cause*."""
    failed = stripe.APIConnectionError("no answer")  # type: ignore[no-untyped-call]  # the SDK's
    failed.__cause__ = cause
    return failed


def _fault(fault: Fault | None) -> Answer | None:
    """Return what is answered before the key is looked at, if *fault* is of that kind."""
    match fault:
        case Fault.NO_CONNECTION:
            raise _broken(urllib3.exceptions.NewConnectionError(HTTPConnection("h"), "refused"))
        case Fault.TIMEOUT_BEFORE:
            raise _broken(requests.exceptions.ReadTimeout("read timed out"))
        case Fault.RATE_LIMITED:
            return Refusal(429, "rate_limit").answer
        case Fault.WRONG_KEY:
            error = {"type": "invalid_request_error", "message": f"Invalid API Key: {KEY}"}
            return Answer(401, {"error": error})
        case _:
            return None


_OTHER_ORDER = Answer(
    400, {"error": {"type": "idempotency_error", "message": "Keys go with one set of parameters."}}
)
_ERROR = Answer(500, {"error": {"type": "api_error", "message": "An unknown error occurred."}})


class StripeDouble(stripe.HTTPClient):
    """An HTTP client of the SDK by which it reaches an `Api` of ours.

    Attributes:
        api: What answers.
        calls: What came in.
        down: What befalls every call, or None.
    """

    name = "double"

    def __init__(self, clock: Clock, *, fees: Fees = Fees()) -> None:  # noqa: B008 - frozen
        super().__init__()
        self.api = Api(clock, fees=fees)
        self.calls: list[Request] = []
        self.down: Fault | None = None
        self._clock = clock
        self._lock = RLock()
        self._faults: deque[Fault | None] = deque()
        self._kept: dict[str, _Kept] = {}
        self._later: list[tuple[datetime, Request]] = []

    def script(self, *faults: Fault | None) -> None:
        """Let the next calls that post meet *faults*, one each; None lets one through."""
        self._faults.extend(faults)

    def request(  # type: ignore[override]  # the base names an argument that it never passes
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer one request as Stripe would, or lose it."""
        parts, heads = urlsplit(url), headers or {}
        form = dict(parse_qsl((post_data if method == "post" else parts.query) or ""))
        sent = Request(method, parts.path, form, heads.get("Stripe-Account", ""))
        with self._lock:
            self.calls.append(sent)
            self._catch_up()
            fault = self.down
            if fault is None and method == "post" and self._faults:
                fault = self._faults.popleft()
            if heads.get("Authorization") != f"Bearer {KEY}":
                fault = Fault.WRONG_KEY
            answer, replayed = _fault(fault), False
            if answer is None:
                key = heads.get("Idempotency-Key", "") if method == "post" else ""
                answer, replayed = self._answer(sent, key, fault)
            if fault is Fault.TIMEOUT_AFTER:
                raise _broken(requests.exceptions.ReadTimeout("read timed out"))
            told = {"request-id": f"req_{len(self.calls)}"}
            if replayed:
                told["idempotent-replayed"] = "true"
            return json.dumps(answer.body), answer.status, told

    def close(self) -> None:
        """Do nothing: there is nothing open."""

    def _answer(self, sent: Request, key: str, fault: Fault | None) -> tuple[Answer, bool]:
        """Return the answer under *key*, and whether it was given before."""
        known = self._kept.get(key)
        if known is not None and self._clock.now() - known.at < KEYS_KEPT_FOR:
            if known.asked != sent:
                return _OTHER_ORDER, False
            return known.answer, True
        if fault in (Fault.ERROR, Fault.ERROR_LATER):
            answer = _ERROR
            if fault is Fault.ERROR_LATER:
                self._later.append((self._clock.now() + self.api.gateway.later, sent))
        else:
            answer = self.api.carry_out(sent)
            if fault is Fault.ERROR_DONE:
                answer = _ERROR
        if key and answer.kept:
            self._kept[key] = _Kept(sent, answer, self._clock.now())
        return answer, False

    def _catch_up(self) -> None:
        """Carry out what a server's error left half done, once its time has come."""
        for each in [each for each in self._later if each[0] <= self._clock.now()]:
            self._later.remove(each)
            self.api.carry_out(each[1])
