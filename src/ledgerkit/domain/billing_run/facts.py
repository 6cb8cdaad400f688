"""Facts: all that a billing run looks at, read beforehand, as frozen records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

import attrs

from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Series, Versioned
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import CREDIT_NOTES, CreditNote
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant, Settlement
from ledgerkit.domain.invoices import INVOICES, Invoice
from ledgerkit.domain.late_joiners import Enrolment
from ledgerkit.domain.ledger import EntryLine, Event, Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import AGGREGATE, LOW, PER_PACKAGE, Package, Threshold
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Cycle
from ledgerkit.domain.pricing import PriceList
from ledgerkit.domain.rate_plans import RatePlan
from ledgerkit.domain.sessions import Match, Session
from ledgerkit.domain.splits import Incentive
from ledgerkit.domain.subscriptions import Subscription
from ledgerkit.domain.tax import PER_LINE, Tax, TaxRounding
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.usage import Reading, Snapshot

MOST_TERMS_DAYS = 3_650
"""Ten years to pay, so that no due date is beyond the calendar."""


@attrs.frozen(kw_only=True)
class Policy:
    """How a business bills.

    Attributes:
        terms_days: Days from the date of an invoice to its due date; no default, since no source
            gives one. (spec: billing 6)
        invoices: The series of invoices.
        credit_notes: The series of credit notes.
        threshold: When a package is low.
        alerts: `package`: told for each active package; `aggregate`: for a customer's active
            packages together.
        taxes: The taxes of lines by their kind, those of "" for other kinds; None: no line is
            taxed. Customers may have others.
        tax_rounding: What of taxes is rounded.
        settlement: What becomes of what no prepaid credit pays for.
        low_credit: Customers are told when their credit goes below this, one amount a currency or
            unit; none given: nobody is.
        expiring_days: How many days before credit expires its customer is told; None: never.
    """

    terms_days: int
    invoices: Series = INVOICES
    credit_notes: Series = CREDIT_NOTES
    threshold: Threshold = LOW
    alerts: str = PER_PACKAGE
    taxes: Mapping[str, Sequence[Tax]] | None = None
    tax_rounding: TaxRounding = PER_LINE
    settlement: Settlement = Settlement.CREDIT_THEN_INVOICE
    low_credit: tuple[Money, ...] = ()
    expiring_days: int | None = 14

    def __attrs_post_init__(self) -> None:
        if type(self.terms_days) is not int or not 0 <= self.terms_days <= MOST_TERMS_DAYS:
            most = f"whole days from 0 to {MOST_TERMS_DAYS}"
            msg = f"payment terms are {most} (got {self.terms_days!r})"
            raise ValueError(msg)
        if self.invoices.name == self.credit_notes.name:
            msg = f"credit notes need a series of their own (both are {self.invoices.name!r})"
            raise ValueError(msg)
        if self.alerts not in (PER_PACKAGE, AGGREGATE):
            msg = f"alerts are per package or aggregate (got {self.alerts!r})"
            raise ValueError(msg)
        days = self.expiring_days
        if days is not None and (type(days) is not int or days < 1):
            msg = f"expiring credit is told a whole number of days before, from 1 (got {days!r})"
            raise ValueError(msg)
        low = self.low_credit
        if type(low) is not tuple or not all(type(each) is Money for each in low):
            msg = f"low credit is a tuple of Money (got {low!r})"
            raise TypeError(msg)


@attrs.frozen(kw_only=True)
class Contracts:
    """What a customer agreed to be charged for beside sessions, and what was used of it.

    Attributes:
        subscriptions: Its subscriptions.
        rate_plans: Its rate plans.
        enrolments: Its students in classes.
        snapshots: What it used in the periods billed, and in those that spikes are told by.
        readings: What its meters say of the periods to bill, and of those that events may have
            come late for.
    """

    subscriptions: tuple[Versioned[Subscription], ...] = ()
    rate_plans: tuple[Versioned[RatePlan], ...] = ()
    enrolments: tuple[Versioned[Enrolment], ...] = ()
    snapshots: tuple[Versioned[Snapshot], ...] = ()
    readings: tuple[Reading, ...] = ()


@attrs.frozen(kw_only=True)
class CustomerFacts:
    """What is known of one customer.

    Attributes:
        party: The customer.
        matches: Its matches.
        sessions: Sessions of its matches, of any status; those booked before as well, so that one
            un-approved since is noticed. A session that is missing is not un-approved.
        packages: Its packages, with the versions they were read at.
        invoices: Its invoices, with the versions they were read at.
        credit_notes: Its credit notes.
        payments: Its payments, with the versions they were read at.
        completions: Work that was done for it, with the versions it was read at.
        adjustments: Corrections of that, read after it.
        journals: Journals that may have to be undone, by id; see `journals_wanted`.
        posted: Which of `events_wanted` are booked.
        contracts: Its subscriptions, rate plans and enrolments.
        grants: All prepaid credit it has or had.
        coupons: The coupons it may use, in the order they are tried.
        taxes: The taxes of its lines by kind, such as none under a reverse charge; None: those of
            the policy.
    """

    party: Party
    matches: tuple[Match, ...]
    sessions: tuple[Session, ...]
    packages: tuple[Versioned[Package], ...] = ()
    invoices: tuple[Versioned[Invoice], ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    payments: tuple[Versioned[Payment], ...] = ()
    completions: tuple[Versioned[Completion], ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    journals: Mapping[str, Journal] = MappingProxyType({})
    posted: frozenset[Event] = frozenset()
    contracts: Contracts = Contracts()
    grants: tuple[Versioned[Grant], ...] = ()
    coupons: tuple[Coupon, ...] = ()
    taxes: Mapping[str, Sequence[Tax]] | None = None


@attrs.frozen(kw_only=True)
class Stranger:
    """What is known of somebody who has contracts or work and is not among the parties.

    Nothing of it is billed; the run tells what is due.

    Attributes:
        id: The customer that these name.
        contracts: Its subscriptions, rate plans and enrolments.
        invoices: Its invoices.
        credit_notes: Its credit notes.
        completions: Work that was done for it.
        adjustments: Corrections of that.
    """

    id: str
    contracts: Contracts
    invoices: tuple[Versioned[Invoice], ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    completions: tuple[Versioned[Completion], ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


@attrs.frozen(kw_only=True)
class SupplierFacts:
    """What is known of one payee, a supplier or an owner of equipment.

    Attributes:
        party: The payee; its role tells the wallet.
        entries: Lines of its wallet that may be in no payout yet.
        payouts: All its payouts in that role: they hold what is paid, and count to the id of the
            next.
        transfers: Its transfers in that role, read after *entries*: see `transfers.under_way`.
    """

    party: Party
    entries: tuple[EntryLine, ...] = ()
    payouts: tuple[Payout, ...] = ()
    transfers: tuple[Transfer, ...] = ()


@attrs.frozen(kw_only=True)
class Facts:
    """All that a run looks at.

    Attributes:
        business: Whose books these are; its zone dates the documents.
        catalog: All prices.
        customers: What is known of each customer.
        suppliers: What is known of each payee.
        strangers: What is known of customers of contracts who are not among the parties.
        incentives: All incentives.
        cycle: How time is cut into periods to bill.
        opened_on: The first local day of these books. Sessions held and approved before it were
            settled elsewhere.
        billed_through: The first local day that no run has billed, or None before the first run.
        closed_before: The books are closed for what counts before this instant, or None.
        price_lists: The price lists of rate plans, by id.
        supplier_names: The names of suppliers as they stand on invoices, by id.
    """

    business: Party
    catalog: Catalog
    customers: tuple[CustomerFacts, ...]
    suppliers: tuple[SupplierFacts, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    incentives: tuple[Incentive, ...] = ()
    cycle: Cycle
    opened_on: date
    billed_through: date | None = None
    closed_before: datetime | None = None
    price_lists: Mapping[str, PriceList] = MappingProxyType({})
    # Looked up for every session, so they are gathered once.
    supplier_names: Mapping[str, str] = attrs.field(init=False, eq=False, repr=False)
    _by_match: Mapping[str, list[Incentive]] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        names = {supplier.party.id: supplier.party.name for supplier in self.suppliers}
        by_match: dict[str, list[Incentive]] = {}
        for incentive in self.incentives:
            by_match.setdefault(incentive.match, []).append(incentive)
        object.__setattr__(self, "supplier_names", MappingProxyType(names))
        object.__setattr__(self, "_by_match", by_match)

    def incentives_of(self, match: str) -> tuple[Incentive, ...]:
        """Return the incentives of *match*."""
        return tuple(self._by_match.get(match, ()))
