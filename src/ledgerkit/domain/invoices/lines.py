"""Line: one thing charged, rounded once, with what is taken off it and the taxes on it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import lru_cache

import attrs

from ledgerkit.domain.charges import Charge, PostedCharge
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, Rate, Rounding, round_exact
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import Rated
from ledgerkit.domain.tax import TaxAmount

_ONE = Fraction(1)


@attrs.frozen(kw_only=True)
class Line:
    """One thing charged.

    Attributes:
        id: Derived from its source, so that it is billed once.
        source: What it charges, such as the id of a session.
        part: Which charge of the source, when it was charged anew.
        item: What it is, in words that are not translated: a catalog key or an article.
        detail: More of it, such as who taught whom, or empty.
        on: Its local day.
        period: The days it is for, or None where its day says it all.
        kind: What sort of thing it charges, such as `session`, `usage` or `subscription`; taxes,
            discounts and prepaid credit may be for some kinds only.
        quantity: How many; exact.
        unit_price: Minor units for one; exact, below a cent too. None where no single price says
            what it comes to, as with tiers: then *unrounded* does.
        unrounded: The exact amount in minor units where it is not quantity x unit price.
        amount: What its price comes to, rounded once; below zero where it gives back.
        discount: What coupons take off the amount, above zero, or None.
        taxes: The taxes on what is left.
        package: The id of the package that paid for it, when the amount is zero for that reason.
        journal: The id of the journal that posted the amount, or None: issuing posts it.
        trace: How the amount came about, as (name, text) pairs. (spec: billing 0.9)
        gives_back: The part of the same source that it gives back of, or None.
    """

    id: str
    source: str
    part: str = ""
    item: str
    detail: str = ""
    on: date
    period: Period | None = None
    kind: str = ""
    quantity: Fraction = _ONE
    unit_price: Fraction | None
    unrounded: Fraction | None = None
    amount: Money
    discount: Money | None = None
    taxes: tuple[TaxAmount, ...] = ()
    package: str | None = None
    journal: str | None = None
    trace: tuple[tuple[str, str], ...] = ()
    gives_back: str | None = None

    def __attrs_post_init__(self) -> None:
        if not self.id or not self.source:
            name_of("line id", self.id)
            name_of("line source", self.source)
        if self.gives_back is not None:
            name_of("what a line gives back", self.gives_back)
        exact = [self.quantity, *(x for x in (self.unit_price, self.unrounded) if x is not None)]
        if any(type(value) is not Fraction for value in exact) or len(exact) == 1:
            msg = f"quantity and price of line {self.id!r} must be Fractions"
            raise TypeError(msg)
        if type(self.amount) is not Money:
            msg = f"the amount of line {self.id!r} must be Money (got {self.amount!r})"
            raise TypeError(msg)
        if self.discount is not None or self.taxes != ():  # most lines have neither
            self._check_additions()

    def _check_additions(self) -> None:
        if type(self.taxes) is not tuple or not all(type(t) is TaxAmount for t in self.taxes):
            msg = f"the taxes of line {self.id!r} must be a tuple of TaxAmount (got {self.taxes!r})"
            raise TypeError(msg)
        if any(tax.amount.currency != self.amount.currency for tax in self.taxes):
            msg = f"line {self.id!r} is in {self.amount.currency}; a tax of it is not"
            raise ValueError(msg)
        nothing = Money.zero(self.amount.currency)
        if self.discount is not None and not nothing < self.discount <= self.amount:
            msg = f"line {self.id!r} is {self.amount}; {self.discount} cannot be taken off it"
            raise ValueError(msg)

    @property
    def exact(self) -> Fraction:
        """The exact amount in minor units, before it was rounded."""
        if self.unrounded is not None or self.unit_price is None:
            return Fraction(0) if self.unrounded is None else self.unrounded
        return self.quantity * self.unit_price

    @property
    def rounding(self) -> Fraction:
        """What rounding the line added, in minor units: amount less exact amount.

        Zero for a line that a package paid for.
        """
        if self.package is not None:
            return Fraction(0)
        return self.amount.minor - self.exact

    @property
    def discounted(self) -> Money:
        """The amount after its discount, with the taxes that its price includes."""
        return self.amount if self.discount is None else self.amount - self.discount

    @property
    def net(self) -> Money:
        """What is charged before tax: the amount less its discount and the taxes in it."""
        if not self.taxes:
            return self.discounted
        included = sum(tax.amount.minor for tax in self.taxes if tax.inclusive)
        return Money(self.discounted.minor - included, self.amount.currency)

    @property
    def tax(self) -> Money:
        """The sum of its taxes."""
        return Money(sum(tax.amount.minor for tax in self.taxes), self.amount.currency)

    @property
    def gross(self) -> Money:
        """What the customer owes for it: net and tax."""
        return self.net + self.tax


def line(
    source: str,
    *,
    item: str,
    on: date,
    price: Rate,
    quantity: int | Fraction = 1,
    detail: str = "",
    part: str = "",
    period: Period | None = None,
    kind: str = "",
    journal: str | None = None,
    trace: tuple[tuple[str, str], ...] = (),
    rounding: Rounding = Rounding.HALF_UP,
) -> Line:
    """Return the line that charges *quantity* of *source* at *price*, rounded once, half up.

    The trace says how: rule, unit price, unrounded and rounded amount. (spec: billing 0.1, 0.9)
    """
    if type(price) is not Rate or type(quantity) not in (int, Fraction):
        msg = f"a line needs a Rate, and an int or a Fraction of it (got {price!r}, {quantity!r})"
        raise TypeError(msg)
    per = price.per.as_integer_ratio()
    amount, why = _rounded(per, price.currency, quantity, rounding, trace)
    return Line(
        id=derive("lin", source, part, on=on),
        source=source,
        part=part,
        item=item,
        detail=detail,
        on=on,
        period=period,
        kind=kind,
        quantity=_ONE if quantity == 1 else Fraction(quantity),
        unit_price=price.per,
        amount=amount,
        journal=journal,
        trace=why,
    )


def rated_line(
    source: str,
    rated: Rated,
    *,
    item: str,
    on: date,
    period: Period | None = None,
    kind: str = "",
    detail: str = "",
    part: str = "",
    journal: str | None = None,
) -> Line:
    """Return the line that charges *source* what it was *rated* at. (spec: billing 0.1, 0.9)"""
    plain = None if rated.unit_price is None else rated.quantity * rated.unit_price
    return Line(
        id=derive("lin", source, part, on=on),
        source=source,
        part=part,
        item=item,
        detail=detail,
        on=on,
        period=period,
        kind=kind,
        quantity=rated.quantity,
        unit_price=rated.unit_price,
        unrounded=None if plain == rated.unrounded else rated.unrounded,
        amount=rated.amount,
        journal=journal,
        trace=rated.trace,
    )


def charge_line(charge: Charge) -> Line:
    """Return the line that bills *charge*; its id is `charge.line_id`."""
    made = rated_line(
        charge.source,
        charge.rated,
        item=charge.item,
        on=charge.on,
        period=charge.period,
        kind=charge.kind,
        detail=charge.detail,
        part=charge.part,
        journal=charge.journal if isinstance(charge, PostedCharge) else None,
    )
    if charge.gives_back is None:
        return made
    return attrs.evolve(made, gives_back=charge.gives_back)


# The lines of a run have few prices, and share what is the same in them. The price is a ratio of
# two whole numbers here, since the hash of a Fraction is slow.
@lru_cache(maxsize=4096, typed=True)
def _rounded(
    ratio: tuple[int, int],
    currency: str,
    quantity: int | Fraction,
    rounding: Rounding,
    trace: tuple[tuple[str, str], ...],
) -> tuple[Money, tuple[tuple[str, str], ...]]:
    """Return what *quantity* comes to, and its trace after *trace*."""
    per = Fraction(*ratio)
    exact = per * quantity
    minor = round_exact(exact, rounding)
    return Money(minor, currency), (
        *trace,
        ("unit_price", str(per)),
        ("quantity", str(quantity)),
        ("unrounded", str(exact)),
        ("rounding", rounding.name.lower()),
        ("rounded", str(minor)),
    )
