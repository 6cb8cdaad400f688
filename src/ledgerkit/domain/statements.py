"""Statements: what people ask of the books, as views that are computed and never stored.

The summary of a month, billing records, package ledgers and the history of cycles; and a freeze
that hides the money in any of them, for a time in which finance is not to be shown. (seed 000;
spec: billing 5)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar, cast

import attrs

from ledgerkit.domain.changes import Version
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import (
    Balance,
    Journal,
    Posted,
    TrialBalance,
    net_of,
    trial_balance,
)
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import ACTIVE, LOW, Package, Threshold
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period, local_date

T = TypeVar("T")


class Hidden(Enum):
    """Stands for an amount that is not shown."""

    HIDDEN = "—"

    def __str__(self) -> str:
        return self.value


HIDDEN = Hidden.HIDDEN
Shown = Money | Hidden


@attrs.frozen(kw_only=True)
class PartyTotal:
    """What a month was for one customer or supplier.

    Attributes:
        party: Its id.
        currency: The currency of its amounts.
        sessions: Sessions charged or covered, less those taken back.
        covered: How many of them a package paid for.
        amount: Customers: what was charged beside packages. Suppliers: what was earned, incentives
            included.
        incentives: Suppliers: how much of it were incentives.
    """

    party: str
    currency: str
    sessions: int
    covered: int
    amount: Shown
    incentives: Shown


@attrs.frozen(kw_only=True)
class CurrencyTotal:
    """What a month was in one currency.

    Attributes:
        currency: The currency.
        sessions: Sessions charged or covered, less those taken back.
        covered: How many of them a package paid for.
        charged: What customers were charged for sessions beside packages.
        redeemed: The value of package units used.
        breakage: The value of package units that expired.
        revenue: Charged, redeemed and breakage together.
        payouts: What suppliers earned, incentives included.
        incentives: How much of it were incentives.
        margin: Revenue less payouts: what the platform keeps.
        packages_sold: The price of packages bought; not revenue until they are used.
    """

    currency: str
    sessions: int
    covered: int
    charged: Shown
    redeemed: Shown
    breakage: Shown
    revenue: Shown
    payouts: Shown
    incentives: Shown
    margin: Shown
    packages_sold: Shown


@attrs.frozen(kw_only=True)
class MonthSummary:
    """What some journals amount to, by currency, customer and supplier."""

    currencies: tuple[CurrencyTotal, ...]
    customers: tuple[PartyTotal, ...]
    suppliers: tuple[PartyTotal, ...]


@attrs.define
class _Sums:
    sessions: int = 0
    covered: int = 0
    money: Counter[str] = attrs.Factory(Counter)


def month_summary(journals: Iterable[Journal]) -> MonthSummary:
    """Return what *journals* amount to; reversals count against what they reverse.

    Give it a plan's journals for a preview, or posted ones (`of_period`) for month to date: it is
    one function for both. (spec: billing 5)
    """
    totals: defaultdict[str, _Sums] = defaultdict(_Sums)
    parties: defaultdict[tuple[str, str], _Sums] = defaultdict(_Sums)
    for journal in journals:
        kind, _, undone = journal.kind.partition(".reversed")
        _count_sessions(journal, kind, -1 if undone or journal.reverses else 1, totals, parties)
        _add_money(journal, kind, totals, parties)
    return MonthSummary(
        currencies=tuple(_currency_total(c, totals[c]) for c in sorted(totals)),
        customers=_party_totals(parties, "customer:"),
        suppliers=_party_totals(parties, "supplier:"),
    )


def _currency_of(journal: Journal) -> str | None:
    """Return the currency of the money legs; None for a journal of units alone."""
    return next((e.amount.currency for e in journal.entries if not _is_units(e.wallet)), None)


def _is_units(wallet: str) -> bool:
    return wallet.startswith(("package:", "units:"))


def _count_sessions(
    journal: Journal,
    kind: str,
    sign: int,
    totals: defaultdict[str, _Sums],
    parties: defaultdict[tuple[str, str], _Sums],
) -> None:
    currency = _currency_of(journal)
    if kind not in ("session.charged", "session.covered") or currency is None:
        return
    covered = sign if kind == "session.covered" else 0
    wallets = {e.wallet for e in journal.entries if e.wallet.startswith(("customer:", "supplier:"))}
    for sums in (totals[currency], *(parties[wallet, currency] for wallet in wallets)):
        sums.sessions += sign
        sums.covered += covered


def _add_money(
    journal: Journal,
    kind: str,
    totals: defaultdict[str, _Sums],
    parties: defaultdict[tuple[str, str], _Sums],
) -> None:
    paid_before: set[str] = set()
    for entry in journal.entries:
        wallet, minor, currency = entry.wallet, entry.amount.minor, entry.amount.currency
        if _is_units(wallet):
            continue
        money, head = totals[currency].money, wallet.partition(":")[0]
        if head == "supplier" and not kind.startswith(("payout.", "balance.")):
            money["payouts"] += minor
            parties[wallet, currency].money["amount"] += minor
            # The second leg of one supplier is what incentives add; the first is the rate.
            if kind == "incentive.earned" or wallet in paid_before:
                money["incentives"] += minor
                parties[wallet, currency].money["incentives"] += minor
            paid_before.add(wallet)
        elif head == "customer" and kind in ("session.charged", "credit_note.issued"):
            money["charged"] -= minor
            parties[wallet, currency].money["amount"] -= minor
        elif wallet == "liability:packages":
            name = {"session.covered": "redeemed", "package.expired": "breakage"}.get(kind)
            if name is not None:
                money[name] -= minor
            elif kind == "package.bought":
                money["sold"] += minor


def _currency_total(currency: str, sums: _Sums) -> CurrencyTotal:
    money = sums.money
    revenue = money["charged"] + money["redeemed"] + money["breakage"]
    return CurrencyTotal(
        currency=currency,
        sessions=sums.sessions,
        covered=sums.covered,
        charged=Money(money["charged"], currency),
        redeemed=Money(money["redeemed"], currency),
        breakage=Money(money["breakage"], currency),
        revenue=Money(revenue, currency),
        payouts=Money(money["payouts"], currency),
        incentives=Money(money["incentives"], currency),
        margin=Money(revenue - money["payouts"], currency),
        packages_sold=Money(money["sold"], currency),
    )


def _party_totals(parties: Mapping[tuple[str, str], _Sums], prefix: str) -> tuple[PartyTotal, ...]:
    return tuple(
        PartyTotal(
            party=wallet.removeprefix(prefix),
            currency=currency,
            sessions=sums.sessions,
            covered=sums.covered,
            amount=Money(sums.money["amount"], currency),
            incentives=Money(sums.money["incentives"], currency),
        )
        for (wallet, currency), sums in sorted(parties.items())
        if wallet.startswith(prefix)
    )


def of_period(posted: Iterable[Posted], period: Period, *, zone: str) -> tuple[Journal, ...]:
    """Return the journals that belong to *period*: by the local day on which they count, or by
    the period that a late one names.
    """
    return tuple(
        p.journal
        for p in posted
        if dict(p.journal.metadata).get("period", str(period)) == str(period)
        and (
            "period" in dict(p.journal.metadata)
            or period.contains(local_date(p.journal.effective_at, zone))
        )
    )


def trial_balance_after(
    balances: Mapping[tuple[str, str], Balance], journals: Iterable[Journal]
) -> tuple[TrialBalance, ...]:
    """Return the trial balance that *balances* would have once *journals* are posted."""
    sums = Counter({key: balance.posted for key, balance in balances.items()})
    for journal in journals:
        sums.update(net_of(journal.entries))
    return trial_balance(sums)


@attrs.frozen(kw_only=True)
class BillingRecord:
    """One document of the billing: an invoice, a credit note or a payout.

    Attributes:
        kind: `invoice`, `credit_note` or `payout`.
        id: The id of the record.
        number: Its document number, or None.
        party: The customer or supplier.
        on: Its date: of issue, or the first day of a payout's period.
        period: What it bills, or None.
        status: Its status.
        total: Its total; of a credit note, what is given back.
    """

    kind: str
    id: str
    number: str | None
    party: str
    on: date | None
    period: Period | None
    status: str
    total: Shown


def billing_records(
    *,
    invoices: Iterable[Invoice] = (),
    credit_notes: Iterable[CreditNote] = (),
    payouts: Iterable[Payout] = (),
    since: date | None = None,
    until: date | None = None,
    party: str | None = None,
) -> tuple[BillingRecord, ...]:
    """Return the records of one *party*, or all, dated *since* <= day < *until*, by date.

    (seed 000: filtering by date range, parent and tutor)
    """
    records = [
        BillingRecord(
            kind="invoice",
            id=i.id,
            number=i.number,
            party=i.customer,
            on=i.issued_on,
            period=i.period,
            status=i.status,
            total=i.total,
        )
        for i in invoices
    ]
    records += [
        BillingRecord(
            kind="credit_note",
            id=n.id,
            number=n.number,
            party=n.customer,
            on=n.issued_on,
            period=None,
            status=n.status,
            total=n.total,
        )
        for n in credit_notes
    ]
    records += [
        BillingRecord(
            kind="payout",
            id=p.id,
            number=None,
            party=p.supplier,
            on=p.period.start,
            period=p.period,
            status=p.status,
            total=p.total,
        )
        for p in payouts
    ]
    wanted = (
        r
        for r in records
        if (party is None or r.party == party)
        and (since is None or (r.on is not None and r.on >= since))
        and (until is None or (r.on is not None and r.on < until))
    )
    return tuple(sorted(wanted, key=lambda r: (r.on or date.min, r.kind, r.id)))


@attrs.frozen(kw_only=True)
class PackageLedger:
    """The units of one package: purchased is redeemed + expired + remaining.

    Attributes:
        package: Its id.
        customer: The id of the customer.
        purchased: Units bought.
        redeemed: Units used, those before these books included.
        expired: Units forfeited.
        returned: How often a unit was given back.
        remaining: Units left.
        expires_on: The first local day it does not pay for, or None.
        deferred: The value of what is left.
        low: Whether it is active and few are left.
    """

    package: str
    customer: str
    purchased: int
    redeemed: int
    expired: int
    returned: int
    remaining: int
    expires_on: date | None
    deferred: Shown
    low: bool


def package_ledgers(
    packages: Iterable[Package], *, threshold: Threshold = LOW
) -> tuple[PackageLedger, ...]:
    """Return the units of each package, by customer and id; expired ones are never low."""
    return tuple(
        PackageLedger(
            package=p.id,
            customer=p.customer,
            purchased=p.units,
            redeemed=p.used,
            expired=p.forfeited,
            returned=len(p.returned),
            remaining=p.remaining,
            expires_on=p.expires_on,
            deferred=p.deferred,
            low=p.status == ACTIVE and threshold.is_low(p.remaining, of=p.units),
        )
        for p in sorted(packages, key=lambda p: (p.customer, p.id))
    )


@attrs.frozen(kw_only=True)
class HistoryRow:
    """One step in the life of a record: status, who, why and when."""

    id: str
    version: int
    status: str
    actor: str
    reason: str
    at: datetime


def history_rows(versions: Iterable[Version[Any]]) -> tuple[HistoryRow, ...]:
    """Return the steps of a record that has a status, such as a billing cycle or a payout."""
    return tuple(
        HistoryRow(
            id=v.record.id,
            version=v.version,
            status=v.record.status,
            actor=v.actor,
            reason=v.reason,
            at=v.at,
        )
        for v in versions
    )


def freeze(view: T) -> T:
    """Return *view* with every amount hidden; a projection, so nothing of it is ever stored.

    It takes the views of this module and tuples of them. (seed 000: hides live money values)

    >>> total = PartyTotal(party="ana", currency="EUR", sessions=4, covered=1,
    ...     amount=Money(15_000, "EUR"), incentives=Money(0, "EUR"))
    >>> str(freeze(total).amount)
    '—'
    """
    return cast("T", _hidden(view))


def _hidden(value: object) -> object:
    if type(value) is Money:
        return HIDDEN
    if type(value) is tuple:
        return tuple(_hidden(item) for item in value)
    kind: Any = type(value)
    if attrs.has(kind) and kind is not Period:
        fields = {f.name: _hidden(getattr(value, f.name)) for f in attrs.fields(kind)}
        return attrs.evolve(cast("Any", value), **fields)
    return value
