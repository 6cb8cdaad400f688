"""What suppliers do in a marketplace: they fly, are corrected and paid, and pay back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any

import attrs

from ledgerkit.domain import payouts, transfers
from ledgerkit.domain.adjustments import APPLIED
from ledgerkit.domain.clawbacks import (
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    STRIPE_REVERSAL,
    Clawback,
)
from ledgerkit.domain.completions import Completed, Work, quantities_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payouts import FAILED as UNPAID
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs import clawbacks as cases
from ledgerkit.jobs import payouts as paying_out
from ledgerkit.jobs.adjustments import adjust_completion, approve_adjustment, reject_adjustment
from ledgerkit.jobs.completions import complete_work
from ledgerkit.testing.simulator import Killed, Rigged, interleave
from tests.people import EVA, MARIA, MAX, OLGA, PEDRO
from tests.simulation.town import CUSTOMERS, DAY, EARNED, STRIPE, SUPPLIERS, Town, usd


@attrs.frozen
class Enough:
    """A reserve that lets everything go on."""

    should_block_transfers: bool = False
    sentence: str = "enough is held"


async def enough(_: Money) -> Enough:
    """Let every transfer go on."""
    return Enough()


class Suppliers(Town):
    """A town whose suppliers act."""

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
                actor=MARIA,
                reason="Hobbs meter",
            ),
        )
        if asked is None:
            return
        if asked.adjustment.status == APPLIED:
            self.worked[id] = customer, supplier, tenths
        elif chance.random() < 0.8:
            decide = partial(approve_adjustment, asked.adjustment.id, actor=PEDRO, reason="seen")
            if self.ask(chance, decide) is not None:
                self.worked[id] = customer, supplier, tenths
        else:
            turn_down = partial(
                reject_adjustment, asked.adjustment.id, actor=PEDRO, reason="not so"
            )
            self.ask(chance, turn_down)

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
            self.ask(chance, partial(paying_out.retry, failed.id, note="again", actor=OLGA))
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
                actor=MAX,
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
            self.ask(chance, partial(cases.reject_clawback, case.id, actor=EVA, reason="no"))
            return
        self.ask(chance, partial(cases.approve_clawback, case.id, actor=EVA, reason="checked"))
        if chance.random() < 0.8:
            job = partial(
                cases.execute_clawback, case.id, actor=EVA, reason="checked", reference="check 7"
            )
            if self.ask(chance, job) is not None:
                self.executed.add(case.id)
