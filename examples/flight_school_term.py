"""The term that `flight_school.py` bills: what people and schedules do in it.

Each step is a method that calls the library as an application would, and tells what came of it.
Every night the cards of those near their limits are charged, a worker sends what the gateway is
told to do, its webhooks come in out of order and some of them twice, and it is reconciled.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from examples.flight_school_fleet import (
    CARD,
    CURRENCY,
    CUSTOMERS,
    DEARER,
    FIRST,
    FLEET,
    INSTRUCTORS,
    LIMITS,
    OWNERS,
    RATES,
    SCHOOL,
    WHY_DEARER,
    ZONE,
    Lesson,
    usd,
)
from examples.flight_school_office import (
    DESK,
    SECOND,
    STRIPE,
    Office,
    Stored,
    days,
    dollars,
    local_text,
)
from ledgerkit.domain import connected_accounts, payment_methods
from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.billing_run import Month, Policy
from ledgerkit.domain.bookings import BookingRefused
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Decision, Effects, expect
from ledgerkit.domain.clawbacks import FUTURE_PAYOUT_OFFSET, STRIPE_REVERSAL, ClawbackWindowClosed
from ledgerkit.domain.completions import quantities_of
from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.ledger import Entry
from ledgerkit.domain.money import Exact, Money
from ledgerkit.domain.parties import OWNER
from ledgerkit.domain.payments import Payment, notes_for
from ledgerkit.domain.payouts import InstantFee, PayoutTerm
from ledgerkit.domain.periods import FixedDaysCycle, Period, local_date
from ledgerkit.domain.rate_cards import RateCard, change_rate
from ledgerkit.domain.reserves import ReserveCheck, ReservePolicy
from ledgerkit.domain.transfers import Transfer, enqueue
from ledgerkit.jobs.adjustments import adjust_completion, approve_adjustment
from ledgerkit.jobs.billing_run import Asked, run_month
from ledgerkit.jobs.bookings import book_work
from ledgerkit.jobs.clawbacks import (
    approve_clawback,
    choose_method,
    execute_clawback,
    request_clawback,
)
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.credit_limits import run_auto_charges, set_credit_limit
from ledgerkit.jobs.payments import charge_through, request_refund
from ledgerkit.jobs.payout_settings import set_instant
from ledgerkit.jobs.payouts import pay_by_hand, send_payouts
from ledgerkit.jobs.reconciliation import reconcile_gateway
from ledgerkit.jobs.reserves import check_reserve
from ledgerkit.jobs.sending import send_instructions
from ledgerkit.jobs.steps import Job
from ledgerkit.jobs.webhooks import take
from ledgerkit.testing.fakes.gateway import Fault

RESERVE = ReservePolicy(usd("2400"))
FORTNIGHT = FixedDaysCycle(FIRST, 14)
INSTANT = InstantFee(percent=Fraction(1, 100), minimum=usd("0.50"))
NIGHT = "22:00"


class Term(Office):
    """The office of the flight school, and what happens in it."""

    # ---- the first day -----------------------------------------------------------------------
    def open(self) -> None:
        """Store people, rates and aircraft, and put money at the gateway."""
        known = (SCHOOL, *CUSTOMERS, *INSTRUCTORS, *OWNERS, RATES, *FLEET)
        self.commit(Stored(Effects(records=known)), key="opening", reason="the term begins")
        capital = usd("5000")
        self.post(
            "capital.paid_in",
            Entry("cash:bank", -capital),
            Entry("equity:owners", capital),
            key="capital",
            reason="paid in by the owners",
        )
        self.top_up(usd("600"), key="float")
        for customer, amount, charge_at in LIMITS:
            self.run(
                set_credit_limit(
                    customer,
                    amount,
                    actor=DESK,
                    reason="terms of October",
                    key="2026-10",
                    charge_at=charge_at,
                )
            )

    def top_up(self, amount: Money, *, key: str) -> None:
        """Move *amount* from the bank to the gateway."""
        self.gateway.fund(amount)
        self.post(
            "gateway.topped_up",
            Entry("gateway:stripe", -amount),
            Entry("cash:bank", amount),
            key=key,
            reason="payouts are paid from it",
        )
        self.tell(f"The school moves {dollars(amount)} from its bank to Stripe.")

    def connect(self) -> None:
        """Let customers save cards and instructors open accounts, whom the gateway checks."""
        for customer in CUSTOMERS:
            holder = self.gateway.open_customer(
                customer=customer.id,
                name=customer.name,
                email=customer.email or "",
                key=customer.id,
            )
            registered = payment_methods.register(customer.id, holder, gateway=STRIPE)
            self.commit(registered, key=f"register/{customer.id}", reason="joined")
            page = self.gateway.save_method(
                customer=holder, success_url="", cancel_url="", key=f"card/{customer.id}"
            )
            self.gateway.save(page)
        for instructor in INSTRUCTORS:
            account = self.gateway.open_account(
                supplier=instructor.id,
                email=instructor.email or "",
                country="US",
                key=instructor.id,
            )
            connected = connected_accounts.connect(instructor.id, account, gateway=STRIPE)
            self.commit(connected, key=f"connect/{instructor.id}", reason="joined")
            self.gateway.world.onboard(account)
        term = PayoutTerm(CURRENCY, FIRST, INSTANT)
        self.run(set_instant(term, supplier="una", actor=DESK, reason="she asked for it"))
        self.tell("Four customers save cards; two instructors open accounts, Una's pays at once.")

    def raise_rates(self) -> None:
        """Charge more for an hour of flight from the 15th on; what it earns stays."""
        read = self.host.store.load(RateCard, CARD)
        assert read is not None
        changed = change_rate(read.record, DEARER, on=local_date(self.clock.now(), ZONE))
        self.commit(changed, key="rates/2026-10-15", reason=WHY_DEARER, expects=(expect(read),))
        self.tell("An hour of flight will cost $110.00 from 15 October on, by decision of today.")

    # ---- lessons -----------------------------------------------------------------------------
    def book(self, lesson: Lesson) -> None:
        """Set aside what a lesson will cost, unless the customer may not owe that much."""
        work = lesson.work
        job = book_work(
            work,
            card=CARD,
            expires_at=work.completed_at + timedelta(days=1),
            actor=work.customer,
            reason=lesson.what,
        )
        try:
            self.run(job)
        except BookingRefused as error:
            self.tell(f"Refused: {lesson.what.lower()} {work.id} of {work.customer}. {why(error)}")

    def complete(self, lesson: Lesson) -> None:
        """Charge what was flown; where it is agreed, transfer the instructor's share by itself."""
        job = complete_work(
            lesson.work,
            card=CARD,
            actor="flight desk",
            reason="flown",
            transfer_through=STRIPE if lesson.direct else None,
        )
        done = self.run(job).journal
        assert done is not None
        legs = ", ".join(f"{leg.wallet} {dollars(leg.amount)}" for leg in done.entries)
        self.tell(f"{lesson.what} {lesson.work.id}: {legs}.")

    def transferred(self, amount: Money, supplier: str, *, pays: str) -> tuple[Decision, ...]:
        """Return the transfer of *amount* to the account of *supplier*."""
        account = self.one(ConnectedAccount, supplier=supplier).account
        at = self.clock.now()
        return (
            enqueue(amount, supplier=supplier, account=account, gateway=STRIPE, pays=pays, at=at),
        )

    # ---- corrections -------------------------------------------------------------------------
    def correct_up(self) -> None:
        """Charge 1.8 hours where 1.5 were charged: 60.00 more, which a second person approves."""
        adjusted = self.ask_adjustment("f-2", "hobbs", "Hobbs meter says 1.8 h", flight="1.8")
        self.approve(adjusted, pays=True)

    def correct_down(self) -> None:
        """Charge 1.5 hours where 2.0 were charged, and take Tom's part back while that is easy."""
        adjusted = self.ask_adjustment("f-6", "log", "log says 1.5 h", flight="1.5")
        self.approve(adjusted, pays=False)
        case = self.claw_back("f-6", adjusted)
        self.run(approve_clawback(case, actor=SECOND, reason="log seen"))
        self.run(execute_clawback(case, actor=DESK, reason="log seen"))
        self.tell("Clawback of f-6 within 72 hours: Stripe takes $30.00 back from Tom's account.")

    def correct_late(self) -> None:
        """Charge half an hour where an hour was charged, too late to reverse the transfer."""
        adjusted = self.ask_adjustment("g-1", "roster", "the class ended early", ground="0.5")
        case = self.claw_back("g-1", adjusted)
        self.run(approve_clawback(case, actor=SECOND, reason="roster seen"))
        try:
            self.run(execute_clawback(case, actor=DESK, reason="roster seen"))
        except ClawbackWindowClosed as error:
            closed = local_text(error.closed_at)
            self.tell(f"Clawback of g-1: the window of 72 hours closed at {closed}.")
        self.run(choose_method(case, FUTURE_PAYOUT_OFFSET, actor=DESK, reason="too late"))
        self.run(approve_clawback(case, actor=SECOND, reason="roster seen"))
        self.run(execute_clawback(case, actor=DESK, reason="roster seen"))
        self.tell("So the next payout of Tom bears the $15.00.")

    def ask_adjustment(self, id: str, key: str, reason: str, **hours: str) -> Adjustment:
        """Ask to charge other *hours* and tell what that would move."""
        told: dict[str, Exact] = {kind: Decimal(hour) for kind, hour in hours.items()}
        adjusted = self.run(
            adjust_completion(id, quantities_of(told), key=key, actor=DESK, reason=reason)
        ).adjustment
        self.tell(
            f"Correction of {id}, {reason}: customer {dollars(adjusted.customer_delta)}, "
            f"supplier {dollars(adjusted.supplier_delta)}; "
            f"{adjusted.status.replace('_', ' ')}."
        )
        return adjusted

    def approve(self, adjustment: Adjustment, *, pays: bool) -> None:
        """Let a second person approve; what it adds to a share is transferred if *pays*."""
        supplier, more = adjustment.supplier or "", adjustment.supplier_delta
        pay = self.transferred(more, supplier, pays=adjustment.id) if pays else ()
        self.run(
            approve_adjustment(adjustment.id, actor=SECOND, reason="log seen", beside=lambda _: pay)
        )
        self.tell(f"{SECOND.id} approves it, as {dollars(adjustment.largest)} is above $50.00.")

    def claw_back(self, lesson: str, adjustment: Adjustment) -> str:
        """Ask to reverse what the transfer of *lesson* paid too much; return the id of the case."""
        paid = self.one(Transfer, pays=lesson)
        case = request_clawback(
            -adjustment.supplier_delta,
            supplier=paid.supplier,
            cause=adjustment.id,
            reason=adjustment.reason,
            actor=DESK,
            on_wallet=True,  # the adjustment took it from the wallet
            transfers=(paid.id,),
            method=STRIPE_REVERSAL,
        )
        return self.run(case).id

    # ---- payments, disputes, refunds ---------------------------------------------------------
    def pay(self, customer: str, amount: Money, *, lost: bool = False) -> None:
        """Let *customer* pay on the gateway's page; the webhook of that may get *lost*."""
        page = self.gateway.checkout(
            customer=f"cus_{customer}",
            lines=(("On account", amount),),
            metadata=notes_for(customer),
            success_url="",
            cancel_url="",
            key=f"page/{customer}",
        )
        self.gateway.pay(page)
        if lost:
            self.network.lose_newest()
        told = "; the webhook that says so is lost" if lost else ""
        self.tell(f"{customer} pays {dollars(amount)} on Stripe's page{told}.")

    def payment_of(self, customer: str) -> Payment:
        """Return the only payment of *customer*."""
        found: Payment = self.one(Payment, customer=customer)
        return found

    def dispute(self) -> None:
        """Let Ben's bank ask his payment back."""
        charge = self.payment_of("ben").object or ""
        opened = self.gateway.world.dispute(charge)
        self.tell(f"Ben's bank disputes his payment: {dollars(opened.amount)} are withdrawn.")

    def win(self) -> None:
        """Let the school win the dispute."""
        self.gateway.world.win(self.one(Dispute, customer="ben").object)
        self.tell("The dispute is won: the money comes back, the fee of $15.00 does not.")

    def refund(self) -> None:
        """Give Cleo back what she has left."""
        left = usd("48")
        payment = self.payment_of("cleo").id
        self.run(request_refund(payment, left, key="leaves", actor=DESK, reason="moves to Oregon"))
        self.tell(f"Cleo moves away and asks for the {dollars(left)} she has left.")

    # ---- paying instructors and owners -------------------------------------------------------
    def pay_out(self, period: Period) -> None:
        """Bill a fortnight: invoice what was flown, pay owners by check, and pay out if it may be."""
        parties = (*CUSTOMERS, *INSTRUCTORS, *OWNERS)
        month = Month(business=SCHOOL, parties=parties, catalog=Catalog(CARD))
        asked = Asked(month=month, period=period, policy=Policy(terms_days=14), cycle=FORTNIGHT)
        billed = self.run(run_month(asked))
        for invoice in billed.invoices:
            status = invoice.status.replace("_", " ")
            self.tell(
                f"Invoice {invoice.number} to {invoice.customer} for {days(period)}: "
                f"{dollars(invoice.total)}, {status}."
            )
        for note in billed.credit_notes:
            self.tell(f"Credit note {note.number} to {note.customer}: {dollars(note.total)}.")
        for payout in billed.payouts:
            self.tell(f"Payout of {payout.supplier} for {days(period)}: {dollars(payout.total)}.")
            if payout.role == OWNER:
                check = f"check {payout.supplier} {period.start}"
                why = "owners have no account at Stripe"
                self.run(pay_by_hand(payout.id, reference=check, actor=DESK, reason=why))
        self.send_out()

    def send_out(self) -> None:
        """Send the payouts that wait, unless too little would be left at the gateway."""

        def reserve(total: Money) -> Job[ReserveCheck]:
            return check_reserve([STRIPE], RESERVE, proposed_transfer=total)

        sent = self.run(send_payouts(gateway=STRIPE, reserve=reserve))
        for payout in sent.sent:
            fee = "" if payout.fee is None else f", less {dollars(payout.fee)} for paying at once"
            self.tell(f"Sent to {payout.supplier}: {dollars(payout.total)}{fee}.")
        for skipped in sent.skipped:
            waits = self.run(check_reserve([STRIPE], RESERVE))
            self.tell(
                f"Not sent to {skipped.subject} ({skipped.code}): Stripe has {dollars(waits.held)} "
                f"available of the {dollars(waits.minimum)} it should, half of which must stay."
            )

    # ---- the night ---------------------------------------------------------------------------
    def night(self, on: date) -> None:
        """Do what is scheduled: charge, send, take webhooks, reconcile."""
        charged = self.run(run_auto_charges(order=charge_through(STRIPE)))
        for each in charged.ordered:
            self.tell(
                f"{each.customer} has flown or booked {dollars(each.exposure)}, which reaches "
                f"{each.band}: the saved card is charged {dollars(each.amount)}."
            )
        self.run(send_instructions(STRIPE))
        self.deliver()
        self.run(send_instructions(STRIPE))  # what that caused, such as instant payouts
        self.deliver()
        report = self.run(reconcile_gateway(STRIPE, on=on))
        for id in report.recovered:
            found = self.gateway.world.objects[id]
            if found.status == "done":
                self.tell(f"Reconciliation books {found.kind} {id} of {dollars(found.amount)}.")
        self.network.arrive()

    def deliver(self) -> None:
        """Take the webhooks that come in now."""
        for event in self.network.deliveries():
            self.run(take(event))

    def lose_answer(self) -> None:
        """Let the answer to the next call get lost: it is carried out and nobody says so."""
        self.gateway.script(Fault.TIMEOUT_AFTER)
        self.tell("Tonight an answer of Stripe gets lost: the webhook tells that Ana's card paid.")


def why(refused: BookingRefused) -> str:
    """Return why a booking was refused, with its amounts as people write them."""
    check = refused.check
    assert check.limit is not None
    assert check.available is not None
    return (
        f"It costs {dollars(check.proposed)}, which makes {dollars(check.exposure)} of a limit of "
        f"{dollars(check.limit)}; {dollars(max(check.available, usd('0')))} is free."
    )
