"""Answers hold for the shapes that cases come in elsewhere: other words, bounds and zones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.billing_answers import answer

TIERS = [
    {"up_to": "5", "flat": "100", "unit": "0"},
    {"up_to": "10", "flat": "50"},
    {"up_to": "15", "unit": "5"},
    {"up_to": None, "unit": "1"},
]
PART = {"already_billed_quantity": "12", "quantity_now": "10", "tiers": TIERS}
EVENTS = {
    "events": ["10", "80", "10000"],
    "rate_percent": "2.99",
    "per_event_min": "1.75",
    "per_event_max": "12",
}
MINIMUM = {"minimum": "1000", "already_billed": "100", "usage_now": "0"}
JANUARY = {"period": ["2025-01-01", "2025-02-01"], "credits": "100"}
NEW_YORK = {
    "billing_time": "calendar",
    "subscription_at": "2021-02-02",
    "billing_at": "2022-03-01",
    "timezone": "America/New_York",
    "mode": "in_arrears",
}


SALES = {
    "sales_ok": "1000.00",
    "sales_refunded": "100.00",
    "share_percent": "80",
    "paid_out_before": "0",
    "refunded_sale_was_paid_out": "false",
}


@pytest.mark.parametrize(
    ("capability", "inputs", "expected"),
    [
        ("payout.clawback", SALES, {"owed": "800.00"}),  # never paid out: nothing to claw back
        ("pricing.maximum", {**PART, "maximum": "170"}, {"discount": "12", "total": "10"}),
        ("pricing.minimum", {**MINIMUM, "last_in_period": "false"}, {"minimum_line": None}),
        (
            "pricing.progressive_billing",
            {**PART, "already_billed_quantity": "7", "quantity_now": "1"},
            {"lines": [], "total": "0"},
        ),
        (
            "pricing.graduated",
            {"quantity": "111", "tiers": [["10", "2"], ["20", "1"]], "tier_size_is_width": "false"},
            {"total": "121"},
        ),
        (
            "pricing.graduated_blocks",
            {
                "quantity": "5325",
                "blocks": [
                    {"size": "100", "max_blocks": "10", "price": "1"},
                    {"size": "1000", "max_blocks": "-1", "price": "1"},
                ],
            },
            {"by_tier": ["10", "5"]},
        ),
        ("pricing.percentage", {**EVENTS, "free_events": "2"}, {"amount": "12"}),
        ("pricing.percentage", {**EVENTS, "free_amount": "30"}, {"amount": "13.794"}),
        (
            "pricing.percentage",
            {**EVENTS, "free_events": "3", "free_amount": "10000"},
            {"amount": "2.691"},
        ),
        (
            "rounding.allocation",
            {"amount": "0.01", "weights": ["100", "1"], "currency": "USD"},
            {"shares": ["0.01"]},
        ),
        (
            "rounding.allocation",
            {"discount_cents": "4000", "lines_cents": ["1000", "2000"]},
            {"net_cents": ["0", "0"]},
        ),
        (
            "tax.rounding",
            {"taxable": "1000", "percent": "10", "currency": "jpy"},
            {"tax": "100"},
        ),
        (
            "cycle.calendar",
            NEW_YORK,  # where midnight of 1 March in UTC is in February
            {"from": "2022-01-01T05:00:00Z", "to": "2022-02-01T04:59:59Z"},
        ),
        (
            "cycle.month_end",
            {"subscription_at": "2024-01-30", "billing_time": "calendar"},
            {"periods_inclusive": [["2024-01-30", "2024-01-31"], ["2024-02-01", "2024-02-29"]]},
        ),
        (
            "cycle.leap_year",
            {"start": "2024-04-29", "anchor": "2024-02-29", "interval": "month", "count": "2"},
            {"next": "2024-06-29"},
        ),
        (
            "cycle.anchor_change",
            {"monthly_price": "31.00", "from": "2017-05-25", "to": "2017-06-10"},
            {"amount": "16.00"},
        ),
        (
            "quantity.change",
            {
                "unit_price": "29.95",
                "quantity_before": "10",
                "quantity_after": "7",
                "change_effective": "2022-12-27",
            },
            {
                "periods": [
                    ["2022-11-27", "2022-12-27", "299.50"],
                    ["2022-12-27", "2023-01-27", "209.65"],
                ]
            },
        ),
        (
            "proration.cross_cadence",
            {
                "period": ["2025-01-01", "2025-01-31"],
                "change_on": "2025-01-16",
                "added_monthly": "100.00",
            },
            {"charge": "50.00"},
        ),
        (
            "proration.validation",
            {
                "period": ["2025-01-01", "2025-01-31"],
                "change_on": "2025-01-16",
                "old": "1 x 10",
                "new": "-1 x 20",
            },
            {"error": "quantity must not be negative"},
        ),
        (
            "credit_note.concurrency",
            {"drafts": ["60.00", "150.00"]},
            {"first": "finalized", "second": "rejected, stays draft", "wallet_increase": "60.00"},
        ),
        (
            "credit_note.corrected_invoice",
            {"parent": "partially cancelled"},
            {"corrected_invoice": "rejected"},
        ),
        (
            "wallet.draw_down",
            {"grants": [["100", "created later"], ["100", "created earlier"]], "usage": "120"},
            {"remaining": ["80", "0"]},
        ),
        ("wallet.draw_down", {"grants": [["100", "bought"]], "usage": "0"}, {"remaining": ["100"]}),
        (
            "wallet.grant_proration",
            {**JANUARY, "proration_date": "2025-01-16T12:00"},
            {"credits": "50"},
        ),
        ("wallet.grant_proration", {**JANUARY, "from": "2025-03-15"}, {"credits": "0"}),
        (
            "wallet.auto_top_up",
            {"ongoing_balance": "5.5", "threshold": "6.0", "target_ongoing_balance": "200"},
            {"top_up": "yes", "paid": "194.5"},
        ),
    ],
)
def test_other_shapes(capability: str, inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    """What a case leaves out, or words in its own way, is read as its system means it."""
    assert expected == answer(capability, inputs, expected)
