"""A marketplace in a box: people, a gateway, workers and bad luck, all drawn from one seed.

An action is a name and a number from which it draws all that it needs, so that leaving one out
moves no other. (spec: reliability 4.2, 4.3, 4.5)
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any, TypeVar

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import connected_accounts, invoices, payment_methods, payouts, transfers
from ledgerkit.domain.access import Actor
from ledgerkit.domain.adjustments import APPLIED
from ledgerkit.domain.changes import Changes, changes_of, request
from ledgerkit.domain.clawbacks import (
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    STRIPE_REVERSAL,
    WINDOW,
    Clawback,
)
from ledgerkit.domain.completions import Completed, Work, quantities_of
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import (
    CHARGE,
    DISPUTE,
    DONE,
    OPEN,
    PAYOUT,
    PENDING,
    REFUND,
    GatewayObject,
    Notification,
    Order,
    Outcome,
    ReversalOrder,
)
from ledgerkit.domain.instructions import PENDING as ACCEPTED
from ledgerkit.domain.instructions import (
    SENT,
    UNKNOWN,
    WAITING,
    Instruction,
    Sending,
)
from ledgerkit.domain.invoices import line
from ledgerkit.domain.ledger import Entry, Journal, Wallet
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payments import Payment, notes_for
from ledgerkit.domain.payouts import FAILED as UNPAID
from ledgerkit.domain.payouts import InstantFee, Payout, PayoutTerm
from ledgerkit.domain.periods import Period
from ledgerkit.domain.rate_cards import CHARGE as CHARGED
from ledgerkit.domain.rate_cards import PAY, CardRate, RateCard, RateKey
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs import clawbacks as cases
from ledgerkit.jobs import overrides
from ledgerkit.jobs import payments as paying
from ledgerkit.jobs import payouts as paying_out
from ledgerkit.jobs.adjustments import adjust_completion, approve_adjustment, reject_adjustment
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.credit_limits import set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.payout_settings import set_instant
from ledgerkit.jobs.reconciliation import reconcile_gateway
from ledgerkit.jobs.sending import SendingReport, send_instructions
from ledgerkit.jobs.settlement import refusal, settlement
from ledgerkit.jobs.steps import Job, Step
from ledgerkit.jobs.webhooks import retry_parked, take
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import DECLINED, SLOW, FakeGateway, Fault, Fees
from ledgerkit.testing.samples import NOON
from ledgerkit.testing.simulator import (
    Failed,
    Fate,
    Killed,
    Rigged,
    failed_after,
    failed_before,
    interleave,
    killed_after,
    killed_before,
    overtaken,
    repeated,
    slowed,
)

T = TypeVar("T")
R = TypeVar("R")
STRIPE = "stripe"
CUSTOMERS, SUPPLIERS = ("ana", "ben", "cleo"), ("tom", "ina")
INSTANT = "ina"  # is paid out at once, for a fee of 0.50 that is kept of the payout
MARIA = Actor(id="maria", roles=frozenset({"billing"}))
PEDRO = Actor(id="pedro", roles=frozenset({"billing"}))
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


@attrs.frozen
class Enough:
    """A reserve that lets everything go on."""

    should_block_transfers: bool = False
    sentence: str = "enough is held"


async def enough(_: Money) -> Enough:
    """Let every transfer go on."""
    return Enough()


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
        # What is withheld of an instant payout is ours; the gateway bills for it apart.
        super().__init__(clock, fees=Fees(instant_share=Fraction(0)))
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


@attrs.frozen
class Action:
    """One thing that happens, and the number from which it draws the rest."""

    name: str
    seed: int


class Marketplace:
    """The world of one seed: `play` actions, and let it `settle`."""

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
        run(set_instant(term, supplier=INSTANT, actor="ina", reason="asked"), self.host)

    # ---- playing -----------------------------------------------------------------------------
    def play(self, actions: Sequence[Action]) -> None:
        """Let *actions* happen, one after the other."""
        for action in actions:
            self.act(action)

    def act(self, action: Action) -> None:
        """Let *action* happen."""
        ACTIONS[action.name](self, Random(action.seed))

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

    def worker(self) -> Job[SendingReport]:
        """Return a run of a worker."""
        return send_instructions(STRIPE, settle=settlement, refuse=refusal, policy=self.policy)

    def new(self, prefix: str) -> str:
        """Return a name that nothing has yet."""
        self.number += 1
        return f"{prefix}-{self.number}"

    def all_of(self, kind: type[Any], **which: Any) -> list[Any]:
        """Return the newest version of every record of *kind*."""
        return [v.record for v in self.store.find(kind, limit=10_000, **which).items]

    # ---- what people do ----------------------------------------------------------------------
    def wait(self, chance: Random) -> None:
        """Let time pass."""
        self.clock.advance(self._span(chance))

    def set_limit(self, chance: Random) -> None:
        """Let a customer owe so much."""
        job = partial(
            set_credit_limit,
            chance.choice(CUSTOMERS),
            usd(chance.choice([0, 100_00, 500_00])),
            actor=MARIA,
            reason="agreed",
            key=self.new("limit"),
        )
        self.ask(chance, job)

    def complete(self, chance: Random) -> None:
        """Charge a flight; one in three is paid at once by a transfer of its own."""
        customer, supplier = chance.choice(CUSTOMERS), chance.choice(SUPPLIERS)
        tenths, id, at = chance.randint(1, 15), self.new("f"), self.clock.now()
        work = Work(
            id=id,
            type="flight",
            customer=customer,
            supplier=supplier,
            equipment=None,
            quantities=quantities_of({"flight": Fraction(tenths, 10)}),
            completed_at=at,
            zone="UTC",
        )
        beside = [
            transfers.enqueue(
                usd(tenths * EARNED),
                supplier=supplier,
                account=f"acct_{SUPPLIERS.index(supplier) + 1}",
                gateway=STRIPE,
                pays=id,
                at=at,
            )
        ][: chance.randint(0, 2) // 2]

        def with_transfer(_: Completed) -> Sequence[Any]:
            return beside

        job = partial(
            complete_work, work, card="school", actor="desk", reason="flown", beside=with_transfer
        )
        if self.ask(chance, job) is not None:
            self.worked[id] = customer, supplier, tenths
            self.by_transfer |= {each.transfer.instruction for each in beside}

    def adjust(self, chance: Random) -> None:
        """Tell a flight anew; above 50.00 somebody else approves it or turns it down."""
        if not self.worked:
            return
        id = chance.choice(sorted(self.worked))
        customer, supplier, _ = self.worked[id]
        tenths = chance.randint(0, 15)
        asked = self.ask(
            chance,
            partial(
                adjust_completion,
                id,
                quantities_of({"flight": Fraction(tenths, 10)}),
                key=self.new("adj"),
                actor="maria",
                reason="Hobbs meter",
            ),
        )
        if asked is None:
            return
        if asked.adjustment.status == APPLIED:
            self.worked[id] = customer, supplier, tenths
        elif chance.random() < 0.8:
            decide = partial(approve_adjustment, asked.adjustment.id, actor="pedro", reason="seen")
            if self.ask(chance, decide) is not None:
                self.worked[id] = customer, supplier, tenths
        else:
            turn_down = partial(
                reject_adjustment, asked.adjustment.id, actor="pedro", reason="not so"
            )
            self.ask(chance, turn_down)

    def override(self, chance: Random) -> None:
        """Let one posting pass a limit, asked for by Maria and approved by Pedro."""
        customer, minor, id = chance.choice(CUSTOMERS), chance.randint(1, 800_00), self.new("ovr")
        at = self.clock.now()
        asked = self.ask(
            chance,
            partial(
                overrides.ask_override,
                customer,
                usd(minor),
                reference=id,
                reason="pays on Friday",
                expires_at=at + 5 * DAY,
                actor=MARIA,
            ),
        )
        if asked is None:
            return
        self.ask(
            chance,
            partial(overrides.approve_override, asked.id, actor=PEDRO, reason="known for years"),
        )
        legs = Entry(f"customer:{customer}", usd(-minor)), Entry("platform", usd(minor))
        journal = Journal(id=id, kind="flight.charged", entries=legs, effective_at=at)
        for _ in range(chance.randint(1, 2)):
            use = partial(overrides.use_override, asked.id, journal, actor=MARIA, reason="f")
            if self.ask(chance, use) is not None:
                self.asked[id] = customer, minor

    def issue(self, chance: Random) -> None:
        """Write an invoice, which posts what it is over."""
        key, customer, on = self.new("inv"), chance.choice(CUSTOMERS), self.clock.now().date()
        minor = chance.randint(1, 400_00)
        draft = invoices.by_hand(
            key,
            customer=customer,
            lines=[line(key, item="Lessons", on=on, price=Rate.of(usd(minor)))],
            on=on,
        )
        issued = invoices.issue(draft, on=on, due_on=on, at=self.clock.now())
        with suppress(LedgerkitError):
            self._commit(key, issued)
            self.issued.append(issued.invoice.id)
            self.asked[key] = customer, minor

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

    def charge(self, chance: Random) -> None:
        """Charge an invoice to the method that its customer saved."""
        if self.issued:
            self.ask(
                chance,
                partial(
                    paying.charge_invoice,
                    chance.choice(self.issued),
                    gateway=STRIPE,
                    attempt=chance.randint(1, 3),
                    actor="dunning",
                    reason="due",
                ),
            )

    def page(self, chance: Random) -> None:
        """Let a customer pay on the gateway's page, which we learn of by webhook only."""
        customer = chance.choice(CUSTOMERS)
        url = self.gateway.checkout(
            customer=f"cus_{customer}",
            lines=(("Lessons", usd(chance.randint(1_00, 300_00))),),
            metadata=dict(notes_for(customer)),
            success_url="https://example.org/s",
            cancel_url="https://example.org/c",
            key=self.new("page"),
        )
        self.gateway.pay(url)

    def record(self, chance: Random) -> None:
        """Record what a customer paid by hand."""
        payment = self.ask(
            chance,
            partial(
                paying.record_payment,
                chance.choice(CUSTOMERS),
                usd(chance.randint(1_00, 300_00)),
                key=self.new("pay"),
                on=self.clock.now().date(),
                actor="olga",
                reason="bank",
            ),
        )
        if payment is not None:
            self.recorded.append(payment)

    def void(self, chance: Random) -> None:
        """Take back what was recorded by hand, perhaps for the second time."""
        if self.recorded:
            at = chance.randrange(len(self.recorded))
            payment = self.recorded[at]
            job = partial(paying.void_payment, payment.id, actor="olga", reason="entered twice")
            voided = self.ask(chance, job)
            if voided is not None:
                self.recorded[at] = voided

    def refund(self, chance: Random) -> None:
        """Let two people ask for refunds of one payment at once."""
        taken = [p for p in self.all_of(Payment) if p.is_taken and p.gateway]
        if not taken:
            return
        payment = chance.choice(taken)
        jobs = [
            paying.request_refund(
                payment.id,
                usd(chance.randint(1, payment.amount.minor)),
                key=self.new("refund"),
                actor="olga",
                reason="fell out",
            )
            for _ in range(2)
        ]
        with suppress(Killed):
            interleave(jobs, Rigged(self.host, self._fates(chance)), self._turns(chance))

    def _turns(self, chance: Random) -> list[int]:
        if chance.random() < 0.5:
            return one_stops(chance.randint(1, 14))
        return [chance.randint(0, 1) for _ in range(40)]

    def dispute(self, chance: Random) -> None:
        """Let a customer dispute what was charged and not refunded."""
        disputed = {o.parent for o in self.made(DISPUTE)}
        charges = [o for o in self.made(CHARGE, DONE) if o.id not in disputed]
        if not charges:
            return
        charge = chance.choice(charges)
        back = sum(o.amount.minor for o in self.made(REFUND) if o.parent == charge.id)
        if charge.amount.minor > back:
            self.gateway.world.dispute(charge.id, amount=charge.amount - usd(back))

    def decide(self, chance: Random) -> None:
        """Decide a dispute."""
        if disputes := self.made(DISPUTE, OPEN):
            world = self.gateway.world
            chance.choice([world.win, world.lose])(chance.choice(disputes).id)

    def finish(self, chance: Random) -> None:
        """Let something that is pending at the gateway get done, or fail; some fails after that."""
        pending = [o for kind in (CHARGE, PAYOUT) for o in self.made(kind, PENDING)]
        done = [o for kind in (PAYOUT, REFUND) for o in self.made(kind, DONE)]
        world = self.gateway.world
        if pending and chance.random() < 0.6:
            world.finish(chance.choice(pending).id)
        elif pending and chance.random() < 0.5:
            world.fail(chance.choice(pending).id, "declined")
        elif done:
            world.fail(chance.choice(done).id, "account_closed")

    def card(self, chance: Random) -> None:
        """Let a customer save another card, which may be slow or declined."""
        method = chance.choice(["pm_card", "pm_card", SLOW, DECLINED])
        self.gateway.world.save(f"cus_{chance.choice(CUSTOMERS)}", method, "visa 1111")

    def generate(self, chance: Random) -> None:
        """Make a pending payout of what a supplier is owed."""
        supplier = chance.choice(SUPPLIERS)
        mine = self.all_of(Payout, party=supplier)
        today = self.clock.now().date()
        lines = payouts.gather(
            Party(id=supplier, name=supplier, role="supplier", currency="USD", zone="UTC"),
            self.store.entries(f"supplier:{supplier}", limit=10_000).items,
            claimed={(each.journal, each.line) for p in mine for each in p.lines},
            period=Period(date(2026, 9, 1), today + DAY),
            labels={},
        )
        if sum(each.amount.minor for each in lines) > 50:
            preview = payouts.preview(
                supplier,
                lines,
                currency="USD",
                period=Period(date(2026, 9, 1), today + DAY),
                part=len(mine),
                earlier=len(mine),
            )
            self._commit(self.new("payout"), payouts.generate(preview))

    def pay_out(self, chance: Random) -> None:
        """Send what is pending; what failed is tried again."""
        for failed in [p for p in self.all_of(Payout) if p.status == UNPAID]:
            self.ask(chance, partial(paying_out.retry, failed.id, note="again", actor="olga"))
        self.ask(chance, partial(paying_out.send_payouts, gateway=STRIPE, reserve=enough))

    def propose(self, chance: Random) -> None:
        """Propose to claw something back of a transfer, by two people at once."""
        paid = [t for t in self.all_of(Transfer) if t.object is not None]
        if not paid:
            return
        transfer = chance.choice(paid)
        jobs = [
            cases.request_clawback(
                usd(chance.randint(1, transfer.amount.minor)),
                supplier=transfer.supplier,
                cause=self.new("cause"),
                reason="flown less",
                actor="max",
                on_wallet=False,
                transfers=(transfer.id,),
                method=chance.choice(
                    [STRIPE_REVERSAL, STRIPE_REVERSAL, FUTURE_PAYOUT_OFFSET, MANUAL_CHECK, FORGIVEN]
                ),
            )
            for _ in range(2)
        ]
        with suppress(Killed):
            interleave(jobs, Rigged(self.host, self._fates(chance)), self._turns(chance))

    def claw_back(self, chance: Random) -> None:
        """Approve and carry out a clawback, or turn it down."""
        waiting = [c for c in self.all_of(Clawback) if c.status in ("proposed", "approved")]
        if not waiting:
            return
        case = chance.choice(waiting)
        if chance.random() < 0.15:
            self.ask(chance, partial(cases.reject_clawback, case.id, actor="eva", reason="no"))
            return
        self.ask(chance, partial(cases.approve_clawback, case.id, actor="eva", reason="checked"))
        if chance.random() < 0.8:
            job = partial(
                cases.execute_clawback, case.id, actor="eva", reason="checked", reference="check 7"
            )
            if self.ask(chance, job) is not None:
                self.executed.add(case.id)

    # ---- what machines do --------------------------------------------------------------------
    def work(self, chance: Random) -> None:
        """Let two workers send at once, one of which may stop for a while."""
        faults: list[Fault | None] = [*Fault]
        faults.remove(Fault.WRONG_KEY)
        for _ in range(3):
            if chance.random() < self.luck.fault:
                self.gateway.faults.append(chance.choice(faults))
        fates, turns = self._fates(chance, 30), self._turns(chance)
        if chance.random() < self.luck.crash:  # one freezes, and wakes when the other has ended
            steps = chance.randint(1, 14)
            span = self._span(chance) + chance.choice([0, 1]) * DAY
            fates, turns = {steps + 1: slowed(span)}, one_stops(steps)
        with suppress(Killed):
            interleave([self.worker(), self.worker()], Rigged(self.host, fates), turns)

    def outage(self, chance: Random) -> None:
        """Let the gateway be down for up to twelve hours."""
        if self.luck.fault:
            self.gateway.down_until = self.clock.now() + chance.randint(1, 12) * HOUR
            self.gateway.down(until=self.gateway.down_until)

    def deliver(self, chance: Random) -> None:
        """Deliver webhooks: some are lost, some come twice, some late, in any order."""
        for event in self.gateway.world.events[self.told :]:
            if chance.random() >= self.luck.lost:
                self.waiting += [event] * (2 if chance.random() < self.luck.repeated else 1)
        self.told = len(self.gateway.world.events)
        chance.shuffle(self.waiting)
        late = self.waiting[: chance.randint(0, 2)]
        now = self.waiting[len(late) :]
        self.waiting = late
        while now:
            jobs = [take(event) for event in now[:2]]  # two workers
            try:
                answers = interleave(
                    jobs, Rigged(self.host, self._fates(chance, 20)), self._turns(chance)
                )
            except Killed:
                answers = (Failed(), Failed())
            # What is not answered with success is sent again.
            self.waiting += [e for e, a in zip(now[:2], answers, strict=False) if _failed(a)]
            del now[:2]

    def reconcile(self, chance: Random) -> None:
        """Compare the gateway with its wallet, and book what was missed."""
        if self.luck.reconciles:
            with suppress(Killed, Failed):
                run(self.reconciling(), Rigged(self.host, self._fates(chance, 40)))

    def reconciling(self, since: datetime | None = None) -> Job[Any]:
        """Return a run of the reconciliation."""
        on = self.clock.now().date()
        return reconcile_gateway(STRIPE, on=on, settle=settlement, since=since)

    # ---- the end -----------------------------------------------------------------------------
    def settle(self) -> None:
        """Let all trouble end, and workers go on until nothing moves any more."""
        self.gateway.faults.clear()
        self.clock.advance(13 * HOUR)
        self.luck = attrs.evolve(self.luck, crash=0.0, fault=0.0)
        for _ in range(2):  # what webhooks tell may give workers more to do
            self.gateway.balance()  # so that what an error left half done is carried out
            self._work_on()
            self._hear()

    def _work_on(self) -> None:
        for hour in range(24 * 10):
            for made in [o for k in (CHARGE, PAYOUT) for o in self.made(k, PENDING)]:
                self.gateway.world.finish(made.id)
            run(self.worker(), self.host)
            if not any(i.status in OUT for i in self.all_of(Instruction)) and hour > 6:
                break
            self.clock.advance(HOUR)

    def _hear(self) -> None:
        for _ in range(3):
            self.deliver(Random(0))
        events, self.waiting = self.waiting, []
        for event in events:
            run(take(event), self.host)
        for _ in range(3):
            run(retry_parked(), self.host)
            if self.luck.reconciles:
                run(self.reconciling(NOON - DAY), self.host)

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


