"""History: what became of a grant, draw by draw; added to and never edited."""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import plain_date


def check_above_zero(what: str, amount: object) -> None:
    """Raise unless *amount*, called *what*, is Money above zero."""
    if type(amount) is not Money:
        msg = f"{what} must be Money (got {amount!r})"
        raise TypeError(msg)
    if amount.minor <= 0:
        msg = f"{what} must be above 0 (got {amount})"
        raise ValueError(msg)


def _check_part(what: str, amount: object, value: object, journal: str) -> None:
    check_above_zero(f"the amount of a {what}", amount)
    if type(value) is not Money or value.minor < 0:
        msg = f"the value of a {what} is Money of 0 or more (got {value!r})"
        raise ValueError(msg)
    name_of(f"journal of a {what}", journal)


@attrs.frozen(kw_only=True)
class Draw:
    """Credit that paid for a line.

    Attributes:
        source: The id of the line.
        on: The local day of its usage.
        amount: How much was drawn.
        value: The part of the price of the grant that it used; zero where nothing was paid.
        journal: The id of the journal that drew it.
    """

    source: str
    on: date
    amount: Money
    value: Money
    journal: str

    def __attrs_post_init__(self) -> None:
        name_of("source of a draw", self.source)
        plain_date("the day of a draw", self.on)
        _check_part("draw", self.amount, self.value, self.journal)


@attrs.frozen(kw_only=True)
class Return:
    """Credit that came back because its line was credited.

    Attributes:
        draw: The id of the journal that drew it.
        amount: How much came back.
        value: The part of the price that came back with it.
        journal: The id of the journal that returned it.
    """

    draw: str
    amount: Money
    value: Money
    journal: str

    def __attrs_post_init__(self) -> None:
        name_of("draw of a return", self.draw)
        _check_part("return", self.amount, self.value, self.journal)


@attrs.frozen(kw_only=True)
class Forfeit:
    """Credit that expired.

    Attributes:
        on: The day it expired on.
        amount: How much was left.
        value: The part of the price that nobody will use.
        journal: The id of the journal of the breakage.
    """

    on: date
    amount: Money
    value: Money
    journal: str

    def __attrs_post_init__(self) -> None:
        plain_date("the day of a forfeit", self.on)
        _check_part("forfeit", self.amount, self.value, self.journal)
