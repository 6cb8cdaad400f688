"""What must hold in the marketplace: at each step, and when all is settled.

Orders are written down as the gateway gets them; from these, from what the gateway made and from
what people were told, balances are computed again without any rule of the library.
(spec: reliability 4.4, billing 13)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ledgerkit.domain.clawbacks import FORGIVEN, MANUAL_CHECK, REJECTED, Clawback
from ledgerkit.domain.credit_limits import Override
from ledgerkit.domain.gateways import (
    CHARGE,
    DISPUTE,
    DONE,
    REFUND,
    REVERSAL,
    TRANSFER,
    ChargeOrder,
    GatewayObject,
)
from ledgerkit.domain.instructions import ATTENTION, REFUSED, Instruction
from ledgerkit.domain.instructions import DONE as CARRIED_OUT
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.reconciliation import CLEAN
from ledgerkit.domain.refunds import FAILED as GIVEN_UP
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.webhooks import PARKED, WebhookEvent
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.verification import verify
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.samples import NOON
from tests.simulation.marketplace import Action, Marketplace
from tests.simulation.town import CUSTOMERS, DAY, EARNED, INSTANT, OUT, PRICE, SUPPLIERS, Luck


class Watched(Marketplace):
    """A marketplace that looks for what is wrong after each action, and at the end.

    Attributes:
        found: What was wrong on the way.
    """

    def __init__(self, luck: Luck, **options: Any) -> None:
        super().__init__(luck, **options)
        self.found: list[str] = []

    def act(self, action: Action) -> None:
        """Let *action* happen, and look."""
        before, seen = self._floors(), self._sequence()
        super().act(action)
        self._check_floors(before, seen, action)
        self._check_refunds(action)

    def _sequence(self) -> int:
        return len(self.store.journals(limit=100_000).items)

    def _floors(self) -> dict[str, int]:
        return {
            wallet.id: self.store.balance(wallet.id, "USD").available
            for wallet in self.store.wallets("customer")
        }

    def _check_floors(self, before: Mapping[str, int], seen: int, action: Action) -> None:
        new = [p.journal for p in self.store.journals(after=seen, limit=10_000).items]
        for wallet in self.store.wallets("customer"):
            for limit in wallet.limits:
                now = self.store.balance(wallet.id, limit.currency).available
                if limit.floor is None or now >= min(limit.floor, before.get(wallet.id, 0)):
                    continue
                allowed = [
                    j
                    for j in new
                    if j.forced_by is not None and wallet.id in {e.wallet for e in j.entries}
                ]
                if not allowed:
                    self.found.append(f"{wallet.id} is at {now} below {limit} after {action}")

    def _check_refunds(self, action: Action) -> None:
        asked = Counter[str]()
        for refund in self.all_of(Refund):
            if refund.status != GIVEN_UP:
                asked[refund.payment] += refund.amount.minor
        for payment in self.all_of(Payment):
            if asked[payment.id] > payment.amount.minor:
                self.found.append(f"{payment.id} gives back {asked[payment.id]} after {action}")

    def wrong(self) -> tuple[str, ...]:
        """Return a sentence for everything that must hold when all is settled, and does not."""
        found = [*self.found]
        shown = books(self.store)
        found += broken_laws(shown)
        found += [f"verify: {problem}" for problem in run(verify(), self.host).problems]
        for journal in (p.journal for p in shown.journals):
            if sum(e.amount.minor for e in journal.entries):
                found.append(f"journal {journal.id} does not sum to zero")
            if journal.forced_by in {o.id for o in self.all_of(Override)}:
                found += self._unrecorded(journal)
        found += self._instructions_wrong()
        found += [f"reversal {id} was sent after its window" for id in self.gateway.late]
        found += self._clawed_back_too_much()
        found += self._webhooks_wrong()
        held = self.gateway.balance().total("USD").minor
        booked = -self.store.balance("gateway:stripe", "USD").posted
        if held != booked:
            found.append(f"the gateway holds {held}, the books say {booked}")
        for wallet, minor in sorted(self.recomputed().items()):
            if minor != self.store.balance(wallet, "USD").posted:
                posted = self.store.balance(wallet, "USD").posted
                found.append(f"{wallet} is {posted} in the books, and {minor} by hand")
        if self.luck.reconciles:
            report = run(self.reconciling(NOON - DAY), self.host)
            for each in report.reconciliations:
                if each.status != CLEAN or each.items:
                    found.append(f"reconciliation: {each.status}, {each.items}")
        return tuple(dict.fromkeys(found))

    def _unrecorded(self, journal: Journal) -> list[str]:
        (override,) = [o for o in self.all_of(Override) if o.id == journal.forced_by]
        if (override.status, override.journal) == ("used", journal.id):
            return []
        return [f"{journal.id} is forced by {override.id}, which is {override.status}"]

    def _instructions_wrong(self) -> list[str]:
        found = []
        for each in self.all_of(Instruction):
            made = self.gateway.made_of(each.id)
            if len(made) > 1:
                found.append(f"{each.id} made {[o.id for o in made]}")
            if each.status in OUT or (each.status == ATTENTION and not each.code):
                found.append(f"{each.id} is left {each.status} {each.code}")
            statuses = [v.record.status for v in self.store.history(Instruction, each.id)]
            gave_up = (REFUSED, CARRIED_OUT)
            if gave_up in pairwise(statuses):
                found.append(f"{each.id} was given up and done after all")
            if bool(made) != (each.status == CARRIED_OUT):
                found.append(f"{each.id} is {each.status} and made {[o.id for o in made]}")
        return found

    def _clawed_back_too_much(self) -> list[str]:
        shares = Counter[str]()
        for case in self.all_of(Clawback):
            if case.status != REJECTED:
                for share in case.shares:
                    shares[share.transfer] += share.amount.minor
        return [
            f"{shares[transfer.id]} is clawed back of {transfer}"
            for transfer in self.all_of(Transfer)
            if shares[transfer.id] > transfer.amount.minor
        ]

    def _webhooks_wrong(self) -> list[str]:
        found, kept = [], self.all_of(WebhookEvent)
        if not self.luck.lost and len(kept) != len(self.gateway.world.events):
            found.append(f"{len(kept)} events are kept of {len(self.gateway.world.events)}")
        found += [f"event {e.id} is parked: {e.problem}" for e in kept if e.status == PARKED]
        return found

    def recomputed(self) -> dict[str, int]:
        """Return what customers and suppliers must hold, from what people and the gateway know."""
        sums = Counter[str]({f"customer:{c}": 0 for c in CUSTOMERS})
        sums.update({f"supplier:{s}": 0 for s in SUPPLIERS})
        for customer, supplier, tenths in self.worked.values():
            sums[f"customer:{customer}"] -= tenths * PRICE
            sums[f"supplier:{supplier}"] += tenths * EARNED
        for customer, minor in self.asked.values():
            sums[f"customer:{customer}"] -= minor
        for payment in self.recorded:
            if payment.status != "voided":
                sums[f"customer:{payment.customer}"] += payment.amount.minor
        for case in self.all_of(Clawback):
            if case.id in self.executed:
                sums[f"supplier:{case.supplier}"] -= case.amount.minor
                if case.method in (MANUAL_CHECK, FORGIVEN):
                    sums[f"supplier:{case.supplier}"] += case.amount.minor
        for made in self.gateway.world.objects.values():
            for wallet, minor in self._effect(made):
                sums[wallet] += minor
        return dict(sums)

    def _effect(self, made: GatewayObject) -> list[tuple[str, int]]:
        minor = made.amount.minor
        if made.kind in (REFUND, DISPUTE):
            assert made.parent is not None
            payer = self._payer(self.gateway.world.objects[made.parent])
            if made.kind == REFUND:
                return [(payer, -minor if made.status == DONE else 0)]
            return [(payer, sum(m.amount.minor for m in made.movements))]
        if made.kind == CHARGE:
            return [(self._payer(made), minor if made.status == DONE else 0)]
        if made.kind not in (TRANSFER, REVERSAL):
            return []
        supplier = SUPPLIERS[int(made.account.removeprefix("acct_")) - 1]
        if made.kind == REVERSAL:
            return [(f"supplier:{supplier}", minor)]
        withheld = supplier == INSTANT and made.instruction not in self.by_transfer
        return [(f"supplier:{supplier}", -minor - 50 * withheld)]

    def _payer(self, charge: GatewayObject) -> str:
        order = self.gateway.orders.get(charge.instruction or "")
        if isinstance(order, ChargeOrder):
            return f"customer:{order.customer.removeprefix('cus_')}"
        return f"customer:{dict(charge.metadata)['ledgerkit_customer']}"


def played(luck: Luck, actions: Sequence[Action], **options: Any) -> tuple[str, ...]:
    """Return what is wrong after *actions*."""
    world = Watched(luck, **options)
    world.play(actions)
    world.settle()
    return world.wrong()
