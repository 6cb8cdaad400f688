"""Answers about proration and subscriptions hold for every shape that cases of theirs come in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.billing_answers import answer

MARCH = {"period_inclusive": ["2024-03-01", "2024-03-31"], "change_on": "2024-03-15"}
THIRTY = {"period": ["2025-01-01", "2025-01-31"], "half_open": "true"}


@pytest.mark.parametrize(
    ("capability", "inputs", "expected"),
    [
        (
            "proration.upgrade",
            {**MARCH, "old": "1 x 10", "new": "1 x 20"},
            {"credit": "-5.48", "charge": "10.97", "net": "5.49"},
        ),
        (
            "proration.upgrade",
            {**MARCH, "old_price": "10", "new_price": "20", "new_quantity": "2"},
            {"credit": "-5.48", "charge": "21.94"},
        ),
        (
            "proration.upgrade",
            {**THIRTY, "change_on": "2025-01-30", "old": "300.00", "new": "600.00"},
            {"lines": ["-10.00", "20.00"], "net": "10.00"},
        ),
        (
            "proration.upgrade",
            {
                "old_monthly_cents": "1000",
                "old_period": ["2025-01-01", "2025-02-01"],
                "new_monthly_cents": "3100",
                "upgrade_on": "2025-01-31",
            },
            {"credit_cents": "32", "charge_cents": "100"},
        ),
        (
            "proration.upgrade",
            {**THIRTY, "change_on": "2025-01-16", "currency": "JPY", "old": "100", "new": "201"},
            {"lines": ["-50", "101"], "net": "51"},
        ),
        (
            "proration.mixed",
            {
                **THIRTY,
                "change_on": "2025-01-16",
                "matched": [["100.00", "200.00"], ["10.00", "30.00"]],
                "added": ["50.00", "2 x 5.00"],
                "removed": ["30.00"],
            },
            {
                "lines": ["-50.00", "100.00", "-5.00", "15.00", "-15.00", "25.00", "5.00"],
                "net": "75.00",
            },
        ),
        (
            "proration.cross_cadence",
            {
                "period": ["2025-01-01", "2025-03-01"],
                "change_on": "2025-01-16",
                "added_monthly": "31.00",
            },
            {"charge": "47.00"},
        ),
        (
            "proration.netting",
            {"lines": [["credit", "-1.00", "a"], ["charge", "1.00", "a"], ["charge", "2.00"]]},
            {"lines": ["2.00"]},
        ),
        (
            "proration.credit_cap",
            {"potential_credit": "300.00", "original_paid": "200.00", "already_credited": "50.00"},
            {"credit": "150.00"},
        ),
        (
            "proration.cancellation",
            {"billed_amount": "31.00", "cancel_on": "2026-10-16", "period": THIRTY["period"]},
            {"repair": "0.00", "account_credit": "0.00"},
        ),
        (
            "proration.edge",
            {"partial": ["2025-01-01", "2025-01-16"], "full": ["2025-01-01", "2025-01-31"]},
            {"factor": "1/2"},
        ),
        (
            "proration.first_period",
            {"start": "2025-01-16", "anchor_day": "1", "interval": "month"},
            {"period": ["2025-01-16", "2025-02-01"], "factor": "16/31"},
        ),
        (
            "proration.termination",
            {
                "monthly_amount_cents": "3100",
                "billing_time": "anniversary",
                "started_on": "2026-10-05",
                "terminated_on": "2026-11-06",
            },
            {"fee_cents": "207"},
        ),
        (
            "proration.first_period",
            {
                "monthly_cents": "3100",
                "billing_time": "calendar",
                "subscribed_at": "2026-10-16",
            },
            {"fee_cents": "1600"},
        ),
        (
            "proration.fixed_30",
            {"monthly_price": "19.95", "from": "2023-05-23", "to": "2023-06-15"},
            {"amount": "14.63"},
        ),
        (
            "proration.leading_trailing",
            {
                "start": "2012-01-30",
                "end": "2012-03-10",
                "target_date": "2012-04-01",
                "anchor_day": "30",
                "period": "monthly",
                "mode": "in_advance",
            },
            {"billing_cycles": "1.333333333", "fraction": "1 + 10/30"},
        ),
        (
            "proration.validation",
            {**MARCH, "timezone": "Mars/Olympus"},
            {"error": "unknown timezone"},
        ),
        (
            "pause.credit",
            {
                "yearly_price": "366.00",
                "period": ["2024-01-01", "2025-01-01"],
                "pause_date": "2024-12-02",
            },
            {"repair": "-30.00"},
        ),
        (
            "quantity.change",
            {
                "unit_price": "31.00",
                "quantity_before": "2",
                "quantity_after": "3",
                "start": "2026-10-01",
                "change_effective": "2026-10-16",
            },
            {
                "periods": [
                    ["2026-10-01", "2026-11-01", "62.00"],
                    ["2026-10-16", "2026-11-01", "-32.00"],
                    ["2026-10-16", "2026-11-01", "48.00"],
                ]
            },
        ),
        (
            "trial.first_fee",
            {"monthly_cents": "3100", "subscribed_at": "2026-10-01", "trial_days": "0"},
            {"fee_cents": "3100", "billed_after": "2026-10-01"},
        ),
    ],
)
def test_other_shapes(capability: str, inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    """Cents or decimals, inclusive or half-open, one item or several, other currencies."""
    assert expected == answer(capability, inputs, expected)


def test_an_error_about_something_else_is_no_answer() -> None:
    """What is refused for another reason than the case names shows as a difference."""
    asked = {"error": "price must not be negative"}

    assert asked != answer("proration.validation", {**MARCH, "timezone": None}, asked)
    assert {"error": "no error"} == answer(
        "proration.validation", {**MARCH, "old": "10", "new": "20"}, asked
    )
