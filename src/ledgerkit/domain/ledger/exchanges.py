"""Exchanges: money of one currency given for money of another, over the wallet that trades them.

In each currency the journal sums to zero, so the trading wallet holds what was bought and owes
what was sold until it is squared; what rounding leaves is its own. (spec: ledger 8)
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import Entry
from ledgerkit.domain.money import Money, Rounding, round_exact
from ledgerkit.domain.periods import instant


@attrs.frozen(kw_only=True)
class Quote:
    """A rate at which a currency is bought, and where and when it was quoted.

    Attributes:
        currency: What is bought.
        per: Minor units of it, exactly, for one minor unit of what is sold: 1.20 USD for a EUR is
            6/5, 160 JPY for a EUR 8/5.
        source: Who quoted it.
        at: When, a UTC instant.
        spread: The part of what is bought that whoever exchanges keeps, 0 up to, not including, 1.
    """

    currency: str
    per: Fraction
    source: str
    at: datetime = attrs.field(converter=instant)
    spread: Fraction = Fraction(0)

    def __attrs_post_init__(self) -> None:
        if type(self.per) is not Fraction or type(self.spread) is not Fraction:
            msg = f"rate and spread must be Fractions (got {self.per!r}, {self.spread!r})"
            raise TypeError(msg)
        if self.per <= 0 or not 0 <= self.spread < 1:
            msg = f"a rate is above 0, a spread from 0 up to 1 (got {self.per}, {self.spread})"
            raise ValueError(msg)


@attrs.frozen
class Exchanged:
    """The legs of an exchange, and what its journal should say about the rate."""

    entries: tuple[Entry, ...]
    metadata: tuple[tuple[str, str], ...]


@attrs.frozen
class ExchangeTooSmall(LedgerkitError):
    """What is sold buys less than one minor unit."""

    sold: Money
    currency: str
    code: ClassVar[str] = "exchange_too_small"

    def __str__(self) -> str:
        return f"{self.sold} buys less than {Money(1, self.currency)}; exchange more at once"


def exchange(
    sold: Money,
    quote: Quote,
    *,
    giver: str,
    receiver: str,
    trading: str,
    keeper: str = "platform",
) -> Exchanged:
    """Sell *sold* from *giver* at *quote*; *receiver* gets what it buys, less the spread.

    The wallet *trading* takes the one and gives the other, rounded down in its favour; the spread
    goes to *keeper* as a leg of its own, rounded half up. Rate, source and time come as metadata.
    (spec: ledger 8)

    Raises:
        ExchangeTooSmall: it buys nothing, or the spread takes all of it.
        ValueError: *sold* is not above zero, or in the currency it is to buy.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    >>> quote = Quote(currency="CAD", per=Fraction(6, 5), source="bank", at=noon)
    >>> sale = exchange(Money(101, "USD"), quote, giver="us", receiver="ca", trading="trading:x")
    >>> [(entry.wallet, str(entry.amount)) for entry in sale.entries][2:]
    [('trading:x', '-1.21 CAD'), ('ca', '1.21 CAD')]
    """
    if sold.minor <= 0 or sold.currency == quote.currency:
        msg = f"what is sold is above 0 and not {quote.currency} itself (got {sold})"
        raise ValueError(msg)
    gross = Money(round_exact(sold.minor * quote.per, Rounding.FLOOR), quote.currency)
    spread = Money(round_exact(gross.minor * quote.spread, Rounding.HALF_UP), quote.currency)
    if gross <= spread:
        raise ExchangeTooSmall(sold, quote.currency)
    legs = (
        Entry(giver, -sold),
        Entry(trading, sold),
        Entry(trading, -gross),
        Entry(receiver, gross - spread),
        Entry(keeper, spread),
    )
    metadata = (
        ("rate", f"{quote.per} {quote.currency}/{sold.currency} in minor units"),
        ("rate_source", quote.source),
        ("rate_at", quote.at.isoformat()),
        ("spread", str(quote.spread)),
    )
    return Exchanged(tuple(leg for leg in legs if leg.amount.minor != 0), metadata)
