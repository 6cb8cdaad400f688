"""A small tutoring business to bill: facts built in a line, committed to a memory store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.billing_run import (
    CustomerFacts,
    Facts,
    Policy,
    SupplierFacts,
    events_wanted,
    journals_wanted,
)
from ledgerkit.domain.catalog import Catalog, CatalogKey, Price
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import Package, purchase
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import CalendarCycle, Period
from ledgerkit.domain.sessions import APPROVED, HELD, Match, Session
from ledgerkit.domain.splits import Incentive

OCTOBER = Period.parse("2026-10")
NOVEMBER_1 = datetime(2026, 11, 1, 6, tzinfo=UTC)
MATHS = CatalogKey("maths", "secondary", 60)
POLICY = Policy(terms_days=14)


def eur(major: str) -> Money:
    """Return euros written with a point."""
    whole, _, cents = major.partition(".")
    return Money(int(whole) * 100 + int(cents or 0), "EUR")


PRICE = Price(key=MATHS, charge=eur("50"), pay=eur("30"), valid_from=date(2026, 1, 1))
CATALOG = Catalog("catalog", (PRICE,))
PARENT = Party(id="ana", role="customer", name="Ana García", currency="EUR", zone="Europe/Madrid")
TUTOR = Party(id="tom", role="supplier", name="Tom Hill", currency="EUR", zone="Europe/Madrid")
OWNER = Party(
    id="aula", role="business", name="Aula Norte", currency="EUR", zone="Europe/Madrid"
)
MATCH = Match(
    id="m1", customer="ana", student="Leo", supplier="tom", key=MATHS, currency="EUR"
)


def session(n: int, day: int, *, month: int = 10, approved: bool = True, match: str = "m1"):
    """Return session *n*, held at noon UTC of a day and approved the same evening."""
    at = datetime(2026, month, day, 12, tzinfo=UTC)
    return Session(
        id=f"s{n}",
        match=match,
        starts_at=at,
        status=APPROVED if approved else HELD,
        approved_at=at.replace(hour=20) if approved else None,
    )


def package(units: int = 10, price: str = "450", *, id: str = "p1", **more: object) -> Package:
    """Return a package for maths, bought on 1 September."""
    return Package(
        id=id,
        customer="ana",
        covers=(MATHS,),
        units=units,
        price=eur(price),
        **{"purchased_on": date(2026, 9, 1), **more},
    )


@attrs.define
class World:
    """A store and the facts of the host."""

    sessions: tuple[Session, ...] = ()
    incentives: tuple[Incentive, ...] = ()
    catalog: Catalog = CATALOG
    customers: tuple[Party, ...] = (PARENT,)
    matches: tuple[Match, ...] = (MATCH,)
    opened_on: date = date(2026, 9, 1)
    closed_before: datetime | None = None
    store: MemoryStore = attrs.Factory(MemoryStore)

    def buy(self, *packages: Package) -> World:
        """Sell packages on the day of their purchase."""
        for bought in packages:
            at = datetime.combine(bought.purchased_on, datetime.min.time(), UTC)
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

    def facts(self, period: Period = OCTOBER) -> Facts:
        """Read the facts of a run for *period*."""
        facts = Facts(
            business=OWNER,
            catalog=self.catalog,
            customers=tuple(self._customer(party) for party in self.customers),
            suppliers=(
                SupplierFacts(
                    party=TUTOR,
                    entries=self.store.entries(TUTOR.wallet).items,
                    payouts=self._all(Payout, "tom"),
                ),
            ),
            incentives=self.incentives,
            cycle=CalendarCycle(),
            opened_on=self.opened_on,
            closed_before=self.closed_before,
        )
        return attrs.evolve(
            facts,
            customers=tuple(self._with_ledger(facts, c, period) for c in facts.customers),
        )

    def _all(self, kind: type, party: str):
        return tuple(v.record for v in self.store.find(kind, party=party).items)

    def _customer(self, party: Party) -> CustomerFacts:
        matches = tuple(m for m in self.matches if m.customer == party.id)
        names = {m.id for m in matches}
        return CustomerFacts(
            party=party,
            matches=matches,
            sessions=tuple(s for s in self.sessions if s.match in names),
            packages=self.store.find(Package, party=party.id).items,
            invoices=self._all(Invoice, party.id),
            credit_notes=self._all(CreditNote, party.id),
        )

    def _with_ledger(self, facts: Facts, customer: CustomerFacts, period: Period):
        found = {id: self.store.journal(id) for id in journals_wanted(customer)}
        return attrs.evolve(
            customer,
            journals={id: p.journal for id, p in found.items() if p is not None},
            posted=frozenset(
                self.store.posted_events(events_wanted(facts, customer, period))
            ),
        )

    def commit(self, many: Iterable[object]) -> None:
        """Commit each of *many* alone."""
        for changes in many:
            self.store.commit(changes)

    def held(self, wallet: str, currency: str = "EUR") -> int:
        """Return what *wallet* holds."""
        return self.store.balance(wallet, currency).posted
