"""Supplier debts: what payees owe after a refund or a clawback, and since when.

A payee's wallet goes below zero where money that was paid out is taken back; later earnings pay
the oldest debt first. (spec: reliability A15)
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import date

import attrs

from ledgerkit.domain.ledger import EntryLine
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import PAYEE_WALLETS, SUPPLIER
from ledgerkit.domain.periods import local_date, plain_date
from ledgerkit.domain.statements.views import Shown, View

AGES = (30, 60, 90)
"""Days from which on a debt is in the next class of age: up to 29, 30, 60, 90 and more."""


@attrs.frozen(kw_only=True)
class SupplierDebt(View):
    """What one payee, a supplier or an owner, owes in one currency.

    Attributes:
        supplier: The id of the party.
        role: `supplier`, or `owner` of equipment.
        currency: The currency.
        since: The local day of the oldest part that is not paid.
        ages: What is owed by class of age, the youngest first; see `AGES`.
        owed: All of it, above zero.
    """

    supplier: str
    role: str = SUPPLIER
    currency: str
    since: date
    ages: tuple[Shown, ...]
    owed: Shown


def supplier_debts(
    lines: Iterable[EntryLine], *, on: date, zone: str, ages: tuple[int, ...] = AGES
) -> tuple[SupplierDebt, ...]:
    """Return what payees owe on the day *on*, the oldest debt first.

    *lines* are entries of payees' wallets, those of each in the order in which they count. What
    counts after *on* is left out; a day is that of *zone*.

    Raises:
        TypeError, ValueError: *on* is no date, or *ages* do not grow from above zero.
    """
    plain_date("on", on)
    if list(ages) != sorted(set(ages)) or any(type(age) is not int or age < 1 for age in ages):
        msg = f"classes of age begin at growing whole numbers of days (got {ages!r})"
        raise ValueError(msg)
    open_debts = defaultdict[tuple[str, str], deque[tuple[date, int]]](deque)
    own = defaultdict[tuple[str, str], int](int)
    for line in lines:
        day = local_date(line.effective_at, zone)
        if line.wallet.startswith(PAYEE_WALLETS) and day <= on:
            key = line.wallet, line.amount.currency
            own[key] = _moved(open_debts[key], own[key], line.amount.minor, day)
    found = [
        SupplierDebt(
            supplier=wallet.partition(":")[2],
            role=wallet.partition(":")[0],
            currency=currency,
            since=debts[0][0],
            ages=_by_age(debts, currency, on=on, ages=ages),
            owed=Money(sum(minor for _, minor in debts), currency),
        )
        for (wallet, currency), debts in open_debts.items()
        if debts
    ]
    return tuple(sorted(found, key=lambda d: (d.since, d.supplier, d.currency, d.role)))


def _moved(debts: deque[tuple[date, int]], own: int, minor: int, day: date) -> int:
    """Let *minor* pay the oldest of *debts*, or be taken from *own* money, or be a new debt."""
    if minor < 0:
        beyond = -minor - own
        if beyond > 0:
            debts.append((day, beyond))
        return max(0, -beyond)
    while minor and debts:
        since, owed = debts.popleft()
        paid = min(owed, minor)
        minor -= paid
        if owed > paid:
            debts.appendleft((since, owed - paid))
    return own + minor


def _by_age(
    debts: Iterable[tuple[date, int]], currency: str, *, on: date, ages: tuple[int, ...]
) -> tuple[Money, ...]:
    sums = [0] * (len(ages) + 1)
    for since, minor in debts:
        sums[sum((on - since).days >= age for age in ages)] += minor
    return tuple(Money(minor, currency) for minor in sums)
