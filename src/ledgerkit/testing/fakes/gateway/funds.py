"""Funds: what the double holds for the platform and each connected account, and from when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import attrs

from ledgerkit.domain.money import Money


@attrs.frozen
class Line:
    """A change of one balance; *account* is "" for the platform's."""

    account: str
    amount: Money
    available_at: datetime


class Funds:
    """Balances as the sum of their lines: available when their instant has come, pending before."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def move(self, account: str, amount: Money, *, at: datetime) -> None:
        """Add *amount*, below zero too, to the balance of *account*, available from *at* on."""
        self._lines.append(Line(account, amount, at))

    def available(self, account: str, currency: str, *, at: datetime) -> Money:
        """Return what *account* can move at *at*."""
        return _sum(currency, (x.amount for x in self._of(account) if x.available_at <= at))

    def pending(self, account: str, currency: str, *, at: datetime) -> Money:
        """Return what is on its way to be available to *account*."""
        return _sum(currency, (x.amount for x in self._of(account) if x.available_at > at))

    def currencies(self, account: str) -> tuple[str, ...]:
        """Return the currencies that *account* ever held."""
        return tuple(sorted({line.amount.currency for line in self._of(account)}))

    def _of(self, account: str) -> Iterator[Line]:
        return (line for line in self._lines if line.account == account)


def _sum(currency: str, amounts: Iterator[Money]) -> Money:
    return sum((m for m in amounts if m.currency == currency), start=Money.zero(currency))
