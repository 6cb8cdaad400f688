"""Tutoring: the workload B. Customers with twenty approved sessions a month each, and their tutors.

A session is charged 50.00, of which the tutor gets 30.00; each is a line of the customer's invoice
and of the tutor's payout, and a journal. In the mixed business every fourth customer pays with
packages and every tenth match has an incentive.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import attrs

from ledgerkit.domain.billing_run import CustomerFacts, Facts, Month, Policy, SupplierFacts
from ledgerkit.domain.catalog import Catalog, CatalogKey, Price
from ledgerkit.domain.changes import Changes, Versioned, changes_of, request
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import Package, purchase
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import CalendarCycle, Period
from ledgerkit.domain.sessions import APPROVED, Match, Session
from ledgerkit.domain.splits import PER_PERIOD, PER_SESSION, Incentive

PERIOD = Period.parse("2026-10")
AS_OF = datetime(2026, 11, 1, 6, tzinfo=UTC)
OPENED = date(2026, 10, 1)
SOLD = datetime(2026, 10, 1, tzinfo=UTC)
POLICY = Policy(terms_days=14)
KEYS = tuple(CatalogKey(name, "secondary", 60) for name in ("maths", "physics", "english"))
CATALOG = Catalog(
    "catalog",
    tuple(
        Price(key=key, charge=Money(5_000, "EUR"), pay=Money(3_000, "EUR"), valid_from=OPENED)
        for key in KEYS
    ),
)
SESSIONS = 20  # of a customer in the month
CUSTOMERS_A_TUTOR = 25
ZONES = ("Europe/Madrid", "Europe/Berlin", "UTC")


@attrs.frozen
class Business:
    """A month of a tutoring business.

    Attributes:
        facts: What the run looks at.
        month: The same as the host tells it to a job.
        sold: What was committed before: the packages.
        sessions: How many sessions there are.
    """

    facts: Facts
    month: Month
    sold: tuple[Changes, ...]
    sessions: int


def business(customers: int, *, mixed: bool = False) -> Business:
    """Return a month of so many *customers*; *mixed* with packages and incentives."""
    tutors = max(1, customers // CUSTOMERS_A_TUTOR)
    known = tuple(_customer(n, tutors, packages=mixed and n % 4 == 0) for n in range(customers))
    facts = Facts(
        business=Party(id="aula", role="business", name="Aula Norte", currency="EUR"),
        catalog=CATALOG,
        customers=known,
        suppliers=tuple(SupplierFacts(party=party("supplier", n)) for n in range(tutors)),
        incentives=_incentives(customers) if mixed else (),
        cycle=CalendarCycle(),
        opened_on=OPENED,
    )
    packages = tuple(read.record for customer in known for read in customer.packages)
    month = Month(
        business=facts.business,
        parties=(*(c.party for c in facts.customers), *(s.party for s in facts.suppliers)),
        catalog=CATALOG,
        packages=packages,
        matches=tuple(match for customer in known for match in customer.matches),
        incentives=facts.incentives,
        sessions=tuple(session for customer in known for session in customer.sessions),
    )
    return Business(facts, month, tuple(map(_sale, packages)), customers * SESSIONS)


def party(role: str, number: int) -> Party:
    """Return a party by role and number."""
    return Party(
        id=f"{role[0]}-{number:06d}",
        role=role,
        name=f"{role.title()} {number}",
        currency="EUR",
        zone=ZONES[number % len(ZONES)],
    )


def _customer(number: int, tutors: int, *, packages: bool) -> CustomerFacts:
    customer = party("customer", number)
    matches = matches_of(number, tutors)
    sessions = tuple(session(number, n, matches[n % 2]) for n in range(SESSIONS))
    bought = tuple(
        Versioned(_package(customer, n, matches), 1) for n in range(2 if packages else 0)
    )
    return CustomerFacts(party=customer, matches=matches, sessions=sessions, packages=bought)


def matches_of(customer: int, tutors: int) -> tuple[Match, ...]:
    """Return the two matches of a customer, by number, with some of so many *tutors*."""
    return tuple(
        Match(
            id=f"m-{customer:06d}-{place}",
            customer=f"c-{customer:06d}",
            student=f"Student {customer}-{place}",
            supplier=f"s-{(customer * 2 + place) % tutors:06d}",
            key=KEYS[(customer + place) % len(KEYS)],
            currency="EUR",
        )
        for place in range(2)
    )


def session(customer: int, number: int, match: Match) -> Session:
    """Return a session of *match* by number, approved, on a day of its own."""
    minutes = (customer * 37 + number * 29) % 480
    starts = datetime(2026, 10, 1 + number, 10, tzinfo=UTC) + timedelta(minutes=minutes)
    return Session(
        id=f"ses-{customer:06d}-{number:02d}",
        match=match.id,
        starts_at=starts,
        status=APPROVED,
        approved_at=starts + timedelta(hours=3),
    )


def _package(party: Party, number: int, matches: tuple[Match, ...]) -> Package:
    return Package(
        id=f"pkg-{party.id}-{number}",
        customer=party.id,
        covers=tuple(match.key for match in matches),
        units=10,
        price=Money(45_000, "EUR"),
        purchased_on=OPENED,
    )


def _sale(package: Package) -> Changes:
    return changes_of(
        purchase(package, at=SOLD),
        key=f"sell/{package.id}",
        request=request("package.sell", package=package.id),
        actor="parent",
        reason="bought",
        at=SOLD,
    )


def _incentives(customers: int) -> tuple[Incentive, ...]:
    return tuple(
        Incentive(
            id=f"inc-{number:06d}",
            match=f"m-{number:06d}-0",
            amount=Money(500, "EUR"),
            per=PER_PERIOD if number % 20 else PER_SESSION,
            valid_from=OPENED,
        )
        for number in range(0, customers, 10)
    )
