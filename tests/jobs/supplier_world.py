"""A small world of suppliers: what Ina earned is owed to her, and a gateway double pays her."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import connected_accounts, payouts
from ledgerkit.domain.changes import Record
from ledgerkit.domain.gateways import AccountStatus
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.jobs import payouts as jobs
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payouts import PayoutRun
from ledgerkit.jobs.sending import SendingReport, send_instructions
from ledgerkit.jobs.settlement import refusal, settlement
from ledgerkit.jobs.verification import verify
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway
from ledgerkit.testing.samples import NOON, changes, transfer

R = TypeVar("R", bound=Record)
OCTOBER = Period.month(2026, 10)
ACCOUNT = "acct_1"


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


@attrs.frozen
class Checked:
    """What a reserve says."""

    should_block_transfers: bool = False
    sentence: str = "1,000.00 is held of a minimum of 1,000.00"


async def enough(_: Money) -> Checked:
    """Let every transfer go on."""
    return Checked()


def world(*minors: int, ready: bool = True, store: Store | None = None) -> Host:
    """Return a host that owes Ina a pending payout of each amount, funded with 1,000.00."""
    clock = FakeClock(NOON)
    gateway = FakeGateway(clock)
    gateway.open_account(supplier="ina", email="ina@example.org", country="US", key="ina")
    gateway.world.onboard(ACCOUNT)
    gateway.fund(usd(100_000))
    store = MemoryStore() if store is None else store
    host = Host(store=store, clock=clock, gateways={"stripe": gateway})
    for n, minor in enumerate(minors or (6_000,)):
        owe(host, minor, n)
    account = connected_accounts.connect("ina", ACCOUNT, gateway="stripe").account
    status = AccountStatus(
        account=ACCOUNT,
        details_submitted=True,
        charges_enabled=ready,
        payouts_enabled=ready,
        currently_due=() if ready else ("external_account",),
    )
    told = connected_accounts.follow(account, status, gateway="stripe", as_of=NOON)
    assert told is not None
    host.store.commit(changes("account", records=told.effects.records))
    return host


def owe(host: Host, minor: int, n: int = 0) -> Payout:
    """Post what Ina earned with flight *n*, and store the pending payout of it."""
    journal = transfer(f"jrn_{n}", "customer:stu", "supplier:ina", minor, currency="USD")
    line = PayoutLine(
        journal=f"jrn_{n}",
        line=1,
        kind="test.moved",
        source=f"flight-{n}",
        on=date(2026, 10, 1),
        amount=usd(minor),
    )
    preview = payouts.preview("ina", (line,), currency="USD", period=OCTOBER, part=n, earlier=n)
    pending = payouts.generate(preview)
    host.store.commit(
        changes(
            f"owe {n}",
            journals=(journal,),
            opens=tuple(Wallet(entry.wallet) for entry in journal.entries),
            records=pending.effects.records,
        )
    )
    return pending.payout


def double(host: Host) -> FakeGateway:
    """Return the gateway double of *host*."""
    gateway = host.gateways["stripe"]
    assert isinstance(gateway, FakeGateway)
    return gateway


def send(host: Host, **options: Any) -> PayoutRun:
    """Run the payouts."""
    fields: dict[str, Any] = {"gateway": "stripe", "reserve": enough}
    return run(jobs.send_payouts(**(fields | options)), host)


def work(host: Host) -> SendingReport:
    """Let a worker send what waits."""
    return run(send_instructions("stripe", settle=settlement, refuse=refusal), host)


def paid(store: Store | None = None) -> Host:
    """Return a host that paid Ina 60.00."""
    host = world(store=store)
    send(host)
    work(host)
    return host


def all_of(host: Host, kind: type[R]) -> tuple[R, ...]:
    """Return the newest version of every record of *kind*."""
    return tuple(version.record for version in host.store.find(kind).items)


def only(host: Host, kind: type[R]) -> R:
    """Return the only record of *kind*."""
    (one,) = all_of(host, kind)
    return one


def balances(host: Host) -> dict[str, int]:
    """Return what every wallet holds; the books hold, too."""
    shown = books(host.store)
    assert () == broken_laws(shown)
    assert () == run(verify(), host).problems
    held = host.store.balances("")
    return {wallet: each.posted for (wallet, _), each in held.items() if each.posted}


def drift(host: Host) -> int:
    """Return what the gateway holds beyond what the books say, the 1,000.00 before apart."""
    reported = double(host).balance().total("USD").minor - 100_000
    return reported + balances(host).get("gateway:stripe", 0)
