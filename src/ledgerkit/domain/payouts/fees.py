"""Fees of instant payouts, and the setting of each payee that says which is asked, from when.

(seed 002: instant payout configuration per instructor; spec: billing 10)
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import plain_date

SUPPLIER, PLATFORM = "supplier", "platform"


@attrs.frozen
class FeeExceedsPayout(LedgerkitError):
    """An instant payout would cost all of what it pays, or more."""

    amount: Money
    fee: Money
    code: ClassVar[str] = "fee_exceeds_payout"

    def __str__(self) -> str:
        return f"an instant payout of {self.amount} costs {self.fee}; it needs to be more than that"


@attrs.frozen(kw_only=True)
class InstantFee:
    """What an instant payout costs: a share, within bounds, and who bears it.

    Attributes:
        percent: The share of the payout, exact, from 0 to 1: 1 % is `Fraction(1, 100)`.
        minimum: The least it costs; its currency is that of the payouts it is for.
        maximum: The most it costs, or None.
        bearer: `supplier`: it is kept of the payout, as a leg of its own, also where an owner is
            paid; `platform`: the payee gets all, and what the gateway takes is the platform's cost.

    >>> one_percent = InstantFee(percent=Fraction(1, 100), minimum=Money(50, "USD"))
    >>> one_percent.of(Money(6000, "USD")).minor, one_percent.of(Money(1000, "USD")).minor
    (60, 50)
    """

    percent: Fraction
    minimum: Money
    maximum: Money | None = None
    bearer: str = SUPPLIER

    def __attrs_post_init__(self) -> None:
        if type(self.percent) is not Fraction or type(self.minimum) is not Money:
            msg = (
                "the fee of an instant payout needs a Fraction and a minimum in Money "
                f"(got {self.percent!r}, {self.minimum!r})"
            )
            raise TypeError(msg)
        if not 0 <= self.percent <= 1 or self.minimum.minor < 0:
            msg = (
                "the fee of an instant payout is a share from 0 to 1, of 0 at least "
                f"(got {self.percent}, {self.minimum})"
            )
            raise ValueError(msg)
        if self.maximum is not None and self.maximum < self.minimum:
            msg = f"a fee of {self.minimum} at least cannot be {self.maximum} at most"
            raise ValueError(msg)
        if self.bearer not in (SUPPLIER, PLATFORM):
            msg = f"{SUPPLIER!r} or {PLATFORM!r} bears a fee (got {self.bearer!r})"
            raise ValueError(msg)

    def of(self, amount: Money) -> Money:
        """Return what an instant payout of *amount* costs; the share is rounded half away from 0.

        Raises `CurrencyMismatch` for an amount in another currency.
        """
        fee = max(Rate.of(amount).times(self.percent), self.minimum)
        return fee if self.maximum is None else min(fee, self.maximum)

    def withheld(self, amount: Money) -> Money | None:
        """Return what is kept of a payout of *amount*: the fee if the payee bears it, or None.

        Raises:
            FeeExceedsPayout: nothing would be left.
        """
        fee = self.of(amount)
        if self.bearer == PLATFORM or fee.minor == 0:
            return None
        if fee >= amount:
            raise FeeExceedsPayout(amount, fee)
        return fee


@attrs.frozen
class PayoutTerm:
    """From which day on payouts of a currency are instant, for which fee; None: they are not."""

    currency: str
    valid_from: date
    fee: InstantFee | None = None

    def __attrs_post_init__(self) -> None:
        plain_date("the first day of a payout term", self.valid_from)
        if self.fee is not None and self.fee.minimum.currency != self.currency:
            msg = f"a term for {self.currency} has a fee in {self.fee.minimum.currency}"
            raise ValueError(msg)


@attrs.frozen
class PayoutSetting:
    """How a payee is paid out; each change of it is a version with who, why and when.

    Attributes:
        id: Derived from the payee.
        supplier: The id of the party paid, whatever it is paid for.
        terms: Whether payouts are instant, each term from a day on, in the order they were set.
    """

    id: str
    supplier: str
    terms: tuple[PayoutTerm, ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("payout setting id", self.id)
        name_of("supplier", self.supplier)
        if type(self.terms) is not tuple or not all(type(t) is PayoutTerm for t in self.terms):
            msg = f"the terms of a payout setting are a tuple of PayoutTerm (got {self.terms!r})"
            raise TypeError(msg)

    def instant(self, currency: str, *, on: date) -> InstantFee | None:
        """Return the fee of instant payouts in *currency* on the local day *on*; None: not instant.

        Of two terms from one day on, the one that was set later counts.
        """
        held = [t for t in self.terms if t.currency == currency and t.valid_from <= on]
        return max(reversed(held), key=lambda t: t.valid_from).fee if held else None


def setting_id(supplier: str) -> str:
    """Return the id of the payout setting of *supplier*."""
    return derive("pst", supplier)


@attrs.frozen
class PayoutSettingChanged:
    """A payout setting with one more term."""

    setting: PayoutSetting

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.setting,))


def set_term(
    setting: PayoutSetting | None, term: PayoutTerm, *, supplier: str
) -> PayoutSettingChanged:
    """Set how *supplier* is paid out from a day on; None: there is no setting yet.

    Earlier terms stay, so that what was paid before can be explained.
    """
    before = setting or PayoutSetting(setting_id(supplier), supplier)
    if before.supplier != supplier:
        msg = f"the setting is of {before.supplier!r}, not of {supplier!r}"
        raise ValueError(msg)
    return PayoutSettingChanged(attrs.evolve(before, terms=(*before.terms, term)))
