"""Share: a part of an amount; the parts of a split always add up to the whole again.

Largest remainders by default, so that no part is more than one minor unit from its exact share;
what no rule can divide goes by position, so that the same input gives the same parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from fractions import Fraction
from math import lcm
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money.amounts import Money
from ledgerkit.domain.money.rounding import Exact, Rounding, exact, round_exact


class Rest(Enum):
    """The type of `REST`, the weight of whoever takes what the other weights leave of 1."""

    REST = "rest"


REST = Rest.REST
Weight: TypeAlias = Exact | Rest


class Allocation(Enum):
    """Who gets the minor units that are left after every share is rounded down.

    LARGEST_REMAINDER: the shares that lost most, ties by position; weights are relative (1:2:3).
    FIRST: one each from the first share on; weights are fractions of the whole, together 1.
    Sources: spec: billing 0.4, ledger 10.
    """

    LARGEST_REMAINDER = "largest_remainder"
    FIRST = "first"


def allocate(
    total: Money,
    weights: Sequence[Weight],
    *,
    rule: Allocation = Allocation.LARGEST_REMAINDER,
) -> tuple[Money, ...]:
    """Return *total* shared out by *weights*, one part for each, together *total*.

    A negative total gives the parts of the positive one, mirrored. A weight of 0 gets nothing.
    At most one weight may be `REST`, if the others sum to at most 1. Raises `BadWeights`, and
    `TypeError` for a weight that is not exact.

    >>> [part.minor for part in allocate(Money(10000, "EUR"), [1, 2, 3])]
    [1667, 3333, 5000]
    >>> shares = [Fraction(80, 100), Fraction(8, 100), REST]
    >>> [part.minor for part in allocate(Money(15, "EUR"), shares, rule=Allocation.FIRST)]
    [13, 1, 1]
    """
    whole = _whole_weights(weights, rule)
    of = sum(whole)
    size = abs(total.minor)
    parts = [size * weight // of for weight in whole]
    left = size - sum(parts)
    order: Iterable[int] = (position for position, weight in enumerate(whole) if weight)
    if rule is Allocation.LARGEST_REMAINDER:
        # Sorting is stable, also when reversed, so equal remainders stay in their order.
        order = sorted(order, key=lambda position: size * whole[position] % of, reverse=True)
    for _, position in zip(range(left), order, strict=False):
        parts[position] += 1
    sign = -1 if total.minor < 0 else 1
    return tuple(Money(sign * part, total.currency) for part in parts)


def _whole_weights(weights: Sequence[Weight], rule: Allocation) -> Sequence[int]:
    """Return *weights* as ints of the same proportions, with `REST` filled in."""
    if not weights:
        raise BadWeights((), "there are none, and one is the least")
    plain = [weight for weight in weights if type(weight) is int]
    if rule is Allocation.LARGEST_REMAINDER and len(plain) == len(weights):
        _check_weights(tuple(weights), plain)
        return plain
    known = [exact(w, "weight") for w in weights if not isinstance(w, Rest)]
    rests = len(weights) - len(known)
    given = sum(known, Fraction(0))
    if rests > 1:
        raise BadWeights(tuple(weights), f"REST is there {rests} times, and once is the most")
    if rests and given > 1:
        raise BadWeights(tuple(weights), f"beside REST they sum to {given}, and 1 is the most")
    if rule is Allocation.FIRST and not rests and given != 1:
        raise BadWeights(tuple(weights), f"they sum to {given}; 1 is needed, or REST")
    filled = [1 - given if isinstance(w, Rest) else exact(w) for w in weights]
    _check_weights(tuple(weights), filled)
    scale = lcm(*(weight.denominator for weight in filled))
    return [weight.numerator * (scale // weight.denominator) for weight in filled]


def _check_weights(given: tuple[Weight, ...], values: Sequence[int | Fraction]) -> None:
    """Raise `BadWeights` unless *values* are shares of something."""
    if min(values) < 0:
        raise BadWeights(given, f"{min(values)} is negative, and 0 is the least")
    if not any(values):
        raise BadWeights(given, "all are 0, and one must be more")


def apportion(total: int, exact: Sequence[Fraction]) -> tuple[int, ...]:
    """Return each *exact* figure rounded down or up, so that together they are *total*.

    Those that lose most by rounding down are rounded up, ties by position; a whole figure stays
    as it is. Unlike `allocate` it takes figures of both signs, such as taxes of charges and
    credits. Raises `ValueError` unless *total* is the sum of *exact*, rounded down or up.

    >>> apportion(3, [Fraction(3, 2), Fraction(3, 2)]), apportion(0, [Fraction(-1, 2)])
    ((2, 1), (0,))
    """
    parts = [value.numerator // value.denominator for value in exact]
    left = total - sum(parts)
    if not -1 < total - sum(exact) < 1:
        msg = f"{sum(exact)} is shared out as the whole number below or above (got {total})"
        raise ValueError(msg)
    order = sorted(range(len(parts)), key=lambda n: exact[n] - parts[n], reverse=True)
    for position in order[:left]:
        parts[position] += 1
    return tuple(parts)


@attrs.frozen
class Drawn:
    """What came from each source, in their order, and what none of them had."""

    parts: tuple[Money, ...]
    shortfall: Money


def draw(total: Money, sources: Sequence[Money]) -> Drawn:
    """Take *total* from *sources*, the first ones first; one below zero gives nothing.

    Raises `NegativeAmount` for a total below zero, `CurrencyMismatch` for a source in another
    currency. Source: spec: ledger 10.

    >>> drawn = draw(Money(100, "EUR"), [Money(40, "EUR"), Money(1000, "EUR")])
    >>> [part.minor for part in drawn.parts], drawn.shortfall.minor
    ([40, 60], 0)
    """
    left = _not_negative(total)
    parts: list[Money] = []
    for source in sources:
        part = min(left, max(source, Money.zero(total.currency)))
        parts.append(part)
        left -= part
    return Drawn(tuple(parts), left)


@attrs.frozen
class DebitSplit:
    """How much of a debit was own money and how much credit."""

    own: Money
    credit: Money


def split_overdraft(available: Money, debit: Money) -> DebitSplit:
    """Tell which part of *debit* the *available* money covers and which part is credit.

    *available* below zero covers nothing. Raises `NegativeAmount` for a debit below zero,
    `CurrencyMismatch`. Source: spec: ledger 10.

    >>> split_overdraft(Money(100, "EUR"), Money(250, "EUR")).credit
    Money(minor=150, currency='EUR')
    """
    drawn = draw(debit, (available,))
    return DebitSplit(drawn.parts[0], drawn.shortfall)


@attrs.frozen
class Repaid:
    """How much of a credit paid back credit that was used and how much is own money again."""

    repaid: Money
    own: Money


def split_repayment(credit: Money, used: Money) -> Repaid:
    """Tell which part of a *credit* repays the credit *used* and which part is own money.

    Raises `NegativeAmount` for a credit below zero, `CurrencyMismatch`. Source: spec: ledger 10.

    >>> split_repayment(Money(250, "EUR"), Money(100, "EUR")).own
    Money(minor=150, currency='EUR')
    """
    drawn = draw(credit, (used,))
    return Repaid(drawn.parts[0], drawn.shortfall)


@attrs.frozen
class Kept:
    """A billed line that is partly taken back: what is kept and what is credited, together it."""

    kept: Money
    credit: Money


def complement(line: Money, used: Exact, *, rounding: Rounding = Rounding.HALF_UP) -> Kept:
    """Split a billed *line* by the share of it that was *used*, 0 to 1, rounding one side only.

    The credit is what is left, because two rounded sides need not add up to the line. Raises
    `BadShare` outside 0 to 1, `TypeError` for a share that is not exact. Source: spec: billing 0.5.

    >>> complement(Money(5, "EUR"), Fraction(1, 2))
    Kept(kept=Money(minor=3, currency='EUR'), credit=Money(minor=2, currency='EUR'))
    """
    share = exact(used, "used")
    if not 0 <= share <= 1:
        raise BadShare(share)
    kept = Money(round_exact(line.minor * share, rounding), line.currency)
    return Kept(kept, line - kept)


def _not_negative(amount: Money) -> Money:
    """Return *amount*; raises `NegativeAmount`."""
    if amount.minor < 0:
        raise NegativeAmount(amount)
    return amount


@attrs.frozen
class BadWeights(LedgerkitError):
    """Weights that share nothing out: none, negative, all zero or not together a whole."""

    code: ClassVar[str] = "bad_weights"

    weights: tuple[Weight, ...]
    reason: str

    def __str__(self) -> str:
        listed = ", ".join("rest" if isinstance(w, Rest) else str(w) for w in self.weights)
        return f"weights ({listed}) do not share out: {self.reason}"


@attrs.frozen
class BadShare(LedgerkitError):
    """A share of a line is less than nothing or more than all of it."""

    code: ClassVar[str] = "bad_share"

    share: Fraction

    def __str__(self) -> str:
        return f"the share used is {self.share}; a line is used from 0 to 1"


@attrs.frozen
class NegativeAmount(LedgerkitError):
    """An amount to take or to split is below zero."""

    code: ClassVar[str] = "negative_amount"

    amount: Money

    def __str__(self) -> str:
        return f"the amount is {self.amount}; zero or more is needed"
