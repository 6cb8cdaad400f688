"""Jobs of a marketplace: work that is booked, done, corrected, paid out and clawed back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from ledgerkit.domain.clawbacks import (
    FORGIVEN,
    FUTURE_PAYOUT_OFFSET,
    STRIPE_REVERSAL,
    clawback_id,
)
from ledgerkit.domain.credit_limits import override_id
from ledgerkit.domain.payouts import InstantFee, Payout, PayoutTerm
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs import clawbacks, payouts
from ledgerkit.jobs.adjustments import preview_adjustment, reject_adjustment
from ledgerkit.jobs.bookings import book_work, cancel_booking, preview_booking
from ledgerkit.jobs.completions import preview_completion
from ledgerkit.jobs.credit_limits import set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.overrides import approve_override, ask_override
from ledgerkit.jobs.payout_settings import set_instant
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from tests.domain.flight_school import NOON, PLANE, flight, hours, usd
from tests.jobs import completion_world as school
from tests.jobs import owner_world as owners
from tests.jobs import supplier_world as suppliers
from tests.people import EVA, MARIA, MAX, PEDRO
from tests.simulation.crash_cases.cases import Case, shown

PAYEES = (owners.TOM, owners.OLGA)
FLIGHT = flight(Fraction(3, 2))
PLANNED: dict[str, Any] = {"card": "school", "expires_at": NOON + timedelta(days=1)}
OVERRIDE = override_id("ana", "f-1")
DESK: dict[str, Any] = {"actor": "desk", "reason": "asked by phone"}
CHECKED: dict[str, Any] = {"actor": EVA, "reason": "checked the log"}
NOTED: dict[str, Any] = {"actor": EVA, "note": "asked by phone"}


# ---- work ------------------------------------------------------------------------------------
def limited(store: Store) -> Host:
    """Return a school where Ana may owe 500.00, so that the flight fits once."""
    host = school.school(store)
    run(set_credit_limit("ana", usd("500"), actor=MARIA, reason="agreed", key="1"), host)
    return host


def leave_given(store: Store) -> Host:
    """Return one where she may owe 100.00, and an override lets the flight pass that."""
    host = limited(store)
    run(set_credit_limit("ana", usd("100"), actor=MARIA, reason="late", key="2"), host)
    until = NOON + timedelta(days=1)
    asking = ask_override(
        "ana", usd("300"), reference="f-1", reason="known", expires_at=until, actor=MARIA
    )
    run(asking, host)
    run(approve_override(OVERRIDE, actor=PEDRO, reason="known for years"), host)
    return host


def booked(store: Store) -> Host:
    """Return one where the flight is booked."""
    host = limited(store)
    run(book_work(FLIGHT, **PLANNED, **DESK), host)
    return host


WORK: dict[str, tuple[Callable[[], Job[Any]], Callable[[Store], Host]]] = {
    "preview a completion": (lambda: preview_completion(FLIGHT, card="school"), school.school),
    "complete work": (lambda: school.completing(flight(equipment=PLANE)), school.school),
    "complete and transfer": (
        lambda: school.completing(transfer_through="stripe"),
        lambda store: school.with_account(school.school(store)),
    ),
    "complete what is booked": (school.completing, booked),
    "preview a booking": (lambda: preview_booking(FLIGHT, **PLANNED), limited),
    "book work": (lambda: book_work(FLIGHT, **PLANNED, **DESK), limited),
    "book beyond the limit": (
        lambda: book_work(FLIGHT, **PLANNED, **DESK, override=OVERRIDE),
        leave_given,
    ),
    "cancel a booking": (lambda: cancel_booking("f-1", type="flight", **DESK), booked),
    "preview an adjustment": (
        lambda: preview_adjustment("f-1", hours(2), key="hobbs", **CHECKED),
        school.flown_school,
    ),
    "adjust a completion": (school.adjusting, school.flown_school),
    "adjust it a little": (lambda: school.adjusting(Fraction(8, 5)), school.flown_school),
    "approve an adjustment": (school.approving_it, school.waiting_school),
    "reject an adjustment": (
        lambda: reject_adjustment(school.waiting_id(), **CHECKED),
        school.waiting_school,
    ),
}

# ---- payouts ---------------------------------------------------------------------------------
INSTANT = PayoutTerm(
    "USD", date(2026, 10, 1), InstantFee(percent=Fraction(1, 100), minimum=usd("0.50"))
)
PAYOUT = suppliers.only(suppliers.world(), Payout).id


def owed(store: Store) -> Host:
    """Return a host that owes Ina 60.00."""
    return suppliers.world(store=store)


def owed_at_once(store: Store) -> Host:
    """Return one that owes Ina 30.00 and 60.00, which she wants at once."""
    host = suppliers.world(3_000, 6_000, store=store)
    run(set_instant(INSTANT, supplier="ina", **CHECKED), host)
    return host


def after(*done: Callable[[], Job[Any]]) -> Callable[[Store], Host]:
    """Return what makes a host that owes Ina 60.00, on which jobs were *done*."""

    def make(store: Store) -> Host:
        host = owed(store)
        for job in done:
            run(job(), host)
        return host

    return make


def paying() -> Job[Payout]:
    """Return the job that pays by hand."""
    return payouts.pay_by_hand(PAYOUT, reference="R-1", **CHECKED)


def bouncing() -> Job[Payout]:
    """Return the job that tells that it came back."""
    return payouts.bounce_by_hand(PAYOUT, **NOTED)


def holding() -> Job[Payout]:
    """Return the job that keeps it back."""
    return payouts.hold(PAYOUT, **NOTED)


PAYOUTS: dict[str, tuple[Callable[[], Job[Any]], Callable[[Store], Host]]] = {
    "generate payouts": (
        lambda: payouts.generate_payouts(PAYEES, period=suppliers.OCTOBER),
        owners.flown,
    ),
    "preview payouts": (
        lambda: payouts.preview_payouts(PAYEES, period=suppliers.OCTOBER),
        owners.flown,
    ),
    "send payouts": (
        lambda: payouts.send_payouts(gateway="stripe", reserve=suppliers.enough),
        owed_at_once,
    ),
    "pay by hand": (paying, owed),
    "bounce by hand": (bouncing, after(paying)),
    "hold a payout": (holding, owed),
    "release a payout": (lambda: payouts.release(PAYOUT, **NOTED), after(holding)),
    "retry a payout": (lambda: payouts.retry(PAYOUT, **NOTED), after(paying, bouncing)),
    "pay a payout again": (
        lambda: payouts.pay_by_hand(PAYOUT, reference="R-2", **CHECKED),
        after(paying, bouncing, lambda: payouts.retry(PAYOUT, **NOTED)),
    ),
    "set instant payouts": (
        lambda: set_instant(INSTANT, supplier="ina", **CHECKED),
        owed,
    ),
}

# ---- clawbacks -------------------------------------------------------------------------------
CASE = clawback_id("ina", "adj_1", "USD")
PAID_WITH = suppliers.only(suppliers.paid(), Transfer).id


def asking(method: str = STRIPE_REVERSAL) -> Job[Any]:
    """Return the job that asks for 36.00 of the 60.00 paid."""
    return clawbacks.request_clawback(
        suppliers.usd(3_600),
        supplier="ina",
        cause="adj_1",
        reason="1.5 h, not 1.8 h",
        actor=MAX,
        on_wallet=False,
        transfers=(PAID_WITH,),
        method=method,
    )


def asked(store: Store) -> Host:
    """Return a host that paid Ina 60.00, where 36.00 are asked for."""
    host = suppliers.paid(store)
    run(asking(), host)
    return host


def approved(store: Store, method: str = STRIPE_REVERSAL) -> Host:
    """Return one where that is approved."""
    host = suppliers.paid(store)
    run(asking(method), host)
    run(clawbacks.approve_clawback(CASE, **CHECKED), host)
    return host


CLAWBACKS: dict[str, tuple[Callable[[], Job[Any]], Callable[[Store], Host]]] = {
    "ask a clawback": (asking, suppliers.paid),
    "approve a clawback": (lambda: clawbacks.approve_clawback(CASE, **CHECKED), asked),
    "reject a clawback": (lambda: clawbacks.reject_clawback(CASE, **CHECKED), asked),
    "choose a method": (lambda: clawbacks.choose_method(CASE, FORGIVEN, **CHECKED), asked),
    "execute a clawback": (lambda: clawbacks.execute_clawback(CASE, **CHECKED), approved),
    "offset a clawback": (
        lambda: clawbacks.execute_clawback(CASE, **CHECKED),
        lambda store: approved(store, FUTURE_PAYOUT_OFFSET),
    ),
    "what can be clawed back": (
        lambda: clawbacks.clawback_eligibility(supplier="ina"),
        asked,
    ),
}
MARKETPLACE = {
    name: Case(job, make, shown) for name, (job, make) in {**WORK, **PAYOUTS, **CLAWBACKS}.items()
}
