"""Fee: a price for a period, charged by the share of it that is used and credited by the rest."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import attrs

from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Exact, Money, Rate, Rounding, complement, exact
from ledgerkit.domain.periods import Period, plain_date
from ledgerkit.domain.pricing import Rated, rated
from ledgerkit.domain.proration.shares import Basis, Share, share

_ONE = Fraction(1)
UNUSED = "unused share of what was billed"
"""The rule, in the trace, of what is given back."""


@attrs.frozen(kw_only=True)
class Fee:
    """What something costs for a period.

    Attributes:
        key: What it is for: what comes before and after a change is matched by it.
        price: For one of it, for the whole period.
        quantity: How many; exact.
        period: The days it is charged for, or was.
        whole: The aligned period that *price* is for, or None where that is *period*: the price of
            a year for the 30 days that are left of a month counts 30/365. (spec: billing 3)
        one_time: Charged once, in full, and never given back.
        billed: What it was billed at, after discounts, or None: by *price*. (spec: billing 0.6)

    Raises:
        TypeError: a field is of another type.
        ValueError: price or quantity is below 0, or *whole* does not hold *period*.
    """

    key: str
    price: Rate
    quantity: Fraction = _ONE
    period: Period
    whole: Period | None = None
    one_time: bool = False
    billed: Money | None = None

    def __attrs_post_init__(self) -> None:
        name_of("fee key", self.key)
        if type(self.price) is not Rate or type(self.quantity) is not Fraction:
            msg = f"fee {self.key!r} needs a Rate and a Fraction of it (got {self!r})"
            raise TypeError(msg)
        if self.price.per < 0 or self.quantity < 0:
            msg = f"price and quantity of fee {self.key!r} must be 0 or more (got {self!r})"
            raise ValueError(msg)
        if type(self.period) is not Period or type(self.billed) not in (Money, type(None)):
            msg = f"fee {self.key!r} needs a Period, and Money if it was billed (got {self!r})"
            raise TypeError(msg)
        whole = self.aligned
        if self.period.start < whole.start or whole.end < self.period.end:
            msg = f"fee {self.key!r} for {self.period} is no part of {whole}"
            raise ValueError(msg)

    @property
    def aligned(self) -> Period:
        """The whole period that its price is for."""
        return self.period if self.whole is None else self.whole


def prorate(
    price: Rate, used: Share, *, quantity: Exact = 1, rounding: Rounding = Rounding.HALF_UP
) -> Rated:
    """Return what *quantity* at *price* for a whole period comes to for the share *used* of it.

    Exact up to the one rounding at the end; the trace has the days and the factor.

    >>> june = Period.month(2011, 6)
    >>> prorate(Rate(Fraction(2000), "USD"), share(date(2011, 6, 12), june.end, june)).amount
    Money(minor=1267, currency='USD')
    """
    many = exact(quantity, "quantity")
    return rated(
        price.per * many * used.ratio,
        price.currency,
        quantity=many,
        unit_price=price.per,
        trace=(("rule", "share of the period"), *used.trace, ("unit_price", str(price.per))),
        rounding=rounding,
    )


def unused(billed: Money, rest: Share, *, already: Money | None = None) -> Rated:
    """Return what is given back, zero or below, of a line that was *billed*, for its unused *rest*.

    Only what is kept is rounded; the credit is what is left of the line, less what was given back
    of it *already*. (spec: billing 0.5, 0.6)

    Raises:
        CurrencyMismatch: *already* is in another currency.

    >>> day = Period.parse("2026-10-01/2026-10-03")
    >>> unused(Money(5, "EUR"), share(date(2026, 10, 2), day.end, day)).amount
    Money(minor=-2, currency='EUR')
    """
    before = Money.zero(billed.currency) if already is None else already
    kept = complement(billed, 1 - rest.ratio).kept
    return rated(
        min(before.minor - billed.minor * rest.ratio, Fraction(0)),
        billed.currency,
        quantity=_ONE,
        trace=(
            ("rule", UNUSED),
            *rest.trace,
            ("billed", str(billed.minor)),
            ("kept", str(kept.minor)),
            ("already_credited", str(before.minor)),
        ),
        after=Fraction((billed - before).minor),
    )


def in_full(fee: Fee, *, basis: Basis = Basis.ACTUAL_DAYS, zone: str | None = None) -> Rated:
    """Return what *fee* comes to for its period; raises what `share` does."""
    if fee.one_time:
        return rated(
            fee.price.per * fee.quantity,
            fee.price.currency,
            quantity=fee.quantity,
            unit_price=fee.price.per,
            trace=(("rule", "once"), ("unit_price", str(fee.price.per))),
        )
    return _since(fee, fee.period.start, basis, zone)


def charge(
    fee: Fee, *, since: date, basis: Basis = Basis.ACTUAL_DAYS, zone: str | None = None
) -> Rated | None:
    """Return what *fee* comes to for what is left of its period *since* a date.

    None where no day is left. What is charged once is charged in full. Raises what `share` does.
    """
    if fee.one_time:
        return in_full(fee)
    first = _within(fee.period, since)
    return None if first == fee.period.end else _since(fee, first, basis, zone)


def _since(fee: Fee, first: date, basis: Basis, zone: str | None) -> Rated:
    used = share(first, fee.period.end, fee.aligned, basis=basis, zone=zone)
    return prorate(fee.price, used, quantity=fee.quantity)


def give_back(
    fee: Fee,
    *,
    since: date,
    already_since: date | None = None,
    basis: Basis = Basis.ACTUAL_DAYS,
    zone: str | None = None,
) -> Rated | None:
    """Return the credit for what is not used of a billed *fee* *since* a date, zero or below.

    *already_since* is the later date since which it was given back before: what was credited then
    is not credited again. None where no further day is given back; what was charged once never is.
    Raises what `share` does.
    """
    first, before = _within(fee.period, since), fee.period.end
    if already_since is not None:
        before = _within(fee.period, already_since)
    if fee.one_time or first >= before:
        return None
    billed = in_full(fee, basis=basis, zone=zone).amount if fee.billed is None else fee.billed

    def rest(start: date) -> Share:
        return share(start, fee.period.end, fee.period, basis=basis, zone=zone)

    return unused(billed, rest(first), already=-unused(billed, rest(before)).amount)


def creditable(potential: Money, *, of: Money, already: Money) -> Money:
    """Return how much of a *potential* credit may be given, zero or more.

    At most what it is a credit *of*, less what was credited *already*. (spec: billing 0.6)

    Raises:
        CurrencyMismatch: the amounts are in different currencies.

    >>> creditable(Money(300, "EUR"), of=Money(200, "EUR"), already=Money(50, "EUR"))
    Money(minor=150, currency='EUR')
    """
    return max(min(potential, of - already), Money.zero(potential.currency))


def first_unbilled_day(on: date, *, bill_the_day: bool = False) -> date:
    """Return the end of what is cancelled *on* a day: that day, or the next if it is still billed.

    Where people say "until the 15th" and mean the 15th as well, it is the 16th. (spec: billing 3)
    """
    plain_date("on", on)
    return on + timedelta(days=1) if bill_the_day else on


def _within(period: Period, on: date) -> date:
    """Return *on*, or the bound of *period* that is nearest to it."""
    return min(max(on, period.start), period.end)
