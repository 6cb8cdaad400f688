"""A small flight school: an hour of Ana's with Tom in Olga's plane, and accounts to be paid to."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import connected_accounts
from ledgerkit.domain.completions import Completed, Work, quantities_of
from ledgerkit.domain.gateways import AccountStatus
from ledgerkit.domain.money import Rate
from ledgerkit.domain.parties import BUSINESS, OWNER, SUPPLIER, Party
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateCard, RateKey
from ledgerkit.domain.rentals import Leased, Rental, RentalTerms
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.ports.store import Store
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway
from ledgerkit.testing.samples import NOON, changes
from tests.jobs.supplier_world import usd

SCHOOL = Party(id="school", role=BUSINESS, name="School", currency="USD")
TOM = Party(id="tom", role=SUPPLIER, name="Tom Alvarado", currency="USD")
TOMS_PLANE = attrs.evolve(TOM, role=OWNER)
OLGA = Party(id="olga", role=OWNER, name="Olga Marsh", currency="USD")


def hourly(minor: int) -> Rate:
    """Return the price of an hour, in cents."""
    return Rate(Fraction(minor), "USD")


def school(owner: str = "olga", store: Store | None = None) -> Host:
    """Return a host that pays 60.00 and 25.00 of an hour that costs 100.00 and a plane of 45.00."""
    clock = FakeClock(NOON)
    gateway = FakeGateway(clock)
    gateway.fund(usd(100_000))
    store = MemoryStore() if store is None else store
    host = Host(store=store, clock=clock, gateways={"stripe": gateway})
    rates = tuple(
        CardRate(RateKey(side=side, kind="flight"), hourly(minor), date(2026, 9, 1))
        for side, minor in ((CHARGE, 100_00), (PAY, 60_00))
    )
    policy = Leased(rate=hourly(45_00), cost=hourly(25_00), owner=owner)
    plane = Rental(
        "N1", (RentalTerms(counts="flight", policy=policy, valid_from=date(2026, 9, 1)),)
    )
    known = (RateCard("school", "USD", rates), plane, OLGA, SCHOOL)
    host.store.commit(changes("terms", records=known))
    for n, id in enumerate(dict.fromkeys((owner, "tom")), start=1):
        gateway.open_account(supplier=id, email=f"{id}@example.org", country="US", key=id)
        gateway.world.onboard(f"acct_{n}")
        account = connected_accounts.connect(id, f"acct_{n}", gateway="stripe").account
        ready = AccountStatus(
            account=account.account,
            details_submitted=True,
            charges_enabled=True,
            payouts_enabled=True,
        )
        told = connected_accounts.follow(account, ready, gateway="stripe", as_of=NOON)
        assert told is not None
        host.store.commit(changes(f"account {id}", records=told.effects.records))
    return host


def fly(host: Host, id: str = "f-1", **options: Any) -> Completed:
    """Complete an hour of Ana's with Tom."""
    work = Work(
        id=id,
        type="flight",
        customer="ana",
        supplier="tom",
        equipment="N1",
        quantities=quantities_of({"flight": Fraction(1)}),
        completed_at=NOON,
        zone="UTC",
    )
    return run(complete_work(work, card="school", actor="desk", reason="flown", **options), host)


def flown(store: Store) -> Host:
    """Return a host that owes Tom 60.00 and Olga 25.00."""
    host = school(store=store)
    fly(host)
    return host
