"""Taxes: what a document owes the state, worked out line by line after discounts.

A tax has rates, each from a day on, and the tax point chooses one. Prices leave a tax out or
include it; a line may have several. Rounding happens per tax and line, per rate, or once per
document, and the lines always add up to what the document says. (spec: billing 7)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.ledger.wallets import address
from ledgerkit.domain.money import Money, Rounding, apportion, round_exact, sum_of
from ledgerkit.domain.periods import plain_date

# How a tax treats what it is on. The last two charge nothing and say why.
STANDARD, EXEMPT, REVERSE_CHARGE = "standard", "exempt", "reverse_charge"
TREATMENTS = (STANDARD, EXEMPT, REVERSE_CHARGE)
# What is rounded: each tax of each line, the sum of each rate, or the sum of all. E-invoices
# require the second.
LINE, RATE, DOCUMENT = "line", "rate", "document"
# Which part of a price that includes its tax is rounded; the other one is the rest.
TAX, NET = "tax", "net"
_NOTHING = Fraction(0)


@attrs.frozen
class TaxRounding:
    """What is rounded: at which *level*, and *of* a price that includes tax, the tax or the net.

    2.99 with 4 % in it is 2.87 + 0.12 if the tax is rounded, 2.88 + 0.11 if the net is.
    """

    level: str = LINE
    of: str = TAX

    def __attrs_post_init__(self) -> None:
        if self.level not in (LINE, RATE, DOCUMENT) or self.of not in (TAX, NET):
            msg = (
                "tax is rounded per line, rate or document, and of a price the tax or the net "
                f"(got {self.level!r}, {self.of!r})"
            )
            raise ValueError(msg)

    def once(self, exact: Fraction, *, included: bool) -> int:
        """Return the *exact* tax in whole minor units; halves go away from zero.

        Where the net is rounded instead, they go to it, away from the tax that is *included*.
        """
        if included and self.of == NET:
            # Price less rounded net; only halves differ, so any whole price above the tax will do.
            price = round_exact(exact, Rounding.UP)
            return price - round_exact(price - exact, Rounding.HALF_UP)
        return round_exact(exact, Rounding.HALF_UP)


PER_LINE = TaxRounding()


@attrs.frozen(cache_hash=True)  # looked up for every line, and the hash of a Fraction is slow
class Levy:
    """A tax as it stands on a day: what a line is taxed with.

    Attributes:
        code: Its name, part of the wallet `liability:tax:<code>`.
        rate: The rate as a ratio, exact: 20 % is 1/5.
        treatment: `standard`, `exempt` or `reverse_charge`.
        reason: Why nothing is charged, as the law wants it said on the document, or empty.
        inclusive: Whether prices include it.
    """

    code: str
    rate: Fraction
    treatment: str = STANDARD
    reason: str = ""
    inclusive: bool = False

    def __attrs_post_init__(self) -> None:
        address("liability", "tax", self.code)
        if type(self.rate) is not Fraction:
            msg = f"the rate of {self.code!r} must be a Fraction (got {self.rate!r})"
            raise TypeError(msg)
        if self.rate < 0:
            msg = f"the rate of {self.code!r} must be 0 or more (got {self.rate})"
            raise ValueError(msg)
        if self.treatment not in TREATMENTS:
            msg = f"a tax is {', '.join(TREATMENTS)} (got {self.treatment!r} for {self.code!r})"
            raise ValueError(msg)
        text_of("reason", self.reason)
        if self.treatment != STANDARD and (self.rate or not self.reason.strip()):
            msg = f"{self.code!r} is {self.treatment}: it needs a rate of 0 and the reason why"
            raise ValueError(msg)

    def of(self, base: Money, amount: Money) -> TaxAmount:
        """Return that it comes to *amount* on *base*."""
        return TaxAmount(
            self.code,
            self.rate,
            base,
            amount,
            treatment=self.treatment,
            reason=self.reason,
            inclusive=self.inclusive,
        )


@attrs.frozen
class TaxAmount:
    """What one tax adds to a line or to a document.

    Attributes:
        code: Its name, part of the wallet `liability:tax:<code>`.
        rate: The rate as a ratio, exact: 20 % is 1/5.
        base: The net amount it was computed on.
        amount: The tax.
        treatment: `standard`, `exempt` or `reverse_charge`.
        reason: Why nothing is charged, or empty.
        inclusive: Whether the amounts of lines include it.
    """

    code: str
    rate: Fraction
    base: Money
    amount: Money
    treatment: str = attrs.field(default=STANDARD, kw_only=True)
    reason: str = attrs.field(default="", kw_only=True)
    inclusive: bool = attrs.field(default=False, kw_only=True)

    @property
    def wallet(self) -> str:
        """Where it is owed."""
        return f"liability:tax:{self.code}"

    @property
    def levy(self) -> Levy:
        """What it is, without what it comes to."""
        return Levy(self.code, self.rate, self.treatment, self.reason, self.inclusive)


@attrs.frozen
class TaxRate:
    """A rate from 0 to 1 and the first day on which it holds, until a later one."""

    rate: Fraction
    valid_from: date

    def __attrs_post_init__(self) -> None:
        if type(self.rate) is not Fraction:
            msg = f"a tax rate must be a Fraction (got {self.rate!r})"
            raise TypeError(msg)
        if not 0 <= self.rate <= 1:
            msg = f"a tax rate is a ratio from 0 to 1, 21 % is Fraction(21, 100) (got {self.rate})"
            raise ValueError(msg)
        plain_date("valid_from", self.valid_from)


@attrs.frozen
class NoTaxRate(LedgerkitError):
    """A tax that has no rate yet on a day."""

    tax: str
    on: date
    code: ClassVar[str] = "no_tax_rate"

    def __str__(self) -> str:
        return f"tax {self.tax!r} has no rate on {self.on}; add the one that held then"


@attrs.frozen(kw_only=True)
class Tax:
    """A tax and its rates.

    Attributes:
        id: Unique among taxes, such as `iva-reduced`.
        code: The tax it belongs to, part of the wallet `liability:tax:<code>`; several may share
            one.
        rates: Its rates, each from a day on; none where it charges nothing by its *treatment*.
        treatment: `standard`, `exempt` or `reverse_charge`: the customer accounts for it.
        reason: Why nothing is charged, as the law wants it said on the document.
        inclusive: Whether prices include it.

    Raises:
        TypeError, ValueError: a field cannot be, or two rates begin on one day.
        BadAddress: *code* cannot be part of a wallet's address.
    """

    id: str
    code: str
    rates: tuple[TaxRate, ...] = ()
    treatment: str = STANDARD
    reason: str = ""
    inclusive: bool = False

    def __attrs_post_init__(self) -> None:
        name_of("tax id", self.id)
        Levy(self.code, _NOTHING, self.treatment, self.reason, self.inclusive)
        if type(self.rates) is not tuple or not all(type(r) is TaxRate for r in self.rates):
            msg = f"the rates of {self.id!r} must be a tuple of TaxRate (got {self.rates!r})"
            raise TypeError(msg)
        if (self.treatment == STANDARD) != bool(self.rates):
            msg = f"tax {self.id!r} is {self.treatment}; rates go with standard, only"
            raise ValueError(msg)
        if len({rate.valid_from for rate in self.rates}) < len(self.rates):
            msg = f"tax {self.id!r} has two rates from one day on"
            raise ValueError(msg)
        if type(self.inclusive) is not bool:
            msg = f"inclusive is True or False (got {self.inclusive!r} for {self.id!r})"
            raise TypeError(msg)

    def on(self, day: date) -> Levy:
        """Return it as it stands on *day*, the tax point.

        Raises:
            NoTaxRate: none of its rates holds yet.
        """
        held = [rate for rate in self.rates if rate.valid_from <= day]
        if self.rates and not held:
            raise NoTaxRate(self.id, day)
        rate = max(held, key=lambda each: each.valid_from).rate if held else _NOTHING
        return Levy(self.code, rate, self.treatment, self.reason, self.inclusive)


@attrs.frozen
class Assessed:
    """The taxes of each line, in their order, and their sums by tax and rate."""

    lines: tuple[tuple[TaxAmount, ...], ...]
    taxes: tuple[TaxAmount, ...]


def assess(
    lines: Sequence[tuple[Money, Sequence[Levy]]], *, rounding: TaxRounding = PER_LINE
) -> Assessed:
    """Return what each levy comes to on *lines*: amounts after discount, in one currency.

    Taxes that prices include are taken out first, tax = amount x rate / (1 + all such rates); the
    others come on top of the net that is left. What is rounded together is shown on the lines by
    largest remainder. (spec: billing 7)

    Raises:
        CurrencyMismatch: an amount is in another currency.
        ValueError: there are no lines, or one has a levy twice.

    >>> vat = Levy("vat", Fraction(1, 5))
    >>> assess([(Money(100_00, "EUR"), [vat])]).taxes[0].amount
    Money(minor=2000, currency='EUR')
    """
    if not lines or any(len(set(levies)) < len(levies) for _, levies in lines):
        msg = "taxes need lines, and each line each tax once"
        raise ValueError(msg)
    currency = lines[0][0].currency
    sum_of((amount for amount, _ in lines), currency)  # one currency, or it is refused here
    net = [amount.minor for amount, _ in lines]
    found: dict[tuple[int, Levy], int] = {}
    for included in (True, False):
        parts = [
            (n, levy, net[n] * levy.rate * _share(levies, included=included))
            for n, (_, levies) in enumerate(lines)
            for levy in levies
            if levy.inclusive == included
        ]
        for (n, levy, _), minor in zip(parts, _rounded(parts, rounding), strict=True):
            found[n, levy] = minor
        if included:
            for (n, _), minor in found.items():
                net[n] -= minor
    taxed = tuple(
        tuple(levy.of(Money(net[n], currency), Money(found[n, levy], currency)) for levy in levies)
        for n, (_, levies) in enumerate(lines)
    )
    return Assessed(taxed, summed(tax for taxes in taxed for tax in taxes))


def _share(levies: Iterable[Levy], *, included: bool) -> Fraction:
    """Return by what an amount is multiplied to get the net that rates are applied to."""
    if not included:
        return Fraction(1)
    return Fraction(1, 1 + sum((levy.rate for levy in levies if levy.inclusive), _NOTHING))


def _rounded(parts: Sequence[tuple[int, Levy, Fraction]], rounding: TaxRounding) -> Sequence[int]:
    """Return the exact tax of each part in whole minor units, rounded at the level asked for."""
    if rounding.level == LINE:
        return [rounding.once(exact, included=levy.inclusive) for _, levy, exact in parts]
    groups: dict[Levy, list[int]] = {}
    for position, (_, levy, _) in enumerate(parts):
        groups.setdefault(levy, []).append(position)
    exact = [sum((parts[n][2] for n in group), _NOTHING) for group in groups.values()]
    included = any(levy.inclusive for levy in groups)
    if rounding.level == RATE:
        totals = [rounding.once(value, included=included) for value in exact]
    else:
        whole = rounding.once(sum(exact, _NOTHING), included=included)
        totals = list(apportion(whole, exact))
    found = [0] * len(parts)
    for total, group in zip(totals, groups.values(), strict=True):
        for n, minor in zip(group, apportion(total, [parts[n][2] for n in group]), strict=True):
            found[n] = minor
    return found


def summed(taxes: Iterable[TaxAmount]) -> tuple[TaxAmount, ...]:
    """Return *taxes* added up by tax and rate, in the order in which they come.

    Raises:
        CurrencyMismatch: one is in another currency than others of its tax and rate.
    """
    alike: dict[tuple[object, ...], list[TaxAmount]] = {}
    for tax in taxes:
        # A levy of its own for each of them would cost more than the sum.
        rate = tax.rate.as_integer_ratio()  # the hash of a Fraction is slow
        of = tax.code, rate, tax.treatment, tax.reason, tax.inclusive
        alike.setdefault(of, []).append(tax)
    return tuple(group[0] if len(group) == 1 else _sum(group) for group in alike.values())


def _sum(taxes: Sequence[TaxAmount]) -> TaxAmount:
    currency = taxes[0].amount.currency
    return attrs.evolve(
        taxes[0],
        base=sum_of((tax.base for tax in taxes), currency),
        amount=sum_of((tax.amount for tax in taxes), currency),
    )
