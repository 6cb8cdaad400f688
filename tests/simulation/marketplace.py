"""A marketplace in a box: people, a gateway, workers and bad luck, all drawn from one seed.

An action is a name and a number from which it draws all that it needs, so that leaving one out
moves no other. (spec: reliability 4.2, 4.3, 4.5)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random

import attrs

from ledgerkit.domain.gateways import CHARGE, DONE, PAYOUT, PENDING, REFUND
from ledgerkit.domain.instructions import Instruction
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.webhooks import retry_parked, take
from ledgerkit.testing.fakes.gateway import Fault
from ledgerkit.testing.samples import NOON
from ledgerkit.testing.simulator import Failed, Killed, Rigged, interleave, slowed
from tests.simulation.customers import Customers
from tests.simulation.suppliers import Suppliers
from tests.simulation.town import DAY, HOUR, OUT, Luck, one_stops


@attrs.frozen
class Action:
    """One thing that happens, and the number from which it draws the rest."""

    name: str
    seed: int


class Marketplace(Customers, Suppliers):
    """The world of one seed: `play` actions, and let it `settle`."""

    def play(self, actions: Sequence[Action]) -> None:
        """Let *actions* happen, one after the other."""
        for action in actions:
            self.act(action)

    def act(self, action: Action) -> None:
        """Let *action* happen."""
        ACTIONS[action.name](self, Random(action.seed))

    # ---- what machines do --------------------------------------------------------------------
    def wait(self, chance: Random) -> None:
        """Let time pass."""
        self.clock.advance(self._span(chance))

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
