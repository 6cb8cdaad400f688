"""Money: whole minor units of a currency, how exact figures are rounded to them and shared out.

Rates, quantities and ratios are exact; a line is rounded once, by a rule that is named there, and
the parts of a split add up to the whole again (spec: billing 0). Read `amounts`, `rounding`,
`units`, `sharing`.
"""

from __future__ import annotations

from ledgerkit.domain.money.amounts import CurrencyMismatch, Money, is_code, sum_of
from ledgerkit.domain.money.rounding import Exact, Rate, Rounding, exact, round_exact
from ledgerkit.domain.money.sharing import (
    REST,
    Allocation,
    BadShare,
    BadWeights,
    DebitSplit,
    Drawn,
    Kept,
    NegativeAmount,
    Repaid,
    Rest,
    Weight,
    allocate,
    apportion,
    complement,
    draw,
    split_overdraft,
    split_repayment,
)
from ledgerkit.domain.money.units import ISO, BadAmount, Units, UnknownCurrency

__all__ = [
    "ISO",
    "REST",
    "Allocation",
    "BadAmount",
    "BadShare",
    "BadWeights",
    "CurrencyMismatch",
    "DebitSplit",
    "Drawn",
    "Exact",
    "Kept",
    "Money",
    "NegativeAmount",
    "Rate",
    "Repaid",
    "Rest",
    "Rounding",
    "Units",
    "UnknownCurrency",
    "Weight",
    "allocate",
    "apportion",
    "complement",
    "draw",
    "exact",
    "is_code",
    "round_exact",
    "split_overdraft",
    "split_repayment",
    "sum_of",
]
