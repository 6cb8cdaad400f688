"""What customers do in a marketplace: they are billed, pay, get money back and dispute."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from random import Random

from ledgerkit.domain import invoices
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import CHARGE, DISPUTE, DONE, OPEN, REFUND
from ledgerkit.domain.invoices import line
from ledgerkit.domain.ledger import Entry, Journal
from ledgerkit.domain.money import Rate
from ledgerkit.domain.payments import Payment, notes_for
from ledgerkit.jobs import overrides
from ledgerkit.jobs import payments as paying
from ledgerkit.jobs.credit_limits import set_credit_limit
from ledgerkit.testing.fakes.gateway import DECLINED, SLOW
from ledgerkit.testing.simulator import Killed, Rigged, interleave
from tests.people import MARIA, OLGA, PEDRO
from tests.simulation.town import CUSTOMERS, DAY, STRIPE, Town, usd


class Customers(Town):
    """A town whose customers act."""

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
            metadata=notes_for(customer),
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
                actor=OLGA,
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
            job = partial(paying.void_payment, payment.id, actor=OLGA, reason="entered twice")
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
                actor=OLGA,
                reason="fell out",
            )
            for _ in range(2)
        ]
        with suppress(Killed):
            interleave(jobs, Rigged(self.host, self._fates(chance)), self._turns(chance))

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

    def card(self, chance: Random) -> None:
        """Let a customer save another card, which may be slow or declined."""
        method = chance.choice(["pm_card", "pm_card", SLOW, DECLINED])
        self.gateway.world.save(f"cus_{chance.choice(CUSTOMERS)}", method, "visa 1111")
