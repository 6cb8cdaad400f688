"""Checkout: what Stripe is told of a page where a customer pays; checked before it is sent.

(seed: academy-late-joiners, a line for each missed cycle)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledgerkit.adapters.stripe.amounts import to_stripe
from ledgerkit.domain.money import Money

_MOST_PAIRS, _LONGEST_NAME, _LONGEST_TEXT = 50, 40, 500  # docs.stripe.com/api/metadata


def payment_session(
    customer: str, lines: tuple[tuple[str, Money], ...], metadata: Mapping[str, str]
) -> dict[str, Any]:
    """Return the parameters of a session in which *customer* pays *lines*.

    The metadata stand on the session and on the payment. Raises `NotExpressible`, and `ValueError`
    for lines or metadata that Stripe refuses.
    """
    _check_lines(lines)
    pairs = _checked_metadata(metadata)
    return {
        "mode": "payment",
        "customer": customer,
        "line_items": [_line(what, amount) for what, amount in lines],
        "metadata": pairs,
        "payment_intent_data": {"metadata": pairs},
    }


def _line(what: str, amount: Money) -> dict[str, Any]:
    return {
        "quantity": 1,
        "price_data": {
            "currency": amount.currency.lower(),
            "unit_amount": to_stripe(amount),
            "product_data": {"name": what},
        },
    }


def _check_lines(lines: tuple[tuple[str, Money], ...]) -> None:
    if not lines:
        msg = "a checkout needs one line or more"
        raise ValueError(msg)
    if len({amount.currency for _, amount in lines}) != 1:
        msg = f"the lines of a checkout are of one currency (got {lines!r})"
        raise ValueError(msg)
    for what, amount in lines:
        if not what or amount.minor < 0:
            msg = (
                f"a line of a checkout has a name and an amount from 0 on (got {what!r}, {amount})"
            )
            raise ValueError(msg)


def _checked_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    for name, text in metadata.items():
        if not 0 < len(name) <= _LONGEST_NAME or len(text) > _LONGEST_TEXT:
            msg = f"metadata have names of {_LONGEST_NAME} and texts of {_LONGEST_TEXT} characters"
            raise ValueError(f"{msg} at most (got {name!r})")
    if len(metadata) > _MOST_PAIRS:
        msg = f"Stripe keeps {_MOST_PAIRS} metadata at most (got {len(metadata)})"
        raise ValueError(msg)
    return dict(metadata)
