"""Mixed month: the workload C. Customers who are charged in several ways at once.

Of twelve customers four have eight approved sessions, nine a subscription of two or three items in
advance and in arrears, and nine a rate plan: a fee, graduated calls and seats at volume prices,
measured for September, which is billed, and October, which is not. Two enrol a student late, three
have a coupon, two prepaid credit, and all are taxed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TypeVar

import attrs

from bench import tutoring
from bench.tutoring import CUSTOMERS_A_TUTOR, OPENED, PERIOD, SOLD
from ledgerkit.domain import subscriptions, usage
from ledgerkit.domain.billing_run import Contracts, CustomerFacts, Facts, Policy, SupplierFacts
from ledgerkit.domain.changes import Changes, Record, Versioned, changes_of, request
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant, buy
from ledgerkit.domain.late_joiners import Enrolment
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import CalendarCycle, FixedDaysCycle, Period, Timing
from ledgerkit.domain.pricing import Flat, Graduated, ListPrice, PriceKey, PriceList, Tariff, Tier
from ledgerkit.domain.pricing import Volume as VolumePrice
from ledgerkit.domain.rate_plans import PlanItem, RatePlan
from ledgerkit.domain.subscriptions import Item, Subscription
from ledgerkit.domain.tax import Tax, TaxRate
from ledgerkit.domain.usage import LAST, SUM, Meter, Quantity, Reading, Snapshot

R = TypeVar("R", bound=Record)

SEPTEMBER = Period.parse("2026-09")
BEGAN = SEPTEMBER.start
SESSIONS = 8  # of a customer who has any
VAT = Tax(id="vat", code="vat", rates=(TaxRate(Fraction(21, 100), date(2020, 1, 1)),))
POLICY = Policy(terms_days=14, taxes={"": (VAT,)})
TENTH = Coupon(id="TENTH", percent=Fraction(1, 10))


def _rate(minor: str) -> Rate:
    return Rate(Fraction(minor), "EUR")


def _price(item: str, tariff: Tariff) -> ListPrice:
    return ListPrice(PriceKey.of(item), tariff, date(2026, 1, 1))


PRICES = PriceList(
    "cloud",
    "EUR",
    (
        _price("fee", Tariff(model=Flat(Money(1_000, "EUR")), included=None)),
        _price(
            "calls",
            Tariff(
                model=Graduated(
                    (
                        Tier(up_to=1_000, unit=_rate("1/2")),
                        Tier(up_to=10_000, unit=_rate("1/5")),
                        Tier(unit=_rate("1/10")),
                    )
                ),
                included=100,
            ),
        ),
        _price(
            "seats",
            Tariff(
                model=VolumePrice((Tier(up_to=10, unit=_rate("900")), Tier(unit=_rate("700")))),
                included=0,
            ),
        ),
    ),
)
CALLS = Meter(name="calls", aggregation=SUM)
SEATS = Meter(name="seats", aggregation=LAST)
ITEMS = (
    PlanItem(item="fee"),
    PlanItem(item="calls", meter=CALLS),
    PlanItem(item="seats", meter=SEATS),
)


@attrs.frozen
class MixedMonth:
    """A month of customers who are charged in several ways.

    Attributes:
        facts: What the run looks at.
        stored: What was committed before: contracts, what was used, prepaid credit.
    """

    facts: Facts
    stored: tuple[Changes, ...]


def mixed_month(customers: int) -> MixedMonth:
    """Return a month of so many *customers*; always the same ones."""
    tutors = max(1, customers // CUSTOMERS_A_TUTOR)
    known = tuple(_customer(n, tutors) for n in range(customers))
    facts = Facts(
        business=Party(id="aula", role="business", name="Aula Norte", currency="EUR"),
        catalog=tutoring.CATALOG,
        customers=known,
        suppliers=tuple(SupplierFacts(party=tutoring.party("supplier", n)) for n in range(tutors)),
        cycle=CalendarCycle(),
        opened_on=OPENED,
        price_lists={PRICES.id: PRICES},
    )
    return MixedMonth(facts, tuple(_stored(known)))


def _customer(number: int, tutors: int) -> CustomerFacts:
    party = tutoring.party("customer", number)
    has_sessions = number % 3 == 0
    matches = tutoring.matches_of(number, tutors) if has_sessions else ()
    sessions = (tutoring.session(number, n, matches[n % 2]) for n in range(SESSIONS))
    plans = (_rate_plan(party),) if number % 4 != 2 else ()
    return CustomerFacts(
        party=party,
        matches=matches,
        sessions=tuple(sessions) if has_sessions else (),
        contracts=Contracts(
            subscriptions=_read(_subscription(party, number)) if number % 4 != 1 else (),
            rate_plans=_read(*plans),
            enrolments=_read(_enrolment(party)) if number % 6 == 1 else (),
            snapshots=_read(*(_billed(party, each) for each in _used(party, number, 0) if plans)),
            readings=tuple(
                each for month in (0, 1) for each in _used(party, number, month) if plans
            ),
        ),
        grants=_read(_grant(party)) if number % 6 == 3 else (),
        coupons=(TENTH,) if number % 4 == 3 else (),
    )


def _read(*records: R) -> tuple[Versioned[R], ...]:
    return tuple(Versioned(record, 1) for record in records)


def _subscription(party: Party, number: int) -> Subscription:
    """Return two or three items since September, billed up to the first day of October."""
    items = [
        Item(id="studio", name="Studio", price=_rate(str(2_900 + number % 7 * 100))),
        Item(id="support", name="Support", price=_rate("1500"), timing=Timing.IN_ARREARS),
        Item(id="seats", name="Seats", price=_rate("799"), quantity=Fraction(1 + number % 9)),
    ]
    begun = subscriptions.create(
        items[: 2 + number % 2],
        id=f"sub-{party.id}",
        customer=party.id,
        currency="EUR",
        zone=party.zone,
        cycle=CalendarCycle(),
        started_on=BEGAN,
    )
    return subscriptions.bill(begun.subscription, on=OPENED).subscription


def _rate_plan(party: Party) -> RatePlan:
    return RatePlan(
        id=f"plan-{party.id}",
        customer=party.id,
        currency="EUR",
        zone=party.zone,
        price_list=PRICES.id,
        cycle=CalendarCycle(),
        items=ITEMS,
        started_on=BEGAN,
        billed_through=SEPTEMBER.end,
    )


def _used(party: Party, number: int, month: int) -> Iterator[Reading]:
    """Yield what was read in September, month 0, or in October, month 1."""
    calls, seats = (number * 137 + month * 611) % 20_000, 1 + (number + month) % 25
    for meter, quantity in ((CALLS, calls), (SEATS, seats)):
        yield Reading(
            customer=party.id,
            meter=meter.name,
            aggregation=meter.aggregation,
            period=(SEPTEMBER, PERIOD)[month],
            zone=party.zone,
            quantities=(Quantity((), Fraction(quantity)),) if quantity else (),
            events=1 + quantity % 30,
        )


def _billed(party: Party, reading: Reading) -> Snapshot:
    taken = usage.take(
        {CALLS.name: CALLS, SEATS.name: SEATS}[reading.meter],
        reading,
        customer=party.id,
        period=reading.period,
        zone=reading.zone,
        previous=None,
    )
    return usage.bill(taken.snapshot).snapshot


def _enrolment(party: Party) -> Enrolment:
    """Return a student who joins a class of September in October: two cycles are due."""
    return Enrolment(
        id=f"enr-{party.id}",
        customer=party.id,
        student=f"Student of {party.name}",
        class_id="m101",
        class_name="Mathematics 101",
        class_start=date(2026, 9, 5),
        enrolled_on=date(2026, 10, 15),
        zone=party.zone,
        cycle=FixedDaysCycle(date(2026, 9, 5), 30),
        price=Money(5_000, "EUR"),
    )


def _grant(party: Party) -> Grant:
    amount = Money(2_000, "EUR")
    return Grant(
        id=f"grant-{party.id}",
        customer=party.id,
        amount=amount,
        price=amount,
        granted_on=OPENED,
        expires_on=date(2027, 10, 1),
    )


def _stored(customers: tuple[CustomerFacts, ...]) -> Iterator[Changes]:
    yield _agreed("prices", (PRICES,))
    for customer in customers:
        held = customer.contracts
        read: tuple[Versioned[Record], ...] = (
            *held.subscriptions,
            *held.rate_plans,
            *held.enrolments,
            *held.snapshots,
        )
        yield _agreed(customer.party.id, tuple(each.record for each in read))
        for grant in customer.grants:
            yield changes_of(
                buy(grant.record, at=SOLD),
                key=f"grant/{grant.record.id}",
                request=request("grant.buy", grant=grant.record.id),
                actor="parent",
                reason="bought",
                at=SOLD,
            )


def _agreed(name: str, records: tuple[Record, ...]) -> Changes:
    return Changes(
        key=f"agree/{name}",
        request=request("agree", name=name),
        actor="parent",
        reason="agreed",
        at=datetime(2026, 9, 1, tzinfo=UTC),
        records=records,
    )
