"""Faults: what goes wrong between us and a gateway, as a script of the next calls."""

from __future__ import annotations

import enum

from ledgerkit.domain.gateways import RETRYABLE, UNKNOWN, Outcome


class Fault(enum.Enum):
    """What befalls one call. (spec: gateways 1.2, 1.3)

    Attributes:
        NO_CONNECTION: The call does not leave us.
        RATE_LIMITED: 429, before the key is looked at.
        WRONG_KEY: 401, before the key is looked at.
        TIMEOUT_BEFORE: It is lost on the way; nothing happens.
        TIMEOUT_AFTER: It is carried out, and the answer is lost.
        ERROR: 500 and nothing is done, then or later; the answer is kept under the key.
        ERROR_DONE: 500, and yet it is done; the answer is kept under the key.
        ERROR_LATER: 500, and it is carried out some time later; the answer is kept.
    """

    NO_CONNECTION = "no_connection"
    RATE_LIMITED = "rate_limited"
    WRONG_KEY = "wrong_key"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    ERROR = "error"
    ERROR_DONE = "error_done"
    ERROR_LATER = "error_later"


# These never reach the place where keys are kept.
BEFORE_THE_KEY = {
    Fault.NO_CONNECTION: Outcome(status=RETRYABLE, code="no_connection"),
    Fault.RATE_LIMITED: Outcome(status=RETRYABLE, code="rate_limit"),
    Fault.WRONG_KEY: Outcome(
        status=RETRYABLE, code="invalid_api_key", detail="the key is not known", halts=True
    ),
    Fault.TIMEOUT_BEFORE: Outcome(status=UNKNOWN, code="timeout"),
}
TIMEOUT = Outcome(status=UNKNOWN, code="timeout")
SERVER_ERROR = Outcome(status=UNKNOWN, code="api_error", detail="status 500")
