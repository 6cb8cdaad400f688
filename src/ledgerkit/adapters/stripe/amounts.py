"""Amount: how Stripe counts money, which is not always how ISO 4217 does.

Ours are minor units of ISO 4217. Stripe has tables of its own: ariary have no cents there,
Ugandan shillings and Icelandic krónur have two decimals that must be zero, dinars end in a zero.
(source: docs.stripe.com/currencies; design: libraries 4)
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import ISO, Money

_WHOLE = frozenset(  # no decimals
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
_THOUSANDTHS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))  # card networks take hundredths
_WHOLE_WITH_CENTS = frozenset(("ISK", "UGX"))  # two decimals, always 00
_WHOLE_IN_PAYOUTS = frozenset(("HUF", "TWD"))  # charged with decimals, paid out without
_CENTS = 2


def to_stripe(money: Money, *, payout: bool = False) -> int:
    """Return *money* as Stripe counts it; *payout* says that a bank is to get it.

    Raises `NotExpressible` for an amount that Stripe would refuse or misread, and for a currency
    of which it is not known how Stripe counts it.

    >>> to_stripe(Money(1250, "EUR")), to_stripe(Money(500, "JPY")), to_stripe(Money(5, "UGX"))
    (1250, 500, 500)
    """
    up, step = _factors(money.currency)
    if step == 0:
        raise NotExpressible(money, 0)
    if payout and money.currency in _WHOLE_IN_PAYOUTS:
        step = 100
    if money.minor % step:
        raise NotExpressible(money, step)
    return money.minor // _power(-up) if up < 0 else money.minor * _power(up)


def from_stripe(amount: object, currency: object) -> Money:
    """Return *amount* of *currency* as Stripe tells them.

    Raises `TypeError` for an amount that is no int or a currency that is no text, `ValueError`
    for what is not whole in our minor units or in a currency that is not known.

    >>> from_stripe(1250, "eur"), from_stripe(7, "mga")
    (Money(minor=1250, currency='EUR'), Money(minor=700, currency='MGA'))
    """
    if type(amount) is not int or type(currency) is not str:
        msg = f"Stripe tells an amount as an int and a code (got {amount!r}, {currency!r})"
        raise TypeError(msg)
    code = currency.upper()
    up, step = _factors(code)
    divisor = _power(max(up, 0))
    if step == 0 or amount % divisor:
        msg = f"{amount} {code} as Stripe counts it is no amount of ours"
        raise ValueError(msg)
    return Money(amount // divisor * _power(max(-up, 0)), code)


def _power(exponent: int) -> int:
    return int(10**exponent)


def _factors(currency: str) -> tuple[int, int]:
    """Return the power of ten from our units to Stripe's, and what ours must be a multiple of.

    The second is 0 for a currency of which it is not known how Stripe counts it.
    """
    exponent = ISO.exponents.get(currency)
    if exponent is None:
        return 0, 0
    if currency in _WHOLE:
        return -exponent, 10**exponent
    if currency in _WHOLE_WITH_CENTS:
        return _CENTS - exponent, 1
    if currency in _THOUSANDTHS:
        return 0, 10
    return (0, 1) if exponent == _CENTS else (0, 0)


@attrs.frozen
class NotExpressible(LedgerkitError):
    """Stripe cannot be told this amount exactly.

    Attributes:
        money: The amount.
        step: The minor units that it must be a multiple of; 0 if the currency is not known there.
    """

    money: Money
    step: int
    code: ClassVar[str] = "not_expressible"

    def __str__(self) -> str:
        needed = "a currency that it counts"
        if self.step:
            needed = f"a multiple of {Money(self.step, self.money.currency)}"
        return f"Stripe cannot be told {self.money}; it needs {needed}"
