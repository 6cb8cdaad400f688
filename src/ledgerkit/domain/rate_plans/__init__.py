"""Rate plans: what a customer is charged each cycle for what was used, at the prices of a list.

A plan connects meters, a price list and a customer. What it charges is told period by period, and
what comes later of a billed period is told as the difference. (seed 001; spec: billing C-1, C-10,
C-11, 6) Read `records`, `rates`, `billing`.
"""

from __future__ import annotations

from ledgerkit.domain.rate_plans.billing import (
    Billed,
    MeterShared,
    PeriodOutOfOrder,
    ToDate,
    bill,
    bill_period,
    to_date,
)
from ledgerkit.domain.rate_plans.rates import NotByQuantity
from ledgerkit.domain.rate_plans.records import (
    KIND,
    Agreed,
    PlanItem,
    RatePlan,
    agree,
    days_to_date,
    end,
    periods_due,
)

__all__ = [
    "KIND",
    "Agreed",
    "Billed",
    "MeterShared",
    "NotByQuantity",
    "PeriodOutOfOrder",
    "PlanItem",
    "RatePlan",
    "ToDate",
    "agree",
    "bill",
    "bill_period",
    "days_to_date",
    "end",
    "periods_due",
    "to_date",
]
