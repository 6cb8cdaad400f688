"""Billing run: for a period, one invoice per customer and one payout per supplier and currency.

`plan_billing_run` decides everything and stores nothing; a preview is its answer, a run commits
it. Run again, it finds only what is new: a supplement, a credit note, or nothing. (seed 000;
spec: billing 6)
"""

from __future__ import annotations

from ledgerkit.domain.billing_run.amending import Amended, CustomerNotTold, amend
from ledgerkit.domain.billing_run.contracts import PriceListMissing, billed_of
from ledgerkit.domain.billing_run.customers import CustomerBilled, bill_customer
from ledgerkit.domain.billing_run.cycles import (
    BILLING_CYCLE,
    CLOSED,
    OPEN,
    BillingCycle,
    PeriodNotBegun,
    bill,
    check_begun,
    close,
    closed_before,
    cycle_id,
    is_over,
    periods_due,
)
from ledgerkit.domain.billing_run.facts import (
    Contracts,
    CustomerFacts,
    Facts,
    Policy,
    Stranger,
    SupplierFacts,
)
from ledgerkit.domain.billing_run.incentives import period_event
from ledgerkit.domain.billing_run.plan import (
    due_periods,
    plan_billing_run,
    plan_customers,
    plan_suppliers,
)
from ledgerkit.domain.billing_run.strangers import ContractsOfStranger, strangers_of
from ledgerkit.domain.billing_run.suppliers import (
    TransferUnderWay,
    pay_supplier,
    plan_payouts,
    with_planned,
)
from ledgerkit.domain.billing_run.takeover import Month, begin, opening_events, take_over
from ledgerkit.domain.billing_run.wanted import (
    ReadingWanted,
    events_wanted,
    journals_wanted,
    readings_wanted,
)

__all__ = [
    "BILLING_CYCLE",
    "CLOSED",
    "OPEN",
    "Amended",
    "BillingCycle",
    "Contracts",
    "ContractsOfStranger",
    "CustomerBilled",
    "CustomerFacts",
    "CustomerNotTold",
    "Facts",
    "Month",
    "PeriodNotBegun",
    "Policy",
    "PriceListMissing",
    "ReadingWanted",
    "Stranger",
    "SupplierFacts",
    "TransferUnderWay",
    "amend",
    "begin",
    "bill",
    "bill_customer",
    "billed_of",
    "check_begun",
    "close",
    "closed_before",
    "cycle_id",
    "due_periods",
    "events_wanted",
    "is_over",
    "journals_wanted",
    "opening_events",
    "pay_supplier",
    "period_event",
    "periods_due",
    "plan_billing_run",
    "plan_customers",
    "plan_payouts",
    "plan_suppliers",
    "readings_wanted",
    "strangers_of",
    "take_over",
    "with_planned",
]
