"""Access: which jobs ask whether somebody may, what each role may start, and whose four eyes count.

Each job that takes an `Actor` is in the table; whoever adds one says here what it needs. (spec:
billing 11, reliability G3, G4)
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

import attrs
import pytest

from ledgerkit import jobs
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.access import (
    ACADEMY_OWNER,
    BILLING,
    CUSTOMER,
    ONBOARDING,
    ROLES,
    SUPER_ADMIN,
    SUPPLIER,
    AccessDenied,
    Actor,
    ApproverIsRequester,
)
from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.clawbacks import FORGIVEN, Clawback, clawback_id
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import PayoutTerm
from ledgerkit.jobs import (
    adjustments,
    alerts,
    clawbacks,
    credit_limits,
    instructions,
    overrides,
    payments,
    payout_settings,
    payouts,
)
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Job
from ledgerkit.testing.books import books
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import NOON, hour, transfer
from tests.domain.flight_school import hours
from tests.jobs import completion_world as school
from tests.jobs import supplier_world as suppliers
from tests.jobs.gateway_world import eur, owing
from tests.people import EVA, MARIA, PEDRO

READ, WRITE, APPROVE = "billing.read", "billing.write", "billing.approve"
MAY = {
    READ: {BILLING, SUPER_ADMIN, ONBOARDING},
    WRITE: {BILLING, SUPER_ADMIN},
    APPROVE: {BILLING, SUPER_ADMIN},
}
ON = date(2026, 10, 1)
USD = Money(10_000, "USD")
TERM = PayoutTerm("USD", ON)
WHY: dict[str, Any] = {"reason": "asked by phone"}
NOTED: dict[str, Any] = {"note": "asked by phone"}
KEYED: dict[str, Any] = {"note": "asked by phone", "key": "1"}
Starts: TypeAlias = Callable[[Actor], Job[Any]]

TABLE: dict[str, tuple[str, Starts]] = {
    "adjustments.preview_adjustment": (
        READ,
        lambda by: adjustments.preview_adjustment("f-1", hours(1), key="1", actor=by, **WHY),
    ),
    "adjustments.adjust_completion": (
        WRITE,
        lambda by: adjustments.adjust_completion("f-1", hours(1), key="1", actor=by, **WHY),
    ),
    "adjustments.approve_adjustment": (
        APPROVE,
        lambda by: adjustments.approve_adjustment("adj_1", actor=by, **WHY),
    ),
    "adjustments.reject_adjustment": (
        APPROVE,
        lambda by: adjustments.reject_adjustment("adj_1", actor=by, **WHY),
    ),
    "alerts.acknowledge_alert": (
        WRITE,
        lambda by: alerts.acknowledge_alert("alr_1", actor=by, **KEYED),
    ),
    "clawbacks.request_clawback": (
        WRITE,
        lambda by: clawbacks.request_clawback(
            USD, supplier="ina", cause="f-1", on_wallet=True, actor=by, **WHY
        ),
    ),
    "clawbacks.approve_clawback": (
        APPROVE,
        lambda by: clawbacks.approve_clawback("clw_1", actor=by, **WHY),
    ),
    "clawbacks.reject_clawback": (
        APPROVE,
        lambda by: clawbacks.reject_clawback("clw_1", actor=by, **WHY),
    ),
    "clawbacks.choose_method": (
        WRITE,
        lambda by: clawbacks.choose_method("clw_1", FORGIVEN, actor=by, **WHY),
    ),
    "clawbacks.execute_clawback": (
        WRITE,
        lambda by: clawbacks.execute_clawback("clw_1", actor=by, **WHY),
    ),
    "credit_limits.set_credit_limit": (
        APPROVE,
        lambda by: credit_limits.set_credit_limit("ana", USD, key="1", actor=by, **WHY),
    ),
    "credit_limits.check_booking": (
        READ,
        lambda by: credit_limits.check_booking("ana", USD, actor=by),
    ),
    "credit_limits.near_credit_limit": (
        READ,
        lambda by: credit_limits.near_credit_limit(actor=by),
    ),
    "instructions.retry_instruction": (
        WRITE,
        lambda by: instructions.retry_instruction("ins_1", actor=by, **KEYED),
    ),
    "instructions.look_up_instruction": (
        WRITE,
        lambda by: instructions.look_up_instruction("ins_1", actor=by, **KEYED),
    ),
    "instructions.resolve_instruction": (
        WRITE,
        lambda by: instructions.resolve_instruction("ins_1", made=None, actor=by, **KEYED),
    ),
    "instructions.cancel_instruction": (
        WRITE,
        lambda by: instructions.cancel_instruction("ins_1", actor=by, **KEYED),
    ),
    "overrides.ask_override": (
        WRITE,
        lambda by: overrides.ask_override(
            "ana", USD, reference="f-1", expires_at=hour(24), actor=by, **WHY
        ),
    ),
    "overrides.approve_override": (
        APPROVE,
        lambda by: overrides.approve_override("ovr_1", actor=by, **WHY),
    ),
    "overrides.reject_override": (
        APPROVE,
        lambda by: overrides.reject_override("ovr_1", actor=by, **WHY),
    ),
    "overrides.revoke_override": (
        APPROVE,
        lambda by: overrides.revoke_override("ovr_1", actor=by, **WHY),
    ),
    "overrides.use_override": (
        WRITE,
        lambda by: overrides.use_override(
            "ovr_1", transfer("j", "customer:ana", "till", 1), actor=by, **WHY
        ),
    ),
    "payments.record_payment": (
        WRITE,
        lambda by: payments.record_payment("ana", USD, key="1", on=ON, actor=by, **WHY),
    ),
    "payments.void_payment": (
        WRITE,
        lambda by: payments.void_payment("pmt_1", actor=by, **WHY),
    ),
    "payments.request_refund": (
        WRITE,
        lambda by: payments.request_refund("pmt_1", USD, key="1", actor=by, **WHY),
    ),
    "payout_settings.set_instant": (
        WRITE,
        lambda by: payout_settings.set_instant(TERM, supplier="ina", actor=by, **WHY),
    ),
    "payouts.pay_by_hand": (
        WRITE,
        lambda by: payouts.pay_by_hand("pay_1", reference="R-1", actor=by, **WHY),
    ),
    "payouts.bounce_by_hand": (
        WRITE,
        lambda by: payouts.bounce_by_hand("pay_1", actor=by, **NOTED),
    ),
    "payouts.hold": (WRITE, lambda by: payouts.hold("pay_1", actor=by, **NOTED)),
    "payouts.release": (WRITE, lambda by: payouts.release("pay_1", actor=by, **NOTED)),
    "payouts.retry": (WRITE, lambda by: payouts.retry("pay_1", actor=by, **NOTED)),
}
# Machines and a host's service start these, and name themselves.
BY_NAME = {
    "alerts.observe",
    "bookings.book_work",
    "bookings.cancel_booking",
    "completions.complete_work",
    "completions.give_back_booking",
    "disputed_payouts.keep_back",
    "credit_limits.run_auto_charges",
    "payments.charge_invoice",
    "payouts.generate_payouts",
    "payouts.send_payouts",
    "reconciliation.reconcile_gateway",
    "reserves.check_reserve",
    "subscriptions.amend_subscription",
}


def acting(kind: str) -> set[str]:
    """Return the public jobs whose `actor` is of *kind*, as module.job."""
    found = set()
    for each in pkgutil.iter_modules(jobs.__path__):
        module = importlib.import_module(f"ledgerkit.jobs.{each.name}")
        for name, job in inspect.getmembers(module, inspect.iscoroutinefunction):
            actor = inspect.signature(job).parameters.get("actor")
            own = job.__module__ == module.__name__ and not name.startswith("_")
            if own and actor is not None and actor.annotation == kind:
                found.add(f"{each.name}.{name}")
    return found


def test_every_job_that_asks_is_in_the_table() -> None:
    """And whoever writes one that takes a name only says so here. (G4)"""
    assert set(TABLE) == acting("Actor")
    assert acting("str") == BY_NAME


@pytest.mark.parametrize("role", [*ROLES, "pilot"])
@pytest.mark.parametrize("job", TABLE)
def test_matrix_of_jobs_and_roles(job: str, role: str) -> None:
    """Staff may as their role grants; parties, owners of academies and strangers may not.

    Here nothing is theirs. Who may not has nothing stored, whatever else is wrong with the request.
    """
    permission, start = TABLE[job]
    host = Host(store=MemoryStore(), clock=FakeClock(NOON))
    untouched = books(host.store)
    denied = False
    try:
        run(start(Actor(id="x", roles=frozenset({role}), party="p-1")), host)
    except AccessDenied as error:
        denied = True
        assert ("x", permission) == (error.actor, error.permission)
    except LedgerkitError:  # there is no such record, which only who may is told
        pass

    assert denied == (role not in MAY[permission])
    if denied:
        assert untouched == books(host.store)


# ---- what is one's own -----------------------------------------------------------------------
def test_an_academy_owner_voids_what_its_academy_was_paid() -> None:
    """Owner or admin may, and ownership is checked: the host tells whose it is. (billing 2)"""
    host = owing(5_000)
    paid = run(payments.record_payment("c-1", eur(5_000), key="1", on=ON, actor=EVA, **WHY), host)
    owner = Actor(id="ona", roles=frozenset({ACADEMY_OWNER}), party="academy-1")
    before = books(host.store)

    def of_academy(id: str) -> Callable[[Payment], frozenset[str]]:
        return lambda _: frozenset({id})

    for whose in (of_academy("academy-2"), lambda _: frozenset[str]()):
        with pytest.raises(AccessDenied, match="belongs to academy-1"):
            run(payments.void_payment(paid.id, actor=owner, owners=whose, **WHY), host)
    assert before == books(host.store)
    job = payments.void_payment(paid.id, actor=owner, owners=of_academy("academy-1"), **WHY)
    assert "voided" == run(job, host).status


def test_what_is_ones_own_to_read_is_not_to_write() -> None:
    """A customer cannot void a payment of theirs, nor a supplier set its own fee or payout."""
    host = owing(5_000)
    paid = run(payments.record_payment("c-1", eur(5_000), key="1", on=ON, actor=EVA, **WHY), host)
    customer = Actor(id="ana", roles=frozenset({CUSTOMER}), party="c-1")
    supplier = Actor(id="ina", roles=frozenset({SUPPLIER}), party="ina")

    with pytest.raises(AccessDenied):
        run(payments.void_payment(paid.id, actor=customer, **WHY), host)
    with pytest.raises(AccessDenied):
        run(payout_settings.set_instant(TERM, supplier="ina", actor=supplier, **WHY), host)


# ---- four eyes -------------------------------------------------------------------------------
AS_PEDRO = attrs.evolve(PEDRO, impersonator="maria")
TWICE = [(MARIA, AS_PEDRO), (AS_PEDRO, MARIA), (AS_PEDRO, AS_PEDRO)]
BOTH_ROLES = attrs.evolve(MARIA, roles=frozenset({BILLING, SUPER_ADMIN}))


@pytest.mark.parametrize(("asking", "approving"), [*TWICE, (MARIA, BOTH_ROLES)])
def test_one_person_is_not_two_at_an_adjustment(asking: Actor, approving: Actor) -> None:
    """Neither as Pedro nor in a second role does Maria approve what she asked for. (G3)"""
    host = school.flown_school()
    waiting = run(school.adjusting(actor=asking), host).adjustment
    with pytest.raises(ApproverIsRequester, match="'maria'"):
        run(school.approving(waiting.id, actor=approving), host)
    asked, *_ = host.store.history(Adjustment, waiting.id)

    assert ("maria", asking.signature) == (waiting.requested_by, asked.actor)
    assert "pedro" == run(school.approving(waiting.id), host).adjustment.approved_by


@pytest.mark.parametrize(("asking", "approving"), [*TWICE, (MARIA, BOTH_ROLES)])
def test_one_person_is_not_two_at_a_clawback(asking: Actor, approving: Actor) -> None:
    """Nor one that she asked for, nor one of which she chose the method. (G3)"""
    host = suppliers.paid()

    def ask(cause: str, by: Actor) -> Clawback:
        job = clawbacks.request_clawback(
            Money(100, "USD"), supplier="ina", cause=cause, on_wallet=True, actor=by, **WHY
        )
        return run(job, host)

    hers, evas = ask("f-1", asking), ask("f-2", EVA)
    run(clawbacks.choose_method(evas.id, FORGIVEN, actor=asking, **WHY), host)

    assert clawback_id("ina", "f-1", "USD") == hers.id
    for case in (hers, evas):
        with pytest.raises(ApproverIsRequester, match="'maria'"):
            run(clawbacks.approve_clawback(case.id, actor=approving, **WHY), host)
    run(clawbacks.approve_clawback(hers.id, actor=PEDRO, **WHY), host)
    assert [asking.signature, "pedro"] == [
        version.actor for version in host.store.history(Clawback, hers.id)
    ]


def test_who_approves_again_is_who_really_approved() -> None:
    """Asked again as somebody else, an approval is still hers; another person's is not."""
    host = school.waiting_school()
    seen = attrs.evolve(MARIA, impersonator="pedro")
    done = run(school.approving(school.waiting_id(), actor=seen), host)

    assert done == run(school.approving(school.waiting_id()), host)
    assert ["maria", "pedro as maria"] == [
        version.actor for version in host.store.history(Adjustment, school.waiting_id())
    ]
