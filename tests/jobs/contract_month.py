"""A month of contracts to run jobs on: a subscription, usage, a class, a coupon, tax and credit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs

from ledgerkit.adapters.memory import MemoryUsage
from ledgerkit.domain.billing_run import Month
from ledgerkit.domain.changes import Decision, Effects, Record, changes_of, request
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant, buy
from ledgerkit.domain.late_joiners import enrol
from ledgerkit.domain.money import Rate
from ledgerkit.domain.periods import CalendarCycle, FixedDaysCycle
from ledgerkit.domain.pricing import ListPrice, PerUnit, PriceKey, PriceList, Tariff
from ledgerkit.domain.rate_plans import PlanItem, agree
from ledgerkit.domain.subscriptions import (
    Decided,
    Item,
    NetOf,
    Subscription,
    change,
    create,
)
from ledgerkit.domain.tax import Tax, TaxRate
from ledgerkit.domain.usage import SUM, Meter, UsageEvent
from ledgerkit.jobs.billing_run import Asked, run_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.ports.store import Store
from tests.domain.billing_run.world import (
    CATALOG,
    OCTOBER,
    OWNER,
    POLICY,
    eur,
    match,
    party,
    session,
)
from tests.jobs.small_month import HEAD, NOVEMBER_3, at, new_host

VAT = Tax(id="vat", code="vat", rates=(TaxRate(Fraction(1, 5), date(2020, 1, 1)),))
STUDIO = Item(id="plan", name="Studio", price=Rate(Fraction(3100), "EUR"))
LOFT = attrs.evolve(STUDIO, name="Loft", price=Rate(Fraction(6200), "EUR"))
STORAGE = Meter(name="storage", aggregation=SUM)
PRICES = PriceList(
    "cloud",
    "EUR",
    (
        ListPrice(
            PriceKey.of("storage"),
            Tariff(model=PerUnit(Rate(Fraction(10), "EUR")), included=0),
            date(2026, 1, 1),
        ),
    ),
)
MONTH = Month(
    business=OWNER,
    parties=(party("ana"), party("ben"), party("ivy"), party("una", role="supplier")),
    catalog=CATALOG,
    matches=(match("m2", customer="ben", supplier="una"),),
    sessions=(session(7, 7, match="m2"),),
    coupons={"ana": (Coupon(id="TEN", percent=Fraction(1, 10), times=1),)},
    taxes={"ivy": {"": ()}},
)
ASKED = Asked(
    month=MONTH,
    period=OCTOBER,
    policy=attrs.evolve(POLICY, taxes={"": (VAT,)}),
    head=HEAD,
)


@attrs.frozen
class Known:
    """A record that the host stores as it is."""

    record: Record

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.record,))


def agreed() -> tuple[Decision, ...]:
    """Return a subscription and credit of Ana's, usage of Ben's and Ivy's, and Ivy's class."""
    begun = datetime(2026, 10, 1, 8, tzinfo=UTC)
    plans = (
        agree(
            customer=customer,
            price_list=PRICES,
            zone="Europe/Madrid",
            cycle=CalendarCycle(),
            items=(PlanItem(item="storage", meter=STORAGE),),
            on=date(2026, 10, 1),
        )
        for customer in ("ben", "ivy")
    )
    credit = Grant(
        id="g-1",
        customer="ana",
        amount=eur("20"),
        price=eur("20"),
        granted_on=date(2026, 10, 1),
        expires_on=date(2026, 11, 10),
    )
    return (
        Known(PRICES),
        *plans,
        create(
            [STUDIO],
            id="sub-1",
            customer="ana",
            currency="EUR",
            zone="Europe/Madrid",
            cycle=CalendarCycle(),
            started_on=date(2026, 11, 1),
        ),
        enrol(
            customer="ivy",
            student="Leo",
            class_id="m101",
            class_name="Maths 101",
            class_start=date(2026, 9, 1),
            zone="Europe/Madrid",
            cycle=FixedDaysCycle(date(2026, 9, 1), 30),
            price=eur("50"),
            at=datetime(2026, 10, 15, 8, tzinfo=UTC),
        ),
        buy(credit, at=begun),
    )


def used(id: str, customer: str, day: date, quantity: int) -> UsageEvent:
    """Return so much storage, used at noon of a day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return UsageEvent(
        id=id, customer=customer, meter="storage", at=noon, quantity=Fraction(quantity)
    )


def contract_host(store: Store | None = None) -> Host:
    """Return a host on 1 November with contracts in its books; of Ivy nothing was measured."""
    host = new_host(store)
    contracts = changes_of(
        *agreed(),
        key="agreed",
        request=request("agree"),
        actor="maria",
        reason="agreed",
        at=datetime(2026, 10, 1, 8, tzinfo=UTC),
    )
    host.store.commit(contracts)
    usage = MemoryUsage([used("e1", "ben", date(2026, 10, 9), 505)])
    return attrs.evolve(host, usage=usage)


def billed_contract_host(store: Store | None = None) -> Host:
    """Return a host on which the month was run, two days later."""
    host = contract_host(store)
    run(run_month(ASKED), host)
    return at(host, NOVEMBER_3)


def upgrade(now: Subscription, on: date, billed: NetOf) -> Decided:
    """Decide that Ana has the loft from today on."""
    return change(now, [LOFT], on=on, billed=billed)