def _failed(answer: object) -> bool:
    return isinstance(answer, Exception)


_NAMES = """
wait set_limit complete adjust override issue charge page record void refund dispute decide finish
card generate pay_out propose claw_back work outage deliver reconcile
"""
ACTIONS: dict[str, Callable[[Marketplace, Random], None]] = {
    name: getattr(Marketplace, name) for name in re.findall("[a-z_]+", _NAMES)
}
# Work is done and money moves more often than things go wrong.
_WEIGHTS = {
    "complete": 4,
    "work": 6,
    "deliver": 3,
    "issue": 3,
    "charge": 4,
    "wait": 3,
    "generate": 2,
    "pay_out": 2,
    "refund": 2,
    "propose": 2,
    "claw_back": 3,
}


def drawn(seed: int, length: int = 40) -> tuple[Luck, tuple[Action, ...]]:
    """Return the luck and the actions of *seed*."""
    chance = Random(seed)
    luck = Luck.of(chance)
    weights = [_WEIGHTS.get(name, 1) for name in ACTIONS]
    names = chance.choices([*ACTIONS], weights, k=length)
    return luck, tuple(Action(name, chance.getrandbits(32)) for name in names)


def shrunk(
    actions: Sequence[Action], fails: Callable[[Sequence[Action]], bool]
) -> tuple[Action, ...]:
    """Return a part of *actions* that still *fails* and does not without any one of them."""
    left, size = list(actions), len(actions) // 2
    while size:
        at = 0
        while at < len(left):
            fewer = left[:at] + left[at + size :]
            if fewer and fails(fewer):
                left = fewer
            else:
                at += size
        size //= 2
    return tuple(left)
