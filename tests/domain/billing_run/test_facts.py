"""Policy: how a business bills, checked when it is made."""

from __future__ import annotations

from typing import Any

import pytest

from ledgerkit.domain.billing_run import Policy
from ledgerkit.domain.credit_notes import CREDIT_NOTES
from ledgerkit.domain.money import Money


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"terms_days": -1}, "whole days from 0"),
        ({"terms_days": 14.0}, "whole days from 0"),
        ({"terms_days": 3_651}, "whole days from 0 to 3650"),
        ({"terms_days": 14, "alerts": "never"}, "per package or aggregate"),
        ({"terms_days": 14, "invoices": CREDIT_NOTES}, "a series of their own"),
        ({"terms_days": 14, "expiring_days": 0}, "a whole number of days before, from 1"),
        ({"terms_days": 14, "expiring_days": True}, "a whole number of days before, from 1"),
    ],
)
def test_policies_are_checked(fields: dict[str, Any], says: str) -> None:
    """Terms are whole days, and invoices and credit notes are numbered apart."""
    with pytest.raises(ValueError, match=says):
        Policy(**fields)


@pytest.mark.parametrize("low", [[Money(1000, "EUR")], (1000,), (Money(1000, "EUR"), None)])
def test_low_credit_is_money(low: Any) -> None:
    """A tuple of amounts, and nothing else."""
    with pytest.raises(TypeError, match="low credit is a tuple of Money"):
        Policy(terms_days=14, low_credit=low)
