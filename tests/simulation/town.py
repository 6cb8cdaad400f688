"""The town of a marketplace: its books, its gateway and its people, and what luck does to jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any, TypeVar

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import connected_accounts, payment_methods
from ledgerkit.domain.changes import Changes, changes_of, request
from ledgerkit.domain.clawbacks import WINDOW
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import GatewayObject, Notification, Order, Outcome, ReversalOrder
from ledgerkit.domain.instructions import PENDING as ACCEPTED
from ledgerkit.domain.instructions import SENT, UNKNOWN, WAITING, Sending
from ledgerkit.domain.ledger import Entry, Journal, Wallet
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import InstantFee, PayoutTerm
from ledgerkit.domain.rate_cards import CHARGE as CHARGED
from ledgerkit.domain.rate_cards import PAY, CardRate, RateCard, RateKey
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payout_settings import set_instant
from ledgerkit.jobs.reconciliation import reconcile_gateway
from ledgerkit.jobs.sending import SendingReport, send_instructions
from ledgerkit.jobs.settlement import refusal, settlement
from ledgerkit.jobs.steps import Job, Step
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway, Fault
from ledgerkit.testing.samples import NOON
from ledgerkit.testing.simulator import (
    Failed,
    Fate,
    Killed,
    Rigged,
    failed_after,
    failed_before,
    killed_after,
    killed_before,
    overtaken,
    repeated,
    slowed,
)
from tests.people import EVA

T = TypeVar("T")
STRIPE = "stripe"
CUSTOMERS, SUPPLIERS = ("ana", "ben", "cleo"), ("tom", "ina")
INSTANT = "ina"  # is paid out at once, for a fee of 0.50 that is kept of the payout
PRICE, EARNED = 1500, 1200  # cents a tenth of an hour
START = 1_000_000
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Half of all jumps end next to an instant at which something changes: a lease, a key, a window.
DEADLINES = (15 * MINUTE, HOUR, 6 * HOUR, 23 * HOUR, DAY, 72 * HOUR)
OUT = (WAITING, SENT, UNKNOWN, ACCEPTED)
TRUSTING = Sending(absent_up_to=(Money(10_000_000, "USD"),))


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


@attrs.frozen(kw_only=True)
class Luck:
    """How bad the days are; drawn anew for each seed, so that each trouble is also seen alone.

    Attributes:
        crash: How likely a step of a job is befallen.
        fault: How likely a call to the gateway goes wrong.
        lost: How likely a webhook never comes.
        repeated: How likely one comes twice.
        reconciles: Whether anybody reconciles; if not, no webhook is lost.
    """

    crash: float
    fault: float
    lost: float
    repeated: float
    reconciles: bool

    @classmethod
    def of(cls, chance: Random) -> Luck:
        """Draw one."""
        reconciles = chance.random() < 0.7
        return cls(
            crash=chance.choice([0.0, 0.2, 0.5]),
            fault=chance.choice([0.0, 0.2, 0.5]),
            lost=chance.choice([0.0, 0.1, 1.0]) if reconciles else 0.0,
            repeated=chance.choice([0.0, 0.3]),
            reconciles=reconciles,
        )


class Recorded(FakeGateway):
    """The gateway double, which writes down what it was sent and meets faults of its own.

    Attributes:
        faults: What the next calls meet.
        orders: The order of each instruction, as it was sent.
        late: The reversals sent when their window was closed.
        down_until: Until when it does not answer at all.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.faults: deque[Fault | None] = deque()
        self.orders: dict[str, Order] = {}
        self.late: list[str] = []
        self.down_until = clock.now()
        self._now = clock.now

    def send(self, order: Order, *, key: str, instruction: str) -> Outcome:
        """Carry out *order*, or meet the next fault."""
        if self.faults and self._now() >= self.down_until:
            self.script(self.faults.popleft())
        self.orders[instruction] = order
        if isinstance(order, ReversalOrder):
            made = self.world.objects[order.transfer]
            if not WINDOW.is_open(made.created, at=self._now()):
                self.late.append(instruction)
        return super().send(order, key=key, instruction=instruction)


