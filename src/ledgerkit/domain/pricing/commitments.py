"""Commitment: what a customer promised to spend; what is missing is charged apart, as a true-up.

The line of the usage stays as it is. All lines together are rounded once: they come to what one
line would.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import attrs

from ledgerkit.domain.money import CurrencyMismatch, Exact, Money, Rounding, exact, sum_of
from ledgerkit.domain.pricing.components import ONE
from ledgerkit.domain.pricing.rated import Rated, rated
from ledgerkit.domain.pricing.tiers import check_price


def true_up(
    billed: Money,
    minimum: Money,
    *,
    share: Exact = ONE,
    rounding: Rounding = Rounding.HALF_UP,
) -> Rated | None:
    """Return what is missing from *billed* to the *minimum* of a period; None: nothing is.

    Args:
        billed: What all lines that count towards the minimum come to.
        minimum: The least for a whole period.
        share: How much of a whole period it was, such as `part.share_of(whole)`.
        rounding: How the exact minimum of that share becomes whole minor units, once.

    Raises:
        CurrencyMismatch: the amounts are in two currencies.
        ValueError: the share is not from 0 to 1.

    >>> missing = true_up(Money(7_000, "EUR"), Money(10_000, "EUR"), share=Fraction(25, 28))
    >>> None if missing is None else missing.amount
    Money(minor=1929, currency='EUR')
    """
    if minimum.currency != billed.currency:
        raise CurrencyMismatch(minimum, billed)
    due = minimum.minor * _share(share)
    missing = rated(
        due - billed.minor,
        billed.currency,
        quantity=ONE,
        trace=(("rule", "minimum"), *_said(minimum, share)),
        rounding=rounding,
        after=Fraction(billed.minor),
    )
    return missing if missing.amount.minor > 0 else None


@attrs.frozen
class Commitment:
    """An amount promised for every period, or for every window of one such as a day.

    Attributes:
        amount: What is promised for a whole window.
        overage: What usage above it costs, as a multiple of its plain price; 1 or more.
        true_up: Whether what is missing is charged.

    Raises:
        TypeError, ValueError: a field is of another type, negative, or an overage below 1.
    """

    amount: Money
    overage: Fraction = attrs.field(default=ONE, converter=exact)
    true_up: bool = True

    def __attrs_post_init__(self) -> None:
        check_price("a commitment", self.amount, kind=Money)
        if self.overage < 1:
            msg = f"the overage factor of a commitment must be 1 or more (got {self.overage})"
            raise ValueError(msg)
        if type(self.true_up) is not bool:
            msg = f"true_up must be true or false (got {self.true_up!r})"
            raise TypeError(msg)


@attrs.frozen(kw_only=True)
class Window:
    """One window, in minor units; exact.

    Attributes:
        usage: Its usage, at plain prices.
        missing: What it is charged to come to what was promised.
        overage: What it is charged on top for usage above that.
    """

    usage: Fraction
    missing: Fraction
    overage: Fraction

    @property
    def total(self) -> Fraction:
        """What it comes to."""
        return self.usage + self.missing + self.overage


@attrs.frozen(kw_only=True)
class Committed:
    """What usage comes to under a commitment.

    Attributes:
        windows: Each window.
        usage: The line of the usage, at plain prices.
        true_up: The line of what was promised and not used; None: there is none.
        overage: The line of what usage above that costs on top; None: there is none.
    """

    windows: tuple[Window, ...]
    usage: Rated
    true_up: Rated | None
    overage: Rated | None

    @property
    def lines(self) -> tuple[Rated, ...]:
        """The lines that there are, in that order."""
        return tuple(x for x in (self.usage, self.true_up, self.overage) if x is not None)

    @property
    def total(self) -> Money:
        """What they come to."""
        return sum_of((line.amount for line in self.lines), self.usage.amount.currency)


def apply_commitment(
    windows: Sequence[Rated],
    commitment: Commitment,
    *,
    share: Exact = ONE,
    rounding: Rounding = Rounding.HALF_UP,
) -> Committed:
    """Return what the usage of each of the *windows* comes to under the *commitment*.

    Windows do not make up for each other. A commitment per period has one window. *share* is how
    much of a whole window each was.

    Raises:
        CurrencyMismatch: a window is in another currency than the commitment.
        ValueError: there is no window, or the share is not from 0 to 1.
    """
    if not windows:
        msg = "a commitment needs a window at least; one with no usage is rated at zero"
        raise ValueError(msg)
    _ = sum_of((window.amount for window in windows), commitment.amount.currency)
    promised = commitment.amount.minor * _share(share)
    found = tuple(_window(window.unrounded, promised, commitment) for window in windows)
    usage = sum((window.usage for window in found), Fraction(0))
    missing = sum((window.missing for window in found), Fraction(0))
    overage = sum((window.overage for window in found), Fraction(0))

    def line(rule: str, amount: Fraction, quantity: Fraction, after: Fraction) -> Rated:
        return rated(
            amount,
            commitment.amount.currency,
            quantity=quantity,
            trace=(("rule", rule), *_said(commitment.amount, share), ("windows", str(len(found)))),
            rounding=rounding,
            after=after,
        )

    used = sum((window.quantity for window in windows), Fraction(0))
    return Committed(
        windows=found,
        usage=line("usage", usage, used, Fraction(0)),
        true_up=line("true-up", missing, ONE, usage) if missing else None,
        overage=line("overage", overage, ONE, usage + missing) if overage else None,
    )


def _window(usage: Fraction, promised: Fraction, commitment: Commitment) -> Window:
    return Window(
        usage=usage,
        missing=max(promised - usage, Fraction(0)) if commitment.true_up else Fraction(0),
        overage=max(usage - promised, Fraction(0)) * (commitment.overage - 1),
    )


def _share(share: Exact) -> Fraction:
    part = exact(share, "share")
    if not 0 <= part <= 1:
        msg = f"the share of a period must be from 0 to 1 (got {part})"
        raise ValueError(msg)
    return part


def _said(minimum: Money, share: Exact) -> tuple[tuple[str, str], ...]:
    return ("minimum", str(minimum.minor)), ("factor", str(exact(share)))
