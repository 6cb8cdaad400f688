"""Approval: which adjustments wait for a second person, as a policy, and what it refuses."""

from __future__ import annotations

from typing import ClassVar

import attrs

from ledgerkit.domain.adjustments.records import Adjustment
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money

FIFTY_DOLLARS = Money(50_00, "USD")  # seed 002: "approval workflow for large adjustments (>$50)"


@attrs.frozen
class Approval:
    """When an adjustment waits, and for whom.

    Attributes:
        limits: The most that one leg may move without approval, one a currency. In a currency
            without a limit every adjustment that moves money waits: a figure for dollars says
            nothing about yen.
        four_eyes: Whether who approves must be somebody else than who asked.
    """

    limits: tuple[Money, ...] = (FIFTY_DOLLARS,)
    four_eyes: bool = True

    def __attrs_post_init__(self) -> None:
        if type(self.limits) is not tuple or not all(type(m) is Money for m in self.limits):
            msg = f"limits must be a tuple of Money (got {self.limits!r})"
            raise TypeError(msg)
        if type(self.four_eyes) is not bool:
            msg = f"four_eyes must be True or False (got {self.four_eyes!r})"
            raise TypeError(msg)
        if any(limit.minor < 0 for limit in self.limits):
            msg = f"limits must not be negative (got {', '.join(map(str, self.limits))})"
            raise ValueError(msg)
        codes = [limit.currency for limit in self.limits]
        if len(set(codes)) < len(codes):
            msg = f"there is one limit a currency at most (got {', '.join(codes)})"
            raise ValueError(msg)

    def limit(self, currency: str) -> Money | None:
        """Return the most that a leg in *currency* may move without approval, or None."""
        return next((limit for limit in self.limits if limit.currency == currency), None)

    def needed(self, adjustment: Adjustment) -> bool:
        """Return whether *adjustment* waits: its largest leg is above the limit. (billing C-19)"""
        limit = self.limit(adjustment.currency)
        if limit is None:
            return adjustment.largest.minor > 0
        return adjustment.largest > limit


FOUR_EYES_ABOVE_50 = Approval()


@attrs.frozen
class ApprovalNeeded(LedgerkitError):
    """An adjustment that is too large to be applied at once."""

    adjustment: str
    largest: Money
    limit: Money | None
    code: ClassVar[str] = "approval_needed"

    def __str__(self) -> str:
        bound = "without approval nothing" if self.limit is None else f"at most {self.limit}"
        return (
            f"adjustment {self.adjustment!r} moves {self.largest}, and {bound} may be moved at "
            "once; submit it"
        )
