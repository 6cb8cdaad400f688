"""Answers: what the public functions say to the questions of the billing cases.

A handler takes the inputs of a case and the fields it asks for, and returns those fields as the
case writes them. It calls what hosts call; where a rule had to be worked out here, it would be a
rule without a test. A module under `answers` holds the handlers of one field.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.conformance.answers import (
    clawbacks,
    cycles,
    documents,
    pricing,
    proration,
    rounding,
    subscriptions,
    tax,
    usage,
    wallet,
)
from tests.conformance.answers.shared import Answer, Handler, Inputs

HANDLERS: Mapping[str, Handler] = {
    **clawbacks.HANDLERS,
    **cycles.HANDLERS,
    **documents.HANDLERS,
    **pricing.HANDLERS,
    **proration.HANDLERS,
    **rounding.HANDLERS,
    **subscriptions.HANDLERS,
    **wallet.HANDLERS,
    **usage.HANDLERS,
    **tax.HANDLERS,
}


def answer(capability: str, inputs: Inputs, asked: Inputs) -> Answer:
    """Return what *inputs* come to, in the fields that are *asked* for.

    Raises:
        AssertionError: no handler answers for *capability*, or for a field of it.
    """
    family, _, _ = capability.partition(".")
    handler = HANDLERS.get(capability) or HANDLERS.get(family)
    if handler is None:
        msg = f"there is no handler for {capability}"
        raise AssertionError(msg)
    if handler is cycles.cycles and (unknown := asked.keys() - cycles.CYCLE_FIELDS.keys()):
        msg = f"there is no answer for {sorted(unknown)} of {capability}"
        raise AssertionError(msg)
    return handler(inputs, asked)
