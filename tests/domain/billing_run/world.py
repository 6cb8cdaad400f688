"""A small tutoring business to bill: facts built in a line, committed to a memory store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import attrs

from ledgerkit.adapters.memory import MemoryStore, MemoryUsage
from ledgerkit.domain import rate_plans
from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.billing_run import (
    Contracts,
    CustomerFacts,
    Facts,
    Policy,
    Stranger,
    SupplierFacts,
    events_wanted,
    journals_wanted,
    plan_billing_run,
    plan_customers,
    plan_suppliers,
    strangers_of,
)
from ledgerkit.domain.catalog import Catalog, CatalogKey, Price
from ledgerkit.domain.changes import (
    Changes,
    Expect,
    Plan,
    Record,
    Versioned,
    changes_of,
    expect,
    request,
)
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.late_joiners import Enrolment
from ledgerkit.domain.ledger import Cursor, EntryLine, Page
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages import Package, purchase
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import CalendarCycle, Cycle, Period
from ledgerkit.domain.pricing import PriceList
from ledgerkit.domain.rate_plans import RatePlan
from ledgerkit.domain.sessions import APPROVED, HELD, Match, Session
from ledgerkit.domain.splits import Incentive
from ledgerkit.domain.subscriptions import Subscription
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.usage import Snapshot

R = TypeVar("R", bound=Record)

SEPTEMBER, OCTOBER, NOVEMBER = (Period.month(2026, month) for month in (9, 10, 11))
NOVEMBER_1 = datetime(2026, 11, 1, 6, tzinfo=UTC)
DECEMBER_1 = datetime(2026, 12, 1, 6, tzinfo=UTC)
MATHS = CatalogKey("maths", "secondary", 60)
MUSIC = CatalogKey("music", "primary", 45)
POLICY = Policy(terms_days=14)
MONTHLY = CalendarCycle()


def money(major: str, currency: str = "EUR") -> Money:
    """Return what is written with a point, in a currency of two decimals."""
    whole, _, cents = major.partition(".")
    minor = int(whole) * 100
    return Money(minor - int(cents or 0) if whole[0] == "-" else minor + int(cents or 0), currency)


def eur(major: str) -> Money:
    """Return euros written with a point."""
    return money(major)


PRICE = Price(key=MATHS, charge=eur("50"), pay=eur("30"), valid_from=date(2026, 1, 1))
CATALOG = Catalog("catalog", (PRICE,))
PARENT = Party(id="ana", role="customer", name="Ana García", currency="EUR", zone="Europe/Madrid")
TUTOR = Party(id="tom", role="supplier", name="Tom Hill", currency="EUR", zone="Europe/Madrid")
OWNER = Party(id="aula", role="business", name="Aula Norte", currency="EUR", zone="Europe/Madrid")
MATCH = Match(id="m1", customer="ana", student="Leo", supplier="tom", key=MATHS, currency="EUR")


def party(id: str, *, role: str = "customer", zone: str = "Europe/Madrid") -> Party:
    """Return a party, a customer unless told."""
    return attrs.evolve(PARENT, id=id, name=id.title(), role=role, zone=zone)


def match(id: str, **more: Any) -> Match:
    """Return a match like the first one, with other fields."""
    return attrs.evolve(MATCH, id=id, **more)


def session(
    n: int,
    day: int,
    *,
    month: int = 10,
    hour: int = 12,
    approved: bool = True,
    match: str = "m1",
    key: CatalogKey | None = None,
    approved_on: datetime | None = None,
) -> Session:
    """Return session *n*, held on a day at an hour UTC and approved eight hours later."""
    at = datetime(2026, month, day, hour, tzinfo=UTC)
    evening = at.replace(hour=min(hour + 8, 23)) if approved_on is None else approved_on
    return Session(
        id=f"s{n}",
        match=match,
        starts_at=at,
        status=APPROVED if approved else HELD,
        approved_at=evening if approved else None,
        key=key,
    )


def unapproved(session: Session) -> Session:
    """Return *session* with its approval taken back."""
    return attrs.evolve(session, status=HELD, approved_at=None)


def package(
    units: int = 10, price: str = "450", *, id: str = "p1", currency: str = "EUR", **more: Any
) -> Package:
    """Return a package for maths, bought on 1 September."""
    fields: dict[str, Any] = {
        "customer": "ana",
        "covers": (MATHS,),
        "price": money(price, currency),
        "purchased_on": date(2026, 9, 1),
    }
    return Package(id=id, units=units, **(fields | more))


def incentive(id: str = "i1", amount: str = "5", **more: Any) -> Incentive:
    """Return an incentive of the first match, per session and from the start unless told."""
    fields: dict[str, Any] = {
        "match": "m1",
        "amount": eur(amount),
        "valid_from": date(2026, 1, 1),
    }
    return Incentive(id=id, **(fields | more))


@attrs.define
class World:
    """A store and the facts of the host."""

    sessions: tuple[Session, ...] = ()
    incentives: tuple[Incentive, ...] = ()
    catalog: Catalog = CATALOG
    customers: tuple[Party, ...] = (PARENT,)
    suppliers: tuple[Party, ...] = (TUTOR,)
    matches: tuple[Match, ...] = (MATCH,)
    opened_on: date = date(2026, 9, 1)
    billed_through: date | None = None
    closed_before: datetime | None = None
    cycle: Cycle = MONTHLY
    policy: Policy = POLICY
    store: MemoryStore = attrs.Factory(MemoryStore)
    usage: MemoryUsage = attrs.Factory(MemoryUsage)
    coupons: tuple[Coupon, ...] = ()

    def agree(self, *contracts: Record) -> World:
        """Store contracts, price lists and credit as the host does."""
        for record in contracts:
            version = self.store.load(type(record), record.id)
            expects = () if version is None else (expect(version),)
            self.store.commit(
                Changes(
                    key=f"agree/{record.id}/{0 if version is None else version.version}",
                    request=request("agree", id=record.id),
                    actor="parent",
                    reason="agreed",
                    at=datetime(2026, 1, 1, tzinfo=UTC),
                    records=(record,),
                    expects=expects,
                )
            )
        return self

    def buy(self, *packages: Package) -> World:
        """Sell packages on the day of their purchase."""
        for bought in packages:
            at = datetime.combine(bought.purchased_on, time.min, UTC)
            self.store.commit(
                changes_of(
                    purchase(bought, at=at),
                    key=f"buy/{bought.id}",
                    request=request("package.purchase", package=bought.id),
                    actor="parent",
                    reason="bought",
                    at=at,
                )
            )
        return self

    def tell(self, *sessions: Session) -> World:
        """Replace what is known of *sessions*, or add them."""
        told = {session.id: session for session in (*self.sessions, *sessions)}
        self.sessions = tuple(told.values())
        return self

    def facts(self) -> Facts:
        """Read the facts of a run."""
        facts = Facts(
            business=OWNER,
            catalog=self.catalog,
            customers=tuple(self._customer(party) for party in self.customers),
            suppliers=tuple(self._supplier(party) for party in self.suppliers),
            incentives=self.incentives,
            cycle=self.cycle,
            opened_on=self.opened_on,
            billed_through=self.billed_through,
            closed_before=self.closed_before,
            price_lists={each.id: each for each in self.all(PriceList)},
        )
        return attrs.evolve(
            facts,
            customers=tuple(self._with_ledger(facts, c) for c in facts.customers),
            strangers=tuple(map(self._stranger, self._named())),
        )

    def _named(self) -> tuple[str, ...]:
        held = (
            *(v.record.customer for v in self.read(Subscription)),
            *(v.record.customer for v in self.read(RatePlan)),
            *(v.record.customer for v in self.read(Enrolment)),
            *(v.record.customer for v in self.read(Completion)),
        )
        return strangers_of(held, self.customers)

    def _stranger(self, id: str) -> Stranger:
        return Stranger(
            id=id,
            contracts=self._contracts(id),
            invoices=self.read(Invoice, id),
            credit_notes=self.all(CreditNote, id),
            completions=self.read(Completion, id),
            adjustments=tuple(a for a in self.all(Adjustment) if a.customer == id),
        )

    def _customer(self, party: Party) -> CustomerFacts:
        matches = tuple(m for m in self.matches if m.customer == party.id)
        names = {m.id for m in matches}
        return CustomerFacts(
            party=party,
            matches=matches,
            sessions=tuple(s for s in self.sessions if s.match in names),
            packages=self.read(Package, party.id),
            invoices=self.read(Invoice, party.id),
            credit_notes=self.all(CreditNote, party.id),
            payments=self.read(Payment, party.id),
            completions=self.read(Completion, party.id),
            adjustments=tuple(a for a in self.all(Adjustment) if a.customer == party.id),
            contracts=self._contracts(party.id),
            grants=self.read(Grant, party.id),
            coupons=self.coupons,
        )

    def _contracts(self, id: str) -> Contracts:
        plans = self.read(RatePlan, id)
        snapshots = self.read(Snapshot, id)
        wanted = {
            (meter, period, zone)
            for plan in plans
            for meter in plan.record.meters
            for period, zone in (
                *(
                    (each, plan.record.zone)
                    for each in rate_plans.periods_due(plan.record, on=date(2027, 1, 1))
                ),
                # What was billed is counted again as it was.
                *(
                    (s.record.period, s.record.zone)
                    for s in snapshots
                    if s.record.meter == meter.name
                ),
            )
        }
        return Contracts(
            subscriptions=self.read(Subscription, id),
            rate_plans=plans,
            enrolments=self.read(Enrolment, id),
            snapshots=snapshots,
            readings=tuple(
                reading
                for meter, period, zone in wanted
                for reading in self.usage.totals(meter, period=period, zone=zone, customers=[id])
            ),
        )

    def _supplier(self, party: Party) -> SupplierFacts:
        return SupplierFacts(
            party=party,
            entries=self.entries(party.wallet),
            payouts=self.all(Payout, party.id),
            transfers=self.all(Transfer, party.id),
        )

    def _with_ledger(self, facts: Facts, customer: CustomerFacts) -> CustomerFacts:
        posted = frozenset(self.store.posted_events(events_wanted(facts, customer)))
        customer = attrs.evolve(customer, posted=posted)
        found = {id: self.store.journal(id) for id in journals_wanted(customer, facts)}
        return attrs.evolve(
            customer, journals={id: p.journal for id, p in found.items() if p is not None}
        )

    def read(self, kind: type[R], party: str | None = None) -> tuple[Versioned[R], ...]:
        """Return all records of *kind*, of one party or of all, with their versions."""
        found: list[Versioned[R]] = []
        page: Page[Versioned[R]] = self.store.find(kind, party=party)
        found += page.items
        while page.next is not None:
            page = self.store.find(kind, party=party, after=str(page.next))
            found += page.items
        return tuple(found)

    def expects(self, kind: type[Record]) -> tuple[Expect, ...]:
        """Return the versions of all records of *kind*, as who read them expects them."""
        return tuple(expect(versioned) for versioned in self.read(kind))

    def all(self, kind: type[R], party: str | None = None) -> tuple[R, ...]:
        """Return all records of *kind*, of one party or of all."""
        return tuple(versioned.record for versioned in self.read(kind, party))

    def entries(self, wallet: str) -> tuple[EntryLine, ...]:
        """Return every line of *wallet*."""
        page = self.store.entries(wallet)
        found = list(page.items)
        while isinstance(page.next, Cursor):
            page = self.store.entries(wallet, after=page.next)
            found += page.items
        return tuple(found)

    def plan(self, as_of: datetime = NOVEMBER_1, period: Period | None = OCTOBER) -> Plan:
        """Return what a run would do."""
        return plan_billing_run(self.facts(), policy=self.policy, as_of=as_of, period=period)

    def run(self, as_of: datetime = NOVEMBER_1, period: Period | None = OCTOBER) -> Plan:
        """Plan a run, commit it and return the plan."""
        plan = self.plan(as_of, period)
        self.commit(plan.changes)
        return plan

    def run_in_halves(self, as_of: datetime = NOVEMBER_1, period: Period = OCTOBER) -> Plan:
        """Run as a job does: commit the customers, read again, then commit the suppliers."""
        billed = plan_customers(self.facts(), policy=self.policy, as_of=as_of, period=period)
        self.commit(billed.changes)
        paid = plan_suppliers(self.facts(), as_of=as_of, period=period)
        self.commit(paid.changes)
        return Plan((*billed.changes, *paid.changes), (*billed.skipped, *paid.skipped))

    def commit(self, many: Iterable[Changes]) -> None:
        """Commit each of *many* alone."""
        for changes in many:
            self.store.commit(changes)

    def held(self, wallet: str, currency: str = "EUR") -> int:
        """Return what *wallet* holds."""
        return self.store.balance(wallet, currency).posted

    def balances(self) -> dict[tuple[str, str], int]:
        """Return all balances that are not zero."""
        return {key: balance.posted for key, balance in self.store.balances().items()}

    def totals(self, kind: type[Any]) -> list[tuple[str | None, int]]:
        """Return (number, total) of every invoice, credit note or payout, by number."""
        found = [(getattr(d, "number", None), d.total.minor) for d in self.all(kind)]
        return sorted(found, key=lambda pair: pair[0] or "")


def messages(plan: Plan) -> list[Message]:
    """Return what *plan* tells people."""
    return [message for changes in plan.changes for message in changes.messages]


def invoices(plan: Plan) -> list[Invoice]:
    """Return the invoices that *plan* issues."""
    drawn = {draw.record for changes in plan.changes for draw in changes.draws}
    return [invoice for invoice in _of(plan) if invoice.id in drawn]


def settled(plan: Plan) -> list[Invoice]:
    """Return the invoices of before of which *plan* moves the status."""
    drawn = {draw.record for changes in plan.changes for draw in changes.draws}
    return [invoice for invoice in _of(plan) if invoice.id not in drawn]


def _of(plan: Plan) -> list[Invoice]:
    return [r for changes in plan.changes for r in changes.records if isinstance(r, Invoice)]


def notes(plan: Plan) -> list[CreditNote]:
    """Return the credit notes of *plan*."""
    return [r for changes in plan.changes for r in changes.records if isinstance(r, CreditNote)]


def payouts(plan: Plan) -> list[Payout]:
    """Return the payouts of *plan*."""
    return [r for changes in plan.changes for r in changes.records if isinstance(r, Payout)]
