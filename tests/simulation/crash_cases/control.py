"""Jobs that control money: limits, overrides, the reserve, alerts and the reconciliation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledgerkit.domain.alerts import alert_id
from ledgerkit.domain.money import Money
from ledgerkit.domain.reserves import ReservePolicy
from ledgerkit.jobs import credit_limits as credit
from ledgerkit.jobs import overrides
from ledgerkit.jobs.alerts import acknowledge_alert, observe, read_alert, standing_alerts
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.reconciliation import reconcile_gateway
from ledgerkit.jobs.reserves import check_reserve
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.samples import OCTOBER, hour
from tests.jobs import control_world as control
from tests.jobs.gateway_double import settlement
from tests.people import MARIA, PEDRO
from tests.simulation.crash_cases.cases import Case

USD = Money(1_000, "USD")
BY: dict[str, Any] = {"actor": PEDRO, "reason": "seen"}


def _controlled(job: Callable[[], Job[Any]], host: Callable[[Store], Host]) -> Case:
    return Case(job, host, control.control_outcome)


CONTROL: dict[str, Case] = {
    **{
        name: _controlled(job, control.control_host)
        for name, job in {
            "set a limit": lambda: credit.set_credit_limit("ana", USD, key="1", **BY),
            "check a booking": lambda: credit.check_booking("ana", USD, actor=MARIA),
            "near a limit": lambda: credit.near_credit_limit(actor=MARIA),
            "ask an override": lambda: overrides.ask_override(
                "ana",
                USD,
                reference="booking-7",
                reason="pays on Friday",
                expires_at=hour(24),
                actor=MARIA,
            ),
            "charge by itself": lambda: credit.run_auto_charges(
                order=control.order, under_way=control.nothing_under_way
            ),
            "check the reserve": lambda: check_reserve(["stripe"], ReservePolicy(USD * 99)),
            "observe": lambda: observe(control.LOW, actor="reserve check"),
            "reconcile": lambda: reconcile_gateway("stripe", on=OCTOBER, settle=settlement),
        }.items()
    },
    **{
        name: _controlled(job, control.asked_host)
        for name, job in {
            "approve an override": lambda: overrides.approve_override(control.BOOKING, **BY),
            "reject an override": lambda: overrides.reject_override(control.BOOKING, **BY),
            "read an override": lambda: overrides.read_override(control.BOOKING),
            "standing alerts": standing_alerts,
            "read an alert": lambda: read_alert(control.LOW, at=hour(0), tell=None),
            "acknowledge": lambda: acknowledge_alert(
                alert_id("reserve", "stripe"), actor=MARIA, note="seen", key="1"
            ),
        }.items()
    },
    "revoke an override": _controlled(
        lambda: overrides.revoke_override(control.BOOKING, **BY), control.approved_host
    ),
    "use an override": _controlled(
        lambda: overrides.use_override(control.BOOKING, control.JOURNAL, **BY),
        control.approved_host,
    ),
}
