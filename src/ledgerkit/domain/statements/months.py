"""Month summary: what some journals amount to, by currency, customer and supplier.

The journals of a plan give the preview of a run, posted ones give the month to date: it is one
function for both. (seed 000; spec: billing 5)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

import attrs

from ledgerkit.domain.invoices import CHARGED, DISCOUNTED, TAXED
from ledgerkit.domain.ledger import (
    Balance,
    Entry,
    Journal,
    Posted,
    TrialBalance,
    net_of,
    period_of,
    trial_balance,
)
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import DEFERRED, Package
from ledgerkit.domain.parties import PAYEE_WALLETS
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.domain.sessions import APPROVED, Session
from ledgerkit.domain.statements.views import Shown, View

_REVERSED = ".reversed"
_SESSIONS = ("session.charged", "session.covered")
# What a customer is charged beside packages, and what is taken back of it.
_CHARGES = (
    *("session.charged", "completion.charged", "completion.adjusted"),
    *(CHARGED, DISCOUNTED, TAXED, "credit_note.issued"),
)
# Money paid out or taken back from where it was paid, or earned before these books.
_NO_EARNINGS = ("payout.", "transfer.", "clawback.paid", "balance.")
_PACKAGES = {"session.covered": "redeemed", "package.expired": "breakage", "package.bought": "sold"}


@attrs.frozen(kw_only=True)
class PartyTotal(View):
    """What a month was for one customer, supplier or owner of equipment.

    Attributes:
        party: Its id.
        currency: The currency of its amounts.
        sessions: Sessions charged or covered, less those taken back.
        covered: How many of them a package paid for.
        amount: Customers: what was charged beside packages, taxes included. Others: what was
            earned, incentives included.
        incentives: Suppliers: how much of it were incentives.
    """

    party: str
    currency: str
    sessions: int
    covered: int
    amount: Shown
    incentives: Shown


@attrs.frozen(kw_only=True)
class CurrencyTotal(View):
    """What a month was in one currency.

    Attributes:
        currency: The currency.
        sessions: Sessions charged or covered, less those taken back.
        covered: How many of them a package paid for.
        charged: What customers were charged beside packages, less discounts, taxes and what was
            credited.
        redeemed: The value of package units used.
        breakage: The value of package units that expired.
        revenue: Charged, redeemed and breakage together.
        payouts: What suppliers earned, incentives included, and owners of equipment.
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
class MonthSummary(View):
    """What some journals amount to, by currency, customer, supplier and owner of equipment."""

    currencies: tuple[CurrencyTotal, ...]
    customers: tuple[PartyTotal, ...]
    suppliers: tuple[PartyTotal, ...]
    owners: tuple[PartyTotal, ...]


@attrs.define
class _Sums:
    sessions: int = 0
    covered: int = 0
    money: Counter[str] = attrs.Factory(Counter)