class Town:
    """What those who act in a marketplace share: one clock, one store, one gateway."""

    def __init__(self, luck: Luck, *, policy: Sending = TRUSTING) -> None:
        self.luck = luck
        self.policy = policy
        self.clock = FakeClock(NOON)
        self.gateway = Recorded(self.clock)
        self.host = Host(store=MemoryStore(), clock=self.clock, gateways={STRIPE: self.gateway})
        self.store = self.host.store
        # What people know: what was flown, what else was charged, recorded and clawed back.
        self.worked: dict[str, tuple[str, str, int]] = {}
        self.asked: dict[str, tuple[str, int]] = {}
        self.by_transfer: set[str] = set()  # instructions of transfers that pay no payout
        self.issued: list[str] = []
        self.recorded: list[Payment] = []
        self.executed: set[str] = set()
        self.waiting: list[Notification] = []  # webhooks on their way
        self.told = 0
        self.number = 0
        self._open()

    def _open(self) -> None:
        self.gateway.fund(usd(START))
        fund = (Entry("gateway:stripe", usd(-START)), Entry("cash:bank", usd(START)))
        since = date(2026, 1, 1)
        rates = tuple(
            CardRate(RateKey(side=side, kind="flight"), Rate(Fraction(cents * 10), "USD"), since)
            for side, cents in ((CHARGED, PRICE), (PAY, EARNED))
        )
        decisions: list[Any] = []
        for n, supplier in enumerate(SUPPLIERS, start=1):
            account = self.gateway.open_account(
                supplier=supplier, email=f"{supplier}@example.org", country="US", key=supplier
            )
            assert account == f"acct_{n}"
            ready = self.gateway.world.onboard(account)
            linked = connected_accounts.connect(supplier, account, gateway=STRIPE).account
            decisions.append(connected_accounts.follow(linked, ready, gateway=STRIPE, as_of=NOON))
        for customer in CUSTOMERS:
            holder = f"cus_{customer}"
            known = payment_methods.register(customer, holder, gateway=STRIPE).method
            saved = self.gateway.world.save(holder, "pm_card", "visa 4242")
            decisions.append(payment_methods.follow(known, saved, gateway=STRIPE))
        records = [record for each in decisions for record in each.effects.records]
        self.store.commit(
            Changes(
                key="open",
                request=request("open"),
                actor="olga",
                reason="opening",
                at=NOON,
                opens=(
                    Wallet("gateway:stripe"),
                    Wallet("cash:bank"),
                    Wallet("platform"),
                    *tuple(Wallet(f"customer:{each}") for each in CUSTOMERS),
                ),
                journals=(Journal(id="fund", kind="funded", entries=fund, effective_at=NOON),),
                records=(RateCard("school", "USD", rates), *records),
            )
        )
        term = PayoutTerm("USD", since, InstantFee(percent=Fraction(0), minimum=usd(50)))
        run(set_instant(term, supplier=INSTANT, actor=EVA, reason="asked"), self.host)

    # ---- luck --------------------------------------------------------------------------------
    def _fates(self, chance: Random, most: int = 14) -> Mapping[int, Fate]:
        if chance.random() >= self.luck.crash:
            return {}
        fates: list[Fate] = [
            killed_before,
            killed_after,
            failed_before,
            failed_after,
            repeated_unless_sent,
            slowed(self._span(chance)),
            overtaken(self.worker),
        ]
        return {chance.randint(1, most): chance.choice(fates)}

    def _span(self, chance: Random) -> timedelta:
        if chance.random() < 0.5:
            return chance.choice(DEADLINES) + chance.choice([-1, 0, 1]) * timedelta(seconds=1)
        return timedelta(minutes=chance.randint(1, 40) ** 2)

    def _turns(self, chance: Random) -> list[int]:
        if chance.random() < 0.5:
            return one_stops(chance.randint(1, 14))
        return [chance.randint(0, 1) for _ in range(40)]

    def ask(self, chance: Random, job: Callable[[], Job[T]]) -> T | None:
        """Have *job* done; who is cut off asks again, who is refused gets None."""
        for fates in (self._fates(chance, 8), {}, {}):
            try:
                return run(job(), Rigged(self.host, fates))
            except (Killed, Failed):
                continue
            except LedgerkitError:
                return None
        return None

    # ---- jobs and records --------------------------------------------------------------------
    def worker(self) -> Job[SendingReport]:
        """Return a run of a worker."""
        return send_instructions(STRIPE, settle=settlement, refuse=refusal, policy=self.policy)

    def reconciling(self, since: datetime | None = None) -> Job[Any]:
        """Return a run of the reconciliation."""
        on = self.clock.now().date()
        return reconcile_gateway(STRIPE, on=on, settle=settlement, since=since)

    def _commit(self, key: str, *decisions: Any) -> None:
        self.store.commit(
            changes_of(
                *decisions,
                key=key,
                request=request("by hand", key=key),
                actor="olga",
                reason="by hand",
                at=self.clock.now(),
            )
        )

    def new(self, prefix: str) -> str:
        """Return a name that nothing has yet."""
        self.number += 1
        return f"{prefix}-{self.number}"

    def all_of(self, kind: type[Any], **which: Any) -> list[Any]:
        """Return the newest version of every record of *kind*."""
        return [v.record for v in self.store.find(kind, limit=10_000, **which).items]

    def made(self, kind: str, *statuses: str) -> list[GatewayObject]:
        """Return what the gateway made of *kind* and has in one of *statuses*, or in any."""
        made = self.gateway.world.objects.values()
        return [o for o in made if o.kind == kind and (not statuses or o.status in statuses)]


def repeated_unless_sent(step: Step[Any], host: Host) -> Any:
    """Perform the step twice, but send once.

    A port that calls twice must not tell the second answer where the first left a doubt.
    """
    return (step.call if step.name == "send_order" else partial(repeated, step))(host)


def one_stops(after: int) -> list[int]:
    """Return whose turn it is of two jobs, one of which stops until the other has ended.

    Places are counted from the one that waits longest.
    """
    return [0, *[1] * (after - 1), 0, *[1] * 100]
