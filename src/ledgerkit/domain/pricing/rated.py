"""Rated: what something comes to, priced exactly and rounded once, with the reasons for a reader.

It is no document and posts nothing; a line of an invoice is made from it. (spec: billing 0.1, 0.9)
"""

from __future__ import annotations

from fractions import Fraction

import attrs

from ledgerkit.domain.ledger.journals import pairs_of
from ledgerkit.domain.money import Money, Rounding, round_exact

_ZERO = Fraction(0)


@attrs.frozen(kw_only=True)
class Rated:
    """What a quantity comes to.

    Attributes:
        amount: The result, rounded once to whole minor units.
        unrounded: The exact amount before that, in minor units.
        quantity: How many were priced; exact.
        unit_price: Minor units for one, exact; None where no single price says it, as with tiers.
        trace: How it came about, as (name, text) pairs. (spec: billing 0.9)

    Raises:
        TypeError: a field is of another type.
    """

    amount: Money
    unrounded: Fraction
    quantity: Fraction
    unit_price: Fraction | None = None
    trace: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        if type(self.amount) is not Money:
            msg = f"a rated amount must be Money (got {self.amount!r})"
            raise TypeError(msg)
        exact = (self.unrounded, self.quantity)
        if any(type(value) is not Fraction for value in exact) or not (
            self.unit_price is None or type(self.unit_price) is Fraction
        ):
            msg = f"unrounded, quantity and unit price must be Fractions (got {self!r})"
            raise TypeError(msg)
        pairs_of("trace", self.trace)


def rated(
    unrounded: Fraction,
    currency: str,
    *,
    quantity: Fraction,
    unit_price: Fraction | None = None,
    trace: tuple[tuple[str, str], ...] = (),
    rounding: Rounding = Rounding.HALF_UP,
    after: Fraction = _ZERO,
) -> Rated:
    """Return *unrounded* minor units rounded once, by the rule that the trace names last.

    Where it continues what came to exactly *after* minor units so far, in lines of their own, they
    all come to what one line would: the sum is rounded, and what was rounded before is taken off.

    >>> rated(Fraction(101, 2), "EUR", quantity=Fraction(5)).amount
    Money(minor=51, currency='EUR')
    >>> rated(Fraction(1, 3), "EUR", quantity=Fraction(1), after=Fraction(1, 3)).amount
    Money(minor=1, currency='EUR')
    """
    minor = round_exact(after + unrounded, rounding) - round_exact(after, rounding)
    return Rated(
        amount=Money(minor, currency),
        unrounded=unrounded,
        quantity=quantity,
        unit_price=unit_price,
        trace=(
            *trace,
            *((("after", str(after)),) if after else ()),
            ("quantity", str(quantity)),
            ("unrounded", str(unrounded)),
            ("rounding", rounding.name.lower()),
            ("rounded", str(minor)),
        ),
    )