@attrs.define
class _Tally:
    """Adds journals up; it lives as long as the call."""

    packages: Mapping[str, Package]  # by wallet
    totals: defaultdict[str, _Sums] = attrs.Factory(lambda: defaultdict(_Sums))
    parties: defaultdict[tuple[str, str], _Sums] = attrs.Factory(lambda: defaultdict(_Sums))

    def add(self, journal: Journal) -> None:
        """Take in one journal."""
        kind = journal.kind.removesuffix(_REVERSED)
        if kind in _SESSIONS:
            self._count_session(journal, kind, sign=1 if kind == journal.kind else -1)
        paid_before: set[str] = set()
        for entry in journal.entries:
            if entry.wallet.startswith(PAYEE_WALLETS) and not kind.startswith(_NO_EARNINGS):
                # The second leg of one supplier is what incentives add; the first is the rate.
                bonus = kind == "incentive.earned" or entry.wallet in paid_before
                paid_before.add(entry.wallet)
                self._earn(entry, bonus=bonus)
            elif entry.wallet.startswith("customer:") and kind in _CHARGES:
                self._sum(entry, "charged", -entry.amount.minor)
                self._party(entry, "amount", -entry.amount.minor)
            elif entry.wallet.startswith("liability:tax:") and kind in _CHARGES:
                self._sum(entry, "charged", -entry.amount.minor)  # the state's, not revenue
            elif entry.wallet == DEFERRED and kind in _PACKAGES:
                sold = kind == "package.bought"
                minor = entry.amount.minor
                self._sum(entry, _PACKAGES[kind], minor if sold else -minor)

    def _count_session(self, journal: Journal, kind: str, *, sign: int) -> None:
        wallets, currencies = set[str](), set[str]()
        for entry in journal.entries:
            package = self.packages.get(entry.wallet)
            if package is not None:
                wallets.add(f"customer:{package.customer}")
                currencies.add(package.price.currency)
            elif not entry.wallet.startswith(("package:", "units:")):
                currencies.add(entry.amount.currency)
                if entry.wallet.startswith(("customer:", "supplier:")):
                    wallets.add(entry.wallet)
        covered = sign if kind == "session.covered" else 0
        for currency in currencies:
            for sums in (self.totals[currency], *(self.parties[w, currency] for w in wallets)):
                sums.sessions += sign
                sums.covered += covered

    def _earn(self, entry: Entry, *, bonus: bool) -> None:
        minor = entry.amount.minor
        self._sum(entry, "payouts", minor)
        self._party(entry, "amount", minor)
        if bonus:
            self._sum(entry, "incentives", minor)
            self._party(entry, "incentives", minor)

    def _sum(self, entry: Entry, what: str, minor: int) -> None:
        self.totals[entry.amount.currency].money[what] += minor

    def _party(self, entry: Entry, what: str, minor: int) -> None:
        self.parties[entry.wallet, entry.amount.currency].money[what] += minor


def month_summary(journals: Iterable[Journal], *, packages: Iterable[Package]) -> MonthSummary:
    """Return what *journals* amount to; reversals count against what they reverse.

    Give it a plan's journals for a preview, or posted ones (`of_period`) for the month to date.
    *packages* tell whose sessions were covered: the journal of such a session names its package,
    not its customer. (spec: billing 5)
    """
    tally = _Tally({package.wallet: package for package in packages})
    for journal in journals:
        tally.add(journal)
    return MonthSummary(
        currencies=tuple(_currency_total(c, tally.totals[c]) for c in sorted(tally.totals)),
        customers=_party_totals(tally.parties, "customer:"),
        suppliers=_party_totals(tally.parties, "supplier:"),
        owners=_party_totals(tally.parties, "owner:"),
    )


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


def of_period(
    journals: Iterable[Posted | Journal], period: Period, *, zone: str
) -> tuple[Journal, ...]:
    """Return those of *journals* that belong to *period*: that count on one of its local days.

    A late one belongs to the period it names instead, that is, to the one in which that begins.
    Each journal is of exactly one of any periods that tile time. (spec: ledger 6)
    """
    plain = (j.journal if isinstance(j, Posted) else j for j in journals)
    return tuple(journal for journal in plain if period.contains(day_of(journal, zone)))


def day_of(journal: Journal, zone: str) -> date:
    """Return the local day that *journal* belongs to: a late one to the period that it names."""
    named = period_of(journal)
    return local_date(journal.effective_at, zone) if named is None else named.start


def trial_balance_after(
    balances: Mapping[tuple[str, str], Balance], journals: Iterable[Journal]
) -> tuple[TrialBalance, ...]:
    """Return the trial balance that *balances* would have once *journals* are posted."""
    sums = Counter({key: balance.posted for key, balance in balances.items()})
    for journal in journals:
        sums.update(net_of(journal.entries))
    return trial_balance(sums)


def not_approved(
    sessions: Iterable[Session], period: Period, *, zone: str
) -> tuple[tuple[str, int], ...]:
    """Return how many sessions of *period* are not billed because of their status, by status.

    A coordinator approves what was held before the month is billed, or leaves it to the next run.
    """
    found = Counter(
        session.status
        for session in sessions
        if session.status != APPROVED and period.contains(session.day(zone))
    )
    return tuple(sorted(found.items()))
